"""The newest runs of all, or of a judge, as lists of the old API ask for them again and again.

Where a run stands never changes, so the entries of the index are kept for a few seconds and only what is newer is asked
for: a handful of entries instead of 120, by one Query of a judge or, where runs began lately, of a day. Runs that begin
now cannot be missed. One that is written with a start of minutes ago, as imports do, could be: they move the token.
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
from console.records import Page, Place, RunFilter, RunId, RunPlace, RunSummary, utcnow

OVERLAP = timedelta(minutes=2)
"""Before the newest known run, asked for again: clocks differ, and an index may be behind its table."""
_DAYS = 2
"""Of so many days one Query each takes the place of one per status."""
_LISTS = 64
_SECONDS = len("2026-01-31T12:00:00")
"""Characters before the fraction of a second, which earlier systems left out."""


@dataclass(slots=True)
class _Known:
    """What the index said, newest first, as far as it was read."""

    token: int
    until: float
    read_at: datetime
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
        today: Callable[[], datetime] = utcnow,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._cache = cache
        self._recent = recent
        self._today = today
        self._clock = clock
        self._lock = threading.Lock()
        self._known: LRUCache[tuple[str | None, int], _Known] = LRUCache(_LISTS)

    def page(self, judge_id: str | None, limit: int) -> Page[Place]:
        """The newest `limit` runs and the cursor of the next page.

        One Query of the judge's index, or one per status at the same time; where the list is known, one of few entries.
        """
        token, now = self._cache.token(tables.RUNS), self._clock()
        with self._lock:
            known = self._known.get((judge_id, limit))
        if known and known.token == token and now < known.until and known.rows:
            try:
                since = (min(known.read_at, known.rows[0].started_at) - OVERLAP).replace(microsecond=0)
                return self._page(judge_id, limit, since, known)
            except _Short:
                pass
        known = _Known(token, now + LIST_TTL, self._today())
        page = self._page(judge_id, limit, None, known)
        with self._lock:
            self._known[judge_id, limit] = known
        return page

    def _page(self, judge_id: str | None, limit: int, since: datetime | None, known: _Known) -> Page[Place]:
        wanted = RunFilter(judge_id=judge_id)
        asked = queries(wanted)
        if since:
            low = timestamp(since)[:_SECONDS]
            asked = [replace(query, low=low) for query in (self._of_days(since) if not judge_id else []) or asked]
        fresh = self._recent.snapshot()
        read = indexed(self._store, [replace(query, attributes=PLACE) for query in asked], limit, run_place)
        found = _followed(read, since, known) if since else known.note(read)

        def matches(row: Place) -> bool:
            return isinstance(row, RunPlace) or wanted.matches(row)

        return page_of(laid_over(fresh, found), matches, limit)

    def _of_days(self, since: datetime) -> list[Query]:
        """Runs of any status by their day; none where these are too many days."""
        first, last = since.date(), (self._today() + OVERLAP).date()
        days = [last - timedelta(days=back) for back in range((last - first).days + 1)]
        queries = [Query(tables.RUNS, day.isoformat(), index=tables.RUNS_BY_DATE, forward=False) for day in days]
        return queries if len(days) <= _DAYS else []


def _followed(newer: Iterator[RunPlace], since: datetime, known: _Known) -> Iterator[RunPlace]:
    """What is newer, then what was known before. Raises _Short behind it."""
    yield from newer
    yield from (row for row in known.rows if row.started_at < since)
    if not known.whole:
        raise _Short
