"""Users: who may sign in, and as what. One item per user; items whose names begin with `#` are not users."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec

from console.data.store import tables
from console.data.store.answers import ConditionFailed
from console.data.store.codec import check_text, from_item, to_item, to_wire_map
from console.data.store.requests import Check, Condition, Delete, Put, Update, equals
from console.data.store.store import Store
from console.data.users import passwords
from console.data.users.sign_in import SignIn
from console.errors import AlreadyExists, InvalidInput, NotFound
from console.records import Role, User, utcnow

KIND = "user"
FIRST_ADMIN = "admin"
_Users = list[User]
_NAME = re.compile(r"[a-z0-9._@-]{1,64}")
_LONGEST_NAME = 100
_COOKIE_KEY = "#cookie-key"
_ABSENT = Condition("attribute_not_exists(#pk)", {"#pk": "username"})
_PRESENT = Condition("attribute_exists(#pk)", {"#pk": "username"})


class Users:
    """Repository of users. Nothing is cached: a role, a password or a revocation counts at once, everywhere.

    Args:
        rounds: bcrypt's cost, 4..31.
    """

    def __init__(self, store: Store, clock: Callable[[], datetime] = utcnow, *, rounds: int = passwords.ROUNDS) -> None:
        self._store = store
        self._clock = clock
        self._rounds = rounds
        self._sign_in = SignIn(store, clock, rounds)
        self._cookie_key = ""

    # --- reading ---------------------------------------------------------------------------------------

    def get(self, username: str) -> User:
        """The user. One GetItem. Raises NotFound."""
        found = self.find(username)
        if found is None:
            raise NotFound(KIND, username)
        return found

    def find(self, username: str) -> User | None:
        """The user, or None. One GetItem; none for what cannot be a user name."""
        known = _folded(username)
        if not _NAME.fullmatch(known):
            return None
        item = self._store.get(tables.USERS, known)
        return from_item(item, User) if item else None

    def list(self) -> _Users:
        """All users by name. One consistent Scan per 500 users.

        The only list that is a Scan, and has no pages: a team's users are tens of small items in a table of
        their own, all of which are shown.
        """
        items = self._store.scan(tables.USERS)
        users = [from_item(item, User) for item in items if not item["username"]["S"].startswith("#")]
        return sorted(users, key=lambda user: user.username)

    # --- writing ---------------------------------------------------------------------------------------

    def add(
        self,
        username: str,
        name: str,
        role: Role,
        password: str,
        *,
        by: str,
        must_change_password: bool = False,
    ) -> User:
        """A new user. One request.

        Raises:
            AlreadyExists: the user name is taken.
            InvalidInput: the name or the password is not allowed.
        """
        known = check_username(username)
        password_hash = passwords.hash_password(passwords.check_password(password), self._rounds)
        return self.add_hashed(known, name, role, password_hash, by=by, must_change_password=must_change_password)

    def add_hashed(
        self,
        username: str,
        name: str,
        role: Role,
        password_hash: str,
        *,
        by: str,
        must_change_password: bool = False,
    ) -> User:
        """A new user whose password is known only by its bcrypt hash. One request. Raises as `add`."""
        now = self._clock()
        user = User(
            username=check_username(username),
            name=_check_name(name),
            role=role,
            password_hash=passwords.check_hash(password_hash),
            created_on=now,
            created_by=by,
            sessions_valid_from=now,
            must_change_password=must_change_password,
        )
        try:
            self._store.write(Put(tables.USERS, to_item(user), _ABSENT))
        except ConditionFailed as error:
            raise AlreadyExists(KIND, user.username) from error
        return user

    def ensure_first_admin(self) -> tuple[str, str] | None:
        """Makes the user `admin` when there is no user at all: (user name, password), told only this once.

        One Scan of an empty table and one request. Of several processes at once, one makes the user.
        """
        if self.list():
            return None
        password = passwords.random_password()
        try:
            self.add(FIRST_ADMIN, "Administrator", Role.ADMIN, password, by="system")
        except AlreadyExists:
            return None
        return FIRST_ADMIN, password

    def set_role(self, username: str, role: Role) -> User:
        """Gives the user another role, effective at once. Two requests; for an admin also a Scan.

        Raises:
            NotFound: there is no such user.
            InvalidInput: it is the last admin.
        """
        user = self.get(username)
        while user.role is not role:
            change = Update(tables.USERS, (user.username,), sets={"role": role.value}, condition=_has_role(user.role))
            if self._changed(user, change):
                return msgspec.structs.replace(user, role=role)
            user = self.get(username)
        return user

    def set_password(self, username: str, password: str, *, must_change_password: bool = False) -> None:
        """Another password: ends every session of the user, and unlocks. One request.

        Raises:
            NotFound: there is no such user.
            InvalidInput: the password is not allowed.
        """
        password_hash = passwords.hash_password(passwords.check_password(password), self._rounds)
        self._set(
            username,
            passwordHash=password_hash,
            sessionsValidFrom=self._clock(),
            mustChangePassword=must_change_password,
            attempts=0,
        )

    def revoke(self, username: str) -> None:
        """Ends every session of the user. One request. Raises NotFound."""
        self._set(username, sessionsValidFrom=self._clock())

    def delete(self, username: str) -> None:
        """Removes the user. Two requests; for an admin also a Scan.

        Raises:
            NotFound: there is no such user.
            InvalidInput: it is the last admin.
        """
        user: User | None = self.get(username)
        while user is not None:
            if self._changed(user, Delete(tables.USERS, (user.username,), _has_role(user.role))):
                return
            user = self.find(username)

    # --- signing in ------------------------------------------------------------------------------------

    def verify(self, username: str, password: str) -> User | None:
        """The user when the password is right. Three requests.

        None says the same, and takes the same time, for an unknown user, a wrong password and an account that
        rests: after five wrong passwords it rests for 15 minutes.
        """
        return self._sign_in.verify(self.find(username), password)

    def cookie_key(self) -> str:
        """The key that session cookies are signed with, 256 bits, the same for every process.

        One GetItem in the life of a process; made when it is first asked for.
        """
        if not self._cookie_key:
            item = self._store.get(tables.USERS, _COOKIE_KEY) or self._make_cookie_key()
            self._cookie_key = item["secret"]["S"]
        return self._cookie_key

    # --- inside ----------------------------------------------------------------------------------------

    def _set(self, username: str, **sets: Any) -> None:
        removes = ("lockedUntil",) if "attempts" in sets else ()
        known = self._known_name(username)
        try:
            self._store.write(Update(tables.USERS, (known,), sets=sets, removes=removes, condition=_PRESENT))
        except ConditionFailed as error:
            raise NotFound(KIND, username) from error

    def _known_name(self, username: str) -> str:
        known = _folded(username)
        if not _NAME.fullmatch(known):
            raise NotFound(KIND, username)
        return known

    def _changed(self, user: User, change: Update | Delete) -> bool:
        """Applies what ends the user's role; False when the user, or who stays admin, was changed meanwhile.

        An admin may go only while another is seen to stay, in the same transaction: of two admins who remove
        each other at the same time, one stays.
        """
        writes: list[Update | Delete | Check] = [change]
        if user.role is Role.ADMIN:
            writes.append(Check(tables.USERS, (self._other_admin(user),), _has_role(Role.ADMIN)))
        try:
            self._store.transact(writes)
        except ConditionFailed:
            return False
        return True

    def _other_admin(self, user: User) -> str:
        for other in self.list():
            if other.role is Role.ADMIN and other.username != user.username:
                return other.username
        raise InvalidInput(f"{user.username} is the only admin. Make another user an admin first.", field="role")

    def _make_cookie_key(self) -> dict[str, Any]:
        item = to_wire_map({"username": _COOKIE_KEY, "secret": secrets.token_hex(32)})
        try:
            self._store.write(Put(tables.USERS, item, _ABSENT))
        except ConditionFailed as error:
            return error.items[0] or self._make_cookie_key()
        return item


def check_username(username: str) -> str:
    """The user name as it is kept: lower case, without surrounding white space.

    Raises:
        InvalidInput: it has other characters than a-z, 0-9, '.', '_', '@' and '-', or not 1 to 64 of them.
    """
    known = _folded(username)
    if not _NAME.fullmatch(known):
        raise InvalidInput(
            "A user name has 1 to 64 characters out of a-z, 0-9, '.', '_', '@' and '-'. Choose another.",
            field="username",
        )
    return known


def _folded(username: str) -> str:
    return username.strip().lower()


def _check_name(name: str) -> str:
    trimmed = check_text(name, "The name").strip()
    if len(trimmed) > _LONGEST_NAME:
        raise InvalidInput(
            f"The name has {len(trimmed)} characters; at most {_LONGEST_NAME} are allowed.", field="name"
        )
    return trimmed


def _has_role(role: Role) -> Condition:
    return equals("role", role.value)
