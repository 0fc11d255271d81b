"""Batches: files with the line numbers of their problems, estimates, and workers that stop, go on and are replaced."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from console.actions.batches import batches, estimates
from console.actions.batches import journal as batch_journal
from console.actions.batches import worker as batch_worker
from console.actions.batches.files import Columns, artifacts, guess, notice
from console.actions.batches.worker import BatchWorker
from console.engine.process import wait_until
from console.errors import BatchTaken, Forbidden, InvalidInput, JudgingError
from console.judging.providers.port import Call, Reply
from console.records import Artifact, Batch, BatchState, Judge, MetricRef, Role, RowState, RunFilter, RunStatus, User
from console.services import Services
from console.tabular.files import Problem, TabularFile
from tests.support import scripted
from tests.support.console_app import new_case, new_judge, new_user, scored
from tests.support.scripted import ScriptedProvider

# --- files -----------------------------------------------------------------------------------------------------


def rows(content: str | bytes, name: str = "rows.csv", columns: Columns | None = None) -> list[Artifact | Problem]:
    file = TabularFile.of(name, content.encode() if isinstance(content, str) else content)
    return list(artifacts(file, columns or guess(file)))


def texts(found: list[Artifact | Problem]) -> list[str]:
    return [str(row) if isinstance(row, Problem) else row.evaluation_target for row in found]


def test_columns_are_known_by_their_names() -> None:
    file = TabularFile.of("r.csv", b"id,Actual Output,expected_output\n1,a,b\n")

    assert guess(file) == Columns("Actual Output", "expected_output")


def test_the_other_columns_become_metadata() -> None:
    (row,) = rows("id,text,reference,lang\n1,a,b,\n")

    assert row == Artifact(evaluation_target="a", expected_output="b", metadata={"id": "1"})


def test_the_other_columns_may_be_left() -> None:
    assert rows("id,text\n1,a\n", columns=Columns("text", keep_others=False)) == [Artifact(evaluation_target="a")]


def test_json_lines_keep_the_types_of_metadata() -> None:
    (row,) = rows('{"text":"a","metadata":{"n":1.0},"k":2}\n', "r.jsonl")

    assert row == Artifact(evaluation_target="a", metadata={"n": 1.0, "k": 2})


def test_a_file_of_one_column_needs_no_known_name() -> None:
    assert texts(rows("sentence\na\nb\n")) == ["a", "b"]


def test_columns_that_nobody_knows_are_asked_for() -> None:
    with pytest.raises(InvalidInput, match=r"Which column of rows\.csv holds the text\? It has one, two"):
        rows("one,two\n1,2\n")


def test_question_context_answer_and_expected_are_known_by_their_names() -> None:
    content = b"Question,retrieved_contexts,Answer,Ground Truth,id\nq,c,a,g,7\n"
    (row,) = rows(content)
    assert row == Artifact(evaluation_target="a", expected_output="g", input="q", context="c", metadata={"id": "7"})


def test_passages_of_a_list_are_one_context() -> None:
    (row,) = rows('{"question":"q","contexts":["one","two"],"answer":"a"}\n', "r.jsonl")
    assert row == Artifact(evaluation_target="a", input="q", context="one\n\ntwo")


def test_it_is_said_which_columns_a_judge_sees(services: Services, judge: Judge) -> None:
    file = TabularFile.of("r.csv", b"question,answer,expected,id\nq,a,e,7\n")

    found = estimates.notice_of(services, judge, file, guess(file))

    assert str(found) == (
        "The judge sees question as the question, answer as the text. "
        "It does not see expected (the case needs no reference), id (kept as metadata)."
    )


def test_a_similarity_judge_sees_no_question(services: Services) -> None:
    case = new_case(services)
    judge = msgspec.structs.replace(new_judge(services, case), metric=MetricRef(id="m", type="similarity"))
    columns = Columns("a", "e", "q", "c", keep_others=False)

    found = notice(["q", "c", "a", "e", "x"], columns, judge, case)

    assert (list(found.shown), list(found.hidden)) == (["text", "reference"], ["q", "c", "x"])


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_the_separator_is_found_in_the_header(separator: str) -> None:
    assert texts(rows(f'id{separator}text\n1{separator}"a, b"\n')) == ["a, b"]


def test_a_byte_order_mark_is_no_part_of_the_first_name() -> None:
    assert texts(rows("text\nä\n".encode("utf-8-sig"))) == ["ä"]


def test_utf_16_with_its_mark_is_read() -> None:
    assert texts(rows("text\nä\n".encode("utf-16"))) == ["ä"]


def test_another_encoding_is_found() -> None:
    assert texts(rows("text,n\nDas Gerät,1\n".encode("latin-1"))) == ["Das Gerät"]


def test_problems_name_the_line_on_which_the_row_begins() -> None:
    found = rows('text,reference\n"two\nlines",x\n,alone\none\n\nlast,y\n')

    assert texts(found) == ["two\nlines", "Line 4: text is empty.", "Line 5: 1 cell where the header has 2.", "last"]


def test_problems_of_json_lines_name_their_line() -> None:
    found = rows('{"text":"a"}\n\n{"text":1}\n[1]\nnope\n{"text":NaN}\n{"other":1}\n', "r.jsonl", Columns("text"))

    assert [row.line for row in found if isinstance(row, Problem)] == [3, 4, 5, 6, 7]


def test_a_huge_cell_is_read_and_a_greater_one_is_a_problem() -> None:
    assert len(texts(rows("text\n" + "a" * 500_000 + "\n"))[0]) == 500_000
    assert "is over 10 MB" in texts(rows(json.dumps({"text": "a" * 10_000_001}), "r.jsonl", Columns("text")))[0]


def test_a_broken_quote_names_its_line() -> None:
    with pytest.raises(InvalidInput, match="line 3 cannot be read"):
        rows('text\nfine\n"open" wound\n')


def test_a_broken_character_is_a_problem() -> None:
    assert "lone surrogate" in texts(rows('{"text":"\\ud800"}', "r.jsonl", Columns("text")))[0]


def test_two_columns_of_one_name_are_refused() -> None:
    with pytest.raises(InvalidInput, match="two columns are named 'text'"):
        rows("text,text\na,b\n")


def test_an_empty_file_has_no_rows() -> None:
    with pytest.raises(InvalidInput, match="has no rows"):
        rows("")


def test_only_csv_and_json_lines_are_read() -> None:
    with pytest.raises(InvalidInput, match=r"none of \.csv, \.tsv"):
        TabularFile.of("rows.xlsx", b"")


def test_a_file_is_read_from_its_place(tmp_path: Path) -> None:
    (tmp_path / "r.ndjson").write_text('{"output":"a"}')
    file = TabularFile.at(tmp_path / "r.ndjson")

    assert texts(list(artifacts(file, guess(file)))) == ["a"]


# --- batches ---------------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers that are not stored yet lie in the data folder."""
    monkeypatch.setenv("DATA_DIR", str(tmp_path))


