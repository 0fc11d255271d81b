"""`/v2/judges`: judges with their parameters, the steps that they go by, and the prompt that they would be sent."""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from console.actions.configuration import configuration
from console.actions.configuration.steps import mode_of, steps_of, write_steps
from console.actions.runs.trial import preview
from console.api.bodies import StrictRoute
from console.api.context import Actor, UsedServices
from console.api.refusals import documented
from console.api.shapes import answer
from console.errors import InvalidInput, existing
from console.records import Artifact, Snapshot
from console.services import Services

router = APIRouter(route_class=StrictRoute, prefix="/judges", tags=["Judges"])
TEMPERATURE = 1.0
"""Of a judge that names none; the old endpoints keep the old system's 2."""


class JudgeEdit(BaseModel):
    """What changes of a judge; what is null or absent stays as it is."""

    name: str | None = Field(None, min_length=1, max_length=200)
    description: str | None = None
    model_id: str | None = None
    parameters: dict[str, Any] | None = Field(
        None, description="All of them: temperature, n_responses, max_tokens, steps_max_tokens, seed, ..."
    )
    revision: int | None = Field(None, description="The one that the edit is based on; a later one is a conflict.")


class JudgeRequest(BaseModel):
    """A new judge."""

    name: str = Field(min_length=1, max_length=200)
    case_id: str
    model_id: str = Field(description="Of the catalog: `/v2/models`.")
    metric: str = Field("geval", description="`geval` or `similarity`.")
    description: str | None = None
    parameters: dict[str, Any] = Field({}, description=f"Without a temperature it is {TEMPERATURE:g}.")


class PartsRequest(BaseModel):
    """A text and what belongs to it."""

    actual_output: str = Field(min_length=1)
    expected_output: str | None = None
    input: str | None = Field(None, description="The question that the text answers.")
    context: str | None = Field(None, description="The material that the text rests on.")
    metadata: dict[str, Any] = {}

    def artifact(self) -> Artifact:
        """What is judged."""
        return Artifact(
            evaluation_target=self.actual_output,
            expected_output=self.expected_output,
            input=self.input,
            context=self.context,
            metadata=self.metadata,
        )


@router.get("", response_model=list[dict[str, Any]], responses=documented(503))
def list_judges(services: UsedServices, case_id: str | None = None) -> Response:
    """The judges in use, of one case when it is named."""
    return answer([judge for judge in services.judges.list() if case_id in (None, judge.case_id)])


@router.post("", response_model=dict[str, Any], responses=documented(400, 404, 409, 413, 503))
def create_judge(request: JudgeRequest, services: UsedServices, actor: Actor) -> Response:
    """Add a judge."""
    metric = existing(services.catalog.metric_named(request.metric), "metric", request.metric)
    made = configuration.create_judge(
        services,
        actor,
        name=request.name,
        case_id=request.case_id,
        metric_id=metric.metric_id,
        model_id=request.model_id,
        parameters={"temperature": TEMPERATURE, **request.parameters},
        description=request.description,
    )
    return answer(made)


@router.get("/{judge_id}", response_model=dict[str, Any], responses=documented(404, 502, 503))
def get_judge(services: UsedServices, judge_id: str) -> Response:
    """One judge, with how it is scored as far as that is decided."""
    judge = services.judges.get(judge_id)
    return answer({**msgspec.to_builtins(judge), "scoringMode": mode_of(services, judge)})


@router.patch("/{judge_id}", response_model=dict[str, Any], responses=documented(400, 404, 409, 413, 503))
def edit_judge(request: JudgeEdit, services: UsedServices, actor: Actor, judge_id: str) -> Response:
    """Change a judge: a new version."""
    judge = services.judges.get(judge_id)
    given = request.model_dump(exclude={"revision"}, exclude_none=True)
    before = {
        "name": judge.name,
        "description": judge.description,
        "parameters": judge.parameters,
        "model_id": judge.llm.id,
    }
    changes = {name: value for name, value in given.items() if value != before[name]}
    return answer(configuration.edit_judge(services, actor, judge, changes, revision=request.revision))


@router.get("/{judge_id}/steps", response_model=dict[str, Any], responses=documented(404, 502, 503))
def get_steps(services: UsedServices, judge_id: str) -> Response:
    """The evaluation steps that the judge goes by; null while nobody has written any. They are pinned on the case."""
    return answer({"steps": steps_of(services, services.judges.get(judge_id))})


@router.post("/{judge_id}/steps", response_model=dict[str, Any], responses=documented(404, 502, 503))
def post_steps(services: UsedServices, actor: Actor, judge_id: str) -> Response:
    """Have the judge's model write the steps, unless they are there: one call, within `steps_max_tokens`."""
    return answer({"steps": write_steps(services, actor, services.judges.get(judge_id))})


@router.post("/{judge_id}/preview", response_model=dict[str, Any], responses=documented(400, 404, 413, 502, 503))
def post_preview(request: PartsRequest, services: UsedServices, judge_id: str) -> Response:
    """The exact prompt that the judge would be sent now for a text; asks no model."""
    return answer({"prompt": preview(services, _snapshot(services, judge_id), request.artifact())})


def _snapshot(services: Services, judge_id: str) -> Snapshot:
    judge = services.judges.get(judge_id)
    if judge.metric.type != "geval":
        raise InvalidInput("This judge asks no model: it compares the text with the reference.", field="judge_id")
    return Snapshot.of(judge, services.cases.get(judge.case_id))
