"""An approximate index (HNSW, Malkov & Yashunin, 2018, https://arxiv.org/abs/1603.09320) over a collection's rows.

usearch builds and walks the graph, over float16. Its answers are candidates only: their order comes from the rows.
How widely it searches is measured on the collection itself: one step more than the least width that finds the
neighbours of a sample of its rows. In vectors that are nearly at random no width does (`good`), and a scan is faster
than walking so widely. The graph is built once, with the library's own parameters: twice as many links and candidates
took three times as long to build and found no more at the same speed.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pyarrow as _  # type: ignore[import-untyped]  # noqa: F401 - loaded after usearch, its time zones crash
from numpy.typing import NDArray
from usearch.index import Index

from console.search.memory.matrix import Candidates, VectorMatrix, View

CONNECTIVITY = 16
EXPANSION_ADD = 128
WIDTHS = (32, 48, 64, 96, 128, 192, 256, 384, 512)
"""Widths of a search that are tried; the answer's quality and cost grow with it."""

_BATCH = 4_096
_FIRST = 64
"""Rows that one thread adds: where several begin an empty graph, a row may be left without a way to it."""
_SAMPLE = 128
_NEIGHBOURS = 10
_EXTRA = 16
_GOOD = 0.995
"""Share of a sample's neighbours that has to be found."""
_SEED = 7


class NeighbourGraph:
    """The graph over an index; it grows with it. Rows that are gone stay in it and are left out of answers."""

    def __init__(self, matrix: VectorMatrix) -> None:
        self.matrix = matrix
        self.found = 1.0
        """Share of a sample's neighbours that it finds."""
        self._tuned = 0
        self._graph = Index(
            ndim=matrix.dimension,
            metric="ip",
            dtype="f16",
            connectivity=CONNECTIVITY,
            expansion_add=EXPANSION_ADD,
            expansion_search=WIDTHS[-1],
        )

    def __len__(self) -> int:
        return len(self._graph)

    @property
    def nbytes(self) -> int:
        """Bytes of memory that the graph takes, its own copy of the vectors included."""
        return int(self._graph.memory_usage)

    @property
    def width(self) -> int:
        """Candidates that a search holds at a time."""
        return int(self._graph.expansion_search)

    @property
    def good(self) -> bool:
        """Whether it finds enough of them; else a scan is better."""
        return self.found >= _GOOD

    def catch_up(self) -> None:
        """Adds the rows that the graph does not have yet, and measures the width when they are many."""
        view = self.matrix.view()
        while (start := len(self._graph)) < len(view):
            rows = np.arange(start, min(start + (_BATCH if start else _FIRST), len(view)))
            self._graph.add(rows.astype(np.uint64), view.vectors(rows), threads=0 if start else 1)
        if view.live > _NEIGHBOURS and len(view) > 2 * self._tuned:
            self._tune(view)
            self._tuned = len(view)

    def nearest(self, view: View, query: NDArray[np.float32], wanted: int) -> Candidates:
        """About `wanted` rows of a view that are nearly always the nearest, nearest first."""
        if not len(view):
            return Candidates.none()
        found = self._graph.search(query, min(wanted + _EXTRA, len(self._graph)))
        rows = found.keys.astype(np.int64)
        if len(self._graph) > len(view):
            rows = rows[rows < len(view)]
        if len(view.dead):
            rows = np.setdiff1d(rows, view.dead)
        return view.narrowed(query, rows, len(rows))

    def _set_width(self, width: int) -> None:
        self._graph.expansion_search = width  # type: ignore[misc]  # its stub leaves out the setter

    def _tune(self, view: View) -> None:
        """Sets the width, and says what is found at it."""
        rows = np.setdiff1d(np.arange(len(view)), view.dead, assume_unique=True)
        sample = np.random.default_rng(_SEED).choice(rows, min(_SAMPLE, len(rows)), replace=False)
        queries = view.vectors(sample)
        best = [view.nearest(query, _NEIGHBOURS).rows[:_NEIGHBOURS] for query in queries]
        for width, wider in pairwise((*WIDTHS, WIDTHS[-1])):
            self._set_width(width)
            answers = self._graph.search(queries, min(_NEIGHBOURS + _EXTRA, len(self._graph))).keys
            found = float(np.mean([np.isin(one, keys).mean() for one, keys in zip(best, answers, strict=True)]))
            if found >= _GOOD:
                self._set_width(wider)
                break
        self.found = found
