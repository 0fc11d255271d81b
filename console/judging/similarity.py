"""The metric `similarity`: how near the evaluated text is to its reference, by the cosine of their embeddings.

Needs no model of a provider and no network. Below zero texts have nothing to do with each other, and how little is
no news: the cosine is cut to 0..1 and laid over the scale of the case.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from console.errors import JudgingError
from console.records import Artifact, Results, Snapshot

MODE = "similarity"
WINDOW = 500
"""Characters of English that surely fit an embedder's window of 256 tokens; other scripts count threefold."""
_OTHER_SCRIPT = 3


class Embedder(Protocol):
    """What turns texts into vectors."""

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """float32[n, d], L2-normalised."""
        ...


def similarity(
    snapshot: Snapshot, artifact: Artifact, embedder: Embedder, *, clock: Callable[[], float] = time.perf_counter
) -> Results:
    """The results of comparing an artifact with its reference.

    Raises:
        JudgingError: there is no reference, or no text.
    """
    if not artifact.expected_output or not artifact.evaluation_target.strip():
        missing = "text" if artifact.expected_output else "reference"
        raise JudgingError(
            f"There is no {missing} to compare: the metric similarity needs the evaluated text and its reference.\n"
            "Give the document an expected output, or use a judge of the metric geval."
        )
    began = clock()
    parts = windows(artifact.evaluation_target), windows(artifact.expected_output)
    text, reference = (_whole(embedder, part) for part in parts)
    cosine = float(text @ reference / (np.linalg.norm(text) * np.linalg.norm(reference)))
    counts = [len(part) for part in parts]
    how = f" Of {counts[0]} and {counts[1]} windows, each by its length." if max(counts) > 1 else ""
    share = min(max(cosine, 0.0), 1.0)
    scale = snapshot.score_range
    score = scale.min + share * (scale.max - scale.min)
    return Results(
        final_score=score,
        final_score_normalized=scale.normalise(score),
        all_responses=[score],
        scoring_mode=MODE,
        reasons=[f"The cosine of the two embeddings is {cosine:.4f}.{how}"],
        execution_time_seconds=clock() - began,
        cost=0.0,
    )


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


def _whole(embedder: Embedder, parts: Sequence[str]) -> NDArray[Any]:
    """float64[d]: the mean of the windows' vectors, each by its length."""
    vectors = embedder.embed(parts).astype(np.float64)
    mean: NDArray[Any] = np.average(vectors, axis=0, weights=[max(len(part), 1) for part in parts])
    return mean
