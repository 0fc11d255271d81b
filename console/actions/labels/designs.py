"""For how many runs each label speaks, when labels came from several queues, files and times.

- Labels of the review queue over the same runs are one sample, whichever queue they came from: a run's own chance is
  the same in all of them, so a run is in the sample when it is early enough in any. Its odds are the largest of those
  that the queues had given it by the time that they were left (permanent random numbers: Ohlsson, 1995).
- Queues over runs of other times are samples of those times: each run counts by one over its odds.
- Labels from files with `selection` are one sample for each selection, drawn without regard to the others: their
  weights add up to one in each, and samples count by their effective size.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

import numpy as np
from numpy.typing import NDArray

from console.actions.labels.review import place_of
from console.actions.runs.labelled import LabelledRun
from console.records import Drawn, Frame, RunSummary, Selection

Floats = NDArray[np.float64]
_OVERLAP = 0.5
"""Of the shorter of two frames: those that share more are one, seen at different moments."""


@dataclass(frozen=True, slots=True)
class Hull:
    """The runs that queues drew from."""

    first: datetime
    last: datetime
    runs: int
    """How many; of frames that overlap a little some count twice."""
    judges: frozenset[str]
    """Empty is every judge of the case."""

    def holds(self, row: RunSummary) -> bool:
        """Whether a run is among them."""
        return self.first <= row.started_at <= self.last and (not self.judges or row.judge_id in self.judges)


@dataclass(frozen=True, slots=True)
class KnownOdds:
    """Labelled runs that were drawn with known odds, by what they were drawn from."""

    rounds: list[list[LabelledRun]] = field(default_factory=list)
    """From review queues: those over the same runs together."""
    files: list[list[LabelledRun]] = field(default_factory=list)
    """Drawn from all runs, as whoever brought them says: those of one selection together."""
    one_judge_only: int = 0
    """Left out: drawn from the runs of one judge, where all are asked about and others were drawn from all."""

    @property
    def hull(self) -> Hull | None:
        """What the queues drew from; None without labels of a queue."""
        frames = [max((_frame(one) for one in some), key=lambda frame: frame.runs) for some in self.rounds]
        if not frames:
            return None
        every = [_frame(one) for some in self.rounds for one in some]
        judges = {frame.judge_id or frame.shown for frame in every}
        return Hull(
            min(frame.first for frame in every),
            max(frame.last for frame in every),
            sum(frame.runs for frame in frames),
            frozenset() if None in judges else frozenset(cast("set[str]", judges)),
        )


def with_known_odds(runs: Iterable[LabelledRun], judge_id: str | None) -> KnownOdds:
    """The labelled runs that say something about others.

    Args:
        judge_id: the judge that is asked about; None is all of them.
    """
    known = [one for one in runs if one.row.drawn and one.row.drawn.known]
    framed = [one for one in known if _drawn(one).frame]
    loose = [one for one in known if not _drawn(one).frame]
    of_one = [one for one in framed if judge_id is None and _frame(one).judge_id is not None]
    if 0 < len(of_one) < len(known):
        framed = [one for one in framed if _frame(one).judge_id is None]
    else:
        of_one = []
    files: dict[tuple[Selection, bool], list[LabelledRun]] = defaultdict(list)
    for one in loose:
        files[_drawn(one).selection, _drawn(one).probability is None].append(one)
    return KnownOdds(_rounds(framed), list(files.values()), len(of_one))


def _rounds(runs: Sequence[LabelledRun]) -> list[list[LabelledRun]]:
    """Runs that were drawn from the same others, as far as a few more or fewer make no difference; the newest first."""
    rounds: list[tuple[Frame, list[LabelledRun]]] = []
    for one in sorted(runs, key=lambda run: _frame(run).last, reverse=True):
        frame = _frame(one)
        there = next((some for held, some in rounds if _same(held, frame)), None)
        if there is None:
            rounds.append((frame, [one]))
        else:
            there.append(one)
    return [some for _, some in rounds]


def _same(one: Frame, other: Frame) -> bool:
    if one.judge_id != other.judge_id:
        return False
    shared = (min(one.last, other.last) - max(one.first, other.first)).total_seconds()
    shorter = min((frame.last - frame.first).total_seconds() for frame in (one, other))
    return shared >= _OVERLAP * shorter


@dataclass(frozen=True, slots=True)
class Weighed:
    """Labelled runs and their weights, which add up to 1."""

    runs: list[LabelledRun]
    weights: Floats
    samples: int
    """Samples that were put together: from files, and one for all queues."""

    def odds(self, of: int) -> Floats:
        """float[n]: with what probability each was drawn, when all together stand for `of` runs."""
        odds: Floats = np.minimum(1.0, 1 / (self.weights * of)) if of else np.ones(len(self.runs))
        return odds


def weigh(known: KnownOdds) -> Weighed:
    """For what share of all runs each of the labelled ones speaks."""
    samples = [_of_queues(known.rounds)] if known.rounds else []
    samples += [(some, _of_file(some)) for some in known.files]
    sizes = [weights.sum() ** 2 / np.square(weights).sum() for _, weights in samples]
    parts = [size * weights / weights.sum() for size, (_, weights) in zip(sizes, samples, strict=True)]
    together = np.concatenate([np.zeros(0), *parts])
    return Weighed([one for some, _ in samples for one in some], together / (together.sum() or 1.0), len(samples))


def _of_queues(rounds: Sequence[Sequence[LabelledRun]]) -> tuple[list[LabelledRun], Floats]:
    weights = [1 / np.array(_odds_of_round(some)) for some in rounds]
    return [one for some in rounds for one in some], np.concatenate(weights)


def _odds_of_round(runs: Sequence[LabelledRun]) -> list[float]:
    """The probability that each run came up, in any of the queues as far as people went in it."""
    reached: dict[tuple[Selection, str | None], float] = defaultdict(float)
    for one in runs:
        queue = _drawn(one).selection, _frame(one).shown
        reached[queue] = max(reached[queue], place_of(one.row.run_id, _drawn(one)))
    return [max(_reach(one, *queue, place) for queue, place in reached.items()) for one in runs]


def _reach(one: LabelledRun, selection: Selection, shown: str | None, place: float) -> float:
    """With what probability a run is within the first places of a queue."""
    if shown not in (None, one.row.judge_id):
        return 0.0
    drawn = _drawn(one)
    own = drawn.probability if selection is drawn.selection else _frame(one).odds.get(selection.value)
    return min(1.0, place * (own or 0.0))


def _of_file(runs: Sequence[LabelledRun]) -> Floats:
    """One over the odds; alike where a random sample does not say them."""
    return np.array([1 / (_drawn(one).probability or 1.0) for one in runs])


def _drawn(one: LabelledRun) -> Drawn:
    return cast(Drawn, one.row.drawn)


def _frame(one: LabelledRun) -> Frame:
    return cast(Frame, _drawn(one).frame)
