"""The worker of a batch: judges its rows a few at a time until they are done, it is cancelled, or money runs out.

A worker has the batch for as long as it prolongs its lease. It may be killed at any instant: a row and its run are
stored together or not at all (see `console.data.batches.runs`), so that whoever resumes repeats only the calls whose
answers had not been stored.
"""

from __future__ import annotations

import os
import queue
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

import msgspec

from console.actions.batches.breaker import Breaker
from console.actions.batches.budget import Budget
from console.actions.batches.journal import JournalEntry, open_journal
from console.actions.runs.evaluation import failure, judged, model_asked, spent, threshold_in_force
from console.data.batches.runs import ROWS_AT_ONCE, EndedRow
from console.errors import BudgetSpent, ConsoleError, JudgingError, StoreError
from console.judging.prompts import PROMPT_VERSION
from console.judging.providers.metering import Meter
from console.records import (
    Batch,
    BatchRow,
    BatchState,
    RowState,
    Run,
    RunStatus,
    Snapshot,
    TokenUsage,
    pages,
    utcnow,
)
from console.services import Services

LEASE = 30.0
"""Seconds that a worker has the batch without a sign of life."""
CONCURRENCY = 8
_TICK = 1.0
_PAGE = 200
_IDS_AT_ONCE = 100
_AHEAD = 2
"""Rows that may be judged or wait to be stored, for each that may be judged at once."""

Progress = Callable[[Batch], None]
"""Called with the batch and its counts whenever rows have ended."""


def owner_name() -> str:
    """A name for a worker of this process: host, process, and something of its own."""
    return f"{socket.gethostname()}/{os.getpid()}/{uuid.uuid4().hex[:8]}"


def is_dead(owner: str | None) -> bool:
    """Whether a worker surely is no more: a process of this host that has ended."""
    host, _, rest = (owner or "").partition("/")
    pid = rest.partition("/")[0]
    if host != socket.gethostname() or not pid.isdecimal():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


@dataclass(slots=True)
class _Ended:
    """A row that was judged, on its way to the store."""

    row: BatchRow
    answer: JournalEntry
    stored: Future[None] = field(default_factory=Future)


