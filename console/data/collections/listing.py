"""The documents of a collection by the chunks that there are, whoever wrote them or removed some.

Read through the index of file names, whose items are small: 1 read unit per 55 chunks.
"""

from __future__ import annotations

from collections import Counter

from msgspec.structs import replace

from console.data.collections.items import document_id, documents_partition, position_of, read_chunk, read_document
from console.data.store import tables
from console.data.store.codec import Item
from console.data.store.requests import Query
from console.data.store.store import Store
from console.records import CollectionDocument


def counted(store: Store, collection_id: str) -> list[CollectionDocument]:
    """The documents by file name; one without any chunk is none. One Query per 500 documents and per 1 MB of names."""
    own: Counter[str] = Counter()
    theirs: dict[str, list[Item]] = {}
    for item in store.all(Query(tables.VECTORS, collection_id, index=tables.CHUNKS_BY_FILE)):
        place = position_of(item["chunk_id"]["S"])
        if place:
            own[f"{place.document}-{place.generation}-"] += 1
        else:
            theirs.setdefault(item["filename"]["S"], []).append(item)
    found = []
    for entry in store.all(Query(tables.VECTORS, documents_partition(collection_id))):
        document = read_document(entry)
        chunks = own[prefix_of(entry)] + len(theirs.pop(document.filename, ()))
        if chunks:
            found.append(replace(document, chunks=chunks))
    for filename, items in theirs.items():
        size = read_chunk(items[0]).file_size
        found.append(CollectionDocument(filename=filename, chunks=len(items), file_size=size))
    return sorted(found, key=lambda one: one.filename)


def is_whole(store: Store, collection_id: str, filename: str) -> bool:
    """Whether every chunk that was written of a document is there. Two requests, more for more than 1 MB of names."""
    entry = store.get(tables.VECTORS, documents_partition(collection_id), document_id(filename))
    if entry is None:
        return False
    by_file = Query(tables.VECTORS, collection_id, index=tables.CHUNKS_BY_FILE, low=filename, high=filename)
    own = [one for one in store.all(by_file) if one["chunk_id"]["S"].startswith(prefix_of(entry))]
    return len(own) >= read_document(entry).chunks


def prefix_of(entry: Item) -> str:
    """What the keys of a document's chunks begin with."""
    return f"{entry['chunk_id']['S']}-{entry['generation']['S']}-"
