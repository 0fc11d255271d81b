"""The budget of a batch: whether there is money for another row."""

from __future__ import annotations

import threading


class Budget:
    """Lets a row begin only when its cost, and those of the rows in flight, surely fit into the budget.

    What a row costs is known after the first one, which therefore runs alone; then the dearest so far counts.
    """

    def __init__(self, limit: float | None) -> None:
        self.limit = limit
        self.spent = 0.0
        self._dearest: float | None = None
        self._in_flight = 0
        self._lock = threading.Lock()

    def reserve(self) -> bool | None:
        """True for a row that may begin, False when there is no money for it, None to ask again later."""
        with self._lock:
            if self.limit is not None:
                if self.spent >= self.limit:
                    return False
                if self._dearest is None and self._in_flight:
                    return None
                need = (self._dearest or 0.0) * (self._in_flight + 1)
                if self.spent + need > self.limit:
                    return None if self._in_flight else False
            self._in_flight += 1
            return True

    def settle(self, cost: float | None) -> None:
        """A row ended at this cost."""
        with self._lock:
            self._in_flight -= 1
            if cost is not None:
                self.spent += cost
                self._dearest = max(self._dearest or 0.0, cost)

    def give_back(self) -> None:
        """There was no row."""
        with self._lock:
            self._in_flight -= 1
