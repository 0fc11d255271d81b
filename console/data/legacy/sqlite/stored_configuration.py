"""Cases and judges in the old system's SQLite schema (see `console.records.ports`).

A case and a judge have one version there, and nobody is recorded as its author. What a revision counts elsewhere is
here a digest of the row, so that of two editors the second still learns that the first one saved.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Sequence
from typing import Any, Generic, TypeVar, Unpack

import msgspec

from console.data.configuration.case_items import check_case
from console.data.configuration.versions import check_editable
from console.data.legacy.migration.rows import case_of, judge_of, metric_of, model_of
from console.data.legacy.shapes import Row, fitting, iso_time, sql_time
from console.data.legacy.sqlite.rows import NEWEST, Rows, change_row, new_threshold
from console.data.legacy.sqlite.schema import writing
from console.data.legacy.sqlite.unserved import not_served, refusal
from console.errors import AlreadyExists, ConflictError, NotFound, existing
from console.records import Case, CaseFields, Json, Judge, Metric, Model, Threshold, utcnow

V = TypeVar("V", bound=Case | Judge)
_Many = list[V]
_CASE = ("name", "task_introduction", "evaluation_criteria", "min_score", "max_score", "requires_reference")
_JUDGE = ("name", "model_id", "metric_id", "parameters", "description")
_CASES = (
    "SELECT cases.id, name, task_introduction, evaluation_criteria, min_score, max_score, requires_reference,"
    " threshold_id, cases.created_at, updated_at, coalesce(t.score, 0.5) AS score_threshold"
    " FROM cases LEFT JOIN thresholds t ON t.id = threshold_id"
)
_JUDGES = (
    "SELECT judges.*, c.name AS case_name, m.name AS metric_name, m.created_at AS metric_made,"
    " o.name AS model_name, o.provider AS model_provider, o.created_at AS model_made FROM judges"
    " JOIN metrics m ON m.id = metric_id JOIN models o ON o.id = model_id LEFT JOIN cases c ON c.id = case_id"
)
_EDITABLE_CASE = frozenset({*_CASE[:3], "score_range", "requires_reference", "threshold", "description", "metadata"})
_EDITABLE_JUDGE = frozenset({"name", "description", "llm", "metric", "parameters", "evaluation_parameters"})


class InUse(Generic[V]):
    """Records of one kind, each with one version, and all of them in use."""

    kind: str
    table: str
    selected: str
    """The statement that finds all of them."""
    columns: Sequence[str]
    """What a revision is a digest of."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def find(self, record_id: str) -> V | None:
        """The record, or None."""
        row = self._rows.one(f"{self.selected} WHERE {self.table}.id = ?", record_id)
        return self._read(row) if row else None

    def get(self, record_id: str) -> V:
        """The record. Raises NotFound."""
        return existing(self.find(record_id), self.kind, record_id)

    current = get

    def versions(self, record_id: str) -> _Many[V]:
        """The one version of the record."""
        there = self.find(record_id)
        return [there] if there else []

    def version(self, record_id: str, version: str) -> V:
        """The one version. Raises NotFound for any other."""
        record = self.get(record_id)
        if version != record.version:
            raise NotFound(f"version of the {self.kind}", version)
        return record

    def list(self) -> _Many[V]:
        """Every record, in the API's order."""
        return [self._read(row) for row in self._rows.all(f"{self.selected} {NEWEST.format(self.table)}")]

    def list_inactive(self) -> _Many[V]:
        """None: all are in use."""
        return []

    def _read(self, row: Row) -> V:
        raise NotImplementedError

    def _lock(self, connection: sqlite3.Connection, record_id: str, revision: int | None) -> None:
        """Begins a transaction. Raises ConflictError where the record is no longer at `revision`, or NotFound."""
        connection.execute("BEGIN IMMEDIATE")
        row = connection.execute(f"SELECT * FROM {self.table} WHERE id = ?", (record_id,)).fetchone()
        if revision not in (None, self._digest(dict(existing(row, self.kind, record_id)))):
            raise ConflictError(self.kind, record_id, changed_by="somebody", changed_on=None)

    def _digest(self, row: Row) -> int:
        """48 bits of what the columns hold."""
        held = [bool(row[column]) if column == "requires_reference" else row[column] for column in self.columns]
        return int.from_bytes(hashlib.sha256(json.dumps(held).encode()).digest()[:6])


