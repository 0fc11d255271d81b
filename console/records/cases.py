"""Evaluation scenarios: their scale, threshold and versions."""

from __future__ import annotations

from datetime import datetime
from typing import Required, TypedDict

import msgspec

from console.records.base import Json, Record

STEPS = "evaluationSteps"
"""Name in a case's metadata under which its evaluation steps are pinned."""
ANCHORS = "scoreAnchors"
"""The same for what its scores mean: an object of sentences by score."""
EXAMPLES = "labelledExamples"
"""The same for texts that people have rated: a list of `Example`."""


_MOST_STEPS = 10_000


class ScoreRange(Record, frozen=True):
    """The scale of a case, both ends included."""

    min: int = 1
    """Lowest score."""
    max: int = 5
    """Highest score."""
    step: float = 1
    """Between neighbouring scores: 1 for whole numbers, 0.1 for tenths."""

    @property
    def decimals(self) -> int:
        """Digits behind the point that a score needs."""
        return len(f"{self.step:.6f}".rstrip("0").partition(".")[2])

    @property
    def words(self) -> str:
        """Its scores, as a judge is told."""
        if not self.decimals:
            return f"Whole numbers from {self.min} to {self.max}."
        return f"Numbers from {self.min} to {self.max} in steps of {self.step:g}."

    def problem(self) -> str | None:
        """Why this is no scale; None when it is one."""
        if self.min >= self.max:
            return f"The score range {self.min} to {self.max} is empty; the lowest score must be below the highest."
        if not 0 < self.step <= self.max - self.min:
            return f"Scores cannot be {self.step:g} apart on a scale from {self.min} to {self.max}."
        steps = (self.max - self.min) / self.step
        if abs(steps - round(steps)) > 1e-6:
            return f"Steps of {self.step:g} from {self.min} do not come to {self.max}."
        if steps > _MOST_STEPS:
            return f"A scale has at most {_MOST_STEPS:,} steps; this one has {steps:,.0f}."
        return None

    def grows(self, written: str) -> bool:
        """Whether more digits would make another score of these characters: `1` is the beginning of 10."""
        if not written.strip("+-") or written.endswith("."):
            return True
        whole, _, behind = written.lstrip("+-").partition(".")
        size, limit = float(f"{whole or 0}.{behind or 0}"), float(-self.min if written.startswith("-") else self.max)
        if len(behind) < self.decimals and size + self.step <= limit:
            return True
        return not behind and 0 < size * 10 <= limit

    def normalise(self, score: float) -> float:
        """(score - min) / (max - min); 0 when the range is a single point."""
        width = self.max - self.min
        return (score - self.min) / width if width else 0.0

    def at(self, share: float) -> float:
        """The score at a share of the range, 0..1: the way back from `normalise`."""
        return self.min + share * (self.max - self.min)


class Threshold(Record, frozen=True):
    """The threshold of a case."""

    score: float = 0.5
    """Normalised, 0..1; a run passes at or above it."""
    description: str = ""
    """Why this threshold, in the words of who set it."""


class ThresholdChange(Record, frozen=True):
    """One entry of a case's threshold history."""

    case_id: str
    timestamp: datetime
    """Unique within the case."""
    threshold_id: str
    score: float
    """The new threshold, normalised 0..1."""
    previous_score: float | None = None
    """The threshold before; None for the first."""
    reason: str = ""
    changed_by: str = "system"
    metadata: Json = {}


class CaseFields(TypedDict, total=False):
    """What somebody says of a new case; fields of `Case`."""

    name: Required[str]
    task_introduction: Required[str]
    evaluation_criteria: Required[str]
    description: str
    score_range: ScoreRange
    requires_reference: bool
    threshold: Threshold
    metadata: Json


class Case(Record, frozen=True):
    """One version of an evaluation scenario."""

    case_id: str
    version: str
    """"1.0", "2.0", ...: ordered by number, never as text."""
    active: bool
    """Whether this is the version in force; at most one version of a case is."""
    name: str
    """Unique without regard to letter case."""
    task_introduction: str
    evaluation_criteria: str
    created_on: datetime
    """When the case (its first version) was made."""
    last_updated_on: datetime
    """When this version was made, or its threshold last moved."""
    description: str = ""
    score_range: ScoreRange = ScoreRange()
    requires_reference: bool = False
    threshold: Threshold = Threshold()
    threshold_id: str | None = None
    """Id of the history entry that set the threshold; None where an earlier system kept no history."""
    metadata: Json = {}
    revision: int = 1
    """Counts every write to the case; the optimistic lock."""
    created_by: str = "system"
    last_updated_by: str = "system"
    sequence: int = 0
    """Place among cases made in the same second, where time alone does not tell (migrated ones)."""
    earlier_thresholds: list[ThresholdChange] = []
    """History that an earlier system kept inside the case, oldest first."""


class Example(Record, frozen=True):
    """A text that people have rated, for a judge to go by."""

    text: str
    score: float
    """On the case's scale."""
    reason: str = ""
    input: str = ""
    """The question that the text answers."""


def anchors(case: Case) -> dict[str, str]:
    """What scores of the case mean, in words, by score in ascending order; metadata of another form are none."""
    said = case.metadata.get(ANCHORS)
    found: dict[float, str] = {}
    for name, words in said.items() if isinstance(said, dict) else ():
        try:
            score = float(name)
        except ValueError:
            continue
        if isinstance(words, str) and words.strip() and case.score_range.min <= score <= case.score_range.max:
            found[score] = " ".join(words.split())
    return {f"{score:g}": found[score] for score in sorted(found)}


def examples(case: Case) -> list[Example]:
    """The rated texts of the case; metadata of another form are none."""
    try:
        found = msgspec.convert(case.metadata.get(EXAMPLES) or [], list[Example])
    except msgspec.ValidationError:
        return []
    return [one for one in found if one.text.strip()]


def pinned_steps(case: Case) -> str:
    """The evaluation steps that somebody pinned on a case; empty when they are left to the model."""
    steps = case.metadata.get(STEPS)
    return steps.strip() if isinstance(steps, str) else ""
