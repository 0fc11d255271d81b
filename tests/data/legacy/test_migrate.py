"""The old database comes over whole: ids, times, order, oddities; again and again without harm."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from benchmarks.api import make_database
from console.data.legacy.manager import DynamoDBManager
from console.data.legacy.migration.bringing import Moved, Report
from console.data.legacy.migration.migrate import migrate
from console.data.legacy.migration.verify import verify
from console.data.legacy.sqlite.manager import DatabaseManager
from console.data.legacy.sqlite.rows import insert
from console.data.legacy.sqlite.schema import SCHEMA
from console.data.runs.rollups import recount
from console.data.store import tables
from console.data.store.store import Store
from console.errors import SetupError
from console.records import RunFilter, RunStatus
from tests.support.old_database import (
    BARE_CASE,
    CASE,
    COMPLETED,
    DOCUMENT,
    EARLIER,
    JUDGE,
    METRIC,
    THRESHOLD,
    UNUSED,
    case,
    make,
    run,
)
from tests.support.tier import Tier, artifact, new_judge, said, snapshot, stored_runs, tier
from tests.support.tier import recount as counted

ROOT = Path(__file__).resolve().parents[3]
ADDED_LATER = """
CREATE TABLE thresholds (id TEXT PRIMARY KEY, score REAL NOT NULL, created_at TEXT NOT NULL);
ALTER TABLE cases ADD COLUMN threshold_id TEXT REFERENCES thresholds(id);
ALTER TABLE runs ADD COLUMN evaluation_status TEXT;
"""


def first_schema() -> str:
    """The tables as they were at first: neither thresholds nor results against them."""
    lines = SCHEMA.splitlines()
    begin = lines.index("CREATE TABLE thresholds (")
    end = lines.index(");", begin)
    kept = [line for line in lines[:begin] + lines[end + 1 :] if "threshold_id" not in line]
    return "\n".join(line for line in kept if "evaluation_status" not in line)


@pytest.fixture
def old(tmp_path: Path) -> sqlite3.Connection:
    return make(tmp_path / "old.db")


@pytest.fixture
def here(embedded_store: Store) -> Tier:
    process = tier(embedded_store)
    process.catalog.ensure_defaults()
    return process


def bring(to: Tier, path: Path, **options: Any) -> Report:
    return migrate(to, path, **options)


def check(to: Tier, path: Path) -> None:
    compared = verify(to, path)
    assert {table: (one.different, one.missing) for table, one in compared.items()} == dict.fromkeys(compared, ([], []))
    assert all(one.digest_of_source == one.digest_of_store for one in compared.values())


def test_every_row_comes_over_under_its_own_id(old: sqlite3.Connection, here: Tier, tmp_path: Path) -> None:
    insert(old, "runs", [run(7, **COMPLETED), run(9, status="running")])
    report = bring(here, tmp_path / "old.db")
    assert {table: moved.added for table, moved in report.tables.items()} == {
        "metrics": 1,
        "models": 1,
        "cases": 1,
        "thresholds": 2,
        "judges": 1,
        "eval_documents": 2,
        "runs": 2,
    }
    assert (report.failures, report.highest_run) == ([], 9)
    check(here, tmp_path / "old.db")
    manager, before = DynamoDBManager.of(here), DatabaseManager(tmp_path / "old.db")
    assert json.dumps(manager.list_runs()) == json.dumps(before.list_runs())
    assert manager.list_judges() == before.list_judges()
    assert manager.list_metrics() == before.list_metrics()
    assert manager.list_cases() == before.list_cases()
    assert [row["id"] for row in manager.list_thresholds()] == [THRESHOLD, EARLIER]
    assert [row["id"] for row in manager.list_thresholds(CASE)] == [THRESHOLD]
    assert [row["id"] for row in manager.list_documents()] == [DOCUMENT, UNUSED]


def test_new_runs_get_ids_above_every_old_one(old: sqlite3.Connection, here: Tier, tmp_path: Path) -> None:
    insert(old, "runs", [run(41)])
    old.execute("DELETE FROM runs WHERE id = 41")
    insert(old, "runs", [run(5)])
    bring(here, tmp_path / "old.db")
    assert DynamoDBManager.of(here).create_run(JUDGE, actual_output="x") == 42


def test_a_run_has_the_text_and_the_configuration_that_it_was_judged_with(
    old: sqlite3.Connection, here: Tier, tmp_path: Path
) -> None:
    insert(old, "runs", [run(7, **COMPLETED)])
    old.execute("UPDATE cases SET name = 'renamed', max_score = 9")
    bring(here, tmp_path / "old.db")
    found = here.runs.get(7)
    assert (found.judge_snapshot.case_name, found.judge_snapshot.score_range.max) == ("relevance", 5)
    assert found.judge_snapshot.parameters == {"n_responses": 1}
    assert found.evaluated_artifact.evaluation_target == "Paris."
    assert found.metadata is not None
    assert json.dumps(found.metadata["long"]) == "12345678901234567890123"
    assert json.dumps(found.metadata["float"]) == "1.0"


def test_what_is_no_json_is_null_as_the_old_api_showed_it(old: sqlite3.Connection, here: Tier, tmp_path: Path) -> None:
    bring(here, tmp_path / "old.db")
    assert DynamoDBManager.of(here).get_document(DOCUMENT)["metadata"] == {"n": None, "k": 1}


ODD = [
    {**COMPLETED, "evaluation_status": None},
    {**COMPLETED, "evaluation_status": "pending"},
    {**COMPLETED, "final_score": None, "all_responses": None},
    {**COMPLETED, "metadata": None, "prompt_used": None, "execution_time_seconds": None, "total_usage_tokens": None},
    {**COMPLETED, "metadata": "[1, 2.0]", "all_responses": "[3, 4.5]"},
    {**COMPLETED, "metadata": "no json", "all_responses": "[]"},
    {"status": "failed", "error_message": "Evaluation failed: x\nTraceback", "evaluation_status": "pending"},
    {"status": "failed", "error_message": None, "completed_at": "2025-09-01T12:00:02"},
    {"status": "cancelled", "started_at": None},
    {"status": "pending", "created_at": "2025-09-01T12:00:00.5", "metadata": '{"x": 1e999, "y": "\\ud800"}'},
]


@pytest.mark.parametrize("columns", ODD, ids=range(len(ODD)))
def test_odd_columns_are_answered_as_they_are(
    old: sqlite3.Connection, here: Tier, tmp_path: Path, columns: dict[str, Any]
) -> None:
    insert(old, "runs", [run(3, **columns)])
    assert bring(here, tmp_path / "old.db").failures == []
    check(here, tmp_path / "old.db")
    shown = DynamoDBManager.of(here).get_run(3)
    given = columns.get("evaluation_status")
    assert (shown["status"], shown["evaluation_status"]) == (columns["status"], given)


def test_the_generation_without_thresholds_comes_over(here: Tier, tmp_path: Path) -> None:
    old = make(tmp_path / "old.db", first_schema())
    completed = {name: value for name, value in COMPLETED.items() if name != "evaluation_status"}
    insert(old, "runs", [run(1, **completed)])
    assert bring(here, tmp_path / "old.db").failures == []
    check(here, tmp_path / "old.db")
    assert DynamoDBManager.of(here).get_case(CASE)["score_threshold"] == 0.5
    assert DynamoDBManager.of(here).get_run(1)["evaluation_status"] is None


def test_the_generation_with_the_threshold_in_the_case_comes_over(here: Tier, tmp_path: Path) -> None:
    old = make(tmp_path / "old.db", first_schema())
    old.execute("ALTER TABLE cases ADD COLUMN score_threshold REAL DEFAULT 0.7")
    bring(here, tmp_path / "old.db")
    check(here, tmp_path / "old.db")
    assert DynamoDBManager.of(here).get_case(CASE)["score_threshold"] == 0.7


def test_columns_that_were_added_later_may_be_null(here: Tier, tmp_path: Path) -> None:
    old = make(tmp_path / "old.db", first_schema() + ADDED_LATER)
    insert(old, "cases", [case(BARE_CASE, "bare")])
    bring(here, tmp_path / "old.db")
    check(here, tmp_path / "old.db")
    assert DynamoDBManager.of(here).get_case(BARE_CASE)["score_threshold"] == 0.5


def test_rows_that_refer_to_nothing_come_over_and_are_named(
    old: sqlite3.Connection, here: Tier, tmp_path: Path
) -> None:
    insert(old, "runs", [run(1, judge_id="gone"), run(2, document_id="gone", **COMPLETED)])
    judge = {"id": "orphan", "model_id": "gone", "case_id": "gone", "metric_id": "gone", "parameters": "{}"}
    insert(old, "judges", [judge])
    insert(old, "eval_documents", [{"id": None, "actual_output": "nameless"}])
    report = bring(here, tmp_path / "old.db")
    assert report.failures == []
    assert [note.split()[1:3] for note in report.notes[-3:]] == [["judge", "orphan"], ["run", "1"], ["run", "2"]]
    check(here, tmp_path / "old.db")
    assert here.documents.get("row-3").evaluation_target == "nameless"
    assert [found.run_id for found in here.runs.list(RunFilter()).items] == [2, 1]


def test_order_within_a_second_is_the_order_of_insertion(old: sqlite3.Connection, here: Tier, tmp_path: Path) -> None:
    created = {"created_at": "2025-09-01 12:00:00"}
    for name in ("zeta", "alpha", "mid"):
        insert(old, "metrics", [{"id": f"m-{name}", "name": name, **created}])
        insert(old, "cases", [{**case(f"c-{name}", name), "threshold_id": THRESHOLD}])
        insert(old, "eval_documents", [{"id": f"d-{name}", "actual_output": name, **created}])
    bring(here, tmp_path / "old.db")
    manager, before = DynamoDBManager.of(here), DatabaseManager(tmp_path / "old.db")
    assert [row["id"] for row in manager.list_metrics()] == [METRIC, "m-zeta", "m-alpha", "m-mid"]
    assert [row["id"] for row in manager.list_cases()] == [row["id"] for row in before.list_cases()]
    assert [row["id"] for row in manager.list_documents()] == [row["id"] for row in before.list_documents()]


def test_a_second_time_changes_nothing(old: sqlite3.Connection, here: Tier, tmp_path: Path) -> None:
    insert(old, "runs", [run(number, **COMPLETED) for number in range(1, 151)])
    first = bring(here, tmp_path / "old.db")
    tokens = {table: [("TOKEN", "TOKEN")] for table in ("CasesConfiguration", "JudgesConfiguration")}
    before = here.store.counters(tokens)
    again = bring(here, tmp_path / "old.db")
    assert {one.added + one.changed for one in again.tables.values()} == {0}
    assert again.tables["runs"] == Moved(rows=150, present=first.tables["runs"].added)
    assert here.store.counters(tokens) == before
    assert recount.verify(here.store) == []


def test_a_dry_run_writes_nothing(old: sqlite3.Connection, here: Tier, tmp_path: Path) -> None:
    insert(old, "runs", [run(1, **COMPLETED)])
    before = [*here.store.scan(tables.RUNS)]
    report = bring(here, tmp_path / "old.db", dry_run=True)
    assert report.tables["runs"].added == 1
    assert [*here.store.scan(tables.RUNS)] == before
    assert [*here.store.scan(tables.CASES)] == []
    assert {metric.created_by for metric in here.catalog.metrics()} == {"system"}


def test_the_source_is_not_changed(old: sqlite3.Connection, here: Tier, tmp_path: Path) -> None:
    old.close()
    path = tmp_path / "old.db"
    path.chmod(0o400)
    before = path.read_bytes()
    bring(here, path)
    verify(here, path)
    assert path.read_bytes() == before
    assert sorted(one.name for one in tmp_path.iterdir()) == ["old.db"]


def test_what_is_still_in_the_write_ahead_log_comes_over(old: sqlite3.Connection, here: Tier, tmp_path: Path) -> None:
    old.execute("PRAGMA journal_mode = WAL")
    old.execute("PRAGMA wal_autocheckpoint = 0")
    insert(old, "runs", [run(1, **COMPLETED)])
    assert bring(here, tmp_path / "old.db").tables["runs"].added == 1


def test_rollups_count_what_came_over(old: sqlite3.Connection, here: Tier, tmp_path: Path) -> None:
    insert(old, "runs", [run(number, **COMPLETED) for number in range(1, 131)])
    insert(old, "runs", [run(200, status="failed"), run(201, status="running")])
    bring(here, tmp_path / "old.db")
    day = here.runs.get(1).run_date
    assert said(here.rollups.read(day, day)) == counted(stored_runs(here.store, here))


def test_a_change_in_the_old_database_is_a_change_here(old: sqlite3.Connection, here: Tier, tmp_path: Path) -> None:
    insert(old, "runs", [run(1, status="running")])
    bring(here, tmp_path / "old.db")
    manager = DatabaseManager(tmp_path / "old.db")
    manager.update_case(CASE, name="renamed", score_threshold=0.9)
    manager.update_judge(JUDGE, name="Strict", parameters={"n_responses": 4})
    manager.complete_run(1, 4, 0.75, [4], 3, 2, 1, 1.0, "Rate it.", {"k": 1})
    new_run = manager.create_run(JUDGE, UNUSED)
    report = bring(here, tmp_path / "old.db")
    changed = {table: one.changed for table, one in report.tables.items() if one.changed}
    assert changed == {"cases": 1, "judges": 1, "runs": 1}
    check(here, tmp_path / "old.db")
    assert here.cases.get(CASE).version == "2.0"
    assert [entry.score for entry in here.thresholds.history(here.cases.get(CASE))] == [0.9, 0.6]
    assert here.runs.get(1).status is RunStatus.COMPLETED
    assert here.runs.get(new_run).document_id == UNUSED
    assert recount.verify(here.store) == []


def test_a_run_of_the_stores_own_is_not_replaced(old: sqlite3.Connection, here: Tier, tmp_path: Path) -> None:
    own = here.runs.create(snapshot(), artifact("ours"), by="ana")
    insert(old, "runs", [run(1, **COMPLETED), run(2, **COMPLETED)])
    report = bring(here, tmp_path / "old.db")
    assert own.run_id == 1
    assert here.runs.get(1).evaluated_artifact.evaluation_target == "ours"
    assert here.runs.get(2).evaluated_artifact.evaluation_target == "Paris."
    assert [failure[:25] for failure in report.failures] == ["The store has another run"]


def test_a_default_metric_in_use_stays_beside_the_old_one(old: sqlite3.Connection, here: Tier, tmp_path: Path) -> None:
    own = here.cases.create(name="own", task_introduction="t", evaluation_criteria="c", by="ana")
    judge = new_judge(here, own)
    bring(here, tmp_path / "old.db")
    assert sorted(row["name"] for row in DynamoDBManager.of(here).list_metrics()) == ["geval", "geval"]
    assert here.judges.get(judge.judge_id).metric.id != METRIC
    assert here.judges.get(JUDGE).metric.id == METRIC


@pytest.mark.parametrize("content", [b"no database at all, but long enough to be read as one", b""])
def test_another_file_is_refused(here: Tier, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.db").write_bytes(content)
    with pytest.raises(SetupError, match=r"cannot be read as a database|It is no database"):
        bring(here, tmp_path / "x.db")
    with pytest.raises(SetupError, match="There is no file"):
        bring(here, tmp_path / "none.db")


def test_a_difference_is_found(old: sqlite3.Connection, here: Tier, tmp_path: Path) -> None:
    insert(old, "runs", [run(1, **COMPLETED), run(2, **COMPLETED)])
    bring(here, tmp_path / "old.db")
    old.execute("UPDATE runs SET final_score = 3.5 WHERE id = 1")
    insert(old, "runs", [run(9)])
    found = verify(here, tmp_path / "old.db")["runs"]
    assert (found.different, found.missing, found.equal) == (["1"], ["9"], 1)
    assert found.digest_of_source != found.digest_of_store
    DynamoDBManager.of(here).create_run(JUDGE, actual_output="new")
    assert verify(here, tmp_path / "old.db")["runs"].only_in_store == 1


@pytest.mark.slow
def test_a_migration_that_is_killed_goes_on_where_it_was(tmp_path: Path) -> None:
    make_database(tmp_path / "old.db", 20_000)
    arguments = ["migrate", "sqlite", str(tmp_path / "old.db"), "--json", "--data-dir", str(tmp_path / "data")]
    command = [sys.executable, "-m", "console", *arguments]
    for seconds in (6, 8, 6):
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
        time.sleep(seconds)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    done = subprocess.run([*command, "--verify"], cwd=ROOT, capture_output=True, text=True, check=True)
    report = json.loads(done.stdout)
    assert report["tables"]["runs"]["added"] + report["tables"]["runs"]["present"] == 20_000
    assert [one["wrong"] for one in report["verified"].values()] == [0] * 7
    rollups = [sys.executable, "-m", "console", "rollups", "verify", "--data-dir", str(tmp_path / "data")]
    assert subprocess.run(rollups, cwd=ROOT, check=False).returncode == 0


def test_reports_can_be_printed() -> None:
    assert json.loads(json.dumps(dataclasses.asdict(Report())))["tables"]["runs"] == {
        "rows": 0,
        "added": 0,
        "changed": 0,
        "present": 0,
    }
