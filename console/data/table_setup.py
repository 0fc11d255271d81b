"""Makes the tables that `console.data.tables` defines, and looks at those that are there."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from console.data import tables
from console.data.dynamo import Store
from console.data.refusals import code_of
from console.errors import SetupError, StoreError


def create_tables(store: Store, *, production: bool = False, streams: bool = False) -> list[str]:
    """Creates the tables that are missing and waits until all can be used; returns the new ones' names.

    Args:
        production, streams: see `Table.definition`.
    """
    missing = [table for table in tables.TABLES if describe(store, table.name) is None]
    for table in missing:
        _create(store, table, production=production, streams=streams)
    with ThreadPoolExecutor(max_workers=len(tables.TABLES)) as pool:
        list(pool.map(partial(_await_active, store), tables.TABLES))
    for table in missing:
        _after_create(store, table)
    return [store.name(table.name) for table in missing]


def describe(store: Store, table: str) -> dict[str, Any] | None:
    """DescribeTable's answer, or None when the table is not there."""
    try:
        found: dict[str, Any] = store.call("describe_table", TableName=store.name(table))["Table"]
    except SetupError:
        return None
    return found


def expiry_attribute(store: Store, table: str) -> str | None:
    """The attribute by which the store removes items of a table, or None. One request."""
    answer = store.call("describe_time_to_live", TableName=store.name(table))["TimeToLiveDescription"]
    return answer.get("AttributeName") if answer["TimeToLiveStatus"] in ("ENABLED", "ENABLING") else None


def _create(store: Store, table: tables.Table, *, production: bool, streams: bool) -> None:
    definition = table.definition(store.name(table.name), production=production, streams=streams)
    try:
        store.call("create_table", **definition)
    except StoreError as error:
        if code_of(error) != "ResourceInUseException":
            raise


def _await_active(store: Store, table: tables.Table) -> None:
    give_up = time.monotonic() + 120
    while time.monotonic() < give_up:
        described = describe(store, table.name)
        if described and described["TableStatus"] == "ACTIVE":
            return
        time.sleep(0.2)
    raise SetupError(f"The table {store.name(table.name)} did not become active within two minutes.")


def _after_create(store: Store, table: tables.Table) -> None:
    if table.ttl:
        ttl = {"Enabled": True, "AttributeName": tables.TTL_ATTRIBUTE}
        store.call("update_time_to_live", TableName=store.name(table.name), TimeToLiveSpecification=ttl)
    recovery = {"PointInTimeRecoveryEnabled": True}
    try:
        store.call(
            "update_continuous_backups",
            TableName=store.name(table.name),
            PointInTimeRecoverySpecification=recovery,
        )
    except StoreError as error:
        # Local engines do not have point-in-time recovery; AWS does, and must not lose it silently.
        if code_of(error) not in ("UnknownOperationException", "ValidationException"):
            raise
