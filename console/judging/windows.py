"""Texts beyond an embedder's window: all of a text counts, as the mean of its windows' vectors, each by its length.

An embedder that is given more than its window holds leaves the rest out without a word.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

WINDOW = 500
"""Characters of English that surely fit an embedder's window of 256 tokens; other scripts count threefold."""
_OTHER_SCRIPT = 3


class Embedder(Protocol):
    """What turns texts into vectors."""

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """float32[n, d], L2-normalised."""


def embed_whole(embedder: Embedder, texts: Sequence[str]) -> NDArray[np.float32]:
    """float32[n, d], L2-normalised: each text whole, however long. One call of the embedder."""
    parts = [windows(text) for text in texts]
    vectors = embedder.embed([part for found in parts for part in found])
    if all(len(found) == 1 for found in parts):
        return vectors
    spans = pairwise(accumulate((len(found) for found in parts), initial=0))
    means = [
        np.average(vectors[start:end].astype(np.float64), axis=0, weights=[max(len(part), 1) for part in found])
        for found, (start, end) in zip(parts, spans, strict=True)
    ]
    whole = np.array(means)
    normalised: NDArray[np.float32] = (whole / np.linalg.norm(whole, axis=1, keepdims=True).clip(1e-12)).astype(
        np.float32
    )
    return normalised


def how_embedded(text: str) -> str | None:
    """How a long text is embedded, in words; None for one that fits."""
    count = len(windows(text))
    if count == 1:
        return None
    return f"The text is longer than the embedder's window: {count:,} windows of it count, each by its length."


def windows(text: str) -> list[str]:
    """A text in pieces that an embedder sees whole, cut between words; never empty."""
    found: list[list[str]] = [[]]
    room = WINDOW
    for word in _words(text):
        size = _size(word)
        if found[-1] and size > room:
            found.append([])
            room = WINDOW
        found[-1].append(word)
        room -= size
    return [" ".join(words) for words in found] if len(found) > 1 else [text]


def _words(text: str) -> Iterator[str]:
    """The words of a text; one that is longer than a window in pieces."""
    longest = WINDOW // _OTHER_SCRIPT
    for word in text.split():
        yield from (word[start : start + longest] for start in range(0, len(word), longest))


def _size(word: str) -> int:
    return len(word) * (1 if word.isascii() else _OTHER_SCRIPT) + 1
