"""Collections, documents and chunks as items of `BotCollections` and `VectorEmbeddings`.

The attributes have the names of the system that made these tables, in snake case. A collection has up to four
partitions in `VectorEmbeddings`:

- `<bot_id>`: the chunks, of this system and of others. The key of a chunk of ours is
  `<document>-<generation>-<index>`; it is visible while its document says that this is its generation.
- `<bot_id>#documents`: an item per document with its generation and count.
- `<bot_id>#blocks`: packed vectors, see `vector_blocks`.
- `<bot_id>#leftovers`: what is being written and what is to be removed, see `garbage`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec
import numpy as np
import orjson
from numpy.typing import NDArray

from console.data.store import tables
from console.data.store.codec import Item, check_text, plain_map, plain_value, read_timestamp, timestamp, to_wire_map
from console.errors import CorruptItem, InvalidInput
from console.records import Chunk, Collection, CollectionDocument, Json, NewChunk, StreamPosition

CHUNK_TEXT_LIMIT = 100_000
"""Bytes of a chunk's text: with its vector it fits an item."""
METADATA_LIMIT = 30_000
"""Bytes of a chunk's metadata as JSON."""

_OURS = re.compile(r"([0-9a-f]{16})-([0-9a-f]{12})-(\d{6,})")
_ID = re.compile(r"[^#\s\x00-\x1f]{1,200}")


class ChunkPosition(NamedTuple):
    """Where a chunk of this system belongs."""

    document: str
    generation: str
    number: int


def documents_partition(collection_id: str) -> str:
    """Hash key of a collection's documents."""
    return f"{collection_id}#documents"


def blocks_partition(collection_id: str) -> str:
    """Hash key of a collection's packed blocks."""
    return f"{collection_id}#blocks"


def garbage_partition(collection_id: str) -> str:
    """Hash key of what is being written and what is to be removed."""
    return f"{collection_id}#leftovers"


def can_be_collection(collection_id: str) -> bool:
    """Whether a collection can have this id: `#` separates the partitions."""
    return bool(_ID.fullmatch(collection_id))


