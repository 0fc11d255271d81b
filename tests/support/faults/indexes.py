"""Indexes that lag behind their tables, for the fault proxy."""

from __future__ import annotations

import itertools
import threading
import time
from collections import deque
from collections.abc import Iterator

from tests.support.faults.wire import EngineConnection, Json, Message

BATCH_WRITE_LIMIT = 25


class StaleIndexes:
    """Copies of tables that follow the originals late; the engine answers index queries from them.

    A write is remembered as the image that the table holds after it, and reaches the copy when its time
    has come. Conditions, filters, order and paging, and items that were deleted or moved to another index
    key, are then right without being understood here.
    """

    def __init__(self, upstream: tuple[str, int], seconds: float) -> None:
        self._engine = EngineConnection(upstream)
        self._seconds = seconds
        self._lock = threading.Lock()
        self._closed = False
        self._keys: dict[str, list[str]] = {}
        self._late: deque[tuple[float, str, Json, Json | None]] = deque()
        self._template: Message | None = None

    def before(self, request: Message) -> Message:
        """Copy the tables about to be written; turn a query of an index to the copy."""
        body = request.json
        on_index = request.operation in ("Query", "Scan") and "IndexName" in body
        tables = {body["TableName"]} if on_index else {table for table, _ in _written(request)}
        if not tables:
            return request
        with self._lock:
            if self._closed:
                return request
            self._template = request
            for table in tables - self._keys.keys():
                self._copy(table)
            self._catch_up()
        if on_index and body["TableName"] in self._keys:
            return request.replaced({**body, "TableName": _copy_of(body["TableName"])})
        return request

    def after(self, request: Message) -> None:
        """Remember what the table holds now under every key that the request wrote."""
        for table, attributes in _written(request):
            with self._lock:
                if self._closed:
                    return
                key = {name: attributes[name] for name in self._keys[table]}
                found = self._ask("GetItem", {"TableName": table, "Key": key, "ConsistentRead": True})
                self._late.append((time.monotonic() + self._seconds, table, key, found.get("Item")))

    def close(self) -> None:
        """Drop the copies."""
        with self._lock:
            self._closed = True
            for table in self._keys:
                self._ask("DeleteTable", {"TableName": _copy_of(table)})
            self._engine.close()

    def _catch_up(self) -> None:
        while self._late and self._late[0][0] <= time.monotonic():
            _, table, key, image = self._late.popleft()
            operation, write = ("DeleteItem", {"Key": key}) if image is None else ("PutItem", {"Item": image})
            self._ask(operation, {"TableName": _copy_of(table), **write})

    def _copy(self, table: str) -> None:
        described = self._try("DescribeTable", {"TableName": table})
        if described.status != 200:
            return  # no such table: the engine will say so to the client
        definition = _definition_of_copy(described.json["Table"])
        self._ask("CreateTable", definition)
        self._keys[table] = [part["AttributeName"] for part in definition["KeySchema"]]
        for items in self._scan(table):
            for start in range(0, len(items), BATCH_WRITE_LIMIT):
                puts = [{"PutRequest": {"Item": item}} for item in items[start : start + BATCH_WRITE_LIMIT]]
                self._ask("BatchWriteItem", {"RequestItems": {_copy_of(table): puts}})

    def _scan(self, table: str) -> Iterator[list[Json]]:
        resume: Json = {}
        while True:
            page = self._ask("Scan", {"TableName": table, "ConsistentRead": True, **resume})
            yield page["Items"]
            if "LastEvaluatedKey" not in page:
                return
            resume = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def _ask(self, operation: str, body: Json) -> Json:
        answer = self._try(operation, body)
        if answer.status != 200:
            raise RuntimeError(f"the fault proxy's own {operation} failed: {answer.body.decode()}")
        return answer.json

    def _try(self, operation: str, body: Json) -> Message:
        """Ask with the credentials of the client's last request: some engines keep accounts apart."""
        assert self._template is not None
        return self._engine.ask(self._template.replaced(body, operation))


def _written(request: Message) -> Iterator[tuple[str, Json]]:
    """(table, attributes that hold the key) of every item that a request writes."""
    body = request.json
    match request.operation:
        case "PutItem" | "UpdateItem" | "DeleteItem":
            yield body["TableName"], _key_holder(body)
        case "BatchWriteItem":
            for table, writes in body["RequestItems"].items():
                for write in writes:
                    yield table, _key_holder(*write.values())
        case "TransactWriteItems":
            for action in body["TransactItems"]:
                if "ConditionCheck" not in action:
                    (write,) = action.values()
                    yield write["TableName"], _key_holder(write)


def _key_holder(write: Json) -> Json:
    holder: Json = write["Item"] if "Item" in write else write["Key"]
    return holder


def _copy_of(table: str) -> str:
    return f"{table}.stale"


def _definition_of_copy(described: Json) -> Json:
    """The `CreateTable` request for a copy with a table's keys and indexes, and nothing else of it."""
    kinds = ("GlobalSecondaryIndexes", "LocalSecondaryIndexes")
    indexes = {
        kind: [{field: index[field] for field in ("IndexName", "KeySchema", "Projection")} for index in described[kind]]
        for kind in kinds
        if described.get(kind)
    }
    schemas = [described["KeySchema"], *(index["KeySchema"] for index in itertools.chain(*indexes.values()))]
    keys = {part["AttributeName"] for part in itertools.chain(*schemas)}
    return {
        "TableName": _copy_of(described["TableName"]),
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": described["KeySchema"],
        "AttributeDefinitions": [one for one in described["AttributeDefinitions"] if one["AttributeName"] in keys],
        **indexes,
    }
