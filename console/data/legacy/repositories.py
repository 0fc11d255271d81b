"""Repositories over the old system's SQLite schema, for the console's evaluation pages and for evaluations.

They have the methods of the DynamoDB repositories that runs, evaluations and documents need. What the old schema has
no place for (labels, batches, rollups, histories, vectors) is refused, with what to do instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NoReturn

import msgspec

from console.data.documents.documents import summary_of as document_summary
from console.data.legacy.rows import case_of, document_of, judge_of, metric_of, model_of, run_of
from console.data.legacy.schema import writing
from console.data.legacy.shapes import FAILED, Row, iso_time, judged_metadata
from console.data.legacy.sqlite import DatabaseManager
from console.data.runs.items import summary_of
from console.data.store.cursor import decode_cursor, encode_cursor
from console.errors import InvalidInput, NotFound, NotServed
from console.records import (
    Artifact,
    Case,
    Document,
    DocumentSummary,
    Json,
    Judge,
    Label,
    Metric,
    Model,
    Page,
    Results,
    Run,
    RunFilter,
    RunId,
    RunStatus,
    RunSummary,
    Snapshot,
    Verdict,
    utcnow,
)

_Cases = list[Case]
_Judges = list[Judge]
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


class NotInLegacy:
    """Stands for a repository that the old schema has no tables for: whatever is asked of it says so."""

    def __init__(self, what: str) -> None:
        self._what = what

    def __getattr__(self, name: str) -> NoReturn:
        raise NotServed(
            f"{self._what} need DynamoDB, and the console serves from the legacy database now (DATABASE_TYPE=sqlite). "
            "Runs, evaluations and documents work; for the rest go back as docs/rollback.md describes."
        )


class NoLabels(NotInLegacy):
    """No run has a label, and none can be given."""

    def of(self, _run_id: RunId) -> list[Label]:
        """The labels of a run."""
        return []


class LegacyCatalog:
    """See `Catalog`."""

    def __init__(self, manager: DatabaseManager) -> None:
        self._manager = manager

    def metrics(self) -> list[Metric]:
        """All metrics in order of creation."""
        return [metric_of(row, place) for place, row in enumerate(reversed(self._manager.list_metrics()))]

    def models(self) -> list[Model]:
        """All models by provider and name."""
        return [model_of(row, place) for place, row in enumerate(self._manager.list_models())]

    def metric(self, metric_id: str) -> Metric:
        """One metric; raises NotFound."""
        row = self._manager.get_metric(metric_id)
        return metric_of(_found(row, "metric", metric_id), 0)

    def model(self, model_id: str) -> Model:
        """One model; raises NotFound."""
        return model_of(_found(self._manager.get_model(model_id), "model", model_id), 0)

    def metric_named(self, name: str) -> Metric | None:
        """The metric of that name, letter case aside, or None."""
        return next((one for one in self.metrics() if one.name == name.strip().lower()), None)

    def model_named(self, name: str) -> Model | None:
        """The model of exactly that name, or None."""
        return next((one for one in self.models() if one.name == name), None)


class LegacyCases:
    """See `Cases`. A case has one version, and can be changed through the API only."""

    def __init__(self, manager: DatabaseManager) -> None:
        self._manager = manager

    def find(self, case_id: str) -> Case | None:
        """The case, or None."""
        row = self._manager.get_case(case_id)
        return _case(row) if row else None

    def get(self, case_id: str) -> Case:
        """The case. Raises NotFound."""
        return _case(_found(self._manager.get_case(case_id), "case", case_id))

    current = get

    def find_by_name(self, name: str) -> Case | None:
        """The case of that name, letter case aside."""
        return next((one for one in self.list() if one.name.lower() == name.strip().lower()), None)

    def versions(self, case_id: str) -> _Cases:
        """The one version of the case."""
        found = self.find(case_id)
        return [found] if found else []

    def list(self) -> _Cases:
        """Every case, in the API's order."""
        return [_case(row) for row in self._manager.list_cases()]

    def list_inactive(self) -> _Cases:
        """None: the old schema has no cases out of use."""
        return []


