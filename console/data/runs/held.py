"""The newest rows of a list as a page goes through them again and again, such as the queue of the review page.

A thousand rows take a quarter of a second to read. They are kept for a minute at most, with everything that this
process has written since laid over them, so that who labels sees their own labels at once; what other processes write
shows when the minute is over, or as soon as it moves the change token.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from cachetools import LRUCache

from console.data.cache.cache import Cache
from console.data.runs.lists import laid_over
from console.data.store import tables
from console.records import Page, RunFilter, RunId, RunSummary, pages

KEPT = 60.0
"""Seconds that rows are kept."""
_LISTS = 8
_WRITES = 5_000
"""Rows that are laid over at most; a process that writes more reads its lists anew."""
_PAGE = 1_000


class Lister(Protocol):
    """Reads one page of a list of runs."""

    def __call__(self, wanted: RunFilter, *, limit: int, cursor: str | None) -> Page[RunSummary]:
        """The page at a cursor."""
        ...


@dataclass(frozen=True, slots=True)
class _List:
    token: int
    read: float
    rows: list[RunSummary]
    whole: bool


@dataclass(frozen=True, slots=True)
class ReadRows:
    """Where nothing is kept: rows are read whenever they are asked for."""

    listed: Lister

    def rows(self, wanted: RunFilter, most: int) -> tuple[list[RunSummary], bool]:
        """The latest rows of a list, and whether these are all."""
        return read_rows(self.listed, wanted, most)


class HeldRows:
    """Thread-safe."""

    def __init__(
        self, cache: Cache, listed: Lister, *, lag: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Makes it empty; no request.

        Args:
            listed: reads one page of a list.
            lag: seconds that an index may be behind its table.
        """
        self._cache = cache
        self._listed = listed
        self._lag = lag
        self._clock = clock
        self._lock = threading.Lock()
        self._lists: LRUCache[tuple[RunFilter, int], _List] = LRUCache(_LISTS)
        self._written: dict[RunId, tuple[float, RunSummary | None]] = {}
        self._overflows = 0

    def rows(self, wanted: RunFilter, most: int) -> tuple[list[RunSummary], bool]:
        """The latest rows of a list, and whether these are all. One request per 1,000 and index query, or none."""
        token, now = self._cache.token(tables.RUNS), self._clock()
        with self._lock:
            known, overflows = self._lists.get((wanted, most)), self._overflows
        if known is None or known.token != token or now - known.read >= KEPT:
            rows, whole = read_rows(self._listed, wanted, most)
            known = _List(token, now, rows, whole)
            with self._lock:
                if overflows == self._overflows:  # else writes of meanwhile are not known any more
                    self._lists[wanted, most] = known
            return list(rows), whole
        fresh = self._since(known.read - self._lag)
        kept = (row for row in known.rows if row.run_id not in fresh)
        rows = [row for row in laid_over(fresh, kept) if wanted.matches(row)]
        return rows[:most], known.whole and len(rows) <= most

    def remember(self, run_id: RunId, row: RunSummary | None) -> None:
        """This process has written a row, or deleted it. Call it after the write."""
        with self._lock:
            if len(self._written) >= _WRITES:
                self._lists.clear()
                self._written.clear()
                self._overflows += 1
            now = self._clock()
            self._written.pop(run_id, None)
            self._written[run_id] = (now, row)
            while self._written[oldest := next(iter(self._written))][0] < now - KEPT - self._lag:
                del self._written[oldest]

    def _since(self, moment: float) -> dict[RunId, RunSummary | None]:
        with self._lock:
            return {key: row for key, (at, row) in self._written.items() if at >= moment}


def read_rows(listed: Lister, wanted: RunFilter, most: int) -> tuple[list[RunSummary], bool]:
    """The latest rows of a list, and whether these are all. One request per 1,000 and index query."""
    rows: list[RunSummary] = []
    for page in pages(lambda cursor: listed(wanted, limit=min(_PAGE, most), cursor=cursor)):
        rows += page.items
        if len(rows) >= most:
            return rows[:most], page.cursor is None and len(rows) == most
    return rows, True