def document_id(filename: str) -> str:
    """Key of a document: a hash, as file names may be longer than a key."""
    return hashlib.sha256(filename.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def chunk_key(document: str, generation: str, index: int) -> str:
    """Key of a chunk of this system."""
    return f"{document}-{generation}-{index:06}"


def position_of(chunk_id: str) -> ChunkPosition | None:
    """What the key of a chunk says; None for a chunk of another system."""
    found = _OURS.fullmatch(chunk_id)
    return ChunkPosition(found[1], found[2], int(found[3])) if found else None


def vector_attribute(dimension: int) -> str:
    """The attribute that holds vectors of this length: the vector index refuses others under its own."""
    return tables.VECTOR_ATTRIBUTE if dimension == tables.VECTOR_DIMENSIONS else f"embedding_{dimension}"


# --- vectors -------------------------------------------------------------------------------------------


def checked_matrix(vectors: Sequence[Any], dimension: int) -> NDArray[np.float32]:
    """Vectors as float32[n, dimension].

    Raises:
        InvalidInput: one has another length, or holds what is not a finite number.
    """
    sizes = {len(vector) for vector in vectors}
    if sizes - {dimension}:
        raise InvalidInput(
            f"A vector has {(sizes - {dimension}).pop()} numbers; the collection's have {dimension}. Use its embedder.",
            field="embedding",
        )
    try:
        matrix = np.asarray(vectors, dtype=np.float32).reshape(len(vectors), dimension)
    except (ValueError, TypeError) as error:
        raise InvalidInput(f"A vector is not a list of {dimension} numbers: {error}.", field="embedding") from error
    if not np.isfinite(matrix).all():
        raise InvalidInput("A vector holds a number that is not finite.", field="embedding")
    return matrix


def to_numbers(vector: NDArray[np.float32]) -> dict[str, Any]:
    """A List of Number with the shortest decimals that read back as the same float32."""
    text = orjson.dumps(np.ascontiguousarray(vector), option=orjson.OPT_SERIALIZE_NUMPY).decode()
    return {"L": [{"N": number} for number in text[1:-1].split(",")]}


def read_numbers(item: Item, attribute: str) -> list[float] | None:
    """The vector of a chunk, numbers of any precision; None when there is none that can be read."""
    listed = item.get(attribute, {}).get("L")
    if listed is None:
        return None
    try:
        return [float(number["N"]) for number in listed]
    except (KeyError, ValueError):
        return None


# --- chunks --------------------------------------------------------------------------------------------


def chunk_item(
    collection: Collection, chunk_id: str, chunk: NewChunk | Chunk, vector: NDArray[np.float32], **shown: Any
) -> Item:
    """The item of a chunk.

    Args:
        shown: filename, file_size, chunk_index and created_at.

    Raises:
        InvalidInput: the text or the metadata cannot be stored.
        TooLarge: the text or the metadata are beyond their limits.
    """
    check_text(chunk.text, "text", limit=CHUNK_TEXT_LIMIT)
    check_text(orjson_text(chunk.metadata), "metadata", limit=METADATA_LIMIT)
    return {
        **to_wire_map({"metadata": chunk.metadata or None, **shown}),
        "bot_id": {"S": collection.collection_id},
        "chunk_id": {"S": chunk_id},
        "text": {"S": chunk.text},
        vector_attribute(collection.dimension): to_numbers(vector),
    }


def orjson_text(metadata: Any) -> str:
    """Metadata as JSON, to measure and to compare them."""
    try:
        return orjson.dumps(metadata).decode()
    except (orjson.JSONEncodeError, UnicodeEncodeError) as error:
        raise InvalidInput(f"The metadata are not a JSON object: {error}.", field="metadata") from error


def read_chunk(item: Item, attribute: str | None = None) -> Chunk:
    """A chunk from its item, also from one that another system wrote: what is malformed is empty, never an error.

    Args:
        attribute: the one that holds the vector; None leaves it out.
    """
    shown = {name: _shown(item[name]) for name in ("filename", "file_size", "chunk_index", "text") if name in item}
    return Chunk(
        chunk_id=item["chunk_id"]["S"],
        text=str(shown.get("text") or ""),
        filename=str(shown.get("filename") or ""),
        chunk_index=_whole(shown.get("chunk_index")),
        file_size=_whole(shown.get("file_size")),
        created_at=_moment(item.get("created_at")),
        metadata=read_metadata(item),
        embedding=read_numbers(item, attribute) if attribute else None,
    )


def read_metadata(item: Item) -> Json:
    """The metadata of a chunk; a value of another type, as other systems write it, under the name `metadata`."""
    stored = item.get("metadata")
    if stored is None or "NULL" in stored:
        return {}
    try:
        metadata = plain_map({"metadata": stored})["metadata"]
    except CorruptItem:
        metadata = next(iter(stored.values()))
        metadata = metadata if isinstance(metadata, str) else str(metadata)
    return metadata if isinstance(metadata, dict) else {"metadata": metadata}


def read_document(item: Item) -> CollectionDocument:
    """A document from its item."""
    return CollectionDocument(
        filename=item["document"]["S"],
        chunks=_whole(plain_value(item["chunks"])),
        file_size=_whole(plain_value(item.get("file_size", {"N": "0"}))),
        created_at=_moment(item.get("created_at")),
        digest=str(plain_value(item.get("digest", {"S": ""}))),
        lost=[str(one) for one in plain_value(item.get("lost", {"L": []}))],
    )


# --- collections ---------------------------------------------------------------------------------------


def collection_item(collection: Collection) -> Item:
    """The item of a new collection."""
    return to_wire_map(
        {
            "bot_id": collection.collection_id,
            "user_id": collection.user_id,
            "name": collection.name,
            "total_chunks": 0,
            "total_documents": 0,
            "embedding_dimension": collection.dimension,
            "embedder": collection.embedder,
            "status": "active",
            "revision": 0,
            "created_at": collection.created_at,
            "updated_at": collection.updated_at,
            "stamped_at": collection.updated_at,
        }
    )


def read_collection(item: Item) -> Collection:
    """A collection from its item, also from one that another system wrote."""
    plain = plain_map({name: value for name, value in item.items() if name != "blocks"})
    moments = {name: _moment(item.get(name)) or datetime.fromtimestamp(0, UTC) for name in ("created_at", "updated_at")}
    known = {
        **{name: plain[name] for name in _PLAIN if plain.get(name) is not None},
        **moments,
        "collection_id": plain["bot_id"],
        "name": str(plain.get("name") or plain["bot_id"]),
        "dimension": _whole(plain.get("embedding_dimension")) or tables.VECTOR_DIMENSIONS,
        "active": plain.get("status", "active") != "inactive",
        "total_chunks": max(_whole(plain.get("total_chunks")), 0),
        "total_documents": max(_whole(plain.get("total_documents")), 0),
        "foreign": _foreign(plain),
        "blocks": _read_blocks(item),
        "blocks_at": _read_blocks_at(plain),
    }
    try:
        return Collection(**known)
    except (TypeError, msgspec.ValidationError) as error:
        raise CorruptItem(f"The collection {plain['bot_id']!r} cannot be read: {error}.") from error


_PLAIN = ("user_id", "embedder", "revision", "deleting", "block_rows", "block_bytes")


def _foreign(plain: dict[str, Any]) -> str:
    """What changes when another system wrote: its count of touches, and its time when it was the last to write."""
    touched = plain.get("updated_at") if plain.get("updated_at") != plain.get("stamped_at") else ""
    touches = plain.get("foreign_touches", 0)
    return f"{touches}:{touched}" if touches or touched or "revision" not in plain else ""


def _read_blocks(item: Item) -> list[str]:
    text = plain_value(item["blocks"]) if "blocks" in item else ""
    return text.split(",") if text else []


def _read_blocks_at(plain: dict[str, Any]) -> StreamPosition | None:
    text = plain.get("blocks_at")
    return msgspec.json.decode(text, type=StreamPosition) if text else None


def _shown(value: dict[str, Any]) -> Any:
    try:
        return plain_value(value)
    except CorruptItem:
        return None


def _whole(value: Any) -> int:
    try:
        return int(float(value)) if value is not None else 0
    except (TypeError, ValueError, OverflowError):
        return 0


def _moment(value: dict[str, Any] | None) -> datetime | None:
    """A time as this system (ISO-8601) or another (also Unix seconds) wrote it."""
    if value is None:
        return None
    try:
        if "N" in value:
            return datetime.fromtimestamp(float(value["N"]), UTC)
        return read_timestamp(value["S"])
    except (KeyError, ValueError, OverflowError, OSError):
        return None


def stamp(now: datetime) -> dict[str, str]:
    """The attributes of a collection that say that the last write was this system's."""
    return {"updated_at": timestamp(now), "stamped_at": timestamp(now)}
