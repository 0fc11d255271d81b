"""Rollups say what a count of the runs says, whoever finishes what and when."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest

from console.data.runs.rollups.recount import rebuild, verify
from console.data.runs.rollups.rollups import item_key
from console.data.store import tables
from console.data.store.requests import Delete, Put, Update
from console.data.store.store import Store
from console.errors import StoreError
from console.records import Rollup, TokenUsage, bin_of
from tests.support.fakes import FakeClock
from tests.support.faults.proxy import FaultProxy, Faults
from tests.support.old_items import old_run
from tests.support.seams import Recorder, Ticks
from tests.support.tier import (
    Tier,
    artifact,
    bins_of,
    completed,
    items_of,
    recount,
    results,
    said,
    snapshot,
    stored_runs,
    tier,
)

TODAY = date(2026, 3, 10)
EVER = (date(2025, 1, 1), date(2026, 12, 31))


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(datetime(2026, 3, 10, 12, 0, tzinfo=UTC))


@pytest.fixture
def ticks() -> Ticks:
    return Ticks()


@pytest.fixture
def here(store: Store, clock: FakeClock, ticks: Ticks) -> Tier:
    return tier(store, clock=clock, ticks=ticks)


@pytest.fixture
def elsewhere(store: Store, clock: FakeClock, ticks: Ticks) -> Tier:
    """Another process."""
    return tier(store, clock=clock, ticks=ticks)


def test_finishing_a_run_counts_it(here: Tier, elsewhere: Tier) -> None:
    completed(here.runs, 4.0, threshold=0.5)
    (rollup,) = elsewhere.rollups.read(TODAY, TODAY)
    assert rollup == Rollup(
        day=TODAY,
        case_id="case-1",
        judge_id="judge-1",
        model="gpt-4o",
        completed=1,
        passed=1,
        score=4.0,
        normalized=0.75,
        squared=0.5625,
        tokens=120,
        seconds=0.75,
        cost=0.001,
        timed=1,
        weighted=1,
        bins=bins_of({75: 1}),
    )


def test_a_failed_run_is_counted_and_has_no_part_in_the_sums(here: Tier, elsewhere: Tier) -> None:
    here.runs.fail(here.runs.create(snapshot(), artifact(), by="ana"), "no")
    (rollup,) = elsewhere.rollups.read(TODAY, TODAY)
    assert rollup == Rollup(day=TODAY, case_id="case-1", judge_id="judge-1", model="gpt-4o", failed=1)


def test_a_run_that_is_not_finished_is_not_counted(here: Tier, elsewhere: Tier) -> None:
    here.runs.start(here.runs.create(snapshot(), artifact(), by="ana"))
    assert elsewhere.rollups.read(*EVER) == []


@pytest.mark.parametrize(
    ("normalized", "place"),
    [
        (0.0, 0),
        (0.0099, 0),
        (0.01, 1),
        (0.29, 29),
        (0.57, 57),
        (0.58, 58),
        (0.999, 99),
        (1.0, 100),
        (-0.5, 0),
        (1.5, 100),
    ],
)
def test_a_score_falls_into_the_bin_that_begins_at_or_below_it(normalized: float, place: int) -> None:
    assert bin_of(normalized) == place


def test_rollups_equal_a_recount_after_mixed_finishing(store: Store, clock: FakeClock) -> None:
    processes = [tier(store, clock=clock), tier(store, clock=clock)]
    scores = (1.0, 1.1, 2.345678901, 3.0, 3.3, 4.999999, 5.0, 4.0)
    for number in range(24):
        clock.now = datetime(2026, 1, 30, 23, 59, tzinfo=UTC) + timedelta(hours=7 * number)
        runs = processes[number % 2].runs
        frozen = snapshot(f"judge-{number % 3}", f"case#{number % 2}", ("gpt-4o", "llama#3%", "")[number % 3])
        run = runs.create(frozen, artifact(), by="ana")
        clock.advance(hours=30 * (number % 5))
        if number % 6 == 5:
            runs.fail(run, "no")
        elif number % 7 != 6:
            found = msgspec.structs.replace(
                results(scores[number % 8]),
                cost=None if number % 2 else 0.1,
                token_usage=TokenUsage(total=number),
                execution_time_seconds=None if number % 3 else 0.1,
            )
            runs.complete(run, found, threshold=number / 24)
    expected = recount(stored_runs(store, tier(store)))
    assert len(expected) > 10
    for process in (*processes, tier(store)):
        assert said(process.rollups.read(*EVER)) == expected
    assert verify(store) == []


def test_a_range_of_days_reads_those_days(here: Tier, elsewhere: Tier, clock: FakeClock) -> None:
    for day in (
        datetime(2025, 12, 31, tzinfo=UTC),
        datetime(2026, 1, 1, tzinfo=UTC),
        datetime(2026, 2, 28, tzinfo=UTC),
    ):
        clock.now = day
        completed(here.runs)
    clock.now = datetime(2026, 3, 1, tzinfo=UTC)
    completed(here.runs)

    def days(first: date, last: date) -> list[date]:
        return [rollup.day for rollup in elsewhere.rollups.read(first, last)]

    assert days(*EVER) == [date(2025, 12, 31), date(2026, 1, 1), date(2026, 2, 28), date(2026, 3, 1)]
    assert days(date(2026, 1, 1), date(2026, 2, 28)) == [date(2026, 1, 1), date(2026, 2, 28)]
    assert days(date(2026, 3, 1), date(2026, 3, 1)) == [date(2026, 3, 1)]
    assert days(date(2026, 3, 2), date(2026, 3, 1)) == []
    assert days(date(2026, 1, 2), date(2026, 2, 27)) == []


def test_the_first_day_is_the_earliest_with_a_rollup(here: Tier, clock: FakeClock, ticks: Ticks) -> None:
    assert here.rollups.first_day() is None
    clock.now = datetime(2025, 11, 30, 23, 59, tzinfo=UTC)
    completed(here.runs)
    clock.now = datetime(2026, 3, 10, tzinfo=UTC)
    completed(here.runs)
    ticks.advance(61)
    assert here.rollups.first_day() == date(2025, 11, 30)


def test_the_first_day_may_be_years_back(here: Tier, clock: FakeClock) -> None:
    clock.now = datetime(2019, 5, 5, tzinfo=UTC)
    completed(here.runs)
    clock.now = datetime(2026, 3, 10, tzinfo=UTC)
    assert here.rollups.first_day() == date(2019, 5, 5)


# --- conflicts ---------------------------------------------------------------------------------------


def shards(store: Store) -> set[str]:
    return {item["sortKey"]["S"].rsplit("#", 1)[1] for item in items_of(store, prefix="ROLLUP#")}


def test_without_conflicts_a_day_is_one_item(here: Tier, store: Store) -> None:
    for _ in range(5):
        completed(here.runs)
    assert shards(store) == {"0"}


def test_after_a_conflict_a_run_is_counted_on_another_shard_and_the_sum_is_right(
    unreliable: tuple[Store, FaultProxy], embedded_store: Store
) -> None:
    store, proxy = unreliable
    process = tier(store)
    for number in range(20):
        proxy.plan(Faults(conflict=1.0), {"TransactWriteItems"}, times=number % 3)
        completed(process.runs, 1 + number / 5)
    assert len(shards(embedded_store)) > 3
    fresh = tier(embedded_store)
    assert said(fresh.rollups.read(*_around_now())) == recount(stored_runs(embedded_store, fresh))
    (rollup,) = fresh.rollups.read(*_around_now())
    assert rollup.completed == 20


def test_runs_that_finish_at_the_same_time_are_all_counted_once(
    unreliable: tuple[Store, FaultProxy], embedded_store: Store
) -> None:
    store, proxy = unreliable
    proxy.plan(Faults(conflict=0.2, lost=0.1, throttle=0.1, error=0.05, reset=0.05))
    process = tier(store)
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda number: completed(process.runs, 1 + number % 5), range(150)))
    fresh = tier(embedded_store)
    assert said(fresh.rollups.read(*_around_now())) == recount(stored_runs(embedded_store, fresh))
    assert sum(rollup.completed for rollup in fresh.rollups.read(*_around_now())) == 150
    assert verify(embedded_store) == []


def _around_now() -> tuple[date, date]:
    now = datetime.now(UTC).date()
    return now - timedelta(days=1), now + timedelta(days=1)


# --- what other processes see ------------------------------------------------------------------------


def test_today_and_yesterday_are_read_each_time(here: Tier, elsewhere: Tier, clock: FakeClock) -> None:
    for counted in (1, 2):
        completed(here.runs)
        assert sum(one.completed for one in elsewhere.rollups.read(*EVER)) == counted
    clock.advance(days=1)
    completed(here.runs)
    assert [one.completed for one in elsewhere.rollups.read(*EVER)] == [2, 1]


def test_an_old_day_that_changes_late_shows_within_a_second_where_it_was_cached(
    here: Tier, elsewhere: Tier, clock: FakeClock, ticks: Ticks
) -> None:
    late = here.runs.create(snapshot(), artifact(), by="ana")
    completed(here.runs)
    clock.advance(days=20)
    assert [one.completed for one in elsewhere.rollups.read(*EVER)] == [1]
    here.runs.complete(late, results(), threshold=0.5)
    assert [one.completed for one in here.rollups.read(*EVER)] == [2]
    ticks.advance(1.0)
    assert [one.completed for one in elsewhere.rollups.read(*EVER)] == [2]


def test_an_import_into_an_old_day_shows_within_a_second_where_it_was_cached(
    here: Tier, elsewhere: Tier, clock: FakeClock, ticks: Ticks
) -> None:
    done = completed(here.runs)
    clock.advance(days=20)
    assert [one.completed for one in elsewhere.rollups.read(*EVER)] == [1]
    assert here.runs.import_finished(msgspec.structs.replace(done, run_id=99), "key")
    here.runs.announce()
    ticks.advance(1.0)
    assert [one.completed for one in elsewhere.rollups.read(*EVER)] == [2]


def test_what_reading_costs_does_not_grow_with_the_runs(store: Store, clock: FakeClock) -> None:
    recorder = Recorder(store.client)
    process = tier(Store(recorder, prefix=store.prefix), clock=clock)

    def cost(ask: Callable[[], Any]) -> list[Any]:
        recorder.requests.clear()
        ask()
        return sorted(partition for _, partition in recorder.queried)

    months = ["ROLLUP#2026-01", "ROLLUP#2026-02", "ROLLUP#2026-03", "ROLLUP#2026-03"]
    for _ in range(30):
        completed(process.runs)
    assert cost(lambda: process.rollups.read(date(2026, 1, 10), TODAY)) == months
    assert cost(lambda: process.rollups.read(date(2026, 1, 1), TODAY)) == ["ROLLUP#2026-03"]


# --- recounting --------------------------------------------------------------------------------------


def test_a_damaged_rollup_is_found_and_made_equal_to_the_runs(here: Tier, store: Store, ticks: Ticks) -> None:
    completed(here.runs, 4.0)
    completed(here.runs, 2.0, judge_id="judge-2")
    completed(here.runs, 5.0, judge_id="judge-3")
    key = (TODAY, "case-1", "judge-1", "gpt-4o")
    store.write(Update(tables.RUNS, item_key(key, 7), adds={"completed": 1, "score": 0.5, "h3": 1}))
    store.write(Update(tables.RUNS, item_key((TODAY, "case-1", "nobody", "gpt-4o"), 0), adds={"failed": 2}))
    store.write(Delete(tables.RUNS, item_key((TODAY, "case-1", "judge-3", "gpt-4o"), 0)))
    assert {(difference.key[2]) for difference in verify(store)} == {"judge-1", "nobody", "judge-3"}
    assert rebuild(store) == 3
    assert verify(store) == []
    fresh = tier(store, clock=FakeClock())
    known = said(one for one in fresh.rollups.read(TODAY, TODAY) if one.completed or one.failed)
    assert known == recount(stored_runs(store, fresh))


def test_rebuilding_what_is_right_writes_nothing(here: Tier, store: Store) -> None:
    completed(here.runs)
    before = items_of(store)
    assert rebuild(store) == 0
    assert items_of(store) == before


def test_runs_of_an_earlier_system_are_counted_by_a_rebuild(here: Tier, store: Store) -> None:
    store.write(Put(tables.RUNS, old_run()))
    assert rebuild(store) == 1
    (rollup,) = here.rollups.read(date(2025, 8, 3), date(2025, 8, 3))
    assert (rollup.completed, rollup.passed, rollup.score, rollup.bins) == (1, 1, 2.5, bins_of({75: 1}))


def test_modes_that_were_not_counted_yet_are_no_difference_and_are_filled_in(here: Tier, store: Store) -> None:
    completed(here.runs, 4.0)
    completed(here.runs, 2.0)
    key = item_key((TODAY, "case-1", "judge-1", "gpt-4o"), 0)
    store.write(Update(tables.RUNS, key, adds={"weighted": -1}))
    assert verify(store) == []
    assert rebuild(store) == 1
    assert [rollup.weighted for rollup in here.rollups.read(TODAY, TODAY)] == [2]


def test_a_mode_that_is_counted_too_often_is_a_difference(here: Tier, store: Store) -> None:
    completed(here.runs, 4.0)
    store.write(Update(tables.RUNS, item_key((TODAY, "case-1", "judge-1", "gpt-4o"), 0), adds={"stated": 1}))
    assert len(verify(store)) == 1


def test_rebuilding_while_runs_finish_loses_none(embedded_store: Store) -> None:
    process = tier(embedded_store)
    for number in range(5):
        completed(process.runs, judge_id=f"judge-{number}")
    for item in items_of(embedded_store, prefix="ROLLUP#"):
        key = (item["partitionKey"]["S"], item["sortKey"]["S"])
        embedded_store.write(Update(tables.RUNS, key, adds={"completed": 1}))
    with ThreadPoolExecutor(5) as pool:
        writers = [
            pool.submit(lambda of=of: [completed(process.runs, judge_id=f"judge-{of}") for _ in range(20)])
            for of in range(4)
        ]
        with suppress(StoreError):  # runs may finish faster than it can follow
            rebuild(embedded_store)
        for writer in writers:
            writer.result()
    rebuild(embedded_store)
    assert verify(embedded_store) == []
    assert said(process.rollups.read(*_around_now())) == recount(stored_runs(embedded_store, process))
