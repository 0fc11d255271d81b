"""The page of similar runs, and the nearest failing runs on the page of a run."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from console.actions.runs import similar
from console.records import Run, User
from console.services import Services
from console.ui.frame import aside
from tests.actions.runs.test_similar import COOKING, WEATHER
from tests.support.console_app import app, new_case, new_judge, new_user, page, scored, texts


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages wait for what is made aside: AppTest does not look again by itself."""
    monkeypatch.setattr(aside, "PATIENCE", 60.0)


@pytest.fixture
def viewer(console_services: Services) -> User:
    return new_user(console_services, "vic")


def failing(services: Services, *, embedded: bool = True) -> list[Run]:
    """Eight failing runs about two things."""
    case = new_case(services)
    judge = new_judge(services, case)
    runs = [scored(services, judge, case, 1.0, one) for one in [*WEATHER, *COOKING]]
    if embedded:
        assert similar.embed_finished(services, runs) == 8
    return runs


def similar_page(user: User, /, **query_params: str) -> AppTest:
    return app(user, **query_params).switch_page("console/pages/similar.py").run()


def test_failing_runs_are_shown_in_groups(console_services: Services, viewer: User) -> None:
    failing(console_services)
    test = similar_page(viewer)
    assert [one.value for one in test.header][1:] == ["Failing runs by what they are about", "Group 1", "Group 2"]
    assert {len(one.value) for one in test.dataframe} == {3}
    assert "4 runs, 50.0 % of these, mean score 0.000" in texts(test)


def test_a_text_finds_runs_and_stays_in_the_address(console_services: Services, viewer: User) -> None:
    runs = failing(console_services)
    test = similar_page(viewer)
    test.text_input(key="similar.text").input("How long do I bake bread?").run()
    assert test.query_params["text"] == "How long do I bake bread?"
    assert test.dataframe[0].value["Run"][0] == str(runs[6].run_id)


def test_failing_runs_without_embeddings_get_them_when_the_page_is_opened(
    console_services: Services, viewer: User
) -> None:
    failing(console_services, embedded=False)
    assert "Group 2" in {one.value for one in similar_page(viewer).header}


def test_groups_and_runs_caught_on_the_map_become_items_of_a_test_set(console_services: Services, viewer: User) -> None:
    runs = failing(console_services)
    caught = ",".join(str(run.run_id) for run in runs[:2])
    test = app(viewer, near=caught).switch_page("console/pages/similar.py").run()
    assert {"similar.picked.to_set", "similar.group.0.to_set"} <= {str(one.key) for one in test.button}
    test.button(key="similar.picked.to_set").click().run()
    assert not test.exception
    assert set(test.query_params["runs"].split(",")) == set(caught.split(","))


def test_where_runs_get_no_embeddings_the_page_says_what_to_do(
    console_services: Services, viewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMBED_RUNS", "false")
    failing(console_services, embedded=False)
    assert "embed runs" in texts(similar_page(viewer))


def test_without_runs_the_page_says_so(console_services: Services, viewer: User) -> None:
    assert "No run failed in these days" in texts(similar_page(viewer))


def test_the_page_of_a_run_leads_to_its_nearest_failing_runs(console_services: Services, viewer: User) -> None:
    runs = failing(console_services)
    test = page("run", viewer, run=str(runs[0].run_id))
    test.toggle(key="run.nearest").set_value(True).run()
    found = next(one.value for one in test.dataframe if "Similarity" in one.value)
    assert {int(run) for run in found["Run"][:3]} == {run.run_id for run in runs[1:4]}


def test_the_overview_leads_to_the_failing_runs(console_services: Services, viewer: User) -> None:
    failing(console_services)
    assert "Failing runs by what they are about" in {one.label for one in app(viewer).run().get("page_link")}
