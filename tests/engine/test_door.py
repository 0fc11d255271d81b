"""The door before the engine. Before it, any page of a browser and any local process read and wrote the store."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Iterator
from contextlib import ExitStack, closing
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from console.data.store.client import make_client
from console.engine import engine
from console.engine.door import HEAD_BYTES, STRANGERS, may_enter
from console.engine.engine import EngineLease
from console.engine.process import command_of, wait_until
from console.private import opener

KEY = "0123456789abcdef"
SIGNED = "Authorization: AWS4-HMAC-SHA256 Credential={key}/20260101/us-east-1/dynamodb/aws4_request"


@pytest.fixture
def lease(tmp_path: Path) -> Iterator[EngineLease]:
    with engine.acquire(tmp_path / "data", kind="dynoxide") as running:
        yield running


def head(*fields: str, key: str = KEY) -> bytes:
    return "\r\n".join(["POST / HTTP/1.1", *fields]).format(key=key).encode()


def ask(lease: EngineLease, headers: dict[str, str]) -> tuple[int, str]:
    """ListTables, over a connection of its own."""
    port = urlsplit(lease.address).port
    with closing(HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
        target = {"X-Amz-Target": "DynamoDB_20120810.ListTables", "Content-Type": "application/x-amz-json-1.0"}
        connection.request("POST", "/", "{}", {**target, **headers})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


def authorization(lease: EngineLease) -> dict[str, str]:
    scope = f"{urlsplit(lease.endpoint).username}/20260101/us-east-1/dynamodb/aws4_request"
    signed = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host;x-amz-date, Signature=00"
    return {"Authorization": signed, "X-Amz-Date": "20260101T000000Z"}


def test_who_has_the_key_is_served(lease: EngineLease) -> None:
    assert ask(lease, authorization(lease)) == (200, '{"TableNames":[]}')


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request"},
        {"Authorization": "AWS4-HMAC-SHA256 Credential=/"},
        {"Authorization": "Basic bG9jYWw6bG9jYWw="},
        {"Origin": "http://evil.example"},
    ],
    ids=["nothing", "another key", "an empty key", "another scheme", "a page"],
)
def test_who_has_not_is_refused(lease: EngineLease, headers: dict[str, str]) -> None:
    status, said = ask(lease, headers)
    assert status == 403
    assert "answers only to its key" in said
    assert urlsplit(lease.endpoint).username not in said


@pytest.mark.parametrize("more", [{"Origin": "null"}, {"Host": "rebound.example:80"}, {"Host": "10.0.0.7:80"}])
def test_a_browser_is_refused_even_with_the_key(lease: EngineLease, more: dict[str, str]) -> None:
    assert ask(lease, authorization(lease) | more)[0] == 403


def test_a_page_is_told_of_no_origin_that_may_read(lease: EngineLease) -> None:
    with closing(HTTPConnection("127.0.0.1", urlsplit(lease.address).port, timeout=5)) as connection:
        connection.request("OPTIONS", "/", headers={"Origin": "http://evil.example"})
        answer = connection.getresponse()
        assert answer.status == 403
        assert answer.headers["Access-Control-Allow-Origin"] is None


def test_the_engine_itself_is_in_no_network_that_others_reach(lease: EngineLease, tmp_path: Path) -> None:
    if not engine.status(tmp_path / "data").alone:
        pytest.skip("this kernel allows no network namespaces")
    assert os.readlink(f"/proc/{lease.pid}/ns/net") != os.readlink("/proc/self/ns/net")


def test_no_command_line_shows_the_key(lease: EngineLease, tmp_path: Path) -> None:
    key = engine.status(tmp_path / "data").access_key
    assert key
    assert not any(key in command_of(int(one)) for one in os.listdir("/proc") if one.isdecimal())


def test_port_and_key_are_drawn_anew_at_each_start(tmp_path: Path) -> None:
    with engine.acquire(tmp_path) as first:
        before = first.endpoint
    with engine.acquire(tmp_path) as second:
        assert urlsplit(second.endpoint).username != urlsplit(before).username
        assert urlsplit(second.endpoint).port != urlsplit(before).port


def test_a_killed_door_takes_the_engine_along_and_both_come_back(lease: EngineLease, tmp_path: Path) -> None:
    pid, endpoint = lease.pid, lease.endpoint
    door = lease.record.door
    os.kill(door, 9)
    assert wait_until(lambda: not command_of(pid), 5)
    assert lease.restart_if_dead()
    assert lease.endpoint == endpoint
    assert ask(lease, authorization(lease))[0] == 200


def test_half_open_connections_keep_nobody_out(lease: EngineLease) -> None:
    port = urlsplit(lease.address).port
    with ExitStack() as stack:
        for _ in range(STRANGERS + 100):
            stranger = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            stranger.sendall(b"POST / HTTP/1.1\r\n")
        assert ask(lease, authorization(lease))[0] == 200


def test_a_head_without_end_is_refused(lease: EngineLease) -> None:
    with socket.create_connection(("127.0.0.1", urlsplit(lease.address).port), timeout=5) as stranger:
        stranger.sendall(b"POST / HTTP/1.1\r\nX: " + b"a" * HEAD_BYTES)
        assert stranger.recv(64).startswith(b"HTTP/1.1 403")


def test_large_bodies_pass_in_both_directions(lease: EngineLease) -> None:
    with closing(make_client("us-east-1", lease.endpoint)) as client:
        client.create_table(
            TableName="Notes",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "N"}],
            BillingMode="PAY_PER_REQUEST",
        )
        items = [{"id": {"N": str(number)}, "text": {"S": "é" * 190_000}} for number in range(5)]
        client.batch_write_item(RequestItems={"Notes": [{"PutRequest": {"Item": item}} for item in items]})
        keys = [{"id": item["id"]} for item in items]
        found = client.batch_get_item(RequestItems={"Notes": {"Keys": keys}})["Responses"]["Notes"]
        assert sorted(found, key=lambda item: int(item["id"]["N"])) == items


@pytest.mark.parametrize(
    ("fields", "enters"),
    [
        (["Host: 127.0.0.1:8000", SIGNED], True),
        (["host: LOCALHOST:8000", SIGNED], True),
        (["Host: [::1]:8000", SIGNED], True),
        (["Host: 127.0.0.1:8000"], False),
        ([SIGNED], False),
        (["Host: evil.example:8000", SIGNED], False),
        (["Host: 127.0.0.1.evil.example:8000", SIGNED], False),
        (["Host: 127.0.0.1:8000", "Host: evil.example:8000", SIGNED], False),
        (["Host: 127.0.0.1:8000", "Origin: http://127.0.0.1:8000", SIGNED], False),
        (["Host: 127.0.0.1:8000", "Authorization: Credential=other/", SIGNED], False),
    ],
)
def test_the_head_of_a_request_decides(fields: list[str], enters: bool) -> None:
    assert may_enter(head(*fields), KEY.encode()) is enters


def test_folder_and_files_are_their_owners_alone(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o755)
    (folder / "api.log").write_text("of an earlier release", encoding="utf-8")
    (folder / "api.log").chmod(0o644)
    with engine.acquire(folder):
        modes = {path: stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.iterdir())}
    assert {path.name: oct(mode) for path, mode in modes.items() if mode & 0o077} == {}
    assert (folder / "dynamodb.db") in modes


def test_a_link_that_somebody_left_in_the_folder_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("mine", encoding="utf-8")
    (tmp_path / "api.log").symlink_to(tmp_path / "victim")
    with pytest.raises(OSError, match="symbolic links"), open(tmp_path / "api.log", "ab", opener=opener):
        pass
    assert (tmp_path / "victim").read_text(encoding="utf-8") == "mine"
