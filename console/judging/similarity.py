"""The metric `similarity`: how near the evaluated text is to its reference, by the cosine of their embeddings.

Needs no model of a provider and no network. Below zero texts have nothing to do with each other, and how little is
no news: the cosine is cut to 0..1 and laid over the scale of the case.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from console.errors import JudgingError
from console.judging.windows import Embedder, embed_whole, windows
from console.records import Artifact, Results, Snapshot

MODE = "similarity"


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
    text, reference = embed_whole(embedder, [artifact.evaluation_target, artifact.expected_output]).astype(np.float64)
    cosine = float(text @ reference / (np.linalg.norm(text) * np.linalg.norm(reference)))
    counts = [len(part) for part in parts]
    how = f" Of {counts[0]} and {counts[1]} windows, each by its length." if max(counts) > 1 else ""
    share = min(max(cosine, 0.0), 1.0)
    scale = snapshot.score_range
    score = scale.at(share)
    return Results(
        final_score=score,
        final_score_normalized=scale.normalise(score),
        all_responses=[score],
        scoring_mode=MODE,
        reasons=[f"The cosine of the two embeddings is {cosine:.4f}.{how}"],
        execution_time_seconds=clock() - began,
        cost=0.0,
    )
