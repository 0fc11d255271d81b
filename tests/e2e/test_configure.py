"""Editing cases and judges in a real browser: versions, drafts, and two people at once."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from console.records import Case, Judge, Role
from console.services import Services
from tests.support.browser import HEADER, ROW, open_as, settle
from tests.support.console_app import new_case, new_judge, new_user

pytestmark = pytest.mark.browser

HELD = (0, 60)
"""Milliseconds that a button is held: none on a touchpad, where a field has yet to send its text when a link is hit."""


@pytest.fixture(scope="module", autouse=True)
def admins(services: Services) -> None:
    """Two people who may edit."""
    new_user(services, "ada", Role.ADMIN)
    new_user(services, "ben", Role.ADMIN)


@pytest.fixture
def case(services: Services, request: pytest.FixtureRequest) -> Case:
    return new_case(services, f"Case of {request.node.name}")


@pytest.fixture
def judge(services: Services, case: Case) -> Judge:
    return new_judge(services, case)


def begin_editing(page: Page) -> None:
    button(page, "Edit").click()
    expect(page.get_by_label("Description")).to_be_visible()


def open_row(page: Page, number: int, param: str) -> None:
    """Click a row of the first table, again where the click met a table that was just being replaced."""
    while f"{param}=" not in page.url:
        settle(page)
        page.get_by_test_id("stDataFrame").first.click(position={"x": 120, "y": HEADER + ROW * number + ROW / 2})
        with suppress(PlaywrightTimeout):
            page.wait_for_url(f"**{param}=*", timeout=5_000)


def button(page: Page | Locator, name: str) -> Locator:
    return page.get_by_role("button", name=re.compile(rf"^{name}\b"))


def test_edit_a_judge_see_the_difference_and_restore_the_old_version(
    console_url: str, services: Services, judge: Judge, page: Page
) -> None:
    open_as(page, "ada", f"{console_url}/judges?judge={judge.judge_id}")
    begin_editing(page)
    page.get_by_label("Temperature", exact=True).fill("0.7")
    page.get_by_label("Retries", exact=True).fill("2")
    page.get_by_label("Retries", exact=True).fill("")
    page.get_by_label("Name", exact=True).fill("Stricter")
    button(page, "Save").click()
    expect(page.get_by_text("Saved as version 2.0")).to_be_visible()
    expect(page.get_by_role("heading", name="Stricter")).to_be_visible()

    page.get_by_role("tab", name="Versions").click()
    expect(page.locator(".geval-diff ins", has_text="0.7")).to_be_visible()
    expect(page.locator(".geval-diff del", has_text="Strict")).to_be_visible()

    open_row(page, 1, "version")
    button(page, "Restore as a draft").click()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Strict")
    assert services.judges.current(judge.judge_id).version == "2.0"
    button(page, "Save").click()
    expect(page.get_by_text("Saved as version 3.0")).to_be_visible()
    saved = services.judges.current(judge.judge_id)
    assert (saved.version, saved.name, saved.parameters, saved.last_updated_by) == ("3.0", "Strict", {}, "ada")


def test_two_browsers_edit_one_case_and_the_second_to_save_decides(
    console_url: str, services: Services, case: Case, new_context: Callable[[], BrowserContext]
) -> None:
    address = f"{console_url}/cases?case={case.case_id}"
    ada, ben = open_as(new_context().new_page(), "ada", address), open_as(new_context().new_page(), "ben", address)
    begin_editing(ada)
    begin_editing(ben)

    ben.get_by_label("Evaluation criteria").fill("Brevity above everything.")
    ben.get_by_label("Description").fill("As Ben sees it.")
    button(ben, "Save").click()
    expect(ben.get_by_text("Saved as version 2.0")).to_be_visible()

    ada.get_by_label("Evaluation criteria").fill("Facts above all.")
    button(ada, "Save").click()
    dialog = ada.get_by_role("dialog")
    expect(dialog.get_by_text("Somebody else saved first")).to_be_visible()
    expect(dialog.locator(".geval-diff del", has_text="Brevity")).to_be_visible()
    expect(dialog.locator(".geval-diff ins", has_text="Facts")).to_be_visible()
    expect(dialog.get_by_text("Only they changed")).to_be_visible()

    button(dialog, "Save mine on top").click()
    expect(dialog).to_be_hidden()
    expect(button(ada, "Edit")).to_be_visible()
    expect(ada.get_by_test_id("stText").get_by_text("Facts above all.")).to_be_visible()
    saved = services.cases.current(case.case_id)
    assert (saved.version, saved.evaluation_criteria, saved.description) == (
        "3.0",
        "Facts above all.",
        "As Ben sees it.",
    )


@pytest.mark.parametrize("held", HELD)
def test_text_that_was_only_typed_is_there_after_another_page(
    console_url: str, case: Case, page: Page, held: int
) -> None:
    open_as(page, "ada", f"{console_url}/cases?case={case.case_id}")
    begin_editing(page)
    page.get_by_label("Description").fill("Half a thought")
    page.get_by_role("link", name="Runs", exact=True).click(delay=held)
    expect(page.get_by_role("heading", name="Runs", exact=True)).to_be_visible()
    page.get_by_role("link", name="Cases", exact=True).click()
    page.get_by_role("searchbox", name="Search").fill(case.name)
    page.wait_for_url("**q=**")
    open_row(page, 0, "case")
    expect(page.get_by_label("Description")).to_have_value("Half a thought")


def test_text_that_was_only_typed_is_there_after_the_way_back(console_url: str, case: Case, page: Page) -> None:
    open_as(page, "ada", f"{console_url}/cases")
    page.get_by_role("searchbox", name="Search").fill(case.name)
    page.wait_for_url("**q=**")
    open_row(page, 0, "case")
    begin_editing(page)
    page.get_by_label("Description").fill("Half a thought")
    page.go_back()
    expect(page.get_by_label("Description")).to_have_count(0)
    page.go_forward()
    expect(page.get_by_label("Description")).to_have_value("Half a thought")


def test_a_click_beside_the_script_of_the_page_draws_the_page(console_url: str, case: Case, page: Page) -> None:
    """The script presses a button of a part of the page, and somebody one of the whole, before either is sent."""
    page.add_init_script(
        "addEventListener('click', (event) => {"
        "  const edit = () => document.querySelector('.st-key-case-edit button').click();"
        "  if (event.target.closest('.st-key-later-able')) queueMicrotask(edit);"
        "}, true)"
    )
    open_as(page, "ada", f"{console_url}/cases?case={case.case_id}")
    expect(page.get_by_label("Description")).to_be_visible()


@pytest.mark.parametrize(("field", "kept"), [("Description", "description"), ("Name", "name")])
def test_the_key_that_saves_saves_what_was_just_typed(
    console_url: str, services: Services, case: Case, page: Page, field: str, kept: str
) -> None:
    open_as(page, "ada", f"{console_url}/cases?case={case.case_id}")
    begin_editing(page)
    page.get_by_label(field, exact=True).click()
    page.keyboard.press("End")
    page.keyboard.type(" as typed")
    page.keyboard.press("Control+s")
    expect(button(page, "Edit")).to_be_visible()
    assert getattr(services.cases.current(case.case_id), kept).endswith(" as typed")


def test_the_palette_opens_from_a_field_and_the_way_back_is_one_step(console_url: str, case: Case, page: Page) -> None:
    open_as(page, "ada", f"{console_url}/cases?case={case.case_id}")
    begin_editing(page)
    page.get_by_label("Description").fill("Half a thought")
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog").get_by_role("combobox")).to_be_focused()
    page.keyboard.type("Agreem")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Agreement", exact=True)).to_be_visible()
    page.go_back()
    expect(page.get_by_label("Description")).to_have_value("Half a thought")


def test_the_browser_asks_before_unsaved_edits_are_closed(console_url: str, case: Case, page: Page) -> None:
    open_as(page, "ada", f"{console_url}/cases?case={case.case_id}")
    begin_editing(page)
    page.get_by_label("Description").fill("Half a thought")
    page.get_by_label("Name", exact=True).click()
    expect(page.get_by_text("Unsaved changes")).to_be_visible()
    settle(page)
    with page.expect_event("dialog") as asked:
        page.close(run_before_unload=True)
    assert asked.value.type == "beforeunload"
    asked.value.accept()
