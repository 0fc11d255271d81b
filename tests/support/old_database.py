"""Databases of the old system in each generation of its schema."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from console.data.legacy.sqlite.rows import insert
from console.data.legacy.sqlite.schema import SCHEMA

CASE = "10000000-0000-4000-8000-000000000001"
BARE_CASE = "10000000-0000-4000-8000-000000000002"
METRIC = "20000000-0000-4000-8000-000000000001"
MODEL = "30000000-0000-4000-8000-000000000001"
JUDGE = "40000000-0000-4000-8000-000000000001"
DOCUMENT = "50000000-0000-4000-8000-000000000001"
UNUSED = "50000000-0000-4000-8000-000000000002"
THRESHOLD = "60000000-0000-4000-8000-000000000001"
EARLIER = "60000000-0000-4000-8000-000000000002"

COMPLETED: dict[str, Any] = {
    "status": "completed",
    "evaluation_status": "pass",
    "final_score": 4.0,
    "final_score_normalized": 0.75,
    "all_responses": "[4.0]",
    "total_usage_tokens": 120,
    "prompt_tokens": 100,
    "completion_tokens": 20,
    "execution_time_seconds": 1.5,
    "prompt_used": "Rate it.",
    "metadata": '{"judge_parameters": {"name": "relevance", "min_score": 1, "max_score": 5, "n_responses": 1},'
    ' "geval_version": "1.0.0", "long": 12345678901234567890123, "float": 1.0}',
    "completed_at": "2025-09-01T12:00:01.500000",
}


class Connection(sqlite3.Connection):
    """Closes itself when nobody holds it any more, in whatever thread that is; Python 3.13 names those that do not."""

    def __del__(self) -> None:
        self.close()


def make(path: Path, schema: str = SCHEMA) -> sqlite3.Connection:
    """A database with a metric, a model, a case, a judge and two documents; foreign keys are not checked."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, factory=Connection)
    connection.executescript(schema)
    created = {"created_at": "2025-09-01 12:00:00"}
    insert(connection, "metrics", [{"id": METRIC, "name": "geval", **created}])
    insert(connection, "models", [{"id": MODEL, "name": "gpt-4o", "provider": "openai", **created}])
    if "CREATE TABLE thresholds" in schema:
        insert(connection, "thresholds", [{"id": EARLIER, "score": 0.4, "created_at": "2025-08-01T00:00:00"}])
        insert(connection, "thresholds", [{"id": THRESHOLD, "score": 0.6, "created_at": "2025-09-01T12:00:00.25"}])
    columns = {row[1] for row in connection.execute("PRAGMA table_info(cases)")}
    insert(connection, "cases", [{**case(), **({"threshold_id": THRESHOLD} if "threshold_id" in columns else {})}])
    judge = {"id": JUDGE, "name": None, "model_id": MODEL, "case_id": CASE, "metric_id": METRIC}
    insert(connection, "judges", [{**judge, "parameters": '{"b": 1, "a": 2.0}', **created}])
    document = {"id": DOCUMENT, "actual_output": "Paris.", "metadata": '{"n": NaN, "k": 1}', **created}
    insert(connection, "eval_documents", [document])
    insert(connection, "eval_documents", [{"id": UNUSED, "actual_output": "", "expected_output": "", **created}])
    return connection


def case(case_id: str = CASE, name: str = "relevance") -> dict[str, Any]:
    """A case on the scale 1..5, without a threshold."""
    return {
        "id": case_id,
        "name": name,
        "task_introduction": "You judge an answer.",
        "evaluation_criteria": "Is it relevant?",
        "created_at": "2025-09-01 12:00:00",
    }


def run(run_id: int, **columns: Any) -> dict[str, Any]:
    """A pending run."""
    given = {"judge_id": JUDGE, "document_id": DOCUMENT, "started_at": f"2025-09-01T12:00:00.{run_id:06}"}
    return {"id": run_id, **given, "created_at": "2025-09-01 12:00:00", **columns}
