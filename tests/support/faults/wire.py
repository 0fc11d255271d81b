"""HTTP/1.1 as DynamoDB clients and engines speak it: the least of it that the fault proxy needs."""

from __future__ import annotations

import json
import re
import socket
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

ENGINE_TIMEOUT_SECONDS = 30.0

_CONTENT_LENGTH = re.compile(rb"\r\ncontent-length:\s*(\d+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:\s*chunked", re.IGNORECASE)
_CLOSES = re.compile(rb"^HTTP/1\.0|\r\nconnection:\s*close", re.IGNORECASE)
_TARGET = re.compile(rb"(\r\nx-amz-target:\s*\w+\.)(\w+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Message:
    """One HTTP/1.1 request or answer."""

    head: bytes
    """From the first line to the empty one, both included."""
    body: bytes

    @property
    def wire(self) -> bytes:
        return self.head + self.body

    @property
    def operation(self) -> str:
        target = _TARGET.search(self.head)
        return target[2].decode() if target else ""

    @property
    def status(self) -> int:
        return int(self.head[9:12])

    @property
    def json(self) -> Json:
        decoded: Json = json.loads(self.body or b"{}")
        return decoded

    def replaced(self, body: Json, operation: str | None = None) -> Message:
        """The same request with another body, and perhaps for another operation."""
        encoded = json.dumps(body).encode()
        head = _CONTENT_LENGTH.sub(b"\r\nContent-Length: %d" % len(encoded), self.head)
        if operation is not None:
            head = _TARGET.sub(rb"\g<1>" + operation.encode(), head)
        return Message(head, encoded)


class Messages:
    """Reads one message after another from a connection."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._buffer = b""

    def read(self) -> Message | None:
        """The next message, or None at the end of the connection."""
        while (end := self._buffer.find(b"\r\n\r\n") + 4) == 3:
            if not self._more():
                return None
        head = self._buffer[:end]
        if _CHUNKED.search(head):
            raise NotImplementedError("the fault proxy reads bodies with a Content-Length only")
        length = _CONTENT_LENGTH.search(head)
        size = end + int(length[1] if length else 0)
        parts, have = [self._buffer], len(self._buffer)
        while have < size:
            parts.append(self._connection.recv(min(size - have, 1 << 20)))
            have += len(parts[-1])
            if not parts[-1]:
                return None
        whole = b"".join(parts)
        self._buffer = whole[size:]
        return Message(head, whole[end:size])

    def _more(self) -> bool:
        received = self._connection.recv(1 << 16)
        self._buffer += received
        return bool(received)


class EngineConnection:
    """One connection to the engine, opened when it is needed and kept while the engine keeps it."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._address = address
        self._connection: socket.socket | None = None

    def ask(self, request: Message) -> Message:
        """Raises OSError when the engine does not answer; nothing is sent twice."""
        if self._connection is None:
            self._connection = socket.create_connection(self._address, timeout=ENGINE_TIMEOUT_SECONDS)
            self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._answers = Messages(self._connection)
        self._connection.sendall(request.wire)
        answer = self._answers.read()
        if answer is None:
            raise ConnectionResetError("the engine closed the connection without an answer")
        if _CLOSES.search(answer.head):
            self.close()
        return answer

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None


def json_answer(status: int, body: Json) -> Message:
    encoded = json.dumps(body).encode()
    reason = {200: "OK", 400: "Bad Request", 500: "Internal Server Error"}[status]
    head = (
        f"HTTP/1.1 {status} {reason}\r\nContent-Type: application/x-amz-json-1.0\r\n"
        f"x-amzn-RequestId: FAULTPROXY\r\nContent-Length: {len(encoded)}\r\n\r\n"
    )
    return Message(head.encode(), encoded)
