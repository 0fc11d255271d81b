"""Labelling from the review queue in a real browser, with the keyboard alone, and looking at what came of it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from console.actions.labels.review import load_queue
from console.records import Case, Role, Run
from console.services import Services
from tests.support.browser import open_as, settle
from tests.support.console_app import new_case, new_judge, new_user, scored

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module", autouse=True)
def _evaluator(services: Services) -> None:
    new_user(services, "eva", Role.EVALUATOR)


@pytest.fixture(scope="module")
def case(services: Services) -> Case:
    return new_case(services)


@pytest.fixture(scope="module")
def runs(services: Services, case: Case) -> list[Run]:
    """Six runs in the order of the queue."""
    judge = new_judge(services, case)
    for place in range(6):
        scored(services, judge, case, 3.1 + 0.3 * place, text=f"Summary number {place}.")
    return [services.runs.get(one.row.run_id) for one in load_queue(services, case.case_id).candidates]


def press(page: Page, key: str) -> None:
    page.keyboard.press(key)
    settle(page)


def shown(page: Page, run: Run) -> None:
    expect(page.get_by_text(run.evaluated_artifact.evaluation_target)).to_be_visible()
    settle(page)


def test_label_five_runs_by_keyboard(
    console_url: str, services: Services, case: Case, runs: list[Run], page: Page
) -> None:
    open_as(page, "eva", f"{console_url}/review?case={case.case_id}")
    for place, key in enumerate("43521"):
        shown(page, runs[place])
        expect(page.get_by_text(f"{place + 1} of 6")).to_be_visible()
        press(page, key)
        expect(page.locator(f".st-key-review-score-{key} [data-testid=stBaseButton-primary]")).to_be_visible()
        press(page, "p" if place % 2 == 0 else "f")
        press(page, "Enter")
        expect(page.get_by_text(f"Run {runs[place].run_id} is labelled.").last).to_be_visible()
    shown(page, runs[5])
    found = [services.labels.of(run.run_id) for run in runs]
    assert [[(one.score, one.passed, one.labelled_by) for one in labels] for labels in found] == [
        [(4.0, True, "eva")],
        [(3.0, False, "eva")],
        [(5.0, True, "eva")],
        [(2.0, False, "eva")],
        [(1.0, True, "eva")],
        [],
    ]

    press(page, "s")
    expect(page.get_by_text("You labelled 5 runs in this sitting and skipped 1")).to_be_visible()
    page.get_by_role("link", name="Agreement").last.click()
    expect(page.get_by_role("heading", name="Agreement", exact=True)).to_be_visible()
    expect(page.get_by_text("5 labelled runs  ·")).to_be_visible()


def test_typing_a_comment_presses_no_button(console_url: str, services: Services, case: Case, page: Page) -> None:
    judge = new_judge(services, case, "Another")
    run = scored(services, judge, case, 3.0, text="A summary to talk about.")
    open_as(page, "eva", f"{console_url}/review?case={case.case_id}&run={run.run_id}")
    expect(page.get_by_text("A summary to talk about.")).to_be_visible()
    settle(page)
    page.get_by_label("Comment").fill("")
    page.get_by_label("Comment").press_sequentially("5 sips before 4pm")
    page.keyboard.press("Tab")
    settle(page)
    assert services.labels.of(run.run_id) == []
    page.get_by_role("button", name=re.compile("^Fail")).click()
    settle(page)
    press(page, "Enter")
    expect(page.get_by_text(f"Run {run.run_id} is labelled.")).to_be_visible()
    (label,) = services.labels.of(run.run_id)
    assert (label.score, label.passed, label.comment) == (None, False, "5 sips before 4pm")


def test_keys_as_fast_as_they_can_be_pressed_label_only_what_was_shown(
    console_url: str, services: Services, page: Page
) -> None:
    case = new_case(services, "Fast")
    judge = new_judge(services, case, "Fast")
    for place in range(8):
        scored(services, judge, case, 3.1 + 0.2 * place, text=f"Fast {place}.")
    made = [services.runs.get(one.row.run_id) for one in load_queue(services, case.case_id).candidates]
    open_as(page, "eva", f"{console_url}/review?case={case.case_id}")
    shown(page, made[0])
    for key in ("4", "Enter", "Enter", "5", "p", "Enter", "s", "b", "Enter", "1", "Enter", "f", "Enter", "Enter"):
        page.keyboard.press(key)
        page.wait_for_timeout(20)
    settle(page)
    expect(page.get_by_test_id("stException")).to_have_count(0)
    expect(page.get_by_role("heading", name="Review", exact=True)).to_be_visible()
    first = services.labels.of(made[0].run_id)
    assert [one.score for one in first] in ([4.0], [5.0])
    assert all(len(services.labels.of(run.run_id)) <= 1 for run in made)
    expect(page.get_by_role("button", name=re.compile("^Save"))).to_be_visible()
    press(page, "3")
    press(page, "Enter")
    expect(page.get_by_text("is labelled.").last).to_be_visible()


def test_a_cell_of_the_matrix_leads_to_its_runs(
    console_url: str, services: Services, case: Case, runs: list[Run], page: Page
) -> None:
    judge = services.judges.of_case(case.case_id)[0]
    services.labels.save(scored(services, judge, case, 4.9, text="Praised by the judge only."), 1.0, by="bo")
    open_as(page, "eva", f"{console_url}/agreement?case={case.case_id}")
    cell = page.locator(".st-key-agreement-cell-only-first button")
    cell.click()
    page.wait_for_url("**cell=only-first*")
    settle(page)
    table = page.locator(".st-key-card-agreement-runs")
    expect(table.locator("td", has_text="Praised by the judge only.")).to_be_attached()
    expect(table.locator("td", has_text="Summary number 0.")).to_have_count(0)
