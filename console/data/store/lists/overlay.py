"""Read your writes: what this process wrote lately, to lay over what a lagging index answers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final, Generic, TypeVar

K = TypeVar("K")
R = TypeVar("R")

LAG = 10.0
"""Seconds that an index may be behind its table."""
DELETED: Final = None
"""Remembered instead of a row: it is gone, whatever the index still says."""


class RecentWrites(Generic[K, R]):
    """List rows as this process wrote them, by key, each for `lag` seconds. Thread-safe.

    A list shows these rows instead of the index's rows of the same keys. A row may have left the list (it has
    another status, say) while the index still has it there: the list asks of these rows too if it wants them.
    """

    def __init__(self, lag: float = LAG, clock: Callable[[], float] = time.monotonic) -> None:
        self._lag = lag
        self._clock = clock
        self._lock = threading.Lock()
        self._written: dict[K, tuple[float, R | None]] = {}
        self.followers: list[Callable[[K, R | None], None]] = []
        """Told of every write, after it is remembered."""

    def remember(self, key: K, row: R | None) -> None:
        """From now on this is the row, or `DELETED`. Call it after the write has succeeded."""
        with self._lock:
            self._written.pop(key, None)
            self._written[key] = (self._clock(), row)
            self._drop_old()
        for follower in self.followers:
            follower(key, row)

    def snapshot(self) -> dict[K, R | None]:
        """What was written within the last `lag` seconds: rows and `DELETED`s by key, oldest first."""
        with self._lock:
            self._drop_old()
            return {key: row for key, (_, row) in self._written.items()}

    def _drop_old(self) -> None:
        horizon = self._clock() - self._lag
        while self._written:
            oldest = next(iter(self._written))
            if self._written[oldest][0] > horizon:
                return
            del self._written[oldest]
