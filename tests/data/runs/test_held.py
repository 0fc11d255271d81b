"""The newest rows of a list for a minute: read once, with this process's own writes laid over them at once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from console.data.runs import held
from console.data.runs.held import HeldRows
from console.data.store.store import Store
from console.records import RunFilter, RunStatus, RunSummary
from tests.data.runs.test_lists import NOON, put, run
from tests.support.fakes import FakeClock
from tests.support.seams import Recorder
from tests.support.tier import Tier, tier

SCORED = RunFilter(case_id="case-1", status=RunStatus.COMPLETED)
OLD = [run(number, NOON - timedelta(minutes=10 * number), 4.0) for number in range(1, 6)]


class Seconds:
    """A monotonic clock."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Seconds:
    return Seconds()


@pytest.fixture
def here(store: Store) -> Tier:
    return tier(store, clock=FakeClock(NOON))


@pytest.fixture
def newest(here: Tier, clock: Seconds) -> HeldRows:
    rows = HeldRows(here.cache, here.runs.list, lag=10.0, clock=clock)
    here.runs.recent.followers.append(rows.remember)  # type: ignore[attr-defined]
    return rows


def ids(found: tuple[list[RunSummary], bool]) -> list[object]:
    return [row.run_id for row in found[0]]


def test_rows_that_are_known_are_not_read_again(store: Store) -> None:
    put(store, OLD)
    recorder = Recorder(store.client)
    here = tier(Store(recorder, prefix=store.prefix), clock=FakeClock(NOON))  # type: ignore[arg-type]
    first = here.newest_runs.rows(SCORED, 100)
    assert ids(first) == [1, 2, 3, 4, 5]
    assert first[1]
    recorder.requests.clear()
    assert here.newest_runs.rows(SCORED, 100) == first
    assert [operation for operation, _ in recorder.requests if operation == "query"] == []


def test_a_label_of_this_process_shows_at_once(here: Tier, newest: HeldRows, store: Store) -> None:
    put(store, OLD)
    newest.rows(SCORED, 100)
    here.labels.save(here.runs.get(3), score=2.0, passed=None, comment="", by="ana")
    rows, whole = newest.rows(SCORED, 100)
    assert [row.run_id for row in rows if row.labelled] == [3]
    assert (len(rows), whole) == (5, True)


def test_a_label_shows_as_long_as_the_rows_are_kept(here: Tier, newest: HeldRows, store: Store, clock: Seconds) -> None:
    put(store, OLD)
    newest.rows(SCORED, 100)
    here.labels.save(here.runs.get(3), score=2.0, passed=None, comment="", by="ana")
    clock.now += held.KEPT - 1
    assert [row.run_id for row in newest.rows(SCORED, 100)[0] if row.labelled] == [3]


def test_a_run_of_this_process_is_among_them_and_the_oldest_falls_out(
    here: Tier, newest: HeldRows, store: Store
) -> None:
    put(store, OLD)
    assert newest.rows(SCORED, 5)[1]
    here.runs.import_finished(run(9, NOON, 4.0), "nine")
    found = newest.rows(SCORED, 5)
    assert ids(found) == [9, 1, 2, 3, 4]
    assert not found[1]


def test_what_other_processes_wrote_shows_after_a_minute(newest: HeldRows, store: Store, clock: Seconds) -> None:
    put(store, OLD)
    newest.rows(SCORED, 100)
    put(store, [run(9, NOON, 4.0)])
    clock.now += held.KEPT - 1
    assert ids(newest.rows(SCORED, 100)) == [1, 2, 3, 4, 5]
    clock.now += 1
    assert ids(newest.rows(SCORED, 100)) == [9, 1, 2, 3, 4, 5]


def test_what_other_processes_announce_shows_at_once(store: Store) -> None:
    here = tier(store, clock=FakeClock(NOON), interval=0.0)
    elsewhere = tier(store, clock=FakeClock(NOON))
    put(store, OLD)
    here.newest_runs.rows(SCORED, 100)
    elsewhere.runs.import_finished(run(9, NOON, 4.0), "nine")
    elsewhere.runs.announce()
    assert ids(here.newest_runs.rows(SCORED, 100)) == [9, 1, 2, 3, 4, 5]


def test_more_writes_than_are_remembered_make_it_read_again(
    newest: HeldRows, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held, "_WRITES", 2)
    put(store, OLD)
    row = newest.rows(SCORED, 100)[0][0]
    put(store, [run(9, NOON, 4.0)])
    newest.remember(1, row)
    newest.remember(2, None)
    newest.remember(3, None)
    assert ids(newest.rows(SCORED, 100)) == [9, 1, 2, 3, 4, 5]
