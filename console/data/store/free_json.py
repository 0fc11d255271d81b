"""Free-form JSON, kept exactly: key order, number types, integers of any length.

A long value is read and written by orjson where it gives the same as Python's own module, which holds the interpreter
for five times as long: 0.4 s for 10 MB of small objects, in which no other request of the process gets on.
"""

from __future__ import annotations

import json
import math
from typing import Any

import orjson

LONG = 65_536
"""Bytes of a text from which on the quicker reader is tried."""
NESTING = 200
"""Levels that a stored value may have: what is deeper could not be read back on every stack."""
_DIGITS = bytes(ord("0") if chr(code).isdecimal() else code | 128 for code in range(128)).ljust(256, b"\xff")
_LONG_INTEGER = b"0" * 19
"""Digits of an integer that orjson may round, after `_DIGITS`."""
_PLAIN = frozenset({str, int, bool, type(None)})


def read(text: str) -> Any:
    """The value of a JSON text, as Python reads it; NaN and infinity too. Raises ValueError."""
    if len(text) < LONG:
        return json.loads(text)
    raw = text.encode()
    if has_long_integer(raw):
        return json.loads(raw)
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return json.loads(raw)


def has_long_integer(raw: bytes) -> bool:
    """Whether there may be an integer in the text that orjson rounds."""
    return _LONG_INTEGER in raw.translate(_DIGITS)


def write(value: Any) -> str:
    """The text of a value. Raises TypeError or ValueError: it is none that JSON knows, or not finite.

    It must not hold itself: see `is_deeper_than`.
    """
    if _is_long_and_plain(value):
        try:
            return orjson.dumps(value).decode()
        except TypeError:  # an integer of more than 64 bits, or half a character
            pass
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def is_deeper_than(levels: int, value: Any) -> bool:
    """Whether lists and objects stand in each other deeper than that."""
    level: list[Any] = [value]
    for _ in range(levels):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, (dict, list, tuple))
        ]
        if not level:
            return False
    return True


def _is_long_and_plain(value: Any) -> bool:
    """Whether both writers agree on every value in it: orjson also takes dates and more, and makes null of NaN."""
    waiting, length = [value], 0
    while waiting:
        one = waiting.pop()
        kind = type(one)
        if kind is dict:
            if not all(type(key) is str for key in one):
                return False
            waiting += one.values()
        elif kind is list:
            waiting += one
        elif kind not in _PLAIN and not (kind is float and math.isfinite(one)):
            return False
        length += len(one) if kind is str else 8
    return length >= LONG
