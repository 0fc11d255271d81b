"""The old system's SQLite schema: made anew, opened by column name whatever its variant, and completed where needed.

Four generations of it exist: with the name of the model in `judges.model`; with the table `models`; with the threshold
in `cases.score_threshold`; and with the table `thresholds` that `cases.threshold_id` refers to. Columns that were added
later stand last and may be NULL. Times are texts, naive UTC: `YYYY-MM-DD HH:MM:SS` where SQLite wrote them, ISO-8601
where Python did.
"""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from console.errors import SetupError, StoreUnavailable

TABLES = ("metrics", "models", "thresholds", "cases", "eval_documents", "judges", "runs")
"""In the order in which rows refer to each other."""
REQUIRED = frozenset({"metrics", "cases", "eval_documents", "judges", "runs"})
"""Tables of every generation."""
_BUSY_SECONDS = 30.0

SCHEMA = """
CREATE TABLE metrics (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE models (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    provider TEXT NOT NULL,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE thresholds (
    id TEXT PRIMARY KEY,
    score REAL NOT NULL CHECK (score >= 0.0 AND score <= 1.0),
    created_at TEXT NOT NULL
);
CREATE TABLE cases (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    task_introduction TEXT NOT NULL,
    evaluation_criteria TEXT NOT NULL,
    min_score INTEGER NOT NULL DEFAULT 1,
    max_score INTEGER NOT NULL DEFAULT 5,
    requires_reference BOOLEAN NOT NULL DEFAULT FALSE,
    threshold_id TEXT NOT NULL REFERENCES thresholds(id),
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE eval_documents (
    id TEXT PRIMARY KEY,
    actual_output TEXT NOT NULL,
    expected_output TEXT,
    metadata TEXT,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE judges (
    id TEXT PRIMARY KEY,
    name TEXT,
    model_id TEXT NOT NULL REFERENCES models(id) ON DELETE CASCADE,
    case_id TEXT NOT NULL REFERENCES cases(id) ON DELETE CASCADE,
    metric_id TEXT NOT NULL REFERENCES metrics(id) ON DELETE CASCADE,
    parameters TEXT NOT NULL,
    description TEXT,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    judge_id TEXT NOT NULL REFERENCES judges(id) ON DELETE CASCADE,
    document_id TEXT NOT NULL REFERENCES eval_documents(id) ON DELETE CASCADE,
    status TEXT NOT NULL DEFAULT 'pending',
    evaluation_status TEXT,
    final_score REAL,
    final_score_normalized REAL,
    all_responses TEXT,
    total_usage_tokens INTEGER,
    prompt_tokens INTEGER,
    completion_tokens INTEGER,
    execution_time_seconds REAL,
    prompt_used TEXT,
    error_message TEXT,
    metadata TEXT,
    started_at TIMESTAMP,
    completed_at TIMESTAMP,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);
CREATE INDEX idx_runs_judge_id ON runs(judge_id);
CREATE INDEX idx_runs_document_id ON runs(document_id);
CREATE INDEX idx_runs_status ON runs(status);
CREATE INDEX idx_judges_case_id ON judges(case_id);
CREATE INDEX idx_judges_metric_id ON judges(metric_id);
CREATE INDEX idx_judges_model_id ON judges(model_id);
CREATE INDEX idx_cases_name ON cases(name);
CREATE INDEX idx_metrics_name ON metrics(name);
CREATE INDEX idx_models_name ON models(name);
CREATE INDEX idx_models_provider ON models(provider);
"""

