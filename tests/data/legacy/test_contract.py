"""The calls of the old system's code, by signature and by behaviour, on both managers; and on the class itself."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from console.data.legacy import manager as module
from console.data.legacy.manager import DynamoDBManager
from console.data.legacy.sqlite.manager import DatabaseManager
from console.data.store.store import Store
from console.errors import AlreadyExists
from tests.support.tier import tier

CALLS = {
    "create_metric": "(name)",
    "get_metric": "(metric_id)",
    "list_metrics": "()",
    "create_model": "(name, provider)",
    "get_model": "(model_id)",
    "list_models": "()",
    "create_threshold": "(score)",
    "get_threshold": "(threshold_id)",
    "list_thresholds": "(case_id=None)",
    "create_case": "(name, task_introduction, evaluation_criteria, min_score=1, max_score=5, requires_reference=False,"
    " score_threshold=0.5)",
    "get_case": "(case_id)",
    "list_cases": "()",
    "update_case": "(case_id, name=None, task_introduction=None, evaluation_criteria=None, min_score=None,"
    " max_score=None, requires_reference=None, score_threshold=None)",
    "create_document": "(actual_output, expected_output=None, metadata=None)",
    "get_document": "(doc_id)",
    "list_documents": "()",
    "create_judge": "(name, model_id, case_id, metric_id, parameters, description=None)",
    "get_judge": "(judge_id)",
    "list_judges": "()",
    "update_judge": "(judge_id, name=None, parameters=None, description=None, model_id=None)",
    "create_run": "(judge_id, document_id=None, actual_output=None, expected_output=None)",
    "update_run_status": "(run_id, status, error_message=None)",
    "complete_run": "(run_id, final_score, final_score_normalized, all_responses, total_usage_tokens, prompt_tokens,"
    " completion_tokens, execution_time_seconds, prompt_used, metadata=None)",
    "get_run": "(run_id)",
    "list_runs": "(judge_id=None, limit=100)",
}
"""Of the old manager; `create_run` also takes the text itself, as its later branch did."""


def signature(method: Callable[..., Any]) -> str:
    """The names and defaults, without types."""
    parameters = inspect.signature(method).parameters.values()
    return str(inspect.Signature([one.replace(annotation=one.empty) for one in parameters]))


@pytest.mark.parametrize("name", CALLS)
def test_every_call_of_the_old_code_fits(name: str, tmp_path: Path, embedded_store: Store) -> None:
    assert signature(getattr(DynamoDBManager, name)) == CALLS[name]
    assert signature(getattr(DynamoDBManager.of(tier(embedded_store)), name)) == CALLS[name]
    assert signature(getattr(DatabaseManager(tmp_path / "old.db"), name)) == CALLS[name]


def test_nothing_else_is_public() -> None:
    own = {name for name in [*dir(DatabaseManager), *dir(DynamoDBManager)] if not name.startswith("_")}
    assert own - {"of"} == CALLS.keys()


@pytest.fixture
def from_settings(engine_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[DynamoDBManager]]:
    """The class as the old code imports it, on a store that the environment names, where there are no tables yet."""
    monkeypatch.setenv("DYNAMODB_ENDPOINT", engine_endpoint)
    monkeypatch.setenv("TABLE_PREFIX", f"t{uuid4().hex[:12]}-")
    monkeypatch.setattr(module._Shared, "_made", None)
    yield DynamoDBManager
    monkeypatch.setattr(module._Shared, "_made", None)


def test_a_manager_made_from_nothing_is_on_the_store_of_the_settings(from_settings: type[DynamoDBManager]) -> None:
    made = from_settings().create_metric("GEval")
    assert from_settings().get_metric(made)["name"] == "geval"


def test_the_class_itself_is_a_manager(from_settings: Any) -> None:
    metric_id = from_settings.create_metric(name="geval")
    model_id = from_settings.create_model(name="gpt-4o", provider="OpenAI")
    case_id = from_settings.create_case(name="Fluency", task_introduction="t", evaluation_criteria="c")
    judge_id = from_settings.create_judge(
        name=None, model_id=model_id, case_id=case_id, metric_id=metric_id, parameters={"n_responses": 2}
    )
    doc_id = from_settings.create_document(actual_output="Paris.", expected_output=None, metadata=None)
    run_id = from_settings.create_run(judge_id=judge_id, document_id=doc_id)
    from_settings.update_run_status(run_id, "running")
    from_settings.complete_run(
        run_id=run_id,
        final_score=4.5,
        final_score_normalized=0.875,
        all_responses=[4.5],
        total_usage_tokens=3,
        prompt_tokens=2,
        completion_tokens=1,
        execution_time_seconds=0.5,
        prompt_used="Rate it.",
        metadata={"geval_version": "1.0.0"},
    )
    assert from_settings.get_document(doc_id=doc_id)["actual_output"] == "Paris."
    assert from_settings.get_run(run_id)["evaluation_status"] == "pass"
    assert [run["id"] for run in from_settings.list_runs(judge_id=judge_id, limit=100)] == [run_id]
    assert from_settings.get_threshold(from_settings.get_case(case_id)["threshold_id"])["score"] == 0.5


@pytest.fixture(params=["sqlite", "dynamodb"])
def manager(request: pytest.FixtureRequest, tmp_path: Path, embedded_store: Store) -> Any:
    return (
        DatabaseManager(tmp_path / "old.db") if request.param == "sqlite" else DynamoDBManager.of(tier(embedded_store))
    )


def test_a_threshold_can_be_made_without_a_case(manager: Any) -> None:
    threshold_id = manager.create_threshold(0.25)
    assert manager.get_threshold(threshold_id)["score"] == 0.25
    assert [one["id"] for one in manager.list_thresholds()] == [threshold_id]
    assert manager.get_threshold(None) is None


TAKEN = {
    "metrics": lambda manager: manager.create_metric("geval"),
    "models": lambda manager: manager.create_model("gpt-4o", "openai"),
    "cases": lambda manager: manager.create_case("fluency", "t", "c"),
}


@pytest.mark.parametrize("table", TAKEN)
def test_a_taken_name_says_what_the_old_code_looks_for(manager: Any, table: str) -> None:
    TAKEN[table](manager)
    with pytest.raises(AlreadyExists, match=re.escape(f"UNIQUE constraint failed: {table}.name")):
        TAKEN[table](manager)


def test_a_rename_to_a_taken_name_says_it_too(manager: Any) -> None:
    manager.create_case("fluency", "t", "c")
    other = manager.create_case("other", "t", "c")
    with pytest.raises(AlreadyExists) as refused:
        manager.update_case(other, name="FLUENCY")
    assert str(refused.value) == "UNIQUE constraint failed: cases.name"
