"""The review queue: finished runs that nobody has labelled, drawn with known odds, so that labels speak for all runs.

A queue is a sequential Poisson sample (Ohlsson, 1998): a run's place is its own fixed chance, a number that depends on
nothing but its id, over the size that the queue gives it. Whoever labels the first n of it has drawn each run with a
probability in proportion to its size: that is what the label keeps.

- stratified: every tenth of the judge's scale the same share of the queue
- random: every run alike
- uncertain: doubtful runs up to five times as likely as sure ones, which keep their chance

Doubt is the share of the judge's probability mass (or of its responses) on the other side of today's threshold. List
rows carry it in ten bins, so that a queue costs one index read, not the runs.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache

import msgspec

from console.actions.labels.labels import save_label
from console.actions.labels.plans import Turn, turn
from console.actions.permissions import permit
from console.actions.runs.labelled import scales_of
from console.errors import InvalidInput
from console.records import (
    Case,
    Drawn,
    Frame,
    Label,
    ReviewPlan,
    Role,
    Run,
    RunFilter,
    RunId,
    RunStatus,
    RunSummary,
    ScoreRange,
    Selection,
    User,
    Verdict,
    utcnow,
)
from console.services import Services
from console.telemetry import traced

EXAMINED = 1_000
"""Scored runs that a queue is made from, the latest ones."""
SAMPLE = 100
"""Runs from the queue's beginning that probabilities are told for; for another number they are in proportion."""
SURE = 0.25
"""The size of a run without doubt in the uncertain queue; one on the threshold has 1 more."""
_NEAR = 0.15
"""Distance from the threshold, normalised, at which the doubt about a score without a distribution is gone."""
_BINS = 10
NEXT = 25
"""Runs from the beginning of the queue that somebody may be at: others label meanwhile."""
QUEUES = (Selection.STRATIFIED, Selection.RANDOM, Selection.UNCERTAIN)
"""The queues over the runs of a case, the usual one first."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A run that waits for a label."""

    row: RunSummary
    doubt: float
    """The share of the judge's responses on the other side of the threshold, 0..1."""
    drawn: Drawn
    """How it came into the queue, and with what probability into its first `SAMPLE` runs, or fewer."""
    turn: Turn = Turn.FIRST


@dataclass(frozen=True, slots=True)
class Queue:
    """The runs that wait for a label, the next one first."""

    case: Case
    candidates: list[Candidate]
    complete: bool
    """Whether these are all there are; else they come from the latest `EXAMINED`."""

    @property
    def second(self) -> int:
        """Runs that another person has labelled, and a second opinion is wanted of."""
        return sum(one.turn is Turn.SECOND for one in self.candidates)

    @property
    def doubtful(self) -> int:
        """Runs whose responses are on both sides of the threshold."""
        return sum(one.doubt > 0 for one in self.candidates)

    def drawn(self, run_id: RunId, skipped: Collection[str] = ()) -> Drawn | None:
        """How a run came up; None when it is not among the next `NEXT`: then it was asked for by its id."""
        upcoming = self.without(skipped)[:NEXT]
        return next((one.drawn for one in upcoming if one.row.run_id == run_id), None)

    def without(self, run_ids: Collection[str]) -> list[Candidate]:
        """The queue without these runs."""
        return [one for one in self.candidates if str(one.row.run_id) not in run_ids]


def load_queue(
    services: Services,
    case_id: str,
    *,
    judge_id: str | None = None,
    selection: Selection = Selection.STRATIFIED,
    rater: str | None = None,
) -> Queue:
    """The runs whose labels do not speak for others yet, among the latest `EXAMINED` scored ones.

    That is those without a label, and those that somebody labelled by hand: they were not drawn, and left out the
    labels of the queue would speak for the rest only. Runs that were drawn have a say in the sizes, so that the order
    of the others stays. One index Query per 1,000 runs, and none for a minute after it; a second one for a judge of a
    case with more than `EXAMINED`.

    Args:
        judge_id: whose runs are shown. They are drawn from those of every judge where these are all there are, so that
            labels of one judge's runs and of all are one sample.
        rater: whose share of the queue it is, by the case's `ReviewPlan`, with the second opinions that are wanted of
            them; None is everything without a label. One request more.

    Raises:
        InvalidInput: nobody queues by hand.
        NotFound: there is no such case in use.
    """
    case = services.cases.get(case_id)
    scales = scales_of(services, case)
    rows, complete = services.newest_runs.rows(RunFilter(case_id=case_id, status=RunStatus.COMPLETED), EXAMINED)
    of = None if complete else judge_id
    if of is not None:
        wanted = RunFilter(case_id=case_id, judge_id=of, status=RunStatus.COMPLETED)
        rows, complete = services.newest_runs.rows(wanted, EXAMINED)
    threshold = case.threshold.score
    doubts = [doubt(row, scales.of(row), threshold) for row in rows]
    odds = {one: _odds(_sizes(rows, doubts, threshold, one)) for one in QUEUES}
    if selection not in odds:
        raise InvalidInput("Runs that are chosen by hand have no queue.", field="queue")
    frame = _frame(rows, of, judge_id)
    plan = services.review_plans.get(case_id) if rater else ReviewPlan(case_id=case_id)
    candidates = []
    for place, (row, doubted) in enumerate(zip(rows, doubts, strict=True)):
        theirs = turn(row, plan, rater, speaks=_speaks(row, of))
        if judge_id not in (None, row.judge_id) or theirs is None:
            continue
        own = {one.value: odds[one][place] for one in QUEUES}
        drawn = Drawn(selection, own[selection.value], msgspec.structs.replace(frame, odds=own))
        candidates.append(Candidate(row, doubted, drawn, theirs))
    candidates.sort(key=lambda one: place_of(one.row.run_id, one.drawn))
    return Queue(case, candidates, complete)


