"""Calibration of a pass threshold against human verdicts: quality at every threshold, and which one to take.

Scores are taken at their hundredth (as rollups do), so that a set of runs is a table of 101 x 2 counts. Every figure
depends on the runs only through that table, and a bootstrap resample of the runs is a multinomial draw of the table:
its cost does not grow with the number of runs. Where labels speak for different numbers of runs, each counts in the
table for as many, and the runs themselves are resampled.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from console.judging.analysis.statistics import (
    LEVEL,
    RESAMPLES,
    SEED,
    Confusion,
    Counts,
    Floats,
    Quality,
    f1_of,
    kappa_of,
    precision_of,
    quality,
    recall_of,
)
from console.judging.analysis.weighted import weighted_quality

STEPS = 100
_GRID = np.arange(STEPS + 1) / STEPS
"""Thresholds are 0, 1/100, ..., 1."""
LEAST_OF_EACH = 4
"""Passes and fails by people that a suggestion needs: half of them choose, half of them check."""
_SLACK = 1e-9


class Objective(StrEnum):
    """What a suggested threshold is best at."""

    F1 = "f1"
    KAPPA = "kappa"
    COST = "cost"
    """The least cost of false passes and false fails."""


@dataclass(frozen=True, slots=True)
class Weights:
    """What a wrong verdict costs, in any unit."""

    false_pass: float = 1.0
    false_fail: float = 1.0


@dataclass(frozen=True, slots=True)
class Curve:
    """One figure at every threshold; float[101], NaN where it is not defined."""

    value: Floats
    low: Floats
    high: Floats
    """The ends of the interval of confidence `LEVEL`."""


@dataclass(frozen=True, slots=True)
class Curves:
    """The quality of the verdicts at every threshold."""

    precision: Curve
    recall: Curve
    f1: Curve
    kappa: Curve


@dataclass(frozen=True, slots=True)
class Checked:
    """What the verdicts at a threshold are worth, on some labelled runs."""

    confusion: Confusion
    """The labelled runs themselves, each counted once."""
    quality: Quality
    """Each run counted for as many as it speaks for."""
    cost: float | None
    """Of the wrong verdicts, per run; None without runs."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A threshold that was chosen on one half of the runs and is judged on the other."""

    threshold: float | None
    """Normalised, in hundredths; None when nothing can be suggested, and `why` says the reason."""
    why: str = ""
    chosen_on: int = 0
    """Runs that the threshold was chosen on."""
    held_out: Checked | None = None
    """On the runs that it was not chosen on, at this threshold."""
    present: Checked | None = None
    """On the same runs, at the present threshold."""


def check(
    scores: ArrayLike, human: ArrayLike, threshold: float, weights: Weights, speaks: Floats | None = None
) -> Checked:
    """The verdicts at a threshold against those of people; arguments as of `suggest`."""
    judged, people = np.asarray(scores, dtype=np.float64) >= threshold, np.asarray(human, dtype=bool)
    confusion = Confusion.of(judged, people)
    each = np.ones(len(people)) if speaks is None else speaks
    wrong = float(each @ (weights.false_pass * (judged & ~people) + weights.false_fail * (~judged & people)))
    return Checked(
        confusion,
        quality(confusion) if speaks is None else weighted_quality(speaks, people, judged),
        wrong / float(each.sum()) if len(each) else None,
    )


def curves(scores: ArrayLike, human: ArrayLike, speaks: Floats | None = None) -> Curves:
    """Precision, recall, F1 and kappa at every threshold, with percentile intervals of `RESAMPLES` resamples.

    Args:
        scores: float[n], normalised.
        human: bool[n], whether people pass the run.
        speaks: float[n] above 0, for how many runs each speaks; None is all alike.
    """
    table = _table(scores, human, speaks)
    whole = _counts(table[None])
    n = len(np.asarray(scores))
    generator = np.random.default_rng(SEED)
    drawn = whole
    if n and speaks is None:
        tables = generator.multinomial(n, table.ravel() / n, size=RESAMPLES)
        drawn = _counts(tables.reshape(RESAMPLES, *table.shape))
    elif n and speaks is not None:
        drawn = _counts(_resampled(generator, _places(scores, human), speaks))
    return Curves(*(_curve(figure, whole, drawn) for figure in (precision_of, recall_of, f1_of, kappa_of)))


def _resampled(generator: np.random.Generator, places: NDArray[np.int64], speaks: Floats) -> Floats:
    """Tables of resamples of runs that do not speak for as many: float[RESAMPLES, 2, 101]."""
    cells = 2 * (STEPS + 1)
    drawn = generator.integers(0, len(places), (RESAMPLES, len(places)))
    of_resample = places[drawn] + cells * np.arange(RESAMPLES)[:, None]
    counts = np.bincount(of_resample.ravel(), speaks[drawn].ravel(), RESAMPLES * cells)
    tables: Floats = counts.astype(np.float64).reshape(RESAMPLES, 2, STEPS + 1)
    return tables


