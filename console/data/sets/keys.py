"""Keys of test sets in the runs table, and the ids that names make."""

from __future__ import annotations

import hashlib
import re
import unicodedata

from console.errors import NotFound

NAMED = "test set"
VERSION = "VERSION#"
_SORT = "SET"
_ID = re.compile(r"[a-z0-9-]{1,80}")


def header_key(set_id: str) -> tuple[str, str]:
    """Key of a set's header. Raises NotFound for what cannot be an id."""
    if not _ID.fullmatch(set_id):
        raise NotFound(NAMED, set_id)
    return f"SET#{set_id}", _SORT


def numbers_key(set_id: str) -> tuple[str, str]:
    """Key of the item that counts a set's versions and experiments, those that came to nothing included."""
    return header_key(set_id)[0], "NUMBERS"


def id_of(name: str) -> str:
    """The id that a name makes: its letters and digits without marks, in lower case, joined by hyphens."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    words = re.findall(r"[a-z0-9]+", plain)
    if words:
        return "-".join(words)[:60].strip("-")
    return f"set-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def version_key(set_id: str, number: int) -> tuple[str, str]:
    """Key of a set's version."""
    return header_key(set_id)[0], f"{VERSION}{number:06}"
