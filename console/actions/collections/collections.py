"""Collections as admins keep them: what is in one, what it costs, making and deleting."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from console.actions.permissions import permit
from console.data.store.codec import check_line
from console.errors import AlreadyExists, InvalidInput
from console.records import Chunk, Collection, CollectionDocument, Role, User
from console.search.ways.fed import lags
from console.search.ways.opensearch import open_index
from console.services import Services
from console.telemetry import traced

LONGEST_NAME = 100
_NUMBER_BYTES = 7
"""Bytes of one number of a vector in a list: nine digits two by two, a sign or exponent, and the list's own byte."""
_ITEM_BYTES = 260
"""Bytes of the other attributes of a chunk, about."""
_READ_BYTES = 4_096
"""Bytes of half a read unit (eventually consistent)."""
_GB_MONTH = 0.25
"""US dollars per GB and month: on-demand list price of us-east-1, as are the others."""
_MILLION_READS = 0.125


@dataclass(frozen=True, slots=True)
class Cost:
    """What a collection takes in the store, about. DynamoDB bills by these figures."""

    chunk_bytes: int
    """The chunk items, whose vectors are lists of numbers."""
    block_bytes: int
    """The packed vectors; 0 while there are none."""

    @property
    def bytes(self) -> int:
        """Everything."""
        return self.chunk_bytes + self.block_bytes

    @property
    def month(self) -> float:
        """US dollars per month for the storage."""
        return self.bytes / 1e9 * _GB_MONTH

    @property
    def cold_units(self) -> float:
        """Read units of the first search of a process: the packed vectors at half the price, else every chunk."""
        return _units(self.block_bytes) / 2 if self.block_bytes else _units(self.chunk_bytes)

    @property
    def items_units(self) -> float:
        """Read units of a search that reads every chunk."""
        return _units(self.chunk_bytes)

    @property
    def cold_dollars(self) -> float:
        """US dollars for a thousand first searches."""
        return self.cold_units * 1_000 * _MILLION_READS / 1e6


@dataclass(frozen=True, slots=True)
class CollectionView:
    """One collection with its documents."""

    collection: Collection
    documents: list[CollectionDocument]
    """By name."""
    cost: Cost


def load_collection(services: Services, collection_id: str) -> CollectionView:
    """A collection, its documents, and what it costs, estimated from the texts of one of its documents.

    Raises:
        NotFound: there is no such collection.
    """
    collection = services.collections.get(collection_id)
    documents = services.vectors.documents(collection_id)
    sample = min(documents, key=lambda document: document.chunks, default=None)
    chunks = services.vectors.of_document(collection_id, sample.filename) if sample else []
    return CollectionView(collection, documents, cost_of(collection, chunks))


def cost_of(collection: Collection, sample: list[Chunk]) -> Cost:
    """What a collection takes in the store when its chunks are like those of the sample."""
    text = sum(len(chunk.text.encode()) for chunk in sample) / len(sample) if sample else 0
    each = collection.dimension * _NUMBER_BYTES + text + _ITEM_BYTES
    return Cost(round(collection.total_chunks * each), collection.block_bytes)


@traced
def create_collection(services: Services, actor: User, name: str, embedder: str = "minilm") -> Collection:
    """Make an empty collection.

    Args:
        embedder: its name; every chunk of the collection is embedded by it.

    Raises:
        Forbidden: the actor is no admin.
        InvalidInput: there is no name, or too long a one.
        AlreadyExists: another collection has the name.
        SetupError: the embedder is not configured here.
    """
    by = permit(actor, Role.ADMIN)
    shown = check_line(" ".join(name.split()), "The name of the collection")
    if not shown or len(shown) > LONGEST_NAME or not shown.isprintable():
        raise InvalidInput(f"Give the collection a name of 1 to {LONGEST_NAME} characters.", field="name")
    if any(other.name.casefold() == shown.casefold() for other in services.collections.list()):
        raise AlreadyExists("collection", shown)
    return services.collections.create(shown, by=by, embedder=embedder, dimension=services.embedder(embedder).dimension)


@traced
def delete_collection(services: Services, actor: User, collection_id: str) -> None:
    """Remove a collection with everything in it. An interrupted call may be made again.

    Raises:
        Forbidden: the actor is no admin.
        NotFound: there is no such collection.
        StoreUnavailable: OpenSearch is configured and does not answer; nothing was removed.
    """
    permit(actor, Role.ADMIN)
    if services.settings.opensearch_url:
        open_index(services.settings).remove(collection_id)
    services.collections.delete(collection_id)


@traced
def sync_opensearch(
    services: Services, actor: User, collection_id: str, progress: Callable[[int], None] = lambda _sent: None
) -> int:
    """Bring the OpenSearch index to the collection as it is now; the number of chunks sent, 0 when it is so already.

    Raises:
        Forbidden: the actor is no admin.
        NotFound: there is no such collection.
        SetupError: OpenSearch is not configured.
        StoreUnavailable: it does not answer.
    """
    permit(actor, Role.ADMIN)
    index = open_index(services.settings)
    at = services.vector_reads.position()
    collection = services.collections.get(collection_id)
    before = index.indexed(collection_id)
    if before and before.is_of(collection) and not lags(services.vector_reads, collection_id, before):
        return 0
    return index.sync(collection, services.vectors.all(collection_id), progress, at=at)


@traced
def delete_document(services: Services, actor: User, collection_id: str, filename: str) -> int:
    """Remove a document from a collection; the number of its chunks.

    Raises:
        Forbidden: the actor is no admin.
        NotFound: there is no such collection or document.
    """
    permit(actor, Role.ADMIN)
    return services.vectors.delete_document(collection_id, filename)


def _units(size: int) -> float:
    """Read units for so many bytes, eventually consistent."""
    return math.ceil(size / _READ_BYTES) / 2
