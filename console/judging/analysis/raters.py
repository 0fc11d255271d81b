"""How far several people agree who labelled some of the same runs: Krippendorff's alpha, and pair by pair.

Alpha is 1 less the disagreement that was seen over the one that chance would give (Krippendorff, Content Analysis,
2019, chapter 12): 1 is agreement throughout, 0 is chance. Any number of people may have labelled a run; runs with one
label say nothing here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from console.judging.analysis.statistics import RESAMPLES, SEED, Estimate, percentiles

Floats = NDArray[np.float64]
Ratings = Mapping[str, float]
"""What people said of one run, by their names: scores, or verdicts as 0 and 1."""
_FLAT = 1e-12


def alpha(runs: Sequence[Ratings]) -> Estimate:
    """Krippendorff's alpha with the interval metric, which for verdicts is the nominal one.

    Interval: percentiles of `RESAMPLES` resamples of the runs.
    """
    shared = [np.array(list(run.values()), dtype=np.float64) for run in runs if len(run) > 1]
    n = len(shared)
    if not n:
        return Estimate(None, why="not defined because no run was labelled by two people")
    sums = np.array([_sums(values) for values in shared])
    value = float(_alpha(sums.sum(axis=0, keepdims=True))[0])
    if not math.isfinite(value):
        return Estimate(None, n=n, why="not defined because everybody said the same throughout")
    drawn = np.random.default_rng(SEED).integers(0, n, (RESAMPLES, n))
    return percentiles(value, n, _alpha(sums[drawn].sum(axis=1)), "bootstrap")


def _sums(values: Floats) -> tuple[float, float, float, float]:
    """Of one run: labels, their sum, their sum of squares, and the disagreement within it."""
    count, total, squares = len(values), float(values.sum()), float(np.square(values).sum())
    within = 2 * (count * squares - total * total) / (count - 1)  # over ordered pairs
    return count, total, squares, max(within, 0.0)


def _alpha(sums: Floats) -> Floats:
    """Alpha of each row of `_sums` added up; NaN where nothing differs."""
    count, total, squares, within = sums.T
    seen = within / count
    chance = 2 * (count * squares - total * total) / (count * (count - 1))
    flat = chance <= _FLAT * np.maximum(1.0, squares)
    found: Floats = np.where(flat, np.nan, 1 - seen / np.where(flat, 1.0, chance))
    return found


@dataclass(frozen=True, slots=True)
class PairOfRaters:
    """Two people over the runs that both labelled."""

    first: str
    second: str
    runs: int
    agreed: int
    """Runs on which both said the same."""


def pairs_of_raters(runs: Sequence[Ratings]) -> list[PairOfRaters]:
    """Everybody against everybody, those who differ most first."""
    found: dict[tuple[str, str], list[float]] = {}
    for run in runs:
        for first, second in combinations(sorted(run), 2):
            found.setdefault((first, second), []).append(run[first] - run[second])
    pairs = [
        PairOfRaters(first, second, len(gaps), sum(abs(gap) < _FLAT for gap in gaps))
        for (first, second), gaps in found.items()
    ]
    return sorted(pairs, key=lambda one: (one.agreed / one.runs, -one.runs, one.first, one.second))
