"""Databases as they lie on real disks: of every generation, hot, locked, damaged, with rows that no schema allows.

Each is migrated as the documents say: a dry run, the run, the comparison. The dry run says what the run does.
"""

from __future__ import annotations

import dataclasses
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from console.data.legacy.manager import DynamoDBManager
from console.data.legacy.migration.bringing import Report
from console.data.legacy.migration.migrate import migrate
from console.data.legacy.migration.verify import verify
from console.data.legacy.sqlite.manager import DatabaseManager
from console.data.legacy.sqlite.rows import insert
from console.data.legacy.sqlite.schema import SCHEMA, TABLES
from console.data.runs.rollups import recount
from console.data.store.store import Store
from console.errors import SetupError
from tests.support.old_database import CASE, COMPLETED, DOCUMENT, JUDGE, METRIC, MODEL, Connection, case, make, run
from tests.support.tier import Tier, tier

BARE = SCHEMA.replace(" NOT NULL", "").replace(" UNIQUE", "").replace(" CHECK (score >= 0.0 AND score <= 1.0)", "")
"""The newest schema without a constraint, as tables are that were changed or copied by hand."""
CREATED = {"created_at": "2025-09-01 12:00:00"}


@pytest.fixture
def here(embedded_store: Store) -> Tier:
    process = tier(embedded_store)
    process.catalog.ensure_defaults()
    return process


def migrated(here: Tier, path: Path) -> Report:
    """Dry run, run, comparison; the report of the run."""
    before = path.read_bytes()
    foreseen = migrate(here, path, dry_run=True)
    report = migrate(here, path)
    assert dataclasses.asdict(report) == dataclasses.asdict(foreseen)
    compared = verify(here, path)
    assert {table: (one.different, one.missing) for table, one in compared.items()} == dict.fromkeys(compared, ([], []))
    assert all(one.digest_of_source == one.digest_of_store for one in compared.values())
    assert recount.verify(here.store) == []
    assert path.read_bytes() == before
    return report


def added(report: Report) -> dict[str, int]:
    return {table: moved.added for table, moved in report.tables.items()}


# --- generations -------------------------------------------------------------------------------------


def first_generation(path: Path) -> sqlite3.Connection:
    """Judges name their models; there are neither models nor thresholds."""
    old = sqlite3.connect(path, isolation_level=None, check_same_thread=False, factory=Connection)
    old.executescript(
        """
        CREATE TABLE metrics (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE,
            created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP);
        CREATE TABLE cases (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, task_introduction TEXT NOT NULL,
            evaluation_criteria TEXT NOT NULL, min_score INTEGER NOT NULL DEFAULT 1,
            max_score INTEGER NOT NULL DEFAULT 5, requires_reference BOOLEAN NOT NULL DEFAULT FALSE,
            created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP);
        CREATE TABLE eval_documents (id TEXT PRIMARY KEY, actual_output TEXT NOT NULL, expected_output TEXT,
            metadata TEXT, created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP);
        CREATE TABLE judges (id TEXT PRIMARY KEY, name TEXT, model TEXT NOT NULL,
            case_id TEXT NOT NULL REFERENCES cases (id), metric_id TEXT NOT NULL REFERENCES metrics (id),
            parameters TEXT NOT NULL, description TEXT, created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP);
        CREATE TABLE runs (id INTEGER PRIMARY KEY AUTOINCREMENT, judge_id TEXT NOT NULL REFERENCES judges (id),
            document_id TEXT NOT NULL REFERENCES eval_documents (id), status TEXT NOT NULL DEFAULT 'pending',
            final_score REAL, final_score_normalized REAL, all_responses TEXT, total_usage_tokens INTEGER,
            prompt_tokens INTEGER, completion_tokens INTEGER, execution_time_seconds REAL, prompt_used TEXT,
            error_message TEXT, metadata TEXT, started_at TIMESTAMP, completed_at TIMESTAMP,
            created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP);
        """
    )
    insert(old, "metrics", [{"id": METRIC, "name": "geval", **CREATED}])
    insert(old, "cases", [case()])
    insert(old, "eval_documents", [{"id": DOCUMENT, "actual_output": "Paris.", **CREATED}])
    judge = {"case_id": CASE, "metric_id": METRIC, "parameters": "{}", **CREATED}
    for key, model in ((JUDGE, "gpt-4o"), ("j2", "gpt-4o-mini"), ("j3", "gpt-4o")):
        insert(old, "judges", [{"id": key, "model": model, **judge}])
    completed = {name: value for name, value in COMPLETED.items() if name != "evaluation_status"}
    insert(old, "runs", [run(1, **completed)])
    return old


