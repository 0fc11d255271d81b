"""What of a Qdrant goes where: the mapping file, and the plan that follows from it.

A Qdrant collection becomes a collection of the same id, unless the mapping says another. An unnamed vector, or the only
one, is taken; of several, the one that the mapping names, else each goes to a collection of its own,
`<collection>.<vector>`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import msgspec
from msgspec.structs import replace

from console.data.legacy.qdrant import Fields, Qdrant, Space
from console.errors import InvalidInput


class Target(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the mapping file may say of a Qdrant collection, or of `<collection>.<vector>`."""

    collection: str = ""
    """Id of the collection here; by default the name there."""
    name: str = ""
    embedder: str = ""
    """By default `minilm` for 384 dimensions, else `external`, which cannot embed a question."""
    vector: str = ""
    """The one to take of several."""
    text: str = ""
    """Names in the payload, where they are not the usual ones."""
    filename: str = ""
    chunk_index: str = ""
    as_cosine: bool = False
    """Take vectors that were compared in another way, although they will rank differently."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One kind of vectors and where they go."""

    space: Space
    target: Target
    collection_id: str
    name: str
    """Of the collection, when it has to be made."""

    @property
    def fields(self) -> Fields:
        """Names in the payload."""
        return Fields(self.target.text, self.target.filename, self.target.chunk_index)

    @property
    def embedder(self) -> str:
        """The embedder to name."""
        return self.target.embedder or ("minilm" if self.space.dimension == 384 else "external")


def read_mapping(path: Path) -> dict[str, Target]:
    """The mapping file: a JSON object by Qdrant collection.

    Raises:
        InvalidInput: it is not one; says where.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Target])
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidInput(f"The mapping {path} cannot be used: {error}.", field="mapping") from error


def make_plans(source: Qdrant, wanted: Iterable[str], mapping: dict[str, Target]) -> list[Plan]:
    """What goes where. Three requests per collection.

    Args:
        wanted: names of Qdrant collections; none for all.

    Raises:
        NotFound: a collection is not there.
        InvalidInput: the mapping names a vector that is not there, or two go to one collection.
    """
    plans = [plan for name in wanted or source.names() for plan in _plans(source.spaces(name), mapping)]
    for number, plan in enumerate(plans):
        if plan.collection_id in [other.collection_id for other in plans[:number]]:
            raise InvalidInput(
                f"Two sources go to the collection {plan.collection_id}. Give one another in the mapping."
            )
    return plans


def _plans(spaces: list[Space], mapping: dict[str, Target]) -> list[Plan]:
    if not spaces:
        return []
    collection = spaces[0].collection
    target = mapping.get(collection, Target())
    if target.vector and target.vector not in [space.vector for space in spaces]:
        raise InvalidInput(f"The Qdrant collection {collection} has no vector named {target.vector}.", field="mapping")
    if target.vector or len(spaces) == 1:
        [space] = [one for one in spaces if one.vector == target.vector] if target.vector else spaces
        return [Plan(space, target, target.collection or _id_of(collection), target.name or collection)]
    names = [f"{collection}.{space.vector}" for space in spaces]
    targets = [mapping.get(name, replace(target, collection="")) for name in names]
    return [
        Plan(space, one, one.collection or _id_of(name), one.name or name)
        for space, one, name in zip(spaces, targets, names, strict=True)
    ]


def _id_of(name: str) -> str:
    """The id of a collection like this name; ids have neither spaces nor '#'."""
    return re.sub(r"[\s#]+", "-", name)
