"""A collection from its first document to its map, in a real browser."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, Request, expect

from console.records import Chunk, NewChunk, Role
from console.services import Services
from tests.support.browser import open_as, settle
from tests.support.console_app import new_user
from tests.support.hostile_files import paragraph, text_pdf, word

pytestmark = pytest.mark.browser

BEACON = "![x](https://example.com/beacon.png) <img src='https://example.com/y.png' onerror='alert(1)'>"


@pytest.fixture(scope="module", autouse=True)
def admin(services: Services) -> None:
    new_user(services, "ada", Role.ADMIN)


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Five documents of five kinds, and one that is none."""
    contents = {
        "cities.csv": b"city,country\nMadrid,Spain\n",
        "tea.html": b"<h1>Tea</h1><p>Pour hot water over the leaves.</p><script>alert(1)</script>",
        "france.pdf": text_pdf(b"Paris is the capital of France."),
        "bread.docx": word(paragraph("Mix flour with water and yeast, and bake the bread in a hot oven.")),
        "beacon.txt": f"Rome is the capital of Italy. {BEACON}".encode(),
        "broken.pdf": b"this is no PDF",
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    return [tmp_path / name for name in contents]


def button(page: Page, name: str) -> None:
    settle(page)
    page.get_by_role("button", name=re.compile(rf"{name}\b")).first.click()


def test_make_a_collection_upload_documents_search_and_open_the_map(
    console_url: str, services: Services, page: Page, files: list[Path]
) -> None:
    name = f"World {len(services.collections.list())}"
    elsewhere: list[str] = []

    def watch(request: Request) -> None:
        if not request.url.startswith((console_url, console_url.replace("http", "ws"), "data:", "blob:")):
            elsewhere.append(request.url)

    page.on("request", watch)
    open_as(page, "ada", f"{console_url}/collections")
    button(page, "New collection")
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("button", name="Create", exact=True).click()
    expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()

    page.locator("input[type=file]").set_input_files(files)
    button(page, "Add 6 files")
    expect(page.get_by_text("Added 5 documents, 5 chunks.")).to_be_visible()
    expect(page.get_by_text("broken.pdf was refused")).to_be_visible()
    made = services.collections.named(name)
    assert (made.total_documents, made.user_id) == (5, "ada")

    settle(page)
    page.get_by_role("link", name="Search in it").click()
    page.get_by_role("textbox", name="Search", exact=True).fill("How do I make a loaf?")
    page.get_by_role("textbox", name="Search", exact=True).press("Enter")
    page.wait_for_url("**q=**")
    first = page.locator(".st-key-hit-1")
    expect(first.get_by_role("button", name="bread.docx")).to_be_visible()
    expect(page.get_by_text("<img src=")).to_be_visible()

    for strategy in ("Hybrid", "Native", "Exact", "Parallel", "Ann"):
        settle(page)
        page.get_by_role("combobox", name="Strategy").click()
        page.get_by_role("option", name=strategy, exact=True).click()
        page.wait_for_url(f"**strategy={strategy.lower()}**")
        expect(page.get_by_text(re.compile(f"by {strategy.lower()}"))).to_be_visible()
        expect(first.get_by_role("button", name="bread.docx")).to_be_visible()

    button(page, "bread.docx")
    page.wait_for_url("**hit=**")
    expect(page.locator(".st-key-search-panel").get_by_role("button", name="Find similar")).to_be_visible()

    settle(page)
    page.get_by_test_id("stButtonGroup").get_by_text("Map", exact=True).click()
    page.wait_for_url("**view=map**")
    expect(page.get_by_test_id("stPlotlyChart").locator("canvas, svg").first).to_be_visible()
    expect(page.get_by_text("5 chunks, results larger, the question as a cross")).to_be_visible()

    settle(page)
    page.get_by_test_id("stButtonGroup").get_by_text("Compare strategies").click()
    expect(page.get_by_role("heading", name="Compare strategies")).to_be_visible()
    address = page.url
    page.goto(address)
    expect(page.get_by_role("heading", name="Compare strategies")).to_be_visible()
    expect(page.get_by_role("textbox", name="Search", exact=True)).to_have_value("How do I make a loaf?")
    assert elsewhere == []


def test_a_lasso_on_the_map_lists_its_chunks_and_judged_queries_are_measured(
    console_url: str, services: Services, page: Page
) -> None:
    made = services.collections.create("Twenty points", by="ada")
    texts = [f"The river number {number} flows to the sea." for number in range(20)]
    chunks = [NewChunk(one, vector) for one, vector in zip(texts, services.embedder().embed(texts), strict=True)]
    services.vectors.put_document(made.collection_id, "rivers.txt", chunks)
    open_as(page, "ada", f"{console_url}/search?collection={made.collection_id}&view=map")
    plot = page.get_by_test_id("stPlotlyChart").locator(".nsewdrag").first
    expect(plot).to_be_visible()
    settle(page)
    box = plot.bounding_box()
    assert box
    left, top, right, bottom = box["x"] + 3, box["y"] + 3, box["x"] + box["width"] - 3, box["y"] + box["height"] - 3
    plot.hover()
    page.locator(".modebar-btn[data-title*='Lasso']").click()
    page.mouse.move(left, top)
    page.mouse.down()
    for x, y in ((right, top), (right, bottom), (left, bottom), (left, top + 2)):
        page.mouse.move(x, y, steps=4)
    page.mouse.up()
    expect(page.get_by_role("heading", name="20 chunks in the selection")).to_be_visible()
    expect(page.get_by_text("The river number 7 flows to the sea.")).to_be_visible()

    settle(page)
    page.get_by_test_id("stButtonGroup").get_by_text("Quality", exact=True).click()
    judged = {"name": "judged.csv", "mimeType": "text/csv", "buffer": b"query,relevant\nrivers,rivers.txt\n"}
    page.locator("input[type=file]").set_input_files([judged])
    expect(page.get_by_text("1 query embedded once")).to_be_visible()


def test_a_click_on_a_point_of_the_map_opens_its_chunk(console_url: str, services: Services, page: Page) -> None:
    [vector] = services.embedder().embed(["Paris"])
    made = services.collections.create("One point", by="ada")
    chunk = Chunk(chunk_id="point", text="Paris", filename="a.txt", embedding=vector)
    services.vectors.import_chunks(made.collection_id, [chunk])
    services.collections.recount(made.collection_id)
    open_as(page, "ada", f"{console_url}/search?collection={made.collection_id}&view=map")
    plot = page.get_by_test_id("stPlotlyChart").locator(".nsewdrag").first
    expect(plot).to_be_visible()
    settle(page)
    plot.click()  # the only point is in the middle
    page.wait_for_url("**hit=point**")
    expect(page.locator(".st-key-search-panel").get_by_text("Paris", exact=True)).to_be_visible()
