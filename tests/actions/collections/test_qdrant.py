"""Migration from Qdrant, on its real local mode and its command."""

from __future__ import annotations

import gc
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qdrant_client import QdrantClient, models
from qdrant_client.http.exceptions import ResponseHandlingException
from typer.testing import CliRunner, Result

from console.actions.collections import qdrant as actions
from console.actions.collections.qdrant_plan import Target, make_plans
from console.cli import app
from console.data.legacy.qdrant import Qdrant
from console.errors import InvalidInput, NotFound, SetupError, StoreUnavailable
from console.services import Services

D = 8
COSINE, DOT, EUCLID = models.Distance.COSINE, models.Distance.DOT, models.Distance.EUCLID
UUID = "5c56c793-69f3-4fbf-87e6-c4bf54c28c26"


def directions(count: int, seed: int = 7) -> np.ndarray:
    """Random vectors of length 1."""
    vectors = np.random.default_rng(seed).normal(size=(count, D)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.fixture
def client() -> Iterator[QdrantClient]:
    """Qdrant's local mode in memory."""
    made = QdrantClient(":memory:")
    yield made
    made.close()


@pytest.fixture
def source(client: QdrantClient) -> Qdrant:
    return Qdrant(client, local=True)


def fill(client: QdrantClient, name: str, vectors: Any, distance: models.Distance = COSINE, **payload: Any) -> None:
    """A collection whose points 0, 1, 2 ... have these vectors."""
    client.create_collection(name, models.VectorParams(size=D, distance=distance))
    client.upsert(
        name,
        [
            models.PointStruct(id=n, vector=list(map(float, vector)), payload={"text": f"text {n}", "n": n, **payload})
            for n, vector in enumerate(vectors)
        ],
    )


def migrate(services: Services, source: Qdrant, *, mapping: Any = None, **options: Any) -> list[actions.Outcome]:
    plans = make_plans(source, (), mapping or {})
    return [actions.migrate(services, source, plan, by="ana", **options) for plan in plans]


# --- what is kept ------------------------------------------------------------------------------------------------


def test_ids_payload_and_vectors_are_kept(console_services: Services, client: QdrantClient, source: Qdrant) -> None:
    client.create_collection("docs", models.VectorParams(size=D, distance=COSINE))
    [one, two] = directions(2)
    payload = {
        "text": "Paris",
        "filename": "a.txt",
        "chunk_index": 3,
        "file_size": 12,
        "nested": {"a": [1, 1.5, None, True]},
        "source": "kept",
    }
    client.upsert(
        "docs",
        [
            models.PointStruct(id=18446744073709551615, vector=one.tolist(), payload=payload),
            models.PointStruct(id=UUID, vector=two.tolist(), payload={"page_content": "Rome", "metadata": {"p": 1}}),
        ],
    )
    [done] = migrate(console_services, source)
    assert (done.usable, done.left_out, done.written, done.problem) == (2, 0, 2, "")
    ids = ["18446744073709551615", UUID]
    chunks = console_services.vectors.get_many("docs", ids, embeddings=True)
    first, second = chunks[ids[0]], chunks[ids[1]]
    assert (first.text, first.filename, first.chunk_index, first.file_size) == ("Paris", "a.txt", 3, 12)
    assert first.metadata == {"nested": {"a": [1, 1.5, None, True]}, "source": "kept"}
    assert (second.text, second.filename, second.metadata) == ("Rome", "docs", {"p": 1})
    stored = {str(one.id): one.vector for one in client.scroll("docs", with_vectors=True)[0]}
    for chunk_id, chunk in chunks.items():
        assert np.array_equal(np.float32(chunk.embedding), np.float32(stored[chunk_id]))
    made = console_services.collections.get("docs")
    assert (made.name, made.dimension, made.total_chunks, made.total_documents) == ("docs", D, 2, 2)
    assert made.embedder == "external"


def test_384_dimensions_are_taken_for_those_of_the_local_embedder(
    console_services: Services, client: QdrantClient, source: Qdrant
) -> None:
    client.create_collection("docs", models.VectorParams(size=384, distance=COSINE))
    vector = console_services.embedder().embed(["Paris"])[0]
    client.upsert("docs", [models.PointStruct(id=1, vector=vector.tolist(), payload={"text": "Paris"})])
    migrate(console_services, source)
    assert console_services.collections.get("docs").embedder == "minilm"


def test_the_mapping_names_the_collection_and_the_fields(
    console_services: Services, client: QdrantClient, source: Qdrant
) -> None:
    fill(client, "docs", directions(1), body="the body", origin="b.txt", place=4)
    target = Target("bot-1", "Help", "openai", text="body", filename="origin", chunk_index="place")
    migrate(console_services, source, mapping={"docs": target})
    made = console_services.collections.get("bot-1")
    assert (made.name, made.embedder) == ("Help", "openai")
    chunk = console_services.vectors.get_many("bot-1", ["0"])["0"]
    assert (chunk.text, chunk.filename, chunk.chunk_index) == ("the body", "b.txt", 4)
    assert chunk.metadata == {"text": "text 0", "n": 0}


def test_a_name_that_no_id_can_have_is_changed(
    console_services: Services, client: QdrantClient, source: Qdrant
) -> None:
    fill(client, "my docs #1", directions(1))
    migrate(console_services, source)
    assert console_services.collections.get("my-docs-1").name == "my docs #1"


# --- again, and after an interruption ----------------------------------------------------------------------------


def test_a_second_time_writes_nothing(console_services: Services, client: QdrantClient, source: Qdrant) -> None:
    fill(client, "docs", directions(30))
    assert [one.written for one in migrate(console_services, source)] == [30]
    assert [one.written for one in migrate(console_services, source)] == [0]
    client.upsert("docs", [models.PointStruct(id=3, vector=[1.0] * D, payload={"text": "new"})])
    assert [one.written for one in migrate(console_services, source)] == [1]
    assert console_services.vectors.get_many("docs", ["3"])["3"].text == "new"
    assert console_services.collections.get("docs").total_chunks == 30


def test_an_interrupted_migration_goes_on(console_services: Services, client: QdrantClient, source: Qdrant) -> None:
    fill(client, "docs", directions(600))

    def stop(done: int, total: int) -> None:
        if done >= 512:
            raise KeyboardInterrupt

    [stopped] = migrate(console_services, source, progress=stop)
    assert (stopped.written, stopped.stopped) == (512, "It was interrupted.")
    [done] = migrate(console_services, source, verify=True)
    assert done.written == 600 - 512
    assert done.verified
    assert done.verified.good
    assert console_services.collections.get("docs").total_chunks == 600


def test_a_dry_run_writes_nothing(console_services: Services, client: QdrantClient, source: Qdrant) -> None:
    fill(client, "docs", directions(5))
    [done] = migrate(console_services, source, dry_run=True, verify=True)
    assert (done.usable, done.written, done.verified) == (5, 0, None)
    assert console_services.collections.list() == []


# --- verification ------------------------------------------------------------------------------------------------


def test_the_ten_nearest_before_and_after_are_compared(
    console_services: Services, client: QdrantClient, source: Qdrant
) -> None:
    fill(client, "docs", directions(200))
    [done] = migrate(console_services, source, verify=True)
    assert done.verified == actions.Verification(expected=200, present=200, extra=0, compared=20, agreeing=1.0)
    assert not done.failed


def test_what_is_missing_changed_or_too_much_is_found(
    console_services: Services, client: QdrantClient, source: Qdrant
) -> None:
    fill(client, "docs", directions(60))
    migrate(console_services, source)
    client.upsert("docs", [models.PointStruct(id=99, vector=[1.0] * D)])
    client.delete("docs", [5])
    [done] = migrate(console_services, source, dry_run=True, verify=True)
    assert done.verified
    assert (done.verified.expected, done.verified.present, done.verified.extra) == (60, 59, 1)
    assert done.failed

    shuffled = [
        models.PointStruct(id=n, vector=list(map(float, vector))) for n, vector in enumerate(directions(60, seed=8))
    ]
    client.upsert("docs", shuffled)
    [done] = migrate(console_services, source, dry_run=True, verify=True)
    assert done.verified
    assert done.verified.agreeing < 0.9


def test_equal_vectors_may_change_places(console_services: Services, client: QdrantClient, source: Qdrant) -> None:
    fill(client, "docs", [directions(1)[0]] * 50)
    [done] = migrate(console_services, source, verify=True)
    assert done.verified
    assert done.verified.agreeing == 1.0


# --- named vectors, other distances ------------------------------------------------------------------------------


def two_vectors(client: QdrantClient, distance: models.Distance = COSINE) -> None:
    """Three points with the vectors `title` and `body`, one without `title`, all with a sparse one."""
    one = models.VectorParams(size=D, distance=distance)
    client.create_collection("docs", {"title": one, "body": one}, {"words": models.SparseVectorParams()})
    for number, vector in enumerate(directions(3)):
        vectors: Any = {"body": vector.tolist(), "words": models.SparseVector(indices=[1], values=[1.0])}
        if number != 1:
            vectors["title"] = vector[::-1].tolist()
        client.upsert("docs", [models.PointStruct(id=number, vector=vectors, payload={"text": str(number)})])


def test_each_of_several_vectors_gets_a_collection(
    console_services: Services, client: QdrantClient, source: Qdrant
) -> None:
    two_vectors(client)
    done = migrate(console_services, source, verify=True)
    assert [(one.plan.collection_id, one.usable, one.left_out, one.failed) for one in done] == [
        ("docs.body", 3, 0, False),
        ("docs.title", 2, 1, False),
    ]
    assert done[0].plan.space.others == ("words",)
    [chunk] = console_services.vectors.get_many("docs.title", ["0"], embeddings=True).values()
    assert np.allclose(chunk.embedding, directions(3)[0][::-1])


def test_the_mapping_chooses_one_vector_or_names_each(
    console_services: Services, client: QdrantClient, source: Qdrant
) -> None:
    two_vectors(client)
    [done] = migrate(console_services, source, mapping={"docs": Target(vector="body")})
    assert done.plan.collection_id == "docs"
    each = {"docs.title": Target("titles"), "docs.body": Target("bodies")}
    assert [one.plan.collection_id for one in migrate(console_services, source, mapping=each)] == ["bodies", "titles"]
    with pytest.raises(InvalidInput, match="no vector named image"):
        migrate(console_services, source, mapping={"docs": Target(vector="image")})
    with pytest.raises(InvalidInput, match="Two sources go to the collection same"):
        migrate(console_services, source, mapping={"docs.title": Target("same"), "docs.body": Target("same")})


@pytest.mark.parametrize("distance", [DOT, EUCLID])
def test_other_distances_are_taken_when_all_vectors_have_length_1(
    console_services: Services, client: QdrantClient, source: Qdrant, distance: models.Distance
) -> None:
    fill(client, "docs", directions(40), distance)
    [done] = migrate(console_services, source, verify=True)
    assert done.problem == ""
    assert done.verified
    assert (done.verified.compared, done.verified.agreeing) == (20, 1.0)


@pytest.mark.parametrize("distance", [DOT, EUCLID, models.Distance.MANHATTAN])
def test_other_distances_are_refused_when_they_rank_differently(
    console_services: Services, client: QdrantClient, source: Qdrant, distance: models.Distance
) -> None:
    fill(client, "docs", directions(4) * np.array([[1], [2], [3], [4]]), distance)
    [done] = migrate(console_services, source)
    assert f"compared by {distance.value}" in done.problem
    assert "as_cosine" in done.problem
    assert console_services.collections.list() == []
    [done] = migrate(console_services, source, mapping={"docs": Target(as_cosine=True)}, verify=True)
    assert done.written == 4
    assert done.verified
    assert (done.verified.compared, done.verified.agreeing, done.failed) == (4, 1.0, False)
    [chunk] = console_services.vectors.get_many("docs", ["3"], embeddings=True).values()
    assert np.linalg.norm(chunk.embedding) == pytest.approx(4, abs=1e-5)


def test_points_without_a_direction_are_left_out(
    console_services: Services, client: QdrantClient, source: Qdrant
) -> None:
    fill(client, "docs", [np.zeros(D), *directions(2)])
    [done] = migrate(console_services, source, verify=True)
    assert (done.usable, done.left_out, done.failed) == (2, 1, False)


def test_many_vectors_of_one_name_are_refused(console_services: Services, client: QdrantClient, source: Qdrant) -> None:
    several = models.MultiVectorConfig(comparator=models.MultiVectorComparator.MAX_SIM)
    client.create_collection("docs", models.VectorParams(size=D, distance=COSINE, multivector_config=several))
    [done] = migrate(console_services, source)
    assert "several vectors each" in done.problem


def test_a_collection_of_another_dimension_is_left_alone(
    console_services: Services, client: QdrantClient, source: Qdrant
) -> None:
    fill(client, "docs", directions(2))
    console_services.collections.create("Mine", by="ana", dimension=3, collection_id="docs")
    [done] = migrate(console_services, source)
    assert "is here with 3 dimensions" in done.problem


def test_a_point_that_cannot_be_stored_fails_alone(
    console_services: Services, client: QdrantClient, source: Qdrant
) -> None:
    fill(client, "docs", directions(5))
    client.set_payload("docs", {"text": "x" * 200_000}, [2])
    [done] = migrate(console_services, source, verify=True)
    assert (done.written, len(done.refused), done.failed) == (4, 1, True)
    assert done.refused[0].startswith("2: ")
    assert done.verified
    assert (done.verified.present, done.verified.expected) == (4, 5)


def test_a_long_file_name_is_shortened_and_kept_whole(
    console_services: Services, client: QdrantClient, source: Qdrant
) -> None:
    names = ["ä" * 2_000 + "1.txt", "ä" * 2_000 + "2.txt"]
    fill(client, "docs", directions(4))
    client.set_payload("docs", {"filename": names[0]}, [1])
    client.set_payload("docs", {"filename": names[1]}, [2])
    [done] = migrate(console_services, source, verify=True)
    assert (done.written, done.refused, done.failed) == (4, [], False)
    chunks = console_services.vectors.get_many("docs", ["1", "2"])
    assert [chunks[one].metadata["full_filename"] for one in ("1", "2")] == names
    assert chunks["1"].filename != chunks["2"].filename
    assert all(len(chunk.filename.encode()) <= 1_000 for chunk in chunks.values())


def test_a_collection_of_sparse_vectors_alone_is_named(
    console_services: Services, client: QdrantClient, source: Qdrant
) -> None:
    client.create_collection("words", {}, sparse_vectors_config={"bm25": models.SparseVectorParams()})
    fill(client, "docs", directions(2))
    done = {one.plan.space.collection: one for one in migrate(console_services, source)}
    assert "only sparse vectors (bm25)" in done["words"].problem
    assert done["docs"].written == 2


@pytest.mark.parametrize("error", [StoreUnavailable("The engine does not answer."), KeyboardInterrupt()])
def test_what_was_copied_is_told_and_counted_when_it_stops(
    console_services: Services,
    client: QdrantClient,
    source: Qdrant,
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
) -> None:
    fill(client, "docs", directions(600))
    store, calls = type(console_services.vectors), []
    real = store.import_chunks

    def fails(self: Any, *arguments: Any, **options: Any) -> int:
        calls.append(1)
        if len(calls) == 3:
            raise error
        return real(self, *arguments, **options)

    with monkeypatch.context() as patched:
        patched.setattr(store, "import_chunks", fails)
        [done] = migrate(console_services, source)
    assert (done.written, bool(done.stopped), done.failed) == (512, True, True)
    assert console_services.collections.get("docs").total_chunks == 512
    [again] = migrate(console_services, source, verify=True)
    assert (again.written, again.failed) == (88, False)


def test_chunks_are_counted_as_they_are_written(
    console_services: Services, client: QdrantClient, source: Qdrant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the process is killed before it can count."""
    fill(client, "docs", directions(30))
    monkeypatch.setattr(type(console_services.collections), "recount", lambda *_: None)
    migrate(console_services, source)
    migrate(console_services, source)
    assert console_services.collections.get("docs").total_chunks == 30


def test_a_busy_qdrant_is_asked_again(
    console_services: Services, client: QdrantClient, source: Qdrant, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(client, "docs", directions(3))
    real, calls = client.scroll, []

    def scroll(*arguments: Any, **options: Any) -> Any:
        calls.append(1)
        if len(calls) % 2:
            raise ResponseHandlingException(TimeoutError("timed out"))
        return real(*arguments, **options)

    monkeypatch.setattr("console.data.legacy.qdrant._PAUSES", (0.0, 0.0))
    monkeypatch.setattr(client, "scroll", scroll)
    [done] = migrate(console_services, source, verify=True)
    assert (done.written, done.failed) == (3, False)


# --- the command -------------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> str:
    """A folder of Qdrant's local mode with one collection that can be taken, and one that cannot."""
    # Asking SQLite whether threads may share a connection, the client leaves one open, of which Python 3.13 speaks.
    client = QdrantClient(path=str(tmp_path / "qdrant"), force_disable_check_same_thread=True)
    fill(client, "docs", directions(25), filename="a.txt")
    fill(client, "old", directions(5) * 3, DOT)
    client.close()
    return str(tmp_path / "qdrant")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["migrate", "qdrant", *arguments])


def test_the_command_migrates_and_verifies(console_services: Services, folder: str) -> None:
    done = run("--path", folder, "--collection", "docs", "--verify", "--json")
    assert done.exit_code == 0
    [row] = json.loads(done.stdout)["collections"]
    assert (row["source"], row["collection"], row["written"], row["distance"]) == ("docs", "docs", 25, "Cosine")
    assert row["verified"] == {
        "expected": 25,
        "present": 25,
        "extra": 0,
        "compared": 20,
        "agreeing": 1.0,
        "good": True,
    }
    assert console_services.collections.get("docs").total_chunks == 25


def test_the_command_says_what_it_refuses_and_takes_the_rest(console_services: Services, folder: str) -> None:
    done = run("--path", folder)
    assert done.exit_code == 1
    assert done.stdout == "docs -> docs: 25 point(s) with 8 dimensions, 25 written, 0 there already.\n"
    assert done.stderr.startswith("old was refused: its vectors are compared by Dot, and not all have length 1")


def test_the_command_takes_a_mapping(console_services: Services, folder: str, tmp_path: Path) -> None:
    mapping = tmp_path / "mapping.json"
    mapping.write_text('{"docs": {"collection": "bot-1"}, "old": {"collection": "bot-2", "as_cosine": true}}')
    done = run("--path", folder, "--mapping", str(mapping), "--dry-run")
    assert done.exit_code == 0
    assert "docs -> bot-1: 25 point(s) with 8 dimensions, would be copied." in done.stdout
    assert console_services.collections.list() == []
    mapping.write_text('{"docs": {"colection": "bot-1"}}')
    refused = run("--path", folder, "--mapping", str(mapping))
    assert isinstance(refused.exception, InvalidInput)
    assert "colection" in str(refused.exception)


def test_a_source_is_named_once_and_is_there(tmp_path: Path, free_port: int) -> None:
    with pytest.raises(SetupError, match="either the address"):
        Qdrant.at()
    with pytest.raises(SetupError, match="either the address"):
        Qdrant.at(url="http://127.0.0.1:1", path=tmp_path)
    with pytest.raises(SetupError, match=r"has no meta\.json"):
        Qdrant.at(path=tmp_path)
    assert list(tmp_path.iterdir()) == []
    with Qdrant.at(url=f"http://127.0.0.1:{free_port}") as absent, pytest.raises(StoreUnavailable, match="not answer"):
        absent.names()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the refused client leaves a file open
@pytest.mark.filterwarnings("ignore:Exception ignored in. <sqlite3.Connection:pytest.PytestUnraisableExceptionWarning")
def test_a_folder_in_use_and_an_unknown_collection_are_said_so(folder: str) -> None:
    with Qdrant.at(path=Path(folder)) as source:
        with pytest.raises(SetupError, match="in use by another program"):
            Qdrant.at(path=Path(folder))
        with pytest.raises(NotFound, match="no Qdrant collection nowhere"):
            source.spaces("nowhere")
    gc.collect()  # the client that was refused has left a file open, of which Python 3.13 speaks
