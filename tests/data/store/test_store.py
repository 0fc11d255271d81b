"""The store: what a request costs, what its failures mean, and that no failure is mistaken for another."""

from __future__ import annotations

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from console.data.store import tables
from console.data.store.answers import ConditionFailed
from console.data.store.client import make_client
from console.data.store.codec import Item
from console.data.store.requests import ABSENT, PRESENT, Check, Condition, Delete, Put, Query, Update, equals, one_of
from console.data.store.setup.description import describe
from console.data.store.setup.setup import set_up
from console.data.store.store import Store
from console.engine import process
from console.engine.engine import acquire
from console.errors import SetupError, StoreError, StoreUnavailable, UnsavedItems
from tests.support.faults.proxy import FaultProxy, Faults
from tests.support.seams import Recorder
from tests.support.tier import behind_proxy

RUNS = tables.RUNS


def item(partition: str, sort: str = "s", **attributes: Any) -> Item:
    return {tables.PK: {"S": partition}, tables.SK: {"S": sort}, **attributes}


def keys(items: Any) -> list[str]:
    return sorted(one[tables.PK]["S"] + "/" + one[tables.SK]["S"] for one in items)


@pytest.fixture
def recorded(store: Store) -> tuple[Store, Recorder]:
    recorder = Recorder(store.client)
    return Store(recorder, prefix=store.prefix), recorder


# --- tables ------------------------------------------------------------------------------------------


def test_creating_the_tables_again_changes_nothing(store: Store) -> None:
    store.write(Put(RUNS, item("a")))
    assert set_up(store).created == []
    assert keys(store.scan(RUNS)) == ["a/s"]


def test_the_tables_are_as_the_design_fixes_them(store: Store) -> None:
    runs = describe(store, RUNS)
    assert runs is not None
    assert {key["AttributeName"]: key["KeyType"] for key in runs["KeySchema"]} == {
        "partitionKey": "HASH",
        "sortKey": "RANGE",
    }
    assert {
        index["IndexName"]: (
            [key["AttributeName"] for key in index["KeySchema"]],
            index["Projection"]["ProjectionType"],
        )
        for index in runs["GlobalSecondaryIndexes"]
    } == {
        "RunsByJudgeIndex": (["judgeId", "startedAt"], "INCLUDE"),
        "RunsByCaseIndex": (["caseId", "startedAt"], "INCLUDE"),
        "RunsByDateIndex": (["runDate", "startedAt"], "INCLUDE"),
        "RunsByStatusIndex": (["status", "startedAt"], "INCLUDE"),
        "LabelledRunsIndex": (["labelledCaseId", "startedAt"], "INCLUDE"),
    }


def test_two_prefixes_are_two_stores(store: Store) -> None:
    other = Store(store.client, prefix=f"other-{store.prefix}")
    set_up(other)
    store.write(Put(RUNS, item("a")))
    assert list(other.scan(RUNS)) == []


# --- reading -----------------------------------------------------------------------------------------


def test_an_item_is_read_as_it_was_written(store: Store) -> None:
    written = item("a", n={"N": "1.5"}, m={"M": {"l": {"L": [{"BOOL": True}, {"NULL": True}, {"S": "é"}]}}})
    store.write(Put(RUNS, written))
    assert store.get(RUNS, "a", "s") == written
    assert store.get(RUNS, "a", "t") is None


@pytest.mark.parametrize("key", ["", "x" * 2_049, "\ud800", "é" * 1_025], ids=["empty", "long", "broken", "wide"])
def test_a_key_that_cannot_be_is_not_found_and_not_an_error(store: Store, key: str) -> None:
    assert store.get(RUNS, key, "s") is None
    assert store.page(Query(RUNS, key)) == ([], None)
    assert store.page(Query(RUNS, key, index=tables.RUNS_BY_CASE)) == ([], None)


def test_a_query_goes_on_over_pages(recorded: tuple[Store, Recorder]) -> None:
    store, recorder = recorded
    store.batch_put(RUNS, [item("a", f"{number:04}") for number in range(501)])
    recorder.requests.clear()
    assert [one[tables.SK]["S"] for one in store.all(Query(RUNS, "a"))] == [f"{number:04}" for number in range(501)]
    assert recorder.operations == ["query", "query"]


