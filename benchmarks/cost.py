"""Goals C1 to C3: what writing a run, a page of the list and the Overview consume, in capacity units.

    python -m benchmarks.cost [--sizes 500,5000]

The engine meters as DynamoDB does: a write unit per KB of the item and of each index entry, twice in a transaction;
half a read unit per 4 KB of an eventually consistent read. *Naive* is the design that this product replaces: the same
runs as plain items in a table whose four indexes project ALL, without rollups. (C4, vectors, is in
`benchmarks.vectors`.)
"""

from __future__ import annotations

import argparse
import dataclasses
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
from boto3.dynamodb.types import TypeSerializer

from benchmarks.access import whole_overview
from benchmarks.filled import opened
from benchmarks.plausible import DAYS, run_of
from console.config import Settings
from console.data.cache.cache import Cache
from console.data.runs.items import run_item
from console.data.runs.rollups.rollups import Rollups
from console.data.runs.runs import Runs
from console.data.store import tables
from console.data.store.codec import Item
from console.data.store.store import Store
from console.records import Run, RunFilter, utcnow
from console.services import Services, build_services

PROSE = (Path(__file__).parent.parent / "docs/decisions.md").read_text(encoding="utf-8")
TEXT = 10_000
"""Characters of the evaluated text."""
RUNS = 100
INDEXES = (tables.RUNS_BY_JUDGE, tables.RUNS_BY_CASE, tables.RUNS_BY_DATE, tables.RUNS_BY_STATUS)
NAIVE = "NaiveRuns"


def read_units(store: Store, call: Callable[[], object]) -> float:
    """What a call reads."""
    before = store.meter.read().read_units
    call()
    return store.meter.read().read_units - before


def write_units(store: Store, call: Callable[[], object]) -> float:
    """What a call writes."""
    before = store.meter.read().write_units
    call()
    return store.meter.read().write_units - before


def runs_with_text() -> list[Run]:
    """Finished runs, each with its own 10 KB of prose."""
    made = []
    for number in range(RUNS):
        run = run_of(number * 7 + 3, RUNS * 7, utcnow())
        start = number * 97 % (len(PROSE) - TEXT)
        artifact = msgspec.structs.replace(run.evaluated_artifact, evaluation_target=PROSE[start : start + TEXT])
        made.append(msgspec.structs.replace(run, evaluated_artifact=artifact))
    return [run for run in made if run.results]


def naive_table(store: Store) -> None:
    """A table of runs whose indexes hold everything."""
    table = next(one for one in tables.TABLES if one.name == tables.RUNS)
    whole = tuple(dataclasses.replace(index, include=()) for index in table.indexes if index.name in INDEXES)
    store.client.create_table(**dataclasses.replace(table, indexes=whole).definition(NAIVE, streams=False))


def naive_item(run: Run) -> Item:
    """A run as a plain item: every text as it is."""
    packed = run_item(run)
    whole = msgspec.to_builtins(run)
    kept = {name: packed[name] for name in (tables.PK, tables.SK, "judgeId", "caseId", "runDate", "status")}
    plain = {name: value for name, value in _plain(whole).items() if name not in kept and value is not None}
    serializer = TypeSerializer()
    return {**{name: serializer.serialize(value) for name, value in plain.items()}, **kept}


def naive_put(store: Store, run: Run) -> float:
    """Stores a run twice, running and then finished, as the replaced design does; the units."""
    begun = {**naive_item(msgspec.structs.replace(run, results=None)), "status": {"S": "running"}}
    return sum(
        store.client.put_item(TableName=NAIVE, Item=item, ReturnConsumedCapacity="TOTAL")["ConsumedCapacity"][
            "CapacityUnits"
        ]
        for item in (begun, naive_item(run))
    )


def finish(runs: Runs, run: Run) -> None:
    """One evaluation: the run is made, then finished with its rollup."""
    begun = runs.create(run.judge_snapshot, run.evaluated_artifact, by="bench")
    if run.results:
        runs.complete(begun, run.results, threshold=0.5)


def writing(services: Services) -> None:
    """C1: write units of a finished run."""
    store, made = services.store, runs_with_text()
    naive_table(store)
    runs = Runs(store, Cache(store))
    naive = sum(naive_put(store, run) for run in made) / len(made)
    single = write_units(store, lambda: [finish(runs, run) for run in made]) / len(made)
    imported = write_units(
        store, lambda: [services.runs.import_finished(run, f"bench:{run.run_id}", []) for run in made]
    ) / len(made)
    print(f"\nwrite units per finished run, 10 KB of text, naive {naive:.1f}")
    print(f"  evaluated: created, then finished with its rollup {single:>9.1f}{naive / single:>7.1f} times fewer")
    print(f"  imported: stored finished with its rollup {imported:>17.1f}{naive / imported:>7.1f} times fewer")


def listing(services: Services) -> None:
    """C2: read units of a page of 100 runs."""
    store = services.store
    case_id = runs_with_text()[0].case_id
    wanted = RunFilter(case_id=case_id)
    ours = read_units(store, lambda: Runs(store, Cache(store)).list(wanted, limit=100))
    naive = store.client.query(
        TableName=NAIVE,
        IndexName=tables.RUNS_BY_CASE,
        KeyConditionExpression="caseId = :case",
        ExpressionAttributeValues={":case": {"S": case_id}},
        Limit=100,
        ReturnConsumedCapacity="TOTAL",
    )
    rows, units = naive["Count"], naive["ConsumedCapacity"]["CapacityUnits"]
    shown = len(Runs(store, Cache(store)).list(wanted, limit=100).items)
    print(f"\nread units per 100 rows of a list, naive {units / rows * 100:.1f}")
    print(
        f"  a page of the list {ours / shown * 100:>40.1f}{units / rows / (ours / shown):>7.1f} times fewer", flush=True
    )


def overview(sizes: list[str]) -> None:
    """C3: read units of the Overview over 90 days, by the number of runs."""
    with ExitStack() as stack:
        found = [opened(stack, size) for size in sizes]
        stores = [services for services, _ in found]
        print(f"\n{'read units of the Overview, 90 days':<50}" + "".join(f"{size:>10,}" for _, size in found))
        for name, units in (("rollups, nothing cached", _rollups), ("the whole page, nothing cached", _page)):
            print(f"  {name:<48}" + "".join(f"{units(one):>10.1f}" for one in stores), flush=True)


def _rollups(services: Services) -> float:
    """The rollups of 90 days; another process has packed the months that are over."""
    today = utcnow().date()
    first = today - timedelta(days=DAYS)
    Rollups(services.store, Cache(services.store)).read(first, today)
    return read_units(services.store, lambda: Rollups(services.store, Cache(services.store)).read(first, today))


def _page(services: Services) -> float:
    """All that the page reads, by a process of its own."""
    today = utcnow().date()
    wanted = RunFilter(first_day=today - timedelta(days=DAYS - 1), last_day=today)
    with build_services(services.settings.replace(dynamodb_endpoint=services.engine.endpoint)) as fresh:
        return read_units(fresh.store, lambda: whole_overview(fresh, wanted, today))


def _plain(value: Any) -> Any:
    """Numbers as the boto3 resource takes them."""
    if isinstance(value, float):
        return Decimal(str(value))
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value


def main() -> None:
    """Measures and prints all three."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="500,5000", help="numbers of runs for the Overview, or filled folders")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, build_services(Settings(data_dir=Path(folder))) as services:
        writing(services)
        listing(services)
    overview(arguments.sizes.split(","))


if __name__ == "__main__":
    main()
