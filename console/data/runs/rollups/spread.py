"""How far this process spreads the counts of a rollup: wider with each conflict, and back when it is quiet."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Hashable

WIDEST = 8
"""Doublings: 256 items hold the counts of one day, case, judge and model at most."""
REST = 1.0
"""Seconds without a conflict after which a cell is spread half as far."""
_REMEMBERED = 10_000


class Spread:
    """Remembers the conflicts on each cell. Thread-safe.

    A transaction holds an item for as long as it takes, so that one item takes about 60 a second, whatever the units
    that it may use. A cell that is busy is therefore spread from the first attempt, not after each run's own conflict.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._levels: dict[Hashable, tuple[int, float]] = {}

    def shard(self, cell: Hashable, conflicts: int) -> int:
        """The shard to write to.

        Args:
            conflicts: met by this very write so far; each makes the cell twice as wide.
        """
        now = self._clock()
        with self._lock:
            level, since = self._levels.pop(cell, (0, now))
            rested = int((now - since) / REST)
            level, since = max(level - rested, 0), since + rested * REST
            if conflicts:
                level, since = min(level + 1, WIDEST), now
            if level:
                if len(self._levels) >= _REMEMBERED:
                    del self._levels[next(iter(self._levels))]
                self._levels[cell] = (level, since)
        if not level:
            return 0
        return random.randrange(1 if conflicts else 0, 2**level)  # noqa: S311 - spreading, not a secret
