"""How many shards the keys that all runs share are spread over (`RUN_SHARDS`), as the installation itself says.

One partition key of DynamoDB takes 1,000 write units a second, whatever is paid, and does not split where its sort key
grows with time. With 16 shards the status of a run is `completed~7` in its index, not `completed`; its day, judge and
case likewise. Readers ask for every value and merge. With one shard nothing has a suffix.

The number is an item in the table, not only a setting, so that no two processes differ. Each reads it at most once in
`KEPT` seconds; a move from one number to another (`console.data.runs.moving`) lets readers look at both meanwhile.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-sharding.html
"""

from __future__ import annotations

import random
import threading
import time
import zlib
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass

from console.data.store import tables
from console.data.store.codec import Item, plain_map, to_wire_map

LAYOUT_KEY = ("LAYOUT", "LAYOUT")
KEPT = 30.0
"""Seconds that a process goes by the layout that it has read."""
MOST = 64
"""Shards at most: a list without a filter asks 4 statuses of twice as many keys."""
_KEYS_PER_SHARD = 2
"""A run writes its index entries twice, when it begins and when it ends: two keys take a shard's 1,000 units a second
at 1,000 runs a second."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where runs are written and looked for."""

    shards: int = 1
    """What runs are written to."""
    also: tuple[int, ...] = ()
    """Numbers of shards that older runs are still spread over, during a move."""
    widest: int = 1
    """The highest number ever: counts and tokens stay where they were written."""

    def suffix(self, run_id: object) -> str:
        """What the keys of a run end with."""
        keys = _keys(self.shards)
        return _suffix(zlib.crc32(str(run_id).encode()) % keys) if keys > 1 else ""

    @property
    def suffixes(self) -> tuple[str, ...]:
        """What keys of runs may end with."""
        keys = [_keys(shards) for shards in (self.shards, *self.also)]
        spread = map(_suffix, range(max(keys))) if max(keys) > 1 else ()
        return ("", *spread) if 1 in keys else tuple(spread)

    def count_suffix(self, shard: int) -> str:
        """What the partition of a shard of a rollup ends with."""
        keys = _keys(self.shards)
        return _suffix(shard % keys) if keys > 1 and shard else ""

    def token_suffix(self) -> str:
        """What a change token of runs ends with: any will do, for readers add them up."""
        return self.count_suffix(random.randrange(_keys(self.shards)))  # noqa: S311 - spreading, not a secret

    @property
    def count_suffixes(self) -> tuple[str, ...]:
        """What partitions of rollups and the change tokens of runs may end with."""
        return ("", *map(_suffix, range(_keys(self.widest)))) if self.widest > 1 else ("",)

    def item(self) -> Item:
        """As it lies in the table of runs."""
        keys = dict(zip((tables.PK, tables.SK), LAYOUT_KEY, strict=True))
        return to_wire_map({**keys, "shards": self.shards, "also": list(self.also), "widest": self.widest})


ONE = Layout()
"""Nothing is spread."""


class Shards:
    """The layout of a store. Thread-safe.

    Args:
        read: reads the item of the layout, None where there is none.
    """

    def __init__(self, read: Callable[[], Item | None], clock: Callable[[], float] = time.monotonic) -> None:
        self._read = read
        self._clock = clock
        self._lock = threading.Lock()
        self._layout = Layout()
        self._until = float("-inf")
        self._asked: Future[Layout] | None = None

    def layout(self) -> Layout:
        """The layout, at most `KEPT` seconds old. One request at first and after that time."""
        with self._lock:
            if self._clock() < self._until:
                return self._layout
            asked, mine = self._asked or Future(), self._asked is None
            self._asked = asked
        if mine:
            self._ask(asked)
        return asked.result()

    def _ask(self, asked: Future[Layout]) -> None:
        """Read the item for all who wait for it, so that a store that hangs keeps none of them longer than one."""
        try:
            found = layout_of(self._read())
        except BaseException as error:  # noqa: BLE001 - all who wait have to hear of it
            with self._lock:
                self._asked = None
            asked.set_exception(error)
            return
        with self._lock:
            self._layout, self._until, self._asked = found, self._clock() + KEPT, None
        asked.set_result(found)

    def forget(self) -> None:
        """The next look reads the item."""
        with self._lock:
            self._until = float("-inf")


def layout_of(item: Item | None) -> Layout:
    """The layout that an item says; one shard where there is none."""
    if item is None:
        return Layout()
    plain = plain_map(item)
    return Layout(plain["shards"], tuple(plain.get("also", ())), plain["widest"])


def _keys(shards: int) -> int:
    return 1 if shards == 1 else shards * _KEYS_PER_SHARD


def _suffix(number: int) -> str:
    return f"~{number}"
