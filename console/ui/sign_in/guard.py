"""What Streamlit's server lets through, before any of it is worked on. A plain ASGI layer around all of the console.

- Requests and sockets by other names than `server.allowedHosts`: a page whose name was pointed at this machine.
  The health check is answered by any: load balancers ask by address, and it says "ok" and nothing else.
- Uploads, and files that a page offers, without a session that holds now.
- More sockets than there is memory for; those of strangers, who need one to sign in, are counted apart.

It answers one address itself: there a browser gets the cookie that its session outlives the process with, or loses it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from http.cookies import CookieError, SimpleCookie

import anyio
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from console.ui.sign_in.browsers import COOKIE, KEEP, LASTING, new_name

HEALTH = "/_stcore/health"
PROTECTED = ("/_stcore/upload_file/", "/media/", "/_stcore/metrics")
"""Parts of addresses; with `server.baseUrlPath` something stands before them."""
SOCKETS = 400
"""Open sockets of one process; a session takes up to a few megabytes."""
STRANGERS = 100
"""Of them, those of browsers without a session."""
_HEADERS = {
    "content-security-policy": "frame-ancestors 'self'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
}
"""Of every answer. Streamlit lets pages of its own hosts, where anybody may have one, frame and steer an app."""
_QUIET = ("/_stcore/", "/static/", "/component/", "/media/")
_TRY_AGAIN_LATER = 1013
_POLICY = 1008


class Guard:
    """The layer.

    Args:
        hosts: names by which the console may be called, `*.example.com` with its subdomains; none: any name.
        signed_in: whether the browser of this name has a session that holds; may ask the store.
        lasting: that session, signed, and when it ends; None without one. May ask the store.
    """

    def __init__(
        self,
        app: ASGIApp,
        hosts: Callable[[], Sequence[str]],
        signed_in: Callable[[str], bool],
        lasting: Callable[[str], tuple[str, float] | None],
    ) -> None:
        self._app = app
        self._hosts = hosts
        self._signed_in = signed_in
        self._lasting = lasting
        self._sockets = 0
        self._strangers = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request or socket, or the server's start and stop."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if not is_allowed(headers.get("host", ""), self._hosts()) and not scope["path"].endswith(HEALTH):
            await _refuse(scope, receive, send, 403, "This name is not one of the console's (server.allowedHosts).")
        elif scope["type"] == "websocket":
            await self._socket(scope, receive, send, cookie_in(headers))
        else:
            await self._request(scope, receive, send, cookie_in(headers))

    async def _request(self, scope: Scope, receive: Receive, send: Send, browser: str) -> None:
        if scope["path"].endswith(KEEP):
            await (await self._kept(scope, browser))(scope, receive, send)
            return
        if is_protected(scope["path"]) and scope["method"] != "OPTIONS" and not await self._has_session(browser):
            await _refuse(scope, receive, send, 403, "Sign in first.")
            return
        named = bool(browser) or scope["path"].startswith(_QUIET)
        await self._app(scope, receive, _answering(send, "" if named else _naming(scope)))

    async def _socket(self, scope: Scope, receive: Receive, send: Send, browser: str) -> None:
        stranger = not await self._has_session(browser)
        if self._sockets >= SOCKETS or (stranger and self._strangers >= STRANGERS):
            await send({"type": "websocket.close", "code": _TRY_AGAIN_LATER})
            return
        self._sockets += 1
        self._strangers += stranger
        try:
            await self._app(scope, receive, send)
        finally:
            self._sockets -= 1
            self._strangers -= stranger

    async def _kept(self, scope: Scope, browser: str) -> Response:
        kept = await anyio.to_thread.run_sync(self._lasting, browser) if browser else None
        token, ends = kept or ("", 0.0)
        answer = Response(status_code=204, headers={"cache-control": "no-store"})
        answer.set_cookie(
            LASTING,
            token,
            expires=datetime.fromtimestamp(ends, UTC),
            secure=_is_secure(scope),
            httponly=True,
            samesite="strict",
        )
        return answer

    async def _has_session(self, browser: str) -> bool:
        return bool(browser) and await anyio.to_thread.run_sync(self._signed_in, browser)


def is_protected(path: str) -> bool:
    """Whether an address is one of those, and no file of Streamlit's own page (`/static/media/` are fonts)."""
    found = (path.partition(part) for part in PROTECTED)
    return any(part and not before.endswith("/static") for before, part, _ in found)


def is_allowed(host: str, names: Sequence[str]) -> bool:
    """Whether a Host header, its port aside, is one of the names."""
    name = host.rpartition(":")[0] if not host.endswith("]") and ":" in host else host
    name = name.lower().rstrip(".")
    return not names or any(one in ("*", name) or (one.startswith("*.") and name.endswith(one[1:])) for one in names)


def cookie_in(headers: Headers) -> str:
    """The browser's name; "" without one."""
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found else ""


def _naming(scope: Scope) -> str:
    return f"{COOKIE}={new_name()}; Path=/; HttpOnly; SameSite=Strict{'; Secure' if _is_secure(scope) else ''}"


def _answering(send: Send, cookie: str) -> Send:
    """Sends answers with the headers of all of them, and a cookie where there is one."""

    async def answer(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.update(_HEADERS)
            if cookie:
                headers.append("set-cookie", cookie)
        await send(message)

    return answer


def _is_secure(scope: Scope) -> bool:
    return scope["scheme"] == "https" or Headers(scope=scope).get("x-forwarded-proto") == "https"


async def _refuse(scope: Scope, receive: Receive, send: Send, status: int, why: str) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": _POLICY})
    else:
        await PlainTextResponse(why, status)(scope, receive, send)
