"""The parameters of a judge as a form takes them apart and puts them together.

Numbers that the product knows have a field each; everything else, and a known name with a value of the wrong type
(the old system took anything), is JSON. What nobody touches is kept exactly: its type, its digits, its place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from console.records import Json
from console.tabular.objects import typed_object
from console.ui.frame.controls.drafts import Values

_SAFE = 2**53 - 1
"""Greatest whole number that a browser counts with."""


@dataclass(frozen=True, slots=True)
class Number:
    """A parameter with a field of its own."""

    name: str
    label: str
    low: float
    high: float
    default: float
    step: float
    help: str

    @property
    def at_first(self) -> float | None:
        """What a new judge begins with: the numbers of the old system say theirs, but for its temperature."""
        return {"retry_attempts": None, "temperature": 1.0}.get(self.name, self.default)

    @property
    def options(self) -> dict[str, Any]:
        """What `st.number_input` wants; an empty field stands for the default."""
        return {
            "min_value": self.low,
            "max_value": self.high,
            "step": self.step,
            "format": "%d" if isinstance(self.default, int) else "%g",
            "placeholder": f"{self.default:g} (default)",
            "help": f"{self.help} {self.low:g} to {self.high:g}, by default {self.default:g}.",
        }


NUMBERS = (
    Number("temperature", "Temperature", 0.0, 2.0, 2.0, 0.1, "How varied the answers are."),
    Number("n_responses", "Responses", 1, 50, 10, 1, "Answers per evaluation; the score is over all of them."),
    Number("max_tokens", "Max tokens", 100, 5_000, 2_500, 100, "Longest answer, in tokens."),
    Number("top_p", "Top p", 0.0, 1.0, 1.0, 0.05, "Share of the probability mass that answers are drawn from."),
    Number("frequency_penalty", "Frequency penalty", 0.0, 2.0, 0.0, 0.1, "Against repeating words often."),
    Number("presence_penalty", "Presence penalty", 0.0, 2.0, 0.0, 0.1, "Against repeating words at all."),
    Number("sleep_time", "Sleep time (s)", 0.0, 5.0, 0.0, 0.1, "Seconds between calls."),
    Number("rate_limit_sleep", "Rate limit sleep (s)", 0.0, 10.0, 0.0, 0.5, "Seconds to wait after a rate limit."),
    Number("retry_attempts", "Retries", 0, 10, 3, 1, "Attempts after a failed call."),
)


def typed_parameters(parameters: Json) -> Values:
    """The numbers that have a field; None where one is left to its default, or is not a number of its kind."""
    return {number.name: _typed(number, parameters.get(number.name)) for number in NUMBERS}


def other_parameters(parameters: Json) -> Json:
    """Everything that has no field."""
    typed = typed_parameters(parameters)
    return {name: value for name, value in parameters.items() if typed.get(name) is None}


def joined(values: Values, before: Values, parameters: Json) -> Json:
    """All parameters as the form says them.

    Args:
        before: what the form said of `parameters`; fields that are still so keep the exact value.
    """
    numbers: Json = {}
    for number in NUMBERS:
        value = values[number.name]
        if value is not None:
            numbers[number.name] = parameters[number.name] if value == before.get(number.name) else value
    kept = values["other"] == before.get("other")
    together = (other_parameters(parameters) if kept else typed_object(values["other"])) | numbers
    order = [*(name for name in parameters if name in together), *(name for name in together if name not in parameters)]
    return {name: together[name] for name in order}


def unusual(number: Number, value: float | None) -> str | None:
    """A remark on a value outside of the range; only what was stored before can be there."""
    if value is None or number.low <= value <= number.high:
        return None
    return f"Outside of {number.low:g} to {number.high:g}"


def _typed(number: Number, value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or abs(value) > _SAFE:
        return None
    if isinstance(number.default, int):
        return value if isinstance(value, int) else None
    return float(value)
