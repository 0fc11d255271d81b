"""Counts of finished runs."""

from __future__ import annotations

import math
from datetime import date

from console.records.base import Record

WEIGHTED_MODES = frozenset({"logprobs"})
"""Modes in which a score is the mean over probabilities."""
STATED_MODES = frozenset({"sampled", "single"})
"""Modes in which it is what replies state: several numbers, and a single one, which is the same with more noise."""


BINS = 100
"""Width of a histogram: bin i holds the normalised scores in [i/100, (i+1)/100), bin 100 exactly 1."""
NO_SCORES = (0,) * (BINS + 1)


def bin_of(normalized: float) -> int:
    """The histogram bin of a normalised score; scores outside 0..1 go to the outermost bins."""
    return min(max(math.floor(normalized * BINS + 1e-9), 0), BINS)


class Rollup(Record, frozen=True):
    """Counts and sums of the finished runs of one day, case, judge and model."""

    day: date
    case_id: str
    judge_id: str
    model: str
    completed: int = 0
    failed: int = 0
    passed: int = 0
    rejected: int = 0
    """Completed runs below their threshold."""
    score: float = 0.0
    """Sum of final scores, on the case's scale."""
    normalized: float = 0.0
    """Sum of normalised scores."""
    squared: float = 0.0
    """Sum of squares of normalised scores."""
    tokens: int = 0
    seconds: float = 0.0
    timed: int = 0
    """Completed runs whose duration is known: what the mean duration divides by."""
    cost: float = 0.0
    """Sum in US dollars over the runs whose model has prices."""
    weighted: int = 0
    """Completed runs that were scored by probabilities. Items that were begun before this was counted know it, and
    `stated`, of their later runs only, until rollups are rebuilt."""
    stated: int = 0
    """Completed runs that were scored by stated numbers; those of other metrics are neither."""
    bins: tuple[int, ...] = NO_SCORES
    """Completed runs by bin of the normalised score: 101 numbers."""
