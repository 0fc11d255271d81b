"""What is wrong with a table, as DescribeTable shows it, against what `tables` defines."""

from __future__ import annotations

from typing import Any

from console.data.store.tables import KEYS_ONLY, TTL_ATTRIBUTE, Table


def problems(table: Table, found: dict[str, Any] | None) -> list[str]:
    """What does not work as it should, in words; [] when all is well.

    Args:
        found: the answer of DescribeTable, or None when there is no such table.
    """
    if found is None:
        return ["missing; `tables create` makes it"]
    wanted = table.definition(found["TableName"])
    indexes = {index["IndexName"]: index for index in found.get("GlobalSecondaryIndexes", [])}
    said = [] if _same_keys(found["KeySchema"], wanted["KeySchema"]) else ["has other keys"]
    for index in wanted.get("GlobalSecondaryIndexes", []):
        name = index["IndexName"]
        if name not in indexes:
            said.append(f"the index {name} is missing")
        elif not _same_keys(indexes[name]["KeySchema"], index["KeySchema"]):
            said.append(f"the index {name} has other keys")
    return said


def remarks(table: Table, found: dict[str, Any], expiry: str | None, *, streams: bool) -> list[str]:
    """What works, but costs more or keeps more than it should.

    Args:
        found: the answer of DescribeTable.
        expiry: the attribute by which the store removes items, if it does.
        streams: whether tables have their streams for other programs in this store; local engines make none.
    """
    indexes = {index["IndexName"]: index for index in found.get("GlobalSecondaryIndexes", [])}
    said = [
        f"{index.name} holds whole items: writes and lists cost more"
        for index in table.indexes
        if index.include and _is_whole(indexes.get(index.name))
    ]
    if not found.get("StreamSpecification", {}).get("StreamEnabled"):
        if table.stream == KEYS_ONLY:
            said.append("has no stream: what other programs write shows late; `tables create` turns it on")
        elif streams and table.stream:
            said.append("has no stream")
    if table.ttl and expiry != TTL_ATTRIBUTE:
        said.append(f"items do not expire by {TTL_ATTRIBUTE}")
    if table.vectors and not found.get("VectorIndexes"):
        said.append("has no vector index in this store; similarity search reads packed blocks instead")
    known = {index.name for index in table.indexes}
    said += [f"has the index {name} of another system" for name in indexes if name not in known]
    return said


def _is_whole(found: dict[str, Any] | None) -> bool:
    return found is not None and found.get("Projection", {}).get("ProjectionType") == "ALL"


def _same_keys(one: list[dict[str, str]], other: list[dict[str, str]]) -> bool:
    return {key["KeyType"]: key["AttributeName"] for key in one} == {
        key["KeyType"]: key["AttributeName"] for key in other
    }
