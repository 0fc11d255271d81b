"""How far two sets of judgements agree: correlations, Cohen's kappa, the confusion matrix. Pure functions on numbers.

A figure that the numbers do not allow is an `Estimate` without a value and with the reason, never NaN or 0.
Everything that is drawn at random has a fixed seed: the same numbers give the same intervals.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

LEVEL = 0.95
"""Confidence of every interval."""
RESAMPLES = 1_000
SEED = 20_230_329
_BOOTSTRAP_UP_TO = 1_000
"""Pairs; from there on resampling costs more than it tells, and the large-sample interval is used."""
_LEAST = 3
_TOLERANCE = 1e-9

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
_WORDS = ((0.8, "almost perfect"), (0.6, "substantial"), (0.4, "moderate"), (0.2, "fair"), (0.0, "slight"))


@dataclass(frozen=True, slots=True)
class Estimate:
    """One figure with its interval."""

    value: float | None
    """None where the figure is not defined; then `why` says the reason."""
    low: float | None = None
    high: float | None = None
    """The ends of the interval of confidence `LEVEL`; None where there is none."""
    n: int = 0
    """What it was computed from: pairs, or runs."""
    method: str = ""
    """How the interval was found."""
    why: str = ""
    """Why the figure (or, beside a value, the interval) is not defined."""


@dataclass(frozen=True, slots=True)
class Correlations:
    """How two columns of scores go together."""

    pearson: Estimate
    spearman: Estimate
    kendall: Estimate
    """Tau-b, which allows for ties."""


def correlations(left: ArrayLike, right: ArrayLike) -> Correlations:
    """Pearson's r, Spearman's rho and Kendall's tau-b of pairs of scores, with intervals.

    Up to `_BOOTSTRAP_UP_TO` pairs the intervals of rho and tau are percentiles of `RESAMPLES` resamples of the pairs;
    beyond, and for r, they come from Fisher's z (for rho with the variance of Bonett and Wright, 2000; for tau with
    that of Fieller, Hartley and Pearson, 1957).

    Args:
        left, right: float[n], finite, in the same order.
    """
    x, y = np.asarray(left, dtype=np.float64), np.asarray(right, dtype=np.float64)
    why = _undefined(x, y)
    if why:
        return Correlations(*(Estimate(None, n=len(x), why=why) for _ in range(3)))
    r, rho = float(stats.pearsonr(x, y).statistic), float(stats.spearmanr(x, y).statistic)
    tau = float(stats.kendalltau(x, y).statistic)
    n = len(x)
    pearson = _fisher(r, n, 1 / (n - 3) if n > 3 else None)
    if n <= _BOOTSTRAP_UP_TO:
        order = np.lexsort((y, x))  # so that the intervals do not depend on the order of the pairs
        x, y = x[order], y[order]
        drawn = np.random.default_rng(SEED).integers(0, n, (RESAMPLES, n))
        return Correlations(pearson, percentiles(rho, n, _rhos(x, y, drawn)), percentiles(tau, n, _taus(x, y, drawn)))
    return Correlations(pearson, _fisher(rho, n, (1 + rho * rho / 2) / (n - 3)), _fisher(tau, n, 0.437 / (n - 4)))


def _undefined(x: Floats, y: Floats) -> str:
    if len(x) < _LEAST:
        return f"not defined because there {'is' if len(x) == 1 else 'are'} only {len(x)} of the {_LEAST} pairs needed"
    for name, column in (("first", x), ("second", y)):
        if float(np.ptp(column)) < _TOLERANCE:
            return f"not defined because all of the {name} scores are the same"
    return ""


def _fisher(value: float, n: int, variance: float | None) -> Estimate:
    """The interval on the scale of Fisher's z, which has none for a correlation of 1."""
    if variance is None:
        return Estimate(value, n=n, why="no interval: it needs more than 3 pairs")
    if abs(value) > 1 - _TOLERANCE:
        return Estimate(value, n=n, why="no interval: a perfect correlation shows no spread")
    middle, half = math.atanh(value), NormalDist().inv_cdf((1 + LEVEL) / 2) * math.sqrt(variance)
    return Estimate(value, math.tanh(middle - half), math.tanh(middle + half), n, "Fisher's z")


