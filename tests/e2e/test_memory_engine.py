"""A machine without a durable engine: `make run` comes up in memory, and everything works in a browser."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
from playwright.sync_api import Page, expect

from console.ui.frame.navigation import ROUTES
from tests.support.browser import settle
from tests.support.supervisor import READY, Supervisor, serving

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

PASSWORD = "a password for one test"


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Supervisor]:
    """The product on the in-memory engine, from an empty folder."""
    with serving(tmp_path_factory.mktemp("memory") / "data", ENGINE_KIND="moto") as supervisor:
        supervisor.wait_for(READY)
        assert "all data is lost when it stops" in supervisor.wait_for("Warning: ")
        yield supervisor


@pytest.fixture
def console(up: Supervisor, page: Page) -> str:
    """Where the console is, with its first user signed in."""
    user, password = up.wait_for("First login: ").split("(")[0].removeprefix("First login: ").strip().split(" / ")
    url = up.url("Console")
    page.goto(url)
    page.get_by_label("User name").fill(user)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()
    for label, value in (("New password", PASSWORD), ("New password again", PASSWORD)):
        page.get_by_label(label, exact=True).fill(value)
    page.get_by_role("button", name="Change password").click()
    expect(page.get_by_role("heading", name="Overview", exact=True)).to_be_visible()
    return url


def test_everything_works_in_memory(
    console: str, up: Supervisor, page: Page, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    record_property("ENGINE_KIND=moto, seconds to the banner", round(up.seconds, 1))
    _every_page(console, page)
    judge = _ask_the_api(up.url("API"))
    _evaluate_a_text(console, judge, page)
    _evaluate_a_file(console, judge, page, tmp_path)
    _label(console, page)
    _move_a_threshold(console, page)
    _search(console, page)


def _every_page(console: str, page: Page) -> None:
    for path in ROUTES:
        page.goto(f"{console}/{'' if path == 'overview' else path}")
        expect(page.locator("[data-testid=stMain] h1")).to_be_visible()
        settle(page)
        assert page.get_by_test_id("stException").count() == 0, path
        assert page.get_by_test_id("stAlertContentError").count() == 0, path


def _evaluate_a_text(console: str, judge: str, page: Page) -> None:
    page.goto(f"{console}/evaluate?judge={judge}")
    page.get_by_label("Text to evaluate", exact=True).fill("Paris is the capital of France.")
    page.get_by_label("Reference (optional)", exact=True).fill("The capital of France is Paris.")
    page.get_by_role("button", name="Evaluate", exact=True).click()
    expect(page.get_by_text("Score", exact=True).first).to_be_visible()
    settle(page)


def _evaluate_a_file(console: str, judge: str, page: Page, folder: Path) -> None:
    file = folder / "rows.csv"
    file.write_text("output,reference\n" + "".join(f"Answer {row}.,The answer is {row}.\n" for row in range(8)))
    page.goto(f"{console}/evaluate?judge={judge}")
    page.get_by_test_id("stButtonGroup").get_by_text("A file of texts").click()
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name="Evaluate 8 rows").click()
    expect(page.get_by_test_id("stMetric").filter(has_text="Rows")).to_contain_text("8 / 8")


def _label(console: str, page: Page) -> None:
    page.goto(f"{console}/review")
    expect(page.get_by_text("1 of ", exact=False).first).to_be_visible()  # keys pressed before are nobody's
    settle(page)
    for key in ("4", "p", "Enter"):
        page.keyboard.press(key)
        settle(page)
    expect(page.get_by_text("2 of ", exact=False).first).to_be_visible()


def _move_a_threshold(console: str, page: Page) -> None:
    page.goto(f"{console}/thresholds?threshold=0.33")
    page.get_by_label("Reason").fill("For the sake of it.")
    page.get_by_role("button", name="Set the threshold to 0.33").click()
    expect(page.get_by_text("The threshold has moved.")).to_be_visible()


def _search(console: str, page: Page) -> None:
    page.goto(f"{console}/search?q=pass%20rate")
    expect(page.locator(".st-key-hit-1")).to_be_visible()


def _ask_the_api(api: str) -> str:
    """Lists of the old API; the judge that needs no key."""
    with urlopen(f"{api}/runs?limit=3", timeout=30) as answer:
        assert len(json.load(answer)) == 3
    with urlopen(f"{api}/judges", timeout=30) as answer:
        return str(next(one["id"] for one in json.load(answer) if one["name"] == "Close to the reference"))
