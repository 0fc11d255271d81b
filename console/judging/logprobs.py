"""Scores from log-probabilities (Liu et al. 2023, section 2: the score is the sum of p(s) * s over the scale).

The tokens of the score are found by where the number stands in the reply, never by counting tokens. A number may
share its first token with what stands before it (`":4`), its last with what follows (`4}`), and may take several
(`1`, `0`). Alternatives beside the first token are other scores; alternatives beside a later one continue what
was written so far, or end it there.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import NamedTuple

from console.errors import Unscored
from console.judging.replies import ReplyForm
from console.records import ScoreRange

_START = re.compile(r"[+-]?[0-9]*\.?[0-9]*")
_NEXT = re.compile(r"[0-9]*\.?[0-9]*")


class Token(NamedTuple):
    """A piece of a reply."""

    text: str
    logprob: float
    top: Sequence[tuple[str, float]] = ()
    """The likeliest pieces at this place with their log-probabilities, the chosen one among them."""
    size: int | None = None
    """Its length in bytes of UTF-8, where the text alone does not tell: a character may be cut in two."""

    @property
    def options(self) -> Iterator[tuple[str, float]]:
        """Every piece and its probability, each text once, the chosen one included."""
        seen = {**dict(self.top), self.text: self.logprob}
        return ((text, math.exp(min(logprob, 0.0))) for text, logprob in seen.items())

    @property
    def probability(self) -> float:
        """Of the piece that was chosen."""
        return math.exp(min(self.logprob, 0.0))


@dataclass(frozen=True, slots=True)
class Weighted:
    """The score of one response."""

    score: float
    """Mean over the scale."""
    distribution: dict[str, float]
    """Probability per score, adding up to 1, in ascending order."""
    captured: float
    """Share of the probability that was on the scale before it was renormalised."""


def weigh(reply: str, form: ReplyForm, tokens: Sequence[Token], scale: ScoreRange) -> Weighted:
    """The probability-weighted score of a response.

    Raises:
        Unscored: the tokens are not those of the reply, or no probability lies on the scale.
    """
    first, spans = _locate(reply, form, tokens)
    masses: dict[float, float] = {}
    for text, mass in _Path(tokens, spans, _bytes(reply, form.start), _bytes(reply, form.end), scale).masses(first):
        score = _number(text)
        if score is not None and scale.min <= score <= scale.max:
            masses[score] = masses.get(score, 0.0) + mass
    captured = math.fsum(masses.values())
    if captured <= 0.0:
        raise Unscored(
            "No valid score tokens found. G-EVAL requires valid numerical score tokens in range "
            f"[{scale.min}, {scale.max}] at token position {first}.",
            reply=reply,
        )
    ordered = {score: masses[score] / captured for score in sorted(masses)}
    return Weighted(
        score=math.fsum(score * mass for score, mass in ordered.items()),
        distribution={f"{score:g}": mass for score, mass in ordered.items()},
        captured=min(captured, 1.0),
    )


def _bytes(reply: str, position: int) -> int:
    return len(reply[:position].encode())


def _locate(reply: str, form: ReplyForm, tokens: Sequence[Token]) -> tuple[int, list[tuple[int, int]]]:
    """The index of the token in which the number begins, and the span of every token in bytes of the reply."""
    sizes = [len(token.text.encode()) if token.size is None else token.size for token in tokens]
    spans = list(pairwise(accumulate(sizes, initial=0)))
    start = _bytes(reply, form.start)
    first = next((index for index, (_begin, end) in enumerate(spans) if end > start), None)
    if first is None or not _covers(tokens, spans, first, start, form):
        raise Unscored("The log-probabilities do not belong to the reply.", reply=reply)
    return first, spans


def _covers(tokens: Sequence[Token], spans: Sequence[tuple[int, int]], first: int, start: int, form: ReplyForm) -> bool:
    """Whether the number really stands in the tokens at its place."""
    end = start + len(form.score)
    parts = (token.text for token, span in zip(tokens[first:], spans[first:], strict=True) if span[0] < end)
    written = "".join(parts).encode()
    return written[start - spans[first][0] :].startswith(form.score.encode())


class _Path:
    """The tokens of the number that was written, and what else could have been there."""

    def __init__(
        self, tokens: Sequence[Token], spans: Sequence[tuple[int, int]], start: int, end: int, scale: ScoreRange
    ) -> None:
        self._tokens = tokens
        self._spans = spans
        self._start = start
        self._end = end
        self._digits = max(len(str(abs(scale.min))), len(str(abs(scale.max))))

    def masses(self, first: int) -> Iterator[tuple[str, float]]:
        """Every number that could be read at this place, with its probability."""
        token = self._tokens[first]
        lead = token.text.encode()[: self._start - self._spans[first][0]].decode(errors="replace")
        for text, mass in token.options:
            if text != token.text:
                yield _after(lead, text), mass
        written = token.text[len(lead) :]
        yield from self._on(first, _taken(_START, written), token.probability)

    def _on(self, index: int, so_far: str, weight: float) -> Iterator[tuple[str, float]]:
        """What the number becomes after the token `index`, which is part of it."""
        finish = self._spans[index][1]
        follows = self._tokens[index + 1] if index + 1 < len(self._tokens) else None
        if finish > self._end or follows is None or (finish == self._end and not self._may_grow(so_far)):
            yield so_far, weight
            return
        for text, mass in follows.options:
            grown = so_far + _taken(_NEXT, text)
            if finish < self._end and text == follows.text:
                yield from self._on(index + 1, grown, weight * mass)
            else:
                yield grown, weight * mass

    def _may_grow(self, so_far: str) -> bool:
        """Whether another digit would still give a score of the scale."""
        return len(so_far.lstrip("+-0")) < self._digits and self._digits > 1


def _after(lead: str, text: str) -> str:
    """The number in an alternative, after what the chosen token has before its own; space does not count."""
    rest = text.lstrip()
    for character in "".join(lead.split()):
        if not rest.startswith(character):
            return ""
        rest = rest[1:].lstrip()
    return _taken(_START, rest)


def _taken(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.match(text)
    return found.group() if found else ""


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
