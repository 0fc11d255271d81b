"""A whole table, read in parallel segments at a bounded rate, so that it can be left and taken up again.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Scan.html#Scan.ParallelScan
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any

from console.data.store.codec import Item
from console.data.store.requests import projection
from console.data.store.store import PAGE, Store

SEGMENTS = 4
Visit = Callable[[list[Item]], None]
"""Takes one page, in the thread that sweeps."""


@dataclass(slots=True)
class Position:
    """How far a sweep has come; JSON can hold it."""

    at: list[Item | None] = field(default_factory=lambda: [{}] * SEGMENTS)
    """The key that each segment goes on from: empty at its beginning, None at its end."""


class Pace:
    """Lets through so many capacity units a second; the first at once. Thread-safe.

    Args:
        rate: units a second; None: any.
    """

    def __init__(
        self,
        rate: float | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._rate = rate
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._free = float("-inf")

    def spend(self, units: float) -> None:
        """Says what was used; returns when more may be."""
        if self._rate is None:
            return
        with self._lock:
            now = self._clock()
            self._free = max(self._free, now) + units / self._rate
            wait = self._free - now
        self._sleep(wait)


def sweep(
    store: Store,
    table: str,
    visit: Visit,
    *,
    attributes: tuple[str, ...] = (),
    position: Position | None = None,
    pace: Pace | None = None,
) -> None:
    """Shows every item of a table to `visit`, page by page. One Scan per segment and 500 items or 1 MB.

    `position` moves with each page that was visited: a sweep that was stopped goes on from it.
    """
    position, pace = position or Position(), pace or Pace()
    request: dict[str, Any] = {"TableName": store.name(table), "Limit": PAGE, "ConsistentRead": True}
    request |= projection(attributes) | {"TotalSegments": len(position.at)}

    def read(segment: int, start: Item) -> dict[str, Any]:
        begin = {"ExclusiveStartKey": start} if start else {}
        answer = store.call("scan", **request, **begin, Segment=segment)
        pace.spend(answer.get("ConsumedCapacity", {}).get("CapacityUnits", 0.0))
        return answer

    with ThreadPoolExecutor(max_workers=len(position.at)) as pool:
        waiting = {
            pool.submit(read, segment, start): segment for segment, start in enumerate(position.at) if start is not None
        }
        while waiting:
            for one in wait(waiting, return_when=FIRST_COMPLETED).done:
                segment, answer = waiting.pop(one), one.result()
                visit(answer["Items"])
                start = position.at[segment] = answer.get("LastEvaluatedKey") or None
                if start is not None:
                    waiting[pool.submit(read, segment, start)] = segment
