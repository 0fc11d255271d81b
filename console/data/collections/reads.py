"""What similarity search reads of a collection: vectors in parallel, single chunks, and the vector index."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from console.data.cache.cache import Cache
from console.data.collections.blocks import Blocks, pack_metadata
from console.data.collections.chunks import Chunks
from console.data.collections.collections import Collections
from console.data.collections.items import (
    documents_partition,
    position_of,
    read_chunk,
    read_metadata,
    read_numbers,
    vector_attribute,
)
from console.data.collections.native_index import VectorSearch
from console.data.store import tables
from console.data.store.codec import Item
from console.data.store.requests import Query
from console.data.store.store import Store
from console.data.store.stream import TableStream
from console.records import Chunk, ChunkChange, Collection, SearchHit, StreamPosition, VectorPart

log = logging.getLogger(__name__)

_READERS = 8
_RANGES = 16
_ATTEMPTS = 5
_PAGE = 150
_PATIENCE = 60.0
_HEX = "0123456789abcdef"
_PRINTABLE = "".join(chr(code) for code in range(0x20, 0x7F))
Row = tuple[str, str, Any, NDArray[np.float32], str]
"""Chunk id, file name, metadata, unit vector, text."""


class VectorReads:
    """Reads vectors; writes only the packed blocks, which are derived."""

    def __init__(self, store: Store, cache: Cache, collections: Collections, chunks: Chunks, blocks: Blocks) -> None:
        self._store = store
        self._cache = cache
        self._chunks = chunks
        self._index = VectorSearch(store, tables.VECTORS)
        self._stream = TableStream(store, tables.VECTORS)
        self.collection, self.note_foreign = collections.get, collections.note_foreign
        self.written = chunks.written
        self.position = self._stream.position
        self.read_blocks, self.write_blocks, self.renew_blocks = blocks.read, blocks.write, blocks.renew

    def answered(
        self, key: str, search: Callable[[], list[SearchHit]], keep: Callable[[list[SearchHit]], bool]
    ) -> list[SearchHit]:
        """What was found before under a key that holds all that decides it, else what `search` finds."""
        return self._cache.immutable(f"SEARCH#{key}", list[SearchHit], search, keep)

    # --- what others wrote -----------------------------------------------------------------------------

    def changes(self, collection_id: str, since: StreamPosition) -> tuple[list[ChunkChange], StreamPosition] | None:
        """Writes of a collection's chunks after a position, by whoever.

        None when that cannot be told; costs as `TableStream.since`, and no read units.
        """
        told = self._stream.since(since)
        if told is None:
            return None
        changes = [
            ChunkChange(chunk_id=one.range_value, group=_group(one.range_value), inserted=one.kind == "INSERT")
            for one in told[0]
            if one.hash_value == collection_id
        ]
        return changes, told[1]

    # --- vectors of many chunks ------------------------------------------------------------------------

    def groups(self, collection_id: str) -> dict[str, int]:
        """`<document>-<generation>` of the documents that can be seen, and their chunks. One Query per 500."""
        query = Query(tables.VECTORS, documents_partition(collection_id))
        return {
            f"{item['chunk_id']['S']}-{item['generation']['S']}": int(item["chunks"]["N"])
            for item in self._store.all(query)
        }

    def read_groups(self, collection: Collection, groups: Iterable[str]) -> list[VectorPart]:
        """The vectors of some documents: one Query per document and 150 chunks, eight at a time."""
        with ThreadPoolExecutor(_READERS) as pool:
            found = pool.map(
                lambda group: self._rows(collection, Query(**_range(collection, prefix=f"{group}-"))), groups
            )
            return [part for rows in found for part in _parts(rows)]

    def read_rows(self, collection: Collection, chunk_ids: Sequence[str]) -> list[VectorPart]:
        """The vectors of some chunks, each on its own, those that exist. One request per 100."""
        attribute = vector_attribute(collection.dimension)
        items = self._store.batch_get(tables.VECTORS, [(collection.collection_id, one) for one in chunk_ids])
        return _singly(_usable(collection, [read_row(item, attribute, collection.dimension) for item in items]))

    def read_all(self, collection: Collection) -> tuple[list[VectorPart], set[str]]:
        """The vectors of every chunk that can be seen, by ranges of the sort key that are read eight at a time.

        With the groups that were read. (`Segment` is not a parameter of Query.) One Query per 150 chunks and range,
        and one per 500 documents; more where documents change meanwhile.
        """
        ends = self._ends(collection.collection_id)
        if ends is None:
            return [], set()
        with ThreadPoolExecutor(_READERS) as pool:
            found = pool.map(
                lambda bounds: self._rows(collection, Query(**_range(collection, low=bounds[0], high=bounds[1]))),
                split_keys(*ends, _RANGES),
            )
            rows = {row[0]: row for part in found for row in part}
        return self._whole(collection, list(_parts(list(rows.values()))))

    # --- single chunks ---------------------------------------------------------------------------------

    def chunks(self, collection: Collection, chunk_ids: Sequence[str]) -> dict[str, Chunk]:
        """Chunks with their vectors, by id, those that exist. One request per 100.

        Whether they can be seen is not looked up again: the caller has just learnt their ids.
        """
        keys = [(collection.collection_id, one) for one in chunk_ids]
        attribute = vector_attribute(collection.dimension)
        return {
            item["chunk_id"]["S"]: read_chunk(item, attribute) for item in self._store.batch_get(tables.VECTORS, keys)
        }

    def shown(self, collection: Collection, chunk_ids: Sequence[str]) -> dict[str, Chunk]:
        """As `chunks`, those that can be seen. One more request per 100 documents."""
        return self.chunks(collection, self._chunks.visible(collection.collection_id, chunk_ids))

    # --- the vector index ------------------------------------------------------------------------------

    def has_native(self, collection: Collection) -> bool:
        """Whether the vector index can be searched for this collection. One request, again after a minute if not."""
        if collection.dimension != tables.VECTOR_DIMENSIONS:
            return False
        return self._index.is_active()

    def native(
        self, collection: Collection, vector: NDArray[np.float32], k: int, filename: str | None = None
    ) -> tuple[list[tuple[Chunk, float]], int]:
        """The nearest chunks by the vector index, with their distance 0..2, and how many more cannot be seen.

        One request, and one per 100 documents of the results.
        """
        nearest = self._index.nearest(collection.collection_id, vector, k, filename)
        found = [(read_chunk(item), distance) for item, distance in nearest]
        seen = set(self._chunks.visible(collection.collection_id, [chunk.chunk_id for chunk, _ in found]))
        return [(chunk, distance) for chunk, distance in found if chunk.chunk_id in seen], len(found) - len(seen)

    # --- inside ----------------------------------------------------------------------------------------

    def _whole(self, collection: Collection, parts: list[VectorPart]) -> tuple[list[VectorPart], set[str]]:
        """The documents that can be seen now, read again where they changed while they were read.

        One that has fewer chunks than it should, again and again, has lost some to another program.
        """
        short: set[str] = set()
        for _ in range(_ATTEMPTS):
            counts: Counter[str] = Counter()
            for part in parts:
                counts[part.group] += part.count
            groups = self.groups(collection.collection_id)
            torn = {group for group, count in groups.items() if counts[group] != count} - short
            parts = [part for part in parts if not part.group or (part.group in groups and part.group not in torn)]
            if not torn:
                break
            parts += self.read_groups(collection, torn)
            short = torn
        return parts, set(groups)

    def _rows(self, collection: Collection, query: Query) -> list[Row]:
        attribute = vector_attribute(collection.dimension)
        return _usable(collection, [read_row(item, attribute, collection.dimension) for item in self._items(query)])

    def _items(self, query: Query) -> Iterator[Item]:
        """Every item, by small pages: the embedded engine answers one reader after the other."""
        return self._store.patient(_PATIENCE).all(query, limit=_PAGE)

    def _ends(self, collection_id: str) -> tuple[str, str] | None:
        """The first and the last sort key of a collection's chunks."""
        ends = []
        for forward in (True, False):
            query = Query(tables.VECTORS, collection_id, forward=forward, attributes=("chunk_id",))
            items, _ = self._store.page(query, limit=1)
            if not items:
                return None
            ends.append(items[0]["chunk_id"]["S"])
        return ends[0], ends[1]


