"""Documents, runs and labels in the old system's SQLite schema (see `console.records.ports`)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec

from console.data.documents.documents import summary_of as document_summary
from console.data.legacy.migration.rows import document_of, place_of, run_of
from console.data.legacy.shapes import FAILED, Row, iso_time, run_row, sql_time
from console.data.legacy.sqlite.rows import Rows, insert
from console.data.legacy.sqlite.schema import writing
from console.data.legacy.sqlite.stored_configuration import LegacyCases, LegacyJudges
from console.data.legacy.sqlite.unserved import not_served
from console.data.runs.items import summary_of
from console.data.store.lists.cursor import decode_cursor, encode_cursor
from console.errors import ConflictError, InvalidInput, existing
from console.records import (
    Artifact,
    Calibration,
    Document,
    DocumentSummary,
    Json,
    Label,
    Page,
    Place,
    Results,
    ReviewPlan,
    Run,
    RunFilter,
    RunId,
    RunPlace,
    RunStatus,
    RunSummary,
    Snapshot,
    Spent,
)

_Runs = list[Run]
_JUDGED = (
    "FROM runs r"
    " JOIN judges j ON j.id = r.judge_id JOIN models o ON o.id = j.model_id JOIN metrics m ON m.id = j.metric_id"
)
_PLACE = f"SELECT r.id, r.started_at, r.created_at {_JUDGED}"
_RUN = (
    f"SELECT r.*, d.actual_output, d.expected_output, d.metadata AS document_metadata {_JUDGED}"
    " LEFT JOIN eval_documents d ON d.id = r.document_id"
)
_AMONG = "{} IN (SELECT value FROM json_each(?))"
_FINISHED = (
    "status", "evaluation_status", "final_score", "final_score_normalized", "all_responses", "total_usage_tokens",
    "prompt_tokens", "completion_tokens", "execution_time_seconds", "prompt_used", "metadata", "completed_at",
)  # fmt: skip
"""Columns of a run that its end fills in."""
_EQUAL = {
    "judge_id": "r.judge_id",
    "case_id": "j.case_id",
    "status": "r.status",
    "verdict": "r.evaluation_status",
    "model": "o.name",
    "metric": "m.name",
}


class LegacyDocuments:
    """Documents."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def find(self, document_id: str) -> Document | None:
        """The document, or None."""
        return self.get_many([document_id]).get(document_id)

    def get(self, document_id: str) -> Document:
        """The document. Raises NotFound."""
        return existing(self.find(document_id), "document", document_id)

    def get_many(self, document_ids: Sequence[str]) -> dict[str, Document]:
        """The documents that exist, by id."""
        rows = self._rows.all(_AMONG.format("SELECT * FROM eval_documents WHERE id"), json.dumps([*document_ids]))
        known = {row["id"]: document_of(row, 0) for row in rows}
        return {one: known[one] for one in dict.fromkeys(document_ids) if one in known}

    def list(self, limit: int = 100, cursor: str | None = None) -> Page[DocumentSummary]:
        """Documents without their texts, newest first."""
        skipped = int(decode_cursor(cursor, {"n": int})["n"]) if cursor else 0
        rows = self._rows.all(
            "SELECT * FROM eval_documents ORDER BY created_at DESC, rowid LIMIT ? OFFSET ?", limit + 1, skipped
        )
        more = len(rows) > limit
        shown = [document_summary(document_of(row, 0)) for row in rows[:limit]]
        return Page(shown, encode_cursor({"n": skipped + limit}) if more else None, examined=len(rows))

    def create(
        self, evaluation_target: str, expected_output: str | None = None, metadata: Json | None = None, *, by: str
    ) -> Document:
        """A new document; the old schema does not say who made it."""
        del by
        values = {
            "actual_output": evaluation_target,
            "expected_output": expected_output,
            "metadata": json.dumps(metadata) if metadata else None,
        }
        return self.get(self._rows.add("document", "eval_documents", "", values))

    def delete(self, document_id: str) -> None:
        """Refused: removing a document would remove its runs."""
        raise InvalidInput(f"The document {document_id} stays: in the legacy database its runs would go with it.")

    import_many = not_served("Migrations")


