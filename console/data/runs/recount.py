"""Recounts rollups from the runs: proves that they are equal, or makes them so while runs go on finishing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from console.data.cache.cache import bump
from console.data.runs.items import run_summary
from console.data.runs.rollup_packs import PACK
from console.data.runs.rollups import Key, amounts, item_key, key_of, merge, read_rollup
from console.data.store import tables
from console.data.store.answers import ConditionFailed
from console.data.store.codec import Item, plain_map, to_wire_map
from console.data.store.requests import ABSENT, Condition, Delete, Put, Write, equals
from console.data.store.store import Store
from console.errors import StoreError
from console.records import Rollup

Progress = Callable[[int], None]
"""Called with the number of runs counted so far."""

_READ = (*tables.RUN_SUMMARY, tables.PK, tables.SK, "judgeSnapshot", "results")
_ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Difference:
    """A rollup that does not equal its recount; None where there is none."""

    key: Key
    stored: Rollup | None
    counted: Rollup | None


@dataclass(slots=True)
class _Cell:
    """Everything about one rollup key."""

    shards: dict[tuple[str, str], int] = field(default_factory=dict)
    """Item key -> its `writes` counter when it was read."""
    stored: Rollup | None = None
    sums: dict[str, float] = field(default_factory=dict)

    def counted(self, key: Key) -> Rollup | None:
        """The recount as a rollup."""
        return read_rollup(_item(key, self.sums)) if self.sums else None

    def equal(self, key: Key) -> bool:
        """Whether the stored rollup equals the recount; sums to nine digits, counts exactly."""
        return _rounded(self.stored) == _rounded(self.counted(key))


def verify(store: Store, progress: Progress = lambda _: None) -> list[Difference]:
    """The rollups that differ from a recount of all runs. Scans the table twice."""
    cells = _cells(store, progress)
    return [Difference(key, cell.stored, cell.counted(key)) for key, cell in cells.items() if not cell.equal(key)]


def rebuild(store: Store, progress: Progress = lambda _: None) -> int:
    """Makes every rollup equal to the recount and returns how many were written.

    Runs may finish meanwhile: a rollup that moved between reading and writing is left alone and taken up again
    in the next round.

    Raises:
        StoreError: rollups kept moving for `_ROUNDS` rounds.
    """
    written = 0
    for _ in range(_ROUNDS):
        cells = _cells(store, progress)
        wrong = [(key, cell) for key, cell in cells.items() if not cell.equal(key)]
        if not wrong:
            return written
        written += sum(_replace(store, key, cell) for key, cell in wrong)
    if verify(store):
        raise StoreError("Rollups change faster than they can be rebuilt. Try again when fewer runs finish.")
    return written


def _cells(store: Store, progress: Progress) -> dict[Key, _Cell]:
    """Rollups first, runs second: a run that finishes in between changes its rollup's `writes` counter."""
    cells: dict[Key, _Cell] = {}
    for item in _scan(store, "ROLLUP#", ()):
        rollup = read_rollup(item)
        cell = cells.setdefault((rollup.day, rollup.case_id, rollup.judge_id, rollup.model), _Cell())
        cell.shards[item[tables.PK]["S"], item[tables.SK]["S"]] = plain_map(item).get("writes", 0)
        cell.stored = merge([cell.stored, rollup] if cell.stored else [rollup])[0]
    for number, item in enumerate(_scan(store, "RUN#", _READ), 1):
        row = run_summary(item)
        if row.status.finished:
            sums = cells.setdefault(key_of(row), _Cell()).sums
            for name, amount in amounts(row).items():
                sums[name] = round(sums.get(name, 0) + amount, 9)
        progress(number)
    return cells


def _scan(store: Store, prefix: str, attributes: tuple[str, ...]) -> Iterable[Item]:
    for item in store.scan(tables.RUNS, attributes=attributes):
        sort_key: str = item[tables.SK]["S"]
        if item[tables.PK]["S"].startswith(prefix) and not sort_key.startswith(("PART#", "LABEL#", PACK)):
            yield item


def _replace(store: Store, key: Key, cell: _Cell) -> bool:
    target = item_key(key, 0)
    writes: list[Write] = [bump(tables.RUNS)]
    known = cell.shards.get(target)
    sums = {**cell.sums, "writes": sum(cell.shards.values()) + 1}
    condition = ABSENT if known is None else _unmoved(known)
    writes.append(Put(tables.RUNS, _item(key, sums), condition))
    writes += [Delete(tables.RUNS, place, _unmoved(count)) for place, count in cell.shards.items() if place != target]
    try:
        store.transact(writes)
    except ConditionFailed:
        return False  # it moved: the next round reads it again
    return True


def _unmoved(writes: int) -> Condition:
    """The item has counted no run since it was read; one that was damaged may have no counter at all."""
    return equals("writes", writes) if writes else Condition("attribute_not_exists(#w)", {"#w": "writes"})


def _item(key: Key, sums: dict[str, float]) -> Item:
    partition, sort = item_key(key, 0)
    return to_wire_map({tables.PK: partition, tables.SK: sort, **sums})


def _rounded(rollup: Rollup | None) -> object:
    if rollup is None or not (rollup.completed or rollup.failed):
        return None
    counts = (rollup.completed, rollup.failed, rollup.passed, rollup.rejected, rollup.tokens, rollup.timed)
    sums = (rollup.score, rollup.normalized, rollup.squared, rollup.seconds, rollup.cost)
    bins = {place: count for place, count in rollup.bins.items() if count}
    return counts, tuple(round(value, 6) for value in sums), bins
