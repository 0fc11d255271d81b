"""A collection's vectors in memory: a scan over int8 that leaves few rows, which int16 narrows down.

Both steps keep every row that could be among the nearest, by bounds on their errors, so that nothing is lost: with
`q = q' + eq` and `v = v' + ev`, where the primes are what int8 holds, `|q.v - q'.v'| <= |eq| |v| + |q'| |ev|`. The
rows that are left are few more than asked for; the caller compares their stored numbers.

Rows are appended; rows of chunks that are gone are only marked, and skipped. A search works on a `View`, which later
changes leave as it was.
"""

from __future__ import annotations

import zlib
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import msgspec
import numkong
import numpy as np
import orjson
from numpy.typing import NDArray

from console.records import VectorPart

HALF_ERROR = 2.0**-11
"""Relative rounding error of float16, in which vectors are packed."""
_COARSE = np.float32(127)
_FINE = np.float32(32767)
_METADATA_LIMIT = 64 * 1024 * 1024
_FIRST_ROOM = 256

Mask = NDArray[np.bool_]
Arrays = tuple[NDArray[np.int8], NDArray[np.int16], NDArray[np.float32], NDArray[np.bool_]]
_SERIALS = count(1)


@dataclass(frozen=True, slots=True)
class Candidates:
    """Rows that hold the k nearest for certain, nearest first, with similarities that are near the true ones."""

    rows: NDArray[np.int64]
    similarities: NDArray[np.float32]

    @classmethod
    def none(cls) -> Candidates:
        """Nothing found."""
        return cls(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32))


@dataclass(slots=True, eq=False)
class RowRange:
    """Rows of an index that came together."""

    source: VectorPart
    """Without its vectors."""
    start: int
    _metadata: list[Any] | None = field(default=None)

    @property
    def stop(self) -> int:
        """The row behind its last."""
        return self.start + self.source.count

    def __contains__(self, number: int) -> bool:
        """Whether it has the chunk of this number of its writing."""
        return self.source.first <= number < self.source.first + self.source.count

    def filename(self, row: int) -> str:
        """File name of the chunk in a row of the matrix."""
        return self.source.filename if self.source.group else self.source.filenames[row - self.start]

    def chunk_id(self, row: int) -> str:
        """Id of the chunk in a row of the index."""
        return self.source.chunk_id(row - self.start)

    def metadata(self, row: int) -> Mapping[str, Any]:
        """Metadata of the chunk in a row of the index; unpacked when first asked for."""
        if not self.source.metadata:
            return {}
        if self._metadata is None:
            raw = zlib.decompressobj().decompress(self.source.metadata, _METADATA_LIMIT)
            self._metadata = orjson.loads(raw)
        found = self._metadata[row - self.start]
        return found if isinstance(found, dict) else {}


