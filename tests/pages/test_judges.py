"""The page of judges: the list, one judge, its form and its versions. What it shares with cases is tested there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from console.records import Case, Judge, Role, User
from console.services import Services
from console.ui.frame import session
from tests.support import scripted
from tests.support.console_app import app, facts, new_case, new_judge, new_user, scored, table, texts
from tests.support.scripted import ScriptedProvider


def judges_page(user: User, /, **query_params: str) -> AppTest:
    return app(user, **query_params).switch_page("console/pages/judges.py").run()


def editing(user: User, judge: Judge) -> AppTest:
    return judges_page(user, judge=judge.judge_id).button(key="judge.edit").click().run()


def field(test: AppTest, name: str) -> Any:
    """The widget of a field of the form."""
    return next(
        one for one in every_widget(test) if str(one.key).startswith("judge.form.") and one.key.endswith(f".{name}")
    )


def fill(test: AppTest, values: dict[str, float]) -> None:
    """Type values into the form."""
    for name, value in values.items():
        field(test, name).set_value(value)
    test.run()


def every_widget(test: AppTest) -> Iterator[Any]:
    yield from (*test.text_input, *test.text_area, *test.number_input, *test.selectbox)


def words(test: AppTest) -> str:
    """Everything that the page says, as people see it."""
    return texts(test).replace("\\", "").replace("\u2060", "")


def save(test: AppTest) -> AppTest:
    return test.button(key="judge.save").click().run()


# --- the list ----------------------------------------------------------------------------------------


def test_the_list_shows_each_judge_with_its_case_and_model(admin: User, judge: Judge) -> None:
    rows = table(judges_page(admin), "judges.table")
    assert rows[["Name", "Case", "Model", "Metric", "Version"]].values.tolist() == [
        ["Strict", "Summaries", "gpt-4o (openai)", "geval", "1.0"]
    ]


def test_the_list_shows_a_renamed_case_by_its_new_name(console_services: Services, admin: User, judge: Judge) -> None:
    console_services.cases.update(judge.case_id, {"name": "Short summaries"}, by="ana")
    assert list(table(judges_page(admin), "judges.table")["Case"]) == ["Short summaries"]


@pytest.mark.parametrize(
    ("params", "names"),
    [
        ({"q": "mild"}, ["Mild"]),
        ({"model": "claude"}, ["Mild"]),
        ({"metric": "geval"}, ["Mild", "Strict"]),
        ({"metric": "similarity"}, []),
        ({"use": "out"}, ["Retired"]),
    ],
)
def test_search_and_filters_are_in_the_address(
    console_services: Services, admin: User, case: Case, judge: Judge, params: dict[str, str], names: list[str]
) -> None:
    new_judge(console_services, case, "Mild", model="claude")
    console_services.judges.deactivate(new_judge(console_services, case, "Retired").judge_id, by="ana")
    test = judges_page(admin, **params)
    assert sorted(name for frame in test.dataframe for name in frame.value["Name"]) == names


def test_the_filter_by_case_is_in_the_address(console_services: Services, admin: User, judge: Judge) -> None:
    new_judge(console_services, new_case(console_services, "Answers"), "Exact")
    assert list(table(judges_page(admin, case=judge.case_id), "judges.table")["Name"]) == ["Strict"]


def test_an_empty_store_says_what_to_do(admin: User) -> None:
    assert "There are no judges yet" in texts(judges_page(admin))


# --- one judge ---------------------------------------------------------------------------------------


def test_everything_of_a_judge_can_be_read(console_services: Services, admin: User, judge: Judge) -> None:
    parameters = {"temperature": 0.3, "n_responses": 5, "seed": 7}
    console_services.judges.update(judge.judge_id, {"parameters": parameters, "description": "About it."}, by="ben")
    test = judges_page(admin, judge=judge.judge_id)
    shown = facts(test)
    assert (shown["Case"], shown["Model"], shown["Metric"]) == (["Summaries"], ["gpt-4o (openai)"], ["geval"])
    assert (shown["Temperature"], shown["Responses"], shown["Top p"]) == (["0.3"], ["5"], ["1  (default)"])
    assert "About it." in texts(test)
    assert "seed" in test.json[0].value


def test_a_judge_without_a_name_is_shown_by_its_id(console_services: Services, admin: User, judge: Judge) -> None:
    console_services.judges.update(judge.judge_id, {"name": None}, by="ana")
    assert f"Judge {judge.judge_id[:8]}" in texts(judges_page(admin, judge=judge.judge_id))


# --- editing -----------------------------------------------------------------------------------------


def test_every_field_can_be_edited(console_services: Services, admin: User, judge: Judge) -> None:
    claude = console_services.catalog.create_model("claude", "anthropic", by="ana")
    similarity = console_services.catalog.metric_named("similarity")
    assert similarity
    numbers = {
        "temperature": 0.3, "n_responses": 20, "max_tokens": 500, "top_p": 0.9, "frequency_penalty": 0.1,
        "presence_penalty": 0.2, "sleep_time": 1.5, "rate_limit_sleep": 5.0, "retry_attempts": 1,
    }  # fmt: skip
    test = editing(admin, judge)
    field(test, "name").set_value("Stricter")
    field(test, "description").set_value("About it.")
    field(test, "model_id").set_value(claude.model_id)
    field(test, "metric_id").set_value(similarity.metric_id)
    field(test, "other").set_value('{"seed": 7}')
    field(test, "configuration").set_value('{"k": 1}')
    fill(test, numbers)
    save(test)
    saved = console_services.judges.current(judge.judge_id)
    assert (saved.version, saved.name, saved.description, saved.last_updated_by) == (
        "2.0",
        "Stricter",
        "About it.",
        "ada",
    )
    assert (saved.llm.model, saved.llm.type, saved.metric.type) == ("claude", "anthropic", "similarity")
    assert saved.metric.configuration == {"k": 1}
    assert saved.parameters == {**numbers, "seed": 7}
    assert (saved.llm.temperature, saved.evaluation_parameters.retry_attempts) == (0.3, 1)


def test_unknown_parameters_are_kept_exactly(console_services: Services, admin: User, judge: Judge) -> None:
    odd = {"seed": 12345678901234567890123, "temperature": "hot", "top_p": 1, "z": {"b": 1.0}}
    odd_judge = console_services.judges.update(judge.judge_id, {"parameters": odd}, by="ana")
    test = editing(admin, odd_judge)
    assert field(test, "temperature").value is None
    field(test, "name").set_value("Other")
    field(test, "n_responses").set_value(5)
    save(test.run())
    assert console_services.judges.current(judge.judge_id).parameters == odd | {"n_responses": 5}


def test_a_stored_value_outside_of_the_range_can_stay(console_services: Services, admin: User, judge: Judge) -> None:
    hot = console_services.judges.update(judge.judge_id, {"parameters": {"temperature": 3.5}}, by="ana")
    test = editing(admin, hot)
    assert "Outside of 0 to 2" in texts(test)
    field(test, "name").set_value("Other").run()
    save(test)
    assert console_services.judges.current(judge.judge_id).parameters == {"temperature": 3.5}


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("name", "", "A judge needs a name"),
        ("other", '{"a": }', "Line 1, column 7"),
        ("other", '{"temperature": 1}', "Temperature: given here and in its own field"),
    ],
)
def test_a_refused_save_keeps_everything_typed(
    console_services: Services, admin: User, judge: Judge, name: str, value: object, problem: str
) -> None:
    test = editing(admin, judge)
    field(test, "temperature").set_value(0.5)
    field(test, name).set_value(value)
    save(test.run())
    assert problem in words(test)
    assert field(test, "temperature").value == 0.5
    assert field(test, name).value == value
    assert console_services.judges.current(judge.judge_id) == judge


def test_an_emptied_field_leaves_its_parameter_to_the_default(
    console_services: Services, admin: User, judge: Judge
) -> None:
    tuned = console_services.judges.update(judge.judge_id, {"parameters": {"temperature": 0.3, "top_p": 0.9}}, by="ana")
    test = editing(admin, tuned)
    field(test, "temperature").set_value(None).run()
    save(test)
    saved = console_services.judges.current(judge.judge_id)
    assert (saved.parameters, saved.llm.temperature) == ({"top_p": 0.9}, 2.0)


def test_a_new_judge_needs_a_name_a_case_and_a_model(console_services: Services, admin: User) -> None:
    said = words(save(judges_page(admin, judge="new")))
    assert "A judge needs a name" in said
    assert "Choose a case" in said
    assert "Choose a model" in said
    assert console_services.judges.list() == []


def test_a_first_draft_is_tried_before_it_is_saved(console_services: Services, admin: User, judge: Judge) -> None:
    scored(console_services, judge, console_services.cases.get(judge.case_id), 2)
    session.services().judging.providers.known["openai"] = ScriptedProvider(scripted.always(4))
    test = judges_page(admin, judge="new")
    assert "Complete the draft first. Choose a case." in words(test)

    field(test, "case_id").set_value(judge.case_id)
    field(test, "model_id").set_value(judge.llm.id)
    test.run()
    test.button(key="judge.trial.go").click().run()

    (tried,) = test.session_state["judge.trial.results"]
    assert (tried.error, tried.difference) == ("", 0.5)
    assert [one.judge_id for one in console_services.judges.list()] == [judge.judge_id]


def test_a_judge_stays_with_its_case(admin: User, judge: Judge) -> None:
    assert field(editing(admin, judge), "case_id").disabled


def test_a_judge_is_created_with_the_parameters_of_the_old_system_but_for_its_temperature(
    console_services: Services, admin: User, judge: Judge
) -> None:
    test = judges_page(admin)
    test.button(key="judges.new").click().run()
    field(test, "name").set_value("New")
    field(test, "case_id").set_value(judge.case_id)
    field(test, "model_id").set_value(judge.llm.id)
    save(test.run())
    made = next(one for one in console_services.judges.list() if one.name == "New")
    assert made.parameters == {
        "temperature": 1.0, "n_responses": 10, "max_tokens": 2500, "top_p": 1.0, "frequency_penalty": 0.0,
        "presence_penalty": 0.0, "sleep_time": 0.0, "rate_limit_sleep": 0.0,
    }  # fmt: skip
    assert (made.created_by, made.metric.type, made.case_id) == ("ada", "geval", judge.case_id)


def test_without_cases_and_models_the_form_says_what_comes_first(admin: User) -> None:
    said = words(judges_page(admin, judge="new"))
    assert "There is no case in use yet" in said
    assert "There is no model yet" in said


def test_a_copy_may_go_to_another_case(console_services: Services, admin: User, judge: Judge) -> None:
    answers = new_case(console_services, "Answers")
    test = judges_page(admin, judge=judge.judge_id)
    test.button(key="judge.duplicate").click().run()
    field(test, "case_id").set_value(answers.case_id).run()
    save(test)
    copy = next(one for one in console_services.judges.list() if one.judge_id != judge.judge_id)
    assert (copy.name, copy.case_name, copy.parameters) == ("Copy of Strict", "Answers", judge.parameters)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EVALUATOR])
def test_who_may_not_edit_reads_only(console_services: Services, judge: Judge, role: Role) -> None:
    user = new_user(console_services, "vera", role)
    test = judges_page(user, judge=judge.judge_id)
    assert facts(test)["Metric"] == ["geval"]
    assert not {"judge.edit", "judge.duplicate", "judge.deactivate"} & {button.key for button in test.button}
    assert "Only admins create judges" in texts(judges_page(user, judge="new"))


def test_a_demoted_admin_cannot_save_what_was_begun(console_services: Services, admin: User, judge: Judge) -> None:
    test = editing(admin, judge)
    field(test, "name").set_value("Mine").run()
    new_user(console_services, "root", Role.ADMIN)
    console_services.users.set_role("ada", Role.VIEWER)
    save(test)
    assert console_services.judges.current(judge.judge_id) == judge


# --- versions ----------------------------------------------------------------------------------------


def test_versions_show_what_changed_and_their_results(
    console_services: Services, admin: User, case: Case, judge: Judge
) -> None:
    scored(console_services, judge, case, 5.0)
    edited = console_services.judges.update(judge.judge_id, {"parameters": {"temperature": 0.3}}, by="ben")
    scored(console_services, edited, case, 2.0)
    test = judges_page(admin, judge=judge.judge_id, tab="versions")
    rows = table(test, "judge.versions")
    assert rows[["Version", "By", "Changed", "Runs", "Pass rate", "Mean"]].values.tolist() == [
        ["2.0", "ben", "Temperature", 1, 0.0, 0.25],
        ["1.0", "ana", "First version", 1, 100.0, 1.0],
    ]
    assert "<ins>0.3</ins>" in "".join(one.body for one in test.get("html"))
    assert "All 2 runs" in texts(test)


def test_an_earlier_version_is_restored_as_a_draft(console_services: Services, admin: User, judge: Judge) -> None:
    console_services.judges.update(judge.judge_id, {"name": "Renamed", "parameters": {"temperature": 0.3}}, by="ben")
    test = judges_page(admin, judge=judge.judge_id, version="1.0")
    test.button(key="judge.restore").click().run()
    assert field(test, "name").value == "Strict"
    save(test)
    saved = console_services.judges.current(judge.judge_id)
    assert (saved.version, saved.name, saved.parameters) == ("3.0", "Strict", {})


def test_the_second_to_save_decides(console_services: Services, admin: User, judge: Judge) -> None:
    test = editing(admin, judge)
    field(test, "temperature").set_value(0.5).run()
    console_services.judges.update(judge.judge_id, {"parameters": {"seed": 7}}, by="ben")
    save(test)
    assert "**ben** saved it" in texts(test)
    test.button(key="conflict.mine").click().run()
    saved = console_services.judges.current(judge.judge_id)
    assert (saved.version, saved.parameters) == ("3.0", {"seed": 7, "temperature": 0.5})


def test_a_case_leads_to_its_judge_and_the_judge_to_an_evaluation(
    console_services: Services, admin: User, case: Case, judge: Judge
) -> None:
    page = app(admin, case=case.case_id).switch_page("console/pages/cases.py").run()
    new = page.button(key="case.way").click().run()
    assert field(new, "case_id").value == case.case_id
    assert words(new).count("Nothing filled in yet") == 1
    evaluation = judges_page(admin, judge=judge.judge_id).button(key="judge.way").click().run()
    assert evaluation.query_params["judge"] == judge.judge_id
    assert not evaluation.exception


def test_who_may_not_make_judges_is_not_led_to_it(console_services: Services, case: Case, judge: Judge) -> None:
    viewer = new_user(console_services, "vera", Role.VIEWER)
    page = app(viewer, case=case.case_id).switch_page("console/pages/cases.py").run()
    assert "case.way" not in {button.key for button in page.button}
    assert "judge.way" not in {button.key for button in judges_page(viewer, judge=judge.judge_id).button}
