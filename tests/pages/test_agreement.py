"""Agreement, Compare judges, and the calibration on the page of thresholds."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from console.actions.runs.files.importing import import_runs
from console.records import Case, Judge, Role, Run, User
from console.services import Services
from tests.support.console_app import app, metrics, new_case, new_judge, new_user, scored, table, texts
from tests.support.data_files import SUMMEVAL


@pytest.fixture
def labelled(console_services: Services, case: Case, judge: Judge) -> list[Run]:
    """Two agreements, one false pass, one false fail; the false fail is the largest difference."""
    pairs = ((5.0, 4.0), (1.0, 2.0), (4.0, 2.0), (2.0, 5.0))
    made = [scored(console_services, judge, case, score, text=f"Text {score:g}") for score, _ in pairs]
    for run, (_, human) in zip(made, pairs, strict=True):
        console_services.labels.save(run, human, by="bo")
    return made


def page(services: Services, name: str = "agreement", /, **query_params: str) -> AppTest:
    user = services.users.find("ana") or new_user(services)
    return app(user, **query_params).switch_page(f"console/pages/{name}.py").run()


def listed(test: AppTest) -> list[str]:
    return table(test, "agreement.table")["Run"].tolist()


# --- against people ----------------------------------------------------------------------------------------


def test_the_published_results_have_their_coefficients(console_services: Services) -> None:
    import_runs(console_services, SUMMEVAL, by="ana")
    test = page(console_services)
    shown = metrics(test)
    assert (shown["Pearson"], shown["Spearman"], shown["Kendall"]) == ("0.673", "0.415", "0.337")
    assert shown["Cohen's kappa (moderate)"] == "0.540"
    assert "50 labelled runs" in texts(test)
    assert "Within documents" in [panel.label for panel in test.expander]


def test_the_matrix_counts_and_the_largest_disagreement_is_first(
    console_services: Services, labelled: list[Run]
) -> None:
    test = page(console_services)
    cells = {button.key: button.label for button in test.button if str(button.key).startswith("agreement.cell.")}
    assert set(cells.values()) == {"1"}
    assert listed(test)[0] == str(labelled[3].run_id)
    assert table(test, "agreement.table")["Verdicts"].tolist()[0] == "fail, pass"


def test_a_cell_lists_its_runs_and_again_lists_all(console_services: Services, labelled: list[Run]) -> None:
    test = page(console_services)
    test.button(key="agreement.cell.only-first").click().run()
    assert test.query_params["cell"] == "only-first"
    assert listed(test) == [str(labelled[2].run_id)]
    test.button(key="agreement.cell.only-first").click().run()
    assert len(listed(test)) == 4


def test_a_dot_lists_its_run(console_services: Services, labelled: list[Run]) -> None:
    test = page(console_services, point=str(labelled[1].run_id))
    assert listed(test) == [str(labelled[1].run_id)]
    test.button(key="agreement.all").click().run()
    assert len(listed(test)) == 4


def test_people_may_pass_from_another_score(console_services: Services, labelled: list[Run]) -> None:
    test = page(console_services)
    test.number_input(key="agreement.human").set_value(0.2).run()
    assert test.query_params["human"] == "0.2"
    assert test.button(key="agreement.cell.both-pass").label == "2"


def test_a_judge_of_the_case_limits_the_runs(console_services: Services, case: Case, labelled: list[Run]) -> None:
    mild = new_judge(console_services, case, "Mild")
    test = page(console_services, judge=mild.judge_id, case=case.case_id)
    assert "No labelled runs here" in texts(test)


def test_few_labels_say_why_there_is_no_figure(console_services: Services, case: Case, judge: Judge) -> None:
    console_services.labels.save(scored(console_services, judge, case, 4.0), 4.0, by="bo")
    test = page(console_services)
    assert metrics(test)["Pearson"] == "–"
    shown = "".join(block.proto.body for block in test.get("html"))
    assert "not defined because there is only 1 of the 3 pairs needed" in shown


def test_texts_and_names_are_shown_letter_by_letter(console_services: Services) -> None:
    beacon = "![x](https://example.com/beacon.png)"
    case = new_case(console_services, beacon)
    run = scored(console_services, new_judge(console_services, case, beacon), case, 4.0, text=beacon)
    console_services.labels.save(run, 4.0, by="bo")
    for name in ("agreement", "review", "compare_judges", "thresholds"):
        assert "![x](" not in texts(page(console_services, name, case=case.case_id)).replace(beacon, "", 1)


def test_without_cases_the_page_says_what_to_do(console_services: Services) -> None:
    assert "There are no cases yet" in texts(page(console_services))
    assert "There are no cases yet" in texts(page(console_services, "compare_judges"))


@pytest.mark.parametrize(
    "params", [{"case": "nowhere"}, {"judge": "nobody@9.0"}, {"human": "nan", "cell": "x", "point": "9"}]
)
def test_a_strange_address_is_answered_in_words(
    console_services: Services, labelled: list[Run], params: dict[str, str]
) -> None:
    test = page(console_services, **params)
    assert not test.exception


# --- two judges --------------------------------------------------------------------------------------------


@pytest.fixture
def both(console_services: Services, case: Case, judge: Judge) -> tuple[Judge, Judge]:
    """Three texts by both judges: one better, two worse of which one now fails; and one by one judge only."""
    mild = new_judge(console_services, case, "Mild")
    for text, score, other in (("One", 2.0, 2.5), ("Two", 4.0, 2.0), ("Three", 5.0, 4.5)):
        scored(console_services, judge, case, score, text=text)
        scored(console_services, mild, case, other, text=text)
    scored(console_services, mild, case, 5.0, text="Four")
    return judge, mild


def judges(services: Services, both: tuple[Judge, Judge], name: str = "compare_judges", **params: str) -> AppTest:
    sides = {"baseline": both[0].judge_id, "candidate": both[1].judge_id}
    return page(services, name, case=both[0].case_id, **sides, **params)


def test_the_header_counts_and_the_figures_are_paired(console_services: Services, both: tuple[Judge, Judge]) -> None:
    test = judges(console_services, both)
    said = str([badge.proto for badge in test.get("markdown")])
    assert "1 improved" in said
    assert "2 regressed" in said
    assert "1 no counterpart" in said
    shown = metrics(test)
    assert shown["Mean difference"] == "-0.167"
    assert shown["Higher, lower, same"] == "1 / 2 / 0"
    assert shown["Now pass / now fail"] == "0 / 1"


@pytest.mark.parametrize(
    ("only", "rows"),
    [("worse", ["Two", "Three"]), ("better", ["One"]), ("lost", ["Two"]), ("missing", ["Four"]), ("gained", [])],
)
def test_what_is_worse_is_one_click_away(
    console_services: Services, both: tuple[Judge, Judge], only: str, rows: list[str]
) -> None:
    test = judges(console_services, both)
    test.segmented_control(key="judges.only").set_value(only).run()
    assert test.query_params["only"] == only
    found = [frame.value for frame in test.dataframe if str(frame.key).startswith("judges.table")]
    assert (found[0]["Text"].tolist() if found else []) == rows


def test_sides_can_be_swapped(console_services: Services, both: tuple[Judge, Judge]) -> None:
    test = judges(console_services, both)
    test.button(key="judges.swap").click().run()
    assert metrics(test)["Mean difference"] == "+0.167"


def test_two_judges_agree_or_not_on_the_page_of_agreement(
    console_services: Services, both: tuple[Judge, Judge]
) -> None:
    test = judges(console_services, both, "agreement", against="judge")
    assert "3 artifacts with a score by both" in texts(test)
    assert test.button(key="agreement.cell.only-first").label == "1"
    assert len(listed(test)) == 3


def test_it_begins_with_a_case_that_has_two_judges(console_services: Services, both: tuple[Judge, Judge]) -> None:
    new_case(console_services, "Newer and empty")
    assert "Mean difference" in metrics(page(console_services, "compare_judges"))


def test_one_judge_cannot_be_compared(console_services: Services, judge: Judge) -> None:
    assert "There is only one judge" in texts(page(console_services, "compare_judges"))
    assert "There is only one judge" in texts(page(console_services, against="judge"))


# --- calibration -------------------------------------------------------------------------------------------


@pytest.fixture
def ada(console_services: Services) -> User:
    return new_user(console_services, "ada", Role.ADMIN)


def thresholds(user: User, case: Case, **params: str) -> AppTest:
    return app(user, case=case.case_id, **params).switch_page("console/pages/thresholds.py").run()


@pytest.fixture
def separable(console_services: Services, case: Case, judge: Judge) -> Case:
    """People pass from 4 (0.75) on; so would a threshold between 0.65 and 0.7."""
    for number in range(12):
        score = 2.6 + 0.1 * number if number < 6 else 3.8 + 0.1 * (number - 6)
        run = scored(console_services, judge, case, score, text=f"Text {number}")
        console_services.labels.save(run, passed=number >= 6, by="bo")
    return case


def test_a_suggested_threshold_fills_the_form_and_lists_what_flips(ada: User, separable: Case) -> None:
    test = thresholds(ada, separable, objective="kappa")
    suggested = metrics(test)["Suggested threshold, best kappa"]
    assert 0.52 < float(suggested) <= 0.7
    assert "Chosen on 6 runs, checked on 6 others" in texts(test)
    test.button(key="calibration.use").click().run()
    assert test.query_params["threshold"] == suggested
    assert test.text_area(key="thresholds.reason").value.startswith("The best kappa against human labels")
    flips = table(test, "calibration.table")
    assert set(flips["People say"]) == {"fail"}
    assert set(flips["Would"]) == {"fail"}


def test_costs_are_asked_for_and_compared(ada: User, separable: Case) -> None:
    test = thresholds(ada, separable)
    test.segmented_control(key="calibration.objective").set_value("cost").run()
    assert test.query_params["objective"] == "cost"
    test.number_input(key="calibration.fp").set_value(5.0).run()
    assert test.query_params["fp"] == "5"
    assert "Suggested threshold, least cost" in metrics(test)


def test_few_labels_are_told_to_be_few(ada: User, case: Case, labelled: list[Run]) -> None:
    assert "needs 4 of each kind" in texts(thresholds(ada, case))


def test_without_labels_the_way_to_the_queue_is_shown(ada: User, case: Case) -> None:
    test = thresholds(ada, case)
    assert "There are no labelled runs with a score" in texts(test)
    assert "Review" in [link.label for link in test.get("page_link")]


@pytest.mark.parametrize("params", [{"human": "inf"}, {"objective": "x"}, {"fp": "-1", "objective": "cost"}])
def test_a_strange_question_is_the_usual_one(ada: User, separable: Case, params: dict[str, str]) -> None:
    assert not thresholds(ada, separable, **params).exception
