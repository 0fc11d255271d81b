"""Lists of runs in the old system's order: by `created_at` in whole seconds, newest first, then by id."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from console.records import Place, RunId, pages
from console.records.ports import Runs

_PAGE = 1_000
_SPARE = 20
"""Rows read beyond the limit, so that the last second is nearly always whole in the first page."""
_INSERT_DELAY = timedelta(seconds=5)
"""SQLite's lock time-out: `created_at` of a migrated run may be that much later than its `started_at`."""


def latest_runs(runs: Runs, judge_id: str | None, limit: int) -> list[Place]:
    """The rows that a list of `limit` (negative: all) shows, in its order.

    A page of `Runs.list` may end inside of a second; the limit cuts after the order, so the last second is read
    whole. One page with a second of 20 runs or fewer, and one more for each 1,000 runs.
    """
    rows: list[Place] = []
    size = min(_PAGE, limit + _SPARE) if limit > 0 else _PAGE
    for page in pages(lambda cursor: runs.places(judge_id, limit=size, cursor=cursor)):
        rows += page.items
        if page.cursor and len(rows) > limit > 0:
            shown = _ordered(rows)[:limit]
            if _settled(rows[-1], shown[-1]):
                return shown
    return _ordered(rows)[: limit if limit > 0 else None]


def _ordered(rows: Sequence[Place]) -> list[Place]:
    return sorted(sorted(rows, key=_id), key=_second, reverse=True)


def _settled(last_read: Place, last_shown: Place) -> bool:
    """Whether no run that was not read yet can come before the last one shown."""
    delay = _INSERT_DELAY if last_shown.created_on else timedelta(0)
    return last_read.started_at < _second(last_shown) - delay


def _second(row: Place) -> datetime:
    return (row.created_on or row.started_at).replace(microsecond=0)


def _id(row: Place) -> tuple[bool, RunId]:
    """Numbers first and by value; then the texts that an earlier system gave."""
    return isinstance(row.run_id, str), row.run_id
