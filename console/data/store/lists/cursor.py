"""Cursors: opaque texts that say where the next page of a list begins.

A list sorted by time goes on at the time of the last row shown, that time included, and leaves out the ids of
exactly that time that were shown (`{"t": ..., "seen": [...]}`): several rows may have one time, and another
may appear among them between two pages.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from console.errors import InvalidInput

_LONGEST = 300
"""Characters of a text in a cursor: ids and times."""


def check_limit(limit: int) -> None:
    """Raises InvalidInput for a page without rows."""
    if limit < 1:
        raise InvalidInput(f"A page cannot have {limit} rows; ask for 1 or more.", field="limit")


def encode_cursor(values: Mapping[str, Any]) -> str:
    """The cursor that `decode_cursor` turns into `values` again."""
    text = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_cursor(text: str, shape: Mapping[str, type] | None = None) -> dict[str, Any]:
    """What `encode_cursor` was given.

    Args:
        shape: the fields that the list needs, with their types.

    Raises:
        InvalidInput: the text is not a cursor of such a list.
    """
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        values = json.loads(raw)
        json.dumps(values, ensure_ascii=False).encode()  # no lone surrogates
    except (ValueError, RecursionError) as error:
        raise _lost() from error
    if not isinstance(values, dict):
        raise _lost()
    if not all(_fits(values.get(name), kind) for name, kind in (shape or {}).items()):
        raise _lost()
    return values


def _fits(value: Any, kind: type) -> bool:
    """Whether a value can be part of a cursor: of the type, and short enough for a key."""
    if isinstance(value, list):
        return kind is list and all(_fits(inner, type(inner)) for inner in value)
    if isinstance(value, str):
        return kind is str and 0 < len(value) <= _LONGEST
    return type(value) is kind is int


def _lost() -> InvalidInput:
    return InvalidInput("This place in the list cannot be found again. Start from the first page.", field="cursor")
