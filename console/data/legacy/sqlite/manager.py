"""The old system's `DatabaseManager` over its own SQLite schema: for going back to it (see docs/rollback.md).

What the old schema cannot say is lost here: a case has its present threshold only, and nobody is recorded as an author.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from console.data.legacy.configuration import Records
from console.data.legacy.manager import OldManager
from console.data.legacy.shapes import Row
from console.data.legacy.sqlite.rows import NEWEST, Rows
from console.data.legacy.sqlite.stored_catalog import LegacyCatalog, LegacyThresholds
from console.data.legacy.sqlite.stored_configuration import LegacyCases, LegacyJudges
from console.data.legacy.sqlite.stored_runs import LegacyDocuments, LegacyRuns
from console.records import utcnow


class DatabaseManager(OldManager):
    """The old manager; see `Rows` for its arguments."""

    def __init__(self, path: Path, clock: Callable[[], datetime] = utcnow) -> None:
        self._rows = rows = Rows(path, clock)
        self.records = Records(
            LegacyCatalog(rows),
            LegacyCases(rows),
            LegacyJudges(rows),
            LegacyThresholds(rows),
            LegacyDocuments(rows),
            LegacyRuns(rows),
        )
        super().__init__(self.records, by="api")

    def list_thresholds(self, case_id: str | None = None) -> list[Row]:
        """The present threshold of a case, or those that all cases have and had."""
        if not case_id:
            return self._rows.all(f"SELECT id, score, created_at FROM thresholds {NEWEST.format('thresholds')}")
        return self._rows.all(
            "SELECT t.id, t.score, t.created_at, c.name AS case_name FROM cases c"
            " JOIN thresholds t ON t.id = c.threshold_id WHERE c.id = ?",
            case_id,
        )
