"""Runs as a store of any size has them: six judges of four cases and three models over 90 days.

A run is one of a few thousand prepared ones with an id, a time and the first words of its text of its own, so that
stores of half a million runs are made in a minute and every run can still be named: `run_of(number, total, until)`.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache

import msgspec

from console.records import (
    Artifact,
    Case,
    Drawn,
    Judge,
    LlmRef,
    MetricRef,
    Results,
    Role,
    Run,
    RunStatus,
    Selection,
    Snapshot,
    TokenUsage,
    User,
    Verdict,
    utcnow,
)
from console.services import Services

DAYS = 90
JUDGES = tuple((f"judge-{number}", f"case-{number % 4}") for number in range(6))
VARIANTS = 400
"""Prepared runs of each judge: their scores fill the histograms of a busy day."""
LABELLED = 40
"""Runs of each case that people have labelled, of a random sample."""
PASSWORD = "a long enough password"
_MODELS = ("gpt-4o", "gpt-4o-mini", "claude-sonnet")
_SENTENCES = (
    "The summary states the cause, the duration and the follow-up of the incident.",
    "It leaves out that two of the three regions were not concerned.",
    "Customers were told by e-mail on the same evening, and again when it was over.",
    "The figures are those of the report, rounded to whole minutes.",
    "Nothing is said about the tickets that were opened in the night.",
    "The last sentence repeats what the second one says in other words.",
)


def variant_of(number: int) -> tuple[int, int]:
    """The judge of run `number` and which of the judge's prepared runs it is."""
    judge = number % len(JUDGES)
    return judge, number * 2_654_435_761 // 97 % VARIANTS


@cache
def prepared(judge: int, variant: int) -> Run:
    """A finished run without a place in time."""
    dice = random.Random(judge * VARIANTS + variant)
    normalized = round(min(max(dice.gauss(0.65, 0.2), 0), 1), 6)
    failed = dice.random() < 0.05
    return Run(
        run_id=0,
        status=RunStatus.FAILED if failed else RunStatus.COMPLETED,
        evaluation_status=Verdict.PENDING if failed else Verdict.of(normalized, 0.5),
        started_at=utcnow(),
        judge_id=JUDGES[judge][0],
        case_id=JUDGES[judge][1],
        judge_snapshot=_snapshot(judge),
        evaluated_artifact=Artifact(evaluation_target=" ".join(dice.choices(_SENTENCES, k=dice.randint(3, 9)))),
        results=None if failed else _results(normalized, dice),
        error_message="The model did not answer within 60 s." if failed else None,
        judged_threshold=None if failed else 0.5,
        created_by="bench",
    )


def placed(run: Run, number: int, started: datetime) -> Run:
    """A prepared run as run `number`, begun at `started`."""
    text = f"{number:09d}: {run.evaluated_artifact.evaluation_target}"
    return msgspec.structs.replace(
        run,
        run_id=number + 1,
        started_at=started,
        completed_at=started + timedelta(seconds=2),
        evaluated_artifact=msgspec.structs.replace(run.evaluated_artifact, evaluation_target=text),
    )


def start_of(number: int, total: int, until: datetime) -> datetime:
    """When run `number` of `total` began: all of them are evenly spread over the days before `until`."""
    return until - timedelta(days=DAYS) * (1 - number / total)


def run_of(number: int, total: int, until: datetime) -> Run:
    """Run `number` of `total`."""
    return placed(prepared(*variant_of(number)), number, start_of(number, total, until))


def configure(services: Services) -> User:
    """The cases and judges that the runs name, and an admin `bench` with `PASSWORD`."""
    now = utcnow() - timedelta(days=DAYS)
    for case_id in sorted({case_id for _, case_id in JUDGES}):
        case = Case(
            case_id=case_id,
            version="1.0",
            active=True,
            name=case_id,
            task_introduction="Rate the summary.",
            evaluation_criteria="Faithfulness (1-5).",
            created_on=now,
            last_updated_on=now,
        )
        services.cases.add(case, reason="benchmark")
    for place, (judge_id, case_id) in enumerate(JUDGES):
        snapshot = _snapshot(place)
        judge = Judge(
            judge_id=judge_id,
            version="1.0",
            active=True,
            case_id=case_id,
            case_name=case_id,
            metric=snapshot.metric,
            llm=snapshot.llm,
            created_on=now,
            last_updated_on=now,
            name=judge_id,
        )
        services.judges.add(judge)
    return services.users.add("bench", "Bench", Role.ADMIN, PASSWORD, by="bench")


def label(services: Services, runs: Sequence[Run]) -> None:
    """One verdict on each of some finished runs, drawn at random; in one of six it is not the judge's."""
    for place, run in enumerate(runs):
        passed = (run.evaluation_status is Verdict.PASS) is not (place % 6 == 0)
        services.labels.save(run, passed=passed, by="anna", drawn=Drawn(Selection.RANDOM))


def sample(total: int, until: datetime) -> list[Run]:
    """`LABELLED` completed runs of each case at most, in a random order."""
    numbers = random.Random(total).sample(range(total), min(total, 8 * LABELLED * len(JUDGES)))
    found: dict[str, list[Run]] = {}
    for number in numbers:
        run = run_of(number, total, until)
        if run.results:
            found.setdefault(run.case_id, []).append(run)
    return [run for runs in found.values() for run in runs[:LABELLED]]


def _snapshot(judge: int) -> Snapshot:
    judge_id, case_id = JUDGES[judge]
    return Snapshot(
        judge_id=judge_id,
        judge_name=judge_id,
        version="1.0",
        case_id=case_id,
        case_name=case_id,
        metric=MetricRef(id="geval", type="geval"),
        llm=LlmRef(id="model", type="openai", model=_MODELS[judge % len(_MODELS)]),
        task_introduction="Rate the summary. " * 10,
        evaluation_criteria="Faithfulness (1-5). " * 10,
    )


def _results(normalized: float, dice: random.Random) -> Results:
    prompt, written = dice.randint(300, 600), dice.randint(40, 90)
    return Results(
        final_score=1 + 4 * normalized,
        final_score_normalized=normalized,
        all_responses=[1 + 4 * normalized] * 10,
        token_usage=TokenUsage(prompt=prompt, completion=written, total=prompt + written),
        execution_time_seconds=round(dice.uniform(0.8, 6.0), 2),
    )
