"""The file of an installation's secret where no setting names one. Light to import: `serve` looks here first."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Sequence
from pathlib import Path

from console.errors import SetupError
from console.private import opener, write_private

FILE = "console.key"
"""In the data folder; one secret a line, the first is the one in force."""


def make_file(folder: Path) -> bool:
    """Make the file with a new secret; whether it was not there. Raises SetupError."""
    path = folder / FILE
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return not path.exists() and write_private(path, f"{secrets.token_hex(32)}\n")
    except OSError as error:
        raise SetupError(
            f"No key can be kept in {path}: {error.strerror}. Make the folder writable, or set CONSOLE_KEY."
        ) from error


def rotate(folder: Path) -> None:
    """Put a new secret into force; the others are still believed. Raises SetupError."""
    make_file(folder)
    _replace(folder, lambda known: [secrets.token_hex(32), *known])


def forget_former(folder: Path) -> None:
    """Believe the secret in force only. Raises SetupError."""
    make_file(folder)
    _replace(folder, lambda known: known[:1])


def _replace(folder: Path, change: Callable[[Sequence[str]], Sequence[str]]) -> None:
    """Write the file anew, whole or not at all, one process at a time."""
    path, draft = folder / FILE, folder / f"{FILE}.new"
    try:
        with open(draft, "x", encoding="ascii", opener=opener) as file:
            file.write("".join(f"{one}\n" for one in change(path.read_text(encoding="ascii").split())))
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    except FileExistsError as error:
        raise SetupError(
            f"Somebody else changes the key at this moment. If nobody does, remove {draft} and try again."
        ) from error
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise SetupError(f"The key in {path} cannot be changed: {error.strerror}.") from error


def is_first_use(setting: str | None, folder: Path) -> bool:
    """Whether the key of a data folder's own engine is made now: users of an earlier release may be without seals.

    That is so once in the life of a folder, before anybody could reach its engine past the door. Users in other stores
    are sealed by a person: `python -m console users seal`.
    """
    return setting is None and make_file(folder)
