"""The newest runs of all, or of a judge, as lists of the old API ask for them again and again.

Where a run stands never changes, so the entries of the index are kept for a few seconds and only what is newer is asked
for: a list of 100 runs costs the index a handful of entries instead of 120. Runs that begin now cannot be missed. A run
that is written with a start of minutes ago, as imports do, could be: they move the change token.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from cachetools import LRUCache

from console.data.cache.cache import LIST_TTL, Cache
from console.data.runs.items import PLACE, run_place
from console.data.runs.lists import indexed, laid_over, page_of, queries
from console.data.store import tables
from console.data.store.codec import timestamp
from console.data.store.lists.overlay import RecentWrites
from console.data.store.requests import Query
from console.data.store.store import Store
from console.records import Page, Place, RunFilter, RunId, RunPlace, RunSummary

OVERLAP = timedelta(minutes=2)
"""Before the newest known run, asked for again: clocks differ, and an index may be behind its table."""
_LISTS = 64
_SECONDS = len("2026-01-31T12:00:00")
"""Characters before the fraction of a second, which earlier systems left out."""


@dataclass(slots=True)
class _Known:
    """What the index said, newest first, as far as it was read."""

    token: int
    until: float
    rows: list[RunPlace] = field(default_factory=list)
    whole: bool = False
    """There was nothing behind the last row."""

    def note(self, found: Iterator[RunPlace]) -> Iterator[RunPlace]:
        """The rows, kept as they are read."""
        for row in found:
            self.rows.append(row)
            yield row
        self.whole = True


class _Short(Exception):
    """More rows are asked for than are known."""


class Latest:
    """First pages of lists, each read whole once in `LIST_TTL` seconds at most. Thread-safe."""

    def __init__(
        self,
        store: Store,
        cache: Cache,
        recent: RecentWrites[RunId, RunSummary],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._cache = cache
        self._recent = recent
        self._clock = clock
        self._lock = threading.Lock()
        self._known: LRUCache[tuple[str | None, int], _Known] = LRUCache(_LISTS)

    def page(self, judge_id: str | None, limit: int) -> Page[Place]:
        """The newest `limit` runs and the cursor of the next page.

        One Query of the judge's index, or one per status at the same time; of few entries where the list is known.
        """
        token, now = self._cache.token(tables.RUNS), self._clock()
        with self._lock:
            known = self._known.get((judge_id, limit))
        if known and known.token == token and now < known.until and known.rows:
            try:
                since = (known.rows[0].started_at - OVERLAP).replace(microsecond=0)
                return self._page(judge_id, limit, since, known)
            except _Short:
                pass
        known = _Known(token, now + LIST_TTL)
        page = self._page(judge_id, limit, None, known)
        with self._lock:
            self._known[judge_id, limit] = known
        return page

    def _page(self, judge_id: str | None, limit: int, since: datetime | None, known: _Known) -> Page[Place]:
        wanted = RunFilter(judge_id=judge_id)
        low = timestamp(since)[:_SECONDS] if since else None
        asked: list[Query] = [replace(query, attributes=PLACE, low=low) for query in queries(wanted)]
        fresh = self._recent.snapshot()
        read = indexed(self._store, asked, limit, run_place)
        found = _followed(read, since, known) if since else known.note(read)

        def matches(row: Place) -> bool:
            return isinstance(row, RunPlace) or wanted.matches(row)

        return page_of(laid_over(fresh, found), matches, limit)


def _followed(newer: Iterator[RunPlace], since: datetime, known: _Known) -> Iterator[RunPlace]:
    """What is newer, then what was known before. Raises _Short behind it."""
    yield from newer
    yield from (row for row in known.rows if row.started_at < since)
    if not known.whole:
        raise _Short
