"""The strategies of a process behind one door, and the choice between them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from console.errors import InvalidInput
from console.records import Collection
from console.search.memory.memory import Memory
from console.search.ways.fed import Fed
from console.search.ways.hybrid import Hybrid, Reranker
from console.search.ways.opensearch import OpenSearchIndex
from console.search.ways.strategies import (
    Answer,
    Filters,
    InMemory,
    Native,
    Parallel,
    Query,
    Reads,
    Strategy,
    choose,
    scan,
    walk,
)

AUTO = "auto"
STRATEGIES = (AUTO, "hybrid", "native", "exact", "parallel", "ann", "opensearch")
MOST_RESULTS = 10_000


@dataclass(frozen=True, slots=True)
class Searched:
    """An answer, and which strategy gave it."""

    answer: Answer
    strategy: str
    reason: str
    """Why it was chosen; empty when the caller named it."""


class Searcher:
    """Searches collections. Thread-safe.

    Args:
        open_search: opens the OpenSearch index; raises SetupError when none is configured.
        reranker: orders the first results of `hybrid` again.
    """

    def __init__(
        self,
        reads: Reads,
        memory: Memory,
        open_search: Callable[[], OpenSearchIndex],
        reranker: Reranker | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.memory = memory
        self._reads = reads
        exact = InMemory("exact", reads, memory, scan)
        strategies: tuple[Strategy, ...] = (
            Native(reads, exact),
            exact,
            Parallel(reads),
            InMemory("ann", reads, memory, walk),
            Fed(reads, open_search, clock),
        )
        self._hybrid = Hybrid(reads, memory, reranker)
        self._strategies: Mapping[str, Strategy] = {one.name: one for one in strategies}

    def search(
        self,
        collection: Collection,
        vector: Query,
        k: int,
        filters: Filters,
        strategy: str = AUTO,
        text: str = "",
    ) -> Searched:
        """The k best chunks of a collection: the nearest, or those that `hybrid` puts first.

        Args:
            vector: float32[d], L2-normalised.
            strategy: one of `STRATEGIES`.
            text: what the vector was made of, when it was a text.

        Raises:
            InvalidInput: the strategy does not exist or cannot do that, or k is not 1..10,000.
            SetupError: the strategy is not configured.
        """
        if not 1 <= k <= MOST_RESULTS:
            raise InvalidInput(f"The number of results must be 1 to {MOST_RESULTS:,}.", field="k")
        if strategy not in STRATEGIES:
            raise InvalidInput(
                f"There is no strategy {strategy!r}. Choose one of {', '.join(STRATEGIES)}.", field="strategy"
            )
        reason = ""
        if strategy == AUTO and text.strip():
            strategy, reason = self._hybrid.name, "A text is found best by its meaning and its words together."
        if strategy == self._hybrid.name:
            return Searched(self._hybrid.search(collection, vector, k, filters, text), strategy, reason)
        if strategy == AUTO:
            strategy, reason = choose(self._reads, self.memory, collection, k, filters)
        answer = self._strategies[strategy].search(collection, vector, k, filters)
        return Searched(answer, strategy, reason)
