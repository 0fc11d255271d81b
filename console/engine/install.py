"""Which engine this machine can run: the first of a list that can be had, and a line that says why."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from console.config import HOME, EngineKind
from console.engine import dynamodb_local, sources
from console.errors import SetupError

log = logging.getLogger(__name__)

INSTALL_DIR = HOME / ".engine"
DATABASE = "dynamodb.db"
"""dynoxide's file in the data folder."""
MEMORY = Path(__file__).with_name("memory.py")
IN_MEMORY_WARNING = (
    "The durable engine is not available here ({reason}). The in-memory engine (moto) is used instead: "
    "all data is lost when it stops, and there is no vector index."
)


@dataclass(frozen=True, slots=True)
class Program:
    """An engine that can be started."""

    kind: EngineKind
    version: str
    executable: tuple[str, ...]
    """The command line up to what says where to serve; `{host}`, `{port}` and `{folder}` are filled in at the start."""
    why: str
    """Where it comes from, and what could not be had before it."""
    warning: str | None = None
    """What the person has to know about it, if anything."""

    def command(self, data_dir: Path) -> list[str]:
        """The command line that serves at the `{host}` and `{port}` that the door chooses, on files of `data_dir`."""
        return [part.replace("{folder}", str(data_dir)) for part in self.executable]

    def __str__(self) -> str:
        return f"{self.kind} {self.version}: {self.why}"


def find_program(kind: EngineKind | None = None, install_dir: Path = INSTALL_DIR) -> Program:
    """The engine to use: `kind`, or the first that can be had. Nothing is fetched when it is there and unchanged.

    In order: dynoxide from npm, dynoxide built by cargo, DynamoDB Local, moto in memory.

    Raises:
        SetupError: `kind` is named and cannot be had; says why of each way that was tried.
    """
    if kind == "moto":
        return _moto("ENGINE_KIND=moto was asked for")
    missing: list[str] = []
    for one, find in _WAYS:
        if kind not in (None, one):
            continue
        try:
            return find(install_dir, missing)
        except SetupError as error:
            missing.append(str(error).rstrip("."))
    reason = "; ".join(missing)
    if kind is not None:
        raise SetupError(f"The engine {kind} cannot be had here: {reason}.")
    return _moto(reason)


def _npm(install_dir: Path, missing: list[str]) -> Program:
    binary, origin = sources.from_npm(install_dir)
    return _dynoxide(binary, sources.DYNOXIDE_VERSION, origin, missing)


def _cargo(install_dir: Path, missing: list[str]) -> Program:
    binary, origin = sources.from_cargo(install_dir)
    return _dynoxide(binary, sources.CARGO_VERSION, origin, missing)


def _dynoxide(binary: Path, number: str, origin: str, missing: list[str]) -> Program:
    serve = ("serve", "--host", "{host}", "--port", "{port}", "--db-path", f"{{folder}}/{DATABASE}")
    return Program("dynoxide", number, (str(binary), *serve), _because(origin, missing))


def _local(_install_dir: Path, missing: list[str]) -> Program:
    command = dynamodb_local.command("{folder}", "{port}")
    warning = "DynamoDB Local has no vector index: collections are searched in memory."
    return Program(
        "dynamodb_local", dynamodb_local.VERSION, tuple(command), _because("Java is here", missing), warning=warning
    )


def _moto(reason: str) -> Program:
    command = (sys.executable, "-I", str(MEMORY), "-H", "{host}", "-p", "{port}")
    try:
        number = version("moto")
    except PackageNotFoundError as error:
        raise SetupError(
            f"The in-memory engine is not installed: pip install 'geval-console[moto]'. It is needed: {reason}."
        ) from error
    return Program("moto", number, command, reason, warning=IN_MEMORY_WARNING.format(reason=reason))


def _because(origin: str, missing: list[str]) -> str:
    return f"{origin} ({'; '.join(missing)})" if missing else origin


_WAYS: tuple[tuple[EngineKind, Callable[[Path, list[str]], Program]], ...] = (
    ("dynoxide", _npm),
    ("dynoxide", _cargo),
    ("dynamodb_local", _local),
)


def main() -> None:
    """`python -m console.engine.install`: get the engine now, so that later starts need no network."""
    program = find_program()
    sys.stdout.write(f"Engine: {program}\n")
    if program.warning:
        sys.stderr.write(f"Warning: {program.warning}\n")


if __name__ == "__main__":
    main()
