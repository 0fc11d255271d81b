"""Splits a text into chunks of so many tokens, with an overlap, at the ends of paragraphs and sentences where it can.

A chunk is a slice of the text: `text[chunk.start:chunk.end] == chunk.text`. An embedder sees a limited number of
tokens (256 for `minilm`, two of them its own); what lies beyond is not embedded, so chunks stay below.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Span = tuple[int, int]

SIZE = 200
"""Tokens of a chunk."""
OVERLAP = 40
"""Tokens that a chunk repeats of the one before."""
_LONGEST_TOKEN = 16
"""Characters that count as one token at least: tokenizers take a word without end for one unknown token."""
_PART = 20_000
"""Characters that are counted at once; bounds the memory."""
_ROWS = 512
"""Records that are counted at once."""
_ENDS = (
    re.compile(r"\n\s*\n\s*"),
    re.compile(r"(?<=[.!?…。！？])[\"'”’)\]]*\s+|\n+|(?<=[。！？])"),
    re.compile(r"\s+"),
)
"""Where a text may be cut: after paragraphs, sentences and lines, words; the best first."""


class TokenCounter(Protocol):
    """Knows the tokens of an embedder."""

    def spans(self, texts: Sequence[str]) -> list[list[Span]]:
        """Start and end of every token of each text, in order, in characters."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A chunk of a text."""

    text: str
    start: int
    """Characters before it in the text."""
    end: int


def chunk_text(text: str, counter: TokenCounter, *, size: int = SIZE, overlap: int = OVERLAP) -> list[Piece]:
    """The chunks of a text, in order; none for a text without tokens.

    Args:
        size: most tokens of a chunk.
        overlap: about how many tokens of a chunk the next one repeats, from the start of a sentence or word on;
            below half of the size.
    """
    if not 0 <= overlap < size / 2:
        raise ValueError("The overlap must be below half of the size.")
    starts, ends = _tokens(text, counter)
    cuts = [_cuts(text, pattern, starts) for pattern in _ENDS]
    pieces, first = [], 0
    while first < len(starts):
        last = _cut_between(cuts, first + size // 2, first + size, len(starts))
        pieces.append(Piece(text[starts[first] : ends[last - 1]], int(starts[first]), int(ends[last - 1])))
        if last == len(starts):
            break
        first = _first_after(cuts, last - overlap, last) if overlap else last
    return pieces


def chunk_rows(texts: Sequence[str], counter: TokenCounter, *, size: int = SIZE) -> list[list[Piece]]:
    """The chunks of each record, in order: one, or several without overlap for a record of more than `size` tokens.

    Offsets are those in the record. Counts the tokens of many records at once, which is several times faster.
    """
    chunks: list[list[Piece]] = []
    for start in range(0, len(texts), _ROWS):
        some = texts[start : start + _ROWS]
        for text, spans in zip(some, counter.spans([text[:_PART] for text in some]), strict=True):
            if len(text) <= _PART and sum(-(-(end - first) // _LONGEST_TOKEN) for first, end in spans) <= size:
                chunks.append([Piece(text, 0, len(text))] if spans else [])
            else:
                chunks.append(chunk_text(text, counter, size=size, overlap=0))
    return chunks


def _tokens(text: str, counter: TokenCounter) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Starts and ends of all tokens; long ones are split."""
    places = list(_parts(text))
    found: list[Span] = []
    for (start, _), spans in zip(places, counter.spans([text[a:b] for a, b in places]), strict=True):
        for first, last in spans:
            step = range(first, last, _LONGEST_TOKEN)
            found += [(start + one, start + min(one + _LONGEST_TOKEN, last)) for one in step]
    table = np.array(found, dtype=np.int64).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def _parts(text: str) -> Iterator[Span]:
    """The text in parts that end between words."""
    start = 0
    while start < len(text):
        end = start + _PART
        if end < len(text):
            space = max(text.rfind(" ", start + _PART // 2, end), text.rfind("\n", start + _PART // 2, end))
            end = space + 1 if space > 0 else end
        yield start, min(end, len(text))
        start = end


def _cuts(text: str, pattern: re.Pattern[str], starts: NDArray[np.int64]) -> list[int]:
    """Numbers of the tokens that begin something, in order."""
    places = np.fromiter((match.end() for match in pattern.finditer(text)), dtype=np.int64)
    numbers = np.searchsorted(starts, places)
    return [int(one) for one in np.unique(numbers)]


def _cut_between(cuts: Sequence[list[int]], least: int, most: int, total: int) -> int:
    """The number of the token before which a chunk ends: the last best cut in reach."""
    if most >= total:
        return total
    for places in cuts:
        place = bisect_left(places, most + 1) - 1
        if place >= 0 and places[place] > least:
            return places[place]
    return most


def _first_after(cuts: Sequence[list[int]], least: int, most: int) -> int:
    """The number of the token with which the next chunk begins: the first sentence or word in the overlap."""
    for places in cuts[1:]:
        place = bisect_left(places, least)
        if place < len(places) and places[place] < most:
            return places[place]
    return least
