"""Recounts rollups from the runs: proves that they are equal, or makes them so while runs go on finishing."""

from __future__ import annotations

from dataclasses import dataclass

from console.data.cache.cache import bump
from console.data.runs.rollups.cells import Cell, Counting, cell_item
from console.data.runs.rollups.rollups import Key, item_key
from console.data.store import tables
from console.data.store.answers import ConditionFailed
from console.data.store.codec import plain_map
from console.data.store.requests import ABSENT, Condition, Delete, Put, Write, equals
from console.data.store.store import Store
from console.errors import StoreError
from console.records import Rollup

AS_FAST_AS_IT_GOES = Counting()
_ROUNDS = 5
_AT_ONCE = 90
"""Items of a rollup that one transaction replaces: DynamoDB takes 100 writes."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A rollup that does not equal its recount; None where there is none."""

    key: Key
    stored: Rollup | None
    counted: Rollup | None


def verify(store: Store, counting: Counting = AS_FAST_AS_IT_GOES) -> list[Difference]:
    """The rollups that differ from a recount of all runs. Reads the table once.

    Those that have counted another run since they were read are left out: they cannot be compared.
    """
    cells = counting.count(store)
    wrong = {key: cell for key, cell in cells.items() if not cell.equal(key)}
    moved = _moved(store, wrong)
    return [Difference(key, cell.stored, cell.counted(key)) for key, cell in wrong.items() if key not in moved]


def rebuild(store: Store, counting: Counting = AS_FAST_AS_IT_GOES) -> int:
    """Makes every rollup equal to the recount and returns how many were written.

    Runs may finish meanwhile: a rollup that moved between reading and writing is left alone and taken up again
    in the next round.

    Raises:
        StoreError: rollups kept moving for `_ROUNDS` rounds.
    """
    written = 0
    for _ in range(_ROUNDS):
        cells = counting.count(store)
        wrong = [(key, cell) for key, cell in cells.items() if not cell.whole(key)]
        if not wrong:
            return written
        written += sum(_replace(store, key, cell) for key, cell in wrong)
    if verify(store, counting):
        raise StoreError("Rollups change faster than they can be rebuilt. Try again when fewer runs finish.")
    return written


def _moved(store: Store, cells: dict[Key, Cell]) -> set[Key]:
    """Those of which an item is not as it was when it was read. One request per 100 items."""
    known = {place: (key, count) for key, cell in cells.items() for place, count in cell.shards.items()}
    known |= {item_key(key, 0): (key, 0) for key, cell in cells.items() if not cell.shards}
    items = store.batch_get(tables.RUNS, list(known), attributes=(tables.PK, tables.SK, "writes"))
    now = {(item[tables.PK]["S"], item[tables.SK]["S"]): plain_map(item).get("writes", 0) for item in items}
    return {key for place, (key, count) in known.items() if now.get(place, 0) != count}


def _replace(store: Store, key: Key, cell: Cell) -> bool:
    """One item with what was counted, instead of all that were stored; False when one of those moved meanwhile."""
    first = item_key(key, 0)
    places = sorted(cell.shards, key=lambda place: place != first)
    while len(places) > _AT_ONCE:
        part, places = places[:_AT_ONCE], [first, *places[_AT_ONCE:]]
        if not _put_instead(store, key, _added_up(store, part), {place: cell.shards[place] for place in part}):
            return False
        cell.shards[first] = sum(cell.shards.pop(place) for place in part) + 1
    return _put_instead(store, key, cell.sums, cell.shards)


def _added_up(store: Store, places: list[tuple[str, str]]) -> dict[str, int | float]:
    """What some items of a rollup say together. One request."""
    sums: dict[str, int | float] = {}
    for item in store.batch_get(tables.RUNS, places):
        numbers = {name: value for name, value in item.items() if "N" in value}
        for name, value in plain_map(numbers).items():
            sums[name] = round(sums.get(name, 0) + value, 9)
    return sums


def _put_instead(store: Store, key: Key, sums: dict[str, int | float], shards: dict[tuple[str, str], int]) -> bool:
    """Puts `sums` into the first item and removes the others, if none has counted a run since. One transaction."""
    target = item_key(key, 0)
    writes: list[Write] = [bump(tables.RUNS, store.layout.token_suffix())]
    known = shards.get(target)
    condition = ABSENT if known is None else _unmoved(known)
    item = cell_item(key, {**sums, "writes": sum(shards.values()) + 1})
    writes.append(Put(tables.RUNS, item, condition))
    writes += [Delete(tables.RUNS, place, _unmoved(count)) for place, count in shards.items() if place != target]
    try:
        store.transact(writes)
    except ConditionFailed:
        return False  # it moved: the next round reads it again
    return True


def _unmoved(writes: int) -> Condition:
    """The item has counted no run since it was read; one that was damaged may have no counter at all."""
    return equals("writes", writes) if writes else Condition("attribute_not_exists(#w)", {"#w": "writes"})
