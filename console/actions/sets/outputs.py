"""The outputs of a system over a test set: a file of them, matched to the items by their keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from console.actions.sets.files import PARTS, columns_of, items_of, refuse
from console.actions.sets.sets import all_items
from console.errors import InvalidInput
from console.tabular.files import Problem, TabularFile

if TYPE_CHECKING:
    from console.services import Services

_SHOWN = 5
_MOST_CHARACTERS = 1_000_000_000
"""Of all outputs together, which are held in memory while they are matched."""


@dataclass(frozen=True, slots=True)
class Outputs:
    """Outputs by the keys of their items."""

    texts: dict[str, str]
    source: str | None
    """Name of the file; None for the texts of the set itself."""
    unknown: list[str]
    """Keys that the set does not have: their rows are left out."""


def read_outputs(file: TabularFile, given: Mapping[str, str] | None = None) -> dict[str, str]:
    """The output of each row of a file by the key of its item.

    Without a column of keys they are made of the question, as those of a set are (see `console.actions.sets.files`). A
    row with a key and an empty output has none, as one that is not there.

    Args:
        given: columns by field (`key`, `text`, ...), that somebody has named.

    Raises:
        InvalidInput: rows have problems, no column looks like the outputs, or two rows have one key.
    """
    known = columns_of(file, given)
    columns = {field: column for field, column in known.items() if field in ("key", *PARTS)}
    if "text" not in columns:
        raise InvalidInput(
            f"Which column of {file.name} holds the outputs? It has {', '.join(file.columns())}. Name the one.",
            field="text",
        )
    found: dict[str, str] = {}
    problems: list[str] = []
    size = 0
    for row in items_of(file, columns, may_be_empty=True):
        if isinstance(row, Problem):
            problems.append(str(row))
        elif row.key in found:
            problems.append(f"The key {row.key!r} comes twice.")
        elif row.text is not None:
            found[row.key] = row.text
            size += len(row.text)
            if size > _MOST_CHARACTERS:
                raise InvalidInput(
                    f"The outputs of {file.name} have over 1,000,000,000 characters together. Split the set.",
                    field="file",
                )
    refuse(file, problems)
    return found


def match_outputs(services: Services, set_id: str, version: int, texts: dict[str, str], source: str) -> Outputs:
    """Outputs of items that the version has. One Query per 1 MB of items.

    Raises:
        InvalidInput: no key is one of the set's.
    """
    keys = services.sets.digests(set_id, version).keys()
    unknown = [key for key in texts if key not in keys]
    if len(unknown) == len(texts):
        some = ", ".join(repr(key) for key in sorted(keys)[:_SHOWN])
        raise InvalidInput(
            f"No row of {source} has a key of the test set. Its keys are such as {some or 'none: it is empty'}. "
            "Give the file the column `key`.",
            field="file",
        )
    return Outputs({key: text for key, text in texts.items() if key in keys}, source, unknown)


def own_texts(services: Services, set_id: str, version: int) -> Outputs:
    """The texts of the items themselves. One Query per 1 MB. Raises InvalidInput when no item has one."""
    texts = {item.key: item.text for item in all_items(services, set_id, version) if item.text is not None}
    if not texts:
        raise InvalidInput("No item of the test set has a text of its own. Give a file of outputs.", field="file")
    return Outputs(texts, None, [])