class BatchWorker:
    """Works on one batch. Make one for each attempt.

    Args:
        concurrency: rows that are judged at the same time.
        budget: US dollars that the batch may cost in all; None sets no bound.
        only: numbers of the rows to judge; None judges all that have not ended.
        lease: seconds; see `LEASE`.
    """

    def __init__(
        self,
        services: Services,
        batch_id: str,
        *,
        concurrency: int = CONCURRENCY,
        budget: float | None = None,
        only: frozenset[int] | None = None,
        progress: Progress = lambda _batch: None,
        lease: float = LEASE,
    ) -> None:
        self._services = services
        self._batch_id = batch_id
        self._concurrency = concurrency
        self._limit = budget
        self._only = only
        self._progress = progress
        self._lease = lease
        self.owner = owner_name()
        self._stop = threading.Event()
        self._note = ""
        self._crash: BaseException | None = None
        self._rows_lock = threading.Lock()
        self._waiting: queue.Queue[_Ended | None] = queue.Queue()
        self._unstored = threading.Semaphore(_AHEAD * concurrency)
        self._breaker = Breaker(concurrency)

    def run(self) -> Batch:
        """Works until the batch is done, cancelled, or cannot go on; returns it as it is then.

        Raises:
            BatchTaken: another worker has it, or took it.
            InvalidInput: it is finished.
            StoreError: the store failed; what was stored stays stored, and the batch can be resumed.
        """
        batches = self._services.batches
        batch = batches.get(self._batch_id)
        dead = batch.lease_owner if is_dead(batch.lease_owner) else None
        batches.claim(self._batch_id, self.owner, self._lease, instead_of=dead)
        try:
            self._batch = batches.set_state(self._batch_id, BatchState.RUNNING)
            self._work()
            return self._finished()
        finally:
            with suppress(ConsoleError):
                batches.release(self._batch_id, self.owner)

    def stop(self, note: str = "") -> None:
        """Lets the rows in flight end, and no others begin. Safe to call from any thread, more than once."""
        if not self._stop.is_set():
            self._note = note
            self._stop.set()

    # --- threads ---------------------------------------------------------------------------------------

    def _work(self) -> None:
        self._snapshot = self._frozen()
        self._budget = Budget(self._limit, self._price(), self._batch.spent)
        self._rows = self._pending()
        self._journal = open_journal(self._services.settings.data_dir / "answers", self._batch_id)
        self._known = self._journal.answers(self._batch.reopened) if self._journal else {}
        keeper = threading.Thread(target=self._guard, args=(self._keep,), name="batch-lease", daemon=True)
        storer = threading.Thread(target=self._guard, args=(self._store_all,), name="batch-store", daemon=True)
        judges = [
            threading.Thread(target=self._guard, args=(self._judge_all,), name=f"batch-judge-{number}", daemon=True)
            for number in range(min(self._concurrency, max(self._batch.left, 1)))
        ]
        self._over = threading.Event()
        for thread in (keeper, storer, *judges):
            thread.start()
        try:
            self._wait_for(judges)
        finally:
            self._waiting.put(None)
            storer.join()
            self._over.set()
            keeper.join()
            if self._journal:
                self._journal.close()
        if self._crash:
            raise self._crash

    def _wait_for(self, judges: list[threading.Thread]) -> None:
        """Until the judges are done; after an interrupt, until the rows in flight are."""
        try:
            for thread in judges:
                thread.join()
        except KeyboardInterrupt:
            self.stop("Interrupted.")
            for thread in judges:
                thread.join()

    def _guard(self, work: Callable[[], None]) -> None:
        """Whatever goes wrong in a thread stops the worker and is raised by `run`."""
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - raised again by the thread that waits for this one
            self._crash = self._crash or error
            self.stop()

    def _keep(self) -> None:
        """Prolongs the lease, and notices when somebody cancels the batch."""
        renewed = time.monotonic()
        while not self._over.wait(min(_TICK, self._lease / 3)):
            try:
                if time.monotonic() - renewed >= self._lease / 3:
                    batch = self._services.batches.extend(self._batch_id, self.owner, self._lease)
                    renewed = time.monotonic()
                else:
                    batch = self._services.batches.get(self._batch_id)
            except StoreError:
                if time.monotonic() - renewed >= self._lease:
                    raise
                continue
            if batch.state is BatchState.CANCELLED:
                self.stop(batch.note or "")

    def _judge_all(self) -> None:
        """Judges row after row. Without a journal each answer is stored before the next is asked for."""
        while not self._stop.is_set():
            self._unstored.acquire()
            row = self._next()
            if row is None:
                self._unstored.release()
                return
            answer = self._left_behind(row) or self._judge(row)
            if answer is None:
                self._unstored.release()
                return
            ended = _Ended(row, answer)
            self._waiting.put(ended)
            if not self._journal:
                ended.stored.result()
            if self._pause:
                self._stop.wait(self._pause)

    def _store_all(self) -> None:
        """Stores what has ended, all that is waiting in one transaction."""
        ids: Iterator[int] = iter(())
        while True:
            waiting = self._gather()
            if not waiting:
                return
            try:
                ids = self._store(waiting, ids)
            except BaseException as error:
                self.stop()
                for ended in waiting:
                    self._refuse(ended, error)
                self._refuse_rest(error)
                raise

    def _gather(self) -> list[_Ended]:
        """At least one ended row, and those that wait behind it; none at the end."""
        first = self._waiting.get()
        found = [first] if first else []
        while found and len(found) < ROWS_AT_ONCE:
            try:
                more = self._waiting.get_nowait()
            except queue.Empty:
                break
            if more is None:
                self._waiting.put(None)
                break
            found.append(more)
        return found

    def _refuse_rest(self, error: BaseException) -> None:
        """Rows that wait for a store that failed are not stored either."""
        while ended := self._waiting.get():
            self._refuse(ended, error)

    def _refuse(self, ended: _Ended, error: BaseException) -> None:
        self._unstored.release()
        ended.stored.set_exception(error)

    # --- a row -----------------------------------------------------------------------------------------

    def _frozen(self) -> Snapshot:
        """The judge and the case as they were when the batch was submitted."""
        settings = self._batch.settings
        judge = self._services.judges.version(self._batch.judge_id, settings["judgeVersion"])
        case = self._services.cases.version(judge.case_id, settings["caseVersion"])
        self._pause = judge.evaluation_parameters.sleep_time
        return Snapshot.of(judge, case, prompt_version=PROMPT_VERSION)

    def _pending(self) -> Iterator[BatchRow]:
        rows = partial(self._services.batches.rows, self._batch_id, RowState.PENDING, limit=_PAGE)
        for page in pages(lambda cursor: rows(cursor=cursor)):
            yield from (row for row in page.items if self._only is None or row.number in self._only)

    def _price(self) -> Callable[[TokenUsage], float | None]:
        """What usage costs by the prices of now."""
        model = model_asked(self._services, self._snapshot)
        return model.cost if model else lambda _usage: None

    def _next(self) -> BatchRow | None:
        """The next row to judge; None when there is none, or no money for it."""
        with self._rows_lock:
            if self._stop.is_set():
                return None
            if not self._budget.is_open():
                self.stop(_first_line(BudgetSpent(self._limit or 0.0)))
                return None
            return next(self._rows, None)

    def _left_behind(self, row: BatchRow) -> JournalEntry | None:
        """The answer that an earlier worker had and could not store."""
        known = self._known.get(row.number)
        if known:
            self._budget.add(known.cost)
        return known

    def _judge(self, row: BatchRow) -> JournalEntry | None:
        """How the row ends; None when it was not asked for, so that it waits for another attempt."""
        started, again, meter = utcnow(), self._batch.reopened, Meter(self._budget)
        try:
            results = judged(self._services, self._snapshot, row.artifact, meter)
        except JudgingError as error:
            note = self._note_of(error)
            if note:
                self.stop(note)
            took = spent(self._services, self._snapshot, meter)
            if took is None and (error.final or isinstance(error, BudgetSpent)):
                return None
            answer = JournalEntry(row.number, again, started, error=failure(error), spent=took)
        else:
            self._breaker.succeeded()
            answer = JournalEntry(row.number, again, started, results)
        if self._journal:
            self._journal.add(answer)
        return answer

    def _note_of(self, error: JudgingError) -> str | None:
        """Why the batch stops at a failure, if it does."""
        return _first_line(error) if isinstance(error, BudgetSpent) else self._breaker.failed(error)

    def _store(self, waiting: list[_Ended], ids: Iterator[int]) -> Iterator[int]:
        rows = []
        for ended in waiting:
            run_id = next(ids, None)
            if run_id is None:
                first = self._services.runs.next_ids(_IDS_AT_ONCE)
                ids = iter(range(first, first + _IDS_AT_ONCE))
                run_id = next(ids)
            rows.append(EndedRow(ended.row.number, self._run(ended, run_id)))
        stored = self._services.batch_runs.finish(self._batch_id, self.owner, rows)
        if self._journal:
            self._journal.stored(row.number for row in rows)
        self._count(stored)
        for ended in waiting:
            self._unstored.release()
            ended.stored.set_result(None)
        return ids

    def _run(self, ended: _Ended, run_id: int) -> Run:
        run = Run(
            run_id=run_id,
            status=RunStatus.RUNNING,
            started_at=ended.answer.started,
            completed_at=utcnow(),
            judge_id=self._snapshot.judge_id,
            case_id=self._snapshot.case_id,
            judge_snapshot=self._snapshot,
            evaluated_artifact=ended.row.artifact,
            error_message=ended.answer.error,
            spent=ended.answer.spent,
            batch_id=self._batch_id,
            item=ended.row.item,
            created_by=self._batch.created_by,
        )
        return run.ended(ended.answer.results, threshold_in_force(self._services, self._snapshot))

    def _count(self, stored: list[EndedRow]) -> None:
        done = sum(row.state is RowState.DONE for row in stored)
        cost = sum(row.run.cost or 0.0 for row in stored)
        self._batch = msgspec.structs.replace(
            self._batch,
            done=self._batch.done + done,
            failed=self._batch.failed + len(stored) - done,
            spent=self._batch.spent + cost,
        )
        self._progress(self._batch)

    def _finished(self) -> Batch:
        """The batch in the state that it ends in."""
        batches = self._services.batches
        batch = batches.get(self._batch_id)
        if batch.left == 0:
            return batches.set_state(self._batch_id, BatchState.FINISHED)
        if self._note:
            return batches.set_state(self._batch_id, BatchState.CANCELLED, note=self._note)
        if self._only is not None and not self._stop.is_set():
            note = f"The failed rows were run again. {batch.left:,} others are left; resume the batch for them."
            return batches.set_state(self._batch_id, BatchState.CANCELLED, note=note)
        return batch


def _first_line(error: JudgingError) -> str:
    return str(error).split("\n", 1)[0]
