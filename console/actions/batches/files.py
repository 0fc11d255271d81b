"""Files of texts to evaluate: CSV with a header, or JSON Lines, read row by row with the line numbers of problems."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, BinaryIO, Self

from console.errors import InvalidInput
from console.records import Artifact, Json

CELL_LIMIT = 10_000_000
"""Characters of a cell: as much as a run can hold."""
_TEXTS = ("evaluationtarget", "actualoutput", "output", "text", "summary", "response", "answer", "completion")
_REFERENCES = ("expectedoutput", "reference", "expected", "groundtruth", "gold", "ideal")
_METADATA = "metadata"
_LOOKED_AT = 20
_MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"\xef\xbb\xbf": "utf-8-sig"}


class FileForm(StrEnum):
    """Forms of a file of rows."""

    CSV = "csv"
    JSONL = "jsonl"


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns hold what."""

    text: str
    """The evaluated text."""
    reference: str | None = None
    keep_others: bool = True
    """The other columns become metadata."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A row that cannot be evaluated."""

    line: int
    """1-based line of the file on which the row begins."""
    message: str

    def __str__(self) -> str:
        return f"Line {self.line}: {self.message}"


@dataclass(frozen=True, slots=True)
class RowsFile:
    """A file of rows. It is opened anew for each reading, so that it need not be in memory."""

    name: str
    form: FileForm
    open: Callable[[], BinaryIO]

    @classmethod
    def at(cls, path: Path) -> Self:
        """The file at a path. Raises InvalidInput when its name ends neither in .csv nor in .jsonl."""
        return cls(path.name, _form_of(path.name), lambda: path.open("rb"))

    @classmethod
    def of(cls, name: str, content: bytes) -> Self:
        """A file that was uploaded."""
        return cls(name, _form_of(name), lambda: io.BytesIO(content))

    def columns(self) -> list[str]:
        """Names of the columns: the header of a CSV file, the keys of the first lines of a JSON Lines file.

        Raises:
            InvalidInput: the file cannot be read, or has no rows.
        """
        names: dict[str, None] = {}
        for number, (_line, row) in enumerate(self._records()):
            if isinstance(row, Mapping):
                names |= dict.fromkeys(row)
            if self.form is FileForm.CSV or number == _LOOKED_AT:
                break
        if not names:
            raise InvalidInput(f"{self.name} has no rows. Give a header and at least one row.", field="file")
        return list(names)

    def guess(self) -> Columns:
        """The columns by their names. Raises InvalidInput when none looks like the text."""
        names = self.columns()
        text = _named(names, _TEXTS) or (names[0] if len(names) == 1 else None)
        if text is None:
            raise InvalidInput(
                f"Which column of {self.name} holds the text? It has {', '.join(names)}. Name the one.", field="text"
            )
        return Columns(text, _named([name for name in names if name != text], _REFERENCES))

    def rows(self, columns: Columns) -> Iterator[Artifact | Problem]:
        """Every row, in order, or what is wrong with it. Raises InvalidInput at what cannot be read at all."""
        for line, row in self._records():
            yield row if isinstance(row, Problem) else _artifact(line, row, columns)

    def _records(self) -> Iterator[tuple[int, Json | Problem]]:
        with self.open() as stream:
            encoding = next((name for mark, name in _MARKS.items() if _peek(stream).startswith(mark)), "utf-8")
            text = io.TextIOWrapper(stream, encoding=encoding, newline="")
            try:
                yield from _csv_records(text) if self.form is FileForm.CSV else _jsonl_records(text)
            except UnicodeError as error:
                why = error.reason if isinstance(error, UnicodeDecodeError) else str(error)
                raise InvalidInput(
                    f"{self.name} is not UTF-8 text ({why}). Save it as UTF-8 and try again.", field="file"
                ) from error


def _peek(stream: BinaryIO) -> bytes:
    first = stream.read(3)
    stream.seek(0)
    return first


def _form_of(name: str) -> FileForm:
    ending = Path(name).suffix.lower().removeprefix(".")
    if ending in ("jsonl", "ndjson"):
        return FileForm.JSONL
    if ending == "csv":
        return FileForm.CSV
    raise InvalidInput(f"{name} ends neither in .csv nor in .jsonl. Give a CSV or a JSON Lines file.", field="file")


def _csv_records(text: io.TextIOWrapper) -> Iterator[tuple[int, Json | Problem]]:
    csv.field_size_limit(CELL_LIMIT + 1)
    header_line = text.readline()
    reader = csv.reader(text, delimiter=_delimiter(header_line), strict=True)
    try:
        header = next(csv.reader([header_line], delimiter=_delimiter(header_line), strict=True), [])
    except csv.Error as error:
        raise InvalidInput(f"The header, line 1, cannot be read: {error}.", field="file") from error
    names = [name.strip() for name in header]
    if len(set(names)) < len(names):
        raise InvalidInput("Two columns of the header have the same name. Rename one.", field="file")
    line = 2
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise InvalidInput(f"Line {line} cannot be read: {error}. Correct the file.", field="file") from error
        if cells:
            yield line, _of_cells(line, names, cells)
        line = reader.line_num + 2


def _delimiter(header: str) -> str:
    return max(",;\t", key=header.count)


def _of_cells(line: int, names: list[str], cells: list[str]) -> Json | Problem:
    if len(cells) != len(names):
        return Problem(line, f"{len(cells)} cells where the header has {len(names)}.")
    return dict(zip(names, cells, strict=True))


def _jsonl_records(text: io.TextIOWrapper) -> Iterator[tuple[int, Json | Problem]]:
    for line, content in enumerate(text, 1):
        if not content.strip():
            continue
        try:
            row = json.loads(content, parse_constant=_refuse)
        except (ValueError, RecursionError) as error:
            yield line, Problem(line, f"This is not JSON: {error}.")
            continue
        yield line, row if isinstance(row, dict) else Problem(line, "This is no JSON object.")


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not a JSON number")


def _artifact(line: int, row: Json, columns: Columns) -> Artifact | Problem:
    text = row.get(columns.text)
    reference = row.get(columns.reference) if columns.reference else None
    for name, value in ((columns.text, text), (columns.reference, reference)):
        if value is not None and not isinstance(value, str):
            return Problem(line, f"{name} is no text.")
        if isinstance(value, str) and (wrong := _wrong(value)):
            return Problem(line, f"{name} {wrong}.")
    if not isinstance(text, str) or not text.strip():
        return Problem(line, f"{columns.text} is empty.")
    others = {name: value for name, value in row.items() if name not in (columns.text, columns.reference)}
    return Artifact(
        evaluation_target=text,
        expected_output=reference or None,
        metadata=_metadata(others) if columns.keep_others else {},
    )


def _wrong(text: str) -> str | None:
    if len(text) > CELL_LIMIT or len(text.encode(errors="replace")) > CELL_LIMIT:
        return "is over 10 MB"
    if any("\ud800" <= character <= "\udfff" for character in text):
        return "has a broken character (a lone surrogate)"
    return None


def _metadata(others: Json) -> Json:
    """The other columns; an object in a column `metadata` is taken apart."""
    inner = others.get(_METADATA)
    kept = {name: value for name, value in others.items() if name != _METADATA and value not in ("", None)}
    if isinstance(inner, dict):
        return {**inner, **kept}
    return {**kept, **({_METADATA: inner} if inner else {})}


def _named(names: list[str], known: tuple[str, ...]) -> str | None:
    plain = {"".join(character for character in name.lower() if character.isalnum()): name for name in reversed(names)}
    return next((plain[one] for one in known if one in plain), None)
