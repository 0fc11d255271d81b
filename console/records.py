"""Every domain record, and nothing else: read this first.

Records are immutable. Their fields are `snake_case` here and `camelCase` in the store and in exports.
Datetimes are aware and UTC. Scores are on the case's scale; *normalised* scores are 0..1.
A record never holds a score that was not obtained: `Results` exists only on completed runs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar

import msgspec

T = TypeVar("T")
Json = dict[str, Any]
"""A free-form JSON object: kept exactly, key order and number types included."""

RunId = int | str
"""Positive integer; a text only for runs that an earlier system wrote to DynamoDB."""

STEPS = "evaluationSteps"
"""Name in a case's metadata under which its evaluation steps are pinned."""

UNCERTAIN_MARGIN = 0.1
"""Normalised distance from the threshold within which a verdict is called uncertain."""


def utcnow() -> datetime:
    """The current time, aware, UTC, microseconds."""
    return datetime.now(UTC)


class Record(msgspec.Struct, frozen=True, rename="camel"):
    """Base of all records: frozen and slotted. Make them with keywords."""


class RunStatus(StrEnum):
    """Where a run is in its life."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"

    @property
    def finished(self) -> bool:
        """Completed or failed: the run will not change any more."""
        return self in (RunStatus.COMPLETED, RunStatus.FAILED)


class Verdict(StrEnum):
    """`evaluationStatus` of a run: against the threshold in force when it was judged, frozen."""

    PASS = "pass"
    FAIL = "fail"
    PENDING = "pending"


class Role(StrEnum):
    """What a user may do; each role includes the ones before it."""

    VIEWER = "viewer"
    EVALUATOR = "evaluator"
    ADMIN = "admin"

    def includes(self, other: Role) -> bool:
        """Whether this role may do what `other` may do."""
        order = list(Role)
        return order.index(self) >= order.index(other)


# --- configuration: catalog, cases, judges ---------------------------------------------------------


class ScoreRange(Record, frozen=True):
    """The scale of a case, both ends included."""

    min: int = 1
    """Lowest score."""
    max: int = 5
    """Highest score."""

    def normalise(self, score: float) -> float:
        """(score - min) / (max - min); 0 when the range is a single point."""
        width = self.max - self.min
        return (score - self.min) / width if width else 0.0


class Threshold(Record, frozen=True):
    """The pass mark of a case."""

    score: float = 0.5
    """Normalised, 0..1; a run passes at or above it."""
    description: str = ""
    """Why this mark, in the words of who set it."""


class Metric(Record, frozen=True):
    """An evaluation methodology in the catalog."""

    metric_id: str
    name: str
    """Unique, lower case: `geval` or `similarity`, or one that the team added."""
    created_on: datetime
    created_by: str = "system"
    sequence: int = 0
    """Place among metrics made in the same second, where time alone does not tell (migrated ones)."""


class Model(Record, frozen=True):
    """An LLM in the catalog."""

    model_id: str
    name: str
    """Unique, case kept: the provider's name for the model."""
    provider: str
    """Lower case: openai, anthropic, google, bedrock, ollama, other."""
    created_on: datetime
    created_by: str = "system"
    input_price: float | None = None
    """US dollars per million prompt tokens."""
    output_price: float | None = None
    """US dollars per million completion tokens."""
    last_updated_on: datetime | None = None
    """When the prices last changed; None while they are the first ones."""
    last_updated_by: str | None = None
    sequence: int = 0
    """Place among models made in the same second, where time alone does not tell (migrated ones)."""

    def cost(self, usage: TokenUsage) -> float | None:
        """US dollars for `usage`, or None when the prices are not given."""
        if self.input_price is None or self.output_price is None:
            return None
        return (usage.prompt * self.input_price + usage.completion * self.output_price) / 1_000_000


