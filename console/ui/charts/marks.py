"""Marks of charts: where they stand, how large they are, and what the run list is asked for when one is clicked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from math import ceil, floor

from console.records import BINS, RunSummary, utcnow
from console.ui.charts.figures import Panel, threshold_line

_SMALLEST, _LARGEST = 5, 15
"""Pixels across."""


def target_of_run(row: RunSummary) -> dict[str, str]:
    """How the run list finds the run, alone or among others in a box."""
    score = row.final_score_normalized or 0.0
    low = floor(score * BINS + 1e-9) / BINS
    above = {"score_below": f"{low + 1 / BINS:.2f}"} if low + 1 / BINS <= 1 else {}
    return {
        "run": str(row.run_id),
        **target_of_days(row.started_at.date(), timedelta(days=1)),
        "score_from": f"{low:.2f}",
    } | above


def target_of_days(day: date, step: timedelta) -> dict[str, str]:
    """The days of a bar."""
    return {"from": day.isoformat(), "to": (day + step - timedelta(days=1)).isoformat()}


def target_of_scores(low: float, high: float) -> dict[str, str]:
    """The range of a bar; the last one holds a score of exactly 1."""
    return {"score_from": f"{low:.2f}"} | ({"score_below": f"{high:.2f}"} if high < 1 else {})


def with_threshold(panel: Panel, *, x: float | None = None, y: float | None = None) -> Panel:
    """The panel with the line of a threshold on one of its axes, where there is one."""
    for at, axis in ((x, "x"), (y, "y")):
        if at is not None:
            shape, note = threshold_line(at, "x" if axis == "x" else "y")
            panel.shapes.append(shape)
            panel.notes.append(note)
    return panel


def moment(day: date, later: timedelta) -> str:
    """A moment of a day, as an axis of time wants it."""
    return (datetime.combine(day, time(), UTC) + later).isoformat()


def milliseconds(step: timedelta) -> float:
    """What an axis of time counts in."""
    return step.total_seconds() * 1_000


def days_of(rows: Sequence[RunSummary]) -> tuple[date, date]:
    """The first day of the runs and the day after their last; a week at least."""
    days = [row.started_at.date() for row in rows] or [utcnow().date()]
    end = max(days) + timedelta(days=1)
    return min(*days, end - timedelta(days=7)), end


def size_of(value: float, largest: float) -> float:
    """The diameter of a point, whose area grows with the value."""
    share = value / largest if largest else 0.0
    return float(ceil(_SMALLEST + (_LARGEST - _SMALLEST) * share**0.5))
