"""A table as the store describes it: four answers, of which local engines and closed roles give only some."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from console.data.store.answers import code_of
from console.data.store.store import Store
from console.data.store.tables import Table
from console.errors import Denied, SetupError, StoreError

ENABLED = ("ENABLED", "ENABLING")
_NOT_HERE = ("UnknownOperationException", "ValidationException")
"""How a local engine says that it does not have something."""


@dataclass(frozen=True, slots=True)
class Description:
    """What there is of a table."""

    table: dict[str, Any]
    """DescribeTable's answer."""
    expiry: str | None = None
    """The attribute by which items expire."""
    recovery: bool | None = None
    """Whether it can be restored to a point in time; None where the engine knows no such thing."""
    tags: dict[str, str] = field(default_factory=dict)
    hidden: tuple[str, ...] = ()
    """Permissions that this process would need to see the rest."""

    @property
    def name(self) -> str:
        """Prefix included."""
        return str(self.table["TableName"])

    def indexes(self) -> dict[str, dict[str, Any]]:
        """The global secondary indexes by name."""
        return {index["IndexName"]: index for index in self.table.get("GlobalSecondaryIndexes") or []}

    def vector_index(self, name: str) -> dict[str, Any] | None:
        """A vector index, or None."""
        return next((one for one in self.table.get("VectorIndexes") or [] if one["IndexName"] == name), None)


def is_ready(index: dict[str, Any]) -> bool:
    """Whether an index can be read: ACTIVE, and nothing of it is still to come."""
    return index.get("IndexStatus") == "ACTIVE" and not index.get("Backfilling")


def index_state(index: dict[str, Any]) -> str:
    """The state of an index in one word."""
    status = str(index.get("IndexStatus", ""))
    return "BACKFILLING" if status == "ACTIVE" and index.get("Backfilling") else status


def describe(store: Store, table: str) -> dict[str, Any] | None:
    """DescribeTable's answer, or None when the table is not there. One request.

    Raises:
        Denied: this process may not look.
    """
    try:
        found: dict[str, Any] = store.call("describe_table", TableName=store.name(table))["Table"]
    except Denied:
        raise
    except SetupError:
        return None
    return found


def look(store: Store, table: Table, *, managed: bool) -> Description | None:
    """Everything about a table, or None when it is not there.

    One request, one more for the expiry of a table that has one; in a managed store two more, for its recovery and
    its tags.

    Args:
        managed: whether it is AWS, or an engine that is used in its place; those of a laptop keep no backups.
    """
    found = describe(store, table.name)
    if found is None:
        return None
    hidden: list[str] = []

    def ask(permission: str, question: Callable[[], Any]) -> Any:
        try:
            return question()
        except Denied:
            hidden.append(permission)
            return None

    expiry = ask("DescribeTimeToLive", lambda: _expiry(store, table)) if table.ttl else None
    recovery = ask("DescribeContinuousBackups", lambda: _recovery(store, table)) if managed else None
    tags = ask("ListTagsOfResource", lambda: _tags(store, found["TableArn"])) if managed else None
    return Description(found, expiry, recovery, tags or {}, tuple(hidden))


def _expiry(store: Store, table: Table) -> str | None:
    answer = store.call("describe_time_to_live", TableName=store.name(table.name))["TimeToLiveDescription"]
    return answer.get("AttributeName") if answer["TimeToLiveStatus"] in ENABLED else None


def _recovery(store: Store, table: Table) -> bool | None:
    try:
        answer = store.call("describe_continuous_backups", TableName=store.name(table.name))
    except StoreError as error:
        if code_of(error) in _NOT_HERE:
            return None
        raise
    found = answer["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription", {})
    return bool(found.get("PointInTimeRecoveryStatus") in ENABLED)


def _tags(store: Store, arn: str) -> dict[str, str]:
    listed = store.call("list_tags_of_resource", ResourceArn=arn).get("Tags", [])
    return {one["Key"]: one["Value"] for one in listed}


def vector_state(store: Store, table: Table) -> str:
    """`ACTIVE` when the vector index can be searched, `CREATING`, `BACKFILLING`, ...; empty when there is none.

    One request.
    """
    found = describe(store, table.name)
    index = Description(found).vector_index(table.vectors.name) if found and table.vectors else None
    return index_state(index) if index else ""
