"""The password of the first admin, in a file of its owner alone until it was used once: a terminal may be gone."""

from __future__ import annotations

import os
from pathlib import Path

from console.data.users.users import FIRST_ADMIN, Users
from console.errors import SetupError
from console.private import write_private
from console.records import User

FILE = "first-password"


def ensure_first_admin(users: Users, folder: Path) -> tuple[str, str] | None:
    """As `Users.ensure_first_admin`, with the password in a file before the user is there. Raises SetupError."""
    draft = folder / f"{FILE}.{os.getpid()}"

    def keep(password: str) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            draft.unlink(missing_ok=True)
            write_private(draft, f"{FIRST_ADMIN}\n{password}\n")
        except OSError as error:
            raise SetupError(f"The first password cannot be kept in {draft}: {error.strerror}.") from error

    made = users.ensure_first_admin(keep)
    if made:
        os.replace(draft, folder / FILE)
    else:
        draft.unlink(missing_ok=True)
    return made


def used(folder: Path, user: User) -> None:
    """Somebody has signed in: the first admin needs the file no more."""
    if user.username == FIRST_ADMIN:
        (folder / FILE).unlink(missing_ok=True)
