"""The file of first users: a JSON list of {username, name, role, password | passwordHash}."""

from __future__ import annotations

from pathlib import Path

import msgspec

from console.data.users.passwords import check_hash, check_password
from console.data.users.users import Users, check_username
from console.errors import AlreadyExists, InvalidInput, SetupError
from console.records import Role, User


class Entry(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """One user of the file: with a password, or with the bcrypt hash of one."""

    username: str
    role: Role
    name: str = ""
    password: str | None = None
    password_hash: str | None = None


def import_file(users: Users, path: Path) -> list[User]:
    """Adds the users of a file that are not there yet; the others stay as they are.

    One GetItem per entry, one more request per new user.

    Returns:
        The new users.

    Raises:
        SetupError: the file cannot be read or has an entry that is not allowed; nobody was added.
    """
    added = []
    for entry in _read(path):
        if users.find(entry.username) is None:
            try:
                added.append(_add(users, entry, by=f"file {path.name}"))
            except AlreadyExists:
                continue  # another process reads the same file
    return added


def _read(path: Path) -> list[Entry]:
    try:
        entries = msgspec.json.decode(path.read_bytes(), type=list[Entry])
    except (OSError, msgspec.DecodeError, RecursionError) as error:
        raise SetupError(f"The users file {path} cannot be read: {error}. Correct it or unset it.") from error
    for number, entry in enumerate(entries, 1):
        try:
            _check(entry)
        except InvalidInput as error:
            raise SetupError(f"The users file {path} has a wrong entry {number}: {error}") from error
    return entries


def _check(entry: Entry) -> None:
    check_username(entry.username)
    if (entry.password is None) == (entry.password_hash is None):
        raise InvalidInput("Give either a password or a passwordHash.")
    if entry.password is not None:
        check_password(entry.password)
    if entry.password_hash is not None:
        check_hash(entry.password_hash)


def _add(users: Users, entry: Entry, by: str) -> User:
    name = entry.name or entry.username
    if entry.password is not None:
        return users.add(entry.username, name, entry.role, entry.password, by=by)
    return users.add_hashed(entry.username, name, entry.role, entry.password_hash or "", by=by)
