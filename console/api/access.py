"""Who may call the API and how much: keys, a rate per key, a limit of bodies, and a line in the log per request.

These are plain ASGI layers, so that they see every request, also one that no endpoint answers.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import re
import threading
import time
import uuid
from collections.abc import Callable, MutableMapping, Sequence

from fastapi import HTTPException
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from console import telemetry
from console.api.hosts import IN_PROCESS
from console.errors import SetupError
from console.serve import is_loopback

log = logging.getLogger("console.api.access")

BODY_LIMIT = 12 * 1024 * 1024
"""Bytes of a request's body: a text of the 10 MB that may be stored, with room for its escapes."""
OPEN_PATHS = frozenset({"/", "/health", "/ready", "/docs", "/redoc", "/openapi.json", "/v2/docs", "/v2/openapi.json"})
"""Answered without a key: whether the API is up, and its description."""
_HASHED = "sha256:"
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_WINDOW = 60.0
WRONG_KEYS = 30
"""A minute from one address, answered by 401; more are told to wait."""
_BUCKETS = 10_000
"""Keys or addresses that are counted; then all counts begin anew."""
_NO_KEYS = "This API has no keys, so it answers on its own machine only. Set API_KEYS to let others in."


def write_request_log() -> None:
    """Write the log of requests to stderr, an object of JSON alone on each line, as what gathers logs can read it."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(message)s"))
    log.addHandler(handler)
    log.propagate = False


class RequestLog:
    """Gives each request an id, which its answer repeats as `X-Request-ID`, and logs it as one JSON object."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        wanted = Headers(scope=scope).get("x-request-id", "")
        request_id = wanted if _REQUEST_ID.fullmatch(wanted) else uuid.uuid4().hex
        status = 500
        began = time.perf_counter()

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-ID"] = request_id
            await send(message)

        try:
            with telemetry.span("request", scope["method"], **{"http.request.method": scope["method"]}) as current:
                await self._app(scope, receive, answer)
                route = getattr(scope.get("route"), "path", "")
                current.update_name(f"{scope['method']} {route}".rstrip())
                current.set_attribute("http.route", route)
                current.set_attribute("http.response.status_code", status)
        finally:
            seconds = time.perf_counter() - began
            telemetry.request_answered(scope["method"], getattr(scope.get("route"), "path", ""), status, seconds)
            log.info(
                "%s",
                json.dumps(
                    {
                        "request_id": request_id,
                        "client": (scope.get("client") or ("",))[0],
                        "caller": scope.get("caller"),
                        "method": scope["method"],
                        "path": scope["path"],
                        "status": status,
                        "milliseconds": round(1000 * seconds, 1),
                    }
                ),
            )


class BodyLimit:
    """Refuses bodies of more than `BODY_LIMIT` bytes, by their declared length or while they arrive."""

    def __init__(self, app: ASGIApp, limit: int = BODY_LIMIT) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = Headers(scope=scope).get("content-length", "")
        if declared.isdecimal() and int(declared) > self._limit:
            await JSONResponse({"detail": self._message()}, 413)(scope, receive, send)
            return
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > self._limit:
                raise HTTPException(413, self._message())
            return message

        await self._app(scope, counted, send)

    def _message(self) -> str:
        return f"The body is longer than {self._limit:,} bytes. Send less at once."


class Keys:
    """The keys that are accepted, of which only hashes are kept.

    Args:
        given: keys, or `sha256:<hex>` of keys.
    """

    def __init__(self, given: Sequence[str]) -> None:
        self._digests = tuple(_digest_of(one) for one in given)

    def __bool__(self) -> bool:
        return bool(self._digests)

    def known(self, key: str) -> str | None:
        """The digest of an accepted key, or None. Takes the same time for every wrong key."""
        digest = hashlib.sha256(key.encode(errors="replace")).digest()
        found = [hmac.compare_digest(digest, one) for one in self._digests]
        return digest.hex() if any(found) else None


def _digest_of(given: str) -> bytes:
    if not given.startswith(_HASHED):
        return hashlib.sha256(given.encode()).digest()
    hexadecimal = given.removeprefix(_HASHED)
    if not re.fullmatch(r"[0-9a-fA-F]{64}", hexadecimal):
        raise SetupError("API_KEYS has an entry sha256: that is not followed by 64 hexadecimal digits. Correct it.")
    return bytes.fromhex(hexadecimal)


class Rate:
    """A token bucket per key, of this worker alone: with several workers each allows the rate.

    Args:
        per_minute: requests; 0 allows any number.
    """

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._size = float(per_minute)
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: MutableMapping[str, tuple[float, float]] = {}

    def wait(self, key: str) -> float:
        """Takes a token: 0, or the seconds until there will be one."""
        if not self._size:
            return 0.0
        with self._lock:
            now = self._clock()
            if len(self._buckets) >= _BUCKETS:
                self._buckets.clear()
            left, since = self._buckets.get(key, (self._size, now))
            left = min(self._size, left + (now - since) * self._size / _WINDOW)
            taken = left >= 1.0
            self._buckets[key] = (left - taken, now)
        return 0.0 if taken else (1.0 - left) * _WINDOW / self._size


class KeyCheck:
    """Lets requests pass that bring an accepted key, in `X-API-Key` or as a bearer token, within its rate."""

    def __init__(self, app: ASGIApp, keys: Keys, rate: Rate) -> None:
        self._app = app
        self._keys = keys
        self._rate = rate
        self._wrong = Rate(WRONG_KEYS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        refusal = self._refusal(scope) if scope["type"] == "http" else None
        await (refusal or self._app)(scope, receive, send)

    def _refusal(self, scope: Scope) -> JSONResponse | None:
        if scope["path"] in OPEN_PATHS:
            return None
        if not self._keys:
            reached = (scope.get("server") or ("",))[0]
            return None if reached == IN_PROCESS or is_loopback(reached) else _refused(403, _NO_KEYS)
        known = self._keys.known(_key_in(Headers(scope=scope)))
        if known is None:
            return self._unknown((scope.get("client") or ("",))[0])
        scope["caller"] = f"api key {known[:8]}"
        wait = self._rate.wait(known)
        if wait:
            return _refused(429, "Too many requests with this key. Wait a little.", {"Retry-After": f"{wait:.0f}"})
        return None

    def _unknown(self, address: str) -> JSONResponse:
        wait = self._wrong.wait(address)
        if wait:
            return _refused(429, "Too many wrong keys from this address.", {"Retry-After": f"{wait:.0f}"})
        return _refused(401, "The API needs a key, in the header X-API-Key.", {"WWW-Authenticate": "Bearer"})


def _key_in(headers: Headers) -> str:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return headers.get("x-api-key") or (token.strip() if scheme.lower() == "bearer" else "")


def _refused(status: int, detail: str, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"detail": detail}, status, headers)
