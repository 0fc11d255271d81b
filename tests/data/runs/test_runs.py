"""Runs: each comes back whole, whatever its size, and finishes once."""

from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from console.data.runs.items import run_id_of
from console.data.store import tables
from console.data.store.requests import Put
from console.data.store.store import Store
from console.errors import ConflictError, InvalidInput, NotFound, TooLarge
from console.records import Artifact, Label, Results, Run, RunFilter, RunId, RunStatus, TokenUsage, Verdict
from tests.support.fakes import FakeClock
from tests.support.old_items import create_tables_projecting_all, old_run
from tests.support.seams import Recorder
from tests.support.tier import Tier, all_pages, artifact, completed, items_of, results, snapshot, tier

OLD_ID = "3f2c9a54-5c1b-4a8e-9a3e-8f3f1c2d4e5f"
EVERY_CHARACTER = "".join(map(chr, [*range(0xD800), *range(0xE000, 0x110000)]))
"""All of Unicode, 4.4 MB."""


def scattered(size: int, seed: int) -> str:
    """`size` characters of four bytes that compress badly."""
    dice = random.Random(seed)
    return "".join(chr(dice.randrange(0x10000, 0x110000)) for _ in range(size))


# --- the life of a run -------------------------------------------------------------------------------


def test_a_run_comes_back_as_it_was_made(here: Tier, elsewhere: Tier, clock: FakeClock) -> None:
    asked = snapshot(task_introduction="You judge.", parameters={"b": 1, "a": 1.0}, requires_reference=True)
    text = artifact("Paris 😀", expected_output="Paris", metadata={"source": {"row": 7}})
    made = here.runs.create(asked, text, by="ana", document_id="d-1")
    assert made == Run(
        run_id=1,
        status=RunStatus.PENDING,
        started_at=clock.now,
        judge_id="judge-1",
        case_id="case-1",
        judge_snapshot=asked,
        evaluated_artifact=text,
        document_id="d-1",
        created_by="ana",
    )
    assert elsewhere.runs.get(1) == made


def test_a_run_goes_from_pending_over_running_to_completed(here: Tier, elsewhere: Tier, clock: FakeClock) -> None:
    made = here.runs.create(snapshot(), artifact(), by="ana")
    running = here.runs.start(made)
    assert elsewhere.runs.get(1).status is RunStatus.RUNNING
    clock.advance(seconds=5)
    done = here.runs.complete(running, results(4.0), threshold=0.75, metadata={"seed": 7})
    assert elsewhere.runs.get(1) == done
    assert (done.status, done.evaluation_status, done.judged_threshold) == (RunStatus.COMPLETED, Verdict.PASS, 0.75)
    assert (done.completed_at, done.metadata, done.results) == (clock.now, {"seed": 7}, results(4.0))


@pytest.mark.parametrize(
    ("score", "verdict"), [(4.0, Verdict.PASS), (3.999, Verdict.FAIL), (1.0, Verdict.FAIL), (5.0, Verdict.PASS)]
)
def test_a_run_passes_at_the_mark_and_above(here: Tier, elsewhere: Tier, score: float, verdict: Verdict) -> None:
    done = completed(here.runs, score, threshold=0.75)
    assert elsewhere.runs.get(done.run_id).evaluation_status is verdict


def test_a_failed_run_has_no_score_and_says_why(here: Tier, elsewhere: Tier, clock: FakeClock) -> None:
    made = here.runs.create(snapshot(), artifact(), by="ana")
    clock.advance(seconds=5)
    failed = here.runs.fail(made, "The model answered\nnonsense.")
    assert elsewhere.runs.get(1) == failed
    assert (failed.status, failed.results, failed.evaluation_status) == (RunStatus.FAILED, None, Verdict.PENDING)
    assert (failed.error_message, failed.completed_at) == ("The model answered\nnonsense.", clock.now)
    (row,) = elsewhere.runs.list().items
    assert (row.final_score, row.error) == (None, "The model answered")


def test_a_finished_run_does_not_change_any_more(here: Tier, elsewhere: Tier, clock: FakeClock, store: Store) -> None:
    made = here.runs.create(snapshot(), artifact(), by="ana")
    done = here.runs.complete(made, results(), threshold=0.5)
    before = items_of(store)
    for again in (
        lambda: elsewhere.runs.complete(made, results(1.0), threshold=0.5),
        lambda: elsewhere.runs.fail(made, "no"),
        lambda: elsewhere.runs.start(made),
    ):
        with pytest.raises(ConflictError, match="at 2026-03-10 12:00:00 UTC"):
            again()
    assert items_of(store) == before
    assert elsewhere.runs.get(1) == done


