"""Runs as CSV and JSONL. Text that a spreadsheet would run as a formula is neutralised in CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING

import msgspec

from console.actions.runs.lines import run_lines
from console.records import RunFilter, RunSummary, pages

if TYPE_CHECKING:
    from console.services import Services

LIMIT = 10_000
"""Rows in one CSV file from the console."""
WHOLE_LIMIT = 1_000
"""Runs in one JSONL file from the console: each costs a request."""
_PAGE = 1_000
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
Exporter = Callable[["Services", RunFilter], "Export"]
_FIELDS = tuple(field.encode_name for field in msgspec.structs.fields(RunSummary))


@dataclass(frozen=True, slots=True)
class Export:
    """A file of runs."""

    content: bytes
    rows: int


def export_csv(services: Services, wanted: RunFilter, *, limit: int = LIMIT) -> Export:
    """The matching runs, newest first, one line each: every field of `RunSummary`.

    UTF-8 with a byte order mark, which spreadsheets need. One request per 1,000 runs and index query.
    """
    rows = _take(services, wanted, limit)
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow(_FIELDS)
    writer.writerows(_cells(row) for row in rows)
    return Export(text.getvalue().encode("utf-8-sig"), len(rows))


def export_jsonl(services: Services, wanted: RunFilter, *, limit: int = WHOLE_LIMIT) -> Export:
    """Whole finished runs with their labels, newest first, in the form that `import runs` reads.

    One request per 1,000 runs and index query, and one or two for each run.
    """
    lines = list(islice(run_lines(services, wanted), limit))
    return Export(msgspec.json.Encoder().encode_lines(lines), len(lines))


def neutral(text: str) -> str:
    """`text` so that no spreadsheet takes it for a formula: an apostrophe before what would begin one.

    OWASP, "CSV Injection": a cell that begins with = + - @, also after white space or control characters,
    and their full-width forms.
    """
    first = next((character for character in text if character.isprintable() and not character.isspace()), "")
    return f"'{text}" if first.startswith(_FORMULA) or text[:1] in ("\t", "\r", "\n") else text


def _take(services: Services, wanted: RunFilter, limit: int) -> list[RunSummary]:
    rows: list[RunSummary] = []
    for page in pages(lambda cursor: services.runs.list(wanted, limit=_PAGE, cursor=cursor)):
        rows += page.items
        if len(rows) >= limit:
            break
    return rows[:limit]


def _cells(row: RunSummary) -> list[str | int | float]:
    return [_cell(value) for value in msgspec.structs.astuple(row)]


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
    return neutral(str(value))