class LegacyRuns:
    """Runs, one at a time."""

    next_ids = last_id = reserve_ids = not_served("Batches and imports")
    imported = import_finished = import_many = replace_unfinished = announce = not_served("Batches and imports")

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._judges = LegacyJudges(rows)
        self._cases = LegacyCases(rows)
        self._documents = LegacyDocuments(rows)

    # --- reading ---------------------------------------------------------------------------------------

    def find(self, run_id: RunId) -> Run | None:
        """The run, or None."""
        runs = self._select("r.id = ?", [run_id], "")
        return runs[0] if runs else None

    def get(self, run_id: RunId) -> Run:
        """The run. Raises NotFound."""
        return existing(self.find(run_id), "run", run_id)

    def get_many(self, rows: Sequence[Place]) -> _Runs:
        """The runs of list rows, in their order; without those that are gone."""
        ids = [row.run_id for row in rows]
        known = {run.run_id: run for run in self._select(_AMONG.format("r.id"), [json.dumps(ids)], "")}
        return [known[one] for one in ids if one in known]

    def places(self, judge_id: str | None = None, *, limit: int = 100, cursor: str | None = None) -> Page[Place]:
        """Where all runs stand, or those of a judge, newest first."""
        where, values, order = _page(RunFilter(judge_id=judge_id), limit, cursor)
        found = [place_of(row) for row in self._rows.all(f"{_PLACE} WHERE {where} {order}", *values)]
        return Page([*found[:limit]], _after(found, limit), len(found))

    def list(self, wanted: RunFilter = RunFilter(), *, limit: int = 100, cursor: str | None = None) -> Page[RunSummary]:
        """Runs that match, newest first: one page and the cursor of the next."""
        runs = self._select(*_page(wanted, limit, cursor))
        rows = [row for row in map(summary_of, runs[:limit]) if wanted.matches(row)]
        return Page(rows, _after(runs, limit), len(runs))

    def neighbour(self, run: Run, wanted: RunFilter = RunFilter(), *, newer: bool) -> RunSummary | None:
        """The next newer (or older) run that matches, or None at the end of the list."""
        clauses, values = _conditions(wanted)
        sign, direction = (">", "ASC") if newer else ("<", "DESC")
        clauses.append(f"(r.started_at, r.id) {sign} (?, ?)")
        order = f"ORDER BY r.started_at {direction}, r.id {direction} LIMIT 1"
        found = self._select(" AND ".join(clauses), [*values, iso_time(run.started_at), run.run_id], order)
        return summary_of(found[0]) if found else None

    # --- writing ---------------------------------------------------------------------------------------

    def create(
        self,
        snapshot: Snapshot,
        artifact: Artifact,
        *,
        by: str,
        status: RunStatus = RunStatus.PENDING,
        document_id: str | None = None,
    ) -> Run:
        """A new run; content that is no document becomes one."""
        if document_id is None:
            made = self._documents.create(
                artifact.evaluation_target, artifact.expected_output, artifact.metadata, by=by
            )
            document_id = made.document_id
        now = self._rows.clock()
        values = {
            "judge_id": snapshot.judge_id,
            "document_id": document_id,
            "status": status.value,
            "started_at": iso_time(now),
            "created_at": sql_time(now),
        }
        with writing(self._rows.path) as connection:
            insert(connection, "runs", [values])
            (new_id,) = connection.execute("SELECT last_insert_rowid()").fetchone()
        return msgspec.structs.replace(self.get(new_id), judge_snapshot=snapshot, legacy=None, created_by=by)

    def start(self, run: Run) -> Run:
        """Marks a pending run as running."""
        self._change(run, {"status": RunStatus.RUNNING.value})
        return msgspec.structs.replace(run, status=RunStatus.RUNNING)

    def complete(self, run: Run, results: Results, *, threshold: float, metadata: Json | None = None) -> Run:
        """Finishes a run with its results and its verdict. Raises ConflictError when it is finished already."""
        ended = run.ended(results, threshold)
        finished = msgspec.structs.replace(ended, completed_at=self._rows.clock(), metadata=metadata)
        row = run_row(finished, None, None, names=())
        values = {name: row[name] for name in _FINISHED}
        values["all_responses"] = json.dumps(values["all_responses"])
        values["metadata"] = json.dumps(values["metadata"]) if values["metadata"] else None
        self._change(run, values)
        return finished

    def fail(self, run: Run, message: str, *, spent: Spent | None = None) -> Run:
        """Finishes a run without a score; what it cost is not kept. Raises ConflictError as `complete`."""
        said = message if message.startswith(FAILED) else FAILED + message
        self._change(run, {"status": RunStatus.FAILED.value, "error_message": said})
        return msgspec.structs.replace(
            run, status=RunStatus.FAILED, completed_at=self._rows.clock(), error_message=said, spent=spent
        )

    # --- inside ----------------------------------------------------------------------------------------

    def _change(self, run: Run, values: Row) -> None:
        self.get(run.run_id)
        assignments = ", ".join(f"{column} = :{column}" for column in values)
        with writing(self._rows.path) as connection:
            changed = connection.execute(
                f"UPDATE runs SET {assignments} WHERE id = :id AND status IN ('pending', 'running')",
                {**values, "id": run.run_id},
            )
        if not changed.rowcount:
            raise ConflictError("run", str(run.run_id), changed_by="another process", changed_on=None)

    def _select(self, where: str, values: Sequence[Any], order: str) -> _Runs:
        rows = self._rows.all(f"{_RUN} WHERE {where} {order}", *values)
        judges = {one: self._judges.find(one) for one in {row["judge_id"] for row in rows}}
        cases = {judge.case_id: self._cases.find(judge.case_id) for judge in judges.values() if judge}
        found = []
        for row in rows:
            judge = judges[row["judge_id"]]
            found.append(run_of(row, judge, cases.get(judge.case_id) if judge else None))
        return found


