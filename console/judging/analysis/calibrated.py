"""The probability that people pass a run, from the judge's score: Platt's sigmoid, or isotonic regression.

Platt (1999) fits a logistic curve to the score, isotonic regression (Zadrozny and Elkan, 2002) any curve that does not
fall. Both learn from Platt's targets, which are a little short of 0 and 1, so that a few labels are no certainty.
How well the probabilities hold is measured on labels that the curve did not learn from (`FOLDS` parts).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from console.judging.analysis.statistics import LEVEL, RESAMPLES, SEED, Estimate
from console.records import Reliable

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
LEAST = 30
"""Labels that a curve needs."""
LEAST_OF_EACH = 5
"""Passes and fails among them."""
ISOTONIC_FROM = 200
"""Labels from which isotonic regression is considered: with fewer it follows their noise."""
FOLDS = 5
CURVES = 200
"""Resamples that the interval around the curve is made of."""
GRID = np.linspace(0, 1, 101)
"""Normalised scores at which a curve is kept."""
_RIDGE = 1e-6
"""On the slope of Platt's curve; the scores of all labels may be one and the same."""
_MOST_STEPS, _MOST_HALVINGS, _CLOSE = 100, 30, 1e-10


class Method(StrEnum):
    """How the curve is fitted."""

    PLATT = "platt"
    ISOTONIC = "isotonic"


@dataclass(frozen=True, slots=True)
class Reliability:
    """How well probabilities hold."""

    error: Estimate
    """Expected calibration error: how far shares are from probabilities, on average over the bins."""
    brier: float
    """Mean squared distance of probability and verdict."""
    bins: list[Reliable]


@dataclass(frozen=True, slots=True)
class Fitted:
    """A curve over `GRID`, and how well it holds."""

    method: Method
    curve: Floats
    low: Floats
    high: Floats
    """The 95 % interval around the curve, from resamples of the labels."""
    raw: Reliability
    """Of the normalised score itself, taken for a probability."""
    calibrated: Reliability
    """Of probabilities by curves that did not see the label."""


def too_few(passed: ArrayLike) -> str:
    """Why no curve can be fitted; empty when one can."""
    people = np.asarray(passed, dtype=bool)
    fewest = min(int(people.sum()), int((~people).sum()))
    if len(people) < LEAST:
        return f"{len(people):,} labels are too few: it takes {LEAST}"
    if fewest < LEAST_OF_EACH:
        return f"people gave one of the verdicts {fewest} times only: it takes {LEAST_OF_EACH} of each"
    return ""


