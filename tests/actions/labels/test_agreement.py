"""Agreement: a judge against people, two judges over the same artifacts, and calibration from the same labels."""

from __future__ import annotations

from datetime import date, timedelta

import msgspec
import pytest

from console.actions.labels import agreement
from console.actions.labels.agreement import Cell, Side, against_judge, against_people, load_pairs, sides_of, two_sides
from console.actions.runs.comparison import Change
from console.actions.runs.files.importing import import_runs
from console.actions.runs.labelled import case_with_labels, load_labelled
from console.actions.thresholds.calibration import calibrate, flipped
from console.data.runs.items import run_item
from console.data.store import tables
from console.errors import InvalidInput
from console.judging.analysis.calibration import Objective, Weights
from console.records import Artifact, Case, Judge, Run, Threshold, utcnow
from console.services import Services
from tests.support.console_app import failed, new_case, new_judge, scored
from tests.support.data_files import SUMMEVAL
from tests.support.tier import Tier, tier


def labelled_run(services: Services, judge: Judge, case: Case, judged: float, /, **label: object) -> Run:
    run = scored(services, judge, case, judged)
    services.labels.save(run, by="bo", **label)  # type: ignore[arg-type]
    return run


# --- a judge against people --------------------------------------------------------------------------------


def test_the_published_results_have_the_coefficients_of_scipy(console_services: Services) -> None:
    import_runs(console_services, SUMMEVAL, by="ana")
    found_case = console_services.cases.find_by_name("consistency")
    assert found_case is not None
    found = against_people(load_labelled(console_services, found_case.case_id)).correlations
    assert [round(one.value or 0, 6) for one in (found.pearson, found.spearman, found.kendall)] == [
        0.673277,
        0.414766,
        0.33708,
    ]
    assert found.pearson.n == 50


def test_a_verdict_counts_as_it_is_and_a_score_from_the_threshold_on(
    console_services: Services, case: Case, judge: Judge
) -> None:
    labelled_run(console_services, judge, case, 5.0, score=3.0)
    labelled_run(console_services, judge, case, 5.0, score=2.9)
    labelled_run(console_services, judge, case, 2.0, score=1.0, passed=True)
    labelled_run(console_services, judge, case, 2.0, passed=False)
    view = load_labelled(console_services, case.case_id)
    found = against_people(view)
    assert [one.passed for one in view.runs] == [False, True, False, True]
    assert found.confusion == agreement.Confusion(true_pass=1, false_pass=1, false_fail=1, true_fail=1)
    assert found.correlations.pearson.n == 3


def test_another_mark_for_people_moves_their_verdicts_only(
    console_services: Services, case: Case, judge: Judge
) -> None:
    labelled_run(console_services, judge, case, 4.0, score=4.0)
    assert against_people(load_labelled(console_services, case.case_id, human_threshold=0.75)).confusion.true_pass == 1
    assert against_people(load_labelled(console_services, case.case_id, human_threshold=0.8)).confusion.false_pass == 1


def test_the_largest_disagreement_comes_first(console_services: Services, case: Case, judge: Judge) -> None:
    near = labelled_run(console_services, judge, case, 4.0, score=4.5)
    far = labelled_run(console_services, judge, case, 1.0, score=5.0)
    verdict = labelled_run(console_services, judge, case, 1.0, passed=True)
    points = against_people(load_labelled(console_services, case.case_id)).points
    assert [one.first.run_id for one in points] == [far.run_id, near.run_id, verdict.run_id]
    assert points[0].cell is Cell.ONLY_OTHER


def test_a_label_on_a_failed_run_counts_nowhere_else(console_services: Services, case: Case, judge: Judge) -> None:
    console_services.labels.save(failed(console_services, judge, case, "broken"), 3.0, by="bo")
    view = load_labelled(console_services, case.case_id)
    assert (view.runs, view.unscored) == ([], 1)


