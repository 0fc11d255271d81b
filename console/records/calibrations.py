"""Calibrated scores: the probability that people pass a run, by the score of one version of a judge."""

from __future__ import annotations

import math
from datetime import datetime

from console.records.base import Record


class Reliable(Record, frozen=True):
    """Labelled runs of like probability: a point of the reliability diagram."""

    probability: float
    """Their mean, 0..1."""
    passed: float
    """The share of them that people passed."""
    labels: int


class Calibration(Record, frozen=True):
    """A curve from the normalised score to the probability of a pass. It stands beside the score, never for it."""

    judge_id: str
    judge_version: str
    number: int
    """Of this curve among those of the judge's version, from 1; the latest is in use."""
    case_id: str
    method: str
    """`platt` or `isotonic`."""
    labels: int
    """Labelled runs that it was learnt from."""
    curve: list[float]
    """The probability at every hundredth of the normalised score, from 0 to 1."""
    low: list[float]
    high: list[float]
    """The ends of its 95 % interval."""
    error: tuple[float, float, float]
    """Expected calibration error and the ends of its interval, on labels that the curve did not see."""
    raw_error: tuple[float, float, float]
    """The same of the normalised score taken for a probability."""
    brier: float
    raw_brier: float
    bins: list[Reliable]
    """By the calibrated probability, of labels that the curve did not see."""
    raw_bins: list[Reliable]
    """By the normalised score."""
    fitted_by: str
    fitted_on: datetime
    warnings: list[str] = []

    def at(self, score: float) -> tuple[float, float, float]:
        """The probability at a normalised score, and the ends of its interval."""
        place = min(max(score, 0.0), 1.0) * (len(self.curve) - 1)
        left = min(math.floor(place), len(self.curve) - 2)
        share = place - left
        p, low, high = (
            line[left] + share * (line[left + 1] - line[left]) for line in (self.curve, self.low, self.high)
        )
        return p, low, high
