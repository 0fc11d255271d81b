"""Makes the tables what `console.data.store.tables` defines: creates what is missing and mends what differs.

A reconciliation, not a recipe: it looks, does one thing, looks again, until nothing is left that it could do. So it
ends right whatever it finds: no table, half of them, a restored one without its indexes, or an earlier call that was
killed. While AWS refuses (a table that is being changed, backups that are being set up) it waits and asks again.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from console.data.store import tables
from console.data.store.answers import code_of
from console.data.store.setup.check import Fix, Wanted, differences
from console.data.store.setup.description import Description, describe, look
from console.data.store.store import Store
from console.data.store.tables import Table
from console.errors import SetupError, StoreError

PATIENCE = 600.0
"""Seconds that AWS may take for one step: an index over many items is built in the background, and not waited for."""
_LATER = (
    "ResourceInUseException",
    "LimitExceededException",
    "ContinuousBackupsUnavailableException",
    "TableInUseException",
    "ResourceNotFoundException",
)
"""Refusals that pass: a table is changed one step at a time, and is known everywhere only a moment after it is made."""
_UNKNOWN = ("UnknownOperationException", "ValidationException", "SerializationException", "400")
"""What an engine answers that does not know vector indexes."""
_PAUSE, _LONGEST_PAUSE = 0.2, 5.0


@dataclass(slots=True)
class SetUp:
    """What was done."""

    created: list[str] = field(default_factory=list)
    """Names of new tables."""
    changed: list[str] = field(default_factory=list)
    """`<table>: <what was the matter>`, mended."""
    refused: list[str] = field(default_factory=list)
    """`<table>: <what is the matter> (<why it could not be mended>)`."""


def set_up(store: Store, wanted: Wanted = Wanted()) -> SetUp:  # noqa: B008 - frozen
    """Makes every table as it should be. Safe to repeat, and to run twice at once.

    Raises:
        Denied: this process may not do that.
        SetupError: a table does not become active.
    """
    done = SetUp()
    for table in tables.TABLES:
        if describe(store, table.name) is None:
            _create(store, table, wanted)
            done.created.append(store.name(table.name))
    with ThreadPoolExecutor(max_workers=len(tables.TABLES)) as pool:
        list(pool.map(partial(_reconcile, store, wanted, done), tables.TABLES))
    return done


def _reconcile(store: Store, wanted: Wanted, done: SetUp, table: Table) -> None:
    """One step after the other, each followed by a new look."""
    tried: dict[str, str] = {}
    """What was the matter -> why it could not be mended; each is tried once."""
    while True:
        found = _look_once_active(store, table, managed=wanted.managed)
        said = differences(table, found, wanted)
        left = [(one, one.fix) for one in said if one.fix and one.words not in tried]
        if not left:
            break
        step, fix = left[0]
        tried[step.words] = _take(store, fix, must=step.broken and wanted.managed)
    still = {one.words for one in said}
    for words, why in tried.items():
        if words not in still:
            done.changed.extend([f"{found.name}: {words}"] if found.name not in done.created else [])
        elif wanted.managed:
            done.refused.append(f"{found.name}: {words} ({why or 'the store took the request and changed nothing'})")


def _take(store: Store, fix: Fix, *, must: bool) -> str:
    """One step; why it could not be taken, or nothing.

    Args:
        must: raise where the store refuses it. Otherwise it stays as it is: it only costs more, or the engine does not
            know such a thing.
    """
    try:
        _patiently(store, fix)
    except StoreError as error:
        if must or code_of(error) not in _UNKNOWN:
            raise
        return str(error)
    return ""


def _create(store: Store, table: Table, wanted: Wanted) -> None:
    """CreateTable; without the vector index where the engine does not know such a thing."""
    for vectors in (True, False):
        definition = table.definition(
            store.name(table.name),
            production=wanted.protected,
            streams=wanted.managed,
            vectors=vectors and wanted.vectors,
        )
        try:
            store.call("create_table", **definition)
        except StoreError as error:
            if vectors and table.vectors and code_of(error) in _UNKNOWN:
                continue
            if code_of(error) != "ResourceInUseException":
                raise
        return


def _patiently(store: Store, fix: Fix) -> dict[str, Any]:
    """One request, made again while AWS says that it is not the time yet."""
    give_up, pause = time.monotonic() + PATIENCE, _PAUSE
    while True:
        try:
            return store.call(fix.operation, **fix.request)
        except (StoreError, SetupError) as error:
            if code_of(error) not in _LATER or time.monotonic() + pause > give_up:
                raise
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)


def _look_once_active(store: Store, table: Table, *, managed: bool) -> Description:
    """What there is of the table, as soon as it can be used."""
    give_up, pause = time.monotonic() + PATIENCE, _PAUSE
    while time.monotonic() < give_up:
        found = look(store, table, managed=managed)
        if found and found.table["TableStatus"] == "ACTIVE":
            return found
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)
    raise SetupError(f"The table {store.name(table.name)} did not become active within {PATIENCE / 60:.0f} minutes.")
