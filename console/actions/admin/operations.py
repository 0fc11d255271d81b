"""How the store and this process are doing: tables, engine, counters, leases; and the proof that rollups are right."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from console.actions.permissions import permit
from console.data.cache.cache import TOKEN_KEY
from console.data.cache.cache import Readings as CacheReadings
from console.data.configuration.catalog import DEFAULT_METRICS
from console.data.runs.rollups import recount
from console.data.runs.rollups.cells import Counting
from console.data.store import tables
from console.data.store.meter import Readings as StoreReadings
from console.data.store.setup.check import MISSING, differences
from console.data.store.setup.description import Description, index_state, look
from console.errors import ConsoleError
from console.records import Batch, Role, User, utcnow
from console.services import EngineStatus, Services
from console.telemetry import traced

LATEST_BATCHES = 50
"""Batches that are looked through for leases."""
VECTORS, NO_VECTORS = "VECTORS", "NO_VECTORS"
"""`IndexReport.projection` of a vector index, and of one that the engine does not have."""
Progress = Callable[[int], None]
"""Called with the number of runs counted so far."""


@dataclass(frozen=True, slots=True)
class Health:
    """Whether the store answers now."""

    milliseconds: float
    """Of one read of one item, retries included."""
    error: ConsoleError | None = None


@dataclass(frozen=True, slots=True)
class IndexReport:
    """An index as the store describes it."""

    name: str
    status: str
    items: int | None
    """As the store counts them, which may be hours ago; None where it does not count."""
    bytes: int | None
    projection: str


@dataclass(frozen=True, slots=True)
class TableReport:
    """A table as the store describes it, against what it should be."""

    name: str
    status: str
    items: int | None
    bytes: int | None
    indexes: list[IndexReport]
    problems: list[str]
    """What does not work as it should."""
    remarks: list[str]
    """What works, but costs or keeps more than it should."""
    protected: bool = False
    """Whether it cannot be deleted by mistake."""


@dataclass(frozen=True, slots=True)
class Operations:
    """Everything about a store that answers."""

    tables: list[TableReport]
    leased: list[Batch]
    """Batches that a worker has now."""
    run_items: int
    """Items of the table of runs, as the store counts them."""


@dataclass(frozen=True, slots=True)
class Counters:
    """What this process has counted since it started; asks nobody."""

    store: StoreReadings
    cache: CacheReadings
    engine: EngineStatus | None


def check_health(services: Services) -> Health:
    """Ask the store for one small item. One request."""
    begin = time.perf_counter()
    try:
        services.store.get(tables.RUNS, *TOKEN_KEY)
    except ConsoleError as error:
        return Health(_since(begin), error)
    return Health(_since(begin))


def load_counters(services: Services) -> Counters:
    """Read the counters of this process. No request."""
    return Counters(services.store.meter.read(), services.cache.read(), services.engine_process())


def load_operations(services: Services) -> Operations:
    """Describe every table and find the leases. One request per table, one for its expiry, two for the batches."""
    reports = check_setup(services)
    runs = next(report for report in reports if report.name == services.store.name(tables.RUNS))
    latest = [] if runs.problems else services.batches.list(LATEST_BATCHES).items
    now = utcnow()
    leased = [batch for batch in latest if batch.lease_owner and (batch.lease_until or now) > now]
    return Operations(reports, leased, runs.items or 0)


def check_setup(services: Services) -> list[TableReport]:
    """Every table as it is, against what it should be, and whether the default metrics are there.

    One to four requests per table, all tables at once, and one for the metrics.
    """
    with ThreadPoolExecutor(max_workers=len(tables.TABLES)) as pool:
        reports = list(pool.map(lambda table: _report(services, table), tables.TABLES))
    judges = next(report for report in reports if report.name == services.store.name(tables.JUDGES))
    if not judges.problems:
        lacking = set(DEFAULT_METRICS) - {metric.name for metric in services.catalog.metrics()}
        if lacking:
            judges.problems.append(f"the metrics {', '.join(sorted(lacking))} are missing; `tables create` makes them")
    return reports


@traced
def verify_rollups(services: Services, actor: User, progress: Progress) -> list[recount.Difference]:
    """The rollups that differ from a recount of all runs; changes nothing. Reads the table once.

    Raises:
        Forbidden: the actor is no admin: it costs as many reads as there are runs.
    """
    permit(actor, Role.ADMIN)
    return recount.verify(services.store, Counting(progress))


@traced
def rebuild_rollups(services: Services, actor: User, progress: Progress) -> int:
    """Makes every rollup equal to a recount of all runs; how many were written. Reads the table twice or more.

    Raises:
        Forbidden: the actor is no admin.
        StoreError: rollups kept changing.
    """
    permit(actor, Role.ADMIN)
    written = recount.rebuild(services.store, Counting(progress))
    services.cache.changed(tables.RUNS)
    return written


def _report(services: Services, table: tables.Table) -> TableReport:
    name = services.store.name(table.name)
    found = look(services.store, table, managed=services.wanted.managed)
    if found is None:
        return TableReport(name, "MISSING", None, None, [], [MISSING.words], [])
    items: int = found.table.get("ItemCount", 0)
    said = differences(table, found, services.wanted)
    return TableReport(
        name=name,
        status=found.table["TableStatus"],
        items=items,
        bytes=_counted(found.table.get("TableSizeBytes", 0), items),
        indexes=[*(_index(index, items) for index in found.indexes().values()), *_vectors(table, found)],
        problems=[one.words for one in said if one.broken],
        remarks=[one.words for one in said if not one.broken],
        protected=found.table.get("DeletionProtectionEnabled", False),
    )


def _index(found: dict[str, Any], table_items: int) -> IndexReport:
    size, counted = found.get("IndexSizeBytes", 0), found.get("ItemCount", 0)
    return IndexReport(
        name=found["IndexName"],
        status=found.get("IndexStatus", ""),
        items=counted if counted or size or not table_items else None,
        bytes=_counted(size, table_items),
        projection=found.get("Projection", {}).get("ProjectionType", ""),
    )


def _vectors(table: tables.Table, found: Description) -> list[IndexReport]:
    """The vector index of a table that should have one, or that it has none."""
    if table.vectors is None:
        return []
    there = found.vector_index(table.vectors.name)
    status = index_state(there) if there else "NONE"
    return [IndexReport(table.vectors.name, status, None, None, VECTORS if there else NO_VECTORS)]


def _counted(size: int, items: int) -> int | None:
    """A size; None where the engine says 0 although there are items, that is, does not count."""
    return size if size or not items else None


def _since(begin: float) -> float:
    return (time.perf_counter() - begin) * 1_000
