"""Passwords: how they are kept, and compared.

Kept as bcrypt of SHA-256: bcrypt alone reads only 72 bytes. The prefix `sha256` tells these hashes from plain
bcrypt ones, which a users file of an earlier system may bring; those are replaced at the next sign-in.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import unicodedata

import bcrypt

from console.data.store.codec import check_text
from console.errors import InvalidInput

ROUNDS = 12
"""bcrypt's cost: 2**12 rounds, about a quarter of a second."""
MINIMUM = 8
"""Characters that a password has at least."""
_LONGEST = 1_024
_PREFIX = "sha256"
_PLAIN_BYTES = 72


def check_password(password: str) -> str:
    """`password` when it may be chosen.

    Raises:
        InvalidInput: it is too short, too long or has a broken character.
    """
    check_text(password, "The password", limit=_LONGEST)
    if len(password) < MINIMUM:
        raise InvalidInput(f"The password has {len(password)} characters; choose at least {MINIMUM}.", field="password")
    return password


def check_hash(password_hash: str) -> str:
    """`password_hash` when passwords can be compared with it.

    Raises:
        InvalidInput: it is not a bcrypt hash.
    """
    try:
        bcrypt.checkpw(b"", password_hash.removeprefix(_PREFIX).encode())
    except ValueError as error:
        raise InvalidInput(
            "The password hash is not a bcrypt hash ($2b$...). Give a password instead.", field="passwordHash"
        ) from error
    return password_hash


def random_password() -> str:
    """A password that nobody can guess: 16 letters and digits, 92 bits, without look-alikes."""
    alphabet = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
    return "".join(secrets.choice(alphabet) for _ in range(16))


def hash_password(password: str, rounds: int = ROUNDS) -> str:
    """What is kept of a password."""
    return _PREFIX + bcrypt.hashpw(_digest(password), bcrypt.gensalt(rounds)).decode()


def matches(password: str, password_hash: str) -> bool:
    """Whether this is the password. Takes bcrypt's time either way."""
    if password_hash.startswith(_PREFIX):
        return bcrypt.checkpw(_digest(password), password_hash.removeprefix(_PREFIX).encode())
    plain = password.encode(errors="surrogatepass")[:_PLAIN_BYTES]
    return bcrypt.checkpw(plain, password_hash.encode())


def nobody(rounds: int = ROUNDS) -> str:
    """A hash that no password has, for comparisons that only take their time."""
    return f"{_PREFIX}$2b${rounds:02}${'.' * 53}"


def is_outdated(password_hash: str, rounds: int = ROUNDS) -> bool:
    """Whether the hash should be made anew while the password is at hand."""
    return not password_hash.startswith(f"{_PREFIX}$2b${rounds:02}$")


def _digest(password: str) -> bytes:
    """44 bytes of the password; one text for what keyboards write in different ways (NFKC)."""
    normal = unicodedata.normalize("NFKC", password)
    return base64.b64encode(hashlib.sha256(normal.encode(errors="surrogatepass")).digest())
