"""Requests to an engine on this machine, on connections of our own below botocore."""

from __future__ import annotations

import gc
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from botocore.awsrequest import AWSPreparedRequest, HeadersDict
from botocore.exceptions import ConnectionClosedError, EndpointConnectionError, ReadTimeoutError

from console.data.store.plain_http import PlainHttp

Serve = Callable[[socket.socket], None]
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Amzn-Requestid: 7\r\n\r\n{}"


class Server:
    """Answers each connection by a function, and keeps what arrived."""

    def __init__(self, serve: Serve) -> None:
        self.arrived: list[bytes] = []
        self.connections = 0
        self._serve = serve
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._work, args=(connection,), daemon=True).start()

    def _work(self, connection: socket.socket) -> None:
        with closing(connection):
            while data := connection.recv(65_536):
                self.arrived.append(data)
                self._serve(connection)

    def close(self) -> None:
        """Takes no more connections."""
        self._listening.close()


@pytest.fixture
def serving() -> Iterator[Callable[[Serve], Server]]:
    servers: list[Server] = []

    def start(serve: Serve) -> Server:
        servers.append(Server(serve))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def request(url: str) -> AWSPreparedRequest:
    headers = HeadersDict({"X-Amz-Target": "DynamoDB_20120810.GetItem", "Authorization": b"AWS4-HMAC-SHA256 x"})
    return AWSPreparedRequest("POST", f"{url}/", headers, b'{"TableName":"T"}', None)


def plain(url: str) -> PlainHttp:
    return PlainHttp(url, connect=1.0, read=0.3, pool=2)


def answering(connection: socket.socket) -> None:
    connection.sendall(ANSWER)


def test_head_and_body_arrive_in_one_piece_and_the_answer_is_botocores(serving: Callable[[Serve], Server]) -> None:
    server = serving(answering)
    answer = plain(server.url)(request(server.url))
    assert (answer.status_code, answer.content, answer.headers["x-amzn-requestid"]) == (200, b"{}", "7")
    (message,) = server.arrived
    head, _, body = message.partition(b"\r\n\r\n")
    assert body == b'{"TableName":"T"}'
    assert head.split(b"\r\n") == [
        b"POST / HTTP/1.1",
        b"Host: " + server.url.removeprefix("http://").encode(),
        b"Content-Length: 17",
        b"X-Amz-Target: DynamoDB_20120810.GetItem",
        b"Authorization: AWS4-HMAC-SHA256 x",
    ]


def test_a_connection_is_used_again(serving: Callable[[Serve], Server]) -> None:
    server = serving(answering)
    send = plain(server.url)
    send(request(server.url))
    send(request(server.url))
    assert (server.connections, len(server.arrived)) == (1, 2)


def test_one_that_the_other_side_closed_is_replaced(serving: Callable[[Serve], Server]) -> None:
    closed = threading.Event()

    def once(connection: socket.socket) -> None:
        connection.sendall(ANSWER)
        connection.shutdown(socket.SHUT_RDWR)
        closed.set()

    server = serving(once)
    send = plain(server.url)
    send(request(server.url))
    assert closed.wait(10)
    assert send(request(server.url)).content == b"{}"
    assert server.connections == 2


def test_one_that_is_to_be_closed_is_not_kept(serving: Callable[[Serve], Server]) -> None:
    server = serving(
        lambda connection: connection.sendall(ANSWER.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    )
    send = plain(server.url)
    send(request(server.url))
    send(request(server.url))
    assert server.connections == 2


def test_silence_is_a_read_time_out(serving: Callable[[Serve], Server]) -> None:
    server = serving(lambda connection: None)
    with pytest.raises(ReadTimeoutError):
        plain(server.url)(request(server.url))


@pytest.mark.parametrize("begun", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{", b"no answer at all\r\n"])
def test_half_an_answer_is_a_closed_connection(serving: Callable[[Serve], Server], begun: bytes) -> None:
    def half(connection: socket.socket) -> None:
        connection.sendall(begun)
        connection.shutdown(socket.SHUT_RDWR)

    server = serving(half)
    with pytest.raises(ConnectionClosedError):
        plain(server.url)(request(server.url))


def test_nobody_there_is_an_endpoint_that_cannot_be_reached(free_port: int) -> None:
    url = f"http://127.0.0.1:{free_port}"
    with pytest.raises(EndpointConnectionError):
        plain(url)(request(url))


def test_connections_end_with_who_keeps_them(serving: Callable[[Serve], Server]) -> None:
    server = serving(answering)
    send = plain(server.url)
    send(request(server.url))
    (kept,) = send._idle
    del send
    gc.collect()
    assert kept.fileno() == -1
