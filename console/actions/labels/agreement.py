"""Agreement: a judge against people, and two judges (or two versions of one) over the same artifacts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache

from console.actions.runs.comparison import Change, change_of
from console.actions.runs.labelled import Labelled, LabelledRun, read_rows
from console.errors import InvalidInput
from console.judging.analysis.statistics import (
    Confusion,
    Correlations,
    Estimate,
    Quality,
    correlations,
    mean_difference,
    quality,
)
from console.records import Case, RunFilter, RunSummary, Verdict
from console.services import Services

SAMPLE = 2_000
"""Runs of each judge that are looked at for pairs, the latest ones."""
WHOLE = 1_000
"""Runs without a digest (written before there were any) that are read whole to find their artifact."""


class Cell(StrEnum):
    """A cell of the confusion matrix: the first judge's verdict, then that of people or the second judge."""

    BOTH_PASS = "both-pass"
    ONLY_FIRST = "only-first"
    """The first passes, the other fails."""
    ONLY_OTHER = "only-other"
    """The first fails, the other passes."""
    BOTH_FAIL = "both-fail"

    @classmethod
    def of(cls, first: bool, other: bool) -> Cell:
        """The cell of two verdicts."""
        if first:
            return cls.BOTH_PASS if other else cls.ONLY_FIRST
        return cls.ONLY_OTHER if other else cls.BOTH_FAIL


@dataclass(frozen=True, slots=True)
class Point:
    """One artifact judged twice: by a judge, and by people or another judge."""

    first: RunSummary
    other: RunSummary | None
    """The run of the other judge; None where people are the other side."""
    first_score: float
    other_score: float | None
    """Normalised; None where people gave only a verdict."""
    cell: Cell

    @property
    def gap(self) -> float | None:
        """First minus other, -1..1."""
        return None if self.other_score is None else self.first_score - self.other_score


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far two sides agree."""

    points: list[Point]
    """Largest disagreements first."""
    correlations: Correlations
    """Over the points with two scores."""
    confusion: Confusion
    quality: Quality
    threshold: float
    """The pass threshold that the judges' scores are held against: the case's threshold of today."""


def against_people(labelled: Labelled) -> Agreement:
    """A judge against people. Reads nothing."""
    threshold = labelled.case.threshold.score
    return _agreement([_point_of_label(one, threshold) for one in labelled.runs], threshold)


def against_judge(pairs: Pairs) -> Agreement:
    """A judge against another. Reads nothing."""
    threshold = pairs.case.threshold.score
    points = [
        Point(left, right, one, other, Cell.of(Verdict.of(one, threshold).passed, Verdict.of(other, threshold).passed))
        for left, right, one, other in _scored(pairs.pairs)
    ]
    return _agreement(points, threshold)


def _point_of_label(one: LabelledRun, threshold: float) -> Point:
    return Point(one.row, None, one.judge, one.human, Cell.of(Verdict.of(one.judge, threshold).passed, one.passed))


def _agreement(points: list[Point], threshold: float) -> Agreement:
    both = [(one.first_score, one.other_score) for one in points if one.other_score is not None]
    found = _correlations(tuple(one for one, _ in both), tuple(other for _, other in both))
    counts = {cell: sum(one.cell is cell for one in points) for cell in Cell}
    confusion = Confusion(
        true_pass=counts[Cell.BOTH_PASS],
        false_pass=counts[Cell.ONLY_FIRST],
        false_fail=counts[Cell.ONLY_OTHER],
        true_fail=counts[Cell.BOTH_FAIL],
    )
    return Agreement(sorted(points, key=_disagreement, reverse=True), found, confusion, _quality(confusion), threshold)


@lru_cache(maxsize=32)
def _correlations(left: tuple[float, ...], right: tuple[float, ...]) -> Correlations:
    """The same numbers give the same figures: a page that is seen again does not resample them again."""
    return correlations(left, right)


@lru_cache(maxsize=32)
def _quality(confusion: Confusion) -> Quality:
    return quality(confusion)


def _disagreement(point: Point) -> tuple[float, bool]:
    """How far the two sides are apart; opposite verdicts without scores come after every known gap."""
    apart = point.cell in (Cell.ONLY_FIRST, Cell.ONLY_OTHER)
    return (-1.0 + apart / 2 if point.gap is None else abs(point.gap)), apart


# --- two judges over the same artifacts --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Side:
    """A judge, or one version of it."""

    judge_id: str
    version: str | None = None
    """None takes the runs of every version."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One artifact with the run of each side; at least one is there."""

    baseline: RunSummary | None
    candidate: RunSummary | None

    @property
    def difference(self) -> float | None:
        """Candidate minus baseline, normalised; None where one has no score."""
        before, after = _score(self.baseline), _score(self.candidate)
        return None if before is None or after is None else after - before

    @property
    def change(self) -> Change:
        """The candidate against the baseline. A missing counterpart is neither better nor worse."""
        return change_of(_score(self.baseline), _score(self.candidate))


