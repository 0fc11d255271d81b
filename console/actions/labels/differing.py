"""The runs on which people differ, for whoever decides between them."""

from __future__ import annotations

from dataclasses import dataclass

from console.actions.labels.review import Candidate, Queue
from console.actions.runs.labelled import SAMPLE, Labelled, Scales, read_rows, scales_of
from console.records import Drawn, RunFilter, RunSummary, Selection, Split, Verdict
from console.services import Services


@dataclass(frozen=True, slots=True)
class Differing:
    """Runs on which people differ and nobody has decided, ties first, then the newest."""

    rows: list[RunSummary]
    complete: bool
    """Whether these are all; else they are among the latest `SAMPLE` labelled ones."""


def load_differing(services: Services, case_id: str, judge_id: str | None = None) -> Differing:
    """The runs of a case that wait for a decision. One index Query per 1,000 labelled runs. Raises NotFound."""
    case = services.cases.get(case_id)
    scales = scales_of(services, case)
    rows, complete = read_rows(services, RunFilter(case_id=case_id, judge_id=judge_id, labelled=True), SAMPLE)
    waiting = [row for row in rows if differs(row, scales, case.threshold.score)]
    return Differing(sorted(waiting, key=lambda row: row.split is not Split.TIED), complete)


def differing_queue(services: Services, case_id: str, judge_id: str | None = None) -> Queue:
    """The same as a review queue. Their runs are not drawn: whoever decides them keeps how they were."""
    found = load_differing(services, case_id, judge_id)
    candidates = [Candidate(row, 0.0, row.drawn or Drawn(Selection.BY_HAND)) for row in found.rows]
    return Queue(services.cases.get(case_id), candidates, found.complete)


def count_differing(labelled: Labelled, scales: Scales) -> int:
    """How many of labelled runs that have been read wait for a decision."""
    threshold = labelled.case.threshold.score
    return sum(differs(one.row, scales, threshold) for one in labelled.runs)


def differs(row: RunSummary, scales: Scales, threshold: float) -> bool:
    """Whether people gave opposite verdicts, or scores on both sides of the threshold, and nobody decided."""
    if row.split is not None:
        return row.split is not Split.DECIDED
    if row.label_passed is not None or len(row.label_scores) < 2:
        return False
    low, high = (Verdict.of(scales.of(row).normalise(one), threshold).passed for one in row.label_scores)
    return low != high
