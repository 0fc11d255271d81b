"""What is in a file of rows, and what a batch of them would cost and take."""

from __future__ import annotations

from dataclasses import dataclass

from console.actions.batches.files import Columns, Notice, artifacts, notice
from console.actions.batches.worker import CONCURRENCY
from console.errors import InvalidInput, JudgingError
from console.judging.fence import Fence
from console.judging.parameters import read_parameters
from console.judging.prompts import scoring_prompt
from console.judging.providers.port import CAPABILITIES
from console.records import Artifact, Judge, RunFilter, RunStatus, Snapshot, TokenUsage
from console.services import Services
from console.tabular.files import Problem, TabularFile

SHOWN_PROBLEMS = 100
_PROBLEM_LIMIT = 1_000
_PREVIEW = 5
_CHARACTERS_PER_TOKEN = 4
_TOKENS_PER_REPLY = 60
_SECONDS_PER_CALL = 3.0
_KNOWN_RUNS = 50
_ENOUGH_RUNS = 5


@dataclass(frozen=True, slots=True)
class Checked:
    """What is in a file of rows."""

    rows: int
    """Rows that can be evaluated."""
    characters: int
    """Characters of their texts and references together."""
    problems: list[Problem]
    """The first `_PROBLEM_LIMIT` of them."""
    first: list[Artifact]
    """The first rows, to look at."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a batch would take."""

    rows: int
    calls: int
    tokens: int
    cost: float | None
    """US dollars; None when the model has no prices."""
    seconds: float
    basis: str
    """What the figures come from, in words."""


def check_file(file: TabularFile, columns: Columns) -> Checked:
    """Reads a file through without keeping it. Raises InvalidInput when it cannot be read at all."""
    rows, characters = 0, 0
    problems: list[Problem] = []
    first: list[Artifact] = []
    for row in artifacts(file, columns):
        if isinstance(row, Problem):
            if len(problems) < _PROBLEM_LIMIT:
                problems.append(row)
            continue
        rows += 1
        characters += sum(map(len, row.texts))
        if len(first) < _PREVIEW:
            first.append(row)
    return Checked(rows, characters, problems, first)


def notice_of(services: Services, judge: Judge, file: TabularFile, columns: Columns) -> Notice:
    """Which columns of a file the judge sees. No request when the case is cached."""
    return notice(file.columns(), columns, judge, services.cases.get(judge.case_id))


def estimate(services: Services, judge: Judge, checked: Checked, *, concurrency: int = CONCURRENCY) -> Estimate:
    """What judging the rows would take: by the judge's latest runs, or else by the length of the texts.

    One Query for the runs; one or two more for what is not cached.

    Raises:
        JudgingError: a parameter of the judge is wrong.
        UnsupportedMetric: the judge's metric cannot be evaluated.
    """
    services.judging.check(judge.metric.type)
    snapshot = Snapshot.of(judge, services.cases.get(judge.case_id))
    calls = _calls_per_row(snapshot)
    found = services.runs.list(RunFilter(judge_id=judge.judge_id, status=RunStatus.COMPLETED), limit=_KNOWN_RUNS)
    known = [row for row in found.items if row.execution_time_seconds is not None and row.total_tokens is not None]
    if len(known) >= _ENOUGH_RUNS:
        tokens = sum(row.total_tokens or 0 for row in known) / len(known)
        seconds = sum(row.execution_time_seconds or 0.0 for row in known) / len(known)
        costs = [row.cost for row in known if row.cost is not None]
        cost = sum(costs) / len(costs) if len(costs) == len(known) else None
        basis = f"the mean of the judge's last {len(known)} runs"
    else:
        usage = _rough_usage(snapshot, checked, calls)
        tokens, seconds = float(usage.total), _SECONDS_PER_CALL * calls
        model = services.catalog.model_named(snapshot.llm.model)
        cost = model.cost(usage) if model else None
        basis = "the length of the texts; the judge has no runs to go by"
    return Estimate(
        rows=checked.rows,
        calls=checked.rows * calls + (1 if calls and not snapshot.evaluation_steps else 0),
        tokens=round(tokens * checked.rows),
        cost=0.0 if not calls else None if cost is None else cost * checked.rows,
        seconds=seconds * checked.rows / max(min(concurrency, checked.rows), 1),
        basis=basis,
    )


def _calls_per_row(snapshot: Snapshot) -> int:
    """Calls of the model for one text, once the steps are there."""
    if snapshot.metric.type != "geval":
        return 0
    try:
        parameters, _ = read_parameters(snapshot)
    except JudgingError as error:
        raise InvalidInput(str(error), field="judge") from error
    able = CAPABILITIES.get(snapshot.llm.type, CAPABILITIES["other"])
    return 1 if able.n else parameters.n_responses


def _rough_usage(snapshot: Snapshot, checked: Checked, calls: int) -> TokenUsage:
    """Tokens of one text, guessed from its length."""
    form = len(scoring_prompt(snapshot, Artifact(evaluation_target=""), snapshot.evaluation_steps, Fence.of(b"", ())))
    characters = form + 600 + checked.characters / max(checked.rows, 1)
    prompt = round(characters / _CHARACTERS_PER_TOKEN) * calls
    completion = _TOKENS_PER_REPLY * snapshot.evaluation_parameters.n_responses if calls else 0
    return TokenUsage(prompt=prompt, completion=completion, total=prompt + completion)
