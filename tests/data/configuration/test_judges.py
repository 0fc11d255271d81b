"""Judges: every edit is a new version, and the parameters of the old system come back as they were given."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from console.data.store import tables
from console.data.store.requests import Put
from console.data.store.store import Store
from console.errors import ConflictError, InvalidInput, NotFound, TooLarge
from console.records import EvaluationParameters, Judge, LlmRef, MetricRef
from tests.support.fakes import FakeClock
from tests.support.old_items import create_tables_projecting_all, old_judge
from tests.support.seams import Recorder
from tests.support.tier import Tier, items_of, new_case, new_judge, tier


@pytest.fixture
def judge(here: Tier) -> Judge:
    return new_judge(here, new_case(here.cases))


# --- creating ----------------------------------------------------------------------------------------


def test_a_judge_comes_back_as_it_was_made(here: Tier, elsewhere: Tier, clock: FakeClock) -> None:
    case = new_case(here.cases)
    made = new_judge(here, case, "Strict 😀", description="About it.")
    metric, model = here.catalog.metric_named("geval"), here.catalog.model_named("gpt-4o")
    assert made == Judge(
        judge_id=made.judge_id,
        version="1.0",
        active=True,
        case_id=case.case_id,
        case_name="Helpfulness",
        metric=MetricRef(id=metric.metric_id, type="geval", name="Geval Metric"),
        llm=LlmRef(id=model.model_id, type="openai", model="gpt-4o", temperature=0.5),
        created_on=clock.now,
        last_updated_on=clock.now,
        name="Strict 😀",
        evaluation_parameters=EvaluationParameters(n_responses=20),
        parameters={"temperature": 0.5, "n_responses": 20},
        description="About it.",
        created_by="ana",
        last_updated_by="ana",
    )
    assert elsewhere.judges.get(made.judge_id) == made


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"temperature": 1, "top_p": 1.0, "n_responses": 3},
        {"z": [1, 1.0, None, {"y": "x"}], "a": 12345678901234567890123, "": False},
        {"temperature": "hot", "n_responses": 2.5, "max_tokens": None},
    ],
    ids=["none", "number types", "anything", "wrong types"],
)
def test_parameters_are_kept_exactly(here: Tier, elsewhere: Tier, parameters: dict[str, Any]) -> None:
    made = new_judge(here, new_case(here.cases), parameters=parameters)
    assert json.dumps(elsewhere.judges.get(made.judge_id).parameters) == json.dumps(parameters)


def test_a_parameter_of_the_wrong_type_leaves_its_column_at_the_default(here: Tier) -> None:
    made = new_judge(here, new_case(here.cases), parameters={"temperature": "hot", "n_responses": 2.5, "top_p": 0.25})
    assert made.llm.temperature == LlmRef(id="", type="", model="").temperature
    assert made.evaluation_parameters == EvaluationParameters()
    assert made.llm.top_p == 0.25


@pytest.mark.parametrize("name", [None, "", "Strict"])
def test_a_judge_needs_no_name_and_names_may_be_shared(here: Tier, elsewhere: Tier, name: str | None) -> None:
    case = new_case(here.cases)
    one, other = new_judge(here, case, name), new_judge(here, case, name)
    assert {judge.judge_id for judge in elsewhere.judges.list()} == {one.judge_id, other.judge_id}
    assert [judge.name for judge in elsewhere.judges.list()] == [name, name]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"name": "\ud800"}, "name of the judge has a broken character"),
        ({"name": "x" * 200_001}, "name of the judge is 200,001 bytes long"),
        ({"description": "\ud800"}, "description has a broken character"),
        ({"parameters": {"temperature": float("nan")}}, "nan"),
        ({"parameters": {"a": [float("inf")]}}, "parameters is not a JSON object"),
        ({"parameters": {"a": "\udfff"}}, "parameters has a broken character"),
        ({"parameters": {"max_tokens": 10**40}}, "more than 38 digits"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_written(
    here: Tier, store: Store, fields: dict[str, Any], message: str
) -> None:
    case = new_case(here.cases)
    new_judge(here, case)
    before = items_of(store, tables.JUDGES)
    with pytest.raises(InvalidInput, match=message):
        new_judge(here, case, **fields)
    assert items_of(store, tables.JUDGES) == before


def test_parameters_beyond_an_item_are_too_large(here: Tier) -> None:
    long = "".join(chr(0x10000 + number * 7919 % 0x90000) for number in range(150_000))
    with pytest.raises(TooLarge, match="judge's parameters are too large"):
        new_judge(here, new_case(here.cases), parameters={"custom_chain_of_thought": long})


@pytest.mark.parametrize("judge_id", ["unknown", "", "x" * 3_000, "\ud800", "CATALOG#METRIC", "TOKEN"])
def test_an_unknown_id_is_not_found(here: Tier, judge: Judge, judge_id: str) -> None:
    assert here.judges.find(judge_id) is None
    assert here.judges.of_case(judge_id) == []
    for ask in (
        lambda: here.judges.get(judge_id),
        lambda: here.judges.version(judge_id, "1.0"),
        lambda: here.judges.update(judge_id, {"name": "x"}, by="ana"),
        lambda: here.judges.activate(judge_id, "1.0", by="ana"),
        lambda: here.judges.deactivate(judge_id, by="ana"),
    ):
        with pytest.raises(NotFound, match="There is no"):
            ask()


# --- versions ----------------------------------------------------------------------------------------


def test_an_edit_is_a_new_version_and_the_old_one_can_be_read(
    here: Tier, elsewhere: Tier, judge: Judge, clock: FakeClock
) -> None:
    clock.advance(hours=1)
    edited = here.judges.update(judge.judge_id, {"name": "Kind"}, by="bea")
    assert elsewhere.judges.get(judge.judge_id) == edited
    assert (edited.version, edited.revision, edited.last_updated_by, edited.created_by) == ("2.0", 2, "bea", "ana")
    assert edited.parameters == judge.parameters
    old = elsewhere.judges.version(judge.judge_id, "1.0")
    assert (old.name, old.active) == ("Strict", False)


def test_the_tenth_version_comes_after_the_ninth(here: Tier, elsewhere: Tier, judge: Judge) -> None:
    for number in range(10):
        here.judges.update(judge.judge_id, {"name": f"edit {number}"}, by="ana")
    assert [one.version for one in elsewhere.judges.versions(judge.judge_id)][:3] == ["11.0", "10.0", "9.0"]
    assert elsewhere.judges.get(judge.judge_id).version == "11.0"


def test_new_parameters_replace_all_of_the_old_ones(here: Tier, judge: Judge) -> None:
    edited = here.judges.update(judge.judge_id, {"parameters": {"top_p": 0.5}}, by="ana")
    assert edited.parameters == {"top_p": 0.5}
    assert edited.llm == msgspec.structs.replace(
        judge.llm, top_p=0.5, temperature=LlmRef(id="", type="", model="").temperature
    )
    assert edited.evaluation_parameters == EvaluationParameters()


def test_another_model_keeps_the_parameters(here: Tier, judge: Judge) -> None:
    other = LlmRef(id="l-2", type="ollama", model="llama3")
    edited = here.judges.update(judge.judge_id, {"llm": other, "parameters": judge.parameters}, by="ana")
    assert (edited.llm.model, edited.llm.type, edited.llm.temperature) == ("llama3", "ollama", 0.5)


def test_an_old_version_is_put_in_force_again_and_the_next_edit_counts_on(
    here: Tier, elsewhere: Tier, judge: Judge
) -> None:
    here.judges.update(judge.judge_id, {"name": "2"}, by="ana")
    again = here.judges.activate(judge.judge_id, "1.0", by="bea")
    assert (again.version, again.revision, again.name, again.last_updated_by) == ("1.0", 3, "Strict", "bea")
    assert here.judges.activate(judge.judge_id, "1.0", by="carl") == again
    third = elsewhere.judges.update(judge.judge_id, {"name": "3"}, by="ana")
    assert (third.version, third.revision) == ("3.0", 4)


def test_a_judge_taken_out_of_use_is_in_no_list_and_can_come_back(here: Tier, elsewhere: Tier, judge: Judge) -> None:
    here.judges.deactivate(judge.judge_id, by="ana")
    assert elsewhere.judges.find(judge.judge_id) is None
    assert elsewhere.judges.list() == []
    assert elsewhere.judges.of_case(judge.case_id) == []
    assert elsewhere.judges.version(judge.judge_id, "1.0").name == "Strict"
    elsewhere.judges.activate(judge.judge_id, "1.0", by="ana")
    assert [one.name for one in here.judges.list()] == ["Strict"]


@pytest.mark.parametrize("field", ["judge_id", "case_id", "revision", "version", "active", "created_by"])
def test_what_may_not_be_edited_is_refused(here: Tier, judge: Judge, field: str) -> None:
    with pytest.raises(InvalidInput, match=f"no editable field {field}"):
        here.judges.update(judge.judge_id, {field: "x", "name": "y"}, by="ana")
    assert here.judges.get(judge.judge_id) == judge


# --- two editors -------------------------------------------------------------------------------------

FIRST: dict[str, Callable[[Tier, Judge], Any]] = {
    "edit": lambda process, opened: process.judges.update(
        opened.judge_id, {"name": "3"}, by="bea", revision=opened.revision
    ),
    "activate": lambda process, opened: process.judges.activate(opened.judge_id, "1.0", by="bea"),
}
SECOND: dict[str, Callable[[Tier, Judge], Any]] = {
    "edit": lambda process, opened: process.judges.update(
        opened.judge_id, {"name": "mine"}, by="carl", revision=opened.revision
    ),
    "deactivate": lambda process, opened: process.judges.deactivate(
        opened.judge_id, by="carl", revision=opened.revision
    ),
}


@pytest.mark.parametrize("second", SECOND)
@pytest.mark.parametrize("first", FIRST)
def test_the_second_of_two_editors_learns_who_was_first_and_when(
    here: Tier, elsewhere: Tier, judge: Judge, store: Store, clock: FakeClock, first: str, second: str
) -> None:
    opened = here.judges.update(judge.judge_id, {"name": "2"}, by="ana")
    clock.advance(hours=1)
    FIRST[first](here, opened)
    before = items_of(store, tables.JUDGES)
    with pytest.raises(ConflictError, match="The judge was changed by bea at 2026-03-10 13:00:00 UTC") as caught:
        SECOND[second](elsewhere, opened)
    assert (caught.value.changed_by, caught.value.changed_on) == ("bea", clock.now)
    assert items_of(store, tables.JUDGES) == before


def test_of_editors_at_the_same_time_one_wins_and_the_others_learn_it(embedded_store: Store) -> None:
    process = tier(embedded_store)
    judge = new_judge(process, new_case(process.cases))
    together = Barrier(8)

    def edit(number: int) -> str:
        own = tier(embedded_store)
        together.wait()
        try:
            return own.judges.update(judge.judge_id, {"name": str(number)}, by=f"e{number}", revision=1).version
        except ConflictError as error:
            return error.changed_by

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(edit, range(8)))
    winner = tier(embedded_store).judges.get(judge.judge_id)
    assert winner.version == "2.0"
    assert sorted(answers) == sorted(["2.0", *[winner.last_updated_by] * 7])


# --- lists -------------------------------------------------------------------------------------------


def test_lists_are_newest_first_and_in_order_of_creation_within_a_second(
    here: Tier, elsewhere: Tier, clock: FakeClock
) -> None:
    case, other = new_case(here.cases, "one"), new_case(here.cases, "other")
    for name in ("a", "b"):
        new_judge(here, case, name)
        clock.advance(milliseconds=1)
    clock.advance(seconds=2)
    new_judge(here, other, "c")
    for process in (here, elsewhere):
        assert [judge.name for judge in process.judges.list()] == ["c", "a", "b"]
        assert [judge.name for judge in process.judges.of_case(case.case_id)] == ["a", "b"]
        assert [judge.name for judge in process.judges.of_case(other.case_id)] == ["c"]


def test_what_each_operation_costs_in_requests(store: Store) -> None:
    recorder = Recorder(store.client)
    process = tier(Store(recorder, prefix=store.prefix))
    judge = new_judge(process, new_case(process.cases))

    def cost(ask: Callable[[], Any]) -> list[Any]:
        recorder.requests.clear()
        ask()
        return [one for one in recorder.operations if one != "batch_get_item"] + recorder.queried

    partition = (None, judge.judge_id)
    assert cost(lambda: process.judges.get(judge.judge_id)) == ["query", partition]
    assert cost(lambda: process.judges.get(judge.judge_id)) == []
    assert cost(lambda: process.judges.update(judge.judge_id, {"name": "x"}, by="a")) == [
        "query",
        "transact_write_items",
        partition,
    ]
    fresh = tier(process.store)
    assert cost(fresh.judges.list) == ["query", ("ActiveJudgesIndex", "true")]
    assert cost(lambda: fresh.judges.of_case(judge.case_id)) == ["query", ("JudgesByCaseIndex", judge.case_id)]
    assert cost(fresh.judges.list) == []


# --- items of the system before ----------------------------------------------------------------------


def test_a_judge_of_the_earlier_system_is_read(here: Tier, store: Store) -> None:
    store.write(Put(tables.JUDGES, old_judge()))
    judge = here.judges.get("old-judge")
    assert (judge.name, judge.version, judge.revision, judge.active) == ("Fluency Judge", "1.0", 1, True)
    assert judge.created_on == datetime(2025, 8, 1, 10, 0, tzinfo=UTC)
    assert (judge.llm.max_tokens, judge.evaluation_parameters.n_responses) == (500, 5)
    assert judge.parameters == {
        "temperature": 1,
        "max_tokens": 500,
        "top_p": 1,
        "frequency_penalty": 0,
        "presence_penalty": 0,
        "n_responses": 5,
        "sleep_time": 0,
        "rate_limit_sleep": 0.5,
    }
    assert here.judges.list() == [judge]
    assert here.judges.of_case("old-case") == [judge]


def test_a_judge_of_the_earlier_system_can_be_edited_by_one_of_two(here: Tier, elsewhere: Tier, store: Store) -> None:
    store.write(Put(tables.JUDGES, old_judge()))
    edited = here.judges.update("old-judge", {"parameters": {"n_responses": 9}}, by="ana", revision=1)
    assert elsewhere.judges.get("old-judge") == edited
    assert (edited.version, edited.evaluation_parameters.n_responses) == ("2.0", 9)
    with pytest.raises(ConflictError, match="changed by ana"):
        elsewhere.judges.update("old-judge", {"name": "x"}, by="bea", revision=1)


def test_tables_whose_indexes_hold_whole_items_keep_working(store: Store) -> None:
    wide = Store(store.client, prefix=f"all-{uuid4().hex[:12]}-")
    create_tables_projecting_all(wide)
    wide.write(Put(tables.JUDGES, old_judge()))
    process = tier(wide)
    made = new_judge(process, new_case(process.cases))
    assert {judge.judge_id for judge in tier(wide).judges.list()} == {"old-judge", made.judge_id}
