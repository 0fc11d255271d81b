"""Brings files into a collection: read, cut into chunks, embedded, stored. A bad file fails alone."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from console.actions.permissions import permit
from console.errors import InvalidInput
from console.records import Collection, Json, NewChunk, Role, User
from console.search.files.chunking import OVERLAP, Piece, TokenCounter, chunk_text
from console.search.files.readers import Content, Source, display_name, read_file
from console.search.files.tokens import MiniLMTokens

if TYPE_CHECKING:
    from console.search.embedding.embedders import Embedder, Matrix
    from console.services import Services

Progress = Callable[[int, str, float], None]
"""Called with the number of the file (from 0), what is done with it now, and the share of it that is done (0 to 1)."""

_BATCH = 16
"""Chunks that are embedded between two calls of the progress."""
_READ, _EMBEDDED = 0.05, 0.9
"""Shares of the work on a file that are done once it is read, and once it is embedded."""


@dataclass(frozen=True, slots=True)
class Ingested:
    """What became of one file."""

    name: str
    """As it is shown and stored."""
    size: int
    """Bytes."""
    chunks: int = 0
    """Chunks that are stored now."""
    error: str | None = None
    """Why it was refused; nothing of it was stored then."""


def ingest_files(
    services: Services,
    actor: User,
    collection_id: str,
    sources: Sequence[Source],
    progress: Progress = lambda _number, _step, _share: None,
) -> list[Ingested]:
    """Add files to a collection, one after the other; a file of a name that is there replaces it.

    Raises:
        Forbidden: the actor is no admin.
        NotFound: there is no such collection.
        InvalidInput: its embedder is not the one that is configured now.
        StoreError: the store failed; files before are stored, the present one is as it was before.
    """
    by = permit(actor, Role.ADMIN)
    return ingest(services, collection_id, sources, by=by, progress=progress)


def ingest(
    services: Services,
    collection_id: str,
    sources: Sequence[Source],
    *,
    by: str,
    progress: Progress = lambda _number, _step, _share: None,
) -> list[Ingested]:
    """As `ingest_files`, for somebody who may (a command)."""
    collection = services.collections.get(collection_id)
    embedder = embedder_of(services, collection)
    work = _Ingestion(services, collection, embedder, MiniLMTokens(), by)
    done: list[Ingested] = []
    for number, source in enumerate(sources):
        name = display_name(source.name)
        try:
            if any(name == other.name for other in done):
                raise InvalidInput(f"{name} was refused: another file of the same name came before it.", field="file")
            chunks = work.file(source, partial(progress, number))
            done.append(Ingested(name, source.size, chunks))
            progress(number, "done", 1.0)
        except InvalidInput as error:
            done.append(Ingested(name, source.size, error=str(error)))
            progress(number, "refused", 1.0)
    return done


def embedder_of(services: Services, collection: Collection) -> Embedder:
    """The embedder of a collection.

    Raises:
        InvalidInput: it makes other vectors than the collection has.
        SetupError: it is not configured here.
    """
    embedder = services.embedder(collection.embedder)
    if embedder.dimension != collection.dimension:
        raise InvalidInput(
            f"The vectors of this collection have {collection.dimension} numbers, those of its embedder "
            f"{collection.embedder} now have {embedder.dimension}. Use a collection of its own for them."
        )
    return embedder


@dataclass(frozen=True, slots=True)
class _Ingestion:
    services: Services
    collection: Collection
    embedder: Embedder
    counter: TokenCounter
    by: str

    def file(self, source: Source, progress: Callable[[str, float], None]) -> int:
        """Store a file in place of the one with its name; the number of its chunks."""
        progress("reading", 0.0)
        content = read_file(source)
        pieces = chunk_text(content.text, self.counter, overlap=0 if content.unit == "row" else OVERLAP)
        if not pieces:
            raise InvalidInput(f"{content.name} was refused: it has no words.", field="file")
        vectors = self._vectors([piece.text for piece in pieces], progress)
        chunks = [
            NewChunk(text=piece.text, embedding=vector, metadata=_metadata(content, piece, self.by))
            for piece, vector in zip(pieces, vectors, strict=True)
        ]
        progress("storing", _EMBEDDED)
        stored = self.services.vectors.put_document(
            self.collection.collection_id,
            content.name,
            chunks,
            file_size=content.size,
            progress=lambda done: progress("storing", _EMBEDDED + (1 - _EMBEDDED) * min(done / len(chunks), 1.0)),
        )
        return stored.chunks

    def _vectors(self, texts: Sequence[str], progress: Callable[[str, float], None]) -> list[Matrix]:
        vectors: list[Matrix] = []
        for start in range(0, len(texts), _BATCH):
            progress("embedding", _READ + (_EMBEDDED - _READ) * start / len(texts))
            vectors.extend(self.embedder.embed(texts[start : start + _BATCH]))
        return vectors


def _metadata(content: Content, piece: Piece, by: str) -> Json:
    """Where a chunk stands in its document, and who added it."""
    place: Json = {"start": piece.start, "end": piece.end, "addedBy": by}
    if not content.unit:
        return place
    mark = bisect_right([start for start, _ in content.marks], piece.start) - 1
    return {content.unit: content.marks[max(mark, 0)][1], **place}
