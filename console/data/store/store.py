"""The store: one boto3 client with retries, paging, batches and transactions. `ClientError` stays in here.

Every call has a deadline. Within it, throttling, server errors, resets and lost answers are retried with full
jitter. A conditional write carries a nonce: when its answer was lost and the retry finds the condition failed,
the nonce on the item that is there tells "this was us" from "somebody else was first".
"""

from __future__ import annotations

import copy
import random
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from console import telemetry
from console.data.store.answers import ConditionFailed, alive, classify
from console.data.store.codec import Item
from console.data.store.meter import STREAM_OPERATIONS, UNMETERED, Meter
from console.data.store.requests import (
    NONCE,
    Delete,
    Put,
    Query,
    Update,
    Write,
    can_be_key,
    item_key,
    projection,
    query_request,
    request_keys,
    write_request,
)
from console.data.store.shards import LAYOUT_KEY, Layout, Shards
from console.data.store.tables import RUNS
from console.errors import DataFolderFailed, StoreUnavailable, UnsavedItems

DEADLINE = 9.5
"""Seconds after which a call gives up; a hanging store is reported after one read time-out."""
PAGE = 500
"""Items asked for per Query page: without `Limit` the embedded engine reads a large partition slowly."""
_BACKOFF_BASE = 0.025
_BACKOFF_CAP = 0.5
_BATCH = 25
_WRITES = frozenset({"put_item", "update_item", "delete_item", "batch_write_item", "transact_write_items"})


