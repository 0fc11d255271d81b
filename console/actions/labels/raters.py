"""How far the people agree who labelled runs of a case together."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from console.actions.runs.labelled import Labelled
from console.judging.analysis.raters import PairOfRaters, alpha, pairs_of_raters
from console.judging.analysis.statistics import Estimate
from console.records import Label
from console.services import Services

READ = 200
"""Runs with several labels that are read, the latest ones: each costs a request."""
_THREADS = 8


@dataclass(frozen=True, slots=True)
class Raters:
    """What the labels of runs with several say."""

    runs: int
    """Runs that several people labelled; at most `READ`."""
    unread: int
    """Labelled runs that were not read, and have or may have several labels."""
    scores: Estimate
    """Krippendorff's alpha of the scores."""
    verdicts: Estimate
    """Krippendorff's alpha of the verdicts."""
    pairs: list[PairOfRaters]
    """Everybody against everybody by their verdicts, those who differ most first."""


def load_raters(services: Services, labelled: Labelled) -> Raters:
    """One Query for each of the latest `READ` runs with several labels; none where there are none.

    Runs that were labelled before people were counted may have several: they are read after those that are known to.
    """
    known = [one.row.run_id for one in labelled.runs if (one.row.raters or 0) > 1]
    perhaps = [one.row.run_id for one in labelled.runs if one.row.raters is None]
    asked = [*known, *perhaps]
    with ThreadPoolExecutor(max_workers=_THREADS) as pool:
        read = list(pool.map(services.labels.of, asked[:READ]))
    told = [labels for labels in read if sum(_is_opinion(one) for one in labels) > 1]
    verdicts = [_ratings(labels, "passed") for labels in told]
    return Raters(
        runs=len(told),
        unread=len(asked) - len(read),
        scores=alpha([_ratings(labels, "score") for labels in told]),
        verdicts=alpha(verdicts),
        pairs=pairs_of_raters(verdicts),
    )


def _is_opinion(label: Label) -> bool:
    """Not so a mere comment, or a label that decides between others."""
    return not label.adjudicates and (label.score is not None or label.passed is not None)


def _ratings(labels: list[Label], field: str) -> dict[str, float]:
    """Who said what."""
    said = {one.labelled_by: getattr(one, field) for one in labels if _is_opinion(one)}
    return {name: float(value) for name, value in said.items() if value is not None}
