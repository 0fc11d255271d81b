"""Clicks and keys quicker than the pages: no page is ever left empty."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from console.records import Batch, BatchState, Role
from console.services import Services
from tests.support.browser import open_as, settle
from tests.support.console_app import new_case, new_judge, new_user, scored
from tests.support.tier import artifact

pytestmark = pytest.mark.browser

SOCKET = """
(() => {
    const send = WebSocket.prototype.send;
    window.asked = [];
    WebSocket.prototype.send = function (data) {
        send.call(this, data);
        if (!(data instanceof Uint8Array || data instanceof ArrayBuffer)) return;
        if (!window.late) { window.asked.push(data.slice(0)); return; }
        const late = window.late;
        window.late = null;
        for (const wait of [0, 5, 20, 60, 120])
            setTimeout(() => send.call(this, late), wait);
    };
})()
"""
"""Remembers what the page asks; what `late` holds is asked again after the next question: a timer that was late."""
PAGES = ("Cases", "Overview", "Runs", "Review")


@pytest.fixture(scope="module")
def running_batch(services: Services) -> Batch:
    """A batch that somebody works on, somewhere else: its page asks again every two seconds."""
    new_user(services, "eva", Role.EVALUATOR)
    case = new_case(services)
    judge = new_judge(services, case)
    for number in range(1, 6):
        scored(services, judge, case, float(number), f"Text {number}.")
    batch = services.batches.create("Nightly", judge.judge_id, [artifact() for _ in range(3)], by="eva")
    services.batches.claim(batch.batch_id, "elsewhere/1/x", 3_600)
    return services.batches.set_state(batch.batch_id, BatchState.RUNNING)


@pytest.mark.parametrize("to", PAGES)
def test_a_timer_that_is_late_does_not_empty_the_next_page(
    page: Page, console_url: str, running_batch: Batch, to: str
) -> None:
    page.add_init_script(SOCKET)
    open_as(page, "eva", f"{console_url}/batches?batch={running_batch.batch_id}")
    expect(page.get_by_role("heading", name="Nightly")).to_be_visible()
    before = page.evaluate("window.asked.length")
    page.wait_for_function(f"window.asked.length > {before + 1}")
    page.evaluate("window.late = window.asked.at(-1)")

    page.get_by_role("link", name=to, exact=True).click()

    expect(page.get_by_role("heading", level=1, name=to)).to_be_visible()
    settle(page)
    page.wait_for_timeout(600)
    settle(page)
    expect(page.get_by_role("heading", level=1, name=to)).to_be_visible()


def test_many_quick_clicks_end_at_the_last_page(page: Page, console_url: str, running_batch: Batch) -> None:
    open_as(page, "eva", f"{console_url}/batches?batch={running_batch.batch_id}")
    for wait in (0, 10, 25, 40, 60, 90, 130, 180):
        for name in ("Cases", "Batches", "Runs", "Overview", "Judges"):
            page.get_by_role("link", name=name, exact=True).click()
            page.wait_for_timeout(wait)
    expect(page.get_by_role("heading", level=1, name="Judges")).to_be_visible()
    settle(page)
    page.wait_for_timeout(600)
    expect(page.get_by_role("heading", level=1, name="Judges")).to_be_visible()


@pytest.mark.parametrize("where", ["review", "runs", ""])
def test_keys_20_ms_apart_leave_every_page_whole(
    page: Page, console_url: str, running_batch: Batch, where: str
) -> None:
    open_as(page, "eva", f"{console_url}/{where}")
    title = page.get_by_role("heading", level=1)
    expect(title).to_be_visible()
    for key in "4pEs5fEbkjkj3EEjk":
        page.keyboard.press("Enter" if key == "E" else key)
        page.wait_for_timeout(20)
    settle(page)
    expect(title).to_be_visible()
    expect(page.get_by_test_id("stException")).to_have_count(0)
