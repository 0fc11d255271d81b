"""The ways to find the nearest chunks. All answer alike: chunks with similarity = cosine = 1 - distance, nearest first.

- `native`: the store's vector index. At most 100 results; filters on the file name only.
- `exact`: every vector of the collection in this process, see `index`. Any number of results, any filter.
- `parallel`: every chunk read from the store for this one search, by ranges of the key at once. Any filter.
- `opensearch`: an OpenSearch index fed from the collection, see `fed`.
- `ann`: a graph over the vectors in this process. Filters that leave little are searched exactly.

`exact`, `parallel` and `ann` compute similarities from the numbers as they are stored, in float64.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec
import numpy as np
from cachetools import LRUCache
from numpy.typing import NDArray

from console.errors import InvalidInput, SetupError, StoreError
from console.records import Chunk, Collection, SearchHit
from console.search.memory.matrix import Candidates, Mask, VectorMatrix, View
from console.search.memory.memory import Loaded, Memory
from console.search.memory.source import Source

NATIVE_LIMIT = 100
SMALL = 500
"""Chunks up to which reading them all costs less than keeping a copy."""
GRAPH_FROM = 2_000
"""Chunks from which `ann` builds a graph."""

_TRIES = 4
_REMEMBERED = 100
"""Results up to which an answer is remembered."""
_CHUNK_CACHE = 32 * 1024 * 1024
_SHARE = 20

Filters = Mapping[str, str]
Query = NDArray[np.float32]


class Reads(Source, Protocol):
    """What the strategies read of the store; see `console.data.collections.reads`."""

    def chunks(self, collection: Collection, chunk_ids: Sequence[str]) -> dict[str, Chunk]: ...  # noqa: D102
    def shown(self, collection: Collection, chunk_ids: Sequence[str]) -> dict[str, Chunk]: ...  # noqa: D102
    def answered(  # noqa: D102
        self, key: str, search: Callable[[], list[SearchHit]], keep: Callable[[list[SearchHit]], bool]
    ) -> list[SearchHit]: ...
    def has_native(self, collection: Collection) -> bool: ...  # noqa: D102
    def native(  # noqa: D102
        self, collection: Collection, vector: Query, k: int, filename: str | None = None
    ) -> tuple[list[tuple[Chunk, float]], int]: ...


@dataclass(frozen=True, slots=True)
class Answer:
    """What a strategy found."""

    hits: list[SearchHit]
    remark: str = ""
    """What it did other than one would expect."""
    source: str = ""
    """Where the vectors came from: index, memory, file, blocks or chunks."""


class Strategy(Protocol):
    """One way to search."""

    @property
    def name(self) -> str:
        """As commands and addresses write it."""

    def search(self, collection: Collection, vector: Query, k: int, filters: Filters) -> Answer:
        """The k nearest chunks.

        Args:
            vector: float32[d], L2-normalised.
            filters: file name (`filename`) and metadata that the chunks must have.

        Raises:
            InvalidInput: this way cannot do that; the message says which can.
        """


class Native:
    """The store's vector index."""

    name = "native"

    def __init__(self, reads: Reads, exact: InMemory) -> None:
        self._reads = reads
        self._exact = exact

    def search(self, collection: Collection, vector: Query, k: int, filters: Filters) -> Answer:
        """As `Strategy.search`. One request for the vectors, one for what can be seen."""
        why_not = beyond_native(k, filters)
        if why_not:
            raise InvalidInput(f"{why_not} Choose the strategy exact.", field="strategy")
        asked = (collection, vector, k, filters)
        if not self._reads.has_native(collection):
            return self._exactly("The store has no vector index of this collection that is ready", *asked)
        filename = filters.get("filename")
        try:
            found, hidden = self._reads.native(collection, vector, k, filename)
            if hidden and len(found) < k < NATIVE_LIMIT:
                found, hidden = self._reads.native(collection, vector, NATIVE_LIMIT, filename)
        except (StoreError, SetupError) as error:
            return self._exactly(f"The vector index could not be searched ({str(error).rstrip('.')})", *asked)
        if hidden and len(found) < k:
            return self._exactly("The index was full of chunks being replaced", *asked)
        return Answer(
            nearest_first([SearchHit.of(chunk, 1 - distance) for chunk, distance in found])[:k], source="index"
        )

    def _exactly(self, why: str, collection: Collection, vector: Query, k: int, filters: Filters) -> Answer:
        """The answer of `exact`, and why; the index is looked at again after a minute."""
        exact = self._exact.search(collection, vector, k, filters)
        return Answer(exact.hits, f"{why}; searched exactly.", exact.source)


