"""Brings files into a collection: read, cut into chunks, embedded, stored. A bad file fails alone."""

from __future__ import annotations

import hashlib
import logging
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from console.actions.permissions import permit
from console.errors import InvalidInput, StoreError
from console.records import Collection, CollectionDocument, Json, NewChunk, Role, User
from console.search.embedding.embedders import Embedder, Matrix
from console.search.files.chunking import OVERLAP, SIZE, Piece, TokenCounter, chunk_rows, chunk_text
from console.search.files.losses import TOO_LONG
from console.search.files.readers import READERS, Content, FileReader, Source, content_of, display_name
from console.search.files.tokens import MiniLMTokens
from console.search.memory.held import PACK_ROWS
from console.services import Services
from console.telemetry import traced

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Step:
    """What is done with a file now."""

    name: str
    """`reading`, `embedding`, `storing`, `done`, `unchanged` or `refused`."""
    share: float
    """Of the work on the file, what is done; 0 to 1."""
    page: int = 0
    """The page, slide, sheet or chapter that is read; 0 where there are none."""
    pages: int = 0


Progress = Callable[[int, Step], None]
"""Called with the number of the file, from 0."""


def _silent(_number: int, _step: Step) -> None:
    """Nobody watches."""


_BATCH = 16
"""Chunks that are embedded between two calls of the progress."""
_READ, _EMBEDDED = 0.1, 0.95
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
    unchanged: bool = False
    """Whether it was there already, as it is; nothing was written."""
    lost: Sequence[str] = ()
    """What was not read of it, in words."""
    error: str | None = None
    """Why it was refused; nothing of it was stored then."""


@traced
def ingest_files(
    services: Services,
    actor: User,
    collection_id: str,
    sources: Sequence[Source],
    progress: Progress = _silent,
) -> list[Ingested]:
    """Add files to a collection, one after the other; one of a name that is there replaces it, unless it is the same.

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
    progress: Progress = _silent,
) -> list[Ingested]:
    """As `ingest_files`, for somebody who may (a command)."""
    collection = services.collections.get(collection_id)
    embedder = embedder_of(services, collection)
    done: list[Ingested] = []
    with FileReader() as reader:
        work = _Ingestion(services, collection, embedder, MiniLMTokens(), reader, by)
        for number, source in enumerate(sources):
            name = display_name(source.name)
            try:
                if any(name == other.name for other in done):
                    raise InvalidInput(
                        f"{name} was refused: another file of the same name came before it.", field="file"
                    )
                done.append(work.file(name, source, partial(progress, number)))
                progress(number, Step("unchanged" if done[-1].unchanged else "done", 1.0))
            except InvalidInput as error:
                done.append(Ingested(name, source.size, error=str(error)))
                progress(number, Step("refused", 1.0))
    packed(services, collection_id, sum(one.chunks for one in done if not one.unchanged))
    return done


def packed(services: Services, collection_id: str, added: int) -> None:
    """Pack many new chunks and index their words now, so that the first search does not have to. None needs it."""
    if added < PACK_ROWS:
        return
    try:
        services.searcher.memory.get(collection_id, fresh=True).words()
    except StoreError as error:
        log.warning("The vectors of %s could not be packed: %s", collection_id, error)


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
    reader: FileReader
    by: str

    def file(self, name: str, source: Source, progress: Callable[[Step], None]) -> Ingested:
        """Store a file in place of the one with its name, if it is another. Three requests when it is the same."""
        progress(Step("reading", 0.0))
        content = content_of(source)
        digest = self._digest(content)
        if (there := self._same(name, digest)) is not None:
            return Ingested(name, len(content), there.chunks, unchanged=True, lost=there.lost)
        read = self.reader.parse(
            name, content, lambda page, pages: progress(Step("reading", _READ * page / pages, page, pages))
        )
        pieces = _pieces(read, self.counter)
        if not pieces:
            raise InvalidInput(f"{name} was refused: it has no words.", field="file")
        vectors = self._vectors([piece.text for piece, _ in pieces], progress)
        chunks = [
            NewChunk(text=piece.text, embedding=vector, metadata={**place, **self._where(piece)})
            for (piece, place), vector in zip(pieces, vectors, strict=True)
        ]
        progress(Step("storing", _EMBEDDED))
        stored = self.services.vectors.put_document(
            self.collection.collection_id,
            name,
            chunks,
            file_size=read.size,
            digest=digest,
            lost=read.lost,
            progress=lambda done: progress(Step("storing", _EMBEDDED + (1 - _EMBEDDED) * min(done / len(chunks), 1.0))),
        )
        return Ingested(name, read.size, stored.chunks, lost=read.lost)

    def _digest(self, content: bytes) -> str:
        """Of all that the chunks of a file follow from."""
        made_with = f"{READERS}/{SIZE}/{OVERLAP}/{self.embedder.name}/{self.embedder.dimension}/"
        return hashlib.sha256(made_with.encode() + content).hexdigest()

    def _same(self, name: str, digest: str) -> CollectionDocument | None:
        """The document that is stored under a name, if a file with this digest would become the same.

        Not one of which another program removed chunks, nor one of which a page took too long: it may go now.
        """
        there = self.services.vectors.find_document(self.collection.collection_id, name)
        if there is None or there.digest != digest or any(TOO_LONG in one for one in there.lost):
            return None
        return there if self.services.vectors.is_whole(self.collection.collection_id, name) else None

    def _where(self, piece: Piece) -> Json:
        return {"start": piece.start, "end": piece.end, "addedBy": self.by}

    def _vectors(self, texts: Sequence[str], progress: Callable[[Step], None]) -> list[Matrix]:
        vectors: list[Matrix] = []
        for start in range(0, len(texts), _BATCH):
            progress(Step("embedding", _READ + (_EMBEDDED - _READ) * start / len(texts)))
            vectors.extend(self.embedder.embed(texts[start : start + _BATCH]))
        return vectors


def _pieces(content: Content, counter: TokenCounter) -> list[tuple[Piece, Json]]:
    """The chunks of a file, each with the page or row that it begins in; records stay apart from each other."""
    places = content.places
    if all(section.row for section in content.sections):
        rows = chunk_rows([section.text for section in content.sections], counter)
        return [
            (Piece(piece.text, start + piece.start, start + piece.end), place)
            for (start, place), pieces in zip(places, rows, strict=True)
            for piece in pieces
        ]
    starts = [start for start, _ in places]
    pieces = chunk_text(content.text, counter)
    return [(piece, places[max(bisect_right(starts, piece.start) - 1, 0)][1]) for piece in pieces]
