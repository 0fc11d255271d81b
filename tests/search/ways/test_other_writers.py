"""Another program writes chunks beside the console, and tells nobody: every strategy is right within two seconds.

The writer does what the vector schema shows: `batch_writer` puts, puts over chunks that are there, and deletes; it
touches the table of the chunks alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from opensearchpy import OpenSearch

from console.data.store import tables
from console.data.store.store import Store
from console.records import Collection, NewChunk
from console.search.memory.files import VectorFiles
from console.search.memory.memory import Memory
from console.search.ways.opensearch import OpenSearchIndex
from console.search.ways.searcher import Searcher
from tests.support.chunk_writer import Writer
from tests.support.opensearch_stub import opensearch_stub
from tests.support.tier import Tier, tier
from tests.support.vectors import clustered_rows, unit_rows

ROWS = clustered_rows(60)
QUERY = unit_rows(1, seed=11)[0]
FAR = -QUERY
STRATEGIES = pytest.mark.parametrize("strategy", ["auto", "hybrid", "native", "exact", "parallel", "ann", "opensearch"])
SAYS_NOTHING = "something else"
"""A question that shares no word with a chunk: `hybrid` then ranks by the vectors."""
_REMARKS: tuple[str, ...] = ("", "Few enough chunks to be searched exactly.")


class Beside:
    """A console process that has searched, and a writer beside it; two seconds pass at every look."""

    def __init__(
        self, process: Tier, made: Collection, folder: Path | None, strategy: str, index: OpenSearchIndex
    ) -> None:
        self.process, self.made, self.strategy, self.index = process, made, strategy, index
        self.writer = Writer(process.store, made.collection_id)
        self._seconds = 0.0
        memory = Memory(process.vector_reads, VectorFiles(folder, "t"), keep_from=10, clock=lambda: self._seconds)
        self._searcher = Searcher(process.vector_reads, memory, lambda: index, clock=lambda: self._seconds)
        self.texts(strategy="exact")
        self.texts()

    def texts(self, k: int = 3, strategy: str = "", question: str = SAYS_NOTHING) -> list[str]:
        """What the nearest chunks say, two seconds after the last question."""
        self._seconds += 2.0
        made = self.process.collections.get(self.made.collection_id)
        found = self._searcher.search(
            made, QUERY, k, {}, strategy or self.strategy, question if self.strategy == "hybrid" else ""
        )
        assert found.answer.remark in _REMARKS
        return [hit.text for hit in found.answer.hits]

    def another(self, folder: Path | None = None) -> Beside:
        """A process that starts now."""
        return Beside(tier(self.process.store), self.made, folder, self.strategy, self.index)


@pytest.fixture
def index() -> Iterator[OpenSearchIndex]:
    with opensearch_stub() as stub, closing(OpenSearch(stub.url, timeout=5, max_retries=0)) as client:
        yield OpenSearchIndex(client)


@pytest.fixture
def beside(embedded_store: Store, strategy: str, index: OpenSearchIndex, monkeypatch: pytest.MonkeyPatch) -> Beside:
    """A collection of four documents of fifteen chunks, which is large enough to be packed and to have a graph."""
    monkeypatch.setattr("console.search.memory.held.PACK_ROWS", 20)
    monkeypatch.setattr("console.search.ways.strategies.GRAPH_FROM", 10)
    monkeypatch.setattr("console.search.ways.strategies._SHARE", 2)
    process = tier(embedded_store)
    made = process.collections.create("Handbook", by="ana")
    for document in range(4):
        rows = ROWS[document * 15 : document * 15 + 15]
        chunks = [NewChunk(text=f"chunk {document}-{number}", embedding=row) for number, row in enumerate(rows)]
        process.vectors.put_document(made.collection_id, f"{document}.txt", chunks)
    index.sync(
        process.collections.get(made.collection_id),
        process.vectors.all(made.collection_id),
        at=process.vector_reads.position(),
    )
    return Beside(process, made, None, strategy, index)


def own_id(beside: Beside, text: str) -> str:
    """The id of one of the console's own chunks."""
    chunks = beside.process.vectors.all(beside.made.collection_id)
    return next(chunk.chunk_id for chunk in chunks if chunk.text == text)


@STRATEGIES
def test_a_chunk_that_was_added_is_found_and_then_changed_and_then_gone(beside: Beside) -> None:
    beside.writer.add("x1", "theirs", QUERY)
    assert beside.texts()[0] == "theirs"
    beside.writer.add("x1", "theirs, changed", QUERY)
    assert beside.texts()[0] == "theirs, changed"
    beside.writer.add("x1", "theirs, far away", FAR)
    assert "theirs, far away" not in beside.texts()
    beside.writer.add("x1", "theirs, near", QUERY)
    assert beside.texts()[0] == "theirs, near"
    beside.writer.delete("x1")
    assert not [text for text in beside.texts() if text.startswith("theirs")]


