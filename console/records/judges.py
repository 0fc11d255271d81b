"""Judges: one model, one metric and parameters, specialised for one case."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any

import msgspec

from console.records.base import Json, Record


class MetricRef(Record, frozen=True):
    """The metric as copied into a judge and its snapshots."""

    id: str
    type: str
    """Name of the metric in the catalog."""
    name: str = ""
    """Display name."""
    configuration: Json = {}


class LlmRef(Record, frozen=True):
    """The model as copied into a judge and its snapshots, with its sampling parameters."""

    id: str
    type: str
    """Provider."""
    model: str
    temperature: float = 2.0
    max_tokens: int = 2500
    top_p: float = 1.0
    frequency_penalty: float = 0.0
    presence_penalty: float = 0.0


class EvaluationParameters(Record, frozen=True):
    """How a judge asks."""

    n_responses: int = 10
    """Choices per evaluation."""
    sleep_time: float = 0.0
    """Seconds between calls."""
    rate_limit_sleep: float = 0.0
    """Seconds after a rate limit, before the next attempt."""
    retry_attempts: int = 3


class Judge(Record, frozen=True):
    """One version of a judge: one model, one metric and parameters, specialised for one case."""

    judge_id: str
    version: str
    active: bool
    case_id: str
    case_name: str
    metric: MetricRef
    llm: LlmRef
    created_on: datetime
    last_updated_on: datetime
    name: str | None = None
    """Not unique; a judge of the old system may have none."""
    evaluation_parameters: EvaluationParameters = EvaluationParameters()
    parameters: Json = {}
    """The parameters exactly as they were given; `llm` and `evaluation_parameters` are read off them."""
    description: str | None = None
    revision: int = 1
    created_by: str = "system"
    last_updated_by: str = "system"
    sequence: int = 0
    """Place among judges made in the same second, where time alone does not tell (migrated ones)."""


def judge_parameters(parameters: Mapping[str, Any], llm: LlmRef) -> tuple[LlmRef, EvaluationParameters]:
    """The typed columns of a judge, read off free-form `parameters`.

    A value of the wrong type leaves the column at its default; the exact value stays in `parameters`
    (the old system accepted anything here and failed only when it evaluated).
    """
    columns = {name: value for name, value in parameters.items() if name in _LLM_COLUMNS}
    asks = {name: value for name, value in parameters.items() if name in _EVALUATION_COLUMNS}
    base = msgspec.structs.asdict(llm)
    for name in _LLM_COLUMNS:
        base.pop(name)
    return (
        LlmRef(**base, **_fitting(LlmRef, columns)),
        EvaluationParameters(**_fitting(EvaluationParameters, asks)),
    )


_LLM_COLUMNS = ("temperature", "max_tokens", "top_p", "frequency_penalty", "presence_penalty")
_EVALUATION_COLUMNS = ("n_responses", "sleep_time", "rate_limit_sleep", "retry_attempts")


def _fitting(record: type[Record], values: Mapping[str, Any]) -> dict[str, Any]:
    types, fitting = _types(record), {}
    for name, value in values.items():
        try:
            fitting[name] = msgspec.convert(value, types[name])
        except msgspec.ValidationError:
            continue
    return fitting


@cache
def _types(record: type[Record]) -> dict[str, Any]:
    return {field.name: field.type for field in msgspec.structs.fields(record)}
