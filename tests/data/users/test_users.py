"""Users sign in with their own password only, guessing is bounded, and an admin always remains."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from threading import Barrier

import pytest

from console.data.store import tables
from console.data.store.client import make_client
from console.data.store.store import Store
from console.data.users import passwords
from console.data.users.keys import Keyring
from console.data.users.users import Users
from console.errors import AlreadyExists, InvalidInput, NotFound
from console.records import Role, User
from tests.conftest import new_store
from tests.support.fakes import FakeClock
from tests.support.faults.proxy import FaultProxy, Faults

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
KEYS = Keyring.passing()
PASSWORD = "correct horse"
WRONG = "wrong guess"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOON)


@pytest.fixture
def users(store: Store, clock: FakeClock) -> Users:
    return Users(store, KEYS, clock, rounds=4)


@pytest.fixture
def embedded(embedded_store: Store, clock: FakeClock) -> Users:
    return Users(embedded_store, KEYS, clock, rounds=4)


@pytest.fixture
def proxy(engine_endpoint: str) -> Iterator[FaultProxy]:
    with FaultProxy(engine_endpoint, seed=5) as running:
        yield running


@pytest.fixture
def unreliable(proxy: FaultProxy, clock: FakeClock) -> Iterator[Users]:
    """On the embedded engine, through the proxy."""
    with closing(make_client("us-east-1", proxy.endpoint)) as client:
        yield Users(new_store(client), KEYS, clock, rounds=4)


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, bool]]:
    """Every comparison of a password as it happens: (hash, whether it matched)."""
    seen: list[tuple[str, bool]] = []
    real = passwords.matches

    def spy(password: str, password_hash: str) -> bool:
        matched = real(password, password_hash)
        seen.append((password_hash, matched))
        return matched

    monkeypatch.setattr(passwords, "matches", spy)
    return seen


def add(users: Users, username: str = "ada", role: Role = Role.EVALUATOR) -> User:
    return users.add(username, username.title(), role, PASSWORD, by="test")


def guess(users: Users, times: int, username: str = "ada") -> None:
    for _ in range(times):
        assert users.verify(username, WRONG) is None


# --- adding and finding --------------------------------------------------------------------------------


def test_a_user_is_found_by_name_without_regard_to_letter_case_and_space(users: Users) -> None:
    users.add("  Ada.L@x-y_1 ", " Ada Lovelace ", Role.VIEWER, PASSWORD, by="root")
    found = users.get("ADA.L@X-Y_1 ")
    assert (found.username, found.name, found.role) == ("ada.l@x-y_1", "Ada Lovelace", Role.VIEWER)
    assert (found.created_by, found.created_on, found.sessions_valid_from) == ("root", NOON, NOON)
    assert (found.attempts, found.locked_until, found.must_change_password) == (0, None, False)


def test_the_password_itself_is_stored_nowhere(embedded: Users) -> None:
    assert PASSWORD not in repr(embedded._store.get(tables.USERS, add(embedded).username))


@pytest.mark.parametrize("username", ["", "  ", "a b", "#cookie-key", "ü", "x" * 65, "a/b", "a\n", "\ud800"])
def test_a_user_name_of_other_characters_is_refused(embedded: Users, username: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        add(embedded, username + "!")
    assert refused.value.field == "username"
    assert embedded.find(username) is None


@pytest.mark.parametrize("password", ["", "1234567", "x" * 1_025, "broken \ud800"])
def test_a_password_too_short_too_long_or_broken_is_refused(embedded: Users, password: str) -> None:
    with pytest.raises(InvalidInput):
        embedded.add("ada", "Ada", Role.VIEWER, password, by="test")
    assert embedded.list() == []


def test_a_name_too_long_is_refused(embedded: Users) -> None:
    with pytest.raises(InvalidInput, match="101 characters"):
        embedded.add("ada", "x" * 101, Role.VIEWER, PASSWORD, by="test")


def test_a_user_name_is_taken_once(users: Users) -> None:
    add(users)
    with pytest.raises(AlreadyExists):
        users.add("ADA", "Another", Role.ADMIN, "another password", by="test")
    assert users.get("ada").name == "Ada"


def test_the_list_has_users_by_name_and_nothing_else(users: Users) -> None:
    add(users, "grace")
    add(users, "ada")
    users.verify("nobody", WRONG)
    assert [user.username for user in users.list()] == ["ada", "grace"]


def test_an_unknown_user_is_not_found(embedded: Users) -> None:
    for act in (embedded.get, embedded.delete, embedded.revoke):
        with pytest.raises(NotFound):
            act("ada")
        with pytest.raises(NotFound):
            act("#cookie-key")
    with pytest.raises(NotFound):
        embedded.set_role("ada", Role.VIEWER)
    with pytest.raises(NotFound):
        embedded.set_password("ada", PASSWORD)


# --- signing in ----------------------------------------------------------------------------------------


def test_the_right_password_signs_in_and_a_wrong_one_does_not(users: Users) -> None:
    add(users)
    assert users.verify("ada", WRONG) is None
    assert users.verify("ada", "") is None
    assert users.verify(" ADA ", PASSWORD) == users.get("ada")


@pytest.mark.parametrize("username", ["nobody", "", "#cookie-key", "not a name", "\ud800"])
def test_nobody_signs_in_as_an_unknown_user(embedded: Users, username: str) -> None:
    assert embedded.verify(username, PASSWORD) is None


def test_every_byte_of_a_long_password_counts(embedded: Users) -> None:
    embedded.add("ada", "Ada", Role.VIEWER, "x" * 99 + "1", by="test")
    assert embedded.verify("ada", "x" * 99 + "2") is None
    assert embedded.verify("ada", "x" * 72) is None
    assert embedded.verify("ada", "x" * 99 + "1")


def test_one_password_typed_on_two_keyboards_is_one_password(embedded: Users) -> None:
    embedded.add("ada", "Ada", Role.VIEWER, "caf\u00e9 caf\u00e9", by="test")
    assert embedded.verify("ada", "cafe\u0301 cafe\u0301")


def test_a_password_with_a_broken_character_is_just_wrong(embedded: Users) -> None:
    add(embedded)
    assert embedded.verify("ada", "\ud800") is None
    assert embedded.verify("ada", "nul \0") is None


def test_after_five_wrong_passwords_the_right_one_is_refused_for_15_minutes(users: Users, clock: FakeClock) -> None:
    add(users)
    guess(users, 5)
    assert users.get("ada").locked_until == datetime(2026, 3, 1, 12, 15, tzinfo=UTC)
    clock.advance(minutes=14, seconds=59)
    assert users.verify("ada", PASSWORD) is None
    clock.advance(seconds=1)
    assert users.verify("ada", PASSWORD)
    assert (users.get("ada").attempts, users.get("ada").locked_until) == (0, None)


def test_the_fifth_password_still_counts(embedded: Users) -> None:
    add(embedded)
    guess(embedded, 4)
    assert embedded.verify("ada", PASSWORD)
    assert embedded.get("ada").locked_until is None


def test_a_good_sign_in_starts_the_count_again(embedded: Users) -> None:
    add(embedded)
    guess(embedded, 4)
    embedded.verify("ada", PASSWORD)
    guess(embedded, 4)
    assert embedded.verify("ada", PASSWORD)


def test_after_the_rest_there_are_five_more_guesses_and_another_rest(
    embedded: Users, clock: FakeClock, compared: list[tuple[str, bool]]
) -> None:
    kept = add(embedded).password_hash
    guess(embedded, 7)
    clock.advance(minutes=15)
    guess(embedded, 7)
    assert [password_hash for password_hash, _ in compared].count(kept) == 10
    assert embedded.get("ada").locked_until == datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


def test_of_200_parallel_guesses_at_most_five_are_compared(embedded: Users, compared: list[tuple[str, bool]]) -> None:
    kept = add(embedded).password_hash
    with ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(lambda number: embedded.verify("ada", f"guess {number}"), range(200)))
    assert answers == [None] * 200
    assert [password_hash for password_hash, _ in compared].count(kept) == 5


def test_known_unknown_and_locked_users_cost_the_same(embedded: Users, compared: list[tuple[str, bool]]) -> None:
    add(embedded)
    wrong = requests_of(embedded, "ada")
    unknown = requests_of(embedded, "nobody")
    guess(embedded, 5)
    compared.clear()
    locked = requests_of(embedded, "ada")
    assert wrong == unknown == locked == {"get_item": 1, "update_item": 1}
    assert len(compared) == 1


def requests_of(users: Users, username: str) -> dict[str, int]:
    """Requests by operation of one attempt with a wrong password."""
    before = users._store.meter.read().requests
    assert users.verify(username, WRONG) is None
    after = users._store.meter.read().requests
    return {name: after[name] - before.get(name, 0) for name in ("get_item", "update_item")}


def test_a_plain_bcrypt_hash_signs_in_and_is_replaced(embedded: Users) -> None:
    plain = "$2b$04$KavkkP9QNOvLP7Hru5mXeuPazmFJwz19k/PiJGosnqg41OZ6wjKMm"  # bcrypt("old password")
    embedded.add_hashed("ada", "Ada", Role.VIEWER, plain, by="test")
    assert embedded.verify("ada", "new password") is None
    assert embedded.verify("ada", "old password")
    assert embedded.get("ada").password_hash.startswith("sha256$2b$04$")
    assert embedded.verify("ada", "old password")


@pytest.mark.parametrize("password_hash", ["", "secret", "$2b$04$short", "sha256", "\ud800", "pbkdf2:sha256:1"])
def test_a_hash_that_is_not_bcrypt_is_refused(embedded: Users, password_hash: str) -> None:
    with pytest.raises(InvalidInput, match="not a bcrypt hash"):
        embedded.add_hashed("ada", "Ada", Role.VIEWER, password_hash, by="test")


# --- changing ------------------------------------------------------------------------------------------


def test_a_new_password_replaces_the_old_one_unlocks_and_ends_all_sessions(users: Users, clock: FakeClock) -> None:
    add(users)
    guess(users, 5)
    later = clock.advance(minutes=1)
    users.set_password("ada", "another password", must_change_password=True)
    changed = users.get("ada")
    assert (changed.sessions_valid_from, changed.must_change_password) == (later, True)
    assert users.verify("ada", PASSWORD) is None
    assert users.verify("ada", "another password")


def test_a_new_password_that_is_too_short_changes_nothing(embedded: Users) -> None:
    before = add(embedded)
    with pytest.raises(InvalidInput):
        embedded.set_password("ada", "short")
    assert embedded.get("ada") == before


def test_revoking_ends_sessions_and_leaves_the_password(users: Users, clock: FakeClock) -> None:
    add(users)
    later = clock.advance(hours=1)
    users.revoke("Ada")
    assert users.get("ada").sessions_valid_from == later
    assert users.verify("ada", PASSWORD)


def test_a_role_changes_at_once(users: Users) -> None:
    add(users)
    assert users.set_role("ada", Role.ADMIN).role is Role.ADMIN
    assert users.get("ada").role is Role.ADMIN
    assert users.set_role("ada", Role.ADMIN).role is Role.ADMIN


def test_a_deleted_user_is_gone(users: Users) -> None:
    add(users)
    users.delete("ada")
    assert users.find("ada") is None
    assert users.verify("ada", PASSWORD) is None


def test_the_last_admin_can_be_neither_demoted_nor_deleted(users: Users) -> None:
    add(users, "root", Role.ADMIN)
    add(users, "ada")
    with pytest.raises(InvalidInput, match="Make another user an admin first"):
        users.set_role("root", Role.VIEWER)
    with pytest.raises(InvalidInput, match="Make another user an admin first"):
        users.delete("root")
    assert users.get("root").role is Role.ADMIN


def test_one_of_two_admins_can_go(users: Users) -> None:
    add(users, "root", Role.ADMIN)
    add(users, "ada", Role.ADMIN)
    users.set_role("root", Role.VIEWER)
    users.delete("root")
    assert [user.username for user in users.list()] == ["ada"]


def test_two_admins_who_delete_each_other_at_once_leave_one(embedded: Users) -> None:
    survivors = [duel(embedded) for _ in range(10)]
    assert survivors == [1] * 10


def duel(users: Users) -> int:
    """Two admins delete each other at the same moment; how many are left (the last one is made a viewer)."""
    add(users, "one", Role.ADMIN)
    add(users, "two", Role.ADMIN)
    together = Barrier(2)

    def delete(username: str) -> None:
        together.wait()
        try:
            users.delete(username)
        except InvalidInput:
            return

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(delete, ["one", "two"]))
    left = users.list()
    users._store.batch_delete(tables.USERS, [(user.username,) for user in left])
    return len(left)


# --- the first admin -----------------------------------------------------------------------------------


def test_an_empty_store_gets_an_admin_once(users: Users) -> None:
    made = users.ensure_first_admin()
    assert made is not None
    username, password = made
    assert (username, len(password)) == ("admin", 16)
    signed_in = users.verify(username, password)
    assert signed_in is not None
    assert signed_in.role is Role.ADMIN
    assert users.ensure_first_admin() is None


def test_a_store_with_any_user_gets_no_admin(embedded: Users) -> None:
    add(embedded)
    assert embedded.ensure_first_admin() is None


def test_of_many_processes_at_once_one_makes_the_admin(embedded_store: Store) -> None:
    processes = [Users(embedded_store, KEYS, rounds=4) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        made = [one for one in pool.map(Users.ensure_first_admin, processes) if one]
    assert len(made) == 1
    assert processes[0].verify(*made[0])


# --- a bad day -----------------------------------------------------------------------------------------


def test_a_lost_acknowledgement_is_not_mistaken_for_a_taken_name(unreliable: Users, proxy: FaultProxy) -> None:
    proxy.plan(Faults(lost=1.0), {"PutItem"}, times=1)
    assert add(unreliable) == unreliable.get("ada")
    assert proxy.counts["PutItem", "lost"] == 1


def test_the_first_admin_is_told_although_the_acknowledgement_was_lost(unreliable: Users, proxy: FaultProxy) -> None:
    proxy.plan(Faults(lost=1.0), {"PutItem"}, times=1)
    made = unreliable.ensure_first_admin()
    assert made is not None
    assert unreliable.verify(*made)


def test_a_lost_acknowledgement_neither_undoes_nor_repeats_a_change(unreliable: Users, proxy: FaultProxy) -> None:
    add(unreliable, "root", Role.ADMIN)
    add(unreliable, "ada", Role.ADMIN)
    proxy.plan(Faults(lost=1.0), {"TransactWriteItems"}, times=1)
    unreliable.set_role("ada", Role.VIEWER)
    proxy.plan(Faults(lost=1.0), {"TransactWriteItems"}, times=1)
    unreliable.delete("ada")
    assert proxy.counts["TransactWriteItems", "lost"] == 2
    assert [user.username for user in unreliable.list()] == ["root"]


def test_a_lost_acknowledgement_of_the_attempt_admits_it_once(unreliable: Users, proxy: FaultProxy) -> None:
    add(unreliable)
    proxy.plan(Faults(lost=1.0), {"UpdateItem"}, times=2)
    assert unreliable.verify("ada", WRONG) is None
    assert unreliable.get("ada").attempts == 1
