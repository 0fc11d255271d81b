"""The recorded answers of the old system to its sample database, and the records that they describe."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from console.data.repositories import Repositories
from console.data.runs.items import run_item, run_key
from console.data.store import tables
from console.data.store.packing import pack
from console.data.store.partition import write_parts
from console.records import (
    Artifact,
    Case,
    Document,
    Judge,
    LlmRef,
    Metric,
    MetricRef,
    Model,
    Results,
    Run,
    ScoreRange,
    Snapshot,
    Threshold,
    TokenUsage,
    Verdict,
)
from tests.support.data_files import DATA_FILES
from tests.support.legacy_replay import read_recording

Answers = dict[str, Any]
"""Body by path, query included."""


def recorded() -> Answers:
    """What the old system answered."""
    scenarios = read_recording(DATA_FILES / "legacy" / "legacy_sample_api.jsonl.gz")
    return {one["scenario"].removeprefix("GET "): _literal(one["steps"][0]["expect"]["body"]) for one in scenarios}


def load(to: Repositories, answers: Answers) -> None:
    """Stores what the answers describe, under its own ids and times."""
    for row in answers["/metrics"]:
        to.catalog.add_metric(Metric(metric_id=row["id"], name=row["name"], created_on=_time(row["created_at"])))
    for row in answers["/models"]:
        to.catalog.add_model(
            Model(model_id=row["id"], name=row["name"], provider=row["provider"], created_on=_time(row["created_at"]))
        )
    cases = {row["id"]: _case(row, place) for place, row in enumerate(answers["/cases"])}
    judges = {row["id"]: _judge(row, place) for place, row in enumerate(answers["/judges"])}
    for case in cases.values():
        to.cases.add(case, reason="")
    for judge in judges.values():
        to.judges.add(judge)
    for place, row in enumerate(answers["/documents"]):
        to.documents.add(_document(row, place))
    _put_runs(to, [_run(row, judges, cases) for row in answers["/runs?limit=1000"]])


def _put_runs(to: Repositories, runs: list[Run]) -> None:
    items = []
    for run in runs:
        item, parts = pack(run_item(run))
        write_parts(to.store, run_key(run.run_id), parts)
        items.append(item)
    to.store.batch_put(tables.RUNS, items)


def _literal(body: Any) -> Any:
    """The body without the marks of texts that look like patterns of the recording."""
    if isinstance(body, list):
        return [_literal(element) for element in body]
    if not isinstance(body, dict):
        return body
    if body.keys() == {"$literal"}:
        return body["$literal"]
    return {name: _literal(value) for name, value in body.items()}


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _case(row: dict[str, Any], place: int) -> Case:
    return Case(
        case_id=row["id"],
        version="1.0",
        active=True,
        name=row["name"],
        task_introduction=row["task_introduction"],
        evaluation_criteria=row["evaluation_criteria"],
        score_range=ScoreRange(min=row["min_score"], max=row["max_score"]),
        requires_reference=row["requires_reference"],
        threshold=Threshold(score=row["score_threshold"]),
        created_on=_time(row["created_at"]),
        last_updated_on=_time(row["created_at"]),
        sequence=place,
    )


def _judge(row: dict[str, Any], place: int) -> Judge:
    return Judge(
        judge_id=row["id"],
        version="1.0",
        active=True,
        name=row["name"],
        case_id=row["case_id"],
        case_name=row["case_name"],
        metric=MetricRef(id=row["metric_id"], type=row["metric_name"]),
        llm=LlmRef(id=row["model_id"], type=row["model_provider"], model=row["model_name"]),
        parameters=row["parameters"],
        description=row["description"],
        created_on=_time(row["created_at"]),
        last_updated_on=_time(row["created_at"]),
        sequence=place,
    )


def _document(row: dict[str, Any], place: int) -> Document:
    return Document(
        document_id=row["id"],
        evaluation_target=row["actual_output"],
        expected_output=row["expected_output"],
        metadata=row["metadata"],
        created_on=_time(row["created_at"]),
        sequence=place,
    )


def _run(row: dict[str, Any], judges: dict[str, Judge], cases: dict[str, Case]) -> Run:
    judge = judges[row["judge_id"]]
    return Run(
        run_id=row["id"],
        status=row["status"],
        evaluation_status=Verdict(row["evaluation_status"] or "pending"),
        started_at=_time(row["started_at"]),
        created_on=_time(row["created_at"]),
        completed_at=_time(row["completed_at"]) if row["completed_at"] else None,
        judge_id=judge.judge_id,
        case_id=judge.case_id,
        judge_snapshot=Snapshot.of(judge, cases[judge.case_id]),
        evaluated_artifact=Artifact(evaluation_target=row["actual_output"], expected_output=row["expected_output"]),
        results=None if row["final_score"] is None else _results(row),
        error_message=row["error_message"],
        document_id=row["document_id"],
        metadata=row["metadata"],
    )


def _results(row: dict[str, Any]) -> Results:
    return Results(
        final_score=row["final_score"],
        final_score_normalized=row["final_score_normalized"],
        all_responses=row["all_responses"],
        prompt_used=row["prompt_used"],
        token_usage=TokenUsage(
            prompt=row["prompt_tokens"], completion=row["completion_tokens"], total=row["total_usage_tokens"]
        ),
        execution_time_seconds=row["execution_time_seconds"],
    )
