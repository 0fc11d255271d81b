"""Opens an old database as SQLite would read it, and changes nothing about it.

A database that somebody writes to is refused. One whose last writer was killed has a rollback journal or a write-ahead
log beside it: it is recovered as SQLite would do it, in a private copy. See https://sqlite.org/lockingv3.html and
https://sqlite.org/walformat.html for the locks.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from console.data.legacy.sqlite.schema import REQUIRED, columns, connect
from console.errors import SetupError

_LOCK_BYTES = 0x40000000, 512
"""Where every SQLite process locks the database: the pending, the reserved and the shared bytes."""
_ALIVE_BYTE = 128, 1
"""Of the `-shm` file: locked by every process that has a database with a write-ahead log open."""
_BUSY = {"SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_PROTOCOL"}
_OF_A_ROW = re.compile(r"(NULL|TEXT|NUMERIC|BLOB|REAL|INTEGER) value in |CHECK constraint|non-unique entry")
"""Findings of SQLite's check that concern what a row says, not whether it can be read."""


@contextmanager
def read_only(path: Path) -> Iterator[sqlite3.Connection]:
    """One consistent view of an old database; neither its file nor what lies beside it is changed.

    Raises:
        SetupError: there is no such file, something writes to it, it is damaged, or it is no database of the old
            system.
    """
    if not path.is_file():
        raise SetupError(f"There is no file {path}. Name the database of the old system.")
    with ExitStack() as stack:
        try:
            connection = stack.enter_context(closing(_open(path, stack)))
            connection.execute("BEGIN")
            _check(path, connection)
            yield connection
        except sqlite3.Error as error:
            raise _refusal(path, error) from error


def _open(path: Path, stack: ExitStack) -> sqlite3.Connection:
    beside = [one for one in (path.with_name(f"{path.name}{end}") for end in ("-journal", "-wal")) if _has_content(one)]
    with _nobody_writes(path):
        if not beside and not _keeps_a_log(path):
            return connect(f"{path.resolve().as_uri()}?mode=ro")
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="geval-migration-")))
        for one in (path, *beside):
            shutil.copyfile(one, folder / one.name)
    return connect((folder / path.name).as_uri())


@contextmanager
def _nobody_writes(path: Path) -> Iterator[None]:
    """No process may begin to write while the block runs; raises SetupError when one does already."""
    shm = path.with_name(f"{path.name}-shm")
    with ExitStack() as files:
        _lock(path, files, "rb", fcntl.LOCK_SH, _LOCK_BYTES)
        if os.access(shm, os.R_OK | os.W_OK):
            _lock(path, files, "r+b", fcntl.LOCK_EX, _ALIVE_BYTE, of=shm)
        yield


def _lock(
    path: Path, files: ExitStack, mode: str, kind: int, place: tuple[int, int], *, of: Path | None = None
) -> None:
    begin, length = place
    try:
        file = files.enter_context((of or path).open(mode))
    except OSError as error:
        raise SetupError(f"{path} cannot be read: {error}. Make a copy that can be, and name that.") from error
    try:
        fcntl.lockf(file, kind | fcntl.LOCK_NB, length, begin)
    except OSError as error:
        raise _in_use(path) from error


def _check(path: Path, connection: sqlite3.Connection) -> None:
    found = [str(row[0]) for row in connection.execute("PRAGMA quick_check")]
    damage = [one for one in found if one != "ok" and not _OF_A_ROW.search(one)]
    if damage:
        raise SetupError(f"{path} is damaged: {damage[0]}. Restore a backup, or recover it with sqlite3's .recover.")
    present = columns(connection)
    missing = set(REQUIRED - set(present))
    if "models" not in present and "model" not in present.get("judges", ()):
        missing |= {"models"}
    if missing:
        raise SetupError(f"{path} has no table {', '.join(sorted(missing))}. It is no database of the old system.")


def _refusal(path: Path, error: sqlite3.Error) -> SetupError:
    if getattr(error, "sqlite_errorname", "").startswith(tuple(_BUSY)):
        return _in_use(path)
    return SetupError(f"{path} cannot be read as a database: {error}. Name another file, or a backup of this one.")


def _in_use(path: Path) -> SetupError:
    return SetupError(f"Another process uses {path}. Stop what writes to it, then start again.")


def _has_content(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0


def _keeps_a_log(path: Path) -> bool:
    """Whether it is in the mode of a write-ahead log, for which SQLite makes files beside it also to read it."""
    with path.open("rb") as file:
        return file.read(20)[18:] == b"\x02\x02"
