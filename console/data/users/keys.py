"""The keys of an installation that no table holds: they seal the records of users and sign the cookies of sessions.

Whoever can write into the store, or read it, can therefore neither make a user nor a session. The secret behind them
comes from the setting `CONSOLE_KEY`, which may name one of AWS Secrets Manager, else from a file of mode 0600 in the
data folder. It may be several: the first seals and signs, the others are still believed, so that a change of the
secret signs nobody out. A file that was changed counts at once in every process, a secret of AWS after `AGE_SECONDS`.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import os
import secrets
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from console.data.users.key_file import FILE, make_file
from console.errors import SetupError
from console.records import User

MANAGER = "secretsmanager:"
"""Before the name or ARN of a secret of AWS Secrets Manager, whose text is one secret a line."""
SHORTEST = 32
"""Characters of a secret."""


AGE_SECONDS = 300.0
"""From which on a secret of AWS Secrets Manager is read again."""

log = logging.getLogger(__name__)


class Keyring:
    """The keys, read when they are needed.

    Args:
        read: the secrets, the one in force first; asked each time, so it remembers what costs.
    """

    def __init__(self, read: Callable[[], Sequence[str]]) -> None:
        self._read = read

    @classmethod
    def of(cls, setting: str | None, folder: Path, region: str) -> Keyring:
        """The keys that the setting `CONSOLE_KEY` gives or names, else those of the data folder's file."""
        if setting is None:
            return cls(Followed(folder))
        if setting.startswith(MANAGER):
            return cls(Aged(lambda: _from_manager(setting.removeprefix(MANAGER), region)))
        return cls(cache(lambda: _checked(setting.split(","), "CONSOLE_KEY")))

    @classmethod
    def passing(cls) -> Keyring:
        """Keys that nobody else has and that end with this object: users of other objects are strangers to it."""
        secret = secrets.token_hex(32)
        return cls(lambda: (secret,))

    @property
    def cookie_keys(self) -> tuple[str, ...]:
        """256 bits each, hexadecimal; the first signs."""
        return tuple(_derived(one, "cookie").hex() for one in self._read())

    def seal(self, user: User) -> str:
        """The seal of a record, with the key in force."""
        return _sealed(_derived(self._read()[0], "users"), user)

    def holds(self, user: User) -> bool:
        """Whether the record is sealed with one of the keys, unchanged."""
        shown = user.seal.encode(errors="replace")
        seals = [_sealed(_derived(one, "users"), user).encode() for one in self._read()]
        return any(hmac.compare_digest(seal, shown) for seal in seals)


class Followed:
    """The secrets of the folder's file, read again when it was changed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: tuple[tuple[int, int], tuple[str, ...]] | None = None

    def __call__(self) -> tuple[str, ...]:
        """The secrets. Raises SetupError."""
        with suppress(OSError):
            state = os.stat(self._folder / FILE)
            seen = (state.st_mtime_ns, state.st_ino)
            if self._known is None or self._known[0] != seen:
                self._known = seen, read_file(self._folder)
            return self._known[1]
        return self._known[1] if self._known else read_file(self._folder)


class Aged:
    """Secrets that are read again after a while; those of before stay where that fails."""

    def __init__(self, read: Callable[[], tuple[str, ...]], clock: Callable[[], float] = time.monotonic) -> None:
        self._ask = read
        self._clock = clock
        self._known: tuple[float, tuple[str, ...]] | None = None

    def __call__(self) -> tuple[str, ...]:
        """The secrets. Raises SetupError where they were never read."""
        now = self._clock()
        if self._known is None:
            self._known = now, self._ask()
        elif now - self._known[0] >= AGE_SECONDS:
            self._known = now, self._known[1]  # so that one of many asks
            try:
                self._known = now, self._ask()
            except SetupError as error:
                log.warning("The former keys stay in use: %s", error)
        return self._known[1]


def read_file(folder: Path) -> tuple[str, ...]:
    """The secrets of the folder's file, which is made when it is not there. Raises SetupError."""
    make_file(folder)
    path = folder / FILE
    try:
        lines = path.read_text(encoding="ascii").split()
    except (OSError, UnicodeDecodeError) as error:
        raise SetupError(f"The key file {path} cannot be read: {error}.") from error
    return _checked(lines, str(path))


def _from_manager(name: str, region: str) -> tuple[str, ...]:
    try:
        client: Any = boto3.client("secretsmanager", region_name=region)
        text = client.get_secret_value(SecretId=name)["SecretString"]
    except (BotoCoreError, ClientError, KeyError) as error:
        raise SetupError(
            f"The secret {name} of CONSOLE_KEY cannot be read from AWS Secrets Manager: {error}"
        ) from error
    return _checked(text.split(), f"The secret {name}")


def _checked(given: Sequence[str], where: str) -> tuple[str, ...]:
    found = tuple(one.strip() for one in given if one.strip())
    if not found or min(map(len, found)) < SHORTEST:
        raise SetupError(f"{where} has to hold one or more secrets of at least {SHORTEST} characters.")
    return found


def _derived(secret: str, purpose: str) -> bytes:
    return hmac.digest(secret.encode(), f"geval-console/{purpose}/1".encode(), hashlib.sha256)


def _sealed(key: bytes, user: User) -> str:
    """Over all that says who somebody is, what they may do, and since when; not over counters of attempts."""
    said = [
        user.username,
        user.name,
        user.role.value,
        user.password_hash,
        user.sessions_valid_from.isoformat(),
        user.must_change_password,
        user.identity,
    ]
    return hmac.new(key, json.dumps(said, ensure_ascii=True).encode(), hashlib.sha256).hexdigest()
