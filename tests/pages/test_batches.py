"""The page Batches: what a batch found, its rows, the ways on, and another batch beside it."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from console.actions.batches import batches
from console.actions.batches.files import Columns
from console.engine.process import wait_until
from console.errors import JudgingError
from console.judging.providers.port import Call, Reply
from console.records import Batch, BatchState, Judge, Role, User
from console.services import Services
from console.tabular.files import TabularFile
from console.ui.frame import session
from tests.support import scripted
from tests.support.console_app import app, metrics, new_case, new_judge, new_user, table, texts
from tests.support.scripted import ScriptedProvider


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers that are not stored yet lie in the data folder."""
    monkeypatch.setenv("DATA_DIR", str(tmp_path))


@pytest.fixture
def services(console_services: Services) -> Services:
    return console_services


@pytest.fixture
def eva(services: Services) -> User:
    return new_user(services, "eva", Role.EVALUATOR)


@pytest.fixture
def judge(services: Services) -> Judge:
    return new_judge(services, new_case(services))


@pytest.fixture
def script(services: Services) -> ScriptedProvider:
    """The judge of the console that AppTest runs."""
    provider = ScriptedProvider(scripted.always(4))
    for one in (services, session.services()):
        one.judging.providers.known["openai"] = provider
    return provider


def page(user: User, /, **query_params: str) -> AppTest:
    return app(user, **query_params).switch_page("console/pages/batches.py").run()


def refuses(call: Call) -> Reply:
    raise JudgingError("The server failed.")


def submit(services: Services, actor: User, judge: Judge, count: int = 3, name: str = "Nightly") -> Batch:
    lines = "".join(f'{{"id":"q{number}","text":"Text {number}."}}\n' for number in range(1, count + 1))
    file = TabularFile.of("rows.jsonl", lines.encode())
    return batches.submit(services, actor, name, judge, file, Columns("text"))


def done(services: Services, actor: User, judge: Judge, count: int = 3, name: str = "Nightly") -> Batch:
    return batches.work(services, actor, submit(services, actor, judge, count, name).batch_id)


# --- one batch -------------------------------------------------------------------------------------------------


def test_a_batch_shows_what_it_found_and_its_rows(
    services: Services, eva: User, judge: Judge, script: ScriptedProvider
) -> None:
    script._script = lambda call: refuses(call) if "Text 2." in call.prompt else scripted.always(4)(call)
    test = page(eva, batch=done(services, eva, judge).batch_id)

    found = metrics(test)
    assert (found["State"], found["Rows"], found["Errors"]) == ("Finished", "3 / 3", "1")
    assert (found["Pass rate"], found["Mean score"]) == ("100.0 %", "0.750")
    rows = table(test, "batch-rows").to_dict("records")
    assert [(row["Row"], row["Name"], row["Result"], row["Text"]) for row in rows] == [
        (1, "q1", "● Pass", "Text 1."),
        (2, "q2", "✕ Error", "Text 2."),
        (3, "q3", "● Pass", "Text 3."),
    ]
    assert rows[1]["Error"] == "The server failed."


def test_only_some_rows_are_shown_and_the_address_says_which(
    services: Services, eva: User, judge: Judge, script: ScriptedProvider
) -> None:
    script._script = lambda call: refuses(call) if "Text 2." in call.prompt else scripted.always(4)(call)
    batch = done(services, eva, judge)

    assert list(table(page(eva, batch=batch.batch_id, rows="Errors"), "batch-rows")["Row"]) == [2]


def test_a_batch_of_many_rows_goes_from_page_to_page(
    services: Services, eva: User, judge: Judge, script: ScriptedProvider
) -> None:
    test = page(eva, batch=done(services, eva, judge, 60).batch_id)
    assert len(table(test, "batch-rows")) == 50

    test.button(key="batch.next").click().run()

    assert list(table(test, "batch-rows")["Row"]) == list(range(51, 61))


def test_rows_stand_with_what_they_have_while_the_batch_runs(
    services: Services, eva: User, judge: Judge, script: ScriptedProvider
) -> None:
    batch = submit(services, eva, judge)
    batches.work(services, eva, batch.batch_id, only=frozenset({2}))
    services.batches.claim(batch.batch_id, "elsewhere/1/x", 60)
    services.batches.set_state(batch.batch_id, BatchState.RUNNING)

    test = page(eva, batch=batch.batch_id)

    assert metrics(test)["State"] == "Running"
    assert "Time left" in metrics(test)
    assert list(table(test, "batch-rows")["Result"]) == ["○ Waiting", "● Pass", "○ Waiting"]
    assert not [button for button in test.button if button.key in ("batch.resume", "batch.retry")]
    test.button(key="batch.cancel").click().run()
    assert services.batches.get(batch.batch_id).note == "Cancelled by eva."


