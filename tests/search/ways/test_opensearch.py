"""The k-NN index in OpenSearch: what is sent, and what its answers mean. The server is a stub of the wire format."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np
import pytest
from botocore.credentials import Credentials
from msgspec.structs import replace
from opensearchpy import OpenSearch

from console.config import Settings
from console.errors import InvalidInput, NotFound, SetupError, StoreError, StoreUnavailable
from console.records import Chunk, Collection, StreamPosition
from console.search.ways.opensearch import Indexed, OpenSearchIndex, open_index
from console.search.ways.signing import signer
from tests.support.opensearch_stub import Stub, opensearch_stub

NOW = datetime(2026, 1, 2, tzinfo=UTC)
VECTORS = {"east": [1.0, 0.0], "north": [0.0, 2.0], "west": [-1.0, 0.0], "north-east": [1.0, 1.0]}


@pytest.fixture
def server() -> Iterator[Stub]:
    with opensearch_stub() as stub:
        yield stub


@pytest.fixture
def index(server: Stub) -> Iterator[OpenSearchIndex]:
    client = OpenSearch(server.url, timeout=5, max_retries=0)
    yield OpenSearchIndex(client)
    client.close()


def collection(revision: int = 1) -> Collection:
    return Collection(
        collection_id="Bot / 1", name="Bot", created_at=NOW, updated_at=NOW, dimension=2, revision=revision
    )


def chunks(*names: str) -> list[Chunk]:
    wanted = names or tuple(VECTORS)
    return [
        Chunk(
            chunk_id=f"doc#{name}",
            text=name,
            filename=f"{name[:5]}.txt",
            metadata={"page": len(name)},
            embedding=VECTORS[name],
        )
        for name in wanted
    ]


def found(index: OpenSearchIndex, k: int = 10, **filters: object) -> dict[str, float]:
    hits = index.search("Bot / 1", [1.0, 0.0], k, filters)
    return {hit.chunk_id: round(hit.similarity, 6) for hit in hits}


def built_from(index: OpenSearchIndex, of: Collection) -> bool:
    indexed = index.indexed(of.collection_id)
    return indexed is not None and indexed.is_of(of)


def test_the_similarity_is_the_cosine_as_of_every_other_strategy(index: OpenSearchIndex) -> None:
    assert index.sync(collection(), chunks()) == 4
    assert found(index) == {"doc#east": 1.0, "doc#north-east": 0.707107, "doc#north": 0.0, "doc#west": -1.0}


def test_the_index_is_made_for_cosine_with_the_dimension_of_the_collection(
    index: OpenSearchIndex, server: Stub
) -> None:
    index.sync(collection(), chunks())
    [(_, path, body)] = [asked for asked in server.asked if asked[0] == "PUT"]
    assert path.startswith("/geval-chunks-")
    assert path == path.lower()
    assert body["settings"] == {"index": {"knn": True}}
    assert body["mappings"]["_meta"] == {"collection": "Bot / 1", "revision": "1", "at": None}
    assert body["mappings"]["properties"]["embedding"] == {
        "type": "knn_vector",
        "dimension": 2,
        "method": {"name": "hnsw", "engine": "lucene", "space_type": "cosinesimil"},
    }


def test_a_question_is_one_request_with_its_filter_inside(index: OpenSearchIndex, server: Stub) -> None:
    index.sync(collection(), chunks())
    server.asked.clear()
    index.search("Bot / 1", np.array([1.0, 0.0], dtype=np.float32), 3, {"filename": "a.txt", "page": 4})
    [(method, path, body)] = server.asked
    assert (method, path.rpartition("/")[2]) == ("POST", "_search")
    assert body == {
        "size": 3,
        "_source": ["chunk_id"],
        "query": {
            "knn": {
                "embedding": {
                    "vector": [1.0, 0.0],
                    "k": 100,
                    "filter": {"bool": {"filter": [{"term": {"filename": "a.txt"}}, {"term": {"metadata.page": 4}}]}},
                }
            }
        },
    }


def test_filters_limit_what_is_found(index: OpenSearchIndex) -> None:
    index.sync(collection(), chunks())
    assert found(index, filename="north.txt") == {"doc#north-east": 0.707107, "doc#north": 0.0}
    assert found(index, page=4) == {"doc#east": 1.0, "doc#west": -1.0}
    assert found(index, page=4, filename="north.txt") == {}
    assert list(found(index, 2)) == ["doc#east", "doc#north-east"]


def test_an_index_says_what_it_was_built_from(index: OpenSearchIndex) -> None:
    at = StreamPosition(stream="arn", moment=5.0, shards={"shard-1": "17"})
    assert index.indexed("Bot / 1") is None
    index.sync(collection(), chunks(), at=at)
    assert index.indexed("Bot / 1") == Indexed(revision="1", at=at)
    assert built_from(index, collection())


def test_chunks_whose_vectors_cannot_be_compared_are_left_out(
    index: OpenSearchIndex, caplog: pytest.LogCaptureFixture
) -> None:
    broken = [replace(chunks("east")[0], chunk_id=str(one), embedding=one) for one in (None, [1.0], [0.0, 0.0])]
    assert index.sync(collection(), [*chunks("west"), *broken]) == 1
    assert found(index) == {"doc#west": -1.0}
    assert "3 chunk(s) of Bot / 1 have no usable vector" in caplog.text


def test_a_sync_that_another_one_overtook_says_so(index: OpenSearchIndex, server: Stub) -> None:
    def overtaken() -> Iterator[Chunk]:
        yield from chunks("west")
        server.indexes.clear()
        index.sync(collection(2), chunks("east"))

    with pytest.raises(StoreError, match="Another sync of the collection took the place"):
        index.sync(collection(1), overtaken())
    assert found(index) == {"doc#east": 1.0}


def test_requests_to_amazon_are_signed(server: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKID")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    server.signed_by = Credentials("AKID", "secret")
    settings = Settings.load({"OPENSEARCH_URL": server.url, "OPENSEARCH_SIGN": "on", "AWS_REGION": "eu-west-1"})
    signing = open_index(settings)
    assert signing.sync(collection(), chunks()) == 4
    assert found(signing, 1, filename="north.txt") == {"doc#north-east": 0.707107}
    server.signed_by = Credentials("AKID", "another secret")
    with pytest.raises(StoreError, match="OpenSearch refused"):
        found(signing)


@pytest.mark.parametrize(
    ("url", "sign", "signed"),
    [
        ("https://search-x.eu-west-1.es.amazonaws.com", "", True),
        ("https://vpc-x.us-gov-west-1.es.amazonaws.com/", "", True),
        ("https://search-x.eu-west-1.es.amazonaws.com", "off", False),
        ("https://user:password@search-x.eu-west-1.es.amazonaws.com", "", False),
        ("https://search.example.com", "", False),
        ("https://es.amazonaws.com.example.com", "", False),
        ("https://search.example.com", "on", True),
    ],
)
def test_what_is_signed(monkeypatch: pytest.MonkeyPatch, url: str, sign: str, signed: bool) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKID")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    assert (signer(Settings.load({"OPENSEARCH_URL": url, "OPENSEARCH_SIGN": sign})) is not None) == signed


def test_the_region_is_that_of_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKID")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    address = {"OPENSEARCH_URL": "https://search-x.eu-south-2.es.amazonaws.com", "AWS_REGION": "us-east-1"}
    assert signer(Settings.load(address)).signer.region == "eu-south-2"


def test_a_new_revision_takes_the_place_of_the_old_one(index: OpenSearchIndex, server: Stub) -> None:
    index.sync(collection(1), chunks())
    assert index.sync(collection(2), chunks("west")) == 1
    assert built_from(index, collection(2))
    assert found(index) == {"doc#west": -1.0}
    assert len(server.indexes) == 1


def test_what_another_system_wrote_makes_the_index_old(index: OpenSearchIndex) -> None:
    index.sync(collection(), chunks())
    assert not built_from(index, replace(collection(), foreign="abc"))


def test_an_interrupted_sync_leaves_the_index_as_it_was(index: OpenSearchIndex, server: Stub) -> None:
    index.sync(collection(1), chunks("east"))

    def broken() -> Iterator[Chunk]:
        yield from chunks("west")
        raise StoreUnavailable("the store is gone")

    with pytest.raises(StoreUnavailable, match="the store is gone"):
        index.sync(collection(2), broken())
    assert built_from(index, collection(1))
    assert found(index) == {"doc#east": 1.0}
    index.sync(collection(2), chunks("west"))
    assert found(index) == {"doc#west": -1.0}
    assert len(server.indexes) == 1


def test_progress_is_told_and_many_chunks_go_in_several_requests(index: OpenSearchIndex, server: Stub) -> None:
    many = [Chunk(chunk_id=f"d#{n}", text="", filename="d", embedding=[1.0, n]) for n in range(1_200)]
    told: list[int] = []
    assert index.sync(collection(), many, told.append) == 1_200
    assert told == [500, 1_000, 1_200]
    assert len([asked for asked in server.asked if asked[1] == "/_bulk"]) == 3


def test_a_collection_without_an_index_is_said_so(index: OpenSearchIndex) -> None:
    assert not built_from(index, collection())
    with pytest.raises(NotFound, match="no OpenSearch index of the collection"):
        found(index)


def test_a_refused_chunk_fails_the_sync(index: OpenSearchIndex, server: Stub) -> None:
    server.refused_documents = 1
    with pytest.raises(StoreError, match="OpenSearch refused"):
        index.sync(collection(), chunks())
    assert not built_from(index, collection())


def test_the_removed_index_is_gone(index: OpenSearchIndex, server: Stub) -> None:
    index.sync(collection(), chunks())
    index.remove("Bot / 1")
    assert server.indexes == {}


def test_errors_of_the_server_are_ours(index: OpenSearchIndex, server: Stub) -> None:
    server.status = 403
    with pytest.raises(StoreError, match="OpenSearch refused"):
        index.indexed("Bot / 1")


@pytest.mark.parametrize("status", [429, 503])
def test_a_server_that_is_starting_or_busy_is_no_refusal(index: OpenSearchIndex, server: Stub, status: int) -> None:
    server.status = status
    with pytest.raises(StoreUnavailable, match=f"not ready .status {status}.. Try again soon"):
        index.indexed("Bot / 1")


def test_a_server_that_is_not_there_is_said_so(free_port: int) -> None:
    client = OpenSearch(f"http://127.0.0.1:{free_port}", timeout=1, max_retries=0)
    with pytest.raises(StoreUnavailable, match="OpenSearch does not answer"):
        OpenSearchIndex(client).indexed("Bot / 1")


@pytest.mark.parametrize("k", [0, 10_001])
def test_more_results_than_the_server_gives_are_refused(index: OpenSearchIndex, k: int) -> None:
    with pytest.raises(InvalidInput, match="1 to 10,000"):
        found(index, k)


def test_without_an_address_it_is_not_configured(server: Stub) -> None:
    with pytest.raises(SetupError, match=r"OpenSearch is not configured\. Set OPENSEARCH_URL"):
        open_index(Settings())
    settings = Settings.load({"OPENSEARCH_URL": server.url, "TABLE_PREFIX": "Team_"})
    assert open_index(settings).sync(collection(), chunks("east")) == 1
    assert next(iter(server.indexes)).startswith("team_geval-chunks-")
