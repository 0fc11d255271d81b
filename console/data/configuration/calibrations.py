"""Calibrated scores, one item per curve: `CALIBRATION#<judgeId>#<version>` / its number. A curve never changes."""

from __future__ import annotations

import msgspec

from console.data.store import tables
from console.data.store.answers import ConditionFailed
from console.data.store.codec import Item, from_plain, plain_map, to_wire_map
from console.data.store.requests import ABSENT, Put, Query
from console.data.store.store import Store
from console.records import Calibration

_DIGITS = 6
_CURVE = "calibration"
"""The attribute that holds it: the ids in it are not to put it into the indexes of runs."""


class Calibrations:
    """Repository of calibrations."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def latest(self, judge_id: str, version: str) -> Calibration | None:
        """The curve in use for a version of a judge, or None. One Query."""
        found, _ = self._store.page(self._query(judge_id, version), limit=1)
        return _read(found[0]) if found else None

    def versions(self, judge_id: str, version: str) -> list[Calibration]:
        """Every curve of a version of a judge, the newest first. One Query per 1 MB: about 100 of them."""
        return [_read(item) for item in self._store.all(self._query(judge_id, version))]

    def add(self, made: Calibration) -> Calibration:
        """Keeps a curve under the next number. A Query and a write, both again where somebody was first."""
        while True:
            before = self.latest(made.judge_id, made.judge_version)
            made = msgspec.structs.replace(made, number=before.number + 1 if before else 1)
            key = tables.keyed(_key(made.judge_id, made.judge_version), f"{made.number:0{_DIGITS}}")
            item = to_wire_map({**key, _CURVE: msgspec.json.decode(msgspec.json.encode(made))})
            try:
                self._store.write(Put(tables.RUNS, item, ABSENT))
            except ConditionFailed:
                continue
            return made

    def _query(self, judge_id: str, version: str) -> Query:
        return Query(tables.RUNS, _key(judge_id, version), forward=False)


def _read(item: Item) -> Calibration:
    return from_plain(plain_map(item)[_CURVE], Calibration)


def _key(judge_id: str, version: str) -> str:
    return f"CALIBRATION#{judge_id}#{version}"