class ThresholdChange(Record, frozen=True):
    """One entry of a case's threshold history."""

    case_id: str
    timestamp: datetime
    """Unique within the case."""
    threshold_id: str
    score: float
    """The new mark, normalised 0..1."""
    previous_score: float | None = None
    """The mark before; None for the first."""
    reason: str = ""
    changed_by: str = "system"
    metadata: Json = {}


class Case(Record, frozen=True):
    """One version of an evaluation scenario."""

    case_id: str
    version: str
    """"1.0", "2.0", ...: ordered by number, never as text."""
    active: bool
    """Whether this is the version in force; at most one version of a case is."""
    name: str
    """Unique without regard to letter case."""
    task_introduction: str
    evaluation_criteria: str
    created_on: datetime
    """When the case (its first version) was made."""
    last_updated_on: datetime
    """When this version was made, or its threshold last moved."""
    description: str = ""
    score_range: ScoreRange = ScoreRange()
    requires_reference: bool = False
    threshold: Threshold = Threshold()
    threshold_id: str | None = None
    """Id of the history entry that set the threshold; None where an earlier system kept no history."""
    metadata: Json = {}
    revision: int = 1
    """Counts every write to the case; the optimistic lock."""
    created_by: str = "system"
    last_updated_by: str = "system"
    sequence: int = 0
    """Place among cases made in the same second, where time alone does not tell (migrated ones)."""
    earlier_thresholds: list[ThresholdChange] = []
    """History that an earlier system kept inside the case, oldest first."""


class MetricRef(Record, frozen=True):
    """The metric as copied into a judge and its snapshots."""

    id: str
    type: str
    """Name of the metric in the catalog."""
    name: str = ""
    """Display name."""
    configuration: Json = {}


class LlmRef(Record, frozen=True):
    """The model as copied into a judge and its snapshots, with its sampling parameters."""

    id: str
    type: str
    """Provider."""
    model: str
    temperature: float = 2.0
    max_tokens: int = 2500
    top_p: float = 1.0
    frequency_penalty: float = 0.0
    presence_penalty: float = 0.0


class EvaluationParameters(Record, frozen=True):
    """How a judge asks."""

    n_responses: int = 10
    """Choices per evaluation."""
    sleep_time: float = 0.0
    """Seconds between calls."""
    rate_limit_sleep: float = 0.0
    """Seconds after a rate limit, before the next attempt."""
    retry_attempts: int = 3


class Judge(Record, frozen=True):
    """One version of a judge: one model, one metric and parameters, specialised for one case."""

    judge_id: str
    version: str
    active: bool
    case_id: str
    case_name: str
    metric: MetricRef
    llm: LlmRef
    created_on: datetime
    last_updated_on: datetime
    name: str | None = None
    """Not unique; a judge of the old system may have none."""
    evaluation_parameters: EvaluationParameters = EvaluationParameters()
    parameters: Json = {}
    """The parameters exactly as they were given; `llm` and `evaluation_parameters` are read off them."""
    description: str | None = None
    revision: int = 1
    created_by: str = "system"
    last_updated_by: str = "system"
    sequence: int = 0
    """Place among judges made in the same second, where time alone does not tell (migrated ones)."""


# --- evaluation: documents, runs, labels, batches --------------------------------------------------


class Document(Record, frozen=True):
    """A stored artifact that runs can be made from; runs embed what they used."""

    document_id: str
    evaluation_target: str
    created_on: datetime
    expected_output: str | None = None
    metadata: Json | None = None
    created_by: str = "system"
    sequence: int = 0
    """Place among documents made in the same second, where time alone does not tell (migrated ones)."""


class DocumentSummary(Record, frozen=True):
    """A row of the list of documents."""

    document_id: str
    created_on: datetime
    preview: str = ""
    """The first characters of the evaluated text."""
    created_by: str = ""
    has_reference: bool = False
    """Whether there is an expected output."""


