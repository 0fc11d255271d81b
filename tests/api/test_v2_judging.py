"""`/v2/cases`, `/v2/judges` and `POST /v2/runs`, as a script uses them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

import api_compat
from console.config import Settings
from console.data.cache.cache import Cache
from console.data.store.store import Store
from console.services import Engine, Services
from tests.support import scripted
from tests.support.scripted import ScriptedProvider

CASE = {
    "name": "Grounded",
    "task_introduction": "You judge an answer.",
    "evaluation_criteria": "Is it in the context?",
    "scale": {"min": 0, "max": 1, "step": 0.1},
    "anchors": {"0": "Nothing is.", "1.0": "All of it is."},
    "examples": [{"text": "Paris.", "score": 0.9, "reason": "It is there.", "input": "Where?"}],
    "evaluation_steps": "1. Look it up.",
}


@pytest.fixture
def services(embedded_store: Store) -> Services:
    settings = Settings()
    built = Services.over(embedded_store, Cache(embedded_store), settings=settings, engine=Engine("endpoint", None, ""))
    built.catalog.ensure_defaults()
    return built


@pytest.fixture
def provider(services: Services) -> ScriptedProvider:
    made = ScriptedProvider(scripted.weighted({"0.8": 0.75, "0.4": 0.25}, "It is there."))
    services.judging.providers.known["openai"] = made
    return made


@pytest.fixture
def client(services: Services) -> Iterator[TestClient]:
    with TestClient(api_compat.create_app(services.settings, lambda _: services)) as running:
        yield running


def new_judge(client: TestClient, services: Services, **more: Any) -> dict[str, Any]:
    case = client.post("/v2/cases", json=CASE).json()
    model = services.catalog.create_model("gpt", "openai", by="ana")
    asked = {"name": "Strict", "case_id": case["caseId"], "model_id": model.model_id, **more}
    made: dict[str, Any] = client.post("/v2/judges", json=asked).json()
    return made


def test_a_case_has_its_scale_anchors_examples_and_steps(client: TestClient) -> None:
    made = client.post("/v2/cases", json=CASE).json()

    found = client.get(f"/v2/cases/{made['caseId']}").json()
    assert found == made
    assert found["scoreRange"] == {"min": 0, "max": 1, "step": 0.1}
    assert found["anchors"] == {"0": "Nothing is.", "1": "All of it is."}
    assert (found["examples"][0]["score"], found["evaluationSteps"]) == (0.9, "1. Look it up.")
    assert [case["caseId"] for case in client.get("/v2/cases").json()] == [made["caseId"]]


@pytest.mark.parametrize(("low", "high", "step"), [(0, 1, 0.1), (0, 100, 1), (-1, 1, 0.5), (-5, 5, 1), (1, 10, 1)])
def test_scales_may_begin_at_or_below_nought(client: TestClient, low: int, high: int, step: float) -> None:
    scale = {"min": low, "max": high, "step": step}

    made = client.post("/v2/cases", json={**CASE, "scale": scale, "anchors": {}, "examples": []})

    assert made.json()["scoreRange"] == scale


def test_the_old_endpoint_keeps_its_bounds(client: TestClient) -> None:
    asked = {key: CASE[key] for key in ("name", "task_introduction", "evaluation_criteria")}

    assert client.post("/cases", json={**asked, "min_score": 0}).status_code == 422


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"scale": {"min": 5, "max": 1}}, "is empty"),
        ({"scale": {"min": 0, "max": 1, "step": 0.3}}, "do not come to 1"),
        ({"anchors": {"7": "Too much."}}, "not on the scale"),
        ({"anchors": {"good": "Good."}}, "'good' is none"),
        ({"examples": [{"text": "x", "score": 3}]}, "not on the scale"),
    ],
)
def test_what_is_no_scale_or_not_on_it_is_refused(client: TestClient, wrong: dict[str, Any], says: str) -> None:
    refused = client.post("/v2/cases", json={**CASE, **wrong})

    assert refused.status_code in (400, 422)
    assert says in refused.text


def test_a_case_is_edited_part_by_part(client: TestClient) -> None:
    made = client.post("/v2/cases", json={**CASE, "metadata": {"team": "search"}}).json()
    path = f"/v2/cases/{made['caseId']}"

    edited = client.patch(path, json={"anchors": {"1": "All."}, "examples": [], "revision": made["revision"]}).json()

    assert (edited["version"], edited["anchors"], edited["examples"]) == ("2.0", {"1": "All."}, [])
    assert (edited["evaluationSteps"], edited["metadata"]["team"]) == ("1. Look it up.", "search")
    assert client.patch(path, json={"name": "Late", "revision": made["revision"]}).status_code == 409
    assert client.patch(path, json={"evaluation_steps": ""}).json()["evaluationSteps"] == ""
    assert client.patch(path, json={"metadata": {"team": "docs"}}).json()["anchors"] == {"1": "All."}
    assert "Nothing of the case was changed" in client.patch(path, json={}).text


def test_a_judge_is_made_and_edited(client: TestClient, services: Services) -> None:
    made = new_judge(client, services, parameters={"n_responses": 2, "steps_max_tokens": 3_000})
    path = f"/v2/judges/{made['judgeId']}"

    assert made["parameters"] == {"temperature": 1.0, "n_responses": 2, "steps_max_tokens": 3_000}
    edited = client.patch(path, json={"parameters": {"temperature": 0.2}, "revision": made["revision"]}).json()
    assert (edited["version"], edited["parameters"]) == ("2.0", {"temperature": 0.2})
    assert client.get(path).json()["scoringMode"] is None
    assert [one["judgeId"] for one in client.get("/v2/judges", params={"case_id": made["caseId"]}).json()] == [
        made["judgeId"]
    ]
    assert client.get("/v2/judges/none").status_code == 404


def test_the_exact_prompt_and_the_steps_are_shown(client: TestClient, services: Services) -> None:
    path = f"/v2/judges/{new_judge(client, services)['judgeId']}"

    prompt = client.post(f"{path}/preview", json={"actual_output": "Paris.", "input": "Where is it?"}).json()["prompt"]

    assert all(
        part in prompt for part in ("1. Look it up.", "0: Nothing is.", "Where is it?", "Score of example 1: 0.9")
    )
    assert client.get(f"{path}/steps").json() == {"steps": "1. Look it up."}


def test_steps_are_written_when_asked_for(client: TestClient, services: Services, provider: ScriptedProvider) -> None:
    judge = new_judge(client, services, parameters={"steps_max_tokens": 700})
    path = f"/v2/judges/{judge['judgeId']}/steps"
    client.patch(f"/v2/cases/{judge['caseId']}", json={"evaluation_steps": ""})

    assert client.get(path).json() == {"steps": None}
    written = client.post(path).json()["steps"]
    assert written.startswith("1. Read the text.")
    assert client.get(path).json() == {"steps": written}
    assert [call.max_tokens for call in provider.calls] == [700]


def test_a_run_sees_the_question_and_the_context(
    client: TestClient, services: Services, provider: ScriptedProvider
) -> None:
    judge = new_judge(client, services)
    parts = {"actual_output": "In Paris.", "input": "Where is it?", "context": "It is in Paris."}

    run = client.post("/v2/runs", json={"judge_id": judge["judgeId"], **parts}).json()

    assert (run["status"], run["evaluationStatus"]) == ("completed", "pass")
    assert run["results"]["finalScore"] == pytest.approx(0.7)
    assert run["evaluatedArtifact"]["context"] == "It is in Paris."
    assert all(part in provider.calls[-1].prompt for part in parts.values())
    assert client.get(f"/v2/runs/{run['runId']}").json()["results"] == run["results"]


def test_a_run_whose_judge_fails_says_why(client: TestClient, services: Services) -> None:
    judge = new_judge(client, services)

    run = client.post("/v2/runs", json={"judge_id": judge["judgeId"], "actual_output": "In Paris."}).json()

    assert run["status"] == "failed"
    assert "OPENAI_API_KEY is not set" in run["errorMessage"]
    assert client.post("/v2/runs", json={"judge_id": "none", "actual_output": "x"}).status_code == 404
