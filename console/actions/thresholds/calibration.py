"""Calibration of a case's threshold against its labels: the quality at every threshold, a suggestion, what flips."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from console.actions.runs.labelled import Labelled, LabelledRun
from console.judging.analysis.calibration import Checked, Curves, Objective, Suggestion, Weights, check, curves, suggest
from console.judging.analysis.statistics import Floats
from console.records import Verdict


@dataclass(frozen=True, slots=True)
class Calibration:
    """What labels say about the thresholds of a case."""

    labelled: Labelled
    curves: Curves
    suggestion: Suggestion
    objective: Objective
    weights: Weights
    present: float
    """The threshold in force."""
    now: Checked
    """On all runs that count, at the present threshold."""


@dataclass(frozen=True, slots=True)
class Flip:
    """A labelled run whose verdict would be another one."""

    run: LabelledRun
    passes: bool
    """Under the new threshold."""

    @property
    def agrees(self) -> bool:
        """Whether the new verdict is that of people."""
        return self.passes == self.run.passed


def calibrate(
    labelled: Labelled,
    runs: Sequence[LabelledRun],
    objective: Objective,
    weights: Weights,
    speaks: Floats | None = None,
) -> Calibration:
    """Calibration from labelled runs that have been read. Reads nothing itself.

    Args:
        runs: those of `labelled` that count.
        speaks: float[n], for how many runs each of them speaks; None is all alike.
    """
    scores = [one.judge for one in runs]
    human = [one.passed for one in runs]
    keys = [one.row.run_id for one in runs]
    present = labelled.case.threshold.score
    return Calibration(
        labelled=labelled,
        curves=curves(scores, human, speaks),
        suggestion=suggest(scores, human, keys, objective, present=present, weights=weights, speaks=speaks),
        objective=objective,
        weights=weights,
        present=present,
        now=check(scores, human, present, weights, speaks),
    )


def flipped(runs: Sequence[LabelledRun], present: float, threshold: float) -> list[Flip]:
    """The labelled runs between two thresholds; those whose new verdict contradicts people first."""
    flips = [
        Flip(one, Verdict.of(one.judge, threshold).passed)
        for one in runs
        if Verdict.of(one.judge, threshold).passed != Verdict.of(one.judge, present).passed
    ]
    return sorted(flips, key=lambda flip: flip.agrees)
