"""What the commands share: options, settings, services, JSON, progress."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from console.cli.terminal import as_it_is, neutral
from console.config import HOME, Settings
from console.redaction import log_to_stderr

if TYPE_CHECKING:
    from console.records import Case, Judge
    from console.services import Services

DataDir = Annotated[
    Path | None,
    typer.Option(help="Folder of the embedded engine's data.", show_default="DATA_DIR, else .local", file_okay=False),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]

Advance = Callable[[int, int | None], None]
"""Called with what is done so far and, when it is known, the total."""


def load_settings(data_dir: Path | None) -> Settings:
    """The settings of this command; logging is set up by them."""
    settings = Settings.load(secrets_file=HOME / ".streamlit" / "secrets.toml")
    log_to_stderr(settings.log_level)
    return settings.replace(data_dir=data_dir) if data_dir else settings


@contextmanager
def open_services(data_dir: Path | None, *, create_tables: bool | None = None) -> Iterator[Services]:
    """The services on the store that the settings name. Raises SetupError and StoreUnavailable."""
    from console.services import build_services

    with build_services(load_settings(data_dir), create_tables=create_tables) as services:
        if services.lease and services.lease.record.warning:
            typer.echo(f"Warning: {services.lease.record.warning}", err=True)
        yield services


def operator() -> str:
    """Who runs the command, for the records that say who changed them."""
    try:
        return f"{getpass.getuser()} (command line)"
    except (KeyError, OSError):
        return "command line"


def find_judge(services: Services, wanted: str) -> Judge:
    """The judge with this id, or this name where only one has it; `@2.0` behind it names an older version.

    Raises:
        NotFound: there is none.
        InvalidInput: several have the name.
    """
    from console.errors import InvalidInput, NotFound

    found = services.judges.find(wanted)
    named = [judge for judge in services.judges.list() if judge.name == wanted]
    if found or len(named) == 1:
        return found or named[0]
    if named:
        raise InvalidInput(f"{len(named)} judges are named {wanted!r}. Give the id of one.")
    before, _, version = wanted.rpartition("@")
    if before:
        return services.judges.version(find_judge(services, before).judge_id, version)
    raise NotFound("judge", wanted)


def find_case(services: Services, name: str) -> Case:
    """The case of a name. Raises NotFound."""
    from console.errors import existing

    return existing(services.cases.find_by_name(name), "case", name)


def check_place(path: Path) -> None:
    """Raises SetupError when no file can be written there: before work that costs something."""
    with _draft_of(path):
        pass


def write_file(path: Path, content: bytes) -> None:
    """Writes a file whole or not at all. Raises SetupError."""
    with whole_file(path) as draft:
        draft.write_bytes(content)


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A draft that becomes the file where the block ends well. Raises SetupError when it cannot be written."""
    with _draft_of(path) as draft:
        yield draft
        os.replace(draft, path)


@contextmanager
def _draft_of(path: Path) -> Iterator[Path]:
    """A file beside `path`, which is gone afterwards."""
    from console.errors import SetupError

    draft = path.with_name(f"{path.name}.part")
    try:
        draft.touch()
        yield draft
    except OSError as error:
        raise SetupError(f"{path} cannot be written: {error.strerror}. Choose another place.") from error
    finally:
        with suppress(OSError):
            draft.unlink()


def print_json(value: object) -> None:
    """Print a value, records included, as indented JSON."""
    import msgspec
    import orjson

    typer.echo(orjson.dumps(msgspec.to_builtins(value), option=orjson.OPT_INDENT_2).decode("utf-8"))


@contextmanager
def progress(what: str) -> Iterator[Advance]:
    """A progress bar on a terminal; nothing elsewhere."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    screen = Console(file=as_it_is(sys.stderr))
    columns = (TextColumn(neutral(what)), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
