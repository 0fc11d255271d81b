"""Fills a data folder with runs, straight into the embedded engine's file: half a million in minutes, not hours.

    python -m benchmarks.filled --runs 500000 --folder /dev/shm/filled500k

Every row is what the engine would have written for the items that the product makes (`run_item`, all indexes); the
tests compare the two, row by row. What varies between the runs of one prepared run is put into its stored text in
place of marks. Rollups are added up here and written once; cases, judges, an admin, labels of some runs and the packs
of rollups come from the product itself. The engine must not be running: its file is locked against a start.
"""

from __future__ import annotations

import argparse
import hashlib
import sqlite3
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from benchmarks import plausible
from console.config import Settings
from console.data.runs.items import run_item, summary_of
from console.data.runs.rollups.cells import cell_item
from console.data.runs.rollups.rollups import Key, amounts, key_of
from console.data.store import tables
from console.data.store.codec import Item, timestamp
from console.engine.folder import DataFolder
from console.engine.install import DATABASE
from console.errors import SetupError
from console.records import Run, utcnow
from console.services import Services, build_services

_RUNS = next(table for table in tables.TABLES if table.name == tables.RUNS)
_MARK_NUMBER = 918_273_644
_MARK_ID = str(_MARK_NUMBER + 1)
_MARK_START = datetime.fromisoformat("1971-02-03T04:05:06.123457+00:00")
_AT_ONCE = 5_000
"""Runs that are written by one statement."""
_ZERO = "\0"
_QUICKLY = "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -400000;"
"""A file that is not whole when this ends is thrown away."""
Rows = dict[str, list[tuple[Any, ...]]]
"""Table of the engine's file -> rows."""


class Template:
    """A prepared run as the engine stores it, with marks where its runs differ."""

    def __init__(self, judge: int, variant: int) -> None:
        self.run = plausible.prepared(judge, variant)
        marked = plausible.placed(self.run, _MARK_NUMBER, _MARK_START)
        item = normal(run_item(marked))
        self.indexes = [index for index in _RUNS.indexes if index.hash_key in item]
        """Those that have an entry of it."""
        self._text = _ZERO.join(self._columns(item))
        self._marks = marks(marked)
        self._size = item_size(item) - len(_MARK_ID) - number_size(_MARK_ID)

    def _columns(self, item: Item) -> Iterator[str]:
        yield from (key_text(item, tables.PK), key_text(item, tables.SK), as_json(item))
        for index in self.indexes:
            kept = {index.hash_key, index.range_key, tables.PK, tables.SK, *index.include}
            entry = {name: value for name, value in item.items() if name in kept}
            yield from (key_text(item, index.hash_key), key_text(item, index.range_key), as_json(entry))

    def add(self, rows: Rows, number: int, started: datetime) -> None:
        """The rows of run `number`, in the table and in its indexes."""
        run = plausible.placed(self.run, number, started)
        text = self._text
        for mark, value in zip(self._marks, marks(run), strict=True):
            text = text.replace(mark, value)
        pk, sk, item, *entries = text.split(_ZERO)
        run_id = str(run.run_id)
        rows[""].append((pk, sk, item, self._size + len(run_id) + number_size(run_id), hash_prefix(pk)))
        for place, index in enumerate(self.indexes):
            hash_value, range_value, entry = entries[3 * place : 3 * place + 3]
            rows[index.name].append((hash_value, range_value, pk, sk, entry))


def marks(run: Run) -> tuple[str, ...]:
    """What of a run differs from the others of its template; the day after the times that hold it."""
    assert run.completed_at
    times = (timestamp(run.started_at), timestamp(run.completed_at), run.run_date.isoformat())
    return (*times, run.evaluated_artifact.digest, run.evaluated_artifact.evaluation_target[:9], str(run.run_id))


# --- what the engine stores --------------------------------------------------------------------------------


def normal(value: Any) -> Any:
    """Numbers as DynamoDB gives them back: `2.0` as `2`, without an exponent."""
    if isinstance(value, list):
        return [normal(one) for one in value]
    if isinstance(value, dict):
        if value.keys() == {"N"} and isinstance(value["N"], str):
            return {"N": format(Decimal(value["N"]).normalize(), "f")}
        return {name: normal(one) for name, one in value.items()}
    return value


def as_json(item: Item) -> str:
    """An item as the engine's file holds it."""
    return msgspec.json.encode(item).decode()


def key_text(item: Item, name: str) -> str:
    """A key (all of ours are texts) as the engine's file holds it."""
    return f"S:{item[name]['S']}"


def hash_prefix(pk: str) -> str:
    """By which the engine tells the segments of a Scan."""
    return hashlib.md5(b"Outliers" + pk.removeprefix("S:").encode(), usedforsecurity=False).hexdigest()[:6]


def item_size(item: Item) -> int:
    """Bytes that the engine notes of an item."""
    return sum(len(name.encode()) + _size(value) for name, value in item.items())


def _size(value: dict[str, Any]) -> int:
    ((kind, content),) = value.items()
    if kind == "N":
        return number_size(content)
    if kind == "M":
        return 3 + item_size(content) + len(content)
    if kind == "L":
        return 3 + sum(_size(one) + 1 for one in content)
    return len(content if kind == "B" else content.encode()) if kind in ("S", "B") else 1


