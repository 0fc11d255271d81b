"""Documents come back exactly as they were given, whatever their size, and lists miss and repeat none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from console.data.cache.cache import Cache
from console.data.documents.documents import Documents
from console.data.store import tables
from console.data.store.client import make_client
from console.data.store.store import Store
from console.errors import AlreadyExists, InvalidInput, NotFound, TooLarge
from console.records import Document, DocumentSummary, Page, utcnow
from tests.conftest import new_store
from tests.support.fakes import FakeClock, incompressible
from tests.support.faults.proxy import FaultProxy, Faults

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOON)


@pytest.fixture
def documents(store: Store, clock: FakeClock) -> Documents:
    return another_process(store, clock)


@pytest.fixture
def embedded(embedded_store: Store, clock: FakeClock) -> Documents:
    return another_process(embedded_store, clock)


@pytest.fixture
def proxy(engine_endpoint: str) -> Iterator[FaultProxy]:
    with FaultProxy(engine_endpoint, seed=3) as running:
        yield running


@pytest.fixture
def unreliable(proxy: FaultProxy, clock: FakeClock) -> Iterator[Documents]:
    """On the embedded engine, through the proxy."""
    with closing(make_client("us-east-1", proxy.endpoint)) as client:
        yield another_process(new_store(client), clock)


def another_process(store: Store, clock: FakeClock, **options: Any) -> Documents:
    """A repository with a cache and recent writes of its own."""
    return Documents(store, Cache(store), clock=clock, **options)


def shown(page: Page[DocumentSummary]) -> list[str]:
    return [row.document_id for row in page.items]


def named(document_id: str, created_on: datetime, text: str = "text") -> Document:
    return Document(document_id=document_id, evaluation_target=text, created_on=created_on)


def stored(documents: Documents) -> int:
    return len(list(documents._store.scan(tables.RUNS)))


# --- one document ------------------------------------------------------------------------------------


def test_a_document_comes_back_as_it_was_given(documents: Documents, store: Store, clock: FakeClock) -> None:
    made = documents.create("The answer.", "The reference.", {"z": 1, "a": [1.0, None, "ü"]}, by="ada")
    read = another_process(store, clock).get(made.document_id)
    assert read == made
    assert (read.evaluation_target, read.expected_output) == ("The answer.", "The reference.")
    assert (read.created_on, read.created_by) == (NOON, "ada")
    assert list((read.metadata or {}).items()) == [("z", 1), ("a", [1.0, None, "ü"])]


def test_number_types_survive_the_store_and_the_cache(embedded: Documents) -> None:
    made = embedded.create("", None, {"n": 12345678901234567890123, "one": 1, "float": 1.0}, by="ada")
    from_store = embedded.get(made.document_id).metadata
    from_cache = embedded.get(made.document_id).metadata
    assert from_store == from_cache == {"n": 12345678901234567890123, "one": 1, "float": 1.0}
    assert repr(from_cache) == "{'n': 12345678901234567890123, 'one': 1, 'float': 1.0}"


def test_an_empty_text_and_empty_metadata_stay_what_they_are(documents: Documents) -> None:
    made = documents.create("", "", {}, by="ada")
    read = documents.get(made.document_id)
    assert (read.evaluation_target, read.expected_output, read.metadata) == ("", "", {})


def test_no_metadata_stay_none(embedded: Documents) -> None:
    assert embedded.get(embedded.create("text", by="ada").document_id).metadata is None


def test_a_document_is_read_from_the_store_once(embedded: Documents) -> None:
    made = embedded.create("text", by="ada")
    embedded.get(made.document_id)
    before = embedded._store.meter.read().requests
    assert embedded.get(made.document_id) == made
    assert embedded._store.meter.read().requests == before


@pytest.mark.parametrize("document_id", ["missing", "", "a b", "\ud800", "x" * 5_000, "ü"])
def test_an_unknown_document_is_not_found(embedded: Documents, document_id: str) -> None:
    assert embedded.find(document_id) is None
    assert embedded.get_many([document_id]) == {}
    with pytest.raises(NotFound):
        embedded.get(document_id)
    with pytest.raises(NotFound):
        embedded.delete(document_id)


def test_an_id_is_given_only_once(documents: Documents) -> None:
    documents.add(named("one", NOON, "first"))
    with pytest.raises(AlreadyExists):
        documents.add(named("one", NOON, "second"))
    assert documents.get("one").evaluation_target == "first"


# --- refused -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "metadata",
    [[1], "text", {"x": float("nan")}, {"x": float("inf")}, {"x": "\ud800"}, {"x": object()}],
    ids=["list", "text", "nan", "infinity", "surrogate", "object"],
)
def test_metadata_that_are_not_json_are_refused(embedded: Documents, metadata: Any) -> None:
    with pytest.raises(InvalidInput):
        embedded.create("text", None, metadata, by="ada")
    assert stored(embedded) == 0


@pytest.mark.parametrize("levels", [201, 5_000])
def test_metadata_nested_too_deeply_are_refused(embedded: Documents, levels: int) -> None:
    metadata: dict[str, Any] = {}
    for _ in range(levels):
        metadata = {"inner": metadata}
    with pytest.raises(InvalidInput, match="nested deeper than 200 levels"):
        embedded.create("text", None, metadata, by="ada")


def test_a_broken_character_is_refused_with_its_place(embedded: Documents) -> None:
    with pytest.raises(InvalidInput, match="position 4"):
        embedded.create("text\udc00", by="ada")


def test_a_text_over_10_mb_is_refused_before_anything_is_written(embedded: Documents) -> None:
    with pytest.raises(TooLarge, match="10,485,760"):
        embedded.create(incompressible(400_000), "x" * 11_000_000, by="ada")
    assert stored(embedded) == 0


# --- large -------------------------------------------------------------------------------------------


def test_a_text_of_5_mb_comes_back_whole(documents: Documents) -> None:
    text = incompressible(2_000_000)
    assert len(text.encode()) > 5_000_000
    made = documents.create(text, by="ada")
    assert documents.get(made.document_id).evaluation_target == text


def test_three_texts_of_10_mb_come_back_whole(embedded: Documents) -> None:
    target, reference = "€" * 3_495_253, incompressible(3_400_000)
    made = embedded.create(target, reference, {"long": reference}, by="ada")
    read = embedded.get_many([made.document_id])[made.document_id]
    assert read == made


def test_deleting_a_long_document_leaves_nothing(documents: Documents) -> None:
    made = documents.create(incompressible(300_000), by="ada")
    assert stored(documents) > 1
    documents.delete(made.document_id)
    assert stored(documents) == 0
    assert documents.find(made.document_id) is None


def test_what_an_interrupted_deletion_left_is_removed_by_the_next(embedded: Documents) -> None:
    made = embedded.create(incompressible(300_000), by="ada")
    embedded._store.batch_delete(tables.RUNS, [(f"DOC#{made.document_id}", "DOC")])
    embedded.delete(made.document_id)
    assert stored(embedded) == 0


def test_a_document_that_expires_takes_its_parts_along(embedded_store: Store, clock: FakeClock) -> None:
    expiring = another_process(embedded_store, clock, ttl_days=7)
    expiring.create(incompressible(300_000), by="ada")
    items = embedded_store.client.scan(TableName=embedded_store.name(tables.RUNS))["Items"]
    a_week_later = int(datetime(2026, 3, 8, 12, tzinfo=UTC).timestamp())
    assert len(items) > 1
    assert {item["expiresAt"]["N"] for item in items} == {str(a_week_later)}


# --- many --------------------------------------------------------------------------------------------


def test_many_documents_are_read_together_in_the_order_asked_for(documents: Documents) -> None:
    first = documents.create("first", by="ada")
    second = documents.create(incompressible(300_000), by="ada")
    found = documents.get_many([second.document_id, "missing", first.document_id, second.document_id])
    assert list(found) == [second.document_id, first.document_id]
    assert found[second.document_id] == second


def test_a_list_shows_what_one_needs_to_recognise_a_document(documents: Documents, clock: FakeClock) -> None:
    documents.create("first", by="ada")
    clock.advance(seconds=1)
    documents.create("x" * 500, "reference", by="grace")
    newest, oldest = another_process(documents._store, clock, lag=0).list().items
    assert (newest.preview, newest.created_by, newest.has_reference) == ("x" * 160, "grace", True)
    assert (oldest.preview, oldest.created_by, oldest.has_reference) == ("first", "ada", False)
    assert oldest.created_on == NOON


def test_pages_miss_and_repeat_nothing_when_many_documents_have_one_time(documents: Documents) -> None:
    later = datetime(2026, 3, 1, 13, tzinfo=UTC)
    for document_id in ("a", "b", "c", "d", "e"):
        documents.add(named(document_id, NOON))
    documents.add(named("new", later))
    first = documents.list(limit=2)
    second = documents.list(limit=2, cursor=first.cursor)
    third = documents.list(limit=2, cursor=second.cursor)
    assert shown(first)[0] == "new"
    assert sorted(shown(first) + shown(second) + shown(third)) == ["a", "b", "c", "d", "e", "new"]
    assert third.cursor is None


def test_a_document_added_between_two_pages_neither_shifts_nor_repeats_rows(documents: Documents) -> None:
    for document_id in ("a", "c", "e"):
        documents.add(named(document_id, NOON))
    first = documents.list(limit=2)
    documents.add(named("d", NOON))
    documents.add(named("newer", datetime(2026, 3, 2, tzinfo=UTC)))
    rest = documents.list(limit=10, cursor=first.cursor)
    assert sorted(shown(first) + shown(rest)) == ["a", "c", "d", "e"]


def test_a_page_without_rows_and_a_foreign_cursor_are_refused(embedded: Documents) -> None:
    with pytest.raises(InvalidInput):
        embedded.list(limit=0)
    with pytest.raises(InvalidInput, match="first page"):
        embedded.list(cursor="eyJwYWdlIjoyfQ")


# --- a bad day ---------------------------------------------------------------------------------------


def test_a_lost_acknowledgement_is_not_mistaken_for_a_taken_id(unreliable: Documents, proxy: FaultProxy) -> None:
    proxy.plan(Faults(lost=1.0), {"PutItem"}, times=1)
    made = unreliable.create("text", by="ada")
    assert proxy.counts["PutItem", "lost"] == 1
    assert unreliable.get(made.document_id) == made


def test_the_writer_sees_its_documents_although_the_index_lags(
    unreliable: Documents, proxy: FaultProxy, clock: FakeClock
) -> None:
    unreliable.add(named("old", NOON))
    other = another_process(unreliable._store, clock)
    proxy.stale_indexes(30.0)
    other.add(named("new", datetime(2026, 3, 2, tzinfo=UTC)))
    other.delete("old")
    assert shown(unreliable.list()) == ["old"]
    assert shown(other.list()) == ["new"]


def test_what_has_expired_is_gone_for_every_reader_at_once(embedded_store: Store) -> None:
    past = another_process(embedded_store, FakeClock(utcnow() - timedelta(days=8)), ttl_days=7)
    gone = past.create("An expired text.", by="ana")
    kept = another_process(embedded_store, FakeClock(utcnow()), ttl_days=7).create("A text.", by="ana")
    reader = another_process(embedded_store, FakeClock(utcnow()))
    with pytest.raises(NotFound):
        reader.get(gone.document_id)
    assert list(reader.get_many([gone.document_id, kept.document_id])) == [kept.document_id]
    assert shown(reader.list()) == [kept.document_id]


def test_a_document_that_lost_a_part_to_its_expiry_is_gone_and_breaks_no_list(embedded_store: Store) -> None:
    process = another_process(embedded_store, FakeClock(utcnow()), ttl_days=7)
    long = process.create(incompressible(900_000), by="ana")
    kept = process.create("A text.", by="ana")
    keys = [(item["partitionKey"]["S"], item["sortKey"]["S"]) for item in embedded_store.scan(tables.RUNS)]
    embedded_store.batch_delete(tables.RUNS, [key for key in keys if key[1].startswith("PART#")][:1])
    reader = another_process(embedded_store, FakeClock(utcnow()))
    with pytest.raises(NotFound):
        reader.get(long.document_id)
    assert list(reader.get_many([long.document_id, kept.document_id])) == [kept.document_id]
    assert kept.document_id in shown(reader.list())
