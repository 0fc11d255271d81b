"""The review queue: finished runs that nobody has labelled, the doubtful ones first.

Doubt is the share of the judge's probability mass (or of its responses) on the other side of today's threshold. List
rows carry it in ten bins, so that a queue costs one index read, not the runs.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from console.actions.permissions import permit
from console.actions.runs.labelled import read_rows, scales_of
from console.errors import InvalidInput
from console.records import Case, Label, Role, Run, RunFilter, RunStatus, RunSummary, ScoreRange, User, Verdict

if TYPE_CHECKING:
    from console.services import Services

EXAMINED = 1_000
"""Unlabelled runs that a queue is made from, the latest ones."""
_BINS = 10


@dataclass(frozen=True, slots=True)
class Candidate:
    """A run that waits for a label."""

    row: RunSummary
    doubt: float
    """The share of the judge's responses on the other side of the threshold, 0..1."""


@dataclass(frozen=True, slots=True)
class Queue:
    """The runs that wait for a label, the next one first."""

    case: Case
    candidates: list[Candidate]
    complete: bool
    """Whether these are all there are; else they come from the latest `EXAMINED`."""

    @property
    def doubtful(self) -> int:
        """Runs whose responses are on both sides of the threshold."""
        return sum(one.doubt > 0 for one in self.candidates)

    def without(self, run_ids: Collection[str]) -> list[Candidate]:
        """The queue without these runs."""
        return [one for one in self.candidates if str(one.row.run_id) not in run_ids]


def load_queue(services: Services, case_id: str, *, judge_id: str | None = None) -> Queue:
    """The latest `EXAMINED` scored runs without a score or verdict by people. One index Query per 1,000 runs.

    Those with the most doubt come first, then those nearest to the threshold.

    Raises:
        NotFound: there is no such case in use.
    """
    case = services.cases.get(case_id)
    scales = scales_of(services, case)
    wanted = RunFilter(case_id=case_id, judge_id=judge_id, status=RunStatus.COMPLETED, labelled=False)
    rows, complete = read_rows(services, wanted, EXAMINED)
    threshold = case.threshold.score
    candidates = [Candidate(row, doubt(row, scales.of(row), threshold)) for row in rows]
    candidates.sort(key=lambda one: (-one.doubt, _distance(one.row, threshold)))
    return Queue(case, candidates, complete)


def doubt(row: RunSummary, scale: ScoreRange, threshold: float) -> float:
    """The share of the responses of a run that are on the other side of a threshold than its score, 0..1.

    A bin stands for the whole scores of the scale in it, where judges' probabilities are; without any, for its middle.
    """
    score, mass = row.final_score_normalized, sum(row.spread)
    if score is None or not mass:
        return 0.0
    above = sum(height * _share_above(place, scale, threshold) for place, height in enumerate(row.spread)) / mass
    return 1 - above if Verdict.of(score, threshold).passed else above


def _share_above(place: int, scale: ScoreRange, threshold: float) -> float:
    """The part of a bin at or above the threshold."""
    inside = [scale.normalise(whole) for whole in _whole_scores(scale) if _bin(scale.normalise(whole)) == place]
    inside = inside or [(place + 0.5) / _BINS]
    return sum(Verdict.of(one, threshold).passed for one in inside) / len(inside)


def _whole_scores(scale: ScoreRange) -> range:
    """At most a thousand of them: a wider scale is stepped through."""
    return range(scale.min, scale.max + 1, max(1, (scale.max - scale.min) // 1_000))


def _bin(score: float) -> int:
    return min(max(int(score * _BINS), 0), _BINS - 1)


def _distance(row: RunSummary, threshold: float) -> float:
    return 1.0 if row.final_score_normalized is None else abs(row.final_score_normalized - threshold)


def save_review(
    services: Services, actor: User, run: Run, *, score: float | None, passed: bool | None, comment: str
) -> Label:
    """The actor's label on a run of the queue.

    Raises:
        Forbidden: the actor is no evaluator.
        InvalidInput: neither a score nor a verdict, or as `Labels.save`.
    """
    name = permit(actor, Role.EVALUATOR)
    if score is None and passed is None:
        raise InvalidInput("Give a score or a verdict, or skip the run.", field="score")
    return services.labels.save(run, score, passed, comment, by=name)
