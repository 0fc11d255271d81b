"""What people do with the console, in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page, Request, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from console.records import Role, Run
from console.services import Services
from tests.support.browser import HEADER, ROW, open_as, settle, sign_in, wait_for_cookie
from tests.support.console_app import failed, new_case, new_judge, new_user, scored

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def failing_run(services: Services) -> Run:
    """The failing run of Summaries; another case has one as well."""
    new_user(services, "ana")
    new_user(services, "ben")
    summaries, answers = new_case(services), new_case(services, "Answers")
    strict, mild = new_judge(services, summaries), new_judge(services, answers, "Mild")
    scored(services, strict, summaries, 5.0, text="A faithful summary.")
    run = scored(services, strict, summaries, 2.0, text="A summary with an invented figure.")
    scored(services, mild, answers, 1.0, text="Another text.")
    failed(services, mild, answers, "429 Too many requests")
    return run


def open_row(page: Page, number: int) -> None:
    """Click a row of the run list, again where the click met a table that was just being replaced."""
    grid = page.get_by_test_id("stDataFrame").first
    while "run=" not in page.url:
        settle(page)
        grid.click(position={"x": 300, "y": HEADER + ROW * number + ROW / 2})
        with suppress(PlaywrightTimeout):
            page.wait_for_url("**run=*", timeout=5_000)


def test_find_a_failing_run_read_its_snapshot_and_share_it(
    console_url: str, failing_run: Run, page: Page, new_context: Callable[[], BrowserContext]
) -> None:
    page.goto(f"{console_url}/runs")
    sign_in(page)
    expect(page.get_by_role("heading", name="Runs", exact=True)).to_be_visible()

    page.get_by_role("combobox", name="Case").click()
    page.get_by_role("option", name="Summaries").click()
    page.wait_for_url("**case=**")
    page.get_by_test_id("stButtonGroup").get_by_text("Failures").click()
    page.wait_for_url("**result=fail**")

    open_row(page, 0)
    heading = page.get_by_role("heading", name=f"Run {failing_run.run_id}")
    expect(heading).to_be_visible()
    page.get_by_role("tab", name="Snapshot").click()
    expect(page.get_by_text("Does the summary keep to the facts?")).to_be_visible()
    page.get_by_role("tab", name="All texts").click()
    expect(page.get_by_text("A summary with an invented figure.").last).to_be_visible()

    shared = page.url
    assert parse_qs(urlsplit(shared).query)["run"] == [str(failing_run.run_id)]

    colleague = new_context().new_page()
    colleague.goto(shared)
    sign_in(colleague, "ben")
    expect(colleague.get_by_role("heading", name=f"Run {failing_run.run_id}")).to_be_visible()
    assert colleague.url == shared


def test_a_reload_keeps_the_session(console_url: str, failing_run: Run, page: Page) -> None:
    page.goto(console_url)
    sign_in(page)
    wait_for_cookie(page)
    page.reload()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    expect(page.get_by_label("User name")).to_have_count(0)


def test_signing_out_ends_other_browsers_and_a_kept_cookie(
    console_url: str, failing_run: Run, page: Page, new_context: Callable[[], BrowserContext]
) -> None:
    page.goto(console_url)
    sign_in(page, "ben")
    kept = wait_for_cookie(page)
    other = new_context().new_page()
    other.goto(console_url)
    sign_in(other, "ben")

    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("User name")).to_be_visible()
    other.get_by_test_id("stSidebarNav").get_by_role("link", name="Runs", exact=True).click()
    expect(other.get_by_label("User name")).to_be_visible()

    thief = new_context()
    thief.add_cookies([kept])
    replay = thief.new_page()
    replay.goto(f"{console_url}/runs")
    expect(replay.get_by_label("User name")).to_be_visible()


def test_back_and_forward_move_through_what_was_opened(console_url: str, failing_run: Run, page: Page) -> None:
    open_as(page, "ana", f"{console_url}/runs?result=fail")
    open_row(page, 0)
    panel = page.get_by_role("tab", name="Snapshot")
    expect(panel).to_be_visible()
    page.go_back()
    expect(panel).to_have_count(0)
    page.go_forward()
    expect(panel).to_be_visible()


def test_an_export_is_the_list_that_the_filter_shows(console_url: str, failing_run: Run, page: Page) -> None:
    open_as(page, "ana", f"{console_url}/runs?result=fail")
    settle(page)
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
    lines = download.value.path().read_text("utf-8-sig").splitlines()
    assert len(lines) == 3
    assert '"fail"' in lines[1]


def test_hostile_texts_reach_no_other_host(console_url: str, services: Services, failing_run: Run, page: Page) -> None:
    beacon = '![x](http://evil.example/1.png) <img src="http://evil.example/2.png" onerror="alert(1)"> [l](http://evil.example/3)'
    case = new_case(services, f"Hostile {beacon}")
    judge = new_judge(services, case, f"Judge {beacon}")
    run = scored(services, judge, case, 4.0, text=beacon, reasons=[beacon], prompt_used=beacon)
    broken = failed(services, judge, case, beacon)
    services.labels.save(run, by="ana", score=4.0, comment=beacon)
    elsewhere: list[str] = []
    dialogs: list[str] = []

    def note(request: Request) -> None:
        if not request.url.startswith((console_url, "data:", "blob:", console_url.replace("http", "ws"))):
            elsewhere.append(request.url)

    page.on("request", note)
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    open_as(page, "ana", f"{console_url}/runs?run={run.run_id}")
    for tab in ("All texts", "Prompt", "Snapshot", "Labels", "Raw"):
        page.get_by_role("tab", name=tab).click()
        settle(page)
    page.goto(f"{console_url}/runs?run={broken.run_id}&case={case.case_id}")
    expect(page.get_by_role("heading", name=f"Run {broken.run_id}")).to_be_visible()
    page.goto(f"{console_url}/?case={case.case_id}")
    expect(page.get_by_text("Performance by judge")).to_be_visible()
    settle(page)
    assert elsewhere == []
    assert dialogs == []
    assert page.locator("img[src*=evil], a[href*=evil]").count() == 0


def test_a_kept_view_is_shared_with_somebody_else(
    console_url: str, services: Services, failing_run: Run, page: Page, new_context: Callable[[], BrowserContext]
) -> None:
    new_user(services, "eva", Role.EVALUATOR)
    open_as(page, "eva", f"{console_url}/runs?result=fail")
    page.get_by_role("button", name="Views").click()
    page.get_by_label("Keep these filters as").fill("Failures of ours")
    page.get_by_label("Keep these filters as").press("Tab")
    page.get_by_role("button", name="Keep", exact=True).click()
    page.wait_for_url("**view=Failures+of+ours**")

    other = new_context().new_page()
    open_as(other, "ben", f"{console_url}/runs?view=Failures%20of%20ours")
    other.wait_for_url("**result=fail**")
    expect(other.get_by_test_id("stButtonGroup").get_by_role("radio", name="Failures")).to_be_checked()
