"""Goals P1, P2, P3, P12 and C4: similarity search against the design that it replaces and against other indexes.

    python -m benchmarks.vectors [--sizes 1000,10000,50000] [--queries 50] [--seed 7]

One embedded engine on a fresh file holds a collection of each size: clustered vectors of 384 numbers, documents of 500
chunks. *Naive* is the design that this product replaces: Query through the boto3 resource, embeddings as lists of
numbers, a Python loop with `np.dot`; from 20,000 vectors its loading is not run but extrapolated from the size before,
and marked so. *Cold* is a process with nothing cached. *Scan* is the search in memory without the request for texts,
as the other indexes are measured. Medians in milliseconds. Recall is against brute force in float64 on stored numbers.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import boto3
import faiss
import numpy as np
from boto3.dynamodb.conditions import Key
from numpy.typing import NDArray
from qdrant_client import QdrantClient
from qdrant_client.models import Distance, PointStruct, VectorParams

from console.config import Settings
from console.data.cache.cache import Cache
from console.data.repositories import Repositories
from console.data.store import tables
from console.data.store.client import credentials_in
from console.data.store.packing import item_size
from console.records import Collection, NewChunk
from console.search.memory.files import VectorFiles
from console.search.memory.graph import CONNECTIVITY, EXPANSION_ADD, Index
from console.search.memory.memory import Memory
from console.search.ways.searcher import Searcher
from console.services import Services, build_services

DOCUMENT = 500
CLUSTERS = 50
K = 10
EXTRAPOLATE_FROM = 20_000
SHORT = "How do I reset my password if I no longer have access to my email account today?"
LONG = " ".join(["The quick brown fox jumps over the lazy dog near the river bank."] * 14)

Matrix = NDArray[np.float32]


def clustered(count: int, seed: int) -> Matrix:
    """Unit vectors around the same centres whatever the seed: float32[count, 384]."""
    centres = np.random.default_rng(7).standard_normal((CLUSTERS, 384))
    dice = np.random.default_rng(seed)
    rows = centres[dice.integers(0, CLUSTERS, count)] + 0.6 * dice.standard_normal((count, 384))
    unit: Matrix = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return unit


def timed(call: Callable[[], object]) -> float:
    """Wall-clock milliseconds of one call."""
    started = time.perf_counter()
    call()
    return (time.perf_counter() - started) * 1_000


def median(call: Callable[[Matrix], object], queries: Sequence[Matrix]) -> float:
    """Median milliseconds over the queries, after one that is not counted."""
    call(queries[0])
    return statistics.median(timed(partial(call, query)) for query in queries)


def truth(rows: Matrix, queries: Matrix) -> list[set[int]]:
    """The K nearest by brute force in float64."""
    similarities = queries.astype(np.float64) @ rows.astype(np.float64).T
    return [set(np.argsort(-line)[:K].tolist()) for line in similarities]


def recall(found: Sequence[Sequence[int]], wanted: Sequence[set[int]]) -> float:
    """Share of the nearest that were found."""
    return sum(len(set(one) & best) for one, best in zip(found, wanted, strict=True)) / (K * len(wanted))


def fill(services: Services, rows: Matrix) -> Collection:
    """A collection of these vectors."""
    made = services.collections.create(f"{len(rows):,} vectors", by="bench")
    for start in range(0, len(rows), DOCUMENT):
        chunks = [
            NewChunk(text=f"{number}", embedding=rows[number])
            for number in range(start, min(start + DOCUMENT, len(rows)))
        ]
        services.vectors.put_document(made.collection_id, f"{start:08}.txt", chunks)
    return services.collections.get(made.collection_id)


def fresh(services: Services, folder: Path | None = None) -> tuple[Repositories, Searcher]:
    """A process with nothing cached on the same store."""
    process = Repositories.over(services.store, Cache(services.store))
    indexes = Memory(process.vector_reads, VectorFiles(folder, "bench"))
    return process, Searcher(process.vector_reads, indexes, _no_open_search)


def naive_load(endpoint: str, collection: Collection) -> list[tuple[str, Matrix]]:
    """Every chunk through the boto3 resource, as the replaced design reads them."""
    address, access_key, secret_key = credentials_in(endpoint)
    resource = boto3.resource(
        "dynamodb",
        endpoint_url=address,
        region_name="us-east-1",
        aws_access_key_id=access_key,
        aws_secret_access_key=secret_key,
    )
    table = resource.Table(tables.VECTORS)
    request: dict[str, Any] = {"KeyConditionExpression": Key("bot_id").eq(collection.collection_id)}
    found: list[tuple[str, Matrix]] = []
    while True:
        answer = table.query(**request)
        found += [
            (str(item["chunk_id"]), np.array([float(one) for one in item["embedding"]], dtype=np.float32))
            for item in answer["Items"]
        ]
        if "LastEvaluatedKey" not in answer:
            return found
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def naive_search(chunks: Sequence[tuple[str, Matrix]], query: Matrix) -> list[tuple[float, str]]:
    """The loop that the replaced design searches with."""
    scored = [(float(np.dot(query, vector)), chunk_id) for chunk_id, vector in chunks]
    return sorted(scored, reverse=True)[:K]


def measure(services: Services, rows: Matrix, queries: Matrix, naive_per_chunk: float | None) -> float:
    """Everything about one size; returns the naive milliseconds per chunk of loading."""
    seconds = timed(lambda: fill(services, rows)) / 1_000
    collection = next(one for one in services.collections.list() if one.total_chunks == len(rows))
    print(f"\n--- {len(rows):,} vectors (stored in {seconds:.0f} s) ---")
    packing, one = fresh(services)
    print(f"  first search, reads chunks and packs {timed(partial(_exact, one, collection, queries[0])):>30.0f}")
    collection = packing.collections.get(collection.collection_id)
    per_chunk = cold(services, collection, queries, len(rows), naive_per_chunk)
    capacity(services, collection)
    warm(services, collection, rows, queries)
    return per_chunk


def cold(
    services: Services, collection: Collection, queries: Matrix, count: int, naive_per_chunk: float | None
) -> float:
    """P1: the first answer of a process."""
    blocks = statistics.median(timed(partial(_exact, fresh(services)[1], collection, query)) for query in queries[:7])
    with tempfile.TemporaryDirectory() as folder:
        _exact(fresh(services, Path(folder))[1], collection, queries[0])
        file = statistics.median(
            timed(partial(_exact, fresh(services, Path(folder))[1], collection, query)) for query in queries[:7]
        )
    if count < EXTRAPOLATE_FROM or naive_per_chunk is None:
        endpoint = services.engine.endpoint or ""
        naive = timed(lambda: naive_search(naive_load(endpoint, collection), queries[0]))
        how = "naive"
    else:
        naive, how = naive_per_chunk * count, "naive, extrapolated"
    print(f"  cold, exact from blocks {blocks:>43.1f}   {how} {naive:,.0f}: {naive / blocks:,.0f} times")
    print(f"  cold, exact from a local file {file:>37.1f}   {naive / file:,.0f} times")
    return naive / count


def capacity(services: Services, collection: Collection) -> None:
    """C4: read units and bytes of loading the vectors."""
    units = []
    for load in ("read_all", "read_blocks"):
        process = Repositories.over(services.store, Cache(services.store))
        before = services.store.meter.read().read_units
        arguments = (collection, collection.blocks) if load == "read_blocks" else (collection,)
        getattr(process.vector_reads, load)(*arguments)
        units.append(services.store.meter.read().read_units - before)
    vector = services.vectors.of_document(collection.collection_id, "00000000.txt", embeddings=True)[0].embedding
    doubles = [{"N": repr(float(np.float32(one)))} for one in vector]
    naive, packed = item_size({"embedding": {"L": doubles}}), collection.block_bytes / max(collection.block_rows, 1)
    print(f"  read units: chunks {units[0]:,.0f}, blocks {units[1]:,.0f}: {units[0] / units[1]:.1f} times fewer")
    print(f"  bytes per vector: naive {naive:,}, packed {packed:,.0f}: {naive / packed:.1f} times fewer")


def warm(services: Services, collection: Collection, rows: Matrix, queries: Matrix) -> None:
    """P2 and P3: searches with the vectors in memory."""
    best = truth(rows, queries)
    process, searcher = fresh(services)
    loaded = searcher.memory.get(collection.collection_id)
    view = loaded.view
    texts = {row: int(_row_number(view.part_of(row).filename(row), view.chunk_id(row))) for row in range(len(view))}
    native = process.vector_reads
    scan = median(lambda query: view.nearest(query, K), queries)
    whole = median(lambda query: _exact(searcher, collection, query), queries)
    again = median(lambda query: _exact(searcher, collection, query), queries)
    chunks = [(str(number), rows[number].copy()) for number in range(len(rows))]
    loop = median(lambda query: naive_search(chunks, query), queries[:5])
    flat = faiss.IndexFlatIP(384)
    flat.add(rows)
    faiss_time = median(lambda query: flat.search(query[None], K), queries)
    hits = [[int(hit.text) for hit in _exact(searcher, collection, query)] for query in queries]
    print(f"  exact scan {scan:>56.3f}   recall {recall(hits, best):.4f}")
    print(f"  exact with texts, first time / again {whole:>22.2f} / {again:.2f}")
    print(f"  naive loop {loop:>56.1f}   {loop / scan:,.0f} times the scan")
    print(f"  faiss IndexFlatIP {faiss_time:>49.3f}   {faiss_time / scan:.2f} times the scan")
    qdrant_time = qdrant(rows, queries)
    print(f"  qdrant-client local {qdrant_time:>47.2f}   {qdrant_time / scan:,.0f} times the scan")
    native_time = median(lambda query: native.native(collection, query, K), queries[:10])
    found = [[int(chunk.text) for chunk, _ in native.native(collection, query, K)[0]] for query in queries[:10]]
    print(f"  native with texts {native_time:>49.1f}   recall {recall(found, best[:10]):.4f}")
    built = timed(loaded.graph)
    graph = loaded.graph()
    ann_time = median(lambda query: graph.nearest(view, query, K), queries)
    found = [[texts[int(row)] for row in graph.nearest(view, query, K).rows[:K]] for query in queries]
    print(f"  ann, width {graph.width:<4} {ann_time:>51.3f}   recall {recall(found, best):.4f}")
    own = timed(lambda: usearch_graph(rows))
    print(f"  ann is built in {built / 1_000:.1f} s, usearch's own in {own / 1_000:.1f} s: {built / own:.2f} times")
    print(f"  ann against the exact scan: {ann_time / scan:.2f} times its time, good: {graph.good}")
    for ef, hnsw_time, hnsw_recall in hnsw(rows, queries, best):
        print(f"  hnswlib, ef {ef:<4} {hnsw_time:>52.3f}   recall {hnsw_recall:.4f}")


def qdrant(rows: Matrix, queries: Matrix) -> float:
    """The local mode of qdrant-client."""
    client = QdrantClient(":memory:")
    client.create_collection("bench", vectors_config=VectorParams(size=384, distance=Distance.COSINE))
    for start in range(0, len(rows), 2_000):
        points = [
            PointStruct(id=number, vector=rows[number].tolist())
            for number in range(start, min(start + 2_000, len(rows)))
        ]
        client.upsert("bench", points)
    return median(lambda query: client.query_points("bench", query=query.tolist(), limit=K), queries[:10])


def usearch_graph(rows: Matrix) -> Index:
    """The graph of `ann` by the library alone, all rows at once."""
    graph = Index(ndim=384, metric="ip", dtype="f16", connectivity=CONNECTIVITY, expansion_add=EXPANSION_ADD)
    graph.add(np.arange(len(rows), dtype=np.uint64), rows)
    return graph


def hnsw(rows: Matrix, queries: Matrix, best: Sequence[set[int]]) -> list[tuple[int, float, float]]:
    """Hnswlib, where it is installed, with the graph of `ann`: time and recall by the width of the search."""
    if not importlib.util.find_spec("hnswlib"):
        print("  hnswlib: not installed; with a C++ compiler, pip install hnswlib brings it")
        return []
    graph = importlib.import_module("hnswlib").Index(space="ip", dim=384)
    graph.init_index(max_elements=len(rows), ef_construction=128, M=32)
    graph.add_items(rows, np.arange(len(rows)))
    measured = []
    for ef in (32, 64, 128, 256):
        graph.set_ef(ef)
        seconds = median(lambda query: graph.knn_query(query, K), queries)
        found = [graph.knn_query(query, K)[0][0].tolist() for query in queries]
        measured.append((ef, seconds, recall(found, best)))
    return measured


def embedding() -> None:
    """P12: the local embedder in a process of its own."""
    program = (
        "import json, resource, statistics, time\n"
        "from console.search.embedding.minilm import MiniLM\n"
        "model = MiniLM()\n"
        "def once(text):\n"
        "    started = time.perf_counter(); model.embed([text]); return (time.perf_counter() - started) * 1000\n"
        f"times = [statistics.median(once(text) for _ in range(21)) for text in ({SHORT!r}, {LONG!r})]\n"
        "resident = int(open('/proc/self/statm').read().split()[1]) * resource.getpagesize() / 1e6\n"
        "print(json.dumps([*times, resident]))\n"
    )
    answer = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    short, long, resident = json.loads(answer.stdout)
    print(f"\nminilm: {short:.1f} ms for 20 tokens, {long:.1f} ms for 200 tokens, {resident:.0f} MB resident")


def main() -> None:
    """Measures every size and prints."""
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="1000,10000,50000", help="numbers of vectors, separated by commas")
    parser.add_argument("--queries", type=int, default=50)
    parser.add_argument("--seed", type=int, default=7)
    arguments = parser.parse_args()
    embedding()
    queries = clustered(arguments.queries, arguments.seed + 1)
    per_chunk: float | None = None
    with tempfile.TemporaryDirectory() as folder, build_services(Settings(data_dir=Path(folder))) as services:
        for size in (int(one) for one in arguments.sizes.split(",")):
            per_chunk = measure(services, clustered(size, arguments.seed), queries, per_chunk)


def _exact(searcher: Searcher, collection: Collection, query: Matrix) -> list[Any]:
    return list(searcher.search(collection, query, K, {}, "exact").answer.hits)


def _row_number(filename: str, chunk_id: str) -> int:
    return int(filename.removesuffix(".txt")) + int(chunk_id.rpartition("-")[2])


def _no_open_search() -> Any:
    raise NotImplementedError


if __name__ == "__main__":
    main()