def test_the_first_generation(here: Tier, tmp_path: Path) -> None:
    first_generation(tmp_path / "old.db").close()
    report = migrated(here, tmp_path / "old.db")
    assert (report.notes, report.failures) == ([], [])
    assert (added(report)["models"], added(report)["judges"]) == (2, 3)
    manager = DynamoDBManager.of(here)
    judges = {judge["id"]: (judge["model_name"], judge["model_provider"]) for judge in manager.list_judges()}
    assert judges == {JUDGE: ("gpt-4o", "openai"), "j2": ("gpt-4o-mini", "openai"), "j3": ("gpt-4o", "openai")}
    assert manager.get_run(1)["model_name"] == "gpt-4o"


def test_the_first_generation_can_be_served_and_brought_over_then(here: Tier, tmp_path: Path) -> None:
    first_generation(tmp_path / "old.db").close()
    migrated(here, tmp_path / "old.db")
    manager = DatabaseManager(tmp_path / "old.db")
    judge_id = manager.create_judge(None, manager.create_model("o3", "openai"), CASE, METRIC, {})
    assert [model["name"] for model in manager.list_models()] == ["gpt-4o", "gpt-4o-mini", "o3"]
    report = migrated(here, tmp_path / "old.db")
    assert (added(report)["models"], added(report)["judges"]) == (1, 1)
    assert here.judges.get(judge_id).llm.model == "o3"


# --- files that are hot, locked, damaged -------------------------------------------------------------

WRITER = """
import sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
for statement in sys.argv[2:]:
    connection.execute(statement)
print("ready", flush=True)
time.sleep(60)
"""
SPILL = "PRAGMA cache_size = 1", "PRAGMA cache_spill = 1"
UNCOMMITTED = (
    *SPILL,
    "BEGIN IMMEDIATE",
    "UPDATE runs SET final_score = 1.0, prompt_used = hex(zeroblob(3000))",
)


@contextmanager
def writer(path: Path, *statements: str) -> Iterator[subprocess.Popen[str]]:
    """Another process that did this to the database and still has it open."""
    command = [sys.executable, "-c", WRITER, str(path), *statements]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        try:
            yield process
        finally:
            os.kill(process.pid, signal.SIGKILL)


def with_runs(path: Path) -> None:
    with closing(make(path)) as old:
        insert(old, "runs", [run(number, **COMPLETED) for number in range(1, 101)])


def test_the_journal_of_a_killed_writer_is_rolled_back(here: Tier, tmp_path: Path) -> None:
    with_runs(tmp_path / "old.db")
    with writer(tmp_path / "old.db", *UNCOMMITTED):
        pass
    journal = (tmp_path / "old.db-journal").read_bytes()
    assert migrated(here, tmp_path / "old.db").failures == []
    assert {row["final_score"] for row in DynamoDBManager.of(here).list_runs(limit=-1)} == {4.0}
    assert (tmp_path / "old.db-journal").read_bytes() == journal
    assert sorted(one.name for one in tmp_path.iterdir()) == ["old.db", "old.db-journal"]


def test_the_log_of_a_killed_writer_is_read(here: Tier, tmp_path: Path) -> None:
    with_runs(tmp_path / "old.db")
    log = "PRAGMA journal_mode = WAL", "PRAGMA wal_autocheckpoint = 0"
    with writer(tmp_path / "old.db", *log, "UPDATE runs SET final_score = 3.0", *UNCOMMITTED):
        pass
    assert migrated(here, tmp_path / "old.db").failures == []
    assert {row["final_score"] for row in DynamoDBManager.of(here).list_runs(limit=-1)} == {3.0}


