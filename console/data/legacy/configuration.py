"""The configuration half of the old manager: metrics, models, cases, thresholds and judges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from console.data.configuration.catalog import SYSTEM
from console.data.legacy.contract import as_sqlite_says_it
from console.data.legacy.shapes import (
    Row,
    case_row,
    check_range,
    fitting,
    judge_row,
    metric_row,
    model_row,
    threshold_row,
)
from console.data.store.requests import can_be_key
from console.errors import ConflictError, NotFound
from console.records import Case, Json, Metric, ScoreRange, Threshold, ports

_REASON = "Changed through the API"


@dataclass(frozen=True, slots=True)
class Records:
    """The repositories that the old calls need."""

    catalog: ports.Catalog
    cases: ports.Cases
    judges: ports.Judges
    thresholds: ports.Thresholds
    documents: ports.Documents
    runs: ports.Runs


class LegacyConfiguration:
    """See `console.data.legacy.manager`."""

    def __init__(self, records: Records, *, by: str) -> None:
        self._data = records
        self._by = by

    # --- metrics and models ----------------------------------------------------------------------------

    def create_metric(self, name: str) -> str:
        """Adds a metric, its name in lower case, and returns its id. Raises TakenName.

        A default one that nobody uses is not listed, and becomes the caller's own here.
        """
        found = self._data.catalog.metric_named(name)
        with as_sqlite_says_it():
            if found and self._is_spare(found):
                return self._data.catalog.adopt_metric(found, by=self._by).metric_id
            return self._data.catalog.create_metric(name, by=self._by, lenient=True).metric_id

    def get_metric(self, metric_id: str) -> Row | None:
        """One metric."""
        return next((row for row in self.list_metrics() if row["id"] == metric_id), None)

    def list_metrics(self) -> list[Row]:
        """All metrics, without defaults that nobody uses."""
        rows = [metric_row(metric) for metric in self._data.catalog.metrics() if not self._is_spare(metric)]
        return sorted(rows, key=lambda row: str(row["created_at"]), reverse=True)

    def create_model(self, name: str, provider: str) -> str:
        """Adds a model, its provider in lower case, and returns its id. Raises TakenName."""
        with as_sqlite_says_it():
            return self._data.catalog.create_model(name, provider, by=self._by, lenient=True).model_id

    def get_model(self, model_id: str) -> Row | None:
        """One model."""
        return next((row for row in self.list_models() if row["id"] == model_id), None)

    def list_models(self) -> list[Row]:
        """All models by provider and name, in the order of code points."""
        models = sorted(self._data.catalog.models(), key=lambda model: (model.provider, model.name))
        return [model_row(model) for model in models]

    # --- cases and thresholds --------------------------------------------------------------------------

    def create_case(
        self,
        name: str,
        task_introduction: str,
        evaluation_criteria: str,
        min_score: int = 1,
        max_score: int = 5,
        requires_reference: bool = False,
        score_threshold: float = 0.5,
    ) -> str:
        """Adds a case, its name in lower case, and returns its id. Raises TakenName, or InvalidInput."""
        with as_sqlite_says_it():
            case = self._data.cases.create(
                name=name.lower(),
                task_introduction=task_introduction,
                evaluation_criteria=evaluation_criteria,
                score_range=ScoreRange(min=fitting(min_score), max=fitting(max_score)),
                requires_reference=requires_reference,
                threshold=Threshold(score=score_threshold),
                by=self._by,
                lenient=True,
            )
        return case.case_id

    def get_case(self, case_id: str) -> Row | None:
        """One case with its threshold."""
        case = self._data.cases.find(case_id) if can_be_key(case_id) else None
        return case_row(case) if case else None

    def list_cases(self) -> list[Row]:
        """All cases."""
        return [case_row(case) for case in self._data.cases.list()]

    def update_case(
        self,
        case_id: str,
        name: str | None = None,
        task_introduction: str | None = None,
        evaluation_criteria: str | None = None,
        min_score: int | None = None,
        max_score: int | None = None,
        requires_reference: bool | None = None,
        score_threshold: float | None = None,
    ) -> bool:
        """Changes what is not None; False when there is no such case. A threshold makes an entry, also the same one.

        Two Queries and a transaction; a threshold alone makes no new version.

        Raises:
            TakenName: another case has the name.
            InvalidInput: a value is not allowed, such as a lowest score above the highest.
        """
        given = {
            "name": None if name is None else name.lower(),
            "task_introduction": task_introduction,
            "evaluation_criteria": evaluation_criteria,
            "requires_reference": requires_reference,
            "threshold": None if score_threshold is None else Threshold(score=score_threshold),
        }
        changes = {field: value for field, value in given.items() if value is not None}
        while can_be_key(case_id):
            try:
                current = self._data.cases.current(case_id)
                with as_sqlite_says_it():
                    self._change_case(current, changes | _bounds(current.score_range, min_score, max_score))
            except NotFound:
                return False
            except ConflictError:
                continue
            return True
        return False

    def create_threshold(self, score: float) -> str:
        """Adds a threshold of no case and returns its id. One transaction. Raises InvalidInput outside 0..1."""
        return self._data.thresholds.add(score, by=self._by)

    def get_threshold(self, threshold_id: str) -> Row | None:
        """One entry of a history, by its id. Cost as `list_thresholds` of all cases."""
        return next((row for row in self.list_thresholds() if row["id"] == threshold_id), None)

    def list_thresholds(self, case_id: str | None = None) -> list[Row]:
        """The history of a case, or the entries of all cases.

        Cached until a case changes. Else, for one case a Query; for all a Scan of the history table (see
        `Thresholds.all`) and the list of cases.
        """
        if not case_id:
            embedded = [entry for case in self._data.cases.list() for entry in case.earlier_thresholds]
            entries = [*self._data.thresholds.all(), *embedded]
            return [threshold_row(one) for one in sorted(entries, key=lambda one: one.timestamp, reverse=True)]
        case = self._data.cases.find(case_id) if can_be_key(case_id) else None
        if case is None:
            return []
        return [{**threshold_row(entry), "case_name": case.name} for entry in self._data.thresholds.history(case)]

    # --- judges ----------------------------------------------------------------------------------------

    def create_judge(
        self,
        name: str | None,
        model_id: str,
        case_id: str,
        metric_id: str,
        parameters: Json,
        description: str | None = None,
    ) -> str:
        """Adds a judge and returns its id. Raises NotFound for the case, the metric or the model."""
        if not can_be_key(case_id):
            raise NotFound("case", case_id)
        judge = self._data.judges.create(
            name=name,
            case=self._data.cases.get(case_id),
            metric=self._data.catalog.metric(metric_id),
            model=self._data.catalog.model(model_id),
            parameters=parameters,
            description=description,
            by=self._by,
        )
        return judge.judge_id

    def get_judge(self, judge_id: str) -> Row | None:
        """One judge with what an evaluation needs of its case; None also when the case is out of use."""
        judge = self._data.judges.find(judge_id) if can_be_key(judge_id) else None
        case = self._data.cases.find(judge.case_id) if judge else None
        return judge_row(judge, case, whole=True) if judge and case else None

    def list_judges(self) -> list[Row]:
        """All judges of cases in use. As `Judges.list`, and one Query for each of their cases not in the cache."""
        judges = self._data.judges.list()
        cases = {one: self._data.cases.find(one) for one in {judge.case_id for judge in judges}}
        found = [(judge, cases[judge.case_id]) for judge in judges]
        return [judge_row(judge, case, whole=False) for judge, case in found if case]

    def update_judge(
        self,
        judge_id: str,
        name: str | None = None,
        parameters: Json | None = None,
        description: str | None = None,
        model_id: str | None = None,
    ) -> bool:
        """Changes what is not None (`parameters` as a whole); False without such a judge. NotFound for the model."""
        judge = self._data.judges.find(judge_id) if can_be_key(judge_id) else None
        if judge is None:
            return False
        given = {"name": name, "parameters": parameters, "description": description}
        changes: dict[str, Any] = {field: value for field, value in given.items() if value is not None}
        if model_id is not None:
            model = self._data.catalog.model(model_id)
            changes["llm"] = msgspec.structs.replace(
                judge.llm, id=model.model_id, type=model.provider, model=model.name
            )
        if changes:
            self._data.judges.update(judge_id, changes, by=self._by)
        return True

    # --- inside ----------------------------------------------------------------------------------------

    def _is_spare(self, metric: Metric) -> bool:
        """Whether it came with the tables, and nobody has made use of it."""
        return metric.created_by == SYSTEM and self._data.catalog.is_spare(metric, self._data.judges.list())

    def _change_case(self, current: Case, changes: dict[str, Any]) -> None:
        locked: dict[str, Any] = {"by": self._by, "revision": current.revision}
        if changes.keys() == {"threshold"}:
            self._data.cases.set_threshold(current.case_id, changes["threshold"], reason=_REASON, **locked)
        elif changes:
            self._data.cases.update(current.case_id, changes, reason=_REASON, lenient=True, **locked)


def _bounds(stored: ScoreRange, low: int | None, high: int | None) -> dict[str, ScoreRange]:
    """The change of a score range of which one or both ends may be given."""
    if low is None and high is None:
        return {}
    wanted = ScoreRange(min=stored.min if low is None else low, max=stored.max if high is None else high)
    check_range(wanted.min, wanted.max)
    return {"score_range": wanted}
