"""Versions sort by number, and a condition says which of them may be written."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from console.data.configuration.versions import active_of, newest_first, next_version, pick, version_number
from console.errors import NotFound


class One(NamedTuple):
    version: str
    active: bool = False


@given(st.lists(st.integers(0, 10**6), unique=True))
def test_versions_sort_by_number(numbers: list[int]) -> None:
    shuffled = [One(f"{number}.0") for number in numbers]
    assert newest_first(shuffled) == [One(f"{number}.0") for number in sorted(numbers, reverse=True)]  # type: ignore[type-var]


@given(st.tuples(st.integers(0, 99), st.integers(0, 99)), st.tuples(st.integers(0, 99), st.integers(0, 99)))
def test_a_minor_number_counts_after_the_major_one(one: tuple[int, int], other: tuple[int, int]) -> None:
    texts = [version_number(f"{major}.{minor}") for major, minor in (one, other)]
    assert (texts[0] < texts[1]) == (one < other)


def test_ten_comes_after_nine() -> None:
    assert newest_first([One("9.0"), One("10.0"), One("1.0")]) == [One("10.0"), One("9.0"), One("1.0")]  # type: ignore[type-var]


@given(st.lists(st.integers(1, 10**6)))
def test_the_next_version_is_above_all(numbers: list[int]) -> None:
    assert version_number(next_version([One(f"{number}.0") for number in numbers])) == (max(numbers, default=0) + 1, 0)  # type: ignore[type-var]


def test_the_next_version_does_not_depend_on_which_is_active() -> None:
    assert next_version([One("3.0"), One("11.0"), One("2.0", active=True)]) == "12.0"  # type: ignore[type-var]


@given(st.text())
@example("²")
def test_a_version_that_an_earlier_system_named_oddly_still_has_a_place(text: str) -> None:
    assert all(part >= 0 for part in version_number(text))


def test_one_version_is_in_force_or_none() -> None:
    assert active_of([One("2.0"), One("1.0", active=True)]) == One("1.0", active=True)  # type: ignore[type-var]
    assert active_of([One("2.0"), One("1.0")]) is None  # type: ignore[type-var]


def test_a_version_that_is_not_there_is_not_found() -> None:
    with pytest.raises(NotFound, match="There is no version 2 of the case c-1"):
        pick([One("2.0")], "case", "c-1", "2")  # type: ignore[type-var]
