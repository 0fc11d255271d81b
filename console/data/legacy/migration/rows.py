"""Row of the old schema -> record: what `legacy_shapes` does the other way round.

Whatever the columns hold becomes a record that can be stored: NaN and infinite numbers become null, as the old API
showed them; broken characters become U+FFFD. What a run's columns say beyond its record stays in `Run.legacy`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from types import NoneType
from typing import Any

import msgspec

from console.data.configuration.judges import llm_ref, metric_ref
from console.data.legacy.migration.kinds import read_time
from console.data.legacy.shapes import run_row
from console.records import (
    Artifact,
    Case,
    Document,
    Json,
    Judge,
    LlmRef,
    Metric,
    MetricRef,
    Model,
    Results,
    Run,
    RunPlace,
    RunStatus,
    ScoreRange,
    Snapshot,
    Threshold,
    ThresholdChange,
    TokenUsage,
    Verdict,
    judge_parameters,
)

Values = Mapping[str, Any]
"""The columns of a row by name; those that its database has not are missing."""

MIGRATION = "migration"
"""Who is recorded as the author of what came from the old system."""
UNKNOWN = "unknown"
"""Instead of the id or the name of what a row refers to and what is not there."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_OF_CASE = ("name", "task_introduction", "evaluation_criteria", "min_score", "max_score")
_NAMES = ("judge_name", "case_name", "metric_name", "model_name", "model_provider")


def read_json(text: object) -> Any:
    """A JSON column: what can be stored of it, None where there is nothing that can be read."""
    if not isinstance(text, (str, bytes)) or not text:
        return None
    try:
        return _storable(json.loads(text))
    except (ValueError, RecursionError):
        return None


def metric_of(row: Values, place: int) -> Metric:
    """A metric."""
    return Metric(
        metric_id=row["id"],
        name=_text(row["name"]),
        created_on=_created(row),
        created_by=MIGRATION,
        sequence=place,
    )


def model_of(row: Values, place: int) -> Model:
    """A model."""
    return Model(
        model_id=row["id"],
        name=_text(row["name"]),
        provider=_text(row["provider"]),
        created_on=_created(row),
        created_by=MIGRATION,
        sequence=place,
    )


def case_of(row: Values, threshold: Values | None, place: int) -> Case:
    """A case.

    Args:
        threshold: the row that `threshold_id` names. Without one the case has its own `score_threshold`, where the
            database is of the generation that had it, else the default.
    """
    own = row.get("score_threshold")
    score = threshold["score"] if threshold else Threshold().score if own is None else own
    return Case(
        case_id=row["id"],
        version="1.0",
        active=True,
        name=_text(row["name"]),
        task_introduction=_text(row["task_introduction"]),
        evaluation_criteria=_text(row["evaluation_criteria"]),
        score_range=ScoreRange(min=int(row["min_score"]), max=int(row["max_score"])),
        requires_reference=bool(row["requires_reference"]),
        threshold=Threshold(score=float(score)),
        threshold_id=threshold["id"] if threshold else None,
        created_on=_created(row),
        created_by=MIGRATION,
        last_updated_on=read_time(row.get("updated_at")) or _created(row),
        last_updated_by=MIGRATION,
        sequence=place,
    )


def threshold_of(row: Values, case_id: str) -> ThresholdChange:
    """An entry of a case's history."""
    return ThresholdChange(
        case_id=case_id,
        timestamp=_created(row),
        threshold_id=row["id"],
        score=float(row["score"]),
        changed_by=MIGRATION,
    )


def judge_of(row: Values, case_name: str | None, metric: Metric | None, model: Model | None, place: int) -> Judge:
    """A judge. What it refers to and what is not there is `unknown`."""
    given = read_json(row["parameters"])
    parameters: Json = given if isinstance(given, dict) else {}
    base = llm_ref(model) if model else LlmRef(id=row["model_id"], type=UNKNOWN, model=UNKNOWN)
    llm, asks = judge_parameters(parameters, base)
    created = _created(row)
    return Judge(
        judge_id=row["id"],
        version="1.0",
        active=True,
        name=_optional(row["name"]),
        description=_optional(row["description"]),
        case_id=row["case_id"],
        case_name=UNKNOWN if case_name is None else _text(case_name),
        metric=metric_ref(metric) if metric else MetricRef(id=row["metric_id"], type=UNKNOWN),
        llm=llm,
        evaluation_parameters=asks,
        parameters=parameters,
        created_on=created,
        created_by=MIGRATION,
        last_updated_on=created,
        last_updated_by=MIGRATION,
        sequence=place,
    )


def document_of(row: Values, place: int) -> Document:
    """A document."""
    metadata = read_json(row["metadata"])
    return Document(
        document_id=row["id"],
        evaluation_target=_text(row["actual_output"]),
        expected_output=_optional(row["expected_output"]),
        metadata=metadata if isinstance(metadata, dict) else None,
        created_on=_created(row),
        created_by=MIGRATION,
        sequence=place,
    )


def place_of(row: Values) -> RunPlace:
    """Where a run stands in lists."""
    created = read_time(row.get("created_at"))
    return RunPlace(row["id"], read_time(row["started_at"]) or created or _EPOCH, created)