def suggest(
    scores: ArrayLike,
    human: ArrayLike,
    keys: Sequence[object],
    objective: Objective,
    *,
    present: float,
    weights: Weights = Weights(),
    speaks: Floats | None = None,
) -> Suggestion:
    """The threshold that is best on half of the runs, and what it does to the other half.

    Passes and fails by people are halved apart. Which half a run is in follows from its key, so that it stays there
    when other runs are labelled. Of equally good thresholds the one in the middle of the widest stretch is taken.

    Args:
        scores: float[n], normalised.
        human: bool[n], whether people pass the run.
        keys: of the runs, each its own.
        present: the threshold to compare with.
        weights: what wrong verdicts cost.
        speaks: float[n] above 0, for how many runs each speaks; None is all alike.
    """
    score, passed = np.asarray(scores, dtype=np.float64), np.asarray(human, dtype=bool)
    fewest = min(int(passed.sum()), int((~passed).sum()))
    if fewest < LEAST_OF_EACH:
        kind = "passed" if int(passed.sum()) == fewest else "failed"
        return Suggestion(
            None,
            f"People {kind} only {fewest} of {len(score)} labelled runs; a suggestion needs {LEAST_OF_EACH} of each "
            "kind, half of them to choose it and half to check it.",
        )
    chosen = _half(passed, keys)
    here, there = (None if speaks is None else speaks[part] for part in (chosen, ~chosen))
    goal = _goal(_counts(_table(score[chosen], passed[chosen], here)[None]), objective, weights)
    threshold = _middle_of_best(goal) / STEPS
    held, now = (check(score[~chosen], passed[~chosen], at, weights, there) for at in (threshold, present))
    return Suggestion(threshold=threshold, chosen_on=int(chosen.sum()), held_out=held, present=now)


def _places(scores: ArrayLike, human: ArrayLike) -> NDArray[np.int64]:
    """The cell of each run in a table of 2 x 101, row after row: int[n]."""
    steps = (np.searchsorted(_GRID, np.asarray(scores, dtype=np.float64), side="right") - 1).clip(0, STEPS)
    places: NDArray[np.int64] = np.asarray(human, dtype=bool) * (STEPS + 1) + steps
    return places


def _table(scores: ArrayLike, human: ArrayLike, speaks: Floats | None) -> NDArray[Any]:
    """Runs by human verdict (0 fail, 1 pass) and hundredth of the score, each counted for as many as it speaks for."""
    return np.bincount(_places(scores, human), speaks, 2 * (STEPS + 1)).reshape(2, STEPS + 1)


def _counts(tables: NDArray[Any]) -> Counts:
    """The confusion at every threshold of tables of shape (r, 2, 101): four arrays (r, 101)."""
    above = tables[:, :, ::-1].cumsum(axis=2)[:, :, ::-1]
    total = tables.sum(axis=2, keepdims=True)
    below = total - above
    return Counts(tp=above[:, 1], fp=above[:, 0], fn=below[:, 1], tn=below[:, 0])


def _curve(figure: Callable[[Counts], Floats], whole: Counts, drawn: Counts) -> Curve:
    """The figure with its interval; none where half of the resamples do not define it."""
    resampled = figure(drawn)
    known = np.isfinite(resampled).mean(axis=0) >= 1 / 2
    low, high = np.full((2, resampled.shape[1]), np.nan)
    if known.any():
        low[known], high[known] = tails(resampled[:, known])
    return Curve(figure(whole)[0], low, high)


def tails(resampled: Floats) -> tuple[Floats, Floats]:
    """Both ends of the interval of each column, of its finite values: `nanquantile` for all columns at once.

    numpy's own goes column by column in Python, 8 times slower.

    Args:
        resampled: float[r, n] with at least one finite value in each column.
    """
    ordered = np.sort(resampled.T)  # what is not a number comes last
    last = np.isfinite(ordered).sum(axis=1) - 1
    columns = np.arange(len(ordered))
    ends = []
    for tail in ((1 - LEVEL) / 2, (1 + LEVEL) / 2):
        place = tail * last
        below = np.floor(place).astype(np.intp)
        above = np.minimum(below + 1, last)
        low, high = ordered[columns, below], ordered[columns, above]
        ends.append(low + (high - low) * (place - below))
    return ends[0], ends[1]


def _half(passed: NDArray[np.bool_], keys: Sequence[object]) -> NDArray[np.bool_]:
    """Half of the passes and half of the fails, by the order of a hash of their keys."""
    order = np.array([hashlib.sha256(f"{SEED}:{key}".encode()).hexdigest() for key in keys])
    chosen = np.zeros(len(passed), dtype=bool)
    for kind in (passed, ~passed):
        members = np.flatnonzero(kind)
        ranked = members[np.argsort(order[members])]
        chosen[ranked[: len(ranked) // 2]] = True
    return chosen


def _goal(of: Counts, objective: Objective, weights: Weights) -> Floats:
    """How good each threshold is; more is better, and what is not defined is worst."""
    if objective is Objective.COST:
        costs: Floats = -(of.fp[0] * weights.false_pass + of.fn[0] * weights.false_fail)
        return costs
    figure = f1_of if objective is Objective.F1 else kappa_of
    found: Floats = np.nan_to_num(figure(of)[0], nan=-np.inf)
    return found


def _middle_of_best(goal: Floats) -> int:
    """The middle of the longest stretch of thresholds that are equally best."""
    best = np.flatnonzero(goal >= goal.max() - _SLACK)
    stretches = np.split(best, np.flatnonzero(np.diff(best) > 1) + 1)
    longest = max(stretches, key=len)
    return int(longest[len(longest) // 2])
