"""Files and folders that only their owner reads: keys, passwords, data, logs."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

FOLDER_MODE = 0o700
FILE_MODE = 0o600
LOG_BYTES = 5_000_000
"""From which on the next start begins a new log."""
LOGS_KEPT = 3
"""Former logs of one name, `<name>.1` the newest."""
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


def rotate(log: Path) -> None:
    """Begin a new log where the old one is long; who still writes the old one goes on in it. Raises OSError."""
    with suppress(FileNotFoundError):
        if log.stat().st_size > LOG_BYTES:
            for number in range(LOGS_KEPT - 1, 0, -1):
                older = log.with_name(f"{log.name}.{number}")
                if older.exists():
                    os.replace(older, log.with_name(f"{log.name}.{number + 1}"))
            os.replace(log, log.with_name(f"{log.name}.1"))


def opener(path: str, flags: int) -> int:
    """For `open(..., opener=opener)`: a new file is the owner's alone.

    Raises OSError for a link: who put it there before the folder was closed would choose what is written over.
    """
    return os.open(path, flags | os.O_NOFOLLOW, FILE_MODE)


def write_private(path: Path, text: str) -> bool:
    """Write a new file of the owner's alone, whole or not at all; False when it is there already. Raises OSError."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
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