def test_errors_are_run_again(services: Services, eva: User, judge: Judge, script: ScriptedProvider) -> None:
    script._script = lambda call: refuses(call) if "Text 2." in call.prompt else scripted.always(4)(call)
    batch = done(services, eva, judge)
    script._script = scripted.always(4)
    page(eva, batch=batch.batch_id).button(key="batch.retry").click().run()

    assert wait_until(lambda: services.batches.get(batch.batch_id).done == 3, 20)


def test_a_stopped_batch_says_why_and_can_be_resumed(
    services: Services, eva: User, judge: Judge, script: ScriptedProvider
) -> None:
    batch = batches.cancel(services, eva, submit(services, eva, judge).batch_id)
    test = page(eva, batch=batch.batch_id)

    assert "Cancelled by eva." in texts(test)
    test.button(key="batch.resume").click().run()
    assert wait_until(lambda: services.batches.get(batch.batch_id).state is BatchState.FINISHED, 20)


def test_a_viewer_sees_the_results_and_changes_nothing(
    services: Services, eva: User, judge: Judge, script: ScriptedProvider
) -> None:
    opened = page(new_user(services, "vera"), batch=done(services, eva, judge).batch_id)

    assert metrics(opened)["Rows"] == "3 / 3"
    assert not [button for button in opened.button if button.key in ("batch.resume", "batch.cancel", "batch.retry")]


def test_a_row_opens_its_run(services: Services, eva: User, judge: Judge, script: ScriptedProvider) -> None:
    batch = done(services, eva, judge, 1)
    (row,) = services.batches.rows(batch.batch_id).items
    test = page(eva, batch=batch.batch_id)
    key = next(str(frame.key) for frame in test.dataframe if str(frame.key).startswith("batch-rows"))
    test.session_state[key] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    test.session_state["lead"] = ("run", {"run": str(row.run_id)})
    test.run()

    assert f"Run {row.run_id}" in [title.value for title in test.title]


def test_a_batch_that_is_not_there_is_said_not_to_be(eva: User) -> None:
    assert "There is no batch nowhere" in texts(page(eva, batch="nowhere"))


# --- the list --------------------------------------------------------------------------------------------------


def test_the_list_says_what_each_batch_found(
    services: Services, eva: User, judge: Judge, script: ScriptedProvider
) -> None:
    done(services, eva, judge, 2)
    (row,) = table(page(eva), "batches").to_dict("records")

    assert (row["Name"], row["Rows"], row["Pass rate"], row["Mean"]) == ("Nightly", "2 / 2", 100.0, 0.75)


def test_without_batches_the_page_says_where_they_come_from(eva: User) -> None:
    assert "There are no batches yet" in texts(page(eva))


# --- compared --------------------------------------------------------------------------------------------------


def test_two_batches_stand_row_by_row_with_the_older_one_as_the_baseline(
    services: Services, eva: User, judge: Judge, script: ScriptedProvider
) -> None:
    older = done(services, eva, judge, 3, "Monday")
    script._script = lambda call: scripted.always({"1": 5, "2": 1, "3": 4}[call.prompt.split("Text ")[1][0]])(call)
    newer = done(services, eva, judge, 3, "Tuesday")

    for opened, other in ((newer, older), (older, newer)):
        test = page(eva, batch=opened.batch_id, baseline=other.batch_id, pairs="All")
        said = texts(test)
        assert "**Tuesday** against the baseline **Monday**" in said
        assert "Rows are paired by their name" in said
        assert "0 pass now only, 1 passed before only" in said
        rows = table(test, "batch-pairs").to_dict("records")
        assert [(row["Name"], row["Before"], row["Now"]) for row in rows] == [
            ("q1", 0.75, 1.0),
            ("q2", 0.75, 0.0),
            ("q3", 0.75, 0.75),
        ]


def test_what_regressed_is_shown_first(services: Services, eva: User, judge: Judge, script: ScriptedProvider) -> None:
    older = done(services, eva, judge)
    script._script = lambda call: scripted.always(1 if "Text 3." in call.prompt else 4)(call)
    newer = done(services, eva, judge)

    test = page(eva, batch=newer.batch_id, baseline=older.batch_id)

    assert list(table(test, "batch-pairs")["Name"]) == ["q3"]


def test_a_baseline_that_is_gone_is_said_to_be(
    services: Services, eva: User, judge: Judge, script: ScriptedProvider
) -> None:
    test = page(eva, batch=done(services, eva, judge).batch_id, baseline="nowhere")
    assert "There is no batch nowhere" in texts(test).replace("\\", "")
