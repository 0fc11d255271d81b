"""The indexes of a process: loaded when first searched, brought up to date by what changed, limited in bytes.

A collection's revision, looked at once a second at most (one request), says whether anything changed. Then only the
documents that are new are read, from packed blocks where they are packed and from their chunks where not; documents
that are gone are marked. What is read from chunks is packed once it is worth a block. A search never waits for the
store to be still: what changes while it reads is in the next look.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from console.errors import NotFound, StoreError
from console.records import Collection, VectorPart
from console.search.memory.ann import NeighbourGraph
from console.search.memory.index import CollectionIndex, View
from console.search.memory.snapshots import Snapshots, State

log = logging.getLogger(__name__)

LOOK_INTERVAL = 1.0
"""Seconds between looks at a collection's revision."""
PACK_ROWS = 256
"""Vectors outside of blocks that are worth a block."""
KEEP_ROWS = 1_000
"""Vectors from which a local file is worth writing."""
_PACK_SHARE = 0.05
_WASTE = 0.25
_FEW_DOCUMENTS = 64
_ATTEMPTS = 3


class Vectors(Protocol):
    """What the indexes read of the store; see `console.data.collections.reads`."""

    def collection(self, collection_id: str) -> Collection: ...  # noqa: D102
    def written(self, collection_id: str) -> int: ...  # noqa: D102
    def groups(self, collection_id: str) -> dict[str, int]: ...  # noqa: D102
    def read_groups(self, collection: Collection, groups: Iterable[str]) -> list[VectorPart]: ...  # noqa: D102
    def read_all(self, collection: Collection) -> list[VectorPart]: ...  # noqa: D102
    def read_blocks(self, collection: Collection, keys: Sequence[str]) -> list[VectorPart] | None: ...  # noqa: D102
    def write_blocks(  # noqa: D102
        self, collection: Collection, parts: Sequence[VectorPart], *, instead: bool
    ) -> Collection | None: ...


@dataclass(frozen=True, slots=True)
class Loaded:
    """A collection and its vectors at one moment."""

    collection: Collection
    view: View
    graph: Callable[[], NeighbourGraph]
    """The graph over these vectors, built at the first call."""
    source: str
    """Where the vectors came from: memory, file, blocks or chunks."""


@dataclass(slots=True, eq=False)
class _Entry:
    lock: threading.Lock = field(default_factory=threading.Lock)
    graph_lock: threading.Lock = field(default_factory=threading.Lock)
    index: CollectionIndex | None = None
    collection: Collection | None = None
    groups: set[str] = field(default_factory=set)
    """Groups whose vectors are in the index."""
    blocks: set[str] = field(default_factory=set)
    """Blocks that were read."""
    unpacked: list[VectorPart] = field(default_factory=list)
    looked: float = float("-inf")
    written: int = 0
    whole: bool = False
    """Whether everything that the last look saw is in the index."""
    view: View | None = None
    graph: NeighbourGraph | None = None
    source: str = "memory"
    kept: int = 0
    """Rows in the local file."""


