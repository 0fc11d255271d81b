"""The review queue as a page."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from console.actions.labels import review
from console.records import Case, Judge, Role, Run, ScoreRange, User
from console.services import Services
from tests.support.console_app import app, new_case, new_judge, new_user, scored, texts

SECRET = "Because."
"""The judge's reason."""


@pytest.fixture
def eva(console_services: Services) -> User:
    return new_user(console_services, "eva", Role.EVALUATOR)


@pytest.fixture(autouse=True)
def _in_order_of_their_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(review, "chance", lambda run_id: run_id / 1e6)


@pytest.fixture
def runs(console_services: Services, case: Case, judge: Judge) -> list[Run]:
    """In the order of the queue."""
    return [
        scored(console_services, judge, case, 3.1, text="The nearest."),
        scored(console_services, judge, case, 4.0, text="The middle."),
        scored(console_services, judge, case, 5.0, text="The farthest."),
    ]


def page(user: User, /, **query_params: str) -> AppTest:
    return app(user, **query_params).switch_page("console/pages/review.py").run()


def press(test: AppTest, *keys: str) -> AppTest:
    for key in keys:
        test.button(key=f"review.{key}").click().run()
    return test


def progress(test: AppTest) -> str:
    return test.get("progress")[0].proto.text


def test_a_score_and_a_verdict_are_saved_and_the_next_run_comes(
    console_services: Services, runs: list[Run], eva: User
) -> None:
    test = page(eva)
    assert "The nearest." in texts(test)
    assert progress(test).startswith("**1 of 3**")
    press(test, "score.4", "pass")
    test.text_area[0].input("Good enough.").run()
    press(test, "save")
    (label,) = console_services.labels.of(runs[0].run_id)
    assert (label.score, label.passed, label.comment, label.labelled_by) == (4.0, True, "Good enough.", "eva")
    assert "The middle." in texts(test)
    assert "The nearest." not in texts(test)
    assert progress(test).startswith("**2 of 3**")
    assert test.query_params["done"] == "1"
    assert test.query_params["run"] == str(runs[1].run_id)
    assert test.text_area[0].value == ""


def test_the_judges_score_is_hidden_until_it_is_asked_for(
    console_services: Services, runs: list[Run], eva: User
) -> None:
    test = page(eva)
    assert SECRET not in texts(test)
    assert not test.metric
    test.toggle(key="review.hide").set_value(False).run()
    assert test.query_params["judge_score"] == "shown"
    assert SECRET in texts(test)
    assert test.metric[0].value == "3.10 of 5"


def test_a_run_can_be_skipped_and_the_one_before_corrected(
    console_services: Services, runs: list[Run], eva: User
) -> None:
    test = press(page(eva), "skip")
    assert test.query_params["skip"] == str(runs[0].run_id)
    assert "The middle." in texts(test)
    press(test, "fail", "save")
    assert "The farthest." in texts(test)
    press(test, "back")
    assert "The middle." in texts(test)
    press(test, "pass", "save")
    assert [one.passed for one in console_services.labels.of(runs[1].run_id)] == [True]
    assert "The farthest." in texts(test)
    assert console_services.labels.of(runs[0].run_id) == []


def test_a_reload_stays_at_the_same_run(runs: list[Run], eva: User) -> None:
    test = press(page(eva), "score.4", "save")
    again = page(eva, **test.query_params)
    assert "The middle." in texts(again)
    assert progress(again).startswith("**2 of 3**")


def test_the_end_says_what_was_done_and_offers_what_was_skipped(runs: list[Run], eva: User) -> None:
    test = press(page(eva), "skip", "score.1", "save", "score.2", "save")
    assert "You labelled 2 runs in this sitting and skipped 1" in texts(test)
    press(test, "again")
    assert "The nearest." in texts(test)
    assert progress(test).startswith("**1 of 1**")


def test_nothing_chosen_is_not_saved(console_services: Services, runs: list[Run], eva: User) -> None:
    test = press(page(eva), "save")
    assert "Give a score or a verdict" in test.error[0].value
    assert "The nearest." in texts(test)
    assert console_services.labels.of(runs[0].run_id) == []


def test_who_else_labelled_the_run_meanwhile_is_said_and_both_labels_stay(
    console_services: Services, runs: list[Run], eva: User
) -> None:
    test = page(eva)
    console_services.labels.save(runs[0], 1.0, by="bo")
    press(test, "score.4")
    assert "bo labelled this run already" in texts(test)
    press(test, "save")
    assert len(console_services.labels.of(runs[0].run_id)) == 2


def test_viewers_see_the_queue_without_the_form(console_services: Services, runs: list[Run]) -> None:
    test = page(new_user(console_services))
    assert "The nearest." in texts(test)
    assert "Evaluators and admins can label runs." in texts(test)
    assert not [button for button in test.button if button.key == "review.save"]


def test_somebody_demoted_meanwhile_is_refused(console_services: Services, runs: list[Run], eva: User) -> None:
    new_user(console_services, "ada", Role.ADMIN)
    test = press(page(eva), "score.4")
    console_services.users.set_role("eva", Role.VIEWER)
    press(test, "save")
    assert console_services.labels.of(runs[0].run_id) == []


