"""The old system's `DatabaseManager` over its own SQLite schema: for going back to it (see docs/rollback.md).

It does what `Manager` says, as `DynamoDBManager` does, so that the API serves from either. What the old schema cannot
say is lost here: a case has its present threshold only, and nobody is recorded as the author.
"""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from console.data.configuration.thresholds import check_threshold
from console.data.legacy.contract import TakenName
from console.data.legacy.schema import prepare, writing
from console.data.legacy.shapes import INT64, RUN_NAMES, RUN_ROW_NAMES, Row, check_range, fitting, iso_time, sql_time
from console.errors import ConflictError, InvalidInput, NotFound
from console.records import Json, RunId, RunStatus, Verdict, utcnow

_NEWEST = "ORDER BY {0}.created_at DESC, {0}.rowid"
_CASE = (
    "SELECT c.id, c.name, c.task_introduction, c.evaluation_criteria, c.min_score, c.max_score, c.requires_reference,"
    " c.threshold_id, c.created_at, c.updated_at, coalesce(t.score, 0.5) AS score_threshold"
    " FROM cases c LEFT JOIN thresholds t ON t.id = c.threshold_id"
)
_JUDGE = (
    "SELECT j.id, j.name, j.model_id, j.case_id, j.metric_id, j.parameters, j.description, j.created_at,"
    " c.name AS case_name,{} m.name AS metric_name, o.name AS model_name, o.provider AS model_provider"
    " FROM judges j JOIN cases c ON c.id = j.case_id JOIN metrics m ON m.id = j.metric_id"
    " JOIN models o ON o.id = j.model_id"
)
_OF_CASE = " c.task_introduction, c.evaluation_criteria, c.min_score, c.max_score, c.requires_reference,"
_NAMES = {
    "judge_name": "j.name AS judge_name",
    "case_name": "c.name AS case_name",
    "metric_name": "m.name AS metric_name",
    "model_name": "o.name AS model_name",
    "model_provider": "o.provider AS model_provider",
}
_RUN = (
    "SELECT r.id, r.judge_id, r.document_id, r.status, r.evaluation_status, r.final_score, r.final_score_normalized,"
    " r.all_responses, r.total_usage_tokens, r.prompt_tokens, r.completion_tokens, r.execution_time_seconds,"
    " r.prompt_used, r.error_message, r.metadata, r.started_at, r.completed_at, r.created_at, {},"
    " d.actual_output, d.expected_output FROM runs r JOIN judges j ON j.id = r.judge_id"
    " JOIN cases c ON c.id = j.case_id JOIN metrics m ON m.id = j.metric_id JOIN models o ON o.id = j.model_id"
    " JOIN eval_documents d ON d.id = r.document_id"
)
_CASE_COLUMNS = (
    "name",
    "task_introduction",
    "evaluation_criteria",
    "min_score",
    "max_score",
    "requires_reference",
)


