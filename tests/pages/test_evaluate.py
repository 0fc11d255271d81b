"""The page Run evaluation: one text with its result, a file as a batch, and what can be done with batches."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from console.actions.batches import batches
from console.actions.batches.files import Columns
from console.engine.process import wait_until
from console.errors import JudgingError
from console.judging.providers.port import Call, Reply
from console.records import STEPS, Batch, BatchState, Judge, Role, RunStatus, User
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
    provider = ScriptedProvider(scripted.weighted({"4": 0.6, "5": 0.4}, "Clear and true."))
    for one in (services, session.services()):
        one.judging.providers.known["openai"] = provider
    return provider


def page(user: User, /, **query_params: str) -> AppTest:
    return app(user, **query_params).switch_page("console/pages/evaluate.py").run()


def refuses(call: Call) -> Reply:
    raise JudgingError("The server failed.")


def submit(services: Services, actor: User, judge: Judge, count: int = 3) -> Batch:
    lines = "".join(f'{{"text":"Text {number}."}}\n' for number in range(1, count + 1))
    file = TabularFile.of("rows.jsonl", lines.encode())
    return batches.submit(services, actor, "Nightly", judge, file, Columns("text"))


# --- one text --------------------------------------------------------------------------------------------------


def test_a_text_is_judged_and_its_result_appears(eva: User, judge: Judge, script: ScriptedProvider) -> None:
    test = page(eva)
    test.text_area(key="evaluate.text").input("Paris is in France.")
    test.button(key="evaluate.start").click().run()

    assert not test.exception
    assert metrics(test)["Score"] == "4.40 of 5"
    assert "Clear and true." in texts(test)
    assert "Scored by logprobs" in texts(test)


def test_a_document_is_judged_by_its_address(
    services: Services, eva: User, judge: Judge, script: ScriptedProvider
) -> None:
    document = services.documents.create("A stored text.", "A reference.", {"k": 1}, by="eva")
    test = page(eva, document=document.document_id)
    test.button(key="evaluate.start").click().run()

    (row,) = services.runs.list().items
    assert (row.document_id, row.preview) == (document.document_id, "A stored text.")


def test_without_a_text_nothing_is_run(services: Services, eva: User, judge: Judge, script: ScriptedProvider) -> None:
    test = page(eva)
    test.button(key="evaluate.start").click().run()

    assert "Enter the text" in test.error[0].value
    assert services.runs.list().items == []


def test_a_failure_is_shown_with_what_to_do(eva: User, judge: Judge, script: ScriptedProvider) -> None:
    script._script = refuses
    test = page(eva)
    test.text_area(key="evaluate.text").input("A text.")
    test.button(key="evaluate.start").click().run()

    assert "The server failed." in texts(test)


def test_the_judge_may_be_named_in_the_address(
    services: Services, eva: User, judge: Judge, script: ScriptedProvider
) -> None:
    other = new_judge(services, new_case(services, "Answers"), "Mild")

    assert page(eva, judge=judge.judge_id).selectbox(key="evaluate.judge").value == judge.judge_id
    assert page(eva, judge=other.judge_id).selectbox(key="evaluate.judge").value == other.judge_id


def test_without_judges_the_page_says_who_makes_one(eva: User) -> None:
    assert "There is no judge yet" in texts(page(eva))


# --- steps -----------------------------------------------------------------------------------------------------


def test_steps_can_be_written_before_the_first_evaluation(
    services: Services, eva: User, judge: Judge, script: ScriptedProvider
) -> None:
    test = page(eva)
    test.button(key="evaluate.steps.write").click().run()

    assert "2. Compare it with the criteria." in texts(test)
    assert [call.form for call in script.calls] == [False]


def test_an_admin_pins_the_steps_on_the_case(services: Services, judge: Judge, script: ScriptedProvider) -> None:
    test = page(new_user(services, "ada", Role.ADMIN))
    test.button(key="evaluate.steps.write").click().run()
    field = next(one for one in test.text_area if str(one.key).startswith("evaluate.steps."))
    field.input("1. Count the words.")
    next(button for button in test.button if button.label == "Pin on the case").click().run()

    assert services.cases.current(judge.case_id).metadata[STEPS] == "1. Count the words."
    assert "Pinned on the case" in texts(test)
    next(button for button in test.button if button.label == "Take off").click().run()
    assert STEPS not in services.cases.current(judge.case_id).metadata


# --- batches ---------------------------------------------------------------------------------------------------


def batch_form(user: User, name: str, content: bytes) -> AppTest:
    test = page(user)
    test.segmented_control(key="evaluate.what").set_value("A file of texts").run()
    test.file_uploader(key="batch.file").set_value((name, content, "text/csv")).run()
    return test


def test_a_file_becomes_a_batch(services: Services, eva: User, judge: Judge, script: ScriptedProvider) -> None:
    test = batch_form(eva, "rows.csv", b"id,output,reference\n1,One.,A\n2,Two.,B\n")

    assert list(test.dataframe[0].value["Text"]) == ["One.", "Two."]
    assert metrics(test)["Calls"] == "3"
    test.button(key="batch.start").click().run()
    (batch,) = services.batches.list().items
    assert wait_until(lambda: services.batches.get(batch.batch_id).state is BatchState.FINISHED, 20)
    assert test.query_params["batch"] in (batch.batch_id, [batch.batch_id])
    assert services.batches.rows(batch.batch_id).items[0].artifact.metadata == {"id": "1"}


def test_problems_stand_with_their_lines_and_hold_the_start_back(
    eva: User, judge: Judge, script: ScriptedProvider
) -> None:
    test = batch_form(eva, "rows.csv", b"text,reference\nOne.,A\n,B\n")
    problems = next(frame.value for frame in test.dataframe if "Problem" in frame.value)

    assert problems.values.tolist() == [[3, "text is empty."]]
    assert test.button(key="batch.start").disabled
    test.checkbox(key="batch.leave_out").check().run()
    assert not test.button(key="batch.start").disabled


def test_a_file_that_cannot_be_read_is_said_to_be_one(eva: User, judge: Judge, script: ScriptedProvider) -> None:
    content = "text\nä\nö\n".encode() + b"\xff\n"
    assert "line 4: a byte is not UTF-8" in texts(batch_form(eva, "rows.csv", content))


def test_a_missing_reference_is_said_before_the_start(
    services: Services, eva: User, judge: Judge, script: ScriptedProvider
) -> None:
    services.cases.update(judge.case_id, {"requires_reference": True}, by="ana")
    test = page(eva)
    test.text_area(key="evaluate.text").input("A text.").run()
    assert "The case asks for a reference, and there is none" in texts(test)
    test.text_area(key="evaluate.reference").input("A reference.").run()
    assert "The case asks for a reference" not in texts(test)


def test_batches_that_are_not_done_stand_below_the_form_with_the_way_on(
    services: Services, eva: User, judge: Judge, script: ScriptedProvider
) -> None:
    batch = submit(services, eva, judge)
    test = page(eva)
    test.segmented_control(key="evaluate.what").set_value("A file of texts").run()

    assert "0 / 3" in texts(test)
    test.button(key=f"batch.go.{batch.batch_id}").click().run()
    assert wait_until(lambda: services.batches.get(batch.batch_id).state is BatchState.FINISHED, 20)


def test_a_viewer_is_led_to_what_was_found(eva: User, judge: Judge, services: Services) -> None:
    test = page(new_user(services, "vera"))
    assert "Evaluators and admins run evaluations" in texts(test)
    assert not test.file_uploader


def test_the_address_of_a_batch_from_before_leads_to_its_page(services: Services, eva: User, judge: Judge) -> None:
    batch = submit(services, eva, judge)
    assert metrics(page(eva, batch=batch.batch_id))["Rows"] == ":orange[0 / 3]"


def test_it_is_said_what_the_judge_sees_before_a_batch_begins(
    eva: User, judge: Judge, script: ScriptedProvider
) -> None:
    page = texts(batch_form(eva, "rows.csv", b"question,answer,expected,id\nq,a,e,7\n"))
    assert "**The judge sees** the question from question" in page
    assert "the case needs no reference" in page
    assert "kept as metadata" in page


# --- again, from the page of a run -----------------------------------------------------------------------------


def test_a_run_is_repeated_and_compared(services: Services, eva: User, judge: Judge, script: ScriptedProvider) -> None:
    batch = batches.work(services, eva, submit(services, eva, judge, 1).batch_id)
    (row,) = services.batches.rows(batch.batch_id).items
    script._script = scripted.always(1)
    test = app(eva, run=str(row.run_id)).switch_page("console/pages/run.py").run()
    test.button(key="run.again.then").click().run()

    after = services.runs.list().items[0]
    assert (after.status, after.final_score) == (RunStatus.COMPLETED, 1.0)
    assert (metrics(test)["Before"], metrics(test)["Now"]) == ("0.850", "0.000")


def test_a_run_is_repeated_by_an_earlier_version(
    services: Services, eva: User, judge: Judge, script: ScriptedProvider
) -> None:
    batch = batches.work(services, eva, submit(services, eva, judge, 1).batch_id)
    (row,) = services.batches.rows(batch.batch_id).items
    services.judges.update(judge.judge_id, {"description": "Stricter."}, by="ana")
    test = app(eva, run=str(row.run_id)).switch_page("console/pages/run.py").run()
    key = f"run.again.{row.run_id}.judge"
    test.selectbox(key=key).select_index(1).run()
    test.button(key="run.again.other").click().run()

    assert session.services().runs.list().items[0].judge_version == judge.version


def test_a_selection_is_repeated_and_its_differences_listed(
    services: Services, eva: User, judge: Judge, script: ScriptedProvider
) -> None:
    batch = batches.work(services, eva, submit(services, eva, judge, 2).batch_id)
    ids = [str(row.run_id) for row in services.batches.rows(batch.batch_id).items]
    script._script = scripted.always(1)
    test = page(eva, again=",".join(ids))
    test.button(key="evaluate.again.now").click().run()

    rows = next(frame.value for frame in test.dataframe if "New run" in frame.value)
    assert list(rows["Run"]) == ids
    assert list(rows["Now"]) == ["0.000", "0.000"]
    assert "2 judged again, 2 with another result, 0 without a score." in texts(test)


def test_the_runs_of_a_batch_are_a_filter_of_the_list(
    services: Services, eva: User, judge: Judge, script: ScriptedProvider
) -> None:
    first = batches.work(services, eva, submit(services, eva, judge, 2).batch_id)
    batches.work(services, eva, submit(services, eva, judge, 3).batch_id)
    test = app(eva).run()
    test.query_params.update({"batch": first.batch_id, "period": "all"})
    test.switch_page("console/pages/runs.py").run()

    assert len(table(test, "runs.table")) == 2
    test.button(key="runs.batch").click().run()
    assert len(table(test, "runs.table")) == 5
