"""What people would have said of all runs, from the judge's scores of all and the labels of a sample of known odds.

The mean of people's verdicts over `runs` is estimated by prediction-powered inference with a tuned weight (PPI++,
Angelopoulos, Duchi and Zrnic, 2023, https://arxiv.org/abs/2311.01453). For a sample of a finite set of runs that is the
regression estimator of survey sampling (Saerndal, Swensson and Wretman, 1992, chapter 6): the labels' own mean, moved
by how far the judge's mean over all runs is from its mean over the labelled ones. Labels count by one over the
probability with which their run was drawn. The interval is Wilson's, over as many labels as would be as sure without
the judge. What a label leaves unexplained is measured against the line through the others (HC3; MacKinnon and White,
1985): against the line through itself it is too small, and 40 labels would hold the truth less often than they say.

Beside it stands the classical estimate of Rogan and Gladen (1978), from the judge's sensitivity and specificity.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from console.judging.analysis.statistics import LEVEL, Estimate
from console.judging.analysis.weighted import LEAST, too_few, wilson

Floats = NDArray[np.float64]
_FLAT = 1e-12
_MOST_PULL = 0.9
"""Share of the line's place at one label's score that the label itself may be counted for."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Labelled runs that were drawn with a known probability, in one order."""

    scores: Floats
    """float[n], the judge's, normalised."""
    probabilities: Floats
    """float[n] in (0, 1]: of each run to be drawn, among all runs."""

    @classmethod
    def of(cls, scores: ArrayLike, probabilities: ArrayLike) -> Sample:
        """From any numbers. Raises ValueError for probabilities outside of (0, 1], or of another length."""
        x, p = np.asarray(scores, dtype=np.float64), np.asarray(probabilities, dtype=np.float64)
        if x.shape != p.shape or not ((p > 0) & (p <= 1)).all():
            raise ValueError("Each run needs a probability above 0 and at most 1.")
        return cls(x, p)

    @property
    def weights(self) -> Floats:
        """float[n] that add up to 1."""
        inverse = 1 / self.probabilities
        weights: Floats = inverse / inverse.sum()
        return weights

    @property
    def effective(self) -> float:
        """Labels of equal weight that would be as sure (Kish, 1965)."""
        return float(1 / np.square(self.weights).sum()) if len(self.scores) else 0.0


@dataclass(frozen=True, slots=True)
class Corrected:
    """An estimate over all runs, and what it rests on."""

    estimate: Estimate
    spread: float
    """Standard deviation that is left of one label once the judge's score is known."""
    runs: int
    labels: int

    def more_for(self, half_width: float) -> int:
        """Labels still to be drawn at random until the interval is about so wide to each side; 0 when it is already."""
        if self.estimate.value is None or self.spread <= 0:
            return 0
        per_label = (half_width / NormalDist().inv_cdf((1 + LEVEL) / 2) / self.spread) ** 2
        return max(0, min(self.runs, math.ceil(1 / (per_label + 1 / max(self.runs, 1)))) - self.labels)


def corrected_rate(sample: Sample, passed: ArrayLike, *, runs: int, mean_score: float) -> Corrected:
    """The share of all runs that people would have let pass, with an interval of confidence `LEVEL`.

    Args:
        passed: bool[n], what people said of the sample's runs.
        runs: how many there are in all, those of the sample included.
        mean_score: the mean of the judge's normalised score over all of them.
    """
    y = np.asarray(passed, dtype=np.float64)
    if len(y) < LEAST:
        return Corrected(too_few(len(y)), 0.0, runs, len(y))
    value, variance, own, spread = _regression(sample, y, mean_score)
    value = min(max(value, 0.0), 1.0)
    least = float((np.square(sample.weights) * (1 - sample.probabilities)).sum())  # of a judge that says nothing
    if least <= 0:  # every run is labelled
        return Corrected(Estimate(value, value, value, len(y), "all runs"), spread, runs, len(y))
    if own <= _FLAT or variance <= 0:
        labels = 1 / least
    else:
        labels = max(own / max(variance, own * least / len(y)), 1 / (2 * least))
    low, high = wilson(value, labels, _quantile(sample))
    return Corrected(Estimate(value, low, high, len(y), "PPI++, Wilson"), spread, runs, len(y))


