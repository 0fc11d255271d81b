"""Which labels of a case a calibration of its threshold is made from, and for how many runs each of them speaks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from console.actions.labels.designs import weigh, with_known_odds
from console.actions.runs.labelled import Labelled, LabelledRun
from console.judging.analysis.calibrated import too_few
from console.judging.analysis.statistics import Floats
from console.judging.analysis.weighted import LEAST

_ALIKE = 1e-9


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
    weighed: bool
    """Whether only those count, each for the runs that it stands for; else every label counts alike."""


def counted(labelled: Labelled, judge_id: str | None, *, every: bool = False) -> Counted:
    """The labels of known odds, each for the runs that it stands for; every label alike where those are too few.

    Args:
        judge_id: the judge that is asked about; None is all of them.
        every: every label alike, also where enough have known odds.
    """
    weighed = weigh(with_known_odds(labelled.runs, judge_id))
    known = len(weighed.runs)
    suffice = not too_few([one.passed for one in weighed.runs])
    all_known = known == len(labelled.runs) >= 2 * LEAST  # half of them check what the others suggest
    if every or not (suffice or all_known):
        return Counted(labelled.runs, None, known, suffice, weighed=False)
    alike = float(np.ptp(weighed.weights)) * known < _ALIKE
    return Counted(weighed.runs, None if alike else weighed.weights * known, known, suffice, weighed=True)
