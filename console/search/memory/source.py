"""What memory reads of the store, and how what was read gets its words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

import msgspec

from console.records import ChunkChange, Collection, StreamPosition, VectorPart
from console.search.memory.words import pack_words

_UNIT_BYTES = 4_096
_NUMBER_BYTES = 7
_CHUNK_BYTES = 1_500


class Source(Protocol):
    """What memory reads of the store; see `console.data.collections.reads`."""

    def collection(self, collection_id: str) -> Collection: ...  # noqa: D102
    def written(self, collection_id: str) -> int: ...  # noqa: D102
    def position(self) -> StreamPosition | None: ...  # noqa: D102
    def changes(  # noqa: D102
        self, collection_id: str, since: StreamPosition
    ) -> tuple[list[ChunkChange], StreamPosition] | None: ...
    def groups(self, collection_id: str) -> dict[str, int]: ...  # noqa: D102
    def read_groups(self, collection: Collection, groups: Iterable[str]) -> list[VectorPart]: ...  # noqa: D102
    def read_rows(self, collection: Collection, chunk_ids: Sequence[str]) -> list[VectorPart]: ...  # noqa: D102
    def read_all(self, collection: Collection) -> tuple[list[VectorPart], set[str]]: ...  # noqa: D102
    def read_blocks(  # noqa: D102
        self, collection: Collection, keys: Sequence[str], came: Callable[[list[VectorPart]], None]
    ) -> list[VectorPart] | None: ...
    def write_blocks(  # noqa: D102
        self, collection: Collection, parts: Sequence[VectorPart], *, at: StreamPosition | None
    ) -> Collection | None: ...
    def renew_blocks(self, collection: Collection, at: StreamPosition) -> Collection: ...  # noqa: D102
    def note_foreign(self, collection: Collection) -> Collection: ...  # noqa: D102


def with_words(parts: Sequence[VectorPart]) -> list[VectorPart]:
    """Parts that were just read, with the words of their texts in the texts' place."""
    return [msgspec.structs.replace(part, words=pack_words(part.texts), texts=[]) for part in parts]


def count_by_group(parts: Iterable[VectorPart]) -> Counter[str]:
    """How many vectors of each group the parts have."""
    counts = Counter[str]()
    for part in parts:
        counts[part.group] += part.count
    return counts


def units_of_all(rows: int, dimension: int) -> float:
    """About how many read units it costs to read every vector of a collection."""
    return rows * (dimension * _NUMBER_BYTES + _CHUNK_BYTES) / _UNIT_BYTES
