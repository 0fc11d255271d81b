"""Files and folders that only their owner reads: keys, passwords, data, logs."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

FOLDER_MODE = 0o700
FILE_MODE = 0o600
_OTHERS = 0o077


def private_folder(path: Path) -> None:
    """Make the folder where it is missing, and close it and the files in it to other users. Raises OSError.

    A folder or a file of somebody else is left as it is: only its owner may close it.
    """
    path.mkdir(parents=True, exist_ok=True, mode=FOLDER_MODE)
    for entry in (path, *path.iterdir()):
        with suppress(FileNotFoundError, PermissionError):
            mode = entry.lstat().st_mode
            if mode & _OTHERS and not entry.is_symlink():
                entry.chmod(mode & ~_OTHERS & 0o7777)


def opener(path: str, flags: int) -> int:
    """For `open(..., opener=opener)`: a new file is the owner's alone."""
    return os.open(path, flags, FILE_MODE)


def write_private(path: Path, text: str) -> bool:
    """Write a new file of the owner's alone, whole or not at all; False when it is there already. Raises OSError."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with open(draft, "x", encoding="utf-8", opener=opener) as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        return False
    finally:
        draft.unlink()
    return True
