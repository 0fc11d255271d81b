"""Embedders: texts to unit vectors. `minilm` runs here; `openai` and `bedrock` ask a service.

A collection names its embedder; vectors of different embedders are never compared.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import boto3
import numpy as np
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from cachetools import LRUCache
from numpy.typing import NDArray

from console.errors import EmbedderUnavailable, InvalidInput, SetupError
from console.redaction import blanked, secrets_in

if TYPE_CHECKING:
    from console.config import Settings

EMBEDDERS: Mapping[str, int] = {"minilm": 384, "openai": 384, "bedrock": 512}
"""The embedders by name, and the dimension of their vectors."""
BEDROCK_MODEL = "amazon.titan-embed-text-v2:0"

_CACHE_BYTES = 16 * 1024 * 1024
_OPENAI_BATCH = 256
_TITAN_CHARACTERS = 50_000
"""Characters that Titan takes per text."""
_NO_EMBEDDING = "its answer has no embedding"
_NO_ANSWER = (AttributeError, KeyError, OverflowError, RecursionError, TypeError, ValueError)
"""What reading an answer of another form ends in."""

Matrix = NDArray[np.float32]


class Embedder(Protocol):
    """Turns texts into vectors."""

    @property
    def name(self) -> str:
        """The name that collections store."""

    @property
    def dimension(self) -> int:
        """Numbers in a vector."""

    def embed(self, texts: Sequence[str]) -> Matrix:
        """float32[n, dimension], L2-normalised, in the order of the texts.

        Raises:
            EmbedderUnavailable: the service refused or did not answer.
        """


def make_embedder(name: str, settings: Settings) -> Embedder:
    """The embedder of this name, with a cache by text.

    Raises:
        InvalidInput: there is no such embedder.
        SetupError: it needs something that is not installed or not set.
    """
    if name not in EMBEDDERS:
        raise InvalidInput(f"There is no embedder {name!r}. Choose one of {', '.join(EMBEDDERS)}.", field="embedder")
    return CachedEmbedder(_MAKERS[name](settings))


class CachedEmbedder:
    """Remembers the vectors of texts by their hash, up to a number of bytes. Thread-safe."""

    def __init__(self, inner: Embedder, budget: int = _CACHE_BYTES) -> None:
        self._inner = inner
        self.name = inner.name
        self.dimension = inner.dimension
        self._lock = threading.Lock()
        self._known: LRUCache[bytes, Matrix] = LRUCache(maxsize=budget, getsizeof=lambda vector: int(vector.nbytes))

    def embed(self, texts: Sequence[str]) -> Matrix:
        """As `Embedder.embed`; asks only for texts that are new, and for each once."""
        keys = [hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest() for text in texts]
        with self._lock:
            found = {key: self._known[key] for key in keys if key in self._known}
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in found}
        if missing:
            fresh = self._inner.embed(list(missing.values()))
            found |= dict(zip(missing, fresh, strict=True))
            with self._lock:
                for key in missing:
                    if found[key].nbytes <= self._known.maxsize:
                        self._known[key] = found[key].copy()
        return np.stack([found[key] for key in keys]) if keys else np.empty((0, self.dimension), dtype=np.float32)


class Embedders:
    """The embedders of a process, each made when it is first asked for. Thread-safe."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._made: dict[str, Embedder] = {}

    def get(self, name: str) -> Embedder:
        """The embedder of this name. Errors as `make_embedder`."""
        with self._lock:
            if name not in self._made:
                self._made[name] = make_embedder(name, self._settings)
            return self._made[name]


class OpenAIEmbedder:
    """An OpenAI-compatible service. One request per 256 texts, retried by the SDK."""

    name = "openai"

    def __init__(
        self, client: Any, model: str, dimension: int = EMBEDDERS["openai"], secrets: Sequence[str | None] = ()
    ) -> None:
        self._client = client
        self._secrets = secrets
        """What an error may repeat of our requests."""
        self._model = model
        self.dimension = dimension

    def embed(self, texts: Sequence[str]) -> Matrix:
        """As `Embedder.embed`. An empty text, which the service refuses, is sent as a space."""
        rows: list[Sequence[float]] = []
        for start in range(0, len(texts), _OPENAI_BATCH):
            rows += self._ask([_sendable(text) for text in texts[start : start + _OPENAI_BATCH]])
        return _unit_rows(rows, self, self._model)

    def _ask(self, texts: list[str]) -> list[Sequence[float]]:
        from openai import OpenAIError

        try:
            answer = self._client.embeddings.create(
                model=self._model, input=texts, dimensions=self.dimension, encoding_format="float"
            )
            found = sorted(answer.data, key=lambda one: int(one.index or 0))  # some servers number none of them
            rows = [one.embedding for one in found]
        except OpenAIError as error:
            raise EmbedderUnavailable(self.name, blanked(str(error), self._secrets)) from error
        except _NO_ANSWER as error:  # the SDK passes on whatever an address answers: a web page, another form
            raise EmbedderUnavailable(self.name, _NO_EMBEDDING) from error
        if len(found) != len(texts):
            raise EmbedderUnavailable(self.name, f"{len(found)} vectors came back for {len(texts)} texts")
        return rows


