"""The rows of an old database in the order in which they were made, whatever its variant."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any

from console.data.legacy.schema import TABLES, columns

Values = dict[str, Any]

_FETCH = 100
_WITH_DOCUMENT = (
    "SELECT r.*, d.actual_output, d.expected_output, d.metadata AS document_metadata"
    " FROM runs r LEFT JOIN eval_documents d ON d.id = r.document_id WHERE r.id > ? ORDER BY r.id"
)


class LegacySource:
    """Reads one consistent view; see `legacy_schema.read_only`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._columns = columns(connection)

    def counts(self) -> dict[str, int]:
        """Rows of each table that the database has."""
        return {table: self._number(f"SELECT count(*) FROM {table}") for table in TABLES if table in self._columns}

    def rows(self, table: str) -> Iterator[Values]:
        """The rows of a table, with `place`, their number in the order of insertion."""
        if table in self._columns:
            yield from self._fetch(f"SELECT *, rowid AS place FROM {table} ORDER BY rowid")

    def runs(self, after: int = -(2**63)) -> Iterator[Values]:
        """The runs with an id above `after`, with the texts of their documents."""
        yield from self._fetch(_WITH_DOCUMENT, after)

    def has(self, table: str, key: object) -> bool:
        """Whether the table has a row with this id."""
        return table in self._columns and bool(self._number(f"SELECT count(*) FROM {table} WHERE id = ?", key))

    def highest_run(self) -> int:
        """The highest id that a run has or had; 0 without any."""
        highest = self._number("SELECT coalesce(max(id), 0) FROM runs")
        if self._number("SELECT count(*) FROM sqlite_master WHERE name = 'sqlite_sequence'"):
            counted = self._number("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'runs'")
            return max(highest, counted)
        return highest

    def _fetch(self, statement: str, *values: object) -> Iterator[Values]:
        cursor = self._connection.execute(statement, values)
        while rows := cursor.fetchmany(_FETCH):
            yield from map(dict, rows)

    def _number(self, statement: str, *values: object) -> int:
        return int(self._connection.execute(statement, values).fetchone()[0])
