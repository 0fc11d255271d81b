"""The page of thresholds: what it shows, the what-if, and applying it."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from console.records import Case, Role, Threshold, User
from console.services import Services
from tests.support.console_app import app, metrics, new_case, new_judge, new_user, runs_page, scored, texts

APPLY = "thresholds.submit"
REASON = "thresholds.reason"


def thresholds_page(user: User, /, **query_params: str) -> AppTest:
    return app(user, **query_params).switch_page("console/pages/thresholds.py").run()


def ledger(test: AppTest) -> list[list[object]]:
    """From, to, who and why of each change."""
    frame = next(one.value for one in test.dataframe if "Why" in one.value)
    return frame[["From", "To", "By", "Why"]].values.tolist()


@pytest.fixture
def case(console_services: Services) -> Case:
    """Threshold 0.5; two judges with scores 0.25 and 0.75, and 0.75 and 1."""
    made = new_case(console_services)
    strict, mild = new_judge(console_services, made), new_judge(console_services, made, "Mild")
    for judge, score in ((strict, 2.0), (strict, 4.0), (mild, 4.0), (mild, 5.0)):
        scored(console_services, judge, made, score)
    return made


def test_the_mark_in_force_and_its_pass_rate_are_shown(admin: User, case: Case) -> None:
    shown = metrics(thresholds_page(admin, case=case.case_id))
    assert shown["Threshold"] == "0.50"
    assert shown["Pass rate as judged"] == "75.0 %"
    assert shown["Pass rate at today's threshold"] == "75.0 %"


def test_the_first_case_is_shown_when_none_is_asked_for(console_services: Services, admin: User, case: Case) -> None:
    new_case(console_services, "Answers", threshold=0.9)
    assert metrics(thresholds_page(admin))["Threshold"] == "0.90"


def test_the_what_if_tells_the_rate_after_and_the_flips(admin: User, case: Case) -> None:
    test = thresholds_page(admin, case=case.case_id, threshold="0.80")
    assert metrics(test)["Pass rate after"] == "25.0 %"
    assert "2 runs would fail" in [link.label for link in test.get("page_link")]


def test_the_what_if_is_shown_per_judge(admin: User, case: Case) -> None:
    test = thresholds_page(admin, case=case.case_id, threshold="0.80")
    rows = next(one.value for one in test.dataframe if "Flips" in one.value)
    by_judge = {row["Judge"]: (row["Before"], row["After"], row["Flips"]) for _, row in rows.iterrows()}
    assert by_judge == {"Strict": (50.0, 0.0, 1), "Mild": (100.0, 50.0, 1)}


def test_typing_and_sliding_move_the_same_line(admin: User, case: Case) -> None:
    test = thresholds_page(admin, case=case.case_id)
    test.number_input(key="thresholds.number").set_value(0.8).run()
    assert test.query_params["threshold"] == "0.8"
    assert test.slider(key="thresholds.slider").value == 0.8
    test.slider(key="thresholds.slider").set_value(0.2).run()
    assert test.number_input(key="thresholds.number").value == 0.2
    assert metrics(test)["Pass rate after"] == "100.0 %"


def test_a_mark_between_two_hundredths_says_what_the_figures_are_for(admin: User, case: Case) -> None:
    test = thresholds_page(admin, case=case.case_id, threshold="0.655")
    assert test.number_input(key="thresholds.number").value == 0.655
    assert "The figures are for 0.66" in texts(test)


@pytest.mark.parametrize("threshold", ["nan", "-1", "2", "abc", "inf"])
def test_a_mark_that_cannot_be_is_todays(admin: User, case: Case, threshold: str) -> None:
    assert (
        thresholds_page(admin, case=case.case_id, threshold=threshold).number_input(key="thresholds.number").value
        == 0.5
    )


def test_the_switch_compares_with_todays_mark(console_services: Services, admin: User, case: Case) -> None:
    console_services.cases.set_threshold(case.case_id, Threshold(score=0.9), by="bo", reason="Stricter")
    test = thresholds_page(admin, case=case.case_id)
    assert metrics(test)["Pass rate before"] == "75.0 %"
    test.get("button_group")[1].set_value("today").run()
    assert metrics(test)["Pass rate before"] == "25.0 %"


def test_a_change_is_applied_with_its_reason_and_stands_in_the_ledger(
    console_services: Services, admin: User, case: Case
) -> None:
    test = thresholds_page(admin, case=case.case_id, threshold="0.80")
    test.text_area(key=REASON).input("Reviewers were stricter.")
    test.button(key=APPLY).click().run()
    assert console_services.cases.current(case.case_id).threshold.score == 0.8
    assert ledger(test)[0] == ["0.50", "0.80", "ada", "Reviewers were stricter."]
    assert test.text_area(key=REASON).value == ""
    assert metrics(test)["Threshold"] == "0.80"


def test_a_change_without_a_reason_is_refused(console_services: Services, admin: User, case: Case) -> None:
    test = thresholds_page(admin, case=case.case_id, threshold="0.80")
    test.button(key=APPLY).click().run()
    assert "Say why" in test.error[0].value
    assert test.number_input(key="thresholds.number").value == 0.8
    assert console_services.cases.current(case.case_id).threshold.score == 0.5


def test_who_is_too_late_sees_who_was_first_and_keeps_what_was_typed(
    console_services: Services, admin: User, case: Case
) -> None:
    test = thresholds_page(admin, case=case.case_id, threshold="0.80")
    console_services.cases.set_threshold(case.case_id, Threshold(score=0.6), by="bo", reason="First")
    test.text_area(key=REASON).input("Reviewers were stricter.")
    test.button(key=APPLY).click().run()
    assert "changed by bo" in test.error[0].value
    assert test.text_area(key=REASON).value == "Reviewers were stricter."
    assert test.number_input(key="thresholds.number").value == 0.8
    assert console_services.cases.current(case.case_id).threshold.score == 0.6


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EVALUATOR])
def test_others_see_everything_but_the_form(console_services: Services, case: Case, role: Role) -> None:
    test = thresholds_page(new_user(console_services, role=role), case=case.case_id, threshold="0.80")
    assert metrics(test)["Pass rate after"] == "25.0 %"
    assert not [button for button in test.button if button.key == APPLY]
    assert "needs the role admin" in texts(test)


def test_somebody_demoted_meanwhile_is_refused(console_services: Services, admin: User, case: Case) -> None:
    test = thresholds_page(admin, case=case.case_id, threshold="0.80")
    new_user(console_services, "bo", Role.ADMIN)
    console_services.users.set_role("ada", Role.VIEWER)
    test.text_area(key=REASON).input("Still trying.")
    test.button(key=APPLY).click().run()
    assert console_services.cases.current(case.case_id).threshold.score == 0.5


def test_names_and_reasons_are_shown_letter_by_letter(console_services: Services, admin: User) -> None:
    beacon = "![x](https://example.com/beacon.png)"
    made = new_case(console_services, beacon)
    console_services.cases.set_threshold(made.case_id, Threshold(score=0.7), by=beacon, reason=beacon)
    test = thresholds_page(admin, case=made.case_id)
    assert ledger(test)[0] == ["0.50", "0.70", beacon, beacon]
    assert "![x](" not in texts(test)


def test_a_case_without_runs_says_so_in_figures(console_services: Services, admin: User) -> None:
    made = new_case(console_services)
    shown = metrics(thresholds_page(admin, case=made.case_id))
    assert (shown["Pass rate before"], shown["Pass rate after"]) == ("–", "–")


def test_without_cases_the_page_says_what_to_do(admin: User) -> None:
    assert "There are no cases yet" in texts(thresholds_page(admin))


def test_an_unknown_case_is_not_found(admin: User, case: Case) -> None:
    assert "There is no case nowhere" in texts(thresholds_page(admin, case="nowhere"))


def test_a_link_to_flipped_runs_limits_the_run_list_by_score(admin: User, case: Case) -> None:
    test = runs_page(admin, case=case.case_id, score_from="0.75", score_below="1.00")
    assert test.button(key="runs.scores").label == "Score from 0.75, below 1.00"
    rows = next(one.value for one in test.dataframe if "Result" in one.value)
    assert rows["Score"].tolist() == [0.75, 0.75]


def test_the_run_list_forgives_what_the_histogram_forgives(console_services: Services, admin: User) -> None:
    made = new_case(console_services)
    scored(console_services, new_judge(console_services, made), made, 4.6)  # normalised 0.8999999999999999
    test = runs_page(admin, case=made.case_id, score_from="0.90")
    assert next(one.value for one in test.dataframe if "Result" in one.value)["Score"].round(3).tolist() == [0.9]
