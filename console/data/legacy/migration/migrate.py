"""Brings the old system's SQLite database into the store: every row, under its own id and times.

Safe to stop and to repeat: what is there stays as it is, and each transaction of runs counts its own runs, so that
rollups are right at every moment. A record that was changed in the old database since it was brought over (after a
rollback, say) is changed here too: a new version of a case or judge, an unfinished run finished.

Runs embed the text that they judged and a snapshot: of the configuration that their metadata hold, else of the present
one. The old schema does not say which case a threshold belonged to: the present ones go to their cases, the others
are kept without one.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import msgspec

from console.data.cache.cache import bump
from console.data.configuration import versions
from console.data.configuration.case_items import case_item, threshold_attributes
from console.data.configuration.thresholds import UNASSIGNED, record
from console.data.legacy.migration.bringing import CHUNK, Bringing, Progress, Report, chunks, groups
from console.data.legacy.migration.opening import read_only
from console.data.legacy.migration.rows import (
    MIGRATION,
    case_of,
    document_of,
    judge_of,
    metric_of,
    model_of,
    run_of,
    threshold_of,
)
from console.data.legacy.migration.source import LegacySource, Values
from console.data.repositories import Repositories
from console.data.runs.items import gathered_keys, run_key
from console.data.store import names, tables
from console.data.store.codec import timestamp
from console.data.store.requests import ABSENT, Put, Query, Update, Write
from console.records import Case, Document, Judge, Metric, Model, Run, RunId, RunStatus

REASON = "Brought over from the old system"
_NEEDS_NO_MODEL = "similarity"
"""The metric whose judges ask no provider."""


def migrate(
    to: Repositories, path: Path, *, dry_run: bool = False, progress: Progress = lambda _done, _total: None
) -> Report:
    """Brings a database over. The file is opened read-only.

    Cost: a transaction per metric, model, case and judge, one per 60 documents or runs, and a BatchGet before each of
    those.

    Args:
        dry_run: only say what would be done.

    Raises:
        SetupError: the file is no database of the old system.
    """
    with read_only(path) as connection:
        return _Migration(to, LegacySource(connection), dry_run, progress).run()


class _Migration(Bringing):
    def __init__(self, to: Repositories, source: LegacySource, dry_run: bool, progress: Progress) -> None:
        super().__init__(to, source, dry_run, progress)
        self._metrics: dict[str, Metric] = {}
        self._models: dict[str, Model] = {}
        self._cases: dict[str, Case] = {}
        self._judges: dict[str, Judge] = {}

    def run(self) -> Report:
        """Everything, in the order in which rows refer to each other."""
        self._bring_metrics()
        self._bring_models()
        self._bring_cases()
        self._bring_judges()
        self._bring_documents()
        floor = self._free_above()
        if not self._dry:
            self._to.runs.reserve_ids(self._report.highest_run)
        self._bring_runs(floor)
        if not self._dry:
            self._to.runs.announce()
        self._report.notes = [*self._source.notes, *self._report.notes]
        self._report.failures += self._source.refused
        return self._report

    # --- configuration ---------------------------------------------------------------------------------

    def _bring_metrics(self) -> None:
        present = {metric.metric_id for metric in self._to.catalog.metrics()}
        judges = [*self._to.judges.list(), *self._to.judges.list_inactive()]
        for row in self._rows("metrics"):
            metric = metric_of(row, row["place"])
            self._metrics[metric.metric_id] = metric
            if metric.metric_id in present:
                self._report.tables["metrics"].present += 1
                continue
            name = names.folded(metric.name)
            namesake = next((one for one in self._to.catalog.metrics() if names.folded(one.name) == name), None)
            spare = namesake if namesake and self._to.catalog.is_spare(namesake, judges) else None
            named = self._claim("metric", name, free=namesake is None or spare is not None)
            spare = spare if named else None
            self._add("metrics", metric, named, lambda m=metric, s=spare, n=named: self._restore(m, s, n))  # type: ignore[misc]

    def _bring_models(self) -> None:
        present = {model.model_id for model in self._to.catalog.models()}
        for row in self._rows("models"):
            model = model_of(row, row["place"])
            self._models[model.model_id] = model
            if model.model_id in present:
                self._report.tables["models"].present += 1
                continue
            named = self._claim("model", model.name, free=self._to.catalog.model_named(model.name) is None)
            self._add("models", model, named, lambda m=model, n=named: self._restore(m, None, n))  # type: ignore[misc]

    def _restore(self, entry: Metric | Model, spare: Metric | None, named: bool) -> None:
        self._to.catalog.restore(entry, instead_of=spare, named=named)

    def _bring_cases(self) -> None:
        thresholds = {row["id"]: row for row in self._source.rows("thresholds")}
        known = {entry.threshold_id for entry in self._to.thresholds.all()}
        for row in self._rows("cases"):
            threshold = thresholds.get(row.get("threshold_id"))
            case = case_of(row, threshold, row["place"])
            self._cases[case.case_id] = case
            present = versions.active_of(self._to.cases.versions(case.case_id))
            if present is None:
                lock = names.lock_key("case", names.folded(case.name))
                free = self._to.store.get(tables.CASES, *lock) is None
                named = self._claim("case", names.folded(case.name), free=free)
                self._add("cases", case, named, lambda c=case, t=threshold, n=named: self._put_case(c, t, n))  # type: ignore[misc]
            else:
                self._refresh_case(present, case, threshold, known)
            if threshold:
                self._count("thresholds", added=threshold["id"] not in known)
                known.add(threshold["id"])
        self._bring_unassigned([row for row in thresholds.values() if row["id"] not in known])
        self._report.tables["thresholds"].rows = len(thresholds)
        left = len(thresholds) - self._report.tables["thresholds"].added - self._report.tables["thresholds"].present
        self._report.tables["thresholds"].present += max(left, 0)

    def _put_case(self, case: Case, threshold: Values | None, named: bool) -> None:
        writes: list[Write] = [Put(tables.CASES, case_item(case), ABSENT), bump(tables.CASES)]
        if threshold:
            writes.append(record(threshold_of(threshold, case.case_id)))
        if named:
            writes.append(names.claim(tables.CASES, "case", names.folded(case.name), case.case_id))
        self._to.store.transact(writes)
        self._to.cache.changed(tables.CASES, case.case_id)

    def _refresh_case(self, present: Case, case: Case, threshold: Values | None, known: set[str]) -> None:
        fields = ("name", "task_introduction", "evaluation_criteria", "score_range", "requires_reference")
        changes = {name: getattr(case, name) for name in fields if getattr(case, name) != getattr(present, name)}
        moved = threshold is not None and threshold["id"] not in known
        self._count("cases", changed=bool(changes) or moved)

        def write() -> None:
            now = present
            if changes:
                now = self._to.cases.update(case.case_id, changes, by=MIGRATION, reason=REASON, lenient=True)
            if moved and threshold:
                self._move_threshold(now, case, threshold)

        self._change("cases", case.case_id, write)

    def _move_threshold(self, present: Case, case: Case, threshold: Values) -> None:
        entry = threshold_of(threshold, case.case_id)
        entry = msgspec.structs.replace(entry, previous_score=present.threshold.score, reason=REASON)
        update = Update(
            tables.CASES,
            (present.case_id, present.version),
            sets={**threshold_attributes(case), "revision": present.revision + 1},
            condition=versions.unchanged(present.revision),
        )
        self._to.store.transact([update, record(entry), bump(tables.CASES)])
        self._to.cache.changed(tables.CASES, present.case_id)

    def _bring_unassigned(self, rows: Sequence[Values]) -> None:
        for row in rows:
            self._count("thresholds", added=True)
            if not self._dry:
                self._to.store.transact([record(threshold_of(row, f"{UNASSIGNED}{row['id']}")), bump(tables.CASES)])
        if rows:
            self._report.notes.append(f"{len(rows)} earlier threshold(s) are kept without a case: no row says which.")

    def _bring_judges(self) -> None:
        for row in self._rows("judges"):
            metric, model = self._metrics.get(row["metric_id"]), self._models.get(row["model_id"])
            case = self._cases.get(row["case_id"])
            judge = judge_of(row, case.name if case else None, metric, model, row["place"])
            self._judges[judge.judge_id] = judge
            if judge.metric.type != _NEEDS_NO_MODEL:
                self._report.judges.setdefault(judge.llm.type, []).append(judge.judge_id)
            if judge.case_id not in self._cases or metric is None or model is None:
                self._report.notes.append(f"The judge {judge.judge_id} refers to a case, metric or model that is gone.")
            present = versions.active_of(self._to.judges.versions(judge.judge_id))
            if present is None:
                self._add("judges", judge, True, lambda j=judge: self._to.judges.add(j))  # type: ignore[misc]
                continue
            changes = {name: getattr(judge, name) for name in ("name", "description")}
            changes = {name: value for name, value in changes.items() if value != getattr(present, name)}
            if msgspec.json.encode(judge.parameters) != msgspec.json.encode(present.parameters):
                changes["parameters"] = judge.parameters
            if judge.llm.id != present.llm.id:
                changes["llm"] = judge.llm
            self._count("judges", changed=bool(changes))
            if changes:
                self._change(
                    "judges", judge.judge_id, partial(self._to.judges.update, judge.judge_id, changes, by=MIGRATION)
                )

    # --- documents and runs ----------------------------------------------------------------------------

    def _bring_documents(self) -> None:
        fresh: list[Document] = []
        for chunk in chunks((document_of(row, row["place"]) for row in self._rows("eval_documents")), CHUNK):
            there = self._to.documents.get_many([one.document_id for one in chunk])
            for document in chunk:
                self._count("eval_documents", added=document.document_id not in there)
            fresh = [one for one in chunk if one.document_id not in there]
            for group in groups(fresh):
                self._write("eval_documents", group, self._to.documents.import_many)

    def _bring_runs(self, floor: int) -> None:
        rows = self._rows("runs", self._source.runs())
        for chunk in chunks((self._run(row) for row in rows), CHUNK):
            there = self._statuses(chunk)
            for run in chunk:
                if run.run_id in there:
                    self._refresh_run(run, RunStatus(there[run.run_id]))
            fresh = [run for run in chunk if run.run_id not in there and self._is_free(run, floor)]
            for group in groups(fresh):
                self._count("runs", added=True, by=len(group))
                self._write("runs", group, self._to.runs.import_many)

    def _statuses(self, runs: Sequence[Run]) -> dict[RunId, str]:
        """The status of those that are there. One BatchGet per 100."""
        keys = [(run_key(run.run_id), timestamp(run.started_at)) for run in runs]
        return {
            int(item[tables.PK]["S"].removeprefix("RUN#")): gathered_keys(item)["status"]["S"]
            for item in self._to.store.batch_get(tables.RUNS, keys)
        }

    def _refresh_run(self, run: Run, present: RunStatus) -> None:
        finished = run.status.finished and not present.finished
        self._count("runs", changed=finished)
        if finished:
            self._change("runs", str(run.run_id), lambda: self._to.runs.replace_unfinished(run))

    def _run(self, row: Values) -> Run:
        judge = self._judges.get(row["judge_id"])
        if judge is None or row["actual_output"] is None:
            self._report.notes.append(f"The run {row['id']} refers to a judge or a document that is gone.")
        return run_of(row, judge, self._cases.get(judge.case_id) if judge else None)

    def _free_above(self) -> int:
        """Ids above this were never given out in the store when the first migration began."""
        key = ("MIGRATION#RUNS", "FLOOR")
        item = self._to.store.get(tables.RUNS, *key)
        if item and int(item["highest"]["N"]) >= self._report.highest_run:
            return int(item["floor"]["N"])
        counter = self._to.runs.last_id()
        if not self._dry:
            sets = {"floor": counter, "highest": self._report.highest_run}
            self._to.store.write(Update(tables.RUNS, key, sets=sets))
        return counter

    def _is_free(self, run: Run, floor: int) -> bool:
        if isinstance(run.run_id, int) and run.run_id > floor:
            return True
        items, _ = self._to.store.page(Query(tables.RUNS, run_key(run.run_id), attributes=(tables.SK,)), limit=1)
        if items:
            self._report.failures.append(
                f"The store has another run {run.run_id}, started {items[0][tables.SK]['S']} instead of "
                f"{timestamp(run.started_at)}. Migrate into a store without runs of its own."
            )
        return not items
