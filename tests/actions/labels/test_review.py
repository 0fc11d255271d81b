"""The review queue and label files."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime

import numpy as np
import pytest

from console.actions.labels import review
from console.actions.labels.files import apply_import, export_labels, import_labels, plan_import
from console.actions.labels.lines import read_labels
from console.actions.labels.review import chance, doubt, load_queue, save_review
from console.errors import Forbidden, InvalidInput, NotFound
from console.records import (
    Case,
    Drawn,
    Frame,
    Judge,
    Role,
    Run,
    RunFilter,
    RunStatus,
    RunSummary,
    ScoreRange,
    Selection,
    User,
    utcnow,
)
from console.services import Services
from console.tabular.files import FileForm, form_of
from tests.support.console_app import failed, new_judge, new_user, scored

FIVE = ScoreRange(min=1, max=5)


@pytest.fixture
def eva(console_services: Services) -> User:
    return new_user(console_services, "eva", Role.EVALUATOR)


# --- doubt -------------------------------------------------------------------------------------------------


def row(score: float, spread: list[int]) -> RunSummary:
    return RunSummary(
        run_id=1, started_at=utcnow(), status=RunStatus.COMPLETED, final_score_normalized=score, spread=spread
    )


@pytest.mark.parametrize(
    ("score", "spread", "threshold", "expected"),
    [
        # On 1..5 the whole scores stand in the bins 0, 2, 5, 7 and 9.
        (0.8, [0, 0, 0, 0, 0, 0, 0, 3, 0, 9], 0.5, 0.0),
        (0.6, [0, 0, 3, 0, 0, 9, 0, 0, 0, 0], 0.5, 0.25),
        (0.4, [0, 0, 3, 0, 0, 9, 0, 0, 0, 0], 0.5, 0.75),
        (0.8, [0, 0, 0, 0, 0, 0, 0, 9, 0, 0], 0.75, 0.0),
        (0.74, [0, 0, 0, 0, 0, 0, 0, 9, 0, 0], 0.75, 1.0),
        (0.5, [], 0.5, 0.0),
    ],
)
def test_doubt_is_the_mass_on_the_other_side(
    score: float, spread: list[int], threshold: float, expected: float
) -> None:
    assert doubt(row(score, spread), FIVE, threshold) == pytest.approx(expected)


def test_a_wide_scale_shares_a_bin_between_its_scores() -> None:
    half = row(0.55, [0, 0, 0, 0, 0, 9, 0, 0, 0, 0])
    assert doubt(half, ScoreRange(min=0, max=100), 0.55) == pytest.approx(0.5, abs=0.11)
    assert doubt(half, ScoreRange(min=0, max=2_000_000), 0.55) == pytest.approx(0.5, abs=0.02)


def test_a_run_without_a_score_has_no_doubt() -> None:
    assert doubt(RunSummary(run_id=1, started_at=utcnow(), status=RunStatus.FAILED), FIVE, 0.5) == 0


# --- the queue ---------------------------------------------------------------------------------------------


def test_a_queue_is_in_the_order_of_chance_over_size_and_tells_the_odds(
    console_services: Services, case: Case, judge: Judge
) -> None:
    sure = scored(console_services, judge, case, 5.0)
    near = scored(console_services, judge, case, 3.0, all_responses=[3.0])
    doubtful = scored(console_services, judge, case, 3.4, all_responses=[2.0, 2.0, 4.0, 4.0, 5.0])
    queue = load_queue(console_services, case.case_id, selection=Selection.UNCERTAIN)
    assert (queue.doubtful, queue.complete) == (1, True)
    odds = {one.row.run_id: one.drawn.probability for one in queue.candidates}
    assert min(odds[doubtful.run_id], odds[near.run_id]) > 3 * odds[sure.run_id] > 0.3
    places = [chance(one.row.run_id) / one.drawn.probability for one in queue.candidates]
    assert places == sorted(places)
    again = load_queue(console_services, case.case_id, selection=Selection.UNCERTAIN)
    assert again == queue


@pytest.mark.parametrize("selection", [Selection.RANDOM, Selection.STRATIFIED, Selection.UNCERTAIN])
def test_the_first_of_a_queue_are_drawn_as_often_as_they_say(selection: Selection) -> None:
    dice = np.random.default_rng(4)
    scores = [*dice.uniform(0.8, 1.0, 900), *dice.uniform(0.0, 0.8, 100)]
    sizes = np.array(review._sizes([row(score, []) for score in scores], [0.0] * 1_000, 0.5, selection))
    odds = 50 * sizes / sizes.sum()
    drawn = np.zeros(1_000)
    for _ in range(400):
        drawn[np.argsort(dice.random(1_000) / sizes)[:50]] += 1 / 400
    strata = np.minimum((np.array(scores) * 10).astype(int), 9)
    for one in set(strata):
        assert drawn[strata == one].sum() == pytest.approx(odds[strata == one].sum(), rel=0.15, abs=0.3)


def test_nobody_queues_by_hand(console_services: Services, case: Case) -> None:
    with pytest.raises(InvalidInput, match="by hand"):
        load_queue(console_services, case.case_id, selection=Selection.BY_HAND)


def test_a_label_of_the_queue_keeps_how_its_run_was_chosen(
    console_services: Services, case: Case, judge: Judge, eva: User
) -> None:
    run = scored(console_services, judge, case, 5.0)
    drawn = load_queue(console_services, case.case_id).drawn(run.run_id)
    label = save_review(console_services, eva, run, score=4, passed=None, comment="", drawn=drawn)
    assert label.drawn == drawn
    assert drawn is not None
    assert (drawn.selection, drawn.probability) == (Selection.STRATIFIED, 1.0)
    assert drawn.frame == Frame(run.started_at, run.started_at, 1, odds=dict.fromkeys(map(str, review.QUEUES), 1.0))


def test_labelled_and_failed_runs_and_other_judges_do_not_wait(
    console_services: Services, case: Case, judge: Judge
) -> None:
    done = scored(console_services, judge, case, 5.0)
    console_services.labels.save(done, 4.0, by="bo", drawn=Drawn(Selection.RANDOM, 0.5))
    failed(console_services, judge, case, "broken")
    mild = new_judge(console_services, case, "Mild")
    waiting = scored(console_services, mild, case, 4.0)
    assert [one.row.run_id for one in load_queue(console_services, case.case_id).candidates] == [waiting.run_id]
    assert load_queue(console_services, case.case_id, judge_id=judge.judge_id).candidates == []


def test_a_review_needs_a_score_or_a_verdict(console_services: Services, case: Case, judge: Judge, eva: User) -> None:
    run = scored(console_services, judge, case, 5.0)
    with pytest.raises(InvalidInput, match="Give a score or a verdict"):
        save_review(console_services, eva, run, score=None, passed=None, comment="Only words")
    with pytest.raises(Forbidden):
        save_review(console_services, new_user(console_services), run, score=4, passed=None, comment="")
    assert save_review(console_services, eva, run, score=4, passed=None, comment="").labelled_by == "eva"


def test_two_reviewers_of_one_run_both_keep_their_label(console_services: Services, case: Case, judge: Judge) -> None:
    run = scored(console_services, judge, case, 5.0)
    for name, score in (("eva", 4.0), ("eli", 2.0)):
        save_review(
            console_services,
            new_user(console_services, name, Role.EVALUATOR),
            run,
            score=score,
            passed=None,
            comment="",
        )
    assert {one.labelled_by: one.score for one in console_services.labels.of(run.run_id)} == {"eva": 4.0, "eli": 2.0}


# --- files -------------------------------------------------------------------------------------------------

HEADER = "run_id,score,passed,comment,labelled_by,labelled_on\n"


def csv_of(*lines: str) -> bytes:
    return (HEADER + "\n".join(lines)).encode()


@pytest.fixture
def run(console_services: Services, case: Case, judge: Judge) -> Run:
    return scored(console_services, judge, case, 5.0)


def test_labels_are_imported_as_the_file_says(console_services: Services, run: Run, eva: User) -> None:
    content = csv_of(f'{run.run_id},4.5,pass,"Good, mostly",eva,2026-01-31T12:00:00+01:00')
    plan = import_labels(console_services, eva, content, "labels.csv")
    (label,) = console_services.labels.of(run.run_id)
    assert (plan.added, plan.changed, plan.same) == (1, 0, 0)
    assert (label.score, label.passed, label.comment, label.labelled_by) == (4.5, True, "Good, mostly", "eva")
    assert label.labelled_on == datetime(2026, 1, 31, 11, tzinfo=UTC)


def test_importing_twice_changes_nothing(console_services: Services, run: Run, eva: User) -> None:
    content = csv_of(f"{run.run_id},4,,,,")
    import_labels(console_services, eva, content, "labels.csv")
    before = console_services.labels.of(run.run_id)
    plan = import_labels(console_services, eva, content, "labels.csv")
    assert (plan.added, plan.changed, plan.same) == (0, 0, 1)
    assert console_services.labels.of(run.run_id) == before


def test_another_opinion_of_the_same_person_replaces_the_first(console_services: Services, run: Run, eva: User) -> None:
    import_labels(console_services, eva, csv_of(f"{run.run_id},4,,,,"), "labels.csv")
    plan = import_labels(console_services, eva, csv_of(f"{run.run_id},2,,,,"), "labels.csv")
    assert (plan.added, plan.changed) == (0, 1)
    assert [one.score for one in console_services.labels.of(run.run_id)] == [2.0]


def test_everything_wrong_with_a_file_is_told_by_line_and_nothing_is_written(
    console_services: Services, run: Run, eva: User
) -> None:
    content = csv_of(f"{run.run_id},4,,,,", f"{run.run_id},9,,,bo,", "999999,3,,,,", f"{run.run_id},,,,eli,")
    with pytest.raises(InvalidInput) as refused:
        plan_import(console_services, read_labels(content, FileForm.CSV), by="eva")
    words = str(refused.value).splitlines()
    assert words[0] == "Nothing was imported. 3 problem(s):"
    assert words[1].startswith("Line 3: The score 9 is outside of the run's range, 1 to 5.")
    assert words[2] == "Line 4: there is no run 999999."
    assert words[3].startswith("Line 5: An empty label")
    assert console_services.labels.of(run.run_id) == []


@pytest.mark.parametrize(
    ("content", "form", "words"),
    [
        (csv_of("1,four,,,,"), "csv", "Line 2: score is not a number: 'four'."),
        (csv_of("1,nan,,,,"), "csv", "Line 2: score is not a number"),
        (csv_of("1,inf,,,,"), "csv", "Line 2: score is not a number"),
        (csv_of("1,,maybe,,,"), "csv", "Line 2: passed is 'maybe'"),
        (csv_of("1,3,,,,yesterday"), "csv", "Line 2: labelled_on is 'yesterday'"),
        (csv_of(",3,,,,"), "csv", "Line 2: run_id is missing."),
        (csv_of("1,3,,,bo,", "1,4,,,bo,"), "csv", "Line 3: the run 1 has another label by the same person"),
        (csv_of('1,3,,"open'), "csv", "a quote is opened and never closed"),
        (b"id,score\n1,2\n", "csv", "The first line has to name the columns"),
        (b"", "csv", "has no rows"),
        (b"\xff\xfe\x00", "csv", "cannot be read as utf-16"),
        (b"[1]\n", "jsonl", "Line 1: This is no JSON object."),
        (b'{"run_id": 1,\n', "jsonl", "Line 1: This is not JSON"),
        (b'{"run_id": 1, "score": true}\n', "jsonl", "Line 1: score is not a number"),
        (b'{"run_id": 1, "score": 3, "comment": 7}\n', "jsonl", "Line 1: comment is not a text."),
        (b'{"run_id": 1, "score": 1e999}\n', "jsonl", "Line 1: score is not a number"),
        (b"[" * 100_000, "jsonl", "line 1: the list cannot be read"),
    ],
)
def test_a_broken_file_says_where(content: bytes, form: str, words: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_labels(content, FileForm(form))
    assert words in str(refused.value)


def test_only_an_admin_brings_the_labels_of_others(console_services: Services, run: Run, eva: User) -> None:
    content = csv_of(f"{run.run_id},4,,,bo,")
    with pytest.raises(InvalidInput, match="Line 2: the label is by somebody else"):
        import_labels(console_services, eva, content, "labels.csv")
    with pytest.raises(Forbidden):
        import_labels(console_services, new_user(console_services), content, "labels.csv")
    import_labels(console_services, new_user(console_services, "ada", Role.ADMIN), content, "labels.csv")
    assert [one.labelled_by for one in console_services.labels.of(run.run_id)] == ["bo"]


def test_an_export_is_what_an_import_reads(console_services: Services, run: Run, case: Case, judge: Judge) -> None:
    console_services.labels.save(run, 4.5, True, "=1+1", by="eva")
    console_services.labels.save(run, None, False, "- no\nreally", by="eli")
    for form in ("csv", "jsonl"):
        export = export_labels(console_services, RunFilter(case_id=case.case_id), FileForm(form))
        assert export.rows == 2
        plan = plan_import(console_services, read_labels(export.content, FileForm(form)), by="x")
        assert (plan.added, plan.changed, plan.same) == (0, 0, 2)


def test_a_moved_file_brings_the_labels_to_another_run(
    console_services: Services, run: Run, case: Case, judge: Judge
) -> None:
    other = scored(console_services, judge, case, 3.0)
    console_services.labels.save(run, 4.5, True, "Fine", by="eva")
    line = json.loads(export_labels(console_services, RunFilter(), FileForm.JSONL).content)
    content = json.dumps({**line, "run_id": other.run_id}).encode()
    apply_import(console_services, plan_import(console_services, read_labels(content, FileForm.JSONL), by="x"))
    assert (
        console_services.labels.of(other.run_id)[0].labelled_on == console_services.labels.of(run.run_id)[0].labelled_on
    )


def test_no_cell_of_an_export_is_a_formula(console_services: Services, run: Run) -> None:
    console_services.labels.save(run, 4.5, comment="=cmd|' /C calc'!A0", by="@sum(1)")
    text = export_labels(console_services, RunFilter(), FileForm.CSV).content.decode("utf-8-sig")
    (cells,) = list(csv.DictReader(io.StringIO(text)))
    assert (cells["comment"], cells["labelled_by"]) == ("'=cmd|' /C calc'!A0", "'@sum(1)")


def test_the_ending_says_the_form() -> None:
    assert (form_of("a/b.CSV"), form_of("b.jsonl")) == ("csv", "jsonl")
    with pytest.raises(InvalidInput, match="ends in none of"):
        form_of("labels.xlsx")


def test_a_queue_of_a_case_that_is_not_there_is_not_found(console_services: Services) -> None:
    with pytest.raises(NotFound):
        load_queue(console_services, "nowhere")
