"""Two systems over the same items: how their pass rates differ, and whether that can be chance.

Items are paired, so that what counts is how many pass with one system and not with the other: the items on which both
agree tell nothing of the difference but its scale.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

from scipy import stats

from console.judging.analysis.statistics import LEVEL, Estimate


@dataclass(frozen=True, slots=True)
class Flips:
    """Verdicts of the same items by two systems."""

    improved: int
    """Items that pass only with the second."""
    regressed: int
    """Items that pass only with the first."""
    both_pass: int
    both_fail: int

    @property
    def n(self) -> int:
        """Items."""
        return self.improved + self.regressed + self.both_pass + self.both_fail


def share(part: int, of: int, level: float = LEVEL) -> Estimate:
    """A share with Wilson's interval (1927).

    Args:
        level: confidence of the interval, 0..1.
    """
    if not of:
        return Estimate(None, why="not defined because there are no items")
    ends = stats.binomtest(part, of).proportion_ci(level, "wilson")
    return Estimate(part / of, float(ends.low), float(ends.high), of, "Wilson")


def rate_difference(flips: Flips, level: float = LEVEL) -> Estimate:
    """The pass rate of the second system less that of the first, -1..1.

    Interval: Wald's with Laplace's adjustment (Bonett and Price, 2012), which Fagerland, Lydersen and Laake (2014)
    recommend for paired shares: it keeps its confidence also where few items differ, and has a width where none does.
    """
    n = flips.n
    if not n:
        return Estimate(None, why="not defined because there are no items")
    gained, lost = (flips.improved + 1) / (n + 2), (flips.regressed + 1) / (n + 2)
    middle = gained - lost
    half = _quantile(level) * math.sqrt((gained + lost - middle * middle) / (n + 2))
    value = (flips.improved - flips.regressed) / n
    return Estimate(value, max(-1.0, middle - half), min(1.0, middle + half), n, "Bonett-Price")


def mcnemar(flips: Flips) -> float:
    """The two-sided p value of McNemar's test, with the mid-p correction (Fagerland, Lydersen and Laake, 2013).

    1 where no item differs.
    """
    differ, fewer = flips.improved + flips.regressed, min(flips.improved, flips.regressed)
    if not differ:
        return 1.0
    exact = 2 * float(stats.binom.cdf(fewer, differ, 0.5)) - float(stats.binom.pmf(fewer, differ, 0.5))
    return min(1.0, exact)


def items_to_tell(estimate: Estimate, from_value: float, level: float = LEVEL) -> int | None:
    """Items at which an interval of this kind would end short of a value, were all else as it is now.

    None where the estimate is the value itself: no number of items is enough.
    """
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return None
    distance = abs(estimate.value - from_value)
    if distance < 1e-9:
        return None
    half = (estimate.high - estimate.low) / 2
    least = _quantile(level) ** 2 / 4
    return max(math.ceil(estimate.n * (half / distance) ** 2), math.ceil(least))


def _quantile(level: float) -> float:
    return NormalDist().inv_cdf((1 + level) / 2)
