"""Unique names: a lock item per name, written in the same transaction as the record that bears it."""

from __future__ import annotations

import hashlib

from console.data.store import tables
from console.data.store.codec import check_line, check_text, to_wire_map
from console.data.store.requests import ABSENT, KEY_BYTES, Condition, Delete, Put
from console.errors import InvalidInput

NAME_LIMIT = 200
LENIENT_LIMIT = 50_000
"""Characters that a name may have where the old API is served: it had no limit."""
_LOCK = "LOCK"


def check_name(name: str, kind: str, *, lenient: bool = False) -> str:
    """`name` without surrounding white space.

    Args:
        lenient: what the old API accepted: the name as it is, also empty, and much longer.

    Raises:
        InvalidInput: empty, too long, or with a broken or a control character.
    """
    checked = (check_text if lenient else check_line)(name, f"The name of the {kind}")
    limit = LENIENT_LIMIT if lenient else NAME_LIMIT
    if not lenient:
        checked = checked.strip()
        if not checked:
            raise InvalidInput(f"The {kind} needs a name.", field="name")
    if len(checked) > limit:
        raise InvalidInput(
            f"The name of the {kind} has {len(checked)} characters; at most {limit} are allowed.", field="name"
        )
    return checked


def folded(name: str) -> str:
    """What makes two names the same where letter case does not count. White space does: the old API keeps it."""
    return name.lower()


def lock_key(kind: str, folded_name: str) -> tuple[str, str]:
    """Key of the lock item of a name; of a name too long for a key, the one of its hash."""
    if len(folded_name.encode()) > KEY_BYTES // 2:
        folded_name = f"sha256:{hashlib.sha256(folded_name.encode()).hexdigest()}"
    return f"NAME#{kind.upper()}#{folded_name}", _LOCK


def claim(table: str, kind: str, folded_name: str, owner: str) -> Put:
    """Takes a name for `owner`; its condition fails when somebody has it."""
    return Put(table, to_wire_map({**tables.keyed(*lock_key(kind, folded_name)), "owner": owner}), ABSENT)


def release(table: str, kind: str, folded_name: str, owner: str) -> Delete:
    """Gives a name back; its condition fails when somebody else than `owner` has it.

    Nobody has the name of a record that an earlier system wrote.
    """
    own = Condition("attribute_not_exists(#is) OR #is = :is", {"#is": "owner"}, {":is": owner})
    return Delete(table, lock_key(kind, folded_name), own)