class BedrockEmbedder:
    """Amazon Titan Text Embeddings V2: one request per text.

    https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html
    """

    name = "bedrock"

    def __init__(self, client: Any, model: str = BEDROCK_MODEL, dimension: int = EMBEDDERS["bedrock"]) -> None:
        self._client = client
        self._model = model
        self.dimension = dimension

    def embed(self, texts: Sequence[str]) -> Matrix:
        """As `Embedder.embed`."""
        return _unit_rows([self._ask(_sendable(text)) for text in texts], self, self._model)

    def _ask(self, text: str) -> Sequence[float]:
        body = {"inputText": text[:_TITAN_CHARACTERS], "dimensions": self.dimension, "normalize": True}
        try:
            answer = self._client.invoke_model(
                modelId=self._model,
                contentType="application/json",
                accept="application/json",
                body=json.dumps(body),
            )
            vector: Sequence[float] = json.loads(answer["body"].read())["embedding"]
        except (BotoCoreError, ClientError) as error:
            raise EmbedderUnavailable(self.name, str(error)) from error
        except _NO_ANSWER as error:
            raise EmbedderUnavailable(self.name, _NO_EMBEDDING) from error
        return vector


def unit_vector(vector: Sequence[float] | Matrix, dimension: int) -> Matrix:
    """A query vector as float32[dimension], L2-normalised.

    Raises:
        InvalidInput: it has another dimension, or a number in it is not finite.
    """
    row = np.asarray(vector, dtype=np.float32)
    if row.shape != (dimension,):
        raise InvalidInput(
            f"The vector has {row.size} numbers; the collection's vectors have {dimension}.", field="vector"
        )
    length = float(np.linalg.norm(row))
    if not np.isfinite(length):
        raise InvalidInput("The vector holds a number that is not finite.", field="vector")
    unit: Matrix = row / np.float32(length) if length else row
    return unit


def _sendable(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8").strip() or " "


def _unit_rows(rows: list[Sequence[float]], embedder: Embedder, model: str) -> Matrix:
    dimension = embedder.dimension
    try:
        vectors = [np.asarray(row, dtype=np.float32) for row in rows]
    except _NO_ANSWER as error:
        raise EmbedderUnavailable(embedder.name, _NO_EMBEDDING) from error
    if not all(vector.ndim == 1 and np.isfinite(vector).all() for vector in vectors):
        raise EmbedderUnavailable(embedder.name, _NO_EMBEDDING)
    if any(len(vector) != dimension for vector in vectors):
        sizes = sorted({len(vector) for vector in vectors})
        raise SetupError(
            f"{model} answers with vectors of {sizes} numbers instead of {dimension}. "
            "Choose a model that can make them, such as text-embedding-3-small."
        )
    matrix = np.asarray(vectors, dtype=np.float64).reshape(len(vectors), dimension)
    lengths = np.linalg.norm(matrix, axis=1, keepdims=True)
    return np.asarray(matrix / np.where(lengths > 0, lengths, 1), dtype=np.float32)


def _minilm(_: Settings) -> Embedder:
    from console.search.embedding.minilm import MiniLM

    return MiniLM()


def _openai(settings: Settings) -> Embedder:
    if not (settings.openai_api_key or settings.openai_base_url):
        raise SetupError("The embedder `openai` needs OPENAI_API_KEY, or OPENAI_BASE_URL of a service without keys.")
    from openai import OpenAI

    client = OpenAI(
        api_key=settings.openai_api_key or "none", base_url=settings.openai_base_url, timeout=30.0, max_retries=3
    )
    secrets = (settings.openai_api_key, *secrets_in(settings.openai_base_url))
    return OpenAIEmbedder(client, settings.openai_embedding_model, secrets=secrets)


def _bedrock(settings: Settings) -> Embedder:
    config = Config(connect_timeout=5, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 5})
    return BedrockEmbedder(boto3.client("bedrock-runtime", region_name=settings.aws_region, config=config))


_MAKERS: Mapping[str, Callable[[Settings], Embedder]] = {"minilm": _minilm, "openai": _openai, "bedrock": _bedrock}
