"""Packed vectors of a collection: float16 matrices in few large items, read at once instead of chunk by chunk.

Blocks are derived from the chunks and never the only copy. The collection lists the keys of its blocks (the
manifest); a block never changes. New vectors are appended as new blocks; when a quarter of the rows are of replaced
chunks, everything is packed anew. Blocks that no manifest lists are swept like other garbage.
"""

from __future__ import annotations

import base64
import uuid
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any

import msgspec
import numpy as np
import orjson

from console.data.cache.cache import Cache
from console.data.collections.collections import IN_USE
from console.data.collections.garbage import Garbage, Leftover
from console.data.collections.items import blocks_partition
from console.data.store import tables
from console.data.store.answers import ConditionFailed
from console.data.store.codec import Item, binary
from console.data.store.requests import Condition, Update, Write
from console.data.store.store import Store
from console.errors import CorruptItem
from console.records import Collection, StreamPosition, VectorPart

BLOCK_BYTES = 345_000
"""Bytes of vectors, ids and metadata in a block, so that it stays under 350 KB."""
_PART_OVERHEAD = 120
_LEAST_ROWS = 16
"""Rows for which a part is worth being cut."""
_READERS = 4
_KEYS_PER_READ = 3
_METADATA_LIMIT = 64 * 1024 * 1024


class Blocks:
    """The packed blocks of all collections."""

    def __init__(self, store: Store, cache: Cache) -> None:
        self._store = store
        self._cache = cache
        self._garbage = Garbage(store)

    def read(
        self,
        collection: Collection,
        keys: Sequence[str],
        came: Callable[[list[VectorPart]], None] = lambda _parts: None,
    ) -> list[VectorPart] | None:
        """The vectors in some blocks; None when a block is gone, as the collection was packed anew.

        From the shared cache, else one request per 3 blocks (1 MB), four at a time.

        Args:
            came: told the vectors of some blocks while the next ones are read, in order.
        """
        groups = [keys[start : start + _KEYS_PER_READ] for start in range(0, len(keys), _KEYS_PER_READ)]
        parts: list[VectorPart] = []
        with ThreadPoolExecutor(_READERS) as pool:
            for found in pool.map(lambda group: self._read_some(collection, group), groups):
                if found is None:
                    pool.shutdown(cancel_futures=True)
                    return None
                came(found)
                parts += found
        return parts

    def write(
        self, collection: Collection, parts: Sequence[VectorPart], *, at: StreamPosition | None
    ) -> Collection | None:
        """Packs vectors and puts them into the manifest; None when another process packed meanwhile.

        One request per block and about 5 more.

        Args:
            at: where the stream of the table stood before the vectors were read, and the new blocks are in place of
                those that there are; None for vectors that go behind them.
        """
        instead = at is not None
        pack = uuid.uuid4().hex[:12]
        written = Leftover(blocks_partition(collection.collection_id), f"{pack}-")
        self._garbage.begin(collection.collection_id, written)
        keys, rows, size = [], 0, 0
        for number, block in enumerate(_blocks(parts)):
            keys.append(f"{pack}-{number:05}")
            item = _block_item(collection.collection_id, keys[-1], block)
            self._store.batch_put(tables.VECTORS, [item])
            rows += sum(part.count for part in block)
            size += len(item["vectors"]["B"])
        kept = [] if instead else collection.blocks
        made = msgspec.structs.replace(
            collection,
            blocks=[*kept, *keys],
            blocks_at=at or collection.blocks_at,
            block_rows=rows + (0 if instead else collection.block_rows),
            block_bytes=size + (0 if instead else collection.block_bytes),
        )
        replaced = {key.partition("-")[0] for key in collection.blocks} if instead else set()
        if not self._commit(collection, made, written, replaced, pack):
            self._garbage.drop(collection.collection_id, written)
            return None
        for old in replaced:
            self._garbage.drop(collection.collection_id, _pack(collection, old))
        return made

    def renew(self, collection: Collection, at: StreamPosition) -> Collection:
        """Says that the blocks hold everything up to a position; the collection as it then is. One request."""
        sets = {"blocks_at": msgspec.json.encode(at).decode()}
        try:
            write = Update(tables.COLLECTIONS, (collection.collection_id,), sets, condition=_unchanged(collection))
            self._store.write(write)
        except ConditionFailed:  # another process packed meanwhile
            return collection
        return msgspec.structs.replace(collection, blocks_at=at)

    def _commit(self, before: Collection, made: Collection, written: Leftover, replaced: set[str], pack: str) -> bool:
        collection_id = made.collection_id
        writes: list[Write] = [
            Update(
                tables.COLLECTIONS,
                (collection_id,),
                {
                    "blocks": ",".join(made.blocks),
                    "blocks_version": pack,
                    "blocks_at": msgspec.json.encode(made.blocks_at).decode() if made.blocks_at else "",
                    "block_rows": made.block_rows,
                    "block_bytes": made.block_bytes,
                },
                condition=_unchanged(before),
            ),
            self._garbage.finished(collection_id, written),
            *(self._garbage.replaced(collection_id, _pack(made, old)) for old in sorted(replaced)),
        ]
        try:
            self._store.transact(writes)
        except ConditionFailed:
            return False
        return True

    def _read_some(self, collection: Collection, keys: Sequence[str]) -> list[VectorPart] | None:
        partition = blocks_partition(collection.collection_id)
        known = self._cache.shared_many([f"{partition}/{key}" for key in keys])
        blocks = {}
        for name, raw in known.items():
            with suppress(msgspec.DecodeError):  # another version of this program wrote it
                blocks[name.rpartition("/")[2]] = msgspec.msgpack.decode(raw, type=_Block)
        for consistent in (False, True):  # a block never changes: half the price, unless it is very new
            missing = [(partition, key) for key in keys if key not in blocks]
            for item in self._store.batch_get(tables.VECTORS, missing, consistent=consistent):
                block = _from_item(item)
                blocks[item["chunk_id"]["S"]] = block
                self._cache.share(f"{partition}/{item['chunk_id']['S']}", partial(msgspec.msgpack.encode, block))
        if len(blocks) < len(keys):
            return None
        return [part for key in keys for part in _parts(blocks[key], collection.dimension)]


