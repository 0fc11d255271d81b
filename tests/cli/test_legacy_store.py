"""Commands and requests while the old SQLite schema serves: each works, or says that it needs DynamoDB."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

import api_compat
from console.actions.configuration.catalog import create_model
from console.actions.configuration.configuration import (
    create_case,
    create_judge,
    deactivate_case,
    edit_case,
    edit_judge,
)
from console.actions.permissions import outsider
from console.cli import app
from console.config import Settings
from console.errors import ConflictError, NotServed
from console.records import Case, Threshold
from console.services import Services, build_services

ADMIN = outsider("ana")
TEXTS = {"name": "fluency", "task_introduction": "You judge.", "evaluation_criteria": "Is it fluent?"}
WORDS = r"need DynamoDB.*docs/rollback\.md"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(database_type="sqlite", sqlite_path=tmp_path / "old.db", data_dir=tmp_path / "data")


@pytest.fixture
def services(settings: Settings) -> Iterator[Services]:
    with build_services(settings, fresh=True) as built:
        yield built


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    with TestClient(api_compat.create_app(settings)) as running:
        yield running


@pytest.fixture
def case(services: Services) -> Case:
    return create_case(services, ADMIN, TEXTS)


def test_the_threshold_of_a_case_moves(client: TestClient, services: Services, case: Case) -> None:
    moved = client.put(f"/v2/cases/{case.case_id}/thresholds", json={"score": 0.75, "reason": "Stricter."})
    assert (moved.status_code, moved.json()["threshold"]["score"]) == (200, 0.75)
    assert client.get(f"/cases/{case.case_id}").json()["score_threshold"] == 0.75
    assert services.cases.get(case.case_id).threshold.score == 0.75


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v2/cases/{case}/thresholds"),
        ("GET", "/v2/batches"),
        ("GET", "/v2/batches/b"),
        ("POST", "/v2/batches/b/cancel"),
        ("POST", "/v2/collections/c/search"),
    ],
)
def test_requests_without_a_place_are_501(client: TestClient, case: Case, method: str, path: str) -> None:
    answer = client.request(method, path.format(case=case.case_id), json={"text": "x"})
    assert answer.status_code == 501
    assert "need DynamoDB" in answer.json()["detail"]
    assert "docs/rollback.md" in answer.json()["detail"]


def test_a_case_is_edited(services: Services, case: Case) -> None:
    edited = edit_case(services, ADMIN, case.case_id, {"name": "clarity"}, revision=case.revision)
    assert services.cases.get(case.case_id).name == edited.name == "clarity"
    with pytest.raises(ConflictError):
        edit_case(services, ADMIN, case.case_id, {"name": "other"}, revision=case.revision)
    moved = edit_case(services, ADMIN, case.case_id, {"threshold": Threshold(score=0.9)}, revision=edited.revision)
    assert moved.threshold.score == 0.9


def test_what_the_old_schema_cannot_say_of_a_case_is_refused(services: Services, case: Case) -> None:
    with pytest.raises(NotServed, match=WORDS):
        create_case(services, ADMIN, {**TEXTS, "name": "other", "description": "About it."})
    with pytest.raises(NotServed, match=WORDS):
        deactivate_case(services, ADMIN, case.case_id, revision=case.revision)
    assert [one.name for one in services.cases.list()] == ["fluency"]


def test_a_model_and_a_judge_are_made_and_edited(services: Services, case: Case) -> None:
    model = create_model(services, ADMIN, "gpt-4o", "openai")
    metric = services.catalog.create_metric("geval", by="ana")
    judge = create_judge(
        services,
        ADMIN,
        name="Strict",
        case_id=case.case_id,
        metric_id=metric.metric_id,
        model_id=model.model_id,
        parameters={"n_responses": 2},
    )
    edit_judge(services, ADMIN, judge, {"name": "Mild"}, revision=judge.revision)
    assert services.judges.get(judge.judge_id).name == "Mild"
    with pytest.raises(ConflictError):
        edit_judge(services, ADMIN, judge, {"name": "Other"}, revision=judge.revision)
    with pytest.raises(NotServed, match=WORDS):
        create_model(services, ADMIN, "o3", "openai", 1.0, 2.0)


@pytest.mark.parametrize(
    "command",
    [
        ["import", "runs", "{file}"],
        ["rollups", "verify"],
        ["rollups", "rebuild"],
        ["tables", "check"],
        ["tables", "create"],
        ["export", "sqlite", "{out}"],
        ["migrate", "sqlite", "{old}"],
        ["seed"],
        ["embed", "runs"],
        ["search", "c", "x"],
    ],
    ids=" ".join,
)
def test_commands_without_a_place_say_so(
    settings: Settings, case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    run = {
        "case": {"name": "fluency"},
        "judge": {"name": "strict", "model": "gpt-4o"},
        "evaluationTarget": "x",
        "finalScore": 4,
    }
    (tmp_path / "runs.jsonl").write_text(json.dumps(run), encoding="utf-8")
    monkeypatch.setenv("DATABASE_TYPE", "sqlite")
    monkeypatch.setenv("SQLITE_PATH", str(settings.sqlite_path))
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    places = {"file": tmp_path / "runs.jsonl", "out": tmp_path / "out", "old": settings.sqlite_path}
    done = CliRunner().invoke(app, [part.format(**places) for part in command])
    assert isinstance(done.exception, NotServed), (done.exception, done.output)
    assert "need DynamoDB" in str(done.exception)
    assert case.name == "fluency"
