"""The page of collections: making, filling, reading, deleting."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from console.actions.collections.collections import create_collection
from console.actions.collections.ingest import ingest
from console.records import Collection, NewChunk, Role, User
from console.services import Services
from console.ui.frame import session
from tests.actions.collections.test_ingest import File
from tests.support.console_app import CONSOLE, app, metrics, new_user, table, texts
from tests.support.opensearch_stub import opensearch_stub

BEACON = "![x](https://example.com/beacon.png)"


@pytest.fixture
def collection(console_services: Services, admin: User) -> Collection:
    """Two documents, one of them with 25 chunks."""
    made = create_collection(console_services, admin, "Help pages")
    [vector] = np.eye(1, 384, dtype=np.float32)
    rows = [NewChunk(text=f"word {n}", embedding=vector, metadata={"row": n + 2}) for n in range(25)]
    put = console_services.vectors.put_document
    put(made.collection_id, "a.txt", [NewChunk(text="Paris", embedding=vector)], file_size=5)
    put(made.collection_id, "b.csv", rows, file_size=500)
    return console_services.collections.get(made.collection_id)


def collections_page(user: User, /, **query_params: str) -> AppTest:
    return app(user, **query_params).switch_page("console/pages/collections.py").run()


def test_the_list_shows_what_is_in_each(collection: Collection, admin: User) -> None:
    frame = table(collections_page(admin), "collections.table")
    assert frame[["Name", "Documents", "Chunks", "Embedder", "State", "By"]].values.tolist() == [
        ["Help pages", 2, 26, "minilm", "● active", "ada"]
    ]


def test_without_collections_the_page_says_what_to_do(admin: User, console_services: Services) -> None:
    assert "Make one with New collection" in texts(collections_page(admin))
    viewer = new_user(console_services, "vera", Role.VIEWER)
    assert "Admins can make one" in texts(collections_page(viewer))


def test_an_admin_makes_a_collection_and_is_led_into_it(admin: User, console_services: Services) -> None:
    test = collections_page(admin)
    test.text_input(key="collections.new.name").input("Help pages")
    test.button(key="collections.new.save").click().run()
    [made] = console_services.collections.list()
    assert (made.name, made.user_id) == ("Help pages", "ada")
    assert test.query_params["collection"] == made.collection_id
    assert test.title[0].value == "Help pages"
    assert "This collection is empty" in texts(test)


def test_a_name_that_is_taken_is_refused(admin: User, collection: Collection) -> None:
    test = collections_page(admin)
    test.text_input(key="collections.new.name").input("help pages")
    test.button(key="collections.new.save").click().run()
    assert "already exists" in test.error[0].value


def test_files_are_added_and_a_bad_one_fails_alone(
    admin: User, console_services: Services, collection: Collection
) -> None:
    test = collections_page(admin, collection=collection.collection_id)
    uploader = test.file_uploader[0]
    uploader.upload("c.md", b"# Rome", "text/markdown").upload("broken.pdf", b"no PDF", "application/pdf").run()
    test.button(key="collections.add").click().run()
    assert test.success[0].value == "Added 1 document, 1 chunk."
    assert "broken" in test.error[0].value
    assert "is not a PDF file" in test.error[0].value
    documents = console_services.vectors.documents(collection.collection_id)
    assert [one.filename for one in documents] == ["a.txt", "b.csv", "c.md"]
    assert len(test.file_uploader[0].value) == 0


def test_one_collection_shows_its_figures_and_documents(admin: User, collection: Collection) -> None:
    test = collections_page(admin, collection=collection.collection_id)
    shown = metrics(test)
    assert (shown["Documents"], shown["Chunks"], shown["Embedder"]) == ("2", "26", "minilm")
    assert shown["Storage"].endswith("KB")
    assert shown["First search"].endswith("units")
    frame = table(test, "collections-documents")
    assert frame[["Document", "Chunks"]].values.tolist() == [["a.txt", 1], ["b.csv", 25]]


def test_the_chunks_of_a_document_are_read_page_by_page(admin: User, collection: Collection) -> None:
    test = collections_page(admin, collection=collection.collection_id, document="b.csv")
    assert len(test.text) == 20
    assert "Chunk 1\\, row 2" in texts(test)
    test.button(key="collections.next").click().run()
    assert len(test.text) == 5
    assert "Chunks 21 to 25 of 25" in texts(test)
    assert test.query_params["from"] == "20"


@pytest.mark.parametrize("first", ["-1", "x", "99999999999999", "²"])
def test_any_address_is_read(admin: User, collection: Collection, first: str) -> None:
    test = collections_page(admin, **{"collection": collection.collection_id, "document": "b.csv", "from": first})
    assert not test.exception
    assert len(test.text) == 20


def test_a_document_is_deleted(admin: User, console_services: Services, collection: Collection) -> None:
    test = collections_page(admin, collection=collection.collection_id, document="a.txt")
    test.button(key="collections.document.yes").click().run()
    assert [one.filename for one in console_services.vectors.documents(collection.collection_id)] == ["b.csv"]
    assert "document" not in test.query_params


def test_a_collection_is_deleted_when_its_name_is_typed(
    admin: User, console_services: Services, collection: Collection
) -> None:
    test = collections_page(admin, collection=collection.collection_id)
    test.button(key="collections.delete").click().run()
    test.text_input(key="collections.delete.name").input("Help")
    test.button(key="collections.delete.yes").click().run()
    assert len(console_services.collections.list()) == 1
    test.button(key="collections.delete").click().run()
    test.text_input(key="collections.delete.name").input("Help pages")
    test.button(key="collections.delete.yes").click().run()
    assert console_services.collections.list() == []
    assert "There are no collections yet" in texts(test)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EVALUATOR])
def test_others_read_but_change_nothing(console_services: Services, collection: Collection, role: Role) -> None:
    user = new_user(console_services, "vera", role)
    test = collections_page(user, collection=collection.collection_id, document="a.txt")
    assert [one.value for one in test.text] == ["Paris"]
    keys = {str(button.key) for button in test.button}
    assert not keys & {"collections.delete", "collections.document.yes", "collections.add"}
    assert not test.file_uploader


def test_somebody_demoted_meanwhile_is_refused(admin: User, console_services: Services, collection: Collection) -> None:
    new_user(console_services, "root", Role.ADMIN)
    test = collections_page(admin, collection=collection.collection_id, document="a.txt")
    console_services.users.set_role("ada", Role.VIEWER)
    test.button(key="collections.document.yes").click().run()
    assert len(console_services.vectors.documents(collection.collection_id)) == 2


def test_hostile_texts_are_shown_letter_by_letter(console_services: Services, admin: User) -> None:
    made = console_services.collections.create(BEACON, by=BEACON)
    ingest(console_services, made.collection_id, [File(f"{BEACON}.txt", BEACON.encode())], by=BEACON)
    [document] = console_services.vectors.documents(made.collection_id)
    for test in (
        collections_page(admin),
        collections_page(admin, collection=made.collection_id, document=document.filename),
    ):
        assert not test.exception
        said = [*test.markdown, *test.caption, *test.title, *test.header, *test.success, *test.error]
        assert not [one for one in said if "![x](" in one.value]
    assert [one.value for one in test.text] == [BEACON]


def test_an_unknown_collection_or_document_is_not_found(admin: User, collection: Collection) -> None:
    assert "There is no collection nowhere" in texts(collections_page(admin, collection="nowhere"))
    test = collections_page(admin, collection=collection.collection_id, document="nowhere")
    assert "There is no document nowhere" in texts(test)


def test_an_admin_sends_a_collection_to_opensearch(monkeypatch: pytest.MonkeyPatch, admin: User) -> None:
    with opensearch_stub() as stub:
        monkeypatch.setenv("OPENSEARCH_URL", stub.url)
        session.services.clear()
        made = create_collection(session.services(), admin, "World")
        ingest(session.services(), made.collection_id, [File("a.txt", b"Paris")], by="ada")
        test = collections_page(admin, collection=made.collection_id)
        test.button(key="collections.sync").click().run()
        assert "Sent 1 chunk to OpenSearch" in test.success[0].value
        test.button(key="collections.sync").click().run()
        assert "holds the collection as it is now" in test.success[0].value
        stub.status = 403
        test.button(key="collections.sync").click().run()
        assert "OpenSearch refused the request" in texts(test)


def test_tables_with_times_can_be_drawn_after_the_services_were_loaded() -> None:
    """usearch and pyarrow in this order end the process; `console.search.memory.graph` loads them in the other one."""
    program = "import console.services, pyarrow; print(pyarrow.lib.string_to_tzinfo('UTC'))"
    done = subprocess.run([sys.executable, "-c", program], cwd=CONSOLE.parent, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