def test_bounds_of_a_query_are_included_and_a_prefix_is_a_prefix(store: Store) -> None:
    store.batch_put(RUNS, [item("a", sort) for sort in ("1", "2", "3", "31", "4")])
    assert keys(store.all(Query(RUNS, "a", low="2", high="31"))) == ["a/2", "a/3", "a/31"]
    assert keys(store.all(Query(RUNS, "a", low="31"))) == ["a/31", "a/4"]
    assert keys(store.all(Query(RUNS, "a", high="2"))) == ["a/1", "a/2"]
    assert keys(store.all(Query(RUNS, "a", prefix="3"))) == ["a/3", "a/31"]


def test_a_query_can_ask_for_some_attributes(store: Store) -> None:
    store.write(Put(RUNS, item("a", status={"S": "x"}, preview={"S": "y"})))
    assert list(store.all(Query(RUNS, "a", attributes=("status",)))) == [{"status": {"S": "x"}}]


def test_many_keys_are_read_a_hundred_per_request(recorded: tuple[Store, Recorder]) -> None:
    store, recorder = recorded
    store.batch_put(RUNS, [item(f"k{number}") for number in range(201)])
    recorder.requests.clear()
    found = store.batch_get(RUNS, [(f"k{number}", "s") for number in range(201)] + [("missing", "s")])
    assert keys(found) == sorted(f"k{number}/s" for number in range(201))
    assert recorder.operations == ["batch_get_item"] * 3


def test_keys_that_the_store_left_out_are_asked_for_again(unreliable: tuple[Store, FaultProxy]) -> None:
    store, proxy = unreliable
    store.batch_put(RUNS, [item(f"k{number}") for number in range(100)])
    proxy.partial_batches(0.5)
    assert len(store.batch_get(RUNS, [(f"k{number}", "s") for number in range(100)])) == 100
    assert proxy.counts["BatchGetItem", "partial"] >= 3


# --- single writes -----------------------------------------------------------------------------------


def test_a_failed_condition_tells_what_was_there(store: Store) -> None:
    store.write(Put(RUNS, item("a", status={"S": "first"}), ABSENT))
    with pytest.raises(ConditionFailed) as caught:
        store.write(Put(RUNS, item("a", status={"S": "second"}), ABSENT))
    assert caught.value.items[0]["status"] == {"S": "first"}
    assert store.get(RUNS, "a", "s")["status"] == {"S": "first"}


def test_conditions_say_what_they_say(store: Store) -> None:
    store.write(Put(RUNS, item("a", status={"S": "running"})))
    with pytest.raises(ConditionFailed):
        store.write(Update(RUNS, ("a", "s"), sets={"status": "x"}, condition=one_of("status", ["pending", "done"])))
    with pytest.raises(ConditionFailed):
        store.write(Update(RUNS, ("a", "s"), sets={"status": "x"}, condition=equals("status", "done")))
    with pytest.raises(ConditionFailed):
        store.write(Update(RUNS, ("b", "s"), sets={"status": "x"}, condition=PRESENT))
    store.write(Update(RUNS, ("a", "s"), sets={"status": "done"}, condition=one_of("status", ["running"])))
    assert store.get(RUNS, "a", "s")["status"] == {"S": "done"}


def test_an_update_sets_adds_and_removes_at_once(store: Store) -> None:
    store.write(Put(RUNS, item("a", status={"S": "x"}, n={"N": "2"}, gone={"S": "y"})))
    store.write(Update(RUNS, ("a", "s"), sets={"status": "z"}, adds={"n": 3, "fresh": 0.1}, removes=("gone",)))
    assert store.get(RUNS, "a", "s") == item("a", status={"S": "z"}, n={"N": "5"}, fresh={"N": "0.1"})


def test_an_update_sets_an_empty_list_too(store: Store) -> None:
    store.write(Update(RUNS, ("a", "s"), sets={"spread": []}))
    assert store.get(RUNS, "a", "s") == item("a", spread={"L": []})


