"""The parameters of judges: what the old system took for each, as its traces show."""

from __future__ import annotations

from typing import Any

import pytest

from console.errors import JudgingError
from console.judging.parameters import read_parameters
from tests.support.tier import snapshot

READ: list[tuple[dict[str, Any], str, Any]] = [
    ({}, "n_responses", 20),
    ({"n_responses": None}, "n_responses", 1),
    ({"n_responses": 2.0}, "n_responses", 2),
    ({"max_tokens": 100.0}, "max_tokens", 100),
    ({"max_tokens": None}, "max_tokens", 2500),
    ({"temperature": None}, "temperature", 1.0),
    ({"temperature": 1}, "temperature", 1.0),
    ({"top_p": None}, "top_p", 1.0),
    ({"frequency_penalty": None}, "frequency_penalty", 0.0),
    ({"presence_penalty": None}, "presence_penalty", 0.0),
    ({"custom_chain_of_thought": None}, "custom_chain_of_thought", None),
    ({"model": None}, "model", None),
    ({"sleep_time": None}, "sleep_time", 0.0),
]


@pytest.mark.parametrize(("given", "name", "value"), READ, ids=str)
def test_a_value_is_read_as_the_old_system_did(given: dict[str, Any], name: str, value: Any) -> None:
    found, unknown = read_parameters(snapshot(parameters=given))
    assert getattr(found, name) == value
    assert unknown == []


def test_a_name_that_means_nothing_is_told() -> None:
    assert read_parameters(snapshot(parameters={"score_token_position": 3, "x": 1}))[1] == ["score_token_position", "x"]


REFUSED: list[dict[str, Any]] = [
    {"n_responses": 0},
    {"n_responses": "3"},
    {"n_responses": 2.5},
    {"n_responses": True},
    {"temperature": "hot"},
    {"temperature": 3.0},
    {"max_tokens": 0},
]


@pytest.mark.parametrize("given", REFUSED, ids=str)
def test_a_value_that_cannot_be_is_named(given: dict[str, Any]) -> None:
    with pytest.raises(JudgingError, match=f"The judge's parameter {next(iter(given))} cannot be"):
        read_parameters(snapshot(parameters=given))