def test_a_database_with_a_log_in_a_folder_that_cannot_be_written_is_read(here: Tier, tmp_path: Path) -> None:
    folder = tmp_path / "locked"
    folder.mkdir()
    with_runs(folder / "old.db")
    with closing(sqlite3.connect(folder / "old.db")) as old:
        old.execute("PRAGMA journal_mode = WAL")
    folder.chmod(0o500)
    assert added(migrated(here, folder / "old.db"))["runs"] == 100
    assert [one.name for one in folder.iterdir()] == ["old.db"]
    folder.chmod(0o700)


@pytest.mark.parametrize(
    "statements",
    [
        ("BEGIN IMMEDIATE",),
        ("BEGIN EXCLUSIVE",),
        UNCOMMITTED,
        ("PRAGMA journal_mode = WAL", "UPDATE runs SET final_score = 3.0"),
        ("PRAGMA journal_mode = WAL", *UNCOMMITTED),
    ],
)
def test_a_writer_that_lives_is_to_be_stopped_first(here: Tier, tmp_path: Path, statements: tuple[str, ...]) -> None:
    with_runs(tmp_path / "old.db")
    with writer(tmp_path / "old.db", *statements):
        for attempt in (lambda: migrate(here, tmp_path / "old.db"), lambda: verify(here, tmp_path / "old.db")):
            with pytest.raises(SetupError, match="Stop what writes to it"):
                attempt()
    assert here.cases.list() == []


@pytest.mark.parametrize("place", [4_096, 8_192, 20_480, 61_440])
def test_a_damaged_database_is_refused_whole(here: Tier, tmp_path: Path, place: int) -> None:
    with_runs(tmp_path / "old.db")
    content = bytearray((tmp_path / "old.db").read_bytes())
    content[place : place + 64] = b"\xff" * 64
    (tmp_path / "old.db").write_bytes(content)
    with pytest.raises(SetupError, match=r"is damaged|cannot be read as a database"):
        migrate(here, tmp_path / "old.db")
    assert here.cases.list() == []


