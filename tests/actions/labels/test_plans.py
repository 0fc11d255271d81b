"""Labelling shared out among reviewers, second opinions, and runs on which people differ."""

from __future__ import annotations

import pytest

from console.actions.labels.differing import load_differing
from console.actions.labels.plans import Turn, save_plan
from console.actions.labels.review import Queue, load_queue, save_review
from console.errors import Forbidden, InvalidInput, NotFound
from console.records import Case, Drawn, Judge, ReviewPlan, Role, Selection, User
from console.services import Services
from tests.support.console_app import new_judge, new_user, scored


@pytest.fixture
def judge(console_services: Services, case: Case) -> Judge:
    judge = new_judge(console_services, case)
    for place in range(40):
        scored(console_services, judge, case, 2.0 if place % 2 else 5.0)
    return judge


@pytest.fixture
def ada(console_services: Services) -> User:
    return new_user(console_services, "ada", Role.ADMIN)


@pytest.fixture
def people(console_services: Services) -> list[User]:
    return [new_user(console_services, name, Role.EVALUATOR) for name in ("ann", "bob", "cem")]


def queue_of(services: Services, case: Case, rater: str | None) -> Queue:
    return load_queue(services, case.case_id, selection=Selection.RANDOM, rater=rater)


def label_all(services: Services, case: Case, who: User, verdict: bool = True) -> int:
    waiting = queue_of(services, case, who.username).candidates
    for one in waiting:
        run = services.runs.get(one.row.run_id)
        save_review(services, who, run, score=None, passed=verdict, comment="", drawn=one.drawn)
    return len(waiting)


def test_without_a_plan_everybody_sees_everything_once(
    console_services: Services, case: Case, judge: Judge, people: list[User]
) -> None:
    assert len(queue_of(console_services, case, "ann").candidates) == 40
    assert label_all(console_services, case, people[0]) == 40
    assert queue_of(console_services, case, "bob").candidates == []


def test_each_run_is_one_reviewers(
    console_services: Services, case: Case, judge: Judge, ada: User, people: list[User]
) -> None:
    save_plan(console_services, ada, case.case_id, reviewers=["ann", "bob"], second_share=0)
    shares = [{one.row.run_id for one in queue_of(console_services, case, name).candidates} for name in ("ann", "bob")]
    assert shares[0] | shares[1] == {one.row.run_id for one in queue_of(console_services, case, None).candidates}
    assert not shares[0] & shares[1]
    assert min(map(len, shares)) >= 10
    assert len(queue_of(console_services, case, "cem").candidates) == 40


def test_a_second_person_is_asked_about_a_share_and_never_about_their_own(
    console_services: Services, case: Case, judge: Judge, ada: User, people: list[User]
) -> None:
    save_plan(console_services, ada, case.case_id, reviewers=["ann", "bob"], second_share=0.5)
    first = label_all(console_services, case, people[0])
    waiting = queue_of(console_services, case, "bob")
    assert len(waiting.candidates) - waiting.second == 40 - first
    assert 0.2 * first <= waiting.second <= 0.8 * first
    assert all(one.turn is Turn.SECOND for one in waiting.candidates if one.row.rated_by == ["ann"])
    assert queue_of(console_services, case, "ann").candidates == []
    assert queue_of(console_services, case, "cem").second == 0
    label_all(console_services, case, people[1])
    label_all(console_services, case, people[0])
    assert [queue_of(console_services, case, name).candidates for name in ("ann", "bob")] == [[], []]


def test_a_second_opinion_of_nobody_in_particular_is_everybodys_but_the_firsts(
    console_services: Services, case: Case, judge: Judge, ada: User, people: list[User]
) -> None:
    save_plan(console_services, ada, case.case_id, reviewers=[], second_share=1)
    label_all(console_services, case, people[0])
    assert queue_of(console_services, case, "ann").candidates == []
    assert queue_of(console_services, case, "bob").second == 40
    assert label_all(console_services, case, people[1]) == 40
    assert queue_of(console_services, case, "cem").candidates == []


def test_a_second_label_keeps_the_odds_of_the_run(
    console_services: Services, case: Case, judge: Judge, ada: User, people: list[User]
) -> None:
    save_plan(console_services, ada, case.case_id, reviewers=[], second_share=1)
    one = queue_of(console_services, case, "ann").candidates[0]
    run = console_services.runs.get(one.row.run_id)
    save_review(console_services, people[0], run, score=None, passed=True, comment="", drawn=one.drawn)
    save_review(console_services, people[1], run, score=None, passed=False, comment="")
    (row,) = load_differing(console_services, case.case_id).rows
    assert (row.drawn, row.rated_by) == (one.drawn, ["ann", "bob"])


def test_a_plan_is_an_admins_and_names_people_who_may_label(
    console_services: Services, case: Case, ada: User, people: list[User]
) -> None:
    new_user(console_services, "vi")
    with pytest.raises(Forbidden):
        save_plan(console_services, people[0], case.case_id, reviewers=[], second_share=0)
    for name in ("vi", "nobody"):
        with pytest.raises(InvalidInput, match=f"{name} cannot label runs"):
            save_plan(console_services, ada, case.case_id, reviewers=[name], second_share=0)
    with pytest.raises(InvalidInput, match="not from 0 to 1"):
        save_plan(console_services, ada, case.case_id, reviewers=[], second_share=1.5)
    with pytest.raises(InvalidInput, match="second reviewer"):
        save_plan(console_services, ada, case.case_id, reviewers=["ann"], second_share=0.2)
    with pytest.raises(NotFound):
        save_plan(console_services, ada, "nowhere", reviewers=[], second_share=0)
    assert console_services.review_plans.get(case.case_id) == ReviewPlan(case_id=case.case_id)
    made = save_plan(console_services, ada, case.case_id, reviewers=["ann", "bob", "ann"], second_share=0.2)
    assert console_services.review_plans.get(case.case_id) == made
    assert made.reviewers == ["ann", "bob"]


def test_runs_on_which_people_differ_wait_for_a_decision(
    console_services: Services, case: Case, judge: Judge, ada: User
) -> None:
    runs = [scored(console_services, judge, case, 5.0) for _ in range(4)]
    said = ((True, False), (True, True), (True, False), (None, None))
    for run, (one, other) in zip(runs, said, strict=True):
        console_services.labels.save(run, 5.0, one, by="ann", drawn=Drawn(Selection.RANDOM))
        console_services.labels.save(run, 1.0, other, by="bob")
    console_services.labels.save(runs[0], None, True, by="cem")
    waiting = [row.run_id for row in load_differing(console_services, case.case_id).rows]
    assert waiting == [runs[2].run_id, runs[3].run_id, runs[0].run_id]
    save_review(console_services, ada, runs[2], score=None, passed=True, comment="Read twice", adjudicates=True)
    assert runs[2].run_id not in [row.run_id for row in load_differing(console_services, case.case_id).rows]
