"""Ids of runs: positive, unique, growing; taken from one counter, in blocks where many runs begin at once."""

from __future__ import annotations

import threading

from console.data.store import tables
from console.data.store.store import Store
from console.errors import InvalidInput

_COUNTER = ("COUNTER#RUN", "COUNTER")
BLOCK = 100
"""Ids that a process takes at a time where runs are spread over shards, unless `RUN_ID_BLOCK` says otherwise."""


class RunIds:
    """The ids of one process. Thread-safe.

    A counter is one item: it takes 1,000 additions a second, from all processes together. With blocks of 100 it serves
    100,000 ids a second, and ids of processes interleave; what a process leaves of its block when it ends is a gap.

    Args:
        block: ids taken at a time; None: 1, so that ids are dense, or `BLOCK` with several shards.
    """

    def __init__(self, store: Store, block: int | None = None) -> None:
        self._store = store
        self._block = block
        self._lock = threading.Lock()
        self._next, self._left = 0, 0

    def take(self, count: int = 1) -> int:
        """The first of `count` consecutive ids that nobody else gets. One request, or none while the block lasts.

        A lost answer may leave a gap.
        """
        if count < 1:
            raise InvalidInput("Ask for at least one run id.")
        block = self._block or (BLOCK if self._store.layout.shards > 1 else 1)
        if count >= block:
            return self._add(count) - count + 1
        with self._lock:
            if self._left < count:
                self._next, self._left = self._add(block) - block + 1, block
            first = self._next
            self._next, self._left = first + count, self._left - count
        return first

    def last(self) -> int:
        """The highest id that was given out, in a block or alone; 0 before the first. One request."""
        item = self._store.get(tables.RUNS, *_COUNTER)
        return int(item["n"]["N"]) if item else 0

    def reserve(self, highest: int) -> None:
        """Makes the next ids greater than `highest`. One or two requests."""
        with self._lock:
            self._left = 0
        current = self._add(1)
        if current < highest:
            self._add(highest - current)

    def _add(self, count: int) -> int:
        return self._store.add(tables.RUNS, _COUNTER, "n", count)
