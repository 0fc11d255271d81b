"""The configuration half of the old manager over its own schema."""

from __future__ import annotations

import sqlite3

from console.data.configuration.thresholds import check_threshold
from console.data.legacy.contract import TakenName
from console.data.legacy.shapes import Row, check_range, fitting, sql_time
from console.data.legacy.sqlite.rows import NEWEST, Rows, change_row, new_threshold, plain, shown, to_json
from console.data.legacy.sqlite.schema import writing
from console.errors import NotFound
from console.records import Json

_CASE = (
    "SELECT c.id, c.name, c.task_introduction, c.evaluation_criteria, c.min_score, c.max_score, c.requires_reference,"
    " c.threshold_id, c.created_at, c.updated_at, coalesce(t.score, 0.5) AS score_threshold"
    " FROM cases c LEFT JOIN thresholds t ON t.id = c.threshold_id"
)
_JUDGE = (
    "SELECT j.id, j.name, j.model_id, j.case_id, j.metric_id, j.parameters, j.description, j.created_at,"
    " c.name AS case_name,{} m.name AS metric_name, o.name AS model_name, o.provider AS model_provider"
    " FROM judges j JOIN cases c ON c.id = j.case_id JOIN metrics m ON m.id = j.metric_id"
    " JOIN models o ON o.id = j.model_id"
)
_OF_CASE = " c.task_introduction, c.evaluation_criteria, c.min_score, c.max_score, c.requires_reference,"
_CASE_COLUMNS = (
    "name",
    "task_introduction",
    "evaluation_criteria",
    "min_score",
    "max_score",
    "requires_reference",
)


class Configuration(Rows):
    """Metrics, models, cases, thresholds and judges; see `Manager`."""

    # --- metrics and models ----------------------------------------------------------------------------

    def create_metric(self, name: str) -> str:
        """Adds a metric."""
        return self._add("metric", "metrics", name.strip().lower(), {"name": name.strip().lower()})

    def get_metric(self, metric_id: str) -> Row | None:
        """One metric."""
        return self._one("SELECT id, name, created_at FROM metrics WHERE id = ?", metric_id)

    def list_metrics(self) -> list[Row]:
        """All metrics."""
        return self._all(f"SELECT id, name, created_at FROM metrics {NEWEST.format('metrics')}")

    def create_model(self, name: str, provider: str) -> str:
        """Adds a model."""
        return self._add("model", "models", name, {"name": name, "provider": provider.strip().lower()})

    def get_model(self, model_id: str) -> Row | None:
        """One model."""
        return self._one("SELECT id, name, provider, created_at FROM models WHERE id = ?", model_id)

    def list_models(self) -> list[Row]:
        """All models."""
        return self._all("SELECT id, name, provider, created_at FROM models ORDER BY provider, name")

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
        """Adds a case."""
        now = sql_time(self._clock())
        values = {
            "name": name.lower(),
            "task_introduction": task_introduction,
            "evaluation_criteria": evaluation_criteria,
            "min_score": fitting(min_score),
            "max_score": fitting(max_score),
            "requires_reference": requires_reference,
            "updated_at": now,
        }
        return self._add("case", "cases", name.lower(), values, threshold=check_threshold(score_threshold))

    def get_case(self, case_id: str) -> Row | None:
        """One case."""
        return plain(self._one(f"{_CASE} WHERE c.id = ?", case_id))

    def list_cases(self) -> list[Row]:
        """All cases."""
        return [shown(row) for row in self._all(f"{_CASE} {NEWEST.format('c')}")]

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
        """Changes a case."""
        current = self.get_case(case_id)
        if current is None:
            return False
        given = (
            None if name is None else name.lower(),
            task_introduction,
            evaluation_criteria,
            min_score,
            max_score,
            requires_reference,
        )
        values = {column: value for column, value in zip(_CASE_COLUMNS, given, strict=True) if value is not None}
        _check_bounds(current, values)
        try:
            with writing(self.path) as connection:
                if score_threshold is not None:
                    values["threshold_id"] = new_threshold(connection, score_threshold, self._clock())
                change_row(connection, "cases", case_id, values)
        except sqlite3.IntegrityError as error:
            raise TakenName("case", (name or "").lower()) from error
        return True

    def create_threshold(self, score: float) -> str:
        """Adds a threshold of no case."""
        with writing(self.path) as connection:
            return new_threshold(connection, score, self._clock())

    def get_threshold(self, threshold_id: str) -> Row | None:
        """One threshold."""
        return self._one("SELECT id, score, created_at FROM thresholds WHERE id = ?", threshold_id)

    def list_thresholds(self, case_id: str | None = None) -> list[Row]:
        """The present threshold of a case, or those that all cases have and had."""
        if not case_id:
            return self._all(f"SELECT id, score, created_at FROM thresholds {NEWEST.format('thresholds')}")
        return self._all(
            "SELECT t.id, t.score, t.created_at, c.name AS case_name FROM cases c"
            " JOIN thresholds t ON t.id = c.threshold_id WHERE c.id = ?",
            case_id,
        )

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
        """Adds a judge."""
        for kind, found, key in (
            ("case", self.get_case, case_id),
            ("metric", self.get_metric, metric_id),
            ("model", self.get_model, model_id),
        ):
            if found(key) is None:
                raise NotFound(kind, key)
        values = {
            "name": name,
            "model_id": model_id,
            "case_id": case_id,
            "metric_id": metric_id,
            "parameters": to_json(parameters),
            "description": description,
        }
        return self._add("judge", "judges", "", values)

    def get_judge(self, judge_id: str) -> Row | None:
        """One judge."""
        return plain(self._one(f"{_JUDGE.format(_OF_CASE)} WHERE j.id = ?", judge_id))

    def list_judges(self) -> list[Row]:
        """All judges."""
        return [shown(row) for row in self._all(f"{_JUDGE.format('')} {NEWEST.format('j')}")]

    def update_judge(
        self,
        judge_id: str,
        name: str | None = None,
        parameters: Json | None = None,
        description: str | None = None,
        model_id: str | None = None,
    ) -> bool:
        """Changes a judge."""
        if self.get_judge(judge_id) is None:
            return False
        if model_id is not None and self.get_model(model_id) is None:
            raise NotFound("model", model_id)
        given = {
            "name": name,
            "parameters": None if parameters is None else to_json(parameters),
            "description": description,
            "model_id": model_id,
        }
        with writing(self.path) as connection:
            change_row(
                connection, "judges", judge_id, {column: value for column, value in given.items() if value is not None}
            )
        return True


def _check_bounds(stored: Row, changes: Row) -> None:
    if "min_score" not in changes and "max_score" not in changes:
        return
    low, high = ({**stored, **changes}[name] for name in ("min_score", "max_score"))
    check_range(low, high)
