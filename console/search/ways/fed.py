"""Search in an OpenSearch index that was fed from the collection, and is right also when it lags.

The index says where the stream of the table was when it was fed. What was written since is looked up in the stream,
read from the table and ranked with what the index finds, and what is gone is left out: so a write is found, or not,
within a second, whoever made it. Too many of them are not read; the answer then says that the index is old.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from cachetools import LRUCache

from console.errors import existing
from console.records import Chunk, Collection, SearchHit, StreamPosition
from console.search.memory.matrix import has_values
from console.search.ways.opensearch import MOST, Indexed, OpenSearchIndex
from console.search.ways.strategies import Answer, Filters, Query, Reads, nearest_first, unit

LOOK_INTERVAL = 1.0
"""Seconds between looks at the stream for one collection."""
MOST_CHANGES = 1_000
"""Chunks written since the index was fed that a search reads itself."""
_OLD = "The index is older than the collection; sync it."
_BLIND = (
    "What other programs wrote since the index was fed cannot be told: the table has no stream, or it is too long ago."
)
_FOLLOWED = 64


@dataclass(slots=True)
class _Since:
    """What was written since an index was fed."""

    fed: Indexed
    at: StreamPosition | None
    """Up to where the stream was followed; None when it cannot be."""
    written: int
    """By this process, at the last look."""
    looked: float
    changed: set[str] = field(default_factory=set)


class Fed:
    """The strategy `opensearch`. Thread-safe."""

    name = "opensearch"

    def __init__(
        self, reads: Reads, open_search: Callable[[], OpenSearchIndex], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._reads = reads
        self._open = open_search
        self._clock = clock
        self._lock = threading.Lock()
        self._index: OpenSearchIndex | None = None
        self._since: LRUCache[str, _Since] = LRUCache(_FOLLOWED)

    def search(self, collection: Collection, vector: Query, k: int, filters: Filters) -> Answer:
        """As `Strategy.search`. Two requests to OpenSearch; to the store two per 100 results, one more a second.

        Raises:
            SetupError: OpenSearch is not configured.
            NotFound: the collection was never put into it.
        """
        index, collection_id = self._opened(), collection.collection_id
        fed = existing(
            index.indexed(collection_id), "OpenSearch index of the collection", f"{collection_id} (sync it first)"
        )
        changed, remark = self._changed(collection, fed)
        wanted = min(k + len(changed), MOST)
        found = [hit.chunk_id for hit in index.search(collection_id, vector, wanted, filters)]
        chunks = self._reads.shown(collection, [*dict.fromkeys([*found, *sorted(changed)])])
        hits = [_hit(chunk, vector) for chunk in chunks.values() if _counts(chunk, collection, filters)]
        return Answer(nearest_first(hits)[:k], remark, "index")

    def _opened(self) -> OpenSearchIndex:
        with self._lock:
            self._index = self._index or self._open()
            return self._index

    def _changed(self, collection: Collection, fed: Indexed) -> tuple[set[str], str]:
        """Chunks written since the index was fed, and why they may not be all."""
        with self._lock:
            since = self._since.get(collection.collection_id)
            if since is None or since.fed != fed:
                since = _Since(fed, fed.at, -1, float("-inf"))
                self._since[collection.collection_id] = since
            self._look(collection.collection_id, since)
            changed = set(since.changed)
        if since.at is None:
            return set(), _BLIND if fed.is_of(collection) else _OLD
        return (changed, "") if len(changed) <= MOST_CHANGES else (set(), _OLD)

    def _look(self, collection_id: str, since: _Since) -> None:
        now, written = self._clock(), self._reads.written(collection_id)
        if since.at is None or (written == since.written and now - since.looked < LOOK_INTERVAL):
            return
        told = self._reads.changes(collection_id, since.at)
        since.at, since.looked, since.written = told[1] if told else None, now, written
        since.changed |= {one.chunk_id for one in (told[0] if told else ())}


def lags(reads: Reads, collection_id: str, fed: Indexed) -> bool:
    """Whether somebody wrote chunks since an index was fed, or it cannot be told."""
    told = reads.changes(collection_id, fed.at) if fed.at else None
    return told is None or bool(told[0])


def _counts(chunk: Chunk, collection: Collection, filters: Filters) -> bool:
    """Whether a chunk can be compared and has what is asked for."""
    wanted = dict(filters)
    filename = wanted.pop("filename", chunk.filename)
    usable = chunk.embedding is not None and len(chunk.embedding) == collection.dimension
    return usable and chunk.filename == filename and has_values(chunk.metadata, wanted)


def _hit(chunk: Chunk, vector: Query) -> SearchHit:
    query = unit([float(one) for one in vector])
    return SearchHit.of(chunk, float(np.dot(unit(chunk.embedding or ()), query)))
