"""Collections and chunks: whole documents, exact counts, nothing left behind."""

from __future__ import annotations

import base64
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from console.data.collections.blocks import Blocks, pack_metadata, unpack_metadata
from console.data.collections.garbage import LEASE
from console.data.collections.items import read_chunk
from console.data.collections.reads import split_keys
from console.data.store import tables
from console.data.store.codec import Item
from console.data.store.packing import item_size
from console.data.store.requests import Query
from console.data.store.setup.description import vector_state
from console.data.store.store import Store
from console.errors import AlreadyExists, InvalidInput, NotFound, StoreUnavailable, TooLarge, UnsavedItems
from console.records import Chunk, NewChunk, VectorPart
from tests.support.tier import Tier, tier
from tests.support.vectors import new_chunks, unit_rows


@pytest.fixture
def embedded(embedded_store: Store) -> Tier:
    return tier(embedded_store)


def stored(process: Tier, collection_id: str) -> list[Item]:
    return list(process.store.all(Query(tables.VECTORS, collection_id)))


def garbage(process: Tier, collection_id: str) -> list[Item]:
    return list(process.store.all(Query(tables.VECTORS, f"{collection_id}#leftovers")))


def old_collection(process: Tier, **more: Any) -> str:
    """A collection and two chunks as the system before this one wrote them."""
    item = {"bot_id": {"S": "bot-1"}, "name": {"S": "Old"}, "total_chunks": {"N": "2"}, "total_documents": {"N": "1"}}
    process.store.client.put_item(TableName=process.store.name(tables.COLLECTIONS), Item={**item, **more})
    for number in (0, 1):
        chunk = {
            "bot_id": {"S": "bot-1"},
            "chunk_id": {"S": f"old.txt_{number}"},
            "text": {"S": f"old text {number}"},
            "filename": {"S": "old.txt"},
            "file_size": {"N": "99"},
            "chunk_index": {"N": str(number)},
            "created_at": {"S": "2025-01-02T03:04:05.123456"},
            "metadata": {"M": {"page": {"N": "3"}}},
            "embedding": {"L": [{"N": f"0.{number + 1}" + "123456789" * 4}] * 384},
        }
        process.store.client.put_item(TableName=process.store.name(tables.VECTORS), Item=chunk)
    return "bot-1"


# --- collections -----------------------------------------------------------------------------------------


def test_a_new_collection_reads_back_and_is_listed(process: Tier) -> None:
    made = process.collections.create("Handbook", by="ana")
    assert process.collections.get(made.collection_id) == made
    assert process.collections.list() == [made]
    assert (made.embedder, made.dimension, made.user_id) == ("minilm", 384, "ana")


def test_a_collection_is_found_by_id_and_by_name(process: Tier) -> None:
    made = process.collections.create("Handbook", by="ana")
    assert process.collections.named(made.collection_id) == made
    assert process.collections.named("handbook") == made


def test_a_name_of_two_collections_is_refused_with_their_ids(process: Tier) -> None:
    first = process.collections.create("Handbook", by="ana")
    process.collections.create("Handbook", by="ana")
    with pytest.raises(InvalidInput, match=first.collection_id):
        process.collections.named("Handbook")


def test_an_id_is_taken_once(process: Tier) -> None:
    process.collections.create("One", by="ana", collection_id="bot-1")
    with pytest.raises(AlreadyExists):
        process.collections.create("Two", by="ana", collection_id="bot-1")


@pytest.mark.parametrize("collection_id", ["", "a#b", "a b", "x" * 201])
def test_ids_that_would_mix_partitions_are_refused(process: Tier, collection_id: str) -> None:
    with pytest.raises(InvalidInput):
        process.collections.create("Name", by="ana", collection_id=collection_id)


def test_a_missing_collection_is_not_found(process: Tier) -> None:
    with pytest.raises(NotFound):
        process.collections.get("nowhere")
    with pytest.raises(NotFound):
        process.collections.delete("nowhere")
    with pytest.raises(NotFound):
        process.vectors.put_document("nowhere", "a.txt", new_chunks(1))


