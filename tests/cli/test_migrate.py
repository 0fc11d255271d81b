"""`migrate sqlite` and `export sqlite` as commands."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pytest
from typer.testing import CliRunner

from console.cli import app
from console.data.legacy.sqlite.rows import insert
from tests.support.old_database import COMPLETED, JUDGE, make, run


@pytest.fixture(autouse=True)
def _store(engine_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DYNAMODB_ENDPOINT", engine_endpoint)
    monkeypatch.setenv("ENGINE_KIND", "dynoxide")
    monkeypatch.setenv("TABLE_PREFIX", f"t{uuid4().hex[:12]}-")


@pytest.fixture
def old(tmp_path: Path) -> Path:
    with closing(make(tmp_path / "old.db")) as connection:
        insert(connection, "runs", [run(1, **COMPLETED), run(2, status="failed", error_message="Evaluation failed: x")])
    return tmp_path / "old.db"


def command(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, arguments)
    return done.exit_code, done.output


def test_a_dry_run_says_what_would_be_done(old: Path) -> None:
    code, said = command("migrate", "sqlite", str(old), "--dry-run")
    assert code == 0
    assert "runs: 2 row(s); would be added 2, would be changed 0, there already 0" in said


def test_it_migrates_verifies_and_exports(old: Path, tmp_path: Path) -> None:
    code, said = command("migrate", "sqlite", str(old), "--verify", "--json")
    report = json.loads(said)
    assert code == 0
    assert report["tables"]["runs"] == {"rows": 2, "added": 2, "changed": 0, "present": 0}
    assert report["verified"]["runs"]["equal"] == 2
    code, said = command("migrate", "sqlite", str(old), "--verify")
    assert code == 0
    assert "runs: 2 of 2 row(s) the same, 0 only in the store; sha256 " in said
    code, said = command("export", "sqlite", str(tmp_path / "out.db"))
    assert code == 0
    assert "2 runs" in said
    code, said = command("export", "sqlite", str(tmp_path / "more.db"), "--json")
    assert json.loads(said)["rows"]["runs"] == 2


def test_it_says_which_judges_need_a_key(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    line = f"1 judge(s) ask openai, and OPENAI_API_KEY is not set: {JUDGE}."
    assert f"Note: {line}" in command("migrate", "sqlite", str(old), "--dry-run")[1]
    assert line in json.loads(command("migrate", "sqlite", str(old), "--json")[1])["notes"]
    monkeypatch.setenv("OPENAI_API_KEY", "key")
    assert "OPENAI_API_KEY" not in command("migrate", "sqlite", str(old), "--dry-run")[1]


def test_a_row_that_cannot_come_over_is_exit_code_1(old: Path) -> None:
    with closing(make(old.with_name("large.db"))) as connection:
        insert(connection, "eval_documents", [{"id": "large", "actual_output": "x" * (10 * 1024 * 1024 + 1)}])
    code, said = command("migrate", "sqlite", str(old.with_name("large.db")), "--verify")
    assert code == 1
    assert "Not brought over: eval_documents large: evaluationTarget is 10,485,761 bytes long" in said
    assert "missing: large" in said


def test_a_file_that_is_not_there_is_wrong_use(tmp_path: Path) -> None:
    assert command("migrate", "sqlite", str(tmp_path / "none.db"))[0] == 2
