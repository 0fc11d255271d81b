"""The rows of a batch, and of a comparison of two, as files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from console.actions.batches.comparison import BatchComparison, Pair
from console.actions.batches.results import BatchResults
from console.records import BatchRow, RowResult, pages
from console.services import Services
from console.tabular.writing import csv_bytes, jsonl_bytes

_PAGE = 500
_COLUMNS = (
    "row", "name", "state", "verdict", "score", "normalised_score", "run_id", "cost", "tokens", "seconds", "error",
    "text", "question", "context", "reference", "metadata",
)  # fmt: skip
_PAIRED = (
    "name", "change", "difference", "row_before", "row", "score_before", "score", "verdict_before", "verdict",
    "run_id_before", "run_id",
)  # fmt: skip


def rows_csv(services: Services, results: BatchResults) -> bytes:
    """Every row of the batch with what it ended in. One Query per 1 MB of rows."""
    rows = ([row[name] for name in _COLUMNS] for row in _rows(services, results))
    return csv_bytes(_COLUMNS, rows)


def rows_jsonl(services: Services, results: BatchResults) -> bytes:
    """The same, an object a line; metadata stays an object."""
    return jsonl_bytes([{**row, "metadata": msgspec.json.decode(row["metadata"])} for row in _rows(services, results)])


def pairs_csv(comparison: BatchComparison) -> bytes:
    """Every pair, and the rows without a counterpart. No request."""
    return csv_bytes(_PAIRED, map(_paired, comparison.pairs))


def _rows(services: Services, results: BatchResults) -> Iterator[dict[str, Any]]:
    batch_id = results.batch.batch_id
    for page in pages(lambda cursor: services.batches.rows(batch_id, limit=_PAGE, cursor=cursor)):
        for row in page.items:
            yield _row(row, results.rows.get(row.number))


def _row(row: BatchRow, result: RowResult | None) -> dict[str, Any]:
    artifact = row.artifact
    return {
        "row": row.number,
        "name": result.key if result else "",
        "state": row.state.value,
        "verdict": result.verdict.value if result and result.normalized is not None else None,
        "score": result.score if result else None,
        "normalised_score": result.normalized if result else None,
        "run_id": row.run_id,
        "cost": result.cost if result else None,
        "tokens": result.tokens if result else None,
        "seconds": result.seconds if result else None,
        "error": row.error,
        "text": artifact.evaluation_target,
        "question": artifact.input,
        "context": artifact.context,
        "reference": artifact.expected_output,
        "metadata": msgspec.json.encode(artifact.metadata).decode(),
    }


def _paired(pair: Pair) -> list[Any]:
    before, after = pair.before, pair.after
    some = after or before
    return [
        some.key if some else "", pair.change.value, pair.difference,
        before.number if before else None, after.number if after else None,
        before.normalized if before else None, after.normalized if after else None,
        before.verdict.value if before else None, after.verdict.value if after else None,
        before.run_id if before else None, after.run_id if after else None,
    ]  # fmt: skip
