"""Answers that AWS may give and that no local engine gives.

Texts as DynamoDB documents them, for example
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/VectorSearchTroubleshooting.html
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from tests.support.faults.wire import Json
from tests.support.strict.items import Refused

CREATING, BACKFILLING, UNKNOWN = "creating", "backfilling", "unknown"


class Conduct:
    """One way in which AWS may behave; says nothing by itself."""

    def before(self, operation: str, request: Json) -> None:
        """Raises Refused when this is what AWS answers."""

    def instead(self, operation: str, request: Json) -> Json | None:
        """AWS's answer to what the engine does not know; None for everything else."""
        return None

    def after(self, operation: str, request: Json, answer: Json) -> Json:
        """The answer as AWS would give it."""
        return answer


@dataclass
class VectorIndexBuilding(Conduct):
    """A vector index that is not ready: `creating`, ACTIVE but still `backfilling`, or `unknown` to the search."""

    state: str = CREATING
    index: str = ""
    """Only this one; all by default."""

    def before(self, operation: str, request: Json) -> None:
        if operation != "SearchVectors" or self.index not in ("", request["IndexName"]):
            return
        if self.state == UNKNOWN:
            raise Refused(f"The table does not have the specified index: {request['IndexName']}")
        raise Refused(f"Cannot search backfilling vector index: {request['IndexName']}")

    def after(self, operation: str, request: Json, answer: Json) -> Json:
        if operation != "DescribeTable" or self.state == UNKNOWN:
            return answer
        for index in answer["Table"].get("VectorIndexes") or []:
            if self.index in ("", index["IndexName"]):
                index["IndexStatus"] = "ACTIVE" if self.state == BACKFILLING else "CREATING"
                index["Backfilling"] = True
        return answer


@dataclass
class WithoutVectors(Conduct):
    """A table as a restore leaves it: without its vector index, time to live and stream."""

    dropped: tuple[str, ...] = ("VectorIndexes", "StreamSpecification")

    def after(self, operation: str, request: Json, answer: Json) -> Json:
        if operation == "DescribeTable":
            for name in self.dropped:
                answer["Table"].pop(name, None)
        if operation == "DescribeTimeToLive":
            answer["TimeToLiveDescription"] = {"TimeToLiveStatus": "DISABLED"}
        return answer

    def before(self, operation: str, request: Json) -> None:
        if operation == "SearchVectors":
            raise Refused(f"The table does not have the specified index: {request['IndexName']}")


class Backups(Conduct):
    """Point-in-time recovery, which the embedded engine does not have."""

    def __init__(self) -> None:
        self._recovery: dict[str, str] = {}

    def instead(self, operation: str, request: Json) -> Json | None:
        table = request.get("TableName", "")
        if operation == "UpdateContinuousBackups":
            wanted = request["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"]
            self._recovery[table] = "ENABLED" if wanted else "DISABLED"
        elif operation != "DescribeContinuousBackups":
            return None
        status = self._recovery.get(table, "DISABLED")
        recovery = {"PointInTimeRecoveryStatus": status}
        return {
            "ContinuousBackupsDescription": {
                "ContinuousBackupsStatus": "ENABLED",
                "PointInTimeRecoveryDescription": recovery,
            }
        }


@dataclass
class Refuses(Conduct):
    """Refuses operations, so many times or for ever."""

    code: str
    message: str
    operations: Collection[str]
    times: int = -1
    table: str = ""
    """Only where the table's name ends so."""
    holding: str = ""
    """Only requests with this parameter."""

    def before(self, operation: str, request: Json) -> None:
        concerned = request.get("TableName", "").endswith(self.table) and (not self.holding or self.holding in request)
        if operation in self.operations and concerned and self.times:
            self.times -= 1
            raise Refused(self.message, self.code)


def backups_unavailable(times: int) -> Refuses:
    """A table that was made a moment ago cannot have its recovery switched on yet."""
    message = "Backups are being enabled for the table. Please retry later"
    return Refuses("ContinuousBackupsUnavailableException", message, {"UpdateContinuousBackups"}, times)


def in_use(operations: Collection[str], times: int) -> Refuses:
    """A table that is changed already."""
    message = "Attempt to change a resource which is still in use: Table is being updated"
    return Refuses("ResourceInUseException", message, operations, times)


def expired_credentials() -> Refuses:
    """The token of a role's session is too old."""
    return Refuses("ExpiredTokenException", "The security token included in the request is expired", _Everything())


def clock_skew() -> Refuses:
    """The clock of the machine is wrong."""
    message = "Signature expired: 20260101T000000Z is now earlier than 20260101T002500Z (20260101T003000Z - 5 min.)"
    return Refuses("InvalidSignatureException", message, _Everything())


class _Everything(frozenset[str]):
    def __contains__(self, _: object) -> bool:
        return True


@dataclass
class Throttled(Conduct):
    """Writes that touch an index or a partition key beyond what it can take, so many times."""

    key: str = ""
    """A partition key: every write of it is refused."""
    index: str = ""
    """An index: every write of its table is refused."""
    table: str = ""
    times: int = 3
    seen: int = field(default=0, init=False)

    def before(self, operation: str, request: Json) -> None:
        writes = [body for body in _writes(operation, request) if self._concerns(body)]
        if not writes or self.seen >= self.times:
            return
        self.seen += 1
        what = f"index:{self.index}" if self.index else "key range"
        raise Refused(
            f"Throughput exceeds the current capacity of your table or index ({what}).",
            "TransactionCanceledException" if operation == "TransactWriteItems" else "ThrottlingException",
        )

    def _concerns(self, write: Json) -> bool:
        if not write["TableName"].endswith(self.table):
            return False
        attributes = write.get("Item") or write["Key"]
        return not self.key or any(value.get("S") == self.key for value in attributes.values())


def _writes(operation: str, request: Json) -> list[Any]:
    if operation in ("PutItem", "UpdateItem", "DeleteItem"):
        return [request]
    if operation == "TransactWriteItems":
        return [write for one in request["TransactItems"] for write in one.values()]
    return []


@dataclass
class VectorsOfTheTemplate(Conduct):
    """Vector indexes where the engine knows none: ready when described, and as full as `VectorIndexBuilding` says.

    Searches of them are refused as AWS refuses those of an index that is being built.
    """

    definitions: dict[str, list[Json]]
    """By the name of the table, as CreateTable takes them."""

    def before(self, operation: str, request: Json) -> None:
        if operation == "SearchVectors":
            raise Refused(f"Cannot search backfilling vector index: {request['IndexName']}")

    def after(self, operation: str, request: Json, answer: Json) -> Json:
        if operation == "DescribeTable" and request["TableName"] in self.definitions:
            ready = {"IndexStatus": "ACTIVE", "Backfilling": False}
            answer["Table"]["VectorIndexes"] = [one | ready for one in self.definitions[request["TableName"]]]
        return answer
