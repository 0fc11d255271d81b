"""Lists of headers: items of one kind, which their `status` and `startedAt` put into RunsByStatusIndex.

Batches, test sets and experiments are partitions of the runs table whose header says what they are. The index tells
which there are, the headers themselves how they are now.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVar

from console.data.store import tables
from console.data.store.codec import Item, to_item
from console.data.store.lists.listing import Listing
from console.data.store.lists.overlay import DELETED, LAG, RecentWrites
from console.data.store.requests import Query
from console.data.store.store import Store
from console.records import Batch, Experiment, Page, TestSet

R = TypeVar("R")


class _Entry(NamedTuple):
    """A header in the index."""

    partition: str
    sort: str
    started_at: str

    @property
    def key(self) -> str:
        return f"{self.partition} {self.sort}"

    @classmethod
    def of(cls, item: Item) -> _Entry:
        return cls(item[tables.PK]["S"], item[tables.SK]["S"], item["startedAt"]["S"])


def header_item(kind: str, key: tuple[str, str], record: Batch | TestSet | Experiment) -> Item:
    """The header of a record."""
    return to_item(record, **tables.keyed(*key), status=kind, startedAt=record.created_on)


class Headers(Generic[R]):
    """The headers of one kind.

    Args:
        kind: their `status`.
        read: the record of a header.
        lag: seconds that this process's own writes are laid over the list.
    """

    def __init__(self, store: Store, kind: str, read: Callable[[Item], R], lag: float = LAG) -> None:
        self._store = store
        self._query = Query(tables.RUNS, kind, index=tables.RUNS_BY_STATUS)
        self._read = read
        self._recent: RecentWrites[str, _Entry] = RecentWrites(lag)

    def find(self, key: tuple[str, str]) -> R | None:
        """The record of a header as it is now, or None. One GetItem."""
        item = self._store.get(tables.RUNS, *key)
        return self._read(item) if item else None

    def remember(self, item: Item) -> None:
        """A header was written just now."""
        entry = _Entry.of(item)
        self._recent.remember(entry.key, entry)

    def forget(self, partition_key: str, sort_key: str) -> None:
        """A header is no more."""
        self._recent.remember(_Entry(partition_key, sort_key, "").key, DELETED)

    def page(self, limit: int, cursor: str | None) -> Page[R]:
        """Headers as they are now, newest first. One Query, one BatchGet.

        Raises:
            InvalidInput: the limit is below 1, or the cursor is not one of this list.
        """
        page = Listing(
            self._store,
            self._query,
            self._recent,
            read=_Entry.of,
            key=lambda entry: entry.key,
            time=lambda entry: entry.started_at,
        ).page(limit, cursor)
        items = self._store.batch_get(tables.RUNS, [(entry.partition, entry.sort) for entry in page.items])
        found = {_Entry.of(item).key: self._read(item) for item in items}
        return Page([found[one.key] for one in page.items if one.key in found], page.cursor, page.examined)
