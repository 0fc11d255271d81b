"""What the store promises while it is throttled, fails, resets connections, loses answers, lags or hangs.

The names say which goal (R1 to R9) a test measures; the sizes of the goals are marked `slow`.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from threading import Barrier
from typing import Any

import msgspec
import pytest

from console.data.batches.runs import EndedRow
from console.data.runs.rollups.recount import verify
from console.data.store import tables
from console.data.store.client import make_client
from console.data.store.store import Store
from console.errors import AlreadyExists, StoreUnavailable, UnsavedItems
from console.records import BatchState, Role, RunFilter, RunStatus, Threshold, Verdict, utcnow
from tests.support.faults.proxy import FaultProxy, Faults
from tests.support.tier import (
    Tier,
    artifact,
    behind_proxy,
    completed,
    items_of,
    new_case,
    new_judge,
    results,
    snapshot,
    tier,
)

Unreliable = tuple[Store, FaultProxy]
A_FIFTH = Faults(throttle=0.06, error=0.05, reset=0.04, lost=0.05)
TWO_FIFTHS = Faults(throttle=0.12, error=0.1, reset=0.08, lost=0.1)
Figure = Callable[[str, object], None]


@pytest.fixture
def unreliable(embedded_store: Store, engine_endpoint: str) -> Iterator[Unreliable]:
    with behind_proxy(embedded_store, engine_endpoint) as both:
        yield both


@pytest.fixture
def figure(record_property: Figure, request: pytest.FixtureRequest) -> Figure:
    """Reports a figure under the name of the test."""
    return lambda goal, value: record_property(f"{goal} {request.node.callspec.id}", value)


def sizes(in_ci: int, on_demand: int) -> Any:
    both = [in_ci, pytest.param(on_demand, marks=pytest.mark.slow)]
    return pytest.mark.parametrize("size", both, ids=[f"{in_ci}", f"{on_demand}"])


# --- R1: creates -------------------------------------------------------------------------------------


@sizes(1_000, 10_000)
@pytest.mark.parametrize("faults", [A_FIFTH, TWO_FIFTHS], ids=["20%", "40%"])
def test_creates_are_neither_lost_nor_doubled_nor_refused_without_reason(
    unreliable: Unreliable, embedded_store: Store, faults: Faults, size: int, figure: Figure
) -> None:
    store, proxy = unreliable
    process = tier(store)
    asked = [(kind, number) for kind in ("case", "run", "import") for number in range(size * 3 // 10)]
    unique = [one for one in asked if one[0] != "run"]
    asked += random.Random(1).sample(unique, size - len(asked))  # true duplicates: every tenth
    random.Random(2).shuffle(asked)
    done = msgspec.structs.replace(completed(tier(embedded_store).runs), evaluated_artifact=artifact("imported"))

    def create(one: tuple[str, int]) -> tuple[str, int] | None:
        kind, number = one
        if kind == "run":
            process.runs.create(snapshot(), artifact(f"run {number}"), by="ana")
        elif kind == "import":
            run = msgspec.structs.replace(done, run_id=process.runs.next_ids(), created_by=f"import {number}")
            return one if process.runs.import_finished(run, f"row {number}") else None
        else:
            try:
                new_case(process.cases, f"case {number}")
            except AlreadyExists:
                return None
        return one

    proxy.plan(faults)
    with ThreadPoolExecutor(16) as pool:
        made = Counter(pool.map(create, asked))
    refused = made.pop(None, 0)
    proxy.clear()
    stored = Counter(case.name for case in tier(embedded_store).cases.list())
    for item in items_of(embedded_store, tables.RUNS, "RUN#"):
        text, by = item["preview"]["S"], item["createdBy"]["S"]
        stored[by if text == "imported" else text] += 1
    troubled = sum(count for (_, outcome), count in proxy.counts.items() if outcome != "answered")
    names = {f"{kind} {number}" for kind, number in asked}
    lost, doubled = names - set(stored), [one for one in names if stored[one] > 1]
    refused_wrongly = set(asked) - set(made)
    figure(
        "R1",
        f"{len(lost)} lost, {len(doubled)} doubled, {len(refused_wrongly)} refused without reason "
        f"({size} creates, {refused} true duplicates refused, {troubled} of {len(proxy.calls)} answers bad)",
    )
    assert (lost, doubled, refused_wrongly) == (set(), [], set())
    assert refused == size - len(names)
    assert set(made.values()) == {1}
    assert verify(embedded_store) == []
    assert troubled > len(proxy.calls) * 0.15


# --- R2: batches -------------------------------------------------------------------------------------


def numbered(size: int) -> list[dict[str, Any]]:
    return [{"partitionKey": {"S": f"item {number:05}"}, "sortKey": {"S": "s"}} for number in range(size)]


@sizes(2_000, 10_000)
def test_a_batch_of_which_half_is_refused_each_time_is_stored_whole(
    unreliable: Unreliable, embedded_store: Store, size: int, figure: Figure
) -> None:
    store, proxy = unreliable
    proxy.partial_batches(0.5)
    began = time.monotonic()
    store.batch_put(tables.RUNS, numbered(size))
    seconds = time.monotonic() - began
    stored = [item["partitionKey"]["S"] for item in embedded_store.scan(tables.RUNS)]
    figure("R2", f"{len(stored)} of {size} stored in {len(proxy.calls)} requests, {seconds:.1f} s")
    assert sorted(stored) == [f"item {number:05}" for number in range(size)]


@sizes(2_000, 10_000)
def test_a_batch_that_is_blocked_asks_seldom_and_names_every_item_that_is_not_saved(
    unreliable: Unreliable, embedded_store: Store, size: int, figure: Figure
) -> None:
    store, proxy = unreliable
    half = size // 2

    def block(saved: int) -> None:
        proxy.partial_batches(1.0 if saved >= half else 0.0)
        if saved >= half:
            proxy.calls.clear()

    with pytest.raises(UnsavedItems, match=f"{half} item.s. of EvaluationRuns were not saved") as caught:
        store.patient(4.0).batch_put(tables.RUNS, numbered(size), on_saved=block)
    stored = {item["partitionKey"]["S"] for item in embedded_store.scan(tables.RUNS)}
    figure(
        "R2",
        f"blocked: {proxy.busiest_second()} requests in the busiest second, {len(proxy.calls)} in 4 s, "
        f"{len(caught.value.keys)} unsaved keys named",
    )
    assert stored == {f"item {number:05}" for number in range(half)}
    assert caught.value.keys == tuple(f"item {number:05} / s" for number in range(half, size))
    assert proxy.busiest_second() <= 20


# --- R3: ids -----------------------------------------------------------------------------------------


@sizes(800, 3_200)
def test_run_ids_are_unique_though_answers_are_lost(
    unreliable: Unreliable, embedded_store: Store, size: int, figure: Figure
) -> None:
    store, proxy = unreliable
    runs = tier(store).runs
    proxy.plan(Faults(lost=0.3, reset=0.05, error=0.05))
    blocks = [1 + number % 4 for number in range(size)]
    with ThreadPoolExecutor(32) as pool:
        firsts = list(pool.map(runs.next_ids, blocks))
    given = [first + place for first, count in zip(firsts, blocks, strict=True) for place in range(count)]
    twice = len(given) - len(set(given))
    figure(
        "R3",
        f"{twice} given twice of {len(given)} ids in {size} requests, "
        f"{proxy.counts['UpdateItem', 'lost']} answers lost",
    )
    assert twice == 0
    assert min(given) > 0
    assert proxy.counts["UpdateItem", "lost"] > size // 5


# --- R4: names ---------------------------------------------------------------------------------------


@sizes(25, 200)
def test_of_those_who_race_for_a_name_one_gets_it_and_no_name_is_left_behind(
    embedded_store: Store, engine_endpoint: str, size: int, figure: Figure
) -> None:
    racers = 16
    with behind_proxy(embedded_store, engine_endpoint) as (store, proxy):
        processes = [tier(store) for _ in range(racers)]
        homes = [new_case(one.cases, f"home of {number}") for number, one in enumerate(processes)]
        together = Barrier(racers)
        proxy.plan(Faults(conflict=0.1, lost=0.05, throttle=0.05))

        def race(number: int) -> list[str]:
            won = []
            for round_ in range(size):
                name = f"Prize {round_}" if number % 3 else f"PRIZE {round_}"
                together.wait()
                try:
                    if number % 2:
                        new_case(processes[number].cases, name)
                    else:
                        processes[number].cases.update(homes[number].case_id, {"name": name}, by="ana")
                except AlreadyExists:
                    continue
                won.append(name.lower())
            return won

        with ThreadPoolExecutor(racers) as pool:
            winners = Counter(name for won in pool.map(race, range(racers)) for name in won)
    cases = {case.name.lower(): case.case_id for case in tier(embedded_store).cases.list()}
    held = {
        item["partitionKey"]["S"].removeprefix("NAME#CASE#"): item["owner"]["S"]
        for item in items_of(embedded_store, tables.CASES, "NAME#")
    }
    orphans = [name for name, owner in held.items() if cases.get(name) != owner]
    figure(
        "R4",
        f"{size} names x {racers} racers: winners per name {dict(Counter(winners.values()))}, "
        f"{len(orphans)} orphan names",
    )
    assert winners == dict.fromkeys((f"prize {round_}" for round_ in range(size)), 1)
    assert orphans == []
    assert held == cases


# --- R8: indexes that lag ----------------------------------------------------------------------------


@pytest.fixture
def lagging(unreliable: Unreliable) -> Iterator[Tier]:
    """A process that sees indexes as they were two seconds ago."""
    store, proxy = unreliable
    proxy.stale_indexes(2.0)
    yield tier(store)
    proxy.clear()


def test_the_writer_sees_its_own_cases_though_indexes_lag(lagging: Tier, embedded_store: Store) -> None:
    cases = lagging.cases
    made = new_case(cases, "Tone")
    assert [case.name for case in cases.list()] == ["Tone"]
    assert tier(lagging.store).cases.list() == []
    edited = cases.update(made.case_id, {"name": "Voice"}, by="ana")
    assert cases.list() == [edited]
    moved = cases.set_threshold(made.case_id, Threshold(score=0.9), by="ana", reason="r")
    assert cases.list() == [moved]
    cases.deactivate(made.case_id, by="ana")
    assert cases.list() == []
    again = cases.activate(made.case_id, "1.0", by="ana")
    assert cases.list() == [again]
    assert tier(embedded_store).cases.list() == [again]


def test_the_writer_sees_its_edit_of_what_somebody_else_made(lagging: Tier, embedded_store: Store) -> None:
    other = tier(embedded_store)
    case = new_case(other.cases)
    judge = new_judge(other, case)
    edited = lagging.cases.update(case.case_id, {"name": "Voice"}, by="ana")
    assert lagging.cases.list() == [edited]
    kind = lagging.judges.update(judge.judge_id, {"name": "Kind"}, by="ana")
    assert lagging.judges.list() == lagging.judges.of_case(case.case_id) == [kind]


def test_the_writer_sees_its_own_judges_though_indexes_lag(lagging: Tier) -> None:
    judges = lagging.judges
    case = new_case(lagging.cases)
    made = new_judge(lagging, case)
    assert judges.list() == judges.of_case(case.case_id) == [made]
    assert tier(lagging.store).judges.list() == []
    edited = judges.update(made.judge_id, {"name": "Kind"}, by="ana")
    assert judges.list() == judges.of_case(case.case_id) == [edited]
    judges.deactivate(made.judge_id, by="ana")
    assert judges.list() == judges.of_case(case.case_id) == []


def test_the_writer_sees_its_own_runs_in_every_list_though_indexes_lag(lagging: Tier) -> None:
    runs = lagging.runs
    today = utcnow().date()
    lists = [
        RunFilter(),
        RunFilter(judge_id="judge-1"),
        RunFilter(case_id="case-1"),
        RunFilter(first_day=today - timedelta(days=1), last_day=today + timedelta(days=1)),
        RunFilter(model="gpt-4o"),
    ]

    def shown(*more: RunFilter) -> list[list[tuple[int | str, str]]]:
        return [[(row.run_id, row.status.value) for row in runs.list(one).items] for one in [*lists, *more]]

    made = runs.create(snapshot(), artifact(), by="ana")
    assert shown(RunFilter(status=RunStatus.PENDING)) == [[(1, "pending")]] * 6
    assert tier(lagging.store).runs.list().items == []
    running = runs.start(made)
    assert shown(RunFilter(status=RunStatus.RUNNING)) == [[(1, "running")]] * 6
    done = runs.complete(running, results(4.0), threshold=0.5)
    assert shown(RunFilter(status=RunStatus.COMPLETED), RunFilter(verdict=Verdict.PASS)) == [[(1, "completed")]] * 7
    assert runs.list(RunFilter(status=RunStatus.PENDING)).items == []
    lagging.labels.save(done, score=5.0, passed=True, by="bea")
    (row,) = runs.list(RunFilter(case_id="case-1", labelled=True)).items
    assert (row.run_id, row.label_score, row.label_passed) == (1, 5.0, True)


def test_a_run_is_shown_once_before_and_after_the_index_has_it(lagging: Tier) -> None:
    other = tier(lagging.store)
    for _ in range(3):
        completed(lagging.runs)
    time.sleep(2.1)
    completed(lagging.runs)
    assert [row.run_id for row in lagging.runs.list().items] == [4, 3, 2, 1]
    assert [row.run_id for row in other.runs.list().items] == [3, 2, 1]


# --- R9: a store that hangs --------------------------------------------------------------------------


def operations(process: Tier) -> dict[str, Callable[[Tier], Any]]:
    """Every read and write of every repository, on what `process` has made."""
    case = new_case(process.cases, "Tone")
    judge = new_judge(process, case)
    model, metric = process.catalog.models()[0], process.catalog.metrics()[0]
    pending = process.runs.create(snapshot(), artifact(), by="ana")
    done = completed(process.runs)
    (row,) = process.runs.list(RunFilter(status=RunStatus.COMPLETED)).items
    document = process.documents.create("text", by="ana")
    batch = process.batches.create("batch", judge.judge_id, [artifact()], by="ana")
    process.users.add("ana", "Ana", Role.ADMIN, "correct horse battery", by="ana")
    day = done.run_date
    return {
        "catalog.metrics": lambda on: on.catalog.metrics(),
        "catalog.metric": lambda on: on.catalog.metric(metric.metric_id),
        "catalog.metric_named": lambda on: on.catalog.metric_named("geval"),
        "catalog.create_metric": lambda on: on.catalog.create_metric("new", by="ana"),
        "catalog.models": lambda on: on.catalog.models(),
        "catalog.model": lambda on: on.catalog.model(model.model_id),
        "catalog.model_named": lambda on: on.catalog.model_named("gpt-4o"),
        "catalog.create_model": lambda on: on.catalog.create_model("new", "openai", by="ana"),
        "catalog.set_prices": lambda on: on.catalog.set_prices(
            model.model_id, input_price=1.0, output_price=1.0, by="ana"
        ),
        "catalog.ensure_defaults": lambda on: on.catalog.ensure_defaults(),
        "cases.get": lambda on: on.cases.get(case.case_id),
        "cases.find": lambda on: on.cases.find(case.case_id),
        "cases.find_by_name": lambda on: on.cases.find_by_name("Tone"),
        "cases.versions": lambda on: on.cases.versions(case.case_id),
        "cases.version": lambda on: on.cases.version(case.case_id, "1.0"),
        "cases.list": lambda on: on.cases.list(),
        "cases.create": lambda on: new_case(on.cases, "New"),
        "cases.update": lambda on: on.cases.update(case.case_id, {"name": "N"}, by="ana"),
        "cases.set_threshold": lambda on: on.cases.set_threshold(case.case_id, Threshold(), by="ana", reason="r"),
        "cases.activate": lambda on: on.cases.activate(case.case_id, "1.0", by="ana"),
        "cases.deactivate": lambda on: on.cases.deactivate(case.case_id, by="ana"),
        "judges.get": lambda on: on.judges.get(judge.judge_id),
        "judges.find": lambda on: on.judges.find(judge.judge_id),
        "judges.versions": lambda on: on.judges.versions(judge.judge_id),
        "judges.version": lambda on: on.judges.version(judge.judge_id, "1.0"),
        "judges.list": lambda on: on.judges.list(),
        "judges.of_case": lambda on: on.judges.of_case(case.case_id),
        "judges.create": lambda on: on.judges.create(
            name="n", case=case, metric=metric, model=model, parameters={}, by="ana"
        ),
        "judges.update": lambda on: on.judges.update(judge.judge_id, {"name": "n"}, by="ana"),
        "judges.activate": lambda on: on.judges.activate(judge.judge_id, "1.0", by="ana"),
        "judges.deactivate": lambda on: on.judges.deactivate(judge.judge_id, by="ana"),
        "thresholds.history": lambda on: on.thresholds.history(case),
        "thresholds.all": lambda on: on.thresholds.all(),
        "runs.get": lambda on: on.runs.get(1),
        "runs.find": lambda on: on.runs.find(1),
        "runs.get_many": lambda on: on.runs.get_many([row]),
        "runs.list": lambda on: on.runs.list(),
        "runs.list of a judge": lambda on: on.runs.list(RunFilter(judge_id="judge-1")),
        "runs.next_ids": lambda on: on.runs.next_ids(),
        "runs.reserve_ids": lambda on: on.runs.reserve_ids(1_000),
        "runs.create": lambda on: on.runs.create(snapshot(), artifact(), by="ana"),
        "runs.start": lambda on: on.runs.start(pending),
        "runs.complete": lambda on: on.runs.complete(pending, results(), threshold=0.5),
        "runs.fail": lambda on: on.runs.fail(pending, "no"),
        "runs.imported": lambda on: on.runs.imported(["key"]),
        "runs.import_finished": lambda on: on.runs.import_finished(done, "key"),
        "runs.announce": lambda on: on.runs.announce(),
        "rollups.read": lambda on: on.rollups.read(day - timedelta(days=90), day),
        "rollups.first_day": lambda on: on.rollups.first_day(),
        "labels.of": lambda on: on.labels.of(done.run_id),
        "labels.labelled": lambda on: on.labels.labelled("case-1"),
        "labels.save": lambda on: on.labels.save(done, passed=True, by="ana"),
        "labels.remove": lambda on: on.labels.remove(done, "ana"),
        "documents.get": lambda on: on.documents.get(document.document_id),
        "documents.get_many": lambda on: on.documents.get_many([document.document_id]),
        "documents.list": lambda on: on.documents.list(),
        "documents.create": lambda on: on.documents.create("text", by="ana"),
        "documents.delete": lambda on: on.documents.delete(document.document_id),
        "batches.get": lambda on: on.batches.get(batch.batch_id),
        "batches.list": lambda on: on.batches.list(),
        "batches.rows": lambda on: on.batches.rows(batch.batch_id),
        "batches.set_state": lambda on: on.batches.set_state(batch.batch_id, BatchState.CANCELLED),
        "batch_runs.finish": lambda on: on.batch_runs.finish(batch.batch_id, "me", [EndedRow(1, done)]),
        "batches.claim": lambda on: on.batches.claim(batch.batch_id, "me", 60),
        "users.get": lambda on: on.users.get("ana"),
        "users.list": lambda on: on.users.list(),
        "users.add": lambda on: on.users.add("bea", "Bea", Role.VIEWER, "correct horse battery", by="ana"),
        "users.set_role": lambda on: on.users.set_role("ana", Role.VIEWER),
        "users.set_password": lambda on: on.users.set_password("ana", "battery horse staple"),
        "users.revoke": lambda on: on.users.revoke("ana"),
        "users.verify": lambda on: on.users.verify("ana", "correct horse battery"),
        "users.delete": lambda on: on.users.delete("ana"),
    }


def _outcome(act: Callable[[Tier], Any], on: Tier) -> tuple[str, str, float]:
    began = time.monotonic()
    try:
        act(on)
    except Exception as error:  # noqa: BLE001 - which error it is, is the question
        return type(error).__name__, str(error), time.monotonic() - began
    return "nothing", "", time.monotonic() - began


def test_a_store_that_hangs_is_reported_by_every_operation_within_ten_seconds(
    embedded_store: Store, engine_endpoint: str, record_property: Figure
) -> None:
    acts = operations(tier(embedded_store))
    with (
        FaultProxy(engine_endpoint) as proxy,
        closing(make_client("us-east-1", proxy.endpoint, pool=4 * len(acts))) as client,
        ThreadPoolExecutor(len(acts)) as pool,
    ):
        store = Store(client, prefix=embedded_store.prefix)
        proxy.hang()
        outcomes = dict(zip(acts, pool.map(lambda act: _outcome(act, tier(store)), acts.values()), strict=True))
        proxy.clear()
    record_property("R9", f"{len(outcomes)} operations, slowest {max(one[2] for one in outcomes.values()):.1f} s")
    wrong = {
        name: one for name, one in outcomes.items() if one[0] != "StoreUnavailable" or "did not complete" not in one[1]
    }
    assert wrong == {}
    assert {name: one[2] for name, one in outcomes.items() if one[2] > 10} == {}


@pytest.mark.parametrize(
    "first", [Faults(conflict=1.0), Faults(throttle=1.0), Faults(reset=1.0)], ids=["conflict", "throttle", "reset"]
)
def test_a_store_that_hangs_after_other_trouble_is_reported_within_ten_seconds_too(
    unreliable: Unreliable, first: Faults
) -> None:
    store, proxy = unreliable
    process = tier(store)
    made = process.runs.create(snapshot(), artifact(), by="ana")
    pauses: list[float] = []

    def then_hang(seconds: float) -> None:
        time.sleep(seconds)
        pauses.append(seconds)
        if sum(pauses) > 3.0:
            proxy.hang()

    store._sleep = then_hang
    proxy.plan(first, {"TransactWriteItems"})
    began = time.monotonic()
    with pytest.raises(StoreUnavailable):
        process.runs.complete(made, results(), threshold=0.5)
    assert time.monotonic() - began < 10
