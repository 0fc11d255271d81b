"""Arithmetic over rollups: totals, means, spreads, percentiles, histograms. Reads nothing from the store."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from operator import add
from typing import TypeVar

import msgspec

from console.records import (
    BINS,
    NO_SCORES,
    STATED_MODES,
    WEIGHTED_MODES,
    Rollup,
    RunStatus,
    RunSummary,
    Verdict,
    bin_of,
)

K = TypeVar("K")


@dataclass(frozen=True, slots=True)
class Span:
    """Days, both ends included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many."""
        return (self.last - self.first).days + 1

    @property
    def before(self) -> Span:
        """As many days just before."""
        return Span(self.first - timedelta(days=self.days), self.first - timedelta(days=1))

    def holds(self, day: date) -> bool:
        """Whether the day is in it."""
        return self.first <= day <= self.last


@dataclass(slots=True)
class Tally:
    """Rollups added up. A figure that needs what is not there (a mean of nothing) is None, never 0."""

    completed: int = 0
    failed: int = 0
    passed: int = 0
    rejected: int = 0
    score_sum: float = 0.0
    normalized_sum: float = 0.0
    squared_sum: float = 0.0
    tokens: int = 0
    seconds: float = 0.0
    timed: int = 0
    """Completed runs whose duration is known."""
    cost: float = 0.0
    judges: set[str] = field(default_factory=set)
    """Judges with at least one finished run."""
    bins: list[int] = field(default_factory=lambda: list(NO_SCORES))
    """Completed runs by bin of the normalised score, as in `Rollup`."""

    def add(self, rollup: Rollup, *, histogram: bool = True) -> None:
        """Count one rollup in, with its histogram or without."""
        self.completed += rollup.completed
        self.failed += rollup.failed
        self.passed += rollup.passed
        self.rejected += rollup.rejected
        self.score_sum += rollup.score
        self.normalized_sum += rollup.normalized
        self.squared_sum += rollup.squared
        self.tokens += rollup.tokens
        self.seconds += rollup.seconds
        self.timed += rollup.timed
        self.cost += rollup.cost
        if rollup.completed or rollup.failed:
            self.judges.add(rollup.judge_id)
        if histogram:
            self.bins = list(map(add, self.bins, rollup.bins))

    @property
    def runs(self) -> int:
        """Finished runs: completed and failed."""
        return self.completed + self.failed

    @property
    def success_rate(self) -> float | None:
        """Completed of finished runs, 0..1."""
        return _ratio(self.completed, self.runs)

    @property
    def pass_rate(self) -> float | None:
        """Passed of the runs with a verdict, 0..1."""
        return _ratio(self.passed, self.passed + self.rejected)

    @property
    def mean(self) -> float | None:
        """Mean normalised score, 0..1."""
        return _ratio(self.normalized_sum, self.completed)

    @property
    def mean_score(self) -> float | None:
        """Mean score on the case's scale; only for runs of one case."""
        return _ratio(self.score_sum, self.completed)

    @property
    def deviation(self) -> float | None:
        """Sample standard deviation of the normalised scores."""
        if self.completed < 2:
            return None
        spread = self.squared_sum - self.normalized_sum**2 / self.completed
        return math.sqrt(max(spread, 0.0) / (self.completed - 1))

    @property
    def mean_seconds(self) -> float | None:
        """Mean execution time of the runs whose duration is known, in seconds."""
        return _ratio(self.seconds, self.timed)

    @property
    def known_cost(self) -> float | None:
        """US dollars, or None when no run had a price."""
        return self.cost or None


def total(rollups: Iterable[Rollup]) -> Tally:
    """All rollups added up."""
    tally = Tally()
    for rollup in rollups:
        tally.add(rollup)
    return tally


def by(rollups: Iterable[Rollup], key: Callable[[Rollup], K], *, histograms: bool = True) -> dict[K, Tally]:
    """The rollups added up per key, in order of appearance.

    Args:
        histograms: whether the tallies need them: they are most of the work.
    """
    tallies: dict[K, Tally] = {}
    for rollup in rollups:
        tallies.setdefault(key(rollup), Tally()).add(rollup, histogram=histograms)
    return tallies


def by_day(rollups: Iterable[Rollup], first: date, last: date) -> dict[date, Tally]:
    """One tally per day from `first` to `last`, both included, for rollups of these days; others are empty.

    Without histograms.
    """
    days = {first + timedelta(days=n): Tally() for n in range((last - first).days + 1)}
    return days | by(rollups, lambda rollup: rollup.day, histograms=False)


def by_week(rollups: Iterable[Rollup], first: date, last: date) -> dict[date, Tally]:
    """As `by_day`, one tally per week that begins on Monday."""
    monday = _monday(first)
    weeks = {monday + timedelta(weeks=n): Tally() for n in range((last - monday).days // 7 + 1)}
    return weeks | by(rollups, lambda rollup: _monday(rollup.day), histograms=False)


def percentile(bins: Sequence[int], share: float) -> float | None:
    """The normalised score below which `share` (0..1) of the runs lie; exact to a hundredth."""
    size = sum(bins)
    if not size:
        return None
    wanted = share * size
    below = 0
    for place, number in enumerate(bins):
        if number and below + number >= wanted:
            inside = (wanted - below) / number
            return min((place + inside) / BINS, 1.0)
        below += number
    return 1.0


def passing(bins: Sequence[int], threshold: float) -> int:
    """How many of the runs pass at a normalised threshold, taken at its nearest hundredth."""
    return sum(bins[max(0, round(threshold * BINS)) :])


def pass_rate_at(tally: Tally, threshold: float) -> float | None:
    """The share of scored runs that pass at `threshold`, 0..1; None without runs."""
    return _ratio(passing(tally.bins, threshold), tally.completed)


def histogram(bins: Sequence[int], bars: int) -> list[tuple[float, float, int]]:
    """The histogram in `bars` equal bars as (from, to, runs); a score of exactly 1 is in the last one."""
    counts = [0] * bars
    for place, number in enumerate(bins):
        counts[min(place * bars // BINS, bars - 1)] += number
    return [(index / bars, (index + 1) / bars, number) for index, number in enumerate(counts)]


def rollups_of(rows: Iterable[RunSummary]) -> list[Rollup]:
    """Rollups of listed runs, one each: for questions that stored rollups do not answer."""
    return [_rollup(row) for row in rows if row.status.finished]


def _rollup(row: RunSummary) -> Rollup:
    empty = Rollup(day=row.started_at.date(), case_id=row.case_id, judge_id=row.judge_id, model=row.model_name)
    normalized = row.final_score_normalized
    if row.status is RunStatus.FAILED or normalized is None:
        return msgspec.structs.replace(empty, failed=1)
    return msgspec.structs.replace(
        empty,
        completed=1,
        passed=int(row.evaluation_status is Verdict.PASS),
        rejected=int(row.evaluation_status is Verdict.FAIL),
        score=row.final_score or 0.0,
        normalized=normalized,
        squared=normalized**2,
        tokens=row.total_tokens or 0,
        seconds=row.execution_time_seconds or 0.0,
        timed=int(row.execution_time_seconds is not None),
        cost=row.cost or 0.0,
        weighted=int(row.scoring_mode in WEIGHTED_MODES),
        stated=int(row.scoring_mode in STATED_MODES),
        bins=tuple(int(place == bin_of(normalized)) for place in range(BINS + 1)),
    )


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None
