"""Collections: chunks that share one embedder."""

from __future__ import annotations

import builtins
import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

from console.data.collections.garbage import remove_items
from console.data.collections.items import (
    blocks_partition,
    can_be_collection,
    collection_item,
    documents_partition,
    garbage_partition,
    position_of,
    read_collection,
    stamp,
)
from console.data.store import tables
from console.data.store.answers import ConditionFailed
from console.data.store.codec import check_line
from console.data.store.requests import Condition, Delete, Put, Query, Update
from console.data.store.store import Store
from console.errors import AlreadyExists, ConflictError, InvalidInput, NotFound, existing
from console.records import Collection, utcnow

KIND = "collection"
NAME_LIMIT = 200
_ATTEMPTS = 5
_ABSENT = Condition("attribute_not_exists(#bot)", {"#bot": "bot_id"})
_PRESENT = Condition("attribute_exists(#bot)", {"#bot": "bot_id"})
IN_USE = Condition(
    "attribute_exists(#bot) AND attribute_not_exists(#deleting)", {"#bot": "bot_id", "#deleting": "deleting"}
)
"""The collection exists and is not being deleted."""


class Collections:
    """Repository of collections."""

    def __init__(self, store: Store, clock: Callable[[], datetime] = utcnow) -> None:
        self._store = store
        self._clock = clock

    # --- reading ---------------------------------------------------------------------------------------

    def get(self, collection_id: str) -> Collection:
        """One collection. One request. Raises NotFound."""
        return existing(self.find(collection_id), KIND, collection_id)

    def find(self, collection_id: str) -> Collection | None:
        """One collection, or None. One request."""
        item = self._store.get(tables.COLLECTIONS, collection_id)
        return read_collection(item) if item else None

    def list(self) -> builtins.list[Collection]:
        """Every collection by name, those whose deletion has begun included. One Scan per 1 MB of a small table."""
        found = [read_collection(item) for item in self._store.scan(tables.COLLECTIONS)]
        return sorted(found, key=lambda one: (one.name.casefold(), one.collection_id))

    def named(self, text: str) -> Collection:
        """The collection with this id, else with this name. One request, and `list` for a name.

        Raises:
            NotFound: there is none.
            InvalidInput: several have the name.
        """
        found = self.find(text)
        if found:
            return found
        same = [one for one in self.list() if one.name.casefold() == text.casefold() and not one.deleting]
        if len(same) > 1:
            ids = ", ".join(one.collection_id for one in same)
            raise InvalidInput(f"{len(same)} collections are named {text!r}. Give the id of one: {ids}.")
        if not same:
            raise NotFound(KIND, text)
        return same[0]

    # --- writing ---------------------------------------------------------------------------------------

    def create(
        self, name: str, *, by: str, embedder: str = "minilm", dimension: int = 384, collection_id: str | None = None
    ) -> Collection:
        """A new, empty collection. One request.

        Args:
            collection_id: an id of another system; by default a new one.

        Raises:
            InvalidInput: the name is empty or too long, the id cannot be one, or the dimension is not 1..4096.
            AlreadyExists: there is a collection with this id.
        """
        chosen = collection_id if collection_id is not None else uuid.uuid4().hex
        if not can_be_collection(chosen):
            raise InvalidInput("The id of a collection has 1 to 200 characters without spaces and '#'.", field="id")
        if not 1 <= dimension <= 4096:
            raise InvalidInput("Vectors have 1 to 4096 numbers.", field="dimension")
        now = self._clock()
        collection = Collection(
            collection_id=chosen,
            name=_checked_name(name),
            user_id=by,
            embedder=embedder,
            dimension=dimension,
            created_at=now,
            updated_at=now,
        )
        try:
            self._store.write(Put(tables.COLLECTIONS, collection_item(collection), _ABSENT))
        except ConditionFailed as error:
            raise AlreadyExists(KIND, chosen) from error
        return collection

    def update(self, collection_id: str, *, name: str | None = None, active: bool | None = None) -> Collection:
        """Another name or status; the chunks stay as they are. Two requests. Raises NotFound, InvalidInput."""
        sets: dict[str, Any] = {}
        if name is not None:
            sets["name"] = _checked_name(name)
        if active is not None:
            sets["status"] = "active" if active else "inactive"
        if sets:
            self._change(collection_id, sets)
        return self.get(collection_id)

    def delete(self, collection_id: str, progress: Callable[[int], None] | None = None) -> None:
        """Removes a collection with its chunks, documents and blocks; call it again when it was interrupted.

        One request per 25 items and one Query per 500, and 2 more.

        Args:
            progress: called with the number of items removed so far.

        Raises:
            NotFound: there is no such collection.
        """
        self._change(collection_id, {"deleting": True, "status": "inactive"})
        partitions = (
            collection_id,
            blocks_partition(collection_id),
            documents_partition(collection_id),
            garbage_partition(collection_id),
        )
        removed = 0
        for partition in partitions:
            done = removed
            report = (lambda more, done=done: progress(done + more)) if progress else None
            removed += remove_items(self._store, Query(tables.VECTORS, partition), report)
        self._store.write(Delete(tables.COLLECTIONS, (collection_id,)))

    def recount(self, collection_id: str, counted: tuple[int, int] | None = None) -> Collection:
        """Counts chunks and documents anew, after another system wrote some. Two Queries per 1 MB or 500 items.

        Args:
            counted: chunks and documents, where they were just counted.

        Raises:
            NotFound: there is no such collection.
            ConflictError: its chunks kept changing meanwhile.
        """
        for _ in range(_ATTEMPTS):
            before = self.get(collection_id)
            chunks, documents = counted or self._count(collection_id)
            same = Condition("#rev = :rev", {"#rev": "revision"}, {":rev": before.revision})
            new = Condition(
                "attribute_exists(#bot) AND attribute_not_exists(#rev)", {"#bot": "bot_id", "#rev": "revision"}
            )
            change = Update(
                tables.COLLECTIONS,
                (collection_id,),
                {"total_chunks": chunks, "total_documents": documents, **stamp(self._clock())},
                {"revision": 1, "foreign_touches": 1},
                condition=same
                if before.revision
                else Condition(f"({same.expression}) OR ({new.expression})", same.names | new.names, same.values),
            )
            try:
                self._store.write(change)
            except ConditionFailed:
                continue
            return self.get(collection_id)
        raise ConflictError(KIND, collection_id, changed_by="another process", changed_on=self._clock())

    def note_foreign(self, collection: Collection) -> Collection:
        """Notes that another system writes chunks into a collection; the collection as it then is. Two requests."""
        write = Update(tables.COLLECTIONS, (collection.collection_id,), adds={"foreign_touches": 1}, condition=IN_USE)
        try:
            self._store.write(write)
        except ConditionFailed as error:
            raise NotFound(KIND, collection.collection_id) from error
        return self.get(collection.collection_id)

    # --- inside ----------------------------------------------------------------------------------------

    def _change(self, collection_id: str, sets: dict[str, Any]) -> None:
        if not can_be_collection(collection_id):
            raise NotFound(KIND, collection_id)
        try:
            self._store.write(Update(tables.COLLECTIONS, (collection_id,), sets, condition=_PRESENT))
        except ConditionFailed as error:
            raise NotFound(KIND, collection_id) from error

    def _count(self, collection_id: str) -> tuple[int, int]:
        """Visible chunks, and the documents that they belong to."""
        owned = {
            item["chunk_id"]["S"]: item
            for item in self._store.all(Query(tables.VECTORS, documents_partition(collection_id)))
        }
        chunks = sum(int(item["chunks"]["N"]) for item in owned.values())
        names = {item["document"]["S"] for item in owned.values()}
        keys = Query(tables.VECTORS, collection_id, attributes=("chunk_id", "filename"))
        for item in self._store.all(keys):
            if position_of(item["chunk_id"]["S"]) is None:
                chunks += 1
                names.add(item.get("filename", {}).get("S", ""))
        return chunks, len(names)


def _checked_name(name: str) -> str:
    cleaned = name.strip()
    if not cleaned or len(cleaned) > NAME_LIMIT:
        raise InvalidInput(f"A collection needs a name of at most {NAME_LIMIT} characters.", field="name")
    return check_line(cleaned, "name")
