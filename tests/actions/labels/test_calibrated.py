"""Calibrations of a judge's version: from which labels, by whom, how they are kept, and where they are shown."""

from __future__ import annotations

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from console.actions.labels.calibrated import calibrate_judge, calibration_json, judge_version
from console.actions.labels.population import Asked
from console.actions.labels.report import load_report
from console.actions.runs.detail import load_run
from console.cli import app
from console.errors import ConsoleError, Forbidden, InvalidInput, NotFound
from console.records import Case, Drawn, Judge, Role, Run, Selection, User
from console.services import Services
from tests.support.console_app import new_user, scored


@pytest.fixture
def ann(console_services: Services) -> User:
    return new_user(console_services, "ann", Role.EVALUATOR)


@pytest.fixture
def runs(console_services: Services, case: Case, judge: Judge) -> list[Run]:
    """Forty labelled runs; people pass the more of them the higher the score."""
    dice = np.random.default_rng(8)
    made = []
    for place in range(40):
        run = scored(console_services, judge, case, 1.0 + place % 5)
        drawn = Drawn(Selection.RANDOM) if place < 36 else None
        console_services.labels.save(run, None, bool(dice.random() < (1 + place % 5) / 6), by="ann", drawn=drawn)
        made.append(run)
    return made


def test_a_curve_is_kept_with_its_number_and_the_score_stays(
    console_services: Services, judge: Judge, runs: list[Run], ann: User
) -> None:
    made = calibrate_judge(console_services, ann, judge)
    assert (made.number, made.labels, made.method, made.fitted_by) == (1, 36, "platt", "ann")
    assert any("4 of the 40" in one for one in made.warnings)
    assert console_services.calibrations.latest(judge.judge_id, judge.version) == made
    again = calibrate_judge(console_services, ann, judge, unknown_odds=True)
    assert (again.number, again.labels) == (2, 40)
    assert [one.number for one in console_services.calibrations.versions(judge.judge_id, judge.version)] == [2, 1]
    detail = load_run(console_services, runs[4].run_id)
    p, low, high = detail.people_pass or (0, 0, 0)
    assert 0 < low <= p <= high <= 1
    assert p == pytest.approx(again.curve[100])
    assert detail.run == runs[4]
    assert load_run(console_services, runs[0].run_id).people_pass[0] < p  # type: ignore[index]


def test_it_takes_labels_and_an_evaluator(console_services: Services, judge: Judge, runs: list[Run], ann: User) -> None:
    with pytest.raises(Forbidden):
        calibrate_judge(console_services, new_user(console_services), judge)
    for run in runs[:10]:
        console_services.labels.remove(run, "ann")
    with pytest.raises(InvalidInput, match=r"26 labels are too few: it takes 30\. 4 more do not say how"):
        calibrate_judge(console_services, ann, judge)
    with pytest.raises(NotFound):
        judge_version(console_services, judge.judge_id, "9.0")


def test_other_versions_have_curves_of_their_own(
    console_services: Services, judge: Judge, runs: list[Run], ann: User
) -> None:
    calibrate_judge(console_services, ann, judge)
    console_services.judges.update(judge.judge_id, {"name": "Another"}, by="ann", revision=judge.revision)
    new = judge_version(console_services, judge.judge_id)
    assert new.version != judge.version
    assert console_services.calibrations.latest(new.judge_id, new.version) is None
    assert judge_version(console_services, judge.judge_id, judge.version).version == judge.version


def test_the_command_makes_and_shows_it(console_services: Services, case: Case, judge: Judge, runs: list[Run]) -> None:
    console = CliRunner()
    none = console.invoke(app, ["calibration", "--judge", judge.judge_id])
    assert isinstance(none.exception, ConsoleError)
    assert "make one with --fit" in str(none.exception)
    made = json.loads(console.invoke(app, ["calibration", "--judge", judge.judge_id, "--fit", "--json"]).stdout)
    assert (made["number"], made["labels"], len(made["curve"])) == (1, 36, 101)
    said = console.invoke(app, ["calibration", "--judge", judge.judge_id]).stdout
    assert "Calibration 1 of version 1.0: platt from 36 labels" in said
    assert "Score 1.00: people pass" in said
    wrong = console.invoke(app, ["calibration", "--judge", judge.judge_id, "--method", "platt"])
    assert wrong.exit_code == 2
    told = console.invoke(
        app, ["agreement", "--case", case.name, "--judge", judge.judge_id, "--version", "1.0", "--json"]
    )
    assert json.loads(told.stdout)["calibration"] == made


def test_a_report_of_all_versions_has_no_calibration(
    console_services: Services, case: Case, judge: Judge, runs: list[Run], ann: User
) -> None:
    made = calibrate_judge(console_services, ann, judge)
    assert load_report(console_services, case.case_id, Asked()).calibration is None
    assert load_report(console_services, case.case_id, Asked(judge.judge_id, "1.0")).calibration == made
    assert calibration_json(made)["expected_calibration_error"] == list(made.error)