def number_size(text: str) -> int:
    """A byte, and one for two digits that count, before and behind the point."""
    whole, _, fraction = text.lstrip("-").partition(".")
    whole, fraction = whole.lstrip("0"), fraction.rstrip("0")
    if not fraction:
        whole = whole.rstrip("0")
    elif not whole:
        fraction = fraction.lstrip("0")
    return 1 + (len(whole) + 1) // 2 + (len(fraction) + 1) // 2 + text.startswith("-")


# --- filling -------------------------------------------------------------------------------------------------


def fill(folder: Path, total: int, until: datetime | None = None) -> datetime:
    """Stores `total` runs that end at `until` in an empty data folder, with all that belongs to them; returns `until`.

    Raises:
        SetupError: the folder has a store, or its engine is another one.
    """
    until = until or utcnow()
    if (folder / DATABASE).exists():
        raise SetupError(f"{folder} has a store. Name an empty folder.")
    settings = Settings(data_dir=folder)
    with build_services(settings) as services:
        if services.engine.kind != "dynoxide":
            raise SetupError(f"Only dynoxide's file can be filled, and the engine here is {services.engine.kind}.")
        plausible.configure(services)
    with DataFolder(folder).locked():
        counts = write_runs(folder / DATABASE, total, until)
    with build_services(settings) as services:
        services.store.patient(60).batch_put(tables.RUNS, rollup_items(counts))
        services.runs.reserve_ids(total)
        services.runs.announce()
        plausible.label(services, plausible.sample(total, until))
        services.rollups.read(until.date() - timedelta(days=plausible.DAYS), until.date())  # leaves the packs
    return until


Counts = Counter[tuple[date, int, int]]
"""Runs by day, judge and variant."""


def write_runs(database: Path, total: int, until: datetime) -> Counts:
    """The rows of all runs; returns how many there are of each kind a day."""
    template = cache(Template)
    counts: Counts = Counter()
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.executescript(_QUICKLY)
        later = _without_secondary_indexes(connection)
        for begin in range(0, total, _AT_ONCE):
            rows: Rows = {"": [], **{index.name: [] for index in _RUNS.indexes}}
            for number in range(begin, min(begin + _AT_ONCE, total)):
                kind, started = plausible.variant_of(number), plausible.start_of(number, total, until)
                template(*kind).add(rows, number, started)
                counts[started.date(), *kind] += 1
            connection.execute("BEGIN")
            _insert(connection, rows)
            connection.execute("COMMIT")
        for statement in later:
            connection.execute(statement)
        connection.execute("PRAGMA journal_mode = WAL")  # as the engine has it
    return counts


def _without_secondary_indexes(connection: sqlite3.Connection) -> list[str]:
    """Drops the indexes that are quicker made at the end; returns how."""
    names = [f"{tables.RUNS}::gsi::{index.name}" for index in _RUNS.indexes]
    asked = "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND type = 'index' AND tbl_name IN"
    found = connection.execute(f"{asked} ({_holes(len(names))})", names).fetchall()
    for name, _ in found:
        connection.execute(f'DROP INDEX "{name}"')
    return [statement for _, statement in found]


def _insert(connection: sqlite3.Connection, rows: Rows) -> None:
    for name, values in rows.items():
        table = f"{tables.RUNS}::gsi::{name}" if name else tables.RUNS
        columns = (
            "gsi_pk, gsi_sk, table_pk, table_sk, item_json" if name else "pk, sk, item_json, item_size, hash_prefix"
        )
        connection.executemany(f'INSERT INTO "{table}" ({columns}) VALUES ({_holes(5)})', values)


def _holes(count: int) -> str:
    return ", ".join("?" * count)


def rollup_items(counts: Counts) -> list[Item]:
    """The rollups of the runs that were counted."""
    cells: dict[Key, dict[str, int | float]] = {}
    for (day, judge, variant), times in counts.items():
        row = summary_of(plausible.prepared(judge, variant))
        sums = cells.setdefault((day, *key_of(row)[1:]), {})
        for name, amount in amounts(row).items():
            if amount:
                sums[name] = round(sums.get(name, 0) + amount * times, 9)
    return [cell_item(key, sums) for key, sums in cells.items()]


def opened(stack: ExitStack, what: str) -> tuple[Services, int]:
    """A filled store and its number of runs: of a folder that was filled before, or of a number of runs, made now."""
    folder = Path(what)
    if what.isdecimal():
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        began = time.perf_counter()
        fill(folder, int(what))
        print(f"{int(what):,} runs stored and counted in {time.perf_counter() - began:.0f} s")
    services = stack.enter_context(build_services(Settings(data_dir=folder)))
    return services, services.runs.last_id()


def main() -> None:
    """Fills the folder and says how long it took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=50_000)
    parser.add_argument("--folder", type=Path, required=True)
    arguments = parser.parse_args()
    began = time.perf_counter()
    fill(arguments.folder, arguments.runs)
    size = (arguments.folder / DATABASE).stat().st_size / 1e9
    print(f"{arguments.runs:,} runs stored and counted in {time.perf_counter() - began:.0f} s, {size:.2f} GB")


if __name__ == "__main__":
    main()
