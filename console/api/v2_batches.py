"""`/v2/batches`: texts that are evaluated together, stopped, gone on with, and their failed rows run again."""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from console.actions.batches import batches as batch_actions
from console.actions.batches.files import Columns
from console.actions.batches.worker import CONCURRENCY
from console.api.bodies import StrictRoute
from console.api.context import Actor, UsedServices
from console.api.pages import Cursor, Limit, Rows
from console.api.refusals import documented
from console.api.shapes import answer
from console.api.v2_judges import PartsRequest
from console.tabular.files import TabularFile

router = APIRouter(route_class=StrictRoute, prefix="/batches", tags=["Batches"])
_COLUMNS = Columns("actual_output", "expected_output", "input", "context")


class BatchRequest(BaseModel):
    """Texts to evaluate with one judge."""

    name: str = Field(min_length=1, max_length=200)
    judge_id: str
    rows: list[PartsRequest] = Field(min_length=1, max_length=10_000)
    concurrency: int = Field(CONCURRENCY, ge=1, le=batch_actions.MOST_AT_ONCE)
    budget: float | None = Field(None, gt=0, description="US dollars; the model needs prices.")
    start: bool = Field(True, description="Work on it at once, in the worker that took the request.")


@router.get("", response_model=Rows, responses=documented(503))
def list_batches(services: UsedServices, limit: Limit = 100, cursor: Cursor = None) -> Response:
    """Batches, newest first."""
    page = services.batches.list(limit, cursor)
    return answer({"items": page.items, "cursor": page.cursor})


@router.post("", response_model=dict[str, Any], responses=documented(400, 404, 413, 501, 503))
def create_batch(request: BatchRequest, services: UsedServices, actor: Actor) -> Response:
    """Submit texts to be evaluated with one judge."""
    lines = b"\n".join(
        msgspec.json.encode({"metadata": row.metadata, **row.model_dump(exclude={"metadata"})}) for row in request.rows
    )
    batch = batch_actions.submit(
        services,
        actor,
        request.name,
        services.judges.get(request.judge_id),
        TabularFile.of("rows.jsonl", lines),
        _COLUMNS,
        concurrency=request.concurrency,
        budget=request.budget,
    )
    if request.start:
        batch_actions.start(services, actor, batch.batch_id)
    return answer(batch)


@router.get("/{batch_id}", response_model=dict[str, Any], responses=documented(404, 503))
def get_batch(services: UsedServices, batch_id: str) -> Response:
    """One batch, with how far it is."""
    return answer(services.batches.get(batch_id))


@router.post(
    "/{batch_id}/cancel",
    response_model=dict[str, Any],
    responses=documented(404, 409, 503),
)
def cancel_batch(services: UsedServices, actor: Actor, batch_id: str) -> Response:
    """Stop a batch: rows in flight end, no others begin."""
    return answer(batch_actions.cancel(services, actor, batch_id))


@router.post(
    "/{batch_id}/resume",
    response_model=dict[str, Any],
    responses=documented(404, 409, 503),
)
def resume_batch(services: UsedServices, actor: Actor, batch_id: str) -> Response:
    """Go on with a batch that was stopped, in the worker that took the request."""
    batch_actions.start(services, actor, batch_id)
    return answer(services.batches.get(batch_id))


@router.post(
    "/{batch_id}/retry",
    response_model=dict[str, Any],
    responses=documented(404, 409, 503),
)
def retry_batch(services: UsedServices, actor: Actor, batch_id: str) -> Response:
    """Run the failed rows of a batch again, and these only; their failed runs stay."""
    failed = batch_actions.retry_failures(services, actor, batch_id)
    batch_actions.start(services, actor, batch_id, only=failed)
    return answer(services.batches.get(batch_id))
