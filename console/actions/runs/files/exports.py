"""Runs as CSV and JSONL. Text that a spreadsheet would run as a formula is neutralised in CSV."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

import msgspec

from console.actions.runs.files.lines import run_lines
from console.records import RunFilter, RunSummary, pages
from console.services import Services
from console.tabular.writing import csv_bytes, jsonl_bytes

LIMIT = 10_000
"""Rows in one CSV file from the console."""
WHOLE_LIMIT = 1_000
"""Runs in one JSONL file from the console: each costs a request."""
_PAGE = 1_000
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
    return Export(csv_bytes(_FIELDS, map(msgspec.structs.astuple, rows)), len(rows))


def export_jsonl(services: Services, wanted: RunFilter, *, limit: int = WHOLE_LIMIT) -> Export:
    """Whole finished runs with their labels, newest first, in the form that `import runs` reads.

    One request per 1,000 runs and index query, and one or two for each run.
    """
    lines = list(islice(run_lines(services, wanted), limit))
    return Export(jsonl_bytes(lines), len(lines))


def _take(services: Services, wanted: RunFilter, limit: int) -> list[RunSummary]:
    found = pages(lambda cursor: services.runs.list(wanted, limit=_PAGE, cursor=cursor))
    return list(islice((row for page in found for row in page.items), limit))
