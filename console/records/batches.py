"""Many runs submitted together."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from console.records.base import Json, Record, RunId
from console.records.runs import Artifact


class BatchState(StrEnum):
    """Where a batch is in its life."""

    READY = "ready"
    RUNNING = "running"
    CANCELLED = "cancelled"
    FINISHED = "finished"


class Batch(Record, frozen=True):
    """Many runs submitted together."""

    batch_id: str
    name: str
    judge_id: str
    state: BatchState
    total: int
    """Rows."""
    created_on: datetime
    created_by: str
    done: int = 0
    """Rows with a completed run."""
    failed: int = 0
    """Rows that ended in an error."""
    lease_owner: str | None = None
    """The worker that has it."""
    lease_until: datetime | None = None
    """When the lease lapses unless the worker extends it; then any process may resume the batch."""
    settings: Json = {}
    spent: float = 0.0
    """US dollars that its runs cost, where the model has prices."""
    note: str | None = None
    """Why it stopped before its end."""
    reopened: int = 0
    """Grows whenever failed rows are opened again."""

    @property
    def left(self) -> int:
        """Rows that have not ended."""
        return self.total - self.done - self.failed


class RowState(StrEnum):
    """Where a row of a batch is."""

    PENDING = "pending"
    DONE = "done"
    FAILED = "failed"


class BatchRow(Record, frozen=True):
    """One row of a batch."""

    batch_id: str
    number: int
    """1-based, in the order of the input."""
    artifact: Artifact
    state: RowState = RowState.PENDING
    run_id: RunId | None = None
    error: str | None = None
