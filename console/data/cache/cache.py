"""Read-through cache: configuration by change token, finished runs by bytes, an optional shared second level.

Each configuration table has one tiny token item, bumped inside every write transaction of that table. A process
looks at the tokens at most once a second (one request for all of them), so a write anywhere shows everywhere
within a second; between processes of one machine that share a `Invalidation` it shows at once. Finished runs never
change, so they stay until the byte budget pushes them out.

The second level (Redis or Valkey, `CACHE_URL`) is shared by processes and optional: while it is down the tier
works without it, says so in `Readings`, and tries again after a few seconds.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
from cachetools import LRUCache, TTLCache

from console.data.cache.invalidation import Invalidation
from console.data.cache.shared import Shared
from console.data.store import tables
from console.data.store.requests import Update
from console.data.store.store import Store

T = TypeVar("T")

TOKEN_KEY = ("TOKEN", "TOKEN")
TOKEN_TABLES = (tables.CASES, tables.JUDGES, tables.RUNS)
TOKEN_INTERVAL = 1.0
"""Seconds between looks at the change tokens."""
LIST_TTL = 5.0
"""Seconds that a list read through an index is kept: the index may have lagged behind when it was read."""

_CONFIG = 4_096
"""Values of the configuration that are kept, at most."""
_CONFIG_AGE = 3_600.0
"""Seconds after which one is read again, changed or not: keys that name a day are not asked for any more."""


def bump(table: str, suffix: str = "") -> Update:
    """The write that tells every process that `table` changed; belongs in the same transaction.

    Args:
        suffix: which of the tokens of the runs it moves (`Layout.token_suffix`).
    """
    return Update(table, _token_key(suffix), adds={"n": 1})


def _token_key(suffix: str = "") -> tuple[str, str]:
    partition, sort = TOKEN_KEY
    return partition + suffix, sort


@dataclass(frozen=True, slots=True)
class Readings:
    """What the cache has done since start."""

    hits: int
    misses: int
    shared_hits: int
    bytes: int
    budget: int
    entries: int
    shared: str
    """`off`, `up` or `down: <why>`."""


class Cache:
    """Thread-safe. `load` functions run outside of the lock and may run twice at once; they only read."""

    def __init__(
        self,
        store: Store,
        *,
        budget: int = 64 * 1024 * 1024,
        lag: float = 10.0,
        url: str | None = None,
        interval: float = TOKEN_INTERVAL,
        invalidation: Invalidation | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Makes an empty cache; no request.

        Args:
            budget: bytes of finished runs.
            lag: seconds that an index may be behind its table.
            url: address of the shared second level.
            interval: seconds between looks at the change tokens.
            invalidation: announced by every process of this machine that writes: a reason to look at once.
        """
        self._store = store
        self._clock = clock
        self._interval = interval
        self._invalidation = invalidation
        self._heard = 0
        self._lock = threading.Lock()
        self._config: TTLCache[tuple[str, str], tuple[int, float, Any]] = TTLCache(_CONFIG, _CONFIG_AGE, timer=clock)
        self._runs: LRUCache[str, bytes] = LRUCache(maxsize=budget, getsizeof=len)
        self._lag = lag
        self._written: dict[tuple[str, str], float] = {}
        self._tokens: dict[str, int] = {}
        self._looked = float("-inf")
        self._look: Future[dict[str, int]] | None = None
        self._hits = self._misses = self._shared_hits = 0
        self._shared = Shared(url, store.prefix, clock) if url else None

    # --- configuration -----------------------------------------------------------------------------------

    def config(self, table: str, key: str, kind: Any, load: Callable[[], T], *, ttl: float | None = None) -> T:
        """One value of `config_many`."""
        return self.config_many(table, [key], kind, lambda _: {key: load()}, ttl=ttl)[key]

    def config_many(
        self,
        table: str,
        keys: Sequence[str],
        kind: Any,
        load: Callable[[list[str]], Mapping[str, T]],
        *,
        ttl: float | None = None,
    ) -> dict[str, T]:
        """Values that are valid until `table` changes (and at most `ttl` seconds).

        Args:
            kind: the values' type, for the shared level.
            load: reads the values of the keys that no level has from the store.
        """
        token = self.token(table)
        now = self._clock()
        values: dict[str, T] = {}
        with self._lock:
            for key in keys:
                entry = self._config.get((table, key))
                if entry and entry[0] == token and now < entry[1]:
                    values[key] = entry[2]
            self._hits += len(values)
            missing = [key for key in keys if key not in values]
            self._misses += len(missing)
        if not missing:
            return values
        found = self._through_shared(f"{table}:{token}:", missing, kind, load) if ttl is None else load(missing)
        expires = now + ttl if ttl is not None else float("inf")
        with self._lock:
            for key, value in found.items():
                values[key] = value
                self._config[table, key] = (token, expires, value)
        return values

    def token(self, table: str) -> int:
        """The change token of `table`, looked up once per interval, and when another process has announced a write."""
        heard = self._invalidation.latest() if self._invalidation else 0
        with self._lock:
            now = self._clock()
            if heard != self._heard:
                self._heard, self._looked, self._look = heard, float("-inf"), None
            if now - self._looked < self._interval:
                return self._tokens[table]
            look, mine = self._look or Future(), self._look is None
            self._look = look
        if mine:
            self._look_up(look, now)
        return look.result()[table]

    def _look_up(self, look: Future[dict[str, int]], now: float) -> None:
        """Answers `look`, also to the threads that wait for it: what was known before may be of any age.

        A look because of an announcement has to see that write; one because time has passed costs half as much.
        """
        with self._lock:
            told = self._looked == float("-inf")
        try:
            suffixes = self._store.layout.count_suffixes
            wanted = {table: [TOKEN_KEY] for table in TOKEN_TABLES}
            wanted[tables.RUNS] = [_token_key(suffix) for suffix in suffixes]
            tokens = self._store.counters(wanted, consistent=told)
        except BaseException as error:  # noqa: BLE001 - raised in every thread that waits
            with self._lock:
                self._look = None if self._look is look else self._look
            look.set_exception(error)
            return
        with self._lock:
            if self._look is look:
                self._tokens, self._looked, self._look = tokens, now, None
        look.set_result(tokens)

    def changed(self, table: str, key: str | None = None) -> None:
        """This process wrote to `table` (the record `key`): forget what it had and look at the tokens again."""
        if self._invalidation:
            self._invalidation.announce()
        with self._lock:
            self._looked, self._look = float("-inf"), None
            if key is not None:
                self._written[(table, key)] = self._clock()
            for stale in [entry for entry in self._config if entry[0] == table]:
                del self._config[stale]

    def recent(self, table: str) -> list[str]:
        """Keys that this process wrote to `table` so lately that an index may not show them yet."""
        horizon = self._clock() - self._lag
        with self._lock:
            self._written = {key: at for key, at in self._written.items() if at >= horizon}
            return [key for owner, key in self._written if owner == table]

    # --- finished runs -----------------------------------------------------------------------------------

    def immutable(self, key: str, kind: Any, load: Callable[[], T], keep: Callable[[T], bool]) -> T:
        """One value of `immutable_many`."""
        return self.immutable_many([key], kind, lambda _: {key: load()}, keep)[key]

    def immutable_many(
        self,
        keys: Sequence[str],
        kind: Any,
        load: Callable[[list[str]], Mapping[str, T]],
        keep: Callable[[T], bool],
    ) -> dict[str, T]:
        """Values by key, in no particular order, that never change once `keep` says so.

        They are kept encoded, so that they cost their bytes. The encoding is JSON: free-form objects may hold
        integers of any length, which msgpack does not know.

        Args:
            load: reads the values of the keys that no level has, and leaves out those that do not exist.
        """
        encoded = self._encoded(keys)
        decode = msgspec.json.Decoder(kind).decode
        values: dict[str, T] = {}
        for key, raw in encoded.items():
            with suppress(msgspec.DecodeError):  # another version of this program wrote it
                values[key] = decode(raw)
        missing = [key for key in keys if key not in values]
        for key, value in (load(missing) if missing else {}).items():
            values[key] = value
            if keep(value):
                raw = msgspec.json.encode(value)
                self._keep(key, raw)
                if self._shared:
                    self._shared.set(key, raw)
        return values

    def forget(self, key: str) -> None:
        """Drops one value of `immutable`."""
        with self._lock:
            self._runs.pop(key, None)
        if self._shared:
            self._shared.delete(key)

    # --- bytes of the shared level -------------------------------------------------------------------------

    def shared_many(self, keys: Sequence[str]) -> dict[str, bytes]:
        """What the shared level has of values that never change under their keys; {} without one."""
        found = self._shared.get_many(keys) if self._shared and keys else {}
        with self._lock:
            self._shared_hits += len(found)
        return found

    def share(self, key: str, value: Callable[[], bytes]) -> None:
        """Gives a value to the shared level; nothing without one."""
        if self._shared:
            self._shared.set(key, value())

    def read(self) -> Readings:
        """Counters since start."""
        with self._lock:
            return Readings(
                hits=self._hits,
                misses=self._misses,
                shared_hits=self._shared_hits,
                bytes=int(self._runs.currsize),
                budget=int(self._runs.maxsize),
                entries=len(self._runs) + len(self._config),
                shared=self._shared.state() if self._shared else "off",
            )

    def _encoded(self, keys: Sequence[str]) -> dict[str, bytes]:
        """What this process has of the keys, and of the rest what the shared level has."""
        with self._lock:
            encoded = {key: self._runs[key] for key in keys if key in self._runs}
            missing = [key for key in keys if key not in encoded]
            self._hits += len(encoded)
            self._misses += len(missing)
        if self._shared and missing:
            shared = self._shared.get_many(missing)
            with self._lock:
                self._shared_hits += len(shared)
            for key, raw in shared.items():
                self._keep(key, raw)
            encoded |= shared
        return encoded

    def _keep(self, key: str, encoded: bytes) -> None:
        with self._lock:
            if len(encoded) <= self._runs.maxsize:
                self._runs[key] = encoded

    def _through_shared(
        self, prefix: str, keys: list[str], kind: Any, load: Callable[[list[str]], Mapping[str, T]]
    ) -> dict[str, T]:
        if self._shared is None:
            return dict(load(keys))
        values: dict[str, T] = {}
        for name, raw in self._shared.get_many([prefix + key for key in keys]).items():
            with suppress(msgspec.DecodeError):
                values[name.removeprefix(prefix)] = msgspec.json.decode(raw, type=kind)
        with self._lock:
            self._shared_hits += len(values)
        missing = [key for key in keys if key not in values]
        for key, value in (load(missing) if missing else {}).items():
            values[key] = value
            self._shared.set(prefix + key, msgspec.json.encode(value))
        return values
