"""The old endpoints of metrics, models, cases, thresholds and judges.

Of several methods on one path the first one added is the one that a 405 names, so creation comes before lists.
"""

from __future__ import annotations

from fastapi import APIRouter, HTTPException, Response

from console.api.bodies import StrictRoute
from console.api.context import Manager
from console.api.refusals import documented
from console.api.shapes import (
    CaseCreateRequest,
    CaseResponse,
    CaseUpdateRequest,
    JudgeCreateRequest,
    JudgeResponse,
    JudgeUpdateRequest,
    MetricCreateRequest,
    MetricResponse,
    ModelCreateRequest,
    ModelResponse,
    Row,
    ThresholdHistoryResponse,
    ThresholdResponse,
    answer,
    is_uuid,
    many,
    one,
    shown,
)
from console.errors import AlreadyExists, NotFound

cases = APIRouter(route_class=StrictRoute)
"""Metrics, models, cases and thresholds."""
judges = APIRouter(route_class=StrictRoute)
_KINDS = {"case": "Case", "metric": "Metric", "model": "Model", "judge": "Judge"}


@cases.post("/metrics", response_model=MetricResponse, tags=["Metrics"], responses=documented(400, 409, 413))
def create_metric(request: MetricCreateRequest, manager: Manager) -> Response:
    """Add a metric."""
    try:
        metric_id = manager.create_metric(name=request.name)
    except AlreadyExists as error:
        raise _taken("Metric", request.name) from error
    return one(_found(manager.get_metric(metric_id), "Metric"), MetricResponse)


@cases.get("/metrics", response_model=list[MetricResponse], tags=["Metrics"])
def list_metrics(manager: Manager) -> Response:
    """All metrics, newest first."""
    return many(manager.list_metrics(), MetricResponse)


@cases.get("/metrics/{metric_id}", response_model=MetricResponse, tags=["Metrics"], responses=documented(404))
def get_metric(metric_id: str, manager: Manager) -> Response:
    """One metric."""
    return one(_found(manager.get_metric(metric_id), "Metric"), MetricResponse)


@cases.post("/models", response_model=ModelResponse, tags=["Models"], responses=documented(400, 409, 413))
def create_model(request: ModelCreateRequest, manager: Manager) -> Response:
    """Add a model."""
    try:
        model_id = manager.create_model(name=request.name, provider=request.provider)
    except AlreadyExists as error:
        raise _taken("Model", request.name) from error
    return one(_found(manager.get_model(model_id), "Model"), ModelResponse)


@cases.get("/models", response_model=list[ModelResponse], tags=["Models"])
def list_models(manager: Manager) -> Response:
    """All models by provider and name."""
    return many(manager.list_models(), ModelResponse)


@cases.get("/models/{model_id}", response_model=ModelResponse, tags=["Models"], responses=documented(404))
def get_model(model_id: str, manager: Manager) -> Response:
    """One model."""
    return one(_found(manager.get_model(model_id), "Model"), ModelResponse)


@cases.post("/cases", response_model=CaseResponse, tags=["Cases"], responses=documented(400, 409, 413))
def create_case(request: CaseCreateRequest, manager: Manager) -> Response:
    """Add a case."""
    try:
        case_id = manager.create_case(**request.model_dump())
    except AlreadyExists as error:
        raise _taken("Case", request.name) from error
    return one(_found(manager.get_case(case_id), "Case"), CaseResponse)


@cases.get("/cases", response_model=list[CaseResponse], tags=["Cases"])
def list_cases(manager: Manager) -> Response:
    """All cases, newest first."""
    return many(manager.list_cases(), CaseResponse)


@cases.get("/cases/{case_id}", response_model=CaseResponse, tags=["Cases"], responses=documented(404))
def get_case(case_id: str, manager: Manager) -> Response:
    """One case."""
    return one(_found(manager.get_case(case_id), "Case"), CaseResponse)


@cases.put("/cases/{case_id}", response_model=CaseResponse, tags=["Cases"], responses=documented(400, 404, 409, 413))
def update_case(case_id: str, request: CaseUpdateRequest, manager: Manager) -> Response:
    """Change a case. A threshold makes an entry in the history, also when it stays the same."""
    _check_id(case_id, "case")
    _found(manager.get_case(case_id), "Case")
    if request.min_score is not None and request.max_score is not None and request.min_score > request.max_score:
        raise HTTPException(400, "min_score must be less than or equal to max_score")
    try:
        manager.update_case(case_id, **request.model_dump())
    except AlreadyExists as error:
        raise _taken("Case", (request.name or "").lower()) from error
    return one(_found(manager.get_case(case_id), "Case"), CaseResponse)


@cases.get("/thresholds", response_model=list[ThresholdResponse], tags=["Thresholds"])
def list_thresholds(manager: Manager) -> Response:
    """The thresholds of all cases, newest first."""
    return many(manager.list_thresholds(), ThresholdResponse)


@cases.get(
    "/cases/{case_id}/thresholds",
    response_model=ThresholdHistoryResponse,
    tags=["Thresholds"],
    responses=documented(400, 404),
)
def get_case_threshold_history(case_id: str, manager: Manager) -> Response:
    """The thresholds that a case has had, newest first."""
    _check_id(case_id, "case")
    case = _found(manager.get_case(case_id), "Case")
    history = [shown(row, ThresholdResponse) for row in manager.list_thresholds(case_id)]
    return answer({"case_id": case_id, "case_name": case["name"], "thresholds": history})


@judges.post("/judges", response_model=JudgeResponse, tags=["Judges"], responses=documented(400, 404, 413))
def create_judge(request: JudgeCreateRequest, manager: Manager) -> Response:
    """Add a judge."""
    try:
        judge_id = manager.create_judge(**request.model_dump())
    except NotFound as error:
        raise _missing(_KINDS[error.kind]) from error
    return one(_found(manager.get_judge(judge_id), "Judge"), JudgeResponse)


@judges.get("/judges", response_model=list[JudgeResponse], tags=["Judges"])
def list_judges(manager: Manager) -> Response:
    """All judges, newest first."""
    return many(manager.list_judges(), JudgeResponse)


@judges.put(
    "/judges/{judge_id}", response_model=JudgeResponse, tags=["Judges"], responses=documented(400, 404, 409, 413)
)
def update_judge(judge_id: str, request: JudgeUpdateRequest, manager: Manager) -> Response:
    """Change a judge. Its case and its metric cannot be changed."""
    _check_id(judge_id, "judge")
    _found(manager.get_judge(judge_id), "Judge")
    if request.model_id is not None:
        _check_id(request.model_id, "model")
        _found(manager.get_model(request.model_id), "Model")
    manager.update_judge(judge_id, **request.model_dump())
    return one(_found(manager.get_judge(judge_id), "Judge"), JudgeResponse)


def _found(row: Row | None, what: str) -> Row:
    if row is None:
        raise _missing(what)
    return row


def _missing(what: str) -> HTTPException:
    return HTTPException(404, f"{what} not found")


def _taken(what: str, name: str) -> HTTPException:
    return HTTPException(409, f"{what} with name '{name}' already exists")


def _check_id(text: str, what: str) -> None:
    if not is_uuid(text):
        raise HTTPException(400, f"Invalid {what} ID format")
