"""What each operation may ask: how many items, which keys, which index."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from tests.support.faults.wire import Json
from tests.support.strict.expressions import check_expressions
from tests.support.strict.items import (
    HASH_BYTES,
    RANGE_BYTES,
    Refused,
    check_item,
    check_key,
    check_vector,
    item_bytes,
)

BATCH_WRITES, BATCH_READS, TRANSACTION = 25, 100, 100
BATCH_BYTES, TRANSACTION_BYTES = 16 * 1024 * 1024, 4 * 1024 * 1024
TOP_K = 100
TOKEN = 36
"""Characters of a client request token."""
INCLUDED, INDEXES = 20, 20
"""Attributes that one index may include, and indexes that a table may have."""
INCLUDED_IN_ALL = 100

Describe = Callable[[str], Json]
_BETWEEN = re.compile(r"(#\w+)\s+BETWEEN\s+(:\w+)\s+AND\s+(:\w+)")
_COMPARED = re.compile(r"(#\w+)\s*(?:<=|>=|=|<|>)\s*(:\w+)")
_BEGINS = re.compile(r"begins_with\((#\w+),\s*(:\w+)\)")


class Operations:
    """The rules of every operation; remembers the tokens of transactions."""

    def __init__(self, describe: Describe) -> None:
        self._describe = describe
        self._tokens: dict[str, str] = {}

    def check(self, operation: str, request: Json) -> None:
        """Raises Refused when DynamoDB would refuse the request."""
        rule = getattr(self, f"_{operation}", None)
        if rule is not None:
            rule(request)

    # One method per operation, named as it is.

    def _PutItem(self, request: Json) -> None:  # noqa: N802
        self._check_write("Put", request)

    def _UpdateItem(self, request: Json) -> None:  # noqa: N802
        self._check_write("Update", request)

    def _DeleteItem(self, request: Json) -> None:  # noqa: N802
        self._check_write("Delete", request)

    def _GetItem(self, request: Json) -> None:  # noqa: N802
        described = self._describe(request["TableName"])
        check_expressions(request, described)
        check_key(request["Key"], described)

    def _BatchWriteItem(self, request: Json) -> None:  # noqa: N802
        number = size = 0
        for table, writes in request["RequestItems"].items():
            described, keys = self._describe(table), []
            for write in writes:
                ((_, body),) = write.items()
                if "Item" in body:
                    size += check_item(body["Item"], described)
                else:
                    check_key(body["Key"], described)
                keys.append(_key_of(body.get("Item") or body["Key"], described))
            _check_distinct(keys)
            number += len(writes)
        _check_number(number, BATCH_WRITES, "BatchWriteItem")
        if size > BATCH_BYTES:
            raise Refused("BatchWriteItem: more than 16 MB")

    def _BatchGetItem(self, request: Json) -> None:  # noqa: N802
        number = 0
        for table, wanted in request["RequestItems"].items():
            described = self._describe(table)
            check_expressions(wanted, described)
            for key in wanted["Keys"]:
                check_key(key, described)
            _check_distinct([_key_of(key, described) for key in wanted["Keys"]])
            number += len(wanted["Keys"])
        _check_number(number, BATCH_READS, "BatchGetItem")

    def _TransactWriteItems(self, request: Json) -> None:  # noqa: N802
        items = request["TransactItems"]
        _check_number(len(items), TRANSACTION, "TransactWriteItems")
        keys, size = [], 0
        for one in items:
            ((kind, write),) = one.items()
            size += self._check_write(kind, write)
            described = self._describe(write["TableName"])
            keys.append((write["TableName"], *_key_of(write.get("Item") or write["Key"], described)))
        _check_distinct(keys)
        if size > TRANSACTION_BYTES:
            raise Refused("TransactWriteItems: more than 4 MB")
        self._check_token(request)

    def _Query(self, request: Json) -> None:  # noqa: N802
        described = self._describe(request["TableName"])
        check_expressions(request, described)
        schema = self._check_paged(request, described)
        asked = _conditions(request)
        for name, values in asked.items():
            if name not in schema:
                raise Refused(f"Query condition missed key schema element: {name}")
            most = HASH_BYTES if schema[name] == "HASH" else RANGE_BYTES
            if any(not value or len(value.encode()) > most for value in values):
                raise Refused(f"Query condition: the value of {name} is empty or longer than {most} bytes")
        if not any(role == "HASH" and name in asked for name, role in schema.items()):
            raise Refused("Query condition missed key schema element")

    def _Scan(self, request: Json) -> None:  # noqa: N802
        described = self._describe(request["TableName"])
        check_expressions(request, described)
        self._check_paged(request, described)

    def _SearchVectors(self, request: Json) -> None:  # noqa: N802
        described = self._describe(request["TableName"])
        check_expressions(request, described)
        if not 1 <= request["TopK"] <= TOP_K:
            raise Refused("Provided TopK value is out of valid range")
        found = [one for one in described.get("VectorIndexes") or [] if one["IndexName"] == request["IndexName"]]
        if not found:
            raise Refused(f"The table does not have the specified index: {request['IndexName']}")
        check_vector(request["SearchVector"], found[0])
        if any(value.get("S") == "" for value in (request.get("ExpressionAttributeValues") or {}).values()):
            raise Refused("SearchConditionExpression: a value is empty")

    def _CreateTable(self, request: Json) -> None:  # noqa: N802
        indexes = request.get("GlobalSecondaryIndexes") or []
        included = [index["Projection"].get("NonKeyAttributes", []) for index in indexes]
        if any(len(names) > INCLUDED for names in included) or sum(map(len, included)) > INCLUDED_IN_ALL:
            raise Refused("Too many attributes are included in indexes")
        if len(indexes) > INDEXES:
            raise Refused("Too many indexes")
        vectors = request.get("VectorIndexes") or []
        keys = {one["AttributeName"] for holder in (request, *indexes) for one in holder["KeySchema"]}
        keys |= {one["AttributeName"] for index in vectors for one in index["SearchSchema"]}
        defined = {one["AttributeName"] for one in request["AttributeDefinitions"]}
        if keys != defined:
            raise Refused(f"AttributeDefinitions do not match the keys: {keys ^ defined}")

    def _UpdateTable(self, request: Json) -> None:  # noqa: N802
        changes = (request.get("GlobalSecondaryIndexUpdates") or []) + (request.get("VectorIndexUpdates") or [])
        if len(changes) > 1:
            message = (
                "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table"
            )
            raise Refused(message, "LimitExceededException")

    # What they share.

    def _check_write(self, kind: str, write: Json) -> int:
        described = self._describe(write["TableName"])
        check_expressions(write, described)
        if kind == "Put":
            return check_item(write["Item"], described)
        check_key(write["Key"], described)
        return item_bytes(write["Key"]) + item_bytes(write.get("ExpressionAttributeValues") or {})

    def _check_paged(self, request: Json, described: Json) -> dict[str, str]:
        """The key schema of what is read, name -> role."""
        schema = described["KeySchema"]
        index = request.get("IndexName")
        if index:
            found = [one for one in described.get("GlobalSecondaryIndexes") or [] if one["IndexName"] == index]
            if not found:
                raise Refused(f"The table does not have the specified index: {index}")
            if request.get("ConsistentRead"):
                raise Refused("Consistent reads are not supported on global secondary indexes")
            schema = found[0]["KeySchema"]
        if request.get("Limit", 1) < 1:
            raise Refused("Limit must be greater than or equal to 1")
        start = request.get("ExclusiveStartKey")
        wanted = {one["AttributeName"] for one in (*schema, *described["KeySchema"])}
        if start is not None and set(start) != wanted:
            raise Refused("The provided starting key is invalid")
        return {one["AttributeName"]: one["KeyType"] for one in schema}

    def _check_token(self, request: Json) -> None:
        token = request.get("ClientRequestToken")
        if token is None:
            return
        if len(token) > TOKEN:
            raise Refused("ClientRequestToken is longer than 36 characters")
        content = json.dumps({**request, "ClientRequestToken": ""}, sort_keys=True)
        digest = hashlib.sha256(content.encode()).hexdigest()
        if self._tokens.setdefault(token, digest) != digest:
            raise Refused("The request uses the token of another request", "IdempotentParameterMismatchException")


def _conditions(request: Json) -> dict[str, list[str]]:
    """The values that a key condition compares each attribute with; refuses bounds that are the wrong way round."""
    expression, names = request["KeyConditionExpression"], request["ExpressionAttributeNames"]
    values = {name: value["S"] for name, value in request["ExpressionAttributeValues"].items() if "S" in value}
    asked: dict[str, list[str]] = {}
    for name, low, high in _BETWEEN.findall(expression):
        asked.setdefault(names[name], []).extend([values[low], values[high]])
        if values[low].encode() > values[high].encode():
            raise Refused("The BETWEEN operator requires upper bound to be greater than or equal to lower bound")
    for name, value in _each(expression, _COMPARED, _BEGINS):
        asked.setdefault(names[name], []).append(values[value])
    return asked


def _each(expression: str, *patterns: re.Pattern[str]) -> Iterator[Any]:
    for pattern in patterns:
        yield from pattern.findall(expression)


def _key_of(attributes: Json, described: Json) -> tuple[str, ...]:
    return tuple(attributes[one["AttributeName"]]["S"] for one in described["KeySchema"])


def _check_distinct(keys: list[tuple[str, ...]]) -> None:
    if len(set(keys)) != len(keys):
        raise Refused("Provided list of item keys contains duplicates")


def _check_number(number: int, most: int, operation: str) -> None:
    if not 1 <= number <= most:
        raise Refused(f"{operation}: {number} items, 1 to {most} are allowed")
