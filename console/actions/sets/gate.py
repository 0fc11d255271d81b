"""The gate: whether an experiment is good enough, decided by intervals and not by how chance fell.

What is asked for holds against an interval of the stated confidence. All of it below what is asked for: failed. All of
it above: passed. Across it: passed as well where the interval is narrow enough, for then what may be lacking is less
than matters, and chance explains it; else nobody can tell, and the gate says how many items would.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from console.actions.sets.comparison import Pairing
from console.actions.sets.results import JudgeResults
from console.errors import InvalidInput
from console.judging.analysis.pairs import items_to_tell
from console.judging.analysis.statistics import LEVEL, Estimate
from console.records import Experiment

MARGIN = 0.1
"""Half the width of an interval above which too few items were judged."""


class Outcome(StrEnum):
    """What the gate says."""

    PASSED = "passed"
    FAILED = "failed"
    UNSURE = "cannot tell"


@dataclass(frozen=True, slots=True)
class Asked:
    """What an experiment has to be."""

    min_pass_rate: float | None = None
    """Share of all items, 0..1."""
    max_drop: float | None = None
    """By which the pass rate may be below the baseline's, 0..1; None: 0 where there is a baseline."""
    confidence: float = LEVEL
    margin: float = MARGIN

    def check(self, *, baseline: bool) -> None:
        """Raises InvalidInput when it cannot be held against an experiment."""
        for name, value in (("pass rate", self.min_pass_rate), ("drop", self.max_drop)):
            if value is not None and not 0 <= value <= 1:
                raise InvalidInput(f"The {name} is {value:g}; give a share from 0 to 1.", field="gate")
        if not 0.5 <= self.confidence < 1:
            raise InvalidInput(f"The confidence is {self.confidence:g}; give 0.5 to 0.999.", field="confidence")
        if not 0 < self.margin <= 1:
            raise InvalidInput(f"The margin is {self.margin:g}; give a share above 0, to 1.", field="margin")
        if self.max_drop is not None and not baseline:
            raise InvalidInput(
                "A drop needs a baseline. Name an experiment, or set the baseline of the set.", field="baseline"
            )
        if self.min_pass_rate is None and not baseline:
            raise InvalidInput("Say what the gate has to hold: a least pass rate, or a baseline.", field="gate")