class _Block(msgspec.Struct):
    parts: bytes
    """zlib JSON: [[group, count, first, filename, chunk ids, filenames], ...]."""
    metadata: list[bytes]
    words: list[bytes]
    vectors: bytes


def _as_json(value: object) -> object:
    """What other systems put into metadata and JSON has no place for: bytes in base64, sets as lists."""
    if isinstance(value, bytes | bytearray):
        return base64.b64encode(value).decode()
    if isinstance(value, set | frozenset):
        return sorted(value, key=str)
    return str(value)


def pack_metadata(rows: Sequence[object]) -> bytes:
    """Metadata of the chunks of a part, as `VectorPart.metadata` has them."""
    return zlib.compress(orjson.dumps(list(rows), default=_as_json), 1) if any(rows) else b""


def unpack_metadata(part: VectorPart) -> list[dict[str, object]]:
    """Metadata of the chunks of a part."""
    if not part.metadata:
        return [{}] * part.count
    return _rows_of(part.metadata)


def _rows_of(packed: bytes) -> list[Any]:
    found: list[Any] = orjson.loads(zlib.decompressobj().decompress(packed, _METADATA_LIMIT))
    return found


def _blocks(parts: Sequence[VectorPart]) -> Iterator[list[VectorPart]]:
    """Parts, cut where a block ends, in groups that fit a block."""
    block: list[VectorPart] = []
    room = BLOCK_BYTES
    waiting = list(reversed(parts))
    while waiting:
        part = waiting.pop()
        size = _size(part)
        fitting = part.count if size <= room else part.count * room // size
        if fitting >= min(part.count, _LEAST_ROWS) or (not block and part.count == 1):
            block.append(_piece(part, 0, max(fitting, 1)))
            room -= _size(block[-1])
            if fitting < part.count:
                waiting.append(_piece(part, max(fitting, 1), part.count))
        elif block:
            waiting.append(part)
            yield block
            block, room = [], BLOCK_BYTES
        else:
            waiting += (_piece(part, part.count // 2, part.count), _piece(part, 0, part.count // 2))
    if block:
        yield block


def _piece(part: VectorPart, start: int, stop: int) -> VectorPart:
    """Some rows of a part."""
    if stop - start == part.count:
        return part
    rows = slice(start, stop)
    return msgspec.structs.replace(
        part,
        count=stop - start,
        vectors=part.vectors[rows],
        first=part.first + start,
        chunk_ids=part.chunk_ids[rows],
        filenames=part.filenames[rows],
        metadata=pack_metadata(unpack_metadata(part)[rows]) if part.metadata else b"",
        words=pack_metadata(_rows_of(part.words)[rows]) if part.words else b"",
    )


def _size(part: VectorPart) -> int:
    texts = sum(len(text.encode()) + 4 for text in (*part.chunk_ids, *part.filenames, part.filename))
    return int(part.count * part.vectors.shape[1] * 2) + len(part.metadata) + len(part.words) + texts + _PART_OVERHEAD


def _block_item(collection_id: str, key: str, parts: Sequence[VectorPart]) -> Item:
    block = _to_block(parts)
    return {
        "bot_id": {"S": blocks_partition(collection_id)},
        "chunk_id": {"S": key},
        "parts": {"B": block.parts},
        "metadata": {"L": [{"B": one} for one in block.metadata]},
        "words": {"L": [{"B": one} for one in block.words]},
        "vectors": {"B": block.vectors},
    }


def _to_block(parts: Sequence[VectorPart]) -> _Block:
    listed = [[one.group, one.count, one.first, one.filename, one.chunk_ids, one.filenames] for one in parts]
    vectors = np.concatenate([np.asarray(one.vectors, dtype="<f2") for one in parts])
    return _Block(
        parts=zlib.compress(orjson.dumps(listed), 1),
        metadata=[one.metadata for one in parts],
        words=[one.words for one in parts],
        vectors=vectors.tobytes(),
    )


def _parts(block: _Block, dimension: int) -> Iterator[VectorPart]:
    try:
        listed = orjson.loads(zlib.decompress(block.parts))
        vectors = np.frombuffer(block.vectors, dtype="<f2").reshape(-1, dimension)
    except (ValueError, zlib.error) as error:
        raise CorruptItem(f"A block of vectors cannot be read: {error}. Pack the collection anew.") from error
    start = 0
    for row, metadata, words in zip(listed, block.metadata, block.words, strict=True):
        group, count, first, filename, chunk_ids, filenames = row
        yield VectorPart(
            group=group,
            count=count,
            vectors=vectors[start : start + count],
            first=first,
            filename=filename,
            chunk_ids=chunk_ids,
            filenames=filenames,
            metadata=metadata,
            words=words,
        )
        start += count


def _from_item(item: Item) -> _Block:
    metadata = [binary(one["B"]) for one in item["metadata"]["L"]]
    words = [binary(one["B"]) for one in item["words"]["L"]]
    return _Block(binary(item["parts"]["B"]), metadata, words, binary(item["vectors"]["B"]))


def _unchanged(collection: Collection) -> Condition:
    names = IN_USE.names | {"#version": "blocks_version"}
    if not collection.blocks:
        return Condition(f"{IN_USE.expression} AND attribute_not_exists(#version)", names)
    version = collection.blocks[-1].partition("-")[0]
    return Condition(f"{IN_USE.expression} AND #version = :version", names, {":version": version})


def _pack(collection: Collection, pack: str) -> Leftover:
    return Leftover(blocks_partition(collection.collection_id), f"{pack}-")
