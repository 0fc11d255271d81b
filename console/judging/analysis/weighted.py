"""The quality of a judge's verdicts over all runs, from labelled runs that each speak for a number of them."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from console.judging.analysis.statistics import (
    LEVEL,
    RESAMPLES,
    SEED,
    Bools,
    Counts,
    Estimate,
    Floats,
    Quality,
    f1_of,
    kappa_of,
    percentiles,
)

LEAST = 10
"""Labels below which nothing is concluded about other runs."""
_WHY = "not defined because"


def weighted_quality(weights: ArrayLike, passed: ArrayLike, judged: ArrayLike) -> Quality:
    """Precision, recall, F1 and Cohen's kappa of judge and people over the runs that the labelled ones stand for.

    Precision and recall have Wilson's interval over as many labels of equal weight as would be as sure (Kish, 1965);
    F1 and kappa have percentiles of `RESAMPLES` resamples of the labelled runs.

    Args:
        weights: float[n] above 0, for how many runs each label speaks, in any unit.
        passed, judged: bool[n], the verdicts of people and of the judge.
    """
    w = np.asarray(weights, dtype=np.float64)
    people, judge = np.asarray(passed, dtype=bool), np.asarray(judged, dtype=bool)
    n = len(w)
    if n < LEAST:
        return Quality(*[too_few(n)] * 4)
    cells = np.stack([people & judge, ~people & judge, people & ~judge, ~people & ~judge]) * w
    drawn = np.random.default_rng(SEED).integers(0, n, (RESAMPLES, n))
    resampled = Counts(*(cell[drawn].sum(axis=1) for cell in cells))

    def estimate(figure: Callable[[Counts], Floats], why: str) -> Estimate:
        value = float(figure(Counts(*cells.sum(axis=1, keepdims=True)))[0])
        if not math.isfinite(value):
            return Estimate(None, n=n, why=f"{_WHY} {why}")
        return percentiles(value, n, figure(resampled), "weighted bootstrap")

    return Quality(
        precision=_share(w, people, judge, "the judge passes nothing"),
        recall=_share(w, judge, people, "nothing should pass"),
        f1=estimate(f1_of, "nothing passes on either side"),
        kappa=estimate(kappa_of, "both sides give one and the same verdict throughout"),
    )


def _share(weights: Floats, inside: Bools, of: Bools, why: str) -> Estimate:
    """The weighted share of `inside` among `of`."""
    w, n = weights[of], int(of.sum())
    if not n:
        return Estimate(None, n=len(of), why=f"{_WHY} {why}")
    share, labels = float(w @ inside[of] / w.sum()), float(w.sum() ** 2 / np.square(w).sum())
    low, high = wilson(share, labels, float(stats.norm.ppf((1 + LEVEL) / 2)))
    return Estimate(share, low, high, n, "Wilson, effective labels")


def wilson(share: float, labels: float, quantile: float) -> tuple[float, float]:
    """Wilson's interval (1927) of a share, from a number of labels that need not be whole."""
    square = quantile * quantile
    middle = (share + square / (2 * labels)) / (1 + square / labels)
    half = quantile / (1 + square / labels) * math.sqrt(share * (1 - share) / labels + square / (4 * labels * labels))
    return max(0.0, middle - half), min(1.0, middle + half)


def too_few(labels: int) -> Estimate:
    """No figure, from so few labels."""
    return Estimate(None, n=labels, why=f"it takes at least {LEAST} labels of runs that were drawn with known odds")