@pytest.mark.parametrize(
    "write",
    [
        Put(RUNS, item("new"), ABSENT),
        Put(RUNS, item("old", v={"S": "2"}), equals("v", "1")),
        Update(RUNS, ("old", "s"), sets={"v": "2"}, condition=equals("v", "1")),
        Delete(RUNS, ("old", "s"), equals("v", "1")),
    ],
    ids=["create", "replace", "update", "delete"],
)
def test_a_write_whose_answer_was_lost_is_not_a_conflict(unreliable: tuple[Store, FaultProxy], write: Any) -> None:
    store, proxy = unreliable
    store.write(Put(RUNS, item("old", v={"S": "1"})))
    proxy.plan(Faults(lost=1.0), times=1)
    store.write(write)
    assert sum(count for (_, outcome), count in proxy.counts.items() if outcome == "lost") == 1


def test_a_true_conflict_is_found_though_answers_are_lost(unreliable: tuple[Store, FaultProxy]) -> None:
    store, proxy = unreliable
    store.write(Put(RUNS, item("a"), ABSENT))
    proxy.plan(Faults(lost=1.0), times=1)
    with pytest.raises(ConditionFailed):
        store.write(Put(RUNS, item("a"), ABSENT))
    with pytest.raises(ConditionFailed):
        store.write(Delete(RUNS, ("a", "s"), equals("v", "never")))


def test_a_counter_may_skip_but_gives_no_value_twice(unreliable: tuple[Store, FaultProxy]) -> None:
    store, proxy = unreliable
    first = store.add(RUNS, ("c", "c"), "n", 1)
    proxy.plan(Faults(lost=1.0), times=1)
    second = store.add(RUNS, ("c", "c"), "n", 1)
    assert (first, second) == (1, 3)


# --- transactions ------------------------------------------------------------------------------------


def test_a_transaction_is_all_or_nothing_and_names_what_failed(store: Store) -> None:
    store.write(Put(RUNS, item("taken", owner={"S": "ana"})))
    with pytest.raises(ConditionFailed) as caught:
        store.transact([Put(RUNS, item("free"), ABSENT), Put(RUNS, item("taken"), ABSENT), Put(RUNS, item("too"))])
    assert caught.value.failed == [1]
    assert caught.value.items[1]["owner"] == {"S": "ana"}
    assert keys(store.scan(RUNS)) == ["taken/s"]


def test_a_transaction_writes_over_tables(store: Store) -> None:
    store.write(Put(RUNS, item("old")))
    store.transact(
        [
            Put(RUNS, item("new"), ABSENT),
            Delete(RUNS, ("old", "s")),
            Update(tables.CASES, ("case", "1.0"), adds={"n": 2}),
            Check(RUNS, ("nothing", "s"), Condition("attribute_not_exists(#pk)", {"#pk": tables.PK})),
        ]
    )
    assert keys(store.scan(RUNS)) == ["new/s"]
    assert store.get(tables.CASES, "case", "1.0")["n"] == {"N": "2"}


def test_a_transaction_whose_answer_was_lost_is_applied_once(unreliable: tuple[Store, FaultProxy]) -> None:
    store, proxy = unreliable
    proxy.plan(Faults(lost=1.0), times=1)
    store.transact([Put(RUNS, item("a"), ABSENT), Update(RUNS, ("count", "s"), adds={"n": 1})])
    assert store.get(RUNS, "count", "s")["n"] == {"N": "1"}
    assert proxy.counts["TransactWriteItems", "lost"] == 1


def test_a_lost_answer_and_then_a_conflict_still_apply_once(embedded_store: Store, engine_endpoint: str) -> None:
    fates = iter([Faults(conflict=1.0), Faults()])

    def then(_seconds: float) -> None:
        proxy.plan(next(fates), times=1)

    with behind_proxy(embedded_store, engine_endpoint, sleep=then) as (store, proxy):
        proxy.plan(Faults(lost=1.0), times=1)
        store.transact([Put(RUNS, item("a"), ABSENT), Update(RUNS, ("count", "s"), adds={"n": 1})])
    assert [call.outcome for call in proxy.calls] == ["lost", "conflict", "answered"]
    assert embedded_store.get(RUNS, "count", "s")["n"] == {"N": "1"}