class Snapshot(Record, frozen=True):
    """The judge and case configuration frozen into a run when it starts."""

    judge_id: str
    version: str
    case_id: str
    case_name: str
    metric: MetricRef
    llm: LlmRef
    judge_name: str | None = None
    score_range: ScoreRange = ScoreRange()
    evaluation_parameters: EvaluationParameters = EvaluationParameters()
    parameters: Json = {}
    task_introduction: str = ""
    evaluation_criteria: str = ""
    requires_reference: bool = False
    threshold: float | None = None
    """Normalised pass mark in force at the start; the verdict uses the one in force at the end."""
    case_version: str = ""
    prompt_version: str = ""
    evaluation_steps: str = ""
    """The steps that were pinned on the case; empty when they were generated for it."""

    @classmethod
    def of(cls, judge: Judge, case: Case, *, prompt_version: str = "") -> Snapshot:
        """The snapshot of a judge and its case as they are now."""
        return cls(
            judge_id=judge.judge_id,
            judge_name=judge.name,
            version=judge.version,
            case_id=case.case_id,
            case_name=case.name,
            case_version=case.version,
            metric=judge.metric,
            llm=judge.llm,
            score_range=case.score_range,
            evaluation_parameters=judge.evaluation_parameters,
            parameters=judge.parameters,
            task_introduction=case.task_introduction,
            evaluation_criteria=case.evaluation_criteria,
            requires_reference=case.requires_reference,
            threshold=case.threshold.score,
            prompt_version=prompt_version,
            evaluation_steps=pinned_steps(case),
        )


def pinned_steps(case: Case) -> str:
    """The evaluation steps that somebody pinned on a case; empty when they are left to the model."""
    steps = case.metadata.get(STEPS)
    return steps.strip() if isinstance(steps, str) else ""


class Artifact(Record, frozen=True):
    """The evaluated text with its reference."""

    evaluation_target: str
    expected_output: str | None = None
    metadata: Json = {}

    @property
    def digest(self) -> str:
        """The same 16 hexadecimal digits for the same text with the same reference: how runs of one artifact meet."""
        parts = (self.evaluation_target, self.expected_output or "")
        return hashlib.sha256("\0".join(parts).encode(errors="surrogatepass")).hexdigest()[:16]


class TokenUsage(Record, frozen=True):
    """Tokens of every call that a run made."""

    prompt: int = 0
    completion: int = 0
    total: int = 0


class Results(Record, frozen=True):
    """What a completed run found."""

    final_score: float
    """On the case's scale."""
    final_score_normalized: float
    """0..1."""
    all_responses: list[float] = []
    """Score of each response, on the case's scale."""
    distribution: dict[str, float] = {}
    """Probability mass per score, over all responses; empty when the judge gave no log-probabilities."""
    scoring_mode: str = ""
    """`logprobs`, `sampled`, `single` or `similarity`; empty for runs that came without it."""
    prompt_used: str | None = None
    reasons: list[str] = []
    token_usage: TokenUsage = TokenUsage()
    execution_time_seconds: float | None = None
    """None for runs that came without it."""
    cost: float | None = None
    """US dollars, or None when the model has no prices."""
    distributions: list[dict[str, float]] = []
    """Probability per score of each response, in the order of `all_responses`; empty without log-probabilities."""
    captured_mass: list[float] = []
    """Share of the probability that fell on scores of the scale, of each response; before it was renormalised."""
    notes: list[str] = []
    """What a reader should know: responses without a score, parameters that were ignored or refused."""


class Run(Record, frozen=True):
    """One execution of one judge over one artifact."""

    run_id: RunId
    status: RunStatus
    started_at: datetime
    judge_id: str
    case_id: str
    judge_snapshot: Snapshot
    evaluated_artifact: Artifact
    evaluation_status: Verdict = Verdict.PENDING
    completed_at: datetime | None = None
    created_on: datetime | None = None
    """When it was made, where that differs from `started_at` (migrated runs)."""
    results: Results | None = None
    error_message: str | None = None
    document_id: str | None = None
    batch_id: str | None = None
    created_by: str = "system"
    metadata: Json | None = None
    judged_threshold: float | None = None
    """The normalised pass mark that decided `evaluation_status`."""
    expires_at: int | None = None
    """Unix seconds after which the store may drop the item; None keeps it."""
    legacy: Json | None = None
    """Columns of the old system's row that the other fields cannot say, by their names there (migrated runs)."""

    @property
    def run_date(self) -> date:
        """The UTC day that the run and its rollup belong to."""
        return self.started_at.date()


