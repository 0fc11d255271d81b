"""Corrected rates against what is known of the estimators, and against simulated truth."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from sklearn.linear_model import LinearRegression

from benchmarks.corrected import at_random, judges, measured, uncertain_first
from console.judging.analysis.corrected import LEAST, Sample, classical_rate, corrected_mean, corrected_rate

DICE = np.random.default_rng(5)
SCORES = DICE.random(60)
PASSED = DICE.random(60) < SCORES


def alike(count: int, of: int) -> np.ndarray:
    return np.full(count, count / of)


def test_the_labels_mean_is_moved_by_the_regression_on_the_judges_scores() -> None:
    found = corrected_rate(Sample.of(SCORES, alike(60, 600)), PASSED, runs=600, mean_score=0.4)
    line = LinearRegression().fit(SCORES[:, None], PASSED)
    assert found.estimate.value == pytest.approx(float(line.predict([[0.4]])[0]), abs=1e-12)
    assert found.estimate.low < found.estimate.value < found.estimate.high


def test_weights_are_those_of_weighted_least_squares() -> None:
    odds = DICE.uniform(0.05, 0.5, 60)
    found = corrected_mean(Sample.of(SCORES, odds), SCORES**2, runs=600, mean_score=0.6)
    line = LinearRegression().fit(SCORES[:, None], SCORES**2, sample_weight=1 / odds)
    assert found.estimate.value == pytest.approx(float(line.predict([[0.6]])[0]), abs=1e-12)


def test_a_judge_that_says_nothing_leaves_the_labels_own_interval() -> None:
    found = corrected_rate(Sample.of(np.full(60, 0.5), alike(60, 10**9)), PASSED, runs=10**9, mean_score=0.5)
    share, t = PASSED.mean(), stats.t.ppf(0.975, 58)
    interval = stats.binomtest(int(PASSED.sum()), 60).proportion_ci(0.95, "wilson")
    assert found.estimate.value == pytest.approx(share)
    assert found.estimate.low == pytest.approx(interval.low, abs=0.01)
    assert found.estimate.high == pytest.approx(interval.high, abs=0.01)
    assert t > 1.96


def test_when_every_run_is_labelled_nothing_is_uncertain() -> None:
    found = corrected_mean(Sample.of(SCORES, np.ones(60)), SCORES / 2, runs=60, mean_score=float(SCORES.mean()))
    assert (found.estimate.low, found.estimate.high) == pytest.approx((SCORES.mean() / 2, SCORES.mean() / 2))


@pytest.mark.parametrize("verdict", [True, False])
def test_one_verdict_for_all_is_not_certainty(verdict: bool) -> None:
    found = corrected_rate(Sample.of(SCORES, alike(60, 600)), np.full(60, verdict), runs=600, mean_score=0.5).estimate
    assert found.value == float(verdict)
    assert found.high - found.low > 0.04
    assert 0 <= found.low <= found.high <= 1


def test_few_labels_conclude_nothing_and_say_why() -> None:
    few = LEAST - 1
    found = corrected_rate(Sample.of(SCORES[:few], alike(few, 600)), PASSED[:few], runs=600, mean_score=0.5)
    assert found.estimate.value is None
    assert f"at least {LEAST}" in found.estimate.why
    assert found.more_for(0.05) == 0


@pytest.mark.parametrize("odds", [0.0, -0.1, 1.1, float("nan")])
def test_impossible_odds_are_refused(odds: float) -> None:
    with pytest.raises(ValueError, match="probability above 0"):
        Sample.of([0.5], [odds])


def test_more_labels_are_asked_for_until_the_interval_is_as_narrow() -> None:
    found = corrected_rate(Sample.of(SCORES, alike(60, 5_000)), PASSED, runs=5_000, mean_score=0.5)
    more = found.more_for(0.05)
    wider = 1.959964 * found.spread * np.sqrt(1 / (60 + more) - 1 / 5_000)
    assert more > 0
    assert wider == pytest.approx(0.05, abs=0.001)
    assert found.more_for(0.5) == 0


def test_rogan_gladen_undoes_known_errors() -> None:
    people = np.repeat([True, True, False, False], [45, 5, 8, 42])
    judge = np.repeat([True, False, True, False], [45, 5, 8, 42])
    found = classical_rate(Sample.of(judge, alike(100, 1_000)), people, judge, pass_rate=0.9 * 0.3 + 0.16 * 0.7)
    assert found.value == pytest.approx(0.3)
    assert found.low < 0.3 < found.high


def test_rogan_gladen_is_not_defined_for_a_judge_by_chance() -> None:
    people = np.tile([True, False], 30)
    judge = np.repeat([True, False], 30)
    assert classical_rate(Sample.of(judge, alike(60, 600)), people, judge, pass_rate=0.5).value is None


@pytest.mark.parametrize(("draw", "least"), [(at_random, 0.91), (uncertain_first, 0.89)])
def test_the_interval_holds_the_truth_about_as_often_as_it_says(draw, least: float) -> None:  # type: ignore[no-untyped-def]
    scores, people = judges(np.random.default_rng(1))["as on SummEval"]
    held = float(measured(scores, people, draw, 60, 200).split()[0])
    assert least <= held <= 0.99