def test_of_processes_that_finish_a_run_at_the_same_time_one_does(embedded_store: Store) -> None:
    made = tier(embedded_store).runs.create(snapshot(), artifact(), by="ana")
    together = Barrier(8)

    def finish(number: int) -> int | None:
        runs = tier(embedded_store).runs
        together.wait()
        try:
            runs.complete(made, results(1 + number / 2), threshold=0.5)
        except ConflictError:
            return None
        return number

    with ThreadPoolExecutor(8) as pool:
        (winner,) = [number for number in pool.map(finish, range(8)) if number is not None]
    process = tier(embedded_store)
    assert process.runs.get(1).results == results(1 + winner / 2)
    (rollup,) = process.rollups.read(made.run_date, made.run_date)
    assert (rollup.completed, rollup.score) == (1, 1 + winner / 2)


@pytest.mark.parametrize("score", [float("nan"), float("inf")])
@pytest.mark.parametrize("field", ["final_score", "final_score_normalized", "all_responses", "distribution"])
def test_a_score_that_is_not_a_number_does_not_finish_a_run(here: Tier, store: Store, field: str, score: float) -> None:
    made = here.runs.create(snapshot(), artifact(), by="ana")
    value: Any = {"all_responses": [1.0, score], "distribution": {"1": score}}.get(field, score)
    before = items_of(store)
    with pytest.raises(InvalidInput, match="not a finite number"):
        here.runs.complete(made, msgspec.structs.replace(results(), **{field: value}), threshold=0.5)
    assert items_of(store) == before
    assert here.runs.get(1).status is RunStatus.PENDING


@pytest.mark.parametrize("run_id", [0, -1, 2**70, "unknown", "", "x" * 3_000, "\ud800", OLD_ID])
def test_an_unknown_id_is_not_found(here: Tier, run_id: int | str) -> None:
    here.runs.create(snapshot(), artifact(), by="ana")
    assert here.runs.find(run_id) is None
    with pytest.raises(NotFound, match="There is no run"):
        here.runs.get(run_id)


def test_a_run_that_was_removed_cannot_be_finished(here: Tier) -> None:
    ghost = msgspec.structs.replace(here.runs.create(snapshot(), artifact(), by="ana"), run_id=99)
    for act in (
        lambda: here.runs.start(ghost),
        lambda: here.runs.fail(ghost, "no"),
        lambda: here.runs.complete(ghost, results(), threshold=0.5),
    ):
        with pytest.raises(NotFound, match="no run 99"):
            act()


# --- ids ---------------------------------------------------------------------------------------------


def test_ids_are_positive_and_grow(here: Tier, elsewhere: Tier) -> None:
    assert [here.runs.next_ids(), elsewhere.runs.next_ids(5), here.runs.next_ids(), here.runs.next_ids(2)] == [
        1,
        2,
        7,
        8,
    ]
    with pytest.raises(InvalidInput):
        here.runs.next_ids(0)


def test_ids_go_on_above_those_that_were_reserved(here: Tier) -> None:
    here.runs.reserve_ids(1_000)
    assert here.runs.next_ids() == 1_001
    here.runs.reserve_ids(500)
    assert here.runs.next_ids() > 1_001


def test_an_id_that_is_taken_is_refused(here: Tier, elsewhere: Tier, monkeypatch: pytest.MonkeyPatch) -> None:
    made = here.runs.create(snapshot(), artifact("first"), by="ana")
    monkeypatch.setattr(elsewhere.runs, "next_ids", lambda: made.run_id)
    with pytest.raises(ConflictError):
        elsewhere.runs.create(snapshot(), artifact("second"), by="bea")
    assert elsewhere.runs.get(made.run_id) == made


# --- texts of any size -------------------------------------------------------------------------------


def test_five_megabytes_of_any_unicode_come_back(here: Tier, elsewhere: Tier) -> None:
    text = EVERY_CHARACTER + scattered(160_000, 1)
    assert len(text.encode()) > 5_000_000
    made = here.runs.create(snapshot(), artifact(text, expected_output=text[::-1]), by="ana")
    done = here.runs.complete(made, results(reasons=[scattered(30_000, seed) for seed in range(5)]), threshold=0.5)
    assert elsewhere.runs.get(1) == done
    assert elsewhere.runs.list().items[0].preview == text[:160]


