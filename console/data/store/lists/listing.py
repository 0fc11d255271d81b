"""Lists by time, newest first: an index query, laid over with recent writes, cut into pages with a cursor."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Generic, TypeVar

from console.data.store.codec import Item
from console.data.store.lists.cursor import check_limit, decode_cursor, encode_cursor
from console.data.store.lists.overlay import RecentWrites
from console.data.store.requests import Query
from console.data.store.store import PAGE, Store
from console.records import Page

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Listing(Generic[R]):
    """A list of rows of type `R`."""

    store: Store
    query: Query
    """On an index whose range key is a time."""
    recent: RecentWrites[str, R]
    """What this process wrote lately; it wins over the index."""
    read: Callable[[Item], R]
    """The row of an index entry."""
    key: Callable[[R], str]
    """The row's id."""
    time: Callable[[R], str]
    """The row's range key in the index."""

    def page(self, limit: int, cursor: str | None = None) -> Page[R]:
        """One page, newest first. One Query per 1 MB.

        Raises:
            InvalidInput: the limit is below 1, or the cursor is not one of such a list.
        """
        check_limit(limit)
        after = decode_cursor(cursor, {"t": str, "seen": list}) if cursor else {"t": None, "seen": []}
        rows = self._newest_first(after["t"], limit + 1 + len(after["seen"]))
        fresh = (row for row in rows if self.key(row) not in after["seen"])
        found = list(islice(fresh, limit + 1))
        shown = found[:limit]
        more = len(found) > limit
        return Page(shown, self._cursor(shown, **after) if more else None, examined=len(found))

    def _newest_first(self, high: str | None, size: int) -> Iterator[R]:
        recent = self.recent.snapshot()
        mine = [row for row in recent.values() if row is not None and (high is None or self.time(row) <= high)]
        mine.sort(key=self.time, reverse=True)
        indexed = (row for row in self._indexed(high, size) if self.key(row) not in recent)
        return heapq.merge(mine, indexed, key=self.time, reverse=True)

    def _indexed(self, high: str | None, size: int) -> Iterator[R]:
        query = replace(self.query, high=high, forward=False)
        return map(self.read, self.store.all(query, limit=min(size, PAGE)))

    def _cursor(self, shown: list[R], t: str | None, seen: list[str]) -> str:
        last = self.time(shown[-1])
        same = [self.key(row) for row in shown if self.time(row) == last]
        return encode_cursor({"t": last, "seen": [*seen, *same] if t == last else same})
