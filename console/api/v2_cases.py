"""`/v2/cases`: cases with all that guides their judges: the scale, anchors, rated examples, evaluation steps."""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from console.actions.configuration import configuration
from console.actions.configuration.guidance import GUIDANCE, with_guidance
from console.api.bodies import StrictRoute
from console.api.context import Actor, UsedServices
from console.api.refusals import documented
from console.api.shapes import answer
from console.records import Case, Example, ScoreRange, Threshold
from console.records.cases import anchors, examples, pinned_steps

router = APIRouter(route_class=StrictRoute, prefix="/cases", tags=["Cases"])


class ScaleRequest(BaseModel):
    """The scale of a case."""

    min: int = Field(ge=-1_000, le=1_000, description="Lowest score; may be 0 or below.")
    max: int = Field(ge=-1_000, le=1_000, description="Highest score.")
    step: float = Field(1, gt=0, description="Between neighbouring scores: 1 for whole numbers, 0.1 for tenths.")


class ExampleRequest(BaseModel):
    """A text that people have rated, for the judge to go by."""

    text: str = Field(min_length=1)
    score: float
    reason: str = ""
    input: str = Field("", description="The question that the text answers.")


class CaseEdit(BaseModel):
    """What changes of a case; what is null or absent stays as it is."""

    name: str | None = Field(None, min_length=1, max_length=200)
    task_introduction: str | None = Field(None, min_length=1)
    evaluation_criteria: str | None = Field(None, min_length=1)
    description: str | None = None
    scale: ScaleRequest | None = None
    requires_reference: bool | None = None
    evaluation_steps: str | None = Field(
        None, description="Pinned for every judge; empty: each judge's model writes them."
    )
    anchors: dict[str, str] | None = Field(None, max_length=1_000, description="What scores mean, in words, by score.")
    examples: list[ExampleRequest] | None = Field(None, max_length=50)
    metadata: dict[str, Any] | None = Field(None, description="Of your own; what guides the judge stays beside it.")
    revision: int | None = Field(None, description="The one that the edit is based on; a later one is a conflict.")


class CaseRequest(CaseEdit):
    """A new case."""

    name: str = Field(min_length=1, max_length=200)
    task_introduction: str = Field(min_length=1)
    evaluation_criteria: str = Field(min_length=1)
    threshold: float = Field(0.5, ge=0, le=1, description="Normalised; a run passes at or above it.")


@router.get("", response_model=list[dict[str, Any]], responses=documented(503))
def list_cases(services: UsedServices) -> Response:
    """The cases in use."""
    return answer([_shown(case) for case in services.cases.list()])


@router.post("", response_model=dict[str, Any], responses=documented(400, 409, 413, 503))
def create_case(request: CaseRequest, services: UsedServices, actor: Actor) -> Response:
    """Add a case."""
    scale = _scale(request) or ScoreRange()
    fields = {
        "name": request.name,
        "task_introduction": request.task_introduction,
        "evaluation_criteria": request.evaluation_criteria,
        "description": request.description or "",
        "score_range": scale,
        "requires_reference": bool(request.requires_reference),
        "threshold": Threshold(score=request.threshold),
        "metadata": _metadata(request, {}, scale),
    }
    return answer(_shown(configuration.create_case(services, actor, fields)))


@router.get("/{case_id}", response_model=dict[str, Any], responses=documented(404, 503))
def get_case(services: UsedServices, case_id: str) -> Response:
    """One case, with what guides its judges."""
    return answer(_shown(services.cases.get(case_id)))


@router.patch("/{case_id}", response_model=dict[str, Any], responses=documented(400, 404, 409, 413, 503))
def edit_case(request: CaseEdit, services: UsedServices, actor: Actor, case_id: str) -> Response:
    """Change a case: a new version. Its threshold moves by `PUT .../thresholds`, with a reason."""
    case = services.cases.get(case_id)
    scale = _scale(request) or case.score_range
    plain = ("name", "task_introduction", "evaluation_criteria", "description", "requires_reference")
    wanted = {name: value for name in plain if (value := getattr(request, name)) is not None}
    wanted |= {"score_range": scale, "metadata": _metadata(request, case.metadata, scale)}
    changes = {name: value for name, value in wanted.items() if value != getattr(case, name)}
    return answer(_shown(configuration.edit_case(services, actor, case_id, changes, revision=request.revision)))


def _scale(request: CaseEdit) -> ScoreRange | None:
    return ScoreRange(**request.scale.model_dump()) if request.scale else None


def _metadata(request: CaseEdit, before: dict[str, Any], scale: ScoreRange) -> dict[str, Any]:
    """The metadata of the case: those asked for, or those before, with what guides its judges beside them."""
    mine = (
        before
        if request.metadata is None
        else {**{name: before[name] for name in GUIDANCE if name in before}, **request.metadata}
    )
    rated = None if request.examples is None else [Example(**one.model_dump()) for one in request.examples]
    return with_guidance(mine, scale, steps=request.evaluation_steps, anchors=request.anchors, examples=rated)


def _shown(case: Case) -> dict[str, Any]:
    """A case as exports have it, with what guides its judges by name."""
    shown: dict[str, Any] = msgspec.to_builtins(case)
    return {
        **shown,
        "evaluationSteps": pinned_steps(case),
        "anchors": anchors(case),
        "examples": msgspec.to_builtins(examples(case)),
    }
