"""Editing cases and judges: by admins only, as new versions, and never over what somebody else has saved."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from console.actions.configuration import configuration
from console.actions.configuration.version_results import VersionResults, results_of_case, results_of_judge
from console.errors import AlreadyExists, ConflictError, Forbidden, InvalidInput, NotFound
from console.records import Case, Judge, Role, ScoreRange, Threshold, User
from console.services import Services
from tests.support.console_app import failed, new_user, scored

NEW_CASE: dict[str, Any] = {
    "name": "Tone",
    "task_introduction": "You will be given a reply.",
    "evaluation_criteria": "Is it friendly?",
}


Write = Callable[[Services, User, Judge], object]
WRITES: dict[str, Write] = {
    "create a case": lambda services, actor, _: configuration.create_case(services, actor, NEW_CASE),
    "edit a case": lambda services, actor, judge: configuration.edit_case(
        services, actor, judge.case_id, {"name": "Other"}, revision=1
    ),
    "deactivate a case": lambda services, actor, judge: configuration.deactivate_case(
        services, actor, judge.case_id, revision=1
    ),
    "activate a case": lambda services, actor, judge: configuration.activate_case(
        services, actor, judge.case_id, "1.0"
    ),
    "create a judge": lambda services, actor, judge: configuration.create_judge(
        services, actor, name="Other", case_id=judge.case_id, metric_id=judge.metric.id, model_id=judge.llm.id,
        parameters={},
    ),
    "edit a judge": lambda services, actor, judge: configuration.edit_judge(
        services, actor, judge, {"name": "Other"}, revision=1
    ),
    "deactivate a judge": lambda services, actor, judge: configuration.deactivate_judge(
        services, actor, judge.judge_id, revision=1
    ),
    "activate a judge": lambda services, actor, judge: configuration.activate_judge(
        services, actor, judge.judge_id, "1.0"
    ),
}  # fmt: skip


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EVALUATOR])
@pytest.mark.parametrize("write", WRITES)
def test_only_admins_write(console_services: Services, case: Case, judge: Judge, write: str, role: Role) -> None:
    with pytest.raises(Forbidden, match="needs the role admin"):
        WRITES[write](console_services, new_user(console_services, "eve", role), judge)
    assert console_services.cases.list() == [case]
    assert console_services.judges.list() == [judge]


@pytest.mark.parametrize("write", WRITES)
def test_admins_write(console_services: Services, admin: User, judge: Judge, write: str) -> None:
    WRITES[write](console_services, admin, judge)


def test_a_new_case_says_who_made_it_and_why_its_pass_mark(console_services: Services, admin: User) -> None:
    threshold = Threshold(score=0.7, description="As agreed.")
    made = configuration.create_case(console_services, admin, NEW_CASE | {"threshold": threshold})
    assert (made.created_by, made.threshold) == ("ada", threshold)
    assert [entry.reason for entry in console_services.thresholds.history(made)] == ["As agreed."]


def test_a_name_that_is_taken_is_refused(console_services: Services, admin: User, case: Case) -> None:
    with pytest.raises(AlreadyExists):
        configuration.create_case(console_services, admin, NEW_CASE | {"name": case.name.upper()})


def test_an_edit_is_a_new_version_by_its_author(console_services: Services, admin: User, case: Case) -> None:
    changes = {"evaluation_criteria": "Is it short?", "score_range": ScoreRange(min=0, max=10)}
    edited = configuration.edit_case(console_services, admin, case.case_id, changes, revision=case.revision)
    assert (edited.version, edited.last_updated_by, edited.score_range.max) == ("2.0", "ada", 10)
    assert console_services.cases.version(case.case_id, "1.0").evaluation_criteria == case.evaluation_criteria


def test_a_pass_mark_alone_moves_without_a_new_version(console_services: Services, admin: User, case: Case) -> None:
    threshold = Threshold(score=0.8, description="Too many pass.")
    moved = configuration.edit_case(
        console_services, admin, case.case_id, {"threshold": threshold}, revision=case.revision
    )
    assert (moved.version, moved.threshold) == ("1.0", threshold)
    latest = console_services.thresholds.history(moved)[0]
    assert (latest.score, latest.previous_score, latest.reason, latest.changed_by) == (
        0.8,
        0.5,
        "Too many pass.",
        "ada",
    )


def test_the_second_of_two_editors_of_a_case_learns_of_the_first(
    console_services: Services, admin: User, case: Case
) -> None:
    other = new_user(console_services, "ben", Role.ADMIN)
    configuration.edit_case(console_services, other, case.case_id, {"description": "Ben's"}, revision=case.revision)
    with pytest.raises(ConflictError, match="changed by ben"):
        configuration.edit_case(console_services, admin, case.case_id, {"description": "Ada's"}, revision=case.revision)
    assert console_services.cases.get(case.case_id).description == "Ben's"


def test_the_second_of_two_editors_of_a_judge_learns_of_the_first(
    console_services: Services, admin: User, judge: Judge
) -> None:
    other = new_user(console_services, "ben", Role.ADMIN)
    configuration.edit_judge(console_services, other, judge, {"name": "Ben's"}, revision=judge.revision)
    with pytest.raises(ConflictError, match="changed by ben"):
        configuration.edit_judge(console_services, admin, judge, {"name": "Ada's"}, revision=judge.revision)


def test_nothing_changed_is_nothing_saved(console_services: Services, admin: User, judge: Judge) -> None:
    with pytest.raises(InvalidInput, match="Nothing of the case was changed"):
        configuration.edit_case(console_services, admin, judge.case_id, {}, revision=1)
    with pytest.raises(InvalidInput, match="Nothing of the judge was changed"):
        configuration.edit_judge(console_services, admin, judge, {}, revision=1)


def test_another_model_keeps_the_parameters(console_services: Services, admin: User, judge: Judge) -> None:
    tuned = configuration.edit_judge(
        console_services, admin, judge, {"parameters": {"temperature": 0.3, "seed": 7}}, revision=1
    )
    model = console_services.catalog.create_model("claude", "anthropic", by="ana")
    edited = configuration.edit_judge(console_services, admin, tuned, {"model_id": model.model_id}, revision=2)
    assert (edited.llm.model, edited.llm.type, edited.llm.temperature) == ("claude", "anthropic", 0.3)
    assert edited.parameters == {"temperature": 0.3, "seed": 7}


def test_metric_and_its_configuration_change(console_services: Services, admin: User, judge: Judge) -> None:
    similarity = console_services.catalog.metric_named("similarity")
    assert similarity
    changed = configuration.edit_judge(
        console_services, admin, judge, {"metric_id": similarity.metric_id, "configuration": {"k": 1}}, revision=1
    )
    assert (changed.metric.type, changed.metric.configuration) == ("similarity", {"k": 1})
    emptied = configuration.edit_judge(console_services, admin, changed, {"configuration": {}}, revision=2)
    assert (emptied.metric.type, emptied.metric.configuration) == ("similarity", {})


@pytest.mark.parametrize("missing", ["case_id", "metric_id", "model_id"])
def test_a_judge_needs_a_case_in_use_a_metric_and_a_model(
    console_services: Services, admin: User, judge: Judge, missing: str
) -> None:
    given = {"case_id": judge.case_id, "metric_id": judge.metric.id, "model_id": judge.llm.id, missing: "nowhere"}
    with pytest.raises(NotFound):
        configuration.create_judge(console_services, admin, name="New", parameters={}, **given)


def test_out_of_use_and_back(console_services: Services, admin: User, case: Case, judge: Judge) -> None:
    configuration.deactivate_judge(console_services, admin, judge.judge_id, revision=1)
    configuration.deactivate_case(console_services, admin, case.case_id, revision=1)
    assert (console_services.judges.list(), console_services.cases.list()) == ([], [])
    assert [one.judge_id for one in console_services.judges.list_inactive()] == [judge.judge_id]
    assert [one.case_id for one in console_services.cases.list_inactive()] == [case.case_id]
    configuration.activate_judge(console_services, admin, judge.judge_id, "1.0")
    configuration.activate_case(console_services, admin, case.case_id, "1.0")
    assert (console_services.judges.list_inactive(), console_services.cases.list_inactive()) == ([], [])
    assert console_services.cases.get(case.case_id).last_updated_by == "ada"


def test_earlier_versions_of_what_is_in_use_are_not_among_the_inactive(
    console_services: Services, admin: User, judge: Judge
) -> None:
    configuration.edit_judge(console_services, admin, judge, {"name": "Other"}, revision=1)
    configuration.edit_case(console_services, admin, judge.case_id, {"name": "Other"}, revision=1)
    assert (console_services.judges.list_inactive(), console_services.cases.list_inactive()) == ([], [])


def test_of_an_inactive_record_the_newest_version_is_listed(
    console_services: Services, admin: User, judge: Judge
) -> None:
    configuration.edit_judge(console_services, admin, judge, {"name": "Second"}, revision=1)
    configuration.deactivate_judge(console_services, admin, judge.judge_id, revision=2)
    assert [(one.version, one.name) for one in console_services.judges.list_inactive()] == [("2.0", "Second")]


@pytest.mark.parametrize("of", [results_of_judge, results_of_case])
def test_results_are_told_apart_by_version(
    console_services: Services, admin: User, case: Case, judge: Judge, of: Callable[[Services, str], VersionResults]
) -> None:
    scored(console_services, judge, case, 5.0)
    scored(console_services, judge, case, 2.0)
    later = configuration.edit_judge(console_services, admin, judge, {"name": "Second"}, revision=1)
    edited = configuration.edit_case(console_services, admin, case.case_id, {"name": "Renamed"}, revision=1)
    scored(console_services, later, edited, 4.0)
    failed(console_services, later, edited, "429")
    results = of(console_services, judge.judge_id if of is results_of_judge else case.case_id)
    assert (results.runs, results.complete) == (4, True)
    first, second = results.tallies["1.0"], results.tallies["2.0"]
    assert (first.runs, first.pass_rate, first.mean) == (2, 0.5, 0.625)
    assert (second.runs, second.failed, second.pass_rate, second.mean) == (2, 1, 1.0, 0.75)
