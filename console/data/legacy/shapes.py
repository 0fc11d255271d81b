"""Record -> dict, as the old system's database manager gave it: its keys in its order, its time formats.

The keys are those of its `SELECT` statements. Times are naive UTC: `created_at` in whole seconds with a space
(SQLite's CURRENT_TIMESTAMP), the others as `datetime.isoformat()` writes them.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from console.errors import InvalidInput
from console.records import Case, Document, Judge, Metric, Model, Run, RunStatus, ThresholdChange

Row = dict[str, Any]
"""A legacy dict."""

INT64 = 2**63
"""Integers from here on were more than the old system's database could hold."""
FAILED = "Evaluation failed: "
"""How the old system began the error of a run."""
GEVAL_VERSION = "1.0.0"
"""What the old system called itself in the metadata of its runs."""

RUN_NAMES = ("judge_name", "model_name", "model_provider", "case_name", "metric_name")
"""Order of the names in one run."""
RUN_ROW_NAMES = ("judge_name", "case_name", "metric_name", "model_name", "model_provider")
"""Order of the names in a list of runs."""


def fitting(score: int) -> int:
    """The end of a scale, when the old system's database can hold it. Raises InvalidInput."""
    if not -INT64 <= score < INT64:
        raise InvalidInput("A score of more than 18 digits cannot be kept. Use a smaller number.", field="min_score")
    return score


def sql_time(at: datetime) -> str:
    """`YYYY-MM-DD HH:MM:SS`, naive UTC."""
    return at.replace(tzinfo=None).isoformat(" ", "seconds")


def iso_time(at: datetime) -> str:
    """`YYYY-MM-DDTHH:MM:SS.ffffff`, naive UTC; without the fraction when there is none."""
    return at.replace(tzinfo=None).isoformat()


def metric_row(metric: Metric) -> Row:
    """A row of `metrics`."""
    return {"id": metric.metric_id, "name": metric.name, "created_at": sql_time(metric.created_on)}


def model_row(model: Model) -> Row:
    """A row of `models`."""
    return {
        "id": model.model_id,
        "name": model.name,
        "provider": model.provider,
        "created_at": sql_time(model.created_on),
    }


def case_row(case: Case) -> Row:
    """A row of `cases` with its threshold."""
    return {
        "id": case.case_id,
        "name": case.name,
        "task_introduction": case.task_introduction,
        "evaluation_criteria": case.evaluation_criteria,
        "min_score": case.score_range.min,
        "max_score": case.score_range.max,
        "requires_reference": case.requires_reference,
        "threshold_id": case.threshold_id,
        "created_at": sql_time(case.created_on),
        "updated_at": sql_time(case.last_updated_on),
        "score_threshold": case.threshold.score,
    }


def threshold_row(entry: ThresholdChange) -> Row:
    """A row of `thresholds`."""
    return {"id": entry.threshold_id, "score": entry.score, "created_at": iso_time(entry.timestamp)}


def document_row(document: Document) -> Row:
    """A row of `eval_documents`; empty metadata are None."""
    return {
        "id": document.document_id,
        "actual_output": document.evaluation_target,
        "expected_output": document.expected_output,
        "metadata": document.metadata or None,
        "created_at": sql_time(document.created_on),
    }


def judge_columns(judge: Judge) -> Row:
    """What the old table of judges holds of one."""
    return {
        "id": judge.judge_id,
        "name": judge.name,
        "model_id": judge.llm.id,
        "case_id": judge.case_id,
        "metric_id": judge.metric.id,
        "parameters": judge.parameters,
        "description": judge.description,
        "created_at": sql_time(judge.created_on),
    }


def check_range(low: int, high: int) -> None:
    """Raises InvalidInput when no score lies in the range."""
    if low > high:
        raise InvalidInput(f"The score range {low} to {high} is empty. Give both ends.", field="min_score")


