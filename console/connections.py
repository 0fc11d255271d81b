"""Connections that do not keep a server busy: deadlines for what arrives, and a limit of how many there are.

uvicorn waits for ever for the rest of a request, and takes connections until there is no descriptor left: 1,100
half-sent requests stopped a server. With this protocol a head has `HEAD_SECONDS` to arrive and a body
`BODY_SECONDS`. While there are more than `CONNECTIONS`, those that sent a part of a request and kept the rest to
themselves are closed, the oldest first, and then those that sent nothing. That is looked at a moment after a connection
was made, and at what has arrived and was not read, so that a request which is on its way is never among them.
"""

from __future__ import annotations

import asyncio
import select
from typing import Any

import h11
from uvicorn.protocols.http import auto
from uvicorn.protocols.http.h11_impl import H11Protocol

CONNECTIONS = 512
"""Of one process, sockets of browsers aside."""
HEAD_SECONDS = 10.0
MOMENT_SECONDS = 0.05
"""For what a new connection has sent already to be read: a thousand may be accepted before the first is."""
BODY_SECONDS = 60.0
"""For the 12 MB that a request may have, 200 KB a second."""


class PatientProtocol(H11Protocol):
    """HTTP/1.1 of uvicorn with deadlines."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._deadline: asyncio.TimerHandle | None = None
        self._waits_since: float | None = None
        self._began = False
        """Whether a part of the request has come."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A new connection."""
        super().connection_made(transport)
        self._wait(HEAD_SECONDS)
        if len(self.connections) > CONNECTIONS:
            self.loop.call_later(MOMENT_SECONDS, self._make_room)

    def data_received(self, data: bytes) -> None:
        """Some bytes of a request, or all."""
        before, self._began = self.conn.their_state, True
        super().data_received(data)
        now = self.conn.their_state
        if self.transport.get_protocol() is not self or now in (h11.DONE, h11.MUST_CLOSE, h11.CLOSED, h11.ERROR):
            self._relax()
        elif now is h11.SEND_BODY and before is not h11.SEND_BODY:
            self._wait(BODY_SECONDS)
        elif now is h11.IDLE and self._deadline is None and self.conn.trailing_data[0]:
            self._wait(HEAD_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        """The end of a connection."""
        self._relax()
        super().connection_lost(exc)

    def expire(self) -> None:
        """Close a connection whose request did not arrive."""
        self._relax()
        self.connections.discard(self)  # at once: the loop tells of the end later
        self.transport.abort()

    def _wait(self, seconds: float) -> None:
        began = self._began
        self._relax()
        self._began = began
        self._waits_since = self.loop.time()
        self._deadline = self.loop.call_later(seconds, self.expire)

    def _make_room(self) -> None:
        """Close the half-open connections that are too many."""
        many = len(self.connections) - CONNECTIONS
        if many <= 0:
            return
        waiting = [one for one in self.connections if isinstance(one, PatientProtocol) and one._waits_since]
        waiting.sort(key=lambda one: (not one._began, one._waits_since))
        for one in waiting:
            if many > 0 and not one._has_more():
                one.expire()
                many -= 1

    def _has_more(self) -> bool:
        """Whether something has arrived that was not read yet, or the end of it that is not known yet."""
        if self.transport.is_closing():
            return True
        there = select.poll()
        there.register(self.transport.get_extra_info("socket").fileno(), select.POLLIN)
        return bool(there.poll(0))

    def _relax(self) -> None:
        self._waits_since, self._began = None, False
        if self._deadline:
            self._deadline.cancel()
            self._deadline = None


def use_everywhere() -> None:
    """Make it what uvicorn takes where nobody names a protocol: Streamlit starts its server without asking."""
    auto.AutoHTTPProtocol = PatientProtocol