def test_a_wide_scale_has_a_field_in_place_of_buttons(console_services: Services, eva: User) -> None:
    wide = console_services.cases.create(
        name="Wide", task_introduction="Judge.", evaluation_criteria="Good?", score_range=ScoreRange(min=0, max=100),
        by="ana",
    )  # fmt: skip
    judge = new_judge(console_services, wide)
    run = scored(console_services, judge, wide, 3.0)
    test = page(eva, case=wide.case_id)
    test.number_input[0].set_value(42.0).run()
    press(test, "save")
    assert [one.score for one in console_services.labels.of(run.run_id)] == [42.0]


def test_an_empty_queue_says_so(case: Case, eva: User) -> None:
    assert "Every scored run here has a label" in texts(page(eva))


def test_it_begins_with_a_case_that_has_runs(console_services: Services, runs: list[Run], eva: User) -> None:
    new_case(console_services, "Newer and empty")
    assert "The nearest." in texts(page(eva))


def test_without_cases_the_page_says_what_to_do(console_services: Services, eva: User) -> None:
    assert "There are no cases yet" in texts(page(eva))


@pytest.mark.parametrize("params", [{"run": "999"}, {"case": "nowhere"}, {"done": "x" * 99, "skip": ",,"}])
def test_a_strange_address_is_answered_in_words(runs: list[Run], eva: User, params: dict[str, str]) -> None:
    test = page(eva, **params)
    assert not test.exception
    assert test.title[0].value == "Review"


def test_a_file_of_labels_is_imported(console_services: Services, runs: list[Run], eva: User) -> None:
    test = page(eva)
    test.file_uploader(key="review.upload").upload(
        "labels.csv", f"run_id,score\n{runs[2].run_id},2\n".encode(), "text/csv"
    ).run()
    press(test, "import")
    assert [one.score for one in console_services.labels.of(runs[2].run_id)] == [2.0]


def test_a_wrong_file_says_which_line(console_services: Services, runs: list[Run], eva: User) -> None:
    test = page(eva)
    test.file_uploader(key="review.upload").upload("labels.csv", b"run_id,score\n77,2\n", "text/csv").run()
    press(test, "import")
    assert "there is no run 77" in test.error[0].value


# --- reviewers, second opinions, decisions -----------------------------------------------------------------


def test_others_labels_are_shown_once_ones_own_is_there(console_services: Services) -> None:
    case = new_case(console_services)
    run = scored(console_services, new_judge(console_services, case), case, 5.0)
    eva = new_user(console_services, "eva", Role.EVALUATOR)
    console_services.labels.save(run, 2.0, False, "Not for me", by="bo")
    blind = texts(app(eva, case=case.case_id, run=str(run.run_id)).switch_page("console/pages/review.py").run())
    assert "you see what they said once yours is saved" in blind
    assert "Not for me" not in blind
    console_services.labels.save(run, 4.0, True, by="eva")
    seen = texts(app(eva, case=case.case_id, run=str(run.run_id)).switch_page("console/pages/review.py").run())
    assert "Not for me" in seen


def test_an_admin_decides_where_people_differ(console_services: Services) -> None:
    case = new_case(console_services)
    run = scored(console_services, new_judge(console_services, case), case, 5.0)
    for name, passed in (("bo", True), ("eli", False)):
        console_services.labels.save(run, None, passed, by=name)
    ada = new_user(console_services, "ada", Role.ADMIN)
    test = app(ada, case=case.case_id, queue="differ").switch_page("console/pages/review.py").run()
    assert not test.exception
    assert "What people said" in texts(test)
    test.button(key="review.fail").click().run()
    test.button(key="review.save").click().run()
    decided = [one for one in console_services.labels.of(run.run_id) if one.adjudicates]
    assert [(one.labelled_by, one.passed) for one in decided] == [("ada", False)]
    assert "labelled 1 run" in texts(test)


def test_the_queue_of_differing_runs_is_no_evaluators(console_services: Services) -> None:
    case = new_case(console_services)
    scored(console_services, new_judge(console_services, case), case, 5.0)
    eva = new_user(console_services, "eva", Role.EVALUATOR)
    test = app(eva, case=case.case_id, queue="differ").switch_page("console/pages/review.py").run()
    assert "Your label" in texts(test)


def test_an_admin_shares_the_queue_out(console_services: Services) -> None:
    case = new_case(console_services)
    judge = new_judge(console_services, case)
    for _ in range(12):
        scored(console_services, judge, case, 5.0)
    ada = new_user(console_services, "ada", Role.ADMIN)
    new_user(console_services, "eva", Role.EVALUATOR)
    test = app(ada, case=case.case_id).switch_page("console/pages/review.py").run()
    key = f"review.plan.{case.case_id}"
    test.multiselect(key=f"{key}.who").set_value(["ada", "eva"])
    test.slider(key=f"{key}.second").set_value(20)
    test.button(key=f"{key}.save").click().run()
    plan = console_services.review_plans.get(case.case_id)
    assert (plan.reviewers, plan.second_share, plan.changed_by) == (["ada", "eva"], 0.2, "ada")
    test.toggle(key="review.whose").set_value(False).run()
    assert "12 runs wait for a label" in str(test.get("progress")[0].proto)
