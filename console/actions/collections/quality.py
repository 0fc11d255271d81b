"""How well a collection is searched: the strategies on queries whose relevant documents or chunks are known.

nDCG@10 with the grades as gains (Jarvelin and Kekalainen, 2002) and recall@10, with 95 % bootstrap intervals over the
queries. Chunks count as their document where the document was named: its best chunk is its rank.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from console.errors import ConsoleError, InvalidInput
from console.records import Collection, SearchHit
from console.search.ways.searcher import AUTO, STRATEGIES
from console.services import Services
from console.tabular.files import Problem, TabularFile

K = 10
"""Ranks that count."""
MOST_QUERIES = 1_000
DEPTH = 50
"""Chunks that are looked at for ten documents."""
_SAMPLES = 2_000
_BATCH = 32
_QUERY = ("query", "question", "text", "q")
_RELEVANT = ("relevant", "relevance", "document", "filename", "file", "chunk", "chunk_id", "doc", "doc_id")
_GRADE = ("grade", "gain", "score", "label")

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class JudgedQuery:
    """A query, and what answers it."""

    query: str
    relevance: dict[str, float]
    """By document (file name) or chunk id: how well it answers, above 0."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over the queries, 0..1."""

    mean: float
    low: float
    high: float
    """The 95 % interval."""


@dataclass(frozen=True, slots=True)
class QueryQuality:
    """One query by one strategy."""

    query: str
    ndcg: float
    recall: float
    found: list[str]
    """Documents or chunks in the order of their ranks, ten at most."""
    missed: list[str]
    """Relevant ones that are not among them."""


@dataclass(frozen=True, slots=True)
class StrategyQuality:
    """One strategy on all queries."""

    strategy: str
    ndcg: Estimate | None = None
    recall: Estimate | None = None
    seconds: float | None = None
    """Median of a search, without embedding the query."""
    queries: list[QueryQuality] = field(default_factory=list)
    error: str = ""
    """Why it cannot do this."""

    @property
    def failing(self) -> list[QueryQuality]:
        """Queries for which nothing relevant was found."""
        return [one for one in self.queries if not one.recall]


@dataclass(frozen=True, slots=True)
class Quality:
    """All strategies."""

    queries: int
    unknown: list[str]
    """Relevant documents or chunks that the collection does not have: no search can find them."""
    strategies: list[StrategyQuality]


def read_judged(file: TabularFile) -> tuple[list[JudgedQuery], list[Problem]]:
    """The queries of a file, and rows that cannot be used.

    A row has a query, a relevant document or chunk (JSON: or a list of them, or an object of grades) and maybe a
    grade; rows of one query belong together. A grade of 0 says that it is not relevant.

    Raises:
        InvalidInput: the file cannot be read, or has no column for one of the two.
    """
    names = {name.strip().lower(): name for name in file.columns()}
    query, relevant = _column(names, _QUERY), _column(names, _RELEVANT)
    grade = next((names[one] for one in _GRADE if one in names), None)
    found: dict[str, dict[str, float]] = {}
    problems: list[Problem] = []
    for row in file.rows():
        if isinstance(row, Problem):
            problems.append(row)
            continue
        text = str(row.values.get(query) or "").strip()
        try:
            grades = _grades(row.values.get(relevant), row.values.get(grade) if grade else None)
        except ValueError as error:
            problems.append(Problem(row.line, str(error)))
            continue
        if text and grades:
            found.setdefault(text, {}).update({one: value for one, value in grades.items() if value > 0})
        else:
            problems.append(Problem(row.line, "It has no query, or nothing that is relevant to it."))
    return [JudgedQuery(one, relevance) for one, relevance in found.items() if relevance], problems


def measure(
    services: Services,
    collection_id: str,
    queries: Sequence[JudgedQuery],
    strategies: Sequence[str] = (),
    progress: Progress = lambda _done, _total: None,
) -> Quality:
    """The strategies on judged queries. Each query is embedded once.

    Args:
        strategies: by default all that rank in a way of their own and are configured.
        progress: called with the searches done and their number.

    Raises:
        NotFound: there is no such collection.
        InvalidInput: there are no queries, too many, or a strategy that does not exist.
    """
    if not 1 <= len(queries) <= MOST_QUERIES:
        raise InvalidInput(f"Give 1 to {MOST_QUERIES:,} judged queries, not {len(queries):,}.", field="queries")
    if not all(one.query.strip() and one.relevance and min(one.relevance.values()) > 0 for one in queries):
        raise InvalidInput("Each query needs words and something relevant, with a grade above 0.", field="queries")
    unknown = sorted(set(strategies) - set(STRATEGIES))
    if unknown:
        raise InvalidInput(f"There is no strategy {unknown[0]!r}. Choose among {', '.join(STRATEGIES)}.")
    collection = services.collections.get(collection_id)
    chosen = list(strategies) or _usual(services)
    vectors = _embedded(services, collection, [one.query for one in queries])
    total = len(chosen) * len(queries)
    done: list[StrategyQuality] = []
    for name in chosen:
        before = len(done) * len(queries)
        told = partial(_told, progress, before, total)
        done.append(_one(services, collection, queries, vectors, name, told))
    return Quality(len(queries), _unknown(services, collection_id, queries), done)


