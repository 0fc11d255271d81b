"""Runs that are spread over shards: the same lists, cursors, neighbours and counts, before, during and after a move."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from console.data.runs.ids import RunIds
from console.data.runs.items import gathered_keys
from console.data.runs.moving import establish, move
from console.data.runs.rollups.cells import Counting
from console.data.runs.rollups.recount import rebuild, verify
from console.data.store import tables
from console.data.store.shards import LAYOUT_KEY, Layout, layout_of
from console.data.store.store import Store
from console.data.store.sweep import Pace, Position, sweep
from console.errors import InvalidInput
from console.records import RunFilter, RunStatus
from tests.data.runs.test_lists import (  # noqa: F401 - the same tests, on another store
    EIGHT,
    FILTERS,
    NOON,
    put,
    test_a_page_reads_a_bounded_number_of_rows_and_its_cursor_goes_on,
    test_a_run_that_finishes_between_two_pages_is_shown_once,
    test_pages_go_on_where_they_were_while_runs_arrive,
)
from tests.data.runs.test_neighbours import five, neighbours
from tests.support.fakes import FakeClock
from tests.support.seams import Ticks
from tests.support.tier import (
    Tier,
    all_pages,
    artifact,
    completed,
    items_of,
    recount,
    said,
    snapshot,
    stored_runs,
    tier,
)
from tests.support.vectors import unit_rows

TODAY = date(2026, 3, 10)


@pytest.fixture
def store(embedded_store: Store) -> Store:
    """Of four shards."""
    assert establish(embedded_store, 4).shards == 4
    return embedded_store


def at_once(_seconds: float) -> None:
    """Nobody else is there to be waited for."""


SOME = [FILTERS[place] for place in (0, 1, 2, 3, 14)]


def lists(store: Store, filters: list[Any] = SOME) -> list[list[int]]:
    """What each filter shows."""
    return [all_pages(tier(store).runs, wanted, limit=3) for wanted, _ in filters]


def test_every_filter_shows_the_same_runs(store: Store) -> None:
    put(store, EIGHT)
    assert lists(store, FILTERS) == [ids for _, ids in FILTERS]


def test_runs_lie_under_keys_of_their_own_and_read_as_they_were_made(store: Store, here: Tier) -> None:
    run = here.runs.start(here.runs.create(snapshot(), artifact(), by="ana"))
    (item,) = items_of(store, prefix="RUN#")
    suffix = store.layout.suffix(run.run_id)
    assert [item[name]["S"] for name in ("status", "judgeId", "caseId", "runDate")] == [
        f"running{suffix}", f"judge-1{suffix}", f"case-1{suffix}", f"2026-03-10{suffix}",
    ]  # fmt: skip
    assert tier(store).runs.get(run.run_id) == run


def test_neighbours_and_labels_and_similar_runs_are_found_across_shards(store: Store, clock: FakeClock) -> None:
    process = tier(store, clock=clock, lag=0)
    made = five(process.runs, clock)
    assert neighbours(process.runs, made[2]) == (made[3].run_id, made[1].run_id)
    for run, vector in zip(made, unit_rows(5), strict=True):
        process.run_vectors.put(run, vector)
        process.labels.save(run, passed=True, by="eva")
    assert [row.run_id for row in process.labels.labelled("case-1").items] == [run.run_id for run in reversed(made)]
    near = process.run_vectors.nearest("case-1", unit_rows(5)[3], 2)
    assert near[0][0].run_id == made[3].run_id
    assert near[0][0].judge_id == "judge-1"


def test_counts_are_spread_and_add_up_to_a_recount(store: Store, here: Tier) -> None:
    for number in range(12):
        completed(here.runs, 1 + number % 5)
        here.runs.spread.shard((TODAY, "case-1", "judge-1", "gpt-4o"), 1)
    partitions = {item[tables.PK]["S"] for item in items_of(store, prefix="ROLLUP#")}
    assert len(partitions) > 1
    assert said(tier(store).rollups.read(TODAY, TODAY)) == recount(stored_runs(store, tier(store)))
    assert verify(store) == []


def test_a_change_of_a_day_that_is_over_is_told_by_any_of_the_tokens(
    store: Store, here: Tier, clock: FakeClock
) -> None:  # fmt: skip
    late = [here.runs.create(snapshot(), artifact(), by="ana") for _ in range(3)]
    clock.advance(days=20)
    ticks = Ticks()
    reader = tier(store, clock=clock, ticks=ticks)
    assert reader.rollups.read(TODAY, TODAY) == []
    for run in late:
        here.runs.fail(run, "no")
    ticks.advance(1.0)
    assert [one.failed for one in reader.rollups.read(TODAY, TODAY)] == [3]


# --- ids -----------------------------------------------------------------------------------------------------


def test_ids_come_in_blocks_unique_across_processes(store: Store) -> None:
    one, other = RunIds(store), RunIds(store)
    taken = [process.take(count) for count in (1, 2, 1) for process in (one, other)]
    assert taken == [1, 101, 2, 102, 4, 104]
    assert (one.take(500), one.take(), one.last()) == (201, 5, 700)
    one.reserve(1_000)
    assert one.take() > 1_000


def test_without_shards_ids_are_dense_unless_a_block_is_set(embedded_store: Store) -> None:
    one, other = RunIds(embedded_store), RunIds(embedded_store)
    assert [one.take(), other.take(), one.take()] == [1, 2, 3]
    assert [RunIds(embedded_store, 10).take(), other.take()] == [4, 14]


# --- from one number to another ------------------------------------------------------------------------------


def test_a_store_with_runs_is_not_spread_by_a_setting(embedded_store: Store) -> None:
    put(embedded_store, EIGHT[:1])
    assert establish(embedded_store, 16) == Layout()
    assert lists(embedded_store)[0] == [1]


def test_runs_move_and_come_back_as_they_were_while_every_step_shows_all(embedded_store: Store) -> None:
    put(embedded_store, EIGHT)
    process = tier(embedded_store, lag=0)
    process.labels.save(process.runs.get(5), passed=True, by="eva")
    before, shown = _runs(embedded_store), lists(embedded_store)
    seen = []

    def look(_seconds: float) -> None:
        embedded_store.shards.forget()
        seen.append(lists(embedded_store))

    assert move(embedded_store, 4, sleep=look) == 8
    assert lists(embedded_store) == shown
    assert [gathered_keys(item) for item in _runs(embedded_store)] == before
    assert move(embedded_store, 4, sleep=look) == 0
    assert move(embedded_store, 1, sleep=look) == 8
    assert _runs(embedded_store) == before
    assert (lists(embedded_store), seen) == (shown, [shown] * 4)


def test_a_run_that_is_in_work_during_the_move_ends_under_its_new_keys(embedded_store: Store) -> None:
    worker = tier(embedded_store, lag=0)
    begun = worker.runs.create(snapshot(), artifact(), by="ana", status=RunStatus.RUNNING)
    move(embedded_store, 4, sleep=at_once)
    done = worker.runs.fail(begun, "no")
    assert all_pages(tier(embedded_store).runs, RunFilter(status=RunStatus.FAILED)) == [done.run_id]
    assert all_pages(tier(embedded_store).runs, RunFilter(status=RunStatus.RUNNING)) == []


def test_a_move_that_was_stopped_goes_on(embedded_store: Store) -> None:
    put(embedded_store, EIGHT)

    def stop(_done: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        move(embedded_store, 4, progress=stop, sleep=at_once)
    assert layout_of(embedded_store.get(tables.RUNS, *LAYOUT_KEY)) == Layout(4, (1,), 4)
    assert lists(embedded_store) == [ids for _, ids in SOME]
    move(embedded_store, 4, sleep=at_once)
    assert layout_of(embedded_store.get(tables.RUNS, *LAYOUT_KEY)) == Layout(4, (), 4)
    assert lists(embedded_store) == [ids for _, ids in SOME]


@pytest.mark.parametrize("shards", [0, -1, 65])
def test_an_impossible_number_of_shards_is_refused(embedded_store: Store, shards: int) -> None:
    with pytest.raises(InvalidInput, match="choose 1 to 64"):
        move(embedded_store, shards)


# --- whole tables --------------------------------------------------------------------------------------------


def test_a_count_that_was_stopped_goes_on_where_it_was(embedded_store: Store, tmp_path: Any) -> None:
    process = tier(embedded_store)
    completed(process.runs)
    file = tmp_path / "count.bin"

    def stop(_done: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        verify(embedded_store, Counting(stop, checkpoint=file))
    assert file.is_file()
    assert verify(embedded_store, Counting(checkpoint=file)) == []
    assert not file.exists()


def test_a_sweep_is_held_to_its_rate_and_reads_each_item_once(embedded_store: Store) -> None:
    put(embedded_store, EIGHT)
    waits: list[float] = []
    found: list[str] = []
    position = Position()
    pace = Pace(2.0, clock=lambda: 0.0, sleep=waits.append)
    sweep(embedded_store, tables.RUNS, lambda items: found.extend(item[tables.PK]["S"] for item in items),
          position=position, pace=pace)  # fmt: skip
    runs = [key for key in found if key.startswith("RUN#")]
    assert (len(runs), len(set(runs)), position.at) == (8, 8, [None] * 4)
    assert max(waits) >= 2.0


def test_a_rollup_of_very_many_shards_is_made_one_item(embedded_store: Store) -> None:
    process = tier(embedded_store, clock=FakeClock(datetime(2026, 3, 10, 12, 0, tzinfo=UTC)))
    completed(process.runs)
    (item,) = items_of(embedded_store, prefix="ROLLUP#")
    sort = item[tables.SK]["S"].removesuffix("#0")
    embedded_store.batch_put(tables.RUNS, [item | {tables.SK: {"S": f"{sort}#{number}"}} for number in range(1, 200)])
    assert rebuild(embedded_store) == 1
    assert len(items_of(embedded_store, prefix="ROLLUP#")) == 1
    assert verify(embedded_store) == []


def _runs(store: Store) -> list[dict[str, Any]]:
    return sorted(
        ({name: value for name, value in item.items() if name != "nonce"} for item in items_of(store, prefix="RUN#")),
        key=lambda item: item[tables.PK]["S"] + item[tables.SK]["S"],
    )
