"""Who may do what. Every action that writes begins with `permit`; pages that hide buttons are only polite."""

from __future__ import annotations

import sys

from console import telemetry
from console.errors import Forbidden
from console.records import Role, User, utcnow


def permit(actor: User, role: Role, *, before_own_password: bool = False) -> str:
    """The name to record for the write, when `actor` has `role` or one that includes it.

    Args:
        before_own_password: also for an actor who still has the password that somebody else chose.

    Raises:
        Forbidden: the actor's role does not allow it, or the actor has to choose a password first.
    """
    if not actor.role.includes(role):
        raise Forbidden(f"This needs the role {role}; {actor.username} is {actor.role}. Ask an admin for it.")
    if actor.must_change_password and not before_own_password:
        raise Forbidden("Choose a password of your own first; the present one is known to whoever made it.")
    telemetry.permitted(sys._getframe(1).f_code.co_name, role.value)
    return actor.username


def outsider(name: str) -> User:
    """Who acts without being a user of the console: a command, or a key of the API. May do all."""
    now = utcnow()
    return User(username=name, name=name, role=Role.ADMIN, password_hash="", created_on=now, sessions_valid_from=now)