def test_judge_version_and_days_limit_the_runs(console_services: Services, case: Case, judge: Judge) -> None:
    labelled_run(console_services, judge, case, 4.0, score=4.0)
    newer = console_services.judges.update(judge.judge_id, {"parameters": {"n_responses": 3}}, by="ana")
    mild = new_judge(console_services, case, "Mild")
    second = labelled_run(console_services, newer, case, 3.0, score=4.0)
    labelled_run(console_services, mild, case, 2.0, score=4.0)
    assert len(load_labelled(console_services, case.case_id).runs) == 3
    assert len(load_labelled(console_services, case.case_id, judge_id=judge.judge_id).runs) == 2
    only = load_labelled(console_services, case.case_id, judge_id=judge.judge_id, version="2.0").runs
    assert [one.row.run_id for one in only] == [second.run_id]
    tomorrow = utcnow().date() + timedelta(days=1)
    assert load_labelled(console_services, case.case_id, first_day=tomorrow).runs == []


def test_a_human_score_is_normalised_on_the_scale_that_the_run_was_judged_on(
    console_services: Services, case: Case, judge: Judge
) -> None:
    labelled_run(console_services, judge, case, 4.0, score=4.0)
    console_services.cases.update(
        case.case_id, {"score_range": msgspec.structs.replace(case.score_range, max=10)}, by="ana"
    )
    assert [one.human for one in load_labelled(console_services, case.case_id).runs] == [0.75]


def test_only_the_latest_labelled_runs_are_read_and_that_is_known(
    console_services: Services, case: Case, judge: Judge
) -> None:
    labelled_run(console_services, judge, case, 4.0, score=4.0)
    latest = labelled_run(console_services, judge, case, 3.0, score=4.0)
    view = load_labelled(console_services, case.case_id, most=1)
    assert [one.row.run_id for one in view.runs] == [latest.run_id]
    assert not view.complete


def test_the_case_with_labels_is_shown_first(console_services: Services, case: Case, judge: Judge) -> None:
    labelled_run(console_services, judge, case, 4.0, score=4.0)
    new_case(console_services, "Answers")
    found = case_with_labels(console_services, console_services.cases.list())
    assert found is not None
    assert found.case_id == case.case_id
    assert case_with_labels(console_services, []) is None


# --- calibration -------------------------------------------------------------------------------------------


def test_calibration_compares_the_present_threshold_with_labels(
    console_services: Services, case: Case, judge: Judge
) -> None:
    labelled_run(console_services, judge, case, 4.0, score=5.0)
    labelled_run(console_services, judge, case, 3.4, score=2.0)
    labelled_run(console_services, judge, case, 2.0, score=1.0)
    view = load_labelled(console_services, case.case_id)
    found = calibrate(view, view.runs, Objective.KAPPA, Weights())
    assert found.now.confusion == agreement.Confusion(true_pass=1, false_pass=1, false_fail=0, true_fail=1)
    assert found.curves.precision.value[70] == 1
    assert found.suggestion.threshold is None
    flips = flipped(view.runs, found.present, 0.7)
    assert [(one.run.judge, one.passes, one.agrees) for one in flips] == [(pytest.approx(0.6), False, True)]


# --- two judges --------------------------------------------------------------------------------------------


@pytest.fixture
def mild(console_services: Services, case: Case) -> Judge:
    return new_judge(console_services, case, "Mild")


def pairs_of(services: Tier, case: Case, one: Judge, other: Judge) -> agreement.Pairs:
    return load_pairs(services, case.case_id, Side(one.judge_id), Side(other.judge_id))


def test_runs_meet_by_their_artifact(console_services: Services, case: Case, judge: Judge, mild: Judge) -> None:
    scored(console_services, judge, case, 2.0, text="One")
    scored(console_services, judge, case, 4.0, text="Two")
    scored(console_services, judge, case, 4.0, text="Three")
    scored(console_services, mild, case, 4.0, text="One")
    scored(console_services, mild, case, 3.0, text="Two")
    scored(console_services, mild, case, 4.0, text="Three")
    found = pairs_of(console_services, case, judge, mild)
    assert [found.count(one) for one in (Change.IMPROVED, Change.REGRESSED, Change.EQUAL)] == [1, 1, 1]
    assert [one.difference for one in found.pairs] == [-0.25, 0.0, 0.5]
    assert found.mean_difference.value == pytest.approx(0.25 / 3)
    gained, lost = found.flips()
    assert ([one.candidate.preview for one in gained if one.candidate], lost) == (["One"], [])
    assert against_judge(found).confusion == agreement.Confusion(2, 0, 1, 0)


