"""The collections whose vectors a process holds: loaded when first searched, followed, limited in bytes.

A collection is looked at once a second at most: one request for its own item, and for the stream of the table one per
shard. A search never waits for the store to be still: what changes while it reads is in the next look.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from console.errors import NotFound
from console.records import Collection
from console.search.memory.files import VectorFiles
from console.search.memory.graph import NeighbourGraph
from console.search.memory.held import Held
from console.search.memory.matrix import VectorMatrix, View
from console.search.memory.source import Source
from console.search.memory.words import WordIndex

LOOK_INTERVAL = 1.0
"""Seconds between looks at a collection."""
KEEP_ROWS = 1_000
"""Vectors from which a local file is worth writing."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A collection and its vectors at one moment."""

    collection: Collection
    view: View
    serial: int
    """Of the matrix that the view shows: with a row's number it names one text for ever."""
    state: str
    """Equal for equal vectors, in every process; empty where that is not known."""
    graph: Callable[[], NeighbourGraph]
    """The graph over these vectors, built at the first call."""
    words: Callable[[], WordIndex]
    """The words of these chunks, indexed at the first call."""
    source: str
    """Where the vectors came from: memory, file, blocks or chunks."""
    remark: str
    """Why they may be old; empty when they are not."""


@dataclass(slots=True, eq=False)
class _Entry:
    held: Held
    lock: threading.Lock = field(default_factory=threading.Lock)
    graph_lock: threading.Lock = field(default_factory=threading.Lock)
    words_lock: threading.Lock = field(default_factory=threading.Lock)
    graph: NeighbourGraph | None = None
    words: tuple[tuple[int, int], WordIndex] | None = None

    @property
    def nbytes(self) -> int:
        """Bytes of memory that all of it takes."""
        parts = (self.held.matrix, self.graph, self.words and self.words[1])
        return sum(part.nbytes for part in parts if part)


class Memory:
    """The collections of a process. Thread-safe.

    Args:
        budget: bytes of vectors, words and graphs that are kept; the collection searched last is kept whatever it
            takes.
        keep_from: vectors from which a local file is written.
    """

    def __init__(
        self,
        source: Source,
        files: VectorFiles,
        *,
        budget: int = 512 * 1024 * 1024,
        keep_from: int = KEEP_ROWS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._source = source
        self._files = files
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
            entry.held.read_from = "memory"
            if fresh or entry.held.age(collection_id) >= LOOK_INTERVAL:
                self._look(collection_id, entry)
            found = self._loaded(entry)
        self._evict(collection_id)
        return found

    def pack(self, collection_id: str) -> Collection:
        """Packs all vectors of a collection anew, whether it needs it or not; returns the collection."""
        self.get(collection_id, fresh=True)
        entry = self._entry(collection_id)
        with entry.lock:
            entry.held.pack()
        return self._source.collection(collection_id)

    def sizes(self) -> dict[str, int]:
        """Bytes of vectors, words and graphs by collection."""
        with self._lock:
            return {key: entry.nbytes for key, entry in self._entries.items() if entry.held.matrix}

    def has(self, collection_id: str) -> bool:
        """Whether this process holds the collection's vectors."""
        return collection_id in self.sizes()

    def _entry(self, collection_id: str) -> _Entry:
        with self._lock:
            if collection_id not in self._entries:
                held = Held(self._source, self._files, keep_from=self._keep_from, clock=self._clock)
                self._entries[collection_id] = _Entry(held)
            self._entries.move_to_end(collection_id)
            return self._entries[collection_id]

    def _look(self, collection_id: str, entry: _Entry) -> None:
        try:
            entry.held.look(collection_id)
        except NotFound:
            with self._lock:
                self._entries.pop(collection_id, None)
            self._files.forget(collection_id)
            raise

    def _loaded(self, entry: _Entry) -> Loaded:
        held, matrix = entry.held, entry.held.matrix
        assert held.collection is not None  # noqa: S101 - a look leaves all three
        assert held.view is not None  # noqa: S101
        assert matrix is not None  # noqa: S101
        return Loaded(
            collection=held.collection,
            view=held.view,
            serial=matrix.serial,
            state=f"{held.collection.revision} {sorted(held.at.shards.items())}" if held.at else "",
            graph=lambda: _graph(entry, matrix),
            words=partial(_words, entry, (matrix.serial, len(held.view)), held.view),
            source=held.read_from,
            remark=held.remark,
        )

    def _evict(self, kept: str) -> None:
        sizes = self.sizes()
        total = sum(sizes.values())
        with self._lock:
            for key, size in sizes.items():
                if total <= self._budget:
                    return
                if key != kept and key in self._entries:
                    del self._entries[key]
                    total -= size


def _words(entry: _Entry, rows: tuple[int, int], view: View) -> WordIndex:
    """The words of a view; its matrix and the number of its rows say which they are."""
    with entry.words_lock:
        if entry.words is None or entry.words[0] != rows:
            known = (
                entry.words if entry.words and entry.words[0][0] == rows[0] and entry.words[0][1] < rows[1] else None
            )
            entry.words = rows, WordIndex(view, known[1] if known else None)
        return entry.words[1]


def _graph(entry: _Entry, matrix: VectorMatrix) -> NeighbourGraph:
    with entry.graph_lock:
        if entry.graph is None or entry.graph.matrix is not matrix:
            entry.graph = NeighbourGraph(matrix)
        entry.graph.catch_up()
        return entry.graph