def ndcg(found: Sequence[str], relevance: Mapping[str, float]) -> float:
    """nDCG@10 of a ranking, 0..1."""
    discounts = 1 / np.log2(np.arange(2, K + 2))
    gains = np.array([relevance.get(one, 0.0) for one in found[:K]])
    ideal = np.sort(np.array(list(relevance.values())))[::-1][:K]
    return float(gains @ discounts[: len(gains)] / (ideal @ discounts[: len(ideal)]))


def _told(progress: Progress, before: int, total: int, done: int) -> None:
    progress(before + done, total)


def _usual(services: Services) -> list[str]:
    """Not `parallel`, which ranks as `exact` does, only slower."""
    left = {AUTO, "parallel"} | (set() if services.settings.opensearch_url else {"opensearch"})
    return [one for one in STRATEGIES if one not in left]


def _one(
    services: Services,
    collection: Collection,
    queries: Sequence[JudgedQuery],
    vectors: NDArray[np.float32],
    strategy: str,
    progress: Callable[[int], None],
) -> StrategyQuality:
    found: list[QueryQuality] = []
    seconds: list[float] = []
    try:
        for number, (one, vector) in enumerate(zip(queries, vectors, strict=True), 1):
            started = time.perf_counter()
            hits = services.searcher.search(collection, vector, DEPTH, {}, strategy, one.query).answer.hits
            seconds.append(time.perf_counter() - started)
            found.append(_judged(one, hits))
            progress(number)
    except ConsoleError as error:
        return StrategyQuality(strategy, error=str(error))
    return StrategyQuality(
        strategy,
        ndcg=_estimate([one.ndcg for one in found]),
        recall=_estimate([one.recall for one in found]),
        seconds=float(np.median(seconds)),
        queries=found,
    )


def _judged(one: JudgedQuery, hits: Iterable[SearchHit]) -> QueryQuality:
    ranked = dict.fromkeys(hit.chunk_id if hit.chunk_id in one.relevance else hit.filename for hit in hits)
    found = list(ranked)[:K]
    missed = [name for name in one.relevance if name not in found]
    share = 1 - len(missed) / len(one.relevance)
    return QueryQuality(one.query, ndcg(found, one.relevance), share, found, missed)


def _estimate(values: Sequence[float]) -> Estimate:
    numbers = np.asarray(values)
    dice = np.random.default_rng(7).integers(0, len(numbers), (_SAMPLES, len(numbers)))
    low, high = np.percentile(numbers[dice].mean(axis=1), [2.5, 97.5])
    return Estimate(float(numbers.mean()), float(low), float(high))


def _embedded(services: Services, collection: Collection, texts: Sequence[str]) -> NDArray[np.float32]:
    embed = services.embedder(collection.embedder).embed
    return np.concatenate([embed(texts[start : start + _BATCH]) for start in range(0, len(texts), _BATCH)])


def _unknown(services: Services, collection_id: str, queries: Sequence[JudgedQuery]) -> list[str]:
    wanted = {name for one in queries for name in one.relevance}
    wanted -= {one.filename for one in services.vectors.documents(collection_id)}
    return sorted(wanted - set(services.vectors.get_many(collection_id, sorted(wanted)))) if wanted else []


def _column(names: Mapping[str, str], known: Sequence[str]) -> str:
    for one in known:
        if one in names:
            return names[one]
    raise InvalidInput(
        f"The file has no column {known[0]!r}. Give `query` and `relevant` (a file name or the id of a chunk), and "
        "maybe `grade`.",
        field="file",
    )


def _grades(relevant: Any, grade: Any) -> dict[str, float]:
    """What a row says is relevant, with its grades. Raises ValueError."""
    if isinstance(relevant, Mapping):
        return {str(name): _number(value) for name, value in relevant.items()}
    value = 1.0 if grade is None or str(grade).strip() == "" else _number(grade)
    named = relevant if isinstance(relevant, list) else [relevant]
    return {str(name).strip(): value for name in named if name is not None and str(name).strip()}


def _number(value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = -1.0
    if not 0 <= number <= 1_000_000:
        raise ValueError(f"The grade {str(value)[:40]!r} is no number from 0 up.")
    return number
