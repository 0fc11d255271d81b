"""The expected score of a response: the sum of p(s) * s over the scale (Liu et al. 2023, section 2), also where a
score takes several tokens.

The likely pieces beside a chosen one say how a number could have begun, not what it would have become: `1` is the
beginning of 10 as well as 1. What follows such a beginning is read off the responses that went on from it; where none
did, its probability is left out and counts as not captured. What a server does not list at all (it names at most
twenty pieces) is represented by the responses that chose something unlisted, where there are any.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from console.judging.logprobs import BEFORE, Path, Step, taken
from console.records import ScoreRange

_DEEPEST = 12
"""Tokens of one number."""


@dataclass(frozen=True, slots=True)
class Weighted:
    """The score of one response."""

    score: float
    """Mean over the scale."""
    distribution: dict[str, float]
    """Probability per score, adding up to 1, in ascending order."""
    captured: float
    """Share of the probability that was seen to be on scores of the scale, before it was renormalised."""


def weigh(paths: Sequence[Path], scale: ScoreRange) -> list[Weighted | None]:
    """The probability-weighted score of each response of a run; None where no probability lies on the scale.

    Args:
        paths: of all responses to the same prompt.
    """
    tree = _Tree(paths, scale)
    return [_weighted(_Walk(path, tree), scale) for path in paths]


def _weighted(walk: _Walk, scale: ScoreRange) -> Weighted | None:
    masses: dict[float, float] = {}
    seen = []
    for score, mass, listed in walk.masses(None, 1.0):
        if scale.min <= score <= scale.max:
            masses[score] = masses.get(score, 0.0) + mass
            if listed:
                seen.append(mass)
    total = math.fsum(masses.values())
    if total <= 0.0:
        return None
    shares = {score: masses[score] / total for score in sorted(masses)}
    return Weighted(
        score=math.fsum(score * share for score, share in shares.items()),
        distribution={f"{score:g}": share for score, share in shares.items()},
        captured=min(math.fsum(seen), 1.0),
    )


class _Tree:
    """What the responses of a run show together: how numbers go on after their first characters."""

    def __init__(self, paths: Sequence[Path], scale: ScoreRange) -> None:
        self._scale = scale
        self._steps: dict[str | None, list[tuple[Step, float]]] = {}
        for path in paths:
            for step in path.steps:
                self._steps.setdefault(step.before, []).append((step, path.score))
        self._means: dict[str | None, Step] = {}

    def mean(self, before: str | None) -> Step:
        """The mean of what the responses show after these characters."""
        if before not in self._means:
            options: dict[str, float] = {}
            steps = [step for step, _ in self._steps[before]]
            for step in steps:
                for text, probability in step.options.items():
                    options[text] = options.get(text, 0.0) + probability / len(steps)
            self._means[before] = Step(before, options, "")
        return self._means[before]

    def unlisted(self, before: str | None) -> list[float]:
        """The scores of the responses that chose a piece there that was not listed."""
        return [score for step, score in self._steps[before] if step.chosen not in step.options]

    def goes_on(self, number: str) -> bool:
        """Whether responses show what follows these characters, and that matters."""
        steps = self._steps.get(number, ())
        return bool(steps) and (self.unsettled(number) or any(taken(number, step.chosen) for step, _ in steps))

    def unsettled(self, number: str) -> bool:
        """Whether another score begins with these characters."""
        return self._scale.grows(number)


class _Walk:
    """From the first characters of a number to scores, by a response's own steps and else by those of all."""

    def __init__(self, path: Path, tree: _Tree) -> None:
        self._own = {step.before: step for step in path.steps}
        self._tree = tree

    def masses(self, before: str | None, weight: float, depth: int = 0) -> Iterator[tuple[float, float, bool]]:
        """Scores with their probabilities, and whether the server listed these."""
        step = self._own.get(before) or self._tree.mean(before)
        for text, probability in step.options.items():
            yield from self._option(before, text, weight * probability, depth)
        rest = max(1.0 - math.fsum(step.options.values()), 0.0)
        unlisted = self._tree.unlisted(before) if rest else []
        for score in unlisted:
            yield score, weight * rest / len(unlisted), False

    def _option(self, before: str | None, text: str, mass: float, depth: int) -> Iterator[tuple[float, float, bool]]:
        """What a likely piece makes of the number: a score, a beginning that goes on, or nothing."""
        piece = text if before else text.lstrip(BEFORE)
        more = taken(before, text)
        number = (before or "") + more
        ended = len(piece) > len(more) or (bool(before) and not more)
        if not ended and number != before and depth < _DEEPEST and self._tree.goes_on(number):
            yield from self.masses(number, mass, depth + 1)
        elif ended or not self._tree.unsettled(number):
            score = _number(number)
            if score is not None:
                yield score, mass, True


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
