"""Chunks of collections: a document is written, replaced and removed as a whole, and counts stay exact.

Chunks are written under a new generation that nobody sees; one transaction then makes it the document's, corrects
the counts of the collection and lists the generation that it replaced for removal (`garbage`). Whatever
fails in between leaves the old chunks visible and an entry by which the new ones are swept.

Chunks that another system wrote are in `foreign`.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from console.data.collections import listing
from console.data.collections.collections import KIND
from console.data.collections.foreign import ATTEMPTS, BATCH, DOCUMENT, FILENAME_LIMIT, ForeignChunks
from console.data.collections.garbage import Garbage, Leftover
from console.data.collections.items import (
    CHUNK_TEXT_LIMIT,
    METADATA_LIMIT,
    checked_matrix,
    chunk_item,
    chunk_key,
    document_id,
    documents_partition,
    orjson_text,
    position_of,
    read_chunk,
    read_document,
    vector_attribute,
)
from console.data.collections.listing import prefix_of
from console.data.store import tables
from console.data.store.answers import ConditionFailed
from console.data.store.codec import Item, check_line, check_text, to_wire_map
from console.data.store.requests import Condition, Delete, Put, Query, Write, equals
from console.data.store.store import Store
from console.errors import InvalidInput, NotFound, StoreError
from console.records import Chunk, Collection, CollectionDocument, NewChunk, utcnow

_SIGN_OF_LIFE = 60.0
_ABSENT = Condition("attribute_not_exists(#bot)", {"#bot": "bot_id"})


class Chunks(ForeignChunks):
    """Repository of chunks and of the documents of collections."""

    def __init__(self, store: Store, clock: Callable[[], datetime] = utcnow) -> None:
        super().__init__(store, clock)
        self._garbage = Garbage(store, clock)

    # --- reading ---------------------------------------------------------------------------------------

    def documents(self, collection_id: str) -> list[CollectionDocument]:
        """The documents of a collection by file name. One Query per 500; as `listing.counted` where others write."""
        if self._collection(collection_id).foreign:
            return self.counted(collection_id)
        found = [read_document(item) for item in self._documents(collection_id)]
        return sorted(found, key=lambda one: one.filename)

    def counted(self, collection_id: str) -> list[CollectionDocument]:
        """As `listing.counted`."""
        return listing.counted(self._store, collection_id)

    def is_whole(self, collection_id: str, filename: str) -> bool:
        """As `listing.is_whole`."""
        return listing.is_whole(self._store, collection_id, filename)

    def find_document(self, collection_id: str, filename: str) -> CollectionDocument | None:
        """A document that the console wrote, without its chunks; None when there is none. One request."""
        entry = self._store.get(tables.VECTORS, documents_partition(collection_id), document_id(filename))
        return read_document(entry) if entry else None

    def of_document(self, collection_id: str, filename: str, *, embeddings: bool = False) -> list[Chunk]:
        """The chunks of a document in order; [] when there is no such document. Two Queries or more by 1 MB."""
        collection = self._collection(collection_id)
        attribute = vector_attribute(collection.dimension) if embeddings else None
        items: list[Item] = []
        entry = self._store.get(tables.VECTORS, documents_partition(collection_id), document_id(filename))
        if entry:
            items += self._store.all(Query(tables.VECTORS, collection_id, prefix=prefix_of(entry)))
        items += self._store.batch_get(tables.VECTORS, self._foreign_keys(collection, filename))
        chunks = [read_chunk(item, attribute) for item in items]
        return sorted(chunks, key=lambda one: (one.chunk_index, one.chunk_id))

    def get_many(self, collection_id: str, chunk_ids: Sequence[str], *, embeddings: bool = False) -> dict[str, Chunk]:
        """The chunks that exist and can be seen, by id. Two requests per 100, three with vectors."""
        attribute = vector_attribute(self._collection(collection_id).dimension) if embeddings else None
        wanted = self.visible(collection_id, list(dict.fromkeys(chunk_ids)))
        items = self._store.batch_get(tables.VECTORS, [(collection_id, one) for one in wanted])
        found = {item["chunk_id"]["S"]: read_chunk(item, attribute) for item in items}
        return {one: found[one] for one in wanted if one in found}

    def all(self, collection_id: str) -> Iterator[Chunk]:
        """Every chunk that can be seen, with its vector. One Query per 1 MB, about 200 chunks."""
        collection = self._collection(collection_id)
        seen = {item["chunk_id"]["S"]: item["generation"]["S"] for item in self._documents(collection_id)}
        for item in self._store.all(Query(tables.VECTORS, collection_id)):
            place = position_of(item["chunk_id"]["S"])
            if place is None or seen.get(place.document) == place.generation:
                yield read_chunk(item, vector_attribute(collection.dimension))

    def visible(self, collection_id: str, chunk_ids: Sequence[str]) -> list[str]:
        """Those of the ids whose document has their generation, in their order. One request per 100 documents."""
        places = {one: position_of(one) for one in chunk_ids}
        wanted = sorted({place.document for place in places.values() if place})
        keys = [(documents_partition(collection_id), document) for document in wanted]
        entries = self._store.batch_get(tables.VECTORS, keys)
        seen = {item["chunk_id"]["S"]: item["generation"]["S"] for item in entries}
        return [one for one, place in places.items() if place is None or seen.get(place.document) == place.generation]

    def written(self, collection_id: str) -> int:
        """How often this process changed a collection: whoever keeps its vectors looks again when it did."""
        return self._written[collection_id]

    # --- writing ---------------------------------------------------------------------------------------

    def put_document(
        self,
        collection_id: str,
        filename: str,
        chunks: Sequence[NewChunk],
        *,
        file_size: int = 0,
        digest: str = "",
        lost: Sequence[str] = (),
        progress: Callable[[int], None] | None = None,
    ) -> CollectionDocument:
        """Stores a document, in place of the one with this file name; it is seen all at once.

        One request per 25 chunks, and about 8 more.

        Args:
            digest: of what the chunks are made of, and `lost`: what was not read; both are kept with the document.
            progress: called with the number of chunks stored so far.

        Raises:
            InvalidInput: a vector, a text or the file name cannot be stored; nothing was written.
            NotFound: there is no such collection.
            UnsavedItems: the store kept refusing chunks; the document is as it was.
            ConflictError: the writing took so long that it was given up.
        """
        collection = self._collection(collection_id)
        matrix = _checked(collection, filename, chunks)
        document, generation = document_id(filename), uuid.uuid4().hex[:12]
        now = self._clock()
        item = to_wire_map(
            {
                "bot_id": documents_partition(collection_id),
                "chunk_id": document,
                "document": filename,
                "generation": generation,
                "chunks": len(chunks),
                "file_size": file_size,
                "created_at": now,
                "digest": digest,
                "lost": list(lost),
            }
        )
        shown = {"filename": filename, "file_size": file_size, "created_at": now}
        written = Leftover(collection_id, f"{document}-{generation}-")
        self._garbage.begin(collection_id, written)
        try:
            items = (
                chunk_item(
                    collection, chunk_key(document, generation, index), chunk, matrix[index], chunk_index=index, **shown
                )
                for index, chunk in enumerate(chunks)
            )
            self._write(collection_id, items, written, progress)
            replaced = self._commit(collection, item, written)
        except BaseException:
            with suppress(StoreError):  # the entry stays; the next sweep removes what was written
                self._garbage.drop(collection_id, written)
            raise
        if replaced:
            self._garbage.drop(collection_id, replaced)
        if collection.foreign:
            self._remove_foreign(collection, filename)
        return read_document(item)

    def delete_document(self, collection_id: str, filename: str) -> int:
        """Removes a document with its chunks; returns their number. One request per 25 chunks and about 6 more.

        Raises:
            NotFound: there is no such document, or no such collection.
        """
        collection = self._collection(collection_id)
        removed = 0
        replaced = self._forget(collection, document_id(filename))
        if replaced:
            removed = self._garbage.drop(collection_id, replaced)
        if collection.foreign:
            removed += self._remove_foreign(collection, filename)
        if not removed and not replaced:
            raise NotFound(DOCUMENT, filename)
        return removed

    def sweep(self, collection_id: str) -> int:
        """Removes what interrupted writings left; returns the number of items. One Query when there is nothing."""
        return self._garbage.sweep(collection_id)

    # --- inside ----------------------------------------------------------------------------------------

    def _documents(self, collection_id: str) -> Iterator[Item]:
        return self._store.all(Query(tables.VECTORS, documents_partition(collection_id)))

    def _write(
        self, collection_id: str, items: Iterator[Item], written: Leftover, progress: Callable[[int], None] | None
    ) -> None:
        done, alive = 0, time.monotonic()
        while batch := list(islice(items, BATCH)):
            before = done
            report = (lambda saved, before=before: progress(before + saved)) if progress else None
            self._store.batch_put(tables.VECTORS, batch, on_saved=report)
            done += len(batch)
            if time.monotonic() - alive > _SIGN_OF_LIFE:
                alive = time.monotonic()
                self._garbage.alive(collection_id, written)

    def _commit(self, collection: Collection, entry: Item, written: Leftover) -> Leftover | None:
        """Makes the entry the document's; returns what it replaced."""
        for _ in range(ATTEMPTS):
            before = self._store.get(tables.VECTORS, entry["bot_id"]["S"], entry["chunk_id"]["S"])
            unchanged = equals("generation", before["generation"]["S"]) if before else _ABSENT
            replaced = Leftover(collection.collection_id, prefix_of(before)) if before else None
            chunks = int(entry["chunks"]["N"]) - (int(before["chunks"]["N"]) if before else 0)
            writes: list[Write] = [
                Put(tables.VECTORS, entry, unchanged),
                self._counted(collection, chunks, 0 if before else 1),
                self._garbage.finished(collection.collection_id, written),
            ]
            if replaced:
                writes.append(self._garbage.replaced(collection.collection_id, replaced))
            try:
                self._store.transact(writes)
            except ConditionFailed as failed:
                self._explain(collection, failed, entry["document"]["S"])
            else:
                self._written[collection.collection_id] += 1
                return replaced
        raise self._contended(entry["document"]["S"])

    def _forget(self, collection: Collection, document: str) -> Leftover | None:
        """Takes a document out of sight; returns its chunks, None when there is no such document."""
        key = (documents_partition(collection.collection_id), document)
        for _ in range(ATTEMPTS):
            before = self._store.get(tables.VECTORS, *key)
            if before is None:
                return None
            replaced = Leftover(collection.collection_id, prefix_of(before))
            try:
                self._store.transact(
                    [
                        Delete(tables.VECTORS, key, equals("generation", before["generation"]["S"])),
                        self._counted(collection, -int(before["chunks"]["N"]), -1),
                        self._garbage.replaced(collection.collection_id, replaced),
                    ]
                )
            except ConditionFailed as failed:
                self._explain(collection, failed, document)
            else:
                self._written[collection.collection_id] += 1
                return replaced
        raise self._contended(document)

    def _explain(self, collection: Collection, failed: ConditionFailed, document: str) -> None:
        """Returns when the document changed meanwhile, which a new attempt settles."""
        if 1 in failed.failed:
            raise NotFound(KIND, collection.collection_id) from failed
        if 2 in failed.failed:
            raise self._contended(document) from failed


def _checked(collection: Collection, filename: str, chunks: Sequence[NewChunk]) -> NDArray[np.float32]:
    """The vectors of a document that can be stored."""
    if not filename.strip():
        raise InvalidInput("A document needs a file name.", field="filename")
    check_text(check_line(filename, "filename"), "filename", limit=FILENAME_LIMIT)
    if not chunks:
        raise InvalidInput(f"{filename} holds no text. Choose another file.", field="chunks")
    for chunk in chunks:
        check_text(chunk.text, "text", limit=CHUNK_TEXT_LIMIT)
        check_text(orjson_text(chunk.metadata), "metadata", limit=METADATA_LIMIT)
    return checked_matrix([chunk.embedding for chunk in chunks], collection.dimension)
