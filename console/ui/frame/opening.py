"""The page that a browser opens first, with the console's own address in it.

Opened at a page of its own, as `/runs`, Streamlit's script cannot know where the server's root is: it asks below the
page first, meets two 404s, and asks again. It takes the address from `window.__streamlit` when it is there.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_HEAD = b"<head>"
_STALE = ("etag", "last-modified")
"""They speak of the file, and not of what is sent."""
_SCRIPT = "<script>window.__streamlit={{BACKEND_BASE_URL:new URL({path},location.origin).href}}</script>"


class Opening:
    """A plain ASGI layer that writes the address into pages.

    Args:
        base: the path below which the console is served, without slashes at its ends.
    """

    def __init__(self, app: ASGIApp, base: Callable[[], str]) -> None:
        self._app = app
        self._base = base

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request; what is not a page passes as it is."""
        if scope["type"] != "http" or scope["method"] != "GET" or "text/html" not in _accepted(scope):
            await self._app(scope, receive, send)
            return
        plain = [(name, value) for name, value in scope["headers"] if name not in (b"accept-encoding", b"range")]
        await self._app({**scope, "headers": plain}, receive, _Page(send, self._script()))

    def _script(self) -> bytes:
        base = self._base()
        path = json.dumps(f"/{base}/" if base else "/").replace("<", "\\u003c")
        return _HEAD + _SCRIPT.format(path=path).encode()


class _Page:
    """Sends a page with the script in its head, and anything else as it comes."""

    def __init__(self, send: Send, head: bytes) -> None:
        self._send = send
        self._head = head
        self._start: Message | None = None
        self._body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_page(message):
            self._start = message
        elif self._start is None:
            await self._send(message)
        else:
            self._body += message.get("body", b"")
            if not message.get("more_body"):
                await self._finish(self._start)

    async def _finish(self, start: Message) -> None:
        body = self._body.replace(_HEAD, self._head, 1)
        headers = MutableHeaders(scope=start)
        headers["content-length"] = str(len(body))
        for name in _STALE:
            del headers[name]
        await self._send(start)
        await self._send({"type": "http.response.body", "body": body})


def _accepted(scope: Scope) -> str:
    return Headers(scope=scope).get("accept", "")


def _is_page(start: Message) -> bool:
    kind = Headers(raw=start["headers"]).get("content-type", "")
    return start["status"] == 200 and kind.startswith("text/html")
