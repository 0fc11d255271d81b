"""Counts of finished runs."""

from __future__ import annotations

from datetime import date

from console.records.base import Record


class Rollup(Record, frozen=True):
    """Counts and sums of the finished runs of one day, case, judge and model."""

    day: date
    case_id: str
    judge_id: str
    model: str
    completed: int = 0
    failed: int = 0
    passed: int = 0
    rejected: int = 0
    """Completed runs below their threshold."""
    score: float = 0.0
    """Sum of final scores, on the case's scale."""
    normalized: float = 0.0
    """Sum of normalised scores."""
    squared: float = 0.0
    """Sum of squares of normalised scores."""
    tokens: int = 0
    seconds: float = 0.0
    timed: int = 0
    """Completed runs whose duration is known: what the mean duration divides by."""
    cost: float = 0.0
    """Sum in US dollars over the runs whose model has prices."""
    bins: dict[int, int] = {}
    """Completed runs by floor(normalised * 100): bin i holds [i/100, (i+1)/100), bin 100 exactly 1."""
