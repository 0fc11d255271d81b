"""Similarity search: by a text, a vector, a chunk or a run; strategies side by side; the map of a collection."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from console.errors import ConsoleError, InvalidInput, NotFound
from console.judging.windows import embed_whole, how_embedded
from console.records import Chunk, Collection, RunId, SearchHit
from console.search.embedding.embedders import unit_vector
from console.search.maps.projection import Method, project
from console.search.memory.matrix import View
from console.search.ways.searcher import AUTO, STRATEGIES, Searched
from console.services import Services

SAMPLE = 2_000
"""Points of a map: more are slow to draw and hide each other."""
_SEED = 7
_SHORT_SIGHTED = "minilm"
"""The embedder that leaves out what is beyond its window; the others take whole pages, or refuse."""


@dataclass(frozen=True, slots=True)
class SearchAnswer:
    """What a search found, how, and at what cost."""

    collection: Collection
    vector: NDArray[np.float32]
    """The query, float32[d], L2-normalised."""
    strategy: str
    """The one that answered."""
    reason: str
    """Why it was chosen; empty when it was asked for."""
    remark: str
    """What it did other than one would expect."""
    results: list[SearchHit]
    """Nearest first."""
    seconds: float
    requests: int
    """Asked of the store; those of other searches at the same time included."""
    read_units: float
    stages: dict[str, float]
    """Seconds to make the query's vector (`embed`) and to find its neighbours (`search`)."""
    source: str
    """Where the vectors came from: index, memory, file, blocks or chunks."""


@dataclass(frozen=True, slots=True)
class StrategyReport:
    """One strategy in a comparison."""

    strategy: str
    first_seconds: float | None = None
    """The first search, which may load vectors."""
    seconds: float | None = None
    """Median of the searches after it."""
    requests: int | None = None
    """Of one search after the first."""
    read_units: float | None = None
    overlap: float | None = None
    """Share of the results of `exact` that it found too, 0..1."""
    error: str = ""
    """Why it cannot do this search."""


@dataclass(frozen=True, slots=True)
class MapPoint:
    """A chunk on the map."""

    chunk_id: str
    filename: str
    x: float
    y: float
    similarity: float | None
    """To the query; None without one."""


@dataclass(frozen=True, slots=True)
class CollectionMap:
    """Chunks of a collection on a plane."""

    points: list[MapPoint]
    query: tuple[float, float] | None
    """Where the query stands."""
    total: int
    """Chunks of the collection; the points may be a sample."""
    kept: float | None
    """Share of the variance that the plane shows."""


def search(
    services: Services,
    collection_id: str,
    *,
    text: str | None = None,
    vector: Sequence[float] | NDArray[np.float32] | None = None,
    chunk_id: str | None = None,
    run_id: RunId | None = None,
    k: int = 10,
    strategy: str = AUTO,
    filters: Mapping[str, str] | None = None,
) -> SearchAnswer:
    """The chunks that are nearest to a text, a vector, a chunk (itself left out) or the text of a run: one of these.

    Args:
        strategy: `auto`, or one that is to be used.
        filters: file name (`filename`) and metadata that the chunks must have.

    Raises:
        NotFound: there is no such collection, chunk or run.
        InvalidInput: none or several of text, vector, chunk and run are given, or the strategy cannot do that.
        SetupError: the embedder or the strategy is not configured.
    """
    before, started = _asked(services), time.perf_counter()
    collection = services.collections.get(collection_id)
    query = _query(services, collection, text=text, vector=vector, chunk_id=chunk_id, run_id=run_id)
    embedded = time.perf_counter()
    extra = 1 if chunk_id is not None else 0
    found = services.searcher.search(collection, query, k + extra, filters or {}, strategy, text or "")
    ended, after = time.perf_counter(), _asked(services)
    return SearchAnswer(
        collection=collection,
        vector=query,
        strategy=found.strategy,
        reason=found.reason,
        remark=" ".join(one for one in (found.answer.remark, _how(collection, text)) if one),
        results=[hit for hit in found.answer.hits if hit.chunk_id != chunk_id][:k],
        seconds=ended - started,
        requests=int(after[0] - before[0]),
        read_units=after[1] - before[1],
        stages={"embed": embedded - started, "search": ended - embedded},
        source=found.answer.source,
    )


def _how(collection: Collection, text: str | None) -> str | None:
    """How a long text was embedded; None for a short one, and where the embedder takes long ones."""
    return how_embedded(text) if text and collection.embedder == _SHORT_SIGHTED else None


def compare_strategies(
    services: Services,
    collection_id: str,
    *,
    k: int = 10,
    filters: Mapping[str, str] | None = None,
    repeats: int = 3,
    **query: Any,
) -> list[StrategyReport]:
    """Every strategy on one query, given as to `search`. What one cannot do is said in its report.

    Raises:
        NotFound, InvalidInput: as `search`.
    """
    collection = services.collections.get(collection_id)
    vector = _query(services, collection, **{"text": None, "vector": None, "chunk_id": None, "run_id": None, **query})

    def once(strategy: str) -> Callable[[], Searched]:
        text = query.get("text") or ""
        return lambda: services.searcher.search(collection, vector, k, filters or {}, strategy, text)

    reports, found = [], {}
    for name in (one for one in STRATEGIES if one != AUTO):
        report, hits = _measured(services, name, once(name), repeats)
        reports.append(report)
        found[name] = [hit.chunk_id for hit in hits]
    return [_with_overlap(report, found.get("exact", []), found[report.strategy]) for report in reports]


