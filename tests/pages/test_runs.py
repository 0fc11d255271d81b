"""The page of runs, as AppTest sees it."""

from __future__ import annotations

import pytest

from console.records import Role, User
from console.services import Services
from console.ui.frame import session
from tests.support.console_app import facts, failed, new_case, new_judge, new_user, runs_page, scored, table, texts


@pytest.fixture
def three_runs(console_services: Services) -> Services:
    """Of one case: a pass with 5.0, a fail with 2.0, an error."""
    case = new_case(console_services)
    judge = new_judge(console_services, case)
    scored(console_services, judge, case, 5.0, text="The first summary.", all_responses=[5.0, 5.0])
    scored(console_services, judge, case, 2.0, text="The second summary.")
    failed(console_services, judge, case, "429 Too many requests")
    return console_services


def run_ids(services: Services) -> list[str]:
    return [str(row.run_id) for row in services.runs.list().items]


def test_the_list_shows_runs_newest_first(three_runs: Services) -> None:
    rows = table(runs_page(new_user(three_runs)), "runs.table")
    assert list(rows["Result"]) == ["✕ Error", "▼ Fail", "● Pass"]
    assert list(rows["Score"].dropna()) == [0.25, 1.0]
    assert set(rows["Judge"]) == {"Strict  v1.0"}
    assert list(rows["Text"]) == ["429 Too many requests", "The second summary.", "The first summary."]


def test_the_spread_of_the_responses_is_ten_bins(three_runs: Services) -> None:
    rows = table(runs_page(new_user(three_runs)), "runs.table")
    assert list(rows["Spread"].iloc[2]) == [0, 0, 0, 0, 0, 0, 0, 0, 0, 9]


@pytest.mark.parametrize(
    ("display", "results"),
    [
        ("Failures", ["▼ Fail"]),
        ("Passes", ["● Pass"]),
        ("Errors", ["✕ Error"]),
        ("All", ["✕ Error", "▼ Fail", "● Pass"]),
    ],
)
def test_the_display_selector_narrows_the_list(three_runs: Services, display: str, results: list[str]) -> None:
    test = runs_page(new_user(three_runs))
    test.segmented_control(key="runs.display").set_value(display).run()
    assert list(table(test, "runs.table")["Result"]) == results


def test_uncertain_runs_are_those_near_the_pass_mark(three_runs: Services) -> None:
    judge = three_runs.judges.list()[0]
    case = three_runs.cases.get(judge.case_id)
    scored(three_runs, judge, case, 3.2)
    test = runs_page(new_user(three_runs))
    test.segmented_control(key="runs.display").set_value("Uncertain").run()
    assert list(table(test, "runs.table")["Score"]) == [pytest.approx(0.55)]
    assert test.query_params["show"] == "uncertain"


def test_the_display_follows_the_address(three_runs: Services) -> None:
    test = runs_page(new_user(three_runs), result="fail")
    assert test.segmented_control(key="runs.display").value == "Failures"
    assert test.selectbox(key="runs.result").value == "fail"


def test_a_run_opens_by_its_address(three_runs: Services) -> None:
    opened = run_ids(three_runs)[2]
    test = runs_page(new_user(three_runs), run=opened)
    said = texts(test)
    assert f"Run {opened}" in said
    assert "The first summary." in said
    assert "Because." in said
    assert "Does the summary keep to the facts?" in said
    shown = {metric.label: metric.value for metric in test.metric}
    assert shown["Score"] == "5.00 of 5"
    assert shown["Threshold"] == "0.50"


def test_a_run_opens_also_when_the_list_does_not_show_it(three_runs: Services) -> None:
    opened = run_ids(three_runs)[2]
    test = runs_page(new_user(three_runs), run=opened, result="fail")
    assert "The first summary." in texts(test)
    assert len(table(test, "runs.table")) == 1


def test_the_snapshot_is_the_judge_as_it_was(three_runs: Services) -> None:
    test = runs_page(new_user(three_runs), run=run_ids(three_runs)[2])
    shown = facts(test)
    assert shown["Judge"] == ["Strict, version 1.0"]
    assert shown["Model"] == ["gpt-4o (openai)"]
    assert shown["Threshold at the start"] == ["0.50"]


def test_the_row_of_the_opened_run_is_tinted(three_runs: Services) -> None:
    test = runs_page(new_user(three_runs))
    assert "background-color" not in test.dataframe[0].proto.arrow_data.styler.styles
    test.query_params["run"] = run_ids(three_runs)[1]
    test.run()
    styles = test.dataframe[0].proto.arrow_data.styler.styles
    assert "_row1_col0" in styles.partition("background-color")[0]


