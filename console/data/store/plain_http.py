"""HTTP without TLS to an engine on this machine, for botocore: saves a third of what a request to it costs.

botocore asks its handlers of `before-send` for an answer before it sends a request itself
(https://boto3.amazonaws.com/v1/documentation/api/latest/guide/events.html). This one sends on connections of its own;
everything else (signatures, errors, time-outs) is as it is on AWS, which botocore's own session reaches.
"""

from __future__ import annotations

import select
import socket
import threading
import weakref
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPException, HTTPResponse
from typing import Any
from urllib.parse import urlsplit

from botocore.awsrequest import AWSResponse
from botocore.exceptions import ConnectionClosedError, ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError

_OURS = frozenset({"host", "content-length"})


class PlainHttp:
    """Keeps connections to one address. Thread-safe.

    Args:
        address: `http://host:port`, without credentials.
        connect, read: seconds.
        pool: connections that are kept.
    """

    def __init__(self, address: str, *, connect: float, read: float, pool: int) -> None:
        parts = urlsplit(address)
        self._host = parts.hostname or ""
        self._port = parts.port or 80
        self._named = parts.netloc.removesuffix(":80")  # as botocore signs it
        self._path = parts.path.rstrip("/") + "/"
        self._connect = connect
        self._read = read
        self._pool = pool
        self._lock = threading.Lock()
        self._idle: list[socket.socket] = []
        weakref.finalize(self, _close, self._idle)

    def __call__(self, request: Any, **_: Any) -> AWSResponse:
        """Sends a prepared request; what fails is what botocore's own session would raise."""
        connection = self._taken() or self._opened(request.url)
        try:
            answer, body = self._asked(connection, request)
        except TimeoutError as error:
            raise ReadTimeoutError(endpoint_url=request.url, error=error) from error
        except (OSError, HTTPException) as error:
            raise ConnectionClosedError(error=error, request=request, endpoint_url=request.url) from error
        self._keep(connection, answer.will_close)
        return AWSResponse(request.url, answer.status, answer.headers, _Body(body))  # type: ignore[arg-type]  # a message of the same methods

    def _asked(self, connection: socket.socket, request: Any) -> tuple[HTTPResponse, bytes]:
        try:
            connection.sendall(self._message(request))
            with closing(HTTPResponse(connection, method=request.method)) as answer:
                answer.begin()
                return answer, answer.read()
        except BaseException:
            connection.close()
            raise

    def _message(self, request: Any) -> bytes:
        """Head and body in one piece: in two they are two deliveries, and two awakenings of who reads them."""
        body = request.body or b""
        lines = [f"{request.method} {self._path} HTTP/1.1", f"Host: {self._named}", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {_text(value)}" for name, value in request.headers.items() if name.lower() not in _OURS]
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + body

    def _taken(self) -> socket.socket | None:
        """A connection that waits; one that was closed from the other side has something to read: its end."""
        while True:
            with self._lock:
                if not self._idle:
                    return None
                connection = self._idle.pop()
            waiting = select.poll()
            waiting.register(connection, select.POLLIN)
            if not waiting.poll(0):
                return connection
            connection.close()

    def _opened(self, url: str) -> socket.socket:
        try:
            connection = socket.create_connection((self._host, self._port), timeout=self._connect)
        except TimeoutError as error:
            raise ConnectTimeoutError(endpoint_url=url, error=error) from error
        except OSError as error:
            raise EndpointConnectionError(endpoint_url=url, error=error) from error
        connection.settimeout(self._read)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        return connection

    def _keep(self, connection: socket.socket, closing: bool) -> None:
        with self._lock:
            if not closing and len(self._idle) < self._pool:
                self._idle.append(connection)
                return
        connection.close()


def _close(connections: list[socket.socket]) -> None:
    while connections:
        connections.pop().close()


class _Body:
    """What botocore reads an answer from."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self) -> Iterator[bytes]:
        """All of it."""
        yield self._content


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value
