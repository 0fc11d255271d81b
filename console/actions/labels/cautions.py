"""What a reader of corrected figures has to know of the labels and the runs that they rest on, in sentences."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from console.actions.labels.designs import Hull, KnownOdds, Weighed
from console.actions.labels.population import Population
from console.actions.runs.labelled import SAMPLE, Labelled, LabelledRun
from console.judging.analysis.weighted import LEAST
from console.records import Selection, Split

STALE = timedelta(days=30)
"""Runs that are so much newer than the newest label may be of another kind."""


def of_the_labels(labelled: Labelled, drawn: KnownOdds, weighed: Weighed) -> list[str]:
    """Of how the labels were chosen, and of how far people agree."""
    said: list[str] = []
    runs, used = labelled.runs, {id(one) for one in weighed.runs}
    of = f"of the {len(runs):,} labelled runs"
    unknown = [one for one in runs if id(one) not in used and not _has_odds(one)]
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
    if drawn.one_judge_only:
        said.append(
            f"{drawn.one_judge_only:,} {of} were drawn from the runs of one judge only and are left out here:"
            " choose that judge to count them."
        )
    if {_selection(one) for one in weighed.runs if _has_odds(one)} - {Selection.RANDOM}:
        said.append("Runs were drawn with unequal odds: the weighted kappa holds for all runs, the other does not.")
    if weighed.samples > 1:
        said.append(
            f"The labels are {weighed.samples} samples, put together by their sizes: that holds if each was drawn"
            " without regard to the others."
        )
    if runs and len(weighed.runs) < LEAST:
        said.append(
            f"{len(weighed.runs):,} labelled runs with known odds are too few to conclude from: it takes {LEAST}."
        )
    tied = sum(one.row.split is Split.TIED for one in runs)
    if tied:
        said.append(
            f"On {tied:,} {of} as many people say pass as fail: the latest label counts, until an admin decides."
        )
    return said


def of_the_runs(
    labelled: Labelled, known: Sequence[LabelledRun], population: Population, hull: Hull | None
) -> list[str]:
    """Of the runs that the estimate is for."""
    said = list(population.notes)
    if hull and known and not population.covers:
        judges = f" of {len(hull.judges)} judge(s)" if hull.judges else ""
        said.append(
            f"The labelled runs were drawn from {population.tally.completed:,} of the {population.asked:,} runs, those"
            f"{judges} from {hull.first:%Y-%m-%d %H:%M} to {hull.last:%Y-%m-%d %H:%M} UTC: the corrected figures are"
            " for these only."
        )
    if not labelled.complete:
        said.append(f"Only the latest {SAMPLE:,} labelled runs were read.")
    labelled_last = max((one.row.started_at.date() for one in known), default=None)
    last = population.last_day
    if labelled_last and last and last - labelled_last > STALE:
        said.append(
            f"The newest labelled run is of {labelled_last}, the newest run of {last}: if texts or judge have changed"
            " since, the labels do not speak for them."
        )
    return said


def _selection(one: LabelledRun) -> Selection | None:
    return one.row.drawn.selection if one.row.drawn else None


def _has_odds(one: LabelledRun) -> bool:
    return one.row.drawn is not None and one.row.drawn.known
