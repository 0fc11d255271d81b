"""What a threshold does to runs that are there: arithmetic over rollups. Reads nothing from the store.

Rollups count normalised scores in hundredths, so a threshold is taken at its nearest hundredth: on these
the figures are exact. What-ifs never change a run: its verdict stays as it was judged.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from console.actions.runs.totals import Span, Tally, pass_rate_at, passing, total
from console.records import BINS, Rollup, ThresholdChange

WINDOW = 30
"""Days before and after a change that the ledger looks at; the day of the change is in neither."""


def on_grid(threshold: float) -> float:
    """The threshold at its nearest hundredth: what the figures are for."""
    return round(threshold * BINS) / BINS


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What a threshold would do to a set of runs."""

    runs: int
    """Scored runs."""
    before: float | None
    """Pass rate now, 0..1."""
    after: float | None
    """Pass rate at the threshold, 0..1."""
    to_fail: int
    """Runs that pass now and would not."""
    to_pass: int
    """Runs that do not pass now and would."""

    @property
    def flips(self) -> int:
        """Runs whose result would be another one, in both directions."""
        return self.to_fail + self.to_pass


def what_if(rollups: Sequence[Rollup], threshold: float, *, today: float | None = None) -> WhatIf:
    """The effect of `threshold` on the runs of `rollups`.

    Args:
        today: compare with this threshold on all runs; None compares with the verdicts as they were judged.
    """
    tally = total(rollups)
    after = pass_rate_at(tally, threshold)
    if today is None:
        to_fail, to_pass = _flips_of_verdicts(rollups, threshold)
        return WhatIf(tally.completed, tally.pass_rate, after, to_fail, to_pass)
    gained = passing(tally.bins, threshold) - passing(tally.bins, today)
    return WhatIf(tally.completed, pass_rate_at(tally, today), after, max(0, -gained), max(0, gained))


def _flips_of_verdicts(rollups: Iterable[Rollup], threshold: float) -> tuple[int, int]:
    """Passed runs below the threshold, and rejected runs at or above it.

    Exact where the runs of a rollup (one day and judge) were judged by one threshold: then those that passed are those
    with the highest scores. On the day of a change it is the least that is possible.
    """
    to_fail = to_pass = 0
    for rollup in rollups:
        above = passing(rollup.bins, threshold)
        to_fail += max(0, rollup.passed - above)
        to_pass += max(0, rollup.rejected - (rollup.completed - above))
    return to_fail, to_pass


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """A change of a threshold with what it promised and what came of it."""

    change: ThresholdChange
    runs_before: int
    """Scored runs of the `WINDOW` days before the day of the change."""
    predicted: float | None
    """Pass rate of these runs under the new threshold."""
    runs_after: int
    """Scored runs of the `WINDOW` days after the day of the change, or fewer: until the next change."""
    realised: float | None
    """Pass rate of these runs as they were judged."""


def ledger(changes: Sequence[ThresholdChange], rollups: Sequence[Rollup]) -> list[LedgerRow]:
    """The changes of one case with their effect, in the given order.

    Args:
        changes: newest first.
        rollups: of the same case.
    """
    following = [None, *changes[:-1]]
    return [_row(change, later, rollups) for change, later in zip(changes, following, strict=True)]


def _row(change: ThresholdChange, later: ThresholdChange | None, rollups: Sequence[Rollup]) -> LedgerRow:
    day, one_day, window = change.timestamp.date(), timedelta(days=1), timedelta(days=WINDOW)
    end = day + window
    if later is not None:
        end = min(end, later.timestamp.date() - one_day)
    before = _within(rollups, Span(day - window, day - one_day))
    after = _within(rollups, Span(day + one_day, end))
    return LedgerRow(change, before.completed, pass_rate_at(before, change.score), after.completed, after.pass_rate)


def _within(rollups: Sequence[Rollup], span: Span) -> Tally:
    return total(rollup for rollup in rollups if span.holds(rollup.day))
