"""The sample data."""

from __future__ import annotations

from datetime import timedelta

from console.actions.sets.comparison import compare
from console.actions.sets.results import load_results
from console.config import Settings
from console.data.runs.rollups import recount
from console.records import RunFilter, RunStatus, utcnow
from console.sample import load_sample_data, needs_sample_data
from console.services import Services, build_services


def test_the_sample_data_fill_an_empty_store_once(engine_endpoint: str) -> None:
    with build_services(Settings(dynamodb_endpoint=engine_endpoint, table_prefix="sample-")) as services:
        assert needs_sample_data(services)
        load_sample_data(services)
        assert not needs_sample_data(services)
        load_sample_data(services)

        rows = services.runs.list(limit=1_000).items
        assert len(rows) == 360
        assert len(services.cases.list()) == 4
        assert len(services.judges.list()) == 8
        assert len(services.catalog.models()) == 6
        assert sum(row.status is RunStatus.FAILED for row in rows) > 5
        assert sum(row.labelled for row in rows) > 50
        assert min(row.started_at for row in rows) < utcnow() - timedelta(days=59)
        moved = services.cases.find_by_name("answer correctness")
        assert moved is not None
        assert [entry.score for entry in services.thresholds.history(moved)] == [0.65, 0.55, 0.5]
        assert recount.verify(services.store) == []
        assert services.run_vectors.without(rows) == []
        assert services.sets.get("plan-limits").baseline == "plan-limits-1"
        first, last = (services.experiments.get(f"plan-limits-{number}") for number in (1, 2))
        (changed,) = compare(services, first, last, load_results(services, last))
        assert len(changed.regressed) >= 6
        assert changed.p_value < 0.05
        calibrated = services.calibrations.latest(*_version(services, "Faithfulness"))
        assert calibrated is not None
        assert calibrated.error[0] < calibrated.raw_error[0]
        assert services.collections.named("Handbook").total_documents == 5


def _version(services: Services, name: str) -> tuple[str, str]:
    return next((one.judge_id, one.version) for one in services.judges.list() if one.name == name)


def test_sample_data_are_not_loaded_beside_data_of_ones_own(engine_endpoint: str) -> None:
    with build_services(Settings(dynamodb_endpoint=engine_endpoint, table_prefix="own-")) as services:
        services.cases.create(name="mine", task_introduction="a", evaluation_criteria="b", by="me")
        assert services.runs.list(RunFilter()).items == []
        assert not needs_sample_data(services)
