"""What people would have said of all runs of a case, from the labels whose runs were drawn with known probabilities.

Labels whose probability nobody knows (given by hand, or from before it was kept) say nothing about other runs: they are
counted and named, and left out. Labels of a random sample may come without a probability: it is the same for all.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import cast

import numpy as np

from console.actions.labels.cautions import of_the_labels, of_the_runs
from console.actions.labels.designs import Hull, KnownOdds, Weighed, weigh, with_known_odds
from console.actions.labels.population import Asked, Population, load_population
from console.actions.runs.labelled import Labelled
from console.actions.runs.totals import pass_rate_at
from console.judging.analysis.corrected import Corrected, Sample, classical_rate, corrected_mean, corrected_rate
from console.judging.analysis.statistics import Bools, Estimate, Quality
from console.judging.analysis.weighted import LEAST, weighted_quality
from console.records import Verdict
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
    quality: Quality
    """Of the judge's verdicts over all runs: labels count by their probability."""
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


@dataclass(frozen=True, slots=True)
class Glance:
    """The corrected pass rate beside the judge's own, without what costs more than is at hand."""

    rate: Corrected
    judged_rate: float | None
    runs: int
    used: int
    warnings: list[str]


@dataclass(frozen=True, slots=True)
class _Drawn:
    """Labelled runs, what they were drawn from, and the runs that they stand for."""

    labelled: Labelled
    known: KnownOdds
    weighed: Weighed
    population: Population
    left_out: list[str]

    @property
    def sample(self) -> Sample:
        """The judge's scores of the labelled runs, with their odds."""
        scores = [one.judge for one in self.weighed.runs]
        return Sample.of(scores, self.weighed.odds(self.population.tally.completed))

    @property
    def people(self) -> Bools:
        """bool[n], what people said."""
        return np.array([one.passed for one in self.weighed.runs], dtype=bool)

    def rate(self) -> Corrected:
        """The corrected pass rate."""
        runs = self.population.tally
        return corrected_rate(self.sample, self.people, runs=runs.completed, mean_score=runs.mean or 0.0)

    def warnings(self) -> list[str]:
        """What is to be said of it."""
        return [
            *self.left_out,
            *of_the_labels(self.labelled, self.known, self.weighed),
            *of_the_runs(self.labelled, self.weighed.runs, self.population, self.known.hull),
        ]


def glance(services: Services, labelled: Labelled, asked: Asked) -> Glance:
    """The corrected pass rate from labelled runs that have been read. Reads the case's rollups, which are cached."""
    drawn = _drawn(services, labelled, asked, by_days=True)
    runs = drawn.population.tally
    judged = pass_rate_at(runs, labelled.case.threshold.score)
    return Glance(drawn.rate(), judged, runs.completed, len(drawn.weighed.runs), drawn.warnings())


def _drawn(services: Services, labelled: Labelled, asked: Asked, *, by_days: bool = False) -> _Drawn:
    case_id = labelled.case.case_id
    known = with_known_odds(labelled.runs, asked.judge_id)
    population = load_population(services, case_id, asked, known.hull, by_days=by_days)
    left_out: list[str] = []
    if _is_census(labelled, population):
        weighed = Weighed(labelled.runs, np.full(len(labelled.runs), 1 / len(labelled.runs)), 1)
        said = ["People labelled every run: the rate is theirs, and nothing is left to estimate."]
        return _Drawn(labelled, known, weighed, load_population(services, case_id, asked, None), said)
    if known.files and known.hull and not population.covers:
        known, left_out = _of_one_kind(known)
        population = load_population(services, case_id, asked, known.hull, by_days=by_days)
    return _Drawn(labelled, known, weigh(known), population, left_out)


def _is_census(labelled: Labelled, population: Population) -> bool:
    """Whether people labelled every run that is asked about: then nothing was drawn, and nothing is left to guess."""
    return labelled.complete and len(labelled.runs) >= max(population.asked, LEAST)


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


def conclude(services: Services, labelled: Labelled, asked: Asked) -> Conclusion:
    """The corrected figures of labelled runs that `load_labelled` read with the same filter.

    Reads as `load_population`.
    """
    drawn = _drawn(services, labelled, asked)
    known, runs, sample, people = drawn.weighed.runs, drawn.population.tally, drawn.sample, drawn.people
    threshold = labelled.case.threshold.score
    judge = np.array([Verdict.of(one.judge, threshold).passed for one in known], dtype=bool)
    judged_rate = pass_rate_at(runs, threshold)
    rated = [place for place, one in enumerate(known) if one.human is not None]
    scores = np.array([known[place].human for place in rated], dtype=np.float64)
    scored = Sample(sample.scores[rated], sample.probabilities[rated])
    return Conclusion(
        rate=drawn.rate(),
        mean=corrected_mean(scored, scores, runs=runs.completed, mean_score=runs.mean or 0.0),
        classical=classical_rate(sample, people, judge, pass_rate=judged_rate or 0.0),
        quality=weighted_quality(sample.weights, people, judge),
        judged_rate=judged_rate,
        judged_mean=runs.mean,
        runs=runs.completed,
        asked=drawn.population.asked,
        used=len(known),
        left_out=len(labelled.runs) - len(known),
        warnings=drawn.warnings(),
    )
