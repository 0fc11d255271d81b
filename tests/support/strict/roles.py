"""What the roles of the template may do, against what was asked."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from console.data.store.tables import COLLECTIONS, TABLES, VECTORS
from tests.support.strict.proxy import Use

ROOT = Path(__file__).resolve().parents[3]
TEMPLATE = ROOT / "infra" / "aws" / "template.json"
CONSOLE, API, READER, MAINTENANCE = "ConsoleAccess", "ApiAccess", "ReaderAccess", "MaintenanceAccess"
_STREAMS = frozenset({"DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"})
_SETTING_UP = frozenset(
    {"CreateTable", "UpdateTable", "UpdateTimeToLive", "DescribeTable", "DescribeTimeToLive"}
    | {"DescribeContinuousBackups", "UpdateContinuousBackups", "ListTagsOfResource", "TagResource"}
)
_DEPLOYED = frozenset({"CreateTable", "DescribeContinuousBackups"})
"""By which is seen that a test sets up tables, as every store but AWS is at the start: there, whoever deploys does."""
_LOOKS = ("DescribeContinuousBackups", "ListTagsOfResource")
_PACKING = (("PutItem", VECTORS), ("DeleteItem", VECTORS), ("BatchWriteItem", VECTORS), ("UpdateItem", COLLECTIONS))
ELSEWHERE = {
    CONSOLE: frozenset(
        {Use(operation, table.name, "") for operation in _LOOKS for table in TABLES} | {Use("UpdateItem", VECTORS, "")}
    ),
    API: frozenset(Use(operation, table, "") for operation, table in _PACKING),
}
"""What a role needs and no test of its own asks for: the console looks at backups and tags in AWS alone, and says that
it is alive in ingests of minutes; a search of the API packs vectors that another program wrote.
"""
_WITHIN = {"TransactGetItems": "GetItem"}
_NAMES = sorted((table.name for table in TABLES), key=len, reverse=True)


@cache
def allowed(role: str) -> frozenset[Use]:
    """Every permission of a role: an operation on a table, or on one of its indexes."""
    resources = json.loads(TEMPLATE.read_text(encoding="utf-8"))["Resources"]
    (policy,) = (one["Properties"] for name, one in resources.items() if name.startswith(role))
    statements = [one for one in policy["PolicyDocument"]["Statement"] if one["Effect"] == "Allow"]
    return frozenset(
        Use(action.removeprefix("dynamodb:"), table, index)
        for statement in statements
        for action in _listed(statement["Action"])
        for table, index in map(_resource, _listed(statement["Resource"]))
    )


def missing(held: Iterable[str], uses: Iterable[Use]) -> set[Use]:
    """What was asked and none of these roles may."""
    known, asked = frozenset().union(*map(allowed, held)), set(map(_plain, uses))
    set_up = any(use.operation in _DEPLOYED and use not in known for use in asked)
    apart = _STREAMS | _SETTING_UP if set_up else _STREAMS
    return {use for use in asked if use not in known and use.operation not in apart}


def unused(role: str, uses: Iterable[Use]) -> set[Use]:
    """What a role may and nobody asked; streams are followed by what feeds OpenSearch, apart."""
    asked = set(map(_plain, uses))
    return {use for use in allowed(role) if use not in asked and use.operation not in _STREAMS}


def extra(folder: Path) -> dict[str, set[Use]]:
    """What the console and the API may and nobody asked in a run of all tests, by role, but for `ELSEWHERE`.

    Args:
        folder: where `note` wrote.
    """
    return {role: unused(role, _noted(folder, role)) - ELSEWHERE[role] for role in (CONSOLE, API)}


def _noted(folder: Path, role: str) -> Iterator[Use]:
    for file in folder.glob(f"{role}.*"):
        yield from (Use(*line.split("\t")) for line in file.read_text(encoding="utf-8").splitlines())


def role_of(test: pytest.Item) -> str | None:
    """The role in which a test runs, by its folder; `maintenance` marks those that need a second one."""
    folder = test.path.relative_to(ROOT / "tests").parts[0]
    return {"pages": CONSOLE, "actions": CONSOLE, "api": API}.get(folder)


def note(role: str, uses: Iterable[Use]) -> None:
    """Add what was asked to the folder `ROLES_SEEN`, so that a run can say what nobody asked for (`unused`)."""
    if where := os.environ.get("ROLES_SEEN"):
        with open(f"{where}/{role}.{os.getpid()}", "a", encoding="utf-8") as file:
            file.writelines("\t".join(_plain(use)) + "\n" for use in uses)


def _plain(use: Use) -> Use:
    """Without the prefix of a test's tables."""
    table = next((name for name in _NAMES if use.table.endswith(name)), use.table)
    return Use(_WITHIN.get(use.operation, use.operation), table, use.index)


def _listed(value: Any) -> Iterator[Any]:
    yield from value if isinstance(value, list) else [value]


def _resource(value: Any) -> tuple[str, str]:
    """The table and the index of an ARN in the template."""
    said = json.dumps(value)
    table = re.search(r'"Fn::GetAtt": \["(\w+)", "Arn"\]', said)
    index = re.search(r"/index/([\w-]+)", said)
    assert table
    return table[1], index[1] if index else ""