@pytest.fixture
def services(console_services: Services) -> Services:
    return console_services


@pytest.fixture
def ana(services: Services) -> User:
    return new_user(services, "ana", Role.EVALUATOR)


@pytest.fixture
def judge(services: Services) -> Judge:
    return new_judge(services, new_case(services))


def script(services: Services, answer: Callable[[Call], Reply] | None = None) -> ScriptedProvider:
    provider = ScriptedProvider(answer or scripted.always(4))
    services.judging.providers.known["openai"] = provider
    return provider


def file_of(count: int) -> TabularFile:
    return TabularFile.of("rows.jsonl", "".join(f'{{"text":"Text {n}."}}\n' for n in range(1, count + 1)).encode())


def submit(services: Services, actor: User, judge: Judge, count: int = 5, **options: object) -> Batch:
    return batches.submit(services, actor, "Nightly", judge, file_of(count), Columns("text"), **options)  # type: ignore[arg-type]


def states(services: Services, batch: Batch) -> dict[int, str]:
    return {row.number: row.state.value for row in services.batches.rows(batch.batch_id).items}


def fails_for(*numbers: int) -> Callable[[Call], Reply]:
    """A judge whose server fails for some of the texts."""

    def answer(call: Call) -> Reply:
        if any(f"Text {number}." in call.prompt for number in numbers):
            raise JudgingError("The server failed.")
        return scripted.always(4)(call)

    return answer


