"""Goal T6: our figures against scipy, scikit-learn and krippendorff on 300 tables, random and degenerate.

Whatever a table holds, a figure is that of the library to 1e-9 or it is none, with the reason; NaN is never one.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Sequence
from statistics import NormalDist

import krippendorff
import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import cohen_kappa_score, f1_score, precision_score, recall_score

from console.judging.analysis.per_document import per_document
from console.judging.analysis.raters import alpha
from console.judging.analysis.statistics import Confusion, Estimate, correlations, mean_difference, quality

TABLES = 300
NEAR = 1e-9


def columns(seed: int) -> tuple[list[float], list[float]]:
    """Two columns of scores: of any length, with ties, constant ones, perfect and contrary ones, a single outlier."""
    rng = np.random.default_rng(seed)
    n = int(rng.choice([0, 1, 2, 3, 4, 5, 8, 20, 60]))
    kind = seed % 10
    left = rng.integers(1, 6, n).astype(float) if kind % 2 else rng.normal(size=n)
    made = {
        0: left + rng.normal(size=n),
        1: rng.integers(1, 6, n).astype(float),
        2: left.copy(),
        3: -left,
        4: np.full(n, 4.0),
        5: np.where(np.arange(n) == 0, 5.0, 1.0),
        6: left * 1e-12 + 1,
        7: np.round(left / 2),
        8: left * 1e9,
        9: rng.choice([1.0, 5.0], n),
    }[kind]
    return left.tolist(), made.tolist()


def estimates(seed: int) -> Iterator[Estimate]:
    """Every figure that two columns have."""
    left, right = columns(seed)
    found = correlations(left, right)
    groups = [place % 4 for place in range(len(left))]
    within = per_document(left, right, groups).correlations
    yield from (found.pearson, found.spearman, found.kendall, within.pearson, within.spearman, within.kendall)
    yield mean_difference([a - b for a, b in zip(left, right, strict=True)])
    said = quality(Confusion.of([one >= 3 for one in left], [one >= 3 for one in right]))
    yield from (said.precision, said.recall, said.f1, said.kappa)


@pytest.mark.parametrize("seed", range(TABLES))
def test_no_figure_is_nan_and_what_is_missing_says_why(seed: int) -> None:
    for one in estimates(seed):
        given = [value for value in (one.value, one.low, one.high) if value is not None]
        assert all(math.isfinite(value) for value in given)
        assert one.value is not None or one.why
        assert one.low is None or one.low - NEAR <= one.high  # type: ignore[operator]


@pytest.mark.parametrize("seed", range(TABLES))
def test_correlations_are_those_of_scipy(seed: int) -> None:
    left, right = columns(seed)
    found = correlations(left, right)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        known = theirs(left, right)

    for ours, other in zip((found.pearson, found.spearman, found.kendall), known, strict=True):
        assert ours.value is None or ours.value == pytest.approx(other, abs=NEAR)
        assert ours.value is not None or not math.isfinite(other) or min(np.ptp(left), np.ptp(right)) < NEAR


def theirs(left: Sequence[float], right: Sequence[float]) -> tuple[float, float, float]:
    if len(left) < 3:
        return math.nan, math.nan, math.nan
    return (
        float(stats.pearsonr(left, right).statistic),
        float(stats.spearmanr(left, right).statistic),
        float(stats.kendalltau(left, right).statistic),
    )


@pytest.mark.parametrize("seed", range(TABLES))
def test_verdicts_are_those_of_scikit_learn(seed: int) -> None:
    left, right = columns(seed)
    judged, people = [one >= 3 for one in left], [one >= 3 for one in right]
    found = quality(Confusion.of(judged, people))
    pairs = {
        "precision": (found.precision, precision_score(people, judged, zero_division=np.nan) if people else math.nan),
        "recall": (found.recall, recall_score(people, judged, zero_division=np.nan) if people else math.nan),
        "f1": (found.f1, f1_score(people, judged, zero_division=np.nan) if people else math.nan),
        "kappa": (found.kappa, kappa(judged, people)),
    }

    for ours, other in pairs.values():
        assert (ours.value is None) == (not math.isfinite(other))
        assert ours.value is None or ours.value == pytest.approx(other, abs=NEAR)
    assert wilson(sum(a and b for a, b in zip(judged, people, strict=True)), sum(judged)) == pytest.approx(
        (found.precision.low, found.precision.high) if sum(judged) else None, abs=NEAR
    )


def kappa(judged: Sequence[bool], people: Sequence[bool]) -> float:
    if not judged or (len(set(judged)) == 1 and set(judged) == set(people)):
        return math.nan
    return float(cohen_kappa_score(judged, people))


def wilson(of: int, n: int) -> tuple[float, float] | None:
    """Wilson's interval (1927), by its formula."""
    if not n:
        return None
    z, share = NormalDist().inv_cdf(0.975), of / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(middle - half, 0.0), min(middle + half, 1.0)


