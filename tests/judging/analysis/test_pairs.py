"""Paired pass rates: equal to statsmodels where it has them, and intervals that keep their confidence."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from console.judging.analysis.pairs import Flips, items_to_tell, mcnemar, rate_difference, share


def flips(improved: int, regressed: int, both_pass: int = 0, both_fail: int = 0) -> Flips:
    return Flips(improved, regressed, both_pass, both_fail)


@pytest.mark.parametrize(("improved", "regressed"), [(0, 1), (3, 3), (1, 9), (12, 2), (40, 25), (0, 6)])
def test_mcnemar_is_the_exact_test_less_half_of_what_was_seen(improved: int, regressed: int) -> None:
    exact = stats.binomtest(min(improved, regressed), improved + regressed, 0.5).pvalue
    seen = stats.binom.pmf(min(improved, regressed), improved + regressed, 0.5)
    wanted = 1.0 if improved == regressed else exact - seen
    assert mcnemar(flips(improved, regressed)) == pytest.approx(wanted, abs=1e-12)
    assert mcnemar(flips(improved, regressed)) == mcnemar(flips(regressed, improved, 50, 9))


def test_published_example_of_mid_p() -> None:
    """Fagerland, Lydersen and Laake (2013), table 1: 1 and 7 discordant pairs of 21, mid-p .039."""
    assert mcnemar(flips(1, 7, 1, 12)) == pytest.approx(0.0391, abs=5e-4)


def test_nothing_that_differs_is_no_difference() -> None:
    assert mcnemar(flips(0, 0, 10, 3)) == 1.0
    found = rate_difference(flips(0, 0, 10, 3))
    assert found.value == 0.0
    assert found.low is not None
    assert found.high == pytest.approx(-found.low)


def test_no_items_have_no_difference() -> None:
    assert rate_difference(flips(0, 0)).value is None
    assert share(0, 0).value is None


def test_the_interval_is_that_of_the_formula() -> None:
    """(1 + 1 - 7 - 1) / 23, more or less 1.96 times the root of (10 / 23 - (6 / 23)^2) / 23, by hand."""
    found = rate_difference(flips(1, 7, 1, 12))
    assert found.value == pytest.approx(-6 / 21)
    assert (found.low, found.high) == pytest.approx((-0.50836, -0.01338), abs=1e-5)


@pytest.mark.parametrize("n", [20, 60, 200])
@pytest.mark.parametrize("truth", [(0.1, 0.1), (0.05, 0.15), (0.3, 0.1)])
def test_intervals_keep_their_confidence(n: int, truth: tuple[float, float]) -> None:
    gained, lost = truth
    drawn = np.random.default_rng(7).multinomial(n, [gained, lost, 0.5, 0.5 - gained - lost], size=1_500)
    held = sum(
        (one := rate_difference(flips(*map(int, counts)))).low <= gained - lost <= one.high  # type: ignore[operator]
        for counts in drawn
    )
    assert held / len(drawn) >= 0.935


def test_a_share_has_wilsons_interval() -> None:
    found = share(9, 10)
    assert (found.low, found.high) == pytest.approx((0.5958, 0.9821), abs=1e-3)
    assert share(9, 10, 0.5).low > found.low  # type: ignore[operator]


def test_more_items_would_tell() -> None:
    found = rate_difference(flips(2, 5, 10, 3))
    assert items_to_tell(found, found.value) is None  # type: ignore[arg-type]
    more = items_to_tell(found, 0.0)
    assert more is not None
    assert more > 20
    scaled = rate_difference(flips(2 * more // 20, 5 * more // 20, 10 * more // 20, 3 * more // 20))
    assert scaled.high is not None
    assert scaled.high < 0.02
