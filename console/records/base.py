"""What all records share: their base, JSON, time, ids of runs and pages of lists."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

import msgspec

T = TypeVar("T")
Json = dict[str, Any]
"""A free-form JSON object: kept exactly, key order and number types included."""

RunId = int | str
"""Positive integer; a text only for runs that an earlier system wrote to DynamoDB."""


def utcnow() -> datetime:
    """The current time, aware, UTC, microseconds."""
    return datetime.now(UTC)


_MARKS = (0x61C, 0x200E, 0x200F, 0x2028, 0x2029, 0xFEFF)
COMMANDS = frozenset([*range(0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A), *_MARKS])
"""Code points that are commands to who shows them: control characters, ends of lines, directions of writing."""
_TAGS = range(0xE0000, 0xE0080)
INVISIBLE = frozenset([0xAD, 0x34F, 0x180E, 0x200B, *range(0x2060, 0x2065), *range(0xFFF9, 0xFFFC), *_TAGS])
"""Code points of no width, by which two names look the same. The joiners U+200C and U+200D are part of writing."""


PREVIEW = 160
"""Characters of a text in a row of a list."""


class Record(msgspec.Struct, frozen=True, rename="camel"):
    """Base of all records: frozen and slotted. Make them with keywords."""


class Page(msgspec.Struct, Generic[T], frozen=True):
    """One page of a list."""

    items: list[T]
    cursor: str | None = None
    """Opaque; pass it back for the next page. None on the last page."""
    examined: int = 0
    """Rows that were read to make the page."""


def pages(read: Callable[[str | None], Page[T]]) -> Iterator[Page[T]]:
    """Every page of a list, each read when it is asked for.

    Args:
        read: from the cursor of a page (None: the first) to the page.
    """
    cursor: str | None = None
    while True:
        page = read(cursor)
        yield page
        cursor = page.cursor
        if cursor is None:
            return