@pytest.mark.parametrize("seed", range(TABLES))
@pytest.mark.parametrize("level", ["nominal", "interval"])
def test_alpha_is_that_of_krippendorff(seed: int, level: str) -> None:
    rng = np.random.default_rng(seed)
    units, raters = int(rng.integers(1, 12)), int(rng.integers(1, 5))
    most = 2 if level == "nominal" else 1 + int(rng.integers(1, 6))
    values = rng.integers(0, most, (raters, units)).astype(float)
    values[rng.random((raters, units)) < rng.choice([0.0, 0.3, 0.8])] = math.nan
    said = [{f"rater {who}": value for who, value in enumerate(unit) if not math.isnan(value)} for unit in values.T]
    found = alpha(said)
    try:
        with np.errstate(all="ignore"):
            other = krippendorff.alpha(values, level_of_measurement=level)
    except ValueError:
        other = math.nan

    assert found.value is not None or found.why
    assert found.value is None or found.value == pytest.approx(other, abs=NEAR)


def test_figures_per_document_are_the_means_of_scipys() -> None:
    rng = np.random.default_rng(7)
    documents = np.repeat(np.arange(25), 4)
    left, right = rng.normal(size=100), rng.integers(1, 6, 100).astype(float)
    right[:4] = 3.0
    found = per_document(left.tolist(), right.tolist(), documents.tolist())
    each = [(left[documents == one], right[documents == one]) for one in range(25)]
    telling = [(a, b) for a, b in each if np.ptp(b) > 0]

    assert (found.documents, found.constant) == (25, 25 - len(telling))
    for ours, theirs_ in (
        (found.correlations.pearson, stats.pearsonr),
        (found.correlations.spearman, stats.spearmanr),
        (found.correlations.kendall, stats.kendalltau),
    ):
        assert ours.value == pytest.approx(np.mean([theirs_(a, b).statistic for a, b in telling]), abs=NEAR)
        assert ours.n == len(telling)
        assert ours.low < ours.value < ours.high  # type: ignore[operator]


def test_easy_and_hard_documents_do_not_count_as_agreement_within_them() -> None:
    left, right = [1.0, 2.0, 8.0, 9.0], [2.0, 1.0, 9.0, 8.0]

    assert correlations(left, right).pearson.value == pytest.approx(0.96, abs=0.01)
    assert per_document(left, right, ["easy", "easy", "hard", "hard"]).correlations.pearson.value == pytest.approx(-1.0)


def test_without_documents_of_several_texts_there_is_no_figure() -> None:
    assert per_document([1.0, 2.0], [1.0, 2.0], ["a", "b"]).correlations.kendall.why.endswith("two scored texts")
    assert per_document([1.0, 1.0], [1.0, 2.0], ["a", "a"]).correlations.kendall.why.endswith("are the same")


@pytest.mark.parametrize("n", [3, 4, 6])
def test_a_perfect_correlation_of_few_pairs_has_no_interval(n: int) -> None:
    found = correlations(list(range(n)), list(range(n)))

    assert [one.value for one in (found.pearson, found.spearman, found.kendall)] == pytest.approx([1.0, 1.0, 1.0])
    assert [one.low for one in (found.pearson, found.spearman, found.kendall)] == [None, None, None]
