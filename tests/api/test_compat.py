"""The legacy API answers as it always did: bodies, key order, status codes, what it accepts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi.testclient import TestClient

import api_compat
from console.config import Settings
from console.data.cache.cache import Cache
from console.data.legacy.manager import DynamoDBManager
from console.data.store.store import Store
from console.services import Engine, Services
from tests.support.fakes import FakeClock
from tests.support.faults.proxy import Faults
from tests.support.legacy_sample import Answers, load, recorded
from tests.support.tier import behind_proxy

RUN_KEYS = [
    "id",
    "judge_id",
    "document_id",
    "judge_name",
    "case_name",
    "metric_name",
    "model_name",
    "model_provider",
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
    "actual_output",
    "expected_output",
    "started_at",
    "completed_at",
    "created_at",
]
NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
NOT_A_NUMBER = "Input should be a valid integer, unable to parse string as an integer"


def over(store: Store, clock: FakeClock) -> Services:
    """The services of a process of its own."""
    settings, engine = Settings(), Engine("endpoint", None, "")
    return Services.over(store, Cache(store), clock=clock, settings=settings, engine=engine)


@pytest.fixture
def services(embedded_store: Store) -> Services:
    return over(embedded_store, FakeClock(NOON))


@pytest.fixture
def client(services: Services) -> Iterator[TestClient]:
    with TestClient(api_compat.create_app(services.settings, lambda _: services)) as running:
        yield running


@pytest.fixture
def manager(services: Services) -> DynamoDBManager:
    return DynamoDBManager.of(services)


@pytest.fixture
def judge_id(manager: DynamoDBManager) -> str:
    return new_judge(manager)


def new_judge(manager: DynamoDBManager) -> str:
    return manager.create_judge(
        "Strict",
        manager.create_model("gpt-4o", "openai"),
        manager.create_case("helpfulness", "You judge an answer.", "Is it helpful?"),
        manager.create_metric("geval"),
        {"n_responses": 3},
    )


def completed(manager: DynamoDBManager, judge_id: str, metadata: dict[str, Any] | None = None) -> int:
    run_id = manager.create_run(judge_id, actual_output="Paris is big.")
    manager.complete_run(run_id, 4, 0.75, [4], 120, 100, 20, 1, "Rate it.", metadata)
    return run_id


def ids(client: TestClient, query: str) -> list[int]:
    return [run["id"] for run in client.get(f"/runs{query}").json()]


def test_the_api_says_that_it_is_up_before_its_store_is_open() -> None:
    answer = TestClient(api_compat.app).get("/")
    assert answer.status_code == 200
    assert answer.json() | {"timestamp": ""} == {
        "status": "healthy",
        "service": "G-Eval API",
        "version": "1.0.0",
        "timestamp": "",
    }
    assert datetime.fromisoformat(answer.json()["timestamp"]).tzinfo is None


def test_a_run_is_answered_with_the_old_keys_in_the_old_order(
    client: TestClient, manager: DynamoDBManager, judge_id: str
) -> None:
    run_id = completed(manager, judge_id, {"geval_version": "1.0.0"})
    answer = client.get(f"/runs/{run_id}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {
        "id": 1,
        "judge_id": judge_id,
        "document_id": answer.json()["document_id"],
        "judge_name": "Strict",
        "case_name": "helpfulness",
        "metric_name": "geval",
        "model_name": "gpt-4o",
        "model_provider": "openai",
        "status": "completed",
        "evaluation_status": "pass",
        "final_score": 4.0,
        "final_score_normalized": 0.75,
        "all_responses": [4.0],
        "total_usage_tokens": 120,
        "prompt_tokens": 100,
        "completion_tokens": 20,
        "execution_time_seconds": 1.0,
        "prompt_used": "Rate it.",
        "error_message": None,
        "metadata": {"geval_version": "1.0.0"},
        "actual_output": "Paris is big.",
        "expected_output": None,
        "started_at": "2026-03-10T12:00:00",
        "completed_at": "2026-03-10T12:00:00",
        "created_at": "2026-03-10 12:00:00",
    }
    assert list(answer.json()) == RUN_KEYS
    assert client.get("/runs").json() == [answer.json()]


def test_numbers_keep_their_type_and_all_their_digits(
    client: TestClient, manager: DynamoDBManager, judge_id: str
) -> None:
    run_id = completed(manager, judge_id, {"long": 12345678901234567890123, "float": 1.0, "int": 1})
    text = client.get(f"/runs/{run_id}").text
    assert '"metadata":{"long":12345678901234567890123,"float":1.0,"int":1}' in text
    assert '"final_score":4.0,"final_score_normalized":0.75,"all_responses":[4.0]' in text


def test_the_default_limit_is_100(client: TestClient, manager: DynamoDBManager, judge_id: str) -> None:
    first = [manager.create_run(judge_id, actual_output="x") for _ in range(101)]
    assert ids(client, "") == first[:100]
    assert ids(client, "?limit=101") == first
    assert ids(client, "?limit=1000") == first
    assert ids(client, "?limit=-1") == first
    assert ids(client, "?limit=2") == [1, 2]
    assert ids(client, "?limit=2.0") == [1, 2]
    assert ids(client, "?limit=0") == []
    assert ids(client, f"?judge_id={judge_id}&limit=1") == [1]
    assert ids(client, "?judge_id=&limit=1") == [1]
    assert ids(client, "?judge_id=zzz") == []


def test_a_limit_that_is_no_number_is_refused(client: TestClient) -> None:
    answer = client.get("/runs?limit=ten")
    assert answer.status_code == 422
    assert answer.json() == {
        "detail": [{"type": "int_parsing", "loc": ["query", "limit"], "msg": NOT_A_NUMBER, "input": "ten"}]
    }
    assert client.get(f"/runs?limit={2**63}").status_code == 422
    assert client.get(f"/runs?limit={-(2**63) - 1}").status_code == 422
    assert client.get(f"/runs?limit={2**63 - 1}").json() == []


@pytest.mark.parametrize("run_id", ["2000000000", "0", "-1", "99999999999999999999"])
def test_an_unknown_run_is_not_found(client: TestClient, run_id: str) -> None:
    answer = client.get(f"/runs/{run_id}")
    assert answer.status_code == 404
    assert answer.json() == {"detail": "Run not found"}


@pytest.mark.parametrize("run_id", ["1.0", "001", "+1"])
def test_a_run_id_may_be_spelled_as_python_reads_it(
    client: TestClient, manager: DynamoDBManager, judge_id: str, run_id: str
) -> None:
    completed(manager, judge_id)
    assert client.get(f"/runs/{run_id}").json()["id"] == 1


@pytest.mark.parametrize("run_id", ["abc", "1.5", "00000000-0000-4000-8000-000000000000"])
def test_a_run_id_that_is_no_number_is_refused(client: TestClient, run_id: str) -> None:
    answer = client.get(f"/runs/{run_id}")
    assert answer.status_code == 422
    assert answer.json() == {
        "detail": [{"type": "int_parsing", "loc": ["path", "run_id"], "msg": NOT_A_NUMBER, "input": run_id}]
    }


def test_runs_are_only_read(client: TestClient) -> None:
    answer = client.post("/runs", json={})
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET"
    assert answer.json() == {"detail": "Method Not Allowed"}


def test_a_store_that_does_not_answer_is_503_and_the_health_check_still_200(
    embedded_store: Store, engine_endpoint: str
) -> None:
    with behind_proxy(embedded_store, engine_endpoint, deadline=0.2) as (store, proxy):
        proxy.plan(Faults(throttle=1.0))
        with TestClient(api_compat.create_app(Settings(), lambda _: over(store, FakeClock()))) as client:
            answer = client.get("/runs")
            assert client.get("/").status_code == 200
    assert answer.status_code == 503
    assert answer.json()["detail"].startswith("The store did not complete get_item on")


def test_the_runs_are_described_in_the_openapi_document(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    assert list(document["components"]["schemas"]["RunResponse"]["properties"]) == RUN_KEYS
    assert document["info"]["title"] == "G-Eval API"
    assert document["info"]["version"] == "1.0.0"


def test_the_recorded_answers_of_the_old_system_come_back(
    client: TestClient, services: Services, answers: Answers
) -> None:
    load(services, answers)
    of_runs = {path: body for path, body in answers.items() if path.startswith("/runs")}
    assert len(of_runs) == 129
    assert {path: exact(client.get(path).json()) for path in of_runs} == {
        path: exact(body) for path, body in of_runs.items()
    }


@pytest.fixture(scope="module")
def answers() -> Answers:
    return recorded()


def exact(body: Any) -> str:
    """The body as text: key order, 1 against 1.0 and null all count."""
    return json.dumps(body)


def test_health_and_readiness_need_no_key_and_say_how_the_store_is(embedded_store: Store, engine_endpoint: str) -> None:
    settings = Settings(dynamodb_endpoint=engine_endpoint, table_prefix=embedded_store.prefix, api_keys=("secret",))
    with TestClient(api_compat.create_app(settings)) as client:
        assert client.get("/health").json()["status"] == "healthy"
        assert (client.get("/ready").status_code, client.get("/ready").json()["status"]) == (200, "ready")
        assert client.get("/runs").status_code == 401
