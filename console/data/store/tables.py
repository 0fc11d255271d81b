"""The only place that names tables, keys, indexes and the time-to-live attribute.

Every table is keyed by two strings, `partitionKey` and `sortKey` (ConsoleUsers by `username`, VectorEmbeddings by
`bot_id` and `chunk_id`, BotCollections by `bot_id`), billed on demand and encrypted at rest (always so in DynamoDB).
Names of tables, keys, indexes and attributes are fixed: items that earlier systems wrote stay readable.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

PK = "partitionKey"
SK = "sortKey"
TTL_ATTRIBUTE = "expiresAt"
KEYS_ONLY = "KEYS_ONLY"


def keyed(partition: str, sort: str) -> dict[str, str]:
    """The key attributes of an item, as plain values."""
    return {PK: partition, SK: sort}


CASES = "CasesConfiguration"
JUDGES = "JudgesConfiguration"
RUNS = "EvaluationRuns"
THRESHOLDS = "ThresholdsHistory"
USERS = "ConsoleUsers"
VECTORS = "VectorEmbeddings"
COLLECTIONS = "BotCollections"

ACTIVE_CASES = "ActiveCasesIndex"
ACTIVE_JUDGES = "ActiveJudgesIndex"
JUDGES_BY_CASE = "JudgesByCaseIndex"
RUNS_BY_JUDGE = "RunsByJudgeIndex"
RUNS_BY_CASE = "RunsByCaseIndex"
RUNS_BY_DATE = "RunsByDateIndex"
RUNS_BY_STATUS = "RunsByStatusIndex"
LABELLED_RUNS = "LabelledRunsIndex"
CHUNKS_BY_FILE = "filename-index"
CHUNK_VECTORS = "embedding-index"
RUN_VECTORS = "RunEmbeddingIndex"

VECTOR_ATTRIBUTE = "embedding"
VECTOR_DIMENSIONS = 384
"""Numbers in a vector of the vector indexes; a vector of another length must not be under `VECTOR_ATTRIBUTE`."""

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


CHUNK_SHOWN = ("text", "chunk_index", "file_size", "created_at", "metadata")
"""What a search result shows of a chunk, beside its key and filename."""


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
class VectorIndex:
    """A vector index (cosine) over `VECTOR_ATTRIBUTE`, searched within one value of `hash_key`.

    Items without the attribute are not in it. Only some engines have such indexes.
    """

    name: str
    hash_key: str
    filter_key: str
    include: tuple[str, ...]

    def definition(self) -> dict[str, Any]:
        """The index as CreateTable and UpdateTable want it."""
        keys = ((self.hash_key, "HASH"), (self.filter_key, "INLINE_FILTER"))
        included = [name for name in self.include if name not in (self.hash_key, self.filter_key)]
        return {
            "IndexName": self.name,
            "VectorAttribute": {"AttributeName": VECTOR_ATTRIBUTE},
            "SearchSchema": [{"AttributeName": name, "SearchSchemaElementType": kind} for name, kind in keys],
            "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": included},
            "Dimensions": VECTOR_DIMENSIONS,
            "DistanceFunction": "COSINE",
        }


@dataclass(frozen=True, slots=True)
class Table:
    """A table: its keys (strings all), its indexes, and whether it has a stream and a time to live."""

    name: str
    hash_key: str = PK
    range_key: str | None = SK
    indexes: tuple[Index, ...] = field(default=())
    stream: str = ""
    """What its stream holds; empty for none. `KEYS_ONLY` is for the console itself, which follows it in every store."""
    ttl: bool = False
    vectors: VectorIndex | None = None

    def definition(
        self, table_name: str, *, production: bool = False, streams: bool = True, vectors: bool = False
    ) -> dict[str, Any]:
        """The table as CreateTable wants it, named `table_name` (prefix included).

        Args:
            production: protect it against deletion.
            vectors: with its vector index.
            streams: with the stream for other programs that it has in AWS; its own streams the console has anywhere.
        """
        keys = {self.hash_key, *([self.range_key] if self.range_key else [])}
        for index in self.indexes:
            keys |= {index.hash_key, index.range_key}
        if self.vectors and vectors:
            keys |= {self.vectors.hash_key, self.vectors.filter_key}
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
        if self.vectors and vectors:
            definition["VectorIndexes"] = [self.vectors.definition()]
        if self.stream and (streams or self.stream == KEYS_ONLY):
            definition["StreamSpecification"] = {"StreamEnabled": True, "StreamViewType": self.stream}
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
        stream="NEW_AND_OLD_IMAGES",
        ttl=True,
        vectors=VectorIndex(
            RUN_VECTORS, "caseId", "evaluationStatus", ("judgeName", "finalScoreNormalized", "preview")
        ),
    ),
    Table(THRESHOLDS),
    Table(USERS, hash_key="username", range_key=None),
    Table(
        VECTORS,
        hash_key="bot_id",
        range_key="chunk_id",
        indexes=(Index(CHUNKS_BY_FILE, "bot_id", "filename", ("chunk_index", "file_size", "created_at")),),
        stream=KEYS_ONLY,
        vectors=VectorIndex(CHUNK_VECTORS, "bot_id", "filename", CHUNK_SHOWN),
    ),
    Table(COLLECTIONS, hash_key="bot_id", range_key=None),
)
