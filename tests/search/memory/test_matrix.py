"""The index in memory: its candidates always hold the nearest; views, filters, the graph, the map."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from numpy.typing import NDArray

from console.data.collections.blocks import pack_metadata
from console.records import VectorPart
from console.search.memory.graph import NeighbourGraph
from console.search.memory.matrix import VectorMatrix, has_values
from tests.support.vectors import clustered_rows, unit_rows


def part(rows: NDArray[Any], group: str = "a", *, metadata: list[dict[str, Any]] | None = None) -> VectorPart:
    return VectorPart(
        group=group,
        count=len(rows),
        vectors=rows,
        filename=f"{group}.txt",
        metadata=pack_metadata(metadata or []),
    )


def index_of(*parts: VectorPart) -> VectorMatrix:
    index = VectorMatrix(parts[0].vectors.shape[1])
    index.append(parts)
    return index


def nearest(rows: NDArray[Any], query: NDArray[Any], k: int) -> set[int]:
    similarities = rows.astype(np.float64) @ query.astype(np.float64)
    return set(np.argsort(-similarities)[:k].tolist())


def test_candidates_hold_the_nearest_of_many_clustered_vectors(record_property: Any) -> None:
    rows = clustered_rows(5_000, clusters=20)
    view = index_of(part(rows.astype(np.float16))).view()
    found = [view.nearest(query, 10) for query in rows[:100]]
    missed = [nearest(rows, query, 10) - set(one.rows.tolist()) for query, one in zip(rows[:100], found, strict=True)]
    record_property("candidates of exact for 10 results", f"{np.mean([len(one.rows) for one in found]):.1f}")
    assert missed == [set()] * 100


@settings(max_examples=60, deadline=None)
@given(
    rows=some.lists(some.lists(some.integers(-5, 5), min_size=8, max_size=8), min_size=1, max_size=40),
    query=some.lists(some.integers(-5, 5), min_size=8, max_size=8),
    k=some.integers(1, 50),
)
def test_candidates_hold_the_nearest_of_any_vectors(rows: list[list[int]], query: list[int], k: int) -> None:
    matrix = np.array(rows, dtype=np.float32)
    matrix /= np.maximum(np.linalg.norm(matrix, axis=1, keepdims=True), 1)
    vector = np.array(query, dtype=np.float32)
    vector /= max(float(np.linalg.norm(vector)), 1.0)
    found = index_of(part(matrix.astype(np.float16))).view().nearest(vector, k)
    best = np.sort(matrix.astype(np.float64) @ vector.astype(np.float64))[::-1][:k]
    got = np.sort(matrix[found.rows].astype(np.float64) @ vector.astype(np.float64))[::-1][:k]
    assert got == pytest.approx(best, abs=1e-6)


def test_rows_that_are_gone_are_not_found() -> None:
    rows = unit_rows(20)
    index = index_of(part(rows[:10], "a"), part(rows[10:], "b"))
    index.drop_groups({"a"})
    view = index.view()
    assert (len(view), view.live) == (20, 10)
    assert min(view.nearest(rows[0], 20).rows) == 10


def test_a_view_stays_as_it_was() -> None:
    rows = unit_rows(20)
    index = index_of(part(rows[:10], "a"))
    before = index.view()
    index.append([part(rows[10:], "b")])
    index.drop_groups({"a"})
    assert (len(before), before.live) == (10, 10)
    assert before.nearest(rows[15], 1).rows[0] < 10
    assert index.view().nearest(rows[15], 1).rows.tolist() == [15]


def test_ids_and_file_names_of_rows() -> None:
    rows = unit_rows(5)
    foreign = VectorPart(group="", count=2, vectors=rows[3:], chunk_ids=["x", "y"], filenames=["x.txt", "y.txt"])
    view = index_of(part(rows[:3], "doc-gen"), foreign).view()
    assert [view.chunk_id(row) for row in range(5)] == [
        "doc-gen-000000",
        "doc-gen-000001",
        "doc-gen-000002",
        "x",
        "y",
    ]
    assert view.part_of(4).filename(4) == "y.txt"
    assert np.flatnonzero(view.mask({"filename": "x.txt"})).tolist() == [3]


def test_a_filter_looks_into_metadata() -> None:
    metadata = [{"page": 1}, {"page": 2, "tags": ["a", "b"]}, {"draft": True, "author": {"name": "Ana"}}]
    view = index_of(part(unit_rows(3), metadata=metadata)).view()
    assert np.flatnonzero(view.mask({"page": "2"})).tolist() == [1]
    assert np.flatnonzero(view.mask({"tags": "b"})).tolist() == [1]
    assert np.flatnonzero(view.mask({"draft": "true"})).tolist() == [2]
    assert np.flatnonzero(view.mask({"author.name": "Ana"})).tolist() == [2]
    assert np.flatnonzero(view.mask({"page": "1", "filename": "b.txt"})).tolist() == []


def test_a_missing_value_is_no_value() -> None:
    assert not has_values({"page": None}, {"page": "None"})
    assert not has_values({}, {"page": ""})


def test_a_row_of_zeros_is_like_nothing() -> None:
    rows = np.vstack([np.zeros((1, 8), dtype=np.float32), unit_rows(1, 8)])
    view = index_of(part(rows)).view()
    assert view.nearest(rows[1], 2).similarities.tolist() == pytest.approx([1.0, 0.0], abs=1e-3)
    assert len(view.nearest(np.zeros(8, dtype=np.float32), 2).rows) == 2


def test_recall_of_the_graph_is_at_least_99_percent(record_property: Any) -> None:
    rows = clustered_rows(4_000)
    index = index_of(part(rows.astype(np.float16)))
    graph = NeighbourGraph(index)
    graph.catch_up()
    queries = rows[:100] + np.random.default_rng(3).normal(0, 0.02, (100, 384)).astype(np.float32)
    view = index.view()
    same = sum(
        len(set(graph.nearest(view, query, 10).rows[:10].tolist()) & nearest(rows, query, 10)) for query in queries
    )
    record_property("recall@10 of ann, 4,000 vectors", f"{same / 1000:.3f}")
    assert same >= 990


def test_a_graph_that_finds_too_few_says_so() -> None:
    """Vectors at random have no neighbourhoods to walk through."""
    graphs = []
    for rows in (clustered_rows(4_000), unit_rows(10_000)):
        graphs.append(NeighbourGraph(index_of(part(rows.astype(np.float16)))))
        graphs[-1].catch_up()
    assert graphs[0].good
    assert not graphs[1].good
    assert 0.5 < graphs[1].found < graphs[0].found


def test_the_graph_grows_with_the_index_and_leaves_out_what_is_gone() -> None:
    rows = unit_rows(60)
    index = index_of(part(rows[:30], "a"))
    graph = NeighbourGraph(index)
    graph.catch_up()
    index.append([part(rows[30:], "b")])
    index.drop_groups({"a"})
    graph.catch_up()
    assert len(graph) == 60
    assert graph.nearest(index.view(), rows[45], 10).rows[0] == 45
    assert min(graph.nearest(index.view(), rows[0], 40).rows) >= 30