@dataclass(frozen=True, slots=True)
class Pairs:
    """Two sides over the artifacts that either judged."""

    case: Case
    baseline: Side
    candidate: Side
    pairs: list[Pair]
    """Largest losses first, then the rest by difference; without counterpart last."""
    repeated: int
    """Runs left out because their side judged the artifact again later."""
    unread: int
    """Runs left out because their artifact is not known without reading more than `WHOLE` runs."""
    complete: bool
    """Whether these are all runs in these days; else the latest `SAMPLE` of each side."""

    def count(self, change: Change) -> int:
        """How many artifacts changed so."""
        return sum(one.change is change for one in self.pairs)

    @property
    def mean_difference(self) -> Estimate:
        """Candidate minus baseline over the artifacts that both scored."""
        return mean_difference([one.difference for one in self.pairs if one.difference is not None])

    def flips(self) -> tuple[list[Pair], list[Pair]]:
        """Pairs that pass under the candidate only, and those that pass under the baseline only."""
        threshold = self.case.threshold.score
        gained: list[Pair] = []
        lost: list[Pair] = []
        for pair in self.pairs:
            before, after = _score(pair.baseline), _score(pair.candidate)
            if (
                before is None
                or after is None
                or Verdict.of(before, threshold).passed == Verdict.of(after, threshold).passed
            ):
                continue
            (gained if Verdict.of(after, threshold).passed else lost).append(pair)
        return gained, lost


def load_pairs(
    services: Services,
    case_id: str,
    baseline: Side,
    candidate: Side,
    *,
    first_day: date | None = None,
    last_day: date | None = None,
) -> Pairs:
    """The latest `SAMPLE` finished runs of each side, put together by their artifact (text and reference).

    Of several runs of one side over one artifact the newest with a score counts. One Query of RunsByJudgeIndex per
    1,000 runs, and a BatchGet per 100 runs that were written before runs knew the digest of their artifact.

    Raises:
        InvalidInput: both sides are the same, or one contains the other.
        NotFound: there is no such case in use.
    """
    if baseline.judge_id == candidate.judge_id and (
        baseline.version == candidate.version or None in (baseline.version, candidate.version)
    ):
        raise InvalidInput("Choose two judges, or two versions of one judge: a judge agrees with itself.")
    case = services.cases.get(case_id)
    sides = []
    complete = True
    for side in (baseline, candidate):
        wanted = RunFilter(judge_id=side.judge_id, case_id=case_id, first_day=first_day, last_day=last_day)
        rows, whole = read_rows(services, wanted, SAMPLE)
        complete = complete and whole
        sides.append([row for row in rows if row.status.finished and side.version in (None, row.judge_version)])
    known = _digests(services, [*sides[0], *sides[1]])
    left, right = (_newest(rows, known) for rows in sides)
    pairs = [Pair(left.get(key), right.get(key)) for key in dict.fromkeys([*left, *right])]
    named = sum(str(row.run_id) in known for rows in sides for row in rows)
    return Pairs(
        case=case,
        baseline=baseline,
        candidate=candidate,
        pairs=sorted(pairs, key=_by_difference),
        repeated=named - len(left) - len(right),
        unread=len(sides[0]) + len(sides[1]) - named,
        complete=complete,
    )


def _digests(services: Services, rows: Sequence[RunSummary]) -> dict[str, str]:
    """The digest of the artifact by run id, for every run where it is known or can be found out."""
    known = {str(row.run_id): row.artifact_digest for row in rows if row.artifact_digest}
    older = [row for row in rows if not row.artifact_digest][:WHOLE]
    for run in services.runs.get_many(older) if older else []:
        known[str(run.run_id)] = run.evaluated_artifact.digest
    return known


def _newest(rows: Iterable[RunSummary], known: dict[str, str]) -> dict[str, RunSummary]:
    """The run that counts for each artifact. `rows` are newest first."""
    found: dict[str, RunSummary] = {}
    for row in rows:
        digest = known.get(str(row.run_id))
        if digest is None:
            continue
        there = found.get(digest)
        if there is None or (_score(there) is None and _score(row) is not None):
            found[digest] = row
    return found


def _scored(pairs: Iterable[Pair]) -> Iterable[tuple[RunSummary, RunSummary, float, float]]:
    for pair in pairs:
        before, after = _score(pair.baseline), _score(pair.candidate)
        if pair.baseline and pair.candidate and before is not None and after is not None:
            yield pair.baseline, pair.candidate, before, after


def _score(row: RunSummary | None) -> float | None:
    return row.final_score_normalized if row else None


def _by_difference(pair: Pair) -> tuple[bool, float]:
    return pair.difference is None, pair.difference or 0.0


def sides_of(services: Services, case_id: str) -> list[Side]:
    """Every judge of a case, and each of its versions, newest first, where it has several.

    One cached Query, and one per judge.
    """
    sides: list[Side] = []
    for judge in services.judges.of_case(case_id):
        versions = [one.version for one in services.judges.versions(judge.judge_id)]
        sides.append(Side(judge.judge_id))
        sides += [Side(judge.judge_id, version) for version in versions if len(versions) > 1]
    return sides


def two_sides(sides: Sequence[Side]) -> tuple[Side, Side] | None:
    """What is compared when nobody chose, the older first: the two newest judges, or versions of the only one."""
    whole = [side for side in sides if side.version is None]
    if len(whole) > 1:
        return whole[1], whole[0]
    versions = [side for side in sides if side.version]
    return (versions[1], versions[0]) if len(versions) > 1 else None


def case_with_two(services: Services, cases: Sequence[Case]) -> Case | None:
    """The first case with two judges or versions to compare, else the first one. Cached Queries, as `sides_of`."""
    return next((case for case in cases if two_sides(sides_of(services, case.case_id))), cases[0] if cases else None)
