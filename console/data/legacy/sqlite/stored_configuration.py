"""Cases and judges in the old system's SQLite schema (see `console.records.ports`).

A case and a judge have one version there, and nobody is recorded as its author. What a revision counts elsewhere is
here a digest of the row, so that of two editors the second still learns that the first one saved.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Sequence
from typing import Any, TypeVar, Unpack

import msgspec

from console.data.configuration.case_items import check_case
from console.data.configuration.versions import check_editable
from console.data.legacy.migration.rows import case_of, judge_of
from console.data.legacy.shapes import Row, fitting, iso_time, sql_time
from console.data.legacy.sqlite.rows import NEWEST, Rows, change_row, found, new_threshold, to_json
from console.data.legacy.sqlite.schema import writing
from console.data.legacy.sqlite.stored_catalog import LegacyCatalog
from console.data.legacy.sqlite.unserved import not_served, refusal
from console.errors import AlreadyExists, ConflictError, NotFound
from console.records import Case, CaseFields, Json, Judge, Metric, Model, Threshold, utcnow

V = TypeVar("V", Case, Judge)
_CaseList = list[Case]
_JudgeList = list[Judge]
_CASE = ("name", "task_introduction", "evaluation_criteria", "min_score", "max_score", "requires_reference")
_JUDGE = ("name", "model_id", "metric_id", "parameters", "description")
_CASES = (
    "SELECT c.id, c.name, c.task_introduction, c.evaluation_criteria, c.min_score, c.max_score, c.requires_reference,"
    " c.threshold_id, c.created_at, c.updated_at, coalesce(t.score, 0.5) AS score_threshold"
    " FROM cases c LEFT JOIN thresholds t ON t.id = c.threshold_id"
)
_EDITABLE_CASE = frozenset({*_CASE[:3], "score_range", "requires_reference", "threshold", "description", "metadata"})
_EDITABLE_JUDGE = frozenset({"name", "description", "llm", "metric", "parameters", "evaluation_parameters"})


class LegacyCases:
    """Cases. All of them are in use."""

    activate = not_served("Versions of cases")
    deactivate = not_served("Cases that are out of use")

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def find(self, case_id: str) -> Case | None:
        """The case, or None."""
        row = self._rows.one(f"{_CASES} WHERE c.id = ?", case_id)
        return _case(row) if row else None

    def get(self, case_id: str) -> Case:
        """The case. Raises NotFound."""
        return found(self.find(case_id), "case", case_id)

    current = get

    def find_by_name(self, name: str) -> Case | None:
        """The case of that name, letter case aside."""
        return next((one for one in self.list() if one.name.lower() == name.strip().lower()), None)

    def versions(self, case_id: str) -> _CaseList:
        """The one version of the case."""
        there = self.find(case_id)
        return [there] if there else []

    def version(self, case_id: str, version: str) -> Case:
        """The one version. Raises NotFound for any other."""
        return _only_version(self.get(case_id), "case", version)

    def list(self) -> _CaseList:
        """Every case, in the API's order."""
        return [_case(row) for row in self._rows.all(f"{_CASES} {NEWEST.format('c')}")]

    def list_inactive(self) -> _CaseList:
        """None: all are in use."""
        return []

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
                self._check_revision(connection, case_id, revision)
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

    def _check_revision(self, connection: sqlite3.Connection, case_id: str, revision: int | None) -> None:
        connection.execute("BEGIN IMMEDIATE")
        row = connection.execute("SELECT * FROM cases WHERE id = ?", (case_id,)).fetchone()
        _check_same(row and dict(row), (*_CASE, "threshold_id"), "case", case_id, revision)


class LegacyJudges:
    """Judges. All of them are in use."""

    activate = not_served("Versions of judges")
    deactivate = not_served("Judges that are out of use")
    add = not_served("Migrations")

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._cases = LegacyCases(rows)
        self._catalog = LegacyCatalog(rows)

    def find(self, judge_id: str) -> Judge | None:
        """The judge, or None."""
        row = self._rows.one("SELECT * FROM judges WHERE id = ?", judge_id)
        return self._judge(row) if row else None

    def get(self, judge_id: str) -> Judge:
        """The judge. Raises NotFound."""
        return found(self.find(judge_id), "judge", judge_id)

    current = get

    def versions(self, judge_id: str) -> _JudgeList:
        """The one version of the judge."""
        there = self.find(judge_id)
        return [there] if there else []

    def version(self, judge_id: str, version: str) -> Judge:
        """The one version. Raises NotFound for any other."""
        return _only_version(self.get(judge_id), "judge", version)

    def list(self) -> _JudgeList:
        """Every judge, in the API's order."""
        return [self._judge(row) for row in self._rows.all(f"SELECT * FROM judges {NEWEST.format('judges')}")]

    def list_inactive(self) -> _JudgeList:
        """None: all are in use."""
        return []

    def of_case(self, case_id: str) -> _JudgeList:
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
            "parameters": to_json(parameters),
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
            "parameters": to_json(edited.parameters),
            "model_id": edited.llm.id,
            "metric_id": edited.metric.id,
        }
        with writing(self._rows.path) as connection:
            connection.execute("BEGIN IMMEDIATE")
            row = connection.execute("SELECT * FROM judges WHERE id = ?", (judge_id,)).fetchone()
            _check_same(row and dict(row), _JUDGE, "judge", judge_id, revision)
            change_row(connection, "judges", judge_id, values)
        return self.get(judge_id)

    def _judge(self, row: Row) -> Judge:
        case = self._cases.find(row["case_id"])
        metric, model = self._catalog.metric(row["metric_id"]), self._catalog.model(row["model_id"])
        judge = judge_of(row, case, metric, model, 0)
        return msgspec.structs.replace(judge, revision=_digest(row, _JUDGE))


def _case(row: Row) -> Case:
    threshold = {"id": row["threshold_id"], "score": row["score_threshold"]} if row["threshold_id"] else None
    return msgspec.structs.replace(case_of(row, threshold, 0), revision=_digest(row, (*_CASE, "threshold_id")))


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


def _check_same(row: Row | None, columns: Sequence[str], kind: str, key: str, revision: int | None) -> None:
    if row is None:
        raise NotFound(kind, key)
    if revision not in (None, _digest(row, columns)):
        raise ConflictError(kind, key, changed_by="somebody", changed_on=None)


def _digest(row: Row, columns: Sequence[str]) -> int:
    """48 bits of what the columns hold."""
    held = [row[column] if column != "requires_reference" else bool(row[column]) for column in columns]
    return int.from_bytes(hashlib.sha256(json.dumps(held).encode()).digest()[:6])


def _only_version(record: V, kind: str, version: str) -> V:
    if version != record.version:
        raise NotFound(f"version of the {kind}", version)
    return record
