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
from typing import Any

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
class IndexPart:
    """Rows of an index that came together."""

    source: VectorPart
    """Without its vectors."""
    start: int
    live: bool = True
    _metadata: list[Any] | None = field(default=None)

    @property
    def stop(self) -> int:
        """The row behind its last."""
        return self.start + self.source.count

    def filename(self, row: int) -> str:
        """File name of the chunk in a row of the index."""
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

    parts: Sequence[IndexPart]
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

    def part_of(self, row: int) -> IndexPart:
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
            if part.live and (not part.source.group or filename in (None, part.source.filename)):
                allowed[part.start : part.stop] = [
                    filename in (None, part.filename(row)) and has_values(part.metadata(row), wanted)
                    for row in range(part.start, part.stop)
                ]
        return allowed


class CollectionIndex:
    """The growing index behind the views. Not thread-safe: its owner locks; views are."""

    def __init__(self, dimension: int) -> None:
        self.dimension = dimension
        self._parts: list[IndexPart] = []
        self._count = 0
        self._code_error = 0.0
        self._codes = np.empty((0, dimension), dtype=np.int8)
        self._fine = np.empty((0, dimension), dtype=np.int16)
        self._scales = np.empty(0, dtype=np.float32)

    @classmethod
    def restored(
        cls,
        dimension: int,
        parts: Sequence[VectorPart],
        live: Sequence[bool],
        *,
        arrays: tuple[NDArray[Any], NDArray[Any], NDArray[Any]],
        code_error: float,
    ) -> CollectionIndex:
        """An index from what another one held: see `arrays` and `code_error`."""
        index = cls(dimension)
        index._codes, index._fine, index._scales = arrays
        index._code_error = code_error
        for part, is_live in zip(parts, live, strict=True):
            index._parts.append(IndexPart(part, index._count, is_live))
            index._count += part.count
        return index

    def arrays(self) -> tuple[NDArray[np.int8], NDArray[np.int16], NDArray[np.float32]]:
        """Codes, fine codes and scales of all rows."""
        return self._codes[: self._count], self._fine[: self._count], self._scales[: self._count]

    def vectors(self, start: int, stop: int) -> NDArray[np.float32]:
        """float32[stop - start, d]: rows as nearly as they are kept."""
        rows: NDArray[np.float32] = self._fine[start:stop] * (self._scales[start:stop] / _FINE)[:, None]
        return rows

    @property
    def code_error(self) -> float:
        """The largest length of what int8 leaves out of a row."""
        return self._code_error

    @property
    def nbytes(self) -> int:
        """Bytes of memory that the vectors take."""
        return self._codes.nbytes + self._fine.nbytes + self._scales.nbytes

    @property
    def parts(self) -> list[IndexPart]:
        """Every part, also those that are gone."""
        return self._parts

    def append(self, parts: Sequence[VectorPart]) -> None:
        """Adds rows."""
        self._reserve(self._count + sum(part.count for part in parts))
        for part in parts:
            start, stop = self._count, self._count + part.count
            vectors = _as_float32(part.vectors)
            scales = row_scales(vectors)
            self._codes[start:stop], error = quantise(vectors, scales)
            np.rint(vectors * (_FINE / scales)[:, None], out=self._fine[start:stop], casting="unsafe")
            self._scales[start:stop] = scales
            self._code_error = max(self._code_error, error)
            self._parts.append(IndexPart(_without_vectors(part), start))
            self._count = stop

    def drop(self, gone: set[str]) -> None:
        """Marks the rows of some groups as gone; the empty group are the chunks of other systems."""
        for part in self._parts:
            if part.live and part.source.group in gone:
                part.live = False

    def view(self) -> View:
        """The rows as they are now."""
        dead = [np.arange(part.start, part.stop) for part in self._parts if not part.live]
        parts = [IndexPart(one.source, one.start, one.live) if not one.live else one for one in self._parts]
        return View(
            parts=parts,
            codes=self._codes[: self._count],
            fine=self._fine[: self._count],
            scales=self._scales[: self._count],
            code_error=self._code_error,
            dead=np.concatenate(dead) if dead else np.empty(0, dtype=np.int64),
        )

    def _reserve(self, rows: int) -> None:
        """Makes room; views keep the arrays that they have."""
        if rows <= len(self._scales):
            return
        room = max(rows, len(self._scales) * 3 // 2, _FIRST_ROOM) if self._count else rows
        self._codes = _grown(self._codes, self._count, room)
        self._scales = _grown(self._scales, self._count, room)
        self._fine = _grown(self._fine, self._count, room)


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


def _without_vectors(part: VectorPart) -> VectorPart:
    return VectorPart(
        group=part.group,
        count=part.count,
        vectors=None,
        first=part.first,
        filename=part.filename,
        chunk_ids=part.chunk_ids,
        filenames=part.filenames,
        metadata=part.metadata,
    )


def _grown(array: NDArray[Any], used: int, room: int) -> NDArray[Any]:
    larger = np.empty((room, *array.shape[1:]), dtype=array.dtype)
    larger[:used] = array[:used]
    return larger
