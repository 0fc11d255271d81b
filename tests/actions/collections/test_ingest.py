"""Files on their way into a collection, and the actions around collections."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from console.actions.collections import collections as actions
from console.actions.collections.ingest import Step, ingest, ingest_files
from console.actions.collections.search import search
from console.errors import AlreadyExists, Forbidden, InvalidInput, NotFound, SetupError, StoreUnavailable
from console.records import Collection, NewChunk, Role, User
from console.services import Services
from tests.support.chunk_writer import Writer
from tests.support.console_app import new_user
from tests.support.hostile_files import paragraph, text_pdf, word
from tests.support.opensearch_stub import Stub, opensearch_stub


@dataclass
class File:
    """A file in memory."""

    name: str
    content: bytes

    @property
    def size(self) -> int:
        return len(self.content)

    def read(self) -> bytes:
        return self.content


@pytest.fixture
def collection(console_services: Services, admin: User) -> Collection:
    return actions.create_collection(console_services, admin, "Help pages")


def test_files_become_chunks_with_their_place_and_vector(
    console_services: Services, admin: User, collection: Collection
) -> None:
    text = "\n\n".join(f"Paragraph {number} is about the capital of France. " * 12 for number in range(5)).encode()
    done = ingest_files(
        console_services, admin, collection.collection_id, [File("a/b.txt", text), File("c.pdf", text_pdf())]
    )
    assert [(one.name, one.size, one.error) for one in done] == [
        ("b.txt", len(text), None),
        ("c.pdf", len(text_pdf()), None),
    ]
    vectors = console_services.vectors
    chunks = vectors.of_document(collection.collection_id, "b.txt", embeddings=True)
    assert [chunk.chunk_index for chunk in chunks] == list(range(done[0].chunks))
    assert all(text.decode()[chunk.metadata["start"] : chunk.metadata["end"]] == chunk.text for chunk in chunks)
    expected = console_services.embedder().embed([chunk.text for chunk in chunks])
    stored = np.array([chunk.embedding for chunk in chunks], dtype=np.float32)
    assert np.allclose(stored, expected, atol=1e-6)
    [page] = vectors.of_document(collection.collection_id, "c.pdf")
    assert page.metadata == {"page": 1, "start": 0, "end": 31, "addedBy": "ada"}
    now = console_services.collections.get(collection.collection_id)
    assert (now.total_documents, now.total_chunks) == (2, done[0].chunks + 1)


def test_a_chunk_names_the_row_that_it_begins_in(
    console_services: Services, admin: User, collection: Collection
) -> None:
    rows = "question,answer\n" + "".join(f"What is {n}?,{'It is a number. ' * 30}\n" for n in range(4))
    ingest_files(console_services, admin, collection.collection_id, [File("faq.csv", rows.encode())])
    chunks = console_services.vectors.of_document(collection.collection_id, "faq.csv")
    assert [chunk.metadata["row"] for chunk in chunks] == [2, 3, 4, 5]


def test_a_bad_file_fails_alone(console_services: Services, admin: User, collection: Collection) -> None:
    files = [
        File("good.md", b"# Paris"),
        File("locked.pdf", b"%PDF-1.7 nothing"),
        File("laughs.docx", word(paragraph("&a;"), '<!DOCTYPE d [<!ENTITY a "ha">]>')),
        File("huge.txt", bytes(30_000_000)),
        File("good.md", b"Another of the same name"),
        File("also good.txt", b"Rome"),
    ]
    done = ingest_files(console_services, admin, collection.collection_id, files)
    assert [one.chunks for one in done] == [1, 0, 0, 0, 0, 1]
    assert [bool(one.error) for one in done] == [False, True, True, True, True, False]
    assert "declares entities" in str(done[2].error)
    documents = console_services.vectors.documents(collection.collection_id)
    assert [one.filename for one in documents] == ["also good.txt", "good.md"]


def test_a_file_of_a_name_that_is_there_replaces_it(
    console_services: Services, admin: User, collection: Collection
) -> None:
    for content in (b"Paris\n\n" * 900, b"Rome"):
        ingest_files(console_services, admin, collection.collection_id, [File("a.txt", content)])
    chunks = console_services.vectors.of_document(collection.collection_id, "a.txt")
    assert [chunk.text for chunk in chunks] == ["Rome"]
    assert console_services.collections.get(collection.collection_id).total_chunks == 1


def test_progress_goes_from_reading_to_done_for_every_file(
    console_services: Services, admin: User, collection: Collection
) -> None:
    told: list[tuple[int, Step]] = []
    files = [File("a.txt", b"Paris is a city. " * 400), File("b.txt", b"")]
    ingest_files(console_services, admin, collection.collection_id, files, lambda *step: told.append(step))
    first = [step for number, step in told if number == 0]
    assert [first[0].name, first[-1].name] == ["reading", "done"]
    assert [step.share for step in first] == sorted(step.share for step in first)
    assert {"embedding", "storing"} <= {step.name for step in first}
    assert told[-1] == (1, Step("refused", 1.0))


def test_progress_names_the_page_that_is_read(console_services: Services, admin: User, collection: Collection) -> None:
    told: list[tuple[int, Step]] = []
    ingest_files(
        console_services, admin, collection.collection_id, [File("a.pdf", text_pdf())], lambda *step: told.append(step)
    )
    assert (1, 1) in [(step.page, step.pages) for _, step in told]


def test_a_file_that_is_there_already_writes_nothing(
    console_services: Services, admin: User, collection: Collection
) -> None:
    files = [File("a.txt", b"Paris is a city."), File("b.csv", b"city,country\nRome,Italy")]
    ingest_files(console_services, admin, collection.collection_id, files)
    before = console_services.collections.get(collection.collection_id)
    again = ingest_files(console_services, admin, collection.collection_id, files)
    assert [(one.unchanged, one.chunks, one.error) for one in again] == [(True, 1, None), (True, 1, None)]
    assert console_services.collections.get(collection.collection_id) == before


def test_what_is_not_read_is_said_and_kept_with_the_document(
    console_services: Services, admin: User, collection: Collection
) -> None:
    [done] = ingest_files(
        console_services, admin, collection.collection_id, [File("a.jsonl", b'{"a": 1}\n{"a": 2}\n{')]
    )
    assert done.lost == ["line 3: not JSON, left out"]
    kept = console_services.vectors.find_document(collection.collection_id, "a.jsonl")
    assert kept is not None
    assert kept.lost == done.lost


def test_a_file_whose_chunks_another_program_removed_is_stored_again(
    console_services: Services, collection: Collection
) -> None:
    key, files = collection.collection_id, [File("a.txt", b"Paris is a city.")]
    ingest(console_services, key, files, by="ada")
    writer = Writer(console_services.store, key)
    writer.delete(*writer.ids())
    [again] = ingest(console_services, key, files, by="ada")
    assert (again.unchanged, len(writer.ids())) == (False, 1)


def test_a_file_of_which_a_page_took_too_long_is_read_again(console_services: Services, collection: Collection) -> None:
    key, files = collection.collection_id, [File("a.txt", b"Paris is a city.")]
    ingest(console_services, key, files, by="ada")
    vectors = console_services.vectors
    [chunk] = vectors.of_document(key, "a.txt", embeddings=True)
    digest = vectors.documents(key)[0].digest
    kept = [NewChunk(chunk.text, np.asarray(chunk.embedding, dtype=np.float32))]
    vectors.put_document(key, "a.txt", kept, digest=digest, lost=["page 2: takes too long, left out"])
    [again] = ingest(console_services, key, files, by="ada")
    assert (again.unchanged, list(again.lost)) == (False, [])


def test_the_vectors_of_another_embedder_are_refused_before_any_file_is_read(
    console_services: Services, admin: User
) -> None:
    other = console_services.collections.create("Old", by="ada", embedder="minilm", dimension=3)
    with pytest.raises(InvalidInput, match="have 3 numbers"):
        ingest_files(console_services, admin, other.collection_id, [File("a.txt", b"Paris")])
    foreign = console_services.collections.create("Foreign", by="ada", embedder="external", dimension=3)
    with pytest.raises(InvalidInput, match="no embedder 'external'"):
        ingest_files(console_services, admin, foreign.collection_id, [File("a.txt", b"Paris")])


def test_a_failure_of_the_store_is_not_taken_for_a_bad_file(
    console_services: Services, collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> Any:
        raise StoreUnavailable("the store is gone")

    monkeypatch.setattr(type(console_services.vectors), "put_document", fails)
    with pytest.raises(StoreUnavailable):
        ingest(console_services, collection.collection_id, [File("a.txt", b"Paris")], by="ada")


def test_a_collection_that_is_not_there_takes_no_files(console_services: Services, admin: User) -> None:
    with pytest.raises(NotFound, match="no collection nowhere"):
        ingest_files(console_services, admin, "nowhere", [File("a.txt", b"Paris")])


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EVALUATOR])
def test_only_admins_change_collections(console_services: Services, collection: Collection, role: Role) -> None:
    user = new_user(console_services, "eva", role)
    for attempt in (
        lambda: ingest_files(console_services, user, collection.collection_id, []),
        lambda: actions.create_collection(console_services, user, "Mine"),
        lambda: actions.delete_collection(console_services, user, collection.collection_id),
        lambda: actions.delete_document(console_services, user, collection.collection_id, "a.txt"),
    ):
        with pytest.raises(Forbidden):
            attempt()


@pytest.mark.parametrize("name", ["", "  ", "x" * 101])
def test_a_collection_has_a_name_that_can_be_shown(console_services: Services, admin: User, name: str) -> None:
    with pytest.raises(InvalidInput, match=r"name of 1 to 100 characters|control character"):
        actions.create_collection(console_services, admin, name)


def test_a_name_is_taken_once(console_services: Services, admin: User, collection: Collection) -> None:
    with pytest.raises(AlreadyExists, match="collection named 'help PAGES'"):
        actions.create_collection(console_services, admin, " help  PAGES ")


def test_a_document_and_a_collection_can_be_removed(
    console_services: Services, admin: User, collection: Collection
) -> None:
    files = [File("a.txt", b"Paris"), File("b.txt", b"Rome")]
    ingest_files(console_services, admin, collection.collection_id, files)
    assert actions.delete_document(console_services, admin, collection.collection_id, "a.txt") == 1
    view = actions.load_collection(console_services, collection.collection_id)
    assert [one.filename for one in view.documents] == ["b.txt"]
    actions.delete_collection(console_services, admin, collection.collection_id)
    assert console_services.collections.find(collection.collection_id) is None


def test_the_cost_follows_from_chunks_and_packed_vectors(collection: Collection) -> None:
    empty = actions.cost_of(collection, [])
    assert (empty.bytes, empty.cold_units, empty.month) == (0, 0.0, 0.0)
    full = actions.cost_of(replace(collection, total_chunks=1_000, block_bytes=768_000), [])
    assert full.chunk_bytes == 2_948_000
    assert (full.cold_units, full.items_units) == (47.0, 360.0)
    assert full.month == pytest.approx(0.000929, abs=1e-6)
    assert full.cold_dollars == pytest.approx(0.005875)


def test_a_zip_of_good_files_is_no_file(console_services: Services, admin: User, collection: Collection) -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("a.txt", "Paris")
    [done] = ingest_files(console_services, admin, collection.collection_id, [File("a.zip", made.getvalue())])
    assert done.error == (
        "a.zip was refused: it is none of Text, Markdown, HTML, PDF, Word, PowerPoint, Excel, OpenDocument, EPUB, RTF, "
        "CSV, TSV, JSON, JSON Lines."
    )


# --- OpenSearch --------------------------------------------------------------------------------------------------


@pytest.fixture
def opensearch(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stub]:
    """An OpenSearch that the settings name."""
    with opensearch_stub() as stub:
        monkeypatch.setenv("OPENSEARCH_URL", stub.url)
        yield stub


def test_a_collection_is_searched_in_opensearch_once_it_was_sent_there(
    opensearch: Stub, console_services: Services, admin: User, collection: Collection
) -> None:
    files = [File("a.txt", b"Paris is the capital of France."), File("b.txt", b"Bake the bread.")]
    ingest_files(console_services, admin, collection.collection_id, files)
    found = {"text": "a loaf of bread", "k": 2}
    with pytest.raises(NotFound, match="OpenSearch index"):
        search(console_services, collection.collection_id, strategy="opensearch", **found)
    assert actions.sync_opensearch(console_services, admin, collection.collection_id) == 2
    assert actions.sync_opensearch(console_services, admin, collection.collection_id) == 0
    there = search(console_services, collection.collection_id, strategy="opensearch", **found).results
    here = search(console_services, collection.collection_id, strategy="exact", **found).results
    assert [hit.filename for hit in there] == ["b.txt", "a.txt"]
    assert [hit.similarity for hit in there] == pytest.approx([hit.similarity for hit in here], abs=1e-6)
    narrowed = search(
        console_services, collection.collection_id, strategy="opensearch", filters={"filename": "a.txt"}, **found
    )
    assert [hit.filename for hit in narrowed.results] == ["a.txt"]
    actions.delete_collection(console_services, admin, collection.collection_id)
    assert opensearch.indexes == {}


def test_without_an_opensearch_nothing_can_be_sent(
    console_services: Services, admin: User, collection: Collection
) -> None:
    with pytest.raises(SetupError, match="OpenSearch is not configured"):
        actions.sync_opensearch(console_services, admin, collection.collection_id)


def test_the_name_of_a_collection_commands_nothing(console_services: Services, admin: User) -> None:
    with pytest.raises(InvalidInput, match=r"has a control character \(U\+202E\) at position 1"):
        actions.create_collection(console_services, admin, "a\u202eb")
