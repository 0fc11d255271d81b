"""What is being written into a collection and what is to be removed from it, so that nothing is left behind.

Before chunks or blocks are written, an entry says so; the transaction that makes them count removes the entry and
adds one for what they replace. An entry whose writer is gone (no sign of life for `LEASE`) is swept by whoever comes
next: first the entry is taken, which ends the writer's right to finish, then its items are removed, then the entry.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from console.data.collections.items import garbage_partition
from console.data.store import tables
from console.data.store.answers import ConditionFailed
from console.data.store.codec import read_timestamp, timestamp, to_wire_map
from console.data.store.requests import Condition, Delete, Put, Query, Update
from console.data.store.store import Store
from console.records import utcnow

LEASE = timedelta(minutes=15)
"""How long a writer may give no sign of life."""
_WRITING = "writing"
_REMOVED = "removed"
_BATCH = 500


@dataclass(frozen=True, slots=True)
class Leftover:
    """Items of one partition whose sort keys begin with a text."""

    partition: str
    prefix: str
    """Also the key of the entry, together with the partition's kind."""

    @property
    def key(self) -> str:
        """Sort key of the entry."""
        return f"{self.partition.partition('#')[2] or 'chunks'}:{self.prefix}"


class Garbage:
    """The entries of all collections."""

    def __init__(self, store: Store, clock: Callable[[], datetime] = utcnow) -> None:
        self._store = store
        self._clock = clock

    def begin(self, collection_id: str, what: Leftover) -> None:
        """Says that `what` is being written. One request."""
        self._store.write(self._put(collection_id, what, _WRITING))

    def alive(self, collection_id: str, what: Leftover) -> None:
        """The writer's sign of life. One request.

        Raises:
            ConditionFailed: somebody took the entry; what was written is being removed.
        """
        sets = {"since": timestamp(self._clock())}
        self._store.write(Update(tables.VECTORS, _key(collection_id, what), sets, condition=_IS_WRITING))

    def finished(self, collection_id: str, what: Leftover) -> Delete:
        """The write that ends the entry of a writer; part of the transaction that makes its items count."""
        return Delete(tables.VECTORS, _key(collection_id, what), _IS_WRITING)

    def replaced(self, collection_id: str, what: Leftover) -> Put:
        """The write that says that `what` no longer counts; part of the same transaction."""
        return self._put(collection_id, what, _REMOVED)

    def sweep(self, collection_id: str) -> int:
        """Removes what no longer counts and what dead writers left; returns the number of items removed.

        One Query, then per entry one write, one Query per 500 keys and one request per 25 items. Safe to repeat.
        """
        removed = 0
        for item in self._store.all(Query(tables.VECTORS, garbage_partition(collection_id))):
            state, since = item["state"]["S"], item["since"]["S"]
            what = Leftover(item["partition"]["S"], item["prefix"]["S"])
            if state == _REMOVED or read_timestamp(since) + LEASE < self._clock():
                removed += self._sweep_one(collection_id, what, since)
        return removed

    def drop(self, collection_id: str, what: Leftover) -> int:
        """Removes the items of `what` and its entry; returns the number of items."""
        removed = remove_items(self._store, Query(tables.VECTORS, what.partition, prefix=what.prefix))
        self._store.write(Delete(tables.VECTORS, _key(collection_id, what)))
        return removed

    def _sweep_one(self, collection_id: str, what: Leftover, since: str) -> int:
        unchanged = Condition("#since = :since", {"#since": "since"}, {":since": since})
        take = Update(tables.VECTORS, _key(collection_id, what), {"state": _REMOVED}, condition=unchanged)
        try:
            self._store.write(take)
        except ConditionFailed:
            return 0
        return self.drop(collection_id, what)

    def _put(self, collection_id: str, what: Leftover, state: str) -> Put:
        hash_key, range_key = _key(collection_id, what)
        item = {
            "bot_id": hash_key,
            "chunk_id": range_key,
            "partition": what.partition,
            "prefix": what.prefix,
            "state": state,
            "since": timestamp(self._clock()),
        }
        return Put(tables.VECTORS, to_wire_map(item))


_IS_WRITING = Condition("#state = :writing", {"#state": "state"}, {":writing": _WRITING})


def remove_items(store: Store, query: Query, on_removed: Callable[[int], None] | None = None) -> int:
    """Removes every item of a query; returns their number. Safe to repeat after an interruption.

    One Query per 500 keys and one request per 25 items.
    """
    keys_only = Query(query.table, query.hash_value, prefix=query.prefix, attributes=("bot_id", "chunk_id"))
    removed = 0
    while True:
        items, more = store.page(keys_only, limit=_BATCH)
        store.batch_delete(query.table, [(item["bot_id"]["S"], item["chunk_id"]["S"]) for item in items])
        removed += len(items)
        if on_removed and items:
            on_removed(removed)
        if more is None:
            return removed


def _key(collection_id: str, what: Leftover) -> tuple[str, str]:
    return garbage_partition(collection_id), what.key
