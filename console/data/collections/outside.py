"""What other programs write into collections, as far as counts and lists are concerned.

The writer of the vector schema touches the table of the chunks alone, and the collection's own item keeps the counts of
before. The stream of the table says what was written; a collection that it concerns is counted anew by the index of
file names, and its item says so to every process: what pages keep by a collection's state, they make anew then.

A look costs one GetRecords per open shard, once a second at most; a count 1 read unit per 55 chunks, and no more than
100 units a second on average, so that 100,000 chunks are counted every 18 s while others write.
"""

from __future__ import annotations

import builtins
import threading
import time
from collections.abc import Callable

from console.data.collections.chunks import Chunks
from console.data.collections.collections import Collections
from console.data.collections.items import position_of
from console.data.store.stream import Change, TableStream
from console.errors import ConflictError
from console.records import Collection, StreamPosition

LOOK_INTERVAL = 1.0
"""Seconds between looks at the stream."""
COUNT_INTERVAL = 1.0
"""Seconds between two counts of a collection, at least; the index may lag behind the stream."""
MOST_AT_FIRST = 20_000
"""Chunks of a collection that a process counts when it first shows it and the stream does not reach back so far."""
_CHUNKS_PER_SECOND = 55 * 100


class Outside:
    """Collections with the counts that they have now, whoever wrote. Thread-safe."""

    def __init__(
        self,
        stream: TableStream,
        collections: Collections,
        chunks: Chunks,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stream = stream
        self._collections = collections
        self._chunks = chunks
        self._clock = clock
        self._lock = threading.Lock()
        self._at: StreamPosition | None = None
        self._looked = float("-inf")
        self._shown: set[str] = set()
        self._written: set[str] = set()
        self._due: set[str] = set()
        self._not_before: dict[str, float] = {}

    def get(self, collection_id: str) -> Collection:
        """One collection. One request when nobody wrote into it. Raises NotFound."""
        collection = self._collections.get(collection_id)
        with self._lock:
            self._look()
            if collection_id not in self._shown:
                self._shown.add(collection_id)
                self._first(collection)
            return self._counted(collection)

    def list(self) -> builtins.list[Collection]:
        """As `Collections.list`; those that others wrote into since this process began to look are counted."""
        known = self._collections.list()
        with self._lock:
            self._look()
            return [self._counted(one) for one in known]

    # --- inside ----------------------------------------------------------------------------------------

    def _look(self) -> None:
        now = self._clock()
        if now - self._looked < LOOK_INTERVAL:
            return
        self._looked = now
        told = self._stream.since(self._at) if self._at else None
        if told is None:
            self._at = self._stream.position()
            return
        changes, self._at = told
        for collection_id in {one.hash_value for one in changes if "#" not in one.hash_value}:
            collection = self._collections.find(collection_id)
            if collection and self._concerned(collection, changes):
                self._note(collection_id)

    def _first(self, collection: Collection) -> None:
        """What was written before this process looked: by the stream since the blocks were packed, else by counting."""
        told = self._stream.since(collection.blocks_at) if collection.blocks_at else None
        if told is None:
            if collection.total_chunks <= MOST_AT_FIRST:
                self._due.add(collection.collection_id)
        elif self._concerned(collection, told[0]):
            self._note(collection.collection_id)

    def _note(self, collection_id: str) -> None:
        self._written.add(collection_id)
        self._due.add(collection_id)

    def _concerned(self, collection: Collection, changes: builtins.list[Change]) -> bool:
        """Whether others wrote: chunks of theirs, over the console's own, or took away some that can be seen."""
        mine = [one for one in changes if one.hash_value == collection.collection_id]
        if any(collection.foreign or not position_of(one.range_value) or one.kind == "MODIFY" for one in mine):
            return True
        removed = [one.range_value for one in mine if one.kind == "REMOVE"]
        return bool(removed and self._chunks.visible(collection.collection_id, removed))

    def _counted(self, collection: Collection) -> Collection:
        """The collection with its counts, which are written where they are others or its chunks were changed."""
        key, now = collection.collection_id, self._clock()
        if key not in self._due or collection.deleting or now < self._not_before.get(key, now):
            return collection
        documents = self._chunks.counted(key)
        found = sum(one.chunks for one in documents), len(documents)
        self._not_before[key] = now + max(COUNT_INTERVAL, found[0] / _CHUNKS_PER_SECOND)
        agrees = found == (collection.total_chunks, collection.total_documents)
        try:
            if key in self._written or not agrees:
                collection = self._collections.recount(key, found)
        except ConflictError:
            return collection  # it is being written; the next look counts
        self._written.discard(key)
        if agrees:  # else the index may have lagged: the next count tells
            self._due.discard(key)
        return collection