def percentiles(value: float, n: int, resampled: Floats, what: str = "bootstrap") -> Estimate:
    """The interval between percentiles of what resamples gave; those in which nothing is defined do not count."""
    known = resampled[np.isfinite(resampled)]
    if len(known) < len(resampled) / 2:
        return Estimate(value, n=n, why="no interval: most resamples do not define the figure")
    if float(np.ptp(known)) < _TOLERANCE:
        return Estimate(value, n=n, why="no interval: every resample gives the same")
    low, high = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(value, float(low), float(high), n, what)


def _rhos(x: Floats, y: Floats, drawn: NDArray[np.int64]) -> Floats:
    """Spearman's rho of every resample: Pearson's r of the ranks within it."""
    a, b = (stats.rankdata(column[drawn], axis=1) for column in (x, y))
    a, b = a - a.mean(axis=1, keepdims=True), b - b.mean(axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        found: Floats = (a * b).sum(axis=1) / np.sqrt((a * a).sum(axis=1) * (b * b).sum(axis=1))
    return found


def _taus(x: Floats, y: Floats, drawn: NDArray[np.int64]) -> Floats:
    """Kendall's tau-b of every resample, by how often each pair was drawn: w' S w / sqrt(w' X w * w' Y w)."""
    n = len(x)
    weights = np.zeros((len(drawn), n), dtype=np.float32)
    np.add.at(weights, (np.arange(len(drawn))[:, None], drawn), 1)
    a, b = (np.sign(column[:, None] - column[None, :]).astype(np.float32) for column in (x, y))
    signs, left, right = (((weights @ part) * weights).sum(axis=1, dtype=np.float64) for part in (a * b, a * a, b * b))
    with np.errstate(invalid="ignore", divide="ignore"):
        found: Floats = signs / np.sqrt(left * right)
    return found


# --- verdicts ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Confusion:
    """A judge's verdicts against those of a reference (people, or another judge); `pass` is what is looked for."""

    true_pass: int
    """Both pass."""
    false_pass: int
    """The judge passes what the reference fails."""
    false_fail: int
    """The judge fails what the reference passes."""
    true_fail: int
    """Both fail."""

    @classmethod
    def of(cls, judged: Sequence[bool] | Bools, reference: Sequence[bool] | Bools) -> Confusion:
        """Counted from verdicts in the same order."""
        one, other = np.asarray(judged, dtype=bool), np.asarray(reference, dtype=bool)
        return cls(
            true_pass=int((one & other).sum()),
            false_pass=int((one & ~other).sum()),
            false_fail=int((~one & other).sum()),
            true_fail=int((~one & ~other).sum()),
        )

    @property
    def n(self) -> int:
        """Runs."""
        return self.true_pass + self.false_pass + self.false_fail + self.true_fail

    @property
    def accuracy(self) -> float | None:
        """The share on which both say the same, 0..1; None without runs."""
        return (self.true_pass + self.true_fail) / self.n if self.n else None


@dataclass(frozen=True, slots=True)
class Quality:
    """What a confusion matrix says, with intervals."""

    precision: Estimate
    """Of what the judge passes, the share that the reference passes."""
    recall: Estimate
    """Of what the reference passes, the share that the judge passes."""
    f1: Estimate
    kappa: Estimate
    """Cohen's kappa: agreement beyond chance."""


def quality(confusion: Confusion) -> Quality:
    """Precision, recall, F1 and Cohen's kappa.

    Precision and recall are shares, with Wilson's intervals, which have a width also where no run is wrong. Those of
    F1 and kappa are percentiles of `RESAMPLES` resamples of the runs: both depend on the runs only through the four
    counts, so that a resample of the runs is a multinomial draw of the counts.
    """
    n = confusion.n
    cells = np.array([confusion.true_pass, confusion.false_pass, confusion.false_fail, confusion.true_fail])
    generator = np.random.default_rng(SEED)
    drawn = generator.multinomial(n, cells / n, size=RESAMPLES) if n else np.zeros((0, 4), dtype=np.int64)

    def estimate(figure: Callable[[Counts], Floats], why: str) -> Estimate:
        value = float(figure(Counts(*cells[:, None]))[0])
        if not math.isfinite(value):
            return Estimate(None, n=n, why=f"not defined because {why if n else 'there are no runs'}")
        return percentiles(value, n, figure(Counts(*drawn.T)))

    def share(of: int, why: str) -> Estimate:
        if not of:
            return Estimate(None, n=n, why=f"not defined because {why if n else 'there are no runs'}")
        ends = stats.binomtest(confusion.true_pass, of).proportion_ci(LEVEL, "wilson")
        return Estimate(confusion.true_pass / of, float(ends.low), float(ends.high), of, "Wilson")

    return Quality(
        precision=share(confusion.true_pass + confusion.false_pass, "the judge passes nothing"),
        recall=share(confusion.true_pass + confusion.false_fail, "nothing should pass"),
        f1=estimate(f1_of, "nothing passes on either side"),
        kappa=estimate(kappa_of, "both sides give one and the same verdict throughout"),
    )


class Counts(NamedTuple):
    """Many confusion matrices at once: four arrays of one shape."""

    tp: NDArray[Any]
    """Both pass."""
    fp: NDArray[Any]
    """Only the judge passes."""
    fn: NDArray[Any]
    """Only the reference passes."""
    tn: NDArray[Any]
    """Both fail."""


def precision_of(of: Counts) -> Floats:
    """Elementwise tp / (tp + fp); NaN where it is not defined."""
    return _ratio(of.tp, of.tp + of.fp)


def recall_of(of: Counts) -> Floats:
    """Elementwise tp / (tp + fn); NaN where it is not defined."""
    return _ratio(of.tp, of.tp + of.fn)


def f1_of(of: Counts) -> Floats:
    """Elementwise 2 tp / (2 tp + fp + fn); NaN where it is not defined."""
    return _ratio(2 * of.tp, 2 * of.tp + of.fp + of.fn)


def kappa_of(of: Counts) -> Floats:
    """Cohen's kappa (1960), elementwise; NaN where chance alone agrees throughout."""
    tp, fp, fn, tn = (part.astype(np.float64) for part in of)
    n = tp + fp + fn + tn
    chance = _ratio((tp + fp) * (tp + fn) + (fn + tn) * (fp + tn), n * n)
    return _ratio(_ratio(tp + tn, n) - chance, np.where(chance > 1 - _TOLERANCE, 0.0, 1 - chance))


def _ratio(part: NDArray[Any], whole: NDArray[Any]) -> Floats:
    found: Floats = np.divide(part, whole, out=np.full(np.shape(whole), np.nan), where=np.asarray(whole) > 0)
    return found


def kappa_words(kappa: float) -> str:
    """Cohen's kappa in the words of Landis and Koch (1977)."""
    return next(
        (words for least, words in _WORDS if kappa > least + _TOLERANCE), "slight" if kappa >= -_TOLERANCE else "poor"
    )


# --- pairs -------------------------------------------------------------------------------------------------


def mean_difference(differences: ArrayLike) -> Estimate:
    """The mean of paired differences. Interval: percentiles of the means of `RESAMPLES` resamples of the pairs."""
    found = np.asarray(differences, dtype=np.float64)
    n = len(found)
    if not n:
        return Estimate(None, why="not defined because there are no pairs")
    value = float(found.mean())
    if n < _LEAST:
        return Estimate(value, n=n, why=f"no interval: it needs {_LEAST} pairs")
    generator = np.random.default_rng(SEED)
    means = [found[generator.integers(0, n, n)].mean() for _ in range(RESAMPLES)]
    return percentiles(value, n, np.array(means), "paired bootstrap")
