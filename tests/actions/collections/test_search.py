"""Similarity search as people use it: by text, vector, chunk or run; comparison; neighbours; the map."""

from __future__ import annotations

from typing import Any

import pytest

from console.actions.collections.search import SearchAnswer, compare_strategies, load_map, neighbours, search
from console.errors import InvalidInput, NotFound
from console.records import Chunk, NewChunk
from console.services import Services
from tests.support.tier import artifact, snapshot
from tests.support.vectors import new_chunks, unit_rows

TEXTS = (
    "The cat sleeps on the warm window sill.",
    "A kitten is napping by the window.",
    "Quarterly revenue grew by twelve percent.",
    "The invoice is due at the end of the month.",
    "Rain is expected in the mountains tomorrow.",
)


@pytest.fixture
def handbook(console_services: Services) -> str:
    """Five sentences, embedded, in two documents."""
    made = console_services.collections.create("Handbook", by="ana")
    vectors = console_services.embedder().embed(TEXTS)
    chunks = [
        NewChunk(text=text, embedding=vector, metadata={"number": number})
        for number, (text, vector) in enumerate(zip(TEXTS, vectors, strict=True))
    ]
    console_services.vectors.put_document(made.collection_id, "animals.txt", chunks[:2])
    console_services.vectors.put_document(made.collection_id, "office.txt", chunks[2:])
    return made.collection_id


def found(answer: SearchAnswer) -> list[str]:
    return [hit.text for hit in answer.results]


def test_a_text_finds_what_means_the_same(console_services: Services, handbook: str) -> None:
    answer = search(console_services, handbook, text="a sleeping pet", k=2)
    assert set(found(answer)) == set(TEXTS[:2])
    assert answer.strategy == "hybrid"
    assert answer.requests >= 2
    assert set(answer.stages) == {"embed", "search"}


def test_the_end_of_a_long_question_counts_and_the_answer_says_how(console_services: Services, handbook: str) -> None:
    long = "It is said that " * 150 + "the invoice and the revenue of the quarter are due this month. " * 40

    answer = search(console_services, handbook, text=long, k=1, strategy="exact")

    assert found(answer)[0] in TEXTS[2:4]
    assert "longer than the embedder's window" in answer.remark
    assert "window" not in search(console_services, handbook, text="a pet", strategy="exact").remark


def test_a_filter_leaves_one_document(console_services: Services, handbook: str) -> None:
    answer = search(console_services, handbook, text="a sleeping pet", filters={"filename": "office.txt"})
    assert sorted(found(answer)) == sorted(TEXTS[2:])


def test_a_metadata_filter(console_services: Services, handbook: str) -> None:
    answer = search(console_services, handbook, text="a sleeping pet", filters={"number": "3"})
    assert found(answer) == [TEXTS[3]]


def test_a_chunk_finds_others_and_not_itself(console_services: Services, handbook: str) -> None:
    first = console_services.vectors.of_document(handbook, "animals.txt")[0]
    assert found(search(console_services, handbook, chunk_id=first.chunk_id, k=1)) == [TEXTS[1]]


def test_a_run_finds_what_its_text_means(console_services: Services, handbook: str) -> None:
    run = console_services.runs.create(snapshot(), artifact("Our income rose last quarter."), by="ana")
    assert found(search(console_services, handbook, run_id=run.run_id, k=1)) == [TEXTS[2]]


def test_a_vector_finds_its_chunk(console_services: Services, handbook: str) -> None:
    vector = console_services.embedder().embed([TEXTS[4]])[0]
    answer = search(console_services, handbook, vector=[float(one) * 3 for one in vector], k=1, strategy="exact")
    assert found(answer) == [TEXTS[4]]
    assert answer.results[0].similarity == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("query", [{}, {"text": "a", "chunk_id": "b"}, {"text": "  "}, {"vector": [1.0]}])
def test_a_query_that_is_not_one_thing_is_refused(
    console_services: Services, handbook: str, query: dict[str, Any]
) -> None:
    with pytest.raises(InvalidInput):
        search(console_services, handbook, **query)


@pytest.mark.parametrize("query", [{"chunk_id": "nothing"}, {"run_id": 99}])
def test_what_does_not_exist_is_not_found(console_services: Services, handbook: str, query: dict[str, Any]) -> None:
    with pytest.raises(NotFound):
        search(console_services, handbook, **query)


def test_a_collection_that_does_not_exist_is_not_found(console_services: Services) -> None:
    with pytest.raises(NotFound):
        search(console_services, "nowhere", text="a")


def test_a_comparison_has_every_strategy_or_why_not(console_services: Services, handbook: str) -> None:
    reports = {one.strategy: one for one in compare_strategies(console_services, handbook, text="a pet", k=3)}
    assert list(reports) == ["hybrid", "native", "exact", "parallel", "ann", "opensearch"]
    assert [reports[name].overlap for name in ("native", "exact", "parallel", "ann")] == [1.0, 1.0, 1.0, 1.0]
    assert reports["exact"].requests == 0
    assert (reports["parallel"].requests or 0) >= 4
    assert "OPENSEARCH_URL" in reports["opensearch"].error


def test_neighbours_are_the_chunks_before_and_after(console_services: Services, handbook: str) -> None:
    (hit,) = search(console_services, handbook, text=TEXTS[3], k=1).results
    before, after = neighbours(console_services, handbook, hit)
    assert before is not None
    assert after is not None
    assert (before.text, after.text) == (TEXTS[2], TEXTS[4])


def test_the_ends_of_a_document_have_one_neighbour(console_services: Services, handbook: str) -> None:
    (hit,) = search(console_services, handbook, text=TEXTS[0], k=1).results
    before, after = neighbours(console_services, handbook, hit)
    assert before is None
    assert after is not None


def test_neighbours_of_another_systems_chunk(console_services: Services) -> None:
    made = console_services.collections.create("Moved", by="ana")
    rows = unit_rows(3)
    points = [
        Chunk(chunk_id=f"p{n}", text=f"point {n}", filename="p.txt", chunk_index=n, embedding=rows[n]) for n in range(3)
    ]
    console_services.vectors.import_chunks(made.collection_id, points)
    (hit,) = search(console_services, made.collection_id, vector=rows[1], k=1).results
    before, after = neighbours(console_services, made.collection_id, hit)
    assert [one.text for one in (before, after) if one] == ["point 0", "point 2"]


def test_the_map_has_every_chunk_and_the_query(console_services: Services, handbook: str) -> None:
    query = search(console_services, handbook, text="a sleeping pet", k=1).vector
    drawn = load_map(console_services, handbook, query=query)
    nearest = max(drawn.points, key=lambda point: point.similarity or -1)
    assert (len(drawn.points), drawn.total) == (5, 5)
    assert nearest.filename == "animals.txt"
    assert drawn.query is not None


def test_the_map_of_many_chunks_is_a_sample(console_services: Services) -> None:
    made = console_services.collections.create("Large", by="ana")
    console_services.vectors.put_document(made.collection_id, "a.txt", new_chunks(30))
    drawn = load_map(console_services, made.collection_id, sample=10)
    again = load_map(console_services, made.collection_id, sample=10)
    assert (len(drawn.points), drawn.total, drawn.query) == (10, 30, None)
    assert [one.chunk_id for one in drawn.points] == [one.chunk_id for one in again.points]


def test_the_map_of_an_empty_collection_is_empty(console_services: Services) -> None:
    made = console_services.collections.create("Empty", by="ana")
    assert load_map(console_services, made.collection_id).points == []
