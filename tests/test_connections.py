"""Half-open connections keep nobody out. Before, 1,100 of them stopped both servers."""

from __future__ import annotations

import asyncio
import resource
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from http.client import HTTPConnection

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from console import connections
from console.connections import CONNECTIONS, PatientProtocol
from console.engine.process import answers, wait_until

STRANGERS = 2_000
PART = b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Le"


@pytest.fixture(autouse=True)
def _descriptors() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def say(request: Request) -> PlainTextResponse:
    return PlainTextResponse(str(len(await request.body())))


@contextmanager
def served(port: int) -> Iterator[uvicorn.Server]:
    application = Starlette(routes=[Route("/", say, methods=["GET", "POST"])])
    options = {"http": PatientProtocol, "log_level": "critical", "lifespan": "off"}
    server = uvicorn.Server(uvicorn.Config(application, port=port, **options))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()))
    thread.start()
    assert wait_until(lambda: answers(port), 10)
    yield server
    assert wait_until(lambda: not server.server_state.connections, 10)
    server.should_exit = True
    thread.join(20)


def open_at(port: int, sent: bytes) -> socket.socket:
    one = socket.create_connection(("127.0.0.1", port), timeout=5)
    one.sendall(sent)
    return one


@pytest.mark.parametrize("sent", [PART, b"", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx"])
def test_a_request_is_answered_while_2_000_half_open_connections_come(free_port: int, sent: bytes) -> None:
    with served(free_port) as server, ExitStack() as stack:
        over = threading.Event()

        def come() -> None:
            for _ in range(STRANGERS):
                stack.enter_context(open_at(free_port, sent))
            over.set()

        coming = threading.Thread(target=come)
        coming.start()
        asked = []
        while not over.is_set() or len(asked) < 20:
            asked.append(answers(free_port, timeout=5))
        coming.join()
        assert asked == [True] * len(asked)
        assert wait_until(lambda: len(server.server_state.connections) <= CONNECTIONS, 5)


def test_who_sent_a_part_is_closed_before_who_is_about_to_ask(free_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "CONNECTIONS", 3)
    with served(free_port), ExitStack() as stack:
        kept = stack.enter_context(connected(free_port))
        halves = [stack.enter_context(open_at(free_port, PART)) for _ in range(3)]
        assert halves[0].recv(1) == b""
        kept.request("POST", "/", b"12345")
        assert kept.getresponse().read() == b"5"


@contextmanager
def connected(port: int) -> Iterator[HTTPConnection]:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    connection.connect()
    yield connection
    connection.close()


def test_a_head_that_does_not_come_is_not_waited_for(free_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.2)
    monkeypatch.setattr(connections, "BODY_SECONDS", 0.4)
    with served(free_port), ExitStack() as stack:
        began = time.monotonic()
        for sent in (PART, b"", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx"):
            one = stack.enter_context(open_at(free_port, sent))
            with suppress(ConnectionResetError):
                assert one.recv(1) == b""
        assert time.monotonic() - began < 4
