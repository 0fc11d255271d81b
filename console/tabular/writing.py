"""Rows to files. Text that a spreadsheet would run as a formula is neutralised in CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec

_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
_BREAKS = {break_.encode(): f"\\u{ord(break_):04x}".encode() for break_ in "\x85\u2028\u2029"}
"""Characters that some readers take for ends of lines; in JSON they only stand in texts, and may be escaped."""


def csv_bytes(names: Sequence[str], rows: Iterable[Iterable[Any]]) -> bytes:
    """A CSV file in UTF-8 with a byte order mark, which spreadsheets need."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow(names)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def jsonl_bytes(rows: Sequence[Any]) -> bytes:
    """A JSON Lines file: one object a line, whatever a reader takes for the end of a line."""
    lines = msgspec.json.Encoder().encode_lines(rows)
    for break_, escaped in _BREAKS.items():
        lines = lines.replace(break_, escaped)
    return lines


def neutral(text: str) -> str:
    """`text` so that no spreadsheet takes it for a formula: an apostrophe before what would begin one.

    OWASP, "CSV Injection": a cell that begins with = + - @, also after white space or control characters,
    and their full-width forms.
    """
    first = next((character for character in text if character.isprintable() and not character.isspace()), "")
    return f"'{text}" if first.startswith(_FORMULA) or text[:1] in ("\t", "\r", "\n") else text


def restored(cell: str) -> str:
    """A cell of our own CSV as it was before `neutral`."""
    return cell[1:] if cell.startswith("'") and neutral(cell[1:]) == cell else cell


def _cell(value: object) -> str | int | float:
    """Numbers stay numbers; everything else is text without formulas."""
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: ""}[value]
    if isinstance(value, int | float):
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, list):
        return " ".join(str(part) for part in value)
    if isinstance(value, (msgspec.Struct, dict)):
        return msgspec.json.encode(value).decode()
    return neutral(str(value))