def test_half_a_database_is_refused_whole(here: Tier, tmp_path: Path) -> None:
    with_runs(tmp_path / "old.db")
    content = (tmp_path / "old.db").read_bytes()
    (tmp_path / "old.db").write_bytes(content[: len(content) // 2])
    with pytest.raises(SetupError, match=r"is damaged|cannot be read as a database"):
        migrate(here, tmp_path / "old.db")
    assert here.cases.list() == []


# --- rows that no schema allows ----------------------------------------------------------------------


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """A good database without constraints, for odd rows."""
    with closing(make(tmp_path / "old.db", BARE)) as old:
        insert(old, "runs", [run(1, **COMPLETED)])
        yield old


def brought(bare: sqlite3.Connection, here: Tier, tmp_path: Path) -> Report:
    bare.commit()
    report = migrated(here, tmp_path / "old.db")
    assert DynamoDBManager.of(here).get_run(1)["status"] == "completed"
    return report


def test_text_in_numbers(bare: sqlite3.Connection, here: Tier, tmp_path: Path) -> None:
    bare.execute("UPDATE cases SET min_score = 'low', max_score = 7.5, requires_reference = 'yes'")
    bare.execute("UPDATE thresholds SET score = 'high'")
    bare.execute(
        "UPDATE runs SET final_score = 'good', prompt_tokens = 'many', execution_time_seconds = 'long',"
        " all_responses = '[1, \"x\"]', metadata = 'none'"
    )
    report = brought(bare, here, tmp_path)
    assert report.failures == []
    assert f"cases {CASE}: min_score is 'low', 1 here." in report.notes
    assert f"cases {CASE}: max_score is 7.5, 7 here." in report.notes
    assert "runs 1: final_score is 'good', empty here." in report.notes
    found = DynamoDBManager.of(here).get_case(CASE)
    assert found
    assert (found["min_score"], found["max_score"], found["requires_reference"], found["score_threshold"]) == (
        1,
        7,
        True,
        0.5,
    )
    shown = DynamoDBManager.of(here).get_run(1)
    assert (shown["final_score"], shown["prompt_tokens"], shown["all_responses"]) == (None, None, None)


def test_ids_that_are_missing(bare: sqlite3.Connection, here: Tier, tmp_path: Path) -> None:
    for key in (None, "", None, "two\nlines"):
        insert(bare, "metrics", [{"id": key, "name": f"metric {key}", **CREATED}])
        insert(bare, "models", [{"id": key, "name": f"model {key}", "provider": "openai", **CREATED}])
        insert(bare, "cases", [{**case(CASE, f"case {key}"), "id": key}])
        insert(bare, "eval_documents", [{"id": key, "actual_output": "x", **CREATED}])
        insert(bare, "judges", [{"id": key, "model_id": "", "case_id": None, "metric_id": key, "parameters": "{}"}])
        insert(bare, "thresholds", [{"id": key, "score": 0.3, "created_at": "2025-01-01T00:00:00"}])
    insert(bare, "runs", [run(2, judge_id="", **COMPLETED), run(3, document_id=None), run(4, document_id="")])
    report = brought(bare, here, tmp_path)
    assert report.failures == []
    assert added(report) == {
        "metrics": 5,
        "models": 5,
        "cases": 5,
        "thresholds": 6,
        "judges": 5,
        "eval_documents": 6,
        "runs": 4,
    }
    assert "metrics row-2: the id is None, 'row-2' here." in report.notes
    assert "judges row-3: case_id is None, 'unknown' here." in report.notes
    assert here.judges.get("row-3").metric.id == "row-3"


def test_binary_values_and_broken_text(bare: sqlite3.Connection, here: Tier, tmp_path: Path) -> None:
    bare.execute("UPDATE metrics SET name = x'6765'")
    bare.execute("UPDATE eval_documents SET actual_output = x'fffe00', expected_output = CAST(x'61ff62' AS TEXT)")
    bare.execute("UPDATE judges SET name = x'00', description = x'ff', parameters = x'7b7d'")
    bare.execute("UPDATE runs SET error_message = CAST(x'c3' AS TEXT), prompt_used = x'c3', status = x'72'")
    bare.execute("UPDATE cases SET name = CAST(x'eda080' AS TEXT)")
    insert(bare, "runs", [run(2, document_id=b"\x00\xff"), run(3, judge_id=b"\xff")])
    bare.execute("UPDATE runs SET status = 'completed' WHERE id = 1")
    report = brought(bare, here, tmp_path)
    assert report.failures == []
    assert f"metrics {METRIC}: name is b'ge', text here." in report.notes
    assert here.documents.get(DOCUMENT).evaluation_target == "\ufffd\ufffd\x00"
    assert here.runs.get(3).judge_id == "unknown"


def test_what_is_referred_to_and_is_gone(bare: sqlite3.Connection, here: Tier, tmp_path: Path) -> None:
    bare.execute("UPDATE cases SET threshold_id = 'gone'")
    insert(bare, "judges", [{"id": "j2", "model_id": "gone", "case_id": "gone", "metric_id": "gone", "parameters": ""}])
    insert(bare, "runs", [run(2, judge_id="j2", **COMPLETED), run(3, judge_id="gone"), run(4, document_id="gone")])
    report = brought(bare, here, tmp_path)
    assert report.failures == []
    assert f"cases {CASE}: threshold_id is 'gone', which is gone; its threshold is the default." in report.notes
    assert "judges j2: parameters is '', {} here." in report.notes
    assert sum("that is gone" in note for note in report.notes) == 3
    assert here.cases.get(CASE).threshold.score == 0.5


def test_values_out_of_range(bare: sqlite3.Connection, here: Tier, tmp_path: Path) -> None:
    bare.execute("UPDATE thresholds SET score = 1.5, created_at = 'yesterday'")
    bare.execute("UPDATE cases SET min_score = 9, max_score = -3, created_at = 1756728000, updated_at = 'x'")
    bare.execute("UPDATE metrics SET created_at = NULL")
    bare.execute("UPDATE runs SET final_score_normalized = 7.5, final_score = 1e999, prompt_tokens = -1")
    insert(bare, "runs", [run(0), run(-4), run(2**63 - 1), run(5, started_at="0000", created_at="then", **COMPLETED)])
    insert(bare, "eval_documents", [{"id": "d3", "actual_output": "x", "created_at": "2025-13-45", "metadata": "[1]"}])
    report = brought(bare, here, tmp_path)
    assert report.failures == [
        "runs, row -4: the id is -4, not that of a run.",
        "runs, row 0: the id is 0, not that of a run.",
        "runs, row 9223372036854775807: the id is 9223372036854775807, not that of a run.",
    ]
    assert f"cases {CASE}: created_at is 1756728000, 2025-09-01 12:00:00 here." in report.notes
    assert DynamoDBManager.of(here).create_run(JUDGE, actual_output="x") == 6


def test_names_that_differ_by_case_only(bare: sqlite3.Connection, here: Tier, tmp_path: Path) -> None:
    for name in ("GEval", "geval", "x", " x "):
        insert(bare, "metrics", [{"id": f"m-{name}", "name": name, **CREATED}])
        insert(bare, "cases", [{**case(f"c-{name}", name)}])
    bare.execute("INSERT INTO models SELECT 'again', name, provider, created_at FROM models")
    report = brought(bare, here, tmp_path)
    assert report.failures == []
    assert sum("is taken by another one" in note for note in report.notes) == 4
    assert len(here.cases.list()) == 5


def test_tables_that_were_copied_without_their_keys(here: Tier, tmp_path: Path) -> None:
    with closing(make(tmp_path / "made.db")) as made:
        insert(made, "runs", [run(number, **COMPLETED) for number in (1, 2)])
        made.execute(f"ATTACH '{tmp_path / 'old.db'}' AS copy")
        for table in TABLES:
            made.execute(f"CREATE TABLE copy.{table} AS SELECT * FROM {table}")
        made.execute("INSERT INTO copy.runs SELECT * FROM runs WHERE id = 2")
        made.execute("INSERT INTO copy.runs (id, judge_id, document_id) VALUES ('x', 'j', 'd'), (NULL, 'j', 'd')")
        made.execute("INSERT INTO copy.cases SELECT * FROM cases")
        made.execute("ALTER TABLE copy.cases ADD COLUMN owner TEXT DEFAULT 'me'")
    report = migrated(here, tmp_path / "old.db")
    assert [failure.split(":")[0] for failure in report.failures] == [
        "cases, row 2",
        "runs, row 3",
        "runs, row 4",
        "runs, row 5",
    ]
    assert added(report)["runs"] == 2


def test_what_no_item_can_hold_costs_no_other_row(bare: sqlite3.Connection, here: Tier, tmp_path: Path) -> None:
    deep = '{"a":' * 300 + "1" + "}" * 300
    bare.execute("INSERT INTO eval_documents SELECT 'd3', 'x', NULL, ?, '2025-01-01 00:00:00'", (deep,))
    bare.execute(f"INSERT INTO judges SELECT 'j2', '', '{MODEL}', '{CASE}', '{METRIC}', ?, NULL, NULL", (deep,))
    bare.commit()
    foreseen = migrate(here, tmp_path / "old.db", dry_run=True)
    report = migrate(here, tmp_path / "old.db")
    assert dataclasses.asdict(report) == dataclasses.asdict(foreseen)
    assert [failure.split(":")[0] for failure in report.failures] == ["judges j2", "eval_documents d3"]
    compared = verify(here, tmp_path / "old.db")
    assert {table: one.missing for table, one in compared.items() if one.wrong} == {
        "judges": ["j2"],
        "eval_documents": ["d3"],
    }