def test_a_lost_answer_is_recognised_though_somebody_wrote_to_the_item_since(
    embedded_store: Store, engine_endpoint: str
) -> None:
    def somebody_writes(_seconds: float) -> None:
        embedded_store.write(Update(RUNS, ("a", "s"), sets={"status": "started"}, condition=PRESENT))

    with behind_proxy(embedded_store, engine_endpoint, sleep=somebody_writes) as (store, proxy):
        proxy.plan(Faults(lost=1.0), times=1)
        store.transact([Put(RUNS, item("a"), ABSENT)])
    assert embedded_store.get(RUNS, "a", "s")["status"] == {"S": "started"}


def test_after_a_conflict_the_writes_may_go_elsewhere(unreliable: tuple[Store, FaultProxy]) -> None:
    store, proxy = unreliable
    proxy.plan(Faults(conflict=1.0), times=2)
    store.transact(lambda conflicts: [Put(RUNS, item(f"after {conflicts}"), ABSENT)])
    assert keys(store.scan(RUNS)) == ["after 2/s"]


def test_a_throttled_transaction_is_tried_again(unreliable: tuple[Store, FaultProxy]) -> None:
    store, proxy = unreliable
    proxy.plan(Faults(throttle=1.0, throttle_error="ThrottlingException"), times=3)
    store.transact([Put(RUNS, item("a"), ABSENT)])
    assert keys(store.scan(RUNS)) == ["a/s"]
    assert store.meter.read().throttles == 3


# --- batches -----------------------------------------------------------------------------------------


def test_a_batch_writes_25_per_request_and_says_how_far_it_is(recorded: tuple[Store, Recorder]) -> None:
    store, recorder = recorded
    progress: list[int] = []
    store.batch_put(RUNS, [item(f"k{number}") for number in range(60)], on_saved=progress.append)
    assert progress == [25, 50, 60]
    assert recorder.operations == ["batch_write_item"] * 3


def test_a_batch_deletes(store: Store) -> None:
    store.batch_put(RUNS, [item(f"k{number}") for number in range(30)])
    store.batch_delete(RUNS, [(f"k{number}", "s") for number in range(29)])
    assert keys(store.scan(RUNS)) == ["k29/s"]


def test_a_batch_that_gives_up_saves_what_it_can_and_names_the_rest(unreliable: tuple[Store, FaultProxy]) -> None:
    store, proxy = unreliable
    with pytest.raises(UnsavedItems) as caught:
        store.patient(0.5).batch_put(
            RUNS,
            [item(f"k{number:02}") for number in range(60)],
            on_saved=lambda saved: proxy.partial_batches(1.0 if saved >= 25 else 0.0),
        )
    assert caught.value.keys == tuple(f"k{number:02} / s" for number in range(25, 60))
    assert keys(store.scan(RUNS)) == [f"k{number:02}/s" for number in range(25)]


# --- what failures mean ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "faults",
    [
        Faults(throttle=1.0),
        Faults(throttle=1.0, throttle_error="ThrottlingException"),
        Faults(error=1.0),
        Faults(reset=1.0),
        Faults(lost=1.0),
        Faults(conflict=1.0),
    ],
    ids=["throughput", "throttling", "error", "reset", "lost", "conflict"],
)
def test_a_passing_fault_is_not_noticed(unreliable: tuple[Store, FaultProxy], faults: Faults) -> None:
    store, proxy = unreliable
    proxy.plan(faults, times=2)
    store.write(Put(RUNS, item("a")))
    assert keys(store.scan(RUNS)) == ["a/s"]
    assert store.meter.read().retries == 2


def test_a_lasting_fault_is_reported_within_the_deadline(unreliable: tuple[Store, FaultProxy]) -> None:
    store, proxy = unreliable
    proxy.plan(Faults(error=1.0))
    with pytest.raises(StoreUnavailable, match=r"did not complete get_item on .*EvaluationRuns within 0.5 s \(\d+ att"):
        store.patient(0.5).get(RUNS, "a", "s")
    assert 3 <= proxy.counts["GetItem", "error"] <= 40