def test_a_collection_is_renamed_and_made_inactive(process: Tier) -> None:
    made = process.collections.create("Handbook", by="ana")
    changed = process.collections.update(made.collection_id, name="Guide", active=False)
    assert (changed.name, changed.active) == ("Guide", False)


def test_deleting_a_collection_leaves_nothing(process: Tier) -> None:
    made = process.collections.create("Handbook", by="ana")
    process.vectors.put_document(made.collection_id, "a.txt", new_chunks(30))
    seen: list[int] = []
    process.collections.delete(made.collection_id, seen.append)
    assert seen[-1] >= 30
    assert list(process.store.scan(tables.VECTORS)) == []
    assert process.collections.list() == []


def test_an_interrupted_deletion_goes_on(embedded: Tier, monkeypatch: pytest.MonkeyPatch) -> None:
    made = embedded.collections.create("Handbook", by="ana")
    embedded.vectors.put_document(made.collection_id, "a.txt", new_chunks(60))
    with monkeypatch.context() as broken:
        broken.setattr(Store, "batch_delete", _fails)
        with pytest.raises(StoreUnavailable):
            embedded.collections.delete(made.collection_id)
    assert embedded.collections.get(made.collection_id).deleting
    embedded.collections.delete(made.collection_id)
    assert list(embedded.store.scan(tables.VECTORS)) == []


