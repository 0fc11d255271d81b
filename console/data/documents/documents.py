"""Documents: stored artifacts that runs can be made from. They never change; a run embeds what it used.

A document is an item of its own partition in the runs table, `DOC#<id>` / `DOC`. Its `status` is `document`
and its `startedAt` the time of its creation, which puts it into RunsByStatusIndex, and into no list of runs.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from console.data.cache.cache import Cache
from console.data.store import tables
from console.data.store.answers import ConditionFailed
from console.data.store.codec import Item, from_item, from_plain, plain_map, timestamp, to_item
from console.data.store.lists.listing import Listing
from console.data.store.lists.overlay import DELETED, LAG, RecentWrites
from console.data.store.packing import pack
from console.data.store.partition import delete_partition, parts_of, read_partition, write_parts
from console.data.store.requests import ABSENT, Put, Query
from console.data.store.store import Store
from console.errors import AlreadyExists, CorruptItem, InvalidInput, NotFound
from console.records import PREVIEW, Document, DocumentSummary, Json, Page, utcnow

KIND = "document"
_SORT = "DOC"
_ID = re.compile(r"[!-~]{1,200}")


class Documents:
    """Repository of documents.

    Args:
        ttl_days: days after which the store may remove a document (DynamoDB takes up to a few days more);
            None keeps documents.
        lag: seconds that this process's own writes are laid over its lists.
    """

    def __init__(
        self,
        store: Store,
        cache: Cache,
        *,
        ttl_days: int | None = None,
        lag: float = LAG,
        clock: Callable[[], datetime] = utcnow,
    ) -> None:
        self._store = store
        self._cache = cache
        self._ttl = timedelta(days=ttl_days) if ttl_days else None
        self._clock = clock
        self._recent: RecentWrites[str, DocumentSummary] = RecentWrites(lag)

    # --- reading ---------------------------------------------------------------------------------------

    def get(self, document_id: str) -> Document:
        """The whole document. From the cache, else one Query of its partition per 1 MB. Raises NotFound.

        Another process that has it in its cache may still show it after it was deleted.
        """
        return self._cache.immutable(
            _partition(document_id), Document, lambda: self._load(document_id), lambda _: self._ttl is None
        )

    def find(self, document_id: str) -> Document | None:
        """The whole document, or None. Cost as `get`."""
        try:
            return self.get(document_id)
        except NotFound:
            return None

    def get_many(self, document_ids: Sequence[str]) -> dict[str, Document]:
        """The documents that exist, by id, in the order of the ids.

        One BatchGet per 100 ids, and one Query per document with a text over 350 KB.
        """
        wanted = dict.fromkeys(one for one in document_ids if _ID.fullmatch(one))
        items = self._store.batch_get(tables.RUNS, [(_partition(one), _SORT) for one in wanted])
        found = {_id_of(item): item for item in items}
        documents: dict[str, Document] = {}
        for one in wanted:
            with suppress(NotFound):  # it expired, or was deleted, while its parts were read
                documents |= {one: self._whole(found[one])} if one in found else {}
        return documents

    def list(self, limit: int = 100, cursor: str | None = None) -> Page[DocumentSummary]:
        """Documents without their texts, newest first. One Query of RunsByStatusIndex per 1 MB.

        Raises:
            InvalidInput: the limit is below 1, or the cursor is not one of this list.
        """
        return Listing(
            self._store,
            Query(tables.RUNS, KIND, index=tables.RUNS_BY_STATUS),
            self._recent,
            read=_read_summary,
            key=lambda row: row.document_id,
            time=lambda row: timestamp(row.created_on),
        ).page(limit, cursor)

    # --- writing ---------------------------------------------------------------------------------------

    def create(
        self,
        evaluation_target: str,
        expected_output: str | None = None,
        metadata: Json | None = None,
        *,
        by: str,
    ) -> Document:
        """A new document. One request, more for texts over 350 KB.

        Raises:
            TooLarge: a text is over 10 MB; nothing was written.
            InvalidInput: a text has a broken character, or the metadata are not a JSON object.
        """
        if metadata is not None and not isinstance(metadata, dict):
            raise InvalidInput("The metadata must be a JSON object, such as {}.", field="metadata")
        document = Document(
            document_id=str(uuid.uuid4()),
            evaluation_target=evaluation_target,
            expected_output=expected_output,
            metadata=metadata,
            created_on=self._clock(),
            created_by=by,
        )
        return self.add(document)

    def add(self, document: Document) -> Document:
        """Stores a document as it is: id, time and all (migration). Cost and errors as `create`.

        Raises:
            AlreadyExists: there is a document with this id.
        """
        try:
            self._store.write(self._put(document))
        except ConditionFailed as error:
            raise AlreadyExists(KIND, document.document_id) from error
        self._recent.remember(document.document_id, summary_of(document))
        return document

    def import_many(self, documents: Sequence[Document]) -> None:
        """Stores up to 100 documents of together at most 4 MB as they are, all or none. One transaction.

        Raises:
            ConditionFailed: there is a document with one of the ids.
        """
        self._store.transact([self._put(document) for document in documents])

    def delete(self, document_id: str) -> None:
        """Removes a document; its runs keep what they used. One Query per 1 MB, one request per 25 items.

        Raises:
            NotFound: there is no such document.
        """
        removed = delete_partition(self._store, _partition(document_id))
        self._cache.forget(_partition(document_id))
        self._recent.remember(document_id, DELETED)
        if not removed:
            raise NotFound(KIND, document_id)

    # --- inside ----------------------------------------------------------------------------------------

    def _put(self, document: Document) -> Put:
        """The write of a document, whose long texts are stored already."""
        item, parts = pack(self._item(document))
        expires_at = int(item[tables.TTL_ATTRIBUTE]["N"]) if tables.TTL_ATTRIBUTE in item else None
        write_parts(self._store, _partition(document.document_id), parts, expires_at=expires_at)
        return Put(tables.RUNS, item, ABSENT)

    def _load(self, document_id: str) -> Document:
        items, parts = read_partition(self._store, _partition(document_id))
        if not items:
            raise NotFound(KIND, document_id)
        try:
            return from_item(items[0], Document, parts)
        except CorruptItem as error:
            if tables.TTL_ATTRIBUTE not in items[0]:
                raise
            raise NotFound(KIND, document_id) from error  # the store removes what expires one item at a time

    def _whole(self, item: Item) -> Document:
        return self._load(_id_of(item)) if parts_of(item) else from_item(item, Document)

    def _item(self, document: Document) -> Item:
        summary = summary_of(document)
        fields: dict[str, Any] = {
            tables.PK: _partition(document.document_id),
            tables.SK: _SORT,
            "status": KIND,
            "startedAt": document.created_on,
            "preview": summary.preview,
        }
        brief: dict[str, Any] = {"hasReference": summary.has_reference}
        if self._ttl is not None:
            expires_at = int((document.created_on + self._ttl).timestamp())
            fields[tables.TTL_ATTRIBUTE] = brief[tables.TTL_ATTRIBUTE] = expires_at
        return to_item(document, **fields, brief=brief)


def summary_of(document: Document) -> DocumentSummary:
    """The list row of a document."""
    return DocumentSummary(
        document_id=document.document_id,
        created_on=document.created_on,
        preview=document.evaluation_target[:PREVIEW],
        created_by=document.created_by,
        has_reference=bool(document.expected_output),
    )


def _partition(document_id: str) -> str:
    if not _ID.fullmatch(document_id):
        raise NotFound(KIND, document_id)
    return f"DOC#{document_id}"


def _id_of(item: Item) -> str:
    return str(item[tables.PK]["S"]).removeprefix("DOC#")


def _read_summary(item: Item) -> DocumentSummary:
    plain = plain_map(item)
    known = {"documentId": _id_of(item), "createdOn": plain["startedAt"], **(plain.get("brief") or {})}
    return from_plain({**plain, **known}, DocumentSummary)
