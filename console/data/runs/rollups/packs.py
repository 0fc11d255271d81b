"""Packs: the rollups of a month's closed days in one small item, so that a fresh process reads months in milliseconds.

Derived data, written by the first reader that finds none in force, and never the only copy. A pack is in force while
the change token of the runs table is the one that it was made under.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Callable
from datetime import date

import msgspec

from console.data.store import tables
from console.data.store.codec import ITEM_BUDGET, to_wire_map
from console.data.store.requests import Put
from console.data.store.store import Store
from console.records import Rollup

PACK = "~PACK"
"""Sort key beside the rollups of a month; after every date."""


def packed(store: Store, begin: date, end: date, token: int, read: Callable[[], list[Rollup]]) -> list[Rollup]:
    """The rollups of one month from `begin` to `end`, from the pack when it is in force.

    One request; when there is no pack in force, also those of `read` and one write.

    Args:
        token: the change token of the runs table, looked up before this call.
        read: reads the rollups themselves.
    """
    key = (f"ROLLUP#{begin:%Y-%m}", PACK)
    item = store.get(tables.RUNS, *key)
    made_for = f"{token}:{end.isoformat()}"
    if item is not None and item["madeFor"]["S"] == made_for:
        body = zlib.decompress(base64.b64decode(item["rollups"]["B"]))
        return msgspec.json.decode(body, type=list[Rollup], strict=False)
    rollups = read()
    body = zlib.compress(msgspec.json.encode(rollups), 1)
    if len(body) < ITEM_BUDGET:
        values = {tables.PK: key[0], tables.SK: key[1], "madeFor": made_for, "rollups": body}
        store.write(Put(tables.RUNS, to_wire_map(values)))
    return rollups
