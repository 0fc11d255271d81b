"""Test sets: versions cost what they change, a frozen one stays, and what comes together is seen together."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import msgspec
import pytest

from console.data.sets.experiments import Experiments
from console.data.sets.keys import id_of
from console.data.sets.sets import Sets
from console.data.store import tables
from console.data.store.requests import Query
from console.data.store.store import Store
from console.errors import AlreadyExists, ConflictError, InvalidInput, NotFound, TooLarge
from console.records import Experiment, JudgedBy, SetItem, TestSet, pages
from tests.support.fakes import FakeClock, incompressible

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
JUDGE = JudgedBy(judge_id="j", judge_version="1.0", case_id="c", case_version="1.0", batch_id="b")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOON)


@pytest.fixture
def sets(embedded_store: Store, clock: FakeClock) -> Sets:
    return Sets(embedded_store, clock=clock)


@pytest.fixture
def experiments(embedded_store: Store, clock: FakeClock) -> Experiments:
    return Experiments(embedded_store, clock=clock)


def item(key: str, question: str = "What?", **more: object) -> SetItem:
    return msgspec.structs.replace(SetItem(key=key, input=question), **more)


def contents(
    sets: Sets, test_set: TestSet | str, version: int | None = None, limit: int = 100
) -> dict[str, str | None]:
    set_id = test_set if isinstance(test_set, str) else test_set.set_id
    read = pages(lambda cursor: sets.items(set_id, version, limit=limit, cursor=cursor))
    return {one.key: one.input for page in read for one in page.items}


def experiment(experiments: Experiments, test_set: TestSet, name: str = "Friday") -> Experiment:
    return experiments.create(
        experiments.next_id(test_set),
        test_set,
        version=test_set.version,
        name=name,
        judges=[JUDGE],
        total=test_set.total,
        rows=test_set.total,
        by="ada",
    )


def test_a_set_is_found_again_as_it_was_made(sets: Sets) -> None:
    made = sets.create(" Fragen über Tarife ", by="ada", description="Of the help desk", tags=["de", "de", " tariffs "])
    assert made.set_id == "fragen-uber-tarife"
    assert (made.name, made.tags, made.version, made.total) == ("Fragen über Tarife", ["de", "tariffs"], 1, 0)
    assert sets.get(made.set_id) == made
    assert sets.list().items == [made]
    assert contents(sets, made) == {}


def test_a_name_makes_one_id_and_only_one_set_has_it(sets: Sets) -> None:
    sets.create("Q & A", by="ada")
    with pytest.raises(AlreadyExists, match="q a"):
        sets.create("q a", by="ben")
    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(lambda number: _created(sets, f"One name{'!' * number}"), range(8)))
    assert sum(done) == 1


def _created(sets: Sets, name: str) -> bool:
    try:
        sets.create(name, by="ada")
    except AlreadyExists:
        return False
    return True


@pytest.mark.parametrize("name", ["質問", "???"])
def test_a_name_without_latin_letters_has_an_id_too(name: str) -> None:
    assert id_of(name).startswith("set-")


def test_a_few_changes_go_into_the_open_version(sets: Sets) -> None:
    made = sets.create("Questions", by="ada")
    first = sets.change(made, [item("a"), item("b")], by="ada")
    second = sets.change(first.test_set, [item("a"), item("b", "Why?"), item("c")], by="ben", removed=["zzz"])
    assert first[1:] == (2, 0, 0, 0)
    assert second[1:] == (1, 1, 0, 1)
    assert contents(sets, made) == {"a": "What?", "b": "Why?", "c": "What?"}
    third = sets.change(second.test_set, [], by="ben", removed=["b"])
    assert (third.test_set.version, third.test_set.total, third.removed) == (1, 2, 1)
    assert contents(sets, made) == {"a": "What?", "c": "What?"}
    assert sets.change(third.test_set, [item("a")], by="ada").test_set == third.test_set


def test_a_frozen_version_stays_and_a_change_begins_another(sets: Sets) -> None:
    made = sets.change(sets.create("Questions", by="ada"), [item("a"), item("b")], by="ada").test_set
    sets.freeze(made, 1)
    sets.freeze(sets.get(made.set_id), 1)
    frozen = sets.get(made.set_id)
    assert frozen.frozen
    changed = sets.change(
        frozen, [item("a", "Why?"), item("c")], by="ben", removed=["b"], note="As people ask"
    ).test_set
    assert (changed.version, changed.total, changed.frozen) == (2, 2, False)
    assert contents(sets, made, 1) == {"a": "What?", "b": "What?"}
    assert contents(sets, made, 2) == {"a": "Why?", "c": "What?"}
    one, two = sets.versions(made.set_id)
    assert one.frozen_on == NOON
    assert (two.number, two.total, two.note, two.created_by) == (2, 2, "As people ask", "ben")


def test_who_changes_what_somebody_else_has_changed_is_told(sets: Sets) -> None:
    seen = sets.create("Questions", by="ada")
    sets.change(seen, [item("a")], by="ben")
    with pytest.raises(ConflictError, match="ben"):
        sets.change(seen, [item("b")], by="ada")
    with pytest.raises(ConflictError):
        sets.change(seen, [item(f"k{number}") for number in range(200)], by="ada")
    with pytest.raises(ConflictError):
        sets.freeze(seen, 1)
    with pytest.raises(ConflictError):
        sets.describe(seen, by="ada", name="Other")
    assert contents(sets, seen) == {"a": "What?"}


def test_many_items_make_a_version_that_is_seen_when_it_is_whole(sets: Sets, embedded_store: Store) -> None:
    made = sets.change(sets.create("Questions", by="ada"), [item("old"), item("k0001", "Why?")], by="ada").test_set
    many = [item(f"k{number:04}") for number in range(1_000)]

    def breaks() -> Iterator[SetItem]:
        yield from many
        yield item("k0001")

    with pytest.raises(InvalidInput, match="'k0001' comes twice"):
        sets.change(made, breaks(), by="ada")
    assert contents(sets, made) == {"old": "What?", "k0001": "Why?"}
    assert len(list(embedded_store.all(Query(tables.RUNS, f"SET#{made.set_id}", prefix="ITEM#")))) == 2

    done = sets.change(made, iter(many), by="ada")
    assert done[1:] == (999, 1, 0, 0)
    assert (done.test_set.version, done.test_set.total) == (3, 1_001)
    assert len(contents(sets, made, limit=77)) == 1_001
    whole = sets.change(done.test_set, many[:500], by="ada", others_go=True)
    assert whole[1:] == (0, 0, 501, 500)
    assert list(contents(sets, made)) == [f"k{number:04}" for number in range(500)]
    assert contents(sets, made, 1) == {"old": "What?", "k0001": "Why?"}
    assert sets.change(whole.test_set, many[:500], by="ada", others_go=True).test_set == whole.test_set


def test_what_an_interrupted_change_left_is_never_seen(sets: Sets, monkeypatch: pytest.MonkeyPatch) -> None:
    made = sets.change(sets.create("Questions", by="ada"), [item("a")], by="ada").test_set
    with monkeypatch.context() as patch:
        patch.setattr("console.data.sets.sets.numbered", lambda *_: [])
        with pytest.raises(InvalidInput):
            sets.change(made, [*(item(f"k{number}") for number in range(200)), item("k0")], by="ada")
    after = sets.change(made, [item(f"m{number}") for number in range(100)], by="ada").test_set
    assert after.total == 101
    assert set(contents(sets, made)) == {"a", *(f"m{number}" for number in range(100))}


@pytest.mark.parametrize("key", ["a#b", "a", "a%23b", "a #1", "ü/ñ", "100%", "#", "-" * 200])
def test_any_line_can_be_a_key(sets: Sets, key: str) -> None:
    made = sets.create("Questions", by="ada")
    made = (
        sets.change(made, [item("a"), item("a#000001"), item(key, "Which?")], by="ada").test_set
        if key != "a"
        else (sets.change(made, [item("a#000001"), item(key, "Which?")], by="ada").test_set)
    )
    sets.freeze(made, 1)
    made = sets.change(sets.get(made.set_id), [item(key, "Now?")], by="ada").test_set
    assert sets.item(made.set_id, key).input == "Now?"
    assert sets.item(made.set_id, key, 1).input == "Which?"
    assert contents(sets, made, limit=1)[key] == "Now?"
    assert sets.digests(made.set_id)[key] == item(key, "Now?").digest


@pytest.mark.parametrize(
    "bad", [item(""), item(" "), item("a\x1b[31m"), item("k" * 201), SetItem(key="a"), item("a", "\ud800")]
)
def test_what_cannot_be_an_item_is_refused(sets: Sets, bad: SetItem) -> None:
    made = sets.create("Questions", by="ada")
    with pytest.raises(InvalidInput):
        sets.change(made, [bad], by="ada")
    with pytest.raises(InvalidInput):
        sets.change(made, [*(item(f"k{number}") for number in range(100)), bad], by="ada")
    assert contents(sets, made) == {}


def test_long_texts_come_back_as_they_were(sets: Sets) -> None:
    text = incompressible(900_000)
    whole = SetItem(
        key="a", input="Q", context=text, expected_output="R", text="T", score=3.5, passed=True, tags=["x"],
        metadata={"topic": "billing", "deep": {"n": 1.0}},
    )  # fmt: skip
    made = sets.change(sets.create("Questions", by="ada"), [whole], by="ada").test_set
    assert sets.item(made.set_id, "a") == whole
    assert sets.items(made.set_id).items == [whole]
    with pytest.raises(TooLarge, match="Item 'b'"):
        sets.change(made, [item("b", "x" * 10_485_761)], by="ada")


def test_what_is_not_there_is_said(sets: Sets, experiments: Experiments) -> None:
    made = sets.create("Questions", by="ada")
    for ask in (
        lambda: sets.get("nothing"),
        lambda: sets.get("../.."),
        lambda: sets.versions("nothing"),
        lambda: sets.version(made.set_id, 7),
        lambda: sets.items(made.set_id, 7),
        lambda: sets.item(made.set_id, "k"),
        lambda: sets.item(made.set_id, ""),
        lambda: experiments.get("questions-1"),
        lambda: experiments.get("questions"),
        lambda: experiments.get("questions-x"),
        lambda: experiments.get("#-1"),
    ):
        with pytest.raises(NotFound):
            ask()
    with pytest.raises(InvalidInput):
        sets.items(made.set_id, limit=0)


def test_experiments_are_numbered_and_listed(sets: Sets, experiments: Experiments, clock: FakeClock) -> None:
    made, other = sets.create("Questions", by="ada"), sets.create("Others", by="ada")
    found = []
    for number in range(12):
        clock.advance(minutes=1)
        found.append(experiment(experiments, made, f"Run {number}"))
    last = experiment(experiments, other)
    assert found[-1].experiment_id == "questions-12"
    assert experiments.get("questions-12") == found[-1]
    assert [one for page in pages(lambda cursor: experiments.of_set(made.set_id, 5, cursor)) for one in page.items] == (
        found[::-1]
    )
    assert experiments.of_set(other.set_id).items == [last]
    assert {one.experiment_id for one in experiments.list(50).items} == {one.experiment_id for one in [*found, last]}
    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(lambda _: experiments.next_id(made), range(20)))
    assert len(set(ids)) == 20


def test_a_set_with_experiments_is_kept(sets: Sets, experiments: Experiments) -> None:
    made = sets.change(sets.create("Questions", by="ada"), [item("a")], by="ada").test_set
    named = sets.describe(made, by="ben", name="Better", tags=["x"], baseline="questions-1")
    assert sets.get(made.set_id) == named
    assert sets.describe(named, by="ben", baseline="").baseline is None
    experiment(experiments, made)
    with pytest.raises(InvalidInput, match="experiments"):
        sets.delete(made)
    gone = sets.create("Gone", by="ada")
    sets.delete(gone)
    assert [one.set_id for one in sets.list().items] == [made.set_id]
    with pytest.raises(NotFound):
        sets.get(gone.set_id)
