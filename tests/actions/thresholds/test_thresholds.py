"""What a threshold does to finished runs, what its changes promised and realised, and who may move it."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from console.actions.runs.totals import passing
from console.actions.thresholds.thresholds import load_thresholds, move_threshold
from console.actions.thresholds.what_if import ledger, on_grid, what_if
from console.errors import ConflictError, Forbidden, InvalidInput
from console.records import Role, Rollup, RunFilter, Threshold, ThresholdChange, Verdict, utcnow
from console.services import Services
from tests.support.console_app import new_case, new_judge, new_user, scored
from tests.support.tier import bins_of

MAY = date(2026, 5, 10)


def rollup(day: date = MAY, *, judge: str = "strict", passed: int, rejected: int, bins: dict[int, int]) -> Rollup:
    """Runs of one day, case and judge; the counts are given, not computed."""
    return Rollup(
        day=day,
        case_id="case",
        judge_id=judge,
        model="gpt-4o",
        completed=passed + rejected,
        passed=passed,
        rejected=rejected,
        bins=bins_of(bins),
    )


def change(moment: datetime, score: float, before: float | None = None) -> ThresholdChange:
    return ThresholdChange(
        case_id="case", timestamp=moment, threshold_id=f"t{score}", score=score, previous_score=before
    )


def test_a_run_exactly_at_the_mark_passes() -> None:
    assert passing(bins_of({59: 1, 60: 2, 100: 4}), 0.6) == 6
    assert passing(bins_of({59: 1, 60: 2, 100: 4}), 0.61) == 4
    assert passing(bins_of({0: 1, 100: 4}), 1.0) == 4
    assert passing(bins_of({0: 1, 100: 4}), 0.0) == 5


def test_a_mark_is_counted_at_its_nearest_hundredth() -> None:
    assert on_grid(0.654) == 0.65
    assert on_grid(0.656) == 0.66
    assert passing(bins_of({65: 1, 66: 2}), 0.656) == 2


def test_a_higher_mark_turns_passes_into_fails() -> None:
    found = what_if([rollup(passed=6, rejected=4, bins={30: 4, 55: 2, 80: 4})], 0.6)
    assert (found.before, found.after) == (0.6, 0.4)
    assert (found.to_fail, found.to_pass, found.flips) == (2, 0, 2)


def test_a_lower_mark_turns_fails_into_passes() -> None:
    found = what_if([rollup(passed=6, rejected=4, bins={30: 4, 55: 2, 80: 4})], 0.3)
    assert (found.before, found.after) == (0.6, 1.0)
    assert (found.to_fail, found.to_pass) == (0, 4)


def test_runs_judged_by_different_marks_flip_in_both_directions() -> None:
    by_a_low_mark = rollup(date(2026, 5, 1), passed=3, rejected=0, bins={40: 3})
    by_a_high_mark = rollup(date(2026, 5, 9), passed=0, rejected=2, bins={70: 2})
    found = what_if([by_a_low_mark, by_a_high_mark], 0.6)
    assert (found.to_fail, found.to_pass) == (3, 2)
    assert (found.before, found.after) == (0.6, 0.4)


def test_under_todays_mark_all_runs_count_as_if_judged_by_it() -> None:
    runs = [rollup(passed=3, rejected=0, bins={40: 3}), rollup(passed=0, rejected=2, bins={70: 2})]
    found = what_if(runs, 0.75, today=0.5)
    assert (found.before, found.after) == (0.4, 0.0)
    assert (found.to_fail, found.to_pass) == (2, 0)


def test_nothing_is_said_about_no_runs() -> None:
    found = what_if([], 0.6)
    assert (found.runs, found.before, found.after, found.flips) == (0, None, None, 0)


def test_failed_runs_do_not_count() -> None:
    errors = Rollup(day=MAY, case_id="case", judge_id="strict", model="gpt-4o", failed=9)
    assert what_if([errors, rollup(passed=1, rejected=1, bins={20: 1, 90: 1})], 0.5).runs == 2


def test_the_ledger_predicts_from_the_30_days_before_and_tells_the_30_days_after() -> None:
    moved = change(datetime(2026, 5, 10, 9, tzinfo=UTC), 0.6, 0.5)
    [row] = ledger(
        [moved],
        [
            rollup(date(2026, 4, 9), passed=9, rejected=0, bins={90: 9}),  # 31 days before
            rollup(date(2026, 4, 10), passed=2, rejected=0, bins={55: 2}),
            rollup(date(2026, 5, 9), passed=1, rejected=1, bins={60: 1, 10: 1}),
            rollup(date(2026, 5, 10), passed=7, rejected=0, bins={90: 7}),  # the day itself
            rollup(date(2026, 5, 11), passed=3, rejected=0, bins={90: 3}),
            rollup(date(2026, 6, 9), passed=0, rejected=1, bins={20: 1}),
            rollup(date(2026, 6, 10), passed=9, rejected=0, bins={90: 9}),  # 31 days after
        ],
    )
    assert (row.runs_before, row.predicted) == (4, 0.25)
    assert (row.runs_after, row.realised) == (4, 0.75)


def test_what_a_change_realised_ends_with_the_next_change() -> None:
    first, second = change(datetime(2026, 5, 1, tzinfo=UTC), 0.5), change(datetime(2026, 5, 4, tzinfo=UTC), 0.7, 0.5)
    newest, oldest = ledger(
        [second, first],
        [
            rollup(date(2026, 5, 3), passed=2, rejected=0, bins={60: 2}),
            rollup(date(2026, 5, 5), passed=0, rejected=5, bins={60: 5}),
        ],
    )
    assert (oldest.runs_after, oldest.realised) == (2, 1.0)
    assert (newest.runs_before, newest.predicted) == (2, 0.0)
    assert (newest.runs_after, newest.realised) == (5, 0.0)


def test_the_first_mark_predicts_nothing() -> None:
    [row] = ledger([change(datetime(2026, 5, 1, tzinfo=UTC), 0.5)], [])
    assert (row.runs_before, row.predicted, row.runs_after, row.realised) == (0, None, 0, None)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EVALUATOR])
def test_only_admins_move_a_mark(console_services: Services, role: Role) -> None:
    case, user = new_case(console_services), new_user(console_services, role=role)
    with pytest.raises(Forbidden, match="admin"):
        move_threshold(console_services, user, case.case_id, 0.7, "Stricter", revision=case.revision)
    assert console_services.cases.current(case.case_id).threshold.score == 0.5


def test_a_move_is_in_the_history_with_who_and_why(console_services: Services) -> None:
    case, admin = new_case(console_services), new_user(console_services, "bo", Role.ADMIN)
    move_threshold(console_services, admin, case.case_id, 0.655, "  Reviewers want it.  ", revision=case.revision)
    newest, first = console_services.thresholds.history(case)
    assert (newest.score, newest.previous_score, newest.changed_by) == (0.655, 0.5, "bo")
    assert newest.reason == "Reviewers want it."
    assert first.score == 0.5


@pytest.mark.parametrize("reason", ["", "  \n"])
def test_a_move_needs_a_reason(console_services: Services, reason: str) -> None:
    case, admin = new_case(console_services), new_user(console_services, "bo", Role.ADMIN)
    with pytest.raises(InvalidInput, match="why"):
        move_threshold(console_services, admin, case.case_id, 0.7, reason, revision=case.revision)


def test_a_mark_does_not_move_to_where_it_is(console_services: Services) -> None:
    case, admin = new_case(console_services), new_user(console_services, "bo", Role.ADMIN)
    with pytest.raises(InvalidInput, match=r"0\.5 already"):
        move_threshold(console_services, admin, case.case_id, 0.5, "Why not", revision=case.revision)


@pytest.mark.parametrize("score", [-0.01, 1.01, float("nan")])
def test_a_mark_outside_0_to_1_is_refused(console_services: Services, score: float) -> None:
    case, admin = new_case(console_services), new_user(console_services, "bo", Role.ADMIN)
    with pytest.raises(InvalidInput, match="from 0 to 1"):
        move_threshold(console_services, admin, case.case_id, score, "Odd", revision=case.revision)


def test_who_was_too_late_learns_who_was_first(console_services: Services) -> None:
    case, admin = new_case(console_services), new_user(console_services, "bo", Role.ADMIN)
    console_services.cases.set_threshold(case.case_id, Threshold(score=0.7), by="cleo", reason="First")
    with pytest.raises(ConflictError, match="changed by cleo at"):
        move_threshold(console_services, admin, case.case_id, 0.8, "Second", revision=case.revision)
    assert console_services.cases.current(case.case_id).threshold.score == 0.7


def test_finished_runs_keep_their_results(console_services: Services) -> None:
    case, admin = new_case(console_services), new_user(console_services, "bo", Role.ADMIN)
    run = scored(console_services, new_judge(console_services, case), case, 4.0)
    move_threshold(console_services, admin, case.case_id, 0.9, "Stricter", revision=case.revision)
    view = load_thresholds(console_services, case.case_id, today=utcnow().date())
    assert console_services.runs.get(run.run_id).evaluation_status is Verdict.PASS
    assert [(one.passed, one.rejected) for one in view.rollups] == [(1, 0)]


def test_the_flips_are_the_runs_that_the_list_shows(console_services: Services) -> None:
    case = new_case(console_services, threshold=0.3)
    judge = new_judge(console_services, case)
    low, _edge, _high = (scored(console_services, judge, case, score) for score in (2.6, 4.6, 5.0))
    view = load_thresholds(console_services, case.case_id, today=utcnow().date())
    assert what_if(view.rollups, 0.9).to_fail == 1
    wanted = RunFilter(case_id=case.case_id, verdict=Verdict.PASS, score_below=0.9 - 1e-9)
    assert [row.run_id for row in console_services.runs.list(wanted).items] == [low.run_id]


def test_judges_that_are_gone_keep_their_names(console_services: Services) -> None:
    case = new_case(console_services)
    judge = new_judge(console_services, case, "Retired")
    scored(console_services, judge, case, 4.0)
    console_services.judges.deactivate(judge.judge_id, by="ana")
    view = load_thresholds(console_services, case.case_id, today=utcnow().date())
    assert view.judge_names == {judge.judge_id: "Retired"}