class NoLabels:
    """No run has a label, and none can be given."""

    labelled = save = remove = not_served("Labels")

    def of(self, run_id: RunId) -> list[Label]:
        """The labels of a run."""
        del run_id
        return []


class NoCalibrations:
    """No judge has a calibration: there are no labels to learn one from."""

    add = not_served("Calibrated scores")

    def latest(self, judge_id: str, version: str) -> Calibration | None:
        """The curve in use for a version of a judge."""
        del judge_id, version
        return None

    def versions(self, judge_id: str, version: str) -> list[Calibration]:
        """Every curve of a version of a judge, the newest first."""
        del judge_id, version
        return []


class NoReviewPlans:
    """Nothing is shared out: nothing can be labelled."""

    save = not_served("Review plans")

    def get(self, case_id: str) -> ReviewPlan:
        """The plan of a case; an empty one where nobody made any."""
        return ReviewPlan(case_id=case_id)


def _page(wanted: RunFilter, limit: int, cursor: str | None) -> tuple[str, list[Any], str]:
    """Conditions, their values, and the order of one page and one row more."""
    clauses, values = _conditions(wanted)
    if cursor:
        after = decode_cursor(cursor, {"t": str, "id": int})
        clauses.append("(r.started_at, r.id) < (?, ?)")
        values += [after["t"], after["id"]]
    return " AND ".join(clauses), values, f"ORDER BY r.started_at DESC, r.id DESC LIMIT {limit + 1:d}"


def _after(found: Sequence[Run | RunPlace], limit: int) -> str | None:
    """The cursor behind a page, where more was found."""
    last = found[limit - 1] if len(found) > limit else None
    return encode_cursor({"t": iso_time(last.started_at), "id": last.run_id}) if last else None


def _conditions(wanted: RunFilter) -> tuple[list[str], list[Any]]:
    """What SQL can say of a filter; `RunFilter.matches` says the rest."""
    clauses, values = ["1"], list[Any]()
    for name, column in _EQUAL.items():
        value = getattr(wanted, name)
        if value is not None:
            clauses.append(f"{column} = ?")
            values.append(str(value))
    if wanted.first_day:
        clauses.append("r.started_at >= ?")
        values.append(wanted.first_day.isoformat())
    if wanted.last_day:
        clauses.append("r.started_at < ?")
        values.append((wanted.last_day + timedelta(days=1)).isoformat())
    if wanted.batch_id is not None or wanted.labelled:
        clauses.append("0")
    return clauses, values