def run_of(row: Values, judge: Judge | None, case: Case | None) -> Run:
    """A run with its document's text and the configuration that judged it.

    Args:
        row: the columns of the run, and `actual_output`, `expected_output` and `document_metadata` of its document.
    """
    _, started, created = place_of(row)
    metadata, about = read_json(row["metadata"]), read_json(row.get("document_metadata"))
    run = Run(
        run_id=row["id"],
        status=_status(row["status"]),
        evaluation_status=_verdict(row.get("evaluation_status")),
        started_at=started,
        created_on=created,
        completed_at=read_time(row["completed_at"]),
        judge_id=row["judge_id"] or UNKNOWN,
        case_id=judge.case_id if judge else UNKNOWN,
        judge_snapshot=_snapshot(row, judge, case, metadata),
        evaluated_artifact=Artifact(
            evaluation_target=_text(row["actual_output"]),
            expected_output=_optional(row["expected_output"]),
            metadata=about if isinstance(about, dict) else {},
        ),
        results=_results(row),
        error_message=_optional(row["error_message"]),
        document_id=row["document_id"],
        created_by=MIGRATION,
        metadata=metadata if isinstance(metadata, dict) else None,
    )
    beyond = _beyond(row, run)
    return msgspec.structs.replace(run, legacy=beyond) if beyond else run


def columns_of(row: Values) -> Json:
    """The columns of a run as the API shows them."""
    shown = {name: value for name, value in row.items() if name not in ("document_metadata", "actual_output")}
    shown |= {name: read_json(row.get(name)) for name in ("metadata", "all_responses")}
    for name in ("prompt_used", "error_message", "expected_output"):
        shown[name] = _optional(row.get(name))
    return {
        "evaluation_status": None,
        **{name: _storable(value) for name, value in shown.items()},
        "actual_output": _text(row["actual_output"]),
    }


def _beyond(row: Values, run: Run) -> Json:
    """The columns that the record does not give back as they are."""
    given = run_row(run, None, None, names=_NAMES)
    return {name: value for name, value in columns_of(row).items() if name in given and not _same(value, given[name])}


def _same(one: Any, other: Any) -> bool:
    if type(one) is type(other) and isinstance(one, (str, int, float, NoneType)):
        return bool(one == other)
    return json.dumps(one) == json.dumps(other) or (
        isinstance(one, (int, float, list)) and isinstance(other, (float, list)) and one == other
    )


def _snapshot(row: Values, judge: Judge | None, case: Case | None, metadata: Any) -> Snapshot:
    """What the run's metadata say of it, else what the judge and the case are now."""
    kept = metadata.get("judge_parameters") if isinstance(metadata, dict) else None
    known: Json = kept if isinstance(kept, dict) else {}
    texts = {name: known[name] for name in _OF_CASE[:3] if isinstance(known.get(name), str)}
    ends = {name: known[name] for name in _OF_CASE[3:] if type(known.get(name)) is int}
    scale = case.score_range if case else ScoreRange()
    parameters = {name: value for name, value in known.items() if name not in _OF_CASE}
    parameters = parameters if known else (judge.parameters if judge else {})
    base = judge.llm if judge else LlmRef(id="", type=UNKNOWN, model=UNKNOWN)
    llm, asks = judge_parameters(parameters, LlmRef(id=base.id, type=base.type, model=base.model))
    return Snapshot(
        judge_id=row["judge_id"] or UNKNOWN,
        judge_name=judge.name if judge else None,
        version=judge.version if judge else "",
        case_id=judge.case_id if judge else UNKNOWN,
        case_name=texts.get("name", case.name if case else UNKNOWN),
        metric=judge.metric if judge else MetricRef(id="", type=UNKNOWN),
        llm=llm,
        evaluation_parameters=asks,
        parameters=parameters,
        score_range=ScoreRange(min=ends.get("min_score", scale.min), max=ends.get("max_score", scale.max)),
        task_introduction=texts.get("task_introduction", case.task_introduction if case else ""),
        evaluation_criteria=texts.get("evaluation_criteria", case.evaluation_criteria if case else ""),
        requires_reference=case.requires_reference if case else False,
        case_version=case.version if case else "",
    )


def _results(row: Values) -> Results | None:
    score, normalized = _number(row["final_score"]), _number(row["final_score_normalized"])
    if row["status"] != RunStatus.COMPLETED or score is None or normalized is None:
        return None
    responses = read_json(row["all_responses"])
    listed = [_number(one) for one in responses] if isinstance(responses, list) else []
    return Results(
        final_score=score,
        final_score_normalized=normalized,
        all_responses=[one for one in listed if one is not None],
        prompt_used=_optional(row["prompt_used"]),
        token_usage=TokenUsage(
            prompt=_whole(row["prompt_tokens"]),
            completion=_whole(row["completion_tokens"]),
            total=_whole(row["total_usage_tokens"]),
        ),
        execution_time_seconds=_number(row["execution_time_seconds"]),
    )


def _created(row: Values) -> datetime:
    return read_time(row.get("created_at")) or _EPOCH


def _status(text: str) -> RunStatus:
    return RunStatus(text) if text in RunStatus.__members__.values() else RunStatus.FAILED


def _verdict(text: str | None) -> Verdict:
    return Verdict(text) if text and text in Verdict.__members__.values() else Verdict.PENDING


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return float(value)


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0


def _text(value: object) -> str:
    text = value.decode(errors="replace") if isinstance(value, bytes) else "" if value is None else str(value)
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _optional(value: object) -> str | None:
    return None if value is None else _text(value)


def _storable(value: Any) -> Any:
    if isinstance(value, dict):
        return {_text(name): _storable(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_storable(inner) for inner in value]
    if isinstance(value, str):
        return _text(value)
    return None if isinstance(value, float) and not math.isfinite(value) else value