def test_ten_megabytes_are_stored_and_eleven_are_too_large_and_nothing_is_written(here: Tier, store: Store) -> None:
    megabyte = "a" * (1024 * 1024)
    with pytest.raises(TooLarge, match="The evaluated text is 11,534,336 bytes long; the limit is 10,485,760"):
        here.runs.create(snapshot(), artifact(megabyte * 11), by="ana")
    with pytest.raises(TooLarge, match="The expected output is 11,534,336 bytes long"):
        here.runs.create(snapshot(), artifact("short", expected_output=megabyte * 11), by="ana")
    assert items_of(store) == []
    made = here.runs.create(snapshot(), artifact(megabyte * 10, expected_output=megabyte * 10), by="ana")
    assert tier(store).runs.get(1) == made


def test_a_broken_character_is_refused_and_nothing_is_written(here: Tier, store: Store) -> None:
    with pytest.raises(InvalidInput, match=r"The evaluated text has a broken character .* at position 4"):
        here.runs.create(snapshot(), artifact("oops\ud800"), by="ana")
    with pytest.raises(InvalidInput, match="The expected output has a broken character"):
        here.runs.create(snapshot(), artifact("fine", expected_output="\udfff"), by="ana")
    assert items_of(store) == []


@pytest.mark.parametrize(
    "metadata", [{"a": float("nan")}, {"a": "\ud800"}, {"a": {1: object()}}], ids=["nan", "surrogate", "object"]
)
def test_metadata_that_cannot_be_stored_are_refused_and_no_run_is_written(
    here: Tier, store: Store, metadata: dict[str, Any]
) -> None:
    with pytest.raises(InvalidInput):
        here.runs.create(snapshot(), artifact(metadata=metadata), by="ana")
    assert items_of(store, prefix="RUN#") == []


def test_a_run_with_long_texts_finishes_with_long_texts(here: Tier, elsewhere: Tier, store: Store) -> None:
    made = here.runs.create(snapshot(), artifact(scattered(150_000, 1)), by="ana")
    parts = len(items_of(store, prefix="RUN#"))
    done = here.runs.fail(made, scattered(150_000, 2))
    assert elsewhere.runs.get(1) == done
    assert len(items_of(store, prefix="RUN#")) > parts > 1


# --- reading -----------------------------------------------------------------------------------------


def test_what_each_operation_costs_in_requests(store: Store) -> None:
    recorder = Recorder(store.client)
    process = tier(Store(recorder, prefix=store.prefix))

    def cost(ask: Callable[[], Any]) -> list[str]:
        recorder.requests.clear()
        ask()
        return recorder.operations

    assert cost(lambda: process.store.layout) == ["get_item"]
    recorder.requests.clear()
    made = process.runs.create(snapshot(), artifact(), by="ana")
    assert recorder.operations == ["update_item", "put_item"]
    assert cost(lambda: process.runs.get(1)) == ["query"]
    assert cost(lambda: process.runs.start(made)) == ["update_item"]
    assert cost(lambda: process.runs.get(1)) == ["query"]
    assert cost(lambda: process.runs.complete(made, results(), threshold=0.5)) == ["transact_write_items"]
    assert cost(lambda: process.runs.get(1)) == ["query"]
    assert cost(lambda: process.runs.get(1)) == []
    assert cost(lambda: process.runs.next_ids(500)) == ["update_item"]
    assert cost(lambda: process.runs.list(RunFilter(judge_id="judge-1"))) == ["query"]
    assert cost(process.runs.list) == ["query"] * 4


def test_many_runs_are_read_at_once_in_the_order_of_their_rows(store: Store, clock: FakeClock) -> None:
    process = tier(store, clock=clock)
    for number in range(4):
        clock.advance(seconds=1)
        completed(process.runs, text=scattered(120_000, number) if number == 2 else f"text {number}")
    pending = process.runs.create(snapshot(), artifact(), by="ana")
    store.write(Put(tables.RUNS, old_run()))
    recorder = Recorder(store.client)
    fresh = tier(Store(recorder, prefix=store.prefix), clock=clock)
    rows = fresh.runs.list().items
    recorder.requests.clear()
    whole = fresh.runs.get_many(rows)
    assert [run.run_id for run in whole] == [row.run_id for row in rows]
    assert [fresh.runs.get(run.run_id) for run in whole] == whole
    assert recorder.operations[:1] == ["batch_get_item"]
    recorder.requests.clear()
    fresh.runs.get_many(rows)
    assert recorder.operations == ["batch_get_item"]
    assert pending in whole


# --- runs that were finished elsewhere -----------------------------------------------------------------


