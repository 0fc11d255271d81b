"""The first password. Before, a closed terminal lost it."""

from __future__ import annotations

import stat
from pathlib import Path

from console.data.store.store import Store
from console.data.users.first_password import FILE, ensure_first_admin, used
from console.data.users.keys import Keyring
from console.data.users.users import Users
from console.private import LOG_BYTES, rotate
from console.records import Role


def test_it_is_in_a_file_of_its_owner_until_it_was_used(embedded_store: Store, tmp_path: Path) -> None:
    users = Users(embedded_store, Keyring.passing(), rounds=4)
    made = ensure_first_admin(users, tmp_path)
    assert made is not None
    assert (tmp_path / FILE).read_text(encoding="utf-8").split() == list(made)
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600
    used(tmp_path, users.add("ada", "Ada", Role.VIEWER, "correct horse", by="test"))
    assert (tmp_path / FILE).exists()
    used(tmp_path, users.get("admin"))
    assert list(tmp_path.iterdir()) == []


def test_a_store_with_users_leaves_no_file(embedded_store: Store, tmp_path: Path) -> None:
    users = Users(embedded_store, Keyring.passing(), rounds=4)
    users.add("ada", "Ada", Role.ADMIN, "correct horse", by="test")
    assert ensure_first_admin(users, tmp_path) is None
    assert list(tmp_path.iterdir()) == []


def test_a_long_log_makes_room_and_is_kept(tmp_path: Path) -> None:
    log = tmp_path / "api.log"
    for text in ("first", "second"):
        log.write_text(text.ljust(LOG_BYTES + 1), encoding="ascii")
        rotate(log)
    assert not log.exists()
    assert log.with_name("api.log.1").read_text(encoding="ascii").startswith("second")
    assert log.with_name("api.log.2").read_text(encoding="ascii").startswith("first")


def test_a_short_log_goes_on(tmp_path: Path) -> None:
    log = tmp_path / "api.log"
    log.write_text("short", encoding="ascii")
    rotate(log)
    assert log.read_text(encoding="ascii") == "short"