def test_one_trouble_after_another_is_reported_within_one_deadline(unreliable: tuple[Store, FaultProxy]) -> None:
    store, proxy = unreliable
    began = time.monotonic()
    proxy.plan(Faults(conflict=1.0))
    store._sleep = lambda seconds: _wait_and(seconds, time.monotonic() - began > 2.0, proxy)
    with pytest.raises(StoreUnavailable):
        store.patient(3.0).transact([Put(RUNS, item("a"), ABSENT)])
    assert time.monotonic() - began < 4.5
    assert proxy.counts["TransactWriteItems", "error"] > 0


def _wait_and(seconds: float, change: bool, proxy: FaultProxy) -> None:
    time.sleep(min(seconds, 0.05))
    if change:
        proxy.plan(Faults(error=1.0))


def test_an_engine_that_comes_back_is_waited_for(tmp_path: Path, free_port: int) -> None:
    pauses: list[float] = []

    with (
        acquire(tmp_path, free_port, kind="dynoxide") as lease,
        closing(make_client("us-east-1", lease.endpoint)) as client,
    ):

        def come_back(seconds: float) -> None:
            pauses.append(seconds)
            if len(pauses) == 3:
                lease.restart_if_dead()

        store = Store(client, sleep=come_back)
        set_up(store)
        os.kill(lease.pid, signal.SIGKILL)
        process.wait_until(lambda: process.port_is_free(free_port), 5)
        store.write(Put(RUNS, item("a")))
        assert keys(store.scan(RUNS)) == ["a/s"]
    assert len(pauses) >= 3


def test_an_engine_that_is_not_there_is_named_unavailable(free_port: int) -> None:
    with closing(make_client("us-east-1", f"http://127.0.0.1:{free_port}")) as client:
        store = Store(client, deadline=0.3)
        with pytest.raises(StoreUnavailable, match="Check that it runs and can be reached"):
            store.get(RUNS, "a", "s")


class WebPage(BaseHTTPRequestHandler):
    """What a captive portal or a wrong address answers."""

    def do_POST(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "6")
        self.end_headers()
        self.wfile.write(b"<html>")

    def log_message(self, *_: Any) -> None:
        """Not a word."""


def test_an_answer_that_is_not_the_stores_is_no_answer() -> None:
    with HTTPServer(("127.0.0.1", 0), WebPage) as server, ThreadPoolExecutor() as pool:
        pool.submit(server.serve_forever)
        client = make_client("us-east-1", f"http://127.0.0.1:{server.server_port}")
        with closing(client), pytest.raises(StoreUnavailable, match="did not complete get_item"):
            Store(client, deadline=0.3).get(RUNS, "a", "s")
        server.shutdown()


def test_a_missing_table_is_a_matter_of_setup(store: Store) -> None:
    with pytest.raises(SetupError, match="python -m console tables create"):
        Store(store.client, prefix="nowhere-").get(RUNS, "a", "s")


@pytest.mark.breaks_rules
def test_a_request_that_the_store_refuses_is_not_repeated(recorded: tuple[Store, Recorder]) -> None:
    store, recorder = recorded
    with pytest.raises(StoreError, match=r"refused the request \(ValidationException\)"):
        store.write(Put(RUNS, {tables.PK: {"S": "a"}}))
    assert len(recorder.requests) == 1


# --- the meter ---------------------------------------------------------------------------------------


@pytest.mark.breaks_rules
def test_the_meter_counts_what_was_asked_and_what_went_wrong(unreliable: tuple[Store, FaultProxy]) -> None:
    store, proxy = unreliable
    proxy.plan(Faults(throttle=1.0), times=1)
    store.write(Put(RUNS, item("a")))
    store.get(RUNS, "a", "s")
    with pytest.raises(StoreError):
        store.write(Put(RUNS, {tables.PK: {"S": "a"}}))
    read = store.meter.read()
    assert read.requests == {"put_item": 1, "get_item": 1}
    assert (read.retries, read.throttles, read.failures) == (1, 1, 1)
    assert read.read_units > 0
    assert read.write_units > 0
