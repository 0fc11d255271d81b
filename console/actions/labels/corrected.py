"""What people would have said of all runs of a case, from the labels whose runs were drawn with known probabilities.

Labels whose probability nobody knows (given by hand, or from before it was kept) say nothing about other runs: they are
counted and named, and left out. Labels of a random sample may come without a probability: it is the same for all.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

import numpy as np

from console.actions.labels.cautions import of_the_labels, of_the_runs
from console.actions.labels.designs import Hull, KnownOdds, Weighed, weigh, with_known_odds
from console.actions.labels.population import Asked, Population, load_population
from console.actions.runs.labelled import Labelled
from console.actions.runs.totals import Tally
from console.judging.analysis.corrected import (
    Corrected,
    Sample,
    classical_rate,
    corrected_mean,
    corrected_rate,
    weighted_kappa,
)
from console.judging.analysis.statistics import Estimate
from console.records import Verdict

if TYPE_CHECKING:
    from console.services import Services


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
    """Runs that the figures are for."""
    asked: int
    """Runs that were asked about: more, where labels were drawn from a part of them only."""
    used: int
    """Labelled runs with a known probability."""
    left_out: int
    """Labelled runs without."""
    warnings: list[str]
    """What a reader has to know, in sentences."""


def conclude(services: Services, labelled: Labelled, asked: Asked) -> Conclusion:
    """The corrected figures of labelled runs that `load_labelled` read with the same filter.

    Reads as `load_population`.
    """
    case_id = labelled.case.case_id
    drawn = with_known_odds(labelled.runs, asked.judge_id)
    population = load_population(services, case_id, asked, drawn.hull)
    left_out: list[str] = []
    if _is_census(labelled, population):
        weighed = Weighed(labelled.runs, np.full(len(labelled.runs), 1 / len(labelled.runs)), 1)
        population = load_population(services, case_id, asked, None)
    else:
        if drawn.files and drawn.hull and not population.covers:
            drawn, left_out = _of_one_kind(drawn)
            population = load_population(services, case_id, asked, drawn.hull)
        weighed = weigh(drawn)
    return _concluded(labelled, drawn, weighed, population, left_out)


def _is_census(labelled: Labelled, population: Population) -> bool:
    """Whether people labelled every run that is asked about: then nothing was drawn, and nothing is left to guess."""
    return labelled.complete and len(labelled.runs) >= population.asked > 0


def _of_one_kind(drawn: KnownOdds) -> tuple[KnownOdds, list[str]]:
    """Labels from all runs and labels from a part of them do not mix: those that say more, and what became of the rest.

    Labels from all runs that are within that part are a sample of it.
    """
    hull = cast(Hull, drawn.hull)
    queued, filed = sum(map(len, drawn.rounds)), sum(map(len, drawn.files))
    if queued < filed:
        words = f"{queued:,} labels are left out: their queue drew from a part of the runs, {filed:,} others from all."
        return replace(drawn, rounds=[]), [words]
    files = [[one for one in some if hull.holds(one.row)] for some in drawn.files]
    out = filed - sum(map(len, files))
    words = f"{out:,} labels of runs outside of those that the queue drew from are left out."
    return replace(drawn, files=[some for some in files if some]), [words] if out else []


def _concluded(
    labelled: Labelled, drawn: KnownOdds, weighed: Weighed, population: Population, left_out: list[str]
) -> Conclusion:
    """The figures. Reads nothing."""
    known, runs = weighed.runs, population.tally
    threshold = labelled.case.threshold.score
    mean_score = runs.mean or 0.0
    sample = Sample.of([one.judge for one in known], weighed.odds(runs.completed))
    people = np.array([one.passed for one in known], dtype=bool)
    judge = np.array([Verdict.of(one.judge, threshold).passed for one in known], dtype=bool)
    judged_rate = _pass_rate(runs, threshold)
    rated = [place for place, one in enumerate(known) if one.human is not None]
    scores = np.array([known[place].human for place in rated], dtype=np.float64)
    scored = Sample(sample.scores[rated], sample.probabilities[rated])
    return Conclusion(
        rate=corrected_rate(sample, people, runs=runs.completed, mean_score=mean_score),
        mean=corrected_mean(scored, scores, runs=runs.completed, mean_score=mean_score),
        classical=classical_rate(sample, people, judge, pass_rate=judged_rate or 0.0),
        kappa=weighted_kappa(sample, people, judge),
        judged_rate=judged_rate,
        judged_mean=runs.mean,
        runs=runs.completed,
        asked=population.asked,
        used=len(known),
        left_out=len(labelled.runs) - len(known),
        warnings=[
            *left_out,
            *of_the_labels(labelled, drawn, weighed),
            *of_the_runs(labelled, known, population, drawn.hull),
        ],
    )


def _pass_rate(runs: Tally, threshold: float) -> float | None:
    """From the histogram: what is in the threshold's own hundredth passes, as everywhere."""
    if not runs.completed:
        return None
    lowest = round(threshold * 100)
    return sum(count for place, count in runs.bins.items() if place >= lowest) / runs.completed
