"""`/v2`: what is new, for scripts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest
from fastapi.testclient import TestClient

import api_compat
from console.actions.batches import batches
from console.actions.permissions import outsider
from console.config import Settings
from console.data.cache.cache import Cache
from console.data.store.store import Store
from console.engine.process import wait_until
from console.records import BatchState, Drawn, NewChunk, Selection
from console.services import Engine, Services
from tests.support.console_app import failed, new_case, new_judge, scored
from tests.support.scripted import ScriptedProvider, always, replied

UNKNOWN = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def services(embedded_store: Store) -> Services:
    settings = Settings()
    built = Services.over(embedded_store, Cache(embedded_store), settings=settings, engine=Engine("endpoint", None, ""))
    built.catalog.ensure_defaults()
    return built


@pytest.fixture
def client(services: Services) -> Iterator[TestClient]:
    with TestClient(api_compat.create_app(services.settings, lambda _: services)) as running:
        yield running


def date_of(run_id: int, client: TestClient) -> str:
    """The day on which a run began."""
    return str(client.get(f"/v2/runs/{run_id}").json()["startedAt"])[:10]


def test_runs_are_filtered_and_paged(client: TestClient, services: Services) -> None:
    case = new_case(services)
    judge = new_judge(services, case)
    for score in (2, 3, 4):
        scored(services, judge, case, score)
    failed(services, judge, case, "No answer.")
    first = client.get("/v2/runs", params={"limit": 3, "case_id": case.case_id}).json()
    second = client.get("/v2/runs", params={"limit": 3, "case_id": case.case_id, "cursor": first["cursor"]}).json()
    assert [row["runId"] for row in first["items"] + second["items"]] == [4, 3, 2, 1]
    assert second["cursor"] is None
    assert [row["runId"] for row in client.get("/v2/runs?verdict=pass&score_from=0.7").json()["items"]] == [3]
    assert [row["runId"] for row in client.get("/v2/runs?status=failed").json()["items"]] == [4]
    today = date_of(4, client)
    assert len(client.get("/v2/runs", params={"first_day": today, "last_day": today}).json()["items"]) == 4
    assert client.get("/v2/runs?cursor=broken").status_code == 422
    assert client.get("/v2/runs?limit=1001").status_code == 422


def test_a_run_is_answered_whole(client: TestClient, services: Services) -> None:
    case = new_case(services)
    run = scored(services, new_judge(services, case), case, 4)
    found = client.get(f"/v2/runs/{run.run_id}").json()
    assert found["judgeSnapshot"]["caseName"] == "Summaries"
    assert found["evaluatedArtifact"]["evaluationTarget"] == "A summary."
    assert client.get("/v2/runs/99").status_code == 404


def pages(client: TestClient, path: str, **query: str) -> list[dict[str, Any]]:
    """The items of a list, read one by one."""
    items: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = client.get(path, params={**query, "limit": 1, **cursor}).json()
        items += page["items"]
        if page["cursor"] is None:
            return items
        cursor = {"cursor": page["cursor"]}


def test_a_queue_is_labelled_with_its_odds_and_the_agreement_tells_of_all_runs(
    client: TestClient, services: Services
) -> None:
    case = new_case(services)
    judge = new_judge(services, case)
    for place in range(12):
        scored(services, judge, case, 2.0 if place % 3 else 5.0)
    queue = pages(client, f"/v2/cases/{case.case_id}/review", queue="random")
    assert len(queue) == 12
    for one in queue[:10]:
        label = {"passed": one["run"]["finalScore"] > 3, **one["drawn"]}
        assert client.put(f"/v2/runs/{one['run']['runId']}/labels", json=label).status_code == 200
    told = client.get(f"/v2/cases/{case.case_id}/agreement").json()
    assert told["corrected"]["labels"] == 10
    kept = client.get(f"/v2/runs/{queue[0]['run']['runId']}/labels").json()[0]["drawn"]
    assert kept == queue[0]["drawn"]
    odd = {"passed": True, "selection": "random", "probability": 0.5, "frame": {"first": "long ago"}}
    assert client.put(f"/v2/runs/{queue[0]['run']['runId']}/labels", json=odd).status_code == 422
    assert told["corrected"]["pass_rate"] == pytest.approx(1 / 3, abs=1e-6)
    assert told["warnings"] == []
    assert client.get(f"/v2/cases/{case.case_id}/review", params={"queue": "by_hand"}).status_code == 422
    odd = {"passed": True, "probability": 0.5}
    assert client.put(f"/v2/runs/{queue[0]['run']['runId']}/labels", json=odd).status_code == 422


def test_a_judge_is_calibrated(client: TestClient, services: Services) -> None:
    case = new_case(services)
    judge = new_judge(services, case)
    path = f"/v2/judges/{judge.judge_id}/calibration"
    assert pages(client, path) == []
    assert client.post(path, json={}).status_code == 422
    for place in range(40):
        run = scored(services, judge, case, 2.0 if place % 3 else 5.0)
        services.labels.save(run, None, place % 3 == 0 or place % 7 == 0, by="ann", drawn=Drawn(Selection.RANDOM))
    made = client.post(path, json={"method": "isotonic"})
    assert made.json().get("number") == 1, made.text
    assert client.post(path, json={}).json()["number"] == 2
    assert [one["method"] for one in pages(client, path, version="1.0")] == ["platt", "isotonic"]
    assert client.get(path, params={"version": "7.0"}).status_code == 404
    assert client.get("/v2/judges/none/calibration").status_code == 404


def test_labelling_is_shared_out_and_decided(client: TestClient, services: Services) -> None:
    case = new_case(services)
    judge = new_judge(services, case)
    run = scored(services, judge, case, 4)
    plan = f"/v2/cases/{case.case_id}/review-plan"
    assert client.get(plan).json()["reviewers"] == []
    assert client.put(plan, json={"reviewers": ["a\u0007"]}).status_code == 422
    assert client.put(plan, json={"reviewers": ["one"], "second_share": 0.5}).status_code == 422
    assert client.put(plan, json={"second_share": 1}).json()["secondShare"] == 1
    services.labels.save(run, None, True, by="ann", drawn=Drawn(Selection.RANDOM))
    queue = pages(client, f"/v2/cases/{case.case_id}/review", rater="bob")
    assert [one["turn"] for one in queue] == ["second"]
    newer = scored(services, judge, case, 4)
    services.labels.save(newer, 5.0, None, by="ann")
    services.labels.save(newer, 1.0, None, by="bob")
    services.labels.save(run, None, False, by="bob")
    path = f"/v2/cases/{case.case_id}/differing"
    assert [one["runId"] for one in pages(client, path)] == [run.run_id, newer.run_id]
    decision = {"passed": True, "adjudicates": True}
    assert client.put(f"/v2/runs/{run.run_id}/labels", json=decision).status_code == 200
    assert [one["runId"] for one in pages(client, path)] == [newer.run_id]
    assert client.get(path, params={"cursor": "x"}).status_code == 422
    assert client.get("/v2/cases/nowhere/review-plan").status_code == 404


def test_labels_are_given_and_read(client: TestClient, services: Services) -> None:
    case = new_case(services)
    run = scored(services, new_judge(services, case), case, 4)
    assert client.put(f"/v2/runs/{run.run_id}/labels", json={"passed": True, "comment": "right"}).status_code == 200
    (label,) = client.get(f"/v2/runs/{run.run_id}/labels").json()
    assert (label["labelledBy"], label["passed"], label["comment"]) == ("api", True, "right")
    assert client.put(f"/v2/runs/{run.run_id}/labels", json={"score": 9}).status_code == 422


def test_a_threshold_moves_with_a_reason(client: TestClient, services: Services) -> None:
    path = f"/v2/cases/{new_case(services).case_id}/thresholds"
    assert client.put(path, json={"score": 0.7, "reason": "Too many false passes"}).status_code == 200
    newest = client.get(path).json()[0]
    assert (newest["score"], newest["previousScore"], newest["reason"]) == (0.7, 0.5, "Too many false passes")
    assert newest["changedBy"] == "api"
    assert client.put(path, json={"score": 0.7, "reason": ""}).status_code == 422
    assert client.put(path, json={"score": 0.7, "reason": "again"}).status_code == 422
    assert client.get(f"/v2/cases/{UNKNOWN}/thresholds").status_code == 404


def test_a_batch_is_made_from_rows_and_cancelled(client: TestClient, services: Services) -> None:
    judge = new_judge(services, new_case(services))
    body = {"name": "nightly", "judge_id": judge.judge_id, "start": False}
    made = client.post("/v2/batches", json={**body, "rows": [{"actual_output": "a"}, {"actual_output": "b"}]}).json()
    assert (made["name"], made["total"], made["state"]) == ("nightly", 2, "ready")
    assert [one["batchId"] for one in client.get("/v2/batches").json()["items"]] == [made["batchId"]]
    assert client.post(f"/v2/batches/{made['batchId']}/cancel").json()["state"] == "cancelled"
    assert client.get(f"/v2/batches/{made['batchId']}").json()["state"] == "cancelled"
    assert client.post("/v2/batches", json={**body, "rows": []}).status_code == 422
    assert client.get("/v2/batches/none").status_code == 404


def test_an_unknown_collection_is_not_found(client: TestClient) -> None:
    assert client.post("/v2/collections/none/search", json={"text": "x"}).status_code == 404


def test_judged_queries_measure_a_collection(
    client: TestClient, services: Services, as_console: Callable[[], AbstractContextManager[None]]
) -> None:
    with as_console():
        made = services.collections.create("World", by="ana")
        services.vectors.put_document(
            made.collection_id, "bread.txt", [NewChunk("Bread.", services.embedder().embed(["Bread."])[0])]
        )
    path = f"/v2/collections/{made.collection_id}/quality"
    judged = {"queries": [{"query": "bread", "relevance": {"bread.txt": 1}}], "strategies": ["exact"]}
    found = client.post(path, json=judged).json()
    assert (found["queries"], found["unknown"]) == (1, [])
    assert [(one["strategy"], one["ndcg"]["mean"]) for one in found["strategies"]] == [("exact", 1.0)]
    native = {"text": "bread", "strategy": "native", "filename": "bread.txt"}
    answer = client.post(f"/v2/collections/{made.collection_id}/search", json=native)
    assert answer.status_code == 200, answer.text
    assert client.post(path, json=judged | {"strategies": ["best"]}).status_code == 422
    assert client.post(path, json={"queries": [{"query": "x", "relevance": {}}]}).status_code == 422


def test_the_old_description_does_not_change(client: TestClient) -> None:
    old, new = client.get("/openapi.json").json(), client.get("/v2/openapi.json").json()
    assert [path for path in old["paths"] if path.startswith("/v2")] == []
    assert "/runs/{run_id}/labels" in new["paths"]


def test_prices_of_a_model_are_set_and_listed(client: TestClient, services: Services) -> None:
    model = services.catalog.create_model("gpt-x", "openai", by="root")
    path = f"/v2/models/{model.model_id}/prices"
    assert client.put(path, json={"input": 2.5, "output": 10, "cached": 1.25}).status_code == 200
    (found,) = client.get("/v2/models").json()
    assert (found["inputPrice"], found["outputPrice"], found["cachedPrice"]) == (2.5, 10.0, 1.25)
    assert client.put(path, json={"input": 2.5, "output": None}).status_code == 422
    assert client.put(path, json={"input": -1, "output": 1}).status_code == 422
    assert client.put(f"/v2/models/{UNKNOWN}/prices", json={"input": 1, "output": 1}).status_code == 404


def test_failed_rows_of_a_batch_are_run_again(client: TestClient, services: Services) -> None:
    judge = new_judge(services, new_case(services))
    body = {"name": "N", "judge_id": judge.judge_id, "rows": [{"actual_output": "A text."}], "start": False}
    batch_id = client.post("/v2/batches", json=body).json()["batchId"]
    services.judging.providers.known["openai"] = ScriptedProvider(lambda call: replied(["junk"] * call.n))
    batches.work(services, outsider("ana"), batch_id)
    assert client.get(f"/v2/batches/{batch_id}").json()["failed"] == 1

    services.judging.providers.known["openai"] = ScriptedProvider(always(4))
    assert client.post(f"/v2/batches/{batch_id}/retry").status_code == 200
    wait_until(lambda: services.batches.get(batch_id).state is BatchState.FINISHED, 20)
    assert client.get(f"/v2/batches/{batch_id}").json()["done"] == 1
    assert client.post(f"/v2/batches/{batch_id}/retry").status_code == 422
    assert client.post(f"/v2/batches/{batch_id}/resume").status_code == 422
    assert client.post(f"/v2/batches/{UNKNOWN}/retry").status_code == 404


def test_the_name_that_a_case_had_is_free(client: TestClient, services: Services) -> None:
    case = new_case(services, "first name")
    assert client.put(f"/cases/{case.case_id}", json={"name": "second name"}).status_code == 200
    made = {"name": "first name", "task_introduction": "You judge.", "evaluation_criteria": "Truth (1-5)."}
    assert client.post("/cases", json=made).status_code == 200
    assert len(client.get("/thresholds").json()) == 2