def test_a_batch_is_judged_row_by_row(services: Services, ana: User, judge: Judge) -> None:
    script(services)
    seen: list[int] = []

    made = submit(services, ana, judge)
    batch = batches.work(services, ana, made.batch_id, progress=lambda now: seen.append(now.done))

    assert (batch.state, batch.done, batch.failed) == (BatchState.FINISHED, 5, 0)
    assert services.batches.get(batch.batch_id).lease_owner is None
    assert seen[-1] == 5
    runs = services.runs.list(RunFilter(batch_id=batch.batch_id)).items
    assert {row.status for row in runs} == {RunStatus.COMPLETED}
    assert {row.run_id for row in runs} == {row.run_id for row in services.batches.rows(batch.batch_id).items}


def test_the_runs_of_a_batch_are_whole(services: Services, ana: User, judge: Judge) -> None:
    script(services)
    batch = batches.work(services, ana, submit(services, ana, judge, 1).batch_id)

    (row,) = services.batches.rows(batch.batch_id).items
    run = services.runs.get(row.run_id or 0)
    assert run.evaluated_artifact == row.artifact
    assert (run.created_by, run.judged_threshold, run.evaluation_status) == ("ana", 0.5, "pass")
    assert run.results
    assert run.results.final_score == 4.0


def test_a_row_that_fails_has_a_failed_run_and_the_others_go_on(services: Services, ana: User, judge: Judge) -> None:
    script(services, fails_for(2))

    batch = batches.work(services, ana, submit(services, ana, judge).batch_id)

    (row,) = services.batches.rows(batch.batch_id, RowState.FAILED).items
    assert (batch.state, batch.done, batch.failed) == (BatchState.FINISHED, 4, 1)
    assert row.error == "Evaluation failed: The server failed."
    assert services.runs.get(row.run_id or 0).status is RunStatus.FAILED


def test_only_the_failures_are_run_again(services: Services, ana: User, judge: Judge) -> None:
    script(services, fails_for(2, 3))
    made = batches.work(services, ana, submit(services, ana, judge).batch_id)
    again = script(services)

    count = batches.retry_failures(services, ana, made.batch_id)
    batch = batches.work(services, ana, made.batch_id)

    assert (count, batch.done, batch.failed) == ({2, 3}, 5, 0)
    assert [call.form for call in again.calls] == [True, True]
    assert len(services.runs.list(RunFilter(batch_id=batch.batch_id)).items) == 7


def test_a_batch_keeps_to_the_judge_it_was_submitted_with(services: Services, ana: User, judge: Judge) -> None:
    script(services)
    made = submit(services, ana, judge, 1)
    services.judges.update(judge.judge_id, {"parameters": {"n_responses": 2}}, by="root")
    services.cases.update(judge.case_id, {"evaluation_criteria": "Another."}, by="root")

    batches.work(services, ana, made.batch_id)

    snapshot = services.runs.get(services.batches.rows(made.batch_id).items[0].run_id or 0).judge_snapshot
    assert (snapshot.version, snapshot.case_version) == ("1.0", "1.0")