class InMemory:
    """The vectors of the collection in this process: `exact` by every one of them, `ann` by a graph over them.

    Args:
        how: `scan` or `walk`.
    """

    def __init__(self, name: str, reads: Reads, memory: Memory, how: How) -> None:
        self.name = name
        self._memory = memory
        self._ranked = Ranked(reads, name)
        self._how = how

    def search(self, collection: Collection, vector: Query, k: int, filters: Filters) -> Answer:
        """As `Strategy.search`. One request per 100 results that this process has not seen before."""
        return self._ranked.answer(self._memory, collection, vector, k, filters, self._how)


def scan(loaded: Loaded, vector: Query, allowed: Mask | None, _: int) -> tuple[Nearest, str]:
    """Finds the nearest by looking at every vector."""
    return lambda wanted: loaded.view.nearest(vector, wanted, allowed), ""


def walk(loaded: Loaded, vector: Query, allowed: Mask | None, k: int) -> tuple[Nearest, str]:
    """Finds the nearest by walking the graph, built at the first search in about 0.1 ms per chunk, or exactly where
    that is as good.
    """
    view = loaded.view
    counting = view.live if allowed is None else int(np.count_nonzero(allowed))
    if len(view) < GRAPH_FROM or k * _SHARE > counting:
        return scan(loaded, vector, allowed, k)[0], "Few enough chunks to be searched exactly."
    if counting * _SHARE < len(view):
        return scan(loaded, vector, allowed, k)[0], "The filter leaves so little that it was searched exactly."
    graph = loaded.graph()
    if not graph.good:
        share = f"{graph.found:.1%}"
        return scan(loaded, vector, allowed, k)[0], f"A graph finds {share} of the nearest here; searched exactly."

    def nearest(wanted: int) -> Candidates:
        found = graph.nearest(view, vector, int(wanted * len(graph) / counting))
        kept = slice(None) if allowed is None else allowed[found.rows]
        return Candidates(found.rows[kept], found.similarities[kept])

    return nearest, ""


