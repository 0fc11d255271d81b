"""The corrected figures of a case: which labels count, what is said of the others, and what the command prints."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
from typer.testing import CliRunner

from console.actions.labels.corrected import conclude
from console.actions.labels.files import export_labels, import_labels
from console.actions.labels.labels import remove_label, save_label
from console.actions.labels.lines import unread_columns
from console.actions.labels.population import Asked
from console.actions.labels.raters import load_raters
from console.actions.labels.review import load_queue
from console.actions.runs.labelled import load_labelled
from console.cli import app
from console.errors import Forbidden, InvalidInput
from console.records import Case, Drawn, Role, Run, RunFilter, Selection, Split, User
from console.services import Services
from console.tabular.files import FileForm
from tests.support.console_app import new_case, new_judge, new_user, scored

Made = tuple[Case, list[Run]]


@pytest.fixture
def made(console_services: Services) -> Made:
    """Forty runs of one judge: half at 2 (fails), half at 5 (passes)."""
    case = new_case(console_services)
    judge = new_judge(console_services, case)
    return case, [scored(console_services, judge, case, 2.0 if place % 2 else 5.0) for place in range(40)]


@pytest.fixture
def ann(console_services: Services) -> User:
    return new_user(console_services, "ann", Role.EVALUATOR)


def label(services: Services, runs: list[Run], passed: list[bool], drawn: Drawn | None) -> None:
    for run, verdict in zip(runs, passed, strict=True):
        services.labels.save(run, 5.0 if verdict else 2.0, verdict, by="ann", drawn=drawn)


def test_a_random_sample_needs_no_probability(console_services: Services, made: Made) -> None:
    case, runs = made
    label(console_services, runs[:20], [place % 4 == 0 for place in range(20)], Drawn(Selection.RANDOM))
    found = conclude(console_services, load_labelled(console_services, case.case_id), Asked())
    assert (found.used, found.left_out, found.runs) == (20, 0, 40)
    assert found.rate.estimate.value == pytest.approx(0.25)
    assert found.judged_rate == 0.5
    assert found.warnings == []
    assert found.rate.estimate.low < 0.25 < found.rate.estimate.high


def test_labels_of_unknown_odds_are_left_out_and_named(console_services: Services, made: Made) -> None:
    case, runs = made
    label(console_services, runs[:12], [True] * 12, Drawn(Selection.UNCERTAIN))
    label(console_services, runs[12:15], [False] * 3, None)
    found = conclude(console_services, load_labelled(console_services, case.case_id), Asked())
    assert (found.used, found.left_out, found.rate.estimate.value) == (0, 15, None)
    assert any("12 of the 15" in one and "doubtful" in one for one in found.warnings)
    assert any("3 of the 15" in one for one in found.warnings)


def test_unequal_odds_are_weighed_and_said(console_services: Services, made: Made) -> None:
    case, runs = made
    passing, failing = runs[0::2], runs[1::2]
    label(console_services, passing, [True] * 20, Drawn(Selection.STRATIFIED, 1.0))
    label(console_services, failing[:5], [True, False, False, False, False], Drawn(Selection.STRATIFIED, 0.25))
    found = conclude(console_services, load_labelled(console_services, case.case_id), Asked())
    assert found.rate.estimate.value == pytest.approx(0.6)  # 20 of 20 and a fifth of 20
    assert found.quality.kappa.value == pytest.approx(0.8)
    assert any("unequal odds" in one for one in found.warnings)


def test_several_people_decide_by_majority_mean_and_whoever_adjudicates(console_services: Services, made: Made) -> None:
    run = made[1][0]
    for by, score, passed in (("ann", 2.0, False), ("bob", 4.0, True), ("cem", 3.0, True)):
        console_services.labels.save(run, score, passed, by=by)
    (row,) = console_services.runs.list(RunFilter(labelled=True)).items
    assert (row.label_score, row.label_passed, row.raters) == (3.0, True, 3)
    console_services.labels.save(run, 1.0, False, by="dan", adjudicates=True)
    (row,) = console_services.runs.list(RunFilter(labelled=True)).items
    assert (row.label_score, row.label_passed, row.raters) == (1.0, False, 4)


def test_a_later_label_by_hand_keeps_the_odds(console_services: Services, made: Made) -> None:
    run = made[1][0]
    console_services.labels.save(run, 2.0, by="ann", drawn=Drawn(Selection.RANDOM, 0.5))
    console_services.labels.save(run, 3.0, by="ann")
    console_services.labels.save(run, 4.0, by="bob", drawn=Drawn(Selection.BY_HAND))
    (row,) = console_services.runs.list(RunFilter(labelled=True)).items
    assert row.drawn == Drawn(Selection.RANDOM, 0.5)


def test_a_file_brings_rater_selection_and_probability_and_an_export_gives_them_back(
    console_services: Services, made: Made, ann: User
) -> None:
    one, two = made[1][:2]
    file = f"run_id,score,passed,comment,rater,selection,probability\n{one.run_id},4,pass,,bob,random,0.5\n"
    file += f"{two.run_id},2,,,cem,by hand,\n"
    admin = new_user(console_services, "ada", Role.ADMIN)
    assert import_labels(console_services, admin, file.encode(), "labels.csv").added == 2
    labels = [console_services.labels.of(run.run_id)[0] for run in (one, two)]
    assert [(told.labelled_by, told.drawn) for told in labels] == [
        ("bob", Drawn(Selection.RANDOM, 0.5)),
        ("cem", Drawn(Selection.BY_HAND)),
    ]
    exported = export_labels(console_services, RunFilter(), FileForm.CSV).content
    assert import_labels(console_services, admin, exported, "labels.csv").same == 2


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ("sometimes,0.5", "selection is 'sometimes'"),
        ("random,0", "above 0 and at most 1"),
        ("random,1.5", "above 0 and at most 1"),
        ("random,often", "probability is not a number"),
        (",0.5", "selection is ''"),
    ],
)
def test_what_is_wrong_is_said_by_line(
    console_services: Services, made: Made, ann: User, cells: str, words: str
) -> None:
    file = f"run_id,score,selection,probability\n{made[1][0].run_id},4,{cells}\n"
    with pytest.raises(InvalidInput, match=words):
        import_labels(console_services, ann, file.encode(), "labels.csv")


def test_the_command_prints_the_corrected_figures_and_the_warnings(
    console_services: Services, made: Made, tmp_path: Path
) -> None:
    case, runs = made
    dice = np.random.default_rng(3)
    rows = [f"{run.run_id},{4 if dice.random() < 0.7 else 2},random,ann" for run in runs[:30]]
    file = tmp_path / "labels.csv"
    file.write_text("run_id,score,selection,rater,mood\n" + "\n".join(rows) + "\n")
    done = CliRunner().invoke(app, ["labels", "import", str(file)])
    assert "not read: mood" in done.stderr
    told = json.loads(CliRunner().invoke(app, ["agreement", "--case", case.name, "--json"]).stdout)
    corrected = told["corrected"]
    assert corrected["low"] < corrected["pass_rate"] < corrected["high"]
    assert 1 <= corrected["mean_low"] < corrected["mean"] < corrected["mean_high"] <= 5
    assert (corrected["labels"], corrected["runs"], told["warnings"]) == (30, 40, [])


def test_people_are_compared_where_several_labelled_a_run(console_services: Services, made: Made) -> None:
    case, runs = made
    for place, run in enumerate(runs[:6]):
        console_services.labels.save(run, 5.0, True, by="ann")
        console_services.labels.save(run, 5.0 if place else 2.0, place > 0, by="bob")
    console_services.labels.save(runs[7], 5.0, True, by="ann")
    console_services.labels.save(runs[0], 5.0, True, by="cem", adjudicates=True)
    found = load_raters(console_services, load_labelled(console_services, case.case_id))
    assert found.runs == 6
    assert [(one.first, one.second, one.runs, one.agreed) for one in found.pairs] == [("ann", "bob", 6, 5)]
    assert found.verdicts.value == pytest.approx(0.0)
    told = json.loads(CliRunner().invoke(app, ["agreement", "--case", case.name, "--json"]).stdout)
    assert told["raters"]["pairs"] == [{"first": "ann", "second": "bob", "runs": 6, "agreed": 5}]


# --- whose label decides, and what is said of ties ---------------------------------------------------------


def test_only_an_admin_decides_where_others_differ(console_services: Services, made: Made, ann: User) -> None:
    run = made[1][0]
    ada = new_user(console_services, "ada", Role.ADMIN)
    with pytest.raises(Forbidden, match="Only an admin decides"):
        save_label(console_services, ann, run, passed=True, adjudicates=True)
    save_label(console_services, ada, run, passed=True, adjudicates=True)
    users_of_that_name = new_user(console_services, "eli", Role.EVALUATOR)
    console_services.labels.save(run, None, True, by="eli", adjudicates=True)
    with pytest.raises(Forbidden):
        save_label(console_services, users_of_that_name, run, passed=False)
    with pytest.raises(Forbidden, match="Ask an admin to remove it"):
        remove_label(console_services, users_of_that_name, run)
    for file in (f"{run.run_id},fail,ann,true", f"{run.run_id},fail,eli,"):
        content = f"run_id,passed,rater,adjudicates\n{file}\n".encode()
        who = ann if "ann" in file else users_of_that_name
        with pytest.raises(InvalidInput, match="only an admin can import it"):
            import_labels(console_services, who, content, "labels.csv")


def test_saving_a_label_again_keeps_that_it_decides(console_services: Services, made: Made) -> None:
    run = made[1][0]
    ada = new_user(console_services, "ada", Role.ADMIN)
    save_label(console_services, ada, run, passed=True, adjudicates=True)
    assert save_label(console_services, ada, run, passed=False).adjudicates
    content = f"run_id,passed,comment\n{run.run_id},fail,Seen again\n".encode()
    assert import_labels(console_services, ada, content, "labels.csv").changed == 1
    assert console_services.labels.of(run.run_id)[0].adjudicates
    assert import_labels(console_services, ada, content, "labels.csv").same == 1
    assert not save_label(console_services, ada, run, passed=False, adjudicates=False).adjudicates


def test_ties_are_said_and_the_latest_counts_until_somebody_decides(console_services: Services, made: Made) -> None:
    case, runs = made
    console_services.labels.save(runs[0], 5.0, True, by="ann")
    console_services.labels.save(runs[0], 2.0, False, by="bob")
    (row,) = console_services.runs.list(RunFilter(labelled=True)).items
    assert (row.split, row.label_passed, row.label_scores) == (Split.TIED, False, [2.0, 5.0])
    found = conclude(console_services, load_labelled(console_services, case.case_id), Asked())
    assert any("On 1 of the 1 labelled runs as many people say pass as fail" in one for one in found.warnings)
    console_services.labels.save(runs[0], 4.0, True, by="cem")
    (row,) = console_services.runs.list(RunFilter(labelled=True)).items
    assert (row.split, row.label_passed) == (Split.DIFFER, True)
    console_services.labels.save(runs[0], None, False, by="ada", adjudicates=True)
    (row,) = console_services.runs.list(RunFilter(labelled=True)).items
    assert (row.split, row.label_passed, row.label_score) == (Split.DECIDED, False, None)


# --- files -------------------------------------------------------------------------------------------------


def test_two_names_for_the_rater_of_a_line_are_refused(console_services: Services, made: Made, ann: User) -> None:
    line = {"run_id": made[1][0].run_id, "score": 4, "rater": "ann"}
    content = json.dumps({**line, "labelled_by": "bob"}).encode()
    with pytest.raises(InvalidInput, match="Line 1: rater is 'ann' and labelled_by is 'bob'"):
        import_labels(console_services, ann, content, "labels.jsonl")
    assert (
        import_labels(console_services, ann, json.dumps({**line, "labelled_by": "ann"}).encode(), "l.jsonl").added == 1
    )


def test_unknown_names_are_said_wherever_they_are_in_a_file(console_services: Services, made: Made, ann: User) -> None:
    run = made[1][0]
    lines = [json.dumps({"run_id": run.run_id, "score": 4}), *[json.dumps({"run_id": 10**6 + n}) for n in range(1_500)]]
    lines.append(json.dumps({"run_id": 7, "raterr": "bob", "confidance": 1}))
    assert unread_columns("\n".join(lines).encode(), FileForm.JSONL) == ["raterr", "confidance"]
    content = json.dumps({"run_id": run.run_id, "score": 4, "mood": "good"}).encode()
    assert import_labels(console_services, ann, content, "labels.jsonl").unread == ("mood",)


@pytest.mark.parametrize("form", [FileForm.CSV, FileForm.JSONL])
def test_what_a_queue_drew_from_goes_through_files(console_services: Services, made: Made, form: FileForm) -> None:
    case, runs = made
    drawn = load_queue(console_services, case.case_id).candidates[0].drawn
    console_services.labels.save(runs[0], 4.0, by="ann", drawn=drawn)
    content = export_labels(console_services, RunFilter(), form).content
    ada = new_user(console_services, "ada", Role.ADMIN)
    assert import_labels(console_services, ada, content, f"labels.{form}").same == 1
    console_services.labels.remove(runs[0], "ann")
    import_labels(console_services, ada, content, f"labels.{form}")
    assert console_services.labels.of(runs[0].run_id)[0].drawn == drawn


@pytest.mark.parametrize(
    "frame",
    [
        {"first": "2026-01-02T00:00:00Z", "last": "2026-01-01T00:00:00Z", "runs": 5},
        {"first": "2026-01-01T00:00:00", "last": "2026-01-02T00:00:00", "runs": 5},
        {"first": "2026-01-01T00:00:00Z", "last": "2026-01-02T00:00:00Z", "runs": 0},
        {"first": "2026-01-01T00:00:00Z", "last": "2026-01-02T00:00:00Z", "runs": 5, "odds": {"random": 2}},
        {"first": "yesterday"},
        '{"first": ' + "[" * 100_000,
        '{"other": ' + "[" * 100_000,
        [1],
    ],
)
def test_a_frame_that_cannot_be_is_refused(console_services: Services, made: Made, ann: User, frame: object) -> None:
    line = {"run_id": made[1][0].run_id, "score": 4, "selection": "random", "probability": 0.5, "frame": frame}
    with pytest.raises(InvalidInput, match="Line 1: "):
        import_labels(console_services, ann, json.dumps(line).encode(), "labels.jsonl")
    assert console_services.labels.of(made[1][0].run_id) == []


def test_labels_from_before_people_were_counted_are_compared_too(console_services: Services, made: Made) -> None:
    case, runs = made
    for run in runs[:4]:
        console_services.labels.save(run, 5.0, True, by="ann")
        console_services.labels.save(run, 5.0, True, by="bob")
    labelled = load_labelled(console_services, case.case_id)
    older = [replace(one, row=msgspec.structs.replace(one.row, raters=None)) for one in labelled.runs]
    found = load_raters(console_services, replace(labelled, runs=older))
    assert (found.runs, found.unread) == (4, 0)
