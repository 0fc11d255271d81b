"""Rows of run lists, and which of them a list shows."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple

from console.records.base import Record, RunId
from console.records.runs import Drawn, ItemRef, RunStatus, Verdict

LOW_CAPTURED = 0.8
"""Share of the probability on the scale below which a list marks a run."""
RATERS_NAMED = 10
UNCERTAIN_MARGIN = 0.1
"""Normalised distance from the threshold within which a verdict is called uncertain."""


class Split(StrEnum):
    """That people did not give a run the same verdict, and whose counts."""

    DIFFER = "differ"
    """That of most of them."""
    TIED = "tied"
    """As many pass it as fail it: the latest."""
    DECIDED = "decided"
    """That of somebody who adjudicated."""


class RunSummary(Record, frozen=True):
    """A row of a run list: what the run indexes project."""

    run_id: RunId
    started_at: datetime
    status: RunStatus
    evaluation_status: Verdict = Verdict.PENDING
    judge_id: str = ""
    case_id: str = ""
    judge_name: str | None = None
    judge_version: str = ""
    case_name: str = ""
    metric_name: str = ""
    model_name: str = ""
    model_provider: str = ""
    final_score: float | None = None
    final_score_normalized: float | None = None
    total_tokens: int | None = None
    execution_time_seconds: float | None = None
    preview: str = ""
    """The first characters of the artifact, or of the error of a failed run."""
    batch_id: str | None = None
    created_by: str = ""
    label_score: float | None = None
    """Mean of the human scores, on the case's scale."""
    label_passed: bool | None = None
    """Verdict of most people; of two that differ, of the latest."""
    drawn: Drawn | None = None
    """How the run came to be labelled, where that is known."""
    raters: int | None = None
    """People who gave a score or a verdict; None also for labels from before they were counted."""
    rated_by: list[str] = []
    """Their names, of the first `RATERS_NAMED`."""
    split: Split | None = None
    """None where people agree, or only one spoke."""
    label_scores: list[float] = []
    """The lowest and the highest human score where they differ, on the case's scale."""
    spread: list[int] = []
    """Ten equal bins of the responses over the score range, 0..9 high: the small distribution."""
    cost: float | None = None
    threshold: float | None = None
    """The normalised threshold that decided the verdict."""
    error: str | None = None
    """First line of the error of a failed run."""
    completed_at: datetime | None = None
    document_id: str | None = None
    created_on: datetime | None = None
    """When it was made, where that differs from `started_at` (migrated runs)."""
    scoring_mode: str = ""
    """`logprobs`, `sampled`, `single` or `similarity`; empty where it is not known."""
    captured: float | None = None
    """`Results.captured`."""
    case_version: str = ""
    artifact_digest: str = ""
    """`Artifact.digest`; empty for runs that were written before it."""
    tags: list[str] = []
    """Words that people put on the run, to find it again; sorted."""
    item: ItemRef | None = None
    """The item of a test set, in an experiment."""

    @property
    def low_captured(self) -> bool:
        """Whether so much of the probability was off the scale that the score deserves a look."""
        return self.captured is not None and self.captured < LOW_CAPTURED

    @property
    def labelled(self) -> bool:
        """Whether a person gave a score or a verdict."""
        return self.label_score is not None or self.label_passed is not None


class RunPlace(NamedTuple):
    """Where a run stands in lists, and nothing else of it."""

    run_id: RunId
    started_at: datetime
    created_on: datetime | None = None


Place = RunSummary | RunPlace
"""A row of a list, or only where it stands."""


class RunFilter(Record, frozen=True):
    """Which runs a list shows; None leaves a field out of account."""

    judge_id: str | None = None
    case_id: str | None = None
    status: RunStatus | None = None
    verdict: Verdict | None = None
    model: str | None = None
    metric: str | None = None
    first_day: date | None = None
    """UTC, included."""
    last_day: date | None = None
    """UTC, included."""
    batch_id: str | None = None
    labelled: bool | None = None
    uncertain: bool = False
    """Only completed runs whose normalised score is within `UNCERTAIN_MARGIN` of the threshold."""
    score_from: float | None = None
    """Normalised, included."""
    score_below: float | None = None
    """Normalised, excluded."""
    tag: str | None = None
    only: tuple[str, ...] | None = None
    """Ids of runs that were chosen one by one. The other fields still say where to look for them."""

    def matches(self, row: RunSummary) -> bool:
        """Whether the list shows this run."""
        return all(
            (
                self.judge_id in (None, row.judge_id),
                self.case_id in (None, row.case_id),
                self.status in (None, row.status),
                self.verdict in (None, row.evaluation_status),
                self.model in (None, row.model_name),
                self.metric in (None, row.metric_name),
                self.batch_id in (None, row.batch_id),
                self.labelled in (None, row.labelled),
                self.tag is None or self.tag in row.tags,
                self.only is None or str(row.run_id) in self.only,
                self.first_day is None or row.started_at.date() >= self.first_day,
                self.last_day is None or row.started_at.date() <= self.last_day,
                self._matches_score(row),
            )
        )

    def _matches_score(self, row: RunSummary) -> bool:
        score = row.final_score_normalized
        if score is None:
            return not self.uncertain and self.score_from is None and self.score_below is None
        if self.uncertain and (row.threshold is None or abs(score - row.threshold) > UNCERTAIN_MARGIN):
            return False
        return (self.score_from is None or score >= self.score_from) and (
            self.score_below is None or score < self.score_below
        )
