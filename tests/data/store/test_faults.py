"""The fault proxy does to a client what it says, on a real engine."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from console.data.store.client import credentials_in
from tests.support.faults.proxy import FaultProxy, Faults

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@pytest.fixture
def proxy(bare_endpoint: str) -> Iterator[FaultProxy]:
    with FaultProxy(bare_endpoint, seed=7) as running:
        yield running


@pytest.fixture
def direct(bare_endpoint: str) -> Iterator[DynamoDBClient]:
    """A client that does not pass through the proxy."""
    client = connect(bare_endpoint)
    yield client
    client.close()


@pytest.fixture
def client(proxy: FaultProxy) -> Iterator[DynamoDBClient]:
    """A client that passes through the proxy."""
    client = connect(proxy.endpoint)
    yield client
    client.close()


@pytest.fixture
def impatient(proxy: FaultProxy) -> Iterator[DynamoDBClient]:
    """A client that passes through the proxy and waits half a second for an answer."""
    client = connect(proxy.endpoint, read_timeout=0.5)
    yield client
    client.close()


@pytest.fixture
def table(direct: DynamoDBClient) -> str:
    name = f"Runs-{uuid4().hex}"
    direct.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[
            {"AttributeName": "id", "AttributeType": "S"},
            {"AttributeName": "status", "AttributeType": "S"},
            {"AttributeName": "startedAt", "AttributeType": "S"},
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "ByStatus",
                "KeySchema": [
                    {"AttributeName": "status", "KeyType": "HASH"},
                    {"AttributeName": "startedAt", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["preview"]},
            }
        ],
    )
    return name


def connect(endpoint: str, read_timeout: float = 5.0) -> DynamoDBClient:
    address, access_key, secret_key = credentials_in(endpoint)
    return boto3.client(
        "dynamodb",
        endpoint_url=address,
        region_name="eu-west-1",
        aws_access_key_id=access_key,
        aws_secret_access_key=secret_key,
        config=Config(
            retries={"mode": "standard", "total_max_attempts": 1},
            connect_timeout=2,
            read_timeout=read_timeout,
            max_pool_connections=64,
        ),
    )


def run(run_id: str, status: str = "running", preview: str = "first") -> dict[str, Any]:
    return {
        "id": {"S": run_id},
        "status": {"S": status},
        "startedAt": {"S": f"2025-01-01T00:00:0{run_id}Z"},
        "preview": {"S": preview},
    }


def put_requests(*run_ids: str) -> list[Any]:
    return [{"PutRequest": {"Item": run(run_id)}} for run_id in run_ids]


def stored(client: DynamoDBClient, table: str, run_id: str) -> dict[str, Any] | None:
    return client.get_item(TableName=table, Key={"id": {"S": run_id}}, ConsistentRead=True).get("Item")


def listed(client: DynamoDBClient, table: str, status: str, **options: Any) -> list[tuple[str, str]]:
    """(id, preview) of the runs that the index lists under a status, newest first."""
    answer = client.query(
        TableName=table,
        IndexName="ByStatus",
        KeyConditionExpression="#status = :status",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={":status": {"S": status}},
        ScanIndexForward=False,
        **options,
    )
    return [(item["id"]["S"], item["preview"]["S"]) for item in answer["Items"]]


def set_status(client: DynamoDBClient, table: str, run_id: str, status: str) -> None:
    client.update_item(
        TableName=table,
        Key={"id": {"S": run_id}},
        UpdateExpression="SET #status = :status, preview = :preview",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={":status": {"S": status}, ":preview": {"S": "second"}},
    )


def outcomes_of_40_reads(bare_endpoint: str, table: str, seed: int) -> list[str]:
    with FaultProxy(bare_endpoint, seed) as proxy, ThreadPoolExecutor(1) as pool:
        proxy.plan(Faults(throttle=0.3, error=0.3, reset=0.1, lost=0.1))
        client = connect(proxy.endpoint)
        reads = [pool.submit(stored, client, table, "1") for _ in range(40)]
        assert [read.exception() is None for read in reads] == [call.outcome == "answered" for call in proxy.calls]
        client.close()
        return [call.outcome for call in proxy.calls]


def test_without_faults_requests_and_answers_pass_unchanged(client: DynamoDBClient, table: str) -> None:
    text = "naïve 評価 🧪 " * 15_000
    client.put_item(TableName=table, Item=run("1", preview=text))
    assert stored(client, table, "1") == run("1", preview=text)


def test_a_throttled_write_is_refused_and_not_applied(
    proxy: FaultProxy, client: DynamoDBClient, direct: DynamoDBClient, table: str
) -> None:
    proxy.plan(Faults(throttle=1.0))
    with pytest.raises(client.exceptions.ProvisionedThroughputExceededException) as refusal:
        client.put_item(TableName=table, Item=run("1"))
    assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert stored(direct, table, "1") is None


def test_throttling_comes_also_as_throttling_exception(proxy: FaultProxy, client: DynamoDBClient, table: str) -> None:
    proxy.plan(Faults(throttle=1.0, throttle_error="ThrottlingException"))
    with pytest.raises(ClientError) as refusal:
        client.put_item(TableName=table, Item=run("1"))
    assert refusal.value.response["Error"]["Code"] == "ThrottlingException"


def test_a_failed_write_is_an_internal_server_error_and_not_applied(
    proxy: FaultProxy, client: DynamoDBClient, direct: DynamoDBClient, table: str
) -> None:
    proxy.plan(Faults(error=1.0))
    with pytest.raises(client.exceptions.InternalServerError) as refusal:
        client.put_item(TableName=table, Item=run("1"))
    assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
    assert stored(direct, table, "1") is None


def test_a_reset_write_is_not_applied(
    proxy: FaultProxy, client: DynamoDBClient, direct: DynamoDBClient, table: str
) -> None:
    proxy.plan(Faults(reset=1.0))
    with pytest.raises(ConnectionClosedError):
        client.put_item(TableName=table, Item=run("1"))
    assert stored(direct, table, "1") is None


def test_a_lost_write_is_applied(proxy: FaultProxy, client: DynamoDBClient, direct: DynamoDBClient, table: str) -> None:
    proxy.plan(Faults(lost=1.0))
    with pytest.raises(ConnectionClosedError):
        client.put_item(TableName=table, Item=run("1"))
    assert stored(direct, table, "1") == run("1")


def test_a_lost_transaction_repeated_with_its_token_counts_once(
    proxy: FaultProxy, client: DynamoDBClient, direct: DynamoDBClient, table: str
) -> None:
    transaction: dict[str, Any] = {
        "ClientRequestToken": "the-same-token",
        "TransactItems": [
            {
                "Update": {
                    "TableName": table,
                    "Key": {"id": {"S": "1"}},
                    "UpdateExpression": "ADD finished :one",
                    "ExpressionAttributeValues": {":one": {"N": "1"}},
                }
            }
        ],
    }
    proxy.plan(Faults(lost=1.0), times=1)
    with pytest.raises(ConnectionClosedError):
        client.transact_write_items(**transaction)
    client.transact_write_items(**transaction)
    assert stored(direct, table, "1") == {"id": {"S": "1"}, "finished": {"N": "1"}}


def test_a_conflicting_transaction_is_cancelled_with_a_reason_for_each_item(
    proxy: FaultProxy, client: DynamoDBClient, direct: DynamoDBClient, table: str
) -> None:
    proxy.plan(Faults(conflict=1.0))
    with pytest.raises(client.exceptions.TransactionCanceledException) as refusal:
        client.transact_write_items(
            TransactItems=[
                {"Put": {"TableName": table, "Item": run("1")}},
                {"Put": {"TableName": table, "Item": run("2")}},
            ]
        )
    reasons = refusal.value.response["CancellationReasons"]
    assert [reason["Code"] for reason in reasons] == ["TransactionConflict", "None"]
    assert stored(direct, table, "1") is None


def test_a_write_of_one_item_conflicts_too(proxy: FaultProxy, client: DynamoDBClient, table: str) -> None:
    proxy.plan(Faults(conflict=1.0))
    with pytest.raises(client.exceptions.TransactionConflictException):
        client.put_item(TableName=table, Item=run("1"))


def test_a_delayed_request_is_answered_late(proxy: FaultProxy, client: DynamoDBClient, table: str) -> None:
    proxy.plan(Faults(delay=(0.3, 0.4)))
    started = time.monotonic()
    client.put_item(TableName=table, Item=run("1"))
    assert time.monotonic() - started >= 0.3


def test_a_hanging_store_times_out(proxy: FaultProxy, impatient: DynamoDBClient, table: str) -> None:
    proxy.hang()
    with pytest.raises(ReadTimeoutError):
        impatient.put_item(TableName=table, Item=run("1"))
    assert proxy.counts["PutItem", "hang"] == 1


def test_a_store_that_hung_answers_again_after_clear(proxy: FaultProxy, impatient: DynamoDBClient, table: str) -> None:
    proxy.hang()
    with pytest.raises(ReadTimeoutError):
        impatient.put_item(TableName=table, Item=run("1"))
    proxy.clear()
    assert stored(impatient, table, "1") is None


def test_closing_the_proxy_releases_those_who_hang(bare_endpoint: str, table: str) -> None:
    with ThreadPoolExecutor(1) as pool:
        with FaultProxy(bare_endpoint) as proxy:
            proxy.hang()
            client = connect(proxy.endpoint, read_timeout=60)
            waiting = pool.submit(stored, client, table, "1")
            with pytest.raises(TimeoutError):
                waiting.result(0.3)
        assert isinstance(waiting.exception(5), ConnectionClosedError)
    client.close()


def test_an_engine_that_is_down_shows_as_a_closed_connection(free_port: int, table: str) -> None:
    with FaultProxy(f"http://127.0.0.1:{free_port}") as proxy:
        client = connect(proxy.endpoint)
        with pytest.raises(ConnectionClosedError):
            client.put_item(TableName=table, Item=run("1"))
        client.close()
        assert proxy.counts == {("PutItem", "unreachable"): 1}


def test_only_the_named_operations_suffer(proxy: FaultProxy, client: DynamoDBClient, table: str) -> None:
    proxy.plan(Faults(error=1.0), operations={"PutItem"})
    assert stored(client, table, "1") is None
    with pytest.raises(client.exceptions.InternalServerError):
        client.put_item(TableName=table, Item=run("1"))
    assert proxy.counts == {("GetItem", "answered"): 1, ("PutItem", "error"): 1}


def test_faults_planned_for_a_number_of_requests_end_after_them(
    proxy: FaultProxy, client: DynamoDBClient, table: str
) -> None:
    proxy.plan(Faults(error=1.0), times=1)
    with pytest.raises(client.exceptions.InternalServerError):
        client.put_item(TableName=table, Item=run("1"))
    client.put_item(TableName=table, Item=run("1"))
    assert stored(client, table, "1") == run("1")


def test_clear_ends_every_fault(proxy: FaultProxy, client: DynamoDBClient, table: str) -> None:
    proxy.plan(Faults(throttle=1.0))
    proxy.partial_batches(1.0)
    proxy.clear()
    answer = client.batch_write_item(RequestItems={table: put_requests("1")})
    assert answer["UnprocessedItems"] == {}
    assert stored(client, table, "1") == run("1")


def test_the_same_seed_deals_the_same_faults(bare_endpoint: str, table: str) -> None:
    first = outcomes_of_40_reads(bare_endpoint, table, seed=3)
    assert set(first) == {"throttle", "error", "reset", "lost", "answered"}
    assert outcomes_of_40_reads(bare_endpoint, table, seed=3) == first
    assert outcomes_of_40_reads(bare_endpoint, table, seed=4) != first


def test_probabilities_over_one_are_refused() -> None:
    with pytest.raises(ValueError, match="must not add up to more than 1"):
        Faults(throttle=0.6, lost=0.6)


def test_withheld_writes_come_back_and_are_not_applied(
    proxy: FaultProxy, client: DynamoDBClient, direct: DynamoDBClient, table: str
) -> None:
    proxy.partial_batches(0.5)
    answer = client.batch_write_item(RequestItems={table: put_requests(*"0123456789")})
    withheld = {write["PutRequest"]["Item"]["id"]["S"] for write in answer["UnprocessedItems"][table]}
    applied = {item["id"]["S"] for item in direct.scan(TableName=table)["Items"]}
    assert len(withheld) in range(1, 10)
    assert applied == set("0123456789") - withheld
    assert proxy.counts == {("BatchWriteItem", "partial"): 1}


def test_unprocessed_items_can_be_sent_as_they_came_back(
    proxy: FaultProxy, client: DynamoDBClient, direct: DynamoDBClient, table: str
) -> None:
    proxy.partial_batches(0.5)
    answer = client.batch_write_item(RequestItems={table: put_requests(*"0123456789")})
    proxy.clear()
    client.batch_write_item(RequestItems=answer["UnprocessedItems"])
    assert direct.scan(TableName=table)["Count"] == 10


def test_a_blocked_table_returns_every_write(
    proxy: FaultProxy, client: DynamoDBClient, direct: DynamoDBClient, table: str
) -> None:
    proxy.partial_batches(1.0)
    answer = client.batch_write_item(RequestItems={table: put_requests("1", "2")})
    assert answer["UnprocessedItems"] == {table: put_requests("1", "2")}
    assert direct.scan(TableName=table)["Count"] == 0


def test_withheld_reads_come_back_as_keys_with_their_options(
    proxy: FaultProxy, client: DynamoDBClient, direct: DynamoDBClient, table: str
) -> None:
    direct.batch_write_item(RequestItems={table: put_requests(*"0123456789")})
    proxy.partial_batches(0.5)
    answer = client.batch_get_item(
        RequestItems={
            table: {
                "Keys": [{"id": {"S": run_id}} for run_id in "0123456789"],
                "ConsistentRead": True,
                "ProjectionExpression": "id",
            }
        }
    )
    unprocessed = answer["UnprocessedKeys"][table]
    withheld = {key["id"]["S"] for key in unprocessed["Keys"]}
    assert {item["id"]["S"] for item in answer["Responses"][table]} == set("0123456789") - withheld
    assert (unprocessed["ConsistentRead"], unprocessed["ProjectionExpression"]) == (True, "id")
    assert withheld


def test_a_blocked_table_returns_every_key(proxy: FaultProxy, client: DynamoDBClient, table: str) -> None:
    proxy.partial_batches(1.0)
    answer = client.batch_get_item(RequestItems={table: {"Keys": [{"id": {"S": "1"}}]}})
    assert answer["Responses"] == {}
    assert answer["UnprocessedKeys"] == {table: {"Keys": [{"id": {"S": "1"}}]}}


def test_a_stale_index_hides_a_fresh_write(
    proxy: FaultProxy, client: DynamoDBClient, direct: DynamoDBClient, table: str
) -> None:
    direct.put_item(TableName=table, Item=run("1"))
    proxy.stale_indexes(60)
    client.put_item(TableName=table, Item=run("2"))
    assert listed(client, table, "running") == [("1", "first")]
    assert stored(client, table, "2") == run("2")
    assert listed(direct, table, "running") == [("2", "first"), ("1", "first")]


def test_a_stale_index_shows_an_updated_item_as_and_where_it_was(
    proxy: FaultProxy, client: DynamoDBClient, direct: DynamoDBClient, table: str
) -> None:
    direct.put_item(TableName=table, Item=run("1"))
    proxy.stale_indexes(60)
    set_status(client, table, "1", "completed")
    assert listed(client, table, "running") == [("1", "first")]
    assert listed(client, table, "completed") == []


def test_a_stale_index_still_lists_a_deleted_item(
    proxy: FaultProxy, client: DynamoDBClient, direct: DynamoDBClient, table: str
) -> None:
    direct.put_item(TableName=table, Item=run("1"))
    proxy.stale_indexes(60)
    client.delete_item(TableName=table, Key={"id": {"S": "1"}})
    assert listed(client, table, "running") == [("1", "first")]


def test_a_stale_index_hides_batches_and_transactions(proxy: FaultProxy, client: DynamoDBClient, table: str) -> None:
    proxy.stale_indexes(60)
    client.batch_write_item(RequestItems={table: put_requests("1")})
    client.transact_write_items(TransactItems=[{"Put": {"TableName": table, "Item": run("2")}}])
    assert listed(client, table, "running") == []


def test_a_stale_index_pages_through_what_it_shows(
    proxy: FaultProxy, client: DynamoDBClient, direct: DynamoDBClient, table: str
) -> None:
    direct.batch_write_item(RequestItems={table: put_requests("1", "2", "4")})
    proxy.stale_indexes(60)
    client.put_item(TableName=table, Item=run("3"))
    last_seen = {key: run("4")[key] for key in ("id", "status", "startedAt")}
    assert listed(client, table, "running", Limit=1, ExclusiveStartKey=last_seen) == [("2", "first")]


def test_an_index_catches_up_after_its_delay(proxy: FaultProxy, client: DynamoDBClient, table: str) -> None:
    proxy.stale_indexes(0.5)
    client.put_item(TableName=table, Item=run("1"))
    set_status(client, table, "1", "completed")
    assert listed(client, table, "completed") == []
    time.sleep(0.6)
    assert listed(client, table, "running") == []
    assert listed(client, table, "completed") == [("1", "second")]


def test_a_lost_write_reaches_a_stale_index_too(proxy: FaultProxy, client: DynamoDBClient, table: str) -> None:
    proxy.stale_indexes(0.5)
    proxy.plan(Faults(lost=1.0), times=1)
    with pytest.raises(ConnectionClosedError):
        client.put_item(TableName=table, Item=run("1"))
    assert listed(client, table, "running") == []
    time.sleep(0.6)
    assert listed(client, table, "running") == [("1", "first")]


def test_clear_makes_indexes_current_and_leaves_no_copies(
    proxy: FaultProxy, client: DynamoDBClient, table: str
) -> None:
    proxy.stale_indexes(60)
    client.put_item(TableName=table, Item=run("1"))
    proxy.clear()
    assert listed(client, table, "running") == [("1", "first")]
    assert f"{table}.stale" not in client.list_tables()["TableNames"]


def test_a_refused_write_changes_nothing_in_a_stale_index(
    proxy: FaultProxy, client: DynamoDBClient, table: str
) -> None:
    proxy.stale_indexes(60)
    with pytest.raises(client.exceptions.ConditionalCheckFailedException):
        client.put_item(TableName=table, Item=run("1"), ConditionExpression="attribute_exists(id)")
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.put_item(TableName="NoSuchTable", Item=run("1"))
    assert listed(client, table, "running") == []


def test_many_clients_at_once_each_get_their_own_answers(
    proxy: FaultProxy, client: DynamoDBClient, direct: DynamoDBClient, table: str
) -> None:
    ids = [f"{number:03}" for number in range(400)]
    with ThreadPoolExecutor(32) as pool:
        list(pool.map(lambda run_id: client.put_item(TableName=table, Item=run(run_id)), ids))
        found = list(pool.map(lambda run_id: stored(client, table, run_id), ids))
    assert found == [run(run_id) for run_id in ids]
    assert proxy.counts == {("PutItem", "answered"): 400, ("GetItem", "answered"): 400}


def test_the_busiest_second_counts_the_requests_of_one_second(
    proxy: FaultProxy, client: DynamoDBClient, table: str
) -> None:
    stored(client, table, "1")
    time.sleep(1.1)
    stored(client, table, "1")
    stored(client, table, "1")
    client.put_item(TableName=table, Item=run("1"))
    assert proxy.busiest_second("GetItem") == 2
    assert proxy.busiest_second() == 3