def test_nothing_is_put_into_a_collection_that_is_being_deleted(
    embedded: Tier, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = embedded.collections.create("Handbook", by="ana")
    with monkeypatch.context() as broken:
        broken.setattr("console.data.collections.collections.remove_items", _fails)
        with pytest.raises(StoreUnavailable):
            embedded.collections.delete(made.collection_id)
    with pytest.raises(NotFound):
        embedded.vectors.put_document(made.collection_id, "a.txt", new_chunks(1))
    assert list(embedded.store.scan(tables.VECTORS)) == []


# --- documents -------------------------------------------------------------------------------------------


def test_a_document_reads_back(process: Tier) -> None:
    made = process.collections.create("Handbook", by="ana")
    chunks = [
        NewChunk(text="first", embedding=unit_rows(1, 384)[0], metadata={"page": 1, "tags": ["a"]}),
        NewChunk(text="second", embedding=[0.1] * 384),
    ]
    document = process.vectors.put_document(made.collection_id, "a.txt", chunks, file_size=77)
    first, second = process.vectors.of_document(made.collection_id, "a.txt", embeddings=True)
    assert process.vectors.documents(made.collection_id) == [document]
    assert (first.text, first.metadata, first.file_size, first.chunk_index) == (
        "first",
        {"page": 1, "tags": ["a"]},
        77,
        0,
    )
    assert np.array_equal(np.asarray(first.embedding, dtype=np.float32), chunks[0].embedding)
    assert second.embedding == [0.1] * 384
    assert process.vectors.get_many(made.collection_id, [second.chunk_id, "gone"]) == {
        second.chunk_id: process.vectors.of_document(made.collection_id, "a.txt")[1]
    }


def test_counts_follow_the_documents(process: Tier) -> None:
    made = process.collections.create("Handbook", by="ana")
    process.vectors.put_document(made.collection_id, "a.txt", new_chunks(3))
    process.vectors.put_document(made.collection_id, "b.txt", new_chunks(4))
    process.vectors.put_document(made.collection_id, "a.txt", new_chunks(2))
    found = process.collections.get(made.collection_id)
    assert (found.total_chunks, found.total_documents, found.revision) == (6, 2, 3)
    assert process.vectors.delete_document(made.collection_id, "b.txt") == 4
    found = process.collections.get(made.collection_id)
    assert (found.total_chunks, found.total_documents, found.revision) == (2, 1, 4)


def test_a_document_replaces_its_chunks(process: Tier) -> None:
    made = process.collections.create("Handbook", by="ana")
    process.vectors.put_document(made.collection_id, "a.txt", new_chunks(30, "old"))
    process.vectors.put_document(made.collection_id, "a.txt", new_chunks(2, "new"))
    assert [one.text for one in process.vectors.of_document(made.collection_id, "a.txt")] == ["new 0", "new 1"]
    assert len(stored(process, made.collection_id)) == 2
    assert garbage(process, made.collection_id) == []


def test_progress_tells_the_chunks_stored(process: Tier) -> None:
    made = process.collections.create("Handbook", by="ana")
    seen: list[int] = []
    process.vectors.put_document(made.collection_id, "a.txt", new_chunks(60), progress=seen.append)
    assert seen == [25, 50, 60]


@pytest.mark.parametrize(
    ("chunk", "said"),
    [
        (NewChunk(text="x", embedding=[0.0] * 3), "has 3 numbers"),
        (NewChunk(text="x", embedding=[float("nan")] * 384), "not finite"),
        (NewChunk(text="x", embedding=["a"] * 384), "not a list of 384 numbers"),
        (NewChunk(text="\ud800", embedding=[0.1] * 384), "broken character"),
        (NewChunk(text="x", embedding=[0.1] * 384, metadata={"a": {1, 2}}), "not a JSON object"),
    ],
)
def test_what_cannot_be_stored_is_refused_before_any_write(embedded: Tier, chunk: NewChunk, said: str) -> None:
    made = embedded.collections.create("Handbook", by="ana")
    with pytest.raises(InvalidInput, match=said):
        embedded.vectors.put_document(made.collection_id, "a.txt", [*new_chunks(1), chunk])
    assert list(embedded.store.scan(tables.VECTORS)) == []


def test_a_chunk_longer_than_an_item_may_be_is_refused(embedded: Tier) -> None:
    made = embedded.collections.create("Handbook", by="ana")
    with pytest.raises(TooLarge):
        embedded.vectors.put_document(
            made.collection_id, "a.txt", [NewChunk(text="x" * 100_001, embedding=[0.1] * 384)]
        )


@pytest.mark.parametrize("filename", ["", "  ", "x" * 1_001])
def test_a_file_name_that_cannot_be_a_key_is_refused(embedded: Tier, filename: str) -> None:
    made = embedded.collections.create("Handbook", by="ana")
    with pytest.raises(InvalidInput):
        embedded.vectors.put_document(made.collection_id, filename, new_chunks(1))


def test_a_document_without_chunks_is_refused(embedded: Tier) -> None:
    made = embedded.collections.create("Handbook", by="ana")
    with pytest.raises(InvalidInput, match=r"a\.txt holds no text"):
        embedded.vectors.put_document(made.collection_id, "a.txt", [])


def test_a_document_that_is_not_there_is_not_found(process: Tier) -> None:
    made = process.collections.create("Handbook", by="ana")
    with pytest.raises(NotFound):
        process.vectors.delete_document(made.collection_id, "a.txt")
    assert process.vectors.of_document(made.collection_id, "a.txt") == []


def test_vectors_of_another_length_have_an_attribute_of_their_own(process: Tier) -> None:
    made = process.collections.create("Handbook", by="ana", embedder="bedrock", dimension=512)
    process.vectors.put_document(made.collection_id, "a.txt", [NewChunk(text="x", embedding=[0.5] * 512)])
    (item,) = stored(process, made.collection_id)
    assert "embedding" not in item
    assert next(process.vectors.all(made.collection_id)).embedding == [0.5] * 512


# --- interruptions ---------------------------------------------------------------------------------------


def test_a_failed_writing_leaves_the_document_as_it_was(embedded: Tier, monkeypatch: pytest.MonkeyPatch) -> None:
    made = embedded.collections.create("Handbook", by="ana")
    embedded.vectors.put_document(made.collection_id, "a.txt", new_chunks(2, "old"))
    with monkeypatch.context() as broken:
        broken.setattr(Store, "batch_put", _unsaved)
        with pytest.raises(UnsavedItems):
            embedded.vectors.put_document(made.collection_id, "a.txt", new_chunks(3, "new"))
    assert [one.text for one in embedded.vectors.of_document(made.collection_id, "a.txt")] == ["old 0", "old 1"]
    assert len(stored(embedded, made.collection_id)) == 2
    assert garbage(embedded, made.collection_id) == []


def test_chunks_of_a_dead_writer_are_not_seen_and_swept_after_the_lease(
    embedded_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [datetime(2026, 1, 1, tzinfo=UTC)]
    process = tier(embedded_store, clock=lambda: now[0])
    made = process.collections.create("Handbook", by="ana")
    with monkeypatch.context() as broken:
        broken.setattr("console.data.collections.chunks.Chunks._commit", _dies)
        broken.setattr("console.data.collections.garbage.Garbage.drop", _fails)
        with pytest.raises(KeyboardInterrupt):
            process.vectors.put_document(made.collection_id, "a.txt", new_chunks(3))
    assert len(stored(process, made.collection_id)) == 3
    assert list(process.vectors.all(made.collection_id)) == []
    assert process.vectors.sweep(made.collection_id) == 0
    now[0] += LEASE + timedelta(seconds=1)
    assert process.vectors.sweep(made.collection_id) == 3
    assert stored(process, made.collection_id) == []
    assert garbage(process, made.collection_id) == []


def test_an_interrupted_deletion_of_a_document_is_finished_by_the_sweep(
    embedded: Tier, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = embedded.collections.create("Handbook", by="ana")
    embedded.vectors.put_document(made.collection_id, "a.txt", new_chunks(3))
    with monkeypatch.context() as broken:
        broken.setattr("console.data.collections.garbage.Garbage.drop", _fails)
        with pytest.raises(StoreUnavailable):
            embedded.vectors.delete_document(made.collection_id, "a.txt")
    assert embedded.collections.get(made.collection_id).total_chunks == 0
    assert embedded.vectors.documents(made.collection_id) == []
    assert embedded.vectors.sweep(made.collection_id) == 3
    assert stored(embedded, made.collection_id) == []


# --- many at once ----------------------------------------------------------------------------------------


def test_counts_are_exact_when_eight_threads_ingest_and_delete(embedded: Tier, record_property: Any) -> None:
    made = embedded.collections.create("Handbook", by="ana")
    threads = 8
    start = threading.Barrier(threads)

    def work(number: int) -> None:
        start.wait()
        for turn in range(4):
            filename = f"{(number + turn) % 5}.txt"
            embedded.vectors.put_document(made.collection_id, filename, new_chunks(2 + number % 3))
            if (number + turn) % 2:
                _delete_if_there(embedded, made.collection_id, f"{(number + 3) % 5}.txt")

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, range(threads)))
    embedded.vectors.sweep(made.collection_id)
    found = embedded.collections.get(made.collection_id)
    documents = embedded.vectors.documents(made.collection_id)
    record_property(
        "8 threads ingest and delete",
        f"{found.total_chunks} counted, {len(stored(embedded, made.collection_id))} stored",
    )
    assert found.total_chunks == len(stored(embedded, made.collection_id)) == sum(one.chunks for one in documents)
    assert found.total_documents == len(documents)
    assert garbage(embedded, made.collection_id) == []


# --- data of other systems -------------------------------------------------------------------------------


def test_chunks_of_another_system_are_read_with_numbers_of_any_precision(process: Tier) -> None:
    bot = old_collection(process)
    first, second = process.vectors.all(bot)
    assert first.embedding[0] == pytest.approx(0.1123456789123456789)
    assert second.embedding[0] == pytest.approx(0.2123456789)
    assert (first.text, first.filename, first.file_size, first.metadata) == ("old text 0", "old.txt", 99, {"page": 3})
    assert first.created_at == datetime(2025, 1, 2, 3, 4, 5, 123456, UTC)
    assert [one.chunk_index for one in process.vectors.of_document(bot, "old.txt")] == [0, 1]
    assert [(one.filename, one.chunks) for one in process.vectors.documents(bot)] == [("old.txt", 2)]


def test_a_collection_of_another_system_is_read(process: Tier) -> None:
    found = process.collections.get(old_collection(process, created_at={"N": "1700000000"}))
    assert (found.name, found.total_chunks, found.dimension, found.active) == ("Old", 2, 384, True)
    assert found.created_at == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)


