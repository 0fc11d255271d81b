"""Lists of runs: which index answers a filter, and how the answers become pages.

A page is the merge of one or more descending index queries with what this process wrote a moment ago. The cursor
holds the start time of the last row and the ids with exactly that time that were read, so that no row is lost or
shown twice, whatever the index and however many runs share a moment.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from console.data.runs.items import PLACE, run_place, run_summary
from console.data.store import tables
from console.data.store.codec import Item, timestamp
from console.data.store.lists.cursor import decode_cursor, encode_cursor
from console.data.store.lists.overlay import RecentWrites
from console.data.store.requests import Query
from console.data.store.shards import Layout
from console.data.store.store import Store
from console.errors import InvalidInput
from console.records import Page, Place, RunFilter, RunId, RunPlace, RunStatus, RunSummary

EXAMINED = 5_000
"""Rows that one page may read before it is given back short; its cursor goes on from there."""
_AT_ONCE = 32
"""Queries of one list at the same time, at most."""
_FEW = 8
"""A page's rows for each row that is read ahead of a status that few runs have."""
_LATEST = "9999"
"""After every timestamp."""
_Row = TypeVar("_Row", bound=Place)


def queries(wanted: RunFilter, high: str | None = None) -> list[Query]:
    """The queries whose merge, newest first, holds every run that the filter wants.

    The most selective index wins: judge, then case, then a single day, then a status; without any of these, one
    query per status.

    Args:
        high: only runs started at or before this timestamp.

    Raises:
        InvalidInput: the days are the wrong way round.
    """
    if wanted.first_day and wanted.last_day and wanted.first_day > wanted.last_day:
        raise InvalidInput(
            f"The first day, {wanted.first_day}, is after the last, {wanted.last_day}. Swap them.", field="first_day"
        )
    low = wanted.first_day.isoformat() if wanted.first_day else None
    until = _LATEST if wanted.last_day is None else (wanted.last_day + timedelta(days=1)).isoformat()
    bounds: dict[str, Any] = {"low": low, "high": min(until, high or _LATEST), "forward": False}
    if wanted.labelled and wanted.case_id:
        return [Query(tables.RUNS, wanted.case_id, index=tables.LABELLED_RUNS, **bounds)]
    if wanted.judge_id:
        return [Query(tables.RUNS, wanted.judge_id, index=tables.RUNS_BY_JUDGE, **bounds)]
    if wanted.case_id:
        return [Query(tables.RUNS, wanted.case_id, index=tables.RUNS_BY_CASE, **bounds)]
    if low and wanted.first_day == wanted.last_day:
        return [Query(tables.RUNS, low, index=tables.RUNS_BY_DATE, **bounds)]
    statuses = [wanted.status] if wanted.status else _possible(wanted)
    return [Query(tables.RUNS, one, index=tables.RUNS_BY_STATUS, **bounds) for one in statuses]


def _possible(wanted: RunFilter) -> list[RunStatus]:
    """Statuses that a run can have when the filter asks for a result."""
    scored = wanted.uncertain or wanted.score_from is not None or wanted.score_below is not None
    if scored or (wanted.verdict and wanted.verdict != "pending"):
        return [RunStatus.COMPLETED]
    return list(RunStatus)


def list_runs(
    store: Store, recent: RecentWrites[RunId, RunSummary], wanted: RunFilter, limit: int, cursor: str | None
) -> Page[RunSummary]:
    """One page, newest first (see `Runs.list`)."""
    high, seen = _position(cursor)
    found = merged(store, recent, queries(wanted, high), limit)
    return page_of(found, wanted.matches, limit, high, seen)


def list_places(
    store: Store, recent: RecentWrites[RunId, RunSummary], judge_id: str | None, limit: int, cursor: str | None
) -> Page[Place]:
    """One page of all runs or those of a judge, of which no more is read than where they stand."""
    high, seen = _position(cursor)
    wanted = RunFilter(judge_id=judge_id)
    asked = [replace(query, attributes=PLACE) for query in queries(wanted, high)]
    found = merged(store, recent, asked, limit, run_place)
    return page_of(found, lambda row: isinstance(row, RunPlace) or wanted.matches(row), limit, high, seen)