class LegacyJudges:
    """See `Judges`. A judge has one version, and can be changed through the API only."""

    def __init__(self, manager: DatabaseManager) -> None:
        self._manager = manager
        self._cases = LegacyCases(manager)
        self._catalog = LegacyCatalog(manager)

    def find(self, judge_id: str) -> Judge | None:
        """The judge, or None."""
        row = self._manager.get_judge(judge_id)
        return self._judge(row) if row else None

    def get(self, judge_id: str) -> Judge:
        """The judge. Raises NotFound."""
        return self._judge(_found(self._manager.get_judge(judge_id), "judge", judge_id))

    current = get

    def versions(self, judge_id: str) -> _Judges:
        """The one version of the judge."""
        found = self.find(judge_id)
        return [found] if found else []

    def list(self) -> _Judges:
        """Every judge, in the API's order."""
        return [self._judge(row) for row in self._manager.list_judges()]

    def list_inactive(self) -> _Judges:
        """None: the old schema has no judges out of use."""
        return []

    def of_case(self, case_id: str) -> _Judges:
        """The judges of a case."""
        return [one for one in self.list() if one.case_id == case_id]

    def _judge(self, row: Row) -> Judge:
        case = self._cases.find(row["case_id"])
        metric, model = self._catalog.metric(row["metric_id"]), self._catalog.model(row["model_id"])
        return judge_of({**row, "parameters": _text(row["parameters"])}, case, metric, model, 0)


class LegacyDocuments:
    """See `Documents`."""

    def __init__(self, manager: DatabaseManager) -> None:
        self._manager = manager

    def find(self, document_id: str) -> Document | None:
        """The document, or None."""
        row = self._manager.get_document(document_id)
        return _document(row) if row else None

    def get(self, document_id: str) -> Document:
        """The document. Raises NotFound."""
        return _document(_found(self._manager.get_document(document_id), "document", document_id))

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


class LegacyRuns:
    """See `Runs`."""

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

    def get_many(self, rows: Sequence[RunSummary]) -> _Runs:
        """The runs of list rows, in their order; without those that are gone."""
        return [run for run in map(self.find, (row.run_id for row in rows)) if run]

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
            raise InvalidInput("Batches need DynamoDB. Evaluate one text at a time.", field="batch_id")
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

    def fail(self, run: Run, message: str) -> Run:
        """Finishes a run without a score. Raises ConflictError as `complete`."""
        said = message if message.startswith(FAILED) else FAILED + message
        self._manager.update_run_status(run.run_id, RunStatus.FAILED.value, said)
        return msgspec.structs.replace(run, status=RunStatus.FAILED, completed_at=utcnow(), error_message=said)

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


def legacy_repositories(manager: DatabaseManager) -> dict[str, Any]:
    """What stands for the repositories, by their names in `Repositories`; people stay where they are."""
    return {
        "catalog": LegacyCatalog(manager),
        "cases": LegacyCases(manager),
        "judges": LegacyJudges(manager),
        "documents": LegacyDocuments(manager),
        "runs": LegacyRuns(manager),
        "labels": NoLabels("Labels"),
        "thresholds": NotInLegacy("Histories of thresholds"),
        "rollups": NotInLegacy("Statistics"),
        "batches": NotInLegacy("Batches"),
        "batch_runs": NotInLegacy("Batches"),
        "run_vectors": NotInLegacy("Similar runs"),
        "collections": NotInLegacy("Collections"),
        "vectors": NotInLegacy("Collections"),
        "vector_reads": NotInLegacy("Similarity searches"),
    }


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


def _case(row: Row) -> Case:
    threshold = {"id": row["threshold_id"], "score": row["score_threshold"]} if row["threshold_id"] else None
    return case_of(row, threshold, 0)


def _document(row: Row) -> Document:
    return document_of({**row, "metadata": _text(row["metadata"])}, 0)


def _text(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _found(row: Row | None, kind: str, key: str) -> Row:
    if row is None:
        raise NotFound(kind, key)
    return row
