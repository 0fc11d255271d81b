"""From a failing run to the failing runs nearest to it, and to the groups that they make, in a real browser."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from console.actions.runs import similar
from console.records import Run
from console.services import Services
from tests.actions.runs.test_similar import COOKING, WEATHER
from tests.support.browser import HEADER, ROW, open_as, settle
from tests.support.console_app import new_case, new_judge, new_user, scored

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def runs(services: Services) -> list[Run]:
    """Eight failing runs about two things."""
    new_user(services)
    case = new_case(services)
    judge = new_judge(services, case)
    made = [scored(services, judge, case, 1.0, text) for text in [*WEATHER, *COOKING]]
    assert similar.embed_finished(services, made) == 8
    return made


def test_from_a_failing_run_to_its_nearest_and_to_the_groups(console_url: str, runs: list[Run], page: Page) -> None:
    open_as(page, "ana", f"{console_url}/run?run={runs[0].run_id}")
    settle(page)
    page.get_by_text("Look them up").click()
    settle(page)
    table = page.locator(".st-key-card-run-nearest [data-testid=stDataFrame]")
    expect(table).to_be_visible()
    settle(page)
    table.click(position={"x": 200, "y": HEADER + ROW / 2})
    nearest = "|".join(str(run.run_id) for run in runs[1:4])
    expect(page).to_have_url(re.compile(rf"run=({nearest})\b"))

    page.get_by_role("link", name="Similar runs").click()
    expect(page.get_by_role("heading", name="Group 2", exact=True)).to_be_visible()
    expect(page.locator(".st-key-card-similar-map canvas, .st-key-card-similar-map svg").first).to_be_visible()
