"""Groups of texts alike, and where to put them on a map of two dimensions.

The number of groups is the one with the best silhouette; scikit-learn does the mathematics.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from console.search.maps.projection import project

MOST_GROUPS = 8
LEAST_TO_SPLIT = 6
"""Texts from which on there can be more than one group."""
WORDS = 6
_CLEAR = 0.05
"""Silhouette below which the texts are one group: nothing separates them."""
Matrix = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class TextGroup:
    """Texts alike."""

    members: list[int]
    """Places of its texts, the nearest to the middle first."""
    words: list[str]
    similarity: float
    """Mean cosine to the middle."""


@dataclass(frozen=True, slots=True)
class Grouping:
    """All texts in groups."""

    groups: list[TextGroup]
    """The largest first."""
    positions: Matrix
    """float32[n, 2], one per text."""


def group(vectors: Sequence[Matrix], texts: Sequence[str]) -> Grouping:
    """Groups at least one text by its vector.

    Args:
        vectors: float32[d] each, L2-normalised.
        texts: what the words of a group are taken from.
    """
    matrix = np.stack(vectors)
    labels = _labels(matrix)
    words = _words(labels, texts)
    groups = []
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        middle = matrix[members].mean(axis=0)
        cosine = matrix[members] @ (middle / max(float(np.linalg.norm(middle)), 1e-12))
        ordered = members[np.argsort(-cosine, kind="stable")]
        groups.append(TextGroup(ordered.tolist(), words[int(label)], float(cosine.mean())))
    groups.sort(key=lambda one: -len(one.members))
    return Grouping(groups, project(matrix, None, "pca").points)


def _labels(matrix: Matrix) -> NDArray[np.int32]:
    """The group of each text; the number of groups has the best silhouette."""
    from sklearn.cluster import KMeans
    from sklearn.metrics import silhouette_score

    one_group = np.zeros(len(matrix), dtype=np.int32)
    distinct = len(np.unique(matrix, axis=0))
    if len(matrix) < LEAST_TO_SPLIT or distinct < 2:
        return one_group
    best, best_score = one_group, _CLEAR
    for count in range(2, min(MOST_GROUPS, len(matrix) // 2, distinct) + 1):
        labels = KMeans(count, n_init=4, random_state=0).fit_predict(matrix)
        if not 1 < len(np.unique(labels)) < len(matrix):
            continue
        score = float(silhouette_score(matrix, labels, sample_size=min(len(matrix), 1_000), random_state=0))
        if score > best_score:
            best, best_score = labels.astype(np.int32), score
    return best


def _words(labels: NDArray[np.int32], texts: Sequence[str]) -> dict[int, list[str]]:
    """The words of each group by their share in it against the other groups (TF-IDF over groups)."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, TfidfVectorizer

    together = {
        int(label): " ".join(text for text, one in zip(texts, labels, strict=True) if one == label)
        for label in np.unique(labels)
    }
    counter = TfidfVectorizer(
        stop_words=list(ENGLISH_STOP_WORDS), token_pattern=r"(?u)\b[^\W\d_]{3,}\b", sublinear_tf=True
    )
    try:
        weights = counter.fit_transform(together.values()).toarray()
    except ValueError:  # no text has a word of three letters
        return {label: [] for label in together}
    names = counter.get_feature_names_out()
    return {
        label: [str(names[place]) for place in np.argsort(-row, kind="stable")[:WORDS] if row[place] > 0]
        for label, row in zip(together, weights, strict=True)
    }
