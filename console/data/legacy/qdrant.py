"""Reads a Qdrant server, or the folder of its local mode: which vectors it has, its points as chunks, its neighbours.

A point's id becomes the chunk's id. Of its payload, the text, the name of the file, the place in it and the file's size
become fields of the chunk where they have the right type; everything else stays in the metadata as it is.
"""

from __future__ import annotations

import hashlib
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Self, TypeVar

import numpy as np
from qdrant_client import QdrantClient, models
from qdrant_client.http.exceptions import ApiException, UnexpectedResponse

from console.errors import InvalidInput, NotFound, SetupError, StoreError, StoreUnavailable
from console.records import Chunk, Json

_BATCH = 256
"""Points of one request."""
_TIMEOUT = 60
"""Seconds for one request."""
_PAUSES = (0.5, 2.0, 5.0, 10.0)
"""Seconds before a request is made again that a busy or slow Qdrant did not answer."""
_FILENAME_BYTES = 900
"""Of a file name here, which is a key of an index. A longer one is shortened, and kept whole in the metadata."""
FULL_FILENAME = "full_filename"
"""In the metadata: the name of a file whose name is too long here."""
T = TypeVar("T")
_TEXT = ("text", "page_content", "content", "document", "chunk")
_FILENAME = ("filename", "file_name", "source", "file", "document_name")
_INDEX = ("chunk_index", "index", "position")


@dataclass(frozen=True, slots=True)
class Space:
    """One kind of vector of a Qdrant collection."""

    collection: str
    vector: str
    """Its name; empty for the only, unnamed one."""
    dimension: int
    """0 for a collection that only has sparse vectors."""
    distance: str
    """Cosine, Dot, Euclid or Manhattan."""
    points: int
    """Of the collection; not all need have this vector."""
    several: bool = False
    """Whether points have many of these vectors each."""
    others: tuple[str, ...] = ()
    """Names of the collection's sparse vectors, which have no counterpart."""


@dataclass(frozen=True, slots=True)
class Fields:
    """Names in the payload. An empty one is looked for under the usual names."""

    text: str = ""
    filename: str = ""
    index: str = ""


class Qdrant:
    """A Qdrant to read from. Use it with `with`."""

    def __init__(self, client: QdrantClient, *, local: bool) -> None:
        self._client = client
        self._local = local

    @classmethod
    def at(cls, *, url: str | None = None, path: Path | None = None, api_key: str | None = None) -> Self:
        """The server at an address, or the local mode's folder.

        Raises:
            SetupError: neither or both are given, or the folder is not one of Qdrant, or is in use.
        """
        if (url is None) == (path is None):
            raise SetupError("Name either the address of a Qdrant server or the folder of its local mode.")
        if path is None:
            return cls(QdrantClient(url=url, api_key=api_key, timeout=_TIMEOUT, check_compatibility=False), local=False)
        if not (path / "meta.json").is_file():
            raise SetupError(f"{path} is not a folder of Qdrant's local mode: it has no meta.json.")
        try:
            return cls(QdrantClient(path=str(path)), local=True)
        except RuntimeError as error:
            raise SetupError(f"{path} is in use by another program. Stop it and try again.") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def names(self) -> list[str]:
        """The collections, by name. One request."""
        with _translated():
            return sorted(one.name for one in self._client.get_collections().collections)

    def spaces(self, collection: str) -> list[Space]:
        """The vectors of a collection, by name. Two requests. Raises NotFound."""
        if collection not in self.names():
            raise NotFound("Qdrant collection", collection)
        with _translated():
            params = self._client.get_collection(collection).config.params
            points = self._client.count(collection, exact=True).count
        vectors = params.vectors if isinstance(params.vectors, dict) else {"": params.vectors}
        sparse = tuple(sorted(params.sparse_vectors or {}))
        if not any(vectors.values()):
            return [Space(collection, "", 0, "", points, others=sparse)]
        return [
            Space(
                collection=collection,
                vector=name,
                dimension=one.size,
                distance=str(one.distance.value),
                points=points,
                several=one.multivector_config is not None,
                others=sparse,
            )
            for name, one in sorted(vectors.items())
            if one is not None
        ]

    def points(self, space: Space, fields: Fields) -> Iterator[list[Chunk]]:
        """Every point with its vector as float32[d], None where it has none, in batches in the order of the ids.

        One request per 256 points.
        """
        offset: Any = None
        while True:
            found, offset = _patiently(partial(self._page, space, offset))
            yield [_chunk(record, space, fields) for record in found]
            if offset is None:
                return

    def _page(self, space: Space, offset: Any) -> tuple[list[models.Record], Any]:
        return self._client.scroll(
            space.collection, limit=_BATCH, offset=offset, with_vectors=[space.vector] if space.vector else True
        )

    def nearest(self, space: Space, vector: Sequence[float], k: int) -> list[str]:
        """The ids of the `k` nearest points, found exactly. One request."""
        exact = None if self._local else models.SearchParams(exact=True)
        found = _patiently(
            lambda: self._client.query_points(
                space.collection, query=list(vector), using=space.vector or None, limit=k, search_params=exact,
                with_payload=False,
            )
        )  # fmt: skip
        return [str(one.id) for one in found.points]


