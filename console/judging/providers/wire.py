"""The connection to a server: an answer has to come within its time, have a size, and be at the address that was set.

A client's own time limit holds for each piece of an answer: a server that sends a space now and then would never end.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator
from typing import Any

import openai

LARGEST = 50_000_000
"""Bytes of an answer."""
_MOVED = frozenset({301, 302, 303})
"""Redirections after which a client asks for something else than it was told to."""
_AWAY = ("ConnectError", "ConnectTimeout", "UnsupportedProtocol", "ProxyError", "PoolTimeout")
"""What a client raises, by name, when nobody was reached."""


class Broken(Exception):
    """An answer that cannot be used; says why in half a sentence."""

    passing = True
    """Another attempt may succeed."""


class Late(Broken):
    """An answer that did not end in time."""


class Moved(Broken):
    """An answer that is not there; the message is where the server says that it is."""

    passing = False


def client(where: str | None, key: str, timeout: float, clock: Callable[[], float] = time.monotonic) -> openai.OpenAI:
    """A client of an OpenAI-compatible API without retries of its own.

    Args:
        timeout: seconds that an answer may take, from its first byte to its last, and that its first may take to come.
    """

    def watch(response: Any) -> None:
        location = response.headers.get("location")
        if location and response.status_code in _MOVED:
            raise Moved(f"it redirects to {location}")
        response.stream = _kind(type(response.stream).__bases__[0])(response.stream, clock() + timeout, clock)

    http = _Http(event_hooks={"response": [watch]}, max_redirects=3)
    return openai.OpenAI(api_key=key, base_url=where, timeout=timeout, max_retries=0, http_client=http)


class _Http(openai.DefaultHttpxClient):
    """Lets go of its connections with the last who uses it, as the SDK's own does."""

    def __del__(self) -> None:
        if not self.is_closed:
            self.close()


class _Watched:
    """The pieces of an answer, as long as there is time and they are not too many."""

    def __init__(self, stream: Any, until: float, clock: Callable[[], float]) -> None:
        self._stream = stream
        self._until = until
        self._clock = clock

    def __iter__(self) -> Iterator[bytes]:
        size = 0
        for piece in self._stream:
            size += len(piece)
            if size > LARGEST:
                raise Broken(f"its answer has more than {LARGEST // 1_000_000} MB")
            if self._clock() > self._until:
                raise Late("its answer did not end")
            yield piece

    def close(self) -> None:
        """Lets go of the connection."""
        self._stream.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@functools.cache
def _kind(base: type) -> type:
    """A watched stream that the client takes for one of its own, whichever library it is from."""
    return type("WatchedStream", (_Watched, base), {})


def why_broken(error: Exception) -> Broken | None:
    """What was wrong with an answer; None where nobody was reached."""
    if isinstance(error, Broken):
        return error
    cause = error.__cause__
    name = type(cause).__name__
    if cause is None or name in _AWAY:
        return None
    if name == "TooManyRedirects":
        return Moved("it redirects in a circle")
    return Broken(f"its answer broke off ({str(cause) or name})")
