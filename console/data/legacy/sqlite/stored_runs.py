"""Documents, runs and labels in the old system's SQLite schema (see `console.records.ports`)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec

from console.data.documents.documents import summary_of as document_summary
from console.data.legacy.migration.rows import document_of, run_of
from console.data.legacy.shapes import FAILED, Row, iso_time, judged_metadata
from console.data.legacy.sqlite.manager import DatabaseManager
from console.data.legacy.sqlite.schema import writing
from console.data.legacy.sqlite.stored_configuration import LegacyCases, LegacyJudges, found
from console.data.legacy.sqlite.unserved import not_served, refusal
from console.data.runs.items import summary_of
from console.data.store.lists.cursor import decode_cursor, encode_cursor
from console.errors import InvalidInput, NotFound
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
    RunStatus,
    RunSummary,
    Snapshot,
    Spent,
    Verdict,
    utcnow,
)

_Runs = list[Run]
_RUN = (
    "SELECT r.*, d.actual_output, d.expected_output, d.metadata AS document_metadata FROM runs r"
    " JOIN judges j ON j.id = r.judge_id JOIN models o ON o.id = j.model_id JOIN metrics m ON m.id = j.metric_id"
    " LEFT JOIN eval_documents d ON d.id = r.document_id"
)
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

    def __init__(self, manager: DatabaseManager) -> None:
        self._manager = manager

    def find(self, document_id: str) -> Document | None:
        """The document, or None."""
        row = self._manager.get_document(document_id)
        return _document(row) if row else None

    def get(self, document_id: str) -> Document:
        """The document. Raises NotFound."""
        return _document(found(self._manager.get_document(document_id), "document", document_id))

    def get_many(self, document_ids: Sequence[str]) -> dict[str, Document]:
        """The documents that exist, by id."""
        found = {one: self.find(one) for one in dict.fromkeys(document_ids)}
        return {one: document for one, document in found.items() if document}

    def list(self, limit: int = 100, cursor: str | None = None) -> Page[DocumentSummary]:
        """Documents without their texts, newest first."""
        skipped = int(decode_cursor(cursor, {"n": int})["n"]) if cursor else 0
        with writing(self._manager.path) as connection:
            rows = connection.execute(
                "SELECT * FROM eval_documents ORDER BY created_at DESC, rowid LIMIT ? OFFSET ?", (limit + 1, skipped)
            ).fetchall()
        more = len(rows) > limit
        shown = [document_summary(document_of(dict(row), 0)) for row in rows[:limit]]
        return Page(shown, encode_cursor({"n": skipped + limit}) if more else None, examined=len(rows))

    def create(
        self, evaluation_target: str, expected_output: str | None = None, metadata: Json | None = None, *, by: str
    ) -> Document:
        """A new document; the old schema does not say who made it."""
        del by
        return self.get(self._manager.create_document(evaluation_target, expected_output, metadata))

    def delete(self, document_id: str) -> None:
        """Refused: removing a document would remove its runs."""
        raise InvalidInput(f"The document {document_id} stays: in the legacy database its runs would go with it.")

    import_many = not_served("Migrations")


class LegacyRuns:
    """Runs, one at a time."""

    next_ids = last_id = reserve_ids = not_served("Batches and imports")
    imported = import_finished = import_many = replace_unfinished = announce = not_served("Batches and imports")

    def __init__(self, manager: DatabaseManager) -> None:
        self._manager = manager
        self._judges = LegacyJudges(manager)
        self._cases = LegacyCases(manager)

    # --- reading ---------------------------------------------------------------------------------------

    def find(self, run_id: RunId) -> Run | None:
        """The run, or None."""
        runs = self._select("r.id = ?", [run_id], "")
        return runs[0] if runs else None

    def get(self, run_id: RunId) -> Run:
        """The run. Raises NotFound."""
        found = self.find(run_id)
        if found is None:
            raise NotFound("run", run_id)
        return found

    def get_many(self, rows: Sequence[Place]) -> _Runs:
        """The runs of list rows, in their order; without those that are gone."""
        return [run for run in map(self.find, (row.run_id for row in rows)) if run]

    def places(self, judge_id: str | None = None, *, limit: int = 100, cursor: str | None = None) -> Page[Place]:
        """Where all runs stand, or those of a judge, newest first."""
        page = self.list(RunFilter(judge_id=judge_id), limit=limit, cursor=cursor)
        return Page([*page.items], page.cursor, page.examined)

    def list(self, wanted: RunFilter = RunFilter(), *, limit: int = 100, cursor: str | None = None) -> Page[RunSummary]:
        """Runs that match, newest first: one page and the cursor of the next."""
        clauses, values = _conditions(wanted)
        if cursor:
            after = decode_cursor(cursor, {"t": str, "id": int})
            clauses.append("(r.started_at, r.id) < (?, ?)")
            values += [after["t"], after["id"]]
        order = f"ORDER BY r.started_at DESC, r.id DESC LIMIT {limit + 1:d}"
        runs = self._select(" AND ".join(clauses), values, order)
        rows = [row for row in map(summary_of, runs[:limit]) if wanted.matches(row)]
        last = runs[limit - 1] if len(runs) > limit else None
        return Page(
            rows, encode_cursor({"t": iso_time(last.started_at), "id": last.run_id}) if last else None, len(runs)
        )

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
        batch_id: str | None = None,
        run_id: int | None = None,
    ) -> Run:
        """A new run; content that is no document becomes one."""
        if batch_id or run_id:
            raise refusal("Batches and imports")
        document_id = document_id or self._manager.create_document(
            artifact.evaluation_target, artifact.expected_output, artifact.metadata
        )
        new_id = self._manager.create_run(snapshot.judge_id, document_id)
        if status is RunStatus.RUNNING:
            self._manager.update_run_status(new_id, status.value)
        return msgspec.structs.replace(self.get(new_id), judge_snapshot=snapshot, legacy=None, created_by=by)

    def start(self, run: Run) -> Run:
        """Marks a pending run as running."""
        self._manager.update_run_status(run.run_id, RunStatus.RUNNING.value)
        return msgspec.structs.replace(run, status=RunStatus.RUNNING)

    def complete(self, run: Run, results: Results, *, threshold: float, metadata: Json | None = None) -> Run:
        """Finishes a run with its results and its verdict. Raises ConflictError when it is finished already."""
        finished = msgspec.structs.replace(
            run,
            status=RunStatus.COMPLETED,
            evaluation_status=Verdict.of(results.final_score_normalized, threshold),
            completed_at=utcnow(),
            results=results,
            judged_threshold=threshold,
            metadata=metadata,
        )
        self._manager.complete_run(
            run.run_id,
            results.final_score,
            results.final_score_normalized,
            results.all_responses,
            results.token_usage.total,
            results.token_usage.prompt,
            results.token_usage.completion,
            results.execution_time_seconds or 0.0,
            results.prompt_used,
            metadata or judged_metadata(finished),
        )
        return finished

    def fail(self, run: Run, message: str, *, spent: Spent | None = None) -> Run:
        """Finishes a run without a score; what it cost is not kept. Raises ConflictError as `complete`."""
        said = message if message.startswith(FAILED) else FAILED + message
        self._manager.update_run_status(run.run_id, RunStatus.FAILED.value, said)
        return msgspec.structs.replace(
            run, status=RunStatus.FAILED, completed_at=utcnow(), error_message=said, spent=spent
        )

    # --- inside ----------------------------------------------------------------------------------------

    def _select(self, where: str, values: Sequence[Any], order: str) -> _Runs:
        with writing(self._manager.path) as connection:
            rows = [dict(row) for row in connection.execute(f"{_RUN} WHERE {where} {order}", values)]
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


def _document(row: Row) -> Document:
    return document_of({**row, "metadata": _text(row["metadata"])}, 0)


def _text(value: Any) -> str:
    return msgspec.json.encode(value).decode()
