"""The strict proxy itself: what DynamoDB refuses, it refuses, and it says who used what."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from console.data.store import tables
from console.data.store.store import Store
from tests.conftest import new_store
from tests.support.strict.proxy import StrictProxy, Use

pytestmark = pytest.mark.breaks_rules

KEY = {"partitionKey": {"S": "a"}, "sortKey": {"S": "b"}}
NAMES = {"#pk": "partitionKey"}
VALUES = {":a": {"S": "a"}}
QUERY = {"ExpressionAttributeNames": NAMES, "ExpressionAttributeValues": VALUES}


@pytest.fixture(scope="module")
def strict(engine_client: Any) -> Store:
    return new_store(engine_client)


def nested(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {"S": "deep"}
    for _ in range(levels):
        value = {"L": [value]}
    return value


REFUSED: dict[str, tuple[str, dict[str, Any]]] = {
    "an item over 400 KB": ("put_item", {"Item": {**KEY, "text": {"S": "x" * 409_600}}}),
    "an empty key": ("put_item", {"Item": {**KEY, "sortKey": {"S": ""}}}),
    "a sort key over 1 KB": ("put_item", {"Item": {**KEY, "sortKey": {"S": "x" * 1_025}}}),
    "a partition key over 2 KB": ("put_item", {"Item": {**KEY, "partitionKey": {"S": "x" * 2_049}}}),
    "a key of an index that is empty": ("put_item", {"Item": {**KEY, "judgeId": {"S": ""}}}),
    "a key of an index that is a number": ("put_item", {"Item": {**KEY, "caseId": {"N": "1"}}}),
    "33 levels": ("put_item", {"Item": {**KEY, "deep": nested(33)}}),
    "39 digits": ("put_item", {"Item": {**KEY, "number": {"N": "1" * 39}}}),
    "a number that is too small": ("put_item", {"Item": {**KEY, "number": {"N": "1E-131"}}}),
    "not a number": ("put_item", {"Item": {**KEY, "number": {"N": "NaN"}}}),
    "an empty set": ("put_item", {"Item": {**KEY, "names": {"SS": []}}}),
    "an expiry in milliseconds": ("put_item", {"Item": {**KEY, "expiresAt": {"N": "1700000000000"}}}),
    "a vector of another length": ("put_item", {"Item": {**KEY, "embedding": {"L": [{"N": "1"}]}}}),
    "a reserved word": ("put_item", {"Item": KEY, "ConditionExpression": "attribute_not_exists(status)"}),
    "an unused placeholder": (
        "put_item",
        {
            "Item": KEY,
            "ConditionExpression": "attribute_exists(#pk)",
            "ExpressionAttributeNames": {"#pk": "a", "#x": "b"},
        },
    ),
    "an undefined placeholder": ("put_item", {"Item": KEY, "ConditionExpression": "attribute_exists(#pk)"}),
    "a key that is changed": (
        "update_item",
        {"Key": KEY, "UpdateExpression": "SET #pk = :a", **QUERY},
    ),
    "a key with too much": ("get_item", {"Key": {**KEY, "more": {"S": "c"}}}),
    "a page of none": ("query", {"KeyConditionExpression": "#pk = :a", "Limit": 0, **QUERY}),
    "a query without its partition": (
        "query",
        {
            "KeyConditionExpression": "#sk = :a",
            "ExpressionAttributeNames": {"#sk": "sortKey"},
            "ExpressionAttributeValues": VALUES,
        },
    ),
    "an index that is not there": ("query", {"KeyConditionExpression": "#pk = :a", "IndexName": "Nope", **QUERY}),
    "a consistent read of an index": (
        "query",
        {
            "KeyConditionExpression": "#s = :a",
            "IndexName": tables.RUNS_BY_STATUS,
            "ConsistentRead": True,
            "ExpressionAttributeNames": {"#s": "status"},
            "ExpressionAttributeValues": VALUES,
        },
    ),
    "bounds the wrong way round": (
        "query",
        {
            "KeyConditionExpression": "#pk = :a AND #sk BETWEEN :hi AND :lo",
            "ExpressionAttributeNames": {**NAMES, "#sk": "sortKey"},
            "ExpressionAttributeValues": {**VALUES, ":lo": {"S": "1"}, ":hi": {"S": "2"}},
        },
    ),
    "an IN list of 101": (
        "put_item",
        {
            "Item": KEY,
            "ConditionExpression": f"#pk IN ({', '.join(f':v{number}' for number in range(101))})",
            "ExpressionAttributeNames": NAMES,
            "ExpressionAttributeValues": {f":v{number}": {"S": str(number)} for number in range(101)},
        },
    ),
    "more than 100 neighbours": (
        "search_vectors",
        {"IndexName": tables.RUN_VECTORS, "TopK": 101, "SearchVector": [{"N": "1"}] * 384},
    ),
}


@pytest.mark.parametrize(("operation", "request_"), REFUSED.values(), ids=REFUSED.keys())
def test_what_dynamodb_refuses_is_refused(
    operation: str, request_: dict[str, Any], strict: Store, strict_proxy: StrictProxy
) -> None:
    with pytest.raises(ClientError, match="ValidationException"):
        getattr(strict.client, operation)(TableName=strict.name(tables.RUNS), **request_)
    assert len(strict_proxy.violations) == 1


def test_a_batch_may_not_have_a_key_twice_nor_more_than_it_can(strict: Store, strict_proxy: StrictProxy) -> None:
    name = strict.name(tables.RUNS)
    put = {"PutRequest": {"Item": KEY}}
    others = [{"PutRequest": {"Item": {**KEY, "sortKey": {"S": str(number)}}}} for number in range(26)]
    with pytest.raises(ClientError, match="duplicates"):
        strict.client.batch_write_item(RequestItems={name: [put, put]})
    with pytest.raises(ClientError, match="1 to 25"):
        strict.client.batch_write_item(RequestItems={name: others})
    with pytest.raises(ClientError, match="duplicates"):
        strict.client.transact_write_items(TransactItems=[{"Put": {"TableName": name, "Item": KEY}}] * 2)


def test_a_token_is_for_one_content(strict: Store) -> None:
    put = {"Put": {"TableName": strict.name(tables.RUNS), "Item": KEY}}
    other = {"Put": {**put["Put"], "Item": {**KEY, "more": {"S": "c"}}}}
    strict.client.transact_write_items(TransactItems=[put], ClientRequestToken="one")
    strict.client.transact_write_items(TransactItems=[put], ClientRequestToken="one")
    with pytest.raises(ClientError, match="IdempotentParameterMismatch"):
        strict.client.transact_write_items(TransactItems=[other], ClientRequestToken="one")


def test_a_page_reads_a_megabyte_and_no_more(strict: Store) -> None:
    strict.batch_put(
        tables.RUNS,
        [{"partitionKey": {"S": "wide"}, "sortKey": {"S": str(n)}, "text": {"S": "x" * 300_000}} for n in range(5)],
    )
    answer = strict.client.query(
        TableName=strict.name(tables.RUNS),
        KeyConditionExpression="#pk = :a",
        ExpressionAttributeNames=NAMES,
        ExpressionAttributeValues={":a": {"S": "wide"}},
    )
    assert (answer["Count"], answer["LastEvaluatedKey"]["sortKey"]["S"]) == (3, "2")


def test_it_notes_who_used_what(strict: Store, strict_proxy: StrictProxy) -> None:
    strict_proxy.forget()
    strict.get(tables.CASES, "a", "b")
    assert strict_proxy.uses == {Use("GetItem", strict.name(tables.CASES), ""): 1}
