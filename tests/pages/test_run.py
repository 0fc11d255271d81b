"""The page of one run."""

from __future__ import annotations

import json

import msgspec
import pytest
from streamlit.testing.v1 import AppTest

from console.records import Artifact, Role, Run, Threshold, User
from console.services import Services
from tests.support.console_app import app, facts, failed, new_case, new_judge, new_user, scored, texts


@pytest.fixture
def runs(console_services: Services) -> list[Run]:
    """Of one case: 5.0, then 2.0, then an error, then 4.0."""
    case = new_case(console_services)
    judge = new_judge(console_services, case)
    return [
        scored(console_services, judge, case, 5.0, text="The first summary."),
        scored(console_services, judge, case, 2.0, text="The second summary."),
        failed(console_services, judge, case, "429 Too many requests"),
        scored(console_services, judge, case, 4.0, text="The last summary."),
    ]


def page(user: User, /, **query_params: str) -> AppTest:
    return app(user, **query_params).switch_page("console/pages/run.py").run()


def opened(user: User, run: Run, /, **query_params: str) -> AppTest:
    return page(user, run=str(run.run_id), **query_params)


def test_a_run_is_shown_whole(console_services: Services, runs: list[Run]) -> None:
    test = opened(new_user(console_services), runs[0])
    said = texts(test)
    assert test.title[0].value == f"Run {runs[0].run_id}"
    assert "The first summary." in said
    assert "Because." in said
    assert {metric.label: metric.value for metric in test.metric}["Score"] == "5.00 of 5"


def test_without_a_run_the_page_says_where_to_find_one(console_services: Services) -> None:
    assert "No run is chosen" in texts(page(new_user(console_services)))


@pytest.mark.parametrize("run_id", ["999", "9" * 5_000, "run-abc", "<b>", "\u0663", " ", "-1"])
def test_a_run_that_is_not_there_is_said_in_words(console_services: Services, run_id: str) -> None:
    test = page(new_user(console_services), run=run_id)
    assert not test.exception
    assert "There is no run" in texts(test)


def test_an_error_is_explained_in_plain_words(console_services: Services, runs: list[Run]) -> None:
    said = texts(opened(new_user(console_services), runs[2]))
    assert "The provider refused the call: too many requests" in said
    assert "429 Too many requests" in said


def test_older_goes_to_the_next_run_of_the_filter(console_services: Services, runs: list[Run]) -> None:
    test = opened(new_user(console_services), runs[3], result="pass")
    test.button(key="run.older").click().run()
    assert test.query_params["run"] == str(runs[0].run_id)
    assert test.query_params["result"] == "pass"
    assert test.title[0].value == f"Run {runs[0].run_id}"
    test.button(key="run.newer").click().run()
    assert test.query_params["run"] == str(runs[3].run_id)


def test_at_the_end_of_the_list_the_run_stays(console_services: Services, runs: list[Run]) -> None:
    test = opened(new_user(console_services), runs[0])
    test.button(key="run.older").click().run()
    assert test.query_params["run"] == str(runs[0].run_id)
    assert test.toast[0].value == "This is the oldest run of the filter."


def test_the_texts_can_be_shown_with_their_differences(console_services: Services, runs: list[Run]) -> None:
    judge = console_services.judges.list()[0]
    case = console_services.cases.get(judge.case_id)
    run = console_services.runs.create(
        runs[0].judge_snapshot, Artifact(evaluation_target="A red car.", expected_output="A blue car."), by="ana"
    )
    assert case.case_id == run.case_id
    test = opened(new_user(console_services), run)
    assert "A blue car." in texts(test)
    test.segmented_control(key="run.view").set_value("Differences").run()
    marked = "".join(str(block.proto) for block in test.get("html"))
    assert "<del>blue</del>" in marked
    assert "<ins>red</ins>" in marked


def test_the_snapshot_stands_beside_what_is_different_now(console_services: Services, runs: list[Run]) -> None:
    judge = console_services.judges.list()[0]
    console_services.judges.update(judge.judge_id, {"name": "Stricter"}, by="ana")
    test = opened(new_user(console_services), runs[0])
    shown = facts(test)
    assert shown["Judge"] == ["Strict, version 1.0", "Stricter, version 2.0"]
    assert shown["Model"] == ["gpt-4o (openai)", ""]


def test_a_moved_threshold_changes_what_is_said_but_not_the_run(console_services: Services, runs: list[Run]) -> None:
    case = console_services.cases.list()[0]
    console_services.cases.set_threshold(case.case_id, Threshold(score=0.9), by="ana", reason="Stricter.")
    said = texts(opened(new_user(console_services), runs[3]))
    assert "has moved from 0.50 to 0.90" in said
    assert "this run would now be ▼ Fail" in said


def test_an_evaluator_labels_a_run_and_takes_the_label_back(console_services: Services, runs: list[Run]) -> None:
    test = opened(new_user(console_services, "eva", Role.EVALUATOR), runs[0])
    key = f"label.{runs[0].run_id}"
    test.number_input(key=f"{key}.score").set_value(4.5)
    test.segmented_control(key=f"{key}.passed").set_value(True)
    test.text_area(key=f"{key}.comment").input("Good, but long.")
    test.button(key=f"{key}.save").click().run()
    (label,) = console_services.labels.of(runs[0].run_id)
    assert (label.labelled_by, label.score, label.passed, label.comment) == ("eva", 4.5, True, "Good, but long.")
    assert "Good, but long." in texts(test)
    test.button(key=f"{key}.remove").click().run()
    assert console_services.labels.of(runs[0].run_id) == []
    assert test.text_area(key=f"{key}.comment").value == ""


def test_an_empty_label_is_refused_in_words(console_services: Services, runs: list[Run]) -> None:
    test = opened(new_user(console_services, "eva", Role.EVALUATOR), runs[0])
    test.button(key=f"label.{runs[0].run_id}.save").click().run()
    assert "An empty label cannot be saved" in test.error[0].value
    assert console_services.labels.of(runs[0].run_id) == []


def test_a_viewer_reads_labels_and_writes_none(console_services: Services, runs: list[Run]) -> None:
    console_services.labels.save(runs[0], 4.0, comment="A comment.", by="eva")
    test = opened(new_user(console_services), runs[0])
    assert "A comment." in texts(test)
    assert not test.text_area


def test_the_raw_run_is_sent_only_when_its_tab_is_open(console_services: Services, runs: list[Run]) -> None:
    test = opened(new_user(console_services), runs[0])
    assert not test.json
    test.session_state["run.more"] = "Raw JSON"
    test.run()
    assert json.loads(test.json[0].value) == json.loads(msgspec.json.encode(runs[0]))
