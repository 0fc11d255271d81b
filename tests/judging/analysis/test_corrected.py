"""Corrected rates against what is known of the estimators, and against simulated truth."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from sklearn.linear_model import LinearRegression

from benchmarks.corrected import Draw, at_random, judges, kappas, measured, real_runs, uncertain_first
from console.judging.analysis.corrected import Sample, classical_rate, corrected_mean, corrected_rate
from console.judging.analysis.weighted import LEAST

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


JUDGES = {"real": real_runs(), **judges(np.random.default_rng(1))}


def held_and_width(name: str, draw: Draw, size: int) -> tuple[float, float]:
    held, width = measured(*JUDGES[name], draw, size, 400).split()
    return float(held), float(width)


@pytest.mark.parametrize("size", [40, 60, 100])
@pytest.mark.parametrize("name", ["real", "as on SummEval", "strong judge", "clustered .85 .75"])
def test_a_random_sample_holds_the_truth_as_often_as_it_says_and_the_judge_makes_it_narrower(
    name: str, size: int
) -> None:
    held, width = held_and_width(name, at_random, size)
    assert 0.93 <= held <= (0.97 if name == "real" else 0.98)  # 400 draws: a standard error is .011
    assert width <= 0.9


@pytest.mark.parametrize("size", [40, 60, 100])
@pytest.mark.parametrize("name", ["weak judge", "few fail", "few pass", "long .90 .60"])
def test_a_judge_that_says_little_makes_the_interval_no_wider(name: str, size: int) -> None:
    held, width = held_and_width(name, at_random, size)
    assert 0.93 <= held <= 0.98
    assert width <= 1.0


@pytest.mark.parametrize("size", [40, 60, 100])
@pytest.mark.parametrize("name", ["real", "as on SummEval", "even odds", "few pass", "verdicts .90 .80"])
def test_doubtful_runs_with_their_odds_hold_the_truth(name: str, size: int) -> None:
    held, _ = held_and_width(name, uncertain_first, size)
    assert 0.92 <= held <= 0.975


def test_kappa_of_doubtful_runs_needs_their_odds() -> None:
    truth, bare, weighed, held = map(float, kappas(*JUDGES["real"], 100, 200).split())
    assert bare < 0.6 * truth
    assert weighed == pytest.approx(truth, abs=0.03)
    assert held >= 0.93
