"""Chunks in an OpenSearch k-NN index, fed from a collection.

Each collection has an alias. A sync builds a new index behind it and then moves the alias, so that a search never sees
half of a collection; the revision that an index was built from, and where the stream of the table then was, is in its
mapping's `_meta`. The index compares by cosine with the engine `lucene`, whose score is (2 - distance) / 2
(https://docs.opensearch.org/latest/mappings/supported-field-types/knn-spaces): similarity = 2 * score - 1.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from console.errors import InvalidInput, NotFound, SetupError, StoreError, StoreUnavailable
from console.extras import extra
from console.records import StreamPosition
from console.search.ways.signing import signer

if TYPE_CHECKING:
    from types import ModuleType

    from numpy.typing import NDArray
    from opensearchpy import OpenSearch

    from console.config import Settings
    from console.records import Chunk, Collection

log = logging.getLogger(__name__)

MOST = 10_000
"""Results of one search: what `index.max_result_window` allows by default."""
BREADTH = 100
"""Candidates that a search holds at least: to Lucene `k` is also how widely the graph is walked. On 100 vectors 10
candidates lost one of ten results."""
_BULK = 500
_LATER = (429, 502, 503, 504)
"""Statuses of a node that is starting or has too much to do."""
_TIMEOUT = 10
"""Seconds for one request."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk that was found."""

    chunk_id: str
    similarity: float
    """Cosine, -1..1."""


@dataclass(frozen=True, slots=True)
class Indexed:
    """What an index was built from."""

    revision: str
    at: StreamPosition | None
    """Up to where the table's stream had been read before the chunks were; None when it had none."""

    def is_of(self, collection: Collection) -> bool:
        """Whether the collection was changed by nobody that tells its revision."""
        return self.revision == _revision(collection)


def open_index(settings: Settings) -> OpenSearchIndex:
    """The index that the settings name. Makes no request.

    Raises:
        SetupError: none is configured.
    """
    if not settings.opensearch_url:
        raise SetupError("OpenSearch is not configured. Set OPENSEARCH_URL, or choose another strategy.")
    logging.getLogger("opensearch").setLevel(logging.ERROR)  # what fails is raised, what works is nobody's news
    client = _api().OpenSearch(
        settings.opensearch_url, timeout=_TIMEOUT, max_retries=2, retry_on_timeout=True, http_auth=signer(settings)
    )
    return OpenSearchIndex(client, prefix=f"{settings.table_prefix}geval-chunks".lower().lstrip("._-"))


class OpenSearchIndex:
    """The indexes of all collections in one OpenSearch domain. Thread-safe."""

    def __init__(self, client: OpenSearch, *, prefix: str = "geval-chunks") -> None:
        self._client = client
        self._prefix = prefix

    def indexed(self, collection_id: str) -> Indexed | None:
        """What the index of a collection was built from; None when there is none. One request."""
        return self._built_from(self._alias(collection_id))

    def sync(
        self,
        collection: Collection,
        chunks: Iterable[Chunk],
        progress: Callable[[int], None] = lambda _done: None,
        *,
        at: StreamPosition | None = None,
    ) -> int:
        """Build the index of a collection anew; the number of chunks sent.

        One request per 500 chunks. An interrupted sync leaves the index as it was, and its remains to the next one.
        Chunks whose vector cannot be compared are left out and counted in the log.

        Args:
            chunks: every chunk of the collection with its embedding.
            at: where the stream of the table was before the chunks were read.

        Raises:
            StoreUnavailable: OpenSearch does not answer.
            StoreError: it refused the index or a chunk, or another sync took the place of this one.
        """
        alias = self._alias(collection.collection_id)
        index = f"{alias}-r{time.time_ns():x}"  # names in the order of their making
        definition = _definition(collection, at)
        with _translated():
            self._client.indices.create(index=index, body=definition)
            sent = self._send(index, _comparable(collection, chunks), progress)
            if self._built_from(index) is None:
                raise StoreError("Another sync of the collection took the place of this one. Sync again.")
            self._client.indices.refresh(index=index)
            self._move(alias, index)
        return sent

    def _built_from(self, name: str) -> Indexed | None:
        with _translated():
            try:
                found: dict[str, Any] = self._client.indices.get_mapping(index=name)
            except _api().NotFoundError:
                return None
        with _understood():
            meta: dict[str, Any] | None = next(iter(found.values()))["mappings"].get("_meta")
            if meta is None:
                return None
            at = meta.get("at")
            return Indexed(meta.get("revision", ""), msgspec.convert(at, StreamPosition) if at else None)

    def search(
        self, collection_id: str, vector: NDArray[Any] | Sequence[float], k: int, filters: Mapping[str, object] = {}
    ) -> list[Hit]:
        """The `k` most similar chunks, best first; as many as there are. One request.

        Args:
            vector: of the collection's dimension.
            k: at most `MOST`.
            filters: `filename` or names of metadata, with the value that they must have.

        Raises:
            NotFound: the collection was never synced.
            InvalidInput: `k` is out of range.
        """
        if not 1 <= k <= MOST:
            raise InvalidInput(f"OpenSearch answers with 1 to {MOST:,} results.", field="k")
        with _translated():
            try:
                answer = self._client.search(
                    index=self._alias(collection_id), body=_question([float(one) for one in vector], k, filters)
                )
            except _api().NotFoundError as error:
                raise NotFound("OpenSearch index of the collection", collection_id) from error
        with _understood():
            return [Hit(hit["_source"]["chunk_id"], 2 * hit["_score"] - 1) for hit in answer["hits"]["hits"]]

    def remove(self, collection_id: str) -> None:
        """Remove the index of a collection; nothing happens when there is none. Two requests."""
        with _translated():
            for name in self._client.indices.get(index=f"{self._alias(collection_id)}-r*"):
                self._client.indices.delete(index=name, ignore_unavailable=True)

    def _alias(self, collection_id: str) -> str:
        """A name that OpenSearch takes, whatever the id is."""
        return f"{self._prefix}-{_hash(collection_id, 32)}"

    def _send(self, index: str, chunks: Iterable[Chunk], progress: Callable[[int], None]) -> int:
        actions = ({"_index": index, **_document(chunk)} for chunk in chunks)
        sent = 0
        sending = _api().helpers.streaming_bulk(self._client, actions, chunk_size=_BULK, max_retries=3)
        for sent, _ in enumerate(sending, 1):
            if sent % _BULK == 0:
                progress(sent)
        progress(sent)
        return sent

    def _move(self, alias: str, index: str) -> None:
        """Point the alias to the new index alone, and drop those made before it."""
        others = [name for name in self._client.indices.get(index=f"{alias}-r*") if name < index]
        moves: list[dict[str, Any]] = [{"add": {"index": index, "alias": alias}}]
        moves += [{"remove_index": {"index": name}} for name in others]
        self._client.indices.update_aliases(body={"actions": moves})