def test_two_ticked_runs_can_be_compared(three_runs: Services) -> None:
    test = runs_page(new_user(three_runs))
    assert test.button(key="runs.compare").disabled
    test.session_state["runs.ticked"] = run_ids(three_runs)[:2]
    test.run()
    key = next(str(frame.key) for frame in test.dataframe if str(frame.key).startswith("runs.table"))
    assert test.session_state[key]["selection"]["rows"] == [0, 1]
    button = test.button(key="runs.compare")
    assert (button.label, button.disabled) == ("Compare 2", False)


def test_an_error_is_explained_in_plain_words(three_runs: Services) -> None:
    said = texts(runs_page(new_user(three_runs), run=run_ids(three_runs)[0]))
    assert "The provider refused the call: too many requests" in said
    assert "429 Too many requests" in said
    assert "This run has no score." in said


def test_labels_are_shown_with_who_gave_them(three_runs: Services) -> None:
    opened = three_runs.runs.list().items[2].run_id
    three_runs.labels.save(three_runs.runs.get(opened), by="vera", score=4.0, passed=True, comment="Good.")
    test = runs_page(new_user(three_runs), run=str(opened))
    said = texts(test)
    assert "vera" in said
    assert "Good." in said
    test.button(key="run.close").click().run()
    assert list(table(test, "runs.table")["Human"]) == ["", "", "0.750, pass"]


def test_chosen_runs_are_listed_alone_until_somebody_wants_all(three_runs: Services) -> None:
    first, _, last = run_ids(three_runs)
    test = runs_page(new_user(three_runs), only=f"{first},{last}, ,999")
    assert list(table(test, "runs.table")["Run"]) == [first, last]
    test.button(key="runs.only").click().run()
    assert len(table(test, "runs.table")) == 3


def test_columns_are_those_of_the_address(three_runs: Services) -> None:
    test = runs_page(new_user(three_runs), columns="Score,Run,none")
    assert list(table(test, "runs.table").columns) == ["Run", "Score"]


def test_closing_the_panel_takes_the_run_out_of_the_address(three_runs: Services) -> None:
    test = runs_page(new_user(three_runs), run=run_ids(three_runs)[0])
    test.button(key="run.close").click().run()
    assert "run" not in test.query_params


def test_an_unknown_run_is_said_beside_the_list(three_runs: Services) -> None:
    test = runs_page(new_user(three_runs), run="999999")
    assert "There is no run 999999" in texts(test)
    assert len(table(test, "runs.table")) == 3


def test_pages_follow_one_another(three_runs: Services) -> None:
    judge = three_runs.judges.list()[0]
    case = three_runs.cases.get(judge.case_id)
    for _ in range(49):
        scored(three_runs, judge, case, 4.0)
    test = runs_page(new_user(three_runs))
    assert len(table(test, "runs.table")) == 50
    test.button(key="runs.next").click().run()
    assert list(table(test, "runs.table")["Result"]) == ["▼ Fail", "● Pass"]
    test.button(key="runs.previous").click().run()
    assert len(table(test, "runs.table")) == 50


def test_another_filter_begins_at_the_first_page(three_runs: Services) -> None:
    judge = three_runs.judges.list()[0]
    case = three_runs.cases.get(judge.case_id)
    for _ in range(49):
        scored(three_runs, judge, case, 4.0)
    test = runs_page(new_user(three_runs))
    test.button(key="runs.next").click().run()
    test.segmented_control(key="runs.display").set_value("Failures").run()
    assert list(table(test, "runs.table")["Result"]) == ["▼ Fail"]


def test_an_empty_store_says_where_runs_come_from(console_services: Services) -> None:
    test = runs_page(new_user(console_services))
    assert "There are no runs yet" in texts(test)


def test_no_match_offers_to_clear_the_filters(three_runs: Services) -> None:
    test = runs_page(new_user(three_runs), status="running")
    assert "No runs match these filters" in texts(test)
    test.button(key="runs.clear").click().run()
    assert len(table(test, "runs.table")) == 3


def test_hostile_names_stay_letters(console_services: Services) -> None:
    case = new_case(console_services, "![x](http://evil.example/x.png)")
    judge = new_judge(console_services, case, "**bold** [link](http://evil.example)")
    run = scored(console_services, judge, case, 4.0, text="<img src=http://evil.example/y.png>")
    test = runs_page(new_user(console_services), run=str(run.run_id))
    markdown = "\n".join(str(part.value) for part in [*test.markdown, *test.caption])
    assert "![x](" not in markdown
    assert "[link](" not in markdown
    assert "<img" not in markdown