@dataclass(frozen=True, slots=True)
class Criterion:
    """One thing that was asked for."""

    name: str
    outcome: Outcome
    words: str
    """Why, in a sentence or two."""
    estimate: Estimate | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What the gate says of an experiment, by one judge."""

    experiment: Experiment
    baseline: Experiment | None
    results: JudgeResults
    pairing: Pairing | None
    """None without a baseline, and where that has no such judge."""
    criteria: list[Criterion]
    asked: Asked
    notes: list[str]
    """What a reader should know that decides nothing."""

    @property
    def outcome(self) -> Outcome:
        """The worst of its criteria."""
        return worst(self.criteria)


def decide(
    experiment: Experiment,
    results: Sequence[JudgeResults],
    asked: Asked,
    baseline: Experiment | None = None,
    pairings: Sequence[Pairing] = (),
) -> list[Decision]:
    """What the gate says of an experiment, for each of its judges. Reads nothing.

    Args:
        results: of the experiment.
        pairings: with the baseline, as `compare` makes them.

    Raises:
        InvalidInput: what is asked for makes no sense.
    """
    asked.check(baseline=baseline is not None)
    by_batch = {one.after.judged.batch_id: one for one in pairings}
    return [_decision(experiment, baseline, one, by_batch.get(one.judged.batch_id), asked) for one in results]


def _decision(
    experiment: Experiment, baseline: Experiment | None, results: JudgeResults, pairing: Pairing | None, asked: Asked
) -> Decision:
    criteria = [_whole(results)]
    if asked.min_pass_rate is not None:
        criteria.append(_least(results, asked.min_pass_rate, asked))
    if baseline is not None:
        criteria.append(_drop(pairing, asked.max_drop or 0.0, asked))
    return Decision(experiment, baseline, results, pairing, criteria, asked, _notes(results, pairing))


def _whole(results: JudgeResults) -> Criterion:
    if results.whole:
        return Criterion("Every output was judged", Outcome.PASSED, f"{len(results.rows):,} outputs were judged.")
    why = f" {results.batch.note}" if results.batch.note else ""
    words = f"{results.left:,} of {results.batch.total:,} outputs were not judged.{why}"
    return Criterion("Every output was judged", Outcome.FAILED, words)


def _least(results: JudgeResults, least: float, asked: Asked) -> Criterion:
    found = results.rate(asked.confidence)
    name = f"Pass rate of at least {least:.1%}"
    said = f"{results.passed:,} of {results.total - results.left:,} items pass: {_interval(found, asked)}"
    return held(name, found, least, said, asked)


def _drop(pairing: Pairing | None, most: float, asked: Asked) -> Criterion:
    name = f"Pass rate at most {_points(most)} below the baseline's" if most else "Pass rate not below the baseline's"
    if pairing is None:
        return Criterion(name, Outcome.UNSURE, "The baseline has no result by this judge, and none for its case.")
    found, flips = pairing.difference(asked.confidence), pairing.flips
    said = (
        f"{flips.improved:,} items improved and {flips.regressed:,} regressed of {flips.n:,}: "
        f"{_interval(found, asked, signed=True)}, McNemar p {pairing.p_value:.3f}"
    )
    return held(name, found, -most, said, asked)


def held(name: str, found: Estimate, least: float, said: str, asked: Asked) -> Criterion:
    """Whether an estimate is at least so high."""
    if found.value is None or found.low is None or found.high is None:
        return Criterion(name, Outcome.UNSURE, f"There is nothing to tell by: {found.why}.", found)
    if found.high < least:
        return Criterion(name, Outcome.FAILED, f"{said}.", found)
    if found.low >= least:
        return Criterion(name, Outcome.PASSED, f"{said}.", found)
    if (found.high - found.low) / 2 <= asked.margin:
        chance = " Chance explains that it is lower." if found.value < least else ""
        return Criterion(name, Outcome.PASSED, f"{said}.{chance}", found)
    narrow = items_to_tell(found, found.value + asked.margin, asked.confidence)
    words = (
        f"{said}. These are too few items to tell: about {narrow or 0:,} would be enough for ±{_points(asked.margin)}."
    )
    return Criterion(name, Outcome.UNSURE, words, found)


def _notes(results: JudgeResults, pairing: Pairing | None) -> list[str]:
    said: list[str] = []
    if results.missing:
        said.append(f"{results.missing:,} of {results.total:,} items have no output; they are no passes.")
    if results.unscored:
        said.append(f"{results.unscored:,} outputs got no score; they are no passes. {results.first_error}".strip())
    if pairing and pairing.changed_items:
        said.append(f"{pairing.changed_items:,} items differ between the versions of the set; they are not compared.")
    if pairing:
        said += [f"Not the same as in the baseline: {one}" for one in pairing.differences]
    corrected = results.corrected()
    if corrected and corrected.estimate.low is not None and corrected.estimate.high is not None:
        value, low, high = corrected.estimate.value or 0.0, corrected.estimate.low, corrected.estimate.high
        said.append(
            f"By {corrected.labels:,} labels people would let {value:.1%} of the scored outputs pass"
            f" (95 %: {low:.1%} to {high:.1%})."
        )
    return said


def _interval(found: Estimate, asked: Asked, *, signed: bool = False) -> str:
    form = "+.1%" if signed else ".1%"
    if found.value is None or found.low is None or found.high is None:
        return found.why
    return f"{found.value:{form}} ({asked.confidence * 100:.4g} % interval {found.low:{form}} to {found.high:{form}})"


def _points(share: float) -> str:
    return f"{share * 100:.4g} points"


def worst(judged: Sequence[Criterion] | Sequence[Decision]) -> Outcome:
    """What the gate says over all criteria, or over all judges."""
    found = {one.outcome for one in judged}
    return next(one for one in (Outcome.FAILED, Outcome.UNSURE, Outcome.PASSED) if one in found)
