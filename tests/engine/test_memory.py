"""The in-memory engine: requests in turn, transactions as large as what they touch."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from console.data.store import tables
from console.data.store.answers import ConditionFailed
from console.data.store.requests import Condition, Put, Query
from console.data.store.store import Store
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
