"""Who may call an API without keys: programs of this machine, and no page of another origin in its browsers.

A page may point its own name at 127.0.0.1 (DNS rebinding) and then read and write as if the API were its own; or send a
form across origins, whose answer it does not see. The first shows in `Host`, the second in `Origin`.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from console.serve import is_loopback

IN_PROCESS = "testserver"
"""What Starlette's test client names as the server: no socket has this address."""
_FOREIGN_HOST = "Without keys this API answers by the names of its own machine only: localhost or 127.0.0.1."
_FOREIGN_ORIGIN = "Pages of other origins may not call this API. Name their origin in CORS_ORIGINS, and set API_KEYS."


class HostCheck:
    """Refuses what a foreign page sends to an API without keys.

    Args:
        keyless: whether the API has no keys; one that has asks for them.
        origins: of pages that may call.
    """

    def __init__(self, app: ASGIApp, *, keyless: bool, origins: Sequence[str]) -> None:
        self._app = app
        self._keyless = keyless
        self._origins = frozenset(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        asked = self._keyless and scope["type"] == "http" and scope["path"] != "/"  # whether it is up, anybody may ask
        why = self._refusal(scope) if asked else None
        await (JSONResponse({"detail": why}, 403) if why else self._app)(scope, receive, send)

    def _refusal(self, scope: Scope) -> str | None:
        headers = Headers(scope=scope)
        hosts, origin = headers.getlist("host"), headers.get("origin")
        server = (scope.get("server") or ("",))[0]
        if len(hosts) != 1 or not (is_local_name(hosts[0]) or hosts[0] == server == IN_PROCESS):
            return _FOREIGN_HOST
        own = f"{scope['scheme']}://{hosts[0]}"
        if origin is not None and origin != own and not self._origins & {origin, "*"}:
            return _FOREIGN_ORIGIN
        return None


def is_local_name(host: str) -> bool:
    """Whether a Host header, its port aside, names this machine's loopback."""
    try:
        return is_loopback(urlsplit(f"//{host}").hostname or "none")
    except ValueError:
        return False
