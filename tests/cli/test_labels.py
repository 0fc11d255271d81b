"""`labels` and `agreement` on the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from console.cli import app
from console.errors import ConsoleError, InvalidInput
from console.records import Role, Run
from console.services import Services
from tests.support.console_app import new_case, new_judge, new_user, scored

Run_ = Callable[..., Result]


@pytest.fixture
def console(console_services: Services) -> Run_:
    """Runs a command on the store of the test; its own errors are raised."""
    return lambda *arguments: CliRunner().invoke(app, [str(one) for one in arguments])


@pytest.fixture
def run(console_services: Services) -> Run:
    case = new_case(console_services)
    return scored(console_services, new_judge(console_services, case), case, 5.0)


def test_labels_are_imported_and_exported(console: Run_, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "labels.csv"
    file.write_text(f"run_id,score,comment\n{run.run_id},4,Fine\n")
    assert json.loads(console("labels", "import", file, "--by", "bo", "--dry-run", "--json").stdout) == {
        "added": 1,
        "changed": 0,
        "same": 0,
        "dry_run": True,
        "not_read": [],
    }
    assert (
        "Added 1 label(s), changed 0; 0 were there already." in console("labels", "import", file, "--by", "bo").stdout
    )
    assert (
        "Added 0 label(s), changed 0; 1 were there already." in console("labels", "import", file, "--by", "bo").stdout
    )
    out = tmp_path / "out.jsonl"
    assert json.loads(console("labels", "export", out, "--case", "Summaries", "--json").stdout)["labels"] == 1
    exported = json.loads(out.read_text())
    assert (exported["run_id"], exported["score"], exported["labelled_by"]) == (run.run_id, 4.0, "bo")


def test_a_wrong_line_is_told_and_nothing_is_imported(
    console_services: Services, console: Run_, run: Run, tmp_path: Path
) -> None:
    file = tmp_path / "labels.jsonl"
    file.write_text(f'{{"run_id": {run.run_id}, "score": 4}}\n{{"run_id": 77, "score": 4}}\n')
    done = console("labels", "import", file)
    assert isinstance(done.exception, ConsoleError)
    assert "Line 2: there is no run 77." in str(done.exception)
    assert console_services.labels.of(run.run_id) == []


def test_an_unknown_case_is_not_exported(console: Run_, run: Run, tmp_path: Path) -> None:
    assert "There is no case Nothing" in str(
        console("labels", "export", tmp_path / "a.csv", "--case", "Nothing").exception
    )
    assert list(tmp_path.iterdir()) == []


def test_the_queue_and_who_reviews_are_told_and_kept(console: Run_, console_services: Services, run: Run) -> None:
    case = console_services.cases.get(run.case_id)
    for name in ("ann", "bo"):
        new_user(console_services, name, Role.EVALUATOR)
    assert "everybody" not in console("labels", "plan", "--case", case.name).stdout
    said = console("labels", "plan", "--case", case.name, "--reviewer", "ann", "--reviewer", "bo", "--second-share", 1)
    assert said.stdout == "Labels by: ann, bo. A second opinion on 100% of the labelled runs.\n"
    refused = console("labels", "plan", "--case", case.name, "--reviewer", "nobody").exception
    assert isinstance(refused, InvalidInput)
    assert "nobody cannot label runs" in str(refused)

    shares = [json.loads(console("labels", "queue", "--case", case.name, "--rater", name, "--json").stdout)
              for name in ("ann", "bo")]  # fmt: skip
    (one,) = [*shares[0], *shares[1]]
    first = "ann" if shares[0] else "bo"
    assert (one["run"]["runId"], one["turn"], one["drawn"]["probability"]) == (run.run_id, "first", 1.0)
    assert "1 run(s) wait for a label" in console("labels", "queue", "--case", case.name, "--queue", "random").stdout

    console_services.labels.save(run, None, True, by=first)
    console_services.labels.save(run, None, False, by="cy")
    assert "People differ on 1 run(s)" in console("labels", "differing", "--case", case.name).stdout
    found = json.loads(console("labels", "differing", "--case", case.name, "--json").stdout)
    assert [row["runId"] for row in found] == [run.run_id]
