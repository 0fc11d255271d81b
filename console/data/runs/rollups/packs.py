"""Packs: the rollups of a month's closed days in one small item, so that a fresh process reads months in milliseconds.

Derived data, written by the first reader that finds none in force, and never the only copy. A pack is in force while
the change token of the runs table is the one that it was made under. It holds columns, and a column for each bin of
the histograms: neighbours are alike, so that they compress to a third of what rollups one by one take, and a month
of full histograms costs hardly more to read than one of a few runs.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

import msgspec

from console.data.store import tables
from console.data.store.codec import Item, to_wire_map
from console.data.store.packing import ITEM_BUDGET
from console.data.store.requests import Put
from console.data.store.store import Store
from console.records import BINS, Rollup

PACK = "~PACK"
"""Sort keys beside the rollups of a month that begin so, after every date, are packs: of an earlier release, too."""
_COLUMNS = f"{PACK}#2"
_NUMBERS = tuple(field.name for field in msgspec.structs.fields(Rollup) if field.type in (int, float))
_PER_REQUEST = 100
Month = tuple[date, date]
"""From the first of a month to its last closed day."""


class _Pack(msgspec.Struct, array_like=True):
    """Rollups as columns, ordered by what they count and then by day."""

    keys: list[tuple[str, str, str]]
    """Case, judge and model of those that follow each other."""
    lengths: list[int]
    """How many rollups each of these has."""
    days: list[int]
    """Of the month."""
    numbers: dict[str, list[int | float]]
    bins: dict[int, Sequence[int]]
    """Of each bin that holds a run."""


def read_packs(store: Store, months: Sequence[Month], token: int) -> dict[Month, list[Rollup]]:
    """The rollups of the months whose pack is in force. One request per 100 months.

    Read eventually consistent: an older pack names an older token.

    Args:
        token: the change token of the runs table, looked up before this call.
    """
    items: list[Item] = store.batch_get(tables.RUNS, [_key(month) for month in months], consistent=False)
    packs = {item[tables.PK]["S"]: item for item in items}
    found = {month: packs.get(_key(month)[0]) for month in months}
    return {
        month: _unpacked(month[0], base64.b64decode(item["rollups"]["B"]))
        for month, item in found.items()
        if item is not None and item["madeFor"]["S"] == _made_for(month, token)
    }


def write_packs(store: Store, months: Mapping[Month, Sequence[Rollup]], token: int) -> None:
    """Keeps the rollups of months as packs. One request per month; none for one that would not fit an item."""
    for month, rollups in months.items():
        body = packed(rollups)
        if len(body) < ITEM_BUDGET:
            values = {**tables.keyed(*_key(month)), "madeFor": _made_for(month, token), "rollups": body}
            store.write(Put(tables.RUNS, to_wire_map(values)))


def packed(rollups: Iterable[Rollup]) -> bytes:
    """Rollups of one month as bytes."""
    rows = sorted(rollups, key=lambda row: (_what(row), row.day))
    keys = list(dict.fromkeys(map(_what, rows)))
    lengths = dict.fromkeys(keys, 0)
    for row in rows:
        lengths[_what(row)] += 1
    histograms = [row.bins for row in rows]
    pack = _Pack(
        keys=keys,
        lengths=list(lengths.values()),
        days=[row.day.day for row in rows],
        numbers={name: [getattr(row, name) for row in rows] for name in _NUMBERS},
        bins={place: counts for place, counts in enumerate(zip(*histograms, strict=True)) if any(counts)},
    )
    return zlib.compress(msgspec.json.encode(pack), 9)


def _unpacked(month: date, body: bytes) -> list[Rollup]:
    """The rollups of `packed`, ordered by day."""
    pack = msgspec.json.decode(zlib.decompress(body), type=_Pack, strict=False)
    what = [key for key, length in zip(pack.keys, pack.lengths, strict=True) for _ in range(length)]
    none = [0] * len(what)
    bins = zip(*(pack.bins.get(place, none) for place in range(BINS + 1)), strict=True)
    numbers = zip(*pack.numbers.values(), strict=True)
    rows = [
        Rollup(month.replace(day=day), *key, bins=histogram, **dict(zip(pack.numbers, values, strict=True)))
        for day, key, values, histogram in zip(pack.days, what, numbers, bins, strict=True)
    ]
    return sorted(rows, key=lambda row: row.day)


def _what(row: Rollup) -> tuple[str, str, str]:
    return row.case_id, row.judge_id, row.model


def _key(month: Month) -> tuple[str, str]:
    return f"ROLLUP#{month[0]:%Y-%m}", _COLUMNS


def _made_for(month: Month, token: int) -> str:
    return f"{token}:{month[1].isoformat()}"
