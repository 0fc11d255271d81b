"""Partitions of `EvaluationRuns`: an item, the parts of its long values, and what belongs to it.

`packing.pack` splits; this module stores and finds the parts, as siblings `PART#<part_id>#<number>`. Parts are
written before the item that refers to them, so that an item that can be seen is whole. Parts whose item was
never written cannot be seen; they cost only their space.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from console.data.store import tables
from console.data.store.codec import Item, to_wire_map
from console.data.store.packing import Part, join_parts
from console.data.store.requests import Query
from console.data.store.store import Store

_PART = "PART#"


def write_parts(store: Store, partition_key: str, parts: Sequence[Part], *, expires_at: int | None = None) -> None:
    """Stores the parts of long values; call it before writing the item that refers to them.

    One request per 25 parts (8 MB). Writing the same value again writes the same items.

    Args:
        expires_at: Unix seconds after which the store may drop the parts: the same as their item's.
    """
    items = [
        to_wire_map(
            {
                tables.PK: partition_key,
                tables.SK: f"{_PART}{part.part_id}#{part.number:04}",
                "partId": part.part_id,
                "data": part.data,
                tables.TTL_ATTRIBUTE: expires_at,
            }
        )
        for part in parts
    ]
    if items:
        store.batch_put(tables.RUNS, items)


def read_partition(store: Store, partition_key: str) -> tuple[list[Item], dict[str, bytes]]:
    """The items of a partition and its long values by part id. One Query per 1 MB."""
    items: list[Item] = []
    parts: list[Item] = []
    for item in store.all(Query(tables.RUNS, partition_key)):
        (parts if item[tables.SK]["S"].startswith(_PART) else items).append(item)
    return items, join_parts(parts)


def read_parts(store: Store, partition_key: str, part_ids: Iterable[str]) -> dict[str, bytes]:
    """Some long values of a partition by part id. One Query per part id and 1 MB."""
    found: list[Item] = []
    for part_id in sorted(set(part_ids)):
        found += store.all(Query(tables.RUNS, partition_key, prefix=f"{_PART}{part_id}#"))
    return join_parts(found)


def parts_of(item: Item) -> set[str]:
    """Ids of the parts that an item refers to; empty when it is whole."""
    return set(_references(item))


def delete_partition(store: Store, partition_key: str) -> bool:
    """Removes everything in a partition, the parts last; whether there was anything.

    One Query per 1 MB and one request per 25 items. Safe to repeat: it removes what an interrupted call left.
    """
    query = Query(tables.RUNS, partition_key, attributes=(tables.PK, tables.SK))
    keys = [(item[tables.PK]["S"], item[tables.SK]["S"]) for item in store.all(query)]
    store.batch_delete(tables.RUNS, [key for key in keys if not key[1].startswith(_PART)])
    store.batch_delete(tables.RUNS, [key for key in keys if key[1].startswith(_PART)])
    return bool(keys)


def _references(values: Item) -> Iterator[str]:
    for value in values.values():
        inner = value.get("M")
        if inner is None:
            continue
        if inner.keys() == {"partId", "partCount"}:
            yield inner["partId"]["S"]
        else:
            yield from _references(inner)
