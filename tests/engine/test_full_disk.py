"""A data folder whose disk is full or fails, or whose database is damaged: said at once, in words, everywhere.

Before, each call was tried again for 9.5 s and then "did not complete".
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api_compat import create_app
from console.config import Settings
from console.data.store import tables
from console.data.store.client import make_client
from console.data.store.codec import to_wire_map
from console.data.store.requests import Put
from console.data.store.setup.setup import set_up
from console.data.store.store import Store
from console.engine import engine
from console.engine.engine import EngineLease
from console.errors import DataFolderFailed, UnsavedItems
from tests.support.commands import command
from tests.support.needs import missing

ROOT = Path(__file__).resolve().parents[2]
SMALL = (
    "mount -t tmpfs -o size=4m tmpfs {folder} && {python} -m console seed --data-dir {folder}; echo code $?; "
    "dd if=/dev/zero of={folder}/rest bs=4k 2>/dev/null; {python} -m console users list --data-dir {folder}"
)
"""A disk of 4 MB, in a namespace of its own; what fills it; and a start on what is full."""
SOON = 5.0
"""Seconds; the deadline of a call is 9.5."""


@pytest.fixture
def lease(tmp_path: Path) -> Iterator[EngineLease]:
    with engine.acquire(tmp_path / "data", kind="dynoxide") as running:
        yield running


@pytest.fixture
def store(lease: EngineLease) -> Iterator[Store]:
    with closing(make_client("us-east-1", lease.endpoint)) as client:
        made = Store(client)
        set_up(made)
        yield made


def damage(database: Path) -> None:
    """Every page but the first three has other bytes, as after a fault of the disk."""
    size = database.stat().st_size
    with open(database, "r+b") as file:
        file.seek(3 * 4096)
        file.write(b"\xee" * (size - 3 * 4096))
    for beside in ("-wal", "-shm"):
        database.with_name(database.name + beside).unlink(missing_ok=True)


def test_a_full_disk_is_named_by_commands(tmp_path: Path) -> None:
    script = SMALL.format(folder=tmp_path, python=sys.executable)
    began = time.monotonic()
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", script], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )
    if "code" not in done.stdout:
        missing(f"no disk of a small size can be had here: {done.stderr}")
    assert "code 1" in done.stdout
    assert done.stderr.count("The disk of the data folder") == 2, done.stderr
    assert "Free some space on it, then try again." in done.stderr
    assert "Traceback" not in done.stderr
    assert time.monotonic() - began < 60


def test_a_disk_that_takes_no_more_is_named_at_once_and_what_is_there_can_be_read(
    store: Store, lease: EngineLease
) -> None:
    item = to_wire_map({tables.PK: "A", tables.SK: "s", "text": "before"})
    store.write(Put(tables.RUNS, item))
    resource.prlimit(lease.pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
    began = time.monotonic()
    with pytest.raises(DataFolderFailed, match=r"a quota or the largest size of a file is reached"):
        store.write(Put(tables.RUNS, item | {"text": {"S": "x" * 300_000}}))
    with pytest.raises(UnsavedItems, match=r"1 item\(s\) of .* were not saved: .*the disk fails.*stays saved\."):
        store.batch_put(tables.RUNS, [item | {"text": {"S": "y" * 300_000}}])
    assert time.monotonic() - began < SOON
    assert store.get(tables.RUNS, "A", "s") == item


def test_the_api_says_what_the_disk_does(lease: EngineLease, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    with TestClient(create_app(Settings.load())) as client:
        resource.prlimit(lease.pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
        began = time.monotonic()
        answer = client.post("/metrics", json={"name": "kept"})
        assert (answer.status_code, "The disk of the data folder" in answer.text) == (503, True), answer.text
        assert client.get("/metrics").status_code == 200
        assert time.monotonic() - began < SOON


def test_a_damaged_database_is_named_by_commands(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    assert command("seed", "--data-dir", str(folder)).returncode == 0
    damage(folder / "dynamodb.db")
    began = time.monotonic()
    said = command("users", "list", "--data-dir", str(folder))
    assert (said.returncode, "The database in the data folder is damaged." in said.stderr) == (1, True), said.stderr
    assert time.monotonic() - began < SOON


def test_a_file_that_is_no_database_is_named_as_the_engine_starts(tmp_path: Path) -> None:
    (tmp_path / "dynamodb.db").write_text("not a database " * 500)
    with pytest.raises(DataFolderFailed, match="The database in the data folder is damaged"):
        engine.acquire(tmp_path)
    assert not (tmp_path / "engine.json").exists()
