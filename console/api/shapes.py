"""What the old endpoints take and answer: field names, order, checks and messages are the old system's.

Requests are lax as they were: "2", 2.0 and true are integers, "yes" is a boolean, fields that nobody knows are ignored.
Answers are encoded by msgspec, which keeps integers of any length; these models give their order and describe them.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import msgspec
from fastapi import Response
from pydantic import AfterValidator, BaseModel, Field, ValidationInfo, field_validator

Row = Mapping[str, Any]


def answer(body: Any) -> Response:
    """A JSON answer with the keys in their order."""
    return Response(msgspec.json.encode(body), media_type="application/json")


def one(row: Row, model: type[BaseModel]) -> Response:
    """A row of the manager as its model shows it."""
    return answer(shown(row, model))


def many(rows: Iterable[Row], model: type[BaseModel]) -> Response:
    """Rows of the manager as their model shows them."""
    return answer([shown(row, model) for row in rows])


def shown(row: Row, model: type[BaseModel]) -> dict[str, Any]:
    """What the API shows of a row, in the order of its model."""
    return {name: row[name] for name in model.model_fields}


def is_uuid(text: str) -> bool:
    """Whether Python reads `text` as a UUID; it may be spelled in other ways than ours."""
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True


def as_uuid(text: str, what: str = "ID") -> str:
    """`text` when it is a UUID, for checks of models. Raises ValueError."""
    if not is_uuid(text):
        raise ValueError(f"{what} must be a valid UUID")
    return text


def _given(text: str, info: ValidationInfo) -> str:
    if not text.strip():
        raise ValueError(f"{info.field_name} cannot be empty")
    return text.strip()


Id = Annotated[str, AfterValidator(as_uuid)]
Trimmed = Annotated[str, AfterValidator(_given)]
Lowered = Annotated[str, AfterValidator(_given), AfterValidator(str.lower)]


class MetricCreateRequest(BaseModel):
    """A new metric."""

    name: Lowered = Field(description="Unique; kept in lower case. Evaluations know `geval`.")


class MetricResponse(BaseModel):
    """A metric."""

    id: str
    name: str
    created_at: str


class ModelCreateRequest(BaseModel):
    """A new model."""

    name: Trimmed = Field(description="The provider's name for it; unique, case kept.")
    provider: Lowered = Field(description="Such as `openai`; kept in lower case.")


class ModelResponse(BaseModel):
    """A model."""

    id: str
    name: str
    provider: str
    created_at: str


class CaseCreateRequest(BaseModel):
    """A new case."""

    name: Lowered = Field(description="Unique; kept in lower case.")
    task_introduction: str
    evaluation_criteria: str
    min_score: int = Field(1, ge=1)
    max_score: int = Field(5, ge=1, description="Above `min_score`; the default is not compared with it.")
    requires_reference: bool = Field(False, description="Whether the expected output is part of the prompt.")
    score_threshold: float = Field(0.5, ge=0.0, le=1.0, description="Normalised score from which a run passes.")

    @field_validator("max_score")
    @classmethod
    def above_the_lowest(cls, highest: int, info: ValidationInfo) -> int:
        """A scale has two scores at least; the default is left alone, as the old system left it."""
        if highest <= info.data.get("min_score", highest - 1):
            raise ValueError("max_score must be greater than min_score")
        return highest


class CaseUpdateRequest(BaseModel):
    """What changes of a case; null leaves a field as it is."""

    name: str | None = None
    task_introduction: str | None = None
    evaluation_criteria: str | None = None
    min_score: int | None = Field(None, ge=1, le=10)
    max_score: int | None = Field(None, ge=1, le=10)
    requires_reference: bool | None = None
    score_threshold: float | None = Field(None, ge=0.0, le=1.0)


class CaseResponse(BaseModel):
    """A case with its present threshold."""

    id: str
    name: str
    task_introduction: str
    evaluation_criteria: str
    min_score: int
    max_score: int
    requires_reference: bool
    score_threshold: float
    created_at: str


class ThresholdResponse(BaseModel):
    """A threshold that a case has or had."""

    id: str
    score: float
    created_at: str


class ThresholdHistoryResponse(BaseModel):
    """The thresholds of a case, newest first."""

    case_id: str
    case_name: str
    thresholds: list[ThresholdResponse]


class JudgeCreateRequest(BaseModel):
    """A new judge."""

    name: str | None = None
    model_id: Id
    case_id: Id
    metric_id: Id
    parameters: dict[str, Any] = Field(description="Kept exactly; evaluations read what they know.")
    description: str | None = None


class JudgeUpdateRequest(BaseModel):
    """What changes of a judge; null leaves a field as it is."""

    name: str | None = None
    parameters: dict[str, Any] | None = Field(None, description="Replaces all of them.")
    description: str | None = None
    model_id: str | None = None


class JudgeResponse(BaseModel):
    """A judge, with the present names of what it refers to."""

    id: str
    name: str | None
    model_id: str
    model_name: str
    model_provider: str
    case_id: str
    metric_id: str
    case_name: str
    metric_name: str
    parameters: dict[str, Any]
    description: str | None
    created_at: str


class EvaluationResponse(BaseModel):
    """A completed evaluation."""

    run_id: int
    judge_name: str | None
    case_name: str
    metric_name: str
    status: str
    final_score: float | None
    final_score_normalized: float | None
    total_usage_tokens: int | None
    prompt_tokens: int | None
    completion_tokens: int | None
    execution_time_seconds: float | None
    started_at: str
    completed_at: str | None


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


class Refusal(BaseModel):
    """Why a request was not done."""

    detail: str | list[dict[str, Any]]
