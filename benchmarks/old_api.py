"""The baseline of `benchmarks.api`: the old system's reads as one statement each over its schema, and nothing around.

    SQLITE_PATH=FILE python -m uvicorn benchmarks.old_api:app

A connection per request, joins for the present names, JSON columns decoded, the same answers as the API gives.
"""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing
from typing import Any

from fastapi import FastAPI, HTTPException
from starlette.responses import Response

from console.api.shapes import CaseResponse, JudgeResponse, RunResponse, many, one

_NAMES = (
    "j.name AS judge_name, c.name AS case_name, m.name AS metric_name, o.name AS model_name,"
    " o.provider AS model_provider"
)
_OF_JUDGE = "JOIN cases c ON c.id = j.case_id JOIN metrics m ON m.id = j.metric_id JOIN models o ON o.id = j.model_id"
_RUNS = (
    f"SELECT r.*, {_NAMES}, d.actual_output, d.expected_output FROM runs r"
    f" JOIN judges j ON j.id = r.judge_id {_OF_JUDGE} JOIN eval_documents d ON d.id = r.document_id"
)
_JUDGES = f"SELECT j.*, {_NAMES} FROM judges j {_OF_JUDGE} ORDER BY j.created_at DESC"
_CASES = (
    "SELECT cases.*, t.score AS score_threshold FROM cases JOIN thresholds t ON t.id = threshold_id"
    " ORDER BY cases.created_at DESC"
)
app = FastAPI()


def found(statement: str, *values: Any) -> list[dict[str, Any]]:
    """Rows with their JSON decoded."""
    with closing(sqlite3.connect(os.environ["SQLITE_PATH"])) as connection:
        connection.row_factory = sqlite3.Row
        rows = [dict(row) for row in connection.execute(statement, values)]
    for row in rows:
        for name in ("metadata", "all_responses", "parameters"):
            if row.get(name):
                row[name] = json.loads(row[name])
    return rows


@app.get("/")
def root() -> dict[str, str]:
    """That it runs."""
    return {"status": "ok"}


@app.get("/runs/{run_id}")
def get_run(run_id: int) -> Response:
    """One run."""
    rows = found(f"{_RUNS} WHERE r.id = ?", run_id)
    if not rows:
        raise HTTPException(404, "Run not found")
    return one(rows[0], RunResponse)


@app.get("/runs")
def list_runs(limit: int = 100) -> Response:
    """The latest runs."""
    return many(found(f"{_RUNS} ORDER BY r.started_at DESC LIMIT ?", limit), RunResponse)


@app.get("/judges")
def list_judges() -> Response:
    """All judges."""
    return many(found(_JUDGES), JudgeResponse)


@app.get("/cases")
def list_cases() -> Response:
    """All cases."""
    return many(found(_CASES), CaseResponse)
