"""Users: who may sign in, and as what. One item per user; items whose names begin with `#` are not users.

Each record carries a seal (keys.py). One that does not verify is nobody: it signs nobody in, is in no list and keeps no
admin's place, whoever wrote it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec

from console.data.store import tables
from console.data.store.answers import ConditionFailed
from console.data.store.codec import check_line, from_item, to_item
from console.data.store.requests import Check, Condition, Delete, Put, Update, equals
from console.data.store.store import Store
from console.data.users import passwords
from console.data.users.keys import Keyring
from console.data.users.sign_in import SignIn
from console.errors import AlreadyExists, Forbidden, InvalidInput, existing
from console.records import Role, User, utcnow

KIND = "user"
FIRST_ADMIN = "admin"
_Users = list[User]
_NAME = re.compile(r"[a-z0-9._@-]{1,64}")
_LONGEST_NAME = 100
_FORMER_COOKIE_KEY = "#cookie-key"
"""Where earlier releases kept the key of cookies, for everybody to see who reads the table."""
_ABSENT = Condition("attribute_not_exists(#pk)", {"#pk": "username"})


class Users:
    """Repository of users. Nothing is cached: a role, a password or a revocation counts at once, everywhere.

    Args:
        keys: seal records and sign cookies.
        rounds: bcrypt's cost, 4..31.
    """

    def __init__(
        self, store: Store, keys: Keyring, clock: Callable[[], datetime] = utcnow, *, rounds: int = passwords.ROUNDS
    ) -> None:
        self._store = store
        self._keys = keys
        self._clock = clock
        self._rounds = rounds
        self._sign_in = SignIn(store, keys, clock, rounds)

    # --- reading ---------------------------------------------------------------------------------------

    def get(self, username: str) -> User:
        """The user. One GetItem. Raises NotFound."""
        return existing(self.find(username), KIND, username)

    def find(self, username: str) -> User | None:
        """The user, or None, also for a record without a right seal. One GetItem; none for what can be no name."""
        user = self._recorded(username)
        return user if user is not None and self._keys.holds(user) else None

    def list(self) -> _Users:
        """All users by name. One consistent Scan per 500 users.

        The only list that is a Scan, and has no pages: a team's users are tens of small items in a table of
        their own, all of which are shown.
        """
        return [user for user in self._all() if self._keys.holds(user)]

    def unsealed(self) -> _Users:
        """Records that are nobody, by name: of an earlier release, or forged. Requests as `list`."""
        return [user for user in self._all() if not self._keys.holds(user)]

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
        user = self._sealed(user)
        try:
            self._store.write(Put(tables.USERS, to_item(user), _ABSENT))
        except ConditionFailed as error:
            raise AlreadyExists(KIND, user.username) from error
        return user

    def ensure_first_admin(self, keep: Callable[[str], None] = lambda _: None) -> tuple[str, str] | None:
        """Makes the user `admin` when there is no user at all: (user name, password), told only this once.

        The password is told, so it has to be changed at the first login. One Scan of an empty table and one request.
        Of several processes at once, one makes the user.

        Args:
            keep: is given the password before there is the user.
        """
        if self.list():
            return None
        password = passwords.random_password()
        keep(password)
        try:
            self.add(FIRST_ADMIN, "Administrator", Role.ADMIN, password, by="system", must_change_password=True)
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
            changed = self._sealed(msgspec.structs.replace(user, role=role))
            sets = {"role": role.value, "seal": changed.seal}
            if self._changed(user, Update(tables.USERS, (user.username,), sets=sets, condition=_as_sealed(user))):
                return changed
            user = self.get(username)
        return user

    def set_password(self, username: str, password: str, *, must_change_password: bool = False) -> None:
        """Another password: ends every session of the user, and unlocks. Two requests.

        Raises:
            NotFound: there is no such user.
            InvalidInput: the password is not allowed.
        """
        self._set(
            username,
            unlock=True,
            password_hash=passwords.hash_password(passwords.check_password(password), self._rounds),
            sessions_valid_from=self._clock(),
            must_change_password=must_change_password,
        )

    def revoke(self, username: str) -> None:
        """Ends every session of the user. Two requests. Raises NotFound."""
        self._set(username, sessions_valid_from=self._clock())

    def bind(self, username: str, identity: str) -> User:
        """Gives the user the identity at a provider by which alone they sign in there. Two requests.

        Raises:
            NotFound: there is no such user.
            Forbidden: the user has another identity.
        """
        user = self.get(username)
        if user.identity is None:
            user = self._set(username, identity=identity)
        if user.identity != identity:
            raise Forbidden(f"{username} signs in by another identity of the provider. An admin can add the user anew.")
        return user

    def seal_all(self) -> _Users:
        """Seals the records that are nobody, as they are: those that were made before there were seals.

        Only for records that a person has looked at, or that nobody else can have written. A Scan and a request each.
        """
        found = self.unsealed()
        for user in found:
            unchanged = equals("passwordHash", user.password_hash)
            sets = {"seal": self._keys.seal(user)}
            self._store.write(Update(tables.USERS, (user.username,), sets=sets, condition=unchanged))
        self._store.write(Delete(tables.USERS, (_FORMER_COOKIE_KEY,)))
        return found

    def seal_anew(self) -> int:
        """Seals every user with the key in force; their number. A Scan, and two requests each."""
        users = self.list()
        for user in users:
            self._set(user.username)
        return len(users)

    def delete(self, username: str) -> None:
        """Removes the user, or a record that is nobody. Two requests; for an admin also a Scan.

        Raises:
            NotFound: there is no such user.
            InvalidInput: it is the last admin.
        """
        user: User | None = existing(self._recorded(username), KIND, username)
        while user is not None:
            if self._changed(user, Delete(tables.USERS, (user.username,), _as_sealed(user))):
                return
            user = self._recorded(username)

    # --- signing in ------------------------------------------------------------------------------------

    def verify(self, username: str, password: str) -> User | None:
        """The user when the password is right. Three requests.

        None says the same, and takes the same time, for an unknown user, a wrong password and an account that
        rests: after five wrong passwords it rests for 15 minutes.
        """
        return self._sign_in.verify(self.find(username), password)

    @property
    def cookie_keys(self) -> tuple[str, ...]:
        """The keys of session cookies, 256 bits each, the same for every process; the first signs."""
        return self._keys.cookie_keys

    # --- inside ----------------------------------------------------------------------------------------

    def _recorded(self, username: str) -> User | None:
        """What the table says, sealed or not."""
        known = _folded(username)
        if not _NAME.fullmatch(known):
            return None
        item = self._store.get(tables.USERS, known)
        return from_item(item, User) if item else None

    def _all(self) -> _Users:
        items = self._store.scan(tables.USERS)
        users = [from_item(item, User) for item in items if not item["username"]["S"].startswith("#")]
        return sorted(users, key=lambda user: user.username)

    def _sealed(self, user: User) -> User:
        return msgspec.structs.replace(user, seal=self._keys.seal(user))

    def _set(self, username: str, *, unlock: bool = False, **fields: Any) -> User:
        """Changes fields of a user under a new seal; again when somebody else was faster. Raises NotFound."""
        while True:
            user = self.get(username)
            changed = self._sealed(msgspec.structs.replace(user, **fields))
            stored = dict(zip(User.__struct_fields__, User.__struct_encode_fields__, strict=True))
            sets: dict[str, Any] = {stored[field]: value for field, value in fields.items()} | {"seal": changed.seal}
            if unlock:
                sets["attempts"] = 0
            removes = ("lockedUntil",) if unlock else ()
            write = Update(tables.USERS, (user.username,), sets=sets, removes=removes, condition=_as_sealed(user))
            try:
                self._store.write(write)
            except ConditionFailed:
                continue
            return changed

    def _changed(self, user: User, change: Update | Delete) -> bool:
        """Applies what ends the user's role; False when the user, or who stays admin, was changed meanwhile.

        An admin may go only while another is seen to stay, in the same transaction: of two admins who remove
        each other at the same time, one stays.
        """
        writes: list[Update | Delete | Check] = [change]
        if user.role is Role.ADMIN and self._keys.holds(user):
            other = self._other_admin(user)
            writes.append(Check(tables.USERS, (other.username,), _as_sealed(other)))
        try:
            self._store.transact(writes)
        except ConditionFailed:
            return False
        return True

    def _other_admin(self, user: User) -> User:
        for other in self.list():
            if other.role is Role.ADMIN and other.username != user.username:
                return other
        raise InvalidInput(f"{user.username} is the only admin. Make another user an admin first.", field="role")


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
    trimmed = check_line(name, "The name").strip()
    if len(trimmed) > _LONGEST_NAME:
        raise InvalidInput(
            f"The name has {len(trimmed)} characters; at most {_LONGEST_NAME} are allowed.", field="name"
        )
    return trimmed


def _as_sealed(user: User) -> Condition:
    """That the record is the one that was read. A record of an earlier release has no seal."""
    return equals("seal", user.seal) if user.seal else equals("passwordHash", user.password_hash)
