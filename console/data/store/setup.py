"""Makes the tables that `console.data.store.tables` defines, and looks at those that are there."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from console.data.store import tables
from console.data.store.answers import code_of
from console.data.store.store import Store
from console.errors import SetupError, StoreError

_UNKNOWN = ("UnknownOperationException", "ValidationException", "SerializationException", "400")
"""What an engine answers that does not know vector indexes."""


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
    for table in tables.TABLES:
        if table.vectors and table not in missing:
            add_vector_index(store, table)
        if table.stream == tables.KEYS_ONLY and table not in missing:
            add_stream(store, table)
    return [store.name(table.name) for table in missing]


def describe(store: Store, table: str) -> dict[str, Any] | None:
    """DescribeTable's answer, or None when the table is not there."""
    try:
        found: dict[str, Any] = store.call("describe_table", TableName=store.name(table))["Table"]
    except SetupError:
        return None
    return found


def vector_index(store: Store, table: tables.Table) -> str:
    """How a table's vector index is: `ACTIVE`, `CREATING`, `BACKFILLING`, ...; empty for none. One request."""
    described = describe(store, table.name) or {}
    found = {index["IndexName"]: index for index in described.get("VectorIndexes") or []}
    one = found.get(table.vectors.name if table.vectors else "")
    if one and one["IndexStatus"] == "ACTIVE" and one.get("Backfilling"):
        return "BACKFILLING"
    return str(one["IndexStatus"]) if one else ""


def add_vector_index(store: Store, table: tables.Table) -> bool:
    """Gives an existing table its vector index; whether it has (or will have) one. Engines without them refuse."""
    if table.vectors is None or vector_index(store, table):
        return table.vectors is not None
    named = [table.vectors.hash_key, table.vectors.filter_key]
    described = describe(store, table.name) or {}
    known = {one["AttributeName"]: one for one in described.get("AttributeDefinitions", [])}
    known |= {name: {"AttributeName": name, "AttributeType": "S"} for name in named}
    try:
        store.call(
            "update_table",
            TableName=store.name(table.name),
            AttributeDefinitions=list(known.values()),
            VectorIndexUpdates=[{"Create": table.vectors.definition()}],
        )
    except StoreError as error:
        if code_of(error) not in _UNKNOWN:
            raise
        return False
    return bool(vector_index(store, table))


def add_stream(store: Store, table: tables.Table) -> None:
    """Gives an existing table its stream, unless it has one. One or two requests."""
    described = describe(store, table.name) or {}
    if not described.get("StreamSpecification", {}).get("StreamEnabled"):
        wanted = {"StreamEnabled": True, "StreamViewType": table.stream}
        store.call("update_table", TableName=store.name(table.name), StreamSpecification=wanted)


def expiry_attribute(store: Store, table: str) -> str | None:
    """The attribute by which the store removes items of a table, or None. One request."""
    answer = store.call("describe_time_to_live", TableName=store.name(table))["TimeToLiveDescription"]
    return answer.get("AttributeName") if answer["TimeToLiveStatus"] in ("ENABLED", "ENABLING") else None


def _create(store: Store, table: tables.Table, *, production: bool, streams: bool) -> None:
    for vectors in (True, False):
        definition = table.definition(store.name(table.name), production=production, streams=streams, vectors=vectors)
        try:
            store.call("create_table", **definition)
        except StoreError as error:
            if vectors and table.vectors and code_of(error) in _UNKNOWN:
                continue
            if code_of(error) != "ResourceInUseException":
                raise
        return


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
