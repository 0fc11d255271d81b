"""The parameters of a judge in a form: what nobody touches stays exactly as it was."""

from __future__ import annotations

import json

import pytest

from console.records import Json
from console.tabular.objects import typed_object
from console.ui.records.fields import json_text, problem_of_json
from console.ui.records.judge_parameters import NUMBERS, joined, other_parameters, typed_parameters, unusual

ODD: Json = {
    "seed": 7,
    "temperature": 1,
    "n_responses": 3.0,
    "max_tokens": 10**20,
    "top_p": 0.10,
    "frequency_penalty": None,
    "presence_penalty": True,
    "z": {"b": 1.0, "a": [None, "é"]},
}


def form_of(parameters: Json) -> dict[str, object]:
    return {**typed_parameters(parameters), "other": json_text(other_parameters(parameters))}


def test_an_untouched_form_gives_the_same_parameters_back() -> None:
    assert json.dumps(joined(form_of(ODD), form_of(ODD), ODD)) == json.dumps(ODD)


def test_values_that_are_not_numbers_of_their_kind_are_among_the_others() -> None:
    assert typed_parameters(ODD)["temperature"] == 1.0
    assert list(other_parameters(ODD)) == [
        "seed",
        "n_responses",
        "max_tokens",
        "frequency_penalty",
        "presence_penalty",
        "z",
    ]


def test_a_changed_number_changes_nothing_else() -> None:
    values = form_of(ODD) | {"top_p": 0.5}
    assert json.dumps(joined(values, form_of(ODD), ODD)) == json.dumps(ODD | {"top_p": 0.5})


def test_an_emptied_field_takes_its_parameter_out() -> None:
    values = form_of(ODD) | {"temperature": None}
    assert "temperature" not in joined(values, form_of(ODD), ODD)


def test_the_other_parameters_are_what_was_typed() -> None:
    values = form_of(ODD) | {"other": '{"stop": ["a"]}'}
    assert joined(values, form_of(ODD), ODD) == {"temperature": 1, "top_p": 0.1, "stop": ["a"]}


def test_the_parameters_of_the_old_system_have_its_ranges_and_a_temperature_of_one_at_first() -> None:
    assert [(n.name, n.low, n.high, n.at_first) for n in NUMBERS] == [
        ("temperature", 0, 2, 1),
        ("n_responses", 1, 50, 10),
        ("max_tokens", 100, 5000, 2500),
        ("top_p", 0, 1, 1),
        ("frequency_penalty", 0, 2, 0),
        ("presence_penalty", 0, 2, 0),
        ("sleep_time", 0, 5, 0),
        ("rate_limit_sleep", 0, 10, 0),
        ("retry_attempts", 0, 10, None),
    ]


def test_a_stored_value_outside_of_the_range_is_remarked_on() -> None:
    temperature = NUMBERS[0]
    assert unusual(temperature, 3.0) == "Outside of 0 to 2"
    assert unusual(temperature, 2.0) is None
    assert unusual(temperature, None) is None


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ("", None),
        ("  ", None),
        ('{"a": 1}', None),
        ('{"a": }', "Line 1, column 7: Expecting value."),
        ("[1]", "This is not an object"),
        ('{"a": NaN}', "This is not JSON: NaN is not a JSON number."),
        ('{"a": 1, "a": 2}', "This is not JSON: the key 'a' stands twice in one object."),
        ("[" * 100_000, "This is nested too deeply."),
        ('{"a": "\\ud800"}', "A text has a broken character (a lone surrogate)."),
    ],
)
def test_what_is_typed_as_json_is_checked(typed: str, problem: str | None) -> None:
    found = problem_of_json(typed)
    assert (found or "").startswith(problem or "")
    assert (found is None) == (problem is None)


def test_numbers_in_json_keep_their_digits() -> None:
    assert (
        json.dumps(typed_object('{"a": 12345678901234567890123, "b": 1.0}'))
        == '{"a": 12345678901234567890123, "b": 1.0}'
    )