def test_a_document_takes_the_place_of_another_systems_chunks(process: Tier) -> None:
    bot = old_collection(process)
    process.vectors.put_document(bot, "old.txt", new_chunks(3, "new"))
    found = process.collections.get(bot)
    assert [one.text for one in process.vectors.all(bot)] == ["new 0", "new 1", "new 2"]
    assert (found.total_chunks, found.total_documents) == (3, 1)


def test_a_document_of_another_system_is_deleted_from_chunks_and_counts(process: Tier) -> None:
    bot = old_collection(process)
    process.vectors.put_document(bot, "own.txt", new_chunks(1))
    assert process.vectors.delete_document(bot, "old.txt") == 2
    found = process.collections.get(bot)
    assert (found.total_chunks, found.total_documents) == (1, 1)


def test_imported_chunks_keep_their_ids_and_are_counted(process: Tier) -> None:
    made = process.collections.create("Moved", by="ana")
    process.vectors.put_document(made.collection_id, "own.txt", new_chunks(2))
    points = [Chunk(chunk_id=f"point-{n}", text="t", filename="p.txt", embedding=[0.1] * 384) for n in range(3)]
    assert process.vectors.import_chunks(made.collection_id, points) == 3
    assert process.vectors.import_chunks(made.collection_id, points) == 3
    found = process.collections.recount(made.collection_id)
    assert (found.total_chunks, found.total_documents) == (5, 2)
    assert set(process.vectors.get_many(made.collection_id, ["point-1"])) == {"point-1"}


