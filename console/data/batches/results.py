"""What the rows of a batch ended in, packed: thousands of rows are read with one Query, and none of their texts.

A pack is an item `RESULT#<time>#<own>` in the partition of the batch, written by the transaction that ends its rows.
Packs are read in the order of time, so that what a row ended in last counts; a row that is done stays done.
"""

from __future__ import annotations

import hashlib
import uuid
import zlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from console.data.store import tables
from console.data.store.codec import binary, timestamp, to_wire_map
from console.data.store.requests import Put, Query
from console.data.store.store import Store
from console.records import Artifact, BatchRow, RowResult, RowState, RunSummary

_PREFIX = "RESULT#"
_ATTRIBUTE = "results"
_DIGEST = 6
_KEY_LIMIT = 80
"""Characters of a row's name that are kept."""
_NAMES = ("key", "id", "item", "itemid", "rowid", "uuid", "name")
"""Columns that name a row, without their case, spaces, hyphens and underscores; the first that is there."""


def result_of(number: int, artifact: Artifact, summary: RunSummary) -> RowResult:
    """What a finished run, as lists show it, says of the row that it ends, which has this artifact."""
    done = summary.final_score_normalized is not None
    return RowResult(
        number=number,
        run_id=summary.run_id,
        state=RowState.DONE if done else RowState.FAILED,
        verdict=summary.evaluation_status,
        score=summary.final_score,
        normalized=summary.final_score_normalized,
        cost=summary.cost,
        tokens=summary.total_tokens,
        seconds=summary.execution_time_seconds,
        ended_on=summary.completed_at,
        key=summary.item.key if summary.item else _key(artifact.metadata),
        question=_digest(artifact.input, artifact.context) if artifact.input or artifact.context else "",
        text=_digest(artifact.evaluation_target),
        error=summary.error,
        threshold=summary.threshold,
        item=summary.item,
    )


def reopened(row: BatchRow) -> RowResult:
    """A failed row that waits again."""
    return RowResult(number=row.number, run_id=row.run_id or 0, state=RowState.PENDING)


def results_put(partition_key: str, results: Sequence[RowResult], at: datetime) -> Put:
    """The write of one pack, for the transaction that ends its rows."""
    body = zlib.compress(msgspec.json.encode(results), 6)
    sort = f"{_PREFIX}{timestamp(at)}#{uuid.uuid4().hex[:8]}"
    item = to_wire_map({**tables.keyed(partition_key, sort), _ATTRIBUTE: body})
    return Put(tables.RUNS, item)  # its key is its own: a condition could only be the one that fails


def read_results(store: Store, partition_key: str) -> dict[int, RowResult]:
    """What the rows of a batch ended in, by their numbers. One Query per 1 MB: some 10,000 rows."""
    packs = store.all(Query(tables.RUNS, partition_key, prefix=_PREFIX))
    return latest(one for item in packs for one in _unpacked(item[_ATTRIBUTE]["B"]))


def latest(results: Iterable[RowResult]) -> dict[int, RowResult]:
    """The one that counts for each row, of results in the order of time; without those that wait again."""
    found: dict[int, RowResult] = {}
    for one in results:
        known = found.get(one.number)
        if known is None or known.state is not RowState.DONE:
            found[one.number] = one
    return {number: found[number] for number in sorted(found) if found[number].state is not RowState.PENDING}


def _unpacked(body: str | bytes) -> list[RowResult]:
    return msgspec.json.decode(zlib.decompress(binary(body)), type=list[RowResult])


def _key(metadata: Mapping[str, Any]) -> str:
    names = {"".join(one for one in name.casefold() if one.isalnum()): name for name in reversed(list(metadata))}
    for name in _NAMES:
        value = metadata.get(names.get(name, ""))
        if isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip():
            return str(value).strip()[:_KEY_LIMIT]
    return ""


def _digest(*texts: str | None) -> str:
    whole = "\0".join(text or "" for text in texts)
    return hashlib.blake2s(whole.encode("utf-8", "replace"), digest_size=_DIGEST).hexdigest()
