"""The neutral form of finished runs: JSON Lines, one object per run, camelCase as in the store.

    {"case": {"name": "summaries", "taskIntroduction": "...", "evaluationCriteria": "..."},
     "judge": {"name": "strict", "model": "gpt-4o", "provider": "openai"},
     "evaluationTarget": "the text", "allResponses": [4, 5], "finalScore": 4.5,
     "startedAt": "2026-01-31T12:00:00Z", "labels": [{"labelledBy": "ann", "score": 4}]}

Only `case.name`, `judge.name`, `judge.model`, `evaluationTarget` and one of `finalScore`, `allResponses` and
`errorMessage` must be there. What is exported can be imported.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from console.actions.runs.files.summeval import read_summeval
from console.errors import InvalidInput
from console.records import (
    ItemRef,
    Json,
    Label,
    Record,
    Run,
    RunFilter,
    RunStatus,
    ScoreRange,
    Threshold,
    TokenUsage,
    pages,
)
from console.services import Services
from console.tabular.files import FileForm, Problem, Row, TabularFile

EXPORTED = "run:"
"""Begins the keys of exported runs: judge id, slash, run id."""


class CaseLine(Record, frozen=True):
    """The case of a neutral line; only the name counts when the case exists."""

    name: str
    task_introduction: str = ""
    evaluation_criteria: str = ""
    score_range: ScoreRange = ScoreRange()
    requires_reference: bool = False
    threshold: float = Threshold().score


class JudgeLine(Record, frozen=True):
    """The judge of a neutral line, found by its name within the case."""

    name: str
    model: str
    provider: str = "other"
    metric: str = "geval"
    parameters: Json = {}


class RunLabel(Record, frozen=True):
    """A human verdict in a neutral line."""

    labelled_by: str
    score: float | None = None
    passed: bool | None = None
    comment: str = ""
    labelled_on: datetime | None = None


class RunLine(Record, frozen=True):
    """One finished run in the neutral form."""

    case: CaseLine
    judge: JudgeLine
    evaluation_target: str
    key: str | None = None
    """Makes the run unique over imports; else the content of the line does."""
    expected_output: str | None = None
    input: str | None = None
    """The question that the text answers."""
    context: str | None = None
    """The material that the text rests on."""
    item: ItemRef | None = None
    """The item of a test set whose output was judged."""
    metadata: Json = {}
    started_at: datetime | None = None
    completed_at: datetime | None = None
    final_score: float | None = None
    """On the case's scale; else the mean of `all_responses`."""
    all_responses: list[float] = []
    distribution: dict[str, float] = {}
    distributions: list[dict[str, float]] = []
    captured_mass: list[float] = []
    scoring_mode: str = ""
    reasons: list[str] = []
    prompt_used: str | None = None
    token_usage: TokenUsage = TokenUsage()
    execution_time_seconds: float | None = None
    cost: float | None = None
    notes: list[str] = []
    error_message: str | None = None
    """Set for a run that failed: it has no score."""
    labels: list[RunLabel] = []


def read_lines(file: Path) -> Iterator[RunLine]:
    """The runs of a file in either form; raises InvalidInput."""
    if not file.exists():
        raise InvalidInput(f"The file {file} is not there. Check its path.")
    table = TabularFile(file.name, FileForm.JSONL, lambda: file.open("rb"))
    if _is_list(table):
        with table.open() as stream:
            text = stream.read().decode(table.encoding())
        for number, row in enumerate(read_summeval(file, text), 1):
            yield _complete(msgspec.convert(row, RunLine), number)
        return
    for found in table.rows():
        if isinstance(found, Problem):
            raise InvalidInput(f"Line {found.line} is not a run in the neutral form: {found.message}")
        yield _checked(found)


def _is_list(table: TabularFile) -> bool:
    with table.open() as stream:
        return stream.read(1_000).decode(table.encoding(), errors="ignore").lstrip("\ufeff \t\r\n").startswith("[")


def _checked(row: Row) -> RunLine:
    try:
        line = msgspec.convert(row.values, RunLine)
    except msgspec.MsgspecError as error:
        raise InvalidInput(f"Line {row.line} is not a run in the neutral form: {error}.") from error
    return _complete(line, row.line)


def _complete(line: RunLine, number: int) -> RunLine:
    if line.error_message is None and line.final_score is None and not line.all_responses:
        raise InvalidInput(f"Line {number} has neither finalScore nor allResponses nor errorMessage. Add one of them.")
    return msgspec.structs.replace(line, started_at=_utc(line.started_at), completed_at=_utc(line.completed_at))


def _utc(moment: datetime | None) -> datetime | None:
    if moment is None:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def run_lines(services: Services, wanted: RunFilter) -> Iterator[RunLine]:
    """The finished runs that match, newest first, in the neutral form. One request per 100 runs and one a run."""
    for page in pages(lambda cursor: services.runs.list(wanted, cursor=cursor)):
        for row in page.items:
            if row.status.finished:
                run = services.runs.get(row.run_id)
                yield run_line(run, services.labels.of(row.run_id) if row.labelled else [])


def run_line(run: Run, labels: list[Label]) -> RunLine:
    """A finished run in the neutral form."""
    snapshot = run.judge_snapshot
    results = msgspec.structs.asdict(run.results) if run.results else {}
    results.pop("final_score_normalized", None)
    return RunLine(
        key=f"{EXPORTED}{run.judge_id}/{run.run_id}",
        case=CaseLine(
            name=snapshot.case_name,
            task_introduction=snapshot.task_introduction,
            evaluation_criteria=snapshot.evaluation_criteria,
            score_range=snapshot.score_range,
            requires_reference=snapshot.requires_reference,
            threshold=snapshot.threshold_in_force(None),
        ),
        judge=JudgeLine(
            name=snapshot.judge_name or "",
            model=snapshot.llm.model,
            provider=snapshot.llm.type,
            metric=snapshot.metric.type,
            parameters=snapshot.parameters,
        ),
        item=run.item,
        started_at=run.started_at,
        completed_at=run.completed_at,
        error_message=run.error_message if run.status is RunStatus.FAILED else None,
        labels=[msgspec.convert(label, RunLabel, from_attributes=True) for label in labels],
        **msgspec.structs.asdict(run.evaluated_artifact),
        **results,
    )