class RunSummary(Record, frozen=True):
    """A row of a run list: what the run indexes project."""

    run_id: RunId
    started_at: datetime
    status: RunStatus
    evaluation_status: Verdict = Verdict.PENDING
    judge_id: str = ""
    case_id: str = ""
    judge_name: str | None = None
    judge_version: str = ""
    case_name: str = ""
    metric_name: str = ""
    model_name: str = ""
    model_provider: str = ""
    final_score: float | None = None
    final_score_normalized: float | None = None
    total_tokens: int | None = None
    execution_time_seconds: float | None = None
    preview: str = ""
    """The first characters of the artifact, or of the error of a failed run."""
    batch_id: str | None = None
    created_by: str = ""
    label_score: float | None = None
    """Mean of the human scores, on the case's scale."""
    label_passed: bool | None = None
    """Verdict of the latest label that gave one."""
    spread: list[int] = []
    """Ten equal bins of the responses over the score range, 0..9 high: the small distribution."""
    cost: float | None = None
    threshold: float | None = None
    """The normalised pass mark that decided the verdict."""
    error: str | None = None
    """First line of the error of a failed run."""
    completed_at: datetime | None = None
    document_id: str | None = None
    created_on: datetime | None = None
    """When it was made, where that differs from `started_at` (migrated runs)."""
    case_version: str = ""
    artifact_digest: str = ""
    """`Artifact.digest`; empty for runs that were written before it."""

    @property
    def labelled(self) -> bool:
        """Whether a person gave a score or a verdict."""
        return self.label_score is not None or self.label_passed is not None


class RunFilter(Record, frozen=True):
    """Which runs a list shows; None leaves a field out of account."""

    judge_id: str | None = None
    case_id: str | None = None
    status: RunStatus | None = None
    verdict: Verdict | None = None
    model: str | None = None
    metric: str | None = None
    first_day: date | None = None
    """UTC, included."""
    last_day: date | None = None
    """UTC, included."""
    batch_id: str | None = None
    labelled: bool | None = None
    uncertain: bool = False
    """Only completed runs whose normalised score is within `UNCERTAIN_MARGIN` of the threshold."""
    score_from: float | None = None
    """Normalised, included."""
    score_below: float | None = None
    """Normalised, excluded."""

    def matches(self, row: RunSummary) -> bool:
        """Whether the list shows this run."""
        return all(
            (
                self.judge_id in (None, row.judge_id),
                self.case_id in (None, row.case_id),
                self.status in (None, row.status),
                self.verdict in (None, row.evaluation_status),
                self.model in (None, row.model_name),
                self.metric in (None, row.metric_name),
                self.batch_id in (None, row.batch_id),
                self.labelled in (None, row.labelled),
                self.first_day is None or row.started_at.date() >= self.first_day,
                self.last_day is None or row.started_at.date() <= self.last_day,
                self._matches_score(row),
            )
        )

    def _matches_score(self, row: RunSummary) -> bool:
        score = row.final_score_normalized
        if score is None:
            return not self.uncertain and self.score_from is None and self.score_below is None
        if self.uncertain and (row.threshold is None or abs(score - row.threshold) > UNCERTAIN_MARGIN):
            return False
        return (self.score_from is None or score >= self.score_from) and (
            self.score_below is None or score < self.score_below
        )


class Label(Record, frozen=True):
    """A human verdict on a run. One per run and person; saving again replaces it."""

    run_id: RunId
    labelled_by: str
    labelled_on: datetime
    score: float | None = None
    """On the case's scale."""
    passed: bool | None = None
    comment: str = ""