def test_a_cancelled_batch_stops_and_goes_on_where_it_was(services: Services, ana: User, judge: Judge) -> None:
    asked = script(services)
    made = submit(services, ana, judge, 40, concurrency=2)

    def cancel_once(now: Batch) -> None:
        if now.done >= 4:
            batches.cancel(services, ana, now.batch_id)

    def slowly(call: Call) -> Reply:
        time.sleep(0.05 if call.form else 0)
        return scripted.always(4)(call)

    asked._script = slowly
    stopped = batches.work(services, ana, made.batch_id, progress=cancel_once, lease=0.3)
    assert (stopped.state, stopped.note, stopped.done < 40) == (BatchState.CANCELLED, "Cancelled by ana.", True)
    assert stopped.done >= 4

    asked._script = scripted.always(4)
    batch = batches.work(services, ana, made.batch_id)

    assert (batch.state, batch.done, batch.note) == (BatchState.FINISHED, 40, "")
    assert len([call for call in asked.calls if call.form]) == 40


def test_a_budget_is_never_exceeded(services: Services, ana: User, judge: Judge) -> None:
    script(services)
    services.catalog.set_prices(
        judge.llm.id, input_price=1000.0, output_price=1000.0, by="root"
    )  # 200 tokens a row: 20 cents, steps once more

    batch = batches.work(services, ana, submit(services, ana, judge, 20, budget=1.0).batch_id)

    assert batch.state is BatchState.CANCELLED
    assert batch.note == "Stopped before it would cost more than $1."
    assert 0.5 < batch.spent <= 1.0


def test_a_greater_budget_lets_it_go_on(services: Services, ana: User, judge: Judge) -> None:
    script(services)
    services.catalog.set_prices(judge.llm.id, input_price=1000.0, output_price=1000.0, by="root")
    made = batches.work(services, ana, submit(services, ana, judge, 10, budget=0.5).batch_id)

    assert batches.work(services, ana, made.batch_id, budget=5.0).state is BatchState.FINISHED


def test_a_budget_without_prices_is_refused(services: Services, ana: User, judge: Judge) -> None:
    with pytest.raises(InvalidInput, match="has no prices"):
        submit(services, ana, judge, budget=1.0)


@pytest.mark.parametrize("at_once", [0, 65])
def test_too_many_rows_at_once_are_refused(services: Services, ana: User, judge: Judge, at_once: int) -> None:
    with pytest.raises(InvalidInput, match="choose 1 to 64"):
        submit(services, ana, judge, concurrency=at_once)


def test_a_file_with_problems_leaves_nothing_behind(services: Services, ana: User, judge: Judge) -> None:
    file = TabularFile.of("r.csv", b"text,x\na,1\n,2\n")

    with pytest.raises(InvalidInput, match=r"r\.csv, line 3: text is empty"):
        batches.submit(services, ana, "N", judge, file, Columns("text"))

    assert services.batches.list().items == []


def test_rows_with_problems_may_be_left_out(services: Services, ana: User, judge: Judge) -> None:
    file = TabularFile.of("r.csv", b"text,x\na,1\n,2\n")

    assert batches.submit(services, ana, "N", judge, file, Columns("text"), leave_out=True).total == 1


def junk(call: Call) -> Reply:
    """100 tokens in, 20 a reply out, and no score in any of them."""
    return scripted.replied(["I would say four."] * call.n if call.form else ["1. Read."])


def test_rows_without_a_score_cost_what_they_cost(services: Services, ana: User, judge: Judge) -> None:
    script(services, junk)
    services.catalog.set_prices(judge.llm.id, input_price=100.0, output_price=100.0, by="root")

    batch = batches.work(services, ana, submit(services, ana, judge, 3).batch_id)

    runs = [services.runs.get(row.run_id or 0) for row in services.batches.rows(batch.batch_id).items]
    tokens = 120 * (3 * 3 + 1)  # each row is asked three times, and the steps are written once
    assert sum(run.token_usage.total for run in runs if run.token_usage) == tokens
    assert batch.spent == pytest.approx(tokens * 100 / 1e6)
    (rollup,) = services.rollups.read(runs[0].run_date, runs[0].run_date)
    assert (rollup.failed, rollup.tokens, rollup.cost) == (3, tokens, pytest.approx(batch.spent))


