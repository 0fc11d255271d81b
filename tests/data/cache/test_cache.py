"""The cache never shows what changed more than a second ago, and works with or without its shared level."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from console.data.cache.cache import Cache
from console.data.store import tables
from console.data.store.requests import Put
from console.data.store.setup.setup import set_up
from console.data.store.store import Store
from console.errors import StoreUnavailable
from console.records import Threshold
from tests.support.fakes import FakeClock
from tests.support.faults.proxy import FaultProxy, Faults
from tests.support.old_items import old_case
from tests.support.redis_server import RedisServer
from tests.support.seams import Recorder, Ticks
from tests.support.tier import Tier, artifact, completed, new_case, new_judge, snapshot, tier


@pytest.fixture
def ticks() -> Ticks:
    return Ticks()


@pytest.fixture
def here(store: Store, ticks: Ticks) -> Tier:
    return tier(store, ticks=ticks)


@pytest.fixture
def elsewhere(store: Store, ticks: Ticks) -> Tier:
    """Another process."""
    return tier(store, ticks=ticks)


@pytest.fixture
def redis_server(tmp_path: Path, free_port: int) -> Iterator[RedisServer]:
    server = RedisServer(free_port, tmp_path)
    server.start()
    yield server
    server.kill()


# --- configuration -----------------------------------------------------------------------------------

EDITS: dict[str, tuple[Callable[[Tier, Any, Any], Any], Callable[[Tier, Any, Any], Any]]] = {
    "a case is edited": (
        lambda process, case, judge: process.cases.update(case.case_id, {"description": "new"}, by="bea"),
        lambda process, case, judge: process.cases.get(case.case_id).description == "new",
    ),
    "a case is renamed": (
        lambda process, case, judge: process.cases.update(case.case_id, {"name": "New"}, by="bea"),
        lambda process, case, judge: [one.name for one in process.cases.list()] == ["New"],
    ),
    "a case is added": (
        lambda process, case, judge: new_case(process.cases, "Another"),
        lambda process, case, judge: len(process.cases.list()) == 2,
    ),
    "a case is taken out of use": (
        lambda process, case, judge: process.cases.deactivate(case.case_id, by="bea"),
        lambda process, case, judge: process.cases.list() == [],
    ),
    "a mark is moved": (
        lambda process, case, judge: process.cases.set_threshold(
            case.case_id, Threshold(score=0.9), by="b", reason="r"
        ),
        lambda process, case, judge: process.cases.get(case.case_id).threshold.score == 0.9,
    ),
    "a mark is written down": (
        lambda process, case, judge: process.cases.set_threshold(
            case.case_id, Threshold(score=0.9), by="b", reason="r"
        ),
        lambda process, case, judge: process.thresholds.history(case)[0].score == 0.9,
    ),
    "a judge is edited": (
        lambda process, case, judge: process.judges.update(judge.judge_id, {"name": "New"}, by="bea"),
        lambda process, case, judge: process.judges.get(judge.judge_id).name == "New",
    ),
    "a judge is added": (
        lambda process, case, judge: new_judge(process, case, "Another"),
        lambda process, case, judge: len(process.judges.of_case(case.case_id)) == 2,
    ),
    "an old judge is put in force": (
        lambda process, case, judge: process.judges.activate(judge.judge_id, "1.0", by="bea"),
        lambda process, case, judge: [one.version for one in process.judges.list()] == ["1.0"],
    ),
    "a model is added": (
        lambda process, case, judge: process.catalog.create_model("llama3", "ollama", by="bea"),
        lambda process, case, judge: len(process.catalog.models()) == 2,
    ),
    "a price changes": (
        lambda process, case, judge: process.catalog.set_prices(
            judge.llm.id, input_price=1.0, output_price=2.0, by="bea"
        ),
        lambda process, case, judge: process.catalog.model(judge.llm.id).output_price == 2.0,
    ),
}


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_shows_here_at_once_and_elsewhere_within_a_second(
    here: Tier, elsewhere: Tier, ticks: Ticks, edit: str
) -> None:
    change, shows = EDITS[edit]
    case = new_case(here.cases)
    judge = new_judge(here, case)
    here.judges.update(judge.judge_id, {"name": "2"}, by="ana")
    for process in (here, elsewhere):
        assert not shows(process, case, judge)
    change(here, case, judge)
    assert shows(here, case, judge)
    ticks.advance(1.0)
    assert shows(elsewhere, case, judge)


def test_within_the_second_nothing_is_asked_of_the_store(store: Store, ticks: Ticks) -> None:
    recorder = Recorder(store.client)
    process = tier(Store(recorder, prefix=store.prefix), ticks=ticks)
    case = new_case(process.cases)
    judge = new_judge(process, case)

    def look() -> list[str]:
        recorder.requests.clear()
        process.cases.get(case.case_id)
        process.cases.list()
        process.judges.get(judge.judge_id)
        process.judges.list()
        process.judges.of_case(case.case_id)
        process.catalog.models()
        return recorder.operations

    look()
    assert look() == []
    ticks.advance(0.99)
    assert look() == []
    ticks.advance(0.01)
    assert look() == ["batch_get_item"]
    ticks.advance(60.0)
    assert look() == ["batch_get_item", "query", "query", "query"]  # lists come from indexes, which may lag


def test_a_change_of_cases_does_not_drop_what_is_known_of_judges(store: Store, ticks: Ticks) -> None:
    recorder = Recorder(store.client)
    process = tier(Store(recorder, prefix=store.prefix), ticks=ticks)
    judge = new_judge(process, new_case(process.cases))
    process.judges.get(judge.judge_id)
    new_case(process.cases, "Another")
    recorder.requests.clear()
    process.judges.get(judge.judge_id)
    assert recorder.operations == ["batch_get_item"]


def test_threads_that_ask_at_once_after_a_pause_all_see_the_change(
    unreliable: tuple[Store, FaultProxy], embedded_store: Store, ticks: Ticks
) -> None:
    store, proxy = unreliable
    process = tier(store, ticks=ticks)
    case = new_case(tier(embedded_store).cases)
    process.cases.get(case.case_id)
    tier(embedded_store).cases.update(case.case_id, {"description": "new"}, by="bea")
    ticks.advance(3_600)
    before = proxy.counts["BatchGetItem", "answered"]
    proxy.plan(Faults(delay=(0.2, 0.2)))
    with ThreadPoolExecutor(8) as pool:
        seen = list(pool.map(lambda _: process.cases.get(case.case_id).description, range(8)))
    assert seen == ["new"] * 8
    assert proxy.counts["BatchGetItem", "answered"] == before + 1


def test_a_look_at_the_store_that_fails_is_reported_and_the_next_one_looks_again(
    unreliable: tuple[Store, FaultProxy], ticks: Ticks
) -> None:
    store, proxy = unreliable
    process = tier(store.patient(0.2), ticks=ticks)
    case = new_case(process.cases)
    process.cases.get(case.case_id)
    ticks.advance(1.0)
    proxy.plan(Faults(error=1.0))
    with pytest.raises(StoreUnavailable):
        process.cases.get(case.case_id)
    proxy.clear()
    assert process.cases.get(case.case_id) == case


def test_an_item_that_another_program_wrote_shows_in_lists_after_a_while(
    here: Tier, store: Store, ticks: Ticks
) -> None:
    assert here.cases.list() == []
    store.write(Put(tables.CASES, old_case()))
    ticks.advance(5.0)
    assert [case.case_id for case in here.cases.list()] == ["old-case"]


# --- finished runs -----------------------------------------------------------------------------------


def test_a_finished_run_is_read_once_and_an_unfinished_one_each_time(store: Store) -> None:
    recorder = Recorder(store.client)
    process = tier(Store(recorder, prefix=store.prefix))
    pending = process.runs.create(snapshot(), artifact(), by="ana")
    done = completed(process.runs)
    recorder.requests.clear()
    for _ in range(3):
        assert process.runs.get(pending.run_id) == pending
        assert process.runs.get(done.run_id) == done
    assert recorder.operations == ["query"] * 4


def test_what_comes_from_the_cache_is_exactly_what_was_stored(here: Tier, elsewhere: Tier) -> None:
    metadata = {"b": 1, "a": 1.0, "long": 12345678901234567890123, "neg": -(2**70), "deep": [{"x": [None, True]}]}
    made = here.runs.create(snapshot(parameters=metadata), artifact("é😀\u2028", metadata=metadata), by="ana")
    done = here.runs.fail(made, "no")
    first, second = elsewhere.runs.get(1), elsewhere.runs.get(1)
    assert first == second == done
    assert repr(second.evaluated_artifact.metadata) == repr(metadata)
    assert repr(second.judge_snapshot.parameters) == repr(metadata)
    assert elsewhere.cache.read().hits >= 1


def test_finished_runs_stay_until_their_bytes_are_needed(store: Store) -> None:
    writer = tier(store)
    for number in range(6):
        completed(writer.runs, text=str(number) * 10_000)
    recorder = Recorder(store.client)
    process = tier(Store(recorder, prefix=store.prefix), budget=40_000)
    for run_id in (1, 2, 3, 1, 4, 1):
        process.runs.get(run_id)
    assert recorder.operations == ["query"] * 4
    assert 30_000 < process.cache.read().bytes <= 40_000
    process.runs.get(2)  # the one that was not used for longest has gone
    assert recorder.operations == ["query"] * 5


def test_a_run_beyond_the_budget_is_read_and_not_kept(store: Store) -> None:
    completed(tier(store).runs, text="x" * 50_000)
    process = tier(store, budget=40_000)
    assert len(process.runs.get(1).evaluated_artifact.evaluation_target) == 50_000
    assert process.cache.read().bytes == 0


# --- the shared level --------------------------------------------------------------------------------


def shared_tier(store: Store, server: RedisServer, ticks: Ticks) -> tuple[Tier, Recorder]:
    recorder = Recorder(store.client)
    return tier(Store(recorder, prefix=store.prefix), ticks=ticks, url=server.url), recorder


def test_what_one_process_read_another_gets_from_the_shared_level(
    embedded_store: Store, redis_server: RedisServer, ticks: Ticks
) -> None:
    one, _ = shared_tier(embedded_store, redis_server, ticks)
    other, asked = shared_tier(embedded_store, redis_server, ticks)
    case = new_case(one.cases)
    done = completed(one.runs)
    one.cases.get(case.case_id)
    one.runs.get(done.run_id)
    other.store.layout  # noqa: B018 - read once in 30 s
    asked.requests.clear()
    assert other.cases.get(case.case_id) == case
    assert other.runs.get(done.run_id) == done
    assert asked.operations == ["batch_get_item"]
    assert (other.cache.read().shared_hits, other.cache.read().shared) == (2, "up")


def test_the_shared_level_shows_no_edit_late(embedded_store: Store, redis_server: RedisServer, ticks: Ticks) -> None:
    one, _ = shared_tier(embedded_store, redis_server, ticks)
    other, _ = shared_tier(embedded_store, redis_server, ticks)
    case = new_case(one.cases)
    other.cases.get(case.case_id)
    one.cases.update(case.case_id, {"description": "new"}, by="bea")
    ticks.advance(1.0)
    assert other.cases.get(case.case_id).description == "new"


def test_stores_with_other_prefixes_do_not_see_one_another(
    embedded_store: Store, redis_server: RedisServer, ticks: Ticks
) -> None:
    other = Store(embedded_store.client, prefix=f"other-{embedded_store.prefix}")
    set_up(other)
    processes = [shared_tier(store, redis_server, ticks)[0] for store in (embedded_store, other)]
    made = [completed(process.runs, text=process.store.prefix) for process in processes]
    for _ in range(2):
        assert [process.runs.get(1) for process in processes] == made
    assert len(redis_server.known()) == 2


def test_redis_killed_in_the_middle_is_done_without_and_said_so(
    embedded_store: Store, redis_server: RedisServer, ticks: Ticks, caplog: pytest.LogCaptureFixture
) -> None:
    process, _ = shared_tier(embedded_store, redis_server, ticks)
    case = new_case(process.cases)
    done = completed(process.runs)
    assert process.cache.read().shared == "up"
    redis_server.kill()
    assert process.runs.get(done.run_id) == done
    assert process.cases.get(case.case_id) == case
    assert process.cases.update(case.case_id, {"description": "new"}, by="bea").version == "2.0"
    assert process.cases.get(case.case_id).description == "new"
    assert process.cache.read().shared.startswith("down: Error")
    warnings = [record for record in caplog.records if record.name == "console.data.cache.shared"]
    assert [record.getMessage()[:34] for record in warnings] == ["The shared cache does not answer a"]


def test_redis_that_comes_back_is_used_again(embedded_store: Store, redis_server: RedisServer, ticks: Ticks) -> None:
    process, _ = shared_tier(embedded_store, redis_server, ticks)
    redis_server.kill()
    completed(process.runs)
    process.runs.get(1)
    assert process.cache.read().shared.startswith("down")
    redis_server.start()
    assert process.cache.read().shared.startswith("down")
    ticks.advance(5.0)
    assert process.cache.read().shared == "up"
    completed(process.runs)
    process.runs.get(2)
    assert [key.rsplit(":", 1)[1] for key in redis_server.known()] == ["RUN#2"]


def test_redis_that_was_never_there_stops_nothing(embedded_store: Store, ticks: Ticks, free_port: int) -> None:
    process = tier(embedded_store, ticks=ticks, url=f"redis://127.0.0.1:{free_port}/0")
    assert process.cases.get(new_case(process.cases).case_id).name == "Helpfulness"
    assert process.cache.read().shared.startswith("down")


def test_junk_in_the_shared_level_is_as_good_as_nothing(
    embedded_store: Store, redis_server: RedisServer, ticks: Ticks
) -> None:
    one, _ = shared_tier(embedded_store, redis_server, ticks)
    other, _ = shared_tier(embedded_store, redis_server, ticks)
    case = new_case(one.cases)
    done = completed(one.runs)
    one.cases.get(case.case_id)
    one.runs.get(done.run_id)
    redis_server.put_junk_everywhere()
    assert other.cases.get(case.case_id) == case
    assert other.runs.get(done.run_id) == done


def test_without_an_address_there_is_no_shared_level(embedded_store: Store) -> None:
    assert Cache(embedded_store).read().shared == "off"


def test_the_time_of_day_has_no_part_in_it(embedded_store: Store, ticks: Ticks) -> None:
    clock = FakeClock()
    process = tier(embedded_store, ticks=ticks, clock=clock)
    case = new_case(process.cases)
    clock.advance(days=-400)
    assert process.cases.get(case.case_id) == case
    assert process.cases.update(case.case_id, {"description": "new"}, by="bea").last_updated_on > case.last_updated_on
