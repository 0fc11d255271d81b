"""The only place that names tables, keys, indexes and the time-to-live attribute.

Every table is keyed by two strings, `partitionKey` and `sortKey` (ConsoleUsers by `username`), billed on demand and
encrypted at rest (always so in DynamoDB). Names of tables, keys, indexes and attributes are fixed: items that earlier
systems wrote stay readable.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

PK = "partitionKey"
SK = "sortKey"
TTL_ATTRIBUTE = "expiresAt"

CASES = "CasesConfiguration"
JUDGES = "JudgesConfiguration"
RUNS = "EvaluationRuns"
THRESHOLDS = "ThresholdsHistory"
USERS = "ConsoleUsers"

ACTIVE_CASES = "ActiveCasesIndex"
ACTIVE_JUDGES = "ActiveJudgesIndex"
JUDGES_BY_CASE = "JudgesByCaseIndex"
RUNS_BY_JUDGE = "RunsByJudgeIndex"
RUNS_BY_CASE = "RunsByCaseIndex"
RUNS_BY_DATE = "RunsByDateIndex"
RUNS_BY_STATUS = "RunsByStatusIndex"
LABELLED_RUNS = "LabelledRunsIndex"

# What a row of a run list shows. DynamoDB allows 20 non-key attributes per index and 100 per table,
# so what is only displayed, never filtered on, travels together in the map `brief`.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html#limits-secondary-indexes
RUN_SUMMARY = (
    "status",
    "evaluationStatus",
    "judgeId",
    "caseId",
    "judgeName",
    "caseName",
    "judgeVersion",
    "metricName",
    "modelName",
    "modelProvider",
    "finalScore",
    "finalScoreNormalized",
    "totalTokens",
    "executionTimeSeconds",
    "preview",
    "batchId",
    "createdBy",
    "labelScore",
    "labelPassed",
    "brief",
)


@dataclass(frozen=True, slots=True)
class Index:
    """A global secondary index; `include` empty means every attribute."""

    name: str
    hash_key: str
    range_key: str
    include: tuple[str, ...] = ()

    def definition(self) -> dict[str, Any]:
        """The index as CreateTable wants it."""
        included = [name for name in self.include if name not in (self.hash_key, self.range_key)]
        projection = (
            {"ProjectionType": "INCLUDE", "NonKeyAttributes": included} if included else {"ProjectionType": "ALL"}
        )
        return {
            "IndexName": self.name,
            "KeySchema": _key_schema(self.hash_key, self.range_key),
            "Projection": projection,
        }


@dataclass(frozen=True, slots=True)
class Table:
    """A table: its keys (strings all), its indexes, and whether it has a stream and a time to live."""

    name: str
    hash_key: str = PK
    range_key: str | None = SK
    indexes: tuple[Index, ...] = field(default=())
    stream: bool = False
    ttl: bool = False

    def definition(self, table_name: str, *, production: bool = False, streams: bool = True) -> dict[str, Any]:
        """The table as CreateTable wants it, named `table_name` (prefix included).

        Args:
            production: protect it against deletion.
            streams: give it the stream that it has in AWS. The embedded engine keeps stream records in a table
                that each write reads through, so that writing slows down with every run.
        """
        keys = {self.hash_key, *([self.range_key] if self.range_key else [])}
        for index in self.indexes:
            keys |= {index.hash_key, index.range_key}
        definition: dict[str, Any] = {
            "TableName": table_name,
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": k, "AttributeType": "S"} for k in sorted(keys)],
            "KeySchema": _key_schema(self.hash_key, self.range_key),
            "DeletionProtectionEnabled": production,
            "Tags": [{"Key": "Project", "Value": "G-Eval console"}],
        }
        if self.indexes:
            definition["GlobalSecondaryIndexes"] = [index.definition() for index in self.indexes]
        if self.stream and streams:
            definition["StreamSpecification"] = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
        return definition


def _key_schema(hash_key: str, range_key: str | None) -> list[dict[str, str]]:
    schema = [{"AttributeName": hash_key, "KeyType": "HASH"}]
    if range_key:
        schema.append({"AttributeName": range_key, "KeyType": "RANGE"})
    return schema


TABLES: tuple[Table, ...] = (
    Table(CASES, indexes=(Index(ACTIVE_CASES, "active", "caseId"),)),
    Table(
        JUDGES,
        indexes=(
            Index(JUDGES_BY_CASE, "caseId", "active"),
            Index(ACTIVE_JUDGES, "active", "judgeId"),
        ),
    ),
    Table(
        RUNS,
        indexes=(
            Index(RUNS_BY_JUDGE, "judgeId", "startedAt", RUN_SUMMARY),
            Index(RUNS_BY_CASE, "caseId", "startedAt", RUN_SUMMARY),
            Index(RUNS_BY_DATE, "runDate", "startedAt", RUN_SUMMARY),
            Index(RUNS_BY_STATUS, "status", "startedAt", RUN_SUMMARY),
            Index(LABELLED_RUNS, "labelledCaseId", "startedAt", RUN_SUMMARY),
        ),
        stream=True,
        ttl=True,
    ),
    Table(THRESHOLDS),
    Table(USERS, hash_key="username", range_key=None),
)
