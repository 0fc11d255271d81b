"""Regular expressions on foreign text are linear. Before, one took 54 s for 1,000 characters."""

from __future__ import annotations

import pytest

from console.judging.fence import Fence
from tests.support.expressions import FUNCTIONS, UNITS, Expression, adversary, at_run_time, built, expressions

SIZE = 300_000
"""Characters: a quadratic expression takes minutes for them, a linear one hundredths of a second."""
ALL = expressions()


def test_the_expressions_of_the_product_are_found() -> None:
    assert len(ALL) > 20
    assert any(one.place.startswith("console/judging/fence.py") for one in ALL)


@pytest.mark.timeout(30)
@pytest.mark.parametrize("one", ALL, ids=lambda one: f"{one.place}-{one.method}")
def test_an_expression_is_linear(one: Expression) -> None:
    for unit in UNITS:
        one.run(adversary(unit, SIZE))


BUILT = built()


def test_expressions_that_are_made_at_run_time_are_all_looked_at() -> None:
    assert at_run_time() == set(BUILT)
    assert [file for file, found in BUILT.items() if not found] == ["console/ui/search/results.py"]  # by FUNCTIONS


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    "one", [one for found in BUILT.values() for one in found], ids=lambda one: f"{one.place}-{one.pattern.pattern}"
)
def test_an_expression_that_is_made_at_run_time_is_linear(one: Expression) -> None:
    for unit in UNITS:
        one.run(adversary(unit, SIZE))


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_is_done_with_foreign_text_is_linear(name: str) -> None:
    for unit in UNITS:
        FUNCTIONS[name](adversary(unit, SIZE // 3))


@pytest.mark.timeout(30)
@pytest.mark.parametrize("unit", UNITS, ids=repr)
def test_the_fence_of_a_prompt_is_linear(unit: str) -> None:
    assert Fence("token").neutral(adversary(unit, 10_000_000)).count("token") == 0
