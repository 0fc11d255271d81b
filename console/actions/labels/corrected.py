"""What people would have said of all runs of a case, from the labels whose runs were drawn with known probabilities.

Labels whose probability nobody knows (given by hand, or from before it was kept) say nothing about other runs: they are
counted and named, and left out. Labels of a random sample may come without a probability: it is the same for all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from console.actions.runs.labelled import SAMPLE, Labelled, LabelledRun, read_rows
from console.actions.runs.totals import Tally, rollups_of, total
from console.judging.analysis.corrected import (
    LEAST,
    Corrected,
    Sample,
    classical_rate,
    corrected_mean,
    corrected_rate,
    weighted_kappa,
)
from console.judging.analysis.statistics import Estimate
from console.records import Rollup, RunFilter, RunStatus, Selection, Verdict, utcnow

if TYPE_CHECKING:
    from console.services import Services

STALE = timedelta(days=30)
"""Runs that are so much newer than the newest label may be of another kind."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The runs that the estimate is for; None leaves a field out of account."""

    judge_id: str | None = None
    version: str | None = None
    first_day: date | None = None
    last_day: date | None = None


@dataclass(frozen=True, slots=True)
class Conclusion:
    """The corrected figures, normalised, and what they rest on."""

    rate: Corrected
    """The pass rate that people would have given."""
    mean: Corrected
    """The mean score that they would have given."""
    classical: Estimate
    """The pass rate by Rogan and Gladen."""
    kappa: Estimate
    """Cohen's kappa of judge and people over all runs: labels count by their probability."""
    judged_rate: float | None
    """The judge's own pass rate over the same runs, at the case's threshold of today."""
    judged_mean: float | None
    runs: int
    used: int
    """Labelled runs with a known probability."""
    left_out: int
    """Labelled runs without."""
    warnings: list[str]
    """What a reader has to know, in sentences."""


def conclude(services: Services, labelled: Labelled, asked: Asked) -> Conclusion:
    """The corrected figures of labelled runs that `load_labelled` read with the same filter.

    Reads the case's rollups; for one version of a judge its latest `SAMPLE` rows, one request per 1,000.
    """
    counted, partly = _all_runs(services, labelled.case.case_id, asked)
    all_runs = total(counted)
    known, odds = drawn_with_known_odds(labelled.runs, all_runs.completed)
    threshold = labelled.case.threshold.score
    mean_score = all_runs.mean or 0.0
    sample = Sample.of([one.judge for one in known], odds)
    people = np.array([one.passed for one in known], dtype=bool)
    judge = np.array([Verdict.of(one.judge, threshold).passed for one in known], dtype=bool)
    judged_rate = _pass_rate(all_runs, threshold)
    rated = [place for place, one in enumerate(known) if one.human is not None]
    scores = np.array([known[place].human for place in rated], dtype=np.float64)
    scored = Sample(sample.scores[rated], sample.probabilities[rated])
    return Conclusion(
        rate=corrected_rate(sample, people, runs=all_runs.completed, mean_score=mean_score),
        mean=corrected_mean(scored, scores, runs=all_runs.completed, mean_score=mean_score),
        classical=classical_rate(sample, people, judge, pass_rate=judged_rate or 0.0),
        kappa=weighted_kappa(sample, people, judge),
        judged_rate=judged_rate,
        judged_mean=all_runs.mean,
        runs=all_runs.completed,
        used=len(known),
        left_out=len(labelled.runs) - len(known),
        warnings=[*_of_the_labels(labelled, known), *_of_the_runs(labelled, known, counted, partly)],
    )


def drawn_with_known_odds(runs: Sequence[LabelledRun], of: int) -> tuple[list[LabelledRun], list[float]]:
    """The labelled runs whose probability is known, and it.

    A queue tells it for its first hundred runs; of another number it is in proportion, so that all stand for `of` runs.

    Args:
        of: runs that a random sample was drawn from.
    """
    at_random = [one for one in runs if _selection(one) is Selection.RANDOM]
    share = min(1.0, len(at_random) / of) if of and at_random else 1.0
    known: list[LabelledRun] = []
    odds: list[float] = []
    for one in runs:
        drawn = one.row.drawn
        if drawn and drawn.probability is not None:
            known.append(one)
            odds.append(drawn.probability)
        elif _selection(one) is Selection.RANDOM:
            known.append(one)
            odds.append(share)
    stood_for = sum(1 / one for one in odds)
    return known, [min(1.0, one * stood_for / of) for one in odds] if of else odds


def _selection(one: LabelledRun) -> Selection | None:
    return one.row.drawn.selection if one.row.drawn else None


def _all_runs(services: Services, case_id: str, asked: Asked) -> tuple[list[Rollup], bool]:
    """The completed runs in question, counted by day, and whether some of them were left out."""
    judge, first, last = asked.judge_id, asked.first_day, asked.last_day
    if asked.version is not None:
        wanted = RunFilter(case_id=case_id, judge_id=judge, status=RunStatus.COMPLETED, first_day=first, last_day=last)
        rows, whole = read_rows(services, wanted, SAMPLE)
        return rollups_of(row for row in rows if row.judge_version == asked.version), not whole
    begin = first or services.rollups.first_day()
    found = services.rollups.read(begin, last or utcnow().date()) if begin else []
    return [one for one in found if one.case_id == case_id and judge in (None, one.judge_id)], False


def _pass_rate(runs: Tally, threshold: float) -> float | None:
    """From the histogram: what is in the threshold's own hundredth passes, as everywhere."""
    if not runs.completed:
        return None
    lowest = round(threshold * 100)
    return sum(count for place, count in runs.bins.items() if place >= lowest) / runs.completed


def _of_the_labels(labelled: Labelled, known: Sequence[LabelledRun]) -> list[str]:
    """What is to be said of how the labels were chosen."""
    said: list[str] = []
    of = f"of the {len(labelled.runs):,} labelled runs"
    drawn = {id(one) for one in known}
    unknown = [one for one in labelled.runs if id(one) not in drawn]
    doubtful = sum(_selection(one) is Selection.UNCERTAIN for one in unknown)
    if doubtful:
        said.append(
            f"{doubtful:,} {of} were chosen because they were doubtful, nobody knows with what probability:"
            " agreement and kappa over them are lower than over all runs."
        )
    if len(unknown) > doubtful:
        said.append(
            f"{len(unknown) - doubtful:,} {of} do not say with what probability they were chosen:"
            " the corrected figures leave them out, and agreement over them may not hold for all runs."
        )
    if {_selection(one) for one in known} - {Selection.RANDOM}:
        said.append("Runs were drawn with unequal odds: the weighted kappa holds for all runs, the other does not.")
    if labelled.runs and len(known) < LEAST:
        said.append(f"{len(known):,} labelled runs with known odds are too few to conclude from: it takes {LEAST}.")
    return said


def _of_the_runs(
    labelled: Labelled, known: Sequence[LabelledRun], counted: Sequence[Rollup], partly: bool
) -> list[str]:
    """What is to be said of the runs that the estimate is for."""
    said: list[str] = []
    if partly:
        said.append(f"The estimate is for the latest {SAMPLE:,} runs only: there are more of this version.")
    if not labelled.complete:
        said.append(f"Only the latest {SAMPLE:,} labelled runs were read.")
    labelled_last = max((one.row.started_at.date() for one in known), default=None)
    last = max((one.day for one in counted if one.completed), default=None)
    if labelled_last and last and last - labelled_last > STALE:
        said.append(
            f"The newest labelled run is of {labelled_last}, the newest run of {last}: if texts or judge have changed"
            " since, the labels do not speak for them."
        )
    return said
