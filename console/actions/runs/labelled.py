"""Labelled runs of a case: the judge's score beside what people said, both normalised.

A run with an explicit verdict of a person has that verdict; one with only a score passes when the normalised score
reaches the human pass threshold, which is the case's threshold unless another one is asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from console.data.runs import held
from console.records import Case, RunFilter, RunSummary, ScoreRange, Verdict
from console.services import Services

SAMPLE = 5_000
"""Labelled runs that are read, the latest ones."""


@dataclass(frozen=True, slots=True)
class LabelledRun:
    """A run with a score by its judge and a label."""

    row: RunSummary
    judge: float
    """The judge's score, normalised."""
    human: float | None
    """The mean of the human scores, normalised; None where people gave only a verdict."""
    passed: bool
    """The verdict of people (see above)."""

    @property
    def gap(self) -> float | None:
        """Judge minus people, -1..1."""
        return None if self.human is None else self.judge - self.human


@dataclass(frozen=True, slots=True)
class Labelled:
    """The labelled runs of a case, newest first."""

    case: Case
    runs: list[LabelledRun]
    unscored: int
    """Labelled runs without a score by the judge: they count nowhere else."""
    complete: bool
    """Whether these are all there are; else they are the latest."""
    human_threshold: float
    """Normalised; what people's scores are held against."""


@dataclass(frozen=True, slots=True)
class Scales:
    """The score ranges of a case by its version."""

    ranges: dict[str, ScoreRange]
    current: ScoreRange

    def of(self, row: RunSummary) -> ScoreRange:
        """The range that the run was judged on; today's where the run does not know."""
        return self.ranges.get(row.case_version, self.current)


def scales_of(services: Services, case: Case) -> Scales:
    """One cached Query."""
    return Scales({one.version: one.score_range for one in services.cases.versions(case.case_id)}, case.score_range)


def load_labelled(
    services: Services,
    case_id: str,
    *,
    judge_id: str | None = None,
    version: str | None = None,
    first_day: date | None = None,
    last_day: date | None = None,
    human_threshold: float | None = None,
    most: int = SAMPLE,
) -> Labelled:
    """The latest labelled runs of a case. One Query of LabelledRunsIndex per 1,000 runs.

    Args:
        version: of the judge.
        human_threshold: normalised; None is the case's threshold.
        most: runs that are read.

    Raises:
        NotFound: there is no such case in use.
    """
    case = services.cases.get(case_id)
    scales = scales_of(services, case)
    wanted = RunFilter(case_id=case_id, judge_id=judge_id, first_day=first_day, last_day=last_day, labelled=True)
    rows, complete = read_rows(services, wanted, most)
    rows = [row for row in rows if version in (None, row.judge_version)]
    return labelled_of(case, scales, rows, complete=complete, human_threshold=human_threshold)


def labelled_of(
    case: Case, scales: Scales, rows: Sequence[RunSummary], *, complete: bool, human_threshold: float | None = None
) -> Labelled:
    """Rows of labelled runs that have been read, with what people said. Reads nothing."""
    threshold = case.threshold.score if human_threshold is None else human_threshold
    runs = [labelled_run(row, scales.of(row), threshold) for row in rows]
    known = [one for one in runs if one is not None]
    return Labelled(case, known, len(runs) - len(known), complete, threshold)


def read_rows(services: Services, wanted: RunFilter, most: int) -> tuple[list[RunSummary], bool]:
    """The latest rows of a list, and whether these are all. One request per 1,000 and index query."""
    return held.read_rows(services.runs.list, wanted, most)


def case_with_labels(services: Services, cases: Sequence[Case]) -> Case | None:
    """The first case with a labelled run, else the first one. One small Query for each that has none."""
    known = (case for case in cases if services.labels.labelled(case.case_id, limit=1).items)
    return next(known, cases[0] if cases else None)


def labelled_run(row: RunSummary, scale: ScoreRange, threshold: float) -> LabelledRun | None:
    """What people said of a labelled run, by a normalised threshold; None without a score by the judge."""
    judge = row.final_score_normalized
    if judge is None:
        return None
    human = None if row.label_score is None else scale.normalise(row.label_score)
    passed = row.label_passed
    if passed is None:
        passed = human is not None and Verdict.of(human, threshold).passed
    return LabelledRun(row, judge, human, passed)
