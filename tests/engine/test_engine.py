"""The engine launcher: one durable engine per folder, shared, counted, recovered."""

from __future__ import annotations

import dataclasses
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from console.data.store.client import make_client
from console.engine import door, engine
from console.engine.door import ABANDONED_SECONDS
from console.engine.folder import DataFolder, EngineRecord
from console.engine.process import command_of, free_port, wait_until
from console.errors import SetupError

ROOT = Path(__file__).resolve().parents[2]

USER = """
import sys
from pathlib import Path
from console.engine.engine import acquire
with acquire(Path(sys.argv[1]), kind="dynoxide") as lease:
    print(lease.pid, lease.endpoint, flush=True)
    sys.stdin.read()
"""
"""A program that uses a folder's engine until its input ends."""


@contextmanager
def user(folder: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", USER, str(folder)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process


def engine_of(process: subprocess.Popen[str]) -> int:
    """The pid of the engine that a user got."""
    assert process.stdout
    return int(process.stdout.readline().split()[0])


def leave(process: subprocess.Popen[str]) -> None:
    assert process.stdin
    process.stdin.close()
    assert process.wait(10) == 0


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    assert wait_until(lambda: not command_of(pid), 5)


def client(endpoint: str):
    return make_client("us-east-1", endpoint)


def create_notes_table(endpoint: str) -> None:
    client(endpoint).create_table(
        TableName="Notes",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "data"
    engine.stop(tmp_path / "data", force=True)


def test_the_engine_serves_dynamodb_from_the_folder(folder: Path) -> None:
    with engine.acquire(folder, kind="dynoxide") as lease:
        assert client(lease.endpoint).list_tables()["TableNames"] == []
        assert lease.record.kind == "dynoxide"
        assert lease.record.version == "1.2.1"
        assert lease.record.warning is None
    assert (folder / "dynamodb.db").exists()


def test_two_users_in_one_process_share_one_engine(folder: Path) -> None:
    with engine.acquire(folder) as first, engine.acquire(folder) as second:
        assert second.pid == first.pid


def test_two_processes_share_one_engine(folder: Path) -> None:
    with user(folder) as other:
        pid = engine_of(other)
        with engine.acquire(folder) as lease:
            assert lease.pid == pid


def test_the_last_user_stops_the_engine(folder: Path) -> None:
    with user(folder) as first, user(folder) as second:
        pid = engine_of(first)
        assert engine_of(second) == pid
        leave(first)
        assert command_of(pid)
        leave(second)
        assert not command_of(pid)


def test_releasing_twice_leaves_the_engine_to_its_other_users(folder: Path) -> None:
    with engine.acquire(folder) as first:
        second = engine.acquire(folder)
        second.release()
        second.release()
        assert command_of(first.pid)


def test_eight_racing_processes_get_one_engine(folder: Path) -> None:
    with (
        user(folder) as a,
        user(folder) as b,
        user(folder) as c,
        user(folder) as d,
        user(folder) as e,
        user(folder) as f,
        user(folder) as g,
        user(folder) as h,
    ):
        assert len({engine_of(process) for process in (a, b, c, d, e, f, g, h)}) == 1


def test_racing_threads_that_come_and_go_never_lose_their_engine(folder: Path) -> None:
    def visit(_: int) -> list[str]:
        with engine.acquire(folder) as lease:
            names: list[str] = client(lease.endpoint).list_tables()["TableNames"]
            return names

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(visit, range(40))) == [[]] * 40
    assert engine.status(folder) is None


def test_a_user_killed_with_9_is_no_longer_counted(folder: Path) -> None:
    with user(folder) as other:
        pid = engine_of(other)
        lease = engine.acquire(folder)
        other.kill()
        other.wait()
        lease.release()
        assert not command_of(pid)


def test_an_engine_whose_users_were_all_killed_is_taken_over(folder: Path) -> None:
    with user(folder) as other:
        pid = engine_of(other)
        other.kill()
    assert command_of(pid)
    with engine.acquire(folder) as lease:
        assert lease.pid == pid
    assert not command_of(pid)


def test_an_engine_whose_users_were_all_killed_ends_by_itself(folder: Path) -> None:
    with user(folder) as other:
        pid = engine_of(other)
        record = DataFolder(folder).read()
        assert record
        other.kill()
    assert wait_until(lambda: not command_of(pid) and not command_of(record.door), ABANDONED_SECONDS + 10, 0.1)
    assert DataFolder(folder).read() is None


def test_an_engine_whose_folder_is_gone_ends_with_its_user(folder: Path) -> None:
    with user(folder) as other:
        pid = engine_of(other)
        shutil.rmtree(folder)
        assert not wait_until(lambda: not command_of(pid), 1.0, 0.1)
        other.kill()
    assert wait_until(lambda: not command_of(pid), ABANDONED_SECONDS + 10, 0.1)


def test_an_engine_that_cannot_be_recorded_does_not_stay(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[EngineRecord] = []

    def refuse(_folder: DataFolder, record: EngineRecord) -> EngineRecord:
        started.append(record)
        raise SetupError("The disk is full.")

    monkeypatch.setattr(DataFolder, "write", refuse)
    with pytest.raises(SetupError, match=r"The disk is full\."):
        engine.acquire(folder)
    assert [command_of(one.pid) + command_of(one.door) for one in started] == [""]


def test_who_looks_for_users_leaves_a_kept_engine_and_one_in_use(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "ABANDONED_SECONDS", 0.0)
    with engine.acquire(folder) as lease:
        users = door.Users(str(folder))
        monkeypatch.setattr(door.os, "getpid", lambda: lease.record.door)
        assert not users.gone()
        lease.keep()
    assert not users.gone()
    assert engine.stop(folder)
    assert users.gone()
    users.close()


def test_data_survive_a_kill_9_of_the_engine(folder: Path) -> None:
    with engine.acquire(folder) as lease:
        create_notes_table(lease.endpoint)
        client(lease.endpoint).put_item(TableName="Notes", Item={"id": {"S": "kept"}})
        kill(lease.pid)
        with engine.acquire(folder) as after:
            assert client(after.endpoint).scan(TableName="Notes")["Items"] == [{"id": {"S": "kept"}}]


def test_a_crashed_engine_comes_back_at_the_same_address(folder: Path) -> None:
    with engine.acquire(folder) as lease:
        endpoint, pid = lease.endpoint, lease.pid
        kill(pid)
        assert lease.restart_if_dead()
        assert lease.endpoint == endpoint
        assert lease.pid != pid
        assert client(endpoint).list_tables()["TableNames"] == []


def test_a_running_engine_is_not_restarted(folder: Path) -> None:
    with engine.acquire(folder) as lease:
        assert not lease.restart_if_dead()


def test_a_record_whose_pid_is_another_program_is_stale(folder: Path) -> None:
    with engine.acquire(folder) as lease:
        lease.keep()
        record = DataFolder(folder).read()
        assert record
        kill(lease.pid)
    DataFolder(folder).write(dataclasses.replace(record, pid=os.getpid(), kept=False))
    assert engine.status(folder) is None
    with engine.acquire(folder) as lease:
        assert lease.pid != os.getpid()
        assert client(lease.endpoint).list_tables()["TableNames"] == []


def test_an_engine_that_lives_but_does_not_answer_is_replaced(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(engine.READY_SECONDS, "dynoxide", 1.5)
    with engine.acquire(folder) as lease:
        os.kill(lease.pid, signal.SIGSTOP)
        with engine.acquire(folder) as after:
            assert after.pid != lease.pid
            assert client(after.endpoint).list_tables()["TableNames"] == []


def test_a_copied_folder_gets_an_engine_of_its_own(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    with engine.acquire(folder) as lease:
        copy.mkdir()
        (copy / "engine.json").write_bytes((folder / "engine.json").read_bytes())
        with engine.acquire(copy) as other:
            assert other.pid != lease.pid


def test_a_damaged_record_is_replaced(folder: Path) -> None:
    folder.mkdir()
    (folder / "engine.json").write_text('{"pid": 1', encoding="utf-8")
    with engine.acquire(folder) as lease:
        assert client(lease.endpoint).list_tables()["TableNames"] == []


def test_a_named_port_is_used(folder: Path, free_port: int) -> None:
    with engine.acquire(folder, free_port) as lease:
        assert lease.address == f"http://127.0.0.1:{free_port}"


def test_a_taken_port_is_an_error_that_names_it(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(SetupError, match=f"Port {port} is taken. Name another"):
            engine.acquire(folder, port)
    assert engine.status(folder) is None


def test_a_port_that_is_lost_in_a_race_leads_to_another_one(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        ports = iter([other.getsockname()[1], free_port()])
        monkeypatch.setattr(engine, "free_port", lambda: next(ports))
        with engine.acquire(folder) as lease:
            assert client(lease.endpoint).list_tables()["TableNames"] == []


def test_a_folder_that_cannot_be_made_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(SetupError, match=r"file/data cannot be used: Not a directory\. Make it writable"):
        engine.acquire(tmp_path / "file" / "data")


def test_a_kept_engine_stays_without_users_until_it_is_stopped(folder: Path) -> None:
    with engine.acquire(folder) as lease:
        lease.keep()
    assert engine.status(folder)
    assert not engine.status(folder).in_use
    assert engine.stop(folder)
    assert not command_of(lease.pid)


def test_an_engine_in_use_is_stopped_by_force_only(folder: Path) -> None:
    with engine.acquire(folder) as lease:
        with pytest.raises(SetupError, match="is in use"):
            engine.stop(folder)
        assert engine.stop(folder, force=True)
        assert not command_of(lease.pid)


def test_status_of_a_folder_that_is_not_there_makes_nothing(folder: Path) -> None:
    assert engine.status(folder) is None
    assert not engine.stop(folder)
    assert not folder.exists()


def test_the_engine_is_not_in_the_terminal_session_of_its_user(folder: Path) -> None:
    with engine.acquire(folder) as lease:
        assert os.getsid(lease.pid) != os.getsid(0)


def test_moto_serves_in_memory_and_says_so(folder: Path) -> None:
    with engine.acquire(folder, kind="moto") as lease:
        assert lease.record.kind == "moto"
        assert lease.record.warning
        assert "all data is lost when it stops" in lease.record.warning
        create_notes_table(lease.endpoint)
        assert client(lease.endpoint).list_tables()["TableNames"] == ["Notes"]
