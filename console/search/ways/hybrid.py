"""Search by meaning and by words at once: two rankings joined by reciprocal rank fusion.

Cormack, Clarke and Buettcher, "Reciprocal rank fusion outperforms Condorcet and individual rank learning methods"
(SIGIR 2009): a chunk's score is the sum of weight / (60 + rank) over the rankings that have it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec
import numpy as np

from console.errors import InvalidInput
from console.records import Collection, SearchHit
from console.search.memory.memory import Memory
from console.search.ways.strategies import Answer, Filters, Query, Ranked, Reads, Rows

FUSION = 60
DEPTH = 100
"""Ranks of each side that are joined, more when more results are asked for."""
WORDS_WEIGH = 1.5
"""Of the words against the vectors: .549 on Cranfield against .544 with equal weights (chosen on it)."""
RERANKED = 50
VECTORS, WORDS, BOTH = "vectors", "words", "both"


class Reranker(Protocol):
    """Scores how well texts answer a question, better and slower than either side: a cross-encoder, or a service."""

    def scores(self, question: str, texts: Sequence[str]) -> Sequence[float]:
        """One number for each text; the larger, the better."""


class Hybrid:
    """Vectors and words.

    Args:
        reranker: orders the first results again; None leaves them as they are.
    """

    name = "hybrid"

    def __init__(self, reads: Reads, memory: Memory, reranker: Reranker | None = None) -> None:
        self._memory = memory
        self._ranked = Ranked(reads, self.name)
        self._reranker = reranker

    def search(self, collection: Collection, vector: Query, k: int, filters: Filters, text: str = "") -> Answer:
        """The k best chunks. One request per 100 results that this process has not seen before.

        Raises:
            InvalidInput: there are no words to search for.
        """
        if not text.strip():
            raise InvalidInput("The strategy hybrid needs a text to search for. Choose exact.", field="strategy")
        loaded = self._memory.get(collection.collection_id)
        allowed = loaded.view.mask(filters) if filters else None
        depth = max(DEPTH, k)
        near = loaded.view.nearest(vector, depth, allowed).rows[:depth].tolist()
        worded = loaded.words().nearest(text, loaded.view, depth, allowed).tolist()
        order = fused(near, worded)
        found = self._ranked.scored(
            Rows(loaded.collection, loaded.view, loaded.serial), order[: max(k, RERANKED) + k], vector
        )
        sides = dict.fromkeys(near, VECTORS) | {row: BOTH if row in set(near) else WORDS for row in worded}
        hits = [msgspec.structs.replace(hit, found_by=sides[row]) for row, hit in found]
        return Answer(self._reranked(text, hits)[:k], loaded.remark, loaded.source)

    def _reranked(self, text: str, hits: list[SearchHit]) -> list[SearchHit]:
        if self._reranker is None or not hits:
            return hits
        head = hits[:RERANKED]
        scores = np.asarray(self._reranker.scores(text, [hit.text for hit in head]), dtype=np.float64)
        return [head[place] for place in np.argsort(-scores, kind="stable")] + hits[RERANKED:]


def fused(near: Sequence[int], worded: Sequence[int]) -> list[int]:
    """Rows of two rankings, best first by weighted reciprocal rank fusion; of equal ones, the nearest first."""
    scores: dict[int, float] = {}
    for ranking, weight in ((near, 1.0), (worded, WORDS_WEIGH)):
        for rank, row in enumerate(ranking, 1):
            scores[row] = scores.get(row, 0.0) + weight / (FUSION + rank)
    return sorted(scores, key=lambda row: -scores[row])
