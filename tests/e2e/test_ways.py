"""Ways through the console in a real browser: from a box in a chart to its runs, by the palette, and on a telephone."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from console.records import Case, Role, Run, Threshold
from console.services import Services
from tests.support.browser import HEADER, ROW, open_as, settle
from tests.support.console_app import new_case, new_judge, new_user, scored

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def case(services: Services) -> Case:
    new_user(services, "ada", Role.ADMIN)
    return new_case(services, "Ways")


@pytest.fixture(scope="module")
def runs(services: Services, case: Case) -> list[Run]:
    judge = new_judge(services, case, "Pathfinder")
    return [scored(services, judge, case, score, text=f"Text with {score}.") for score in (1.2, 1.4, 4.6, 4.8)]


def plots(page: Page, card: str) -> Locator:
    """The panels of the figure in a card, which take the pointer."""
    return page.locator(f".st-key-card-{card} .nsewdrag")


def drag(page: Page, panel: Locator, begin: float, end: float) -> None:
    """A box over the panel from one share of its width to another."""
    panel.scroll_into_view_if_needed()
    box = panel.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + begin * box["width"], box["y"] + 2)
    page.mouse.down()
    page.mouse.move(box["x"] + (begin + end) / 2 * box["width"], box["y"] + box["height"] / 2, steps=4)
    page.mouse.move(box["x"] + end * box["width"], box["y"] + box["height"] - 2, steps=4)
    page.mouse.up()


def test_a_box_over_the_scores_leads_to_their_runs(console_url: str, runs: list[Run], page: Page) -> None:
    open_as(page, "ada", console_url)
    expect(plots(page, "scores").first).to_be_attached()
    settle(page)
    drag(page, plots(page, "scores").first, 0.8, 0.999)
    expect(page).to_have_url(re.compile(r"/runs\?.*score_from=0\.8"))
    settle(page)
    table = page.locator("[data-testid=stDataFrame]").first
    expect(table.locator("td", has_text="Text with 4.8.").first).to_be_attached()
    expect(table.locator("td", has_text="Text with 1.2.")).to_have_count(0)


def test_the_palette_goes_to_a_page_and_to_a_run_by_its_number(console_url: str, runs: list[Run], page: Page) -> None:
    open_as(page, "ada", console_url)
    settle(page)
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog").get_by_role("combobox")).to_be_focused()
    page.keyboard.type("Agreem")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Agreement", exact=True)).to_be_visible()
    settle(page)
    page.keyboard.press("Control+k")
    field = page.get_by_role("dialog").get_by_role("combobox")
    field.fill(str(runs[0].run_id))
    field.press("Enter")
    expect(page.get_by_role("heading", name=f"Run {runs[0].run_id}", exact=True)).to_be_visible()


@pytest.mark.parametrize("key", ["h", "?"])
def test_the_sheet_of_keys_opens_with_a_key(console_url: str, runs: list[Run], page: Page, key: str) -> None:
    open_as(page, "ada", f"{console_url}/runs")
    settle(page)
    field = page.get_by_role("textbox").first
    field.press_sequentially(key)
    expect(field).to_have_value(key)
    field.clear()
    field.blur()
    page.keyboard.press(key)
    expect(page.get_by_role("dialog").get_by_text("Save and go on")).to_be_visible()


def test_a_change_of_a_threshold_is_taken_back_from_the_ledger(
    console_url: str, services: Services, case: Case, page: Page
) -> None:
    services.cases.set_threshold(case.case_id, Threshold(score=0.7), by="bo", reason="Too strict, as it turns out")
    open_as(page, "ada", f"{console_url}/thresholds?case={case.case_id}")
    settle(page)
    page.get_by_role("button", name="Take the latest change back").click()
    page.wait_for_url("**threshold=0.5*")
    settle(page)
    page.get_by_role("button", name="Set the threshold to 0.50").click()
    settle(page)
    expect(page.get_by_text("The threshold has moved.")).to_be_visible()
    assert services.cases.current(case.case_id).threshold.score == 0.5


def test_on_a_telephone_a_run_is_found_and_read_in_one_column(
    console_url: str, runs: list[Run], new_context: Callable[[], BrowserContext]
) -> None:
    page = new_context().new_page()
    page.set_viewport_size({"width": 390, "height": 844})
    open_as(page, "ada", f"{console_url}/runs")
    expect(page.get_by_role("heading", name="Runs", exact=True)).to_be_visible()
    settle(page)
    assert sideways(page) == 0
    table = page.locator("[data-testid=stDataFrame]").first
    table.scroll_into_view_if_needed()
    table.click(position={"x": 120, "y": HEADER + ROW / 2})
    expect(page.get_by_role("heading", name=f"Run {runs[-1].run_id}", exact=True)).to_be_visible()
    settle(page)
    assert sideways(page) == 0


def sideways(page: Page) -> int:
    """Pixels that the page can be moved sideways."""
    found: int = page.evaluate(
        "(() => { const m = document.querySelector('[data-testid=stMain]'); return m.scrollWidth - m.clientWidth })()"
    )
    return found
