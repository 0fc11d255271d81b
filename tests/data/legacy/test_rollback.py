"""docs/rollback.md, step by step: migrate, write, export, switch, read, write, switch back."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from streamlit.testing.v1 import AppTest

import api_compat
from console.config import Settings
from console.data.legacy.export import export_sqlite
from console.data.legacy.migration.migrate import migrate
from console.data.legacy.migration.verify import verify
from console.data.legacy.sqlite.rows import insert
from console.data.runs.rollups import recount
from console.errors import NotServed, SetupError
from console.records import Artifact, Role, RunFilter, Verdict
from console.services import Services, build_services
from console.ui.frame import session
from tests.support.console_app import app, new_user, texts
from tests.support.old_database import CASE, COMPLETED, DOCUMENT, JUDGE, make, run

ROOT = Path(__file__).resolve().parents[3]
READS = (
    "/metrics",
    "/models",
    "/cases",
    "/thresholds",
    "/documents",
    "/judges",
    "/runs?limit=-1",
    "/runs/1",
    f"/cases/{CASE}",
)


@pytest.fixture
def settings(engine_endpoint: str, tmp_path: Path) -> Settings:
    return Settings(
        dynamodb_endpoint=engine_endpoint,
        engine_kind="dynoxide",
        table_prefix=f"t{uuid4().hex[:12]}-",
        data_dir=tmp_path,
    )


@pytest.fixture
def services(settings: Settings) -> Iterator[Services]:
    with build_services(settings) as built:
        yield built


def api(settings: Settings) -> TestClient:
    return TestClient(api_compat.create_app(settings))


def answers(client: TestClient) -> dict[str, str]:
    return {path: json.dumps(client.get(path).json()) for path in READS}


def test_there_and_back_again(settings: Settings, services: Services, tmp_path: Path) -> None:
    with closing(make(tmp_path / "old.db")) as old:
        insert(old, "runs", [run(number, **COMPLETED) for number in range(1, 4)])
    migrate(services, tmp_path / "old.db")
    with api(settings) as client:
        document_id = client.post("/documents", json={"actual_output": "new", "metadata": {"a": 1.0}}).json()["id"]
        client.put(f"/cases/{CASE}", json={"score_threshold": 0.8})
        made = services.runs.create(
            services.runs.get(1).judge_snapshot,
            Artifact(evaluation_target="new", metadata={"a": 1.0}),
            by="ana",
            document_id=document_id,
        )
        services.runs.fail(made, "No answer.\nTry again.")
        before = answers(client)
    export_sqlite(services, tmp_path / "out.db")

    old_settings = settings.replace(database_type="sqlite", sqlite_path=tmp_path / "out.db")
    with api(old_settings) as client:
        assert answers(client) == before
        client.put(f"/judges/{JUDGE}", json={"name": "renamed meanwhile"})
        client.put(f"/cases/{CASE}", json={"score_threshold": 0.3})
        client.post("/metrics", json={"name": "meanwhile"})
        later = client.post("/documents", json={"actual_output": "written meanwhile"}).json()["id"]
        with build_services(old_settings, fresh=True) as legacy:
            assert legacy.legacy
            added = legacy.legacy.create_run(JUDGE, later)
            legacy.legacy.complete_run(added, 5, 1.0, [5], 3, 2, 1, 1.0, "Rate it.")
        with closing(sqlite3.connect(tmp_path / "out.db")) as out, out:  # another second than what came before
            out.execute("UPDATE eval_documents SET created_at = '2031-01-01 00:00:00' WHERE id = ?", (later,))
            out.execute("UPDATE metrics SET created_at = '2031-01-01 00:00:00' WHERE name = 'meanwhile'")
        after = answers(client)

    report = migrate(services, tmp_path / "out.db")
    assert (report.failures, added) == ([], made.run_id + 1)
    assert all(one.wrong == 0 for one in verify(services, tmp_path / "out.db").values())
    with api(settings) as client:
        assert answers(client) == after
        assert [row["score"] for row in client.get(f"/cases/{CASE}/thresholds").json()["thresholds"]] == [0.3, 0.8, 0.6]
    assert recount.verify(services.store) == []


def test_an_export_holds_what_the_old_schema_wants(services: Services, tmp_path: Path) -> None:
    with closing(make(tmp_path / "old.db")) as old:
        insert(old, "runs", [run(5, **COMPLETED), run(6, judge_id="gone"), run(8, document_id="gone", **COMPLETED)])
    migrate(services, tmp_path / "old.db")
    services.judges.deactivate(JUDGE, by="ana")
    exported = export_sqlite(services, tmp_path / "out.db")
    assert [note.split(";")[0] for note in exported.notes] == ["The judge gone is gone"]
    with closing(sqlite3.connect(tmp_path / "out.db")) as out:
        assert out.execute("PRAGMA foreign_key_check").fetchall() == []
        assert out.execute("SELECT id FROM runs ORDER BY id").fetchall() == [(5,), (6,), (8,)]
        assert out.execute("SELECT seq FROM sqlite_sequence").fetchall() == [(8,)]
        assert out.execute("SELECT actual_output FROM eval_documents WHERE id = 'gone'").fetchall() == [("",)]


def test_an_export_replaces_nothing(services: Services, tmp_path: Path) -> None:
    (tmp_path / "out.db").write_text("precious")
    with pytest.raises(SetupError, match="exists already"):
        export_sqlite(services, tmp_path / "out.db")
    with pytest.raises(SetupError, match="cannot be written"):
        export_sqlite(services, tmp_path / "none" / "out.db")
    assert (tmp_path / "out.db").read_text() == "precious"
    assert [one.name for one in tmp_path.glob("*.part")] == []


@pytest.fixture
def legacy(settings: Settings, tmp_path: Path) -> Iterator[Services]:
    """The console's services on an old database; its users are in the data folder's own engine."""
    with closing(make(tmp_path / "old.db")) as old:
        insert(old, "runs", [run(number, **COMPLETED) for number in range(1, 6)])
        insert(old, "runs", [run(9, status="failed", error_message="Evaluation failed: x")])
    alone = Settings(database_type="sqlite", sqlite_path=tmp_path / "old.db", data_dir=tmp_path / "data")
    with build_services(alone, fresh=True) as built:
        yield built


def test_the_evaluation_pages_read_from_the_old_schema(legacy: Services) -> None:
    page = legacy.runs.list(RunFilter(case_id=CASE), limit=4)
    assert [row.run_id for row in page.items] == [9, 5, 4, 3]
    assert [row.run_id for row in legacy.runs.list(RunFilter(case_id=CASE), limit=4, cursor=page.cursor).items] == [
        2,
        1,
    ]
    assert [row.run_id for row in legacy.runs.list(RunFilter(verdict=Verdict.PASS, model="gpt-4o")).items] == [
        5,
        4,
        3,
        2,
        1,
    ]
    middle = legacy.runs.get(3)
    newer, older = legacy.runs.neighbour(middle, newer=True), legacy.runs.neighbour(middle, newer=False)
    assert newer
    assert older
    assert (newer.run_id, older.run_id) == (4, 2)
    assert legacy.labels.of(3) == []
    assert [judge.judge_id for judge in legacy.judges.of_case(CASE)] == [JUDGE]
    assert legacy.documents.get(DOCUMENT).evaluation_target == "Paris."
    assert len(legacy.documents.list(1).items) == 1


def test_what_needs_dynamodb_says_so(legacy: Services) -> None:
    with pytest.raises(NotServed, match="Statistics need DynamoDB"):
        legacy.rollups.first_day()
    with pytest.raises(NotServed, match=r"docs/rollback\.md"):
        legacy.batches.list()


@pytest.fixture(scope="module")
def console(engine_endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """The console on an old database, which its pages only read."""
    folder = tmp_path_factory.mktemp("old")
    with closing(make(folder / "old.db")) as old:
        insert(old, "runs", [run(number, **COMPLETED) for number in range(1, 4)])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATABASE_TYPE", "sqlite")
        patch.setenv("SQLITE_PATH", str(folder / "old.db"))
        patch.setenv("DATA_DIR", str(folder))
        patch.setenv("DYNAMODB_ENDPOINT", engine_endpoint)
        patch.setenv("ENGINE_KIND", "dynoxide")
        patch.setenv("TABLE_PREFIX", f"t{uuid4().hex[:12]}-")
        session.services.clear()
        session.services()
        services = build_services(Settings.load())
    with services:
        new_user(services, role=Role.ADMIN)
        yield services
    session.services.clear()


@pytest.mark.parametrize(
    ("page", "query", "shown"),
    [
        ("runs", {}, "relevance"),
        ("run", {"run": "2"}, "Paris."),
        ("evaluate", {}, "relevance"),
    ],
)
def test_the_evaluation_pages_work_on_the_old_schema(
    console: Services, page: str, query: dict[str, str], shown: str
) -> None:
    test = open_page(console, page, query)
    assert [str(error.value) for error in test.exception] == []
    assert shown in words(test)


def test_the_page_of_documents_lists_those_of_the_old_schema(console: Services) -> None:
    test = open_page(console, "documents", {})
    assert [str(error.value) for error in test.exception] == []
    assert len(test.dataframe) == 1


@pytest.mark.parametrize("page", ["overview", "thresholds"])
def test_other_pages_say_what_they_need(console: Services, page: str) -> None:
    test = open_page(console, page, {})
    assert [str(error.value) for error in test.exception] == []
    assert "need DynamoDB" in words(test)


PAGES = sorted(one.stem for one in (ROOT / "console" / "pages").glob("*.py") if one.stem != "__init__")


@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens_or_says_why_not(console: Services, page: str) -> None:
    test = open_page(console, page, {})
    assert [str(error.value) for error in test.exception] == []


def open_page(services: Services, page: str, query: dict[str, str]) -> AppTest:
    return app(services.users.get("ana"), **query).switch_page(f"console/pages/{page}.py").run()


def words(test: AppTest) -> str:
    choices = [str(option) for box in [*test.selectbox, *test.multiselect] for option in box.options]
    return "\n".join([texts(test), *choices, *(str(one.value) for one in [*test.code, *test.text])])
