"""The page of cases: the list, one case, editing it, its versions, and two people at once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import pytest
from streamlit.testing.v1 import AppTest

from console.data.configuration.cases import Cases
from console.errors import StoreUnavailable
from console.records import Case, Example, Role, Threshold, User
from console.records.cases import ANCHORS, EXAMPLES, anchors, examples
from console.services import Services
from console.ui.frame import session
from tests.support import scripted
from tests.support.console_app import app, new_case, new_judge, new_user, scored, table, texts
from tests.support.scripted import ScriptedProvider

HOSTILE = "![x](http://host/x.png) <img src=x> **bold** :red[x]"


def cases_page(user: User, /, **query_params: str) -> AppTest:
    return app(user, **query_params).switch_page("console/pages/cases.py").run()


def editing(user: User, case: Case) -> AppTest:
    test = cases_page(user, case=case.case_id)
    return test.button(key="case.edit").click().run()


def field(test: AppTest, name: str) -> Any:
    """The widget of a field of the form."""
    return next(
        one for one in every_widget(test) if str(one.key).startswith("case.form.") and one.key.endswith(f".{name}")
    )


def button(test: AppTest, name: str) -> Any:
    """A button of the form."""
    return next(one for one in test.button if str(one.key).startswith("case.form.") and one.key.endswith(f".{name}"))


def fill(test: AppTest, values: dict[str, object]) -> None:
    """Type values into the form."""
    for name, value in values.items():
        field(test, name).set_value(value)
    test.run()


def every_widget(test: AppTest) -> Iterator[Any]:
    yield from (*test.text_input, *test.text_area, *test.number_input, *test.toggle, *test.selectbox)


def words(test: AppTest) -> str:
    """Everything that the page says, as people see it."""
    return texts(test).replace("\\", "").replace("\u2060", "")


def keys(test: AppTest) -> list[str]:
    """The keys of all buttons."""
    return [button.key for button in test.button if button.key]


def comparisons(test: AppTest) -> str:
    """The markup of all differences."""
    return "".join(one.body for one in test.get("html") if "geval-diff" in one.body)


@contextmanager
def store_down() -> Iterator[None]:
    with mock.patch.object(Cases, "list", side_effect=StoreUnavailable("The store does not answer. Try again.")):
        yield


# --- the list ----------------------------------------------------------------------------------------


def test_the_list_shows_each_case_with_its_judges(console_services: Services, admin: User, case: Case) -> None:
    new_judge(console_services, case)
    rows = table(cases_page(admin), "cases.table")
    assert rows[["Name", "Scale", "Threshold", "Mode", "Judges", "Version"]].values.tolist() == [
        ["Summaries", "1 to 5", 0.5, "Direct", 1, "1.0"]
    ]


@pytest.mark.parametrize(
    ("params", "names"),
    [
        ({"q": "SUMMARIES"}, ["Summaries"]),
        ({"q": "keep facts"}, ["Answers", "Summaries"]),
        ({"mode": "reference"}, ["Answers"]),
        ({"mode": "direct", "q": "answers"}, []),
        ({"use": "out"}, ["Old"]),
    ],
)
def test_search_and_filters_are_in_the_address(
    console_services: Services, admin: User, case: Case, params: dict[str, str], names: list[str]
) -> None:
    answers = new_case(console_services, "Answers")
    console_services.cases.update(answers.case_id, {"requires_reference": True}, by="ana")
    console_services.cases.deactivate(new_case(console_services, "Old").case_id, by="ana")
    test = cases_page(admin, **params)
    assert sorted(name for frame in test.dataframe for name in frame.value["Name"]) == names


def test_an_empty_store_says_what_to_do(admin: User) -> None:
    said = texts(cases_page(admin))
    assert "There are no cases yet" in said
    assert "Begin with one" in said


def test_no_match_offers_to_clear_the_filters(admin: User, case: Case) -> None:
    test = cases_page(admin, q="nothing like it")
    assert "No cases match" in texts(test)
    test.button(key="cases.clear").click().run()
    assert list(table(test, "cases.table")["Name"]) == ["Summaries"]


def test_a_store_that_fails_is_said_and_nothing_crashes(admin: User, case: Case) -> None:
    test = app(admin).run()
    with store_down():
        test.switch_page("console/pages/cases.py").run()
    assert "The store does not answer as it should" in texts(test)
    assert not test.exception


# --- one case ----------------------------------------------------------------------------------------


def test_everything_of_a_case_can_be_read(console_services: Services, admin: User, case: Case) -> None:
    console_services.cases.update(
        case.case_id,
        {"description": "About it.", "metadata": {"team": "search"}, "threshold": Threshold(0.625, "As agreed.")},
        by="ben",
    )
    test = cases_page(admin, case=case.case_id)
    said = texts(test)
    for expected in ("About it.", "You will be given a summary.", "Does the summary keep to the facts?", "As agreed."):
        assert expected in said
    assert {one.label: one.value for one in test.metric} == {
        "Scale": "1 to 5",
        "Threshold": "0.625",
        "On the scale": "3.5 of 5",
    }
    assert "search" in test.json[0].value


def test_what_people_wrote_is_not_rendered(console_services: Services, admin: User) -> None:
    made = console_services.cases.create(
        name=HOSTILE, description=HOSTILE, task_introduction=HOSTILE, evaluation_criteria=HOSTILE, by=HOSTILE
    )
    console_services.cases.update(made.case_id, {"description": "short"}, by=HOSTILE)
    test = cases_page(admin, case=made.case_id)
    rendered = "".join(one.value for one in [*test.title, *test.markdown, *test.caption, *test.header])
    unescaped = re.sub(r"\\.", "", rendered)
    assert "img src" in unescaped
    assert not re.search(r"[<!]|\]\(|\*\*bold|:red\[", unescaped)
    test = cases_page(admin, case=made.case_id, tab="versions")
    assert "&lt;img src=x&gt;" in comparisons(test)
    assert "<img" not in comparisons(test)


def test_a_case_that_is_not_there_is_said(admin: User) -> None:
    assert "There is no case nowhere" in texts(cases_page(admin, case="nowhere"))


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EVALUATOR])
def test_who_may_not_edit_reads_only(console_services: Services, case: Case, role: Role) -> None:
    user = new_user(console_services, "vera", role)
    test = cases_page(user, case=case.case_id)
    assert "Does the summary keep to the facts?" in texts(test)
    assert not {"case.edit", "case.duplicate", "case.deactivate"} & set(keys(test))
    assert "Only admins create cases" in texts(cases_page(user, case="new"))
    assert "cases.new" not in keys(cases_page(user))


# --- editing -----------------------------------------------------------------------------------------


def test_an_edit_becomes_a_new_version(console_services: Services, admin: User, case: Case) -> None:
    test = editing(admin, case)
    field(test, "evaluation_criteria").set_value("Is it short?").run()
    assert "Unsaved changes: Evaluation criteria" in words(test)
    test.button(key="case.save").click().run()
    saved = console_services.cases.current(case.case_id)
    assert (saved.version, saved.evaluation_criteria, saved.last_updated_by) == ("2.0", "Is it short?", "ada")
    assert "Is it short?" in texts(test)
    assert "case.edit" in keys(test)


def test_every_field_can_be_edited(console_services: Services, admin: User, case: Case) -> None:
    test = editing(admin, case)
    typed = {
        "name": "Short summaries",
        "description": "About it.",
        "task_introduction": "You will see one.",
        "evaluation_criteria": "Is it short?",
        "low": 0,
        "high": 10,
        "requires_reference": True,
        "threshold": 0.75,
        "threshold_description": "Stricter now.",
        "metadata": '{"team": "search", "n": 1.0}',
    }
    fill(test, typed)
    test.button(key="case.save").click().run()
    saved = console_services.cases.current(case.case_id)
    assert (saved.name, saved.description) == ("Short summaries", "About it.")
    assert (saved.task_introduction, saved.evaluation_criteria) == ("You will see one.", "Is it short?")
    assert (saved.score_range.min, saved.score_range.max, saved.requires_reference) == (0, 10, True)
    assert saved.threshold == Threshold(score=0.75, description="Stricter now.")
    assert saved.metadata == {"team": "search", "n": 1.0}
    assert console_services.thresholds.history(saved)[0].reason == "Stricter now."


def test_what_scores_mean_and_examples_are_rows(console_services: Services, admin: User, case: Case) -> None:
    test = editing(admin, case)
    field(test, "anchors.5").set_value("All is in the source.")
    field(test, "anchors.1").set_value("Nothing is.")
    button(test, "examples.add.0").click().run()
    field(test, "examples.1.0.text").set_value("A text.")
    test.button(key="case.save").click().run()
    assert "Example 1 has no score." in words(test)

    field(test, "examples.1.0.score").set_value(4.0)
    field(test, "examples.1.0.reason").set_value("Fine.")
    test.run()
    test.button(key="case.save").click().run()

    saved = console_services.cases.current(case.case_id)
    assert anchors(saved) == {"1": "Nothing is.", "5": "All is in the source."}
    assert examples(saved) == [Example(text="A text.", score=4.0, reason="Fine.")]


def test_an_example_is_removed_and_an_anchor_emptied(console_services: Services, admin: User) -> None:
    said = {ANCHORS: {"5": "All.", "1": "None."}, EXAMPLES: [{"text": "a", "score": 1}, {"text": "b", "score": 2}]}
    case = console_services.cases.update(new_case(console_services).case_id, {"metadata": said}, by="ana")
    test = editing(admin, case)
    field(test, "anchors.1").set_value("").run()
    button(test, "examples.remove.2.0").click().run()
    test.button(key="case.save").click().run()
    saved = console_services.cases.current(case.case_id)
    assert (anchors(saved), [one.text for one in examples(saved)]) == ({"5": "All."}, ["b"])


def test_a_first_draft_is_tried_by_a_model_on_texts_of_other_runs(console_services: Services, admin: User) -> None:
    other = new_case(console_services)
    judge = new_judge(console_services, other)
    scored(console_services, judge, other, 2)
    session.services().judging.providers.known["openai"] = ScriptedProvider(scripted.always(4))
    test = cases_page(admin, case="new")
    assert "Complete the draft first. A case needs a name." in words(test)

    fill(test, {"name": "Tone", "task_introduction": "You see a reply.", "evaluation_criteria": "Is it friendly?"})
    assert "the latest runs of others" in words(test)
    test.button(key="case.trial.go").click().run()

    (tried,) = test.session_state["case.trial.results"]
    assert (tried.error, tried.difference) == ("", 0.5)
    assert "Is it friendly?" in tried.results.prompt_used
    assert [one.name for one in console_services.cases.list()] == [other.name]


def test_a_pass_mark_that_moves_needs_a_reason_and_makes_no_version(
    console_services: Services, admin: User, case: Case
) -> None:
    test = editing(admin, case)
    field(test, "threshold").set_value(0.8).run()
    test.button(key="case.save").click().run()
    assert "say why" in texts(test)
    assert console_services.cases.current(case.case_id).threshold.score == 0.5
    field(test, "threshold_description").set_value("Too many pass.").run()
    test.button(key="case.save").click().run()
    saved = console_services.cases.current(case.case_id)
    assert (saved.version, saved.threshold.score) == ("1.0", 0.8)


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("name", " ", "A case needs a name"),
        ("evaluation_criteria", "", "Say what is judged"),
        ("low", 5, "The highest score must be above the lowest"),
        ("metadata", "{nope", "Line 1, column 2"),
        ("name", "answers", "already exists"),
    ],
)
def test_a_refused_save_keeps_everything_typed(
    console_services: Services, admin: User, case: Case, name: str, value: object, problem: str
) -> None:
    new_case(console_services, "Answers")
    test = editing(admin, case)
    field(test, "task_introduction").set_value("Typed with care.")
    field(test, name).set_value(value)
    test.run()
    test.button(key="case.save").click().run()
    assert problem in words(test)
    assert field(test, "task_introduction").value == "Typed with care."
    assert field(test, name).value == value
    assert console_services.cases.current(case.case_id) == case


def test_nothing_changed_is_said_and_not_saved(console_services: Services, admin: User, case: Case) -> None:
    test = editing(admin, case)
    test.button(key="case.save").click().run()
    assert "nothing to save" in texts(test)
    assert len(console_services.cases.versions(case.case_id)) == 1


def test_a_draft_survives_leaving_the_page(admin: User, case: Case) -> None:
    test = editing(admin, case)
    field(test, "description").set_value("Half a thought").run()
    test.switch_page("console/pages/runs.py").run()
    test.query_params.clear()
    test.switch_page("console/pages/cases.py").run()
    assert list(table(test, "cases.table")["Draft"]) == ["✎"]
    test.query_params["case"] = case.case_id
    test.run()
    assert field(test, "description").value == "Half a thought"
    test.button(key="case.discard").click().run()
    assert "Half a thought" not in texts(test)
    assert "case.edit" in keys(test)


def test_drafts_of_one_person_are_not_those_of_another(console_services: Services, admin: User, case: Case) -> None:
    test = editing(admin, case)
    field(test, "description").set_value("Ada's thought").run()
    other = app(new_user(console_services, "ben", Role.ADMIN))
    test.session_state["auth.session"] = other.session_state["auth.session"]
    test.run()
    assert "case.edit" in keys(test)


# --- creating, copying, out of use -------------------------------------------------------------------


def test_a_case_is_created(console_services: Services, admin: User) -> None:
    test = cases_page(admin)
    test.button(key="cases.new").click().run()
    field(test, "name").set_value("Tone")
    field(test, "task_introduction").set_value("You will be given a reply.")
    field(test, "evaluation_criteria").set_value("Is it friendly?")
    test.run()
    test.button(key="case.save").click().run()
    (made,) = console_services.cases.list()
    assert (made.name, made.created_by, made.score_range.max, made.threshold.score) == ("Tone", "ada", 5, 0.5)
    assert test.query_params["case"] in (made.case_id, [made.case_id])


def test_a_new_case_that_is_not_saved_is_remembered(admin: User, case: Case) -> None:
    test = cases_page(admin, case="new")
    field(test, "name").set_value("Tone").run()
    test.button(key="case.back").click().run()
    assert "You began a new case, Tone" in texts(test)
    test.button(key="cases.continue").click().run()
    assert field(test, "name").value == "Tone"


def test_a_copy_is_a_draft_of_a_new_case(console_services: Services, admin: User, case: Case) -> None:
    test = cases_page(admin, case=case.case_id)
    test.button(key="case.duplicate").click().run()
    assert field(test, "name").value == "Copy of Summaries"
    test.button(key="case.save").click().run()
    assert {one.name for one in console_services.cases.list()} == {"Summaries", "Copy of Summaries"}


def test_out_of_use_and_back(console_services: Services, admin: User, case: Case) -> None:
    new_judge(console_services, case)
    test = cases_page(admin, case=case.case_id)
    test.button(key="case.deactivate").click().run()
    assert "Its 1 judge cannot be run meanwhile" in texts(test)
    test.button(key="deactivate.yes").click().run()
    assert console_services.cases.find(case.case_id) is None
    assert "This case is not in use" in texts(test)
    assert "case.edit" not in keys(test)
    test.button(key="case.activate").click().run()
    assert console_services.cases.current(case.case_id).version == "1.0"


# --- versions ----------------------------------------------------------------------------------------


@pytest.fixture
def two_versions(console_services: Services, case: Case) -> Case:
    """Version 2.0 asks for something else; each has runs."""
    judge = new_judge(console_services, case)
    scored(console_services, judge, case, 5.0)
    scored(console_services, judge, case, 2.0)
    edited = console_services.cases.update(
        case.case_id, {"evaluation_criteria": "Does the summary keep to all the facts?"}, by="ben"
    )
    scored(console_services, judge, edited, 4.0)
    return edited


def test_versions_say_who_changed_what_and_how_their_runs_went(admin: User, two_versions: Case) -> None:
    rows = table(cases_page(admin, case=two_versions.case_id, tab="versions"), "case.versions")
    assert rows[["Version", "State", "By", "Changed", "Runs", "Pass rate", "Mean"]].values.tolist() == [
        ["2.0", "● In force", "ben", "Evaluation criteria", 1, 100.0, 0.75],
        ["1.0", "○ Earlier", "ana", "First version", 2, 50.0, 0.625],
    ]


def test_two_versions_are_compared_word_by_word(admin: User, two_versions: Case) -> None:
    test = cases_page(admin, case=two_versions.case_id, tab="versions")
    assert "keep to <ins>all </ins>the facts" in comparisons(test)
    test.selectbox(key="case.left").set_value("2.0").run()
    assert "Nothing differs" in texts(test)
    assert test.query_params["left"] in ("2.0", ["2.0"])


def test_an_earlier_version_is_read_without_restoring_it(admin: User, two_versions: Case) -> None:
    test = cases_page(admin, case=two_versions.case_id, version="1.0")
    assert "Does the summary keep to the facts?" in texts(test)
    assert "An earlier version" in texts(test)


def test_an_earlier_version_is_restored_as_a_draft_but_for_its_pass_mark(
    console_services: Services, admin: User, two_versions: Case
) -> None:
    console_services.cases.set_threshold(two_versions.case_id, Threshold(0.9, "Stricter"), by="ben", reason="Stricter")
    test = cases_page(admin, case=two_versions.case_id, version="1.0")
    test.button(key="case.restore").click().run()
    assert "Version 1.0 restored as a draft" in words(test)
    assert len(console_services.cases.versions(two_versions.case_id)) == 2
    test.button(key="case.save").click().run()
    saved = console_services.cases.current(two_versions.case_id)
    assert (saved.version, saved.evaluation_criteria) == ("3.0", "Does the summary keep to the facts?")
    assert saved.threshold.score == 0.9


def test_restoring_does_not_throw_a_draft_away_without_a_question(admin: User, two_versions: Case) -> None:
    test = editing(admin, two_versions)
    field(test, "description").set_value("Half a thought").run()
    test.query_params["version"] = "1.0"
    test.run()
    test.button(key="case.restore").click().run()
    test.button(key="replace.no").click().run()
    test.query_params.pop("version")
    test.run()
    assert field(test, "description").value == "Half a thought"


# --- two people at once ------------------------------------------------------------------------------


@pytest.fixture
def overtaken(console_services: Services, admin: User, case: Case) -> AppTest:
    """Ada edits criteria and description; Ben has saved criteria and name meanwhile."""
    test = editing(admin, case)
    field(test, "evaluation_criteria").set_value("Facts above all.")
    field(test, "description").set_value("Ada's description")
    test.run()
    console_services.cases.update(
        case.case_id, {"evaluation_criteria": "Brevity above everything.", "name": "Ben's"}, by="ben"
    )
    return test.button(key="case.save").click().run()


def test_the_second_to_save_sees_theirs_and_mine(console_services: Services, overtaken: AppTest, case: Case) -> None:
    said = texts(overtaken)
    assert "**ben** saved it" in said
    assert said.index("You both changed") < said.index("Only you changed") < said.index("Only they changed")
    assert "Brevity" in comparisons(overtaken)
    assert "Facts" in comparisons(overtaken)
    assert console_services.cases.current(case.case_id).version == "2.0"


def test_mine_on_top_keeps_what_only_they_changed(console_services: Services, overtaken: AppTest, case: Case) -> None:
    overtaken.button(key="conflict.mine").click().run()
    saved = console_services.cases.current(case.case_id)
    assert (saved.version, saved.name, saved.last_updated_by) == ("3.0", "Ben's", "ada")
    assert (saved.evaluation_criteria, saved.description) == ("Facts above all.", "Ada's description")


def test_taking_theirs_keeps_mine_in_sight_until_it_is_dismissed(overtaken: AppTest) -> None:
    overtaken.button(key="conflict.theirs").click().run()
    assert "Your edits that were not saved" in texts(overtaken)
    assert "Ada&#x27;s description" in comparisons(overtaken)
    overtaken.button(key="aside.dismiss").click().run()
    assert "Your edits that were not saved" not in texts(overtaken)


def test_edits_that_gave_way_can_be_put_back(console_services: Services, overtaken: AppTest, case: Case) -> None:
    overtaken.button(key="conflict.theirs").click().run()
    overtaken.button(key="aside.back").click().run()
    overtaken.button(key="case.save").click().run()
    saved = console_services.cases.current(case.case_id)
    assert (saved.name, saved.evaluation_criteria) == ("Ben's", "Facts above all.")


def test_going_on_keeps_the_draft_and_says_that_it_is_overtaken(
    console_services: Services, overtaken: AppTest, case: Case
) -> None:
    overtaken.button(key="conflict.edit").click().run()
    assert field(overtaken, "evaluation_criteria").value == "Facts above all."
    assert "saved version 2.0 meanwhile" in words(overtaken)
    assert console_services.cases.current(case.case_id).version == "2.0"


def test_a_third_save_in_between_asks_again(console_services: Services, overtaken: AppTest, case: Case) -> None:
    with mock.patch.object(Cases, "current", return_value=console_services.cases.current(case.case_id)):
        console_services.cases.update(case.case_id, {"description": "Ben again"}, by="ben")
        overtaken.button(key="conflict.mine").click().run()
    assert console_services.cases.current(case.case_id).description == "Ben again"
    assert field(overtaken, "evaluation_criteria").value == "Facts above all."


def test_a_case_that_was_deactivated_meanwhile_keeps_the_draft(
    console_services: Services, admin: User, case: Case
) -> None:
    test = editing(admin, case)
    field(test, "description").set_value("Half a thought").run()
    console_services.cases.deactivate(case.case_id, by="ben")
    test.button(key="case.save").click().run()
    assert "Your unsaved edits are kept" in texts(test)
    test.button(key="case.activate").click().run()
    assert field(test, "description").value == "Half a thought"
