"""Similarity search: collections, their chunks and what a search found."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from console.records.base import Json, Record


class StreamPosition(Record, frozen=True):
    """How far the stream of a table was read."""

    stream: str
    """Its ARN: a table that was made anew has another."""
    moment: float
    """Unix seconds when the reading began."""
    shards: dict[str, str]
    """The last sequence number that was read of each open shard; empty for its beginning."""


class ChunkChange(Record, frozen=True):
    """A write of one chunk, by whoever."""

    chunk_id: str
    group: str
    """The writing of a document that the chunk's id says it belongs to; empty for ids of other systems."""
    inserted: bool
    """Whether there was no chunk of this id before."""


class Collection(Record, frozen=True):
    """Chunks that share one embedder: what the vector schema calls a bot."""

    collection_id: str
    """`bot_id` in the store."""
    name: str
    created_at: datetime
    updated_at: datetime
    user_id: str = "system"
    """Who made it."""
    embedder: str = "minilm"
    dimension: int = 384
    total_chunks: int = 0
    total_documents: int = 0
    active: bool = True
    revision: int = 0
    """Counts the changes of its chunks."""
    deleting: bool = False
    """Whether its deletion has begun; deleting it again goes on."""
    foreign: str = ""
    """Changes when another system wrote the collection's own item; empty while this one alone did."""
    blocks: list[str] = []
    """Keys of its packed blocks: the manifest."""
    blocks_at: StreamPosition | None = None
    """What was written to the table after this may be missing in the blocks; without it, anything may be."""
    block_rows: int = 0
    """Vectors in the blocks, those of replaced chunks included."""
    block_bytes: int = 0


class NewChunk(Record, frozen=True):
    """A piece of a document, embedded, on its way into a collection."""

    text: str
    embedding: Any
    """float32[d] or a list of d numbers."""
    metadata: Json = {}


class Chunk(Record, frozen=True):
    """One embedded piece of text of a document in a collection."""

    chunk_id: str
    text: str
    filename: str = ""
    """The document."""
    chunk_index: int = 0
    """0-based place in the document."""
    file_size: int = 0
    """Bytes of the document's file."""
    created_at: datetime | None = None
    metadata: Json = {}
    embedding: Any = None
    """A list of d numbers as stored; None where it was not read."""


class CollectionDocument(Record, frozen=True):
    """A document of a collection."""

    filename: str
    chunks: int
    file_size: int = 0
    created_at: datetime | None = None
    digest: str = ""
    """What the chunks were made of: the same digest, the same chunks. Empty where the writer gave none."""
    lost: list[str] = []
    """What was not read of the file, in words."""


class SearchHit(Chunk, frozen=True, kw_only=True):
    """A chunk that a search found, without its vector."""

    similarity: float
    """Cosine, -1..1, whatever strategy found it: 1 - the distance of the vector index."""
    found_by: str = "vectors"
    """`vectors`, `words` or `both`."""

    @classmethod
    def of(cls, chunk: Chunk, similarity: float) -> SearchHit:
        """The hit that a chunk is."""
        return cls(similarity=similarity, **msgspec.structs.asdict(chunk) | {"embedding": None})


class VectorPart(Record, frozen=True):
    """Vectors of a collection that appear and disappear together: the chunks of one writing of one document.

    The chunks of other systems, which say nothing of that, are one part or several with an empty `group`.
    """

    group: str
    """`<document>-<generation>`; the chunks' ids are `<group>-<index>`."""
    count: int
    vectors: Any
    """float16 or float32 [count, d], L2-normalised (or zero)."""
    first: int = 0
    """Index of the first chunk."""
    filename: str = ""
    chunk_ids: list[str] = []
    """Only where `group` is empty."""
    filenames: list[str] = []
    """Only where `group` is empty."""
    metadata: bytes = b""
    """JSON list of objects, zlib; empty when no chunk has metadata."""
    words: bytes = b""
    """JSON list of the chunks' words, zlib, as search reads them; empty while they are in `texts`."""
    texts: list[str] = []
    """The chunks' texts, only just after they were read."""

    def chunk_id(self, row: int) -> str:
        """Id of the chunk in a row."""
        return f"{self.group}-{self.first + row:06}" if self.group else self.chunk_ids[row]