class Store:
    """Reads and writes items of the tables in `console.data.store.tables`, under an optional name prefix.

    Raises, from every method: StoreUnavailable when the deadline passes, SetupError when a table is missing or
    access is denied, StoreError for anything else that the store refuses.

    What has expired is not there for any reader from that second on (an answer limited to some attributes has to ask
    for `expiresAt`, too).
    """

    def __init__(
        self,
        client: Any,
        *,
        prefix: str = "",
        deadline: float = DEADLINE,
        meter: Meter | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.client = client
        self.prefix = prefix
        self._streams: Any = None
        self.meter = meter or Meter()
        self.shards = Shards(lambda: self.get(RUNS, *LAYOUT_KEY, consistent=False))
        self._deadline = deadline
        self._sleep = sleep

    def patient(self, seconds: float) -> Store:
        """The same store with another deadline: for imports and other bulk work."""
        other = copy.copy(self)
        other._deadline = seconds
        return other

    @property
    def layout(self) -> Layout:
        """How keys of runs are spread. No request but once in 30 s."""
        return self.shards.layout()

    def name(self, table: str) -> str:
        """The table's name in the store."""
        return self.prefix + table

    # --- reading ---------------------------------------------------------------------------------------

    def get(self, table: str, *key: str, consistent: bool = True) -> Item | None:
        """One item by its key, or None. One request."""
        if not all(map(can_be_key, key)):
            return None
        answer = self.call("get_item", TableName=self.name(table), Key=item_key(table, key), ConsistentRead=consistent)
        return next(iter(alive([answer["Item"]])), None) if "Item" in answer else None

    def page(self, query: Query, *, limit: int = PAGE, start: Item | None = None) -> tuple[list[Item], Item | None]:
        """One page of a query and the key to go on from (None at the end). One request."""
        if not can_be_key(query.hash_value):
            return [], None
        request = query_request(query, self.name(query.table))
        if start:
            request["ExclusiveStartKey"] = start
        answer = self.call("query", Limit=limit, **request)
        return alive(answer["Items"]), answer.get("LastEvaluatedKey")

    def all(
        self, query: Query, *, limit: int = PAGE, first: tuple[list[Item], Item | None] | None = None
    ) -> Iterator[Item]:
        """Every item of a query, read page by page as they are asked for. One request per `limit` items or 1 MB.

        Args:
            first: the first page, where it is there already.
        """
        items, start = first or self.page(query, limit=limit)
        yield from items
        while start is not None:
            items, start = self.page(query, limit=limit, start=start)
            yield from items

    def scan(self, table: str, *, attributes: tuple[str, ...] = ()) -> Iterator[Item]:
        """Every item of a table: for migrations, rebuilds, and a list that is the whole table."""
        request: dict[str, Any] = {"TableName": self.name(table), "Limit": PAGE, "ConsistentRead": True}
        request |= projection(attributes)
        while True:
            answer = self.call("scan", **request)
            yield from alive(answer["Items"])
            if not answer.get("LastEvaluatedKey"):
                return
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def batch_get(
        self,
        table: str,
        keys: Sequence[tuple[str, ...]],
        *,
        attributes: tuple[str, ...] = (),
        consistent: bool = True,
    ) -> list[Item]:
        """The items that exist among `keys`, in no particular order; all attributes, or these. One request per 100."""
        found: list[Item] = []
        for start in range(0, len(keys), 100):
            wanted = [item_key(table, key) for key in keys[start : start + 100]]
            asked = {"Keys": wanted, "ConsistentRead": consistent, **projection(attributes)}
            found += self._get_all({table: asked}, f"reading {len(wanted)} items of {table}")[table]
        return found

    def counters(self, wanted: Mapping[str, Sequence[tuple[str, ...]]], *, consistent: bool = True) -> dict[str, int]:
        """The counters `n` of some items of several tables, added up by table; 0 without any. One request."""
        asked = {
            table: {"Keys": [item_key(table, key) for key in keys], "ConsistentRead": consistent}
            for table, keys in wanted.items()
        }
        found = self._get_all(asked, "reading counters")
        return {table: sum(int(item["n"]["N"]) for item in items) for table, items in found.items()}

    def _get_all(self, asked: dict[str, dict[str, Any]], doing: str) -> dict[str, list[Item]]:
        """The items by table; keys that the store leaves unprocessed are asked for again until the deadline."""
        found: dict[str, list[Item]] = {table: [] for table in asked}
        request = {self.name(table): one for table, one in asked.items()}
        until = time.monotonic() + self._deadline
        for attempt in self._attempts(doing, until):
            answer = self.call("batch_get_item", until, RequestItems=request)
            for table in asked:
                found[table] += alive(answer["Responses"].get(self.name(table), []))
            request = answer.get("UnprocessedKeys", {})
            if not request:
                break
            self._pause(attempt)
        return found

    # --- writing ---------------------------------------------------------------------------------------

    def write(self, write: Put | Update | Delete) -> None:
        """One write. One request.

        Raises:
            ConditionFailed: the condition does not hold (and it was not an earlier attempt of this very call
                that made it so).
        """
        nonce = uuid.uuid4().hex
        kind, request = write_request(write, self.name(write.table), nonce)
        try:
            self.call(f"{kind.lower()}_item", **request)
        except ConditionFailed as failed:
            gone = isinstance(write, Delete) and failed.items[0] is None
            if not gone and not _is_ours(failed.items[0], nonce):
                raise

    def transact(self, writes: Sequence[Write] | Callable[[int], Sequence[Write]]) -> None:
        """All of the writes or none. One request (100 writes and 4 MB at most, DynamoDB's limits).

        Args:
            writes: the writes, or a function from the number of conflicts met so far to the writes: after a
                conflict, which applied nothing, the next attempt may write elsewhere.

        Raises:
            ConditionFailed: a condition does not hold (and it was not an earlier attempt of this call).
        """
        nonce = uuid.uuid4().hex
        conflicts = 0
        until = time.monotonic() + self._deadline
        for attempt in self._attempts("a transaction", until):
            chosen = writes(conflicts) if callable(writes) else writes
            request = {
                "TransactItems": [dict([write_request(one, self.name(one.table), nonce)]) for one in chosen],
                "ClientRequestToken": f"{nonce}-{conflicts:x}",
            }
            try:
                self.call("transact_write_items", until, **request)
                return
            except ConditionFailed as failed:
                if any(_is_ours(item, nonce) for item in failed.items):
                    return
                if failed.failed:
                    raise
                conflicts += 1
                self.meter.event("retry")
            self._pause(attempt)

    def add(self, table: str, key: tuple[str, ...], attribute: str, by: int) -> int:
        """Adds to a counter and returns its new value. One request.

        A lost answer is retried, so a counter may skip; it never gives one value twice.
        """
        answer = self.call(
            "update_item",
            TableName=self.name(table),
            Key=item_key(table, key),
            UpdateExpression="ADD #a :by",
            ExpressionAttributeNames={"#a": attribute},
            ExpressionAttributeValues={":by": {"N": str(by)}},
            ReturnValues="UPDATED_NEW",
        )
        return int(answer["Attributes"][attribute]["N"])

    def batch_put(self, table: str, items: Sequence[Item], *, on_saved: Callable[[int], None] | None = None) -> None:
        """Writes items without conditions, 25 per request; unprocessed ones again until the deadline.

        Args:
            on_saved: called with the number of items saved so far.

        Raises:
            UnsavedItems: the store kept refusing some; names their keys. The others are saved.
        """
        self._batch(table, [{"PutRequest": {"Item": item}} for item in items], on_saved)

    def batch_delete(self, table: str, keys: Sequence[tuple[str, ...]]) -> None:
        """Removes items, 25 per request; raises UnsavedItems as `batch_put` does."""
        self._batch(table, [{"DeleteRequest": {"Key": item_key(table, key)}} for key in keys], None)

    def _batch(self, table: str, requests: list[dict[str, Any]], on_saved: Callable[[int], None] | None) -> None:
        name = self.name(table)
        waiting = list(reversed(requests))
        saved = 0
        attempt = 0
        last_progress = time.monotonic()
        while waiting:
            chunk = [waiting.pop() for _ in range(min(_BATCH, len(waiting)))]
            try:
                answer = self.call("batch_write_item", RequestItems={name: chunk})
            except (StoreUnavailable, DataFolderFailed) as error:
                keys = request_keys(table, [*chunk, *reversed(waiting)])
                raise UnsavedItems(table, keys, str(error) if isinstance(error, DataFolderFailed) else "") from error
            left = answer.get("UnprocessedItems", {}).get(name, [])
            if len(left) < len(chunk):
                saved += len(chunk) - len(left)
                last_progress, attempt = time.monotonic(), 0
                if on_saved:
                    on_saved(saved)
            waiting += reversed(left)
            if left:
                if time.monotonic() - last_progress > self._deadline:
                    raise UnsavedItems(table, request_keys(table, list(reversed(waiting))))
                self.meter.event("throttle")
                self._pause(attempt)
                attempt += 1

    # --- calling ---------------------------------------------------------------------------------------

    def call(self, operation: str, until: float | None = None, /, **request: Any) -> dict[str, Any]:
        """One operation of the client, retried within the deadline (or `until` a monotonic time) and metered."""
        if operation not in UNMETERED:
            request["ReturnConsumedCapacity"] = "INDEXES" if operation in _WRITES else "TOTAL"
        table = request.get("TableName", "")
        named = {"db.system.name": "aws.dynamodb", "db.operation.name": operation, "db.collection.name": table}
        with telemetry.span("store", f"{operation} {table}".rstrip(), **named) as current:
            for attempt in self._attempts(operation + (f" on {table}" if table else ""), until):
                started = time.monotonic()
                try:
                    answer: dict[str, Any] = getattr(self._client_of(operation), operation)(**request)
                except (ClientError, BotoCoreError) as error:
                    classify(error, self.meter)
                else:
                    seconds = time.monotonic() - started
                    self.meter.answered(operation, seconds, answer, write=operation in _WRITES)
                    telemetry.store_answered(operation, seconds)
                    current.set_attribute("attempts", attempt + 1)
                    return answer
                self.meter.event("retry")
                self._pause(attempt)
        raise AssertionError("unreachable: _attempts ends by raising")

    def _client_of(self, operation: str) -> Any:
        """The client that has an operation; the one for streams is made at its first."""
        if operation not in STREAM_OPERATIONS:
            return self.client
        if self._streams is None:
            self._streams = self.client.open_streams()
        return self._streams

    def _attempts(self, doing: str, until: float | None = None) -> Iterator[int]:
        """Attempt numbers until the deadline would pass during the next one; then StoreUnavailable."""
        give_up = until or time.monotonic() + self._deadline
        attempt = 0
        while True:
            started = time.monotonic()
            yield attempt
            attempt += 1
            now = time.monotonic()
            if now + max(now - started, _BACKOFF_BASE) > give_up:
                self.meter.event("failure")
                tried = "1 attempt" if attempt == 1 else f"{attempt} attempts"
                raise StoreUnavailable(
                    f"The store did not complete {doing} within {self._deadline:g} s ({tried}). "
                    "Check that it runs and can be reached, then try again."
                )

    def _pause(self, attempt: int) -> None:
        ceiling = min(_BACKOFF_CAP, _BACKOFF_BASE * 2 ** min(attempt, 10))
        self._sleep(random.uniform(0, ceiling))  # noqa: S311 - jitter, not a secret


def _is_ours(item: Item | None, nonce: str) -> bool:
    return item is not None and item.get(NONCE, {}).get("S") == nonce
