"""A data folder's engine files: the record of what runs, the lock, the count of users."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Self

import orjson

from console.config import EngineKind
from console.engine.install import Program
from console.engine.process import LOOPBACK, answers, command_of, terminate, wait_until
from console.errors import SetupError
from console.private import opener, private_folder

LOCK_SECONDS = 180.0
"""Longer than the first fetch of the engine may take."""


@dataclass(frozen=True, slots=True)
class Started:
    """The two processes of an engine that answers."""

    pid: int
    """The engine's."""
    door: int
    alone: bool


@dataclass(frozen=True, slots=True)
class EngineRecord:
    """engine.json: the engine that serves a folder."""

    folder: str
    """The folder's own path: in a copied folder the record is not about this folder's engine."""
    pid: int
    port: int
    kind: EngineKind
    version: str
    started: str
    """ISO-8601, UTC."""
    command: str
    """The command line, which tells the engine from a later process with the same pid."""
    warning: str | None = None
    why: str = ""
    """Where the engine comes from; empty in the record of an earlier release."""
    kept: bool = False
    """Started by `engine start`: it stays until `engine stop`, with or without users."""
    door: int = 0
    """The process before the engine (console/engine/door.py); 0 in the record of an earlier release, which had none."""
    door_command: str = ""
    key: str = ""
    """What the door asks for: the access key id of requests. Drawn at each start."""
    alone: bool = False
    """Whether the engine is in a network of its own, where only the door reaches it."""

    @classmethod
    def now(cls, folder: Path, port: int, program: Program, key: str, started: Started) -> Self:
        """The record of an engine that was started this moment."""
        return cls(
            folder=str(folder),
            pid=started.pid,
            port=port,
            kind=program.kind,
            version=program.version,
            started=datetime.now(UTC).isoformat(timespec="seconds"),
            command=command_of(started.pid),
            warning=program.warning,
            why=program.why,
            door=started.door,
            door_command=command_of(started.door),
            key=key,
            alone=started.alone,
        )

    @property
    def address(self) -> str:
        """Where the door listens, without the key."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def endpoint(self) -> str:
        """Address for `make_client`, the key in it."""
        return f"http://{self.key}@{LOOPBACK}:{self.port}"

    def runs(self) -> bool:
        """Whether this very engine and its door are alive, not merely their pids."""
        return bool(self.door) and self.engine_runs() and command_of(self.door) == self.door_command

    def engine_runs(self) -> bool:
        """Whether the engine is alive, with or without its door."""
        return bool(self.command) and command_of(self.pid) == self.command

    def answers(self) -> bool:
        """Whether the engine answers through its door."""
        return answers(self.port, headers={"Authorization": f"AWS4-HMAC-SHA256 Credential={self.key}/"})

    def end(self, grace: float = 5.0) -> None:
        """End the engine, and its door with it."""
        if self.engine_runs():
            terminate(self.pid, grace)
        if self.door and command_of(self.door) == self.door_command:
            terminate(self.door, grace)


class DataFolder:
    """The files; whoever changes the engine holds `locked()`."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()

    def create(self) -> None:
        """Make the folder where it is missing, and close it to others. Raises SetupError when that cannot be."""
        try:
            private_folder(self.path)
        except OSError as error:
            raise _unusable(self.path, error) from error

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder's lock (not re-entrant). Raises SetupError when it cannot be had in time."""
        with self._open("engine.lock") as lock:
            if not wait_until(lambda: _lock_at_once(lock), LOCK_SECONDS):
                raise SetupError(
                    f"Another process has held {lock.name} for {LOCK_SECONDS:.0f} s. End it, and try again."
                )
            yield

    def join(self) -> IO[str]:
        """Become a user: a file whose shared lock lives as long as it is open. Needs the lock."""
        users = self._open("engine.users")
        fcntl.flock(users, fcntl.LOCK_SH)
        return users

    def in_use(self) -> bool:
        """Whether any process uses the engine. Needs the lock."""
        with self._open("engine.users") as users:
            return not _lock_at_once(users)

    def users(self) -> list[int]:
        """Processes that use the engine, as far as the kernel tells (Linux does, in /proc/locks)."""
        try:
            wanted = str(os.stat(self.path / "engine.users").st_ino)
            lines = Path("/proc/locks").read_text(encoding="ascii").splitlines()
        except OSError:
            return []
        locks = [fields for fields in map(str.split, lines) if fields[1:2] == ["FLOCK"]]
        return sorted({int(pid) for *_, pid, file, _, _ in locks if file.rpartition(":")[2] == wanted})

    def read(self) -> EngineRecord | None:
        """The recorded engine, dead or alive; None without a record that is about this folder."""
        try:
            record = EngineRecord(**orjson.loads((self.path / "engine.json").read_bytes()))
        except (OSError, ValueError, TypeError):
            return None
        return record if record.folder == str(self.path) else None

    def write(self, record: EngineRecord) -> EngineRecord:
        """Record the engine, atomically; returns the record. Needs the lock."""
        draft = self.path / "engine.json.new"
        try:
            with open(draft, "wb", opener=opener) as file:
                file.write(orjson.dumps(asdict(record), option=orjson.OPT_INDENT_2))
            os.replace(draft, self.path / "engine.json")
        except OSError as error:
            raise _unusable(self.path, error) from error
        return record

    def forget(self) -> None:
        """Remove the record. Needs the lock."""
        (self.path / "engine.json").unlink(missing_ok=True)

    def _open(self, name: str) -> IO[str]:
        try:
            return open(self.path / name, "a", encoding="ascii", opener=opener)
        except OSError as error:
            raise _unusable(self.path, error) from error


def _lock_at_once(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _unusable(path: Path, error: OSError) -> SetupError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return SetupError(f"The disk of the data folder {path} is full. Free some space on it, then try again.")
    return SetupError(
        f"The data folder {path} cannot be used: {error.strerror}. Make it writable, or name another "
        "with --data-dir or DATA_DIR."
    )
