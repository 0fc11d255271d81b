"""Stops a batch whose rows fail: one failure after the other, most of the latest, or one that no retry mends."""

from __future__ import annotations

import threading
from collections import deque

from console.errors import JudgingError, Unscored

_IN_A_ROW = 10
"""Failures of the judge's server without a success between."""
_WINDOW = 20
"""Latest rows that are looked at."""
_SHARE = 0.8
"""Of the window: so many failures are no accident."""


class Breaker:
    """Counts how rows end. Safe to share between threads.

    Args:
        concurrency: rows at once: those that were in flight together fail together.
    """

    def __init__(self, concurrency: int) -> None:
        self._bound = max(_IN_A_ROW, concurrency)
        self._latest: deque[bool] = deque(maxlen=max(_WINDOW, 2 * concurrency))
        self._in_a_row = 0
        self._lock = threading.Lock()

    def succeeded(self) -> None:
        """A row has a score."""
        with self._lock:
            self._latest.append(False)
            self._in_a_row = 0

    def failed(self, error: JudgingError) -> str | None:
        """A row has failed. Returns why the batch should stop, when it should: the number and the reason."""
        why = str(error).split("\n", 1)[0]
        if error.final:
            return f"Stopped at the first call that was refused for good: {why}"
        with self._lock:
            self._latest.append(True)
            self._in_a_row += not isinstance(error, Unscored)
            failures, seen = sum(self._latest), len(self._latest)
            if self._in_a_row >= self._bound:
                return f"Stopped because {self._in_a_row} rows failed one after the other, the last one: {why}"
            if seen == self._latest.maxlen and failures >= _SHARE * seen:
                return f"Stopped because {failures} of the last {seen} rows failed, the last one: {why}"
        return None
