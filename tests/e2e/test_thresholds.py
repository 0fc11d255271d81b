"""Moving a threshold in a real browser."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from console.records import Case, Role
from console.services import Services
from tests.support.browser import open_as, settle
from tests.support.console_app import new_case, new_judge, new_user, scored

pytestmark = pytest.mark.browser

EDGE = 5
"""Pixels at both sides of the histogram."""


@pytest.fixture(scope="module")
def admins(services: Services) -> None:
    new_user(services, "ada", Role.ADMIN)
    new_user(services, "bo", Role.ADMIN)


@pytest.fixture
def case(services: Services, admins: None) -> Case:
    """A case with the threshold 0.5 and runs at 0.25, 0.55 and 0.95; `ada` and `bo` are admins."""
    made = new_case(services, f"Case {len(services.cases.list())}")
    judge = new_judge(services, made)
    scored(services, judge, made, 2.0, text="A weak summary.")
    scored(services, judge, made, 3.2, text="A summary in between.")
    scored(services, judge, made, 4.8, text="A good summary.")
    return made


def open_thresholds(page: Page, console_url: str, case: Case, username: str = "ada") -> None:
    open_as(page, username, f"{console_url}/thresholds?case={case.case_id}")
    expect(chart(page).locator("svg, canvas").first).to_be_visible()
    settle(page)


def chart(page: Page) -> Locator:
    return page.locator(".st-key-thresholds-board").get_by_test_id("stVegaLiteChart")


def point(page: Page, threshold: float) -> tuple[float, float]:
    """Where in the histogram a threshold is, in pixels of the window."""
    expect(chart(page).locator("svg, canvas").first).to_be_visible()
    box = chart(page).bounding_box()
    assert box
    return box["x"] + EDGE + threshold * (box["width"] - 2 * EDGE), box["y"] + box["height"] / 2


def drag(page: Page, start: float, end: float) -> None:
    page.mouse.move(*point(page, start))
    page.mouse.down()
    page.mouse.move(*point(page, (start + end) / 2), steps=10)
    page.mouse.move(*point(page, end), steps=10)
    page.mouse.up()


def test_move_a_threshold_by_what_if_with_a_reason_and_see_the_ledger(
    console_url: str, services: Services, case: Case, page: Page
) -> None:
    open_thresholds(page, console_url, case)
    drag(page, 0.5, 0.7)
    page.wait_for_url("**threshold=0.70*")
    expect(page.get_by_role("link", name="1 run would fail")).to_be_visible()
    expect(page.get_by_role("button", name="Set the threshold to 0.70")).to_be_visible()

    page.get_by_label("Reason").fill("Reviewers were stricter.")
    page.get_by_role("button", name="Set the threshold to 0.70").click()
    expect(page.get_by_text("The threshold has moved.")).to_be_visible()
    ledger = page.locator(".st-key-card-thresholds-ledger")
    expect(ledger.locator("td", has_text="Reviewers were stricter.")).to_be_attached()
    assert services.cases.current(case.case_id).threshold.score == 0.7
    expect(page.get_by_label("Reason")).to_have_value("")


def test_a_click_and_the_keyboard_move_the_line(console_url: str, case: Case, page: Page) -> None:
    open_thresholds(page, console_url, case)
    page.mouse.click(*point(page, 0.3))
    page.wait_for_url("**threshold=0.30*")
    expect(page.get_by_role("button", name="Set the threshold to 0.30")).to_be_visible()
    settle(page)
    slider = page.locator(".st-key-thresholds-board").get_by_role("slider")
    slider.focus()
    page.keyboard.press("ArrowLeft")
    page.wait_for_url("**threshold=0.29*")
    expect(page.get_by_role("button", name="Set the threshold to 0.29")).to_be_visible()
    settle(page)
    page.mouse.click(*point(page, 0.2))
    page.wait_for_url("**threshold=0.20*")
    expect(page.get_by_role("link", name="1 run would pass")).to_be_visible()


def test_the_flips_lead_to_exactly_these_runs(console_url: str, case: Case, page: Page) -> None:
    open_as(page, "ada", f"{console_url}/thresholds?case={case.case_id}&threshold=0.9")
    page.get_by_role("link", name="1 run would fail").click()
    expect(page.get_by_role("heading", name="Runs", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Score below 0.90")).to_be_visible()
    expect(page.locator("td", has_text="0.55")).to_be_attached()
    expect(page.locator("td", has_text="0.95")).to_have_count(0)
    expect(page.locator("td", has_text="0.25")).to_have_count(0)


def test_who_saves_second_sees_who_was_first_and_loses_nothing(
    console_url: str, services: Services, case: Case, page: Page, new_context: Callable[[], BrowserContext]
) -> None:
    open_thresholds(page, console_url, case)
    other = new_context().new_page()
    open_thresholds(other, console_url, case, "bo")
    for window, threshold, reason in ((page, "0.6", "Mine"), (other, "0.8", "Theirs")):
        window.get_by_role("spinbutton", name="Threshold").fill(threshold)
        window.keyboard.press("Enter")
        window.wait_for_url(f"**threshold={threshold}*")
        window.get_by_label("Reason").fill(reason)
        settle(window)
    page.get_by_role("button", name="Set the threshold to").click()
    expect(page.get_by_text("The threshold has moved.")).to_be_visible()
    other.get_by_role("button", name="Set the threshold to").click()
    expect(other.get_by_text("The case was changed by ada")).to_be_visible()
    expect(other.get_by_label("Reason")).to_have_value("Theirs")
    assert services.cases.current(case.case_id).threshold.score == 0.6
