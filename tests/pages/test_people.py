"""What people would have said, on Overview and Thresholds, and the way to the labels that make it surer."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from console.actions.labels.corrected import conclude, glance
from console.actions.labels.population import Asked
from console.actions.runs.labelled import load_labelled
from console.records import Case, Drawn, Role, Selection
from console.services import Services
from tests.support.console_app import app, new_case, new_judge, new_user, scored, texts


@pytest.fixture
def case(console_services: Services) -> Case:
    """Sixty runs, half of which pass; people pass a quarter of the labelled twenty."""
    case = new_case(console_services)
    judge = new_judge(console_services, case)
    runs = [scored(console_services, judge, case, 2.0 if place % 2 else 5.0) for place in range(60)]
    for place, run in enumerate(runs[:20]):
        console_services.labels.save(run, None, place % 4 == 0, by="bo", drawn=Drawn(Selection.RANDOM))
    return case


def page(services: Services, name: str, /, **query: str) -> AppTest:
    user = services.users.find("eva") or new_user(services, "eva", Role.EVALUATOR)
    return app(user, **query).switch_page(f"console/pages/{name}.py").run()


def links(test: AppTest) -> list[str]:
    return [str(one.proto.label) for one in test.get("page_link")]


@pytest.mark.parametrize("name", ["overview", "thresholds"])
def test_the_corrected_rate_is_beside_the_judges(console_services: Services, case: Case, name: str) -> None:
    test = page(console_services, name, case=case.case_id)
    assert not test.exception
    assert "The judge passes **50.0 %**; people would pass **25.0 %** (95 %:" in texts(test)
    found = glance(console_services, load_labelled(console_services, case.case_id), Asked())
    assert f"Label {found.rate.more_for(0.05)} more to be sure within 5 points" in links(test)


def test_no_estimate_where_the_filter_asks_for_other_runs(console_services: Services, case: Case) -> None:
    assert "people would pass" not in texts(page(console_services, "overview", case=case.case_id, result="fail"))
    assert "people would pass" not in texts(page(console_services, "overview"))


def test_a_glance_says_what_agreement_says(console_services: Services, case: Case) -> None:
    labelled = load_labelled(console_services, case.case_id)
    assert (
        glance(console_services, labelled, Asked()).rate.estimate
        == conclude(console_services, labelled, Asked()).rate.estimate
    )


def test_the_review_counts_to_the_labels_that_are_wanted(console_services: Services, case: Case) -> None:
    test = page(console_services, "review", case=case.case_id, queue="random", want="7")
    assert "1 of 7" in str(test.get("progress")[0].proto)
    done = page(console_services, "review", case=case.case_id, queue="random", want="7", done="7")
    assert "You labelled 7 runs in this sitting" in texts(done)
