"""Migration from Qdrant: check, copy, verify (`qdrant_plan`: what goes where).

Collections here compare by cosine. Vectors compared by dot product or Euclidean distance rank the same when all have
length 1, and are taken then; others only when the mapping says `as_cosine`, which changes their ranking. Vectors are
stored as they are. Points without the vector, or with one of zeros, are left out, and are counted.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from console.actions.collections.qdrant_plan import Plan
from console.data.legacy.qdrant import Qdrant
from console.errors import InvalidInput, StoreError
from console.records import Chunk
from console.services import Services

Progress = Callable[[int, int], None]
"""Called with the points handled so far and their total."""

K = 10
SAMPLES = 20
"""Points whose neighbours are compared."""
UNIT = 1e-3
"""How far from 1 a length may be."""
TIE = 1e-4
"""Difference of similarity within which neighbours may change places."""


@dataclass(slots=True)
class Outcome:
    """What was found, done and verified for one plan."""

    plan: Plan
    usable: int = 0
    """Points with a vector that can be compared."""
    left_out: int = 0
    """Points without one."""
    without_text: int = 0
    unit: bool = True
    """Whether every vector has length 1."""
    written: int = 0
    """Chunks that were new or different; the others were there already."""
    refused: list[str] = field(default_factory=list)
    """Points that the store cannot hold, each with the reason."""
    problem: str = ""
    """Why nothing was done."""
    stopped: str = ""
    """Why it ended before the last point; what was written until then stays, and a repetition goes on."""
    verified: Verification | None = None

    @property
    def failed(self) -> bool:
        """Whether it could not be done, or is not as it was there."""
        return bool(self.problem or self.refused or self.stopped) or (
            self.verified is not None and not self.verified.good
        )


@dataclass(frozen=True, slots=True)
class Verification:
    """Here against there."""

    expected: int
    """Points that should be here."""
    present: int
    """Of these, how many are."""
    extra: int
    """Chunks here that are not there."""
    compared: int
    """Points whose ten nearest were compared, by the measure that Qdrant has for them."""
    agreeing: float
    """Share of the nearest points there that are among the nearest here, ties aside."""

    @property
    def good(self) -> bool:
        """Everything is here, and the neighbours are the same."""
        return self.present == self.expected and (not self.compared or self.agreeing == 1.0)


def migrate(
    services: Services,
    source: Qdrant,
    plan: Plan,
    *,
    by: str,
    dry_run: bool = False,
    verify: bool = False,
    progress: Progress = lambda _done, _total: None,
) -> Outcome:
    """Check, copy and verify one plan. May be repeated: what is here already is not written again.

    Reads every point twice, three times to verify; writes only those that differ. When the store or Qdrant fails, or
    somebody interrupts it, the outcome says how far it came.
    """
    found = Outcome(plan)
    try:
        _examine(source, found)
        found.problem = _problem(services, plan, found)
        if found.problem:
            return found
        if not dry_run:
            _copy(services, source, found, by, progress)
        if verify and services.collections.find(plan.collection_id):
            found.verified = _verify(services, source, plan)
    except StoreError as error:
        found.stopped = str(error)
    except KeyboardInterrupt:
        found.stopped = "It was interrupted."
    return found


def _examine(source: Qdrant, found: Outcome) -> None:
    plan = found.plan
    for batch in [] if plan.space.several or not plan.space.dimension else source.points(plan.space, plan.fields):
        usable = _usable(batch)
        found.usable += len(usable)
        found.left_out += len(batch) - len(usable)
        found.without_text += sum(not chunk.text for chunk in usable)
        lengths = np.array([np.linalg.norm(chunk.embedding) for chunk in usable])
        found.unit = found.unit and bool(np.all(np.abs(lengths - 1) <= UNIT))


def _usable(batch: Iterable[Chunk]) -> list[Chunk]:
    """The points whose vector has a direction."""
    return [one for one in batch if one.embedding is not None and 0 < np.linalg.norm(one.embedding) < np.inf]


def _problem(services: Services, plan: Plan, found: Outcome) -> str:
    space = plan.space
    if not space.dimension:
        only = f"only sparse vectors ({', '.join(space.others)})" if space.others else "no vectors"
        return f"it has {only}, which chunks cannot have. Leave it out"
    if space.several:
        return "its points have several vectors each, which a chunk cannot. Leave it out"
    same_ranking = space.distance == "Cosine" or (space.distance in ("Dot", "Euclid") and found.unit)
    if not same_ranking and not plan.target.as_cosine:
        why = "" if space.distance == "Manhattan" else ", and not all have length 1"
        return (
            f"its vectors are compared by {space.distance}{why}: by cosine they would rank differently. "
            "Say as_cosine in the mapping to take them all the same"
        )
    there = services.collections.find(plan.collection_id)
    if there and there.dimension != space.dimension:
        return f"the collection {plan.collection_id} is here with {there.dimension} dimensions. Map it to another"
    return ""


def _copy(services: Services, source: Qdrant, found: Outcome, by: str, progress: Progress) -> None:
    """Write what is not here yet; a point that cannot be stored is noted, and the rest goes on."""
    plan = found.plan
    space, to = plan.space, plan.collection_id
    if services.collections.find(to) is None:
        services.collections.create(
            plan.name, by=by, embedder=plan.embedder, dimension=space.dimension, collection_id=to
        )
    done = 0
    try:
        for batch in source.points(space, plan.fields):
            chunks = _usable(batch)
            here = services.vectors.get_many(to, [chunk.chunk_id for chunk in chunks], embeddings=True)
            fresh = [chunk for chunk in chunks if not _same(chunk, here.get(chunk.chunk_id))]
            _import(services, found, fresh, set(here))
            done += len(batch)
            progress(done, space.points)
    finally:
        services.collections.recount(to)


def _import(services: Services, found: Outcome, chunks: list[Chunk], here: Collection[str]) -> None:
    new = sum(chunk.chunk_id not in here for chunk in chunks)
    try:
        found.written += services.vectors.import_chunks(found.plan.collection_id, chunks, new=new) if chunks else 0
    except InvalidInput as error:
        if len(chunks) == 1:
            found.refused.append(f"{chunks[0].chunk_id}: {error}")
            return
        for chunk in chunks:
            _import(services, found, [chunk], here)


def _same(chunk: Chunk, here: Chunk | None) -> bool:
    if here is None or not np.array_equal(np.asarray(here.embedding, dtype=np.float32), chunk.embedding):
        return False
    return replace(here, embedding=None, created_at=None) == replace(chunk, embedding=None)


@dataclass(slots=True)
class _Here:
    """The chunks as the store gives them back."""

    ids: list[str] = field(default_factory=list)
    vectors: list[NDArray[np.float32]] = field(default_factory=list)


def _verify(services: Services, source: Qdrant, plan: Plan) -> Verification:
    here = _Here()
    for chunk in services.vectors.all(plan.collection_id):
        here.ids.append(chunk.chunk_id)
        here.vectors.append(np.asarray(chunk.embedding, dtype=np.float32))
    there: dict[str, NDArray[np.float32]] = {
        one.chunk_id: one.embedding for batch in source.points(plan.space, plan.fields) for one in _usable(batch)
    }
    ids = set(here.ids)
    sample = list(there)[:: max(len(there) // SAMPLES, 1)][:SAMPLES]
    matrix = np.array(here.vectors).reshape(len(ids), plan.space.dimension)
    shares = []
    for one in sample:
        nearest = [other for other in source.nearest(plan.space, there[one].tolist(), K) if other in there]
        shares.append(_agreement(nearest, _closeness(plan.space.distance, matrix, there[one]), here.ids))
    return Verification(
        expected=len(there),
        present=len(ids & set(there)),
        extra=len(ids - set(there)),
        compared=len(sample),
        agreeing=float(np.mean(shares)) if shares else 0.0,
    )


def _closeness(distance: str, matrix: NDArray[np.float32], vector: NDArray[np.float32]) -> NDArray[np.float32]:
    """How near each row is to a vector by Qdrant's own measure: more is nearer.

    https://qdrant.tech/documentation/concepts/search/#metrics
    """
    if distance == "Euclid":
        near = -np.linalg.norm(matrix - vector, axis=1)
    elif distance == "Manhattan":
        near = -np.abs(matrix - vector).sum(axis=1)
    elif distance == "Dot":
        near = matrix @ vector
    else:
        lengths = np.linalg.norm(matrix, axis=1)
        near = matrix @ _direction(vector) / np.where(lengths > 0, lengths, 1)
    return np.asarray(near, dtype=np.float32)


def _agreement(nearest: list[str], closeness: NDArray[np.float32], ids: list[str]) -> float:
    """Share of the nearest there that are as near here as the tenth nearest here."""
    if not nearest or not ids:
        return float(not nearest)
    last = np.sort(closeness)[-min(K, len(ids)) :][0]
    least = last - TIE * max(abs(float(last)), 1.0)
    near = {one for one, close in zip(ids, closeness, strict=True) if close >= least}
    return sum(one in near for one in nearest) / len(nearest)


def _direction(vector: NDArray[np.float32]) -> NDArray[np.float32]:
    length = np.linalg.norm(vector)
    direction: NDArray[np.float32] = vector / length if length else vector
    return direction