def fit(scores: ArrayLike, passed: ArrayLike, weights: ArrayLike, method: Method | None = None) -> Fitted:
    """The curve of labelled runs.

    Args:
        scores: float[n], the judge's, normalised.
        passed: bool[n], people's verdicts.
        weights: float[n] above 0: for how many runs each label speaks.
        method: None takes Platt's, or from `ISOTONIC_FROM` labels on whichever is closer to labels it did not see.

    Raises:
        ValueError: there are too few labels (`too_few`).
    """
    x, people, w = np.asarray(scores, np.float64), np.asarray(passed, bool), np.asarray(weights, np.float64)
    why = too_few(people)
    if why:
        raise ValueError(why)
    w = w * len(w) / w.sum()
    folds = _folds(people)
    open_to = [method] if method else [Method.PLATT, *([Method.ISOTONIC] if len(x) >= ISOTONIC_FROM else [])]
    unseen = {one: _unseen(one, x, people, w, folds) for one in open_to}
    chosen = min(open_to, key=lambda one: _brier(unseen[one], people, w))
    dice = np.random.default_rng(SEED)
    drawn = dice.integers(0, len(x), (CURVES, len(x)))
    drawn = drawn[(people[drawn].min(axis=1) != people[drawn].max(axis=1))]  # both verdicts
    curves = _fitters[chosen](x[drawn], people[drawn], w[drawn], GRID)
    low, high = np.quantile(curves, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    curve = _curve(chosen, x, people, w, GRID)
    return Fitted(
        chosen,
        curve,
        np.minimum(low, curve),
        np.maximum(high, curve),
        reliability(x, people, w),
        reliability(unseen[chosen], people, w),
    )


def _targets(people: Bools) -> Floats:
    """Platt's: (passes + 1) / (passes + 2) instead of 1, and 1 / (fails + 2) instead of 0."""
    passes, fails = int(people.sum()), int((~people).sum())
    targets: Floats = np.where(people, (passes + 1) / (passes + 2), 1 / (fails + 2))
    return targets


def _platt(x: Floats, people: Bools, w: Floats, at: Floats) -> Floats:
    """Newton's method with halved steps (Lin, Lin and Weng, 2007), for all resamples at once."""
    middle = x.mean(axis=1, keepdims=True)
    up = np.stack([np.ones_like(x), x - middle], axis=-1)
    targets = np.stack([_targets(one) for one in people])
    line = np.zeros((len(x), 2))

    def loss(of: Floats) -> Floats:
        z = np.einsum("rnk,rk->rn", up, of)
        total: Floats = (w * (np.logaddexp(0, z) - targets * z)).sum(axis=1) + _RIDGE / 2 * of[:, 1] ** 2
        return total

    now = loss(line)
    for _ in range(_MOST_STEPS):
        p = expit(np.einsum("rnk,rk->rn", up, line))
        gradient = np.einsum("rn,rnk->rk", w * (p - targets), up) + line * (0, _RIDGE)
        bend = np.einsum("rn,rnk,rnl->rkl", w * p * (1 - p), up, up) + np.diag((_RIDGE, _RIDGE))
        step = np.linalg.solve(bend, gradient[..., None])[..., 0]
        if float(np.abs(np.einsum("rk,rk->r", step, gradient)).max()) < _CLOSE:
            break
        share = np.ones(len(x))
        for _ in range(_MOST_HALVINGS):
            better = loss(line - share[:, None] * step) <= now
            if better.all():
                break
            share[~better] /= 2
        line = line - np.where(better, share, 0)[:, None] * step
        now = loss(line)
    found: Floats = expit(line[:, :1] + line[:, 1:] * (at - middle))
    return found


def _isotonic(x: Floats, people: Bools, w: Floats, at: Floats) -> Floats:
    from sklearn.isotonic import IsotonicRegression  # noqa: PLC0415 - takes a second

    line = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip")
    found: Floats = np.stack(
        [
            line.fit(one, _targets(says), sample_weight=of).predict(at)
            for one, says, of in zip(x, people, w, strict=True)
        ]
    )
    return found


_Fitter = Callable[[Floats, Bools, Floats, Floats], Floats]
"""Curves of resamples: scores, verdicts and weights (each r, n) and the scores to tell (m) -> probabilities (r, m)."""
_fitters: dict[Method, _Fitter] = {Method.PLATT: _platt, Method.ISOTONIC: _isotonic}


def _curve(method: Method, x: Floats, people: Bools, w: Floats, at: Floats) -> Floats:
    found: Floats = _fitters[method](x[None], people[None], w[None], at)[0]
    return found


def _folds(people: Bools) -> NDArray[np.int64]:
    """Which part each label is in; passes and fails are spread alike."""
    dice, folds = np.random.default_rng(SEED), np.zeros(len(people), np.int64)
    for side in (people, ~people):
        folds[side] = dice.permutation(int(side.sum())) % FOLDS
    return folds


def _unseen(method: Method, x: Floats, people: Bools, w: Floats, folds: NDArray[np.int64]) -> Floats:
    """The probability of each label by the curve of the others."""
    found = np.zeros(len(x))
    for fold in range(FOLDS):
        seen = folds != fold
        found[~seen] = _curve(method, x[seen], people[seen], w[seen], x[~seen])
    return found


def _brier(probabilities: Floats, people: Bools, w: Floats) -> float:
    return float(w @ np.square(probabilities - people) / w.sum())


def reliability(probabilities: ArrayLike, passed: ArrayLike, weights: ArrayLike) -> Reliability:
    """How well probabilities hold, in up to ten bins of as many labels; equal probabilities stay together.

    The interval is the basic one of `RESAMPLES` resamples (2 * value - percentile): a resample adds noise to every bin,
    as the labels did already, and percentiles of it would begin above the error that they are an interval for. It
    begins at 0 where chance alone gives as much to probabilities that hold (Broecker and Smith, 2007).
    """
    p, people, w = (np.asarray(one, np.float64) for one in (probabilities, passed, weights))
    places = _bins(p)
    member = (places[:, None] == np.arange(places.max() + 1)).astype(np.float64)
    gap, weight = member * (w * (p - people))[:, None], float(w.sum())
    value = float(np.abs(gap.sum(axis=0)).sum() / weight)
    dice = np.random.default_rng(SEED)
    by_chance = np.abs((w * (p - (dice.random((RESAMPLES, len(p))) < p))) @ member).sum(axis=1) / weight
    drawn = dice.multinomial(len(p), np.full(len(p), 1 / len(p)), RESAMPLES).astype(np.float64)
    resampled = np.abs(drawn @ gap).sum(axis=1) / (drawn @ w)
    low, high = np.quantile(resampled, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    least = 0.0 if value <= np.quantile(by_chance, LEVEL) else max(0.0, 2 * value - float(high))
    ends = least, max(value, min(1.0, 2 * value - float(low)))
    shares = member * w[:, None]
    bins = [
        Reliable(
            probability=float(shares[:, one] @ p / total),
            passed=float(shares[:, one] @ people / total),
            labels=int(member[:, one].sum()),
        )
        for one, total in enumerate(shares.sum(axis=0))
    ]
    error = Estimate(value, *ends, len(p), "basic bootstrap")
    return Reliability(error, _brier(p, people > 0, w), bins)


def _bins(p: Floats) -> NDArray[np.int64]:
    """The bin of each probability, by its rank."""
    wanted = int(np.clip(len(p) // 15, 2, 10))
    edges = np.unique(np.quantile(p, np.arange(1, wanted) / wanted))
    _, places = np.unique(np.searchsorted(edges, p, side="right"), return_inverse=True)
    found: NDArray[np.int64] = places.astype(np.int64)
    return found
