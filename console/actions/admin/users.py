"""Who may sign in, and everybody's own password. A password that is made here is told once and kept by nobody."""

from __future__ import annotations

from dataclasses import dataclass

from console.actions.permissions import permit
from console.data.users.passwords import matches, random_password
from console.errors import InvalidInput
from console.records import Role, User
from console.services import Services
from console.telemetry import traced


@dataclass(frozen=True, slots=True)
class Issued:
    """A first password, to be handed over and changed at the first sign-in."""

    username: str
    password: str


@traced
def add_user(
    services: Services, actor: User, username: str, name: str, role: Role, *, password: str | None = None
) -> Issued:
    """A new user, who chooses a password at the first sign-in.

    Args:
        password: the first one; a random one when it is not given.

    Raises:
        AlreadyExists: the user name is taken.
        InvalidInput: the name or the password is not allowed.
        Forbidden: the actor is no admin.
    """
    by = permit(actor, Role.ADMIN)
    first = password or random_password()
    user = services.users.add(username, name or username, role, first, by=by, must_change_password=True)
    return Issued(user.username, first)


@traced
def change_role(services: Services, actor: User, username: str, role: Role) -> User:
    """Another role, effective at once. Raises NotFound, Forbidden, and InvalidInput for the last admin."""
    permit(actor, Role.ADMIN)
    return services.users.set_role(username, role)


@traced
def reset_password(services: Services, actor: User, username: str) -> Issued:
    """Another first password; ends the user's sessions and unlocks. Raises NotFound and Forbidden."""
    permit(actor, Role.ADMIN)
    first = random_password()
    services.users.set_password(username, first, must_change_password=True)
    return Issued(username, first)


@traced
def revoke_sessions(services: Services, actor: User, username: str) -> None:
    """Ends every session of a user. Raises NotFound and Forbidden."""
    permit(actor, Role.ADMIN)
    services.users.revoke(username)


@traced
def delete_user(services: Services, actor: User, username: str) -> None:
    """Removes a user. Raises NotFound, Forbidden, and InvalidInput for the last admin."""
    permit(actor, Role.ADMIN)
    services.users.delete(username)


@traced
def change_own_password(services: Services, actor: User, old: str | None, new: str, repeated: str) -> None:
    """The actor's own password; ends all of the actor's sessions.

    Args:
        old: the present one; it may be None for an actor who has just signed in with one that was given to them.

    Raises:
        InvalidInput: the old password is wrong (or was, five times: then the account rests), the new one is not
            allowed, not repeated alike, or no other than the old one.
    """
    name = permit(actor, Role.VIEWER, before_own_password=True)
    if new != repeated:
        raise InvalidInput("The new password and its repetition are not the same. Type both again.", field="repeated")
    given = old is None and actor.must_change_password
    if not given and (old is None or services.users.verify(name, old) is None):
        raise InvalidInput(
            "The present password is not right. After five wrong passwords an account rests for 15 minutes.",
            field="old",
        )
    if matches(new, actor.password_hash):
        raise InvalidInput("The new password is the present one. Choose another.", field="new")
    services.users.set_password(name, new)
