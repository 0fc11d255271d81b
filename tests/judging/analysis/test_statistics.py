"""Agreement of two sets of judgements: against scipy and scikit-learn, by hand, and where nothing is defined."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import cohen_kappa_score, f1_score, precision_score, recall_score

from console.judging.analysis import statistics
from console.judging.analysis.statistics import Confusion, correlations, kappa_words, mean_difference, quality

JUDGE = [1.0, 2.0, 2.0, 3.0, 5.0, 4.0, 4.0, 5.0]
HUMAN = [1.0, 1.0, 2.0, 3.0, 4.0, 5.0, 4.0, 5.0]


def test_the_coefficients_are_those_of_scipy() -> None:
    found = correlations(JUDGE, HUMAN)
    assert found.pearson.value == stats.pearsonr(JUDGE, HUMAN).statistic
    assert found.spearman.value == stats.spearmanr(JUDGE, HUMAN).statistic
    assert found.kendall.value == stats.kendalltau(JUDGE, HUMAN).statistic
    assert found.kendall.n == 8


def test_the_interval_of_pearson_is_that_of_scipy() -> None:
    found = correlations(JUDGE, HUMAN).pearson
    low, high = stats.pearsonr(JUDGE, HUMAN).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-12)


def test_the_intervals_do_not_depend_on_the_order_of_the_pairs() -> None:
    one, other = correlations(JUDGE, HUMAN), correlations(JUDGE[::-1], HUMAN[::-1])
    assert (one.spearman.low, one.kendall.low) == (other.spearman.low, other.kendall.low)
    assert one.kendall.value == pytest.approx(other.kendall.value)


def test_the_resampled_taus_are_those_of_scipy() -> None:
    x, y = np.array(JUDGE), np.array(HUMAN)
    drawn = np.array([[0, 1, 1, 2, 5, 5, 5, 7], [3, 3, 4, 4, 6, 0, 1, 2]])
    expected = [stats.kendalltau(x[one], y[one]).statistic for one in drawn]
    assert statistics._taus(x, y, drawn).tolist() == pytest.approx(expected, abs=1e-6)


def test_the_resampled_rhos_are_those_of_scipy() -> None:
    x, y = np.array(JUDGE), np.array(HUMAN)
    drawn = np.array([[0, 1, 1, 2, 5, 5, 5, 7], [3, 3, 4, 4, 6, 0, 1, 2]])
    expected = [stats.spearmanr(x[one], y[one]).statistic for one in drawn]
    assert statistics._rhos(x, y, drawn).tolist() == pytest.approx(expected, abs=1e-12)


def test_many_pairs_get_the_interval_of_large_samples() -> None:
    generator = np.random.default_rng(1)
    x = generator.normal(size=1_001)
    found = correlations(x, x + generator.normal(size=1_001))
    assert found.spearman.method == found.kendall.method == "Fisher's z"
    assert found.kendall.low < found.kendall.value < found.kendall.high  # type: ignore[operator]


def test_both_kinds_of_interval_agree_where_they_meet(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(2)
    x = generator.normal(size=600)
    y = x + generator.normal(size=600)
    resampled = correlations(x, y)
    monkeypatch.setattr(statistics, "_BOOTSTRAP_UP_TO", 10)
    large = correlations(x, y)
    assert (resampled.spearman.low, resampled.kendall.high) == pytest.approx(
        (large.spearman.low, large.kendall.high), abs=0.02
    )


@pytest.mark.parametrize(
    ("left", "right", "why"),
    [
        ([], [], "there are only 0 of the 3 pairs needed"),
        ([1], [2], "there is only 1 of the 3 pairs needed"),
        ([1, 2], [2, 1], "there are only 2 of the 3 pairs needed"),
        ([3, 3, 3, 3], [1, 2, 3, 4], "all of the first scores are the same"),
        ([1, 2, 3, 4], [0.1, 0.1, 0.1, 0.1], "all of the second scores are the same"),
    ],
)
def test_what_is_not_defined_says_why(left: list[float], right: list[float], why: str) -> None:
    found = correlations(left, right)
    assert found.pearson.value is None
    assert found.pearson.why == found.kendall.why == f"not defined because {why}"


def test_three_pairs_have_a_pearson_without_an_interval() -> None:
    found = correlations([1, 2, 3], [1, 3, 2]).pearson
    assert found.value == pytest.approx(0.5)
    assert found.low is None
    assert "more than 3 pairs" in found.why


def test_perfect_agreement_is_one() -> None:
    found = correlations([1, 2, 3, 4], [2, 4, 6, 8])
    assert (found.pearson.value, found.pearson.low) == (pytest.approx(1), None)
    assert "no interval" in found.pearson.why
    assert found.kendall.value == pytest.approx(1)


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5)), max_size=12))
def test_no_numbers_make_a_figure_that_is_no_number(pairs: list[tuple[int, int]]) -> None:
    found = correlations([one for one, _ in pairs], [other for _, other in pairs])
    for one in (found.pearson, found.spearman, found.kendall):
        assert one.value is None or math.isfinite(one.value)
        assert one.value is not None or one.why
        assert one.low is None or -1 - 1e-9 <= one.low <= one.high <= 1 + 1e-9  # type: ignore[operator]


# --- verdicts ----------------------------------------------------------------------------------------------


def test_the_figures_of_a_confusion_matrix_are_those_of_scikit_learn() -> None:
    judged = [True] * 25 + [False] * 25
    reference = [True] * 20 + [False] * 5 + [True] * 10 + [False] * 15
    confusion = Confusion.of(judged, reference)
    assert confusion == Confusion(true_pass=20, false_pass=5, false_fail=10, true_fail=15)
    found = quality(confusion)
    assert found.precision.value == precision_score(reference, judged)
    assert found.recall.value == pytest.approx(recall_score(reference, judged))
    assert found.f1.value == pytest.approx(f1_score(reference, judged))
    assert found.kappa.value == pytest.approx(cohen_kappa_score(reference, judged))
    assert confusion.accuracy == 0.7


def test_kappa_by_hand() -> None:
    # 35 of 50 agree; by chance 0.5 * 0.6 + 0.5 * 0.4 = 0.5 would: (0.7 - 0.5) / (1 - 0.5).
    found = quality(Confusion(20, 5, 10, 15)).kappa
    assert found.value == pytest.approx(0.4)
    assert found.low < 0.4 < found.high  # type: ignore[operator]


def test_where_no_run_is_wrong_precision_still_has_a_width_and_kappa_says_that_it_has_none() -> None:
    found = quality(Confusion(8, 0, 0, 7))
    assert (found.precision.value, found.precision.high) == (1, 1)
    assert found.precision.low == pytest.approx(0.676, abs=1e-3)  # Wilson, 8 of 8
    assert found.kappa.value == 1
    assert found.kappa.why == "no interval: every resample gives the same"


@pytest.mark.parametrize(
    ("confusion", "name", "why"),
    [
        (Confusion(0, 0, 0, 0), "f1", "there are no runs"),
        (Confusion(0, 0, 3, 4), "precision", "the judge passes nothing"),
        (Confusion(0, 2, 0, 4), "recall", "nothing should pass"),
        (Confusion(0, 0, 0, 4), "f1", "nothing passes on either side"),
        (Confusion(5, 0, 0, 0), "kappa", "both sides give one and the same verdict throughout"),
    ],
)
def test_an_empty_denominator_says_why(confusion: Confusion, name: str, why: str) -> None:
    found = getattr(quality(confusion), name)
    assert found.value is None
    assert found.why == f"not defined because {why}"


@pytest.mark.parametrize(
    ("kappa", "words"),
    [
        (-0.2, "poor"), (0.0, "slight"), (0.2, "slight"), (0.21, "fair"), (0.41, "moderate"), (0.6, "moderate"),
        (0.61, "substantial"), (0.81, "almost perfect"), (1.0, "almost perfect"),
    ],
)  # fmt: skip
def test_kappa_has_the_words_of_landis_and_koch(kappa: float, words: str) -> None:
    assert kappa_words(kappa) == words


def test_a_mean_difference_has_an_interval_around_it() -> None:
    found = mean_difference([0.1, 0.2, 0.3, 0.0, -0.1, 0.2])
    assert found.value == pytest.approx(0.7 / 6)
    assert found.low < found.value < found.high  # type: ignore[operator]
    assert found.method == "paired bootstrap"


def test_without_pairs_there_is_no_mean_difference() -> None:
    assert mean_difference([]).why == "not defined because there are no pairs"
    assert mean_difference([0.25, 0.75]).value == 0.5
    assert mean_difference([0.25, 0.75]).low is None
