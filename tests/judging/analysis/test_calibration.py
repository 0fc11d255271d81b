"""Calibration: against counting one by one, against a bootstrap of the runs, and what a suggestion needs."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score, f1_score, precision_score, recall_score

from console.judging.analysis.calibration import Objective, Weights, check, curves, suggest, tails
from console.judging.analysis.statistics import Confusion
from console.records import Verdict

SCORES = [0.1, 0.2, 0.35, 0.4, 0.5, 0.55, 0.6, 0.75, 0.9, 1.0]
HUMAN = [False, False, True, False, False, True, True, True, True, True]


@pytest.mark.parametrize("step", [0, 10, 35, 36, 50, 60, 75, 100])
def test_every_threshold_has_the_figures_of_scikit_learn(step: int) -> None:
    judged = [score >= step / 100 for score in SCORES]
    found = curves(SCORES, HUMAN)
    assert found.precision.value[step] == pytest.approx(precision_score(HUMAN, judged))
    assert found.recall.value[step] == pytest.approx(recall_score(HUMAN, judged))
    assert found.f1.value[step] == pytest.approx(f1_score(HUMAN, judged))
    if step:
        assert found.kappa.value[step] == pytest.approx(cohen_kappa_score(HUMAN, judged))


def test_where_nothing_is_defined_there_is_no_value() -> None:
    found = curves([0.2, 0.3], [False, False])
    assert np.isnan(found.recall.value).all()
    assert np.isnan(found.precision.value[50])
    assert found.precision.value[0] == 0


def test_no_runs_make_curves_without_values() -> None:
    found = curves([], [])
    assert np.isnan(found.f1.value).all()
    assert np.isnan(found.kappa.low).all()


def test_the_bands_are_those_of_a_bootstrap_of_the_runs() -> None:
    generator = np.random.default_rng(3)
    human = generator.random(400) < 0.6
    scores = np.clip(np.where(human, 0.7, 0.4) + generator.normal(0, 0.2, 400), 0, 1)
    drawn = generator.integers(0, 400, (2_000, 400))
    judged, truth = (np.floor(scores * 100 + 1e-9) >= 50)[drawn], human[drawn]
    f1 = 2 * (judged & truth).sum(1) / (judged.sum(1) + truth.sum(1))
    found = curves(scores, human).f1
    assert (found.low[50], found.high[50]) == pytest.approx(np.quantile(f1, [0.025, 0.975]).tolist(), abs=0.01)


def test_both_ends_of_an_interval_are_those_of_numpy_without_what_is_not_a_number() -> None:
    generator = np.random.default_rng(5)
    drawn = np.where(generator.random((300, 40)) < 0.3, np.nan, generator.random((300, 40)))
    drawn[1:, 0] = np.nan
    drawn[0, 0] = 0.25
    assert np.array(tails(drawn)) == pytest.approx(np.nanquantile(drawn, [0.025, 0.975], axis=0))


def test_the_same_runs_give_the_same_bands_in_any_order() -> None:
    one, other = curves(SCORES, HUMAN), curves(SCORES[::-1], HUMAN[::-1])
    assert np.array_equal(one.f1.low, other.f1.low, equal_nan=True)


def test_a_threshold_is_met_to_the_last_digit_as_by_the_verdict_of_a_run() -> None:
    below = 0.8999999999999999
    assert [Verdict.of(score, 0.9) for score in (below, 0.9)] == [Verdict.FAIL, Verdict.PASS]
    assert [check([score], [True], 0.9, Weights()).confusion for score in (below, 0.9)] == [
        Confusion(0, 0, 1, 0),
        Confusion(1, 0, 0, 0),
    ]
    found = curves([below, 0.9], [True, True]).recall.value
    assert (found[89], found[90]) == (1.0, 0.5)


# --- suggestions -------------------------------------------------------------------------------------------

SPLIT = [place / 100 for place in range(20, 60)] + [place / 100 for place in range(60, 100)]
TRUTH = [False] * 40 + [True] * 40


@pytest.mark.parametrize("objective", list(Objective))
def test_a_clean_cut_is_found_and_confirmed_on_the_runs_held_out(objective: Objective) -> None:
    found = suggest(SPLIT, TRUTH, range(80), objective, present=0.4)
    assert found.threshold == pytest.approx(0.6, abs=0.03)
    assert found.held_out is not None
    assert found.present is not None
    held = found.held_out.confusion
    assert (found.chosen_on, held.n, held.true_pass + held.false_fail) == (40, 40, 20)
    assert found.held_out.cost < found.present.cost


def test_a_false_pass_that_costs_more_moves_the_threshold_up() -> None:
    generator = np.random.default_rng(4)
    human = generator.random(400) < 0.5
    scores = np.clip(np.where(human, 0.6, 0.4) + generator.normal(0, 0.15, 400), 0, 1)
    strict = suggest(scores, human, range(400), Objective.COST, present=0.5, weights=Weights(5, 1))
    mild = suggest(scores, human, range(400), Objective.COST, present=0.5, weights=Weights(1, 5))
    assert strict.threshold is not None
    assert mild.threshold is not None
    assert strict.threshold > mild.threshold + 0.1


def test_a_run_stays_in_its_half_when_others_are_labelled() -> None:
    before = suggest(SPLIT, TRUTH, range(80), Objective.F1, present=0.5)
    shuffled = list(range(80))[::-1]
    after = suggest(
        [SPLIT[one] for one in shuffled], [TRUTH[one] for one in shuffled], shuffled, Objective.F1, present=0.5
    )
    assert before == after


@pytest.mark.parametrize(
    ("human", "words"),
    [
        ([True] * 20 + [False] * 3, "People failed only 3 of 23 labelled runs"),
        ([True] * 2 + [False] * 9, "People passed only 2 of 11 labelled runs"),
        ([], "only 0 of 0 labelled runs"),
    ],
)
def test_few_labels_of_one_kind_suggest_nothing(human: list[bool], words: str) -> None:
    found = suggest([0.5] * len(human), human, range(len(human)), Objective.F1, present=0.5)
    assert found.threshold is None
    assert found.held_out is None
    assert words in found.why


def test_the_cost_counts_what_is_wrong() -> None:
    scores, human = [0.9] * 10 + [0.9] * 3 + [0.1] * 2 + [0.1] * 5, [True] * 10 + [False] * 3 + [True] * 2 + [False] * 5
    assert check(scores, human, 0.5, Weights(4, 1)).cost == 0.7
    assert check([], [], 0.5, Weights()).cost is None


# --- labels that speak for more or fewer runs ----------------------------------------------------------------


def test_a_run_that_speaks_for_three_counts_like_three() -> None:
    speaks = np.array([1.0, 3.0, 1.0, 2.0, 1.0, 1.0, 4.0, 1.0, 1.0, 2.0])
    thrice = np.repeat(np.arange(10), speaks.astype(int))
    few, many = curves(SCORES, HUMAN, speaks), curves(np.array(SCORES)[thrice], np.array(HUMAN)[thrice])
    for name in ("precision", "recall", "f1", "kappa"):
        assert np.allclose(getattr(few, name).value, getattr(many, name).value, equal_nan=True)
    weighed = check(SCORES, HUMAN, 0.5, Weights(2, 1), speaks)
    counted = check(np.array(SCORES)[thrice], np.array(HUMAN)[thrice], 0.5, Weights(2, 1))
    assert weighed.cost == pytest.approx(counted.cost)
    assert weighed.quality.kappa.value == pytest.approx(counted.quality.kappa.value)
    assert weighed.quality.precision.value == pytest.approx(counted.quality.precision.value)
    assert weighed.confusion.n == 10


def test_runs_of_equal_weight_have_the_bands_of_the_table() -> None:
    generator = np.random.default_rng(3)
    human = generator.random(300) < 0.6
    scores = np.clip(np.where(human, 0.7, 0.4) + generator.normal(0, 0.2, 300), 0, 1)
    alike, weighed = curves(scores, human).kappa, curves(scores, human, np.ones(300)).kappa
    assert np.nanmax(np.abs(alike.low - weighed.low)) < 0.03


def test_labels_of_the_stratified_queue_suggest_the_threshold_of_all_runs_by_their_odds() -> None:
    """Most runs score high; of each tenth of the scale as many are labelled."""
    dice = np.random.default_rng(7)
    scores = dice.beta(6, 2, 20_000)
    human = dice.random(20_000) < 1 / (1 + np.exp(-(scores - 0.7) * 5))
    tenths = (scores * 10).astype(int)
    odds = np.minimum(1, 40 / np.bincount(tenths)[tenths])
    best = suggest(scores, human, range(20_000), Objective.KAPPA, present=0.5).threshold or 0.0
    truth = check(scores, human, best, Weights()).quality.kappa.value
    thresholds: dict[bool, list[float]] = {True: [], False: []}
    kappas: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(10):
        drawn = dice.random(20_000) < odds
        for weighed, speaks in ((False, None), (True, 1 / odds[drawn])):
            keys = range(int(drawn.sum()))
            found = suggest(scores[drawn], human[drawn], keys, Objective.KAPPA, present=0.5, speaks=speaks)
            thresholds[weighed].append(found.threshold)
            kappas[weighed].append(found.held_out.quality.kappa.value)
    assert np.mean(thresholds[True]) == pytest.approx(best, abs=0.03)
    assert np.mean(thresholds[False]) < best - 0.05
    assert np.mean(kappas[True]) == pytest.approx(truth, abs=0.06)
    assert np.mean(kappas[False]) > truth + 0.09
