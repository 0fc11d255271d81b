"""Counts what the store was asked and what it answered, per process, since start."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_KEPT = 2_000
STREAM_OPERATIONS = frozenset({"describe_stream", "get_shard_iterator", "get_records"})
UNMETERED = STREAM_OPERATIONS | frozenset(
    {
        "create_table",
        "describe_continuous_backups",
        "describe_table",
        "describe_time_to_live",
        "list_tables",
        "list_tags_of_resource",
        "tag_resource",
        "update_continuous_backups",
        "update_table",
        "update_time_to_live",
    }
)
"""Operations whose answers have no units."""


@dataclass(frozen=True, slots=True)
class Readings:
    """What a meter has seen."""

    requests: dict[str, int]
    """Answered requests by operation."""
    retries: int
    throttles: int
    failures: int
    """Calls that ended in an error other than a failed condition."""
    read_units: float
    write_units: float
    vector_bytes: dict[str, float]
    """Bytes that vector indexes metered: `search` and `write`. They are billed beside the units."""
    percentiles: dict[str, float]
    """Latency of the last 2,000 requests in milliseconds: p50, p95, p99."""


@dataclass(slots=True)
class Meter:
    """Thread-safe counters; `Store` feeds them."""

    _lock: threading.Lock = field(default_factory=threading.Lock)
    _requests: Counter[str] = field(default_factory=Counter)
    _events: Counter[str] = field(default_factory=Counter)
    _units: Counter[str] = field(default_factory=Counter)
    _vectors: Counter[str] = field(default_factory=Counter)
    _latencies: deque[float] = field(default_factory=lambda: deque(maxlen=_KEPT))

    def answered(self, operation: str, seconds: float, answer: Mapping[str, Any], *, write: bool) -> None:
        """One answered request, with the capacity units and the bytes of vector indexes that it says it consumed."""
        consumed = answer.get("ConsumedCapacity") or []
        listed = consumed if isinstance(consumed, list) else [consumed]
        written = [index for one in listed for index in (one.get("VectorIndexes") or {}).values()]
        with self._lock:
            self._requests[operation] += 1
            self._units["write" if write else "read"] += sum(one.get("CapacityUnits", 0.0) for one in listed)
            self._vectors["search"] += sum(one.get("VectorSearchRequestBytes", 0.0) for one in listed)
            self._vectors["write"] += sum(index.get("VectorWriteRequestBytes", 0.0) for index in written)
            self._latencies.append(seconds * 1_000)

    def event(self, kind: str) -> None:
        """One `retry`, `throttle` or `failure`."""
        with self._lock:
            self._events[kind] += 1

    def read(self) -> Readings:
        """A consistent copy of the counters."""
        with self._lock:
            ordered = sorted(self._latencies)
            return Readings(
                requests=dict(self._requests),
                retries=self._events["retry"],
                throttles=self._events["throttle"],
                failures=self._events["failure"],
                read_units=self._units["read"],
                write_units=self._units["write"],
                vector_bytes={kind: float(self._vectors[kind]) for kind in ("search", "write")},
                percentiles={f"p{p}": _percentile(ordered, p) for p in (50, 95, 99)},
            )


def _percentile(ordered: list[float], percent: int) -> float:
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)] if ordered else 0.0
