"""Cases: every edit is a new version, names are unique, and the second of two editors learns of the first."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier
from typing import Any

import pytest

from console.data.store import tables
from console.data.store.requests import Put
from console.data.store.store import Store
from console.errors import AlreadyExists, ConflictError, InvalidInput, NotFound, TooLarge
from console.records import Case, ScoreRange, Threshold
from tests.support.fakes import FakeClock
from tests.support.old_items import old_case
from tests.support.seams import Recorder
from tests.support.tier import Tier, items_of, new_case, tier


def locks(store: Store) -> dict[str, str]:
    """Name -> case id, for every name that is taken."""
    found = items_of(store, tables.CASES, "NAME#CASE#")
    return {item["partitionKey"]["S"].removeprefix("NAME#CASE#"): item["owner"]["S"] for item in found}


# --- creating ----------------------------------------------------------------------------------------


def test_a_case_comes_back_as_it_was_made(here: Tier, elsewhere: Tier) -> None:
    made = here.cases.create(
        name="Tone 😀",
        description="About tone.",
        task_introduction="You judge the tone.",
        evaluation_criteria="x" * 5_000,
        score_range=ScoreRange(min=0, max=100),
        requires_reference=True,
        threshold=Threshold(score=0.8, description="strict"),
        metadata={"b": 1, "a": 1.0, "long": 12345678901234567890123},
        by="ana",
    )
    assert elsewhere.cases.get(made.case_id) == made
    assert list(elsewhere.cases.get(made.case_id).metadata) == ["b", "a", "long"]
    assert (made.version, made.active, made.revision, made.created_by) == ("1.0", True, 1, "ana")


def test_a_name_is_trimmed_and_found_whatever_its_letter_case(here: Tier) -> None:
    made = new_case(here.cases, "  Tone of Voice ")
    assert made.name == "Tone of Voice"
    assert here.cases.find_by_name(" TONE of voice") == made
    assert here.cases.find_by_name("tone") is None


def test_a_name_is_unique_whatever_its_letter_case(here: Tier, elsewhere: Tier, store: Store) -> None:
    new_case(here.cases, "Tone")
    before = items_of(store, tables.CASES)
    with pytest.raises(AlreadyExists, match="A case named 'tONE' already exists"):
        new_case(elsewhere.cases, "tONE ")
    assert items_of(store, tables.CASES) == before
    assert len(items_of(store, tables.THRESHOLDS)) == 1


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"name": "  "}, "The case needs a name"),
        ({"name": "x" * 201}, "has 201 characters; at most 200"),
        ({"name": "a\ud800"}, "name of the case has a broken character"),
        ({"task_introduction": ""}, "The task introduction must not be empty"),
        ({"evaluation_criteria": " "}, "The evaluation criteria must not be empty"),
        ({"evaluation_criteria": "\udfff"}, "The evaluation criteria has a broken character"),
        ({"description": "\udfff"}, "The description has a broken character"),
        ({"score_range": ScoreRange(min=5, max=1)}, "score range 5 to 1 is empty"),
        ({"score_range": ScoreRange(min=3, max=3)}, "score range 3 to 3 is empty"),
        ({"threshold": Threshold(score=1.01)}, "threshold is 1.01; it must be a number from 0 to 1"),
        ({"threshold": Threshold(score=-0.1)}, "threshold is -0.1"),
        ({"threshold": Threshold(score=float("nan"))}, "threshold is nan"),
        ({"threshold": Threshold(description="\ud83d")}, "description has a broken character"),
        ({"metadata": {"a": float("inf")}}, "metadata is not a JSON object"),
        ({"metadata": {"a": "\ud800"}}, "metadata has a broken character"),
        ({"reason": "x" * 2_001}, "reason has more than 2000 characters"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_written(
    here: Tier, store: Store, fields: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidInput, match=message):
        new_case(here.cases, **fields)
    assert items_of(store, tables.CASES) == []
    assert items_of(store, tables.THRESHOLDS) == []


def test_texts_beyond_an_item_are_too_large_and_nothing_is_written(here: Tier, store: Store) -> None:
    incompressible = "".join(chr(0x10000 + number * 7919 % 0x90000) for number in range(150_000))
    with pytest.raises(TooLarge, match="Shorten"):
        new_case(here.cases, evaluation_criteria=incompressible)
    with pytest.raises(TooLarge, match="the limit is 10,485,760"):
        new_case(here.cases, evaluation_criteria="x" * (11 * 1024 * 1024))
    assert items_of(store, tables.CASES) == []


def test_what_the_old_api_accepted_is_accepted_when_asked_for(here: Tier) -> None:
    made = new_case(
        here.cases, "", evaluation_criteria="", task_introduction="", score_range=ScoreRange(min=2, max=2), lenient=True
    )
    assert here.cases.get(made.case_id) == made
    assert new_case(here.cases, " Other ", score_range=ScoreRange(min=6, max=5), lenient=True).name == " Other "
    with pytest.raises(AlreadyExists):
        new_case(here.cases, " OTHER ", lenient=True)
    assert new_case(here.cases, "other", lenient=True).name == "other"
    with pytest.raises(InvalidInput, match="score range 6 to 5 is empty"):
        new_case(here.cases, "third", score_range=ScoreRange(min=6, max=5))


@pytest.mark.parametrize("case_id", ["unknown", "", "x" * 3_000, "\ud800", "NAME#CASE#helpfulness", "TOKEN"])
def test_an_unknown_id_is_not_found(here: Tier, case_id: str) -> None:
    new_case(here.cases)
    assert here.cases.find(case_id) is None
    for ask in (
        lambda: here.cases.get(case_id),
        lambda: here.cases.version(case_id, "1.0"),
        lambda: here.cases.update(case_id, {"name": "x"}, by="ana"),
        lambda: here.cases.set_threshold(case_id, Threshold(), by="ana", reason="r"),
        lambda: here.cases.activate(case_id, "1.0", by="ana"),
        lambda: here.cases.deactivate(case_id, by="ana"),
    ):
        with pytest.raises(NotFound, match="There is no"):
            ask()


# --- versions ----------------------------------------------------------------------------------------


def test_an_edit_is_a_new_version_and_the_old_one_can_be_read(here: Tier, elsewhere: Tier, clock: FakeClock) -> None:
    first = new_case(here.cases)
    clock.advance(hours=1)
    second = here.cases.update(first.case_id, {"evaluation_criteria": "Is it kind?"}, by="bea")
    assert elsewhere.cases.get(first.case_id) == second
    assert (second.version, second.revision, second.last_updated_by, second.created_by) == ("2.0", 2, "bea", "ana")
    assert (second.last_updated_on, second.created_on) == (clock.now, first.created_on)
    old = elsewhere.cases.version(first.case_id, "1.0")
    assert (old.evaluation_criteria, old.active) == ("Is the answer helpful?", False)
    with pytest.raises(NotFound, match=r"no version 3\.0 of the case"):
        elsewhere.cases.version(first.case_id, "3.0")


def test_the_tenth_version_comes_after_the_ninth(here: Tier, elsewhere: Tier) -> None:
    made = new_case(here.cases)
    for number in range(10):
        here.cases.update(made.case_id, {"description": f"edit {number}"}, by="ana")
    assert [one.version for one in elsewhere.cases.versions(made.case_id)] == [
        *("11.0", "10.0", "9.0", "8.0", "7.0", "6.0", "5.0", "4.0", "3.0", "2.0", "1.0")
    ]
    assert elsewhere.cases.get(made.case_id).version == "11.0"


def test_one_version_is_in_force_at_any_time(here: Tier, store: Store) -> None:
    made = new_case(here.cases)
    here.cases.update(made.case_id, {"description": "2"}, by="ana")
    here.cases.update(made.case_id, {"description": "3"}, by="ana")
    here.cases.activate(made.case_id, "1.0", by="ana")
    stored = {item["sortKey"]["S"]: item["active"]["S"] for item in items_of(store, tables.CASES, made.case_id)}
    assert stored == {"1.0": "true", "2.0": "false", "3.0": "false"}


def test_an_old_version_is_put_in_force_again_and_the_next_edit_counts_on(
    here: Tier, elsewhere: Tier, clock: FakeClock
) -> None:
    made = new_case(here.cases)
    here.cases.update(made.case_id, {"description": "2"}, by="ana")
    clock.advance(hours=1)
    again = here.cases.activate(made.case_id, "1.0", by="bea")
    assert (again.version, again.revision, again.description, again.last_updated_by) == ("1.0", 3, "", "bea")
    assert here.cases.activate(made.case_id, "1.0", by="carl") == again
    third = elsewhere.cases.update(made.case_id, {"description": "3"}, by="ana")
    assert (third.version, third.revision) == ("3.0", 4)


def test_a_case_taken_out_of_use_keeps_its_versions_and_its_name(here: Tier, elsewhere: Tier) -> None:
    made = new_case(here.cases, "Tone")
    here.cases.deactivate(made.case_id, by="ana")
    assert elsewhere.cases.find(made.case_id) is None
    assert elsewhere.cases.list() == []
    assert elsewhere.cases.version(made.case_id, "1.0").name == "Tone"
    with pytest.raises(AlreadyExists):
        new_case(elsewhere.cases, "tone")
    elsewhere.cases.activate(made.case_id, "1.0", by="ana")
    assert here.cases.get(made.case_id).name == "Tone"


def test_what_may_not_be_edited_is_refused(here: Tier) -> None:
    made = new_case(here.cases)
    with pytest.raises(InvalidInput, match="no editable field case_id, revision"):
        here.cases.update(made.case_id, {"revision": 7, "case_id": "x", "name": "y"}, by="ana")
    with pytest.raises(InvalidInput, match="score range 5 to 5"):
        here.cases.update(made.case_id, {"score_range": ScoreRange(min=5, max=5)}, by="ana")
    assert here.cases.get(made.case_id) == made


# --- two editors -------------------------------------------------------------------------------------

EDITS: dict[str, Callable[[Tier, Case], Any]] = {
    "edit": lambda process, case: process.cases.update(
        case.case_id, {"description": "mine"}, by="carl", revision=case.revision
    ),
    "rename": lambda process, case: process.cases.update(
        case.case_id, {"name": "Mine"}, by="carl", revision=case.revision
    ),
    "threshold": lambda process, case: process.cases.set_threshold(
        case.case_id, Threshold(score=0.9), by="carl", reason="r", revision=case.revision
    ),
    "deactivate": lambda process, case: process.cases.deactivate(case.case_id, by="carl", revision=case.revision),
}


@pytest.mark.parametrize("second", EDITS)
@pytest.mark.parametrize("first", ["edit", "threshold", "activate"])
def test_the_second_of_two_editors_learns_who_was_first_and_when(
    here: Tier, elsewhere: Tier, store: Store, clock: FakeClock, first: str, second: str
) -> None:
    opened = here.cases.update(new_case(here.cases).case_id, {"description": "2"}, by="ana")
    clock.advance(hours=1)
    {
        "edit": lambda: here.cases.update(opened.case_id, {"description": "3"}, by="bea", revision=opened.revision),
        "threshold": lambda: here.cases.set_threshold(opened.case_id, Threshold(score=0.6), by="bea", reason="r"),
        "activate": lambda: here.cases.activate(opened.case_id, "1.0", by="bea"),
    }[first]()
    before = items_of(store, tables.CASES) + items_of(store, tables.THRESHOLDS)
    with pytest.raises(ConflictError, match="The case was changed by bea at 2026-03-10 13:00:00 UTC") as caught:
        EDITS[second](elsewhere, opened)
    assert (caught.value.changed_by, caught.value.changed_on) == ("bea", clock.now)
    assert items_of(store, tables.CASES) + items_of(store, tables.THRESHOLDS) == before


def test_an_edit_based_on_nothing_in_particular_is_applied_to_what_is_there(here: Tier, elsewhere: Tier) -> None:
    made = new_case(here.cases)
    elsewhere.cases.get(made.case_id)
    here.cases.update(made.case_id, {"description": "2"}, by="ana")
    third = elsewhere.cases.update(made.case_id, {"task_introduction": "3"}, by="bea")
    assert (third.version, third.description, third.task_introduction) == ("3.0", "2", "3")


def test_of_editors_at_the_same_time_one_wins_and_the_others_learn_it(embedded_store: Store) -> None:
    made = new_case(tier(embedded_store).cases)
    together = Barrier(8)

    def edit(number: int) -> str:
        process = tier(embedded_store)
        together.wait()
        try:
            return process.cases.update(made.case_id, {"description": str(number)}, by=f"e{number}", revision=1).version
        except ConflictError as error:
            return error.changed_by

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(edit, range(8)))
    winner = tier(embedded_store).cases.get(made.case_id)
    assert winner.version == "2.0"
    assert sorted(answers) == sorted(["2.0", *[winner.last_updated_by] * 7])


def test_edits_at_the_same_time_that_are_based_on_nothing_all_happen(embedded_store: Store) -> None:
    made = new_case(tier(embedded_store).cases)
    together = Barrier(8)

    def edit(number: int) -> str:
        process = tier(embedded_store)
        together.wait()
        return process.cases.update(made.case_id, {"description": str(number)}, by="ana").version

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(edit, range(8)))
    assert sorted(answers) == ["2.0", "3.0", "4.0", "5.0", "6.0", "7.0", "8.0", "9.0"]


# --- names -------------------------------------------------------------------------------------------


def test_a_rename_moves_the_name(here: Tier, elsewhere: Tier, store: Store) -> None:
    made = new_case(here.cases, "Tone")
    renamed = here.cases.update(made.case_id, {"name": "Voice"}, by="ana")
    assert locks(store) == {"voice": made.case_id}
    assert elsewhere.cases.find_by_name("VOICE") == renamed
    assert elsewhere.cases.find_by_name("Tone") is None
    other = new_case(elsewhere.cases, "tone")
    assert locks(store) == {"voice": made.case_id, "tone": other.case_id}


def test_a_rename_in_letter_case_only_keeps_the_name(here: Tier, store: Store) -> None:
    made = new_case(here.cases, "tone")
    assert here.cases.update(made.case_id, {"name": "TONE"}, by="ana").name == "TONE"
    assert locks(store) == {"tone": made.case_id}


def test_a_rename_to_a_taken_name_changes_nothing(here: Tier, store: Store) -> None:
    new_case(here.cases, "Tone")
    made = new_case(here.cases, "Voice")
    with pytest.raises(AlreadyExists, match="A case named 'TONE' already exists"):
        here.cases.update(made.case_id, {"name": "TONE"}, by="ana")
    assert here.cases.get(made.case_id) == made
    assert sorted(locks(store)) == ["tone", "voice"]


def test_putting_an_old_version_in_force_takes_its_name_back(here: Tier, store: Store) -> None:
    made = new_case(here.cases, "Tone")
    here.cases.update(made.case_id, {"name": "Voice"}, by="ana")
    here.cases.activate(made.case_id, "1.0", by="ana")
    assert locks(store) == {"tone": made.case_id}


def test_an_old_version_whose_name_is_taken_meanwhile_is_not_put_in_force(here: Tier, store: Store) -> None:
    made = new_case(here.cases, "Tone")
    voice = here.cases.update(made.case_id, {"name": "Voice"}, by="ana")
    new_case(here.cases, "Tone")
    with pytest.raises(AlreadyExists, match="'Tone'"):
        here.cases.activate(made.case_id, "1.0", by="ana")
    assert here.cases.get(made.case_id) == voice


def test_a_version_put_in_force_after_the_case_was_out_of_use_takes_its_own_name(here: Tier, store: Store) -> None:
    made = new_case(here.cases, "Tone")
    here.cases.update(made.case_id, {"name": "Voice"}, by="ana")
    here.cases.deactivate(made.case_id, by="ana")
    here.cases.activate(made.case_id, "1.0", by="ana")
    assert locks(store) == {"tone": made.case_id}


def test_one_of_many_that_create_a_name_at_the_same_time_gets_it(embedded_store: Store) -> None:
    together = Barrier(16)

    def create(number: int) -> str | None:
        process = tier(embedded_store)
        together.wait()
        try:
            return new_case(process.cases, "Tone" if number % 2 else "TONE").case_id
        except AlreadyExists:
            return None

    with ThreadPoolExecutor(16) as pool:
        winners = [one for one in pool.map(create, range(16)) if one]
    assert len(winners) == 1
    assert locks(embedded_store) == {"tone": winners[0]}
    assert [case.case_id for case in tier(embedded_store).cases.list()] == winners


# --- lists -------------------------------------------------------------------------------------------


def test_the_list_is_newest_first_and_in_order_of_creation_within_a_second(
    here: Tier, elsewhere: Tier, clock: FakeClock
) -> None:
    for name in ("a", "b", "c"):
        new_case(here.cases, name)
        clock.advance(milliseconds=1)
    clock.advance(seconds=2)
    new_case(here.cases, "d")
    assert [case.name for case in here.cases.list()] == ["d", "a", "b", "c"]
    assert [case.name for case in elsewhere.cases.list()] == ["d", "a", "b", "c"]


def test_an_edit_keeps_the_place_in_the_list(here: Tier, clock: FakeClock) -> None:
    first = new_case(here.cases, "a")
    clock.advance(seconds=2)
    new_case(here.cases, "b")
    clock.advance(seconds=2)
    here.cases.update(first.case_id, {"name": "edited"}, by="ana")
    assert [case.name for case in here.cases.list()] == ["b", "edited"]


# --- what it costs -----------------------------------------------------------------------------------


def test_what_each_operation_costs_in_requests(store: Store) -> None:
    recorder = Recorder(store.client)
    asked = Store(recorder, prefix=store.prefix)
    cases = tier(asked).cases
    assert asked.layout.shards == 1  # one get_item, for half a minute

    def cost(ask: Callable[[], Any]) -> list[str]:
        recorder.requests.clear()
        ask()
        return [one for one in recorder.operations if one != "batch_get_item"]

    made = new_case(cases, "Tone")
    assert cost(lambda: new_case(cases, "Voice")) == ["transact_write_items"]
    assert cost(lambda: cases.get(made.case_id)) == ["query"]
    assert cost(lambda: cases.get(made.case_id)) == []
    assert cost(lambda: cases.find_by_name("Tone")) == ["get_item"]
    assert cost(lambda: cases.update(made.case_id, {"name": "New"}, by="ana")) == ["query", "transact_write_items"]
    assert cost(lambda: cases.set_threshold(made.case_id, Threshold(), by="ana", reason="r")) == [
        "query",
        "transact_write_items",
    ]
    assert cost(lambda: cases.deactivate(made.case_id, by="ana")) == ["query", "transact_write_items"]


# --- items of the system before ----------------------------------------------------------------------


def test_a_case_of_the_earlier_system_is_read(here: Tier, store: Store) -> None:
    store.write(Put(tables.CASES, old_case()))
    case = here.cases.get("old-case")
    assert (case.name, case.version, case.revision, case.active) == ("Fluency", "1.0", 1, True)
    assert case.threshold == Threshold(score=0.7)
    assert case.created_on == datetime(2025, 8, 1, 10, 0, 0, 1, tzinfo=UTC)
    assert case.metadata == {"seenAt": "Room 5", "weight": 2}
    assert [(one.score, one.previous_score, one.changed_by) for one in case.earlier_thresholds] == [
        (0.5, None, "system"),
        (0.7, 0.5, "bea"),
    ]
    assert here.cases.list() == [case]


def test_a_case_of_the_earlier_system_can_be_edited(here: Tier, elsewhere: Tier, store: Store) -> None:
    store.write(Put(tables.CASES, old_case()))
    edited = here.cases.update("old-case", {"description": "new"}, by="ana", revision=1)
    assert elsewhere.cases.get("old-case") == edited
    assert (edited.version, edited.revision) == ("2.0", 2)
    assert [one.score for one in edited.earlier_thresholds] == [0.5, 0.7]


def test_a_case_of_the_earlier_system_can_be_renamed(here: Tier, elsewhere: Tier, store: Store) -> None:
    store.write(Put(tables.CASES, old_case()))
    renamed = here.cases.update("old-case", {"name": "Flow"}, by="ana", revision=1)
    assert locks(store) == {"flow": "old-case"}
    assert elsewhere.cases.find_by_name("flow") == renamed


def test_two_editors_of_a_case_of_the_earlier_system(here: Tier, elsewhere: Tier, store: Store) -> None:
    store.write(Put(tables.CASES, old_case()))
    here.cases.update("old-case", {"description": "new"}, by="ana", revision=1)
    with pytest.raises(ConflictError, match="changed by ana"):
        elsewhere.cases.update("old-case", {"description": "newer"}, by="bea", revision=1)


def test_a_case_of_the_earlier_system_is_found_by_its_name(here: Tier, store: Store) -> None:
    store.write(Put(tables.CASES, old_case()))
    found = here.cases.find_by_name("FLUENCY")
    assert found is not None
    assert found.case_id == "old-case"


def test_putting_an_old_version_in_force_keeps_the_threshold_of_the_case(embedded_store: Store) -> None:
    cases = tier(embedded_store).cases
    case = new_case(cases)
    cases.update(case.case_id, {"description": "second"}, by="ann")
    cases.set_threshold(case.case_id, Threshold(score=0.8), by="ann", reason="stricter")

    again = cases.activate(case.case_id, "1.0", by="ben")

    assert again.version == "1.0"
    assert again.threshold.score == 0.8
