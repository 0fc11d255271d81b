"""Arithmetic over rollups."""

from __future__ import annotations

from datetime import date

import pytest

from console.actions.runs import totals
from console.records import Rollup, RunStatus, RunSummary, Verdict, utcnow
from tests.support.tier import bins_of

MONDAY = date(2026, 3, 2)


def rollup(day: date = MONDAY, judge: str = "j", **sums: object) -> Rollup:
    return Rollup(day=day, case_id="c", judge_id=judge, model="m", **sums)


def test_an_empty_tally_has_no_rates_and_no_means() -> None:
    empty = totals.total([])
    assert empty.runs == 0
    assert (empty.success_rate, empty.pass_rate, empty.mean, empty.deviation, empty.mean_seconds) == (None,) * 5


def test_failed_runs_count_for_the_success_rate_only() -> None:
    tally = totals.total([rollup(completed=3, failed=1, passed=2, rejected=1, normalized=1.5)])
    assert tally.runs == 4
    assert tally.success_rate == 0.75
    assert tally.pass_rate == pytest.approx(2 / 3)
    assert tally.mean == 0.5


def test_the_deviation_is_that_of_the_sample() -> None:
    tally = totals.total([rollup(completed=2, normalized=1.25, squared=1.0625)])
    assert tally.deviation == pytest.approx(0.5303300858)


def test_one_score_has_no_deviation() -> None:
    assert totals.total([rollup(completed=1, normalized=0.5, squared=0.25)]).deviation is None


def test_equal_scores_deviate_by_nothing_in_spite_of_rounding() -> None:
    tally = totals.total([rollup(completed=3, normalized=0.3, squared=0.03 - 1e-18)])
    assert tally.deviation == pytest.approx(0.0, abs=1e-8)


def test_the_mean_duration_leaves_out_runs_without_one() -> None:
    assert totals.total([rollup(completed=3, seconds=4.0, timed=2)]).mean_seconds == 2.0


def test_judges_are_counted_once() -> None:
    rows = [rollup(judge="a", completed=1), rollup(judge="a", failed=1), rollup(judge="b", completed=1)]
    assert totals.total(rows).judges == {"a", "b"}


def test_every_day_of_the_range_has_an_entry() -> None:
    days = totals.by_day([rollup(date(2026, 3, 3), completed=1)], MONDAY, date(2026, 3, 4))
    assert {day.day: tally.completed for day, tally in days.items()} == {2: 0, 3: 1, 4: 0}


def test_weeks_begin_on_monday() -> None:
    rows = [rollup(date(2026, 3, 8), completed=1), rollup(date(2026, 3, 9), completed=2)]
    weeks = totals.by_week(rows, date(2026, 3, 5), date(2026, 3, 10))
    assert {day: tally.completed for day, tally in weeks.items()} == {MONDAY: 1, date(2026, 3, 9): 2}


@pytest.mark.parametrize(
    ("bins", "share", "score"),
    [({50: 4}, 0.5, 0.505), ({0: 1, 99: 1}, 0.5, 0.01), ({100: 3}, 0.5, 1.0), ({10: 1, 20: 1}, 1.0, 0.21)],
)
def test_percentiles_are_read_off_the_bins(bins: dict[int, int], share: float, score: float) -> None:
    assert totals.percentile(bins_of(bins), share) == pytest.approx(score)


def test_no_bins_have_no_percentile() -> None:
    assert totals.percentile(bins_of({}), 0.5) is None


def test_a_score_of_exactly_one_is_in_the_last_bar() -> None:
    assert totals.histogram(bins_of({0: 1, 49: 2, 50: 3, 100: 4}), 2) == [(0.0, 0.5, 3), (0.5, 1.0, 7)]


def test_listed_runs_make_the_same_counts_as_their_rollups() -> None:
    done = RunSummary(
        run_id=1,
        started_at=utcnow(),
        status=RunStatus.COMPLETED,
        evaluation_status=Verdict.PASS,
        final_score=4.0,
        final_score_normalized=0.75,
        execution_time_seconds=2.0,
    )
    failed = RunSummary(run_id=2, started_at=utcnow(), status=RunStatus.FAILED)
    running = RunSummary(run_id=3, started_at=utcnow(), status=RunStatus.RUNNING)
    tally = totals.total(totals.rollups_of([done, failed, running]))
    assert (tally.completed, tally.failed, tally.passed, tally.mean, tuple(tally.bins)) == (
        1,
        1,
        1,
        0.75,
        bins_of({75: 1}),
    )