def test_a_budget_holds_within_a_row(services: Services, ana: User, judge: Judge) -> None:
    asked = script(services, junk)
    services.catalog.set_prices(judge.llm.id, input_price=100.0, output_price=100.0, by="root")  # 1.2 cents a call

    batch = batches.work(services, ana, submit(services, ana, judge, 200, budget=0.05).batch_id)

    assert (batch.state, len(asked.calls), batch.spent) == (BatchState.CANCELLED, 4, pytest.approx(0.048))
    assert batch.note == "Stopped before it would cost more than $0.05."


def test_no_credit_stops_a_batch_at_once_and_the_rows_wait(services: Services, ana: User, judge: Judge) -> None:
    good = [20]

    def until_quota(call: Call) -> Reply:
        if call.form:
            good[0] -= 1
        if good[0] < 0:
            raise JudgingError("You exceeded your current quota.\nAdd some.", final=True)
        return scripted.always(4)(call)

    asked = script(services, until_quota)
    made = submit(services, ana, judge, 100, concurrency=4)
    stopped = batches.work(services, ana, made.batch_id)

    assert stopped.note == "Stopped at the first call that was refused for good: You exceeded your current quota."
    assert (stopped.state, stopped.done, stopped.failed) == (BatchState.CANCELLED, 20, 0)
    assert len(asked.calls) <= 1 + 20 + 4

    script(services)
    assert batches.work(services, ana, made.batch_id).done == 100


def test_most_of_the_latest_rows_failing_stops_a_batch(services: Services, ana: User, judge: Judge) -> None:
    script(services, fails_for(*(number for number in range(20, 200) if number % 8)))

    batch = batches.work(services, ana, submit(services, ana, judge, 200, concurrency=1).batch_id)

    assert batch.state is BatchState.CANCELLED
    assert batch.note == "Stopped because 16 of the last 20 rows failed, the last one: The server failed."
    assert batch.left > 100


def test_a_retry_leaves_the_rows_that_never_began(services: Services, ana: User, judge: Judge) -> None:
    script(services, fails_for(2))
    made = submit(services, ana, judge, 5)
    batches.work(services, ana, made.batch_id, only=frozenset({1, 2}))
    script(services)

    failed = batches.retry_failures(services, ana, made.batch_id)
    batch = batches.work(services, ana, made.batch_id, only=failed)

    assert states(services, batch) == {1: "done", 2: "done", 3: "pending", 4: "pending", 5: "pending"}
    assert batch.note == "The failed rows were run again. 3 others are left; resume the batch for them."


def test_a_batch_that_is_finished_stays_so(services: Services, ana: User, judge: Judge) -> None:
    script(services)
    made = batches.work(services, ana, submit(services, ana, judge, 2).batch_id)
    asked = script(services)

    assert batches.work(services, ana, made.batch_id).state is BatchState.FINISHED
    assert asked.calls == []
    with pytest.raises(InvalidInput, match="No row of the batch has failed"):
        batches.retry_failures(services, ana, made.batch_id)


def test_a_judge_whose_server_fails_every_row_stops_early(services: Services, ana: User, judge: Judge) -> None:
    script(services, lambda call: scripted.replied(["1. Read."]) if not call.form else fails_for(*range(99))(call))

    batch = batches.work(services, ana, submit(services, ana, judge, 40, concurrency=2).batch_id)

    assert batch.state is BatchState.CANCELLED
    assert batch.note == "Stopped because 10 rows failed one after the other, the last one: The server failed."
    assert 10 <= batch.failed <= 14


