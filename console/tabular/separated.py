"""Records of CSV and TSV: the delimiter is found outside of quotes, the header is the first line that is not blank."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TextIO

from console.errors import InvalidInput

CELL_LIMIT = 10_000_000
"""Characters of a cell: as much as a run can hold."""
DELIMITERS = ",;\t|"
_SAMPLE = 256_000
"""Characters that the delimiter is found in."""
_RECORDS = 100
_BROKEN = 1e-6
"""What a record counts before one that cannot be read: the delimiter that comes farthest names the line."""
_SEP = "sep="
"""Spreadsheets tell the delimiter in a first line that begins so."""


@dataclass(frozen=True, slots=True)
class Line:
    """One record."""

    number: int
    """1-based line of the file on which it begins."""
    cells: list[str]


def lines_of(text: TextIO, name: str) -> Iterator[Line]:
    """The records that are not blank, header included. A first line `sep=;` names the delimiter.

    Args:
        text: from its beginning, opened with `newline=""`; it must be able to seek.
        name: of the file, for messages.

    Raises:
        InvalidInput: quotes do not match, or a cell is longer than `CELL_LIMIT`: names the line.
    """
    sample = text.read(_SAMPLE)
    whole = len(sample) < _SAMPLE
    text.seek(0)
    said = _said(sample)
    if said is not None:
        text.readline()
    yield from _records(text, name, said or delimiter_of(sample, whole=whole), skipped=int(said is not None))


def _records(text: TextIO, name: str, delimiter: str, skipped: int) -> Iterator[Line]:
    csv.field_size_limit(CELL_LIMIT + 1)
    reader = csv.reader(text, delimiter=delimiter, strict=True)
    while True:
        number = reader.line_num + skipped + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise InvalidInput(f"{name}, line {number} cannot be read: {_words(error)}.", field="file") from error
        if any(cell.strip() for cell in cells):
            yield Line(number, cells)


def delimiter_of(sample: str, *, whole: bool = True) -> str:
    """The delimiter under which the records have the same number of cells, two at least; else a comma.

    Args:
        sample: the beginning of a file.
        whole: nothing comes after it; else its last record may be cut off.
    """
    return max(DELIMITERS, key=lambda one: (_fit(sample, one, whole), -DELIMITERS.index(one)))


def _fit(sample: str, delimiter: str, whole: bool) -> tuple[float, float, int]:
    """How well records agree, how seldom a cell begins with a space, and how wide the first one is."""
    csv.field_size_limit(CELL_LIMIT + 1)
    reader = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter, strict=True)
    records: list[list[str]] = []
    try:
        records += islice((cells for cells in reader if cells), _RECORDS)
    except csv.Error:
        if whole or sample.count("\n") > reader.line_num + 1:
            return (_BROKEN * len(records) if records and len(records[0]) > 1 else -1.0, 0.0, 0)
    widths = Counter(map(len, records))
    width = max(widths, key=lambda one: (one > 1, widths[one]), default=1)
    if width < 2:
        return (0.0, 0.0, 0)
    later = [cell for cells in records for cell in cells[1:]]
    spaced = sum(cell.startswith(" ") for cell in later) / max(len(later), 1)
    return (widths[width] / len(records), -spaced, len(records[0]))


def header_of(line: Line, name: str) -> list[str]:
    """The names that a record gives to the columns. One without a name is called by its place: `column 3`.

    Raises:
        InvalidInput: two columns have one name: says which; or it is a title that stands above the header.
    """
    names: list[str] = []
    if len(line.cells) > 2 and sum(bool(cell.strip()) for cell in line.cells) == 1:
        raise InvalidInput(
            f"{name}, line {line.number}: one of {len(line.cells)} columns has a name. "
            "Name the columns, or remove what stands above their names.",
            field="file",
        )
    for place, cell in enumerate(line.cells, 1):
        wanted = " ".join(cell.split()) or f"column {place}"
        if wanted in names:
            raise InvalidInput(
                f"{name}, line {line.number}: two columns are named {wanted!r}. Rename one.", field="file"
            )
        names.append(wanted)
    return names


def fit_cells(line: Line, names: Sequence[str], *, fill: bool) -> str | None:
    """Brings a record to the width of the header. Returns why it cannot be.

    Args:
        fill: cells that are missing at the end are empty; else they are a problem.
    """
    cells, width = line.cells, len(names)
    beyond = [cell for cell in cells[width:] if cell.strip()]
    if beyond:
        return f"{_cells(len(cells))} where the header has {width}. {beyond[0][:40]!r} stands under no name."
    if len(cells) < width and not fill:
        return f"{_cells(len(cells))} where the header has {width}."
    cells[:] = [*cells[:width], *[""] * (width - len(cells))]
    return None


def _cells(count: int) -> str:
    return f"{count} cell" if count == 1 else f"{count} cells"


def _said(sample: str) -> str | None:
    """The delimiter that a first line `sep=` names."""
    first = sample.split("\n", 1)[0].rstrip("\r").strip('"')
    if not first.lower().startswith(_SEP):
        return None
    said = first[len(_SEP) :]
    return "\t" if said == "\\t" else said if len(said) == 1 else None


def _words(error: csv.Error) -> str:
    said = str(error)
    if "unexpected end" in said:
        return "a quote is opened and never closed"
    if "expected after" in said:
        return "there is text behind a closing quote; write a quote within a cell twice"
    return said
