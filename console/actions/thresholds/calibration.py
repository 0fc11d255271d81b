"""Calibration of a case's threshold against its labels: the quality at every threshold, a suggestion, what flips."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from console.actions.labels.designs import weigh, with_known_odds
from console.actions.runs.labelled import Labelled, LabelledRun
from console.judging.analysis.calibrated import too_few
from console.judging.analysis.calibration import Checked, Curves, Objective, Suggestion, Weights, check, curves, suggest
from console.judging.analysis.statistics import Floats
from console.records import Verdict

_ALIKE = 1e-9


@dataclass(frozen=True, slots=True)
class Calibration:
    """What labels say about the thresholds of a case."""

    labelled: Labelled
    counted: Counted
    curves: Curves
    suggestion: Suggestion
    objective: Objective
    weights: Weights
    present: float
    """The threshold in force."""
    now: Checked
    """On all runs that count, at the present threshold."""


@dataclass(frozen=True, slots=True)
class Counted:
    """The labelled runs that a calibration is made from."""

    runs: list[LabelledRun]
    speaks: Floats | None
    """float[n], for how many runs each speaks, 1 on average; None is all alike."""
    known: int
    """Labelled runs that were drawn with known odds."""
    suffice: bool
    """Whether these are enough for a calibration of their own."""

    @property
    def of_known_odds(self) -> bool:
        """Whether only those count, so that the figures hold for all runs."""
        return len(self.runs) == self.known


def counted(labelled: Labelled, judge_id: str | None, *, every: bool = False) -> Counted:
    """The labels of known odds, each for the runs that it stands for; every label alike where those are too few.

    Args:
        judge_id: the judge that is asked about; None is all of them.
        every: every label alike, also where enough have known odds.
    """
    weighed = weigh(with_known_odds(labelled.runs, judge_id))
    known = len(weighed.runs)
    suffice = not too_few([one.passed for one in weighed.runs])
    if every or not suffice:
        return Counted(labelled.runs, None, known, suffice)
    alike = float(np.ptp(weighed.weights)) * known < _ALIKE
    return Counted(weighed.runs, None if alike else weighed.weights * known, known, suffice)


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
    objective: Objective,
    weights: Weights,
    *,
    judge_id: str | None = None,
    every: bool = False,
) -> Calibration:
    """Calibration from labelled runs that have been read. Reads nothing itself; `judge_id`, `every`: see `counted`."""
    found = counted(labelled, judge_id, every=every)
    scores = [one.judge for one in found.runs]
    human = [one.passed for one in found.runs]
    keys = [one.row.run_id for one in found.runs]
    present = labelled.case.threshold.score
    return Calibration(
        labelled=labelled,
        counted=found,
        curves=curves(scores, human, found.speaks),
        suggestion=suggest(scores, human, keys, objective, present=present, weights=weights, speaks=found.speaks),
        objective=objective,
        weights=weights,
        present=present,
        now=check(scores, human, present, weights, found.speaks),
    )


def flipped(runs: Sequence[LabelledRun], present: float, threshold: float) -> list[Flip]:
    """The labelled runs between two thresholds; those whose new verdict contradicts people first."""
    flips = [
        Flip(one, Verdict.of(one.judge, threshold).passed)
        for one in runs
        if Verdict.of(one.judge, threshold).passed != Verdict.of(one.judge, present).passed
    ]
    return sorted(flips, key=lambda flip: flip.agrees)