def test_some_junk_is_no_reason_to_stop(services: Services, ana: User, judge: Judge) -> None:
    odd = tuple(f"Text {number}." for number in range(1, 60, 2))
    script(services, lambda call: (junk if any(one in call.prompt for one in odd) else scripted.always(4))(call))

    batch = batches.work(services, ana, submit(services, ana, judge, 60, concurrency=2).batch_id)

    assert (batch.state, batch.failed) == (BatchState.FINISHED, 30)


def test_a_bug_stops_the_worker_and_is_raised(services: Services, ana: User, judge: Judge) -> None:
    script(services, lambda call: scripted.replied(["1."]) if not call.form else 1 / 0)  # type: ignore[arg-type, return-value]
    made = submit(services, ana, judge)

    with pytest.raises(ZeroDivisionError):
        batches.work(services, ana, made.batch_id)

    assert services.batches.get(made.batch_id).lease_owner is None
    assert set(states(services, made).values()) == {"pending"}


def test_two_workers_cannot_have_one_batch(services: Services, ana: User, judge: Judge) -> None:
    made = submit(services, ana, judge)
    services.batches.claim(made.batch_id, "elsewhere/1/x", 60)

    with pytest.raises(BatchTaken, match="elsewhere"):
        batches.work(services, ana, made.batch_id)