class BatchState(StrEnum):
    """Where a batch is in its life."""

    READY = "ready"
    RUNNING = "running"
    CANCELLED = "cancelled"
    FINISHED = "finished"


class Batch(Record, frozen=True):
    """Many runs submitted together."""

    batch_id: str
    name: str
    judge_id: str
    state: BatchState
    total: int
    """Rows."""
    created_on: datetime
    created_by: str
    done: int = 0
    """Rows with a completed run."""
    failed: int = 0
    """Rows that ended in an error."""
    lease_owner: str | None = None
    """The worker that has it."""
    lease_until: datetime | None = None
    """When the lease lapses unless the worker extends it; then any process may resume the batch."""
    settings: Json = {}
    spent: float = 0.0
    """US dollars that its runs cost, where the model has prices."""
    note: str | None = None
    """Why it stopped before its end."""
    reopened: int = 0
    """Grows whenever failed rows are opened again."""

    @property
    def left(self) -> int:
        """Rows that have not ended."""
        return self.total - self.done - self.failed


class RowState(StrEnum):
    """Where a row of a batch is."""

    PENDING = "pending"
    DONE = "done"
    FAILED = "failed"


class BatchRow(Record, frozen=True):
    """One row of a batch."""

    batch_id: str
    number: int
    """1-based, in the order of the input."""
    artifact: Artifact
    state: RowState = RowState.PENDING
    run_id: RunId | None = None
    error: str | None = None


# --- similarity search ---------------------------------------------------------------------------------


class Collection(Record, frozen=True):
    """Chunks that share one embedder: what the vector schema calls a bot."""

    collection_id: str
    """`bot_id` in the store."""
    name: str
    created_at: datetime
    updated_at: datetime
    user_id: str = "system"
    """Who made it."""
    embedder: str = "minilm"
    dimension: int = 384
    total_chunks: int = 0
    total_documents: int = 0
    active: bool = True
    revision: int = 0
    """Counts the changes of its chunks."""
    deleting: bool = False
    """Whether its deletion has begun; deleting it again goes on."""
    foreign: str = ""
    """Changes when another system wrote chunks; empty while all are of this one."""
    blocks: list[str] = []
    """Keys of its packed blocks: the manifest."""
    blocks_foreign: str = ""
    """`foreign` when the blocks were packed."""
    block_rows: int = 0
    """Vectors in the blocks, those of replaced chunks included."""
    block_bytes: int = 0


class NewChunk(Record, frozen=True):
    """A piece of a document, embedded, on its way into a collection."""

    text: str
    embedding: Any
    """float32[d] or a list of d numbers."""
    metadata: Json = {}


class Chunk(Record, frozen=True):
    """One embedded piece of text of a document in a collection."""

    chunk_id: str
    text: str
    filename: str = ""
    """The document."""
    chunk_index: int = 0
    """0-based place in the document."""
    file_size: int = 0
    """Bytes of the document's file."""
    created_at: datetime | None = None
    metadata: Json = {}
    embedding: Any = None
    """A list of d numbers as stored; None where it was not read."""


class CollectionDocument(Record, frozen=True):
    """A document of a collection."""

    filename: str
    chunks: int
    file_size: int = 0
    created_at: datetime | None = None


class SearchHit(Record, frozen=True):
    """A chunk that a search found."""

    chunk_id: str
    similarity: float
    """Cosine, -1..1, whatever strategy found it: 1 - the distance of the vector index."""
    text: str
    filename: str = ""
    chunk_index: int = 0
    file_size: int = 0
    created_at: datetime | None = None
    metadata: Json = {}

    @classmethod
    def of(cls, chunk: Chunk, similarity: float) -> SearchHit:
        """The hit that a chunk is."""
        return cls(
            chunk_id=chunk.chunk_id,
            similarity=similarity,
            text=chunk.text,
            filename=chunk.filename,
            chunk_index=chunk.chunk_index,
            file_size=chunk.file_size,
            created_at=chunk.created_at,
            metadata=chunk.metadata,
        )


