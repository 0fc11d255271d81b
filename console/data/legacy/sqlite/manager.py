"""The old system's `DatabaseManager` over its own SQLite schema: for going back to it (see docs/rollback.md).

It does what `Manager` says, as `DynamoDBManager` does, so that the API serves from either. What the old schema cannot
say is lost here: a case has its present threshold only, and nobody is recorded as the author.
"""

from __future__ import annotations

from collections.abc import Sequence

from console.data.legacy.shapes import INT64, RUN_NAMES, RUN_ROW_NAMES, Row, iso_time, sql_time
from console.data.legacy.sqlite.configuration import Configuration
from console.data.legacy.sqlite.rows import NEWEST, plain, shown, to_json
from console.data.legacy.sqlite.schema import writing
from console.errors import ConflictError, InvalidInput, NotFound
from console.records import Json, RunId, RunStatus, Verdict

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


class DatabaseManager(Configuration):
    """The old manager; see `Rows` for its arguments."""

    # --- documents -------------------------------------------------------------------------------------

    def create_document(
        self, actual_output: str, expected_output: str | None = None, metadata: Json | None = None
    ) -> str:
        """Adds a document."""
        values = {
            "actual_output": actual_output,
            "expected_output": expected_output,
            "metadata": to_json(metadata) if metadata else None,
        }
        return self._add("document", "eval_documents", "", values)

    def get_document(self, doc_id: str) -> Row | None:
        """One document."""
        return plain(self._one("SELECT * FROM eval_documents WHERE id = ?", doc_id))

    def list_documents(self) -> list[Row]:
        """All documents."""
        rows = self._all(f"SELECT * FROM eval_documents {NEWEST.format('eval_documents')}")
        return [shown(row) for row in rows]

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
            "all_responses": to_json([float(score) for score in all_responses]),
            "total_usage_tokens": total_usage_tokens,
            "prompt_tokens": prompt_tokens,
            "completion_tokens": completion_tokens,
            "execution_time_seconds": execution_time_seconds,
            "prompt_used": prompt_used,
            "metadata": to_json(metadata) if metadata else None,
            "completed_at": iso_time(self._clock()),
        }
        self._finish(run_id, values)

    def get_run(self, run_id: RunId) -> Row | None:
        """One run."""
        if isinstance(run_id, str) or not -INT64 <= run_id < INT64:
            return None
        return plain(self._one(f"{_RUN.format(_named(RUN_NAMES))} WHERE r.id = ?", run_id))

    def list_runs(self, judge_id: str | None = None, limit: int = 100) -> list[Row]:
        """Whole runs."""
        chosen = "WHERE r.judge_id = ?" if judge_id else ""
        order = "ORDER BY r.created_at DESC, r.id LIMIT ?"
        given = (judge_id, limit) if judge_id else (limit,)
        return [shown(row) for row in self._all(f"{_RUN.format(_named(RUN_ROW_NAMES))} {chosen} {order}", *given)]

    # --- inside ----------------------------------------------------------------------------------------

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


def _named(names: Sequence[str]) -> str:
    return ", ".join(_NAMES[name] for name in names)
