"""Newer and older: what stands before and after a run in a filtered list."""

from __future__ import annotations

from datetime import date, timedelta

import msgspec
import pytest

from console.data.runs.runs import Runs
from console.data.store.store import Store
from console.records import Run, RunFilter, RunId, Verdict
from tests.support.fakes import FakeClock
from tests.support.seams import Recorder
from tests.support.tier import artifact, results, snapshot, tier


@pytest.fixture
def runs(embedded_store: Store, clock: FakeClock) -> Runs:
    return tier(embedded_store, clock=clock, lag=0).runs


def finished(runs: Runs, score: float = 4.0, **of: str) -> Run:
    run = runs.create(snapshot(**of), artifact(), by="ana")
    return runs.complete(run, results(score), threshold=0.5)


def five(runs: Runs, clock: FakeClock) -> list[Run]:
    """One a minute, oldest first: a pass, a fail, a pass, a fail, a pass."""
    made = []
    for score in (5.0, 1.0, 4.0, 2.0, 3.5):
        made.append(finished(runs, score))
        clock.advance(minutes=1)
    return made


def neighbours(runs: Runs, run: Run, wanted: RunFilter = RunFilter()) -> tuple[RunId | None, RunId | None]:
    """The ids of the newer and the older one."""
    found = (runs.neighbour(run, wanted, newer=newer) for newer in (True, False))
    newer, older = (row.run_id if row else None for row in found)
    return newer, older


def test_the_neighbours_of_a_run_are_the_next_in_time(runs: Runs, clock: FakeClock) -> None:
    made = five(runs, clock)
    assert neighbours(runs, made[2]) == (made[3].run_id, made[1].run_id)


def test_the_ends_of_the_list_have_no_neighbour(runs: Runs, clock: FakeClock) -> None:
    made = five(runs, clock)
    assert neighbours(runs, made[4]) == (None, made[3].run_id)
    assert neighbours(runs, made[0]) == (made[1].run_id, None)


def test_a_filter_is_kept_to(runs: Runs, clock: FakeClock) -> None:
    made = five(runs, clock)
    passes = RunFilter(verdict=Verdict.PASS)
    assert neighbours(runs, made[2], passes) == (made[4].run_id, made[0].run_id)


def test_a_run_outside_of_the_filter_has_neighbours_inside(runs: Runs, clock: FakeClock) -> None:
    made = five(runs, clock)
    passes = RunFilter(verdict=Verdict.PASS, case_id="case-1")
    assert neighbours(runs, made[1], passes) == (made[2].run_id, made[0].run_id)


def test_days_that_end_before_the_run_have_no_newer_one(runs: Runs, clock: FakeClock) -> None:
    made = five(runs, clock)
    yesterday = clock.now.date() - timedelta(days=1)
    assert runs.neighbour(made[2], RunFilter(first_day=date(2026, 1, 1), last_day=yesterday), newer=True) is None
    assert runs.neighbour(made[2], RunFilter(first_day=clock.now.date() + timedelta(days=1)), newer=False) is None


def test_runs_of_one_moment_are_gone_through_one_by_one(runs: Runs) -> None:
    made = [finished(runs) for _ in range(12)]
    walked = [made[0]]
    while found := runs.neighbour(walked[-1], newer=True):
        walked.append(runs.get(found.run_id))
    assert [run.run_id for run in walked] == [run.run_id for run in made]
    assert neighbours(runs, made[11]) == (None, made[10].run_id)


def test_a_neighbour_costs_one_query_of_three_rows(embedded_store: Store, runs: Runs, clock: FakeClock) -> None:
    made = five(runs, clock)
    recorder = Recorder(embedded_store.client)
    embedded_store.client = recorder
    runs.neighbour(made[2], RunFilter(case_id="case-1"), newer=True)
    assert recorder.operations == ["query"]
    assert recorder.requests[0][1]["Limit"] == 3


def test_what_this_process_wrote_a_moment_ago_is_a_neighbour(embedded_store: Store, clock: FakeClock) -> None:
    runs = tier(embedded_store, clock=clock).runs
    first = finished(runs)
    clock.advance(minutes=1)
    pending = runs.create(snapshot(), artifact(), by="ana")
    assert neighbours(runs, first) == (pending.run_id, None)


def test_a_run_of_an_earlier_system_has_a_place_too(runs: Runs, clock: FakeClock) -> None:
    made = five(runs, clock)
    named = msgspec.structs.replace(made[2], run_id="run-abc")
    assert neighbours(runs, named) == (made[3].run_id, made[2].run_id)
