"""The rows of an old database in the order in which they were made, whatever its generation and whatever they hold.

A row has every column of the newest schema, each of its own kind. What had to be read otherwise than it stands (text in
a number, an empty id, a threshold that is gone) is noted by row; a row that cannot be told at all is refused by name.
Both the migration and its check read through this, so that they mean the same.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any

from console.data.legacy.migration import kinds
from console.data.legacy.sqlite.schema import FIRST_PROVIDER, TABLES, columns, model_id_of

Values = dict[str, Any]

_FETCH = 100
_RUNS = (
    "SELECT r.*, d.actual_output, d.expected_output, d.metadata AS document_metadata, d.rowid AS document_place,"
    " r.rowid AS place FROM runs r LEFT JOIN eval_documents d ON d.id = r.document_id ORDER BY r.rowid"
)
_MODELS = (
    "SELECT model AS name, min(created_at) AS created_at, min(rowid) AS place FROM judges GROUP BY model"
    " ORDER BY min(rowid)"
)
_DOCUMENT_ID = re.compile(r"[!-~]{1,200}")
_HIGHEST_RUN = 2**62
"""Higher ids leave no room for the runs after them."""
_REFERENCES = {
    "cases": {"threshold_id": "thresholds"},
    "judges": {"model_id": "models", "case_id": "cases", "metric_id": "metrics"},
    "runs": {"judge_id": "judges"},
}
_UNKNOWN = "unknown"
_ID_LENGTH = 200


class LegacySource:
    """Reads one consistent view; see `opening.read_only`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._columns = columns(connection)
        self._first = "model" in self._columns["judges"]
        """Whether judges name their models instead of referring to them."""
        self._notes: dict[str, None] = {}
        self._refused: dict[str, None] = {}
        self._ids = {table: self._own_ids(table) for table in ("metrics", "models", "thresholds", "cases", "judges")}

    @property
    def notes(self) -> list[str]:
        """What of the rows read so far stands otherwise in the database."""
        return list(self._notes)

    @property
    def refused(self) -> list[str]:
        """Rows read so far that are no rows of the old system, and why."""
        return list(self._refused)

    def counts(self) -> dict[str, int]:
        """Rows of each table that the database has."""
        found = {table: self._number(f"SELECT count(*) FROM {table}") for table in TABLES if table in self._columns}
        return found | ({"models": self._number("SELECT count(DISTINCT model) FROM judges")} if self._first else {})

    def rows(self, table: str) -> Iterator[Values]:
        """The rows of a table (not of runs), with `place`, their number in the order of insertion."""
        if table == "models" and self._first:
            for row in self._fetch(_MODELS):
                name = kinds.text(row["name"])[0]
                yield self._read(table, {**row, "id": model_id_of(name), "provider": FIRST_PROVIDER})
        elif table in self._columns:
            for row in self._once(table, self._fetch(f"SELECT *, rowid AS place FROM {table} ORDER BY rowid")):
                if table == "judges" and self._first:
                    row["model_id"] = model_id_of(kinds.text(row.pop("model"))[0])
                yield self._read(table, row)

    def runs(self) -> Iterator[Values]:
        """The runs with the texts of their documents."""
        for row in self._once("runs", self._fetch(_RUNS)):
            run_id = row["id"]
            if not isinstance(run_id, int) or not 0 < run_id < _HIGHEST_RUN:
                self._refused[f"runs, row {row['place']}: the id is {_short(run_id)}, not that of a run."] = None
                continue
            read = self._read("runs", row)
            if read["document_id"] is not None and row["document_place"] is not None:
                read["document_id"] = _document_id(row["document_id"], row["document_place"])
            for name, kind in kinds.OF_DOCUMENT.items():
                read[name] = row[name] if row["document_place"] is None else kind(row[name])[0]
            yield read

    def has(self, table: str, key: object) -> bool:
        """Whether the table has a row with this id, as it is here."""
        place = str(key).removeprefix("row-")
        if place != str(key) and place.isdecimal():
            return bool(self._number(f"SELECT count(*) FROM {table} WHERE rowid = ?", int(place)))
        return table in self._columns and bool(self._number(f"SELECT count(*) FROM {table} WHERE id = ?", key))

    def highest_run(self) -> int:
        """The highest id that a run has or had; 0 without any."""
        possible = f"typeof({{0}}) = 'integer' AND {{0}} BETWEEN 0 AND {_HIGHEST_RUN - 1}"
        highest = self._number(f"SELECT coalesce(max(id), 0) FROM runs WHERE {possible.format('id')}")
        if self._number("SELECT count(*) FROM sqlite_master WHERE name = 'sqlite_sequence'"):
            counted = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'runs'"
            return max(highest, self._number(f"{counted} AND {possible.format('seq')}"))
        return highest

    # --- inside ----------------------------------------------------------------------------------------

    def _once(self, table: str, rows: Iterable[Values]) -> Iterator[Values]:
        """The rows, of which a table without a primary key may have several with one id: the first one."""
        declared = self._connection.execute(f"PRAGMA table_info({table})").fetchall()
        if any(column["name"] == "id" and column["pk"] for column in declared):
            yield from rows
            return
        seen: set[object] = set()
        for row in rows:
            if row["id"] is not None and row["id"] in seen:
                self._refused[f"{table}, row {row['place']}: the id {_short(row['id'])} is that of a row before."] = (
                    None
                )
                continue
            seen.add(row["id"])
            yield row

    def _read(self, table: str, row: Values) -> Values:
        """A row as the newest schema has it."""
        key = self._key(table, row)
        read = {"id": key, "place": row["place"]}
        for column, kind in kinds.OF_COLUMNS[table].items():
            if column not in row and column not in kinds.ALWAYS:
                continue
            read[column], problem = kind(row.get(column))
            if problem:
                self._note(table, key, f"{column} is {_short(row.get(column))}, {problem}")
        for column, target in _REFERENCES.get(table, {}).items():
            read[column] = self._referred(table, key, column, row.get(column), self._ids.get(target, {}))
        return read

    def _key(self, table: str, row: Values) -> Any:
        raw, place = row["id"], row["place"]
        if table == "runs":
            return raw
        key = _document_id(raw, place) if table == "eval_documents" else self._ids[table].get(raw, f"row-{place}")
        if key != raw:
            self._note(table, key, f"the id is {_short(raw)}, {key!r} here")
        return key

    def _referred(self, table: str, key: object, column: str, raw: object, known: dict[Any, str]) -> str | None:
        if raw in known:
            return known[raw]
        if column == "threshold_id":
            if raw is not None:
                self._note(table, key, f"{column} is {_short(raw)}, which is gone; its threshold is the default")
            return None
        if _is_id(raw):
            return str(raw)  # of a row that is gone: named by whoever looks for it
        self._note(table, key, f"{column} is {_short(raw)}, {_UNKNOWN!r} here")
        return _UNKNOWN

    def _own_ids(self, table: str) -> dict[Any, str]:
        """The id of each row of a small table, by the one that stands there."""
        if table == "models" and self._first:
            return {one: one for one in (row["id"] for row in self._first_models())}
        if table not in self._columns:
            return {}
        found: dict[Any, str] = {}
        for row in self._fetch(f"SELECT id, rowid AS place FROM {table} ORDER BY rowid"):
            raw = row["id"]
            if raw is not None and raw not in found:
                found[raw] = raw if _is_id(raw) else f"row-{row['place']}"
        return found

    def _first_models(self) -> Iterable[Values]:
        return [{"id": model_id_of(kinds.text(row["name"])[0])} for row in self._fetch(_MODELS)]

    def _note(self, table: str, key: object, what: str) -> None:
        self._notes[f"{table} {key}: {what}."] = None

    def _fetch(self, statement: str, *values: object) -> Iterator[Values]:
        cursor = self._connection.execute(statement, values)
        while rows := cursor.fetchmany(_FETCH):
            yield from map(dict, rows)

    def _number(self, statement: str, *values: object) -> int:
        return int(self._connection.execute(statement, values).fetchone()[0])


def _is_id(raw: object) -> bool:
    return isinstance(raw, str) and 0 < len(raw) <= _ID_LENGTH and raw.isprintable()


def _document_id(raw: object, place: int) -> str:
    return raw if isinstance(raw, str) and _DOCUMENT_ID.fullmatch(raw) else f"row-{place}"


def _short(value: object) -> str:
    said = repr(value)
    return said if len(said) <= 40 else f"{said[:37]}..."