def read_row(item: Item, attribute: str, dimension: int) -> Row | None:
    """A chunk's row; None when its vector is missing or has another length."""
    numbers = read_numbers(item, attribute)
    if numbers is None or len(numbers) != dimension:
        return None
    vector = np.array(numbers)
    length = float(np.sqrt(vector @ vector))
    unit = (vector / length if length else vector).astype(np.float32)
    text = str(item.get("text", {}).get("S", ""))
    return item["chunk_id"]["S"], item.get("filename", {}).get("S", ""), read_metadata(item), unit, text


def _usable(collection: Collection, rows: Sequence[Row | None]) -> list[Row]:
    """The rows that there are; the chunks of the others are counted in the log, and no search finds them."""
    usable = [row for row in rows if row is not None]
    if skipped := len(rows) - len(usable):
        log.warning("%d chunk(s) of %s have no usable vector and are skipped.", skipped, collection.collection_id)
    return usable


def split_keys(first: str, last: str, ranges: int) -> list[tuple[str, str]]:
    """Ranges of sort keys, both ends included, that cover `first` to `last` in about equal parts.

    The keys are taken to be spread evenly over the digits of hexadecimal numbers, or else over printable characters,
    behind what all have in common. A wrong guess makes the ranges uneven, never incomplete.
    """
    common = next((place for place, (one, other) in enumerate(zip(first, last, strict=False)) if one != other), 0)
    digits = _HEX if first[common : common + 1] in _HEX and last[common : common + 1] in _HEX else _PRINTABLE
    low, high = (_number(text[common : common + 3], digits) for text in (first, last))
    base = len(digits)
    steps = sorted({low + (high - low) * step // ranges for step in range(1, ranges)} - {low})
    cuts = [first[:common] + "".join(digits[step // base**place % base] for place in (2, 1, 0)) for step in steps]
    bounds = [first, *(cut for cut in cuts if first < cut < last), last]
    return list(pairwise(bounds)) or [(first, last)]


def _number(text: str, digits: str) -> int:
    places = [max(digits.find(character), 0) for character in text.ljust(3, digits[0])]
    return (places[0] * len(digits) + places[1]) * len(digits) + places[2]


def _range(collection: Collection, **bounds: str) -> dict[str, Any]:
    attributes = ("chunk_id", "filename", "metadata", "text", vector_attribute(collection.dimension))
    return {"table": tables.VECTORS, "hash_value": collection.collection_id, "attributes": attributes, **bounds}


def _parts(rows: Sequence[Row]) -> Iterator[VectorPart]:
    """Rows by what they appear and disappear with."""
    groups: dict[str, list[tuple[int, Row]]] = {}
    foreign: list[Row] = []
    for row in rows:
        place = position_of(row[0])
        if place is None:
            foreign.append(row)
        else:
            groups.setdefault(f"{place.document}-{place.generation}", []).append((place.number, row))
    for group, numbered in groups.items():
        yield from _runs(group, sorted(numbered, key=lambda one: one[0]))
    yield from _singly(foreign)


def _singly(rows: Sequence[Row]) -> list[VectorPart]:
    """Rows that each go their own way, as a part; none for none."""
    if not rows:
        return []
    part = VectorPart(
        group="",
        count=len(rows),
        vectors=np.stack([row[3] for row in rows]),
        chunk_ids=[row[0] for row in rows],
        filenames=[row[1] for row in rows],
        metadata=pack_metadata([row[2] for row in rows]),
        texts=[row[4] for row in rows],
    )
    return [part]


def _group(chunk_id: str) -> str:
    """The writing of a document that a chunk belongs to; empty for a chunk of another system."""
    place = position_of(chunk_id)
    return f"{place.document}-{place.generation}" if place else ""


def _runs(group: str, numbered: Sequence[tuple[int, Row]]) -> Iterator[VectorPart]:
    """The rows of a group, cut where a number is missing."""
    start = 0
    for place in range(1, len(numbered) + 1):
        if place == len(numbered) or numbered[place][0] != numbered[place - 1][0] + 1:
            rows = [row for _, row in numbered[start:place]]
            yield VectorPart(
                group=group,
                count=len(rows),
                vectors=np.stack([row[3] for row in rows]),
                first=numbered[start][0],
                filename=rows[0][1],
                metadata=pack_metadata([row[2] for row in rows]),
                texts=[row[4] for row in rows],
            )
            start = place