class DatabaseManager:
    """Every call opens the file anew, as the old system did: any number of processes may work on it.

    Args:
        path: the database; it is made when it is not there.

    Raises:
        SetupError: the file cannot be used.
    """

    def __init__(self, path: Path, clock: Callable[[], datetime] = utcnow) -> None:
        self.path = path
        self._clock = clock
        prepare(path)

    # --- metrics and models ----------------------------------------------------------------------------

    def create_metric(self, name: str) -> str:
        """Adds a metric."""
        return self._add("metric", "metrics", name.strip().lower(), {"name": name.strip().lower()})

    def get_metric(self, metric_id: str) -> Row | None:
        """One metric."""
        return self._one("SELECT id, name, created_at FROM metrics WHERE id = ?", metric_id)

    def list_metrics(self) -> list[Row]:
        """All metrics."""
        return self._all(f"SELECT id, name, created_at FROM metrics {_NEWEST.format('metrics')}")

    def create_model(self, name: str, provider: str) -> str:
        """Adds a model."""
        return self._add("model", "models", name, {"name": name, "provider": provider.strip().lower()})

    def get_model(self, model_id: str) -> Row | None:
        """One model."""
        return self._one("SELECT id, name, provider, created_at FROM models WHERE id = ?", model_id)

    def list_models(self) -> list[Row]:
        """All models."""
        return self._all("SELECT id, name, provider, created_at FROM models ORDER BY provider, name")

    # --- cases and thresholds --------------------------------------------------------------------------

    def create_case(
        self,
        name: str,
        task_introduction: str,
        evaluation_criteria: str,
        min_score: int = 1,
        max_score: int = 5,
        requires_reference: bool = False,
        score_threshold: float = 0.5,
    ) -> str:
        """Adds a case."""
        now = sql_time(self._clock())
        values = {
            "name": name.lower(),
            "task_introduction": task_introduction,
            "evaluation_criteria": evaluation_criteria,
            "min_score": fitting(min_score),
            "max_score": fitting(max_score),
            "requires_reference": requires_reference,
            "updated_at": now,
        }
        return self._add("case", "cases", name.lower(), values, threshold=check_threshold(score_threshold))

    def get_case(self, case_id: str) -> Row | None:
        """One case."""
        return _plain(self._one(f"{_CASE} WHERE c.id = ?", case_id))

    def list_cases(self) -> list[Row]:
        """All cases."""
        return [_shown(row) for row in self._all(f"{_CASE} {_NEWEST.format('c')}")]

    def update_case(
        self,
        case_id: str,
        name: str | None = None,
        task_introduction: str | None = None,
        evaluation_criteria: str | None = None,
        min_score: int | None = None,
        max_score: int | None = None,
        requires_reference: bool | None = None,
        score_threshold: float | None = None,
    ) -> bool:
        """Changes a case."""
        current = self.get_case(case_id)
        if current is None:
            return False
        given = (
            None if name is None else name.lower(),
            task_introduction,
            evaluation_criteria,
            min_score,
            max_score,
            requires_reference,
        )
        values = {column: value for column, value in zip(_CASE_COLUMNS, given, strict=True) if value is not None}
        _check_bounds(current, values)
        try:
            with writing(self.path) as connection:
                if score_threshold is not None:
                    values["threshold_id"] = new_threshold(connection, score_threshold, self._clock())
                change_row(connection, "cases", case_id, values)
        except sqlite3.IntegrityError as error:
            raise TakenName("case", (name or "").lower()) from error
        return True

    def create_threshold(self, score: float) -> str:
        """Adds a threshold of no case."""
        with writing(self.path) as connection:
            return new_threshold(connection, score, self._clock())

    def get_threshold(self, threshold_id: str) -> Row | None:
        """One threshold."""
        return self._one("SELECT id, score, created_at FROM thresholds WHERE id = ?", threshold_id)

    def list_thresholds(self, case_id: str | None = None) -> list[Row]:
        """The present threshold of a case, or those that all cases have and had."""
        if not case_id:
            return self._all(f"SELECT id, score, created_at FROM thresholds {_NEWEST.format('thresholds')}")
        return self._all(
            "SELECT t.id, t.score, t.created_at, c.name AS case_name FROM cases c"
            " JOIN thresholds t ON t.id = c.threshold_id WHERE c.id = ?",
            case_id,
        )

    # --- documents -------------------------------------------------------------------------------------

    def create_document(
        self, actual_output: str, expected_output: str | None = None, metadata: Json | None = None
    ) -> str:
        """Adds a document."""
        values = {
            "actual_output": actual_output,
            "expected_output": expected_output,
            "metadata": _json(metadata) if metadata else None,
        }
        return self._add("document", "eval_documents", "", values)

    def get_document(self, doc_id: str) -> Row | None:
        """One document."""
        return _plain(self._one("SELECT * FROM eval_documents WHERE id = ?", doc_id))

    def list_documents(self) -> list[Row]:
        """All documents."""
        rows = self._all(f"SELECT * FROM eval_documents {_NEWEST.format('eval_documents')}")
        return [_shown(row) for row in rows]

    # --- judges ----------------------------------------------------------------------------------------

    def create_judge(
        self,
        name: str | None,
        model_id: str,
        case_id: str,
        metric_id: str,
        parameters: Json,
        description: str | None = None,
    ) -> str:
        """Adds a judge."""
        for kind, found, key in (
            ("case", self.get_case, case_id),
            ("metric", self.get_metric, metric_id),
            ("model", self.get_model, model_id),
        ):
            if found(key) is None:
                raise NotFound(kind, key)
        values = {
            "name": name,
            "model_id": model_id,
            "case_id": case_id,
            "metric_id": metric_id,
            "parameters": _json(parameters),
            "description": description,
        }
        return self._add("judge", "judges", "", values)

    def get_judge(self, judge_id: str) -> Row | None:
        """One judge."""
        return _plain(self._one(f"{_JUDGE.format(_OF_CASE)} WHERE j.id = ?", judge_id))

    def list_judges(self) -> list[Row]:
        """All judges."""
        return [_shown(row) for row in self._all(f"{_JUDGE.format('')} {_NEWEST.format('j')}")]

    def update_judge(
        self,
        judge_id: str,
        name: str | None = None,
        parameters: Json | None = None,
        description: str | None = None,
        model_id: str | None = None,
    ) -> bool:
        """Changes a judge."""
        if self.get_judge(judge_id) is None:
            return False
        if model_id is not None and self.get_model(model_id) is None:
            raise NotFound("model", model_id)
        given = {
            "name": name,
            "parameters": None if parameters is None else _json(parameters),
            "description": description,
            "model_id": model_id,
        }
        with writing(self.path) as connection:
            change_row(
                connection, "judges", judge_id, {column: value for column, value in given.items() if value is not None}
            )
        return True

    # --- runs ------------------------------------------------------------------------------------------

    def create_run(
        self,
        judge_id: str,
        document_id: str | None = None,
        actual_output: str | None = None,
        expected_output: str | None = None,
    ) -> int:
        """Adds a pending run; content given directly becomes a document."""
        if self.get_judge(judge_id) is None:
            raise NotFound("judge", judge_id)
        if document_id and self.get_document(document_id) is None:
            raise NotFound("document", document_id)
        if not document_id:
            if not actual_output:
                raise InvalidInput("Give either document_id or actual_output.", field="document_id")
            document_id = self.create_document(actual_output, expected_output)
        now = self._clock()
        with writing(self.path) as connection:
            added = connection.execute(
                "INSERT INTO runs (judge_id, document_id, status, started_at, created_at) VALUES (?, ?, ?, ?, ?)",
                (judge_id, document_id, RunStatus.PENDING.value, iso_time(now), sql_time(now)),
            )
        return int(added.lastrowid or 0)

    def update_run_status(self, run_id: RunId, status: str, error_message: str | None = None) -> None:
        """Moves a run on."""
        if status not in (RunStatus.RUNNING, RunStatus.FAILED):
            raise InvalidInput(f"A run cannot be set to {status!r}, only to running or failed.", field="status")
        self._finish(run_id, {"status": status, "error_message": error_message})

    def complete_run(
        self,
        run_id: RunId,
        final_score: float,
        final_score_normalized: float,
        all_responses: Sequence[float],
        total_usage_tokens: int,
        prompt_tokens: int,
        completion_tokens: int,
        execution_time_seconds: float,
        prompt_used: str | None,
        metadata: Json | None = None,
    ) -> None:
        """Finishes a run."""
        run = self._run(run_id)
        judge = self.get_judge(run["judge_id"])
        case = self.get_case(judge["case_id"]) if judge else None
        passed = case is not None and final_score_normalized >= case["score_threshold"]
        values = {
            "status": RunStatus.COMPLETED.value,
            "evaluation_status": (Verdict.PASS if passed else Verdict.FAIL).value,
            "final_score": final_score,
            "final_score_normalized": final_score_normalized,
            "all_responses": _json([float(score) for score in all_responses]),
            "total_usage_tokens": total_usage_tokens,
            "prompt_tokens": prompt_tokens,
            "completion_tokens": completion_tokens,
            "execution_time_seconds": execution_time_seconds,
            "prompt_used": prompt_used,
            "metadata": _json(metadata) if metadata else None,
            "completed_at": iso_time(self._clock()),
        }
        self._finish(run_id, values)

    def get_run(self, run_id: RunId) -> Row | None:
        """One run."""
        if isinstance(run_id, str) or not -INT64 <= run_id < INT64:
            return None
        return _plain(self._one(f"{_RUN.format(_named(RUN_NAMES))} WHERE r.id = ?", run_id))

    def list_runs(self, judge_id: str | None = None, limit: int = 100) -> list[Row]:
        """Whole runs."""
        chosen = "WHERE r.judge_id = ?" if judge_id else ""
        order = "ORDER BY r.created_at DESC, r.id LIMIT ?"
        given = (judge_id, limit) if judge_id else (limit,)
        return [_shown(row) for row in self._all(f"{_RUN.format(_named(RUN_ROW_NAMES))} {chosen} {order}", *given)]

    # --- inside ----------------------------------------------------------------------------------------

    def _one(self, statement: str, key: RunId) -> Row | None:
        rows = self._all(statement, key)
        return rows[0] if rows else None

    def _all(self, statement: str, *values: Any) -> list[Row]:
        with writing(self.path) as connection:
            return [dict(row) for row in connection.execute(statement, values)]

    def _add(self, kind: str, table: str, name: str, values: Row, *, threshold: float | None = None) -> str:
        new = {"id": str(uuid.uuid4()), **values, "created_at": sql_time(self._clock())}
        try:
            with writing(self.path) as connection:
                if threshold is not None:
                    new["threshold_id"] = new_threshold(connection, threshold, self._clock())
                insert(connection, table, [new])
        except sqlite3.IntegrityError as error:
            raise TakenName(kind, name) from error
        return str(new["id"])

    def _run(self, run_id: RunId) -> Row:
        run = self.get_run(run_id)
        if run is None:
            raise NotFound("run", run_id)
        return run

    def _finish(self, run_id: RunId, values: Row) -> None:
        self._run(run_id)
        assignments = ", ".join(f"{column} = :{column}" for column in values)
        with writing(self.path) as connection:
            changed = connection.execute(
                f"UPDATE runs SET {assignments} WHERE id = :id AND status IN ('pending', 'running')",
                {**values, "id": run_id},
            )
        if not changed.rowcount:
            raise ConflictError("run", str(run_id), changed_by="another process", changed_on=None)


