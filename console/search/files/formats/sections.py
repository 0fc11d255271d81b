"""What a reader of files is given and gives back. Readers run in the confined process and import no other part.

A reader is a function of a `Job` that yields the sections of a file in order and tells the job what it leaves out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

T = TypeVar("T")
Place = dict[str, Any]
"""Where a section stands: {"page": 3}, {"sheet": "Prices", "row": 7}, {"slide": 2}, or {}."""

_UNSEEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufdd0\ufdd1\ufeff\ufffe\uffff]")
_SPACES = re.compile(r"(?<! ) +\t")
_BLANK_LINES = re.compile(r"\n[ \t\r\f\v]*\n\s*")


class Refused(Exception):
    """The file cannot be used, and the person can do something about it."""


class Damaged(Refused):
    """A part of a file cannot be read; what else is in the file may be."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What reading one file may cost."""

    bytes: int = 25_000_000
    """Size of the file."""
    seconds: float = 3.0
    """CPU time of a file; each page that was read adds `per_page` to it."""
    page_seconds: float = 2.0
    """CPU time of one page, slide, sheet or chapter. One that takes more is left out."""
    wait: float = 4.0
    """Seconds by the clock that may be lost to pages that cannot be read, and to a file that has no pages."""
    per_page: float = 0.1
    """CPU seconds."""
    memory: int = 230_000_000
    """Bytes of address space of the reading process."""
    pages: int = 5_000
    rows: int = 100_000
    expanded: int = 30_000_000
    """Bytes that one part of an archive unpacks to; three times as many for all parts."""
    characters: int = 10_000_000
    """Length of the text."""
    recognised: int = 200
    """Scanned pages whose text is recognised."""
    recognition: float = 30.0
    """Seconds by the clock for recognising one page."""


@dataclass(frozen=True, slots=True)
class Section:
    """A piece of the text: a page, a row, a slide, or all of it."""

    text: str
    place: Place = field(default_factory=dict)
    row: bool = False
    """Whether it is a record: never joined with its neighbours in a chunk."""


@dataclass(slots=True)
class Job:
    """One file to read, and whom to tell."""

    content: bytes
    limits: Limits
    first: int = 1
    """Page, slide or sheet to begin with: after a page that ended the process, the one behind it."""
    lost: Callable[..., None] = lambda _what, at=None: None  # noqa: ARG005
    """Told what is left out, and the number of the page or row where it stands."""
    begin: Callable[[int, int], None] = lambda _number, _total: None
    """Told before page, slide, sheet or chapter `number` of `total` is read."""
    recognising: Callable[[], None] = lambda: None
    """Told that the present page takes longer because its text is recognised."""

    def pages(self, items: Sequence[T], thing: str) -> Iterator[tuple[int, T]]:
        """The pages from `first` on with their numbers, each begun in its turn. Raises Refused: there are too many."""
        if len(items) > self.limits.pages:
            raise Refused(f"it has {len(items):,} {thing}s; {self.limits.pages:,} may be. Split it")
        for number, item in enumerate(items, 1):
            if number >= self.first:
                self.begin(number, len(items))
                yield number, item


Reader = Callable[[Job], Iterator[Section]]


def clean(text: str) -> str:
    """Without control characters and without halves of characters, which cannot be stored."""
    return _UNSEEN.sub("", text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))


def tidy(text: str) -> str:
    """Lines without spaces at their ends or before tabs, at most one empty line between."""
    lines = "\n".join(line.rstrip() for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    return _BLANK_LINES.sub("\n\n", _SPACES.sub("\t", lines)).strip()


def counted(number: int, thing: str) -> str:
    """Such as `1 picture` and `2 pictures`."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"
