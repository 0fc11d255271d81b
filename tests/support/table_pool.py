"""Empty tables for one test after another: emptying seven takes a fraction of the time that making them takes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from botocore.exceptions import ClientError

from console.data.store.setup.setup import set_up
from console.data.store.store import Store
from console.data.store.tables import TABLES, Table

_MANY = 1_000
"""Items in one table from which on making new tables is quicker."""
_BATCH = 25
_WORKERS = ("batch ", "embed ")
"""How threads of batches begin their names."""


def _wait_for_workers() -> None:
    """Until what a test began in the background has ended: it would miss what it works on."""
    for thread in threading.enumerate():
        if thread.name.startswith(_WORKERS):
            thread.join(30)


class TablePool:
    """Prefixes of empty tables of one engine.

    Args:
        client: reaches the engine itself, without what tests put in between.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._free: list[str] = []

    @contextmanager
    def borrowed(self, *, altered: bool = False) -> Iterator[str]:
        """The prefix of empty tables. A test may fill them; one that alters or removes them says so by `altered`."""
        prefix = self._free.pop() if self._free else self._made()
        yield prefix
        _wait_for_workers()
        if altered:
            return
        try:
            emptied = all(self._emptied(f"{prefix}{table.name}", table) for table in TABLES)
        except ClientError:
            return
        if emptied:
            self._free.append(prefix)

    def _made(self) -> str:
        prefix = f"t{uuid4().hex[:12]}-"
        set_up(Store(self._client, prefix=prefix))
        return prefix

    def _emptied(self, name: str, table: Table) -> bool:
        """Whether the table is empty now; one with very many items is left as it is."""
        keys = self._keys(name, table)
        if len(keys) > _MANY:
            return False
        requests = [{"DeleteRequest": {"Key": key}} for key in keys]
        for start in range(0, len(requests), _BATCH):
            left = self._client.batch_write_item(RequestItems={name: requests[start : start + _BATCH]})
            if left.get("UnprocessedItems"):
                return False
        return True

    def _keys(self, name: str, table: Table) -> list[dict[str, Any]]:
        names = {f"#{place}": key for place, key in enumerate(filter(None, (table.hash_key, table.range_key)))}
        request = {"TableName": name, "ProjectionExpression": ", ".join(names), "ExpressionAttributeNames": names}
        keys: list[dict[str, Any]] = []
        while len(keys) <= _MANY:
            found = self._client.scan(**request, ConsistentRead=True)
            keys += found["Items"]
            if "LastEvaluatedKey" not in found:
                break
            request["ExclusiveStartKey"] = found["LastEvaluatedKey"]
        return keys
