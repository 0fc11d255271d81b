"""Excel workbooks: each row of each sheet, with the values that formulas had when the file was saved."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from console.search.files.archive import Parts
from console.search.files.formats.drawing import diagram_text, left_out
from console.search.files.formats.records import Cells, table_rows
from console.search.files.formats.sections import Job, Refused, Section
from console.search.files.formats.sheets import SheetParts


def read_workbook(job: Job) -> Iterator[Section]:
    """A section for each row that is not empty. A sheet that cannot be read is named."""
    parts = Parts(job, "an Excel workbook")
    if parts.declared() > 3 * job.limits.expanded:
        raise Refused(f"it unpacks to more than {3 * job.limits.expanded // 1_000_000} MB. Split it into smaller files")
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(job.content))
    except (CalamineError, OSError, ValueError) as error:
        raise Refused("it is no Excel workbook, or is damaged or locked with a password") from error
    yield from _sheets(job, book, SheetParts(parts))
    for part in parts.matching(r"xl/(drawings/drawing|diagrams/data)\d*\.xml"):
        yield Section(diagram_text(job, parts, part), row=True)
    left_out(job, parts, "xl")


def _sheets(job: Job, book: CalamineWorkbook, sheet_parts: SheetParts) -> Iterator[Section]:
    count = 0
    for number, name in job.pages(book.sheet_names, "sheet"):
        try:
            sheet = book.get_sheet_by_name(name)
        except (CalamineError, OSError, ValueError):
            job.lost(f"the sheet {name!r} cannot be read")
            continue
        beside = sheet_parts.of(name)
        if beside.without_value:
            job.lost("formulas without a saved value left out; open it in a spreadsheet program and save it", number)
        if sheet.height > job.limits.rows:
            raise Refused(f"it has more than {job.limits.rows:,} rows. Split it into several files")
        for row, text in table_rows(_rows(sheet, beside.errors)):
            count += bool(text)
            if count > job.limits.rows:
                raise Refused(f"it has more than {job.limits.rows:,} rows. Split it into several files")
            yield Section(text, {"sheet": name, "row": row}, row=True)
        yield from (Section(text, {"sheet": name}, row=True) for text in beside.margins)


def _rows(sheet: CalamineSheet, errors: Mapping[tuple[int, int], str]) -> Iterator[tuple[int, Cells]]:
    """Number and cells of each row that is not empty.

    Args:
        errors: by row and column, from 0: calamine reads these cells as empty.
    """
    first, left = sheet.start or (0, 0)
    for number, row in enumerate(sheet.to_python(skip_empty_area=True), first):
        cells = [_cell(value) or errors.get((number, column), "") for column, value in enumerate(row, left)]
        if any(cells):
            yield number + 1, cells


def _cell(value: Any) -> str:
    """As a spreadsheet shows it, without a format."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat(" ") if isinstance(value, datetime) else value.isoformat()
    if isinstance(value, timedelta):
        minutes, seconds = divmod(round(abs(value.total_seconds())), 60)
        return f"{'-' if value < timedelta() else ''}{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    return str(value).strip()