def corrected_mean(sample: Sample, scores: ArrayLike, *, runs: int, mean_score: float) -> Corrected:
    """The mean normalised score that people would have given; arguments as of `corrected_rate`.

    Args:
        scores: float[n], people's, normalised.
    """
    y = np.asarray(scores, dtype=np.float64)
    if len(y) < LEAST:
        return Corrected(too_few(len(y)), 0.0, runs, len(y))
    value, variance, _, spread = _regression(sample, y, mean_score)
    half = _quantile(sample) * math.sqrt(max(variance, 0.0))
    value = min(max(value, 0.0), 1.0)
    ends = max(0.0, value - half), min(1.0, value + half)
    return Corrected(Estimate(value, *ends, len(y), "PPI++"), spread, runs, len(y))


def classical_rate(sample: Sample, passed: ArrayLike, judged: ArrayLike, *, pass_rate: float) -> Estimate:
    """The same share by Rogan and Gladen, from how often the judge lets pass what people do, and fails what they do.

    Args:
        passed, judged: bool[n], the verdicts of people and of the judge.
        pass_rate: the judge's, over all runs.
    """
    people, judge, weights = np.asarray(passed, dtype=bool), np.asarray(judged, dtype=bool), sample.weights
    good, bad = float(weights[people].sum()), float(weights[~people].sum())
    if good <= 0 or bad <= 0:
        return Estimate(None, n=len(people), why="not defined because people gave only one verdict")
    sensitivity = float(weights[people & judge].sum()) / good
    specificity = float(weights[~people & ~judge].sum()) / bad
    power = sensitivity + specificity - 1
    if power <= 0.05:
        return Estimate(None, n=len(people), why="not defined because the judge's verdicts say nothing about people's")
    value = min(max((pass_rate + specificity - 1) / power, 0.0), 1.0)
    spread = [
        share * (1 - share) * float(np.square(weights[side]).sum()) / total**2
        for share, side, total in ((sensitivity, people, good), (specificity, ~people, bad))
    ]
    half = _quantile(sample) * math.sqrt(value**2 * spread[0] + (1 - value) ** 2 * spread[1]) / power
    return Estimate(value, max(0.0, value - half), min(1.0, value + half), len(people), "Rogan-Gladen, delta method")


def _regression(sample: Sample, y: Floats, mean_score: float) -> tuple[float, float, float, float]:
    """Estimate, its variance, the labels' own variance, and the spread left of one label."""
    x, w, n = sample.scores, sample.weights, len(y)
    x_mean, y_mean = float(w @ x), float(w @ y)
    x_spread, own = float(w @ np.square(x - x_mean)), float(w @ np.square(y - y_mean))
    slope = float(w @ ((x - x_mean) * (y - y_mean))) / x_spread if x_spread > _FLAT else 0.0
    left = (y - y_mean) - slope * (x - x_mean)
    pull = w * (1 + np.square(x - x_mean) / max(x_spread, _FLAT))  # of each label on the line through them
    one_out = left / (1 - np.minimum(pull, _MOST_PULL))
    counted = w * _moved(sample, x_mean, x_spread, mean_score)
    variance = float((np.square(counted) * (1 - sample.probabilities)) @ np.square(one_out))
    spread = math.sqrt(float(w @ np.square(left)) * n / max(n - 2, 1))
    return y_mean + slope * (mean_score - x_mean), variance, own, spread


def _moved(sample: Sample, x_mean: float, x_spread: float, mean_score: float) -> Floats:
    """What moving the labels' mean to that of all runs makes of each one's weight (Saerndal et al., 1992, 6.6).

    Of labels that were drawn alike it is left out: there it only makes intervals wider, as measured.
    """
    if np.ptp(sample.probabilities) <= _FLAT or x_spread <= _FLAT:
        return np.ones(len(sample.scores))
    moved: Floats = 1 + (mean_score - x_mean) * (sample.scores - x_mean) / x_spread
    return moved


def _quantile(sample: Sample) -> float:
    """Of Student's distribution, with as many degrees of freedom as the weights leave."""
    return float(stats.t.ppf((1 + LEVEL) / 2, max(sample.effective - 2, 1)))
