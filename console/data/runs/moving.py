"""Moves an installation from one number of shards to another, beside everything that reads and writes.

First readers learn of the new keys, then writers use them, then every older run is written to its new keys, and at last
readers forget the old ones. Between the steps it waits until every process has read the layout anew. It says in the
table how far it has come: run again after it was stopped, it goes on from there.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec

from console.data.runs.items import KEYS, SUFFIX, gathered_keys, run_id_of, spread_keys
from console.data.store import tables
from console.data.store.answers import ConditionFailed
from console.data.store.codec import Item
from console.data.store.requests import ABSENT, Put, Query, Update
from console.data.store.shards import KEPT, LAYOUT_KEY, MOST, Layout, layout_of
from console.data.store.store import DEADLINE, Store
from console.data.store.sweep import Pace, Position, sweep
from console.errors import InvalidInput
from console.records import RunStatus

SETTLED = KEPT + 1.5 * DEADLINE
"""Seconds after which no process goes by an older layout, nor is in the middle of a write by one."""
_PROGRESS_KEY = (LAYOUT_KEY[0], "MOVE")
_SAVED_EVERY = 10.0
_AT_ONCE = 16
_REVISION = "labelRevision"
_READ = (tables.PK, tables.SK, *KEYS, "brief", SUFFIX, _REVISION)


def check_shards(shards: int) -> None:
    """Raises InvalidInput for a number of shards that there cannot be."""
    if not 1 <= shards <= MOST:
        raise InvalidInput(f"Runs cannot be spread over {shards} shards; choose 1 to {MOST}.", field="shards")


def establish(store: Store, shards: int) -> Layout:
    """Spreads the runs of a store that has none yet; what its layout is. Up to six requests.

    A store with runs stays as it is: `move` is for those.
    """
    found = store.get(tables.RUNS, *LAYOUT_KEY)
    if found is None and shards > 1 and _is_empty(store):
        check_shards(shards)
        layout = Layout(shards, widest=shards)
        try:
            store.write(Put(tables.RUNS, layout.item(), ABSENT))
        except ConditionFailed:
            layout = layout_of(store.get(tables.RUNS, *LAYOUT_KEY))
        store.shards.forget()
        return layout
    return layout_of(found)


def _is_empty(store: Store) -> bool:
    queries = [Query(tables.RUNS, status, index=tables.RUNS_BY_STATUS) for status in RunStatus]
    return not any(store.page(query, limit=1)[0] for query in queries)


def move(
    store: Store,
    shards: int,
    *,
    progress: Callable[[int], None] = lambda _: None,
    pace: Pace | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> int:
    """Spreads every run over `shards`; how many this call has moved.

    A parallel Scan, and one request for each run that is not where it belongs (about 15 write units for 5 KB).

    Args:
        progress: called with the number of runs looked at so far.

    Raises:
        InvalidInput: there cannot be so many shards.
    """
    check_shards(shards)
    layout = layout_of(store.get(tables.RUNS, *LAYOUT_KEY))
    older = tuple(sorted({layout.shards, *layout.also} - {shards}))
    if not older:
        return 0
    widest = max(shards, layout.widest)
    steps = [Layout(layout.shards, tuple({shards, *layout.also}), widest), Layout(shards, older, widest)]
    for step in steps if layout.shards != shards else steps[1:]:
        store.write(Put(tables.RUNS, step.item()))
        sleep(SETTLED)
    store.shards.forget()
    moved = _Mover(store, steps[1], progress, pace or Pace()).sweep()
    store.write(Put(tables.RUNS, Layout(shards, widest=widest).item()))
    store.shards.forget()
    return moved


class _Mover:
    """Writes the runs of older layouts to the keys of `layout`."""

    def __init__(self, store: Store, layout: Layout, progress: Callable[[int], None], pace: Pace) -> None:
        self._store, self._layout, self._progress, self._pace = store, layout, progress, pace
        self._seen = self._moved = 0
        self._saved = time.monotonic()

    def sweep(self) -> int:
        """All runs; how many were moved."""
        position = self._position()
        with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:

            def visit(items: list[Item]) -> None:
                runs = [item for item in items if _is_run(item)]
                self._moved += sum(pool.map(self._one, runs))
                self._seen += len(runs)
                self._progress(self._seen)
                if time.monotonic() - self._saved > _SAVED_EVERY:
                    self._save(position)

            sweep(self._store, tables.RUNS, visit, attributes=_READ, position=position, pace=self._pace)
        self._store.batch_delete(tables.RUNS, [_PROGRESS_KEY])
        return self._moved

    def _position(self) -> Position:
        """Where an earlier call to the same number of shards was stopped."""
        item = self._store.get(tables.RUNS, *_PROGRESS_KEY)
        if item is None or int(item["shards"]["N"]) != self._layout.shards:
            return Position()
        return msgspec.json.decode(item["position"]["S"], type=Position)

    def _save(self, position: Position) -> None:
        """Where to go on. The page that is being visited is read again then."""
        text = msgspec.json.encode(position).decode()
        self._store.write(Update(tables.RUNS, _PROGRESS_KEY, {"shards": self._layout.shards, "position": text}))
        self._saved = time.monotonic()

    def _one(self, item: Item) -> bool:
        """Moves a run; False when it is where it belongs, or gone. Read again when somebody changed it meanwhile."""
        found: Item | None = item
        while found is not None:
            request = _request(found, self._layout)
            if request is None:
                return False
            try:
                answer = self._store.call("update_item", TableName=self._store.name(tables.RUNS), **request)
            except ConditionFailed:
                found = self._store.get(tables.RUNS, item[tables.PK]["S"], item[tables.SK]["S"])
            else:
                self._pace.spend(answer.get("ConsumedCapacity", {}).get("CapacityUnits", 0.0))
                return True
        return False


def _is_run(item: Item) -> bool:
    sort: str = item[tables.SK]["S"]
    return item[tables.PK]["S"].startswith("RUN#") and "status" in item and not sort.startswith(("PART#", "LABEL#"))


def _request(item: Item, layout: Layout) -> dict[str, Any] | None:
    """The update that gives a run the keys of a layout, if it is as it was read; None when it has them."""
    run_id = run_id_of({tables.PK: item[tables.PK]["S"]})
    wanted = spread_keys(gathered_keys(item), layout.suffix(run_id))
    names = (*KEYS, "brief", SUFFIX)
    sets = {name: wanted[name] for name in names if name in wanted and wanted[name] != item.get(name)}
    gone = [name for name in names if name in item and name not in wanted]
    if not sets and not gone:
        return None
    expression = "SET " + ", ".join(f"#{name} = :{name}" for name in sets) if sets else ""
    expression += " REMOVE " + ", ".join(f"#{name}" for name in gone) if gone else ""
    values = {f":{name}": value for name, value in sets.items()} | {":was": item["status"]}
    condition = "#status = :was AND attribute_not_exists(#rev)"
    if _REVISION in item:
        condition = "#status = :was AND #rev = :rev"
        values[":rev"] = item[_REVISION]
    return {
        "Key": {name: item[name] for name in (tables.PK, tables.SK)},
        "UpdateExpression": expression,
        "ConditionExpression": condition,
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        "ExpressionAttributeNames": {f"#{name}": name for name in (*sets, *gone, "status")} | {"#rev": _REVISION},
        "ExpressionAttributeValues": values,
    }
