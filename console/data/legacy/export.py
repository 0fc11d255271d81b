"""Writes the whole store as a database in the old system's schema, what was made since included: the way back.

What the old schema has no place for stays in the store alone: versions, labels, batches, test sets, reasons and
authors of thresholds, vectors. Cases and judges that are out of use are written too, because runs refer to them.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from console.data.configuration import versions
from console.data.legacy.shapes import (
    RUN_NAMES,
    Row,
    case_row,
    document_row,
    iso_time,
    judge_columns,
    metric_row,
    model_row,
    run_row,
    sql_time,
    threshold_row,
)
from console.data.legacy.sqlite.rows import insert
from console.data.legacy.sqlite.schema import SCHEMA
from console.data.repositories import Repositories
from console.errors import SetupError
from console.records import Case, Document, Judge, Metric, Model, Run, RunFilter, Snapshot, pages

Progress = Callable[[int, int | None], None]
"""Called with the runs written so far, and None: their number is not known before."""

_PAGE = 500
_DRAFT_DOCUMENTS = """
CREATE TEMP TABLE draft (
    id TEXT PRIMARY KEY, actual_output TEXT, expected_output TEXT, metadata TEXT, created_at TEXT, moment TEXT,
    place INTEGER
)
"""


@dataclass(slots=True)
class Exported:
    """What was written."""

    rows: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    """What had to be changed for the old schema."""


def export_sqlite(repositories: Repositories, path: Path, progress: Progress = lambda _done, _total: None) -> Exported:
    """Writes the database; it appears at `path` only when it is whole. Reads every document and run once.

    Raises:
        SetupError: the file exists already, or cannot be written.
    """
    if path.exists():
        raise SetupError(f"{path} exists already. Name a file that does not, or remove it.")
    draft = path.with_name(f"{path.name}.part")
    draft.unlink(missing_ok=True)
    try:
        with closing(sqlite3.connect(draft)) as connection:
            exported = _Export(repositories, connection, progress).run()
        with draft.open("rb") as written:
            os.fsync(written.fileno())
        draft.rename(path)
    except (OSError, sqlite3.OperationalError) as error:
        raise SetupError(f"{path} cannot be written: {error}. Choose another place.") from error
    finally:
        draft.unlink(missing_ok=True)
    return exported


class _Export:
    def __init__(self, repositories: Repositories, connection: sqlite3.Connection, progress: Progress) -> None:
        self._from = repositories
        self._to = connection
        self._progress = progress
        self._exported = Exported()
        self._names: dict[str, set[str]] = {"metrics": set(), "models": set(), "cases": set()}
        self._same: dict[str, str] = {}
        """Id of a metric whose name another one has -> that one's id."""
        self._known: dict[str, set[str]] = {"metrics": set(), "models": set(), "cases": set(), "judges": set()}
        self._next_id = 0
        self._run_columns: list[str] = []

    def run(self) -> Exported:
        """Everything."""
        self._to.execute("PRAGMA journal_mode = OFF")
        self._to.execute("PRAGMA synchronous = OFF")
        self._to.executescript(SCHEMA + _DRAFT_DOCUMENTS)
        self._run_columns = [column[1] for column in self._to.execute("PRAGMA table_info(runs)")]
        judges = _ordered([*self._from.judges.list(), *self._from.judges.list_inactive()])
        self._catalog(judges)
        self._cases()
        for judge in judges:
            self._judge(judge)
        self._documents()
        self._runs()
        self._to.commit()
        for table in ("metrics", "models", "thresholds", "cases", "eval_documents", "judges", "runs"):
            self._exported.rows[table] = self._to.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
        return self._exported

    # --- configuration ---------------------------------------------------------------------------------

    def _catalog(self, judges: list[Judge]) -> None:
        for metric in _ordered(self._from.catalog.metrics()):
            if not self._from.catalog.is_spare(metric, judges):
                self._metric(metric)
        for model in _ordered(self._from.catalog.models()):
            self._model(model)

    def _metric(self, metric: Metric) -> None:
        present = self._to.execute("SELECT id FROM metrics WHERE name = ?", (metric.name,)).fetchone()
        if present:
            self._same[metric.metric_id] = present[0]
            self._exported.notes.append(f"The metric {metric.metric_id} is one with {present[0]}, of the same name.")
            return
        self._add("metrics", metric_row(metric))

    def _model(self, model: Model) -> None:
        self._add("models", {**model_row(model), "name": self._free("models", model.name)})

    def _cases(self) -> None:
        cases: list[Case] = _ordered([*self._from.cases.list(), *self._from.cases.list_inactive()])
        entries = [*self._from.thresholds.all(), *(entry for case in cases for entry in case.earlier_thresholds)]
        for entry in sorted(entries, key=lambda entry: entry.timestamp):
            self._threshold(threshold_row(entry))
        for case in cases:
            self._case(case)

    def _case(self, case: Case) -> None:
        threshold_id = case.threshold_id or f"case-{case.case_id}"
        self._threshold(
            {"id": threshold_id, "score": case.threshold.score, "created_at": iso_time(case.last_updated_on)}
        )
        row = {**case_row(case), "name": self._free("cases", case.name), "threshold_id": threshold_id}
        del row["score_threshold"]
        self._add("cases", row)

    def _threshold(self, row: Row) -> None:
        self._to.execute("INSERT OR IGNORE INTO thresholds VALUES (:id, :score, :created_at)", row)

    def _judge(self, judge: Judge) -> None:
        metric_id = self._same.get(judge.metric.id, judge.metric.id)
        self._add(
            "judges", {**judge_columns(judge), "metric_id": metric_id, "parameters": json.dumps(judge.parameters)}
        )

    # --- documents and runs ----------------------------------------------------------------------------

    def _documents(self) -> None:
        for page in pages(lambda cursor: self._from.documents.list(_PAGE, cursor)):
            for document in self._from.documents.get_many([row.document_id for row in page.items]).values():
                self._document(document)

    def _document(self, document: Document) -> None:
        row = document_row(document)
        row["metadata"] = json.dumps(row["metadata"]) if row["metadata"] else None
        row |= {"moment": iso_time(document.created_on), "place": document.sequence}
        names = ", ".join(row)
        marks = ", ".join(f":{name}" for name in row)
        self._to.execute(f"INSERT OR IGNORE INTO draft ({names}) VALUES ({marks})", row)

    def _runs(self) -> None:
        self._next_id = self._from.runs.last_id()
        for number, run in enumerate(self._all_runs(), 1):
            self._run(run)
            self._progress(number, None)
        self._to.execute(
            "INSERT INTO eval_documents SELECT id, actual_output, expected_output, metadata, created_at FROM draft"
            " ORDER BY moment, place"
        )
        self._to.execute("DELETE FROM sqlite_sequence WHERE name = 'runs'")
        self._to.execute("INSERT INTO sqlite_sequence VALUES ('runs', ?)", (self._next_id,))

    def _all_runs(self) -> Iterator[Run]:
        for page in pages(lambda cursor: self._from.runs.list(RunFilter(), limit=_PAGE, cursor=cursor)):
            yield from self._from.runs.get_many(page.items)

    def _run(self, run: Run) -> None:
        if run.judge_id not in self._known["judges"]:
            self._stand_in(run)
        shown = run_row(run, None, None, names=RUN_NAMES)
        row = {name: shown[name] for name in self._run_columns}
        if isinstance(run.run_id, str):
            self._next_id += 1
            row["id"] = self._next_id
            self._exported.notes.append(f"The run {run.run_id} has the number {self._next_id} there.")
        for name in ("metadata", "all_responses"):
            row[name] = None if row[name] is None else json.dumps(row[name])
        artifact = run.evaluated_artifact
        document = Document(
            document_id=row["document_id"],
            evaluation_target=artifact.evaluation_target,
            expected_output=artifact.expected_output,
            metadata=artifact.metadata or None,
            created_on=run.started_at,
        )
        self._document(document)
        insert(self._to, "runs", [row])

    def _stand_in(self, run: Run) -> None:
        """A judge that is gone, with what it referred to, from the snapshot of a run: rows must refer to rows."""
        snapshot = run.judge_snapshot
        at = sql_time(run.started_at)
        if snapshot.llm.id not in self._known["models"]:
            name = self._free("models", snapshot.llm.model)
            self._add("models", {"id": snapshot.llm.id, "name": name, "provider": snapshot.llm.type, "created_at": at})
        metric_id = self._same.get(snapshot.metric.id, snapshot.metric.id)
        if metric_id not in self._known["metrics"]:
            name = self._free("metrics", snapshot.metric.type)
            self._add("metrics", {"id": metric_id, "name": name, "created_at": at})
        if run.case_id not in self._known["cases"]:
            self._case(_case_of(snapshot, run))
        judge = {
            "id": run.judge_id,
            "name": snapshot.judge_name,
            "model_id": snapshot.llm.id,
            "case_id": run.case_id,
            "metric_id": metric_id,
            "parameters": json.dumps(snapshot.parameters),
            "description": None,
            "created_at": at,
        }
        self._add("judges", judge)
        self._exported.notes.append(f"The judge {run.judge_id} is gone; its rows are made from the run {run.run_id}.")

    # --- inside ----------------------------------------------------------------------------------------

    def _add(self, table: str, row: Row) -> None:
        insert(self._to, table, [row])
        self._known[table].add(row["id"])
        if table in self._names:
            self._names[table].add(row["name"])

    def _free(self, table: str, name: str) -> str:
        """The name, or where another row of the table has it, the name with a number."""
        free, number = name, 1
        while free in self._names[table]:
            number += 1
            free = f"{name} ({number})"
        if free != name:
            self._exported.notes.append(f"{table}: another row has the name {name!r}; this one is {free!r} there.")
        return free


def _ordered(records: Iterable[Any]) -> list[Any]:
    """Oldest first: rows of one second are answered in the order of their insertion."""
    return sorted(records, key=lambda one: (one.created_on, one.sequence))


def _case_of(snapshot: Snapshot, run: Run) -> Case:
    return Case(
        case_id=run.case_id,
        version=versions.next_version([]),
        active=False,
        name=snapshot.case_name,
        task_introduction=snapshot.task_introduction,
        evaluation_criteria=snapshot.evaluation_criteria,
        score_range=snapshot.score_range,
        requires_reference=snapshot.requires_reference,
        created_on=run.started_at,
        last_updated_on=run.started_at,
    )
