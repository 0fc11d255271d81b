"""One local engine per data folder, shared by every process that uses the folder.

    engine.lock    flock, exclusive: whoever starts, replaces or stops the engine
    engine.users   flock, shared: held by each user; the kernel drops it, also after kill -9
    engine.json    which engine runs (`EngineRecord`)
    engine.log     its output
    dynamodb.db    its data (dynoxide); moto keeps nothing

The first user starts the engine, the last one to leave stops it. An engine whose users were all
killed stays, and the next user takes it over.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from console.config import EngineKind
from console.engine.folder import DataFolder, EngineRecord
from console.engine.install import Program, find_program
from console.engine.process import answers, command_of, free_port, port_is_free, start_detached, terminate, wait_until
from console.errors import SetupError

READY_SECONDS = {"dynoxide": 10.0, "moto": 60.0}
CLOSING_SECONDS = 2.0
"""The kernel may close the port of a killed engine a moment after the process is gone."""
START_ATTEMPTS = 5
"""Starts on another port when something takes the one that was free a moment ago."""


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """What `engine status` shows."""

    running: bool
    in_use: bool = False
    kept: bool = False
    """Started by `engine start`: it stays until `engine stop`."""
    endpoint: str | None = None
    kind: EngineKind | None = None
    version: str | None = None
    pid: int | None = None
    started: str | None = None
    """ISO-8601, UTC."""
    warning: str | None = None
    users: tuple[str, ...] = ()
    """Processes that use it, `<pid> <command>`, where the system tells."""


class EngineLease:
    """The right to use a running engine, until `release()` or the end of the `with` block."""

    def __init__(self, folder: DataFolder, record: EngineRecord, users: IO[str], find: Callable[[], Program]) -> None:
        self._folder = folder
        self._record = record
        self._users = users
        self._find = find

    @property
    def endpoint(self) -> str:
        """Address for an AWS SDK, `http://127.0.0.1:<port>`."""
        return self._record.endpoint

    @property
    def kind(self) -> EngineKind:
        """Which engine it is."""
        return self._record.kind

    @property
    def version(self) -> str:
        """The engine's version."""
        return self._record.version

    @property
    def pid(self) -> int:
        """The engine's process."""
        return self._record.pid

    @property
    def warning(self) -> str | None:
        """What the person has to know about this engine (data only in memory), if anything."""
        return self._record.warning

    def restart_if_dead(self) -> bool:
        """Start a crashed engine again on the same port and file; True when it had crashed."""
        if self._record.runs():
            return False
        with self._folder.locked():
            self._record = _running_engine(self._folder, self._find, self._record.port)
        return True

    def keep(self) -> None:
        """Let the engine run on without users, until `stop`."""
        with self._folder.locked():
            self._record = self._folder.write(replace(self._record, kept=True))

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
        users = folder.join()
        try:
            record = _running_engine(folder, find, port)
        except BaseException:
            users.close()
            raise
    return EngineLease(folder, record, users, find)


def status(data_dir: Path) -> EngineStatus:
    """The folder's engine as it is now. Starts nothing and creates nothing."""
    folder = DataFolder(data_dir)
    record = folder.read()
    if record is None or not record.runs():
        return EngineStatus(running=False)
    with folder.locked():
        in_use = folder.in_use()
    return EngineStatus(
        running=True,
        in_use=in_use,
        kept=record.kept,
        endpoint=record.endpoint,
        kind=record.kind,
        version=record.version,
        pid=record.pid,
        started=record.started,
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


def _stop(folder: DataFolder, record: EngineRecord) -> None:
    if record.runs():
        terminate(record.pid)
    folder.forget()


def _running_engine(folder: DataFolder, find: Callable[[], Program], port: int | None) -> EngineRecord:
    """The engine that runs and answers, else a new one (on the port of a dead one if possible)."""
    record = folder.read()
    if record and record.runs():
        if wait_until(lambda: answers(record.port), READY_SECONDS[record.kind], 0.02):
            return record
        terminate(record.pid, grace=1.0)
    started = _start_on_a_port(folder, find(), port, record)
    return folder.write(replace(started, kept=bool(record and record.kept)))


def _start_on_a_port(
    folder: DataFolder, program: Program, port: int | None, before: EngineRecord | None
) -> EngineRecord:
    if port is not None:
        patience = CLOSING_SECONDS if before and before.port == port else 0.0
        if wait_until(partial(port_is_free, port), patience):
            return _start(folder, program, port)
        raise SetupError(f"Port {port} is taken. Name another port for the engine, or none to get a free one.")
    candidates = [before.port] if before and port_is_free(before.port) else []
    failure = SetupError("The engine was not started.")
    for _ in range(START_ATTEMPTS):
        try:
            return _start(folder, program, candidates.pop() if candidates else free_port())
        except SetupError as error:
            failure = error
    raise failure


def _start(folder: DataFolder, program: Program, port: int) -> EngineRecord:
    """Start the engine and wait until it serves. Raises SetupError with its last words."""
    output = folder.path / "engine.log"
    offset = output.stat().st_size if output.exists() else 0
    command = program.command(port, folder.path)
    pid = start_detached(command, output)
    record = EngineRecord.now(folder.path, pid, port, program, command)

    def said() -> str:
        return output.read_bytes()[offset:].decode(errors="replace")

    def ready_or_dead() -> bool:
        # Its own word first: on a port that something else took meanwhile, that one would answer.
        return not command_of(pid) or (record.endpoint in said() and answers(port))

    if wait_until(ready_or_dead, READY_SECONDS[program.kind]) and command_of(pid):
        return record
    terminate(pid)
    words = said().strip() or "nothing"
    raise SetupError(f"The engine ({program.kind}) did not start on port {port}; it said: {words} (see {output}).")
