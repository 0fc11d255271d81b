"""How good the strategies' rankings are, on a collection with judged queries: nDCG@10 and recall@10.

    python -m benchmarks.retrieval FILE.json.gz [FOLDER]

The file holds `documents` ({id, text}) and `queries` ({id, text, relevance: {document: grade}}). The baselines are
numpy in float64 on the same vectors, BM25 alone and plain fusion; intervals are 95 % of 2,000 bootstrap samples of the
queries, also of the difference to `exact`. FOLDER keeps the vectors for the next time.
"""

from __future__ import annotations

import gzip
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from console.config import Settings
from console.records import Collection, NewChunk
from console.search.ways.hybrid import DEPTH, fused
from console.services import Services, build_services

STRATEGIES = ("exact", "hybrid", "native", "ann", "parallel")
K = 10
_BATCH = 50
Scores = NDArray[np.float64]
Ranking = Callable[[int], list[str]]


def ndcg(found: Sequence[str], relevance: dict[str, float]) -> float:
    """nDCG@10 with the grades as gains."""
    discounts = 1 / np.log2(np.arange(2, K + 2))
    gains = np.array([relevance.get(one, 0) for one in found[:K]], dtype=np.float64)
    ideal = np.sort(np.array(list(relevance.values()), dtype=np.float64))[::-1][:K]
    return float(gains @ discounts[: len(gains)] / (ideal @ discounts[: len(ideal)]))


def recall(found: Sequence[str], relevance: dict[str, float]) -> float:
    """Share of the relevant documents among the first ten."""
    return len(set(found[:K]) & relevance.keys()) / len(relevance)


def interval(values: Scores) -> str:
    """Mean with its bootstrap interval."""
    dice = np.random.default_rng(7)
    means = values[dice.integers(0, len(values), (2_000, len(values)))].mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return f"{values.mean():.4f} [{low:.3f}, {high:.3f}]"


def fill(services: Services, documents: list[dict[str, Any]], vectors: NDArray[np.float32]) -> Collection:
    """A collection with one chunk for each document."""
    made = services.collections.create("Judged", by="bench")
    chunks = [
        NewChunk(text=one["text"], embedding=vector, metadata={"id": str(one["id"])})
        for one, vector in zip(documents, vectors, strict=True)
    ]
    services.vectors.put_document(made.collection_id, "judged.json", chunks)
    return services.collections.get(made.collection_id)


def embedded(services: Services, texts: Sequence[str], kept: Path) -> NDArray[np.float32]:
    """The vectors of some texts, from a file when it has them."""
    if kept.exists():
        found: NDArray[np.float32] = np.load(kept)
        if len(found) == len(texts):
            return found
    embed, parts = services.embedder().embed, []
    for start in range(0, len(texts), _BATCH):
        parts.append(embed(texts[start : start + _BATCH]))
        print(f"\rembedding {start:,} of {len(texts):,}", end="", file=sys.stderr)
    np.save(kept, np.concatenate(parts))
    return np.concatenate(parts)


def measure(path: Path, kept: Path, services: Services) -> None:
    """Prints a line for each ranking as soon as it is there."""
    with gzip.open(path) as file:
        judged = json.load(file)
    documents, queries = judged["documents"], [one for one in judged["queries"] if one["relevance"]]
    ids = [str(one["id"]) for one in documents]
    vectors = embedded(services, [one["text"] for one in documents], kept / f"{path.name}.documents.npy")
    asked = embedded(services, [one["text"] for one in queries], kept / f"{path.name}.queries.npy")
    print(f"{len(documents):,} documents, {len(queries):,} queries with judgements")
    similarities = asked.astype(np.float64) @ vectors.astype(np.float64).T
    near = np.argsort(-similarities, axis=1)[:, :DEPTH].tolist()
    first = _shown("numpy", queries, lambda one: [ids[row] for row in near[one][:K]], None)
    collection = fill(services, documents, vectors)
    loaded = services.searcher.memory.get(collection.collection_id, fresh=True)
    number = {one: row for row, one in enumerate(ids)}
    order = [number[str(loaded.view.part_of(row).metadata(row)["id"])] for row in range(len(loaded.view))]
    worded = [
        [order[row] for row in loaded.words().nearest(one["text"], loaded.view, DEPTH).tolist()] for one in queries
    ]
    _shown("BM25 alone", queries, lambda one: [ids[row] for row in worded[one][:K]], first)
    _shown("plain fusion", queries, lambda one: [ids[row] for row in fused(near[one], worded[one])[:K]], first)
    for name in STRATEGIES:
        _shown(name, queries, _strategy(services, collection, queries, asked, name), first)


def _strategy(
    services: Services, collection: Collection, queries: list[dict[str, Any]], asked: NDArray[np.float32], name: str
) -> Ranking:
    def ranking(one: int) -> list[str]:
        found = services.searcher.search(collection, asked[one], K, {}, name, queries[one]["text"])
        return [str(hit.metadata["id"]) for hit in found.answer.hits]

    return ranking


def _shown(name: str, queries: list[dict[str, Any]], ranking: Ranking, first: Scores | None) -> Scores:
    started = time.perf_counter()
    found = [ranking(one) for one in range(len(queries))]
    seconds = time.perf_counter() - started
    pairs = [(one, query["relevance"]) for one, query in zip(found, queries, strict=True)]
    quality = np.array([ndcg(*pair) for pair in pairs])
    share = np.array([recall(*pair) for pair in pairs])
    gain = "" if first is None else f"   more than numpy {interval(quality - first)}"
    speed = f"{seconds / len(queries) * 1_000:6.1f} ms"
    print(f"{name:13} nDCG@10 {interval(quality)}   recall@10 {interval(share)} {speed}{gain}", flush=True)
    return quality


def main(path: str, kept: str | None = None) -> None:
    """Measures on a collection of its own."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(kept or folder)
        place.mkdir(parents=True, exist_ok=True)
        with build_services(Settings(data_dir=Path(folder) / "data")) as services:
            measure(Path(path), place, services)


if __name__ == "__main__":
    main(*sys.argv[1:3])