class Indexes:
    """The indexes of a process. Thread-safe.

    Args:
        budget: bytes of vectors that are kept; the collection searched last is kept whatever its size.
        keep_from: vectors from which a local file is written.
    """

    def __init__(
        self,
        vectors: Vectors,
        snapshots: Snapshots,
        *,
        budget: int = 512 * 1024 * 1024,
        keep_from: int = KEEP_ROWS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._vectors = vectors
        self._snapshots = snapshots
        self._budget = budget
        self._keep_from = keep_from
        self._clock = clock
        self._lock = threading.Lock()
        self._entries: OrderedDict[str, _Entry] = OrderedDict()

    def get(self, collection_id: str, *, fresh: bool = False) -> Loaded:
        """A collection's vectors, at most a second old. No request when they were just looked at.

        Args:
            fresh: look now, however lately somebody did.

        Raises:
            NotFound: there is no such collection.
        """
        entry = self._entry(collection_id)
        with entry.lock:
            entry.source = "memory"
            if fresh or self._must_look(collection_id, entry):
                self._look(collection_id, entry)
            found = self._loaded(entry)
        self._evict(collection_id)
        return found

    def pack(self, collection_id: str) -> Collection:
        """Packs all vectors of a collection anew, whether it needs it or not; returns the collection."""
        self.get(collection_id)
        entry = self._entry(collection_id)
        with entry.lock:
            self._pack_anew(entry, self._vectors.collection(collection_id))
        return self._vectors.collection(collection_id)

    def held(self) -> dict[str, int]:
        """Bytes of vectors by collection."""
        with self._lock:
            return {key: entry.index.nbytes for key, entry in self._entries.items() if entry.index}

    def is_held(self, collection_id: str) -> bool:
        """Whether this process has the collection's vectors."""
        return collection_id in self.held()

    def _loaded(self, entry: _Entry) -> Loaded:
        index, collection, view = entry.index, entry.collection, entry.view
        assert index is not None  # noqa: S101 - a look leaves all three
        assert collection is not None  # noqa: S101
        assert view is not None  # noqa: S101
        return Loaded(collection, view, lambda: self._graph(entry, index), entry.source)

    # --- looking ---------------------------------------------------------------------------------------

    def _entry(self, collection_id: str) -> _Entry:
        with self._lock:
            entry = self._entries.setdefault(collection_id, _Entry())
            self._entries.move_to_end(collection_id)
            return entry

    def _must_look(self, collection_id: str, entry: _Entry) -> bool:
        recent = self._clock() - entry.looked < LOOK_INTERVAL and entry.view is not None
        return not recent or entry.written != self._vectors.written(collection_id)

    def _look(self, collection_id: str, entry: _Entry) -> None:
        looked, written = self._clock(), self._vectors.written(collection_id)
        try:
            collection = self._vectors.collection(collection_id)
        except NotFound:
            self._forget(collection_id)
            raise
        if entry.index is None or _is_another(collection, entry.collection):
            self._start(entry, collection)
        before = entry.collection
        if not entry.whole or before is None or _token(before) != _token(collection):
            collection = self._update(entry, collection)
            for _ in range(_ATTEMPTS):
                if not entry.whole:  # a document changed while it was read
                    collection = self._update(entry, self._vectors.collection(collection_id))
            self._pack_if_worth(entry, collection)
            self._keep_if_worth(entry, collection)
        entry.collection, entry.looked, entry.written = collection, looked, written

    def _start(self, entry: _Entry, collection: Collection) -> None:
        """Begins with what the local file has, or with nothing."""
        found = self._snapshots.load(collection.collection_id)
        entry.unpacked, entry.graph, entry.whole, entry.collection = [], None, False, None
        if found and found[0].created_at == collection.created_at.isoformat():
            state, entry.index = found
            entry.groups = {part.source.group for part in entry.index.parts if part.live}
            entry.blocks, entry.kept = set(state.blocks), len(entry.index.view())
            entry.source = "file"
            if state.foreign != collection.foreign or not collection.foreign:
                entry.index.drop({""})
                entry.groups.discard("")
            entry.whole = (state.revision, state.foreign) == _token(collection)
            entry.collection = collection if entry.whole else None
            entry.view = entry.index.view()
        else:
            entry.index = CollectionIndex(collection.dimension)
            entry.groups, entry.blocks, entry.kept = set(), set(), 0

    def _update(self, entry: _Entry, collection: Collection) -> Collection:
        """Brings the index up to date; returns the collection as it then was."""
        index = entry.index
        assert index is not None  # noqa: S101
        groups = self._vectors.groups(collection.collection_id)
        foreign_before = entry.collection.foreign if entry.collection else collection.foreign
        if foreign_before != collection.foreign and "" in entry.groups:
            entry.groups.discard("")
            index.drop({""})
        missing = {key: count for key, count in groups.items() if key not in entry.groups}
        if collection.foreign and "" not in entry.groups:
            missing[""] = 0
        if missing:
            collection = self._add(entry, collection, missing)
        gone = entry.groups - groups.keys() - {""}
        index.drop(gone)
        entry.groups -= gone
        entry.unpacked = [part for part in entry.unpacked if part.group in entry.groups]
        entry.whole = groups.keys() <= entry.groups
        entry.view = index.view()
        return collection

    def _add(self, entry: _Entry, collection: Collection, missing: dict[str, int]) -> Collection:
        """Reads what is missing: from blocks that were not read yet, then from chunks."""
        for _ in range(_ATTEMPTS):
            keys = [key for key in collection.blocks if key not in entry.blocks]
            packed = self._vectors.read_blocks(collection, keys) if keys else []
            if packed is not None:
                break
            collection = self._vectors.collection(collection.collection_id)
        else:
            keys, packed = [], []
        if collection.blocks_foreign != collection.foreign:
            packed = [part for part in packed or [] if part.group]
        entry.blocks |= set(keys)
        self._take(entry, packed or [], missing, source="blocks")
        if missing:
            unpacked = self._read_chunks(collection, missing)
            entry.unpacked += self._take(entry, unpacked, missing, source="chunks")
        return collection

    def _take(
        self, entry: _Entry, parts: Sequence[VectorPart], missing: dict[str, int], *, source: str
    ) -> list[VectorPart]:
        """Adds those groups that are missing and that came whole; takes them off `missing`."""
        counts: dict[str, int] = {}
        for part in parts:
            counts[part.group] = counts.get(part.group, 0) + part.count
        taken = {group for group, count in counts.items() if group in missing and missing[group] in (0, count)}
        chosen = [part for part in parts if part.group in taken]
        if chosen and entry.index is not None:
            entry.index.append(chosen)
            entry.source = source
        for group in taken:
            del missing[group]
        if source == "chunks":
            missing.pop("", None)
            taken.add("")
        entry.groups |= taken
        return chosen

    def _read_chunks(self, collection: Collection, missing: Mapping[str, int]) -> list[VectorPart]:
        rows = sum(missing.values())
        many = len(missing) > _FEW_DOCUMENTS and rows * 3 > collection.total_chunks
        if many or "" in missing:
            return self._vectors.read_all(collection)
        return self._vectors.read_groups(collection, missing)

    # --- what is derived from them ---------------------------------------------------------------------

    def _pack_if_worth(self, entry: _Entry, collection: Collection) -> None:
        rows = sum(part.count for part in entry.unpacked)
        live = entry.view.live if entry.view else 0
        waste = collection.block_rows - (live - rows)
        stale = bool(collection.blocks) and collection.blocks_foreign != collection.foreign
        try:
            if stale or waste > max(PACK_ROWS, _WASTE * collection.block_rows):
                self._pack_anew(entry, collection)
            elif rows >= max(PACK_ROWS, _PACK_SHARE * collection.block_rows):
                self._packed(entry, self._vectors.write_blocks(collection, entry.unpacked, instead=False))
        except StoreError as error:
            log.warning("The vectors of %s could not be packed: %s", collection.collection_id, error)

    def _pack_anew(self, entry: _Entry, collection: Collection) -> None:
        self._packed(entry, self._vectors.write_blocks(collection, self._vectors.read_all(collection), instead=True))

    def _packed(self, entry: _Entry, made: Collection | None) -> None:
        """Another process may have packed first; then its blocks are read with the next change."""
        if made is not None:
            entry.blocks |= set(made.blocks)
            entry.unpacked = []

    def _keep_if_worth(self, entry: _Entry, collection: Collection) -> None:
        index, view = entry.index, entry.view
        if (
            not index
            or not view
            or len(view) < self._keep_from
            or abs(len(view) - entry.kept) < len(view) * _PACK_SHARE
        ):
            return
        state = State(
            collection_id=collection.collection_id,
            created_at=collection.created_at.isoformat(),
            dimension=collection.dimension,
            revision=collection.revision if entry.whole else -1,
            foreign=collection.foreign,
            blocks=sorted(entry.blocks),
            parts=[part.source for part in index.parts],
            live=[part.live for part in index.parts],
            code_error=index.code_error,
        )
        self._snapshots.keep(state, index)
        entry.kept = len(view)

    def _graph(self, entry: _Entry, index: CollectionIndex) -> NeighbourGraph:
        with entry.graph_lock:
            if entry.graph is None or entry.graph.index is not index:
                entry.graph = NeighbourGraph(index)
            entry.graph.catch_up()
            return entry.graph

    # --- forgetting ------------------------------------------------------------------------------------

    def _forget(self, collection_id: str) -> None:
        with self._lock:
            self._entries.pop(collection_id, None)
        self._snapshots.forget(collection_id)

    def _evict(self, kept: str) -> None:
        with self._lock:
            sizes = {key: entry.index.nbytes for key, entry in self._entries.items() if entry.index}
            total = sum(sizes.values())
            for key, size in sizes.items():
                if total <= self._budget:
                    return
                if key != kept:
                    del self._entries[key]
                    total -= size


def _token(collection: Collection) -> tuple[int, str]:
    return collection.revision, collection.foreign


def _is_another(collection: Collection, before: Collection | None) -> bool:
    """Whether the id was given to a new collection, or the index has too little room for what there is."""
    return before is not None and (
        before.created_at != collection.created_at or before.dimension != collection.dimension
    )
