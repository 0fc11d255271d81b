"""Importing finished runs from files, and exporting them again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from console.actions.runs.files.importing import Imported, import_runs
from console.actions.runs.files.lines import read_lines, run_lines
from console.config import Settings
from console.data.runs.rollups import recount
from console.errors import InvalidInput
from console.records import RunFilter, RunStatus, Verdict
from console.services import Services, build_services
from tests.support.data_files import SUMMEVAL

LINE = {
    "case": {"name": "summaries", "taskIntroduction": "Rate it.", "evaluationCriteria": "1 to 5."},
    "judge": {"name": "strict", "model": "gpt-4o", "provider": "openai"},
    "evaluationTarget": "A short summary.",
    "expectedOutput": "A reference.",
    "metadata": {"b": 1.0, "a": 1},
    "startedAt": "2026-01-31T12:00:00Z",
    "allResponses": [4, 5],
    "labels": [{"labelledBy": "reviewer", "score": 4, "comment": "fine"}],
}


@pytest.fixture
def services(engine_endpoint: str, request: pytest.FixtureRequest) -> Iterator[Services]:
    prefix = f"i{abs(hash(request.node.nodeid)):x}-"
    with build_services(Settings(dynamodb_endpoint=engine_endpoint, table_prefix=prefix)) as built:
        yield built


def written(folder: Path, *lines: object) -> Path:
    file = folder / "runs.jsonl"
    file.write_text("\n".join(json.dumps(line) for line in lines), encoding="utf-8")
    return file


def test_a_line_becomes_a_finished_run_with_its_case_judge_and_label(services: Services, tmp_path: Path) -> None:
    import_runs(services, written(tmp_path, LINE), by="me")

    (row,) = services.runs.list().items
    run = services.runs.get(row.run_id)
    assert run.status is RunStatus.COMPLETED
    assert run.evaluation_status is Verdict.PASS
    assert run.results is not None
    assert run.results.final_score == 4.5
    assert run.results.final_score_normalized == 0.875
    assert run.results.execution_time_seconds is None
    assert run.started_at == datetime(2026, 1, 31, 12, tzinfo=UTC)
    assert list(run.evaluated_artifact.metadata.items()) == [("b", 1.0), ("a", 1)]
    assert run.judge_snapshot.case_name == "summaries"
    assert services.judges.get(run.judge_id).llm.model == "gpt-4o"
    assert [label.comment for label in services.labels.of(run.run_id)] == ["fine"]
    assert row.label_score == 4.0


@pytest.mark.maintenance  # it counts again
def test_importing_twice_changes_nothing(services: Services, tmp_path: Path) -> None:
    file = written(tmp_path, LINE, {**LINE, "evaluationTarget": "Another."})

    assert import_runs(services, file, by="me") == Imported(added=2, present=0)
    assert import_runs(services, file, by="me") == Imported(added=0, present=2)
    assert len(services.runs.list().items) == 2
    assert len(services.cases.list()) == 1
    assert len(services.judges.list()) == 1
    assert recount.verify(services.store) == []


def test_a_line_with_an_error_message_becomes_a_failed_run_without_a_score(services: Services, tmp_path: Path) -> None:
    line = {**LINE, "errorMessage": "The model did not answer.", "labels": []}
    import_runs(services, written(tmp_path, line), by="me")

    (row,) = services.runs.list().items
    assert row.status is RunStatus.FAILED
    assert row.final_score is None
    assert row.error == "The model did not answer."


def test_a_wrong_line_is_refused_with_its_number(services: Services, tmp_path: Path) -> None:
    file = written(tmp_path, LINE, {"case": {"name": "summaries"}})

    with pytest.raises(InvalidInput, match=r"Line 2 is not a run in the neutral form: .*judge"):
        import_runs(services, file, by="me")


def test_a_score_outside_the_range_of_the_case_is_refused(services: Services, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="final score of 7 is outside the range 1 to 5"):
        import_runs(services, written(tmp_path, {**LINE, "finalScore": 7}), by="me")
    assert services.runs.list().items == []


def test_a_line_without_a_result_is_refused(tmp_path: Path) -> None:
    file = written(tmp_path, {**LINE, "allResponses": []})

    with pytest.raises(InvalidInput, match="Line 1 has neither finalScore nor allResponses nor errorMessage"):
        list(read_lines(file))


def test_an_export_holds_what_was_imported(services: Services, tmp_path: Path) -> None:
    import_runs(services, written(tmp_path, LINE), by="me")

    (line,) = run_lines(services, RunFilter())
    exported = msgspec.to_builtins(line)
    assert exported["evaluationTarget"] == "A short summary."
    assert exported["allResponses"] == [4, 5]
    assert exported["metadata"] == {"b": 1.0, "a": 1}
    assert exported["labels"][0]["labelledBy"] == "reviewer"


def test_an_export_imported_into_the_same_store_adds_nothing(services: Services, tmp_path: Path) -> None:
    import_runs(services, written(tmp_path, LINE), by="me")
    exported = written(tmp_path, *(msgspec.to_builtins(line) for line in run_lines(services, RunFilter())))

    assert import_runs(services, exported, by="me") == Imported(added=0, present=1)


def test_the_published_consistency_results_come_in_with_their_means(services: Services) -> None:
    assert import_runs(services, SUMMEVAL, by="me") == Imported(added=50, present=0)
    assert import_runs(services, SUMMEVAL, by="me") == Imported(added=0, present=50)

    case = services.cases.find_by_name("consistency")
    assert case is not None
    assert case.requires_reference
    rows = services.runs.list(RunFilter(case_id=case.case_id)).items
    assert len(rows) == 50
    assert round(sum(row.final_score or 0 for row in rows) / 50, 4) == 4.2869
    assert round(sum(row.label_score or 0 for row in rows) / 50, 4) == 4.78
    assert rows[0].model_name == "gpt-4o"
