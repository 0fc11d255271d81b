"""Who reviews the runs of a case, and how many of them twice."""

from __future__ import annotations

from datetime import datetime

from console.records.base import Record


class ReviewPlan(Record, frozen=True):
    """How labelling is shared out. Without reviewers everybody sees the whole queue."""

    case_id: str
    reviewers: list[str] = []
    """User names; each run of the queue is one's, and by its id alone, so that shares are random samples."""
    second_share: float = 0.0
    """Share of the labelled runs that a second person is asked about, 0..1."""
    changed_by: str = ""
    changed_on: datetime | None = None
