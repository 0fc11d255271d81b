"""Vectors on a plane, so that a collection can be seen: nearby points have similar texts.

`pca` keeps as much as two straight axes can of how the vectors differ, and places the query without moving the others.
`tsne` (van der Maaten and Hinton, 2008) keeps neighbours together and distorts the rest; it takes seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Method = Literal["pca", "tsne"]

_SEED = 7
_PERPLEXITY = 30.0
_LEAST = 3
"""Points that a map needs."""


@dataclass(frozen=True, slots=True)
class Projection:
    """Where the vectors stand on the plane."""

    points: NDArray[np.float32]
    """float32[n, 2]."""
    query: NDArray[np.float32] | None
    """float32[2]; None without a query."""
    kept: float | None
    """Share of the variance that the plane shows; None where that has no meaning."""


def project(vectors: NDArray[np.float32], query: NDArray[np.float32] | None, method: Method) -> Projection:
    """The vectors (float32[n, d]) and the query (float32[d]) on a plane; the same input gives the same map.

    A few vectors, or only equal ones, stand in a row, without the query.
    """
    if len(vectors) < _LEAST or not np.ptp(vectors, axis=0).any():
        return Projection(_in_a_row(len(vectors)), None, None)
    return _tsne(vectors, query) if method == "tsne" else _pca(vectors, query)


def _pca(vectors: NDArray[np.float32], query: NDArray[np.float32] | None) -> Projection:
    from sklearn.decomposition import PCA

    fitted = PCA(n_components=2, svd_solver="covariance_eigh").fit(vectors)
    return Projection(
        points=fitted.transform(vectors).astype(np.float32),
        query=None if query is None else fitted.transform(query[None])[0].astype(np.float32),
        kept=float(np.nan_to_num(fitted.explained_variance_ratio_.sum())),
    )


def _tsne(vectors: NDArray[np.float32], query: NDArray[np.float32] | None) -> Projection:
    from sklearn.manifold import TSNE

    together = vectors if query is None else np.vstack([vectors, query])
    perplexity = min(_PERPLEXITY, (len(together) - 1) / 3)
    points = TSNE(metric="cosine", init="random", perplexity=perplexity, random_state=_SEED).fit_transform(together)
    placed = points.astype(np.float32)
    return Projection(placed[: len(vectors)], None if query is None else placed[-1], None)


def _in_a_row(count: int) -> NDArray[np.float32]:
    return np.array([[place, 0] for place in range(count)], dtype=np.float32).reshape(count, 2)
