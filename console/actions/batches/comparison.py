"""Two batches row by row: what improved and what regressed. A row without a counterpart is neither."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from console.actions.batches.results import BatchResults
from console.actions.runs.comparison import Change, change_of
from console.judging.analysis.statistics import Estimate, mean_difference
from console.records import RowResult, Verdict


class PairedBy(StrEnum):
    """What makes a row of one batch the counterpart of a row of another."""

    KEY = "name"
    """What the file calls the row, in a column such as `id`."""
    QUESTION = "question"
    """The same question and context."""
    TEXT = "text"
    """The same evaluated text: judged by two judges, or twice."""
    NUMBER = "place in the file"


class ShowPairs(StrEnum):
    """Which pairs are shown."""

    ALL = "All"
    REGRESSED = "Regressed"
    IMPROVED = "Improved"
    LOST = "Passed before only"
    WON = "Passes now only"
    NO_COUNTERPART = "No counterpart"


_KEYS: dict[PairedBy, Callable[[RowResult], str]] = {
    PairedBy.KEY: lambda row: row.key,
    PairedBy.QUESTION: lambda row: row.question,
    PairedBy.TEXT: lambda row: row.text,
    PairedBy.NUMBER: lambda row: str(row.number),
}


@dataclass(frozen=True, slots=True)
class Pair:
    """A row of the baseline and its counterpart; None where there is none."""

    before: RowResult | None
    after: RowResult | None

    @property
    def change(self) -> Change:
        """By the normalised scores."""
        return change_of(_score(self.before), _score(self.after))

    @property
    def difference(self) -> float | None:
        """How much higher the normalised score is; None where either has none."""
        before, after = _score(self.before), _score(self.after)
        return None if before is None or after is None else after - before

    def passed_only(self, *, before: bool) -> bool:
        """Whether one of the two passed and the other did not; an error or a missing one is no verdict."""
        if self.before is None or self.after is None:
            return False
        wanted = (Verdict.PASS, Verdict.FAIL) if before else (Verdict.FAIL, Verdict.PASS)
        return (self.before.verdict, self.after.verdict) == wanted


@dataclass(frozen=True, slots=True)
class BatchComparison:
    """Two batches, the baseline first."""

    baseline: BatchResults
    candidate: BatchResults
    by: PairedBy
    possible: list[PairedBy]
    """What else could pair them."""
    pairs: list[Pair]
    """In the order of the candidate's rows; those that only the baseline has come last."""

    def count(self, change: Change) -> int:
        """How many pairs changed so."""
        return sum(pair.change is change for pair in self.pairs)

    def shown(self, show: ShowPairs) -> list[Pair]:
        """The pairs to show: the largest changes first, where changes are asked for."""
        return _PICKS[show](self.pairs)

    def mean_difference(self) -> Estimate:
        """How much higher the normalised score is on average, over the pairs with two scores."""
        return mean_difference([pair.difference for pair in self.pairs if pair.difference is not None])


def older_first(one: BatchResults, other: BatchResults) -> tuple[BatchResults, BatchResults]:
    """The two batches, the older one, which is the baseline, first."""
    first, second = sorted((one, other), key=lambda results: results.batch.created_on)
    return first, second


def compare(baseline: BatchResults, candidate: BatchResults, by: PairedBy | None = None) -> BatchComparison:
    """Pair the rows of two batches.

    Args:
        by: what pairs them; None, or what cannot pair these two, takes the surest way that can: each row of both has a
            value of its own, and at least one is in both.
    """
    possible = [way for way in PairedBy if _can_pair(baseline.rows, candidate.rows, way)] or [PairedBy.NUMBER]
    chosen = by if by in possible else possible[0]
    return BatchComparison(baseline, candidate, chosen, possible, _pairs(baseline.rows, candidate.rows, chosen))


def _can_pair(left: Mapping[int, RowResult], right: Mapping[int, RowResult], by: PairedBy) -> bool:
    before, after = ([_KEYS[by](row) for row in rows.values()] for rows in (left, right))
    own = all(all(keys) and len(set(keys)) == len(keys) for keys in (before, after))
    return own and not set(before).isdisjoint(after)


def _pairs(left: Mapping[int, RowResult], right: Mapping[int, RowResult], by: PairedBy) -> list[Pair]:
    waiting = {_KEYS[by](row): row for row in left.values()}
    pairs = [Pair(waiting.pop(_KEYS[by](row), None), row) for row in right.values()]
    return pairs + [Pair(row, None) for row in waiting.values()]


def _score(row: RowResult | None) -> float | None:
    return row.normalized if row else None


def _changed(change: Change) -> Callable[[list[Pair]], list[Pair]]:
    def pick(pairs: list[Pair]) -> list[Pair]:
        found = [pair for pair in pairs if pair.change is change]
        return sorted(found, key=lambda pair: -abs(pair.difference or 0.0))

    return pick


_PICKS: dict[ShowPairs, Callable[[list[Pair]], list[Pair]]] = {
    ShowPairs.ALL: lambda pairs: pairs,
    ShowPairs.REGRESSED: _changed(Change.REGRESSED),
    ShowPairs.IMPROVED: _changed(Change.IMPROVED),
    ShowPairs.LOST: lambda pairs: [pair for pair in pairs if pair.passed_only(before=True)],
    ShowPairs.WON: lambda pairs: [pair for pair in pairs if pair.passed_only(before=False)],
    ShowPairs.NO_COUNTERPART: _changed(Change.NO_COUNTERPART),
}