def test_an_imported_id_must_not_look_like_one_of_ours(embedded: Tier) -> None:
    made = embedded.collections.create("Moved", by="ana")
    own = Chunk(chunk_id="0123456789abcdef-0123456789ab-000001", text="t", embedding=[0.1] * 384)
    with pytest.raises(InvalidInput):
        embedded.vectors.import_chunks(made.collection_id, [own])


def test_a_chunk_with_nothing_but_its_key_is_read() -> None:
    assert read_chunk({"bot_id": {"S": "b"}, "chunk_id": {"S": "c"}}, "embedding") == Chunk(chunk_id="c", text="")


# --- vector indexes --------------------------------------------------------------------------------------


def test_the_embedded_engine_has_both_vector_indexes(embedded: Tier) -> None:
    found = {table.name: vector_state(embedded.store, table) for table in tables.TABLES if table.vectors}
    assert found == {tables.RUNS: "ACTIVE", tables.VECTORS: "ACTIVE"}


def _fails(*_: Any, **__: Any) -> int:
    raise StoreUnavailable("The store is away.")


def _dies(*_: Any, **__: Any) -> None:
    raise KeyboardInterrupt


def _unsaved(*_: Any, **__: Any) -> None:
    raise UnsavedItems("VectorEmbeddings", ["a"])


def _delete_if_there(process: Tier, collection_id: str, filename: str) -> None:
    try:
        process.vectors.delete_document(collection_id, filename)
    except NotFound:
        return


# --- packed blocks ---------------------------------------------------------------------------------------


def packed_parts() -> list[VectorPart]:
    """Parts of one to 1,200 rows, some with long names or metadata."""
    rows, parts, start = unit_rows(3_000), [], 0
    for place, count in enumerate((1, 1_200, 3, 500, 20, 500, 776)):
        metadata = [{"note": "x" * (20_000 if place == 3 and number % 50 == 0 else 10)} for number in range(count)]
        parts.append(
            VectorPart(
                group=f"{place:016}-000000000000",
                count=count,
                vectors=rows[start : start + count],
                filename="f" * 900,
                metadata=pack_metadata(metadata),
            )
        )
        start += count
    return parts


