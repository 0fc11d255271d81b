"""What a batch found: its rows by how they ended, its figures, and how long the rest will take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from console.actions.runs.totals import Tally
from console.data.batches.results import result_of
from console.records import Batch, BatchRow, RowResult, RowState, RunFilter, RunId, RunSummary, Verdict, bin_of, pages
from console.services import Services

_PAGE = 500
_LATEST = 60
"""Rows from whose ends the pace of a batch is taken."""
_ENOUGH = 3


class Show(StrEnum):
    """Which rows of a batch are shown."""

    ALL = "All"
    FAILURES = "Failures"
    PASSES = "Passes"
    ERRORS = "Errors"
    WAITING = "Waiting"


class Order(StrEnum):
    """In which order."""

    FILE = "As in the file"
    WORST = "Lowest score first"
    BEST = "Highest score first"


@dataclass(frozen=True, slots=True)
class BatchResults:
    """A batch and what its rows ended in."""

    batch: Batch
    rows: Mapping[int, RowResult]
    """By number, in order; rows that have not ended are not among them."""

    def tally(self) -> Tally:
        """The figures of all rows that have ended."""
        tally = Tally()
        for row in self.rows.values():
            _count(tally, row)
        return tally

    def numbers(self, show: Show = Show.ALL, order: Order = Order.FILE) -> list[int]:
        """The rows to show, in their order; those without a score come last where scores order them."""
        if show is Show.WAITING:
            return [number for number in range(1, self.batch.total + 1) if number not in self.rows]
        if show is Show.ALL:
            found = list(range(1, self.batch.total + 1))
        else:
            found = [number for number, row in self.rows.items() if _is(row, show)]
        if order is Order.FILE:
            return found
        sign = 1 if order is Order.WORST else -1
        return sorted(found, key=lambda number: (self.score(number) is None, sign * (self.score(number) or 0.0)))

    def score(self, number: int) -> float | None:
        """The normalised score of a row; None where it has none."""
        row = self.rows.get(number)
        return row.normalized if row else None

    def count(self, show: Show) -> int:
        """How many rows are shown."""
        return len(self.numbers(show))

    def seconds_left(self) -> float | None:
        """What the rest will take at the pace of the latest rows; None while there are too few to tell."""
        ends = sorted(row.ended_on for row in self.rows.values() if row.ended_on is not None)[-_LATEST:]
        if len(ends) < _ENOUGH or not self.batch.left:
            return None
        return (ends[-1] - ends[0]).total_seconds() / (len(ends) - 1) * self.batch.left


def load_results(services: Services, batch: Batch) -> BatchResults:
    """What the rows of a batch ended in. One Query per 1 MB: some 10,000 rows.

    Rows that ended before results were kept cost a Query per 1 MB of the batch's rows and of the judge's runs.

    Args:
        batch: as it was read just now.
    """
    rows = services.batch_runs.results(batch.batch_id)
    if len(rows) < batch.done + batch.failed:
        rows |= dict(_from_runs(services, batch, rows))
    return BatchResults(batch, dict(sorted(rows.items())))


def _from_runs(services: Services, batch: Batch, known: Mapping[int, RowResult]) -> Iterator[tuple[int, RowResult]]:
    """The results of rows that ended before results were kept, from their runs."""
    wanted = RunFilter(judge_id=batch.judge_id, batch_id=batch.batch_id, first_day=batch.created_on.date())
    found: dict[RunId, RunSummary] = {}
    for page in pages(lambda cursor: services.runs.list(wanted, limit=_PAGE, cursor=cursor)):
        found |= {row.run_id: row for row in page.items}
    for rows in pages(lambda cursor: services.batches.rows(batch.batch_id, limit=_PAGE, cursor=cursor)):
        for row in rows.items:
            if row.run_id is not None and row.number not in known:
                yield row.number, _of_row(row, found.get(row.run_id))


def _of_row(row: BatchRow, summary: RunSummary | None) -> RowResult:
    """A row with its run, or what the row alone says where that run is gone."""
    if summary is None:
        return RowResult(number=row.number, run_id=row.run_id or 0, state=row.state)
    return msgspec.structs.replace(result_of(row.number, row.artifact, summary), state=row.state)


def _is(row: RowResult, show: Show) -> bool:
    wanted = {Show.FAILURES: Verdict.FAIL, Show.PASSES: Verdict.PASS}.get(show)
    return row.state is RowState.FAILED if wanted is None else row.verdict is wanted


def _count(tally: Tally, row: RowResult) -> None:
    tally.cost += row.cost or 0.0
    tally.tokens += row.tokens or 0
    score = row.normalized
    if score is None:
        tally.failed += 1
        return
    tally.completed += 1
    tally.passed += row.verdict is Verdict.PASS
    tally.rejected += row.verdict is Verdict.FAIL
    tally.score_sum += row.score or 0.0
    tally.normalized_sum += score
    tally.squared_sum += score**2
    tally.seconds += row.seconds or 0.0
    tally.timed += row.seconds is not None
    tally.bins[bin_of(score)] += 1
