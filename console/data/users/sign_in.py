"""Signing in: attempts are counted in the store before a password is compared, however many come at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

from console.data.store import tables
from console.data.store.answers import ConditionFailed
from console.data.store.codec import from_item
from console.data.store.requests import Condition, Update, equals
from console.data.store.store import Store
from console.data.users import passwords
from console.data.users.keys import Keyring
from console.records import User

ATTEMPTS = 5
"""Passwords that are compared before the account rests."""
REST = timedelta(minutes=15)
"""From the last of them; then there are `ATTEMPTS` more."""
_NOBODY = "#nobody"


@dataclass(frozen=True, slots=True)
class SignIn:
    """Compares passwords for `Users.verify`."""

    store: Store
    keys: Keyring
    clock: Callable[[], datetime]
    rounds: int
    """bcrypt's cost of new hashes."""

    def verify(self, user: User | None, password: str) -> User | None:
        """The user when the password is right. Two requests.

        None means that there is no such user, that the password is wrong or that the account rests, and takes
        the same time each: one write and one comparison.
        """
        if user is None or not self._admit(user):
            self._pretend(password)
            return None
        if not passwords.matches(password, user.password_hash):
            return None
        return self._signed_in(user, password)

    def _admit(self, user: User) -> bool:
        """Counts an attempt; whether its password may be compared.

        Each attempt moves the counter on from what it has read, or reads again: of any number of parallel
        attempts no more than `ATTEMPTS` are admitted. A lost answer may count one twice, never not at all.
        """
        while True:
            now = self.clock()
            if user.locked_until is not None and now < user.locked_until:
                return False
            try:
                self.store.write(_counted(user, now))
            except ConditionFailed as error:
                item = error.items[0]
                if item is None:
                    return False
                user = from_item(item, User)
                if not self.keys.holds(user):
                    return False
            else:
                return True

    def _pretend(self, password: str) -> None:
        self.store.write(Update(tables.USERS, (_NOBODY,), adds={"attempts": 1}))
        passwords.matches(password, passwords.nobody(self.rounds))

    def _signed_in(self, user: User, password: str) -> User | None:
        now = user
        if passwords.is_outdated(user.password_hash, self.rounds):
            now = msgspec.structs.replace(user, password_hash=passwords.hash_password(password, self.rounds))
        now = msgspec.structs.replace(now, seal=self.keys.seal(now))
        sets: dict[str, Any] = {"attempts": 0}
        if now.seal != user.seal:  # another hash, or a key that is not the one in force any more
            sets |= {"passwordHash": now.password_hash, "seal": now.seal}
        unchanged = equals("seal", user.seal)
        reset = Update(tables.USERS, (user.username,), sets, removes=("lockedUntil",), condition=unchanged)
        try:
            self.store.write(reset)
        except ConditionFailed:
            return None  # the password was changed, or the user removed, while this one was compared
        return msgspec.structs.replace(now, attempts=0, locked_until=None)


def _counted(user: User, now: datetime) -> Update:
    """The write that moves the counter on, if nobody else has since `user` was read."""
    key = (user.username,)
    if user.locked_until is not None:
        rested = Condition("#l = :l", {"#l": "lockedUntil"}, {":l": user.locked_until})
        return Update(tables.USERS, key, sets={"attempts": 1}, removes=("lockedUntil",), condition=rested)
    unchanged = Condition(
        "#n = :n AND attribute_not_exists(#l)",
        {"#n": "attempts", "#l": "lockedUntil"},
        {":n": user.attempts},
    )
    sets = {"lockedUntil": now + REST} if user.attempts + 1 >= ATTEMPTS else {}
    return Update(tables.USERS, key, sets=sets, adds={"attempts": 1}, condition=unchanged)
