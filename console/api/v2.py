"""`/v2`: what is new since the old system, for scripts. Field names are those of exports.

An application of its own below the old one, so that the old OpenAPI document stays what clients were made from.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, Query, Response
from pydantic import BaseModel, Field

from console.actions.collections.quality import JudgedQuery, measure
from console.actions.collections.search import search
from console.actions.thresholds.thresholds import move_threshold
from console.api import v2_batches, v2_cases, v2_judges, v2_labels, v2_models, v2_runs, v2_sets
from console.api.bodies import StrictRoute
from console.api.context import Actor, UsedServices
from console.api.pages import Rows
from console.api.refusals import documented, handle_errors
from console.api.shapes import answer
from console.records import RunFilter, RunStatus, Verdict

router = APIRouter(route_class=StrictRoute)


class ThresholdRequest(BaseModel):
    """Where the threshold moves, and why."""

    score: float = Field(ge=0.0, le=1.0, description="Normalised.")
    reason: str = Field(min_length=1)


class SearchRequest(BaseModel):
    """What to look for in a collection."""

    text: str = Field(min_length=1, max_length=20_000)
    k: int = Field(10, ge=1, le=100)
    strategy: str = "auto"
    filename: str | None = Field(None, description="Only chunks of this document.")


class JudgedRequest(BaseModel):
    """A query and what answers it."""

    query: str = Field(min_length=1, max_length=20_000)
    relevance: dict[str, float] = Field(
        min_length=1, max_length=1_000, description="Grades above 0 by file name or chunk id."
    )


class QualityRequest(BaseModel):
    """Judged queries, and the strategies to measure on them."""

    queries: list[JudgedRequest] = Field(min_length=1, max_length=200)
    strategies: list[str] = Field([], max_length=10, description="None named: all that rank in a way of their own.")


def application() -> FastAPI:
    """The application to mount; it shares the state of the one above it."""
    made = FastAPI(
        title="G-Eval API, what is new", version="2.0.0", description=__doc__.split("\n\n")[0], redoc_url=None
    )
    handle_errors(made)
    parts = (v2_runs, v2_cases, v2_judges, v2_labels, v2_batches, v2_models, v2_sets)
    for part in (router, *(module.router for module in parts)):
        made.include_router(part)
    return made


class RunQuery(BaseModel):
    """Which runs; what is not given does not limit them."""

    judge_id: str | None = None
    case_id: str | None = None
    status: RunStatus | None = None
    verdict: Verdict | None = None
    model: str | None = None
    metric: str | None = None
    batch_id: str | None = None
    first_day: date | None = None
    last_day: date | None = None
    labelled: bool | None = None
    uncertain: bool = False
    score_from: float | None = None
    score_below: float | None = None
    limit: int = Field(100, ge=1, le=1_000)
    cursor: str | None = Field(None, description="The cursor of the page before.")


@router.get("/runs", response_model=Rows, tags=["Runs"], responses=documented(503))
def list_runs(services: UsedServices, asked: Annotated[RunQuery, Query()]) -> Response:
    """Runs that match, newest first. A page may be short before the last one."""
    wanted = RunFilter(**asked.model_dump(exclude={"limit", "cursor"}))
    page = services.runs.list(wanted, limit=asked.limit, cursor=asked.cursor)
    return answer({"items": page.items, "cursor": page.cursor})


@router.get("/runs/{run_id}", response_model=dict[str, Any], tags=["Runs"], responses=documented(404, 503))
def get_run(services: UsedServices, run_id: int) -> Response:
    """One run with the snapshot that judged it."""
    return answer(services.runs.get(run_id))


@router.get(
    "/cases/{case_id}/thresholds",
    response_model=list[dict[str, Any]],
    tags=["Thresholds"],
    responses=documented(404, 503),
)
def list_thresholds(services: UsedServices, case_id: str) -> Response:
    """The history of a case's threshold, newest first: from, to, who and why."""
    return answer(services.thresholds.history(services.cases.get(case_id)))


@router.put(
    "/cases/{case_id}/thresholds",
    response_model=dict[str, Any],
    tags=["Thresholds"],
    responses=documented(400, 404, 409, 413, 503),
)
def put_threshold(request: ThresholdRequest, services: UsedServices, actor: Actor, case_id: str) -> Response:
    """Move the threshold of a case, with a reason."""
    revision = services.cases.current(case_id).revision
    return answer(move_threshold(services, actor, case_id, request.score, request.reason, revision=revision))


@router.post(
    "/collections/{collection_id}/search",
    response_model=Rows,
    tags=["Search"],
    responses=documented(400, 404, 413, 503),
)
def search_collection(request: SearchRequest, services: UsedServices, collection_id: str) -> Response:
    """The chunks nearest to a text."""
    filters = {"filename": request.filename} if request.filename else None
    found = search(services, collection_id, text=request.text, k=request.k, strategy=request.strategy, filters=filters)
    return answer({"items": found.results, "cursor": None})


@router.post(
    "/collections/{collection_id}/quality",
    response_model=dict[str, Any],
    tags=["Search"],
    responses=documented(400, 404, 413, 503),
)
def measure_search(request: QualityRequest, services: UsedServices, collection_id: str) -> Response:
    """nDCG@10 and recall@10 of the strategies on judged queries, with 95 % intervals and what each query found."""
    judged = [JudgedQuery(one.query, one.relevance) for one in request.queries]
    return answer(measure(services, collection_id, judged, request.strategies))
