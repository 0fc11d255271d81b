"""Evaluations over the API: what fails is said and kept, and a model that hangs stops nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from console.config import Settings
from console.engine.process import wait_until
from tests.support.legacy_servers import fake_models, serving

CASE = {"name": "relevance", "task_introduction": "You judge an answer.", "evaluation_criteria": "Is it relevant?"}


@pytest.fixture(scope="module")
def models() -> Iterator[str]:
    with fake_models(slow_seconds=1.5) as address:
        yield address


@pytest.fixture(params=["dynamodb", "sqlite"])
def api(request: pytest.FixtureRequest, engine_endpoint: str, models: str, tmp_path: Path) -> Iterator[httpx.Client]:
    """The API with room for two evaluations at a time."""
    settings = Settings(
        database_type="sqlite" if request.param == "sqlite" else None,
        sqlite_path=tmp_path / "old.db",
        dynamodb_endpoint=engine_endpoint,
        engine_kind="dynoxide",
        table_prefix=f"t{uuid4().hex[:12]}-",
        data_dir=tmp_path,
        openai_base_url=models,
        openai_api_key="dummy",
        api_evaluations=2,
    )
    with serving(settings) as url, httpx.Client(base_url=url, timeout=30) as client:
        yield client


def new_judge(api: httpx.Client, model: str = "gpt", metric: str = "geval") -> str:
    made = {
        "metric_id": api.post("/metrics", json={"name": metric}).json()["id"],
        "model_id": api.post("/models", json={"name": model, "provider": "openai"}).json()["id"],
        "case_id": api.post("/cases", json=CASE).json()["id"],
    }
    parameters = {"n_responses": 1, "custom_chain_of_thought": "Read it."}
    return str(api.post("/judges", json={**made, "parameters": parameters}).json()["id"])


def statuses(api: httpx.Client) -> list[str]:
    return [run["status"] for run in api.get("/runs").json()]


def test_a_model_that_hangs_blocks_neither_the_health_check_nor_the_lists(api: httpx.Client) -> None:
    judge_id = new_judge(api, "slow")
    with ThreadPoolExecutor(3) as pool:
        body = {"judge_id": judge_id, "actual_output": "Paris."}
        waiting = [pool.submit(api.post, "/eval", json=body) for _ in range(3)]
        assert wait_until(lambda: statuses(api) == ["running", "running"], 10, 0.02)
        assert api.get("/").status_code == 200
        assert api.get("/runs").status_code == 200
        assert api.post("/documents", json={"actual_output": "x"}).status_code == 200
        assert not any(one.done() for one in waiting)
        assert [one.result().status_code for one in waiting] == [200, 200, 200]


def test_a_judge_that_fails_leaves_a_failed_run(api: httpx.Client) -> None:
    judge_id = new_judge(api, "no-logprobs")
    document_id = api.post("/documents", json={"actual_output": "Paris."}).json()["id"]
    answer = api.post("/eval", json={"judge_id": judge_id, "document_id": document_id})
    assert answer.status_code == 500
    why = "No logprobs available for choice. G-EVAL requires logprobs=True and top_logprobs > 0 in the API call."
    assert answer.json() == {"detail": f"Evaluation execution failed: {why}"}
    (run,) = api.get("/runs", params={"judge_id": judge_id}).json()
    assert (run["status"], run["document_id"], run["completed_at"]) == ("failed", document_id, None)
    assert run["error_message"].startswith(f"Evaluation failed: {why}")
    assert "Traceback" not in run["error_message"]


def test_a_metric_that_nobody_knows_makes_no_run(api: httpx.Client) -> None:
    judge_id = new_judge(api, metric="bleu")
    answer = api.post("/eval", json={"judge_id": judge_id, "evaluationTarget": "Paris."})
    assert answer.status_code == 501
    assert answer.json() == {"detail": "Metric 'bleu' not yet implemented. Currently only 'geval' is supported."}
    assert api.get("/runs").json() == []


def test_a_text_given_directly_is_evaluated_in_either_spelling(api: httpx.Client) -> None:
    judge_id = new_judge(api)
    for body in (
        {"actual_output": "Paris.", "expected_output": "It is Paris."},
        {"evaluationTarget": "Paris.", "expectedOutput": "It is Paris."},
    ):
        run_id = api.post("/eval", json={"judge_id": judge_id, **body}).json()["run_id"]
        run = api.get(f"/runs/{run_id}").json()
        assert (run["actual_output"], run["expected_output"]) == ("Paris.", "It is Paris.")
        assert run["metadata"]["geval_version"] == "1.0.0"
        assert len(run["document_id"]) == 36


@pytest.mark.parametrize("metric", ["geval", "similarity"])
def test_an_empty_text_has_no_score(api: httpx.Client, metric: str) -> None:
    judge_id = new_judge(api, metric=metric)
    document_id = api.post("/documents", json={"actual_output": "", "expected_output": "Paris."}).json()["id"]
    answer = api.post("/eval", json={"judge_id": judge_id, "document_id": document_id})
    why = "actual_output is required for relevance evaluation"
    assert (answer.status_code, answer.json()) == (500, {"detail": f"Evaluation execution failed: {why}"})
    (run,) = api.get("/runs").json()
    assert (run["status"], run["final_score"], run["document_id"]) == ("failed", None, document_id)
    assert run["error_message"].startswith(f"Evaluation failed: {why}\n")


@pytest.mark.parametrize("metric", ["geval", "foo"])
@pytest.mark.parametrize("text", [{}, {"actual_output": "Paris."}])
def test_an_empty_id_of_a_document_does_not_fit(api: httpx.Client, metric: str, text: dict[str, str]) -> None:
    judge_id = new_judge(api, metric=metric)
    answer = api.post("/eval", json={"judge_id": judge_id, "document_id": "", **text})
    problem = {"type": "value_error", "loc": ["body", "document_id"], "input": "", "ctx": {"error": {}}}
    assert answer.status_code == 422
    assert answer.json() == {"detail": [{**problem, "msg": "Value error, ID must be a valid UUID"}]}
    assert api.get("/runs").json() == []
