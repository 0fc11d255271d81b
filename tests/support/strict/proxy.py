"""A proxy before an engine that refuses what DynamoDB would refuse, and notes who asked what.

It is a `FaultProxy`, whose faults it can make as well:

    with StrictProxy(engine_endpoint) as proxy:
        client = boto3.client("dynamodb", endpoint_url=proxy.endpoint, ...)
        proxy.conduct(VectorIndexBuilding("backfilling"))
        ...
        assert proxy.violations == []
"""

from __future__ import annotations

import json
import random
from collections import Counter
from contextlib import suppress
from types import TracebackType
from typing import NamedTuple

from tests.support.faults.answers import refused
from tests.support.faults.proxy import FaultProxy
from tests.support.faults.wire import EngineConnection, Json, Message, json_answer
from tests.support.strict.conduct import Conduct
from tests.support.strict.items import Refused, item_bytes
from tests.support.strict.operations import Operations

PAGE_BYTES = 1024 * 1024
"""What one answer of Query or Scan reads at most, before anything is left out of it."""
_ITEM_OPERATIONS = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}
ADMINISTRATION = frozenset({"CreateTable", "UpdateTable", "DeleteTable"})


class Violation(NamedTuple):
    """A request that DynamoDB would have refused."""

    operation: str
    message: str
    request: str


class Use(NamedTuple):
    """What somebody did to a table or one of its indexes."""

    operation: str
    table: str
    index: str


class StrictProxy(FaultProxy):
    """The proxy; enforces the rules from the start."""

    def __init__(self, upstream: str, seed: int = 0) -> None:
        super().__init__(upstream, seed)
        self.violations: list[Violation] = []
        self.uses: Counter[Use] = Counter()
        self._tables: dict[str, Json] = {}
        self._conduct: tuple[Conduct, ...] = ()
        self._rules = Operations(self._described)
        self._own = EngineConnection(self._upstream)
        self._template: Message | None = None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        self._own.close()

    def conduct(self, *ways: Conduct) -> None:
        """From now on AWS behaves in these ways, and in no others."""
        self._conduct = ways

    def forget(self) -> None:
        """Start the notes anew."""
        self.violations, self.uses = [], Counter()

    def _forward(self, request: Message, engine: EngineConnection, dice: random.Random) -> tuple[str, Message | None]:
        operation, body = request.operation, request.json
        self._template = request
        self.uses.update(used(operation, body))
        try:
            self._rules.check(operation, body)
        except LookupError:
            pass  # a table that is not there: the engine says so
        except Refused as broken:
            self.violations.append(Violation(operation, str(broken), request.body[:600].decode()))
            return "answered", refused(400, broken.code, str(broken))
        given = self._given(operation, body)
        if given is not None:
            return "answered", given
        outcome, answered = super()._forward(request, engine, dice)
        if operation in ADMINISTRATION:
            self._tables.pop(body["TableName"], None)
        if answered is not None and answered.status == 200:
            answered = self._as_aws(operation, body, answered)
        return outcome, answered

    def _given(self, operation: str, body: Json) -> Message | None:
        """What AWS answers in the engine's place, as it behaves now."""
        for way in self._conduct:
            try:
                way.before(operation, body)
            except Refused as answer:
                return _answer_of(answer, body)
            instead = way.instead(operation, body)
            if instead is not None:
                return json_answer(200, instead)
        return None

    def _as_aws(self, operation: str, body: Json, answered: Message) -> Message:
        if operation in ("Query", "Scan") and len(answered.body) > PAGE_BYTES:
            answered = json_answer(200, _first_page(answered.json, body, self._described(body["TableName"])))
        if self._conduct and operation.startswith("Describe"):
            found = answered.json
            for way in self._conduct:
                found = way.after(operation, body, found)
            answered = json_answer(200, found)
        return answered

    def _described(self, table: str) -> Json:
        with self._lock:
            if table not in self._tables:
                assert self._template is not None
                asked = self._own.ask(self._template.replaced({"TableName": table}, "DescribeTable"))
                if asked.status != 200:
                    raise LookupError(table)
                self._tables[table] = asked.json["Table"]
            return self._tables[table]


def used(operation: str, body: Json) -> set[Use]:
    """What a request needs the permission for."""
    if operation == "TransactWriteItems":
        writes = [(kind, write["TableName"]) for one in body["TransactItems"] for kind, write in one.items()]
        return {Use(_ITEM_OPERATIONS[kind], table, "") for kind, table in writes}
    if "RequestItems" in body:
        return {Use(operation, table, "") for table in body["RequestItems"]}
    table = body.get("TableName") or body.get("ResourceArn", "").rpartition("/")[2]
    return {Use(operation, table, body.get("IndexName", ""))}


def _answer_of(refusal: Refused, body: Json) -> Message:
    if refusal.code != "TransactionCanceledException":
        return refused(400, refusal.code, str(refusal))
    reasons = [{"Code": "ThrottlingError", "Message": str(refusal)} for _ in body["TransactItems"]]
    return refused(400, refusal.code, str(refusal), CancellationReasons=reasons)


def _first_page(answer: Json, body: Json, described: Json) -> Json:
    """The answer up to 1 MB, with the key to go on from."""
    size, items = 0, answer["Items"]
    for number, item in enumerate(items):
        size += item_bytes(item)
        if size > PAGE_BYTES and number:
            last = items[number - 1]
            names = [one["AttributeName"] for one in described["KeySchema"]]
            for index in described.get("GlobalSecondaryIndexes") or []:
                if index["IndexName"] == body.get("IndexName"):
                    names += [one["AttributeName"] for one in index["KeySchema"]]
            answer |= {"Items": items[:number], "Count": number, "ScannedCount": number}
            with suppress(KeyError):  # a projection without the keys cannot be cut here
                answer["LastEvaluatedKey"] = {name: last[name] for name in names}
                return answer
            raise AssertionError(f"a projection without keys reads more than 1 MB: {json.dumps(body)[:300]}")
    return answer
