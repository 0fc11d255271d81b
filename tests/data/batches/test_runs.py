"""Rows of batches that end together with their runs, and generated evaluation steps."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import msgspec
import pytest

from console.data.batches.runs import EndedRow
from console.data.configuration.steps import GeneratedSteps
from console.data.store.store import Store
from console.errors import BatchTaken
from console.records import Artifact, Batch, BatchState, RowState, Run, RunStatus, TokenUsage, Verdict, utcnow
from tests.support.fakes import FakeClock, incompressible
from tests.support.faults.proxy import Faults
from tests.support.tier import Tier, behind_proxy, items_of, recount, results, said, snapshot, stored_runs, tier

ME = "here/1/x"


@pytest.fixture
def embedded(embedded_store: Store) -> Tier:
    return tier(embedded_store)


def create(process: Tier, count: int = 3, text: str = "Text") -> Batch:
    """A batch that `ME` has."""
    texts = [Artifact(evaluation_target=f"{text} {number}") for number in range(1, count + 1)]
    made = process.batches.create("Nightly", "judge-1", texts, by="ana")
    return process.batches.claim(made.batch_id, ME, 60)


def ended(
    number: int,
    run_id: int,
    *,
    fails: bool = False,
    error: str = "No answer.",
    text: str = "A text.",
    started: datetime | None = None,
) -> EndedRow:
    run = Run(
        run_id=run_id,
        status=RunStatus.FAILED if fails else RunStatus.COMPLETED,
        evaluation_status=Verdict.PENDING if fails else Verdict.PASS,
        started_at=started or utcnow(),
        completed_at=utcnow(),
        judge_id="judge-1",
        case_id="case-1",
        judge_snapshot=snapshot(),
        evaluated_artifact=Artifact(evaluation_target=text),
        results=None if fails else results(4.0, token_usage=TokenUsage(total=10)),
        error_message=error if fails else None,
        judged_threshold=None if fails else 0.5,
    )
    return EndedRow(number, run)


def test_a_row_ends_with_its_run_its_count_and_its_rollup(process: Tier) -> None:
    batch = create(process)
    rows = [ended(1, 11), ended(3, 13, fails=True)]

    assert process.batch_runs.finish(batch.batch_id, ME, rows) == rows

    first, second, third = process.batches.rows(batch.batch_id).items
    assert (first.state, first.run_id) == (RowState.DONE, 11)
    assert second.state is RowState.PENDING
    assert (third.state, third.run_id, third.error) == (RowState.FAILED, 13, "No answer.")
    now = process.batches.get(batch.batch_id)
    assert (now.done, now.failed, now.left, now.spent) == (1, 1, 1, pytest.approx(0.001))
    assert process.runs.get(11) == rows[0].run
    today = utcnow().date()
    assert said(process.rollups.read(today, today)) == recount(stored_runs(process.store, process))


def test_a_row_that_has_ended_keeps_its_run_and_the_others_end(process: Tier) -> None:
    batch = create(process)
    process.batch_runs.finish(batch.batch_id, ME, [ended(2, 12)])

    done = process.batch_runs.finish(batch.batch_id, ME, [ended(1, 21), ended(2, 22), ended(3, 23)])

    assert [row.number for row in done] == [1, 3]
    assert process.runs.find(22) is None
    assert process.batches.get(batch.batch_id).done == 3


def test_only_the_beginning_of_a_long_error_is_kept_in_the_row(embedded: Tier) -> None:
    batch = create(embedded)

    embedded.batch_runs.finish(batch.batch_id, ME, [ended(1, 11, fails=True, error="x" * 50_000)])

    assert embedded.batches.rows(batch.batch_id).items[0].error == "x" * 4_000
    assert embedded.runs.get(11).error_message == "x" * 50_000


def test_batches_are_listed_newest_first_with_their_present_counts(store: Store) -> None:
    clock = FakeClock(datetime(2026, 3, 1, 12, tzinfo=UTC))
    process = tier(store, clock=clock)
    old = create(process)
    clock.advance(seconds=1)
    new = create(process)
    process.batch_runs.finish(old.batch_id, ME, [ended(1, 11)])

    listed = tier(store, lag=0).batches.list().items

    assert [batch.batch_id for batch in listed] == [new.batch_id, old.batch_id]
    assert listed[1].done == 1


def test_rows_are_found_by_their_state_across_pages(embedded: Tier) -> None:
    batch = create(embedded, 620)
    rows = [ended(2, 2, fails=True), ended(600, 600, fails=True), ended(619, 619)]
    embedded.batch_runs.finish(batch.batch_id, ME, rows)

    failed = embedded.batches.rows(batch.batch_id, RowState.FAILED)
    after = embedded.batches.rows(batch.batch_id, limit=595).cursor
    pending = embedded.batches.rows(batch.batch_id, RowState.PENDING, limit=10, cursor=after)

    assert ([row.number for row in failed.items], failed.examined) == ([2, 600], 620)
    assert [row.number for row in pending.items] == [596, 597, 598, 599, 601, 602, 603, 604, 605, 606]


def test_who_does_not_have_the_batch_ends_nothing(process: Tier) -> None:
    batch = create(process)

    with pytest.raises(BatchTaken, match="here/1/x works on the batch"):
        process.batch_runs.finish(batch.batch_id, "elsewhere/2/y", [ended(1, 11)])

    assert process.batches.get(batch.batch_id).done == 0
    assert process.runs.find(11) is None


def test_many_rows_and_long_texts_end_in_several_transactions(embedded: Tier) -> None:
    batch = create(embedded, 60)
    long = incompressible(100_000)
    rows = [ended(number, number, text=long if number % 20 == 0 else "A text.") for number in range(1, 61)]

    assert len(embedded.batch_runs.finish(batch.batch_id, ME, rows)) == 60

    assert embedded.batches.get(batch.batch_id).done == 60
    assert embedded.runs.get(20).evaluated_artifact.evaluation_target == long


def test_finishers_at_once_end_each_row_once(embedded: Tier) -> None:
    batch = create(embedded, 20)
    attempts = [[ended(number, 1_000 * who + number) for number in range(1, 21)] for who in range(4)]

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda rows: embedded.batch_runs.finish(batch.batch_id, ME, rows), attempts))

    assert sum(map(len, done)) == 20
    assert embedded.batches.get(batch.batch_id).done == 20
    assert len(stored_runs(embedded.store, embedded)) == 20


def test_lost_answers_end_no_row_twice(embedded_store: Store, engine_endpoint: str) -> None:
    with behind_proxy(embedded_store, engine_endpoint, deadline=30.0) as (store, proxy):
        process = tier(store)
        batch = create(process, 30)
        proxy.plan(Faults(lost=0.2, throttle=0.1, conflict=0.1), operations={"TransactWriteItems"})
        for number in range(1, 31):
            process.batch_runs.finish(batch.batch_id, ME, [ended(number, number)])

    clear = tier(embedded_store)
    assert clear.batches.get(batch.batch_id).done == 30
    assert len(stored_runs(embedded_store, clear)) == 30
    today = utcnow().date()
    assert said(clear.rollups.read(today, today)) == recount(stored_runs(embedded_store, clear))


def test_the_runs_of_two_days_are_counted_on_their_days(embedded: Tier) -> None:
    clock = FakeClock()
    batch = create(embedded, 2)
    rows = [ended(1, 1, started=clock()), ended(2, 2, started=clock.advance(days=1))]

    embedded.batch_runs.finish(batch.batch_id, ME, rows)

    found = embedded.rollups.read(rows[0].run.run_date, rows[1].run.run_date)
    assert [(one.day, one.completed) for one in found] == [(row.run.run_date, 1) for row in rows]


# --- opening failed rows again ---------------------------------------------------------------------------------


def test_failed_rows_are_opened_and_their_runs_stay(process: Tier) -> None:
    batch = create(process)
    process.batch_runs.finish(batch.batch_id, ME, [ended(1, 11), ended(2, 12, fails=True), ended(3, 13, fails=True)])
    process.batches.set_state(batch.batch_id, BatchState.FINISHED)
    process.batches.release(batch.batch_id, ME)

    assert len(process.batch_runs.reopen(batch.batch_id)) == 2

    now = process.batches.get(batch.batch_id)
    assert (now.state, now.done, now.failed, now.left, now.reopened) == (BatchState.READY, 1, 0, 2, 1)
    row = process.batches.rows(batch.batch_id).items[1]
    assert (row.state, row.run_id, row.error) == (RowState.PENDING, None, None)
    assert process.runs.get(12).status is RunStatus.FAILED


def test_hundreds_of_failed_rows_are_opened(embedded: Tier) -> None:
    batch = create(embedded, 200)
    rows = [ended(number, number, fails=True) for number in range(1, 201)]
    embedded.batch_runs.finish(batch.batch_id, ME, rows)
    embedded.batches.release(batch.batch_id, ME)

    assert len(embedded.batch_runs.reopen(batch.batch_id)) == 200
    assert embedded.batches.get(batch.batch_id).left == 200


def test_a_batch_that_somebody_works_on_is_not_opened(process: Tier) -> None:
    batch = create(process)
    process.batch_runs.finish(batch.batch_id, ME, [ended(1, 11, fails=True)])

    with pytest.raises(BatchTaken, match="here/1/x"):
        process.batch_runs.reopen(batch.batch_id)

    assert process.batches.get(batch.batch_id).failed == 1


def test_without_failures_nothing_is_opened(embedded: Tier) -> None:
    batch = create(embedded)

    assert embedded.batch_runs.reopen(batch.batch_id) == []
    assert embedded.batches.get(batch.batch_id) == msgspec.structs.replace(batch)


def test_a_dead_worker_is_replaced_before_its_lease_lapses(process: Tier) -> None:
    batch = create(process)

    assert process.batches.claim(batch.batch_id, "other", 60, instead_of=ME).lease_owner == "other"
    with pytest.raises(BatchTaken):
        process.batches.claim(batch.batch_id, "third", 60, instead_of=ME)


# --- steps -----------------------------------------------------------------------------------------------------


def test_the_first_steps_are_kept(store: Store) -> None:
    steps = GeneratedSteps(store)

    assert steps.find("case-1", "1.0#a") is None
    assert steps.keep("case-1", "1.0#a", "First.") == "First."
    assert steps.keep("case-1", "1.0#a", "Second.") == "First."
    assert steps.find("case-1", "1.0#a") == "First."
    assert steps.find("case-1", "2.0#a") is None


def test_steps_are_no_runs(embedded: Tier) -> None:
    GeneratedSteps(embedded.store).keep("case-1", "1.0#a", "First.")

    assert items_of(embedded.store, prefix="RUN#") == []
    assert embedded.runs.list().items == []


# --- what rows ended in ----------------------------------------------------------------------------------------


def test_what_the_rows_ended_in_is_read_without_their_texts(process: Tier) -> None:
    batch = create(process)
    process.batch_runs.finish(batch.batch_id, ME, [ended(1, 11, text="One."), ended(3, 13, fails=True)])

    found = process.batch_runs.results(batch.batch_id)

    assert list(found) == [1, 3]
    first, third = found[1], found[3]
    assert (first.run_id, first.state, first.verdict) == (11, RowState.DONE, Verdict.PASS)
    assert (first.score, first.normalized, first.tokens) == (4.0, 0.75, 10)
    assert first.ended_on is not None
    assert (third.run_id, third.state, third.normalized) == (13, RowState.FAILED, None)


def test_a_failed_row_that_waits_again_has_no_result_until_it_ends_again(process: Tier) -> None:
    batch = create(process)
    process.batch_runs.finish(batch.batch_id, ME, [ended(1, 11, fails=True), ended(2, 12)])
    process.batches.release(batch.batch_id, ME)
    process.batch_runs.reopen(batch.batch_id)
    assert list(process.batch_runs.results(batch.batch_id)) == [2]

    process.batches.claim(batch.batch_id, ME, 60)
    process.batch_runs.finish(batch.batch_id, ME, [ended(1, 21)])

    assert process.batch_runs.results(batch.batch_id)[1].run_id == 21


def test_many_results_are_one_question(embedded: Tier) -> None:
    batch = create(embedded, 620)
    embedded.batch_runs.finish(batch.batch_id, ME, [ended(number, number) for number in range(1, 621)])
    before = sum(embedded.store.meter.read().requests.values())

    found = embedded.batch_runs.results(batch.batch_id)

    assert list(found) == list(range(1, 621))
    assert sum(embedded.store.meter.read().requests.values()) - before == 1


def test_a_result_names_its_row_as_the_file_does(process: Tier) -> None:
    batch = create(process)
    named = ended(1, 11)
    artifact = Artifact(evaluation_target="A text.", input="Why?", metadata={"Item ID": "q-7", "name": "x"})
    process.batch_runs.finish(
        batch.batch_id, ME, [named._replace(run=msgspec.structs.replace(named.run, evaluated_artifact=artifact))]
    )

    found = process.batch_runs.results(batch.batch_id)[1]

    assert found.key == "q-7"
    assert (len(found.question), len(found.text)) == (12, 12)


def test_rows_are_read_by_their_numbers_in_the_order_asked_for(embedded: Tier) -> None:
    batch = create(embedded, 5)

    rows = embedded.batches.numbered(batch.batch_id, [4, 2, 99])

    assert [(row.number, row.artifact.evaluation_target) for row in rows] == [(4, "Text 4"), (2, "Text 2")]
