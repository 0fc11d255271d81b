"""The legacy REST API over the same data tier. Run it as `uvicorn api_compat:app`.

Handlers are plain functions: they run in the thread pool, so that a slow store never stops the health check.
Answers are encoded by msgspec, which keeps integers of any length; the models below describe them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec
from fastapi import Depends, FastAPI, HTTPException, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from console.config import Settings
from console.data.manager import DynamoDBManager
from console.errors import ConsoleError
from console.services import Services, build_services

SERVICE = "G-Eval API"
VERSION = "1.0.0"
ROOT = Path(__file__).resolve().parent
INT64 = 2**63
"""Limits of this size and more were an error of the old system's database; they are 422 here."""


class RunResponse(BaseModel):
    """A run as `/runs` answers it. Names are the present ones; times are naive UTC."""

    id: int | str
    judge_id: str
    document_id: str | None
    judge_name: str | None
    case_name: str
    metric_name: str
    model_name: str | None
    model_provider: str | None
    status: str
    evaluation_status: str | None
    final_score: float | None
    final_score_normalized: float | None
    all_responses: list[float] | None
    total_usage_tokens: int | None
    prompt_tokens: int | None
    completion_tokens: int | None
    execution_time_seconds: float | None
    prompt_used: str | None
    error_message: str | None
    metadata: dict[str, Any] | None
    actual_output: str
    expected_output: str | None
    started_at: str
    completed_at: str | None
    created_at: str


def open_services() -> Services:
    """The services that the environment names."""
    return build_services(Settings.load(secrets_file=ROOT / ".streamlit" / "secrets.toml"))


def create_app(connect: Callable[[], Services] = open_services) -> FastAPI:
    """The application; nothing is opened before it starts."""

    @asynccontextmanager
    async def lifespan(application: FastAPI) -> AsyncIterator[None]:
        with connect() as services:
            application.state.manager = DynamoDBManager.of(services)
            yield

    application = FastAPI(title=SERVICE, version=VERSION, lifespan=lifespan)
    application.add_exception_handler(ConsoleError, refuse)
    application.add_api_route("/", health, methods=["GET"], tags=["Health"])
    application.add_api_route("/runs", list_runs, methods=["GET"], tags=["Runs"], response_model=list[RunResponse])
    application.add_api_route("/runs/{run_id}", get_run, methods=["GET"], tags=["Runs"], response_model=RunResponse)
    return application


def _manager(request: Request) -> DynamoDBManager:
    """The data tier of the running application."""
    found: DynamoDBManager = request.app.state.manager
    return found


Manager = Annotated[DynamoDBManager, Depends(_manager)]
Limit = Annotated[int, Query(ge=-INT64, lt=INT64, description="0: none; negative: all.")]


def health() -> dict[str, str]:
    """Whether the API is up. `timestamp` is ISO-8601, naive UTC, as it always was."""
    now = datetime.now(UTC).replace(tzinfo=None)
    return {"status": "healthy", "service": SERVICE, "version": VERSION, "timestamp": now.isoformat()}


def list_runs(manager: Manager, judge_id: str | None = None, limit: Limit = 100) -> Response:
    """The latest runs, of one judge when `judge_id` is not empty."""
    return _answer([_shown(run, RunResponse) for run in manager.list_runs(judge_id, limit)])


def get_run(manager: Manager, run_id: int) -> Response:
    """One run."""
    run = manager.get_run(run_id)
    if run is None:
        raise HTTPException(404, "Run not found")
    return _answer(_shown(run, RunResponse))


def refuse(_request: Request, error: Exception) -> JSONResponse:
    """One of the console's errors as its HTTP status."""
    status = error.status if isinstance(error, ConsoleError) else 500
    return JSONResponse({"detail": str(error)}, status)


def _shown(row: dict[str, Any], model: type[BaseModel]) -> dict[str, Any]:
    """What the API shows of a row, in the order of its model."""
    return {name: row[name] for name in model.model_fields}


def _answer(body: Any) -> Response:
    return Response(msgspec.json.encode(body), media_type="application/json")


app = create_app()
"""What `uvicorn api_compat:app` serves."""
