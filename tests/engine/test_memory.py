"""The in-memory engine: requests in turn, transactions as large as what they touch."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest

from console.data.store import tables
from console.data.store.answers import ConditionFailed
from console.data.store.requests import Condition, Put, Query
from console.data.store.store import Store
from console.engine.memory import OneAtATime
from console.engine.process import wait_until
from tests.conftest import new_store

ABSENT = Condition("attribute_not_exists(#pk)", {"#pk": tables.PK})


@pytest.fixture
def store(moto_client: object) -> Store:
    return new_store(moto_client)


def put(number: int, value: str, condition: Condition | None = None) -> Put:
    item = {tables.PK: {"S": "one"}, tables.SK: {"S": f"{number:04}"}, "value": {"S": value}}
    return Put(tables.RUNS, item, condition)


def values(store: Store) -> list[str]:
    return [item["value"]["S"] for item in store.all(Query(tables.RUNS, "one"))]


def test_a_transaction_that_fails_leaves_everything_as_it_was(store: Store) -> None:
    store.transact([put(1, "kept"), put(2, "kept")])
    with pytest.raises(ConditionFailed):
        store.transact([put(1, "changed"), put(3, "new"), put(2, "changed", ABSENT)])
    assert values(store) == ["kept", "kept"]


def test_transactions_and_reads_of_many_threads_do_not_meet(store: Store) -> None:
    def work(number: int) -> int:
        store.transact([put(number, uuid4().hex)])
        return len(values(store))

    with ThreadPoolExecutor(8) as pool:
        seen = list(pool.map(work, range(40)))
    assert max(seen) == 40
    assert len(values(store)) == 40


def test_a_projection_of_top_level_names_is_what_dynamodb_gives(store: Store) -> None:
    wide = {"L": [{"N": "1"}, {"N": "2"}]}
    store.write(Put(tables.RUNS, {tables.PK: {"S": "p"}, tables.SK: {"S": "s"}, "wide": wide, "other": {"S": "x"}}))
    assert list(store.all(Query(tables.RUNS, "p", attributes=("wide",)))) == [{"wide": wide}]


def order_of(*waiting: str) -> list[str]:
    """In which order requests are answered that came while a first one was under way."""
    began, goes_on = threading.Event(), threading.Event()
    answered: list[str] = []

    def answer(environ: dict[str, Any], _: Callable[..., Any]) -> Iterable[bytes]:
        began.set()
        assert goes_on.wait(10)
        answered.append(environ["HTTP_X_AMZ_TARGET"].split(".")[1])
        return [b""]

    engine = OneAtATime(answer)

    def ask(name: str) -> threading.Thread:
        thread = threading.Thread(target=engine, args=({"HTTP_X_AMZ_TARGET": f"DynamoDB_20120810.{name}"}, None))
        thread.start()
        return thread

    threads = [ask("PutItem")]
    assert began.wait(10)
    threads += [ask(name) for name in waiting]
    assert wait_until(lambda: sum(engine.waiting.values()) == len(waiting), 10)
    goes_on.set()
    for thread in threads:
        thread.join(10)
    return answered[1:]


def test_a_read_goes_before_the_writes_that_wait() -> None:
    assert order_of("TransactWriteItems", "TransactWriteItems", "GetItem")[0] == "GetItem"


def test_a_write_goes_after_twenty_reads_however_many_more_there_are() -> None:
    assert order_of("PutItem", *["Query"] * 30).index("PutItem") == 20