def case_to_review(services: Services, cases: Sequence[Case]) -> Case | None:
    """The first case with a scored run, else the first one. Reads what `load_queue` reads, which is kept."""
    wanted = ((case, RunFilter(case_id=case.case_id, status=RunStatus.COMPLETED)) for case in cases)
    known = (case for case, runs in wanted if services.newest_runs.rows(runs, EXAMINED)[0])
    return next(known, cases[0] if cases else None)


def _speaks(row: RunSummary, judge_id: str | None) -> bool:
    """Whether a run has a label that counts for others: one whose run was drawn from these with known odds."""
    if not row.labelled or row.drawn is None or not row.drawn.known:
        return False
    return row.drawn.frame is None or row.drawn.frame.judge_id in (None, judge_id)


def place_of(run_id: RunId, drawn: Drawn) -> float:
    """Where a run is in its queue: about 1 after the first `SAMPLE` runs. `drawn` has a probability."""
    return chance(run_id) / (drawn.probability or 1.0)


def _frame(rows: Sequence[RunSummary], judge_id: str | None, shown: str | None) -> Frame:
    """What a queue draws from."""
    moments = [row.started_at for row in rows] or [utcnow()]
    return Frame(min(moments), max(moments), len(rows), judge_id, shown)


def _odds(sizes: Sequence[float]) -> list[float]:
    share = min(SAMPLE / sum(sizes), 1 / max(sizes)) if sizes else 0.0
    return [share * size for size in sizes]


def _sizes(rows: Sequence[RunSummary], doubts: Sequence[float], threshold: float, selection: Selection) -> list[float]:
    """How likely each run is, against the others."""
    if selection is Selection.RANDOM:
        return [1.0] * len(rows)
    if selection is Selection.STRATIFIED:
        strata = [_bin(row.final_score_normalized or 0.0) for row in rows]
        held = Counter(strata)
        return [1 / held[one] for one in strata]
    if selection is Selection.UNCERTAIN:
        near = [math.exp(-((_distance(row, threshold) / _NEAR) ** 2)) for row in rows]
        return [SURE + max(2 * doubted, close) for doubted, close in zip(doubts, near, strict=True)]
    raise ValueError(selection)


def chance(run_id: RunId) -> float:
    """A number above 0 and below 1 that is a run's own for ever, and as good as drawn at random."""
    digest = hashlib.sha256(f"review:{run_id}".encode()).digest()
    return (int.from_bytes(digest[:8]) + 0.5) / 2**64


def doubt(row: RunSummary, scale: ScoreRange, threshold: float) -> float:
    """The share of the responses of a run that are on the other side of a threshold than its score, 0..1.

    A bin stands for the whole scores of the scale in it, where judges' probabilities are; without any, for its middle.
    """
    score, mass = row.final_score_normalized, sum(row.spread)
    if score is None or not mass:
        return 0.0
    above = sum(height * _share_above(place, scale, threshold) for place, height in enumerate(row.spread)) / mass
    return 1 - above if Verdict.of(score, threshold).passed else above


@lru_cache(maxsize=1_024)
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


@traced
def save_review(
    services: Services,
    actor: User,
    run: Run,
    *,
    score: float | None,
    passed: bool | None,
    comment: str,
    drawn: Drawn | None = None,
    adjudicates: bool | None = None,
) -> Label:
    """The actor's label on a run of the queue.

    Args:
        drawn: how the run came up; None where it was asked for by its id.
        adjudicates: the label decides where people differ.

    Raises:
        Forbidden: the actor is no evaluator; or no admin, and the label decides.
        InvalidInput: neither a score nor a verdict, or as `Labels.save`.
    """
    permit(actor, Role.EVALUATOR)
    if score is None and passed is None:
        raise InvalidInput("Give a score or a verdict, or skip the run.", field="score")
    return save_label(
        services, actor, run, score=score, passed=passed, comment=comment, drawn=drawn, adjudicates=adjudicates
    )
