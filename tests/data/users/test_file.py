"""The file of first users adds whom the store does not have, and is refused whole when an entry is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from console.data.store.store import Store
from console.data.users.file import import_file
from console.data.users.keys import Keyring
from console.data.users.users import Users
from console.errors import SetupError
from console.records import Role

ADA = {"username": "Ada", "name": "Ada Lovelace", "role": "admin", "password": "correct horse"}
HASH = "$2b$04$KavkkP9QNOvLP7Hru5mXeuPazmFJwz19k/PiJGosnqg41OZ6wjKMm"
"""bcrypt("old password")"""


@pytest.fixture
def users(embedded_store: Store) -> Users:
    return Users(embedded_store, Keyring.passing(), rounds=4)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "users.json"


def write(path: Path, *entries: Any) -> Path:
    path.write_text(json.dumps(entries), encoding="utf-8")
    return path


def test_users_of_the_file_sign_in_by_password_and_by_hash(users: Users, path: Path) -> None:
    write(path, ADA, {"username": "bob", "role": "viewer", "passwordHash": HASH})
    assert [user.username for user in import_file(users, path)] == ["ada", "bob"]
    assert users.verify("ada", "correct horse")
    assert users.verify("bob", "old password")
    assert (users.get("ada").role, users.get("ada").created_by) == (Role.ADMIN, "file users.json")
    assert users.get("bob").name == "bob"


def test_users_who_are_there_stay_as_they_are(users: Users, path: Path) -> None:
    users.add("ada", "Somebody else", Role.VIEWER, "own password", by="test")
    assert import_file(users, write(path, ADA)) == []
    assert users.get("ada").name == "Somebody else"
    assert users.verify("ada", "own password")


def test_reading_the_file_again_changes_nothing(users: Users, path: Path) -> None:
    import_file(users, write(path, ADA, ADA))
    before = users.get("ada")
    assert import_file(users, path) == []
    assert users.get("ada") == before


@pytest.mark.parametrize(
    ("entry", "advice"),
    [
        ({**ADA, "role": "owner"}, "owner"),
        ({**ADA, "username": "a b"}, "entry 2: A user name has"),
        ({**ADA, "password": "short"}, "entry 2: The password has 5 characters"),
        ({**ADA, "passwordHash": HASH}, "entry 2: Give either"),
        ({"username": "eve", "role": "viewer"}, "entry 2: Give either"),
        ({"username": "eve", "role": "viewer", "passwordHash": "secret"}, "entry 2: The password hash"),
        ({**ADA, "colour": "red"}, "colour"),
        ("ada", "Expected `object`"),
    ],
)
def test_a_wrong_entry_is_named_and_nobody_is_added(users: Users, path: Path, entry: Any, advice: str) -> None:
    with pytest.raises(SetupError, match=advice):
        import_file(users, write(path, {**ADA, "username": "first"}, entry))
    assert users.list() == []


def test_a_missing_file_and_one_that_is_not_json_are_refused(users: Users, path: Path) -> None:
    with pytest.raises(SetupError, match="cannot be read"):
        import_file(users, path)
    path.write_bytes(b"username: ada\xff")
    with pytest.raises(SetupError, match="cannot be read"):
        import_file(users, path)
