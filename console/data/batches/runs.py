"""The runs of batches: a row ends together with its run, so that neither is ever there without the other.

A worker may be killed between any two instructions. Until a row's transaction is applied there is no run of it and
the row is pending; afterwards both are finished, the rollup has counted the run and the batch has counted the row.
The transaction holds only while the worker has the batch: one that was presumed dead changes nothing any more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import NamedTuple

from console.data.batches.batches import Batches, header_key
from console.data.batches.results import read_results, reopened, result_of, results_put
from console.data.batches.rows import row_key
from console.data.runs.items import summary_of
from console.data.runs.puts import run_put
from console.data.runs.rollups import rollups
from console.data.runs.rollups.spread import Spread
from console.data.store import tables
from console.data.store.answers import ConditionFailed
from console.data.store.lists.overlay import RecentWrites
from console.data.store.packing import item_size
from console.data.store.requests import ABSENT, Condition, Put, Update, Write, equals
from console.data.store.store import Store
from console.errors import BatchTaken
from console.records import (
    BatchRow,
    BatchState,
    RowResult,
    RowState,
    Run,
    RunId,
    RunStatus,
    RunSummary,
    Verdict,
    pages,
    utcnow,
)

ROWS_AT_ONCE = 24
"""Rows of one transaction: DynamoDB takes 100 writes, and each row is two, beside those of their batch."""
_BYTES_AT_ONCE = 3_000_000
_ERROR_LIMIT = 4_000
"""Characters of a row's error that are kept; its failed run has the whole."""
_REOPENED_AT_ONCE = 90
"""One write each, beside their batch and what their results were."""


class EndedRow(NamedTuple):
    """A row and the finished run that ends it."""

    number: int
    run: Run

    @property
    def state(self) -> RowState:
        """Done when the run has results."""
        return RowState.DONE if self.run.status is RunStatus.COMPLETED else RowState.FAILED


class _Prepared(NamedTuple):
    row: EndedRow
    put: Put
    summary: RunSummary


