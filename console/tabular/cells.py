"""What cells of files mean: numbers, verdicts, lists of words. Each raises ValueError with what is wrong."""

from __future__ import annotations

import math
from typing import Any

_TRUE, _FALSE = ("true", "pass", "passed", "yes", "1"), ("false", "fail", "failed", "no", "0")
_SHOWN = 40


def number_of(value: Any, name: str) -> float | None:
    """A finite number; None where the cell is empty."""
    if value is None or value == "":
        return None
    try:
        found = float(value)
    except (TypeError, ValueError):
        found = math.nan
    if isinstance(value, bool) or not math.isfinite(found):
        raise ValueError(f"{name} is not a number: {str(value)[:_SHOWN]!r}.")
    return found


def verdict_of(value: Any, name: str) -> bool | None:
    """True for a pass; None where the cell is empty."""
    if value is None or value == "":
        return None
    word = str(value).strip().lower()
    if word not in _TRUE + _FALSE:
        raise ValueError(f"{name} is {str(value)[:_SHOWN]!r}; write true or false, or leave it empty.")
    return word in _TRUE


def words_of(value: Any, name: str) -> list[str]:
    """A list of texts, or texts that `;` or `,` separates; each once, in order."""
    if value is None or value == "":
        return []
    if isinstance(value, str):
        value = value.split(";" if ";" in value else ",")
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise ValueError(f"{name} is no list of texts: {str(value)[:_SHOWN]!r}.")
    return list(dict.fromkeys(one.strip() for one in value if one.strip()))
