"""The run before and the run after another one, within a filter: what "previous" and "next" mean on a run's page."""

from __future__ import annotations

from dataclasses import replace

from console.data.runs.lists import EXAMINED, merged, queries
from console.data.store.codec import timestamp
from console.data.store.lists.overlay import RecentWrites
from console.data.store.requests import Query
from console.data.store.store import Store
from console.records import Run, RunFilter, RunId, RunSummary

_FIRST = 2
"""Rows of the first read: the run itself and its neighbour (and one that shows whether another shares its moment)."""


def neighbour(
    store: Store, recent: RecentWrites[RunId, RunSummary], wanted: RunFilter, run: Run, *, newer: bool
) -> RunSummary | None:
    """The next newer (or older) run that `wanted` wants (see `Runs.neighbour`)."""
    asked = _queries(wanted, timestamp(run.started_at), newer=newer)
    if not asked:
        return None
    best: RunSummary | None = None
    for number, row in enumerate(merged(store, recent, asked, _FIRST)):
        if number == EXAMINED or (best and row.started_at != best.started_at):
            break
        beyond = _place(row) > _place(run) if newer else _place(row) < _place(run)
        if not beyond or not wanted.matches(row):
            continue
        if best is None or (_place(row) < _place(best)) is newer:
            best = row
    return best


def _queries(wanted: RunFilter, at: str, *, newer: bool) -> list[Query]:
    """The filter's queries from the moment on; none where the filter's days end before it."""
    asked = queries(wanted, None if newer else at)
    if newer:
        asked = [replace(query, low=max(query.low or "", at), forward=True) for query in asked]
    return [query for query in asked if (query.low or "") <= (query.high or at)]


def _place(row: Run | RunSummary) -> tuple[object, ...]:
    """Runs of the same moment go by their id, numbers before texts."""
    text = isinstance(row.run_id, str)
    return row.started_at, text, row.run_id
