"""What was written to a table, by whoever did: its DynamoDB stream, read from a position that can be kept.

A look costs no read units, however large the table is: one GetRecords per open shard and 1,000 changes, each a stream
read request unit (https://aws.amazon.com/dynamodb/pricing/on-demand/). A stream keeps a day; what is older than that
cannot be told, and whoever asks has to read the table itself.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from cachetools import LRUCache

from console.data.store.answers import code_of
from console.data.store.setup.description import describe
from console.data.store.store import Store
from console.errors import SetupError, StoreError
from console.records import StreamPosition

KEPT = 23 * 3600.0
"""Seconds after which a position counts as lost: a little less than a stream keeps."""
_LOOK_AGAIN = 60.0
_PAGE = 1_000
_LOST = (
    "TrimmedDataAccessException",
    "ResourceNotFoundException",
    "ExpiredIteratorException",
    "AccessDeniedException",  # a role that may read the table, and not its stream
)
_CURSORS = 256


class Change(NamedTuple):
    """One write of an item."""

    hash_value: str
    range_value: str
    kind: str
    """INSERT, MODIFY or REMOVE."""


class TableStream:
    """The stream of one table. Thread-safe; remembers only where it can go on reading."""

    def __init__(self, store: Store, table: str, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._table = table
        self._clock = clock
        self._lock = threading.Lock()
        self._arn = ""
        self._look_again = float("-inf")
        self._iterators: LRUCache[tuple[str, str], str] = LRUCache(_CURSORS)

    def position(self) -> StreamPosition | None:
        """Where the stream ends now; None when the table has none.

        Two requests and one per 1,000 changes in the shards that are open: those of the last hours.
        """
        arn = self._stream()
        if not arn:
            return None
        began = self._clock()
        shards = self._shards(arn)
        parents = {one.get("ParentShardId") for one in shards}
        ends = {one["ShardId"]: _end(one) for one in shards if one["ShardId"] not in parents}
        try:
            read = {shard: self._drain(arn, shard, after, [])[0] for shard, after in ends.items()}
        except (StoreError, SetupError) as error:
            self._forget_when_gone(error)
            return None
        return StreamPosition(stream=arn, moment=began, shards=read)

    def since(self, position: StreamPosition) -> tuple[list[Change], StreamPosition] | None:
        """The changes after a position, those of each item in their order, and the position after them.

        None when that cannot be told: the stream is another, or does not reach back so far. One request per shard and
        1,000 changes, one more for a position that this process has not read up to.
        """
        began = self._clock()
        if position.stream != self._stream() or began - position.moment > KEPT:
            return None
        read, waiting, found = dict(position.shards), list(position.shards), list[Change]()
        try:
            while waiting:
                shard = waiting.pop()
                read[shard], ended = self._drain(position.stream, shard, read[shard], found)
                children = self._children(position.stream, shard) if ended else []
                if children:
                    del read[shard]
                    read |= dict.fromkeys(children, "")
                    waiting += children
        except (StoreError, SetupError) as error:
            self._forget_when_gone(error)
            return None
        return found, StreamPosition(stream=position.stream, moment=began, shards=read)

    def _stream(self) -> str:
        """The stream's ARN; empty when the table has none, which is looked at again after a minute."""
        with self._lock:
            if not self._arn and time.monotonic() >= self._look_again:
                described = describe(self._store, self._table) or {}
                enabled = described.get("StreamSpecification", {}).get("StreamEnabled")
                self._arn = described.get("LatestStreamArn", "") if enabled else ""
                self._look_again = time.monotonic() + _LOOK_AGAIN
            return self._arn

    def _forget_when_gone(self, error: StoreError | SetupError) -> None:
        """Raises what does not mean that the position is lost."""
        if code_of(error) not in _LOST:
            raise error
        with self._lock:
            self._arn, self._look_again = (
                "",
                time.monotonic() + _LOOK_AGAIN * (code_of(error) == "AccessDeniedException"),
            )
            self._iterators.clear()

    def _shards(self, arn: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        request = {"StreamArn": arn}
        while True:
            described = self._store.call("describe_stream", **request)["StreamDescription"]
            found += described["Shards"]
            if not described.get("LastEvaluatedShardId"):
                return found
            request["ExclusiveStartShardId"] = described["LastEvaluatedShardId"]

    def _children(self, arn: str, shard: str) -> list[str]:
        return [one["ShardId"] for one in self._shards(arn) if one.get("ParentShardId") == shard]

    def _drain(self, arn: str, shard: str, after: str, found: list[Change]) -> tuple[str, bool]:
        """Reads a shard to its present end; the last sequence number, and whether the shard was closed there."""
        with self._lock:
            iterator: str | None = self._iterators.pop((shard, after), None)
        known = iterator is not None
        while True:
            if iterator is None:
                iterator = self._iterator(arn, shard, after)
            try:
                answer = self._store.call("get_records", ShardIterator=iterator, Limit=_PAGE)
            except StoreError as error:
                if not known or code_of(error) != "ExpiredIteratorException":
                    raise
                iterator, known = None, False  # it lay for a quarter of an hour
                continue
            for record in answer["Records"]:
                keys = [value["S"] for _, value in sorted(record["dynamodb"]["Keys"].items())]
                found.append(Change(keys[0], keys[-1], record["eventName"]))
                after = record["dynamodb"]["SequenceNumber"]
            iterator = answer.get("NextShardIterator")
            if iterator is None:
                return after, True
            if not answer["Records"]:
                with self._lock:
                    self._iterators[(shard, after)] = iterator
                return after, False

    def _iterator(self, arn: str, shard: str, after: str) -> str:
        where = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": after}
        if not after:
            where = {"ShardIteratorType": "TRIM_HORIZON"}
        answer = self._store.call("get_shard_iterator", StreamArn=arn, ShardId=shard, **where)
        return str(answer["ShardIterator"])


def _end(shard: dict[str, Any]) -> str:
    """A sequence number near the end of a shard, where the engine says one, to read on from."""
    return str(shard.get("SequenceNumberRange", {}).get("EndingSequenceNumber") or "")