def insert(connection: sqlite3.Connection, table: str, rows: Iterable[Row]) -> None:
    """Adds rows, whose columns are named by their keys. Raises IntegrityError."""
    for row in rows:
        names, marks = ", ".join(row), ", ".join("?" * len(row))
        connection.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(row.values()))


def new_threshold(connection: sqlite3.Connection, score: float, at: datetime) -> str:
    """Adds a threshold and returns its id. Raises InvalidInput outside 0..1."""
    row = {"id": str(uuid.uuid4()), "score": check_threshold(score), "created_at": iso_time(at)}
    insert(connection, "thresholds", [row])
    return str(row["id"])


def change_row(connection: sqlite3.Connection, table: str, key: str, values: Row) -> None:
    """Changes columns of a row. Raises IntegrityError."""
    if values:
        assignments = ", ".join(f"{column} = :{column}" for column in values)
        connection.execute(f"UPDATE {table} SET {assignments} WHERE id = :id", {**values, "id": key})


def _named(names: Sequence[str]) -> str:
    return ", ".join(_NAMES[name] for name in names)


def _plain(row: Row | None) -> Row | None:
    return _shown(row) if row else None


def _shown(row: Row) -> Row:
    """A row with its JSON read, its booleans as such, and each response's score as a number with a fraction."""
    for name in ("parameters", "metadata", "all_responses"):
        if row.get(name):
            row[name] = _read_json(row[name], {} if name == "parameters" else None)
    if row.get("all_responses"):
        row["all_responses"] = [float(score) for score in row["all_responses"]]
    if "requires_reference" in row:
        row["requires_reference"] = bool(row["requires_reference"])
    return row


def _read_json(text: str, otherwise: Any) -> Any:
    """What a column says; `otherwise` where it is no JSON, as somebody may have written into it by hand."""
    try:
        return json.loads(text)
    except ValueError:
        return otherwise


def _json(value: Any) -> str:
    return json.dumps(value)


def _check_bounds(stored: Row, changes: Row) -> None:
    if "min_score" not in changes and "max_score" not in changes:
        return
    low, high = ({**stored, **changes}[name] for name in ("min_score", "max_score"))
    check_range(low, high)