@STRATEGIES
def test_the_consoles_own_chunk_put_in_place_is_ranked_by_its_new_vector(beside: Beside) -> None:
    chunk_id = own_id(beside, "chunk 1-7")
    beside.writer.add(chunk_id, "moved", QUERY)
    assert beside.texts()[0] == "moved"
    beside.writer.delete(chunk_id)
    assert "moved" not in beside.texts()
    beside.writer.add(chunk_id, "again", QUERY)
    assert beside.texts()[0] == "again"


@STRATEGIES
def test_replacing_a_document_takes_what_was_put_over_its_chunks_with_it(beside: Beside) -> None:
    beside.writer.add(own_id(beside, "chunk 1-7"), "moved", QUERY)
    assert beside.texts()[0] == "moved"
    beside.process.vectors.put_document(beside.made.collection_id, "1.txt", [NewChunk("new", FAR)])
    assert "moved" not in beside.texts()


@STRATEGIES
def test_all_chunks_deleted_are_found_by_nobody_and_those_added_then_are(beside: Beside) -> None:
    beside.writer.delete(*beside.writer.ids())
    assert beside.texts() == []
    beside.writer.add("x1", "theirs", QUERY)
    assert beside.texts() == ["theirs"]
    assert beside.another().texts() == ["theirs"]


@STRATEGIES
def test_a_process_that_starts_later_sees_what_changed_since_the_blocks_were_packed(
    beside: Beside, tmp_path: Path
) -> None:
    beside.another(tmp_path)
    beside.writer.add("x1", "theirs", QUERY)
    beside.writer.add(own_id(beside, "chunk 2-3"), "moved", QUERY)
    beside.writer.delete(own_id(beside, "chunk 3-4"))
    assert sorted(beside.another().texts(2)) == ["moved", "theirs"]
    assert sorted(beside.another(tmp_path).texts(2)) == ["moved", "theirs"]
    assert len(beside.another().texts(100)) == 60
    beside.writer.delete("x1")
    assert beside.another(tmp_path).texts(1) == ["moved"]


@pytest.mark.parametrize("strategy", ["hybrid"])
def test_the_words_of_a_chunk_follow_its_text(beside: Beside) -> None:
    beside.writer.add("x1", "a quaternion", FAR)
    assert beside.texts(question="quaternions")[0] == "a quaternion"
    beside.writer.add("x1", "a matrix", FAR)
    assert beside.texts(question="matrix")[0] == "a matrix"
    assert "a matrix" not in beside.texts(question="quaternions")
    beside.writer.delete("x1")
    assert "a matrix" not in beside.texts(question="matrix")


@pytest.mark.parametrize("strategy", ["opensearch"])
def test_an_index_that_lags_far_behind_says_so(beside: Beside, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("console.search.ways.fed.MOST_CHANGES", 1)
    monkeypatch.setattr(f"{__name__}._REMARKS", ("", "The index is older than the collection; sync it."))
    beside.writer.add("x1", "theirs", QUERY)
    assert beside.texts()[0] == "theirs"
    beside.writer.delete(own_id(beside, "chunk 1-7"))
    found = beside.texts(60)
    assert ("theirs" in found, "chunk 1-7" in found) == (False, False)


@pytest.mark.parametrize("strategy", ["exact"])
def test_a_look_costs_no_read_units_of_the_chunks(beside: Beside) -> None:
    beside.texts()
    before = beside.process.store.meter.read()
    beside.texts()
    after = beside.process.store.meter.read()
    assert after.read_units - before.read_units <= 2.0
    assert after.requests["get_records"] - before.requests["get_records"] == 1


@pytest.mark.parametrize("strategy", ["exact", "ann"])
@pytest.mark.alters_tables
def test_without_a_stream_everything_is_read_again_and_a_small_collection_is_right_at_once(beside: Beside) -> None:
    _turn_off(beside.process.store)
    later = beside.another()
    later.writer.add("x1", "theirs", QUERY)
    assert later.texts()[0] == "theirs"


@pytest.mark.parametrize("strategy", ["exact"])
def test_a_position_older_than_a_day_is_not_believed(beside: Beside, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("console.data.store.stream.KEPT", 0.0)
    beside.writer.add("x1", "theirs", QUERY)
    assert beside.texts()[0] == "theirs"
    assert beside.another().texts()[0] == "theirs"


def _turn_off(store: Store) -> None:
    table = store.name(tables.VECTORS)
    store.client.update_table(TableName=table, StreamSpecification={"StreamEnabled": False})
