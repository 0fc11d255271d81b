"""`/v2/sets` and `/v2/experiments`, as a script uses them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

import api_compat
from console.config import Settings
from console.data.cache.cache import Cache
from console.data.store.store import Store
from console.engine.process import wait_until
from console.records import Judge
from console.services import Engine, Services
from tests.support import scripted
from tests.support.console_app import new_case, new_judge, scored
from tests.support.scripted import ScriptedProvider


@pytest.fixture
def services(embedded_store: Store) -> Services:
    settings = Settings()
    built = Services.over(embedded_store, Cache(embedded_store), settings=settings, engine=Engine("endpoint", None, ""))
    built.catalog.ensure_defaults()
    provider = ScriptedProvider(lambda call: scripted.always(1 if "awful" in call.prompt else 5)(call))
    built.judging.providers.known["openai"] = provider
    return built


@pytest.fixture
def client(services: Services) -> Iterator[TestClient]:
    with TestClient(api_compat.create_app(services.settings, lambda _: services)) as running:
        yield running


@pytest.fixture
def judge(services: Services) -> Judge:
    return new_judge(services, new_case(services))


def new_set(client: TestClient, count: int = 3) -> str:
    made = client.post("/v2/sets", json={"name": "Questions", "tags": ["nightly"]}).json()
    items = [{"key": f"k{place}", "input": f"What is {place}?", "tags": ["t"]} for place in range(count)]
    assert client.put(f"/v2/sets/{made['setId']}/items", json={"items": items}).json()["added"] == count
    return str(made["setId"])


def judged(client: TestClient, set_id: str, judge: Judge, outputs: dict[str, str]) -> str:
    request = {"set_id": set_id, "judges": [judge.judge_id], "outputs": outputs}
    made = client.post("/v2/experiments", json=request)
    assert made.status_code == 200, made.text
    found = str(made.json()["experimentId"])
    wait_until(lambda: not client.get(f"/v2/experiments/{found}").json()["judges"][0]["left"], seconds=20)
    wait_until(lambda: client.get(f"/v2/experiments/{found}").json()["judges"][0]["state"] == "finished", seconds=20)
    return found


def test_a_set_is_made_changed_and_listed(client: TestClient) -> None:
    set_id = new_set(client)
    assert client.get("/v2/sets").json()["items"][0]["total"] == 3
    first = client.get(f"/v2/sets/{set_id}/items?limit=2").json()
    second = client.get(f"/v2/sets/{set_id}/items", params={"limit": 2, "cursor": first["cursor"]}).json()
    assert [one["key"] for one in first["items"] + second["items"]] == ["k0", "k1", "k2"]
    change = {"items": [{"key": "k0", "input": "Why?"}], "remove": ["k2"]}
    done = client.put(f"/v2/sets/{set_id}/items", json=change).json()
    assert (done["changed"], done["removed"], done["set"]["total"]) == (1, 1, 2)
    assert client.patch(f"/v2/sets/{set_id}", json={"name": "Better"}).json()["name"] == "Better"
    assert client.get(f"/v2/sets/{set_id}").json()["versions"][0]["number"] == 1
    assert client.delete(f"/v2/sets/{set_id}").status_code == 204
    assert client.get(f"/v2/sets/{set_id}").status_code == 404


def test_experiments_are_compared_and_gated(client: TestClient, judge: Judge) -> None:
    set_id = new_set(client, 40)
    good = {f"k{place}": "good" for place in range(40)}
    before = judged(client, set_id, judge, good)
    after = judged(client, set_id, judge, good | {f"k{place}": "awful" for place in range(20)})
    assert client.patch(f"/v2/sets/{set_id}", json={"baseline": before}).status_code == 200
    found = client.get(f"/v2/experiments/{after}").json()
    assert found["judges"][0]["passed"] == 20
    assert len(found["against_baseline"][0]["regressed"]) == 20
    told = client.get(f"/v2/experiments/{after}/gate", params={"min_pass_rate": 0.2}).json()
    assert (told["outcome"], told["baseline"]) == ("failed", before)
    assert client.get(f"/v2/experiments/{before}/gate", params={"min_pass_rate": 0.2}).json()["outcome"] == "passed"
    rows = client.get(f"/v2/experiments/{after}/rows", params={"limit": 30}).json()
    rest = client.get(f"/v2/experiments/{after}/rows", params={"limit": 30, "cursor": rows["cursor"]}).json()
    assert len(rows["items"]) + len(rest["items"]) == 40
    assert rest["cursor"] is None
    listed = client.get("/v2/experiments", params={"set_id": set_id}).json()["items"]
    assert [one["experimentId"] for one in listed] == [after, before]
    assert client.get("/v2/experiments?limit=1").json()["cursor"]
    assert client.post(f"/v2/experiments/{after}/resume").status_code == 200


def test_runs_become_items(client: TestClient, services: Services, judge: Judge) -> None:
    case = services.cases.get(judge.case_id)
    runs = [scored(services, judge, case, 4, text).run_id for text in ("One.", "Two.")]
    set_id = client.post("/v2/sets", json={"name": "From runs"}).json()["setId"]
    assert client.post(f"/v2/sets/{set_id}/runs", json={"run_ids": runs}).json()["added"] == 2
    assert client.post(f"/v2/sets/{set_id}/runs", json={"run_ids": [99]}).status_code == 404


def test_what_is_wrong_is_answered(client: TestClient, judge: Judge) -> None:
    set_id = new_set(client)
    experiment = {"set_id": set_id, "judges": [judge.judge_id], "outputs": {"k0": "x"}, "start": False}
    assert client.post("/v2/sets", json={"name": "questions"}).status_code == 409
    assert client.post("/v2/sets", json={"name": "a\u0007"}).status_code == 422
    assert client.get("/v2/sets/none/items").status_code == 404
    assert client.get(f"/v2/sets/{set_id}/items?version=9").status_code == 404
    assert client.get(f"/v2/sets/{set_id}/items?cursor=x").status_code == 422
    assert client.get(f"/v2/sets/{set_id}/diff?before=7").status_code == 404
    assert client.post("/v2/experiments", json=experiment | {"outputs": {"zz": "x"}}).status_code == 422
    assert client.post("/v2/experiments", json=experiment | {"outputs": {"k0": "x", "zz": "x"}}).status_code == 422
    assert client.post("/v2/experiments", json=experiment | {"outputs": None}).status_code == 422
    assert client.post("/v2/experiments", json=experiment | {"judges": ["none"]}).status_code == 404
    assert client.post("/v2/experiments", json=experiment | {"judges": [f"{judge.judge_id}@9.0"]}).status_code == 404
    assert client.post("/v2/experiments", json=experiment | {"version": 7}).status_code == 404
    made = client.post("/v2/experiments", json=experiment).json()["experimentId"]
    assert client.get(f"/v2/experiments/{made}/gate").status_code == 422
    assert client.get(f"/v2/experiments/{made}/gate?min_pass_rate=7").status_code == 422
    assert client.get(f"/v2/experiments/{made}/rows?judge_id=none").status_code == 404
    assert client.get("/v2/experiments/none-1").status_code == 404
    assert client.delete(f"/v2/sets/{set_id}").status_code == 422
    assert client.put(f"/v2/sets/{set_id}/items", json={"items": [{"key": "k"}]}).status_code == 422
    twice = [{"key": "k", "input": "a"}, {"key": "k", "input": "b"}]
    assert client.put(f"/v2/sets/{set_id}/items", json={"items": twice}).status_code == 422
