"""One execution of one judge: what went in, what came out, and what people say of it."""

from __future__ import annotations

import hashlib
from datetime import date, datetime
from enum import StrEnum

import msgspec

from console.records.base import Json, Record, RunId
from console.records.cases import Case, Example, ScoreRange, Threshold, anchors, examples, pinned_steps
from console.records.catalog import TokenUsage
from console.records.judges import EvaluationParameters, Judge, LlmRef, MetricRef


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

    @classmethod
    def of(cls, normalised: float, threshold: float) -> Verdict:
        """What a normalised score is worth at a threshold, both 0..1: it passes at or above it, to the last digit."""
        return cls.PASS if normalised >= threshold else cls.FAIL

    @property
    def passed(self) -> bool:
        """Whether it is a pass."""
        return self is Verdict.PASS


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
    """Normalised threshold in force at the start; the verdict uses the one in force at the end."""
    case_version: str = ""
    prompt_version: str = ""
    evaluation_steps: str = ""
    """The steps that were pinned on the case; empty when they were generated for it."""
    anchors: dict[str, str] = {}
    """What scores mean, in words, by score."""
    examples: list[Example] = []
    """Texts that people have rated, for the judge to go by."""

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
            anchors=anchors(case),
            examples=examples(case),
        )

    def threshold_in_force(self, case: Case | None) -> float:
        """The normalised threshold that decides a verdict now.

        Args:
            case: as it is now; None when it is no longer in use. Then the threshold of the snapshot counts, and
                that of a new case where the snapshot has none: runs of the old system kept no threshold.
        """
        if case is not None:
            return case.threshold.score
        return Threshold().score if self.threshold is None else self.threshold


class Artifact(Record, frozen=True):
    """The evaluated text, and what belongs to it."""

    evaluation_target: str
    expected_output: str | None = None
    """The reference."""
    metadata: Json = {}
    input: str | None = None
    """The question that the text answers."""
    context: str | None = None
    """The material that the text rests on."""

    @property
    def texts(self) -> tuple[str, ...]:
        """Its parts that exist, the evaluated text first."""
        parts = (self.evaluation_target, self.expected_output, self.input, self.context)
        return tuple(part for part in parts if part)

    @property
    def digest(self) -> str:
        """The same 16 hexadecimal digits for the same texts in the same places: how runs of one artifact meet."""
        parts = [self.evaluation_target, self.expected_output or ""]
        if self.input or self.context:
            parts += [self.input or "", self.context or ""]
        return hashlib.sha256("\0".join(parts).encode(errors="surrogatepass")).hexdigest()[:16]


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

    @property
    def captured(self) -> float | None:
        """Mean share of the probability that was seen on the scale, 0..1; None without log-probabilities."""
        return sum(self.captured_mass) / len(self.captured_mass) if self.captured_mass else None

    notes: list[str] = []
    """What a reader should know: responses without a score, parameters that were ignored or refused."""


class Spent(Record, frozen=True):
    """What the calls of a run took that ended without a score."""

    token_usage: TokenUsage = TokenUsage()
    cost: float | None = None
    """US dollars, or None when the model has no prices."""


class ItemRef(Record, frozen=True):
    """Which item of a test set a run judged an output of."""

    set_id: str
    key: str
    tags: list[str] = []
    facets: list[list[str]] = []
    """Name and value of short metadata of the item, by which results are grouped."""
    score: float | None = None
    """What people gave the judged text, on the case's scale; None when an output of somebody else was judged."""
    passed: bool | None = None
    """What people said of the judged text."""


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
    item: ItemRef | None = None
    """The item of a test set, in an experiment."""
    created_by: str = "system"
    metadata: Json | None = None
    judged_threshold: float | None = None
    """The normalised threshold that decided `evaluation_status`."""
    expires_at: int | None = None
    """Unix seconds after which the store may drop the item; None keeps it."""
    spent: Spent | None = None
    """What a failed run took; a completed one says it in its results."""
    legacy: Json | None = None
    """Columns of the old system's row that the other fields cannot say, by their names there (migrated runs)."""

    def ended(self, results: Results | None, threshold: float) -> Run:
        """The run with a score and its verdict, for ever against this normalised threshold; failed without a score."""
        if results is None:
            return msgspec.structs.replace(self, status=RunStatus.FAILED)
        return msgspec.structs.replace(
            self,
            status=RunStatus.COMPLETED,
            evaluation_status=Verdict.of(results.final_score_normalized, threshold),
            results=results,
            judged_threshold=threshold,
        )

    @property
    def token_usage(self) -> TokenUsage | None:
        """Tokens of every call, scored or not; None where none are known."""
        took = self.results or self.spent
        return took.token_usage if took else None

    @property
    def cost(self) -> float | None:
        """US dollars of every call, scored or not; None where that is not known."""
        took = self.results or self.spent
        return took.cost if took else None

    @property
    def run_date(self) -> date:
        """The UTC day that the run and its rollup belong to."""
        return self.started_at.date()


class Selection(StrEnum):
    """How a run came to be labelled."""

    RANDOM = "random"
    STRATIFIED = "stratified"
    UNCERTAIN = "uncertain"
    BY_HAND = "by_hand"


class Frame(Record, frozen=True):
    """The completed runs that a review queue drew from: labels of the queue speak of these, and of no others."""

    first: datetime
    """When the oldest of them started."""
    last: datetime
    """When the newest of them started."""
    runs: int
    """How many there were."""
    judge_id: str | None = None
    """Whose runs they were; None is every judge of the case."""
    shown: str | None = None
    """The judge whose runs alone the queue showed; the odds are those among all of them."""
    odds: dict[str, float] = {}
    """By the name of each queue over these runs, with what probability it has the run among its first hundred."""


class Drawn(Record, frozen=True):
    """How somebody came to label a run, and with what probability among the runs of `frame`."""

    selection: Selection
    probability: float | None = None
    """Above 0, at most 1; None where nobody knows it: such a label says nothing about other runs."""
    frame: Frame | None = None
    """What the run was drawn from; None is all runs of the case, as whoever gives the probability says."""

    @property
    def known(self) -> bool:
        """Whether the label says something about other runs. A random sample's odds are the same for all."""
        return self.probability is not None or self.selection is Selection.RANDOM


class Label(Record, frozen=True):
    """A human verdict on a run. One per run and person; saving again replaces it."""

    run_id: RunId
    labelled_by: str
    labelled_on: datetime
    score: float | None = None
    """On the case's scale."""
    passed: bool | None = None
    comment: str = ""
    drawn: Drawn | None = None
    """None for labels from before it was kept, and those that came without it."""
    adjudicates: bool = False
    """Whether it decides where others differ."""
