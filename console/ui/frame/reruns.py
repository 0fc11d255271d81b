"""A page never empties: what a browser asks of a page that is being left is not asked of the page that comes.

A part of a page that is drawn by itself (a fragment: every two seconds, at a click, at a key) asks with the name of its
page. Asked while another page is on its way, Streamlit draws that part as the old page, and the browser, told so, takes
the new page away. So such questions wait until what is being drawn has been drawn, one at a time, and those of a page
that is no longer there are dropped; a timer's question, which comes again, does not wait at all.

Nor is what somebody typed lost to what they do next: Streamlit breaks the callbacks of one question off when the next
one comes, and takes of two that wait the values of the later. So a question waits until the callbacks of the one before
it have run, which is when the server says more than that it begins.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from google.protobuf.message import DecodeError
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

PATIENCE = 1.0
"""Seconds that an answer may take to begin; then nothing is being drawn."""
MOST_HELD = 200
"""Questions that wait; beyond these the browser waits, whose socket is not read until one was passed on."""


class Reruns:
    """The layer around the sockets of the console."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One socket; anything else passes as it is."""
        if scope["type"] != "websocket":
            await self._app(scope, receive, send)
            return
        line = Line(receive, send)
        try:
            await self._app(scope, line.receive, line.send)
        finally:
            line.close()


class Line:
    """One browser's socket, seen from both ends.

    Args:
        clock: seconds that only grow.
    """

    def __init__(self, receive: Receive, send: Send, clock: Callable[[], float] = time.monotonic) -> None:
        self._receive, self._send, self._clock = receive, send, clock
        self._page = ""
        """The page that was asked for or drawn last; "" while it is not known."""
        self._busy_until = 0.0
        self._unheard_until = 0.0
        """Until then the callbacks of the question that was passed last may run."""
        self._begun = False
        """The server began with the question that was passed last."""
        self._ready: deque[Message] = deque()
        self._held: deque[tuple[ClientState, Message]] = deque()
        """Questions, read and as they came."""
        self._hurried = 0
        """So many of them wait for callbacks only: the last of them is of a whole page."""
        self._reading: asyncio.Future[Message] | None = None
        self._drawn = asyncio.Event()

    async def receive(self) -> Message:
        """The next message for the server."""
        while True:
            message = self._due()
            if message is not None:
                return message
            if len(self._held) >= MOST_HELD:
                await self._something()
                continue
            reading = self._reading or asyncio.ensure_future(self._receive())
            self._reading = reading
            await self._something(reading)
            if reading.done():
                self._reading = None
                self._take(reading.result())

    async def send(self, message: Message) -> None:
        """A message for the browser; what it says of the page is noted."""
        data = message.get("bytes")
        if data:
            self._note(data)
        await self._send(message)

    def close(self) -> None:
        """Nobody listens any more."""
        if self._reading is not None:
            self._reading.cancel()

    # --- inside ----------------------------------------------------------------------------------------

    def _busy(self) -> bool:
        return self._clock() < self._busy_until

    def _wait(self) -> float:
        """Seconds until the first question that waits may pass."""
        return max((self._unheard_until if self._hurried else self._busy_until) - self._clock(), 0.0)

    def _due(self) -> Message | None:
        if self._ready:
            return self._ready.popleft()
        while self._held and not self._wait():
            asked, message = self._held.popleft()
            hurried, self._hurried = self._hurried > 0, max(self._hurried - 1, 0)
            if not asked.fragment_id:
                self._page = asked.page_script_hash
            if hurried or self._is_here(asked.page_script_hash):
                self._asked()
                return message
        return None

    async def _something(self, *reading: asyncio.Future[Message]) -> None:
        """Waits for a message, for the end of a drawing, or until it is clear that there is none."""
        self._drawn.clear()
        drawn = asyncio.ensure_future(self._drawn.wait())
        wait = self._wait() if self._held else float("inf")
        limit = None if wait == float("inf") else wait
        try:
            waiting: set[asyncio.Future[Any]] = {*reading, drawn}
            await asyncio.wait(waiting, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
        finally:
            drawn.cancel()

    def _take(self, message: Message) -> None:
        """A message from the browser: at once, later, or not at all."""
        asked = _rerun_in(message)
        if asked is None:
            self._ready.append(message)
        elif not asked.fragment_id:
            waiting = enumerate(self._held)
            kept = [one for at, one in waiting if at < self._hurried or self._is_here(one[0].page_script_hash)]
            self._held = deque([*kept, (asked, message)])
            self._hurried = len(self._held)
            self._page = asked.page_script_hash
        elif not asked.is_auto_rerun:
            self._held.append((asked, message))
        elif not self._busy() and not self._held and self._is_here(asked.page_script_hash):
            self._asked()
            self._ready.append(message)

    def _is_here(self, page: str) -> bool:
        return page == self._page or not page or not self._page

    def _asked(self) -> None:
        self._unheard_until, self._begun = self._clock() + PATIENCE, False
        self._busy_until = max(self._busy_until, self._unheard_until)

    def _note(self, data: bytes) -> None:
        try:
            told = ForwardMsg.FromString(data)
        except DecodeError:
            return
        kind = told.WhichOneof("type")
        if self._begun and kind in ("navigation", "delta", "script_finished"):
            self._unheard_until = 0.0
            self._drawn.set()
        if kind == "new_session":
            self._begun = True
            self._page = told.new_session.page_script_hash
            self._busy_until = float("inf")
        elif kind == "navigation":
            self._page = told.navigation.page_script_hash
        elif kind == "script_finished":
            early = told.script_finished == ForwardMsg.FINISHED_EARLY_FOR_RERUN
            self._busy_until = self._clock() + PATIENCE if early else 0.0
            self._drawn.set()


def _rerun_in(message: Message) -> ClientState | None:
    """What a browser's message asks to be drawn; None when it asks something else."""
    data = message.get("bytes") if message["type"] == "websocket.receive" else None
    if not data:
        return None
    try:
        asked = BackMsg.FromString(data)
    except DecodeError:
        return None
    return asked.rerun_script if asked.WhichOneof("type") == "rerun_script" else None