def test_a_run_finished_elsewhere_is_stored_with_its_labels_and_counted(here: Tier, elsewhere: Tier) -> None:
    then = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
    run = Run(
        run_id=50,
        status=RunStatus.COMPLETED,
        started_at=then,
        completed_at=then,
        judge_id="judge-1",
        case_id="case-1",
        judge_snapshot=snapshot(),
        evaluated_artifact=artifact(),
        evaluation_status=Verdict.PASS,
        results=results(),
        judged_threshold=0.5,
    )
    labels = [
        Label(run_id=50, labelled_by="ana", labelled_on=then, score=5.0),
        Label(run_id=50, labelled_by="bea", labelled_on=then, score=2.0, passed=False),
    ]
    assert here.runs.import_finished(run, "row 1", labels)
    here.runs.announce()
    assert elsewhere.runs.get(50) == run
    (row,) = elsewhere.runs.list(RunFilter(case_id="case-1", labelled=True)).items
    assert (row.run_id, row.label_score, row.label_passed) == (50, 3.5, False)
    assert here.runs.list(RunFilter(case_id="case-1", labelled=True)).items == [row]
    assert not here.runs.import_finished(msgspec.structs.replace(run, run_id=51), "row 1")
    assert elsewhere.runs.find(51) is None
    with pytest.raises(ConflictError):
        here.runs.import_finished(run, "row 2")
    assert elsewhere.runs.imported(["row 1", "row 2", "row 3"]) == {"row 1"}
    (rollup,) = elsewhere.rollups.read(then.date(), then.date())
    assert rollup.completed == 1


# --- runs of the system before -----------------------------------------------------------------------


def test_a_run_of_the_earlier_system_is_read(here: Tier, store: Store) -> None:
    store.write(Put(tables.RUNS, old_run()))
    run = here.runs.get(OLD_ID)
    assert (run.run_id, run.status, run.evaluation_status) == (OLD_ID, RunStatus.COMPLETED, Verdict.PASS)
    assert run.started_at == datetime(2025, 8, 3, 9, 0, 0, 500_000, tzinfo=UTC)
    assert run.completed_at == datetime(2025, 8, 3, 9, 0, 7, 250_000, tzinfo=UTC)
    assert run.evaluated_artifact == Artifact(
        evaluation_target="The cat sat.",
        expected_output="A cat sat.",
        metadata={"createdAt": "2025-08-03", "settings": "none"},
    )
    assert run.results == Results(
        final_score=2.5,
        final_score_normalized=0.75,
        all_responses=[2.0, 3.0],
        prompt_used="Judge this.",
        token_usage=TokenUsage(prompt=90, completion=10, total=100),
        execution_time_seconds=6.75,
    )
    assert (run.judge_snapshot.llm.max_tokens, run.judge_snapshot.score_range.max) == (500, 3)


@pytest.mark.parametrize("started", ["2025-08-03T09:00:00", "2025-08-03T09:00:00+00:00", "2025-08-03T09:00:00.000000Z"])
def test_any_way_of_writing_the_start_of_a_run_is_read(here: Tier, store: Store, started: str) -> None:
    store.write(Put(tables.RUNS, old_run(started=started)))
    assert here.runs.get(OLD_ID).started_at == datetime(2025, 8, 3, 9, 0, tzinfo=UTC)


def test_tables_whose_indexes_hold_whole_items_keep_working(store: Store, clock: FakeClock) -> None:
    wide = Store(store.client, prefix=f"all-{uuid4().hex[:12]}-")
    create_tables_projecting_all(wide)
    process = tier(wide, clock=clock)
    wide.write(Put(tables.RUNS, old_run()))
    completed(process.runs, 4.0)
    clock.advance(seconds=1)
    completed(process.runs, 2.0, text=scattered(150_000, 1))
    clock.advance(seconds=1)
    process.runs.create(snapshot(judge_name=None), artifact(), by="ana")
    rows = tier(wide).runs.list().items
    assert [(row.run_id, row.judge_name, row.final_score, row.preview[:3]) for row in rows] == [
        (3, None, None, "Par"),
        (2, "Strict", 2.0, scattered(3, 1)),
        (1, "Strict", 4.0, "A t"),
        (OLD_ID, "Fluency Judge", 2.5, "The"),
    ]
    assert all_pages(tier(wide).runs, RunFilter(case_id="old-case"), limit=1) == [OLD_ID]


@pytest.mark.parametrize(("key", "run_id"), [("RUN#12", 12), ("RUN#a-12", "a-12"), ("RUN#²", "²")])
def test_a_run_of_an_earlier_system_may_have_any_text_for_its_id(key: str, run_id: RunId) -> None:
    assert run_id_of({tables.PK: key}) == run_id
