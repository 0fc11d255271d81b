"""A file of rows, by name: CSV, TSV, JSON Lines or a JSON list. It is opened anew for each reading."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, Self

from console.errors import InvalidInput
from console.tabular.encodings import encoding_of
from console.tabular.objects import objects_of
from console.tabular.separated import fit_cells, header_of, lines_of

ENDINGS = ("csv", "tsv", "jsonl", "ndjson", "json")
"""Of names of files that can be read."""
_LOOKED_AT = 1_000
"""Objects whose keys are the columns of a file without a header."""


class FileForm(StrEnum):
    """Forms of a file of rows."""

    CSV = "csv"
    JSONL = "jsonl"


@dataclass(frozen=True, slots=True)
class Row:
    """One row."""

    line: int
    """1-based line of the file on which it begins."""
    values: dict[str, Any]
    """By column; texts in CSV, anything in JSON."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A row that cannot be used."""

    line: int
    """1-based line of the file on which it begins."""
    message: str

    def __str__(self) -> str:
        return f"Line {self.line}: {self.message}"


@dataclass(frozen=True, slots=True)
class TabularFile:
    """A file of rows, which need not be in memory."""

    name: str
    form: FileForm
    open: Callable[[], BinaryIO]
    fill: bool = False
    """Cells that are missing at the end of a CSV row are empty; else the row is a problem."""

    @classmethod
    def at(cls, path: Path, *, fill: bool = False) -> Self:
        """The file at a path. Raises InvalidInput when its name does not end in one of `ENDINGS`."""
        return cls(path.name, form_of(path.name), lambda: path.open("rb"), fill)

    @classmethod
    def of(cls, name: str, content: bytes, *, fill: bool = False) -> Self:
        """A file that was uploaded."""
        return cls(name, form_of(name), lambda: io.BytesIO(content), fill)

    def columns(self) -> list[str]:
        """Names of the columns: the header of a CSV file, the keys of the first objects of a JSON file.

        Raises:
            InvalidInput: the file cannot be read, or has no rows.
        """
        names: dict[str, None] = {}
        with self._reading() as text:
            if self.form is FileForm.CSV:
                names = dict.fromkeys(next((header_of(line, self.name) for line in lines_of(text, self.name)), []))
            else:
                for _, found in islice(objects_of(text, self.name), _LOOKED_AT):
                    names |= dict.fromkeys(found if isinstance(found, dict) else ())
        if not names:
            raise InvalidInput(f"{self.name} has no rows. Give a header and at least one row.", field="file")
        return list(names)

    def rows(self) -> Iterator[Row | Problem]:
        """Every row that is not blank, in order, or what is wrong with it.

        Raises:
            InvalidInput: the file cannot be read any further, or its header is wrong: names the line.
        """
        with self._reading() as text:
            yield from self._csv(text) if self.form is FileForm.CSV else self._json(text)

    def encoding(self) -> str:
        """The encoding that the file is read in. Raises InvalidInput."""
        with self.open() as stream:
            return encoding_of(stream, self.name)

    @contextmanager
    def _reading(self) -> Iterator[io.TextIOWrapper]:
        """The text of the file, in its encoding. Raises InvalidInput."""
        with self.open() as stream:
            encoding = encoding_of(stream, self.name)
            try:
                yield io.TextIOWrapper(stream, encoding, newline="" if self.form is FileForm.CSV else "\n")
            except UnicodeError as error:
                raise InvalidInput(
                    f"{self.name} cannot be read as {encoding}: {error}. Save it as UTF-8 and try again.", field="file"
                ) from error

    def _csv(self, text: io.TextIOWrapper) -> Iterator[Row | Problem]:
        lines = lines_of(text, self.name)
        for first in islice(lines, 1):
            names = header_of(first, self.name)
            for line in lines:
                wrong = fit_cells(line, names, fill=self.fill)
                yield (
                    Problem(line.number, wrong)
                    if wrong
                    else Row(line.number, dict(zip(names, line.cells, strict=True)))
                )

    def _json(self, text: io.TextIOWrapper) -> Iterator[Row | Problem]:
        for line, found in objects_of(text, self.name):
            yield Row(line, found) if isinstance(found, dict) else Problem(line, found)


def form_of(name: str) -> FileForm:
    """The form that a file's ending says; raises InvalidInput."""
    ending = Path(name).suffix.lower().removeprefix(".")
    if ending in ("jsonl", "ndjson", "json"):
        return FileForm.JSONL
    if ending in ("csv", "tsv"):
        return FileForm.CSV
    raise InvalidInput(
        f"{Path(name).name} ends in none of .csv, .tsv, .jsonl and .json. Rename it to what it is.", field="file"
    )