FIRST_PROVIDER = "openai"
"""Of every model of the first generation."""
_MODELS = f"""
CREATE TABLE IF NOT EXISTS models (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    provider TEXT NOT NULL,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);
INSERT OR IGNORE INTO models
    SELECT model_id_of(model), model, '{FIRST_PROVIDER}', min(created_at) FROM judges
    GROUP BY model ORDER BY min(rowid);
ALTER TABLE judges ADD COLUMN model_id TEXT REFERENCES models(id);
UPDATE judges SET model_id = (SELECT id FROM models WHERE name = model);
ALTER TABLE judges DROP COLUMN model
"""
_COMPLETED = {
    "thresholds": {"": "CREATE TABLE thresholds (id TEXT PRIMARY KEY, score REAL NOT NULL, created_at TEXT NOT NULL)"},
    "cases": {"threshold_id": "ALTER TABLE cases ADD COLUMN threshold_id TEXT REFERENCES thresholds(id)"},
    "runs": {"evaluation_status": "ALTER TABLE runs ADD COLUMN evaluation_status TEXT"},
}


@contextmanager
def writing(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection whose changes are kept when the block ends, and undone when it raises.

    Raises:
        IntegrityError: a constraint does not hold.
        StoreUnavailable: the database cannot be read or written now, because somebody else has it for long, say.
        SetupError: the file is no database, or is damaged.
    """
    try:
        with closing(connect(path.resolve().as_uri())) as connection:
            connection.execute("PRAGMA foreign_keys = ON")
            with connection:
                yield connection
    except sqlite3.IntegrityError:
        raise
    except sqlite3.OperationalError as error:
        raise StoreUnavailable(f"The legacy database {path} does not answer: {error}. Try again.") from error
    except sqlite3.DatabaseError as error:
        raise SetupError(f"{path} cannot be used as a database: {error}. Set SQLITE_PATH to another file.") from error


def prepare(path: Path) -> None:
    """Makes the database, or completes one of an earlier generation, so that thresholds can be kept.

    Raises:
        SetupError: the file is something else.
    """
    with writing(path) as connection:
        connection.execute("BEGIN IMMEDIATE")
        present = columns(connection)
        tables = connection.execute("SELECT count(*) FROM sqlite_master WHERE type = 'table'").fetchone()[0]
        if tables and not set(present) >= REQUIRED:
            raise SetupError(f"{path} is no database of the old system. Set SQLITE_PATH to another file.")
        if not present:
            for statement in SCHEMA.split(";"):
                connection.execute(statement)
            return
        _complete(connection, present)


def _complete(connection: sqlite3.Connection, present: Mapping[str, Sequence[str]]) -> None:
    """Brings a database of an earlier generation to the newest."""
    if "model" in present.get("judges", ()):
        _give_models_a_table(connection)
    for table, changes in _COMPLETED.items():
        for column, statement in changes.items():
            if column not in present.get(table, ()) and not (column == "" and table in present):
                connection.execute(statement)
    if "score_threshold" in present.get("cases", ()) and "threshold_id" not in present["cases"]:
        connection.execute(
            "INSERT INTO thresholds SELECT 'case-' || id, score_threshold, coalesce(created_at, '') FROM cases"
        )
        connection.execute("UPDATE cases SET threshold_id = 'case-' || id")


def _give_models_a_table(connection: sqlite3.Connection) -> None:
    """From the first generation to the second."""
    connection.create_function("model_id_of", 1, model_id_of, deterministic=True)
    for statement in _MODELS.split(";"):
        connection.execute(statement)


def columns(connection: sqlite3.Connection) -> dict[str, tuple[str, ...]]:
    """Names of the columns of each table of the old system that is there."""
    found: dict[str, tuple[str, ...]] = {}
    for table in TABLES:
        names = tuple(row["name"] for row in connection.execute(f"PRAGMA table_info({table})"))
        if names:
            found[table] = names
    return found


def connect(uri: str) -> sqlite3.Connection:
    """A connection whose rows have names; text that is no UTF-8 is read with replacement characters."""
    connection = sqlite3.connect(uri, uri=True, timeout=_BUSY_SECONDS)
    connection.row_factory = sqlite3.Row
    connection.text_factory = lambda raw: raw.decode(errors="replace")
    return connection


def model_id_of(name: str) -> str:
    """The id of a model of the first generation, which had only names: always the same one."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"geval:model:{name}"))
