"""Chunks of collections that other systems wrote, and how a change of chunks goes into the counts of the collection.

They have keys of their own, are visible always, and are counted by `Collections.recount`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from console.data.collections.collections import IN_USE, Collections
from console.data.collections.items import checked_matrix, chunk_item, position_of, stamp
from console.data.store import tables
from console.data.store.answers import ConditionFailed
from console.data.store.codec import Item, check_text
from console.data.store.requests import Condition, Delete, Query, Update
from console.data.store.store import Store
from console.errors import ConflictError, InvalidInput
from console.records import Chunk, Collection

DOCUMENT = "document"
FILENAME_LIMIT = 1_000
"""Bytes of a file name: it is a key of an index."""
BATCH = 500
ATTEMPTS = 20
_FOREIGN_BATCH = 90
_PATIENCE = 120.0
"""Seconds that a batch of an import waits for a busy store."""
_EXISTS = Condition("attribute_exists(#bot)", {"#bot": "bot_id"})


class ForeignChunks:
    """See `console.data.collections.chunks`."""

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock
        self._collection = Collections(store, clock).get
        self._written: Counter[str] = Counter()

    def import_chunks(self, collection_id: str, chunks: Iterable[Chunk], *, new: int = 0) -> int:
        """Stores chunks of another system as they are, in place of those with the same ids; returns their number.

        For migrations: run `Collections.recount` afterwards. Safe to repeat, and patient with a busy engine. One
        request per 25 chunks and two more.

        Args:
            new: how many of them are not here yet. They are counted at once: the caller may be ended before it can.

        Raises:
            InvalidInput: a chunk cannot be stored; those of earlier batches are.
            NotFound: there is no such collection.
        """
        collection = self._collection(collection_id)
        self._store.write(Update(tables.COLLECTIONS, (collection_id,), adds={"foreign_touches": 1}, condition=IN_USE))
        rest, done = iter(chunks), 0
        while batch := list(islice(rest, BATCH)):
            matrix = checked_matrix([chunk.embedding for chunk in batch], collection.dimension)
            items = [_imported(collection, chunk, vector) for chunk, vector in zip(batch, matrix, strict=True)]
            self._store.patient(_PATIENCE).batch_put(tables.VECTORS, items)
            done += len(batch)
            self._written[collection_id] += 1
        if new:
            counted: dict[str, float] = {"total_chunks": new, "revision": 1, "foreign_touches": 1}
            self._store.write(Update(tables.COLLECTIONS, (collection_id,), adds=counted, condition=IN_USE))
        return done

    # --- inside ----------------------------------------------------------------------------------------

    def _foreign_keys(self, collection: Collection, filename: str) -> list[tuple[str, ...]]:
        if not collection.foreign or not filename:
            return []
        by_file = Query(
            tables.VECTORS, collection.collection_id, index=tables.CHUNKS_BY_FILE, low=filename, high=filename
        )
        ids = [item["chunk_id"]["S"] for item in self._store.all(by_file)]
        return [(collection.collection_id, one) for one in ids if position_of(one) is None]

    def _remove_foreign(self, collection: Collection, filename: str) -> int:
        """Removes the chunks of other systems under a file name, and them from the counts, 90 per transaction."""
        removed = 0
        for _ in range(ATTEMPTS):
            keys = self._foreign_keys(collection, filename)
            there = [(one["bot_id"]["S"], one["chunk_id"]["S"]) for one in self._store.batch_get(tables.VECTORS, keys)]
            try:
                for start in range(0, len(there), _FOREIGN_BATCH):
                    batch = there[start : start + _FOREIGN_BATCH]
                    last = start + _FOREIGN_BATCH >= len(there)
                    counted = self._counted(collection, -len(batch), -1 if last else 0, foreign=True)
                    self._store.transact([*(Delete(tables.VECTORS, key, _EXISTS) for key in batch), counted])
                    removed += len(batch)
            except ConditionFailed:
                continue
            self._written[collection.collection_id] += 1
            return removed
        raise self._contended(filename)

    def _counted(self, collection: Collection, chunks: int, documents: int, *, foreign: bool = False) -> Update:
        """The change of a collection that goes with a change of its chunks."""
        adds: dict[str, float] = {"total_chunks": chunks, "total_documents": documents, "revision": 1}
        touches, _, touched = collection.foreign.partition(":")
        if foreign or touched or touches == "0":
            adds["foreign_touches"] = 1
        sets: dict[str, Any] = dict(stamp(self._clock()))
        return Update(tables.COLLECTIONS, (collection.collection_id,), sets, adds, condition=IN_USE)

    def _contended(self, document: str) -> ConflictError:
        return ConflictError(DOCUMENT, document, changed_by="another process", changed_on=self._clock())


def _imported(collection: Collection, chunk: Chunk, vector: NDArray[np.float32]) -> Item:
    if position_of(chunk.chunk_id) or not chunk.chunk_id:
        raise InvalidInput(f"A chunk of another system cannot have the id {chunk.chunk_id!r}.", field="chunk_id")
    check_text(chunk.filename, "filename", limit=FILENAME_LIMIT)
    shown = {
        "filename": chunk.filename or None,
        "file_size": chunk.file_size,
        "chunk_index": chunk.chunk_index,
        "created_at": chunk.created_at,
    }
    return chunk_item(collection, chunk.chunk_id, chunk, vector, **shown)