def test_the_batch_of_a_dead_worker_of_this_machine_is_free_at_once(
    services: Services, ana: User, judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    script(services)
    made = submit(services, ana, judge)
    services.batches.claim(made.batch_id, batch_worker.owner_name(), 60)
    monkeypatch.setattr(batch_worker.os, "kill", _no_such_process)

    assert batches.work(services, ana, made.batch_id).done == 5


def _no_such_process(_pid: int, _signal: int) -> None:
    raise ProcessLookupError


def test_a_worker_that_lost_the_batch_stores_nothing_more(services: Services, ana: User, judge: Judge) -> None:
    made = submit(services, ana, judge)

    def taken(call: Call) -> Reply:
        if call.form:
            services.batches.claim(made.batch_id, "elsewhere/1/x", 60, instead_of=worker.owner)
        return scripted.always(4)(call)

    script(services, taken)
    worker = BatchWorker(services, made.batch_id, concurrency=1)
    with pytest.raises(BatchTaken, match="elsewhere"):
        worker.run()

    assert set(states(services, made).values()) == {"pending"}
    assert services.runs.list().items == []


def test_answers_that_a_killed_worker_left_are_not_asked_for_again(services: Services, ana: User, judge: Judge) -> None:
    made = submit(services, ana, judge, 3)
    journal = batch_journal.open_journal(services.settings.data_dir / "answers", made.batch_id)
    assert journal
    journal.add(batch_journal.JournalEntry(2, 0, made.created_on, error="Evaluation failed: Earlier."))
    journal.close()
    asked = script(services)

    batch = batches.work(services, ana, made.batch_id)

    assert states(services, batch) == {1: "done", 2: "failed", 3: "done"}
    assert len([call for call in asked.calls if call.form]) == 2
    assert list((services.settings.data_dir / "answers").iterdir()) == []


def test_answers_from_before_a_retry_are_forgotten(services: Services, ana: User, judge: Judge) -> None:
    script(services, fails_for(2))
    made = batches.work(services, ana, submit(services, ana, judge, 3).batch_id)
    journal = batch_journal.open_journal(services.settings.data_dir / "answers", made.batch_id)
    assert journal
    journal.add(batch_journal.JournalEntry(2, 0, made.created_on, error="Evaluation failed: Earlier."))
    journal.close()
    batches.retry_failures(services, ana, made.batch_id)
    script(services)

    assert batches.work(services, ana, made.batch_id).failed == 0


def test_a_torn_line_of_a_journal_is_passed_over(tmp_path: Path, services: Services, ana: User, judge: Judge) -> None:
    made = submit(services, ana, judge, 1)
    first = batch_journal.open_journal(tmp_path, "b")
    assert first
    first.add(batch_journal.JournalEntry(1, 0, made.created_on, error="x"))
    first.close()
    with (tmp_path / "b.jsonl").open("ab") as file:
        file.write(b'{"number":2,"reop')

    again = batch_journal.open_journal(tmp_path, "b")

    assert again
    again.close()
    assert list(again.answers(0)) == [1]


def test_a_journal_stays_short(tmp_path: Path, services: Services, ana: User, judge: Judge) -> None:
    made = submit(services, ana, judge, 1)
    journal = batch_journal.open_journal(tmp_path, "b")
    assert journal
    for number in range(2_000):
        journal.add(batch_journal.JournalEntry(number, 0, made.created_on, error="x"))
        journal.stored([number])
    lines = (tmp_path / "b.jsonl").read_bytes().splitlines()
    journal.close()

    assert len(lines) <= 501


def test_without_a_journal_each_answer_is_stored_first(
    services: Services, ana: User, judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_worker, "open_journal", lambda *_where: None)
    script(services)

    assert batches.work(services, ana, submit(services, ana, judge, 12).batch_id).done == 12


def test_a_batch_runs_in_the_background_once(services: Services, ana: User, judge: Judge) -> None:
    script(services)
    made = submit(services, ana, judge, 10)

    batches.start(services, ana, made.batch_id)
    batches.start(services, ana, made.batch_id)

    assert wait_until(lambda: services.batches.get(made.batch_id).state is BatchState.FINISHED, 20)
    assert wait_until(lambda: not batches.is_running_here(made.batch_id), 5)
    with pytest.raises(InvalidInput, match="is finished"):
        batches.start(services, ana, made.batch_id)


def test_what_stops_a_batch_in_the_background_is_said_on_it(
    services: Services, ana: User, judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = submit(services, ana, judge)
    monkeypatch.setattr(batches, "BatchWorker", _broken_worker)

    batches.start(services, ana, made.batch_id)

    assert wait_until(lambda: services.batches.get(made.batch_id).note == "Stopped: The store is away.", 10)


def test_who_comes_too_late_does_not_stop_the_other(
    services: Services, ana: User, judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = submit(services, ana, judge)
    services.batches.claim(made.batch_id, "elsewhere/1/x", 60)
    monkeypatch.setattr(batches, "is_worked_on", lambda _batch: False)

    batches.start(services, ana, made.batch_id)

    assert wait_until(lambda: not batches.is_running_here(made.batch_id), 10)
    assert services.batches.get(made.batch_id).state is BatchState.READY


def _broken_worker(*_given: object, **_options: object) -> BatchWorker:
    raise InvalidInput("The store is away.")


def test_estimates_go_by_the_latest_runs_of_the_judge(services: Services, ana: User, judge: Judge) -> None:
    case = services.cases.get(judge.case_id)
    for _ in range(5):
        scored(services, judge, case, 4)  # 120 tokens, 0.75 s, $0.001 each

    found = estimates.estimate(services, judge, estimates.check_file(file_of(16), Columns("text")), concurrency=8)

    assert (found.rows, found.calls, found.tokens) == (16, 17, 1920)
    assert (found.cost, found.seconds) == (pytest.approx(0.016), pytest.approx(1.5))
    assert found.basis == "the mean of the judge's last 5 runs"


def test_without_runs_an_estimate_goes_by_the_length_of_the_texts(services: Services, ana: User, judge: Judge) -> None:
    found = estimates.estimate(services, judge, estimates.check_file(file_of(3), Columns("text")))

    assert found.tokens > 3 * 200
    assert found.cost is None
    assert "length of the texts" in found.basis


@pytest.mark.parametrize("action", [batches.work, batches.start, batches.cancel, batches.retry_failures])
def test_viewers_may_do_none_of_it(
    services: Services, ana: User, judge: Judge, action: Callable[[Services, User, str], object]
) -> None:
    made = submit(services, ana, judge)

    with pytest.raises(Forbidden):
        action(services, new_user(services, "vera"), made.batch_id)