class Parallel:
    """Every chunk, read for this search alone."""

    name = "parallel"

    def __init__(self, reads: Reads) -> None:
        self._reads = reads
        self._ranked = Ranked(reads, self.name)

    def search(self, collection: Collection, vector: Query, k: int, filters: Filters) -> Answer:
        """As `Strategy.search`. One request per 1 MB of chunks."""
        matrix = VectorMatrix(collection.dimension)
        matrix.append(self._reads.read_all(collection)[0])
        view = matrix.view()
        allowed = view.mask(filters) if filters else None
        rows = Rows(collection, view, matrix.serial)
        hits = self._ranked.over(rows, vector, k, lambda wanted: view.nearest(vector, wanted, allowed))
        return Answer(hits, source="chunks")


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of a collection, which never change their texts."""

    collection: Collection
    view: View
    serial: int
    """Of the matrix."""


class Nearest(Protocol):
    """Finds rows that hold the nearest."""

    def __call__(self, wanted: int) -> Candidates:
        """Rows that hold the `wanted` nearest."""


How = Callable[[Loaded, Query, Mask | None, int], tuple[Nearest, str]]
"""A way to find the nearest of what is loaded, and a remark on it."""


class Ranked:
    """Turns candidates into hits by the numbers as they are stored. Keeps chunks that it has read."""

    def __init__(self, reads: Reads, name: str) -> None:
        self._reads = reads
        self._name = name
        self._lock = threading.Lock()
        self._known: LRUCache[tuple[int, int], tuple[Chunk, NDArray[np.float64]]] = LRUCache(
            _CHUNK_CACHE, getsizeof=lambda entry: entry[1].nbytes + len(entry[0].text) + 1_000
        )

    def answer(
        self, memory: Memory, collection: Collection, vector: Query, k: int, filters: Filters, how: How
    ) -> Answer:
        """The k nearest of a collection in memory; looks again when chunks went away under the search."""
        hits: list[SearchHit] = []
        remark = source = ""
        for attempt in range(_TRIES):
            loaded = memory.get(collection.collection_id, fresh=attempt > 0)
            allowed = loaded.view.mask(filters) if filters else None
            nearest, remark = how(loaded, vector, allowed, k)
            source = loaded.source if attempt == 0 else source
            counting = loaded.view.live if allowed is None else int(np.count_nonzero(allowed))
            hits = self._remembered(loaded, vector, k, filters, nearest, min(k, counting))
            if len(hits) >= min(k, counting):
                break
        return Answer(hits, " ".join(filter(None, (remark, loaded.remark))), source)

    def _remembered(
        self, loaded: Loaded, vector: Query, k: int, filters: Filters, nearest: Nearest, complete: int
    ) -> list[SearchHit]:
        """What this process, or another that shares its cache, found before on the same vectors."""

        def search() -> list[SearchHit]:
            return self.over(Rows(loaded.collection, loaded.view, loaded.serial), vector, k, nearest)

        if k > _REMEMBERED or not loaded.state:
            return search()
        collection = loaded.collection
        state = (collection.collection_id, collection.created_at, loaded.state)
        asked = (self._name, k, sorted(filters.items()))
        key = hashlib.sha256(repr((*state, *asked)).encode("utf-8", "surrogatepass") + vector.tobytes()).hexdigest()
        return self._reads.answered(key, search, lambda hits: len(hits) >= complete)

    def over(self, rows: Rows, vector: Query, k: int, nearest: Nearest) -> list[SearchHit]:
        """The k nearest of some rows. Chunks that were removed meanwhile are left out and others take their places."""
        wanted, found = k, []
        for _ in range(_TRIES):
            candidates = nearest(wanted)
            found = [hit for _, hit in self.scored(rows, candidates.rows.tolist(), vector)]
            if len(found) >= k or len(found) == len(candidates.rows):
                break
            wanted += len(candidates.rows) - len(found)
        return nearest_first(found)[:k]

    def scored(self, rows: Rows, chosen: Sequence[int], vector: Query) -> list[tuple[int, SearchHit]]:
        """Some rows in their order with their similarities, those whose chunks exist."""
        known = self._chunks(rows, chosen)
        if not known:
            return []
        query = vector.astype(np.float64)
        query /= np.linalg.norm(query) or 1.0
        similarities = np.stack([unit for _, unit in known.values()]) @ query
        return [
            (row, SearchHit.of(chunk, float(value)))
            for (row, (chunk, _)), value in zip(known.items(), similarities, strict=True)
        ]

    def _chunks(self, rows: Rows, chosen: Sequence[int]) -> dict[int, tuple[Chunk, NDArray[np.float64]]]:
        """Chunks with their unit vectors, those that exist, by their rows."""
        with self._lock:
            known = {row: self._known[rows.serial, row] for row in chosen if (rows.serial, row) in self._known}
        missing = {rows.view.chunk_id(row): row for row in chosen if row not in known}
        read = self._reads.chunks(rows.collection, list(missing)) if missing else {}
        for chunk_id, chunk in read.items():
            if chunk.embedding is not None:
                row = missing[chunk_id]
                known[row] = (msgspec.structs.replace(chunk, embedding=None), unit(chunk.embedding))
                with self._lock:
                    self._known[rows.serial, row] = known[row]
        return {row: known[row] for row in chosen if row in known}


def native_cannot(reads: Reads, collection: Collection, k: int, filters: Filters) -> str:
    """Why the vector index cannot answer; empty when it can."""
    return beyond_native(k, filters) or ("" if reads.has_native(collection) else "No vector index is ready.")


def beyond_native(k: int, filters: Filters) -> str:
    """Why no vector index can answer; empty when one can."""
    if k > NATIVE_LIMIT:
        return f"The vector index gives {NATIVE_LIMIT} results at most."
    other = sorted(set(filters) - {"filename"})
    if other:
        return f"The vector index filters by filename only, not by {', '.join(other)}."
    return ""


def choose(reads: Reads, memory: Memory, collection: Collection, k: int, filters: Filters) -> tuple[str, str]:
    """The strategy for a search, and why."""
    if memory.has(collection.collection_id):
        return "exact", "Its vectors are in memory already, where a search takes a few milliseconds."
    why_not = native_cannot(reads, collection, k, filters)
    if not why_not:
        return "native", "The store has a vector index, which needs nothing loaded."
    if not collection.blocks and collection.total_chunks <= SMALL:
        return "parallel", f"{why_not} The collection is small: its chunks are read at once."
    return "exact", f"{why_not} Its vectors are loaded once and kept."


def nearest_first(hits: Sequence[SearchHit]) -> list[SearchHit]:
    """By similarity; of equal ones, by their ids."""
    return sorted(hits, key=lambda hit: (-hit.similarity, hit.chunk_id))


def unit(numbers: Sequence[float]) -> NDArray[np.float64]:
    """A vector of length 1 in the direction of the numbers; zeros stay."""
    vector = np.array(numbers, dtype=np.float64)
    length = float(np.linalg.norm(vector))
    return vector / length if length else vector
