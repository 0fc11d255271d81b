"""What is wrong with a table, against what `tables` defines, and the request that mends it where one can."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from console.data.store.setup.description import Description, index_state, is_ready
from console.data.store.tables import KEYS_ONLY, TTL_ATTRIBUTE, Table


@dataclass(frozen=True, slots=True)
class Fix:
    """A request that mends something; safe to repeat."""

    operation: str
    request: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Difference:
    """Something about a table that is not as it should be."""

    words: str
    fix: Fix | None = None
    """None where only another table, or a person, can mend it."""
    broken: bool = True
    """Whether something does not work; else it costs more, or keeps more, than it should."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a store should have of a table beside its keys and indexes."""

    managed: bool = False
    """AWS: streams for other programs, point-in-time recovery, tags. Local engines get slower, or have none."""
    protected: bool = False
    """Refuses to be deleted."""
    vectors: bool = True
    """Has vector indexes: not every engine knows them."""


def differences(table: Table, found: Description, wanted: Wanted) -> list[Difference]:
    """Everything that is not as it should be; those that can be mended in the order in which that is done."""
    definition = table.definition(found.name, vectors=True)
    return [
        *_keys(found, definition),
        *_indexes(table, found, definition),
        *(_vectors(found, definition) if wanted.vectors else ()),
        *_stream(table, found, wanted),
        *_expiry(table, found),
        *(_managed(found, definition) if wanted.managed else ()),
        *(_protection(found) if wanted.protected else ()),
        *(Difference(f"cannot be seen whole: this role needs dynamodb:{one}", None, False) for one in found.hidden),
    ]


MISSING = Difference("missing; `tables create` makes it")
"""There is no such table."""


def _keys(found: Description, definition: dict[str, Any]) -> Iterator[Difference]:
    if not _same_keys(found.table["KeySchema"], definition["KeySchema"]):
        yield Difference("has other keys: it belongs to another system; choose a TABLE_PREFIX of your own")


def _indexes(table: Table, found: Description, definition: dict[str, Any]) -> Iterator[Difference]:
    indexes = found.indexes()
    for wanted in definition.get("GlobalSecondaryIndexes", []):
        name = wanted["IndexName"]
        there = indexes.get(name)
        if there is None:
            update = {"GlobalSecondaryIndexUpdates": [{"Create": wanted}]}
            yield Difference(f"the index {name} is missing", _with_keys(found, _names(wanted["KeySchema"]), update))
        elif not _same_keys(there["KeySchema"], wanted["KeySchema"]):
            yield Difference(f"the index {name} has other keys: delete it, and `tables create` makes it anew")
        else:
            yield from _projection(there, wanted)
            if not is_ready(there) and "IndexStatus" in there:
                yield Difference(f"the index {name} is being built ({index_state(there).lower()})", None, False)
    known = {index.name for index in table.indexes}
    for name in sorted(indexes.keys() - known):
        yield Difference(f"has the index {name} of another system, which every write pays for", None, False)


def _projection(there: dict[str, Any], wanted: dict[str, Any]) -> Iterator[Difference]:
    name, have, want = wanted["IndexName"], there["Projection"], wanted["Projection"]
    if have["ProjectionType"] == "ALL":
        if want["ProjectionType"] != "ALL":
            yield Difference(f"{name} holds whole items: writes and lists cost more", None, False)
        return
    lacking = sorted(set(want.get("NonKeyAttributes", [])) - set(have.get("NonKeyAttributes", [])))
    if lacking or want["ProjectionType"] == "ALL":
        what = ", ".join(lacking) or "whole items"
        yield Difference(f"the index {name} lacks {what}: delete it, and `tables create` makes it anew")


def _vectors(found: Description, definition: dict[str, Any]) -> Iterator[Difference]:
    for wanted in definition.get("VectorIndexes", []):
        name = wanted["IndexName"]
        there = found.vector_index(name)
        if there is None:
            words = f"has no vector index {name}; similarity search reads packed blocks instead"
            names = [one["AttributeName"] for one in wanted["SearchSchema"]]
            update = {"VectorIndexUpdates": [{"Create": wanted}]}
            yield Difference(words, _with_keys(found, names, update), broken=False)
        elif (there["Dimensions"], there["DistanceFunction"]) != (wanted["Dimensions"], wanted["DistanceFunction"]):
            yield Difference(f"the vector index {name} has other dimensions or another distance: delete it")
        elif not is_ready(there):
            words = f"the vector index {name} is being built ({index_state(there).lower()}); searches are exact"
            yield Difference(words, None, False)


def _stream(table: Table, found: Description, wanted: Wanted) -> Iterator[Difference]:
    """The stream that this system follows itself is wanted everywhere, those for other programs only in AWS."""
    followed = table.stream == KEYS_ONLY
    if not table.stream or not (followed or wanted.managed):
        return
    if not found.table.get("StreamSpecification", {}).get("StreamEnabled"):
        how = {"StreamSpecification": {"StreamEnabled": True, "StreamViewType": table.stream}}
        words = "has no stream: what other programs write shows late" if followed else "has no stream"
        yield Difference(words, _fix(found, "update_table", how), broken=not followed)


def _expiry(table: Table, found: Description) -> Iterator[Difference]:
    if not table.ttl or "DescribeTimeToLive" in found.hidden or found.expiry == TTL_ATTRIBUTE:
        return
    if found.expiry:
        yield Difference(f"items expire by {found.expiry}: switch that off, and `tables create` sets {TTL_ATTRIBUTE}")
        return
    how = {"TimeToLiveSpecification": {"Enabled": True, "AttributeName": TTL_ATTRIBUTE}}
    yield Difference(f"items do not expire by {TTL_ATTRIBUTE}", _fix(found, "update_time_to_live", how))


def _managed(found: Description, definition: dict[str, Any]) -> Iterator[Difference]:
    if found.recovery is False:
        how = {"PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True}}
        yield Difference("cannot be restored to a point in time", _fix(found, "update_continuous_backups", how))
    lacking = [one for one in definition["Tags"] if found.tags.get(one["Key"]) != one["Value"]]
    if lacking and "ListTagsOfResource" not in found.hidden:
        request = {"ResourceArn": found.table["TableArn"], "Tags": lacking}
        words = f"lacks the tags {', '.join(one['Key'] for one in lacking)}"
        yield Difference(words, Fix("tag_resource", request), broken=False)


def _protection(found: Description) -> Iterator[Difference]:
    if not found.table.get("DeletionProtectionEnabled"):
        yield Difference("can be deleted by mistake", _fix(found, "update_table", {"DeletionProtectionEnabled": True}))


def _fix(found: Description, operation: str, request: dict[str, Any]) -> Fix:
    return Fix(operation, {"TableName": found.name, **request})


def _with_keys(found: Description, names: list[str], update: dict[str, Any]) -> Fix:
    """An update that adds one index: it has to define the attributes of all keys anew."""
    known = {one["AttributeName"]: one for one in found.table.get("AttributeDefinitions", [])}
    known |= {name: {"AttributeName": name, "AttributeType": "S"} for name in names}
    return _fix(found, "update_table", {"AttributeDefinitions": list(known.values()), **update})


def _names(schema: list[dict[str, str]]) -> list[str]:
    return [one["AttributeName"] for one in schema]


def _same_keys(one: list[dict[str, str]], other: list[dict[str, str]]) -> bool:
    return {key["KeyType"]: key["AttributeName"] for key in one} == {
        key["KeyType"]: key["AttributeName"] for key in other
    }
