"""Many runs submitted together."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from console.records.base import Json, Record, RunId
from console.records.runs import Artifact, ItemRef, Verdict


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
    passed: int = 0
    """Rows whose run passed; 0 also for rows that ended before this was counted."""
    rejected: int = 0
    """Rows whose run did not pass."""
    normalized: float = 0.0
    """Sum of the normalised scores of the rows with a verdict."""
    spent: float = 0.0
    """US dollars that its runs cost, where the model has prices."""
    note: str | None = None
    """Why it stopped before its end."""
    reopened: int = 0
    """Grows whenever failed rows are opened again."""
    experiment_id: str | None = None
    """The experiment that it belongs to."""

    @property
    def pass_rate(self) -> float | None:
        """Of the rows with a verdict, 0..1; None where none has one."""
        judged = self.passed + self.rejected
        return self.passed / judged if judged else None

    @property
    def mean(self) -> float | None:
        """Mean normalised score of the rows with a verdict."""
        judged = self.passed + self.rejected
        return self.normalized / judged if judged else None

    @property
    def left(self) -> int:
        """Rows that have not ended."""
        return self.total - self.done - self.failed


class RowState(StrEnum):
    """Where a row of a batch is."""

    PENDING = "pending"
    DONE = "done"
    FAILED = "failed"


class NewRow(Record, frozen=True):
    """A row of a batch that is to be made."""

    artifact: Artifact
    item: ItemRef | None = None
    """The item of a test set, in an experiment."""


class BatchRow(Record, frozen=True):
    """One row of a batch."""

    batch_id: str
    number: int
    """1-based, in the order of the input."""
    artifact: Artifact
    state: RowState = RowState.PENDING
    run_id: RunId | None = None
    error: str | None = None
    item: ItemRef | None = None
    """The item of a test set, in an experiment."""


class RowResult(Record, frozen=True):
    """How a row of a batch ended: what its batch is looked at and compared by, without its texts."""

    number: int
    run_id: RunId
    state: RowState
    """Done or failed; pending for a failed row that was opened again."""
    verdict: Verdict = Verdict.PENDING
    score: float | None = None
    """On the case's scale."""
    normalized: float | None = None
    cost: float | None = None
    """US dollars, where the model has prices."""
    tokens: int | None = None
    seconds: float | None = None
    ended_on: datetime | None = None
    key: str = ""
    """What the file calls the row, by a column of the metadata named like `id` or `key`; empty without one."""
    question: str = ""
    """Digest of the question and the context; empty without either."""
    text: str = ""
    """Digest of the evaluated text."""
    error: str | None = None
    """First line of why there is no score."""
    threshold: float | None = None
    """The normalised threshold that decided the verdict."""
    item: ItemRef | None = None
    """The item of a test set, in an experiment."""
