"""Many items, stored as they come."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import chain

from console.data.store.codec import Item
from console.data.store.packing import item_size
from console.data.store.store import Store

AT_ONCE = 100
_BYTES = 2_000_000


def put_all(store: Store, table: str, items: Iterable[Item], on_put: Callable[[int], None] | None = None) -> int:
    """Stores items as they are taken from the iterable, about 2 MB at a time. One request per 25 items.

    Args:
        on_put: called with the items stored so far.

    Returns:
        How many they were.
    """
    count, size = 0, 0
    waiting: list[Item] = []
    for item in chain(items, [None]):
        if waiting and (item is None or len(waiting) == AT_ONCE or size > _BYTES):
            store.batch_put(table, waiting)
            count += len(waiting)
            waiting, size = [], 0
            if on_put:
                on_put(count)
        if item is not None:
            waiting.append(item)
            size += item_size(item)
    return count