def _revision(collection: Collection) -> str:
    """Changes with every change of the collection's chunks, whoever made it."""
    return f"{collection.revision} {collection.foreign}".strip()


def _hash(text: str, digits: int) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:digits]


def _comparable(collection: Collection, chunks: Iterable[Chunk]) -> Iterator[Chunk]:
    """The chunks that have a vector of the collection's length and a direction."""
    skipped = 0
    for chunk in chunks:
        if chunk.embedding is not None and len(chunk.embedding) == collection.dimension and any(chunk.embedding):
            yield chunk
        else:
            skipped += 1
    if skipped:
        log.warning("%d chunk(s) of %s have no usable vector and are skipped.", skipped, collection.collection_id)


def _definition(collection: Collection, at: StreamPosition | None) -> dict[str, Any]:
    """The index of one revision. Metadata of any form are matched by their text (`flat_object`)."""
    method = {"name": "hnsw", "engine": "lucene", "space_type": "cosinesimil"}
    return {
        "settings": {"index": {"knn": True}},
        "mappings": {
            "_meta": {
                "collection": collection.collection_id,
                "revision": _revision(collection),
                "at": msgspec.to_builtins(at) if at else None,
            },
            "dynamic": False,
            "properties": {
                "chunk_id": {"type": "keyword"},
                "filename": {"type": "keyword"},
                "metadata": {"type": "flat_object"},
                "embedding": {"type": "knn_vector", "dimension": collection.dimension, "method": method},
            },
        },
    }


def _document(chunk: Chunk) -> dict[str, Any]:
    return {
        "_id": _hash(chunk.chunk_id, 64),
        "_source": {
            "chunk_id": chunk.chunk_id,
            "filename": chunk.filename,
            "metadata": chunk.metadata,
            "embedding": [float(one) for one in chunk.embedding],
        },
    }


def _question(vector: list[float], k: int, filters: Mapping[str, object]) -> dict[str, Any]:
    """A k-NN query with its filter inside, so that `k` results are found among those that match."""
    terms = [{"term": {name if name == "filename" else f"metadata.{name}": value}} for name, value in filters.items()]
    wanted: dict[str, Any] = {"vector": vector, "k": max(k, BREADTH)}
    if terms:
        wanted["filter"] = {"bool": {"filter": terms}}
    return {"size": k, "_source": ["chunk_id"], "query": {"knn": {"embedding": wanted}}}


def _api() -> ModuleType:
    """The client's package. Raises SetupError where it is not installed."""
    with extra("opensearch"):
        import opensearchpy  # noqa: PLC0415 - an extra
    return opensearchpy


@contextmanager
def _translated() -> Iterator[None]:
    """OpenSearch's errors as ours."""
    try:
        yield
    except _api().ConnectionError as error:
        raise StoreUnavailable("OpenSearch does not answer. Check OPENSEARCH_URL and the network.") from error
    except _api().TransportError as error:
        if error.status_code in _LATER:
            raise StoreUnavailable(f"OpenSearch is not ready (status {error.status_code}). Try again soon.") from error
        raise StoreError(f"OpenSearch refused the request: {str(error)[:300]}") from error
    except _api().OpenSearchException as error:
        raise StoreError(f"OpenSearch refused the request: {str(error)[:300]}") from error


@contextmanager
def _understood() -> Iterator[None]:
    """Raises StoreError where an answer is read that is none of OpenSearch's."""
    try:
        yield
    except (AttributeError, KeyError, StopIteration, TypeError, msgspec.MsgspecError) as error:
        raise StoreError("What answers at OPENSEARCH_URL is no OpenSearch. Check the address.") from error
