"""The old system's manager over its own schema behaves as the one over DynamoDB: one script, both, the same answers."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from console.data.legacy.manager import DynamoDBManager
from console.data.legacy.sqlite import schema
from console.data.legacy.sqlite.manager import DatabaseManager
from console.data.legacy.sqlite.rows import insert
from console.data.legacy.sqlite.schema import columns, prepare, writing
from console.data.store.store import Store
from console.errors import AlreadyExists, ConflictError, InvalidInput, NotFound, SetupError, StoreUnavailable
from tests.data.legacy.test_migrate import first_schema
from tests.support.fakes import FakeClock
from tests.support.old_database import CASE, COMPLETED, make, run
from tests.support.tier import tier

UNKNOWN = "00000000-0000-4000-8000-000000000000"
NOON = datetime(2026, 3, 10, 12, 0, 0, 250_000, tzinfo=UTC)
Manager = DatabaseManager | DynamoDBManager


@pytest.fixture(params=["sqlite", "dynamodb"])
def manager(request: pytest.FixtureRequest, tmp_path: Path, embedded_store: Store) -> Manager:
    if request.param == "sqlite":
        return DatabaseManager(tmp_path / "old.db", FakeClock(NOON))
    return DynamoDBManager.of(tier(embedded_store, clock=FakeClock(NOON)))


def new_judge(manager: Manager, **fields: Any) -> str:
    given = {
        "name": "Strict",
        "model_id": manager.create_model("gpt-4o", "OpenAI"),
        "case_id": manager.create_case("Relevance", "You judge an answer.", "Is it relevant?", score_threshold=0.75),
        "metric_id": manager.create_metric("GEval"),
        "parameters": {"b": 1, "a": 2.0, "long": 12345678901234567890123},
    }
    return manager.create_judge(**{**given, **fields})


def test_a_case_has_the_same_keys_and_values(manager: Manager) -> None:
    case_id = manager.create_case(" Padded ", "", "c", 2, 7, True, 1)
    case = manager.get_case(case_id)
    assert case
    threshold_id = case.pop("threshold_id")
    assert json.dumps(case) == json.dumps(
        {
            "id": case_id,
            "name": " padded ",
            "task_introduction": "",
            "evaluation_criteria": "c",
            "min_score": 2,
            "max_score": 7,
            "requires_reference": True,
            "created_at": "2026-03-10 12:00:00",
            "updated_at": "2026-03-10 12:00:00",
            "score_threshold": 1.0,
        }
    )
    assert manager.list_thresholds() == [{"id": threshold_id, "score": 1.0, "created_at": "2026-03-10T12:00:00.250000"}]
    assert manager.get_threshold(threshold_id) == manager.list_thresholds()[0]


def test_a_judge_has_the_same_keys_and_values(manager: Manager) -> None:
    judge_id = new_judge(manager)
    judge = manager.get_judge(judge_id)
    assert judge
    assert list(judge) == [
        "id",
        "name",
        "model_id",
        "case_id",
        "metric_id",
        "parameters",
        "description",
        "created_at",
        "case_name",
        "task_introduction",
        "evaluation_criteria",
        "min_score",
        "max_score",
        "requires_reference",
        "metric_name",
        "model_name",
        "model_provider",
    ]
    assert json.dumps(judge["parameters"]) == '{"b": 1, "a": 2.0, "long": 12345678901234567890123}'
    assert (judge["case_name"], judge["metric_name"], judge["model_provider"]) == ("relevance", "geval", "openai")
    (listed,) = manager.list_judges()
    assert listed == {name: judge[name] for name in listed}


def test_a_run_goes_the_same_way(manager: Manager) -> None:
    judge_id = new_judge(manager)
    document_id = manager.create_document("Paris.", None, {"k": 1.0})
    run_id = manager.create_run(judge_id, document_id)
    manager.update_run_status(run_id, "running")
    manager.complete_run(run_id, 4, 0.75, [4, 4.5], 3, 2, 1, 1, "Rate it.", {"x": 1})
    run = manager.get_run(run_id)
    assert run
    assert (run["id"], run["status"], run["evaluation_status"]) == (1, "completed", "pass")
    assert json.dumps([run["final_score"], run["all_responses"], run["metadata"]]) == '[4.0, [4.0, 4.5], {"x": 1}]'
    assert (run["started_at"], run["created_at"]) == ("2026-03-10T12:00:00.250000", "2026-03-10 12:00:00")
    (listed,) = manager.list_runs(judge_id)
    assert {name: listed[name] for name in run} == run
    assert list(listed) != list(run)
    with pytest.raises(ConflictError):
        manager.update_run_status(run_id, "failed", "late")
    with pytest.raises(InvalidInput):
        manager.update_run_status(run_id, "pending")


def test_content_given_directly_has_a_document_id(manager: Manager) -> None:
    run = manager.get_run(manager.create_run(new_judge(manager), actual_output="Paris.", expected_output="It is."))
    assert run
    assert (run["actual_output"], run["expected_output"], len(run["document_id"])) == ("Paris.", "It is.", 36)


def test_updates_change_what_is_given(manager: Manager) -> None:
    judge_id = new_judge(manager)
    case_id = manager.list_cases()[0]["id"]
    assert manager.update_case(case_id, name="RENAMED", min_score=2, score_threshold=0.75) is True
    assert manager.update_case(case_id) is True
    assert manager.update_case(UNKNOWN, name="x") is False
    case = manager.get_case(case_id)
    assert case
    assert (case["name"], case["min_score"], case["max_score"], case["score_threshold"]) == ("renamed", 2, 5, 0.75)
    assert len(manager.list_thresholds()) == 2
    assert manager.update_judge(judge_id, name="", parameters={}) is True
    assert manager.update_judge(UNKNOWN, name="x") is False
    judge = manager.get_judge(judge_id)
    assert judge
    assert (judge["name"], judge["parameters"], judge["case_name"]) == ("", {}, "renamed")


REFUSED: list[tuple[type[Exception], Callable[[Manager], Any]]] = [
    (AlreadyExists, lambda manager: manager.create_metric(" GEVAL ")),
    (AlreadyExists, lambda manager: manager.create_model("gpt-4o", "azure")),
    (AlreadyExists, lambda manager: manager.create_case("RELEVANCE", "t", "c")),
    (NotFound, lambda manager: new_judge_of(manager, case_id=UNKNOWN)),
    (NotFound, lambda manager: new_judge_of(manager, metric_id=UNKNOWN)),
    (NotFound, lambda manager: new_judge_of(manager, model_id=UNKNOWN)),
    (NotFound, lambda manager: manager.update_judge(manager.list_judges()[0]["id"], model_id=UNKNOWN)),
    (NotFound, lambda manager: manager.create_run(UNKNOWN, actual_output="x")),
    (NotFound, lambda manager: manager.create_run(manager.list_judges()[0]["id"], UNKNOWN)),
    (InvalidInput, lambda manager: manager.create_run(manager.list_judges()[0]["id"])),
    (InvalidInput, lambda manager: manager.create_case("x", "t", "c", 1, 2**63)),
    (InvalidInput, lambda manager: manager.create_case("x", "t", "c", score_threshold=1.5)),
    (
        InvalidInput,
        lambda manager: manager.update_case(manager.list_cases()[0]["id"], min_score=6, score_threshold=0.1),
    ),
    (NotFound, lambda manager: manager.complete_run(99, 1, 1, [1], 1, 1, 1, 1, "")),
]


def new_judge_of(manager: Manager, **fields: str) -> str:
    known = manager.list_judges()[0]
    given = {name: known[name] for name in ("case_id", "metric_id", "model_id")}
    return manager.create_judge(name=None, parameters={}, **{**given, **fields})


@pytest.mark.parametrize(("error", "attempt"), REFUSED, ids=range(len(REFUSED)))
def test_what_is_refused_leaves_nothing_behind(
    manager: Manager, error: type[Exception], attempt: Callable[[Manager], Any]
) -> None:
    new_judge(manager)
    with pytest.raises(error):
        attempt(manager)
    assert [len(rows()) for rows in (manager.list_metrics, manager.list_models, manager.list_cases)] == [1, 1, 1]
    assert [len(rows()) for rows in (manager.list_judges, manager.list_thresholds, manager.list_runs)] == [1, 1, 0]


def test_lists_and_limits(manager: Manager) -> None:
    judge_id = new_judge(manager)
    runs = [manager.create_run(judge_id, actual_output="x") for _ in range(3)]
    assert [run["id"] for run in manager.list_runs(limit=2)] == runs[:2]
    assert [run["id"] for run in manager.list_runs(limit=-1)] == runs
    assert manager.list_runs(limit=0) == manager.list_runs(UNKNOWN) == []
    assert len(manager.list_runs("")) == 3
    assert manager.get_run(2**63) is None
    assert manager.get_document(UNKNOWN) is None


def test_a_database_of_the_first_generation_is_completed(tmp_path: Path) -> None:
    with closing(make(tmp_path / "old.db", first_schema())) as old:
        old.execute("ALTER TABLE cases ADD COLUMN score_threshold REAL DEFAULT 0.7")
    manager = DatabaseManager(tmp_path / "old.db")
    assert manager.get_case(CASE)["score_threshold"] == 0.7
    manager.update_case(CASE, score_threshold=0.2)
    assert DatabaseManager(tmp_path / "old.db").get_case(CASE)["score_threshold"] == 0.2


def test_several_processes_may_begin_at_once(tmp_path: Path) -> None:
    threads = [threading.Thread(target=prepare, args=(tmp_path / "new.db",)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with writing(tmp_path / "new.db") as connection:
        assert len(columns(connection)) == 7


def test_a_block_that_fails_changes_nothing(tmp_path: Path) -> None:
    prepare(tmp_path / "new.db")
    two_of_a_name = [{"id": "a", "name": "x"}, {"id": "b", "name": "x"}]
    with pytest.raises(sqlite3.IntegrityError), writing(tmp_path / "new.db") as connection:
        insert(connection, "metrics", two_of_a_name)
    assert DatabaseManager(tmp_path / "new.db").list_metrics() == []


@pytest.mark.parametrize(
    ("taken", "wanted", "free"),
    [
        ("a", "A", False),
        ("a", " a ", True),
        ("a", "", True),
        ("", "\u2003", True),
        ("\u2003", "\u2003", False),
        ("ß", "SS", True),
        ("σ", "Σ", False),
        ("é", "e\u0301", True),
        ("k", "\u212a", False),
        ("x\x00", "x", True),
    ],
)
def test_names_of_cases_differ_as_they_did(manager: Manager, taken: str, wanted: str, free: bool) -> None:
    first, second = (manager.create_case(name, "t", "c") for name in ("first", "second"))
    manager.update_case(first, name=taken)
    if free:
        manager.update_case(second, name=wanted)
    else:
        with pytest.raises(AlreadyExists):
            manager.update_case(second, name=wanted)
    assert {case["name"] for case in manager.list_cases()} == {taken.lower(), wanted.lower() if free else "second"}


def test_scores_of_responses_are_numbers_with_a_fraction(tmp_path: Path) -> None:
    with closing(make(tmp_path / "old.db")) as old:
        insert(old, "runs", [run(1, **{**COMPLETED, "all_responses": "[3, 4.5]", "final_score": 4})])
    manager = DatabaseManager(tmp_path / "old.db")
    found = manager.get_run(1)
    assert found
    assert json.dumps([found["all_responses"], found["final_score"]]) == "[[3.0, 4.5], 4.0]"
    assert json.dumps(manager.list_runs()[0]["all_responses"]) == "[3.0, 4.5]"


def test_what_is_no_json_does_not_stop_a_list(tmp_path: Path) -> None:
    with closing(make(tmp_path / "old.db")) as old:
        insert(old, "runs", [run(1, **{**COMPLETED, "metadata": "none", "all_responses": "[1"})])
        old.execute("UPDATE judges SET parameters = 'none'")
        old.execute("UPDATE eval_documents SET metadata = '{'")
    manager = DatabaseManager(tmp_path / "old.db")
    assert [row["metadata"] for row in manager.list_documents()] == [None, None]
    assert manager.list_judges()[0]["parameters"] == {}
    assert (manager.list_runs()[0]["metadata"], manager.list_runs()[0]["all_responses"]) == (None, None)


def test_another_file_is_not_served_and_not_changed(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("no database at all, but long enough to be read as one of some kind" * 20)
    with closing(sqlite3.connect(tmp_path / "other.db")) as other:
        other.execute("CREATE TABLE runs (id INTEGER)")
    before = (tmp_path / "other.db").read_bytes()
    for name in ("text.db", "other.db"):
        with pytest.raises(SetupError, match="Set SQLITE_PATH to another file"):
            DatabaseManager(tmp_path / name)
    assert (tmp_path / "other.db").read_bytes() == before


def test_a_database_that_somebody_holds_is_a_store_that_does_not_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "_BUSY_SECONDS", 0.05)
    manager = DatabaseManager(tmp_path / "old.db")
    with closing(sqlite3.connect(tmp_path / "old.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreUnavailable, match="does not answer"):
            manager.create_metric("geval")