def neighbours(services: Services, collection_id: str, hit: SearchHit) -> tuple[Chunk | None, Chunk | None]:
    """The chunks before and after a result in its document; None at its ends. Two requests."""
    stem, _, number = hit.chunk_id.rpartition("-")
    if stem and number.isdecimal() and int(number) == hit.chunk_index:
        places = (f"{stem}-{int(number) - 1:06}", f"{stem}-{int(number) + 1:06}")
        found = services.vectors.get_many(collection_id, places)
        return found.get(places[0]), found.get(places[1])
    chunks = services.vectors.of_document(collection_id, hit.filename)
    place = next((number for number, chunk in enumerate(chunks) if chunk.chunk_id == hit.chunk_id), None)
    if place is None:
        return None, None
    return (chunks[place - 1] if place else None), (chunks[place + 1] if place + 1 < len(chunks) else None)


def load_map(
    services: Services,
    collection_id: str,
    *,
    query: NDArray[np.float32] | None = None,
    method: Method = "pca",
    sample: int = SAMPLE,
) -> CollectionMap:
    """The chunks of a collection on a plane, a sample of them when there are many. Cost as a search by `exact`.

    Raises:
        NotFound: there is no such collection.
    """
    view = services.searcher.memory.get(collection_id).view
    rows = _sample(view, sample)
    vectors = view.vectors(rows)
    placed = project(vectors, query, method)
    similarities = vectors @ query if query is not None else None
    points = [
        MapPoint(
            chunk_id=view.chunk_id(int(row)),
            filename=view.part_of(int(row)).filename(int(row)),
            x=float(placed.points[number, 0]),
            y=float(placed.points[number, 1]),
            similarity=None if similarities is None else float(similarities[number]),
        )
        for number, row in enumerate(rows)
    ]
    stands = None if placed.query is None else (float(placed.query[0]), float(placed.query[1]))
    return CollectionMap(points=points, query=stands, total=view.live, kept=placed.kept)


def unsearchable(services: Services, collection: Collection) -> int:
    """Chunks of a collection, as just counted, that no search finds: they have no vector, or one of another length.

    0 while that is not known: the vectors are not in memory, or the collection is being written.
    """
    if not services.searcher.memory.has(collection.collection_id):
        return 0
    loaded = services.searcher.memory.get(collection.collection_id)
    if loaded.collection.revision != collection.revision:
        return 0
    return max(collection.total_chunks - loaded.view.live, 0)


def _query(
    services: Services,
    collection: Collection,
    *,
    text: str | None,
    vector: Sequence[float] | NDArray[np.float32] | None,
    chunk_id: str | None,
    run_id: RunId | None,
) -> NDArray[np.float32]:
    """The one thing that is asked for, as a vector."""
    if sum(one is not None for one in (text, vector, chunk_id, run_id)) != 1:
        raise InvalidInput("Search by a text, a vector, a chunk or a run: by exactly one of them.", field="text")
    if vector is not None:
        return unit_vector(vector, collection.dimension)
    if chunk_id is not None:
        chunk = services.vectors.get_many(collection.collection_id, [chunk_id], embeddings=True).get(chunk_id)
        if chunk is None or chunk.embedding is None:
            raise NotFound("chunk", chunk_id)
        return unit_vector(chunk.embedding, collection.dimension)
    if run_id is not None:
        text = services.runs.get(run_id).evaluated_artifact.evaluation_target
    if not (text or "").strip():
        raise InvalidInput("Enter the text to search for.", field="text")
    embedder = services.embedder(collection.embedder)
    local = collection.embedder == _SHORT_SIGHTED
    embedded = embed_whole(embedder, [text or ""]) if local else embedder.embed([text or ""])
    return unit_vector(embedded[0], collection.dimension)


def _asked(services: Services) -> tuple[int, float]:
    readings = services.store.meter.read()
    return sum(readings.requests.values()), readings.read_units


def _measured(
    services: Services, name: str, once: Callable[[], Searched], repeats: int
) -> tuple[StrategyReport, list[SearchHit]]:
    seconds: list[float] = []
    before = after = _asked(services)
    hits: list[SearchHit] = []
    try:
        for _ in range(1 + repeats):
            before, started = _asked(services), time.perf_counter()
            hits = once().answer.hits
            seconds.append(time.perf_counter() - started)
            after = _asked(services)
    except ConsoleError as error:
        return StrategyReport(name, error=str(error)), []
    report = StrategyReport(
        strategy=name,
        first_seconds=seconds[0],
        seconds=statistics.median(seconds[1:] or seconds),
        requests=int(after[0] - before[0]),
        read_units=after[1] - before[1],
    )
    return report, hits


def _with_overlap(report: StrategyReport, exact: list[str], found: list[str]) -> StrategyReport:
    if report.error or not exact:
        return report
    return replace(report, overlap=len(set(exact) & set(found)) / len(exact))


def _sample(view: View, size: int) -> NDArray[np.int64]:
    """Rows that are live, some of them when there are more than `size`; the same ones every time."""
    alive = np.setdiff1d(np.arange(len(view)), view.dead, assume_unique=True)
    if len(alive) <= size:
        return alive
    return np.sort(np.random.default_rng(_SEED).choice(alive, size, replace=False))
