"""Vectors and chunks to put into collections."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from console.records import Json, NewChunk


def unit_rows(count: int, dimension: int = 384, *, seed: int = 7) -> NDArray[np.float32]:
    """Random directions: float32[count, dimension], L2-normalised."""
    rows = np.random.default_rng(seed).standard_normal((count, dimension)).astype(np.float32)
    normalised: NDArray[np.float32] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return normalised


def clustered_rows(count: int, dimension: int = 384, *, clusters: int = 50, seed: int = 7) -> NDArray[np.float32]:
    """Directions around some centres, as texts of some topics have them: float32[count, dimension], L2-normalised."""
    dice = np.random.default_rng(seed)
    centres = dice.standard_normal((clusters, dimension))
    rows = centres[dice.integers(0, clusters, count)] + 0.6 * dice.standard_normal((count, dimension))
    normalised = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return np.asarray(normalised, dtype=np.float32)


def new_chunks(count: int, text: str = "text", *, seed: int = 7, metadata: Json | None = None) -> list[NewChunk]:
    """Chunks `<text> 0`, `<text> 1`, ... with random vectors."""
    rows = unit_rows(count, seed=seed)
    return [NewChunk(text=f"{text} {n}", embedding=rows[n], metadata=metadata or {}) for n in range(count)]
