"""Who may sign in, and what they may do."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from console.records.base import Record


class Role(StrEnum):
    """What a user may do; each role includes the ones before it."""

    VIEWER = "viewer"
    EVALUATOR = "evaluator"
    ADMIN = "admin"

    def includes(self, other: Role) -> bool:
        """Whether this role may do what `other` may do."""
        order = list(Role)
        return order.index(self) >= order.index(other)


class User(Record, frozen=True):
    """Somebody who may sign in."""

    username: str
    """Unique, lower case."""
    name: str
    role: Role
    password_hash: str
    created_on: datetime
    sessions_valid_from: datetime
    """Sessions that began before this are over."""
    created_by: str = "system"
    attempts: int = 0
    """Failed sign-ins since the last good one."""
    locked_until: datetime | None = None
    must_change_password: bool = False
    identity: str | None = None
    """`<issuer> <subject>` of the provider by which they signed in first; no other identity is theirs."""
    seal: str = ""
    """Shows that the console wrote the record (console/data/users/keys.py); without it the record is nobody."""
