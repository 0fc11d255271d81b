"""Agreement of several people: alpha as the library computes it, and pair by pair."""

from __future__ import annotations

import warnings

import krippendorff
import numpy as np
import pytest

from console.judging.analysis.raters import alpha, pairs_of_raters

EXAMPLE = (
    (1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None),
    (1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3),
    (None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None),
    (1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None),
)
"""The published example: four people, twelve units."""


def runs_of(table: np.ndarray) -> list[dict[str, float]]:
    return [{str(who): float(said) for who, said in enumerate(unit) if said == said} for unit in table.T]


def test_the_published_example() -> None:
    table = np.array(EXAMPLE, dtype=np.float64)
    assert alpha(runs_of(table)).value == pytest.approx(0.849, abs=5e-4)
    verdicts = np.where(np.isnan(table), np.nan, table >= 3)
    nominal = krippendorff.alpha(verdicts, level_of_measurement="nominal")
    assert alpha(runs_of(verdicts)).value == pytest.approx(nominal, abs=1e-9)


@pytest.mark.parametrize("seed", range(100))
def test_alpha_equals_the_librarys(seed: int) -> None:
    dice = np.random.default_rng(seed)
    table = dice.integers(0, dice.integers(2, 6), (dice.integers(2, 6), dice.integers(2, 30))).astype(np.float64)
    table[dice.random(table.shape) < 0.7 * dice.random()] = np.nan
    found = alpha(runs_of(table))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = krippendorff.alpha(table, level_of_measurement="interval")
    except ValueError:
        expected = float("nan")
    if np.isnan(expected):
        assert found.value is None
        assert found.why
    else:
        assert found.value == pytest.approx(expected, abs=1e-9)
        assert found.low is None or -1.0 <= found.low <= found.high <= 1.0


def test_who_differs_most_comes_first() -> None:
    runs = [{"ann": 4, "bob": 4, "cem": 2}, {"ann": 5, "bob": 5}, {"ann": 3, "cem": 3}]
    pairs = pairs_of_raters(runs)
    assert [(one.first, one.second, one.runs, one.agreed) for one in pairs] == [
        ("bob", "cem", 1, 0),
        ("ann", "cem", 2, 1),
        ("ann", "bob", 2, 2),
    ]
