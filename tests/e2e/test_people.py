"""Two people label the runs that the console suggests, and what people would have said of all runs moves."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from console.actions.labels.corrected import Conclusion, conclude
from console.actions.labels.population import Asked
from console.actions.labels.review import load_queue
from console.actions.runs.labelled import load_labelled
from console.records import Case, Role, Selection
from console.services import Services
from console.ui.frame.text import percent
from tests.support.browser import open_as, settle
from tests.support.console_app import new_case, new_judge, new_user, scored

pytestmark = pytest.mark.browser
PEOPLE = ("eva", "eli")


@pytest.fixture(scope="module")
def _users(services: Services) -> None:
    for name in PEOPLE:
        new_user(services, name, Role.EVALUATOR)
    new_user(services, "ada", Role.ADMIN)


def labelled_case(services: Services, runs: int) -> Case:
    """So many runs that the judge passes; people passed most of the first fifteen of a random queue."""
    case = new_case(services, name=f"Summaries {runs}")
    judge = new_judge(services, case)
    for place in range(runs):
        scored(services, judge, case, 3.5 + 0.3 * (place % 5), text=f"Summary number {place}.")
    for place, one in enumerate(load_queue(services, case.case_id, selection=Selection.RANDOM).candidates[:15]):
        run = services.runs.get(one.row.run_id)
        services.labels.save(run, None, place % 3 > 0, by="ann", drawn=one.drawn)
    return case


def concluded(services: Services, case: Case) -> Conclusion:
    return conclude(services, load_labelled(services, case.case_id), Asked())


def label(page: Page, keys: str) -> None:
    """Give verdicts one after the other, by the keyboard."""
    for key in keys:
        before = page.get_by_text(re.compile(r"^\d+ of \d+")).first.inner_text()
        page.keyboard.press(key)
        settle(page)
        page.keyboard.press("Enter")
        expect(page.get_by_text(before, exact=True)).to_have_count(0)
        settle(page)


@pytest.mark.usefixtures("_users")
@pytest.mark.parametrize(("runs", "each"), [(45, 3), pytest.param(63, 20, marks=pytest.mark.slow)])
def test_two_people_label_the_suggested_runs_and_the_corrected_rate_moves(
    console_url: str,
    services: Services,
    page: Page,
    new_context: Callable[[], BrowserContext],
    runs: int,
    each: int,
) -> None:
    case = labelled_case(services, runs)
    before = concluded(services, case)
    wanted = before.rate.more_for(0.05)
    assert wanted >= 2 * each
    open_as(page, "eva", f"{console_url}/?case={case.case_id}&period=all")
    expect(page.get_by_text("people would pass")).to_be_visible()
    page.get_by_role("link", name=f"Label {wanted} more to be sure within 5 points").click()
    expect(page.get_by_text(re.compile(f"^1 of {wanted}"))).to_be_visible()
    settle(page)
    label(page, "f" * each)

    other = new_context().new_page()
    open_as(other, "eli", f"{console_url}/agreement?case={case.case_id}")
    halfway = concluded(services, case)
    assert halfway.rate.estimate.value < before.rate.estimate.value
    expect(other.get_by_text(percent(halfway.rate.estimate.value)).first).to_be_visible()
    left = halfway.rate.more_for(0.05)
    other.get_by_role("link", name=f"Label {left} more to be sure within 5 points").click()
    settle(other)
    label(other, "f" * min(each, left))

    after = concluded(services, case)
    assert after.used == 15 + each + min(each, left)
    assert after.rate.estimate.value < halfway.rate.estimate.value
    other.goto(f"{console_url}/agreement?case={case.case_id}")
    expect(other.get_by_text(percent(after.rate.estimate.value)).first).to_be_visible()


@pytest.mark.usefixtures("_users")
def test_an_admin_sees_what_two_people_said_and_decides(console_url: str, services: Services, page: Page) -> None:
    case = labelled_case(services, 15)
    run = scored(services, services.judges.of_case(case.case_id)[0], case, 4.0, text="A summary to differ on.")
    services.labels.save(run, None, True, "Good enough", by="eva")
    services.labels.save(run, None, False, "Too long", by="eli")
    open_as(page, "ada", f"{console_url}/review?case={case.case_id}&queue=differ")
    expect(page.get_by_text("People differ on 1 run")).to_be_visible()
    expect(page.get_by_text("Too long")).to_be_visible()
    settle(page)
    page.keyboard.press("f")
    settle(page)
    page.keyboard.press("Enter")
    expect(page.get_by_text("is decided.").last).to_be_visible()
    assert [one.passed for one in services.labels.of(run.run_id) if one.adjudicates] == [False]
