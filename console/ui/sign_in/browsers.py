"""Which browsers are signed in, as this process knows them: by a cookie that no script reads.

The server gives each browser a random name (guard.py) in a cookie that is HttpOnly and there before the page is. When
somebody signs in, their session is remembered under it: a reload finds it at once, while the lasting cookie, which
outlives this process, may still be on its way, and uploads and files of exports are for browsers with a session only.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from typing import Any

COOKIE = "geval_console_browser"
LASTING = "geval_console_session"
"""The cookie with the signed session."""
KEEP = "/_session"
"""Where the server answers with the lasting cookie of the browser that asks."""
KNOWN = 10_000
"""Browsers that are remembered; with one more, the one that came longest ago is forgotten."""
_BYTES = 24


class Browsers:
    """Sessions by the browser's name. Whether a session still holds is for `auth` to say."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sessions: OrderedDict[str, dict[str, Any]] = OrderedDict()

    def remember(self, browser: str | None, session: dict[str, Any]) -> None:
        """This browser has this session."""
        if not browser:
            return
        with self._lock:
            self._sessions[browser] = session
            self._sessions.move_to_end(browser)
            if len(self._sessions) > KNOWN:
                self._sessions.popitem(last=False)

    def session_of(self, browser: str | None) -> dict[str, Any] | None:
        """The session of this browser that has not expired, or None."""
        with self._lock:
            session = self._sessions.get(browser or "")
        return session if session and session["exp_date"] > time.time() else None

    def forget(self, browser: str | None) -> None:
        """This browser has no session any more."""
        with self._lock:
            self._sessions.pop(browser or "", None)


def new_name() -> str:
    """A name for a browser, 192 bits."""
    return secrets.token_urlsafe(_BYTES)
