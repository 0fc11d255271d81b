"""Compares an old database with the store, row by row and both ways: counts, digests, and what differs.

A row is compared as the API shows it, column by column; what JSON cannot say (NaN) counts as null on both sides. The
store may hold more, made since: that is counted, and is no difference.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from console.data.legacy.migration.bringing import Progress, chunks
from console.data.legacy.migration.kinds import read_time
from console.data.legacy.migration.opening import read_only
from console.data.legacy.migration.rows import columns_of, read_json, run_of
from console.data.legacy.migration.source import LegacySource, Values
from console.data.legacy.shapes import (
    RUN_NAMES,
    case_row,
    document_row,
    iso_time,
    judge_columns,
    metric_row,
    model_row,
    run_row,
    threshold_row,
)
from console.data.repositories import Repositories
from console.data.runs.items import summary_of
from console.data.store import tables
from console.errors import CorruptItem
from console.records import Threshold

_CHUNK = 100
_SHOWN = 20
"""Ids of rows that differ which a report names."""
_NOT_COMPARED = frozenset({"place", "updated_at", "document_metadata"})
_TIMES = frozenset({"created_at", "started_at", "completed_at"})


@dataclass(slots=True)
class Compared:
    """One table."""

    rows: int = 0
    equal: int = 0
    different: list[str] = field(default_factory=list)
    """Ids of rows that are not the same in the store, the first ones."""
    missing: list[str] = field(default_factory=list)
    """Ids of rows that the store has not, the first ones."""
    wrong: int = 0
    """Rows that are different or missing."""
    only_in_store: int = 0
    digest_of_source: str = ""
    digest_of_store: str = ""


def verify(to: Repositories, path: Path, progress: Progress = lambda _done, _total: None) -> dict[str, Compared]:
    """Compares every row of the database with the store, and counts what only the store has.

    One BatchGet per 100 documents and runs, and a Scan of the runs table for its keys.

    Raises:
        SetupError: the file is no database of the old system.
    """
    with read_only(path) as connection:
        return _Check(to, LegacySource(connection), progress).run()


class _Check:
    def __init__(self, to: Repositories, source: LegacySource, progress: Progress) -> None:
        self._to = to
        self._source = source
        self._progress = progress
        self._total = sum(source.counts().values())
        self._done = 0

    def run(self) -> dict[str, Compared]:
        """Every table."""
        to, source = self._to, self._source
        found = {
            "metrics": self._compare(
                source.rows("metrics"), {one.metric_id: metric_row(one) for one in to.catalog.metrics()}
            ),
            "models": self._compare(
                source.rows("models"), {one.model_id: model_row(one) for one in to.catalog.models()}
            ),
            "cases": self._compare(self._cases(), {one.case_id: case_row(one) for one in to.cases.list()}),
            "thresholds": self._compare(
                source.rows("thresholds"), {one.threshold_id: threshold_row(one) for one in to.thresholds.all()}
            ),
            "judges": self._compare(
                source.rows("judges"), {one.judge_id: judge_columns(one) for one in to.judges.list()}
            ),
            "eval_documents": self._stream(source.rows("eval_documents"), self._stored_documents),
            "runs": self._stream(source.runs(), self._stored_runs),
        }
        self._count_others(found)
        return found

    def _cases(self) -> Iterator[Values]:
        scores = {row["id"]: row["score"] for row in self._source.rows("thresholds")}
        for row in self._source.rows("cases"):
            own = row.get("score_threshold")
            score = scores.get(row["threshold_id"], Threshold().score if own is None else own)
            yield {**row, "score_threshold": score}

    def _compare(self, rows: Iterable[Values], stored: Mapping[str, Mapping[str, Any]]) -> Compared:
        result = self._stream(rows, lambda chunk: {row["id"]: stored.get(row["id"]) for row in chunk})
        result.only_in_store = len(stored) - (result.rows - len(result.missing))
        return result

    def _stream(
        self, rows: Iterable[Values], stored: Callable[[list[Values]], Mapping[Any, Mapping[str, Any] | None]]
    ) -> Compared:
        result, ours, theirs = Compared(), hashlib.sha256(), hashlib.sha256()
        for chunk in chunks(rows, _CHUNK):
            there = stored(chunk)
            for row in chunk:
                key = row["id"]
                want = _canonical(columns_of(row) if "document_metadata" in row else row)
                have = _canonical(there[key] or {}, want) if there.get(key) else None
                theirs.update(_line(want))
                ours.update(_line(have))
                _judge(result, str(key), want, have)
            self._done += len(chunk)
            self._progress(self._done, self._total)
        result.digest_of_source, result.digest_of_store = theirs.hexdigest(), ours.hexdigest()
        return result

    def _stored_documents(self, chunk: list[Values]) -> dict[Any, Mapping[str, Any] | None]:
        found = self._to.documents.get_many([row["id"] for row in chunk])
        return {key: document_row(document) for key, document in found.items()}

    def _stored_runs(self, chunk: list[Values]) -> dict[Any, Mapping[str, Any] | None]:
        rows = [summary_of(run_of(row, None, None)) for row in chunk]
        found: dict[Any, Mapping[str, Any] | None] = {}
        try:
            runs = self._to.runs.get_many(rows)
        except CorruptItem:
            return found
        for run in runs:
            found[run.run_id] = run_row(run, None, None, names=RUN_NAMES)
        return found

    def _count_others(self, found: dict[str, Compared]) -> None:
        keys = self._to.store.scan(tables.RUNS, attributes=(tables.PK, tables.SK))
        for item in keys:
            kind, _, key = item[tables.PK]["S"].partition("#")
            if item[tables.SK]["S"].startswith(("PART#", "LABEL#")):
                continue
            if kind == "RUN" and not (key.isdecimal() and self._source.has("runs", int(key))):
                found["runs"].only_in_store += 1
            if kind == "DOC" and not self._source.has("eval_documents", key):
                found["eval_documents"].only_in_store += 1


def _judge(result: Compared, key: str, want: Mapping[str, Any], have: Mapping[str, Any] | None) -> None:
    result.rows += 1
    if want == have and _line(want) == _line(have):
        result.equal += 1
        return
    result.wrong += 1
    listed = result.missing if have is None else result.different
    if len(listed) < _SHOWN:
        listed.append(key)


def _canonical(row: Mapping[str, Any], like: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A row with its times, JSON and booleans in one form; only the columns of `like`, when it is given."""
    chosen = {name: row.get(name) for name in (like if like is not None else row) if name not in _NOT_COMPARED}
    return {name: _plain(name, value) for name, value in sorted(chosen.items())}


def _plain(name: str, value: Any) -> Any:
    if name in _TIMES and isinstance(value, str):
        moment = read_time(value)
        return value if moment is None else iso_time(moment)
    if name in ("metadata", "parameters") and isinstance(value, str):
        return read_json(value) or None
    if name in ("metadata", "parameters"):
        return value or None
    if name == "all_responses" and isinstance(value, list):
        return [_plain("score", one) for one in value]
    if name == "requires_reference":
        return bool(value)
    return float(value) if isinstance(value, int) and not isinstance(value, bool) and name != "id" else value


def _line(row: Mapping[str, Any] | None) -> bytes:
    return json.dumps(row, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
