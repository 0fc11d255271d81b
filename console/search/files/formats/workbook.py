"""Excel workbooks: each row of each sheet, with the values that formulas had when the file was saved."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from console.search.files.archive import Parts
from console.search.files.formats.drawing import diagram_text, left_out
from console.search.files.formats.records import Cells, table_rows
from console.search.files.formats.sections import Job, Refused, Section


def read_workbook(job: Job) -> Iterator[Section]:
    """A section for each row that is not empty. A sheet that cannot be read is named."""
    parts = Parts(job, "an Excel workbook")
    if parts.declared() > 3 * job.limits.expanded:
        raise Refused(f"it unpacks to more than {3 * job.limits.expanded // 1_000_000} MB. Split it into smaller files")
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(job.content))
    except (CalamineError, OSError, ValueError) as error:
        raise Refused("it is no Excel workbook, or is damaged or locked with a password") from error
    yield from _sheets(job, book)
    for part in parts.matching(r"xl/(drawings/drawing|diagrams/data)\d*\.xml"):
        yield Section(diagram_text(parts.read(part)), row=True)
    left_out(job, parts, "xl")


def _sheets(job: Job, book: CalamineWorkbook) -> Iterator[Section]:
    count = 0
    for _, name in job.pages(book.sheet_names, "sheet"):
        try:
            sheet = book.get_sheet_by_name(name)
        except (CalamineError, OSError, ValueError):
            job.lost(f"the sheet {name!r} cannot be read")
            continue
        if sheet.height > job.limits.rows:
            raise Refused(f"it has more than {job.limits.rows:,} rows. Split it into several files")
        for row, text in table_rows(_rows(sheet)):
            count += bool(text)
            if count > job.limits.rows:
                raise Refused(f"it has more than {job.limits.rows:,} rows. Split it into several files")
            yield Section(text, {"sheet": name, "row": row}, row=True)


def _rows(sheet: CalamineSheet) -> Iterator[tuple[int, Cells]]:
    first = (sheet.start or (0, 0))[0] + 1
    for number, row in enumerate(sheet.to_python(skip_empty_area=True), first):
        cells = [_cell(value) for value in row]
        if any(cells):
            yield number, cells


def _cell(value: Any) -> str:
    """As a spreadsheet shows it, without a format."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat(" ") if isinstance(value, datetime) else value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    return str(value).strip()
