"""The outputs of a system over a test set: a file of them, matched to the items by their keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from console.actions.sets.files import PARTS, columns_of, hint, items_of, refuse, same_key
from console.actions.sets.sets import all_items
from console.errors import InvalidInput
from console.services import Services
from console.tabular.files import Problem, TabularFile

_SHOWN = 5
_MOST_SAID = 60
_MOST_CHARACTERS = 1_000_000_000
"""Of all outputs together, which are held in memory while they are matched."""


@dataclass(frozen=True, slots=True)
class Outputs:
    """Outputs by the keys of their items."""

    texts: dict[str, str]
    source: str | None
    """Name of the file; None for the texts of the set itself."""
    unknown: list[str]
    """What the set does not have, by its key, or by its row and question: these are left out."""


@dataclass(frozen=True, slots=True)
class FileOutputs:
    """The outputs of a file."""

    texts: dict[str, str]
    """By the keys of their items."""
    names: dict[str, str]
    """What a row is spoken of as, by its key, where nobody gave it one: `row 3 ('How many seats?')`."""


def read_outputs(file: TabularFile, given: Mapping[str, str] | None = None) -> FileOutputs:
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
    found = FileOutputs({}, {})
    rows: dict[str, int] = {}
    problems: list[str] = []
    size = 0
    for count, row in enumerate(items_of(file, columns, may_be_empty=True), 1):
        if isinstance(row, Problem):
            problems.append(str(row))
            continue
        if row.key in rows:
            same = same_key(row.key, columns)
            problems.append(f"Row {count} has {same} of row {rows[row.key]}.{hint(columns)}")
            continue
        rows[row.key] = count
        if "key" not in columns:
            said = row.input or row.context or row.expected_output or row.text or ""
            found.names[row.key] = f"row {count} ({said[:_MOST_SAID]!r})"
        if row.text is not None:
            found.texts[row.key] = row.text
            size += len(row.text)
            if size > _MOST_CHARACTERS:
                raise InvalidInput(
                    f"The outputs of {file.name} have over 1,000,000,000 characters together. Split the set.",
                    field="file",
                )
    refuse(file, problems)
    return found


def match_outputs(
    services: Services,
    set_id: str,
    version: int,
    texts: Mapping[str, str],
    source: str,
    names: Mapping[str, str] | None = None,
) -> Outputs:
    """Outputs of items that the version has. One Query per 1 MB of items.

    Args:
        names: what rows are spoken of as, where not by their keys.

    Raises:
        InvalidInput: no key is one of the set's.
    """
    keys = services.sets.digests(set_id, version).keys()
    unknown = [key for key in texts if key not in keys]
    if len(unknown) == len(texts):
        some = ", ".join(repr(key) for key in sorted(keys)[:_SHOWN])
        raise InvalidInput(
            f"No row of {source} has a key of the test set. Its keys are such as {some or 'none: it is empty'}. "
            "Give the file the column `key`, or the questions as the set has them.",
            field="file",
        )
    said = names or {}
    return Outputs(
        {key: text for key, text in texts.items() if key in keys}, source, [said.get(key, repr(key)) for key in unknown]
    )


def own_texts(services: Services, set_id: str, version: int) -> Outputs:
    """The texts of the items themselves. One Query per 1 MB. Raises InvalidInput when no item has one."""
    texts = {item.key: item.text for item in all_items(services, set_id, version) if item.text is not None}
    if not texts:
        raise InvalidInput("No item of the test set has a text of its own. Give a file of outputs.", field="file")
    return Outputs(texts, None, [])
