"""What versioned records share: version numbers, the optimistic lock, and the switch between versions.

Every version is an item (`partitionKey` = id, `sortKey` = version). At most one is active. A write names the
revision that it was based on; the condition on the active item makes the loser of a race find out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, TypeVar

from console.data.store.codec import timestamp
from console.data.store.requests import Condition, Update
from console.errors import ConflictError, InvalidInput, existing
from console.records import Case, Judge

V = TypeVar("V", bound=Case | Judge)


def check_editable(changes: Iterable[str], editable: frozenset[str], kind: str) -> None:
    """Raises InvalidInput for a field that nobody may change."""
    if foreign := set(changes) - editable:
        raise InvalidInput(f"A {kind} has no editable field {', '.join(sorted(foreign))}.")


def version_number(version: str) -> tuple[int, ...]:
    """The number in "10.0" is (10, 0): versions sort by number, never as text."""
    return tuple(int(part) if part.isdecimal() else 0 for part in version.split("."))


def newest_first(versions: list[V]) -> list[V]:
    """The versions in descending order."""
    return sorted(versions, key=lambda one: version_number(one.version), reverse=True)


def next_version(versions: list[V]) -> str:
    """The number after the highest."""
    highest = max((version_number(one.version)[0] for one in versions), default=0)
    return f"{highest + 1}.0"


def active_of(versions: list[V]) -> V | None:
    """The version in force, if the record is active."""
    return next((one for one in versions if one.active), None)


def newest_of_each(versions: Iterable[V], key: Callable[[V], str]) -> dict[str, V]:
    """The highest version of each record, by the record's id."""
    newest: dict[str, V] = {}
    for one in sorted(versions, key=lambda one: version_number(one.version)):
        newest[key(one)] = one
    return newest


def pick(versions: list[V], kind: str, key: str, version: str) -> V:
    """One version by its number; raises NotFound."""
    found = next((one for one in versions if one.version == version), None)
    return existing(found, f"version {version} of the {kind}", key)


def unchanged(revision: int, *, active: bool = True) -> Condition:
    """The item is still at `revision` (items of earlier systems have none: that is revision 1)."""
    same = "#rev = :rev"
    if revision == 1:
        same = f"({same} OR attribute_not_exists(#rev))"
    return Condition(
        f"#act = :act AND {same}",
        {"#act": "active", "#rev": "revision"},
        {":act": flag(active), ":rev": revision},
    )


def flag(active: bool) -> str:
    """`active` as the indexes want it: a text."""
    return "true" if active else "false"


def switch(
    table: str, key: str, version: str, *, to: bool, condition: Condition, by: str, now: datetime, revision: int
) -> Update:
    """Activates or deactivates one version."""
    sets = {"active": flag(to), "revision": revision}
    if to:
        sets |= {"lastUpdatedBy": by, "lastUpdatedOn": timestamp(now)}
    return Update(table, (key, version), sets=sets, condition=condition)


def conflict(kind: str, key: str, versions: list[V]) -> ConflictError:
    """Who saved first, read off the versions as they are now."""
    latest = active_of(versions) or max(versions, key=lambda one: one.last_updated_on, default=None)
    if latest is None:
        return ConflictError(kind, key, changed_by="somebody who removed it", changed_on=None)
    return ConflictError(kind, key, changed_by=latest.last_updated_by, changed_on=latest.last_updated_on)


def creation_order(records: list[Any]) -> list[Any]:
    """Newest second first; within one second in order of creation, as the old system answered."""
    ordered = sorted(records, key=lambda one: (one.created_on, one.sequence))
    return sorted(ordered, key=lambda one: one.created_on.replace(microsecond=0), reverse=True)
