"""The old manager's methods over DynamoDB: its dicts with its keys in its order, its lists in its order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from console.data.cache.cache import Cache
from console.data.legacy.manager import DynamoDBManager
from console.data.repositories import Repositories
from console.data.runs.items import run_item
from console.data.store import tables
from console.data.store.codec import to_wire_map
from console.data.store.requests import Put
from console.data.store.store import Store
from console.errors import AlreadyExists, ConflictError, InvalidInput, NotFound
from console.records import Run, RunFilter, RunId, RunStatus
from tests.support.fakes import FakeClock, incompressible
from tests.support.legacy_sample import Answers, load, recorded
from tests.support.tier import artifact, snapshot

UNKNOWN = "00000000-0000-4000-8000-000000000000"
NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
CASE_KEYS = [
    "id",
    "name",
    "task_introduction",
    "evaluation_criteria",
    "min_score",
    "max_score",
    "requires_reference",
    "threshold_id",
    "created_at",
    "updated_at",
    "score_threshold",
]
RUN_KEYS = [
    "id",
    "judge_id",
    "document_id",
    "status",
    "evaluation_status",
    "final_score",
    "final_score_normalized",
    "all_responses",
    "total_usage_tokens",
    "prompt_tokens",
    "completion_tokens",
    "execution_time_seconds",
    "prompt_used",
    "error_message",
    "metadata",
    "started_at",
    "completed_at",
    "created_at",
]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOON)


@pytest.fixture
def repositories(embedded_store: Store, clock: FakeClock) -> Repositories:
    return process(embedded_store, clock)


@pytest.fixture
def manager(repositories: Repositories) -> DynamoDBManager:
    return DynamoDBManager.of(repositories)


@pytest.fixture
def judge_id(manager: DynamoDBManager) -> str:
    return new_judge(manager)


def process(store: Store, clock: Callable[[], datetime]) -> Repositories:
    """The repositories of a process of its own."""
    return Repositories.over(store, Cache(store), clock=clock)


def new_case(manager: DynamoDBManager, name: str = "helpfulness", **fields: Any) -> str:
    return manager.create_case(name, "You judge an answer.", "Is it helpful?", **fields)


def new_judge(manager: DynamoDBManager, name: str | None = "Strict", case: str = "helpfulness", **fields: Any) -> str:
    return manager.create_judge(
        name,
        manager.create_model(f"gpt-4o of {name}", "openai"),
        new_case(manager, case, **fields),
        manager.create_metric(f"metric of {name}"),
        {"n_responses": 3},
    )


def complete(manager: DynamoDBManager, run_id: int, score: float = 4.0) -> None:
    manager.complete_run(run_id, score, (score - 1) / 4, [score], 120, 100, 20, 1.5, "Rate it.", {"a": 1})


def put_runs(store: Store, *runs: Run) -> None:
    store.batch_put(tables.RUNS, [run_item(run) for run in runs])


def pending(run_id: RunId, started_at: datetime, created_on: datetime | None = None) -> Run:
    return Run(
        run_id=run_id,
        status=RunStatus.PENDING,
        started_at=started_at,
        created_on=created_on,
        judge_id="judge-1",
        case_id="case-1",
        judge_snapshot=snapshot(),
        evaluated_artifact=artifact(),
    )


def ids(rows: list[dict[str, Any]]) -> list[Any]:
    return [row["id"] for row in rows]


# --- metrics and models ------------------------------------------------------------------------------


def test_a_metric_is_created_and_read(store: Store) -> None:
    manager = DynamoDBManager.of(process(store, FakeClock(NOON)))
    metric_id = manager.create_metric("G-Eval")
    assert manager.get_metric(metric_id) == {"id": metric_id, "name": "g-eval", "created_at": "2026-03-10 12:00:00"}
    assert manager.list_metrics() == [{"id": metric_id, "name": "g-eval", "created_at": "2026-03-10 12:00:00"}]


def test_metrics_are_newest_second_first_and_in_order_of_creation_within_it(
    manager: DynamoDBManager, clock: FakeClock
) -> None:
    first = manager.create_metric("first")
    clock.advance(seconds=0.2)
    second = manager.create_metric("second")
    clock.advance(seconds=1)
    third = manager.create_metric("third")
    assert ids(manager.list_metrics()) == [third, first, second]


def test_a_taken_name_is_refused_in_the_words_of_sqlite(manager: DynamoDBManager) -> None:
    manager.create_metric("geval")
    manager.create_model("gpt-4o", "openai")
    new_case(manager)
    with pytest.raises(AlreadyExists, match=r"UNIQUE constraint failed: metrics\.name"):
        manager.create_metric("GEVAL")
    with pytest.raises(AlreadyExists, match=r"UNIQUE constraint failed: models\.name"):
        manager.create_model("gpt-4o", "other")
    with pytest.raises(AlreadyExists, match=r"UNIQUE constraint failed: cases\.name"):
        new_case(manager, "Helpfulness")


def test_models_are_ordered_by_provider_and_name_by_code_point(manager: DynamoDBManager) -> None:
    manager.create_model("😀", "openai")
    manager.create_model("￦", "openai")
    manager.create_model("é", "openai")
    manager.create_model("a", "OpenAI")
    manager.create_model("_", "openai")
    manager.create_model("B", "openai")
    model_id = manager.create_model("z", "Anthropic")
    assert [row["name"] for row in manager.list_models()] == ["z", "B", "_", "a", "é", "￦", "😀"]
    assert manager.get_model(model_id) == {
        "id": model_id,
        "name": "z",
        "provider": "anthropic",
        "created_at": "2026-03-10 12:00:00",
    }


@pytest.mark.parametrize("unknown", [UNKNOWN, "", "none", "x" * 3_000, "\ud800"])
def test_an_unknown_id_is_none(manager: DynamoDBManager, unknown: str) -> None:
    assert manager.get_metric(unknown) is None
    assert manager.get_model(unknown) is None
    assert manager.get_case(unknown) is None
    assert manager.get_judge(unknown) is None
    assert manager.get_document(unknown) is None
    assert manager.get_threshold(unknown) is None
    assert manager.update_case(unknown, name="x") is False
    assert manager.update_judge(unknown, name="x") is False


# --- cases -------------------------------------------------------------------------------------------


def test_a_case_is_created_and_read(store: Store) -> None:
    manager = DynamoDBManager.of(process(store, FakeClock(NOON)))
    case_id = manager.create_case(" Fluency ", "", "Is it fluent?", 2, 7, True, 1)
    case = manager.get_case(case_id)
    assert case == {
        "id": case_id,
        "name": " fluency ",
        "task_introduction": "",
        "evaluation_criteria": "Is it fluent?",
        "min_score": 2,
        "max_score": 7,
        "requires_reference": True,
        "threshold_id": manager.list_thresholds(case_id)[0]["id"],
        "created_at": "2026-03-10 12:00:00",
        "updated_at": "2026-03-10 12:00:00",
        "score_threshold": 1.0,
    }
    assert list(case) == CASE_KEYS
    assert manager.list_cases() == [case]


def test_an_update_changes_what_is_given_and_keeps_the_place(manager: DynamoDBManager, clock: FakeClock) -> None:
    first = new_case(manager)
    clock.advance(seconds=1)
    second = new_case(manager, "fluency")
    clock.advance(seconds=1)
    assert manager.update_case(first, name=" Usefulness ", min_score=3, requires_reference=True) is True
    case = manager.get_case(first)
    assert case is not None
    assert case["name"] == " usefulness "
    assert (case["min_score"], case["max_score"], case["requires_reference"]) == (3, 5, True)
    assert (case["task_introduction"], case["score_threshold"]) == ("You judge an answer.", 0.5)
    assert (case["created_at"], case["updated_at"]) == ("2026-03-10 12:00:00", "2026-03-10 12:00:02")
    assert ids(manager.list_cases()) == [second, first]


def test_an_update_without_changes_says_whether_the_case_exists(manager: DynamoDBManager) -> None:
    assert manager.update_case(new_case(manager)) is True
    assert manager.update_case(UNKNOWN) is False


def test_one_bound_is_compared_with_the_other_that_is_stored(manager: DynamoDBManager) -> None:
    case_id = new_case(manager)
    with pytest.raises(InvalidInput, match="The score range 6 to 5 is empty"):
        manager.update_case(case_id, min_score=6)
    assert manager.update_case(case_id, min_score=5) is True
    assert manager.list_cases()[0]["min_score"] == 5


def test_renaming_to_a_taken_name_is_refused(manager: DynamoDBManager) -> None:
    new_case(manager)
    other = new_case(manager, "fluency")
    with pytest.raises(AlreadyExists):
        manager.update_case(other, name="HELPFULNESS", score_threshold=0.9)
    assert [row["score"] for row in manager.list_thresholds(other)] == [0.5]


def test_two_processes_that_update_one_case_both_succeed(
    manager: DynamoDBManager, embedded_store: Store, clock: FakeClock
) -> None:
    other = DynamoDBManager.of(process(embedded_store, clock))
    case_id = new_case(manager, max_score=9)
    assert other.get_case(case_id) is not None
    manager.update_case(case_id, min_score=4)
    other.update_case(case_id, max_score=8)
    found = other.get_case(case_id)
    assert found is not None
    assert (found["min_score"], found["max_score"]) == (4, 8)


# --- thresholds --------------------------------------------------------------------------------------


def test_a_case_has_the_whole_history_of_its_threshold(store: Store) -> None:
    clock = FakeClock(NOON)
    manager = DynamoDBManager.of(process(store, clock))
    case_id = new_case(manager, score_threshold=0.35)
    clock.advance(seconds=1, microseconds=283822)
    manager.update_case(case_id, score_threshold=0.55)
    clock.advance(seconds=1)
    manager.update_case(case_id, score_threshold=0.55, task_introduction="Other.")
    case = manager.get_case(case_id)
    history = manager.list_thresholds(case_id)
    assert case is not None
    assert history == [
        {
            "id": case["threshold_id"],
            "score": 0.55,
            "created_at": "2026-03-10T12:00:02.283822",
            "case_name": "helpfulness",
        },
        {
            "id": history[1]["id"],
            "score": 0.55,
            "created_at": "2026-03-10T12:00:01.283822",
            "case_name": "helpfulness",
        },
        {"id": history[2]["id"], "score": 0.35, "created_at": "2026-03-10T12:00:00", "case_name": "helpfulness"},
    ]
    assert manager.get_threshold(history[2]["id"]) == {
        "id": history[2]["id"],
        "score": 0.35,
        "created_at": "2026-03-10T12:00:00",
    }


def test_a_threshold_alone_makes_no_new_version(manager: DynamoDBManager, repositories: Repositories) -> None:
    case_id = new_case(manager)
    manager.update_case(case_id, score_threshold=0.7)
    assert [case.version for case in repositories.cases.versions(case_id)] == ["1.0"]
    manager.update_case(case_id, score_threshold=0.8, evaluation_criteria="Is it useful?")
    assert [case.version for case in repositories.cases.versions(case_id)] == ["2.0", "1.0"]


def test_all_thresholds_are_newest_first_those_of_cases_out_of_use_too(
    manager: DynamoDBManager, repositories: Repositories, clock: FakeClock
) -> None:
    gone = new_case(manager, score_threshold=0.1)
    clock.advance(seconds=1)
    kept = new_case(manager, "fluency", score_threshold=0.2)
    clock.advance(seconds=1)
    manager.update_case(gone, score_threshold=0.3)
    repositories.cases.deactivate(gone, by="ana")
    assert manager.list_thresholds() == [
        {"id": manager.list_thresholds()[0]["id"], "score": 0.3, "created_at": "2026-03-10T12:00:02"},
        {"id": manager.list_thresholds(kept)[0]["id"], "score": 0.2, "created_at": "2026-03-10T12:00:01"},
        {"id": manager.list_thresholds()[2]["id"], "score": 0.1, "created_at": "2026-03-10T12:00:00"},
    ]
    assert manager.list_thresholds(gone) == []
    assert manager.list_thresholds("") == manager.list_thresholds()


def test_the_history_inside_a_case_of_an_earlier_system_is_listed(
    manager: DynamoDBManager, embedded_store: Store
) -> None:
    entry = {"thresholdId": "t-1", "score": 0.4, "createdAt": "2025-09-01T10:00:00.500000"}
    case = {
        "partitionKey": "case-1",
        "sortKey": "1.0",
        "active": "true",
        "caseId": "case-1",
        "name": "old",
        "taskIntroduction": "",
        "evaluationCriteria": "",
        "scoreRange": {"min": 1, "max": 5},
        "requiresReference": False,
        "currentThreshold": 0.4,
        "thresholdHistory": [entry],
        "createdOn": "2025-09-01T10:00:00.500000",
        "lastUpdatedOn": "2025-09-01T10:00:00.500000",
    }
    embedded_store.write(Put(tables.CASES, to_wire_map(case)))
    found = manager.get_case("case-1")
    assert found is not None
    assert found["threshold_id"] == "t-1"
    assert manager.list_thresholds() == [{"id": "t-1", "score": 0.4, "created_at": "2025-09-01T10:00:00.500000"}]
    assert manager.get_threshold("t-1") == {"id": "t-1", "score": 0.4, "created_at": "2025-09-01T10:00:00.500000"}


def test_a_history_entry_of_an_earlier_system_is_listed(manager: DynamoDBManager, embedded_store: Store) -> None:
    entry = {"partitionKey": "t-1", "sortKey": "2025-09-01T10:00:00", "id": "t-1", "score": 1}
    embedded_store.write(Put(tables.THRESHOLDS, to_wire_map(entry)))
    assert manager.list_thresholds() == [{"id": "t-1", "score": 1.0, "created_at": "2025-09-01T10:00:00"}]


# --- documents ---------------------------------------------------------------------------------------


def test_a_document_is_created_and_read(store: Store) -> None:
    manager = DynamoDBManager.of(process(store, FakeClock(NOON)))
    document_id = manager.create_document("", "Paris", {"b": 1.0, "a": 12345678901234567890123})
    document = manager.get_document(document_id)
    assert document == {
        "id": document_id,
        "actual_output": "",
        "expected_output": "Paris",
        "metadata": {"b": 1.0, "a": 12345678901234567890123},
        "created_at": "2026-03-10 12:00:00",
    }
    assert list(document) == ["id", "actual_output", "expected_output", "metadata", "created_at"]
    assert list(document["metadata"]) == ["b", "a"]


def test_empty_metadata_are_none(manager: DynamoDBManager) -> None:
    document = manager.get_document(manager.create_document("x", metadata={}))
    assert document is not None
    assert (document["metadata"], document["expected_output"]) == (None, None)


def test_documents_are_newest_second_first_and_in_order_of_creation_within_it(
    manager: DynamoDBManager, clock: FakeClock
) -> None:
    first = manager.create_document("first")
    clock.advance(seconds=0.2)
    second = manager.create_document(incompressible(200_000))
    clock.advance(seconds=1)
    third = manager.create_document("third")
    assert ids(manager.list_documents()) == [third, first, second]
    assert [len(row["actual_output"]) for row in manager.list_documents()] == [5, 5, 200_000]


# --- judges ------------------------------------------------------------------------------------------


def test_a_judge_is_created_and_read(store: Store) -> None:
    manager = DynamoDBManager.of(process(store, FakeClock(NOON)))
    model_id, metric_id = manager.create_model("gpt-4o", "openai"), manager.create_metric("geval")
    case_id = new_case(manager)
    judge_id = manager.create_judge(None, model_id, case_id, metric_id, {"z": 1.0, "n_responses": 3}, "For tests")
    row = {
        "id": judge_id,
        "name": None,
        "model_id": model_id,
        "case_id": case_id,
        "metric_id": metric_id,
        "parameters": {"z": 1.0, "n_responses": 3},
        "description": "For tests",
        "created_at": "2026-03-10 12:00:00",
        "case_name": "helpfulness",
        "metric_name": "geval",
        "model_name": "gpt-4o",
        "model_provider": "openai",
    }
    of_case = {
        "task_introduction": "You judge an answer.",
        "evaluation_criteria": "Is it helpful?",
        "min_score": 1,
        "max_score": 5,
        "requires_reference": False,
    }
    whole = manager.get_judge(judge_id)
    assert whole == row | of_case
    assert list(whole) == [*list(row)[:9], *of_case, *list(row)[9:]]
    assert manager.list_judges() == [row]
    assert list(manager.list_judges()[0]) == list(row)


def test_a_judge_of_what_does_not_exist_is_refused(manager: DynamoDBManager) -> None:
    model_id, metric_id = manager.create_model("gpt-4o", "openai"), manager.create_metric("geval")
    case_id = new_case(manager)
    with pytest.raises(NotFound, match="There is no case"):
        manager.create_judge("x", UNKNOWN, "", UNKNOWN, {})
    with pytest.raises(NotFound, match="There is no metric"):
        manager.create_judge("x", UNKNOWN, case_id, UNKNOWN, {})
    with pytest.raises(NotFound, match="There is no model"):
        manager.create_judge("x", UNKNOWN, case_id, metric_id, {})
    with pytest.raises(InvalidInput, match="parameters"):
        manager.create_judge("x", model_id, case_id, metric_id, {"x": float("nan")})


def test_a_judge_shows_the_present_name_of_its_case(manager: DynamoDBManager, judge_id: str) -> None:
    manager.update_case(manager.list_cases()[0]["id"], name="usefulness")
    assert manager.list_judges()[0]["case_name"] == "usefulness"


def test_a_judge_goes_out_of_use_with_its_case(
    manager: DynamoDBManager, repositories: Repositories, judge_id: str
) -> None:
    repositories.cases.deactivate(manager.list_cases()[0]["id"], by="ana")
    assert manager.get_judge(judge_id) is None
    assert manager.list_judges() == []


def test_an_update_of_a_judge_replaces_its_parameters(
    manager: DynamoDBManager, repositories: Repositories, judge_id: str
) -> None:
    assert manager.update_judge(judge_id, name="", parameters={"temperature": 0.5}, description="") is True
    found = manager.get_judge(judge_id)
    assert found is not None
    assert (found["name"], found["parameters"], found["description"]) == ("", {"temperature": 0.5}, "")
    assert repositories.judges.get(judge_id).llm.temperature == 0.5


def test_an_update_of_a_judges_model_keeps_its_parameters(
    manager: DynamoDBManager, repositories: Repositories, judge_id: str
) -> None:
    manager.update_judge(judge_id, parameters={"temperature": 0.5})
    assert manager.update_judge(judge_id, model_id=manager.create_model("gemini", "google")) is True
    found = manager.get_judge(judge_id)
    assert found is not None
    assert (found["model_name"], found["model_provider"]) == ("gemini", "google")
    assert found["parameters"] == {"temperature": 0.5}
    assert repositories.judges.get(judge_id).llm.temperature == 0.5
    with pytest.raises(NotFound, match="There is no model"):
        manager.update_judge(judge_id, model_id=UNKNOWN)


def test_an_update_of_a_judge_without_changes_makes_no_version(
    manager: DynamoDBManager, repositories: Repositories, judge_id: str
) -> None:
    assert manager.update_judge(judge_id) is True
    assert repositories.judges.get(judge_id).version == "1.0"


# --- one run -----------------------------------------------------------------------------------------


def test_a_run_is_created_started_and_completed(store: Store) -> None:
    clock = FakeClock(NOON)
    manager = DynamoDBManager.of(process(store, clock))
    judge_id = new_judge(manager)
    document_id = manager.create_document("Paris is big.", "Paris is the capital.")
    run_id = manager.create_run(judge_id, document_id)
    unfinished = {
        "id": 1,
        "judge_id": judge_id,
        "document_id": document_id,
        "status": "pending",
        "evaluation_status": None,
        "final_score": None,
        "final_score_normalized": None,
        "all_responses": None,
        "total_usage_tokens": None,
        "prompt_tokens": None,
        "completion_tokens": None,
        "execution_time_seconds": None,
        "prompt_used": None,
        "error_message": None,
        "metadata": None,
        "started_at": "2026-03-10T12:00:00",
        "completed_at": None,
        "created_at": "2026-03-10 12:00:00",
        "judge_name": "Strict",
        "model_name": "gpt-4o of Strict",
        "model_provider": "openai",
        "case_name": "helpfulness",
        "metric_name": "metric of strict",
        "actual_output": "Paris is big.",
        "expected_output": "Paris is the capital.",
    }
    assert manager.get_run(run_id) == unfinished
    manager.update_run_status(run_id, "running")
    assert manager.get_run(run_id) == unfinished | {"status": "running"}
    clock.advance(microseconds=1500)
    manager.complete_run(run_id, 3, 0.5, [3, 3.0], 120, 100, 20, 2, "Rate it.", {"geval_version": "1.0.0"})
    run = manager.get_run(run_id)
    assert run == unfinished | {
        "status": "completed",
        "evaluation_status": "pass",
        "final_score": 3.0,
        "final_score_normalized": 0.5,
        "all_responses": [3.0, 3.0],
        "total_usage_tokens": 120,
        "prompt_tokens": 100,
        "completion_tokens": 20,
        "execution_time_seconds": 2.0,
        "prompt_used": "Rate it.",
        "metadata": {"geval_version": "1.0.0"},
        "completed_at": "2026-03-10T12:00:00.001500",
    }
    assert isinstance(run["all_responses"][0], float)
    assert isinstance(run["final_score"], float)
    assert isinstance(run["execution_time_seconds"], float)


def test_a_failed_run_has_its_error_and_no_results(manager: DynamoDBManager, judge_id: str, clock: FakeClock) -> None:
    run_id = manager.create_run(judge_id, actual_output="x")
    manager.update_run_status(run_id, "failed", "Evaluation failed: no answer")
    run = manager.get_run(run_id)
    assert run is not None
    assert (run["status"], run["error_message"]) == ("failed", "Evaluation failed: no answer")
    assert {name for name in RUN_KEYS if run[name] is None} == {
        "evaluation_status",
        "final_score",
        "final_score_normalized",
        "all_responses",
        "total_usage_tokens",
        "prompt_tokens",
        "completion_tokens",
        "execution_time_seconds",
        "prompt_used",
        "metadata",
        "completed_at",
    }


def test_a_run_has_the_keys_of_the_old_select_in_their_order(manager: DynamoDBManager, judge_id: str) -> None:
    run_id = manager.create_run(judge_id, actual_output="x", expected_output="y")
    content = ["actual_output", "expected_output"]
    of_one = ["judge_name", "model_name", "model_provider", "case_name", "metric_name"]
    of_list = ["judge_name", "case_name", "metric_name", "model_name", "model_provider"]
    assert list(manager.get_run(run_id) or {}) == [*RUN_KEYS, *of_one, *content]
    assert list(manager.list_runs()[0]) == [*RUN_KEYS, *of_list, *content]


def test_a_run_needs_a_judge_and_something_to_judge(manager: DynamoDBManager, judge_id: str) -> None:
    with pytest.raises(NotFound, match="There is no judge"):
        manager.create_run(UNKNOWN, actual_output="x")
    with pytest.raises(NotFound, match="There is no judge"):
        manager.create_run("", actual_output="x")
    with pytest.raises(NotFound, match="There is no document"):
        manager.create_run(judge_id, UNKNOWN, "content does not replace it")
    with pytest.raises(InvalidInput, match="Give either document_id or actual_output"):
        manager.create_run(judge_id, "", "")
    assert manager.list_runs() == []


def test_a_document_wins_over_content_given_directly(manager: DynamoDBManager, judge_id: str) -> None:
    document_id = manager.create_document("of the document")
    run = manager.get_run(manager.create_run(judge_id, document_id, "direct", "direct"))
    assert run is not None
    assert (run["actual_output"], run["expected_output"]) == ("of the document", None)


def test_a_run_is_judged_by_the_threshold_of_the_moment_when_it_completes(
    manager: DynamoDBManager, embedded_store: Store, clock: FakeClock, judge_id: str
) -> None:
    other = DynamoDBManager.of(process(embedded_store, clock))
    before, after = manager.create_run(judge_id, actual_output="x"), manager.create_run(judge_id, actual_output="x")
    complete(manager, before, 4.0)
    other.update_case(other.list_cases()[0]["id"], score_threshold=0.8)
    complete(manager, after, 4.0)
    assert [row["evaluation_status"] for row in manager.list_runs()] == ["pass", "fail"]


def test_a_run_whose_case_went_out_of_use_is_judged_by_its_snapshot(
    manager: DynamoDBManager, repositories: Repositories
) -> None:
    run_id = manager.create_run(new_judge(manager, score_threshold=0.9), actual_output="x")
    repositories.cases.deactivate(manager.list_cases()[0]["id"], by="ana")
    complete(manager, run_id, 4.0)
    assert manager.list_runs()[0]["evaluation_status"] == "fail"


def test_a_run_is_finished_once(manager: DynamoDBManager, judge_id: str) -> None:
    run_id = manager.create_run(judge_id, actual_output="x")
    complete(manager, run_id)
    with pytest.raises(ConflictError):
        complete(manager, run_id)
    with pytest.raises(ConflictError):
        manager.update_run_status(run_id, "failed", "late")
    with pytest.raises(ConflictError):
        manager.update_run_status(run_id, "running")


def test_a_run_takes_no_other_status(manager: DynamoDBManager, judge_id: str) -> None:
    run_id = manager.create_run(judge_id, actual_output="x")
    with pytest.raises(InvalidInput, match="cannot be set to 'completed'"):
        manager.update_run_status(run_id, "completed")
    with pytest.raises(NotFound, match="There is no run 99"):
        manager.update_run_status(99, "running")


def test_a_score_that_is_no_number_leaves_the_run_unfinished(manager: DynamoDBManager, judge_id: str) -> None:
    run_id = manager.create_run(judge_id, actual_output="x")
    with pytest.raises(InvalidInput):
        complete(manager, run_id, float("nan"))
    assert manager.list_runs()[0]["status"] == "pending"


@pytest.mark.parametrize("run_id", [0, -1, 7, 2**63, 10**3_000])
def test_an_unknown_run_is_none(manager: DynamoDBManager, run_id: int) -> None:
    assert manager.get_run(run_id) is None


def test_runs_show_the_present_names(manager: DynamoDBManager, judge_id: str) -> None:
    run_id = manager.create_run(judge_id, actual_output="x")
    complete(manager, run_id)
    manager.update_case(manager.list_cases()[0]["id"], name="usefulness")
    manager.update_judge(judge_id, name="Mild", model_id=manager.create_model("gemini", "google"))
    run = manager.get_run(run_id)
    assert run is not None
    assert (run["judge_name"], run["case_name"]) == ("Mild", "usefulness")
    assert (run["model_name"], run["model_provider"]) == ("gemini", "google")
    assert manager.list_runs() == [run]


def test_runs_show_the_names_of_the_snapshot_where_the_entity_is_gone(
    manager: DynamoDBManager, embedded_store: Store
) -> None:
    put_runs(embedded_store, pending(1, NOON))
    run = manager.get_run(1)
    assert run is not None
    assert (run["judge_name"], run["case_name"], run["metric_name"]) == ("Strict", "Helpfulness", "geval")
    assert (run["model_name"], run["model_provider"]) == ("gpt-4o", "openai")


# --- lists of runs -----------------------------------------------------------------------------------


def test_runs_are_newest_second_first_and_by_id_within_it(store: Store) -> None:
    manager = DynamoDBManager.of(process(store, FakeClock(NOON)))
    put_runs(store, pending(9, NOON + timedelta(seconds=0.1)), pending(10, NOON + timedelta(seconds=0.2)))
    put_runs(store, pending(11, NOON + timedelta(seconds=0.9)), pending(12, NOON + timedelta(seconds=1)))
    assert ids(manager.list_runs()) == [12, 9, 10, 11]
    assert ids(manager.list_runs(limit=2)) == [12, 9]


def test_the_limit_cuts_after_the_order_also_where_a_second_is_longer_than_a_page(
    manager: DynamoDBManager, embedded_store: Store
) -> None:
    put_runs(embedded_store, *[pending(one, NOON + timedelta(milliseconds=one)) for one in range(1, 61)])
    put_runs(embedded_store, pending(61, NOON - timedelta(seconds=1)), pending(62, NOON + timedelta(seconds=1)))
    assert ids(manager.list_runs(limit=1)) == [62]
    assert ids(manager.list_runs(limit=4)) == [62, 1, 2, 3]
    assert ids(manager.list_runs(limit=61)) == [62, *range(1, 61)]
    assert ids(manager.list_runs(limit=62)) == [62, *range(1, 61), 61]
    assert ids(manager.list_runs(limit=63)) == [62, *range(1, 61), 61]


def test_a_migrated_run_is_ordered_by_the_second_when_it_was_inserted(
    manager: DynamoDBManager, embedded_store: Store
) -> None:
    late = NOON + timedelta(seconds=4)
    put_runs(embedded_store, pending(1, NOON + timedelta(seconds=1), created_on=late))
    put_runs(embedded_store, *[pending(one, NOON + timedelta(seconds=3), created_on=late) for one in range(2, 40)])
    put_runs(embedded_store, pending(40, NOON, created_on=NOON))
    assert ids(manager.list_runs(limit=2)) == [1, 2]
    assert manager.list_runs(limit=1)[0]["created_at"] == "2026-03-10 12:00:04"
    assert ids(manager.list_runs())[-1] == 40


def test_limits_of_none_and_of_all(manager: DynamoDBManager, embedded_store: Store) -> None:
    put_runs(embedded_store, *[pending(one, NOON - timedelta(seconds=one)) for one in range(1, 1_102)])
    assert manager.list_runs(limit=0) == []
    assert ids(manager.list_runs()) == list(range(1, 101))
    assert ids(manager.list_runs(limit=1_050)) == list(range(1, 1_051))
    assert ids(manager.list_runs(limit=-1)) == list(range(1, 1_102))
    assert ids(manager.list_runs("judge-1", -5)) == list(range(1, 1_102))


def test_runs_of_a_judge(manager: DynamoDBManager, clock: FakeClock) -> None:
    strict, mild = new_judge(manager), new_judge(manager, "Mild", "fluency")
    first = manager.create_run(strict, actual_output="x")
    clock.advance(seconds=1)
    second = manager.create_run(mild, actual_output="x")
    assert ids(manager.list_runs(strict)) == [first]
    assert ids(manager.list_runs("")) == [second, first]
    assert manager.list_runs("zzz") == []
    assert manager.list_runs("x" * 3_000) == []


def test_finished_runs_are_read_once(manager: DynamoDBManager, embedded_store: Store, judge_id: str) -> None:
    complete(manager, manager.create_run(judge_id, actual_output="x"))
    complete(manager, manager.create_run(judge_id, actual_output="y"))
    store = Store(embedded_store.client, prefix=embedded_store.prefix)
    reader = DynamoDBManager.of(Repositories.over(store, Cache(store, clock=lambda: 0.0)))
    assert [row["actual_output"] for row in reader.list_runs()] == ["x", "y"]
    # How runs are spread; four statuses, the judge, the case; the change tokens, the runs.
    assert store.meter.read().requests == {"get_item": 1, "query": 6, "batch_get_item": 2}
    assert [row["actual_output"] for row in reader.list_runs()] == ["x", "y"]
    assert store.meter.read().requests == {"get_item": 1, "query": 10, "batch_get_item": 2}


def test_an_unfinished_run_is_read_again_each_time(
    manager: DynamoDBManager, embedded_store: Store, clock: FakeClock, judge_id: str
) -> None:
    other = DynamoDBManager.of(process(embedded_store, clock))
    run_id = manager.create_run(judge_id, actual_output="x")
    assert other.list_runs()[0]["status"] == "pending"
    complete(manager, run_id)
    assert other.list_runs()[0]["status"] == "completed"


def test_a_long_text_in_a_list_is_whole(manager: DynamoDBManager, judge_id: str) -> None:
    text = incompressible(300_000)
    complete(manager, manager.create_run(judge_id, actual_output="short"))
    complete(manager, manager.create_run(judge_id, actual_output=text))
    assert [row["actual_output"] == text for row in manager.list_runs()] == [False, True]


def test_whole_runs_come_in_the_order_of_their_rows_without_those_that_are_gone(
    repositories: Repositories, embedded_store: Store
) -> None:
    put_runs(embedded_store, pending(1, NOON), pending(2, NOON + timedelta(seconds=1)), pending(3, NOON))
    rows = repositories.runs.list(RunFilter()).items
    embedded_store.batch_delete(tables.RUNS, [("RUN#3", "2026-03-10T12:00:00.000000Z")])
    found = repositories.runs.get_many(sorted(rows, key=lambda row: str(row.run_id)))
    assert [run.run_id for run in found] == [1, 2]
    assert repositories.runs.get_many([]) == []


def test_a_run_of_an_earlier_system_is_listed_under_its_own_id(manager: DynamoDBManager, embedded_store: Store) -> None:
    old = run_item(pending("0d6c34a1-6d2f-4ed5-8e59-0d9f5d8f0c11", NOON)) | to_wire_map(
        {"sortKey": "2025-09-01T10:00:00.250000", "startedAt": "2025-09-01T10:00:00.250000"}
    )
    embedded_store.batch_put(tables.RUNS, [old])
    run = manager.list_runs()[0]
    assert run["id"] == "0d6c34a1-6d2f-4ed5-8e59-0d9f5d8f0c11"
    assert (run["started_at"], run["created_at"]) == ("2025-09-01T10:00:00.250000", "2025-09-01 10:00:00")
    assert manager.get_run(run["id"]) == manager.list_runs()[0] | {"id": run["id"]}


# --- the whole ---------------------------------------------------------------------------------------


def test_it_connects_by_region_endpoint_and_prefix(embedded_store: Store, engine_endpoint: str) -> None:
    manager = DynamoDBManager("us-east-1", engine_endpoint, embedded_store.prefix)
    metric_id = manager.create_metric("geval")
    again = DynamoDBManager(endpoint_url=engine_endpoint, table_prefix=embedded_store.prefix)
    assert ids(again.list_metrics()) == [metric_id]


def test_who_writes_is_recorded(repositories: Repositories) -> None:
    case_id = new_case(DynamoDBManager.of(repositories, by="migration"))
    assert repositories.cases.get(case_id).created_by == "migration"


@pytest.fixture(scope="module")
def answers() -> Answers:
    return recorded()


def test_the_recorded_lists_of_the_old_system_come_back(
    manager: DynamoDBManager, repositories: Repositories, answers: Answers
) -> None:
    load(repositories, answers)
    assert manager.list_metrics() == answers["/metrics"]
    assert manager.list_models() == answers["/models"]
    assert manager.list_documents() == answers["/documents"]
    assert shown(manager.list_cases(), answers["/cases"]) == answers["/cases"]
    assert shown(manager.list_judges(), answers["/judges"]) == answers["/judges"]
    assert shown(manager.list_runs(limit=1000), answers["/runs"]) == answers["/runs?limit=1000"]
    assert shown(manager.list_runs(), answers["/runs"]) == answers["/runs"]
    assert shown(manager.list_runs(limit=7), answers["/runs"]) == answers["/runs?limit=7"]


def shown(rows: list[dict[str, Any]], answer: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the old API showed of the rows."""
    return [{name: row[name] for name in answer[0]} for row in rows]