class BatchRuns:
    """Ends rows of batches with their runs, and opens failed ones again.

    Args:
        recent: rows of runs as this process wrote them.
    """

    def __init__(
        self, store: Store, recent: RecentWrites[RunId, RunSummary], clock: Callable[[], datetime] = utcnow
    ) -> None:
        self._store = store
        self._recent = recent
        self._batches = Batches(store, clock=clock)
        self._clock = clock
        self._spread = Spread()

    def finish(self, batch_id: str, owner: str, ended: Sequence[EndedRow]) -> list[EndedRow]:
        """Ends rows that are pending, each with its run. One transaction per `ROWS_AT_ONCE` rows.

        Args:
            owner: the worker; it must have the batch.
            ended: rows with finished runs that are not stored yet.

        Returns:
            The rows that this call ended: without those that had ended before, whose runs are not stored.

        Raises:
            BatchTaken: the worker does not have the batch any more; the rows of this transaction are as before.
        """
        done: list[EndedRow] = []
        for chunk in self._chunks(ended):
            done += self._finish(batch_id, owner, chunk)
        return done

    def reopen(self, batch_id: str) -> list[int]:
        """Makes the failed rows pending again, to be run anew; their failed runs stay. Returns their numbers.

        One transaction per 90 rows beside the reading of the rows.

        Raises:
            BatchTaken: a worker has the batch.
            NotFound: there is no such batch.
        """
        if not self._batches.get(batch_id).failed:
            return []
        rows = partial(self._batches.rows, batch_id, RowState.FAILED, limit=_REOPENED_AT_ONCE)
        found = pages(lambda cursor: rows(cursor=cursor))
        return [number for page in found if page.items for number in self._reopen(batch_id, page.items)]

    def results(self, batch_id: str) -> dict[int, RowResult]:
        """What the rows ended in, by their numbers. One Query per 1 MB: some 10,000 rows.

        Rows that ended before results were kept are not among them: their runs say it.
        """
        return read_results(self._store, header_key(batch_id)[0])

    # --- inside ----------------------------------------------------------------------------------------

    def _chunks(self, ended: Sequence[EndedRow]) -> Iterator[list[_Prepared]]:
        chunk: list[_Prepared] = []
        size = 0
        for row in ended:
            one = _Prepared(row, run_put(self._store, row.run, ABSENT), summary_of(row.run))
            grown = size + item_size(one.put.item)
            if chunk and (len(chunk) == ROWS_AT_ONCE or grown > _BYTES_AT_ONCE):
                yield chunk
                chunk, grown = [], grown - size
            chunk.append(one)
            size = grown
        if chunk:
            yield chunk

    def _finish(self, batch_id: str, owner: str, chunk: list[_Prepared]) -> list[EndedRow]:
        while chunk:
            try:
                self._store.transact(partial(self._writes, batch_id, owner, chunk))
            except ConditionFailed as failed:
                if 0 in failed.failed:
                    holder = self._batches.get(batch_id)
                    raise BatchTaken(batch_id, owner=holder.lease_owner, until=holder.lease_until) from failed
                over = {(place - 1) // 2 for place in failed.failed}
                chunk = [one for place, one in enumerate(chunk) if place not in over]
                continue
            for one in chunk:
                self._recent.remember(one.row.run.run_id, one.summary)
            return [one.row for one in chunk]
        return []

    def _reopen(self, batch_id: str, rows: Sequence[BatchRow]) -> list[int]:
        header = header_key(batch_id)
        free = Condition(
            "attribute_exists(#pk) AND (attribute_not_exists(#own) OR #until <= :now)",
            {"#pk": tables.PK, "#own": "leaseOwner", "#until": "leaseUntil"},
            {":now": self._clock()},
        )
        ready = Update(
            tables.RUNS,
            header,
            sets={"state": BatchState.READY.value, "note": ""},
            adds={"failed": -len(rows), "reopened": 1},
            condition=free,
        )
        again = [
            Update(
                tables.RUNS,
                row_key(header[0], row.number),
                sets={"state": RowState.PENDING.value},
                removes=("runId", "error"),
                condition=equals("state", RowState.FAILED.value),
            )
            for row in rows
        ]
        try:
            pack = results_put(header[0], [reopened(row) for row in rows], self._clock())
            self._store.transact([ready, *again, pack])
        except ConditionFailed as failed:
            holder = self._batches.get(batch_id)
            raise BatchTaken(batch_id, owner=holder.lease_owner, until=holder.lease_until) from failed
        return [row.number for row in rows]

    def _writes(self, batch_id: str, owner: str, chunk: Sequence[_Prepared], conflicts: int) -> list[Write]:
        """The header first, then two writes for each row, then what they ended in and the rollups."""
        header = header_key(batch_id)
        mine = equals("leaseOwner", owner)
        writes: list[Write] = [Update(tables.RUNS, header, adds=_counts(chunk), condition=mine)]
        for one in chunk:
            run = one.row.run
            error = run.error_message[:_ERROR_LIMIT] if run.error_message else None
            sets = {"state": one.row.state.value, "runId": run.run_id, "error": error}
            row = Update(
                tables.RUNS,
                row_key(header[0], one.row.number),
                {name: value for name, value in sets.items() if value is not None},
                condition=equals("state", RowState.PENDING.value),
            )
            writes += [one.put, row]
        ended = [result_of(one.row.number, one.row.run.evaluated_artifact, one.summary) for one in chunk]
        counted = rollups.increments((one.summary for one in chunk), conflicts, self._spread, self._store.layout)
        return [*writes, results_put(header[0], ended, self._clock()), *counted]


def _counts(chunk: Sequence[_Prepared]) -> dict[str, float]:
    """What the rows add to their batch."""
    states = [one.row.state for one in chunk]
    verdicts = [one.summary.evaluation_status for one in chunk]
    judged = [one.summary for one in chunk if one.summary.evaluation_status is not Verdict.PENDING]
    counts = {
        "done": states.count(RowState.DONE),
        "failed": states.count(RowState.FAILED),
        "passed": verdicts.count(Verdict.PASS),
        "rejected": verdicts.count(Verdict.FAIL),
        "normalized": round(sum(one.final_score_normalized or 0.0 for one in judged), 9),
        "spent": round(sum(one.summary.cost or 0.0 for one in chunk), 9),
    }
    return {name: value for name, value in counts.items() if value}
