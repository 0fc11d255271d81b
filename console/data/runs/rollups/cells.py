"""What is stored and what is counted for each rollup: the count of all runs, which can be left and taken up again."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from console.data.runs.items import SUFFIX, run_summary
from console.data.runs.rollups.packs import PACK
from console.data.runs.rollups.rollups import Key, amounts, item_key, key_of, merge, months_with_runs, read_rollup
from console.data.store import tables
from console.data.store.codec import Item, plain_map, to_wire_map
from console.data.store.requests import Query
from console.data.store.store import Store
from console.data.store.sweep import Pace, Position, sweep
from console.records import Rollup

Progress = Callable[[int], None]
"""Called with the number of runs counted so far."""
KEPT_FOR = timedelta(days=2)
"""Age at which a checkpoint is not taken up any more: too many runs have finished since."""
_SAVED_EVERY = 10.0
"""Seconds between writes of the checkpoint."""
_READ = (*tables.RUN_SUMMARY, tables.PK, tables.SK, "judgeSnapshot", "results", SUFFIX)


@dataclass(slots=True)
class Cell:
    """Everything about one rollup key."""

    shards: dict[tuple[str, str], int] = field(default_factory=dict)
    """Item key -> its `writes` counter when it was read."""
    stored: Rollup | None = None
    sums: dict[str, int | float] = field(default_factory=dict)

    def counted(self, key: Key) -> Rollup | None:
        """The recount as a rollup."""
        return read_rollup(cell_item(key, self.sums)) if self.sums else None

    def equal(self, key: Key) -> bool:
        """Whether the stored rollup equals the recount; sums to nine digits, counts exactly.

        Modes are counted since a later version: what an item knows of them may be less.
        """
        stored, counted = self.stored, self.counted(key)
        if _rounded(stored) != _rounded(counted):
            return False
        return not (stored and counted) or (stored.weighted <= counted.weighted and stored.stated <= counted.stated)

    def whole(self, key: Key) -> bool:
        """Whether it equals the recount in everything."""
        stored, counted = self.stored, self.counted(key)
        modes = [(one.weighted, one.stated) if one else (0, 0) for one in (stored, counted)]
        return self.equal(key) and modes[0] == modes[1]


class Count(msgspec.Struct):
    """A count of all runs, as far as it has come."""

    began: datetime
    cells: dict[Key, Cell] = {}
    position: Position = msgspec.field(default_factory=Position)
    months: list[str] = []
    """Whose rollups were read before the runs."""
    runs: int = 0
    strays: list[tuple[str, str]] = []
    """Rollups of other months, which have no runs."""


@dataclass(frozen=True, slots=True)
class Counting:
    """How runs are counted."""

    progress: Progress = lambda _: None
    pace: Pace = field(default_factory=Pace)
    checkpoint: Path | None = None
    """File that a count which was stopped goes on from."""

    def count(self, store: Store) -> dict[Key, Cell]:
        """Rollups first, runs second: a run that finishes in between changes its rollup's `writes` counter.

        One Query per month and shard, and one parallel Scan of the table.
        """
        count = self._resumed() or _stored(store)
        saved, whole = time.monotonic(), True

        def visit(items: list[Item]) -> None:
            nonlocal saved, whole
            self.progress(count.runs)
            whole = False
            _add(count, items)
            whole = True
            if time.monotonic() - saved > _SAVED_EVERY:
                self._save(count)
                saved = time.monotonic()

        try:
            sweep(store, tables.RUNS, visit, attributes=_READ, position=count.position, pace=self.pace)
        except BaseException:
            if whole:  # else it was stopped in the middle of a page: the last checkpoint holds
                self._save(count)
            raise
        self.progress(count.runs)
        for item in store.batch_get(tables.RUNS, count.strays):
            _keep(count.cells, item)
        if self.checkpoint:
            self.checkpoint.unlink(missing_ok=True)
        return count.cells

    def _resumed(self) -> Count | None:
        if self.checkpoint is None or not self.checkpoint.is_file():
            return None
        try:
            count = msgspec.msgpack.decode(self.checkpoint.read_bytes(), type=Count)
        except msgspec.DecodeError:  # another version of this program wrote it
            return None
        return count if datetime.now(UTC) - count.began < KEPT_FOR else None

    def _save(self, count: Count) -> None:
        """The whole file or none of it."""
        if self.checkpoint is None:
            return
        new = self.checkpoint.with_suffix(".new")
        new.write_bytes(msgspec.msgpack.encode(count))
        os.replace(new, self.checkpoint)


def cell_item(key: Key, sums: dict[str, int | float]) -> Item:
    """The one item of a rollup that nobody else writes to."""
    return to_wire_map({**tables.keyed(*item_key(key, 0)), **sums})


def _stored(store: Store) -> Count:
    """A count that knows the rollups of every month from the first run's on."""
    count = Count(began=datetime.now(UTC), months=months_with_runs(store))
    suffixes = store.layout.count_suffixes
    for month in count.months:
        for suffix in suffixes:
            for item in store.all(Query(tables.RUNS, f"ROLLUP#{month}{suffix}")):
                if not item[tables.SK]["S"].startswith(PACK):
                    _keep(count.cells, item)
    return count


def _keep(cells: dict[Key, Cell], item: Item) -> None:
    rollup = read_rollup(item)
    cell = cells.setdefault((rollup.day, rollup.case_id, rollup.judge_id, rollup.model), Cell())
    place = (item[tables.PK]["S"], item[tables.SK]["S"])
    if place not in cell.shards:
        cell.shards[place] = plain_map(item).get("writes", 0)
        cell.stored = merge([cell.stored, rollup] if cell.stored else [rollup])[0]


def _add(count: Count, items: list[Item]) -> None:
    """A page of the table, all of it or nothing."""
    kinds = [(item[tables.PK]["S"], item[tables.SK]["S"], item) for item in items]
    rows = [
        run_summary(item)
        for partition, sort, item in kinds
        if partition.startswith("RUN#") and not sort.startswith(("PART#", "LABEL#"))
    ]
    count.strays += [
        (partition, sort)
        for partition, sort, _ in kinds
        if partition.startswith("ROLLUP#") and not sort.startswith(PACK) and _month(partition) not in count.months
    ]
    count.runs += len(rows)
    for row in rows:
        if row.status.finished:
            sums = count.cells.setdefault(key_of(row), Cell()).sums
            for name, amount in amounts(row).items():
                sums[name] = round(sums.get(name, 0) + amount, 9)


def _month(partition: str) -> str:
    return partition.removeprefix("ROLLUP#")[: len("2026-03")]


def _rounded(rollup: Rollup | None) -> object:
    if rollup is None or not (rollup.completed or rollup.failed):
        return None
    counts = (rollup.completed, rollup.failed, rollup.passed, rollup.rejected, rollup.tokens, rollup.timed)
    sums = (rollup.score, rollup.normalized, rollup.squared, rollup.seconds, rollup.cost)
    return counts, tuple(round(value, 6) for value in sums), rollup.bins