def page_of(
    found: Iterable[_Row],
    matches: Callable[[_Row], bool],
    limit: int,
    high: str | None = None,
    seen: Collection[RunId] = (),
) -> Page[_Row]:
    """The rows that match, as many as a page has, and the cursor of the next one.

    Args:
        high: timestamp of the last row of the page before, of which `seen` were shown.
    """
    rows: list[_Row] = []
    examined = 0
    last: _Row | None = None
    tied: list[RunId] = []
    for row in found:
        if row.run_id in seen:
            continue
        if len(rows) == limit or examined == EXAMINED:
            return Page(rows, _cursor(last, tied, high, seen), examined)
        examined += 1
        if last is None or last.started_at != row.started_at:
            tied = []
        tied.append(row.run_id)
        last = row
        if matches(row):
            rows.append(row)
    return Page(rows, None, examined)


def _position(cursor: str | None) -> tuple[str | None, set[RunId]]:
    if cursor is None:
        return None, set()
    position = decode_cursor(cursor, {"t": str, "seen": list})
    return position["t"], set(position["seen"])


def _cursor(last: Place | None, tied: list[RunId], high: str | None, seen: Collection[RunId]) -> str | None:
    if last is None:
        return None
    at = timestamp(last.started_at)
    return encode_cursor({"t": at, "seen": tied + (sorted(seen, key=str) if at == high else [])})


def merged(
    store: Store,
    recent: RecentWrites[RunId, RunSummary],
    asked: list[Query],
    limit: int,
    read: Callable[[Item], Place] = run_summary,
) -> Iterator[Any]:
    """Rows of all queries and of this process's latest writes, each run once, in the queries' own direction."""
    fresh = recent.snapshot()
    found = indexed(store, asked, limit, read)
    yield from laid_over(fresh, found, high=asked[0].high, newest_first=not asked[0].forward)


def indexed(store: Store, asked: list[Query], limit: int, read: Callable[[Item], _Row]) -> Iterator[_Row]:
    """Rows of all queries, which are asked at the same time, in their own direction.

    Of all statuses that are asked for together most runs are completed: of each other one a few rows are read ahead,
    and the rest where a page turns out to need it.
    """
    newest_first = not asked[0].forward
    several = len(asked) > 1
    asked, size = _spread(asked, store.layout, limit + 1)

    def first(query: Query) -> tuple[list[Item], Item | None]:
        few = several and not query.hash_value.startswith(RunStatus.COMPLETED)
        return store.page(query, limit=-(-size // _FEW) if few else size)

    if len(asked) == 1:
        firsts = [first(asked[0])]
    else:
        with ThreadPoolExecutor(max_workers=min(len(asked), _AT_ONCE)) as pool:
            firsts = list(pool.map(first, asked))
    streams = [
        map(read, store.all(query, limit=limit + 1, first=first)) for query, first in zip(asked, firsts, strict=True)
    ]
    return heapq.merge(*streams, key=_started, reverse=newest_first)


def laid_over(
    fresh: Mapping[RunId, RunSummary | None],
    found: Iterable[Place],
    *,
    high: str | None = None,
    newest_first: bool = True,
) -> Iterator[Any]:
    """What this process wrote lately over what an index says, each run once."""
    mine = [row for row in fresh.values() if row is not None and (high is None or timestamp(row.started_at) <= high)]
    mine.sort(key=_started, reverse=newest_first)
    for row in heapq.merge(mine, found, key=_started, reverse=newest_first):
        if row.run_id not in fresh or row is fresh.get(row.run_id):
            yield row


def _spread(asked: list[Query], layout: Layout, rows: int) -> tuple[list[Query], int]:
    """The queries of every shard, and how many rows to begin with: twice a shard's share, so that few ask again."""
    suffixes = layout.suffixes
    every = [replace(query, hash_value=query.hash_value + suffix) for query in asked for suffix in suffixes]
    return every, rows if len(suffixes) == 1 else min(rows, 2 * rows // len(suffixes) + 8)


def _started(row: Place) -> datetime:
    return row.started_at
