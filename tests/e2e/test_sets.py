"""A test set out of ticked runs, an experiment over it, another one with a regression, and the way to it."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from console.records import Artifact, Role, Snapshot
from console.services import Services
from tests.support.browser import HEADER, ROW, open_as, settle
from tests.support.console_app import new_case, new_judge, new_user
from tests.support.tier import results

pytestmark = pytest.mark.browser
TEXTS = {
    "Bern": "The capital of Switzerland is Bern.",
    "Rome": "The capital of Italy is Rome.",
    "Oslo": "The capital of Norway is Oslo.",
}


@pytest.fixture(scope="module")
def filled(services: Services) -> None:
    """Three runs with references, and a judge that works without a key."""
    new_user(services, "eva", Role.EVALUATOR)
    case = new_case(services)
    judge = new_judge(services, case)
    services.judges.create(
        name="Near",
        case=case,
        metric=services.catalog.metric_named("similarity"),
        model=services.catalog.create_model("minilm", "other", by="eva"),
        parameters={},
        by="eva",
    )
    for city, text in TEXTS.items():
        artifact = Artifact(
            evaluation_target=text, expected_output=text, input=f"Of which country is {city} the capital?"
        )
        run = services.runs.create(Snapshot.of(judge, case), artifact, by="eva")
        services.runs.complete(run, results(4.0), threshold=0.5)


def test_from_ticked_runs_to_a_regression(page: Page, console_url: str, filled: None, tmp_path: Path) -> None:
    open_as(page, "eva", f"{console_url}/runs?period=all")
    settle(page)
    grid = page.get_by_test_id("stDataFrame").first
    for row in range(3):
        grid.click(position={"x": 20, "y": HEADER + ROW * row + ROW / 2})
        expect(page.get_by_role("button", name=f"Compare {row + 1}")).to_be_visible()  # the tick has arrived
    page.get_by_role("button", name="Add to a test set").click()
    expect(page.get_by_text("Add 3 runs to a test set")).to_be_visible()
    page.get_by_label("Name").fill("Capitals")
    page.get_by_label("Name").press("Enter")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("heading", name="Capitals")).to_be_visible()

    page.get_by_role("link", name="New experiment").click()
    page.get_by_text("The texts of the set itself").click()
    expect(page.get_by_text("3 of 3 items")).to_be_visible()
    choose_judge(page)
    page.get_by_role("button", name="Judge 3 outputs").click()
    expect(page.get_by_role("button", name="Make it the baseline")).to_be_visible()
    page.get_by_role("button", name="Make it the baseline").click()
    expect(page.get_by_text("Baseline of the set")).to_be_visible()

    outputs = tmp_path / "worse.csv"
    rows = [f'"Of which country is {city} the capital?","{text}"' for city, text in TEXTS.items()]
    rows[0] = '"Of which country is Bern the capital?","Bananas are sweet and yellow."'
    outputs.write_text("\n".join(["question,answer", *rows]))
    page.get_by_role("link", name="The test set").click()
    page.get_by_role("link", name="New experiment").click()
    page.locator("input[type=file]").set_input_files(outputs)
    expect(page.get_by_text("3 of 3 items")).to_be_visible()
    choose_judge(page)
    page.get_by_role("button", name="Judge 3 outputs").click()
    expect(page.get_by_text("Regressed 1")).to_be_visible()
    expect(page.get_by_text("too few items to tell")).to_be_visible()
    page.get_by_test_id("stDataFrame").first.click(position={"x": 120, "y": HEADER + ROW / 2})
    expect(page.get_by_text("Bananas are sweet and yellow.").first).to_be_visible()
    expect(page.get_by_text("The capital of Switzerland is Bern.").first).to_be_visible()


def choose_judge(page: Page) -> None:
    """The judge that works without a key."""
    page.get_by_role("combobox", name="Judges").click()
    page.get_by_role("option", name="Near").click()
    page.keyboard.press("Escape")
