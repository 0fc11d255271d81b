"""Batches: submitting files of texts, what that would cost, working on them, stopping and going on."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator

from console.actions.batches.files import Columns, artifacts
from console.actions.batches.worker import CONCURRENCY, LEASE, BatchWorker, Progress, is_dead
from console.actions.permissions import permit
from console.actions.runs.similar import embed_missing
from console.errors import BatchTaken, ConsoleError, InvalidInput
from console.records import (
    Artifact,
    Batch,
    BatchState,
    Case,
    Json,
    Judge,
    Role,
    RunFilter,
    TokenUsage,
    User,
    utcnow,
)
from console.services import Services
from console.tabular.files import TabularFile
from console.telemetry import traced

log = logging.getLogger(__name__)

MOST_AT_ONCE = 64


@traced
def submit(
    services: Services,
    actor: User,
    name: str,
    judge: Judge,
    file: TabularFile,
    columns: Columns,
    *,
    concurrency: int = CONCURRENCY,
    budget: float | None = None,
    leave_out: bool = False,
) -> Batch:
    """Stores the rows of a file as a new batch, ready to be worked on. One request per 25 rows.

    The batch keeps to the judge's and the case's versions of now.

    Args:
        budget: US dollars that it may cost.
        leave_out: rows with problems are left out; else they are an error.

    Raises:
        Forbidden: the actor is a viewer.
        InvalidInput: a row has a problem, or there are no rows; nothing is left behind.
        UnsupportedMetric: the judge's metric cannot be evaluated.
    """
    by = permit(actor, Role.EVALUATOR)
    services.judging.check(judge.metric.type)
    check_limits(services, judge, concurrency, budget)
    case = services.cases.get(judge.case_id)
    settings = settings_of(judge, case, concurrency, budget, file.name)
    return services.batches.create(
        name, judge.judge_id, _artifacts(file, columns, leave_out=leave_out), by=by, settings=settings
    )


def settings_of(judge: Judge, case: Case, concurrency: int, budget: float | None, source: str | None) -> Json:
    """What the worker of a batch needs to know; `source` is the name of the file, where there is one."""
    return {
        "judgeVersion": judge.version,
        "caseVersion": case.version,
        "concurrency": concurrency,
        "budget": budget,
        "file": source,
    }


def check_limits(services: Services, judge: Judge, concurrency: int, budget: float | None) -> None:
    """Raises InvalidInput when a batch cannot be worked on like this."""
    if not 1 <= concurrency <= MOST_AT_ONCE:
        raise InvalidInput(f"{concurrency} rows at once are not possible; choose 1 to {MOST_AT_ONCE}.", field="at_once")
    if budget is None:
        return
    if not budget > 0:
        raise InvalidInput("A budget must be above 0 dollars.", field="budget")
    model = services.catalog.model_named(judge.llm.model)
    if model is None or model.cost(TokenUsage()) is None:
        raise InvalidInput(
            f"The model {judge.llm.model} has no prices, so a budget means nothing. "
            "Set them in Models & metrics, or with the command `models price`.",
            field="budget",
        )


@traced
def work(
    services: Services,
    actor: User,
    batch_id: str,
    *,
    concurrency: int | None = None,
    budget: float | None = None,
    only: frozenset[int] | None = None,
    progress: Progress = lambda _batch: None,
    lease: float = LEASE,
) -> Batch:
    """Works on a batch until it is done, cancelled or cannot go on; also on one that another process began.

    One that is finished stays as it is.

    Args:
        concurrency, budget: instead of what the batch was submitted with.
        only: numbers of the rows to judge; None judges all that have not ended.

    Raises:
        Forbidden: the actor is a viewer.
        BatchTaken: another worker has it.
        InvalidInput: a budget without prices.
        StoreError: the store failed; the batch can be resumed.
    """
    permit(actor, Role.EVALUATOR)
    batch = services.batches.get(batch_id)
    if batch.state is BatchState.FINISHED:
        return batch
    settings = batch.settings
    if budget is not None:
        judge = services.judges.version(batch.judge_id, settings["judgeVersion"])
        check_limits(services, judge, concurrency or CONCURRENCY, budget)
    worker = BatchWorker(
        services,
        batch_id,
        concurrency=concurrency or int(settings.get("concurrency") or CONCURRENCY),
        budget=budget if budget is not None else settings.get("budget"),
        only=only,
        progress=progress,
        lease=lease,
    )
    return worker.run()


@traced
def start(services: Services, actor: User, batch_id: str, *, only: frozenset[int] | None = None) -> None:
    """Works on a batch in the background of this process; nothing happens when it does so already.

    Args:
        only: see `work`.

    Raises:
        Forbidden: the actor is a viewer.
        InvalidInput: the batch is finished, or another worker has it.
    """
    permit(actor, Role.EVALUATOR)
    batch = services.batches.get(batch_id)
    if batch.state is BatchState.FINISHED:
        raise InvalidInput("The batch is finished. Retry its failed rows, or make a new one.", field="state")
    if is_worked_on(batch):
        return
    threading.Thread(
        target=_in_background, args=(services, actor, batch_id, only), name=_thread_name(batch_id), daemon=True
    ).start()


def is_running_here(batch_id: str) -> bool:
    """Whether this process works on the batch."""
    return any(thread.name == _thread_name(batch_id) for thread in threading.enumerate())


def is_worked_on(batch: Batch) -> bool:
    """Whether some worker has the batch and is not known to be dead, or is about to take it here."""
    if is_running_here(batch.batch_id):
        return True
    lasts = batch.lease_until is not None and batch.lease_until > utcnow()
    return batch.lease_owner is not None and lasts and not is_dead(batch.lease_owner)


@traced
def cancel(services: Services, actor: User, batch_id: str) -> Batch:
    """Stops a batch: rows in flight end, no others begin. It can be resumed. Two requests.

    Raises:
        Forbidden: the actor is a viewer.
        InvalidInput: it is finished.
    """
    by = permit(actor, Role.EVALUATOR)
    return services.batches.set_state(batch_id, BatchState.CANCELLED, note=f"Cancelled by {by}.")


@traced
def retry_failures(services: Services, actor: User, batch_id: str) -> frozenset[int]:
    """Makes the failed rows ready to be run again; their failed runs stay. Returns their numbers, for `work`.

    Raises:
        Forbidden: the actor is a viewer.
        InvalidInput: no row has failed.
        BatchTaken: a worker has the batch.
    """
    permit(actor, Role.EVALUATOR)
    opened = services.batch_runs.reopen(batch_id)
    if not opened:
        raise InvalidInput("No row of the batch has failed.", field="state")
    return frozenset(opened)


# --- inside ----------------------------------------------------------------------------------------------------


def _thread_name(batch_id: str) -> str:
    return f"batch {batch_id}"


def _in_background(services: Services, actor: User, batch_id: str, only: frozenset[int] | None) -> None:
    """Works on a batch; what stops it is said on the batch, where somebody will look."""
    try:
        batch = work(services, actor, batch_id, only=only)
    except BatchTaken:
        return  # whoever has it goes on
    except ConsoleError as error:
        services.batches.set_state(batch_id, BatchState.CANCELLED, note=f"Stopped: {error}")
        return
    if batch.state is BatchState.FINISHED and services.settings.embeds_runs:
        threading.Thread(target=_embed, args=(services, actor, batch), name=f"embed {batch_id}", daemon=True).start()


def _embed(services: Services, actor: User, batch: Batch) -> None:
    """Embeddings for the runs of a batch, after its end: they would slow the judging down."""
    runs = RunFilter(judge_id=batch.judge_id, batch_id=batch.batch_id, first_day=batch.created_on.date())
    try:
        embed_missing(services, actor, runs)
    except ConsoleError as error:
        log.warning("Runs of the batch %s were left without an embedding: %s", batch.batch_id, error)


def _artifacts(file: TabularFile, columns: Columns, *, leave_out: bool) -> Iterator[Artifact]:
    for row in artifacts(file, columns):
        if isinstance(row, Artifact):
            yield row
        elif not leave_out:
            raise InvalidInput(f"{file.name}, {str(row)[:1].lower()}{str(row)[1:]}", field="file")