class VectorPart(Record, frozen=True):
    """Vectors of a collection that appear and disappear together: the chunks of one writing of one document.

    The chunks of other systems, which say nothing of that, are one part or several with an empty `group`.
    """

    group: str
    """`<document>-<generation>`; the chunks' ids are `<group>-<index>`."""
    count: int
    vectors: Any
    """float16 or float32 [count, d], L2-normalised (or zero)."""
    first: int = 0
    """Index of the first chunk."""
    filename: str = ""
    chunk_ids: list[str] = []
    """Only where `group` is empty."""
    filenames: list[str] = []
    """Only where `group` is empty."""
    metadata: bytes = b""
    """JSON list of objects, zlib; empty when no chunk has metadata."""

    def chunk_id(self, row: int) -> str:
        """Id of the chunk in a row."""
        return f"{self.group}-{self.first + row:06}" if self.group else self.chunk_ids[row]


# --- rollups, people, pages --------------------------------------------------------------------------


class Rollup(Record, frozen=True):
    """Counts and sums of the finished runs of one day, case, judge and model."""

    day: date
    case_id: str
    judge_id: str
    model: str
    completed: int = 0
    failed: int = 0
    passed: int = 0
    rejected: int = 0
    """Completed runs below their threshold."""
    score: float = 0.0
    """Sum of final scores, on the case's scale."""
    normalized: float = 0.0
    """Sum of normalised scores."""
    squared: float = 0.0
    """Sum of squares of normalised scores."""
    tokens: int = 0
    seconds: float = 0.0
    timed: int = 0
    """Completed runs whose duration is known: what the mean duration divides by."""
    cost: float = 0.0
    """Sum in US dollars over the runs whose model has prices."""
    bins: dict[int, int] = {}
    """Completed runs by floor(normalised * 100): bin i holds [i/100, (i+1)/100), bin 100 exactly 1."""


class User(Record, frozen=True):
    """Somebody who may sign in."""

    username: str
    """Unique, lower case."""
    name: str
    role: Role
    password_hash: str
    created_on: datetime
    sessions_valid_from: datetime
    """Sessions that began before this are over."""
    created_by: str = "system"
    attempts: int = 0
    """Failed sign-ins since the last good one."""
    locked_until: datetime | None = None
    must_change_password: bool = False


class Page(msgspec.Struct, Generic[T], frozen=True):
    """One page of a list."""

    items: list[T]
    cursor: str | None = None
    """Opaque; pass it back for the next page. None on the last page."""
    examined: int = 0
    """Rows that were read to make the page."""


def judge_parameters(parameters: Mapping[str, Any], llm: LlmRef) -> tuple[LlmRef, EvaluationParameters]:
    """The typed columns of a judge, read off free-form `parameters`.

    A value of the wrong type leaves the column at its default; the exact value stays in `parameters`
    (the old system accepted anything here and failed only when it evaluated).
    """
    columns = {name: value for name, value in parameters.items() if name in _LLM_COLUMNS}
    asks = {name: value for name, value in parameters.items() if name in _EVALUATION_COLUMNS}
    base = msgspec.structs.asdict(llm)
    for name in _LLM_COLUMNS:
        base.pop(name)
    return (
        LlmRef(**base, **_fitting(LlmRef, columns)),
        EvaluationParameters(**_fitting(EvaluationParameters, asks)),
    )


_LLM_COLUMNS = ("temperature", "max_tokens", "top_p", "frequency_penalty", "presence_penalty")
_EVALUATION_COLUMNS = ("n_responses", "sleep_time", "rate_limit_sleep", "retry_attempts")


def _fitting(record: type[Record], values: Mapping[str, Any]) -> dict[str, Any]:
    types = {field.name: field.type for field in msgspec.structs.fields(record)}
    fitting = {}
    for name, value in values.items():
        try:
            fitting[name] = msgspec.convert(value, types[name])
        except msgspec.ValidationError:
            continue
    return fitting