def test_a_missing_counterpart_is_no_pass(console_services: Services, case: Case, judge: Judge, mild: Judge) -> None:
    scored(console_services, judge, case, 2.0, text="One")
    scored(console_services, mild, case, 5.0, text="Two")
    failed(console_services, mild, case, "broken")
    found = pairs_of(console_services, case, judge, mild)
    assert found.count(Change.NO_COUNTERPART) == 3
    assert found.flips() == ([], [])
    assert against_judge(found).points == []
    assert found.mean_difference.value is None


def test_the_newest_scored_run_of_an_artifact_counts(
    console_services: Services, case: Case, judge: Judge, mild: Judge
) -> None:
    scored(console_services, judge, case, 2.0, text="One")
    scored(console_services, judge, case, 3.0, text="One")
    scored(console_services, mild, case, 4.0, text="One")
    found = pairs_of(console_services, case, judge, mild)
    assert [one.difference for one in found.pairs] == [0.25]
    assert found.repeated == 1


def test_runs_from_before_there_were_digests_are_read_whole(
    console_services: Services, case: Case, judge: Judge, mild: Judge
) -> None:
    older = scored(console_services, judge, case, 2.0, text="One")
    scored(console_services, mild, case, 4.0, text="One")
    item = run_item(older)
    del item["brief"]["M"]["artifactDigest"]
    console_services.store.batch_put(tables.RUNS, [item])
    found = pairs_of(tier(console_services.store), case, judge, mild)
    assert [one.difference for one in found.pairs] == [0.5]
    assert found.unread == 0


def test_two_versions_of_one_judge_can_be_compared(console_services: Services, case: Case, judge: Judge) -> None:
    scored(console_services, judge, case, 2.0, text="One")
    newer = console_services.judges.update(judge.judge_id, {"parameters": {"n_responses": 3}}, by="ana")
    scored(console_services, newer, case, 3.0, text="One")
    sides = sides_of(console_services, case.case_id)
    assert [one.version for one in sides] == [None, "2.0", "1.0"]
    both = two_sides(sides)
    assert both is not None
    assert [one.version for one in both] == ["1.0", "2.0"]
    assert [one.difference for one in load_pairs(console_services, case.case_id, *both).pairs] == [0.25]


@pytest.mark.parametrize(("one", "other"), [("1.0", "1.0"), (None, "1.0"), (None, None)])
def test_a_judge_is_not_compared_with_itself(
    console_services: Services, case: Case, judge: Judge, one: str | None, other: str | None
) -> None:
    with pytest.raises(InvalidInput, match="a judge agrees with itself"):
        load_pairs(console_services, case.case_id, Side(judge.judge_id, one), Side(judge.judge_id, other))


def test_one_judge_with_one_version_has_nothing_to_be_compared_with(
    console_services: Services, case: Case, judge: Judge
) -> None:
    assert two_sides(sides_of(console_services, case.case_id)) is None


def test_verdicts_are_against_todays_threshold(
    console_services: Services, case: Case, judge: Judge, mild: Judge
) -> None:
    scored(console_services, judge, case, 3.0, text="One")
    scored(console_services, mild, case, 4.0, text="One")
    console_services.cases.set_threshold(case.case_id, Threshold(score=0.6), by="ana", reason="Stricter")
    assert against_judge(pairs_of(console_services, case, judge, mild)).points[0].cell is Cell.ONLY_OTHER


def test_an_artifact_is_its_text_with_its_reference() -> None:
    texts = [("One", None), ("One", ""), ("One", "x"), ("Onex", None)]
    digests = [Artifact(evaluation_target=text, expected_output=reference).digest for text, reference in texts]
    assert digests[0] == digests[1]
    assert len(set(digests)) == 3
    assert len(digests[0]) == 16


def test_days_bound_the_runs_of_both_judges(console_services: Services, case: Case, judge: Judge, mild: Judge) -> None:
    scored(console_services, judge, case, 3.0, text="One")
    found = load_pairs(
        console_services, case.case_id, Side(judge.judge_id), Side(mild.judge_id), last_day=date(2020, 1, 1)
    )
    assert found.pairs == []
