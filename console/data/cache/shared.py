"""The cache's second level: Redis or Valkey, shared by processes, and optional."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

from console.extras import extra

log = logging.getLogger(__name__)

_REST = 5.0
"""Seconds without it after a fault."""
_TTL = 3_600


class Shared:
    """Bytes by key. Never raises: a fault switches it off for `_REST` seconds."""

    def __init__(self, url: str, prefix: str, clock: Callable[[], float]) -> None:
        with extra("redis"):
            import redis  # noqa: PLC0415 - an extra
        self._client = redis.Redis.from_url(url, socket_connect_timeout=0.25, socket_timeout=0.25)
        self._errors = redis.RedisError
        self._prefix = f"geval:{prefix}:"
        self._clock = clock
        self._down_until = float("-inf")
        self._why = ""

    def get_many(self, keys: Sequence[str]) -> dict[str, bytes]:
        """The values of the keys that it has."""
        found = self._try(lambda: self._client.mget([self._prefix + key for key in keys])) or []
        return {key: raw for key, raw in zip(keys, found, strict=False) if raw is not None}

    def set(self, key: str, value: bytes) -> None:
        """Keeps a value for an hour."""
        self._try(lambda: self._client.set(self._prefix + key, value, ex=_TTL))

    def delete(self, key: str) -> None:
        """Drops a value."""
        self._try(lambda: self._client.delete(self._prefix + key))

    def state(self) -> str:
        """`up`, or `down: <why>`."""
        self._try(self._client.ping)
        return f"down: {self._why}" if self._clock() < self._down_until else "up"

    def _try(self, call: Callable[[], Any]) -> Any:
        if self._clock() < self._down_until:
            return None
        try:
            return call()
        except self._errors as error:
            self._why = str(error)
            self._down_until = self._clock() + _REST
            log.warning("The shared cache does not answer and is left out for %g s: %s", _REST, error)
            return None
