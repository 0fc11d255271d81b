"""Chunks of collections: a document is written, replaced and removed as a whole, and counts stay exact.

Chunks are written under a new generation that nobody sees; one transaction then makes it the document's, corrects
the counts of the collection and lists the generation that it replaced for removal (`garbage`). Whatever
fails in between leaves the old chunks visible and an entry by which the new ones are swept.

Chunks that another system wrote have keys of their own, are visible always, and are counted by `Collections.recount`.
"""

from __future__ import annotations

import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from console.data.collections import listing
from console.data.collections.collections import IN_USE, KIND, Collections
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
    stamp,
    vector_attribute,
)
from console.data.collections.listing import prefix_of
from console.data.store import tables
from console.data.store.answers import ConditionFailed
from console.data.store.codec import Item, check_line, check_text, to_wire_map
from console.data.store.requests import Condition, Delete, Put, Query, Update, Write, equals
from console.data.store.store import Store
from console.errors import ConflictError, InvalidInput, NotFound, StoreError
from console.records import Chunk, Collection, CollectionDocument, NewChunk, utcnow

DOCUMENT = "document"
FILENAME_LIMIT = 1_000
"""Bytes of a file name: it is a key of an index."""

_BATCH = 500
_SIGN_OF_LIFE = 60.0
_FOREIGN_BATCH = 90
_ATTEMPTS = 20
_PATIENCE = 120.0
"""Seconds that a batch of an import waits for a busy store."""
_EXISTS = Condition("attribute_exists(#bot)", {"#bot": "bot_id"})
_ABSENT = Condition("attribute_not_exists(#bot)", {"#bot": "bot_id"})


class Chunks:
    """Repository of chunks and of the documents of collections."""

    def __init__(self, store: Store, clock: Callable[[], datetime] = utcnow) -> None:
        self._store = store
        self._clock = clock
        self._collection = Collections(store, clock).get
        self._garbage = Garbage(store, clock)
        self._written: Counter[str] = Counter()

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

    def import_chunks(self, collection_id: str, chunks: Iterable[Chunk], *, new: int = 0) -> int:
        """Stores chunks of another system as they are, in place of those with the same ids; returns their number.

        For migrations: run `Collections.recount` afterwards. Safe to repeat, and patient with a busy engine. One
        request per 25 chunks and two more.

        Args:
            new: how many of them are not here yet. They are counted at once: the caller may be ended before it can.

        Raises:
            InvalidInput: a chunk cannot be stored; those of earlier batches are.
            NotFound: there is no such collection.
        """
        collection = self._collection(collection_id)
        self._store.write(Update(tables.COLLECTIONS, (collection_id,), adds={"foreign_touches": 1}, condition=IN_USE))
        rest, done = iter(chunks), 0
        while batch := list(islice(rest, _BATCH)):
            matrix = checked_matrix([chunk.embedding for chunk in batch], collection.dimension)
            items = [_imported(collection, chunk, vector) for chunk, vector in zip(batch, matrix, strict=True)]
            self._store.patient(_PATIENCE).batch_put(tables.VECTORS, items)
            done += len(batch)
            self._written[collection_id] += 1
        if new:
            counted: dict[str, float] = {"total_chunks": new, "revision": 1, "foreign_touches": 1}
            self._store.write(Update(tables.COLLECTIONS, (collection_id,), adds=counted, condition=IN_USE))
        return done

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
        while batch := list(islice(items, _BATCH)):
            before = done
            report = (lambda saved, before=before: progress(before + saved)) if progress else None
            self._store.batch_put(tables.VECTORS, batch, on_saved=report)
            done += len(batch)
            if time.monotonic() - alive > _SIGN_OF_LIFE:
                alive = time.monotonic()
                self._garbage.alive(collection_id, written)

    def _commit(self, collection: Collection, entry: Item, written: Leftover) -> Leftover | None:
        """Makes the entry the document's; returns what it replaced."""
        for _ in range(_ATTEMPTS):
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
        for _ in range(_ATTEMPTS):
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

    def _counted(self, collection: Collection, chunks: int, documents: int, *, foreign: bool = False) -> Update:
        """The change of a collection that goes with a change of its chunks."""
        adds: dict[str, float] = {"total_chunks": chunks, "total_documents": documents, "revision": 1}
        touches, _, touched = collection.foreign.partition(":")
        if foreign or touched or touches == "0":
            adds["foreign_touches"] = 1
        sets: dict[str, Any] = dict(stamp(self._clock()))
        return Update(tables.COLLECTIONS, (collection.collection_id,), sets, adds, condition=IN_USE)

    def _explain(self, collection: Collection, failed: ConditionFailed, document: str) -> None:
        """Returns when the document changed meanwhile, which a new attempt settles."""
        if 1 in failed.failed:
            raise NotFound(KIND, collection.collection_id) from failed
        if 2 in failed.failed:
            raise self._contended(document) from failed

    def _contended(self, document: str) -> ConflictError:
        return ConflictError(DOCUMENT, document, changed_by="another process", changed_on=self._clock())

    # --- chunks of other systems -----------------------------------------------------------------------

    def _foreign_keys(self, collection: Collection, filename: str) -> list[tuple[str, ...]]:
        if not collection.foreign or not filename:
            return []
        by_file = Query(
            tables.VECTORS, collection.collection_id, index=tables.CHUNKS_BY_FILE, low=filename, high=filename
        )
        ids = [item["chunk_id"]["S"] for item in self._store.all(by_file)]
        return [(collection.collection_id, one) for one in ids if position_of(one) is None]

    def _remove_foreign(self, collection: Collection, filename: str) -> int:
        """Removes the chunks of other systems under a file name, and them from the counts, 90 per transaction."""
        removed = 0
        for _ in range(_ATTEMPTS):
            keys = self._foreign_keys(collection, filename)
            there = [(one["bot_id"]["S"], one["chunk_id"]["S"]) for one in self._store.batch_get(tables.VECTORS, keys)]
            try:
                for start in range(0, len(there), _FOREIGN_BATCH):
                    batch = there[start : start + _FOREIGN_BATCH]
                    last = start + _FOREIGN_BATCH >= len(there)
                    counted = self._counted(collection, -len(batch), -1 if last else 0, foreign=True)
                    self._store.transact([*(Delete(tables.VECTORS, key, _EXISTS) for key in batch), counted])
                    removed += len(batch)
            except ConditionFailed:
                continue
            self._written[collection.collection_id] += 1
            return removed
        raise self._contended(filename)


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


def _imported(collection: Collection, chunk: Chunk, vector: NDArray[np.float32]) -> Item:
    if position_of(chunk.chunk_id) or not chunk.chunk_id:
        raise InvalidInput(f"A chunk of another system cannot have the id {chunk.chunk_id!r}.", field="chunk_id")
    check_text(chunk.filename, "filename", limit=FILENAME_LIMIT)
    shown = {
        "filename": chunk.filename or None,
        "file_size": chunk.file_size,
        "chunk_index": chunk.chunk_index,
        "created_at": chunk.created_at,
    }
    return chunk_item(collection, chunk.chunk_id, chunk, vector, **shown)
