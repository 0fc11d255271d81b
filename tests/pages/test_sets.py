"""The pages of test sets and experiments."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from console.actions.labels.labels import save_label
from console.actions.sets import experiments, outputs, sets
from console.records import Experiment, Judge, Role, SetItem, TestSet, User
from console.services import Services
from tests.support import scripted
from tests.support.console_app import app, metrics, new_case, new_judge, new_user, scored, table, texts
from tests.support.scripted import ScriptedProvider


@pytest.fixture
def services(console_services: Services) -> Services:
    provider = ScriptedProvider(lambda call: scripted.always(1 if "awful" in call.prompt else 5)(call))
    console_services.judging.providers.known["openai"] = provider
    return console_services


@pytest.fixture
def user(services: Services) -> User:
    return new_user(services, "eva", Role.EVALUATOR)


@pytest.fixture
def judge(services: Services) -> Judge:
    return new_judge(services, new_case(services))


def page(name: str, user: User, /, **query_params: str) -> AppTest:
    return app(user, **query_params).switch_page(f"console/pages/{name}.py").run()


def filled(services: Services, user: User, count: int = 12) -> TestSet:
    test_set = sets.make_set(services, user, "Questions", description="Of the help desk")
    items = [SetItem(key=f"k{n:02}", input=f"What is {n}?", tags=["odd" if n % 2 else "even"]) for n in range(count)]
    return sets.change_items(services, user, test_set, items).test_set


def judged(services: Services, user: User, judge: Judge, bad: set[int], name: str) -> Experiment:
    test_set = services.sets.get("questions")
    made = {f"k{n:02}": f"{'awful' if n in bad else 'good'} answer {n}" for n in range(test_set.total)}
    found = outputs.match_outputs(services, test_set.set_id, test_set.version, made, name)
    experiment = experiments.begin(services, user, test_set, found, [judge], name=name)
    experiments.work_on(services, user, experiment)
    return experiment


def test_without_sets_it_is_said_how_to_make_one(services: Services, user: User) -> None:
    test = page("sets", user)
    assert "There are no test sets yet" in texts(test)
    assert "There are no experiments yet" in texts(page("experiments", user))


def test_a_set_is_made_and_opened(services: Services, user: User) -> None:
    test = page("sets", user)
    test.text_input(key="sets.new.name").input("My questions").run()
    test.text_input(key="sets.new.tags").input("a; b").run()
    test.button(key="sets.new.save").click().run()
    assert test.query_params["set"] == "my-questions"
    assert services.sets.get("my-questions").tags == ["a", "b"]
    assert "There are no items" in texts(test)


def test_sets_are_listed_and_one_shows_its_items_and_versions(services: Services, user: User) -> None:
    filled(services, user)
    assert table(page("sets", user), "sets.table")["Items"].tolist() == [12]
    test = page("sets", user, set="questions")
    assert metrics(test)["Items"] == "12"
    assert table(test, "set-items")["Question"].tolist()[:2] == ["What is 0?", "What is 1?"]
    assert table(test, "set-versions")["State"].tolist() == ["open"]


def test_an_item_is_found_changed_and_removed(services: Services, user: User) -> None:
    filled(services, user)
    test = page("sets", user, set="questions")
    test.text_input(key="sets.item.find").input("k03").run()
    assert table(test, "set-items")["Key"].tolist() == ["k03"]
    test = page("sets", user, set="questions", item="k03")
    area = next(one for one in test.text_area if one.label.startswith("Question"))
    area.input("What is new?").run()
    next(one for one in test.button if one.label == "Save item").click().run()
    assert services.sets.item("questions", "k03").input == "What is new?"
    test = page("sets", user, set="questions", item="k03")
    next(one for one in test.button if one.label == "Remove item").click().run()
    assert services.sets.get("questions").total == 11


def test_a_new_item_needs_something(services: Services, user: User) -> None:
    filled(services, user)
    test = page("sets", user, set="questions", new="new")
    next(one for one in test.button if one.label == "Save item").click().run()
    assert "Give the item a question" in "".join(one.value for one in test.error)
    next(one for one in test.text_area if one.label.startswith("Question")).input("Who?").run()
    for typed, said in (("[1]", "not an object"), ('{"a": NaN}', "NaN"), ("[" * 5_000, "nested too deeply")):
        next(one for one in test.text_input if one.label.startswith("Metadata")).input(typed).run()
        next(one for one in test.button if one.label == "Save item").click().run()
        assert said in "".join(one.value for one in test.error)
    next(one for one in test.text_input if one.label.startswith("Metadata")).input('{"n": 1}').run()
    next(one for one in test.button if one.label == "Save item").click().run()
    assert services.sets.get("questions").total == 13


def test_runs_become_items_of_a_new_set(services: Services, user: User, judge: Judge) -> None:
    case = services.cases.get(judge.case_id)
    run = scored(services, judge, case, 4, "First.")
    save_label(services, user, run, passed=True)
    test = page("sets", user, runs=f"{run.run_id},99999")
    test.text_input(key="sets.runs.name").input("From runs").run()
    test.button(key="sets.runs.add").click().run()
    assert "99999" in "".join(one.value for one in test.error)
    test = page("sets", user, runs=str(run.run_id))
    test.selectbox(key="sets.runs.into").select("from-runs").run()
    test.button(key="sets.runs.add").click().run()
    assert [one.text for one in sets.all_items(services, "from-runs")] == ["First."]


def test_an_old_version_is_shown_as_it_was(services: Services, user: User) -> None:
    test_set = filled(services, user)
    services.sets.freeze(test_set, 1)
    sets.change_items(services, user, services.sets.get("questions"), removed=["k00"])
    test = page("sets", user, set="questions", version="1", item="k00")
    assert len(table(test, "set-items")) == 12
    assert "What is 0?" in [one.value for one in test.text]
    assert not [one for one in test.button if one.label == "Save item"]
    test.selectbox(key="sets.diff.1").select(2).run()
    assert "1 item removed" in texts(test)


def test_an_experiment_shows_what_changed_and_what_the_gate_says(services: Services, user: User, judge: Judge) -> None:
    filled(services, user, 40)
    before = judged(services, user, judge, set(), "First")
    after = judged(services, user, judge, set(range(12)), "Second")
    sets.describe_set(services, user, services.sets.get("questions"), baseline=before.experiment_id)
    assert table(page("experiments", user), "experiments")["Name"].tolist() == ["Second", "First"]
    test = page("experiments", user, experiment=after.experiment_id)
    shown = metrics(test)
    assert (shown["Regressed"], shown["Improved"]) == ("12", "0")
    assert "hardly chance" in texts(test)
    assert len(table(test, "experiment-pairs")) == 12
    assert any("failed**] The gate" in one.value for one in test.markdown)
    test = page("experiments", user, experiment=after.experiment_id, item="k03")
    assert "What is 3?" in [one.value for one in test.text]
    test.number_input(key="experiment.drop").set_value(90.0).run()
    assert any("passed**] The gate" in one.value for one in test.markdown)
    test.button(key="experiment.baseline").click().run()
    assert services.sets.get("questions").baseline == after.experiment_id
    test = page("sets", user, set="questions")
    assert metrics(test)["Experiments"] == "2"


def test_an_experiment_of_the_sets_own_texts_is_begun(services: Services, user: User, judge: Judge) -> None:
    test_set = sets.make_set(services, user, "Questions")
    sets.change_items(services, user, test_set, [SetItem(key="a", text="good"), SetItem(key="b", input="Why?")])
    test = page("experiments", user, new="questions")
    test.segmented_control[0].set_value("The texts of the set itself").run()
    assert "1 of 2 items" in texts(test)
    test.multiselect(key="experiment.new.judges").select(judge.judge_id).run()
    test.button(key="experiment.new.start").click().run()
    assert test.query_params["experiment"] == "questions-1"
    made = services.experiments.get("questions-1")
    assert (made.rows, made.total) == (1, 2)


def test_viewers_look_and_change_nothing(services: Services, user: User, judge: Judge) -> None:
    filled(services, user)
    made = judged(services, user, judge, {1}, "First")
    viewer = new_user(services, "vic")
    for test in (
        page("sets", viewer),
        page("sets", viewer, set="questions", item="k01"),
        page("sets", viewer, runs="1"),
        page("experiments", viewer, experiment=made.experiment_id),
        page("experiments", viewer, new="questions"),
    ):
        assert [str(one.value) for one in test.exception] == []
        labels = {one.label for one in test.button}
        assert not labels & {
            "Make it",
            "Save item",
            "Add",
            "Import",
            "Make it the baseline",
            "Save",
            "Delete the test set",
        }


@pytest.mark.parametrize(
    ("name", "query"),
    [("sets", {"set": "none"}), ("experiments", {"experiment": "none-1"}), ("experiments", {"new": "x"})],
)
def test_what_is_not_there_is_said(services: Services, user: User, name: str, query: dict[str, str]) -> None:
    test = page(name, user, **query)
    assert [str(one.value) for one in test.exception] == []
    assert "There is no" in "".join(one.value for one in test.text)
