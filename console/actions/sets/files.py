"""Files of test sets: which column holds what, the items of the rows, and a set as a file.

Columns are recognised by their names, without their case and what is no letter or digit (`_KNOWN`, and the parts that
`console.actions.batches.files` knows); the others become metadata. Without a column of keys an item's key is made of
its question, else of its context and reference, else of its text, so that the same content meets its item again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from console.actions.batches.files import guess_parts, joined, metadata_of, wrong_with
from console.errors import InvalidInput
from console.records import SetItem
from console.tabular.cells import number_of, verdict_of, words_of
from console.tabular.files import FileForm, Problem, Row, TabularFile
from console.tabular.writing import csv_bytes, jsonl_bytes, restored

_KNOWN: dict[str, tuple[str, ...]] = {
    "key": ("key", "itemkey", "id", "itemid", "rowid", "uid", "uuid"),
    "tags": ("tags", "tag", "categories", "category"),
    "score": ("score", "humanscore", "rating"),
    "passed": ("passed", "humanverdict"),
}
PARTS = ("question", "context", "reference", "text")
"""What an item consists of, beside its key."""
FIELDS = ("key", *PARTS, "score", "passed", "tags")
"""What columns of a file can be, beside metadata; an export has columns of these names."""
_SHOWN = 10
"""Problems that a message lists."""


def columns_of(file: TabularFile, given: Mapping[str, str] | None = None) -> dict[str, str]:
    """The columns by field, by their names.

    Args:
        given: columns by field, that somebody has named.

    Raises:
        InvalidInput: a named column does not exist, or the file cannot be read.
    """
    names, named = file.columns(), dict(given or {})
    for name in named.values():
        if name not in names:
            raise InvalidInput(f"{file.name} has no column {name}. It has {', '.join(names)}.", field="columns")
    left = [name for name in names if name not in named.values()]
    return {**guess_parts(left), **guess_parts(left, _KNOWN), **named}


def items_of(
    file: TabularFile, columns: Mapping[str, str], *, may_be_empty: bool = False
) -> Iterator[SetItem | Problem]:
    """Every row as an item, in order, or what is wrong with it. Raises InvalidInput at what cannot be read.

    Args:
        may_be_empty: a row may have a key and nothing else.
    """
    if not set(PARTS) & columns.keys():
        raise InvalidInput(
            f"No column of {file.name} looks like a question, a context, a reference or a text. It has "
            f"{', '.join(file.columns())}. Name the columns.",
            field="columns",
        )
    for row in file.rows():
        yield (
            row
            if isinstance(row, Problem)
            else _item(row, columns, csv=file.form is FileForm.CSV, may_be_empty=may_be_empty)
        )


def checked_items(file: TabularFile, columns: Mapping[str, str]) -> Iterator[SetItem]:
    """The items of a file that is read through before, so that nothing is written of one with problems.

    Raises:
        InvalidInput: rows have problems, or two rows have one key: names the first of them by their lines.
    """
    problems, lines = list[str](), dict[str, int]()
    count = 0
    for count, row in enumerate(items_of(file, columns), 1):
        if isinstance(row, Problem):
            problems.append(str(row))
        elif row.key in lines:
            problems.append(f"Row {count} has {same_key(row.key, columns)} of row {lines[row.key]}.{hint(columns)}")
        else:
            lines[row.key] = count
    refuse(file, problems)
    if not count:
        raise InvalidInput(f"{file.name} has no rows. Give at least one.", field="file")
    return (row for row in items_of(file, columns) if isinstance(row, SetItem))


def refuse(file: TabularFile, problems: Sequence[str]) -> None:
    """Raises InvalidInput that lists the first of the problems; nothing when there are none."""
    if problems:
        shown = "\n".join(problems[:_SHOWN])
        more = f"\nand {len(problems) - _SHOWN:,} more" if len(problems) > _SHOWN else ""
        raise InvalidInput(f"{file.name} has {len(problems):,} problem(s):\n{shown}{more}", field="file")


def content_key(*, question: str | None, context: str | None, reference: str | None, text: str | None) -> str:
    """The key of an item that has none: 16 hexadecimal digits."""
    content = question or "\0".join(part or "" for part in (context, reference)).strip("\0") or text or ""
    return hashlib.sha256(content.strip().encode(errors="surrogatepass")).hexdigest()[:16]


def csv_of(items: Iterable[SetItem]) -> bytes:
    """A set as a CSV file that can be imported again: `FIELDS` and a column for each name in the metadata."""
    whole = list(items)
    names = list(dict.fromkeys(name for one in whole for name in one.metadata if name not in FIELDS))
    rows = ([*_cells(one), *(one.metadata.get(name) for name in names)] for one in whole)
    return csv_bytes([*FIELDS, *names], rows)


def jsonl_of(items: Iterable[SetItem]) -> bytes:
    """A set as JSON Lines that can be imported again."""
    names = [*FIELDS, "metadata"]
    rows = [dict(zip(names, [*_values(one), one.metadata], strict=True)) for one in items]
    return jsonl_bytes([{name: value for name, value in row.items() if value not in (None, [], {})} for row in rows])


def _values(item: SetItem) -> list[Any]:
    texts = [item.key, item.input, item.context, item.expected_output, item.text]
    return [*texts, item.score, item.passed, item.tags]


def _cells(item: SetItem) -> list[Any]:
    return [*_values(item)[:-1], "; ".join(item.tags)]


def _item(row: Row, columns: Mapping[str, str], *, csv: bool, may_be_empty: bool) -> SetItem | Problem:
    values = {name: restored(cell) for name, cell in row.values.items()} if csv else row.values
    parts: dict[str, str | None] = {}
    for part in PARTS:
        value = values.get(columns.get(part, ""))
        text = joined(value) if part == "context" else value
        if text is not None and not isinstance(text, str):
            return Problem(row.line, f"{columns[part]} is no text.")
        if text and (wrong := wrong_with(text)):
            return Problem(row.line, f"{columns[part]} {wrong}.")
        parts[part] = text if text and text.strip() else None
    keyed = may_be_empty and values.get(columns.get("key", "")) not in (None, "")
    if not any(parts.values()) and not keyed:
        return Problem(row.line, f"{', '.join(columns[part] for part in PARTS if part in columns)} are all empty.")
    others = {name: value for name, value in values.items() if name not in columns.values()}
    try:
        return SetItem(
            key=_key(values.get(columns.get("key", ""))) or content_key(**parts),
            input=parts["question"],
            context=parts["context"],
            expected_output=parts["reference"],
            text=parts["text"],
            score=number_of(values.get(columns.get("score", "")), "score"),
            passed=verdict_of(values.get(columns.get("passed", "")), "passed"),
            tags=words_of(values.get(columns.get("tags", "")), "tags"),
            metadata=metadata_of(others),
        )
    except ValueError as error:
        return Problem(row.line, str(error))


def _key(value: Any) -> str:
    """A key as it is written. Raises ValueError."""
    if isinstance(value, bool) or (value is not None and not isinstance(value, (str, int))):
        raise ValueError(f"the key {str(value)[:40]!r} is no text and no whole number.")
    return "" if value is None else str(value).strip()


def same_key(key: str, columns: Mapping[str, str]) -> str:
    """What two rows have in common: the key as it is written, or what it is made of."""
    made_of = next((columns[part] for part in PARTS if part in columns), "content")
    return f"the key {key!r}" if "key" in columns else f"the {made_of}"


def hint(columns: Mapping[str, str]) -> str:
    """What to do about it, where nobody gave keys."""
    return "" if "key" in columns else " Give the file a column `key`."
