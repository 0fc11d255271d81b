"""A batch that can be seen is whole, one worker has it at a time, and the lists are right."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime

import pytest

from console.data.batches.batches import Batches
from console.data.cache.cache import Cache
from console.data.runs.runs import Runs
from console.data.store import tables
from console.data.store.client import make_client
from console.data.store.store import Store
from console.errors import BatchTaken, ConflictError, InvalidInput, NotFound, TooLarge, UnsavedItems
from console.records import Artifact, Batch, BatchRow, BatchState, Page, RowState, RunFilter
from tests.conftest import new_store
from tests.support.fakes import FakeClock, incompressible
from tests.support.faults.proxy import FaultProxy, Faults

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOON)


@pytest.fixture
def batches(store: Store, clock: FakeClock) -> Batches:
    return Batches(store, clock=clock)


@pytest.fixture
def embedded(embedded_store: Store, clock: FakeClock) -> Batches:
    return Batches(embedded_store, clock=clock)


@pytest.fixture
def proxy(engine_endpoint: str) -> Iterator[FaultProxy]:
    with FaultProxy(engine_endpoint, seed=4) as running:
        yield running


@pytest.fixture
def unreliable(proxy: FaultProxy, clock: FakeClock) -> Iterator[Batches]:
    """On the embedded engine, through the proxy."""
    with closing(make_client("us-east-1", proxy.endpoint)) as client:
        yield Batches(new_store(client), clock=clock)


def artifacts(*texts: str) -> list[Artifact]:
    return [Artifact(evaluation_target=text) for text in texts]


def create(batches: Batches, *texts: str, name: str = "Nightly") -> Batch:
    return batches.create(name, "judge-1", artifacts(*texts or ("one", "two", "three")), by="ada")


def names(page: Page[Batch]) -> list[str]:
    return [batch.name for batch in page.items]


def numbers(page: Page[BatchRow]) -> list[int]:
    return [row.number for row in page.items]


def stored(batches: Batches) -> int:
    return len(list(batches._store.scan(tables.RUNS)))


# --- creating ------------------------------------------------------------------------------------------


def test_a_batch_is_ready_with_its_rows_in_the_order_of_the_input(batches: Batches) -> None:
    rows = [
        Artifact(evaluation_target="first", expected_output="reference", metadata={"line": 1, "x": 1.0}),
        Artifact(evaluation_target=""),
    ]
    made = batches.create(" Nightly ", "judge-1", rows, by="ada", settings={"concurrency": 16})
    assert batches.get(made.batch_id) == made
    assert (made.name, made.judge_id, made.state, made.total) == ("Nightly", "judge-1", BatchState.READY, 2)
    assert (made.created_on, made.created_by, made.settings) == (NOON, "ada", {"concurrency": 16})
    read = batches.rows(made.batch_id)
    assert [row.artifact for row in read.items] == rows
    assert [row.state for row in read.items] == [RowState.PENDING, RowState.PENDING]
    assert (numbers(read), read.cursor) == ([1, 2], None)


def test_rows_are_taken_as_they_are_written_and_progress_is_told(embedded: Batches) -> None:
    told: list[int] = []
    made = embedded.create(
        "Long", "judge-1", (Artifact(evaluation_target=f"{n}") for n in range(250)), by="ada", on_saved=told.append
    )
    assert made.total == 250
    assert told == [100, 200, 250]


def test_long_rows_come_back_whole(batches: Batches) -> None:
    text = incompressible(300_000)
    made = create(batches, "short", text, text)
    assert [row.artifact.evaluation_target for row in batches.rows(made.batch_id).items] == ["short", text, text]


@pytest.mark.parametrize(
    ("rows", "error", "advice"),
    [
        ([], InvalidInput, "no rows"),
        (artifacts("fine", "broken \ud800"), InvalidInput, "Row 2: .*broken character"),
        ([*artifacts("x" * 10) * 150, *artifacts("x" * 10_485_761)], TooLarge, "Row 151: .*10,485,760"),
        ([Artifact(evaluation_target="", metadata={"x": float("nan")})], InvalidInput, "Row 1: "),
    ],
    ids=["empty", "broken", "too-long", "nan"],
)
def test_a_batch_with_a_bad_row_is_refused_and_leaves_nothing(
    embedded: Batches, rows: list[Artifact], error: type[Exception], advice: str
) -> None:
    with pytest.raises(error, match=advice):
        embedded.create("Nightly", "judge-1", rows, by="ada")
    assert stored(embedded) == 0


def test_more_rows_than_the_limit_are_refused(embedded: Batches, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("console.data.batches.rows.ROWS_LIMIT", 2)
    with pytest.raises(TooLarge, match="at most 2 rows"):
        create(embedded, "one", "two", "three")
    assert stored(embedded) == 0


@pytest.mark.parametrize("name", ["", "  ", "x" * 201, "\ud800"])
def test_a_batch_needs_a_name_that_fits(embedded: Batches, name: str) -> None:
    with pytest.raises(InvalidInput):
        create(embedded, name=name)


def test_settings_that_do_not_fit_an_item_are_refused(embedded: Batches) -> None:
    with pytest.raises(TooLarge, match="settings"):
        embedded.create("x", "judge-1", artifacts("x"), by="ada", settings={"x": incompressible(300_000)})
    assert stored(embedded) == 0


@pytest.mark.parametrize("batch_id", ["missing", "", "a b", "\ud800", "x" * 3_000])
def test_an_unknown_batch_is_not_found(embedded: Batches, batch_id: str) -> None:
    with pytest.raises(NotFound):
        embedded.get(batch_id)
    with pytest.raises(NotFound):
        embedded.claim(batch_id, "w1", 60)
    with pytest.raises(NotFound):
        embedded.extend(batch_id, "w1", 60)
    with pytest.raises(NotFound):
        embedded.release(batch_id, "w1")
    with pytest.raises(NotFound):
        embedded.set_state(batch_id, BatchState.CANCELLED)


# --- listing -------------------------------------------------------------------------------------------


def test_batches_made_at_one_moment_come_in_pages_once_each(embedded: Batches) -> None:
    for name in ("a", "b", "c", "d", "e"):
        create(embedded, name=name)
    first = embedded.list(limit=2)
    second = embedded.list(limit=2, cursor=first.cursor)
    third = embedded.list(limit=2, cursor=second.cursor)
    assert sorted(names(first) + names(second) + names(third)) == ["a", "b", "c", "d", "e"]
    assert third.cursor is None


def test_a_batch_is_in_no_list_of_runs(batches: Batches) -> None:
    create(batches)
    runs = Runs(batches._store, Cache(batches._store))
    assert runs.list().items == []
    assert runs.list(RunFilter(judge_id="judge-1")).items == []


def test_rows_come_in_pages(batches: Batches) -> None:
    made = create(batches, "a", "b", "c", "d", "e")
    first = batches.rows(made.batch_id, limit=2)
    second = batches.rows(made.batch_id, limit=2, cursor=first.cursor)
    third = batches.rows(made.batch_id, limit=2, cursor=second.cursor)
    assert (numbers(first), numbers(second), numbers(third)) == ([1, 2], [3, 4], [5])
    assert third.cursor is None


@pytest.mark.parametrize("cursor", ["eyJuIjoiMSJ9", "eyJ0IjoxfQ", "x"])
def test_a_foreign_cursor_and_a_page_without_rows_are_refused(embedded: Batches, cursor: str) -> None:
    made = create(embedded)
    with pytest.raises(InvalidInput, match="first page"):
        embedded.rows(made.batch_id, cursor=cursor)
    with pytest.raises(InvalidInput):
        embedded.rows(made.batch_id, limit=0)


# --- the lease -----------------------------------------------------------------------------------------


def test_a_claimed_batch_is_refused_to_another_worker_by_name_and_time(batches: Batches) -> None:
    made = create(batches)
    claimed = batches.claim(made.batch_id, "worker-1", 60)
    assert (claimed.lease_owner, claimed.lease_until) == ("worker-1", datetime(2026, 3, 1, 12, 1, tzinfo=UTC))
    with pytest.raises(BatchTaken, match="worker-1 works on the batch until 2026-03-01 12:01:00 UTC") as refused:
        batches.claim(made.batch_id, "worker-2", 60)
    assert isinstance(refused.value, ConflictError)
    assert refused.value.changed_by == "worker-1"


def test_a_worker_claims_its_own_batch_again(embedded: Batches, clock: FakeClock) -> None:
    made = create(embedded)
    embedded.claim(made.batch_id, "worker-1", 60)
    clock.advance(seconds=30)
    assert embedded.claim(made.batch_id, "worker-1", 60).lease_until == datetime(2026, 3, 1, 12, 1, 30, tzinfo=UTC)


def test_a_lapsed_lease_goes_to_whoever_asks_and_the_first_worker_finds_out(batches: Batches, clock: FakeClock) -> None:
    made = create(batches)
    batches.claim(made.batch_id, "worker-1", 60)
    clock.advance(seconds=60)
    assert batches.claim(made.batch_id, "worker-2", 60).lease_owner == "worker-2"
    with pytest.raises(BatchTaken, match="worker-2"):
        batches.extend(made.batch_id, "worker-1", 60)


def test_a_lapsed_lease_that_nobody_took_can_be_prolonged(embedded: Batches, clock: FakeClock) -> None:
    made = create(embedded)
    embedded.claim(made.batch_id, "worker-1", 60)
    clock.advance(minutes=5)
    assert embedded.extend(made.batch_id, "worker-1", 60).lease_until == datetime(2026, 3, 1, 12, 6, tzinfo=UTC)


def test_a_released_batch_is_free_and_cannot_be_prolonged(batches: Batches) -> None:
    made = create(batches)
    batches.claim(made.batch_id, "worker-1", 60)
    batches.release(made.batch_id, "worker-1")
    assert batches.get(made.batch_id).lease_owner is None
    with pytest.raises(BatchTaken, match="Nobody works on the batch now"):
        batches.extend(made.batch_id, "worker-1", 60)
    assert batches.claim(made.batch_id, "worker-2", 60).lease_owner == "worker-2"


def test_releasing_what_another_worker_has_changes_nothing(embedded: Batches) -> None:
    made = create(embedded)
    embedded.claim(made.batch_id, "worker-1", 60)
    embedded.release(made.batch_id, "worker-2")
    assert embedded.get(made.batch_id).lease_owner == "worker-1"


def test_of_many_workers_at_once_one_gets_the_batch(embedded: Batches) -> None:
    made = create(embedded)

    def claim(number: int) -> str:
        try:
            return embedded.claim(made.batch_id, f"worker-{number}", 60).lease_owner or ""
        except BatchTaken as error:
            return error.changed_by

    with ThreadPoolExecutor(8) as pool:
        owners = set(pool.map(claim, range(16)))
    assert owners == {embedded.get(made.batch_id).lease_owner}


def test_a_cancelled_batch_tells_its_worker_and_can_be_resumed(batches: Batches) -> None:
    made = create(batches)
    batches.claim(made.batch_id, "worker-1", 60)
    batches.set_state(made.batch_id, BatchState.RUNNING)
    batches.set_state(made.batch_id, BatchState.CANCELLED)
    assert batches.extend(made.batch_id, "worker-1", 60).state is BatchState.CANCELLED
    assert batches.set_state(made.batch_id, BatchState.RUNNING).state is BatchState.RUNNING


@pytest.mark.parametrize("state", [BatchState.READY, BatchState.RUNNING, BatchState.CANCELLED])
def test_a_finished_batch_stays_finished(embedded: Batches, state: BatchState) -> None:
    made = create(embedded)
    embedded.set_state(made.batch_id, BatchState.FINISHED)
    with pytest.raises(InvalidInput, match="is finished"):
        embedded.set_state(made.batch_id, state)
    assert embedded.set_state(made.batch_id, BatchState.FINISHED).state is BatchState.FINISHED


# --- a bad day -----------------------------------------------------------------------------------------


def test_lost_acknowledgements_neither_repeat_nor_refuse_anything(unreliable: Batches, proxy: FaultProxy) -> None:
    proxy.plan(Faults(lost=1.0), {"PutItem"}, times=1)
    made = create(unreliable)
    proxy.plan(Faults(lost=1.0), {"UpdateItem"}, times=1)
    unreliable.claim(made.batch_id, "worker-1", 60)
    proxy.plan(Faults(lost=1.0), {"UpdateItem"}, times=1)
    unreliable.release(made.batch_id, "worker-1")
    assert (proxy.counts["PutItem", "lost"], proxy.counts["UpdateItem", "lost"]) == (1, 2)
    assert unreliable.get(made.batch_id).lease_owner is None


def test_a_batch_whose_rows_are_not_all_saved_is_not_seen(unreliable: Batches, proxy: FaultProxy) -> None:
    proxy.plan(Faults(error=1.0), {"BatchWriteItem"})
    impatient = Batches(unreliable._store.patient(0.3))
    with pytest.raises(UnsavedItems):
        create(impatient)
    proxy.clear()
    assert impatient.list().items == []


def test_the_writer_sees_its_batch_although_the_index_lags(unreliable: Batches, proxy: FaultProxy) -> None:
    create(unreliable, name="old")
    other = Batches(unreliable._store, clock=unreliable._clock)
    proxy.stale_indexes(30.0)
    create(other, name="new")
    assert names(Batches(unreliable._store).list()) == ["old"]
    assert sorted(names(other.list())) == ["new", "old"]