# --- found again -----------------------------------------------------------------------------------------------


def evaluator(services: Services) -> User:
    return new_user(services, "eva", Role.EVALUATOR)


def test_the_texts_of_all_runs_are_searched(three_runs: Services) -> None:
    test = runs_page(new_user(three_runs), q="second")
    assert list(table(test, "runs.table")["Text"]) == ["The second summary."]
    assert "**1 run** of 3 that were looked through" in texts(test)
    test.text_input(key="runs.q").set_value("nowhere to be found").run()
    assert "No run has all of this" in texts(test)
    assert test.query_params["q"] in ("nowhere to be found", ["nowhere to be found"])


def test_metadata_is_searched_by_name_and_value(three_runs: Services) -> None:
    assert len(table(runs_page(new_user(three_runs), q="source=test"), "runs.table")) == 2


def test_totals_are_of_all_runs_of_the_filter(three_runs: Services) -> None:
    said = texts(runs_page(new_user(three_runs)))
    assert "**3 finished runs** in all  ·  pass rate 50.0 %  ·  mean score 0.625  ·  1 error" in said
    assert "**1 finished run** in all" in texts(runs_page(new_user(three_runs, "bo"), result="fail"))
    assert "in all" not in texts(runs_page(new_user(three_runs, "cy"), show="uncertain"))


def test_ticked_runs_are_tagged_and_found_by_the_tag(three_runs: Services) -> None:
    eva = evaluator(three_runs)
    test = runs_page(eva)
    test.session_state["runs.ticked"] = run_ids(three_runs)[1:]
    test.run()
    test.text_input(key="runs.bulk.tags").set_value("Odd, late")
    test.button(key="runs.bulk.add").click().run()

    assert [row.tags for row in session.services().runs.list().items] == [[], ["late", "odd"], ["late", "odd"]]
    assert len(table(runs_page(eva, tag="odd"), "runs.table")) == 2
    assert test.selectbox(key="runs.tag").options == ["late", "odd"]


def test_ticked_runs_are_labelled_together(three_runs: Services) -> None:
    test = runs_page(evaluator(three_runs))
    test.session_state["runs.ticked"] = run_ids(three_runs)[1:]
    test.run()
    test.button(key="runs.bulk.fail").click().run()

    assert [row.label_passed for row in session.services().runs.list().items] == [None, False, False]
    assert list(table(test, "runs.table")["Human"]) == ["", "fail", "fail"]


def test_what_people_gave_stands_on_the_scale_of_the_score(three_runs: Services) -> None:
    run = three_runs.runs.get(int(run_ids(three_runs)[2]))
    three_runs.labels.save(run, 2.0, False, by="bo")
    assert list(table(runs_page(new_user(three_runs)), "runs.table")["Human"])[2] == "0.250, fail"


def test_a_viewer_changes_nothing(three_runs: Services) -> None:
    test = runs_page(new_user(three_runs))
    test.session_state["runs.ticked"] = run_ids(three_runs)[1:]
    test.run()
    assert not [button for button in test.button if str(button.key).startswith(("runs.bulk", "runs.views.save"))]


def test_a_kept_view_is_opened_by_its_name(three_runs: Services) -> None:
    test = runs_page(evaluator(three_runs), result="fail")
    test.text_input(key="runs.views.name").set_value("Only failures")
    test.button(key="runs.views.save").click().run()
    assert test.query_params["view"] in ("Only failures", ["Only failures"])

    opened = runs_page(new_user(three_runs, "vera"), view="Only failures")
    assert list(table(opened, "runs.table")["Result"]) == ["▼ Fail"]
    assert opened.selectbox(key="runs.result").value == "fail"


def test_a_view_that_is_gone_is_said_to_be(three_runs: Services) -> None:
    assert "There is no view Gone" in texts(runs_page(new_user(three_runs), view="Gone"))


def test_the_columns_are_those_of_the_last_visit(three_runs: Services) -> None:
    ana = new_user(three_runs)
    test = runs_page(ana)
    test.button_group(key="runs.columns").set_value(["Run", "Score"]).run()
    assert three_runs.views.columns("ana") == ["Run", "Score"]

    assert runs_page(ana).session_state["runs.columns"] == ["Run", "Score"]


def test_a_visit_asks_the_store_a_dozen_times_at_most(three_runs: Services) -> None:
    ana = new_user(three_runs)
    runs_page(ana)
    meter = session.services().store.meter
    before = sum(meter.read().requests.values())
    runs_page(ana).run()
    visits = 3  # the first page, the list, the list once more
    assert sum(meter.read().requests.values()) - before <= 12 * visits