class LegacyCases(InUse[Case]):
    """Cases."""

    kind, table, selected = "case", "cases", _CASES
    columns = (*_CASE, "threshold_id")
    activate = not_served("Versions of cases")
    deactivate = not_served("Cases that are out of use")

    def find_by_name(self, name: str) -> Case | None:
        """The case of that name, letter case aside."""
        return next((one for one in self.list() if one.name.lower() == name.strip().lower()), None)

    def create(
        self, *, by: str, reason: str = "Initial threshold", lenient: bool = False, **fields: Unpack[CaseFields]
    ) -> Case:
        """A new case. Raises AlreadyExists, InvalidInput, and NotServed for a description or metadata."""
        del reason
        now = utcnow()
        case = Case(
            case_id="",
            version="1.0",
            active=True,
            created_on=now,
            created_by=by,
            last_updated_on=now,
            **fields,
        )
        values = {**_case_values(check_case(case, lenient=lenient)), "updated_at": sql_time(self._rows.clock())}
        return self.get(self._rows.add("case", "cases", case.name, values, threshold=case.threshold.score))

    def update(
        self,
        case_id: str,
        changes: dict[str, Any],
        *,
        by: str,
        revision: int | None = None,
        reason: str = "",
        lenient: bool = False,
    ) -> Case:
        """Changes the row. Raises ConflictError, AlreadyExists, InvalidInput, and NotServed as `create`."""
        del by, reason
        check_editable(changes, _EDITABLE_CASE, "case")
        edited = check_case(msgspec.structs.replace(self.get(case_id), **changes), lenient=lenient)
        values = {**_case_values(edited), "updated_at": iso_time(self._rows.clock())}
        try:
            with writing(self._rows.path) as connection:
                self._lock(connection, case_id, revision)
                if "threshold" in changes:
                    values["threshold_id"] = new_threshold(connection, edited.threshold.score, self._rows.clock())
                change_row(connection, "cases", case_id, values)
        except sqlite3.IntegrityError as error:
            raise AlreadyExists("case", edited.name) from error
        return self.get(case_id)

    def set_threshold(
        self, case_id: str, threshold: Threshold, *, by: str, reason: str, revision: int | None = None
    ) -> Case:
        """Moves the threshold; neither who moved it nor why is kept. Raises ConflictError, or InvalidInput."""
        return self.update(case_id, {"threshold": threshold}, by=by, reason=reason, revision=revision, lenient=True)

    def _read(self, row: Row) -> Case:
        threshold = {"id": row["threshold_id"], "score": row["score_threshold"]} if row["threshold_id"] else None
        return msgspec.structs.replace(case_of(row, threshold, 0), revision=self._digest(row))


class LegacyJudges(InUse[Judge]):
    """Judges."""

    kind, table, selected = "judge", "judges", _JUDGES
    columns = _JUDGE
    activate = not_served("Versions of judges")
    deactivate = not_served("Judges that are out of use")
    add = not_served("Migrations")

    def of_case(self, case_id: str) -> _Many[Judge]:
        """The judges of a case."""
        return [one for one in self.list() if one.case_id == case_id]

    def create(
        self,
        *,
        name: str | None,
        case: Case,
        metric: Metric,
        model: Model,
        parameters: Json,
        by: str,
        description: str | None = None,
        configuration: Json | None = None,
    ) -> Judge:
        """A new judge. Raises NotServed for a configuration of its metric."""
        del by
        if configuration:
            raise refusal("Configurations of metrics")
        values = {
            "name": name,
            "model_id": model.model_id,
            "case_id": case.case_id,
            "metric_id": metric.metric_id,
            "parameters": json.dumps(parameters),
            "description": description,
        }
        return self.get(self._rows.add("judge", "judges", "", values))

    def update(self, judge_id: str, changes: dict[str, Any], *, by: str, revision: int | None = None) -> Judge:
        """Changes the row. Raises ConflictError, InvalidInput, and NotServed as `create`."""
        del by
        check_editable(changes, _EDITABLE_JUDGE, "judge")
        edited = msgspec.structs.replace(self.get(judge_id), **changes)
        if edited.metric.configuration or "evaluation_parameters" in changes:
            raise refusal("Configurations of metrics")
        values = {
            "name": edited.name,
            "description": edited.description,
            "parameters": json.dumps(edited.parameters),
            "model_id": edited.llm.id,
            "metric_id": edited.metric.id,
        }
        with writing(self._rows.path) as connection:
            self._lock(connection, judge_id, revision)
            change_row(connection, "judges", judge_id, values)
        return self.get(judge_id)

    def _read(self, row: Row) -> Judge:
        metric = {"id": row["metric_id"], "name": row["metric_name"], "created_at": row["metric_made"]}
        model = {"id": row["model_id"], "name": row["model_name"], "created_at": row["model_made"]}
        model["provider"] = row["model_provider"]
        judge = judge_of(row, row["case_name"], metric_of(metric, 0), model_of(model, 0), 0)
        return msgspec.structs.replace(judge, revision=self._digest(row))


def _case_values(case: Case) -> Row:
    if case.description or case.metadata:
        raise refusal("Descriptions of cases, anchors and pinned steps")
    return {
        "name": case.name.lower(),
        "task_introduction": case.task_introduction,
        "evaluation_criteria": case.evaluation_criteria,
        "min_score": fitting(case.score_range.min),
        "max_score": fitting(case.score_range.max),
        "requires_reference": case.requires_reference,
    }