def judge_row(judge: Judge, case: Case, *, whole: bool) -> Row:
    """A row of `judges` with the names of what it refers to.

    Args:
        whole: with what an evaluation needs of the case, as one judge has it and a list does not.
    """
    of_case = {
        "task_introduction": case.task_introduction,
        "evaluation_criteria": case.evaluation_criteria,
        "min_score": case.score_range.min,
        "max_score": case.score_range.max,
        "requires_reference": case.requires_reference,
    }
    return {
        **judge_columns(judge),
        "case_name": case.name,
        **(of_case if whole else {}),
        "metric_name": judge.metric.type,
        "model_name": judge.llm.model,
        "model_provider": judge.llm.type,
    }


def run_row(run: Run, judge: Judge | None, case: Case | None, *, names: Sequence[str]) -> Row:
    """A row of `runs` with the names of what it refers to and the content that it judged.

    Args:
        judge, case: as they are now: the old system showed present names. Without them the snapshot's.
        names: `RUN_NAMES` or `RUN_ROW_NAMES`.
    """
    results = run.results
    usage = results.token_usage if results else None
    completed = run.status is RunStatus.COMPLETED
    named = _names(run, judge, case)
    row = {
        "id": run.run_id,
        "judge_id": run.judge_id,
        "document_id": run.document_id or embedded_document_id(run),
        "status": run.status.value,
        "evaluation_status": run.evaluation_status.value if completed else None,
        "final_score": results.final_score if results else None,
        "final_score_normalized": results.final_score_normalized if results else None,
        "all_responses": results.all_responses if results else None,
        "total_usage_tokens": usage.total if usage else None,
        "prompt_tokens": usage.prompt if usage else None,
        "completion_tokens": usage.completion if usage else None,
        "execution_time_seconds": results.execution_time_seconds if results else None,
        "prompt_used": results.prompt_used if results else None,
        "error_message": _error(run.error_message),
        "metadata": run.metadata or judged_metadata(run),
        "started_at": iso_time(run.started_at),
        "completed_at": iso_time(run.completed_at) if completed and run.completed_at else None,
        "created_at": sql_time(run.created_on or run.started_at),
        **{name: named[name] for name in names},
        "actual_output": run.evaluated_artifact.evaluation_target,
        "expected_output": run.evaluated_artifact.expected_output,
    }
    return {**row, **run.legacy} if run.legacy else row


def embedded_document_id(run: Run) -> str:
    """The id that the text of a run without a document has: every run of the old system had one."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"geval:run:{run.run_id}"))


def _error(message: str | None) -> str | None:
    return message if not message or message.startswith(FAILED) else FAILED + message


def failure_text(message: str | None) -> str:
    """Why a run failed: the first line of its message, without the old system's beginning."""
    return (message or "").removeprefix(FAILED).split("\n")[0]


def judged_metadata(run: Run) -> Row | None:
    """The metadata that the old system gave the runs that it judged, for those that this one judged."""
    if run.results is None or run.completed_at is None or not run.results.scoring_mode:
        return None
    snapshot = run.judge_snapshot
    parameters = {
        "name": snapshot.case_name,
        "task_introduction": snapshot.task_introduction,
        "evaluation_criteria": snapshot.evaluation_criteria,
        "min_score": snapshot.score_range.min,
        "max_score": snapshot.score_range.max,
        **snapshot.parameters,
    }
    return {
        "judge_parameters": parameters,
        "geval_version": GEVAL_VERSION,
        "evaluation_timestamp": iso_time(run.completed_at),
    }


def _names(run: Run, judge: Judge | None, case: Case | None) -> Row:
    snapshot = run.judge_snapshot
    llm = judge.llm if judge else snapshot.llm
    return {
        "judge_name": judge.name if judge else snapshot.judge_name,
        "model_name": llm.model,
        "model_provider": llm.type,
        "case_name": case.name if case else snapshot.case_name,
        "metric_name": judge.metric.type if judge else snapshot.metric.type,
    }
