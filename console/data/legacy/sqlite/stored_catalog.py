"""Models, metrics and thresholds in the old system's SQLite schema (see `console.records.ports`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Unpack

from console.data.legacy.migration.rows import metric_of, model_of
from console.data.legacy.sqlite.rows import Rows, new_threshold
from console.data.legacy.sqlite.schema import writing
from console.data.legacy.sqlite.unserved import not_served, refusal
from console.data.store.names import check_name
from console.errors import existing
from console.records import Judge, Metric, Model, Prices


class LegacyCatalog:
    """Models and metrics. None of them came with the store, and models have no prices."""

    restore = not_served("Migrations")
    adopt_metric = not_served("Default metrics")
    set_prices = not_served("Prices of models")

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def metrics(self) -> list[Metric]:
        """All metrics in order of creation."""
        rows = self._rows.all("SELECT id, name, created_at FROM metrics ORDER BY created_at, rowid")
        return [metric_of(row, place) for place, row in enumerate(rows)]

    def metric(self, metric_id: str) -> Metric:
        """One metric. Raises NotFound."""
        return existing(next((one for one in self.metrics() if one.metric_id == metric_id), None), "metric", metric_id)

    def metric_named(self, name: str) -> Metric | None:
        """The metric of that name, letter case aside, or None."""
        return next((one for one in self.metrics() if one.name == name.strip().lower()), None)

    def create_metric(self, name: str, *, by: str, lenient: bool = False) -> Metric:
        """Adds a metric. Raises AlreadyExists."""
        del by
        folded = check_name(name, "metric", lenient=lenient).strip().lower()
        return self.metric(self._rows.add("metric", "metrics", folded, {"name": folded}))

    def is_spare(self, metric: Metric, judges: Sequence[Judge]) -> bool:
        """Never."""
        del metric, judges
        return False

    def ensure_defaults(self) -> None:
        """Nothing: the old schema has the metrics that somebody made."""

    def models(self) -> list[Model]:
        """All models by provider and name."""
        rows = self._rows.all("SELECT id, name, provider, created_at FROM models ORDER BY provider, name")
        return [model_of(row, place) for place, row in enumerate(rows)]

    def model(self, model_id: str) -> Model:
        """One model. Raises NotFound."""
        return existing(next((one for one in self.models() if one.model_id == model_id), None), "model", model_id)

    def model_named(self, name: str) -> Model | None:
        """The model of exactly that name, or None."""
        return next((one for one in self.models() if one.name == name), None)

    def create_model(
        self, name: str, provider: str, *, by: str, lenient: bool = False, **prices: Unpack[Prices]
    ) -> Model:
        """Adds a model. Raises AlreadyExists, and NotServed when it is to have prices."""
        del by
        if any(price is not None for price in prices.values()):
            raise refusal("Prices of models")
        values = {
            "name": check_name(name, "model", lenient=lenient),
            "provider": check_name(provider, "provider", lenient=lenient).strip().lower(),
        }
        return self.model(self._rows.add("model", "models", name, values))


class LegacyThresholds:
    """A case has its present threshold only."""

    history = all = not_served("Histories of thresholds")

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def add(self, score: float, *, by: str) -> str:
        """A threshold of no case; its id. Raises InvalidInput outside 0..1."""
        del by
        with writing(self._rows.path) as connection:
            return new_threshold(connection, score, self._rows.clock())
