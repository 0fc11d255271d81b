"""Strategies: the same chunks and similarities whichever way a collection is searched."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from console.data.store import tables
from console.data.store.requests import Query
from console.data.store.setup.description import vector_state
from console.data.store.store import Store
from console.errors import InvalidInput, NotFound, SetupError, StoreError
from console.records import Chunk, Collection, NewChunk
from console.search.memory.files import VectorFiles
from console.search.memory.memory import Memory
from console.search.ways.searcher import Searched, Searcher
from tests.support.redis_server import RedisServer
from tests.support.tier import Tier, tier
from tests.support.vectors import clustered_rows, new_chunks, unit_rows

ROWS = clustered_rows(300)
QUERIES = unit_rows(5, seed=11)


def searcher(process: Tier, folder: Path | None = None, **options: Any) -> Searcher:
    indexes = Memory(process.vector_reads, VectorFiles(folder, "test"), **options)
    return Searcher(process.vector_reads, indexes, _not_configured)


def filled(process: Tier) -> Collection:
    """Three documents of 100 chunks with metadata."""
    made = process.collections.create("Handbook", by="ana")
    for document in range(3):
        chunks = [
            NewChunk(
                text=f"chunk {number}",
                embedding=ROWS[number],
                metadata={"half": "even" if number % 2 == 0 else "odd", "page": number % 7},
            )
            for number in range(document * 100, document * 100 + 100)
        ]
        process.vectors.put_document(made.collection_id, f"{document}.txt", chunks)
    return process.collections.get(made.collection_id)


def small(process: Tier) -> Collection:
    """One document of three chunks."""
    made = process.collections.create("Small", by="ana")
    process.vectors.put_document(made.collection_id, "a.txt", new_chunks(3))
    return process.collections.get(made.collection_id)


@pytest.fixture(scope="module")
def engine(engine_client: Any) -> Tier:
    from tests.conftest import new_store

    return tier(new_store(engine_client))


@pytest.fixture(scope="module")
def collection(engine: Tier) -> Collection:
    return filled(engine)


@pytest.fixture(scope="module")
def found(engine: Tier) -> Searcher:
    return searcher(engine)


def nearest(rows: Any, query: Any, k: int) -> list[str]:
    """Texts of the k nearest by a plain computation in float64."""
    similarities = np.asarray(rows, dtype=np.float64) @ np.asarray(query, dtype=np.float64)
    return [f"chunk {number}" for number in np.argsort(-similarities)[:k]]


def texts(searched: Searched) -> list[str]:
    return [hit.text for hit in searched.answer.hits]


# --- the same answers ------------------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", ["native", "exact", "parallel", "ann"])
@pytest.mark.parametrize("number", range(5))
def test_every_strategy_finds_the_ten_nearest(
    found: Searcher, collection: Collection, strategy: str, number: int
) -> None:
    searched = found.search(collection, QUERIES[number], 10, {}, strategy)
    assert texts(searched) == nearest(ROWS, QUERIES[number], 10)


@pytest.mark.parametrize("strategy", ["native", "exact", "parallel", "ann"])
def test_similarity_is_the_cosine_of_the_stored_numbers(found: Searcher, collection: Collection, strategy: str) -> None:
    (hit,) = found.search(collection, ROWS[42], 1, {}, strategy).answer.hits
    assert hit.text == "chunk 42"
    assert hit.similarity == pytest.approx(1.0, abs=1e-6)
    assert (hit.filename, hit.metadata["half"]) == ("0.txt", "even")


@pytest.mark.parametrize("strategy", ["native", "exact", "parallel", "ann"])
def test_every_strategy_filters_by_file_name(found: Searcher, collection: Collection, strategy: str) -> None:
    searched = found.search(collection, QUERIES[0], 10, {"filename": "1.txt"}, strategy)
    wanted = [f"chunk {int(text.split()[1]) + 100}" for text in nearest(ROWS[100:200], QUERIES[0], 10)]
    assert texts(searched) == wanted


@pytest.mark.parametrize("strategy", ["exact", "parallel", "ann"])
def test_metadata_filter(found: Searcher, collection: Collection, strategy: str) -> None:
    searched = found.search(collection, QUERIES[0], 10, {"half": "odd", "page": "3"}, strategy)
    wanted = [text for text in nearest(ROWS, QUERIES[0], 300) if int(text.split()[1]) % 14 == 3][:10]
    assert texts(searched) == wanted


def test_where_a_graph_finds_too_few_ann_searches_exactly_and_says_so(
    found: Searcher, collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("console.search.ways.strategies.GRAPH_FROM", 10)
    monkeypatch.setattr("console.search.ways.strategies._SHARE", 2)
    assert found.search(collection, QUERIES[0], 9, {}, "ann").answer.remark == ""
    monkeypatch.setattr("console.search.memory.graph.NeighbourGraph.good", property(lambda graph: graph.found > 1))
    searched = found.search(collection, QUERIES[0], 8, {}, "ann")
    assert re.fullmatch(
        r"A graph finds (99\.\d|100\.0)% of the nearest here; searched exactly\.", searched.answer.remark
    )
    assert texts(searched) == nearest(ROWS, QUERIES[0], 8)


@pytest.mark.parametrize("strategy", ["exact", "parallel", "ann"])
def test_any_number_of_results_can_be_asked_for(found: Searcher, collection: Collection, strategy: str) -> None:
    searched = found.search(collection, QUERIES[0], 1_000, {}, strategy)
    assert sorted(texts(searched)) == sorted(f"chunk {number}" for number in range(300))


def test_filters_that_nothing_has_find_nothing(found: Searcher, collection: Collection) -> None:
    assert found.search(collection, QUERIES[0], 10, {"filename": "none.txt"}, "native").answer.hits == []
    assert found.search(collection, QUERIES[0], 10, {"half": "none"}, "exact").answer.hits == []
    assert found.search(collection, QUERIES[0], 10, {"half": "none"}, "ann").answer.hits == []


def test_an_empty_collection_has_no_results(engine: Tier, found: Searcher) -> None:
    empty = engine.collections.create("Empty", by="ana")
    assert found.search(empty, QUERIES[0], 10, {}, "native").answer.hits == []
    assert found.search(empty, QUERIES[0], 10, {}, "exact").answer.hits == []
    assert found.search(empty, QUERIES[0], 10, {}, "parallel").answer.hits == []
    assert found.search(empty, QUERIES[0], 10, {}, "ann").answer.hits == []


# --- what cannot be done ---------------------------------------------------------------------------------


def test_native_names_the_strategy_for_more_results(found: Searcher, collection: Collection) -> None:
    with pytest.raises(InvalidInput, match=r"100 results at most\. Choose the strategy exact"):
        found.search(collection, QUERIES[0], 101, {}, "native")


def test_native_filters_by_file_name_only(found: Searcher, collection: Collection) -> None:
    with pytest.raises(InvalidInput, match="not by half"):
        found.search(collection, QUERIES[0], 10, {"half": "odd"}, "native")


def test_native_of_another_dimension_is_searched_exactly(engine: Tier, found: Searcher) -> None:
    other = engine.collections.create("Titan", by="ana", embedder="bedrock", dimension=512)
    engine.vectors.put_document(other.collection_id, "a.txt", [NewChunk("one", unit_rows(1, 512)[0])])
    answer = found.search(other, unit_rows(1, 512)[0], 10, {}, "native").answer
    assert [hit.text for hit in answer.hits] == ["one"]
    assert answer.remark == "The store has no vector index of this collection that is ready; searched exactly."


def test_native_that_fails_is_searched_exactly_and_tried_again_later(
    fresh: Tier, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = small(fresh)
    calls: list[str] = []

    def refuse(operation: str, *given: Any, **request: Any) -> Any:
        calls.append(operation)
        if operation == "search_vectors":
            raise StoreError("The store refused the request (ValidationException): the index is backfilling.")
        return answer(operation, *given, **request)

    answer = fresh.store.call
    one = searcher(fresh)
    with monkeypatch.context() as failing:
        failing.setattr(fresh.store, "call", refuse)
        first = one.search(made, QUERIES[0], 3, {}, "native").answer
        again = one.search(made, QUERIES[0], 3, {}, "native").answer
    assert len(first.hits) == len(again.hits) == 3
    assert "could not be searched" in first.remark
    assert "searched exactly" in again.remark
    assert calls.count("search_vectors") == 1
    monkeypatch.setattr("console.data.collections.native_index._LOOK_AGAIN", 0.0)
    fresh.vector_reads._index._look_again = 0.0
    assert one.search(made, QUERIES[0], 3, {}, "native").answer.remark == ""


def test_an_unknown_strategy_is_refused_with_the_known_ones(found: Searcher, collection: Collection) -> None:
    with pytest.raises(InvalidInput, match="auto, hybrid, native, exact, parallel, ann, opensearch"):
        found.search(collection, QUERIES[0], 10, {}, "magic")


@pytest.mark.parametrize("k", [0, 10_001])
def test_a_number_of_results_out_of_range_is_refused(found: Searcher, collection: Collection, k: int) -> None:
    with pytest.raises(InvalidInput):
        found.search(collection, QUERIES[0], k, {}, "exact")


def test_opensearch_that_is_not_configured_says_so(found: Searcher, collection: Collection) -> None:
    with pytest.raises(SetupError, match="not configured"):
        found.search(collection, QUERIES[0], 10, {}, "opensearch")


# --- the choice ------------------------------------------------------------------------------------------


def test_auto_takes_the_vector_index_where_there_is_one(engine: Tier, collection: Collection) -> None:
    searched = searcher(engine).search(collection, QUERIES[0], 10, {})
    assert searched.strategy == "native"
    assert "vector index" in searched.reason


def test_auto_takes_exact_for_what_the_vector_index_cannot(engine: Tier, collection: Collection) -> None:
    searcher(engine).search(collection, QUERIES[0], 10, {}, "exact")
    packed = engine.collections.get(collection.collection_id)
    searched = searcher(engine).search(packed, QUERIES[0], 10, {"half": "odd"})
    assert searched.strategy == "exact"
    assert "not by half" in searched.reason


def test_auto_takes_exact_when_the_vectors_are_in_memory(engine: Tier, collection: Collection) -> None:
    one = searcher(engine)
    one.search(collection, QUERIES[0], 10, {}, "exact")
    assert one.search(collection, QUERIES[0], 10, {}).strategy == "exact"


def test_auto_reads_a_small_collection_where_there_is_no_vector_state(moto_client: Any) -> None:
    from tests.conftest import new_store

    process = tier(new_store(moto_client))
    searched = searcher(process).search(small(process), QUERIES[0], 2, {})
    assert searched.strategy == "parallel"
    assert len(searched.answer.hits) == 2
    assert [vector_state(process.store, one) for one in tables.TABLES if one.vectors] == ["", ""]


def test_native_is_completed_when_hidden_chunks_take_the_places(fresh: Tier, monkeypatch: pytest.MonkeyPatch) -> None:
    made = small(fresh)
    with monkeypatch.context() as broken:
        broken.setattr("console.data.collections.chunks.Chunks._commit", _dies)
        broken.setattr("console.data.collections.garbage.Garbage.drop", lambda *_: 0)
        with pytest.raises(KeyboardInterrupt):
            fresh.vectors.put_document(made.collection_id, "b.txt", [NewChunk("hidden", QUERIES[0])] * 101)
    searched = searcher(fresh).search(made, QUERIES[0], 3, {}, "native")
    assert sorted(texts(searched)) == ["text 0", "text 1", "text 2"]
    assert "searched exactly" in searched.answer.remark


# --- blocks, files and the shared cache ------------------------------------------------------------------


def blocks(process: Tier, made: Collection) -> set[str]:
    partition = Query(tables.VECTORS, f"{made.collection_id}#blocks")
    return {item["chunk_id"]["S"] for item in process.store.all(partition)}


@pytest.fixture
def redis_server(tmp_path: Path, free_port: int) -> Iterator[RedisServer]:
    server = RedisServer(free_port, tmp_path)
    server.start()
    yield server
    server.kill()


@pytest.fixture
def fresh(embedded_store: Store) -> Tier:
    return tier(embedded_store)


def test_the_first_search_packs_and_the_next_process_reads_blocks(fresh: Tier) -> None:
    made = filled(fresh)
    assert searcher(fresh).search(made, QUERIES[0], 10, {}, "exact").answer.source == "chunks"
    packed = fresh.collections.get(made.collection_id)
    searched = searcher(fresh).search(packed, QUERIES[0], 10, {}, "exact")
    assert (packed.block_rows, packed.block_bytes) == (300, 300 * 384 * 2)
    assert blocks(fresh, made) == set(packed.blocks)
    assert searched.answer.source == "blocks"
    assert texts(searched) == nearest(ROWS, QUERIES[0], 10)


def test_blocks_that_go_while_they_are_read_leave_nothing_behind(fresh: Tier, monkeypatch: pytest.MonkeyPatch) -> None:
    made = filled(fresh)
    searcher(fresh).search(made, QUERIES[0], 10, {}, "exact")
    real, attempts = fresh.vector_reads.read_blocks, iter([None])

    def going(collection: Collection, keys: Sequence[str], came: Any) -> Any:
        parts = real(collection, keys, came)
        return next(attempts, parts)

    monkeypatch.setattr(fresh.vector_reads, "read_blocks", going)
    other = searcher(fresh)
    assert texts(other.search(made, QUERIES[1], 10, {}, "exact")) == nearest(ROWS, QUERIES[1], 10)
    assert len(other.memory.get(made.collection_id).view) == len(ROWS)


def test_a_changed_document_is_found_at_once_by_the_process_that_changed_it(fresh: Tier) -> None:
    made = small(fresh)
    one = searcher(fresh)
    one.search(made, QUERIES[0], 10, {}, "exact")
    fresh.vectors.put_document(made.collection_id, "new.txt", [NewChunk(text="new", embedding=QUERIES[0])])
    assert texts(one.search(made, QUERIES[0], 1, {}, "exact")) == ["new"]
    fresh.vectors.delete_document(made.collection_id, "new.txt")
    assert texts(one.search(made, QUERIES[0], 1, {}, "exact")) != ["new"]


def test_a_change_of_another_process_is_found_at_the_next_look(fresh: Tier) -> None:
    made = small(fresh)
    ticks = [0.0]
    one = searcher(fresh, clock=lambda: ticks[0])
    one.search(made, QUERIES[0], 10, {}, "exact")
    tier(fresh.store).vectors.put_document(made.collection_id, "new.txt", [NewChunk(text="new", embedding=QUERIES[0])])
    assert texts(one.search(made, QUERIES[0], 1, {}, "exact")) != ["new"]
    ticks[0] = 1.5
    assert texts(one.search(made, QUERIES[0], 1, {}, "exact")) == ["new"]


def test_a_warm_search_asks_the_store_for_nothing(fresh: Tier) -> None:
    made = small(fresh)
    one = searcher(fresh, clock=lambda: 0.0)
    one.search(made, QUERIES[0], 10, {}, "exact")
    before = fresh.store.meter.read().requests
    one.search(made, QUERIES[0], 10, {}, "exact")
    assert fresh.store.meter.read().requests == before


def test_replaced_documents_are_packed_anew_without_orphans(fresh: Tier) -> None:
    made = filled(fresh)
    one = searcher(fresh)
    one.search(made, QUERIES[0], 10, {}, "exact")
    first = blocks(fresh, made)
    for document in range(3):
        fresh.vectors.put_document(made.collection_id, f"{document}.txt", new_chunks(90, f"again {document}"))
    one.search(made, QUERIES[0], 10, {}, "exact")
    packed = fresh.collections.get(made.collection_id)
    assert blocks(fresh, made) == set(packed.blocks)
    assert not first & set(packed.blocks)
    assert packed.block_rows == packed.total_chunks == 270


def test_a_local_file_warms_the_next_process(fresh: Tier, tmp_path: Path) -> None:
    made = filled(fresh)
    searcher(fresh, tmp_path, keep_from=100).search(made, QUERIES[0], 10, {}, "exact")
    unchanged = searcher(fresh, tmp_path).search(made, QUERIES[1], 10, {}, "exact")
    assert unchanged.answer.source == "file"
    assert texts(unchanged) == nearest(ROWS, QUERIES[1], 10)
    fresh.vectors.put_document(made.collection_id, "b.txt", [NewChunk(text="new", embedding=QUERIES[0])])
    fresh.vectors.delete_document(made.collection_id, "0.txt")
    searched = searcher(fresh, tmp_path).search(made, QUERIES[0], 3, {}, "exact")
    wanted = [text for text in nearest(ROWS, QUERIES[0], 300) if int(text.split()[1]) >= 100]
    assert texts(searched) == ["new", *wanted[:2]]


@pytest.mark.parametrize("content", [b"", b"GEV2", b"GEV2" + b"\xff" * 40, b"other" * 10])
def test_a_broken_local_file_counts_as_none(tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture) -> None:
    kept = VectorFiles(tmp_path, "test")
    path = kept._path("c")
    assert path is not None
    path.write_bytes(content)
    assert kept.load("c") is None
    assert "cannot be used" in caplog.text


def test_blocks_and_answers_are_shared_through_redis(fresh: Tier, redis_server: RedisServer) -> None:
    made = filled(fresh)
    searcher(fresh).search(made, QUERIES[0], 10, {}, "exact")
    packed = fresh.collections.get(made.collection_id)
    searcher(tier(fresh.store, url=redis_server.url)).search(packed, QUERIES[0], 10, {}, "exact")
    other = tier(fresh.store, url=redis_server.url)
    assert texts(searcher(other).search(packed, QUERIES[0], 10, {}, "exact")) == nearest(ROWS, QUERIES[0], 10)
    assert other.cache.read().shared_hits == len(packed.blocks) + 1
    redis_server.put_junk_everywhere()
    junk = tier(fresh.store, url=redis_server.url)
    assert texts(searcher(junk).search(packed, QUERIES[0], 10, {}, "exact")) == nearest(ROWS, QUERIES[0], 10)


def test_a_budget_lets_go_of_the_collection_searched_longest_ago(fresh: Tier) -> None:
    first, second = small(fresh), small(fresh)
    one = searcher(fresh, budget=1)
    one.search(first, QUERIES[0], 1, {}, "exact")
    one.search(second, QUERIES[0], 1, {}, "exact")
    assert list(one.memory.sizes()) == [second.collection_id]


def test_a_deleted_collection_is_not_found_and_forgotten(fresh: Tier) -> None:
    made = small(fresh)
    ticks = [0.0]
    one = searcher(fresh, clock=lambda: ticks[0])
    one.search(made, QUERIES[0], 1, {}, "exact")
    fresh.collections.delete(made.collection_id)
    ticks[0] = 2.0
    with pytest.raises(NotFound):
        one.search(made, QUERIES[0], 1, {}, "exact")
    assert one.memory.sizes() == {}


def test_chunks_of_another_system_are_found_and_packed(fresh: Tier) -> None:
    made = fresh.collections.create("Moved", by="ana")
    points = [Chunk(chunk_id=f"p{n}", text=f"chunk {n}", filename="p.txt", embedding=ROWS[n]) for n in range(300)]
    fresh.vectors.import_chunks(made.collection_id, points)
    moved = fresh.collections.recount(made.collection_id)
    for strategy in ("native", "exact", "parallel", "ann"):
        assert texts(searcher(fresh).search(moved, QUERIES[0], 10, {}, strategy)) == nearest(ROWS, QUERIES[0], 10)
    searched = searcher(fresh).search(moved, QUERIES[0], 10, {}, "exact")
    assert searched.answer.source == "blocks"
    fresh.vectors.delete_document(made.collection_id, "p.txt")
    assert texts(searcher(fresh).search(moved, QUERIES[0], 10, {}, "exact")) == []


# --- while others write ----------------------------------------------------------------------------------


def test_searches_never_fail_while_eight_threads_ingest_and_delete(fresh: Tier, record_property: Any) -> None:
    made = filled(fresh)
    one = searcher(fresh)
    done = threading.Event()

    def search() -> int:
        searches = 0
        while not done.is_set() or searches < 8:
            strategy = ("exact", "native", "parallel", "ann")[searches % 4]
            assert len(one.search(made, QUERIES[searches % 5], 10, {}, strategy).answer.hits) == 10
            searches += 1
        return searches

    def write(number: int) -> None:
        for turn in range(2):
            fresh.vectors.put_document(made.collection_id, f"new-{number % 3}.txt", new_chunks(20, seed=number + turn))
            if turn == 1:
                _delete_if_there(fresh, made.collection_id, f"new-{(number + 1) % 3}.txt")

    with ThreadPoolExecutor(10) as pool:
        searching = [pool.submit(search) for _ in range(2)]
        for writing in [pool.submit(write, number) for number in range(8)]:
            writing.result()
        done.set()
        record_property("searches while 8 threads write", sum(one.result() for one in searching))
    one.memory.pack(made.collection_id)
    packed = fresh.collections.get(made.collection_id)
    stored = list(fresh.store.all(Query(tables.VECTORS, made.collection_id)))
    assert packed.total_chunks == len(stored) == packed.block_rows
    assert blocks(fresh, made) == set(packed.blocks)


def _delete_if_there(process: Tier, collection_id: str, filename: str) -> None:
    try:
        process.vectors.delete_document(collection_id, filename)
    except NotFound:
        return


def _dies(*_: Any) -> None:
    raise KeyboardInterrupt


def _not_configured() -> Any:
    raise SetupError("OpenSearch is not configured.")
