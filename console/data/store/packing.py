"""Values larger than an item: how large an item is, and what continues in siblings of the same partition."""

from __future__ import annotations

import base64
import copy
import json
from typing import Any, NamedTuple

from console.data.store.codec import COMPRESS_OVER, Item, binary, part_id_of
from console.errors import TooLarge

ITEM_BUDGET = 350_000
"""Bytes that we let an item grow to; DynamoDB's limit is 400 KB, and indexes and labels want room."""
PART_BYTES = 350_000


class Part(NamedTuple):
    """A piece of a value that did not fit its item."""

    part_id: str
    """Hash of the whole value."""
    number: int
    data: bytes


def pack(item: Item) -> tuple[Item, list[Part]]:
    """Moves the largest values out of an item until it fits.

    Returns:
        The item, with `{"M": {"partId", "partCount"}}` where a value was, and the parts to store as
        siblings (`PART#<part_id>#<number>`) before the item itself.
    """
    if item_size(item) <= ITEM_BUDGET:
        return item, []
    packed = copy.deepcopy(item)
    parts: list[Part] = []
    for holder, name in _largest_leaves(packed):
        parts += _move_out(holder, name)
        if item_size(packed) <= ITEM_BUDGET:
            return packed, parts
    raise TooLarge(f"The record has {item_size(item):,} bytes in small fields; the limit is {ITEM_BUDGET:,}.")


def join_parts(items: list[Item]) -> dict[str, bytes]:
    """Part items (see `pack`) -> whole values by part id; order does not matter."""
    pieces: dict[str, list[tuple[str, bytes]]] = {}
    for item in items:
        sort_key = item["sortKey"]["S"]
        pieces.setdefault(item["partId"]["S"], []).append((sort_key, binary(item["data"]["B"])))
    return {part_id: b"".join(raw for _, raw in sorted(found)) for part_id, found in pieces.items()}


def _largest_leaves(item: Item) -> list[tuple[Item, str]]:
    leaves: list[tuple[int, Item, str]] = []

    def visit(holder: Item) -> None:
        for name, value in holder.items():
            ((kind, content),) = value.items()
            if kind == "M":
                visit(content)
            elif kind in ("S", "B", "L"):
                leaves.append((value_size(value), holder, name))

    visit(item)
    leaves.sort(key=lambda leaf: -leaf[0])
    return [(holder, name) for size, holder, name in leaves if size > COMPRESS_OVER]


def _move_out(holder: Item, name: str) -> list[Part]:
    ((kind, content),) = holder[name].items()
    body = content if kind == "B" else json.dumps(content, default=_as_base64).encode()
    raw = kind.encode() + body
    part_id = part_id_of(raw)
    chunks = [raw[start : start + PART_BYTES] for start in range(0, len(raw), PART_BYTES)]
    holder[name] = {"M": {"partId": {"S": part_id}, "partCount": {"N": str(len(chunks))}}}
    return [Part(part_id, number, chunk) for number, chunk in enumerate(chunks, 1)]


def _as_base64(value: bytes) -> str:
    """Binary in JSON as on the wire."""
    return base64.b64encode(value).decode()


def item_size(item: Item) -> int:
    """Bytes that DynamoDB counts for an item (never less than it does).

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
    """
    return sum(len(name.encode()) + value_size(value) for name, value in item.items())


def value_size(value: dict[str, Any]) -> int:
    """Bytes that DynamoDB counts for an attribute value."""
    ((kind, content),) = value.items()
    if kind == "S":
        return len(content.encode())
    if kind == "B":
        return len(content)
    if kind == "N":
        return len(content) // 2 + 3
    if kind == "M":
        return 3 + item_size(content) + len(content)
    if kind == "L":
        return 3 + sum(value_size(element) + 1 for element in content)
    return 1
