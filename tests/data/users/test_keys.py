"""Keys outside of the store. Before them, whoever wrote the table was admin, and read the cookie key from it."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import msgspec
import pytest
from moto import mock_aws

from console.data.store import tables
from console.data.store.codec import to_item
from console.data.store.requests import Put, Update
from console.data.store.store import Store
from console.data.users import passwords
from console.data.users.key_file import FILE, forget_former, rotate
from console.data.users.keys import AGE_SECONDS, Aged, Keyring
from console.data.users.users import Users
from console.errors import Forbidden, InvalidInput, SetupError
from console.records import Role, User, utcnow
from tests.support.commands import command
from tests.support.fakes import FakeClock

OLD, NEW = "o" * 32, "n" * 32
PASSWORD = "correct horse"


@pytest.fixture
def users(embedded_store: Store) -> Users:
    return Users(embedded_store, Keyring(lambda: [NEW]), rounds=4)


def forged(users: Users, **fields: Any) -> User:
    """An admin that somebody writes into the table, with the hash of a password that they know."""
    given: dict[str, Any] = {
        "username": "mallory",
        "name": "Mallory",
        "role": Role.ADMIN,
        "password_hash": passwords.hash_password(PASSWORD, 4),
        "created_on": utcnow(),
        "sessions_valid_from": utcnow(),
        "seal": "",
    }
    user = User(**{**given, **fields})
    users._store.write(Put(tables.USERS, to_item(user)))
    return user


@pytest.mark.parametrize("seal", ["", "0" * 64, "é"])
def test_a_record_that_somebody_wrote_into_the_table_is_nobody(users: Users, seal: str) -> None:
    forged(users, seal=seal)
    assert users.find("mallory") is None
    assert users.list() == []
    assert users.verify("mallory", PASSWORD) is None
    assert [user.username for user in users.unsealed()] == ["mallory"]


def test_a_seal_of_another_user_is_none(users: Users) -> None:
    admin = users.add("ada", "Ada", Role.ADMIN, PASSWORD, by="test")
    forged(users, seal=admin.seal, name="Ada")
    assert users.find("mallory") is None


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("role", "admin"),
        ("passwordHash", passwords.hash_password("of mallory", 4)),
        ("sessionsValidFrom", "2020-01-01T00:00:00+00:00"),
        ("mustChangePassword", True),
        ("identity", "https://evil.example 7"),
        ("name", "Somebody else"),
    ],
    ids=["role", "password", "sessions", "first password", "identity", "name"],
)
def test_a_user_whose_record_was_changed_by_hand_is_nobody(users: Users, attribute: str, value: object) -> None:
    users.add("ada", "Ada", Role.VIEWER, PASSWORD, by="test")
    users._store.write(Update(tables.USERS, ("ada",), sets={attribute: value}))
    assert users.find("ada") is None
    assert users.verify("ada", PASSWORD) is None


def test_every_change_that_the_console_makes_is_sealed(users: Users) -> None:
    users.add("ada", "Ada", Role.ADMIN, PASSWORD, by="test")
    users.add("bob", "Bob", Role.VIEWER, PASSWORD, by="test")
    users.set_role("bob", Role.ADMIN)
    users.set_password("bob", "another password", must_change_password=True)
    users.revoke("bob")
    users.bind("bob", "https://issuer.example 7")
    assert users.verify("bob", "wrong password") is None
    bob = users.verify("bob", "another password")
    assert bob is not None
    assert (bob.role, bob.must_change_password, bob.identity) == (Role.ADMIN, True, "https://issuer.example 7")
    assert users.find("bob") == bob


def test_a_forged_admin_does_not_let_the_last_one_go(users: Users) -> None:
    users.add("ada", "Ada", Role.ADMIN, PASSWORD, by="test")
    forged(users)
    with pytest.raises(InvalidInput, match="only admin"):
        users.delete("ada")


def test_a_record_that_is_nobody_can_be_removed(users: Users) -> None:
    forged(users)
    users.delete("mallory")
    assert users.unsealed() == []


def test_records_of_an_earlier_release_are_sealed_once_they_were_looked_at(users: Users) -> None:
    users._store.write(Put(tables.USERS, {"username": {"S": "#cookie-key"}, "secret": {"S": "k"}}))
    forged(users, username="ada", role=Role.VIEWER)
    assert [user.username for user in users.seal_all()] == ["ada"]
    assert users.verify("ada", PASSWORD) is not None
    assert users._store.get(tables.USERS, "#cookie-key") is None


def test_an_identity_is_bound_once(users: Users) -> None:
    users.add("ada", "Ada", Role.VIEWER, PASSWORD, by="test")
    users.bind("ada", "https://issuer.example 7")
    users.bind("ada", "https://issuer.example 7")
    with pytest.raises(Forbidden, match="another identity"):
        users.bind("ada", "https://issuer.example 8")


def test_a_new_secret_signs_nobody_out_and_seals_as_users_come(embedded_store: Store) -> None:
    Users(embedded_store, Keyring(lambda: [OLD]), rounds=4).add("ada", "Ada", Role.VIEWER, PASSWORD, by="test")
    both = Users(embedded_store, Keyring(lambda: [NEW, OLD]), rounds=4)
    assert both.find("ada") is not None
    assert both.cookie_keys[1:] == Keyring(lambda: [OLD]).cookie_keys
    assert both.verify("ada", PASSWORD) is not None
    assert Users(embedded_store, Keyring(lambda: [NEW]), rounds=4).find("ada") is not None
    assert Users(embedded_store, Keyring(lambda: [OLD]), rounds=4).find("ada") is None


def test_no_table_holds_what_signs_cookies(users: Users) -> None:
    users.add("ada", "Ada", Role.VIEWER, PASSWORD, by="test")
    stored = repr(list(users._store.scan(tables.USERS)))
    assert not any(key in stored for key in (*users.cookie_keys, NEW))


def test_the_file_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    first = Keyring.of(None, folder, "us-east-1").cookie_keys
    assert Keyring.of(None, folder, "us-east-1").cookie_keys == first
    assert len(bytes.fromhex(first[0])) == 32
    assert stat.S_IMODE((folder / FILE).stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_second_line_of_the_file_is_believed_but_does_not_sign(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(f"{NEW}\n{OLD}\n", encoding="ascii")
    assert Keyring.of(None, tmp_path, "us-east-1").cookie_keys == Keyring(lambda: [NEW, OLD]).cookie_keys


@pytest.mark.parametrize("setting", ["short", ",", f"{NEW},short"])
def test_a_secret_that_could_be_guessed_is_refused(setting: str, tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="at least 32 characters") as refused:
        _ = Keyring.of(setting, tmp_path, "us-east-1").cookie_keys
    assert setting not in str(refused.value)


@pytest.fixture
def secret_manager(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        yield boto3.client("secretsmanager", region_name="us-east-1")


def test_the_secret_may_be_one_of_aws_secrets_manager(secret_manager: Any, tmp_path: Path) -> None:
    secret_manager.create_secret(Name="console", SecretString=f"{NEW}\n{OLD}")
    keys = Keyring.of("secretsmanager:console", tmp_path, "us-east-1")
    assert keys.cookie_keys == Keyring(lambda: [NEW, OLD]).cookie_keys
    assert list(tmp_path.iterdir()) == []


def test_a_secret_that_is_not_there_is_named(secret_manager: Any, tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="The secret elsewhere of CONSOLE_KEY cannot be read"):
        _ = Keyring.of("secretsmanager:elsewhere", tmp_path, "us-east-1").cookie_keys


def test_what_is_sealed_are_all_fields_but_those_that_count_attempts() -> None:
    counted = {"attempts", "locked_until", "seal", "created_on", "created_by"}
    keys = Keyring(lambda: [NEW])
    user = User("ada", "Ada", Role.VIEWER, "hash", utcnow(), utcnow())
    others: dict[str, Any] = {
        "username": "bob",
        "name": "Bob",
        "role": Role.ADMIN,
        "password_hash": "other",
        "sessions_valid_from": utcnow(),
        "must_change_password": True,
        "identity": "issuer 1",
    }
    assert set(others) | counted == set(User.__struct_fields__)
    seals = {keys.seal(msgspec.structs.replace(user, **{field: value})) for field, value in others.items()}
    assert len(seals | {keys.seal(user)}) == len(others) + 1


# --- another key -----------------------------------------------------------------------------------------------


def test_a_new_key_of_the_file_counts_at_once_in_every_process_and_signs_nobody_out(
    embedded_store: Store, tmp_path: Path
) -> None:
    running = Users(embedded_store, Keyring.of(None, tmp_path, "us-east-1"), rounds=4)
    other = Users(embedded_store, Keyring.of(None, tmp_path, "us-east-1"), rounds=4)
    ada = running.add("ada", "Ada", Role.ADMIN, PASSWORD, by="test")
    signed = running.cookie_keys[0]
    rotate(tmp_path)
    assert other.seal_anew() == 1
    assert running.verify("ada", PASSWORD)
    assert running.get("ada").seal != ada.seal
    assert running.cookie_keys == other.cookie_keys
    assert running.cookie_keys[0] != signed
    assert signed in running.cookie_keys
    forget_former(tmp_path)
    assert signed not in running.cookie_keys
    assert running.verify("ada", PASSWORD)
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600


def test_two_changes_of_the_file_at_once_lose_no_key(tmp_path: Path) -> None:
    (tmp_path / f"{FILE}.new").write_text("")
    with pytest.raises(SetupError, match=r"Somebody else changes the key .* remove .*console\.key\.new"):
        rotate(tmp_path)


def test_a_secret_of_aws_is_read_again_after_a_while_and_stays_where_that_fails() -> None:
    clock = FakeClock()
    answers: list[tuple[str, ...] | SetupError] = [(OLD,), SetupError("throttled"), (NEW, OLD)]

    def ask() -> tuple[str, ...]:
        answer = answers.pop(0)
        if isinstance(answer, SetupError):
            raise answer
        return answer

    aged = Aged(ask, lambda: clock().timestamp())
    assert (aged(), aged()) == ((OLD,), (OLD,))
    clock.advance(seconds=AGE_SECONDS)
    assert (aged(), aged()) == ((OLD,), (OLD,))
    clock.advance(seconds=AGE_SECONDS)
    assert aged() == (NEW, OLD)


def test_the_command_changes_the_key(tmp_path: Path) -> None:
    folder = str(tmp_path / "data")
    command("users", "add", "ada", "--role", "admin", "--data-dir", folder)
    before = (tmp_path / "data" / FILE).read_text().split()
    said = command("users", "rotate-key", "--data-dir", folder)
    assert (said.returncode, "nobody was signed out" in said.stdout) == (0, True), said.stderr
    after = (tmp_path / "data" / FILE).read_text().split()
    assert (len(after), after[1:]) == (2, before)
    assert command("users", "rotate-key", "--forget", "--data-dir", folder).returncode == 0
    assert (tmp_path / "data" / FILE).read_text().split() == after[:1]
    assert "ada  admin" in command("users", "list", "--data-dir", folder).stdout
    refused = command("users", "rotate-key", "--data-dir", folder, CONSOLE_KEY=OLD)
    assert (refused.returncode, "CONSOLE_KEY" in refused.stderr) == (1, True)
