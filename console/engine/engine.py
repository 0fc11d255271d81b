"""One local engine per data folder, shared by every process that uses the folder.

    engine.lock    flock, exclusive: whoever starts, replaces or stops the engine
    engine.users   flock, shared: held by each user; the kernel drops it, also after kill -9
    engine.json    which engine runs (`EngineRecord`)
    engine.log     its output, and its door's
    dynamodb.db    its data (dynoxide); moto keeps nothing

The first user starts the engine, the last one to leave stops it. An engine whose users were all
killed ends by itself after a few seconds; a user who comes before that takes it over. Between users and
engine stands a door that asks for a key (`door.py`) and looks whether there are users; port and key are
drawn anew at each start, and kept when a crashed engine comes back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from console.config import EngineKind
from console.engine.folder import DataFolder, EngineRecord
from console.engine.install import DATABASE, Program, find_program
from console.engine.launch import launch, new_key
from console.engine.process import command_of, free_port, port_is_free, wait_until
from console.engine.stream_index import prepare_streams
from console.errors import ConsoleError, SetupError

READY_SECONDS = {"dynoxide": 10.0, "dynamodb_local": 60.0, "moto": 60.0}
CLOSING_SECONDS = 2.0
"""The kernel may close the port of a killed engine a moment after the process is gone."""
START_ATTEMPTS = 5
"""Starts on another port when something takes the one that was free a moment ago."""


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """An engine that runs."""

    in_use: bool
    kept: bool
    """Started by `engine start`: it stays until `engine stop`."""
    endpoint: str
    """Where its door listens."""
    access_key: str
    """What the door asks for: the access key id for an AWS SDK."""
    alone: bool
    """Whether nothing but the door reaches it; else other users of the machine might find its port."""
    kind: EngineKind
    version: str
    pid: int
    started: datetime
    warning: str | None
    users: tuple[str, ...]
    """Processes that use it, `<pid> <command>`, where the system tells."""


class EngineLease:
    """The right to use a running engine, until `release()` or the end of the `with` block."""

    def __init__(self, folder: DataFolder, record: EngineRecord, users: IO[str], find: Callable[[], Program]) -> None:
        self._folder = folder
        self.record = record
        """The engine as it runs now: after a crash another one."""
        self._users = users
        self._find = find

    @property
    def endpoint(self) -> str:
        """Address for `make_client`, `http://<key>@127.0.0.1:<port>`."""
        return self.record.endpoint

    @property
    def address(self) -> str:
        """The address without the key, to be shown."""
        return self.record.address

    @property
    def pid(self) -> int:
        """The engine's process."""
        return self.record.pid

    def restart_if_dead(self) -> bool:
        """Start a crashed engine again on the same port and file; True when it had crashed."""
        if self.record.runs():
            return False
        with self._folder.locked():
            self.record = _running_engine(self._folder, self._find, None, self.record)
        return True

    def keep(self) -> None:
        """Let the engine run on without users, until `stop`."""
        with self._folder.locked():
            self.record = self._folder.write(replace(self.record, kept=True))

    def release(self) -> None:
        """Stop using the engine; the last user stops it. Does nothing the second time."""
        if self._users.closed:
            return
        with self._folder.locked():
            self._users.close()
            record = self._folder.read()
            if record and not record.kept and not self._folder.in_use():
                _stop(self._folder, record)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def acquire(data_dir: Path, port: int | None = None, *, kind: EngineKind | None = None) -> EngineLease:
    """Use the folder's engine: the one that runs, else a new one on `port` (or any free port).

    Raises SetupError when the folder cannot be written, the port is taken, or nothing starts.
    """
    folder = DataFolder(data_dir)
    folder.create()
    find = partial(find_program, kind)
    with folder.locked():
        left_behind = folder.read() if folder.in_use() else None
        users = folder.join()
        try:
            record = _running_engine(folder, find, port, left_behind)
        except BaseException:
            users.close()
            raise
    return EngineLease(folder, record, users, find)


def status(data_dir: Path) -> EngineStatus | None:
    """The folder's engine as it is now, or None when none runs. Starts nothing and creates nothing."""
    folder = DataFolder(data_dir)
    record = folder.read()
    if record is None or not record.runs():
        return None
    with folder.locked():
        in_use = folder.in_use()
    return EngineStatus(
        in_use=in_use,
        kept=record.kept,
        endpoint=record.address,
        access_key=record.key,
        alone=record.alone,
        kind=record.kind,
        version=record.version,
        pid=record.pid,
        started=datetime.fromisoformat(record.started),
        warning=record.warning,
        users=tuple(f"{user} {command_of(user)}".strip() for user in folder.users()),
    )


def stop(data_dir: Path, *, force: bool = False) -> bool:
    """Stop the folder's engine; False when none ran. Raises SetupError when it is in use."""
    folder = DataFolder(data_dir)
    if folder.read() is None:
        return False
    with folder.locked():
        record = folder.read()
        if record is None or not record.runs():
            return False
        if folder.in_use() and not force:
            raise SetupError(f"The engine of {folder.path} is in use. End the programs that use it, or add --force.")
        _stop(folder, record)
    return True


def is_own(data_dir: Path, endpoint: str | None) -> bool:
    """Whether an endpoint is that of the folder's own engine."""
    record = DataFolder(data_dir).read()
    return record is not None and record.endpoint == endpoint


def _stop(folder: DataFolder, record: EngineRecord) -> None:
    record.end()
    folder.forget()


def _running_engine(
    folder: DataFolder, find: Callable[[], Program], port: int | None, users_know: EngineRecord | None
) -> EngineRecord:
    """The engine that runs and answers, else a new one.

    Args:
        port: a port that was asked for.
        users_know: the engine whose port and key its users still have; None where nobody waits for it.
    """
    record = folder.read()
    if record and record.runs() and wait_until(record.answers, READY_SECONDS[record.kind], 0.02):
        return record
    if record:
        record.end(grace=1.0)
    if port is None and users_know:
        started = _start(folder, find(), users_know.port, users_know.key, patience=CLOSING_SECONDS)
    elif port is not None:
        started = _start(folder, find(), port, new_key())
    else:
        started = _start_on_any_port(folder, find())
    try:
        return folder.write(replace(started, kept=bool(record and record.kept)))
    except SetupError:
        started.end()
        raise


def _start_on_any_port(folder: DataFolder, program: Program) -> EngineRecord:
    failure = SetupError("The engine was not started.")
    for _ in range(START_ATTEMPTS):
        try:
            return _start(folder, program, free_port(), new_key())
        except SetupError as error:
            failure = error
    raise failure


def _start(folder: DataFolder, program: Program, port: int, key: str, patience: float = 0.0) -> EngineRecord:
    """Start the engine behind its door on `port`, which may take a moment to be free again. Raises SetupError."""
    if not wait_until(partial(port_is_free, port), patience):
        raise SetupError(f"Port {port} is taken. Name another port for the engine, or none to get a free one.")
    started = launch(program, folder.path, port, key, READY_SECONDS[program.kind])
    record = EngineRecord.now(folder.path, port, program, key, started)
    if program.kind == "dynoxide":
        try:
            prepare_streams(folder.path / DATABASE)
        except ConsoleError:
            record.end()
            raise
    return record
