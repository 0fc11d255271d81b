"""Rows of the old schema, read and written."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from console.data.configuration.thresholds import check_threshold
from console.data.legacy.shapes import Row, iso_time, sql_time
from console.data.legacy.sqlite.schema import prepare, writing
from console.errors import AlreadyExists
from console.records import RunId, utcnow

NEWEST = "ORDER BY {0}.created_at DESC, {0}.rowid"
"""Newest second first, in order of insertion within it."""


class Rows:
    """Every call opens the file anew, as the old system did: any number of processes may work on it.

    Args:
        path: the database; it is made when it is not there.

    Raises:
        SetupError: the file cannot be used.
    """

    def __init__(self, path: Path, clock: Callable[[], datetime] = utcnow) -> None:
        self.path = path
        self.clock = clock
        prepare(path)

    def one(self, statement: str, key: RunId) -> Row | None:
        """The row that a statement finds for a key, or None."""
        rows = self.all(statement, key)
        return rows[0] if rows else None

    def all(self, statement: str, *values: Any) -> list[Row]:
        """The rows that a statement finds."""
        with writing(self.path) as connection:
            return [dict(row) for row in connection.execute(statement, values)]

    def add(self, kind: str, table: str, name: str, values: Row, *, threshold: float | None = None) -> str:
        """Adds a row, with a threshold of its own where one is given, and returns its id. Raises AlreadyExists."""
        new = {"id": str(uuid.uuid4()), **values, "created_at": sql_time(self.clock())}
        try:
            with writing(self.path) as connection:
                if threshold is not None:
                    new["threshold_id"] = new_threshold(connection, threshold, self.clock())
                insert(connection, table, [new])
        except sqlite3.IntegrityError as error:
            raise AlreadyExists(kind, name) from error
        return str(new["id"])


def insert(connection: sqlite3.Connection, table: str, rows: Iterable[Row]) -> None:
    """Adds rows, whose columns are named by their keys. Raises IntegrityError."""
    for row in rows:
        names, marks = ", ".join(row), ", ".join("?" * len(row))
        connection.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(row.values()))


def new_threshold(connection: sqlite3.Connection, score: float, at: datetime) -> str:
    """Adds a threshold and returns its id. Raises InvalidInput outside 0..1."""
    row = {"id": str(uuid.uuid4()), "score": check_threshold(score), "created_at": iso_time(at)}
    insert(connection, "thresholds", [row])
    return str(row["id"])


def change_row(connection: sqlite3.Connection, table: str, key: str, values: Row) -> None:
    """Changes columns of a row. Raises IntegrityError."""
    if values:
        assignments = ", ".join(f"{column} = :{column}" for column in values)
        connection.execute(f"UPDATE {table} SET {assignments} WHERE id = :id", {**values, "id": key})
