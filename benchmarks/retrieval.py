"""How good the strategies' rankings are, on a collection with judged queries: nDCG@10 and recall@10.

    python -m benchmarks.retrieval FILE.json.gz

The file holds `documents` ({id, text}) and `queries` ({id, text, relevance: {document: grade}}). The baseline of
`exact` is numpy in float64 on the same vectors; intervals are 95 % of 2,000 bootstrap samples of the queries.
"""

from __future__ import annotations

import gzip
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from console.config import Settings
from console.records import NewChunk
from console.services import Services, build_services

STRATEGIES = ("hybrid", "native", "exact", "parallel", "ann")
K = 10
_BATCH = 50


def ndcg(found: Sequence[str], relevance: dict[str, float]) -> float:
    """nDCG@10 with the grades as gains."""
    discounts = 1 / np.log2(np.arange(2, K + 2))
    gains = np.array([relevance.get(one, 0) for one in found[:K]], dtype=np.float64)
    ideal = np.sort(np.array(list(relevance.values()), dtype=np.float64))[::-1][:K]
    return float(gains @ discounts[: len(gains)] / (ideal @ discounts[: len(ideal)]))


def recall(found: Sequence[str], relevance: dict[str, float]) -> float:
    """Share of the relevant documents among the first ten."""
    return len(set(found[:K]) & relevance.keys()) / len(relevance)


def interval(values: Sequence[float]) -> str:
    """Mean with its bootstrap interval."""
    dice = np.random.default_rng(7)
    means = np.asarray(values)[dice.integers(0, len(values), (2_000, len(values)))].mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return f"{np.mean(values):.4f} [{low:.3f}, {high:.3f}]"


def fill(services: Services, documents: list[dict[str, Any]], vectors: NDArray[np.float32]) -> str:
    """A collection with one chunk for each document; its id."""
    made = services.collections.create("Judged", by="bench")
    chunks = [
        NewChunk(text=one["text"], embedding=vector, metadata={"id": str(one["id"])})
        for one, vector in zip(documents, vectors, strict=True)
    ]
    services.vectors.put_document(made.collection_id, "judged.json", chunks)
    return made.collection_id


def main(path: str) -> None:
    """Prints a line for each strategy."""
    with gzip.open(path) as file:
        judged = json.load(file)
    documents, queries = judged["documents"], [one for one in judged["queries"] if one["relevance"]]
    with tempfile.TemporaryDirectory() as folder, build_services(Settings(data_dir=Path(folder))) as services:
        embed = services.embedder().embed
        texts = [one["text"] for one in documents]
        vectors = np.concatenate([embed(texts[start : start + _BATCH]) for start in range(0, len(texts), _BATCH)])
        asked = embed([one["text"] for one in queries])
        collection = services.collections.get(fill(services, documents, vectors))
        order = np.argsort(-(asked.astype(np.float64) @ vectors.astype(np.float64).T), axis=1)[:, :K]
        ids = [str(one["id"]) for one in documents]
        rankings = {"numpy": [[ids[row] for row in rows] for rows in order]}
        for name in STRATEGIES:
            rankings[name] = [
                [
                    hit.metadata["id"]
                    for hit in services.searcher.search(collection, vector, K, {}, name, one["text"]).answer.hits
                ]
                for one, vector in zip(queries, asked, strict=True)
            ]
        loaded = services.searcher.memory.get(collection.collection_id)
        rankings["BM25 alone"] = [
            [
                str(loaded.view.part_of(row).metadata(row)["id"])
                for row in loaded.words().nearest(one["text"], loaded.view, K).tolist()
            ]
            for one in queries
        ]
    for name, found in rankings.items():
        pairs = [(one, query["relevance"]) for one, query in zip(found, queries, strict=True)]
        quality, share = [ndcg(*pair) for pair in pairs], [recall(*pair) for pair in pairs]
        sys.stdout.write(f"{name:12} nDCG@10 {interval(quality)}   recall@10 {interval(share)}\n")


if __name__ == "__main__":
    main(sys.argv[1])
