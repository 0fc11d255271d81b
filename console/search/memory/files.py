"""Vectors of collections as local files, so that a process starts with what the last one knew.

A file is a length, a header in MessagePack and the arrays behind one another; it is mapped, not read. It is derived
data: whatever is wrong with a file, it counts as none.
"""

from __future__ import annotations

import hashlib
import logging
import os
import struct
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from console.records import StreamPosition, VectorPart
from console.search.memory.matrix import VectorMatrix

log = logging.getLogger(__name__)
_MAGIC = b"GEV4"
_LENGTH = struct.Struct("<4sQ")


class State(msgspec.Struct, frozen=True):
    """What an index holds, beside its arrays."""

    collection_id: str
    created_at: str
    """When the collection was made: an id may be used again."""
    dimension: int
    revision: int
    at: StreamPosition
    """Up to where the stream of the table was followed."""
    groups: list[str]
    """The writings of documents that it has whole."""
    blocks: list[str]
    parts: list[VectorPart]
    """Without their vectors."""
    code_error: float


class VectorFiles:
    """The files of a folder; None keeps nothing.

    Args:
        store: names the store, as collections of several may share the folder.
    """

    def __init__(self, folder: Path | None, store: str) -> None:
        self._folder = folder
        self._store = store

    def load(self, collection_id: str) -> tuple[State, VectorMatrix] | None:
        """The index that was kept, its arrays mapped from the file; None when there is none."""
        path = self._path(collection_id)
        if path is None:
            return None
        try:
            return _read(path)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, struct.error, msgspec.MsgspecError) as error:
            log.warning("The kept vectors of %s cannot be used and are left out: %s", collection_id, error)
            return None

    def keep(self, state: State, index: VectorMatrix) -> None:
        """Writes the index in place of the one that was kept; a disk that refuses is only logged."""
        path = self._path(state.collection_id)
        if path is None:
            return
        draft = path.with_suffix(f".{os.getpid()}")
        header = msgspec.msgpack.encode(state)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with draft.open("wb") as file:
                file.write(_LENGTH.pack(_MAGIC, len(header)) + header)
                for array in index.arrays():
                    file.write(np.ascontiguousarray(array).data)
            draft.replace(path)
        except OSError as error:
            log.warning("The vectors of %s could not be kept in %s: %s", state.collection_id, path.parent, error)
            draft.unlink(missing_ok=True)

    def forget(self, collection_id: str) -> None:
        """Removes what was kept."""
        path = self._path(collection_id)
        if path is not None:
            path.unlink(missing_ok=True)

    def _path(self, collection_id: str) -> Path | None:
        if self._folder is None:
            return None
        name = hashlib.sha256(f"{self._store}\0{collection_id}".encode("utf-8", "surrogatepass")).hexdigest()[:32]
        return self._folder / f"{name}.vectors"


def _read(path: Path) -> tuple[State, VectorMatrix]:
    size = path.stat().st_size
    with path.open("rb") as file:
        magic, length = _LENGTH.unpack(file.read(_LENGTH.size))
        if magic != _MAGIC or length > size:
            raise ValueError("it is not a file of vectors")
        state = msgspec.msgpack.decode(file.read(length), type=State)
    count, start = sum(part.count for part in state.parts), _LENGTH.size + length
    if size != start + count * (3 * state.dimension + 5):
        raise ValueError("it has another length than it says")
    mapped = np.memmap(path, dtype=np.uint8, mode="r", offset=0)
    codes, start = _array(mapped, np.dtype(np.int8), start, (count, state.dimension))
    fine, start = _array(mapped, np.dtype("<i2"), start, (count, state.dimension))
    scales, start = _array(mapped, np.dtype("<f4"), start, (count,))
    dead, _ = _array(mapped, np.dtype(np.bool_), start, (count,))
    arrays: Any = (codes, fine, scales, dead)
    return state, VectorMatrix.restored(state.dimension, state.parts, arrays, state.code_error)


def _array(
    mapped: NDArray[np.uint8], kind: np.dtype[np.generic], start: int, shape: tuple[int, ...]
) -> tuple[NDArray[np.generic], int]:
    stop = start + int(np.prod(shape)) * kind.itemsize
    return np.frombuffer(mapped[start:stop], dtype=kind).reshape(shape), stop
