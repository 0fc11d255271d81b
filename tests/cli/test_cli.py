"""The command line as a user runs it: output, JSON, exit codes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.engine import engine
from tests.support.commands import command as console
from tests.support.commands import process


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[str]:
    yield str(tmp_path / "data")
    engine.stop(tmp_path / "data", force=True)


@pytest.mark.parametrize(
    "command",
    [
        ["serve"],
        ["api"],
        ["engine", "start"],
        ["engine", "status"],
        ["engine", "stop"],
        ["tables", "create"],
        ["tables", "check"],
        ["seed"],
        ["import", "runs"],
        ["export", "runs"],
        ["agreement"],
        ["labels", "import"],
        ["labels", "export"],
        ["rollups", "rebuild"],
        ["rollups", "verify"],
        ["ingest"],
        ["migrate", "qdrant"],
        ["opensearch", "sync"],
        ["users", "add"],
        ["users", "list"],
        ["users", "role"],
        ["users", "password"],
        ["users", "revoke"],
        ["users", "delete"],
    ],
    ids=" ".join,
)
def test_every_command_explains_itself(command: list[str]) -> None:
    done = console(*command, "--help")
    assert done.returncode == 0
    assert f" {' '.join(command)} [OPTIONS]" in done.stdout
    assert "--data-dir" in done.stdout


def test_help_names_the_command_as_it_was_called() -> None:
    assert "Usage: python -m console engine start [OPTIONS]" in process("engine", "start", "--help").stdout


def test_without_a_command_the_commands_are_listed() -> None:
    done = console()
    assert done.returncode == 2
    assert "serve" in done.stdout + done.stderr


def test_wrong_use_exits_with_2() -> None:
    assert process("no-such-command").returncode == 2
    assert console("serve", "--api-port", "0").returncode == 2
    assert console("engine", "status", "--colour").returncode == 2


def test_a_wrong_setting_exits_with_1_and_says_what_to_change() -> None:
    done = process("engine", "status", DATABASE_TYPE="mysql")
    assert done.returncode == 1
    assert done.stderr.startswith("Error: DATABASE_TYPE is 'mysql', which is not one of dynamodb, sqlite.")


def test_an_engine_is_started_shown_and_stopped(folder: str) -> None:
    assert console("engine", "start", "--data-dir", folder).returncode == 0
    shown = json.loads(console("engine", "status", "--json", "--data-dir", folder).stdout)
    assert shown["running"] is True
    assert shown["kind"] == "dynoxide"
    assert console("engine", "stop", "--data-dir", folder).stdout == "The engine is stopped.\n"
    assert console("engine", "status", "--data-dir", folder).stdout == "No engine is running.\n"


def test_an_engine_in_use_is_not_stopped(folder: str) -> None:
    with engine.acquire(Path(folder)):
        done = console("engine", "stop", "--data-dir", folder)
    assert done.returncode == 1
    assert "is in use" in done.stderr


def test_commands_work_from_any_folder(tmp_path: Path) -> None:
    assert process("engine", "status", cwd=tmp_path).stdout == "No engine is running.\n"


@pytest.fixture
def store(folder: str) -> str:
    """A data folder with tables."""
    assert console("tables", "create", "--data-dir", folder).returncode == 0
    return folder


LINE = {
    "key": "first",
    "case": {"name": "summaries", "threshold": 0.6},
    "judge": {"name": "strict", "model": "gpt-4o", "provider": "openai"},
    "evaluationTarget": "the text",
    "allResponses": [4, 5],
    "startedAt": "2026-01-31T12:00:00Z",
    "labels": [{"labelledBy": "ann", "score": 4}],
}


@pytest.fixture
def lines(tmp_path: Path) -> str:
    """A file with one run in the neutral form."""
    path = tmp_path / "runs.jsonl"
    path.write_text(json.dumps(LINE), encoding="utf-8")
    return str(path)


def test_missing_tables_are_reported_and_not_made(folder: str) -> None:
    first = console("tables", "check", "--data-dir", folder)
    assert first.returncode == 1
    assert "EvaluationRuns: missing; `tables create` makes it" in first.stdout
    assert console("tables", "check", "--data-dir", folder).returncode == 1


def test_tables_are_created_once_and_pass_the_check(folder: str) -> None:
    assert "EvaluationRuns" in json.loads(console("tables", "create", "--json", "--data-dir", folder).stdout)["created"]
    assert console("tables", "create", "--data-dir", folder).stdout == "All tables are there.\n"
    done = console("tables", "check", "--json", "--data-dir", folder)
    assert done.returncode == 0
    assert {"table": "EvaluationRuns", "problems": [], "remarks": []} in json.loads(done.stdout)


def test_runs_are_imported_once(store: str, lines: str) -> None:
    first = console("import", "runs", lines, "--json", "--data-dir", store)
    again = console("import", "runs", lines, "--json", "--data-dir", store)
    assert json.loads(first.stdout) == {"added": 1, "present": 0}
    assert json.loads(again.stdout) == {"added": 0, "present": 1}


def test_a_wrong_line_is_an_error_that_names_it(store: str, tmp_path: Path) -> None:
    (tmp_path / "wrong.jsonl").write_text('{"case": {}}', encoding="utf-8")
    done = console("import", "runs", str(tmp_path / "wrong.jsonl"), "--data-dir", store)
    assert done.returncode == 1
    assert done.stderr.startswith("Error: Line 1 ")


def test_an_export_in_json_lines_can_be_imported_elsewhere(store: str, lines: str, tmp_path: Path) -> None:
    file, elsewhere = str(tmp_path / "out.jsonl"), str(tmp_path / "elsewhere")
    console("import", "runs", lines, "--data-dir", store)
    assert console("export", "runs", file, "--data-dir", store).stdout == f"Exported 1 run(s) to {file}.\n"
    done = console("import", "runs", file, "--json", "--data-dir", elsewhere)
    assert json.loads(done.stdout) == {"added": 1, "present": 0}


def test_an_export_holds_only_what_the_filters_let_through(store: str, lines: str, tmp_path: Path) -> None:
    file = str(tmp_path / "out.csv")
    console("import", "runs", lines, "--data-dir", store)
    passes = console("export", "runs", file, "--case", "summaries", "--verdict", "pass", "--json", "--data-dir", store)
    later = console("export", "runs", file, "--from", "2026-02-01", "--json", "--data-dir", store)
    assert json.loads(passes.stdout) == {"file": file, "runs": 1}
    assert json.loads(later.stdout) == {"file": file, "runs": 0}


def test_an_export_says_what_is_wrong_with_its_options(store: str, tmp_path: Path) -> None:
    assert console("export", "runs", "out.txt", "--data-dir", store).returncode == 2
    unknown = console("export", "runs", str(tmp_path / "out.csv"), "--case", "nobody", "--data-dir", store)
    assert unknown.returncode == 1
    assert unknown.stderr.startswith("Error: There is no case nobody.")
    assert not (tmp_path / "out.csv").exists()


def test_rollups_equal_a_recount_after_an_import(store: str, lines: str) -> None:
    console("import", "runs", lines, "--data-dir", store)
    assert console("rollups", "verify", "--data-dir", store).returncode == 0
    assert json.loads(console("rollups", "rebuild", "--json", "--data-dir", store).stdout) == {"written": 0}


def test_users_are_added_changed_and_removed(store: str) -> None:
    console("users", "add", "ann", "--role", "admin", "--password-stdin", "--data-dir", store, text="a-password\n")
    console("users", "add", "bob", "--data-dir", store)
    console("users", "role", "bob", "evaluator", "--data-dir", store)
    shown = json.loads(console("users", "list", "--json", "--data-dir", store).stdout)
    assert [(user["username"], user["role"]) for user in shown] == [("ann", "admin"), ("bob", "evaluator")]
    assert "hash" not in json.dumps(shown).lower()
    assert console("users", "revoke", "bob", "--data-dir", store).returncode == 0
    assert console("users", "delete", "bob", "--data-dir", store).returncode == 0
    assert console("users", "delete", "bob", "--data-dir", store).returncode == 1


def test_a_random_password_is_printed_and_a_given_one_is_not(store: str) -> None:
    given = console("users", "add", "ann", "--password-stdin", "--data-dir", store, text="a-password\n")
    random = console("users", "password", "ann", "--data-dir", store)
    assert given.stdout == "Added ann as viewer.\n"
    assert "Password: " in random.stdout


def test_a_short_password_is_refused(store: str) -> None:
    done = console("users", "add", "ann", "--password-stdin", "--data-dir", store, text="short\n")
    assert done.returncode == 1
    assert "choose at least 8" in done.stderr
