"""What is asked of the store, as values: writes with their conditions, queries, and their wire form."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from console.data.store import tables
from console.data.store.codec import Item, to_wire, to_wire_map

NONCE = "nonce"
"""Attribute that says which call wrote an item last (see `Store.write`)."""
KEY_BYTES = 2_048
"""Longest partition key of DynamoDB: no record has a longer id."""


@dataclass(frozen=True, slots=True)
class Condition:
    """What must hold for a write: an expression over `#name` and `:value` placeholders."""

    expression: str
    names: dict[str, str] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)


ABSENT = Condition("attribute_not_exists(#pk)", {"#pk": tables.PK})
PRESENT = Condition("attribute_exists(#pk)", {"#pk": tables.PK})


def equals(attribute: str, value: Any) -> Condition:
    """The stored attribute has this value."""
    return Condition("#is = :is", {"#is": attribute}, {":is": value})


def one_of(attribute: str, values: Sequence[Any]) -> Condition:
    """The stored attribute has one of these values."""
    placeholders = {f":in{position}": value for position, value in enumerate(values)}
    return Condition(f"#in IN ({', '.join(placeholders)})", {"#in": attribute}, placeholders)


@dataclass(frozen=True, slots=True)
class Put:
    """Write a whole item."""

    table: str
    item: Item
    condition: Condition | None = None


@dataclass(frozen=True, slots=True)
class Update:
    """Change attributes of an item; plain values."""

    table: str
    key: tuple[str, ...]
    sets: dict[str, Any] = field(default_factory=dict)
    adds: dict[str, float] = field(default_factory=dict)
    removes: tuple[str, ...] = ()
    condition: Condition | None = None


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove an item; no error when there is none."""

    table: str
    key: tuple[str, ...]
    condition: Condition | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """Only a condition, as part of a transaction."""

    table: str
    key: tuple[str, ...]
    condition: Condition = PRESENT


Write = Put | Update | Delete | Check


@dataclass(frozen=True, slots=True)
class Query:
    """One key-condition query; `range_*` conditions are on the range key of the table or index."""

    table: str
    hash_value: str
    index: str | None = None
    prefix: str | None = None
    """The range key begins with this."""
    low: str | None = None
    high: str | None = None
    """Inclusive bounds of the range key; an open side may be None."""
    forward: bool = True
    attributes: tuple[str, ...] = ()
    consistent: bool = True
    """Ignored on indexes, which are eventually consistent."""


# --- wire form -----------------------------------------------------------------------------------------


def query_request(query: Query, table_name: str) -> dict[str, Any]:
    """The parameters of Query."""
    hash_name, range_name = key_names(query.table, query.index)
    expression, names = "#h = :h", {"#h": hash_name}
    values = {":h": {"S": query.hash_value}}
    bounds = {":p": query.prefix, ":lo": query.low, ":hi": query.high}
    values |= {name: {"S": bound} for name, bound in bounds.items() if bound is not None}
    if query.prefix is not None:
        expression += " AND begins_with(#r, :p)"
    elif query.low is not None and query.high is not None:
        expression += " AND #r BETWEEN :lo AND :hi"
    elif query.low is not None or query.high is not None:
        expression += " AND #r >= :lo" if query.low is not None else " AND #r <= :hi"
    if len(values) > 1 and range_name:
        names["#r"] = range_name
    shown = projection(query.attributes)
    names |= shown.pop("ExpressionAttributeNames", {})
    request = {
        "TableName": table_name,
        "KeyConditionExpression": expression,
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
        "ScanIndexForward": query.forward,
        **shown,
    }
    if query.index:
        request["IndexName"] = query.index
    else:
        request["ConsistentRead"] = query.consistent
    return request


def write_request(write: Write, table_name: str, nonce: str) -> tuple[str, dict[str, Any]]:
    """The kind of a write, as a transaction names it, and its parameters."""
    request: dict[str, Any] = {"TableName": table_name}
    if isinstance(write, Put):
        request["Item"] = write.item | ({NONCE: {"S": nonce}} if write.condition else {})
    else:
        request["Key"] = item_key(write.table, write.key)
    names: dict[str, str] = {}
    values: dict[str, Any] = {}
    if isinstance(write, Update):
        stamp = {NONCE: nonce} if write.condition else {}
        request["UpdateExpression"] = _update_expression(write, stamp, names, values)
    if write.condition:
        request["ConditionExpression"] = write.condition.expression
        request["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        names |= write.condition.names
        values |= {name: to_wire(value) for name, value in write.condition.values.items()}
    if names:
        request["ExpressionAttributeNames"] = names
    if values:
        request["ExpressionAttributeValues"] = values
    kind = "ConditionCheck" if isinstance(write, Check) else type(write).__name__
    return kind, request


def key_names(table: str, index: str | None = None) -> tuple[str, str | None]:
    """Names of the hash and range key of a table or of one of its indexes."""
    definition = next(one for one in tables.TABLES if one.name == table)
    if index is None:
        return definition.hash_key, definition.range_key
    found = next(one for one in definition.indexes if one.name == index)
    return found.hash_key, found.range_key


def can_be_key(text: str) -> bool:
    """Whether an item can have this key: the store refuses to look for one that cannot be."""
    try:
        return 0 < len(text.encode()) <= KEY_BYTES
    except UnicodeEncodeError:
        return False


def item_key(table: str, key: tuple[str, ...]) -> Item:
    """A key as the store wants it."""
    names = [name for name in key_names(table) if name]
    return {name: {"S": value} for name, value in zip(names, key, strict=True)}


def request_keys(table: str, requests: Iterable[dict[str, Any]]) -> list[str]:
    """The keys that the requests of a batch write, in words."""
    names = [name for name in key_names(table) if name]
    found = []
    for request in requests:
        ((_, body),) = request.items()
        item = body.get("Item") or body["Key"]
        found.append(" / ".join(item[name]["S"] for name in names))
    return found


def projection(attributes: tuple[str, ...]) -> dict[str, Any]:
    """The parameters that limit an answer to some attributes, `map.member` for a part of one; none for all of them."""
    if not attributes:
        return {}
    names: dict[str, str] = {}
    paths = []
    for attribute in attributes:
        parts = attribute.split(".")
        path = [f"#a{len(names) + step}" for step in range(len(parts))]
        names |= dict(zip(path, parts, strict=True))
        paths.append(".".join(path))
    return {"ProjectionExpression": ", ".join(paths), "ExpressionAttributeNames": names}


def _update_expression(write: Update, stamp: dict[str, str], names: dict[str, str], values: dict[str, Any]) -> str:
    """The UpdateExpression of a write; fills `names` and `values`."""
    clauses: list[str] = []
    for verb, changes in (("SET", {**write.sets, **stamp}), ("ADD", write.adds)):
        parts = []
        for attribute, value in changes.items():
            name, placeholder = f"#u{len(names)}", f":u{len(names)}"
            names[name] = attribute
            values[placeholder] = to_wire_map({attribute: value}).get(attribute) or to_wire(value, attribute)
            parts.append(f"{name} = {placeholder}" if verb == "SET" else f"{name} {placeholder}")
        if parts:
            clauses.append(f"{verb} {', '.join(parts)}")
    removed = []
    for attribute in write.removes:
        names[f"#u{len(names)}"] = attribute
        removed.append(f"#u{len(names) - 1}")
    if removed:
        clauses.append(f"REMOVE {', '.join(removed)}")
    return " ".join(clauses)
