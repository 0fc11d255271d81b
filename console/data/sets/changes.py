"""Changes of a test set's items: what they come to, and how they are written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from console.data.store import bulk
from console.errors import InvalidInput, TooLarge
from console.records import SetItem, TestSet

ITEMS_LIMIT = 100_000
"""Items of a set."""
AT_ONCE = 80
"""Items that are changed in one transaction; more make a version of their own."""
BYTES_AT_ONCE = 3_000_000


class Changed(NamedTuple):
    """What a change did."""

    test_set: TestSet
    """As it is now."""
    added: int
    changed: int
    removed: int
    same: int
    """Items that were there already, as they are."""


class Tally:
    """Counts what items are to a set, and keeps to one of each key.

    Args:
        known: the digest of the item that the set has, by key.
    """

    def __init__(self, known: Callable[[str], str | None]) -> None:
        self._known = known
        self._came: set[str] = set()
        self._added = self._changed = self._removed = self._same = 0

    @property
    def counts(self) -> tuple[int, int, int, int]:
        """Items added, changed, removed and left the same."""
        return self._added, self._changed, self._removed, self._same

    @property
    def nothing(self) -> bool:
        """Whether the set stays as it is."""
        return not (self._added or self._changed or self._removed)

    @property
    def grown(self) -> int:
        """Items that the set has more."""
        return self._added - self._removed

    def new(self, items: Iterable[SetItem], on_saved: Callable[[int], None] | None = None) -> Iterator[SetItem]:
        """The items that differ from what the set has. Raises InvalidInput when a key comes twice."""
        for count, item in enumerate(items, 1):
            if item.key in self._came:
                raise InvalidInput(f"The key {item.key!r} comes twice. Each item needs a key of its own.", field="key")
            self._came.add(item.key)
            before = self._known(item.key)
            if before == item.digest:
                self._same += 1
            else:
                self._added += before is None
                self._changed += before is not None
                yield item
            if on_saved and count % bulk.AT_ONCE == 0:
                on_saved(count)

    def gone(self, keys: Iterable[str]) -> list[str]:
        """Those of the keys that the set has and that did not come: they are removed."""
        going = [key for key in dict.fromkeys(keys) if key not in self._came and self._known(key) is not None]
        self._removed += len(going)
        return going


def check_count(total: int) -> None:
    """Raises TooLarge for more items than a set may have."""
    if total > ITEMS_LIMIT:
        raise TooLarge(f"A test set has at most {ITEMS_LIMIT:,} items; this one would have {total:,}. Split it.")


def size_of(items: Sequence[SetItem]) -> int:
    """Bytes of the texts of items, before they are compressed."""
    texts = (text for item in items for text in (item.input, item.context, item.expected_output, item.text) if text)
    return sum(len(text.encode(errors="replace")) for text in texts)
