"""Calibrated scores: the curves of the libraries, probabilities that hold, and an error with an honest interval."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.calibration import _sigmoid_calibration, calibration_curve
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss

from console.judging.analysis.calibrated import GRID, LEAST, Method, fit, reliability, too_few


def runs(seed: int, count: int, shape: float = 2.0) -> tuple[np.ndarray, np.ndarray]:
    """Scores, and verdicts that people give with probability score ** shape."""
    dice = np.random.default_rng(seed)
    scores = dice.random(count)
    return scores, dice.random(count) < scores**shape


def test_platts_curve_is_the_librarys() -> None:
    scores, people = runs(1, 150)
    a, b = _sigmoid_calibration(scores, people.astype(float))
    found = fit(scores, people, np.ones(150), Method.PLATT)
    assert found.curve == pytest.approx(1 / (1 + np.exp(a * GRID + b)), abs=1e-4)


def test_isotonic_is_the_librarys_on_platts_targets() -> None:
    scores, people = runs(2, 150)
    targets = np.where(people, (people.sum() + 1) / (people.sum() + 2), 1 / ((~people).sum() + 2))
    line = IsotonicRegression(out_of_bounds="clip").fit(scores, targets)
    found = fit(scores, people, np.ones(150), Method.ISOTONIC)
    assert found.curve == pytest.approx(line.predict(GRID))
    assert (np.diff(found.curve) >= 0).all()


@pytest.mark.parametrize("method", list(Method))
def test_weights_count_a_label_so_many_times(method: Method) -> None:
    scores, people = runs(3, 60)
    weights = np.tile([1.0, 3.0], 30)
    often = np.repeat(np.arange(60), np.tile([1, 3], 30))
    one = fit(scores, people, weights, method).curve
    other = fit(scores[often], people[often], np.ones(len(often)), method).curve
    assert one == pytest.approx(other, abs=0.05)  # targets are those of the labels, not of the runs


def test_with_many_labels_the_curve_that_holds_better_is_taken() -> None:
    scores, people = runs(4, 100)
    assert fit(scores, people, np.ones(100)).method is Method.PLATT
    dice = np.random.default_rng(5)
    scores = dice.random(3_000)
    people = dice.random(3_000) < np.where(scores < 0.5, 0.1, 0.9)
    assert fit(scores, people, np.ones(3_000)).method is Method.ISOTONIC


def test_the_interval_of_the_curve_holds_the_truth_about_as_often_as_it_says() -> None:
    held = []
    for seed in range(12):
        dice = np.random.default_rng(seed)
        scores = dice.random(120)
        people = dice.random(120) < 1 / (1 + np.exp(-(6 * scores - 3)))
        found = fit(scores, people, np.ones(120), Method.PLATT)
        truth = 1 / (1 + np.exp(-(6 * GRID - 3)))
        held.append(((found.low <= truth) & (truth <= found.high)).mean())
    assert np.mean(held) >= 0.9


def test_calibration_brings_probabilities_near_the_shares() -> None:
    scores, people = runs(6, 400, shape=3.0)
    found = fit(scores, people, np.ones(400))
    assert found.raw.error.value > 0.15
    assert found.calibrated.error.value < 0.08
    assert found.calibrated.brier < found.raw.brier


def test_the_diagram_and_the_brier_score_are_the_librarys() -> None:
    scores, people = runs(7, 300)
    found = reliability(scores, people, np.ones(300))
    shares, means = calibration_curve(people, scores, n_bins=10, strategy="quantile")
    assert [one.passed for one in found.bins] == pytest.approx(shares)
    assert [one.probability for one in found.bins] == pytest.approx(means)
    assert sum(one.labels for one in found.bins) == 300
    assert found.brier == pytest.approx(brier_score_loss(people, scores))
    assert found.error.value == pytest.approx(np.abs(shares - means).mean())


def test_the_error_of_a_perfect_judge_is_not_told_from_none() -> None:
    lows = []
    for seed in range(30):
        scores, people = runs(seed, 200, shape=1.0)
        error = reliability(scores, people, np.ones(200)).error
        assert error.low <= error.value <= error.high
        lows.append(error.low)
    assert np.mean(np.array(lows) <= 0.01) >= 0.9


def test_equal_scores_share_a_bin() -> None:
    scores = np.repeat([0.0, 0.5, 1.0], 40)
    found = reliability(scores, np.tile([True, False], 60), np.ones(120))
    assert [one.labels for one in found.bins] == [40, 40, 40]
    assert len(reliability(np.full(60, 0.5), np.tile([True, False], 30), np.ones(60)).bins) == 1


@pytest.mark.parametrize(
    ("people", "why"),
    [
        ([True] * (LEAST - 1), "29 labels are too few: it takes 30"),
        ([True] * 40 + [False] * 4, "people gave one of the verdicts 4 times only: it takes 5 of each"),
    ],
)
def test_too_few_labels_make_no_curve_and_say_why(people: list[bool], why: str) -> None:
    assert too_few(people) == why
    with pytest.raises(ValueError, match="it takes"):
        fit(np.linspace(0, 1, len(people)), people, np.ones(len(people)))


@pytest.mark.parametrize("score", [0.0, 0.5, 1.0])
def test_a_judge_that_says_one_score_only_gives_one_probability(score: float) -> None:
    found = fit(np.full(60, score), np.tile([True, True, False], 20), np.ones(60))
    assert np.isfinite(found.curve).all()
    assert found.curve[round(score * 100)] == pytest.approx(2 / 3, abs=0.03)


@pytest.mark.parametrize("kind", ["noise", "apart", "upside down"])
def test_platts_curve_is_that_of_a_logistic_regression_on_his_targets(kind: str) -> None:
    scores, people = runs(8, 80)
    if kind == "apart":
        people = scores > 0.5
    if kind == "upside down":
        people = ~people
    weights = np.random.default_rng(9).uniform(0.2, 3, 80)
    targets = np.where(people, (people.sum() + 1) / (people.sum() + 2), 1 / ((~people).sum() + 2))
    shares = np.concatenate([weights * targets, weights * (1 - targets)]) * 80 / weights.sum()
    line = LogisticRegression(C=1e6, max_iter=10_000, tol=1e-10)
    line.fit(np.concatenate([scores, scores])[:, None], np.repeat([1, 0], 80), sample_weight=shares)
    found = fit(scores, people, weights, Method.PLATT)
    assert found.curve == pytest.approx(line.predict_proba(GRID[:, None])[:, 1], abs=1e-3)
    assert np.isfinite(found.low).all()
    assert np.isfinite(found.high).all()


def test_one_and_the_same_score_gives_the_share_that_people_pass() -> None:
    found = fit(np.full(80, 0.7), np.arange(80) < 30, np.ones(80), Method.PLATT)
    assert found.curve == pytest.approx(np.full(101, (30 * 31 / 32 + 50 / 52) / 80), abs=1e-3)
