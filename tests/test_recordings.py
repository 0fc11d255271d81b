"""The replayer notices what differs: a recording that passes whatever is answered proves nothing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.templates import Comparer

UUID = "00000000-0000-4000-8000-000000000000"


def problems(want: Any, got: Any, **options: Any) -> list[str]:
    return Comparer({"a": 7, "t": "x"}, **options).problems(want, got)


@pytest.mark.parametrize(
    ("want", "got"),
    [
        ({"a": 1, "b": [1.0, None]}, {"a": 1, "b": [1.0, None]}),
        ("<uuid>", UUID),
        ("<int>", 3),
        ("<ts:sql>", "2025-01-31 09:30:00"),
        ("${a}", 7),
        ("see ${t}!", "see x!"),
        ("<prefix:Error ${t}>", "Error x: more"),
        ({"$any": ["<str>", None]}, None),
        ({"$each": "<int>"}, [1, 2]),
        ({"$contains_in_order": [1, 3]}, [1, 2, 3]),
        ({"$partial": {"a": 1}}, {"b": 2, "a": 1}),
        ({"$literal": "<int>"}, "<int>"),
        ({"$excludes": 4}, [1, 2]),
    ],
)
def test_what_agrees_has_no_problems(want: Any, got: Any) -> None:
    assert problems(want, got, max_age=0) == []


@pytest.mark.parametrize(
    ("want", "got"),
    [
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        ({"a": 1}, {"a": 1, "b": 2}),
        (1, 1.0),
        (1, True),
        ("<int>", True),
        ("<float>", 1),
        ("<uuid>", UUID.replace("-", "")),
        ("<ts:iso>", "2025-01-31 09:30:00"),
        ("${a}", "7"),
        ([1, 2], [1]),
        ({"$each": "<int>"}, [1, "2"]),
        ({"$contains_in_order": [3, 1]}, [1, 2, 3]),
        ({"$partial": {"a": 1}}, {"b": 2}),
        ({"$literal": "<int>"}, 3),
        ({"$excludes": 2}, [1, 2]),
        ({"$len": 2}, [1]),
        ({"$all": [{"$len": 1}, {"$each": "<str>"}]}, [1]),
    ],
)
def test_what_differs_is_said(want: Any, got: Any) -> None:
    assert problems(want, got, max_age=0) != []


def test_a_fresh_time_is_near_now() -> None:
    assert problems("<ts:sql>", "2025-01-31 09:30:00") != []


def test_what_hangs_on_a_model_is_compared_by_type_where_asked() -> None:
    assert problems({"final_score": 2.5}, {"final_score": 3.5}, loose=True) == []
    assert problems({"final_score": 2.5}, {"final_score": None}, loose=True) != []
    assert problems({"final_score": 2.5}, {"final_score": 3.5}) != []
