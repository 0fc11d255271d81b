"""Embedders: the local one against reference vectors, the services against their documented wire formats."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import boto3
import httpx
import numpy as np
import pytest
from botocore.stub import Stubber
from numpy.typing import NDArray
from openai import OpenAI

from console.config import Settings
from console.errors import EmbedderUnavailable, InvalidInput, SetupError
from console.search.embedding.embedders import (
    BedrockEmbedder,
    CachedEmbedder,
    Embedders,
    OpenAIEmbedder,
    make_embedder,
    unit_vector,
)
from console.search.embedding.minilm import MiniLM
from console.search.embedding.safetensors import read_tensors
from tests.support.data_files import DATA_FILES


@pytest.fixture(scope="module")
def minilm() -> MiniLM:
    return MiniLM()


@pytest.fixture(scope="module")
def reference() -> dict[str, Any]:
    with gzip.open(DATA_FILES / "minilm_reference.json.gz") as file:
        found: dict[str, Any] = json.load(file)
    return found


class CountingEmbedder:
    """A tiny embedder that remembers what it was asked."""

    name = "counting"
    dimension = 2

    def __init__(self) -> None:
        self.asked: list[str] = []

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.asked += texts
        return np.array([[1.0, len(text)] for text in texts], dtype=np.float32)


# --- minilm ----------------------------------------------------------------------------------------------


def test_minilm_equals_the_reference_one_sentence_at_a_time(minilm: MiniLM, reference: dict[str, Any]) -> None:
    vectors = np.vstack([minilm.embed([sentence]) for sentence in reference["sentences"]])
    assert np.abs(vectors - np.array(reference["embeddings"])).max() <= 1e-6


def test_minilm_equals_the_reference_in_one_batch(
    minilm: MiniLM, reference: dict[str, Any], record_property: Any
) -> None:
    difference = np.abs(minilm.embed(reference["sentences"]) - np.array(reference["embeddings"])).max()
    record_property("P12 largest difference to the reference", f"{difference:.1e}")
    assert difference <= 1e-6


def test_minilm_gives_float32_rows_of_length_one(minilm: MiniLM) -> None:
    vectors = minilm.embed(["One text.", "", "Another."])
    assert vectors.dtype == np.float32
    assert vectors.shape == (3, 384)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 1, 1], abs=1e-6)


def test_minilm_of_no_texts_is_an_empty_matrix(minilm: MiniLM) -> None:
    assert minilm.embed([]).shape == (0, 384)


def test_minilm_reads_the_first_256_tokens(minilm: MiniLM) -> None:
    window = "word " * 254
    assert np.array_equal(minilm.embed([window]), minilm.embed([window + "and more that is beyond the window"]))


def test_minilm_takes_a_text_with_a_broken_character(minilm: MiniLM) -> None:
    assert np.isfinite(minilm.embed(["broken \ud800 text"])).all()


def test_weights_that_are_not_the_expected_ones_are_refused(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"\x02\x00\x00\x00\x00\x00\x00\x00{}")
    with pytest.raises(SetupError, match="not the expected file"):
        MiniLM(tmp_path)


def test_missing_weights_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="Install its package again"):
        MiniLM(tmp_path)


@pytest.mark.parametrize("content", [b"", b"\xff" * 8, b"\x02\x00\x00\x00\x00\x00\x00\x00[]"])
def test_a_file_that_is_not_safetensors_is_refused(tmp_path: Path, content: bytes) -> None:
    import hashlib

    (tmp_path / "file").write_bytes(content)
    with pytest.raises(SetupError, match="not a safetensors file"):
        read_tensors(tmp_path / "file", sha256=hashlib.sha256(content).hexdigest())


# --- the cache and the registry --------------------------------------------------------------------------


def test_a_text_is_embedded_once() -> None:
    inner = CountingEmbedder()
    cached = CachedEmbedder(inner)
    cached.embed(["a", "bb", "a"])
    vectors = cached.embed(["bb", "ccc"])
    assert inner.asked == ["a", "bb", "ccc"]
    assert vectors.tolist() == [[1.0, 2.0], [1.0, 3.0]]


def test_the_cache_keeps_to_its_bytes() -> None:
    inner = CountingEmbedder()
    cached = CachedEmbedder(inner, budget=8)
    cached.embed(["a"])
    cached.embed(["bb"])
    cached.embed(["a"])
    assert inner.asked == ["a", "bb", "a"]


def test_an_unknown_embedder_is_named_with_the_known_ones() -> None:
    with pytest.raises(InvalidInput, match="minilm, openai, bedrock"):
        make_embedder("word2vec", Settings())


def test_an_embedder_is_made_once() -> None:
    embedders = Embedders(Settings())
    assert embedders.get("minilm") is embedders.get("minilm")


def test_openai_without_a_key_says_which_setting_is_missing() -> None:
    with pytest.raises(SetupError, match="OPENAI_API_KEY"):
        make_embedder("openai", Settings())


def test_a_query_vector_is_scaled_to_length_one() -> None:
    assert unit_vector([3, 4], 2).tolist() == pytest.approx([0.6, 0.8])


@pytest.mark.parametrize("vector", [[1.0], [float("nan"), 1.0], [float("inf"), 1.0]])
def test_a_query_vector_that_cannot_be_compared_is_refused(vector: list[float]) -> None:
    with pytest.raises(InvalidInput):
        unit_vector(vector, 2)


# --- openai ----------------------------------------------------------------------------------------------


class Wire:
    """Answers as the embeddings endpoint is documented to, and keeps what was sent."""

    def __init__(self, *, status: int = 200, rows: list[dict[str, Any]] | None = None) -> None:
        self.status = status
        self.rows = rows
        self.sent: list[dict[str, Any]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        sent = json.loads(request.content)
        self.sent.append(sent)
        if self.status != 200:
            return httpx.Response(self.status, json={"error": {"message": "no", "type": "invalid_request_error"}})
        rows = [{"object": "embedding", "index": place, "embedding": [3.0, 4.0]} for place in range(len(sent["input"]))]
        return httpx.Response(
            200,
            json={
                "object": "list",
                "model": sent["model"],
                "data": rows if self.rows is None else self.rows,
                "usage": {"prompt_tokens": 1, "total_tokens": 1},
            },
        )

    def embedder(self) -> OpenAIEmbedder:
        http = httpx.Client(transport=httpx.MockTransport(self))
        client = OpenAI(api_key="k", base_url="http://service.test/v1", http_client=http, max_retries=0)
        return OpenAIEmbedder(client, "text-embedding-3-small", dimension=2)


def test_openai_asks_for_the_dimension_and_normalises() -> None:
    wire = Wire()
    vectors = wire.embedder().embed(["one", "two"])
    assert wire.sent[0]["dimensions"] == 2
    assert wire.sent[0]["input"] == ["one", "two"]
    assert vectors.tolist() == [pytest.approx([0.6, 0.8])] * 2


def test_openai_sends_256_texts_per_request() -> None:
    wire = Wire()
    wire.embedder().embed(["text"] * 300)
    assert [len(sent["input"]) for sent in wire.sent] == [256, 44]


def test_openai_puts_vectors_in_the_order_of_the_texts() -> None:
    rows = [
        {"object": "embedding", "index": 1, "embedding": [0, 1]},
        {"object": "embedding", "index": 0, "embedding": [1, 0]},
    ]
    assert Wire(rows=rows).embedder().embed(["first", "second"]).tolist() == [[1, 0], [0, 1]]


def test_openai_sends_a_space_for_an_empty_text() -> None:
    wire = Wire()
    wire.embedder().embed([""])
    assert wire.sent[0]["input"] == [" "]


def test_a_refusal_of_openai_is_an_error_of_ours() -> None:
    with pytest.raises(EmbedderUnavailable, match="openai"):
        Wire(status=400).embedder().embed(["text"])


def test_missing_vectors_of_openai_are_an_error() -> None:
    with pytest.raises(EmbedderUnavailable, match="0 vectors came back for 1 texts"):
        Wire(rows=[]).embedder().embed(["text"])


def test_vectors_without_numbers_are_in_the_order_of_the_texts() -> None:
    assert Wire(rows=[{"embedding": [0, 1]}, {"embedding": [1, 0]}]).embedder().embed(["a", "b"]).tolist() == [
        [0, 1],
        [1, 0],
    ]


@pytest.mark.parametrize(
    "body",
    [
        b"", b"no JSON", b"[]", b"null", b"-1", b"{}", b'{"data": null}', b'{"data": 1}', b'{"data": [1]}',
        b'{"data": [{"index": 0}]}', b'{"data": [{"index": "x", "embedding": [1, 0]}]}',
        b'{"data": [{"index": 0, "embedding": "AACAPw=="}]}', b'{"data": [{"index": 0, "embedding": [null, 1]}]}',
        b'{"data": [{"index": 0, "embedding": [NaN, 1]}]}', b'{"data": [{"index": 0, "embedding": [1e999, 1]}]}',
        b'{"data": [{"index": 0, "embedding": [[1, 0]]}]}', b'{"data": [{"index": Infinity, "embedding": [1, 0]}]}',
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["application/json", "text/html"])
def test_an_answer_of_another_form_is_an_error_of_ours(body: bytes, kind: str) -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=body, headers={"Content-Type": kind})

    http = httpx.Client(transport=httpx.MockTransport(answer))
    client = OpenAI(api_key="k", base_url="http://service.test/v1", http_client=http, max_retries=0)
    with pytest.raises(EmbedderUnavailable, match="made no vectors"):
        OpenAIEmbedder(client, "text-embedding-3-small", dimension=2).embed(["text"])


def test_vectors_of_another_dimension_are_an_error_that_names_the_model() -> None:
    rows = [{"object": "embedding", "index": 0, "embedding": [1, 0, 0]}]
    with pytest.raises(SetupError, match="text-embedding-3-small"):
        Wire(rows=rows).embedder().embed(["text"])


# --- bedrock ---------------------------------------------------------------------------------------------


@pytest.fixture
def bedrock() -> Iterator[tuple[BedrockEmbedder, Stubber]]:
    client = boto3.client("bedrock-runtime", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    with Stubber(client) as stub:
        yield BedrockEmbedder(client, dimension=256), stub
    client.close()


def test_titan_is_asked_as_documented(bedrock: tuple[BedrockEmbedder, Stubber]) -> None:
    embedder, stub = bedrock
    answer = json.dumps({"embedding": [2.0] + [0.0] * 255, "inputTextTokenCount": 3}).encode()
    stub.add_response(
        "invoke_model",
        {"body": io.BytesIO(answer), "contentType": "application/json"},
        {
            "modelId": "amazon.titan-embed-text-v2:0",
            "contentType": "application/json",
            "accept": "application/json",
            "body": '{"inputText": "a text", "dimensions": 256, "normalize": true}',
        },
    )
    assert embedder.embed(["a text"])[0, :2].tolist() == [1.0, 0.0]


def test_a_refusal_of_bedrock_is_an_error_of_ours(bedrock: tuple[BedrockEmbedder, Stubber]) -> None:
    embedder, stub = bedrock
    stub.add_client_error("invoke_model", "ThrottlingException")
    with pytest.raises(EmbedderUnavailable, match="bedrock"):
        embedder.embed(["a text"])


def test_an_answer_of_bedrock_without_an_embedding_is_an_error(bedrock: tuple[BedrockEmbedder, Stubber]) -> None:
    embedder, stub = bedrock
    stub.add_response("invoke_model", {"body": io.BytesIO(b"{}"), "contentType": "application/json"})
    with pytest.raises(EmbedderUnavailable, match="no embedding"):
        embedder.embed(["a text"])