@dataclass(frozen=True, slots=True)
class View:
    """The rows of an index at one moment."""

    parts: Sequence[RowRange]
    codes: NDArray[np.int8]
    """int8[n, d]: each row scaled to the range of int8."""
    fine: NDArray[np.int16]
    """int16[n, d]: each row scaled to the range of int16."""
    scales: NDArray[np.float32]
    """float32[n]: the largest number of each row."""
    code_error: float
    """The largest length of what int8 leaves out of a row."""
    dead: NDArray[np.int64]
    """Rows of chunks that are gone."""

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def live(self) -> int:
        """Rows of chunks that are there."""
        return len(self.codes) - len(self.dead)

    def nearest(self, query: NDArray[np.float32], k: int, allowed: Mask | None = None) -> Candidates:
        """The rows that hold the k nearest to `query` (float32[d], L2-normalised).

        Args:
            allowed: bool[n], which rows count; None for all that are live.
        """
        k = min(k, self.live if allowed is None else int(np.count_nonzero(allowed)))
        if k <= 0:
            return Candidates.none()
        codes, scale, error = _quantised_query(query)
        rough = np.asarray(numkong.cdist(codes[None], self.codes, metric="dot"), dtype=np.float32)[0]
        rough *= self.scales
        if allowed is not None:
            rough[~allowed] = -np.inf
        elif len(self.dead):
            rough[self.dead] = -np.inf
        margin = 2 * (error + (1 + error) * self.code_error) / scale
        least = max(float(np.partition(rough, -k)[-k]) - margin, np.finfo(np.float32).min)
        return self.narrowed(query, np.flatnonzero(rough >= least), k)

    def narrowed(self, query: NDArray[np.float32], rows: NDArray[np.int64], k: int) -> Candidates:
        """Of some rows those that can be among the k nearest, by int16."""
        similarities = self.fine[rows].astype(np.float32) @ query
        similarities *= self.scales[rows]
        similarities /= _FINE
        if len(rows) > k:
            rounding = np.sqrt(self.fine.shape[1]) / 2 * float(self.scales[rows].max()) / float(_FINE)
            least = np.partition(similarities, -k)[-k] - 2 * (HALF_ERROR + rounding)
            kept = similarities >= least
            rows, similarities = rows[kept], similarities[kept]
        order = np.argsort(-similarities, kind="stable")
        return Candidates(rows[order], similarities[order])

    def vectors(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """float32[len(rows), d]: rows as nearly as they are kept."""
        found: NDArray[np.float32] = self.fine[rows] * (self.scales[rows] / _FINE)[:, None]
        return found

    def part_of(self, row: int) -> RowRange:
        """The part that a row belongs to."""
        return self.parts[bisect_right(self.parts, row, key=lambda part: part.start) - 1]

    def chunk_id(self, row: int) -> str:
        """Id of the chunk in a row."""
        return self.part_of(row).chunk_id(row)

    def mask(self, filters: Mapping[str, str]) -> Mask:
        """bool[n]: the live rows whose file name and metadata have these values."""
        wanted = dict(filters)
        filename = wanted.pop("filename", None)
        allowed = np.zeros(len(self), dtype=np.bool_)
        for part in self.parts:
            if not part.source.group or filename in (None, part.source.filename):
                allowed[part.start : part.stop] = [
                    filename in (None, part.filename(row)) and has_values(part.metadata(row), wanted)
                    for row in range(part.start, part.stop)
                ]
        allowed[self.dead] = False
        return allowed


class VectorMatrix:
    """The growing rows behind the views. Not thread-safe: its owner locks; views are.

    A row never changes: a chunk that was written anew gets a new one.
    """

    def __init__(self, dimension: int) -> None:
        self.dimension = dimension
        self.serial = next(_SERIALS)
        """Tells it from every other matrix of the process."""
        self._by_group: dict[str, list[RowRange]] = {}
        self._single: dict[str, int] = {}
        self.parts: list[RowRange] = []
        """Every part, also those that are gone."""
        self._count = 0
        self.code_error = 0.0
        """The largest length of what int8 leaves out of a row."""
        self._codes = np.empty((0, dimension), dtype=np.int8)
        self._fine = np.empty((0, dimension), dtype=np.int16)
        self._scales = np.empty(0, dtype=np.float32)
        self._dead = np.empty(0, dtype=np.bool_)

    @classmethod
    def restored(cls, dimension: int, parts: Sequence[VectorPart], arrays: Arrays, code_error: float) -> VectorMatrix:
        """A matrix from what another one held: see `arrays` and `code_error`."""
        matrix = cls(dimension)
        matrix._codes, matrix._fine, matrix._scales, dead = arrays
        matrix._dead = dead.copy()
        matrix.code_error = code_error
        for part in parts:
            matrix._take(part)
        return matrix

    def arrays(self) -> Arrays:
        """Codes, fine codes and scales of all rows, and which of them are of chunks that are gone."""
        count = self._count
        return self._codes[:count], self._fine[:count], self._scales[:count], self._dead[:count]

    @property
    def nbytes(self) -> int:
        """Bytes of memory that the vectors take."""
        return self._codes.nbytes + self._fine.nbytes + self._scales.nbytes

    def append(self, parts: Sequence[VectorPart]) -> None:
        """Adds rows."""
        self.reserve(self._count + sum(part.count for part in parts))
        for part in parts:
            start, stop = self._count, self._count + part.count
            vectors = _as_float32(part.vectors)
            scales = row_scales(vectors)
            self._codes[start:stop], error = quantise(vectors, scales)
            np.rint(vectors * (_FINE / scales)[:, None], out=self._fine[start:stop], casting="unsafe")
            self._scales[start:stop] = scales
            self._dead[start:stop] = False
            self.code_error = max(self.code_error, error)
            self._take(msgspec.structs.replace(part, vectors=None, texts=[]))

    def row_of(self, chunk_id: str, group: str) -> int | None:
        """The live row of a chunk, if it has one.

        Args:
            group: that the chunk belongs to; empty for a chunk of another system.
        """
        row = self._single.get(chunk_id)
        if row is None and group:
            number = int(chunk_id.rpartition("-")[2])
            places = (one.start + number - one.source.first for one in self._by_group.get(group, ()) if number in one)
            row = next((place for place in places if not self._dead[place]), None)
        return None if row is None or self._dead[row] else row

    def drop(self, chunk_id: str, group: str) -> None:
        """Marks the row of a chunk as gone, if it has one."""
        row = self.row_of(chunk_id, group)
        if row is not None:
            self._dead[row] = True

    def drop_groups(self, gone: set[str]) -> None:
        """Marks the rows of some writings as gone, those that were read one by one included."""
        for group in gone:
            for part in self._by_group.pop(group, ()):
                self._dead[part.start : part.stop] = True
        for chunk_id in [one for one in self._single if one.rpartition("-")[0] in gone]:
            self._dead[self._single.pop(chunk_id)] = True

    def _take(self, part: VectorPart) -> None:
        """Notes where the rows of a part are, which were just appended."""
        made = RowRange(part, self._count)
        self.parts.append(made)
        self._count += part.count
        if part.group:
            self._by_group.setdefault(part.group, []).append(made)
        for row, chunk_id in enumerate(part.chunk_ids, made.start):
            before = self._single.get(chunk_id)
            if before is not None:
                self._dead[before] = True
            self._single[chunk_id] = row

    def view(self) -> View:
        """The rows as they are now."""
        return View(
            parts=list(self.parts),
            codes=self._codes[: self._count],
            fine=self._fine[: self._count],
            scales=self._scales[: self._count],
            code_error=self.code_error,
            dead=np.flatnonzero(self._dead[: self._count]),
        )

    def reserve(self, rows: int) -> None:
        """Makes room; views keep the arrays that they have."""
        if rows <= len(self._scales):
            return
        room = max(rows, len(self._scales) * 3 // 2, _FIRST_ROOM) if self._count else rows
        self._codes = _grown(self._codes, self._count, room)
        self._scales = _grown(self._scales, self._count, room)
        self._fine = _grown(self._fine, self._count, room)
        self._dead = _grown(self._dead, self._count, room)


def row_scales(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """float32[n]: the largest size of a number in each row; 1 for a row of zeros."""
    scales: NDArray[np.float32] = np.maximum(vectors.max(axis=1), -vectors.min(axis=1))
    scales[scales == 0] = 1
    return scales


def quantise(vectors: NDArray[np.float32], scales: NDArray[np.float32]) -> tuple[NDArray[np.float32], float]:
    """Whole numbers -127..127 for each row over its scale, and the largest length of what they leave out."""
    scaled = vectors * (_COARSE / scales)[:, None]
    rounded: NDArray[np.float32] = np.rint(scaled)
    scaled -= rounded
    lengths = np.sqrt(np.einsum("ij,ij->i", scaled, scaled)) * scales / _COARSE
    return rounded, float(lengths.max(initial=0.0))


def has_values(metadata: Mapping[str, Any], wanted: Mapping[str, str]) -> bool:
    """Whether metadata have these values: equal as text, or one of a list; `a.b` is a value inside `a`."""
    return all(_has_value(metadata, name, text) for name, text in wanted.items())


def _has_value(metadata: Mapping[str, Any], name: str, text: str) -> bool:
    value: Any = metadata.get(name)
    if value is None and "." in name:
        outer, _, inner = name.partition(".")
        nested = metadata.get(outer)
        return isinstance(nested, Mapping) and _has_value(nested, inner, text)
    values = value if isinstance(value, list) else [value]
    return any(_as_text(one) == text for one in values)


def _as_text(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else str(value)


def _quantised_query(query: NDArray[np.float32]) -> tuple[NDArray[np.int8], float, float]:
    """Codes of a query, what a product of codes is to be multiplied by (rows' scales aside), and the codes' error."""
    scales = row_scales(query[None])
    codes, error = quantise(query[None], scales)
    return codes[0].astype(np.int8), float(scales[0] / _COARSE / _COARSE), error


def _as_float32(vectors: NDArray[Any]) -> NDArray[np.float32]:
    """Packed vectors in float32; numpy takes twenty times as long for it."""
    if vectors.dtype != np.float16 or not len(vectors):
        return np.asarray(vectors, dtype=np.float32)
    return np.asarray(numkong.astype(np.ascontiguousarray(vectors), "float32"), dtype=np.float32)


def _grown(array: NDArray[Any], used: int, room: int) -> NDArray[Any]:
    larger = np.empty((room, *array.shape[1:]), dtype=array.dtype)
    larger[:used] = array[:used]
    return larger
