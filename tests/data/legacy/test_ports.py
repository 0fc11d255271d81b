"""The repositories over DynamoDB and over the old SQLite schema do what the ports say: one set of tests, both."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from console.data.configuration.calibrations import Calibrations
from console.data.configuration.cases import Cases
from console.data.configuration.catalog import Catalog
from console.data.configuration.judges import Judges
from console.data.configuration.review_plans import ReviewPlans
from console.data.configuration.thresholds import Thresholds
from console.data.documents.documents import Documents
from console.data.legacy.sqlite.manager import DatabaseManager
from console.data.legacy.sqlite.repositories import on_the_old_schema
from console.data.legacy.sqlite.stored_catalog import LegacyCatalog, LegacyThresholds
from console.data.legacy.sqlite.stored_configuration import LegacyCases, LegacyJudges
from console.data.legacy.sqlite.stored_runs import LegacyDocuments, LegacyRuns, NoCalibrations, NoLabels, NoReviewPlans
from console.data.repositories import Repositories
from console.data.runs.labels import Labels
from console.data.runs.runs import Runs
from console.data.store.store import Store
from console.errors import AlreadyExists, ConflictError, InvalidInput, NotFound, NotServed
from console.records import RunFilter, RunStatus, ScoreRange, Snapshot, Threshold, Verdict, ports
from tests.support.tier import artifact, new_case, new_judge, results, tier

UNKNOWN = "00000000-0000-4000-8000-000000000000"
SIDES: list[tuple[type, type, type]] = [
    (ports.Catalog, Catalog, LegacyCatalog),
    (ports.Cases, Cases, LegacyCases),
    (ports.Judges, Judges, LegacyJudges),
    (ports.Thresholds, Thresholds, LegacyThresholds),
    (ports.Documents, Documents, LegacyDocuments),
    (ports.Runs, Runs, LegacyRuns),
    (ports.Labels, Labels, NoLabels),
    (ports.Calibrations, Calibrations, NoCalibrations),
    (ports.ReviewPlans, ReviewPlans, NoReviewPlans),
]


def methods(port: type) -> list[str]:
    found = {name for one in port.__mro__ for name in vars(one) if not name.startswith("_")}
    return sorted(found)


def names(method: Callable[..., Any]) -> list[tuple[str, Any, Any]]:
    """Parameters by name (where they may be given by name), kind and default."""
    parameters = list(inspect.signature(method).parameters.values())[1:]
    open_ones = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [(one.name if one.kind not in open_ones else "", one.default, one.kind in open_ones) for one in parameters]


ALL = [(port, name, dynamodb, sqlite) for port, dynamodb, sqlite in SIDES for name in methods(port)]


@pytest.mark.parametrize(("port", "name", "dynamodb", "sqlite"), ALL, ids=[f"{a.__name__}.{b}" for a, b, *_ in ALL])
def test_both_sides_have_every_method_of_a_port(port: type, name: str, dynamodb: type, sqlite: type) -> None:
    wanted = names(getattr(port, name))
    assert names(getattr(dynamodb, name)) == wanted
    served = getattr(sqlite, name)
    if served.__name__ == "refuse":
        with pytest.raises(NotServed, match=r"need DynamoDB.*docs/rollback\.md"):
            served()
    else:
        assert names(served) == wanted


@pytest.mark.parametrize(
    "field", ["rollups", "batches", "batch_runs", "run_vectors", "collections", "vectors", "store"]
)
def test_what_has_no_place_says_so_whatever_is_asked(embedded_store: Store, tmp_path: Path, field: str) -> None:
    here = on_the_old_schema(tier(embedded_store), DatabaseManager(tmp_path / "old.db"))
    with pytest.raises(NotServed, match=r"need DynamoDB.*docs/rollback\.md"):
        getattr(here, field).anything()


@pytest.fixture(params=["dynamodb", "sqlite"])
def here(request: pytest.FixtureRequest, embedded_store: Store, tmp_path: Path) -> Repositories:
    process = tier(embedded_store)
    if request.param == "sqlite":
        process = on_the_old_schema(process, DatabaseManager(tmp_path / "old.db"))
        process.catalog.create_metric("geval", by="ana")
    return process


# --- configuration -----------------------------------------------------------------------------------


def test_metrics_and_models(here: Repositories) -> None:
    metric = here.catalog.create_metric(" Fluency ", by="ana")
    model = here.catalog.create_model("gpt-4o", "OpenAI", by="ana")
    assert here.catalog.metric(metric.metric_id).name == "fluency"
    assert (here.catalog.model(model.model_id).name, model.provider) == ("gpt-4o", "openai")
    assert here.catalog.metric_named(" FLUENCY ") == here.catalog.metric(metric.metric_id)
    with pytest.raises(AlreadyExists, match="A metric named 'fluency' already exists"):
        here.catalog.create_metric("FLUENCY", by="ana")
    with pytest.raises(AlreadyExists, match="A model named 'gpt-4o' already exists"):
        here.catalog.create_model("gpt-4o", "other", by="ana")
    with pytest.raises(InvalidInput):
        here.catalog.create_metric(" ", by="ana")
    with pytest.raises(NotFound):
        here.catalog.model(UNKNOWN)


def test_a_case_is_made_found_and_changed(here: Repositories) -> None:
    made = new_case(here.cases, "helpfulness", threshold=Threshold(score=0.25))
    assert here.cases.get(made.case_id) == here.cases.current(made.case_id) == here.cases.find_by_name("Helpfulness")
    changed = here.cases.update(
        made.case_id,
        {"name": "usefulness", "score_range": ScoreRange(min=2, max=9)},
        by="ben",
        revision=made.revision,
    )
    assert (changed.name, changed.score_range.max, changed.threshold.score) == ("usefulness", 9, 0.25)
    assert [one.name for one in here.cases.list()] == ["usefulness"]
    assert here.cases.version(made.case_id, changed.version).name == "usefulness"
    assert here.cases.list_inactive() == []
    assert here.cases.find(UNKNOWN) is None


def test_the_second_of_two_editors_of_a_case_learns_of_the_first(here: Repositories) -> None:
    made = new_case(here.cases)
    here.cases.update(made.case_id, {"task_introduction": "Other."}, by="ana", revision=made.revision)
    with pytest.raises(ConflictError):
        here.cases.update(made.case_id, {"task_introduction": "Mine."}, by="ben", revision=made.revision)
    with pytest.raises(ConflictError):
        here.cases.set_threshold(made.case_id, Threshold(score=0.9), by="ben", reason="r", revision=made.revision)
    assert here.cases.get(made.case_id).task_introduction == "Other."
    assert here.cases.get(made.case_id).threshold.score == 0.5


def test_a_threshold_moves(here: Repositories) -> None:
    made = new_case(here.cases)
    moved = here.cases.set_threshold(
        made.case_id, Threshold(score=0.75), by="ana", reason="Stricter.", revision=made.revision
    )
    assert here.cases.get(made.case_id).threshold.score == moved.threshold.score == 0.75
    with pytest.raises(InvalidInput):
        here.cases.set_threshold(made.case_id, Threshold(score=1.5), by="ana", reason="r")


def test_what_a_case_cannot_be_is_refused(here: Repositories) -> None:
    made = new_case(here.cases, "one")
    other = new_case(here.cases, "two")
    with pytest.raises(AlreadyExists):
        new_case(here.cases, "ONE")
    with pytest.raises(AlreadyExists):
        here.cases.update(other.case_id, {"name": "One"}, by="ana")
    with pytest.raises(InvalidInput):
        here.cases.update(made.case_id, {"case_id": "x"}, by="ana")
    with pytest.raises(InvalidInput):
        here.cases.update(made.case_id, {"evaluation_criteria": " "}, by="ana")
    with pytest.raises(NotFound):
        here.cases.update(UNKNOWN, {"name": "x"}, by="ana")


def test_a_judge_is_made_found_and_changed(here: Repositories) -> None:
    judge = new_judge(here, new_case(here.cases), "Strict")
    assert here.judges.of_case(judge.case_id) == here.judges.list() == [here.judges.get(judge.judge_id)]
    changed = here.judges.update(
        judge.judge_id, {"name": "Mild", "parameters": {"n_responses": 3}}, by="ben", revision=judge.revision
    )
    assert (changed.name, changed.parameters, changed.evaluation_parameters.n_responses) == (
        "Mild",
        {"n_responses": 3},
        3,
    )
    with pytest.raises(ConflictError):
        here.judges.update(judge.judge_id, {"name": "Other"}, by="ana", revision=judge.revision)
    with pytest.raises(InvalidInput):
        here.judges.update(judge.judge_id, {"case_id": "x"}, by="ana")
    with pytest.raises(NotFound):
        here.judges.get(UNKNOWN)


# --- documents and runs ------------------------------------------------------------------------------


def test_documents_page(here: Repositories) -> None:
    made = [here.documents.create(f"text {number}", None, {"n": number}, by="ana") for number in range(3)]
    first = here.documents.list(2)
    last = here.documents.list(2, first.cursor)
    assert {row.document_id for row in [*first.items, *last.items]} == {one.document_id for one in made}
    assert (len(first.items), last.cursor) == (2, None)
    found = here.documents.get_many([made[2].document_id, UNKNOWN, made[0].document_id])
    assert [one.evaluation_target for one in found.values()] == ["text 2", "text 0"]
    assert here.documents.get(made[1].document_id).metadata == {"n": 1}
    assert here.documents.find(UNKNOWN) is None


def test_a_run_goes_its_way(here: Repositories) -> None:
    case = new_case(here.cases, threshold=Threshold(score=0.6))
    snapshot = Snapshot.of(new_judge(here, case), case)
    waiting = here.runs.create(snapshot, artifact("Paris.", expected_output="Rome."), by="ana")
    running = here.runs.start(waiting)
    done = here.runs.complete(running, results(4.0), threshold=0.6)
    failed = here.runs.fail(here.runs.create(snapshot, artifact(), by="ana", status=RunStatus.RUNNING), "No answer.")
    stored = here.runs.get(done.run_id)
    assert (stored.status, stored.evaluation_status) == (RunStatus.COMPLETED, Verdict.PASS)
    assert stored.results
    assert stored.results.final_score == 4.0
    assert stored.evaluated_artifact.expected_output == "Rome."
    assert here.runs.get(failed.run_id).status is RunStatus.FAILED
    for run in (done, failed):
        with pytest.raises(ConflictError):
            here.runs.complete(run, results(1.0), threshold=0.6)
        with pytest.raises(ConflictError):
            here.runs.fail(run, "late")
    assert [row.run_id for row in here.runs.list(RunFilter(status=RunStatus.FAILED)).items] == [failed.run_id]
    assert [run.run_id for run in here.runs.get_many(here.runs.list().items)] == [failed.run_id, done.run_id]
    assert here.labels.of(done.run_id) == []
    with pytest.raises(NotFound):
        here.runs.get(99)


def test_neighbours_and_pages_of_runs(here: Repositories) -> None:
    case = new_case(here.cases)
    snapshot = Snapshot.of(new_judge(here, case), case)
    runs = [here.runs.create(snapshot, artifact(), by="ana") for _ in range(3)]
    newer, older = here.runs.neighbour(runs[1], newer=True), here.runs.neighbour(runs[1], newer=False)
    assert newer
    assert older
    assert (newer.run_id, older.run_id) == (runs[2].run_id, runs[0].run_id)
    page = here.runs.list(RunFilter(case_id=case.case_id), limit=2)
    rest = here.runs.list(RunFilter(case_id=case.case_id), limit=2, cursor=page.cursor)
    assert [row.run_id for row in [*page.items, *rest.items]] == [run.run_id for run in reversed(runs)]