def _chunk(record: models.Record, space: Space, fields: Fields) -> Chunk:
    payload = dict(record.payload or {})
    inner = payload.get("metadata")
    if isinstance(inner, dict) and set(payload) <= {"metadata", *_TEXT, fields.text}:
        payload = {**inner, **{name: value for name, value in payload.items() if name != "metadata"}}
    filename = _take_text(payload, fields.filename, _FILENAME) or space.collection
    short = _short(filename)
    if short != filename:
        payload[FULL_FILENAME] = filename
    vector: Any = record.vector.get(space.vector) if isinstance(record.vector, dict) else record.vector
    return Chunk(
        chunk_id=str(record.id),
        text=_take_text(payload, fields.text, _TEXT),
        filename=short,
        chunk_index=_take_number(payload, fields.index, _INDEX),
        file_size=_take_number(payload, "file_size", ()),
        metadata=payload,
        embedding=np.asarray(vector, dtype=np.float32) if isinstance(vector, list) else None,
    )


def _short(filename: str) -> str:
    """A file name that can be a key: its beginning, and a digest by which it stays apart from others."""
    whole = filename.encode("utf-8", "replace")
    if len(whole) <= _FILENAME_BYTES:
        return filename
    digest = hashlib.sha256(whole).hexdigest()[:16]
    return f"{whole[:_FILENAME_BYTES].decode('utf-8', 'ignore')}…{digest}"


def _patiently(ask: Callable[[], T]) -> T:
    """The answer of a Qdrant that may be busy. Raises StoreUnavailable: it did not answer again and again."""
    for pause in _PAUSES:
        try:
            with _translated():
                return ask()
        except StoreUnavailable:
            time.sleep(pause)
    with _translated():
        return ask()


def _take_text(payload: Json, name: str, usual: Sequence[str]) -> str:
    """Takes the first of the names that holds a text out of the payload."""
    for one in [name] if name else usual:
        if isinstance(payload.get(one), str) and payload[one]:
            return str(payload.pop(one))
    return ""


def _take_number(payload: Json, name: str, usual: Sequence[str]) -> int:
    """Takes the first of the names that holds a whole number from 0 on out of the payload."""
    for one in [name] if name else usual:
        if type(payload.get(one)) is int and payload[one] >= 0:
            return int(payload.pop(one))
    return 0


@contextmanager
def _translated() -> Iterator[None]:
    """Qdrant's errors as ours."""
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", category=UserWarning, module="qdrant_client")
            yield
    except UnexpectedResponse as error:
        raise StoreError(f"Qdrant refused the request: {error.status_code} {error.reason_phrase}.") from error
    except ApiException as error:
        raise StoreUnavailable("Qdrant does not answer. Check the address and the network.") from error
    except AssertionError as error:  # the client's own, where an answer has no result
        raise StoreError("What answers at the address is no Qdrant. Check it.") from error
    except ValueError as error:
        raise InvalidInput(f"Qdrant refused the request: {error}.") from error
