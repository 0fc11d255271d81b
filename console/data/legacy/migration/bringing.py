"""How rows are brought over: counted, written in groups, and named where they cannot be; or only looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec

from console.data.configuration.case_items import case_item
from console.data.configuration.judges import judge_item
from console.data.legacy.migration.source import LegacySource, Values
from console.data.repositories import Repositories
from console.data.runs.items import run_item, summary_of
from console.data.runs.rollups.rollups import Key, key_of
from console.data.store.codec import Item, to_item
from console.data.store.packing import pack
from console.errors import ConsoleError, StoreUnavailable
from console.records import Case, Document, Judge, Metric, Model, Run

Progress = Callable[[int, int], None]
"""Called with the rows handled so far and their total."""

_ORDER = ("metrics", "models", "cases", "thresholds", "judges", "eval_documents", "runs")
CHUNK = 100
"""Rows that are read and looked for at once."""
_GROUP = 60
_CELLS = 35
_CHARACTERS = 1_200_000
T = TypeVar("T")
R = TypeVar("R", Document, Run)
S = TypeVar("S", bound=msgspec.Struct)
_Named = Metric | Model | Case | Judge
_ITEMS: dict[type, Callable[[Any], Item]] = {Case: case_item, Judge: judge_item, Run: run_item}
"""How records are stored that are not stored field by field."""


@dataclass(slots=True)
class Moved:
    """What became of the rows of one table."""

    rows: int = 0
    added: int = 0
    changed: int = 0
    present: int = 0
    """Rows that were there already, as they are."""


@dataclass(slots=True)
class Report:
    """What a migration did, or with a dry run would do."""

    tables: dict[str, Moved] = field(default_factory=lambda: {table: Moved() for table in _ORDER})
    notes: list[str] = field(default_factory=list)
    """What is worth knowing of single rows."""
    failures: list[str] = field(default_factory=list)
    """Rows that could not be brought over."""
    highest_run: int = 0
    """New runs get higher ids."""
    judges: dict[str, list[str]] = field(default_factory=dict)
    """Ids of the judges by the provider that they ask."""


class Bringing:
    """What every table needs of a migration.

    Args:
        dry_run: write nothing; only look whether it could be written.
    """

    def __init__(self, to: Repositories, source: LegacySource, dry_run: bool, progress: Progress) -> None:
        self._to = to
        self._source = source
        self._dry = dry_run
        self._progress = progress
        self._done = 0
        self._total = sum(source.counts().values())
        self._report = Report(highest_run=source.highest_run())
        self._claimed: set[tuple[str, str]] = set()
        """Names that rows of this database have taken: kind, and the name as it is compared."""

    def _rows(self, table: str, rows: Iterable[Values] | None = None) -> Iterator[Values]:
        for row in rows if rows is not None else self._source.rows(table):
            self._report.tables[table].rows += 1
            yield row
            self._done += 1
            if self._done % CHUNK == 0 or self._done == self._total:
                self._progress(self._done, self._total)

    def _count(self, table: str, *, added: bool = False, changed: bool = False, by: int = 1) -> None:
        moved = self._report.tables[table]
        if added:
            moved.added += by
        elif changed:
            moved.changed += by
        else:
            moved.present += by

    def _claim(self, kind: str, name: str, *, free: bool) -> bool:
        """Whether a row may take a name: the store has it free, and no row before took it."""
        claimed = (kind, name) in self._claimed
        self._claimed.add((kind, name))
        return free and not claimed

    def _add(self, table: str, record: _Named, named: bool, write: Callable[[], object]) -> None:
        self._count(table, added=True)
        if not named:
            self._report.notes.append(f"{table}: the name {record.name!r} is taken by another one; both keep it.")
        self._write(table, [record], lambda _: write())

    def _change(self, table: str, key: str, write: Callable[[], object]) -> None:
        """Writes what changed of a row; when it cannot be, the row is named."""
        try:
            if not self._dry:
                write()
        except StoreUnavailable:
            raise
        except ConsoleError as error:
            self._report.tables[table].changed -= 1
            self._report.failures.append(f"{table} {key}: {error}")

    def _write(self, table: str, group: list[S], write: Callable[[list[S]], object]) -> None:
        """Writes a group; when it cannot be, each of its rows alone, so that one bad row costs no other.

        A dry run only looks whether the rows can be stored.
        """
        try:
            if self._dry:
                for record in group:
                    pack(_item(record))
            else:
                write(group)
        except StoreUnavailable:
            raise
        except ConsoleError as error:
            if len(group) > 1:
                for one in group:
                    self._write(table, [one], write)
                return
            self._report.tables[table].added -= 1
            self._report.failures.append(f"{table} {_key_of(group[0])}: {error}")


def chunks(values: Iterable[T], size: int) -> Iterator[list[T]]:
    """The values in lists of `size`."""
    chunk: list[T] = []
    for value in values:
        chunk.append(value)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def groups(values: Sequence[R]) -> Iterator[list[R]]:
    """The values in lists that fit a transaction, with the rollups of runs."""
    group: list[R] = []
    taken, cells = 0, set[Key]()
    for value in values:
        length = _length(value)
        cell = _cells(value)
        if group and (len(group) == _GROUP or taken + length > _CHARACTERS or len(cells | cell) > _CELLS):
            yield group
            group, taken, cells = [], 0, set()
        group.append(value)
        taken += length
        cells |= cell
    if group:
        yield group


def _cells(value: Document | Run) -> set[Key]:
    """The rollup that counts a run."""
    return {key_of(summary_of(value))} if isinstance(value, Run) else set()


def _length(value: Document | Run) -> int:
    """Characters of the texts."""
    if isinstance(value, Document):
        return len(value.evaluation_target) + len(value.expected_output or "")
    prompt = value.results.prompt_used if value.results else None
    artifact = value.evaluated_artifact
    texts = (artifact.evaluation_target, artifact.expected_output, prompt, value.error_message)
    return sum(len(text or "") for text in texts)


def _item(record: msgspec.Struct) -> Item:
    make: Callable[[Any], Item] = _ITEMS.get(type(record), to_item)
    return make(record)


def _key_of(record: msgspec.Struct) -> object:
    """The first field of a record is its id."""
    return getattr(record, record.__struct_fields__[0])
