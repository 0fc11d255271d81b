"""Tables and records: CSV, TSV, JSON and JSON Lines. Each row is a section of `column: value` lines.

Rows of separated values are read as everywhere in the console (`console.tabular`), but none is refused: a value under
no column stands alone, and a column that comes twice is shown twice. A JSON value of any kind is a record.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Any

from console.errors import InvalidInput
from console.search.files.decoding import decoded
from console.search.files.formats.sections import Job, Refused, Section
from console.tabular.separated import lines_of

Cells = Sequence[str]

_ADDRESS = re.compile(r"\S@\S|://")
_NUMBER = re.compile(r"[-+]?[\d.,\s]+%?")
_LONGEST_NAME = 60
_OPENING = 5
"""Rows in which a title and the names of the columns may stand."""
_LINE = re.compile(r", line (\d+)")
"""How `console.tabular` names the line that it cannot read."""


class _Object(list[tuple[str, Any]]):
    """The fields of a JSON object, also those whose names come twice."""


def _is_no_name(cell: str) -> bool:
    """Whether it is what a value may be, and the name of a column is not: a sentence, an address."""
    text = cell.rstrip()
    sentence = text.endswith((".", "?", "!", "…")) and len(text.split(maxsplit=1)) > 1
    return sentence or text.endswith(("。", "？", "！")) or bool(_ADDRESS.search(cell))


def read_separated(job: Job) -> Iterator[Section]:
    """Each row of a table. From where its quotes do not match, each line is a row as it is written, which is said."""
    text = decoded(job.content)
    rest: list[tuple[int, str]] = []
    yield from limited(job, chain(table_rows(_cells(job, text, rest)), rest))


def _cells(job: Job, text: str, rest: list[tuple[int, str]]) -> Iterator[tuple[int, Cells]]:
    """The records; what cannot be read as any goes into `rest`, by line."""
    try:
        yield from ((line.number, line.cells) for line in lines_of(io.StringIO(text, newline=""), "the table"))
    except InvalidInput as error:
        place = _LINE.search(str(error))
        first = int(place[1]) if place else 1
        job.lost(f"line {first} and the rest kept as written: {_reason(error)}")
        rest += [(number, line) for number, line in enumerate(text.split("\n"), 1) if number >= first]


def _reason(error: InvalidInput) -> str:
    return str(error).rpartition("cannot be read: ")[2].removesuffix(".")


def read_json(job: Job) -> Iterator[Section]:
    """Each record of a JSON file: the values of a list, of the one list in an object, or of the lines."""
    text = decoded(job.content)
    try:
        value = json.loads(text, object_pairs_hook=_Object)
    except (ValueError, RecursionError):
        records = _lines(job, text)
    else:
        records = ((number, record_text(one)) for number, one in enumerate(_records(value), 1))
    yield from limited(job, records)


def limited(job: Job, rows: Iterable[tuple[int, str]]) -> Iterator[Section]:
    """The rows that are not empty, as sections. Raises Refused: there are too many."""
    for count, (number, text) in enumerate(rows, 1):
        if count > job.limits.rows:
            raise Refused(f"it has more than {job.limits.rows:,} rows. Split it into several files")
        if text.strip():
            yield Section(text, {"row": number}, row=True)


def table_rows(rows: Iterable[tuple[int, Cells]]) -> Iterator[tuple[int, str]]:
    """Number and text of each row of a table; the first below a title may name the columns, if others follow.

    The names of columns without any value come last, as a row.
    """
    rest = iter(rows)
    opening = list(islice(rest, _OPENING))
    while len(opening) > 1 and _filled(opening[0][1]) == 1 < _filled(opening[1][1]):
        number, cells = opening.pop(0)
        yield number, row_text((), cells)
    names: Cells = ()
    head = 0
    if len(opening) > 1 and is_header(opening[0][1]):
        head, names = opening.pop(0)
    empty = [column for column, name in enumerate(names) if name.strip()]
    for number, cells in chain(opening, rest):
        yield number, row_text(names, cells)
        empty = [column for column in empty if column >= len(cells) or not cells[column].strip()]
    if empty:
        yield head, row_text((), [names[column] for column in empty])


def is_header(cells: Cells) -> bool:
    """Whether a first row names columns, rather than being a record of a table without names."""
    filled = [cell.strip() for cell in cells if cell.strip()]
    numbers = sum(_NUMBER.fullmatch(cell) is not None for cell in filled)
    if not filled or numbers > len(filled) / 2:
        return False
    return not any(len(cell) > _LONGEST_NAME or _is_no_name(cell) for cell in filled)


def row_text(names: Cells, cells: Cells) -> str:
    """The cells that are not empty, each on a line behind the name of its column."""
    wanted = [*names, *[""] * max(len(cells) - len(names), 0)]
    lines = ((" ".join(name.split()), cell.strip()) for name, cell in zip(wanted, cells, strict=False))
    return "\n".join(f"{name}: {cell}" if name else cell for name, cell in lines if cell)


def record_text(value: Any) -> str:
    """A JSON value as lines; the name of a field within a field is `outer.inner`."""
    lines = ((".".join(path), text) for path, text in _fields(value, ()))
    return "\n".join(f"{name}: {text}" if name else text for name, text in lines if text.strip())


def _filled(cells: Cells) -> int:
    return sum(bool(cell.strip()) for cell in cells)


def _fields(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(value, _Object):
        for name, inner in value:
            yield from _fields(inner, (*path, name))
    elif isinstance(value, list) and any(isinstance(one, list) for one in value):
        for inner in value:
            yield from _fields(inner, path)
    elif isinstance(value, list):
        yield path, ", ".join(_scalar(one) for one in value)
    else:
        yield path, _scalar(value)


def _scalar(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _records(value: Any) -> Iterator[Any]:
    """The values of a list; those of the one list of objects in an object, with what stands beside it first."""
    if not isinstance(value, _Object):
        yield from value if isinstance(value, list) else [value]
        return
    lists = [number for number, (_, one) in enumerate(value) if _is_table(one)]
    if len(lists) != 1:
        yield value
        return
    beside = _Object(field for number, field in enumerate(value) if number != lists[0])
    if beside:
        yield beside
    yield from value[lists[0]][1]


def _is_table(value: Any) -> bool:
    plain = isinstance(value, list) and not isinstance(value, _Object)
    return plain and len(value) > 1 and all(isinstance(one, _Object) for one in value)


def _lines(job: Job, text: str) -> Iterator[tuple[int, str]]:
    """The values of JSON Lines; a line that is none is named, and the rest is read."""
    good, bad = 0, 0
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line, object_pairs_hook=_Object)
        except (ValueError, RecursionError):
            bad += 1
            job.lost("not JSON, left out", number)
            continue
        good += 1
        yield number, record_text(value)
    if bad > good:
        raise Refused(f"it is not JSON: {bad:,} of {good + bad:,} lines are none")
