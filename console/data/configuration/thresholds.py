"""The history of thresholds: one item per change in `ThresholdsHistory`, written with the case (see `cases`)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from console.data.cache.cache import LIST_TTL, Cache, bump
from console.data.store import tables
from console.data.store.codec import aware, from_plain, plain_map, read_timestamp, timestamp, to_item
from console.data.store.requests import ABSENT, Put, Query
from console.data.store.store import Store
from console.errors import InvalidInput
from console.records import Case, Threshold, ThresholdChange, utcnow

REASON_LIMIT = 2_000
UNASSIGNED = "UNASSIGNED#"
"""Begins the partition of an entry that came without its case, each in one of its own."""


def check_threshold(score: float) -> float:
    """`score` when it can be a threshold: a finite number in 0..1."""
    if not 0 <= score <= 1:
        raise InvalidInput(f"The threshold is {score}; it must be a number from 0 to 1.", field="threshold")
    return float(score)


def change(
    case_id: str, threshold: Threshold, before: float | None, *, by: str, now: datetime, reason: str
) -> ThresholdChange:
    """The history entry of a change."""
    if len(reason) > REASON_LIMIT:
        raise InvalidInput(f"The reason has more than {REASON_LIMIT} characters.", field="reason")
    return ThresholdChange(
        case_id=case_id,
        timestamp=now,
        threshold_id=str(uuid.uuid4()),
        score=threshold.score,
        previous_score=before,
        reason=reason,
        changed_by=by,
    )


def record(entry: ThresholdChange) -> Put:
    """The write of a history entry; its condition fails when the case has an entry at that very time."""
    item = to_item(entry, **tables.keyed(entry.case_id, timestamp(entry.timestamp)))
    return Put(tables.THRESHOLDS, item, ABSENT)


class Thresholds:
    """Reads the history. Changes are made by `Cases.set_threshold` and `Cases.update`."""

    def __init__(self, store: Store, cache: Cache) -> None:
        self._store = store
        self._cache = cache

    def history(self, case: Case) -> list[ThresholdChange]:
        """All changes of a case, newest first, those embedded in an item of an earlier system included.

        Cached until a case changes; else one Query per 500 entries.
        """
        return self._cache.config(
            tables.CASES,
            f"thresholds:{case.case_id}",
            list[ThresholdChange],
            lambda: self._history(case),
            ttl=LIST_TTL,
        )

    def all(self) -> list[ThresholdChange]:
        """Every item of the history table, newest first: of every case, in use or not.

        Cached until a case changes; else a Scan, one request per 500 entries: all of the table is wanted, and one
        Query per case would read as much with more requests.
        """
        return self._cache.config(tables.CASES, "thresholds", list[ThresholdChange], self._all, ttl=LIST_TTL)

    def add(self, score: float, *, by: str) -> str:
        """A threshold of no case; its id. One transaction. Raises InvalidInput outside 0..1."""
        threshold_id = str(uuid.uuid4())
        entry = ThresholdChange(
            case_id=f"{UNASSIGNED}{threshold_id}",
            timestamp=utcnow(),
            threshold_id=threshold_id,
            score=check_threshold(score),
            changed_by=by,
        )
        self._store.transact([record(entry), bump(tables.CASES)])
        self._cache.changed(tables.CASES)
        return threshold_id

    def _all(self) -> list[ThresholdChange]:
        entries = [read_change(plain_map(item)) for item in self._store.scan(tables.THRESHOLDS)]
        return sorted(entries, key=lambda entry: entry.timestamp, reverse=True)

    def _history(self, case: Case) -> list[ThresholdChange]:
        items = self._store.all(Query(tables.THRESHOLDS, case.case_id, forward=False))
        return [read_change(plain_map(item)) for item in items] + list(reversed(case.earlier_thresholds))


def read_change(plain: dict[str, Any]) -> ThresholdChange:
    """A history entry from its item's plain values."""
    own = {"caseId": plain[tables.PK], "timestamp": aware(plain[tables.SK])}
    return from_plain({"thresholdId": plain.get("id", ""), **plain, **own}, ThresholdChange)


def embedded_history(case_id: str, entries: Sequence[dict[str, Any]]) -> list[ThresholdChange]:
    """The `thresholdHistory` list that an earlier system kept inside the case, oldest first."""
    found: list[ThresholdChange] = []
    for entry in entries:
        found.append(
            ThresholdChange(
                case_id=case_id,
                timestamp=read_timestamp(entry["createdAt"]),
                threshold_id=entry.get("thresholdId", ""),
                score=float(entry["score"]),
                previous_score=found[-1].score if found else None,
                reason=entry.get("reason", ""),
                changed_by=entry.get("createdBy", "system"),
            )
        )
    return found


def as_embedded(entries: Sequence[ThresholdChange]) -> list[dict[str, Any]]:
    """The inverse of `embedded_history`."""
    return [
        {
            "thresholdId": entry.threshold_id,
            "score": entry.score,
            "createdBy": entry.changed_by,
            "reason": entry.reason,
            "createdAt": entry.timestamp,
        }
        for entry in entries
    ]
