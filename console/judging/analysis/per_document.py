"""Correlations within each document, and their mean: the summary-level figures of Liu et al. (2023), table 1.

Pooled over all texts a correlation also counts how well a judge tells easy documents from hard ones. Within a document,
over what different systems wrote about it, it counts only which text is the better one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from console.judging.analysis.statistics import RESAMPLES, SEED, Correlations, Estimate, percentiles

Floats = NDArray[np.float64]
LEAST = 2
"""Texts of a document, from which on it has an order; and documents, from which on there is a mean of several."""
_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class PerDocument:
    """Means over documents."""

    correlations: Correlations
    """Each `n` is the number of documents that count."""
    documents: int
    """With at least `LEAST` scored texts."""
    constant: int
    """Of these left out, because all scores on one side are the same there: they define no correlation."""


def per_document(left: Sequence[float], right: Sequence[float], documents: Sequence[Hashable]) -> PerDocument:
    """Pearson's r, Spearman's rho and Kendall's tau-b of the texts of each document, averaged over documents.

    Intervals: percentiles of the means of `RESAMPLES` resamples of the documents.

    Args:
        left, right: float[n], finite, in the same order.
        documents: what each pair belongs to.
    """
    places: dict[Hashable, list[int]] = {}
    for place, document in enumerate(documents):
        places.setdefault(document, []).append(place)
    x, y = np.asarray(left, dtype=np.float64), np.asarray(right, dtype=np.float64)
    several = [found for found in places.values() if len(found) >= LEAST]
    telling = [found for found in several if min(float(np.ptp(x[found])), float(np.ptp(y[found]))) > _TOLERANCE]

    def mean(of: Callable[[Floats, Floats], float]) -> Estimate:
        return _mean(np.array([of(x[found], y[found]) for found in telling]), len(several))

    return PerDocument(
        Correlations(
            pearson=mean(lambda a, b: float(np.corrcoef(a, b)[0, 1])),
            spearman=mean(lambda a, b: float(np.corrcoef(stats.rankdata(a), stats.rankdata(b))[0, 1])),
            kendall=mean(lambda a, b: float(stats.kendalltau(a, b).statistic)),
        ),
        documents=len(several),
        constant=len(several) - len(telling),
    )


def _mean(found: Floats, several: int) -> Estimate:
    if not len(found):
        why = "all scores of each document are the same" if several else "no document has two scored texts"
        return Estimate(None, why=f"not defined because {why}")
    value = math.fsum(found.clip(-1, 1)) / len(found)
    if len(found) < LEAST:
        return Estimate(value, n=len(found), why="no interval: it needs several documents")
    drawn = np.random.default_rng(SEED).integers(0, len(found), (RESAMPLES, len(found)))
    return percentiles(value, len(found), np.sort(found)[drawn].mean(axis=1), "bootstrap of documents")
