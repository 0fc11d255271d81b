"""One collection in memory, and how it follows the store.

Three things can change under it. Documents of this system appear and disappear as a whole: the collection's revision
says that something did, and their entries say what. Single chunks are added, changed and removed by other programs,
which tell nobody: the stream of the table says which, and these are read again one by one. And where the stream cannot
tell, because there is none or it does not reach back so far, nothing that was kept is believed, and everything is read.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence

from console.errors import SetupError, StoreError
from console.records import ChunkChange, Collection, StreamPosition, VectorPart
from console.search.memory.files import State, VectorFiles
from console.search.memory.matrix import VectorMatrix, View
from console.search.memory.source import Source, count_by_group, units_of_all, with_words

log = logging.getLogger(__name__)

PACK_ROWS = 256
"""Vectors outside of blocks that are worth a block."""
_UNITS_PER_SECOND = 100.0
"""Read units that following a table without a stream may cost, on average."""
_SOON = 2.0
_PACK_SHARE = 0.05
_WASTE = 0.25
_FEW_DOCUMENTS = 64
_FEW_CHANGES = 1_000
_ATTEMPTS = 3
_RENEW = 12 * 3600.0
"""Seconds after which blocks get a later position: a stream keeps a day."""


class Held:
    """The vectors of a collection and what they were read from. Not thread-safe: its owner locks.

    Args:
        keep_from: vectors from which a local file is written.
    """

    def __init__(self, source: Source, files: VectorFiles, *, keep_from: int, clock: Callable[[], float]) -> None:
        self._source = source
        self._files = files
        self._keep_from = keep_from
        self._clock = clock
        self.collection: Collection | None = None
        self.matrix: VectorMatrix | None = None
        self.view: View | None = None
        self.at: StreamPosition | None = None
        """Up to where the stream was followed; None while the table has none."""
        self.read_from = "memory"
        """Where the vectors of the last look came from: memory, file, blocks or chunks."""
        self._looked = float("-inf")
        self._believed_until = float("-inf")
        self._written = 0
        self._whole = False
        self._groups: set[str] = set()
        self._blocks: set[str] = set()
        self._unpacked: list[VectorPart] = []
        self._unpacked_at: StreamPosition | None = None
        self._replaced = 0
        self._kept = 0

    def age(self, collection_id: str) -> float:
        """Seconds since the last look; infinite when this process wrote since."""
        stale = self.view is None or self._written != self._source.written(collection_id)
        return float("inf") if stale else self._clock() - self._looked

    @property
    def remark(self) -> str:
        """Why others' writes may show late; empty when they do not."""
        late = self._patience()
        if self.at is not None or late <= _SOON:
            return ""
        return (
            "The table of the vectors has no stream that can be read: what other programs write shows after "
            f"{late:.0f} s at most. `python -m console tables create` turns the stream on."
        )

    # --- looking ---------------------------------------------------------------------------------------

    def look(self, collection_id: str) -> None:
        """Brings the vectors up to date. Raises NotFound when the collection is gone."""
        looked, written = self._clock(), self._source.written(collection_id)
        collection = self._source.collection(collection_id)
        self.read_from = "memory"
        if self.matrix is None or _is_another(collection, self.collection):
            self._begin(collection)
        rows = len(self.view or ())
        collection = self._follow(collection)
        if rows != len(self.view or ()) or self._is_stale(collection):
            collection = self._pack_if_worth(collection)
            self._keep_if_worth(collection)
        self.collection, self._looked, self._written = collection, looked, written

    def pack(self) -> None:
        """Packs everything anew, whether that is worth it or not."""
        assert self.collection is not None  # noqa: S101 - there was a look
        self.collection = self._pack_anew(self.collection)

    def _begin(self, collection: Collection) -> None:
        """Starts with what the local file has, or with nothing."""
        self._empty(collection)
        found = self._files.load(collection.collection_id)
        if found and found[0].created_at == collection.created_at.isoformat():
            state, self.matrix = found
            self.at, self._groups, self._blocks = state.at, set(state.groups), set(state.blocks)
            self._whole = state.revision == collection.revision
            self.collection = collection if self._whole else None
            self.view = self.matrix.view()
            self._kept, self.read_from = len(self.view), "file"

    def _empty(self, collection: Collection) -> None:
        self.matrix, self.view, self.at, self.collection = VectorMatrix(collection.dimension), None, None, None
        self._groups, self._blocks, self._unpacked, self._unpacked_at = set(), set(), [], None
        self._whole, self._replaced, self._kept = False, 0, 0

    def _follow(self, collection: Collection) -> Collection:
        since = self.at or (collection.blocks_at if collection.blocks else None)
        told = self._source.changes(collection.collection_id, since) if since else None
        if told is None and self._clock() >= self._believed_until:
            return self._read_anew(collection)
        changes, self.at = told or ([], None)
        before = self.collection
        if not self._whole or before is None or before.revision != collection.revision:
            cold = not self._groups
            read = set(self._blocks)
            collection = self._update(collection, cold)
            if self._blocks != read and not cold and collection.blocks_at:  # packed before what was told
                more = self._source.changes(collection.collection_id, collection.blocks_at)
                if more is None:
                    return self._read_anew(collection)
                changes = [*more[0], *changes]
        return self._apply(collection, changes)

    def _read_anew(self, collection: Collection) -> Collection:
        """Reads every chunk, and believes nothing else."""
        revision = collection.revision
        self._empty(collection)
        self.at = self._source.position()
        read, self._groups = self._source.read_all(collection)
        parts = with_words(read)
        self._take(parts)
        self._whole = self._source.groups(collection.collection_id).keys() <= self._groups
        self._unpacked, self._unpacked_at = parts, self.at
        self._blocks = set(collection.blocks)
        self.read_from = "chunks"
        if self.at is None:
            self._believed_until = self._clock() + self._patience()
        elif sum(part.count for part in parts) >= PACK_ROWS or collection.blocks:
            collection = self._packed(collection, lambda: self._written_blocks(collection, parts, self.at))
        return collection if collection.revision == revision else self._source.collection(collection.collection_id)

    def _patience(self) -> float:
        """Seconds for which vectors are believed without a stream: so long that reading them all stays affordable."""
        units = units_of_all(len(self.view or ()), self.matrix.dimension) if self.matrix else 0
        return max(_SOON, units / _UNITS_PER_SECOND)

    # --- documents -------------------------------------------------------------------------------------

    def _update(self, collection: Collection, cold: bool) -> Collection:
        """Reads the documents that are missing and drops those that are gone; the collection as it then was."""
        for _ in range(_ATTEMPTS):
            groups = self._source.groups(collection.collection_id)
            missing = {key: count for key, count in groups.items() if key not in self._groups}
            if missing or cold:
                collection = self._add(collection, missing, cold)
                cold = False
            gone = self._groups - groups.keys()
            self._matrix.drop_groups(gone)
            self._groups -= gone
            self._unpacked = [part for part in self._unpacked if not part.group or part.group in self._groups]
            self.view = self._matrix.view()
            self._whole = groups.keys() <= self._groups
            if self._whole:
                break
            collection = self._source.collection(collection.collection_id)  # a document changed while it was read
        return collection

    def _add(self, collection: Collection, missing: dict[str, int], cold: bool) -> Collection:
        """Reads what is missing: from blocks that were not read yet, then from chunks."""
        collection, packed = self._read_packed(collection, missing, cold)
        counts = count_by_group(packed)
        complete = {group for group, number in counts.items() if missing.get(group) == number}
        self._matrix.drop_groups(counts.keys() & missing.keys() - complete)
        self.view = self._matrix.view()
        if any(part.group in complete or (cold and not part.group) for part in packed):
            self.read_from = "blocks"
        rest = {group: number for group, number in missing.items() if group not in complete}
        if rest:
            self._read_chunks(collection, rest)
        self._groups |= complete
        return collection

    def _read_packed(
        self, collection: Collection, missing: dict[str, int], cold: bool
    ) -> tuple[Collection, list[VectorPart]]:
        """Takes what is missing from blocks that were not read yet; the collection that has them, and all they hold."""
        for _ in range(_ATTEMPTS):
            keys = [key for key in collection.blocks if key not in self._blocks]
            if not keys or not collection.blocks_at:
                self._blocks |= set(keys)
                break
            if cold:
                self._matrix.reserve(collection.block_rows)
            packed = self._source.read_blocks(
                collection,
                keys,
                lambda parts: self._matrix.append(
                    [part for part in parts if part.group in missing or (cold and not part.group)]
                ),
            )
            if packed is not None:
                self._blocks |= set(keys)
                return collection, packed
            if cold:  # what came was of a pack that is gone now
                self.matrix = VectorMatrix(collection.dimension)
            self._matrix.drop_groups(set(missing))
            collection = self._source.collection(collection.collection_id)
        return collection, []

    def _read_chunks(self, collection: Collection, wanted: Mapping[str, int]) -> None:
        many = len(wanted) > _FEW_DOCUMENTS and sum(wanted.values()) * 3 > collection.total_chunks
        if many:
            found = [part for part in self._source.read_all(collection)[0] if part.group in wanted]
        else:
            found = self._source.read_groups(collection, wanted)
        read = with_words(found)
        self._take(read)
        counts, came = count_by_group(read), set(wanted)
        if any(counts[group] < number for group, number in wanted.items()):  # replaced, or others removed some
            came &= self._source.groups(collection.collection_id).keys()
            self._matrix.drop_groups(wanted.keys() - came)
        self._groups |= came
        if not self._unpacked:
            self._unpacked_at = self.at
        self._unpacked += read
        self.read_from = "chunks"

    def _take(self, parts: Sequence[VectorPart]) -> None:
        if parts:
            self._matrix.append(parts)
        self.view = self._matrix.view()

    # --- single chunks ---------------------------------------------------------------------------------

    def _apply(self, collection: Collection, changes: Sequence[ChunkChange]) -> Collection:
        """Reads again what other programs wrote."""
        wanted = self._concerned(changes)
        if len(wanted) > max(_FEW_CHANGES, len(self.view or ()) // 4):
            return self._read_anew(collection)
        if wanted:
            parts = with_words(self._source.read_rows(collection, list(wanted)))
            for chunk_id, group in wanted.items():
                self._matrix.drop(chunk_id, group)
            self._take(parts)
            self._replaced += len(wanted)
            if not collection.foreign and "" in wanted.values():
                return self._source.note_foreign(collection)
        return collection

    def _concerned(self, changes: Sequence[ChunkChange]) -> dict[str, str]:
        """Chunks whose rows may be wrong, with their groups. A document's own first writing concerns none."""
        wanted: dict[str, str] = {}
        for one in changes:
            if one.group and one.group not in self._groups:
                continue
            own = one.inserted and one.group and one.chunk_id not in wanted
            if not own or self._matrix.row_of(one.chunk_id, one.group) is None:
                wanted[one.chunk_id] = one.group
        return wanted

    # --- what is derived from them ---------------------------------------------------------------------

    def _is_stale(self, collection: Collection) -> bool:
        at = collection.blocks_at
        return bool(self.at and at and self.at.moment - at.moment > _RENEW)

    def _pack_if_worth(self, collection: Collection) -> Collection:
        if self.at is None:
            return collection
        rows = sum(part.count for part in self._unpacked)
        live = self.view.live if self.view else 0
        waste = collection.block_rows - (live - rows)
        stale, at = self._is_stale(collection), self.at
        if max(waste, self._replaced) > max(PACK_ROWS, _WASTE * collection.block_rows) or (stale and self._replaced):
            return self._packed(collection, lambda: self._pack_anew(collection))
        if rows >= max(PACK_ROWS, _PACK_SHARE * collection.block_rows):
            since = None if collection.blocks else self._unpacked_at
            return self._packed(collection, lambda: self._written_blocks(collection, self._unpacked, since))
        if stale:
            return self._packed(collection, lambda: self._source.renew_blocks(collection, at))
        return collection

    def _packed(self, collection: Collection, pack: Callable[[], Collection]) -> Collection:
        """Packs if the store lets it: blocks save time, and a search needs none."""
        try:
            return pack()
        except (StoreError, SetupError) as error:
            log.warning("The vectors of %s could not be packed: %s", collection.collection_id, error)
            return collection

    def _pack_anew(self, collection: Collection) -> Collection:
        if self.at is None:
            return collection
        return self._written_blocks(collection, with_words(self._source.read_all(collection)[0]), self.at)

    def _written_blocks(
        self, collection: Collection, parts: Sequence[VectorPart], at: StreamPosition | None
    ) -> Collection:
        """Another process may have packed first; then its blocks are read with the next change."""
        made = self._source.write_blocks(collection, parts, at=at)
        if made is None:
            return collection
        self._blocks |= set(made.blocks)
        self._unpacked, self._unpacked_at = [], None
        self._replaced = 0 if at else self._replaced
        return made

    def _keep_if_worth(self, collection: Collection) -> None:
        rows = len(self.view or ())
        if rows < self._keep_from or self.at is None or abs(rows - self._kept) < rows * _PACK_SHARE:
            return
        state = State(
            collection_id=collection.collection_id,
            created_at=collection.created_at.isoformat(),
            dimension=collection.dimension,
            revision=collection.revision if self._whole else -1,
            at=self.at,
            groups=sorted(self._groups),
            blocks=sorted(self._blocks),
            parts=[part.source for part in self._matrix.parts],
            code_error=self._matrix.code_error,
        )
        self._files.keep(state, self._matrix)
        self._kept = rows

    @property
    def _matrix(self) -> VectorMatrix:
        assert self.matrix is not None  # noqa: S101 - a look begins with one
        return self.matrix


def _is_another(collection: Collection, before: Collection | None) -> bool:
    """Whether the id was given to a new collection, or its vectors have another length."""
    return before is not None and (
        before.created_at != collection.created_at or before.dimension != collection.dimension
    )