def test_blocks_hold_every_row_once_in_items_that_fit(embedded: Tier) -> None:
    made = embedded.collections.create("Packed", by="ana")
    parts = packed_parts()
    packed = Blocks(embedded.store, embedded.cache).write(made, parts, at=None)
    assert packed is not None
    items = list(embedded.store.all(Query(tables.VECTORS, f"{made.collection_id}#blocks")))
    read = Blocks(embedded.store, embedded.cache).read(packed, packed.blocks)
    assert read is not None
    assert (
        max(item_size({**item, "vectors": {"B": base64.b64decode(item["vectors"]["B"])}}) for item in items) < 358_400
    )
    assert len(items) == len(packed.blocks) <= 8
    assert np.allclose(np.concatenate([part.vectors for part in read]), unit_rows(3_000), atol=1e-3)
    assert [part.chunk_id(row) for part in read for row in range(part.count)] == [
        part.chunk_id(row) for part in parts for row in range(part.count)
    ]
    assert [one for part in read for one in unpack_metadata(part)] == [
        one for part in parts for one in unpack_metadata(part)
    ]


def test_of_two_that_pack_at_once_one_gives_way_and_leaves_nothing(embedded: Tier) -> None:
    made = embedded.collections.create("Packed", by="ana")
    part = VectorPart(group="", count=2, vectors=unit_rows(2), chunk_ids=["a", "b"], filenames=["f", "f"])
    first = Blocks(embedded.store, embedded.cache).write(made, [part], at=None)
    second = Blocks(embedded.store, embedded.cache).write(made, [part], at=None)
    items = list(embedded.store.all(Query(tables.VECTORS, f"{made.collection_id}#blocks")))
    assert first is not None
    assert second is None
    assert [item["chunk_id"]["S"] for item in items] == first.blocks
    assert garbage(embedded, made.collection_id) == []


class ReadsThatLag(Store):
    """A store that finds something only when it is asked for a consistent read."""

    def batch_get(self, table: str, keys: Any, *, consistent: bool = True, **options: Any) -> list[Item]:
        return super().batch_get(table, keys, consistent=consistent, **options) if consistent else []


def test_a_block_that_a_replica_does_not_have_yet_is_found(embedded: Tier) -> None:
    made = embedded.collections.create("Packed", by="ana")
    packed = Blocks(embedded.store, embedded.cache).write(made, packed_parts(), at=None)
    lagging = ReadsThatLag(embedded.store.client, prefix=embedded.store.prefix)
    read = Blocks(lagging, tier(lagging).cache).read(packed or made, packed.blocks if packed else [])
    assert read is not None
    assert sum(part.count for part in read) == 3_000


def test_blocks_are_read_at_half_the_price_of_consistent_reads(embedded: Tier) -> None:
    made = embedded.collections.create("Packed", by="ana")
    packed = Blocks(embedded.store, embedded.cache).write(made, packed_parts(), at=None)
    assert packed is not None
    before = embedded.store.meter.read().read_units
    Blocks(embedded.store, tier(embedded.store).cache).read(packed, packed.blocks)
    spent = embedded.store.meter.read().read_units - before
    assert packed.block_bytes / 8_192 <= spent < packed.block_bytes / 6_500


def test_a_block_that_is_gone_says_so(embedded: Tier) -> None:
    made = embedded.collections.create("Packed", by="ana")
    assert Blocks(embedded.store, embedded.cache).read(made, ["gone-00000"]) is None


@pytest.mark.parametrize(
    ("first", "last"), [("0a", "ff"), ("doc_0001", "doc_9999"), ("a", "a"), ("", "z"), ("ä", "日本"), ("-1", "Zz9")]
)
def test_ranges_of_keys_cover_everything_in_order(first: str, last: str) -> None:
    ranges = split_keys(first, last, 16)
    assert (ranges[0][0], ranges[-1][1]) == (first, last)
    assert [one[1] for one in ranges[:-1]] == [one[0] for one in ranges[1:]]
    assert sorted(ranges) == ranges
