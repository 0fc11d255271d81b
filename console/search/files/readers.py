"""Reads the text of uploaded files, in a confined process of the upload's own (`process`).

A name is only ever shown: no file is opened by it, and nothing is written to disk.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, Self

from console.errors import InvalidInput, TooLarge
from console.search.files.formats.sections import Limits, Place, Section
from console.search.files.process import PageProgress, ReadingProcess

KINDS = {
    "txt": "Text", "md": "Markdown", "html": "HTML", "pdf": "PDF", "docx": "Word", "pptx": "PowerPoint",
    "xlsx": "Excel", "odt": "OpenDocument", "epub": "EPUB", "rtf": "RTF", "csv": "CSV", "tsv": "TSV", "json": "JSON",
    "jsonl": "JSON Lines",
}  # fmt: skip
"""What can be read, by the ending of the name."""
READERS = 5
"""Version of the readers: a file that an older one read is read again."""
_ENDINGS = {
    "text": "txt", "log": "txt", "markdown": "md", "ndjson": "jsonl", "htm": "html", "xhtml": "html", "docm": "docx",
    "pptm": "pptx", "ppsx": "pptx", "xlsm": "xlsx", "tab": "tsv",
}  # fmt: skip
_UNITS = {"pptx": "slide", "xlsx": "sheet", "epub": "chapter", "json": "line", "jsonl": "line", "pdf": "page"}
_LONGEST_NAME = 150

LIMITS = Limits()


class Source(Protocol):
    """A file that somebody chose: an upload, or one on the disk of who runs a command."""

    @property
    def name(self) -> str:
        """As its owner calls it."""

    @property
    def size(self) -> int:
        """Bytes."""

    def read(self) -> bytes:
        """Its content; only asked for when the size is within the limit."""


@dataclass(frozen=True, slots=True)
class DiskFile:
    """A `Source` on the disk."""

    path: Path

    @property
    def name(self) -> str:
        """Without its folder."""
        return self.path.name

    @property
    def size(self) -> int:
        """Bytes."""
        return self.path.stat().st_size

    def read(self) -> bytes:
        """Its content."""
        return self.path.read_bytes()


@dataclass(frozen=True, slots=True)
class Content:
    """The text of a file."""

    name: str
    """To show; see `display_name`."""
    size: int
    """Bytes of the file."""
    sections: list[Section]
    """Its pages, rows or slides, or all of it as one; none is empty."""
    lost: list[str] = field(default_factory=list)
    """What was not read of it, in words."""
    pages: int = 0
    """Pages, slides, sheets or chapters; 0 for kinds without."""

    @property
    def text(self) -> str:
        """All of it; sections are paragraphs."""
        return "\n\n".join(section.text for section in self.sections)

    @property
    def places(self) -> list[tuple[int, Place]]:
        """Where in the text each section begins, and what it is called."""
        found, length = [], 0
        for section in self.sections:
            found.append((length, section.place))
            length += len(section.text) + 2
        return found


class FileReader:
    """Reads the files of an upload. Use it with `with`."""

    def __init__(self, limits: Limits = LIMITS) -> None:
        self._limits = limits
        self._process = ReadingProcess(limits)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._process.__exit__(*exception)

    def read(self, source: Source, progress: PageProgress = lambda _page, _total: None) -> Content:
        """The text of a file. A file or page that cannot be read costs at most about five seconds.

        Args:
            progress: told the page that is read now, and their number.

        Raises:
            InvalidInput: it is of another kind, damaged, empty, or takes too long; the message names the file.
            TooLarge: it is larger than the limit; it was not read.
        """
        name = display_name(source.name)
        return self.parse(name, content_of(source, self._limits), progress)

    def parse(self, name: str, content: bytes, progress: PageProgress = lambda _page, _total: None) -> Content:
        """As `read`, of a file in memory."""
        kind = _kind_of(name)
        found = self._process.read(kind, content, progress)
        lost = found.losses.words(_UNITS.get(kind, "row"))
        if found.refused:
            raise _refused(name, found.refused)
        if not found.sections:
            raise _refused(name, "; ".join(["it has no text", *lost]))
        return Content(name, len(content), found.sections, lost, found.total)


def read_file(source: Source, limits: Limits = LIMITS) -> Content:
    """The text of one file; see `FileReader.read`."""
    with FileReader(limits) as reader:
        return reader.read(source)


def content_of(source: Source, limits: Limits = LIMITS) -> bytes:
    """The bytes of a file that may be read. Raises as `FileReader.read`."""
    name = display_name(source.name)
    _kind_of(name)
    if source.size > limits.bytes:
        raise _too_large(name, source.size, limits)
    content = source.read()
    if len(content) > limits.bytes:
        raise _too_large(name, len(content), limits)
    if not content:
        raise _refused(name, "it is empty")
    return content


def _kind_of(name: str) -> str:
    ending = name.rpartition(".")[2].lower()
    kind = _ENDINGS.get(ending, ending)
    if kind not in KINDS or "." not in name:
        raise _refused(name, f"it is none of {', '.join(KINDS.values())}")
    return kind


def _refused(name: str, why: str) -> InvalidInput:
    return InvalidInput(f"{name} was refused: {why}.", field="file")


def display_name(name: str) -> str:
    """The last part of a path, on one line, without characters that are not seen, at most 150 characters."""
    last = re.split(r"[/\\]", name)[-1]
    seen = "".join(one if unicodedata.category(one)[0] not in "CZ" else " " for one in last)
    short = " ".join(seen.split()).lstrip(".") or "unnamed"
    if len(short) > _LONGEST_NAME:
        stem, _, ending = short.rpartition(".")
        short = f"{(stem or short)[: _LONGEST_NAME - 12]}….{ending[:10]}"
    return short


def _too_large(name: str, size: int, limits: Limits) -> TooLarge:
    most = limits.bytes // 1_000_000
    return TooLarge(f"{name} was refused: it has {size / 1e6:,.0f} MB; {most} MB may be. Split it.", field="file")
