"""Sample data of the practice: a test set, and two experiments over it, the second with a regression in one group.

Thirty questions about the limits of three plans. The second prompt answers shorter, and takes the limits of the
Business plan for those of Team.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta

from console.actions.batches.batches import settings_of
from console.actions.batches.worker import CONCURRENCY
from console.actions.sets.experiments import judged_by
from console.data.batches.batches import Batches
from console.data.batches.runs import EndedRow
from console.data.sets.experiments import Experiments
from console.data.sets.sets import Sets
from console.errors import NotFound
from console.records import (
    Batch,
    BatchState,
    Case,
    Experiment,
    Judge,
    NewRow,
    Results,
    Run,
    RunStatus,
    SetItem,
    Snapshot,
    TestSet,
)
from console.services import Services

SET = "Plan limits"
_ID = "plan-limits"
_PLANS = ("Free", "Team", "Business")
_LIMITS: dict[str, tuple[str, tuple[int, int, int]]] = {
    "projects": ("workspace", (3, 50, 400)),
    "seats": ("workspace", (5, 60, 500)),
    "gigabytes of storage": ("workspace", (2, 100, 1_000)),
    "days of version history": ("workspace", (7, 90, 365)),
    "exports a day": ("data", (5, 100, 1_000)),
    "megabytes for an upload": ("data", (25, 250, 2_000)),
    "API requests a minute": ("interfaces", (60, 600, 3_000)),
    "webhooks": ("interfaces", (2, 20, 200)),
    "scheduled reports": ("interfaces", (1, 25, 250)),
    "custom roles": ("access", (1, 10, 100)),
}
"""By what is limited: its area, and the limit of each plan."""
_WEEKS = (("Prompt 6, as it is", 51), ("Prompt 7, shorter", 58))
"""The experiments, and the day of the sample's weeks on which they were made."""
_MAKE = Callable[[random.Random, float, str, float], Results]


def load_experiments(services: Services, judge: Judge, case: Case, begin: datetime, make: _MAKE, by: str) -> None:
    """The set and its experiments; what is there already stays as it is. About ten requests.

    Args:
        begin: of the sample's weeks.
        make: results from dice, a quality 0..1, the judged text, and seconds.
    """
    clock = Clock(begin + timedelta(days=50))
    sets, experiments = Sets(services.store, clock=clock), Experiments(services.store, clock=clock)
    test_set = _set(sets, by)
    known = {one.name for one in experiments.of_set(_ID).items}
    for place, (name, day) in enumerate(_WEEKS):
        if name not in known:
            clock.now = begin + timedelta(days=day, hours=10)
            made = _experiment(services, experiments, test_set, judge, case, place, clock, make, by)
            if place == 0:
                sets.freeze(sets.get(_ID), 1)
                sets.describe(sets.get(_ID), by=by, baseline=made.experiment_id)


class Clock:
    """The time of the sample, which the caller moves."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        """That time."""
        return self.now


def _set(sets: Sets, by: str) -> TestSet:
    try:
        test_set = sets.get(_ID)
    except NotFound:
        about = "What the help assistant says of the limits of each plan."
        test_set = sets.create(SET, by=by, description=about, tags=["help assistant"])
    if not test_set.total:
        test_set = sets.change(test_set, items(), by=by, note="From the price list").test_set
    return test_set


def items() -> Iterator[SetItem]:
    """The items, in the order of the price list."""
    for thing, (area, limits) in _LIMITS.items():
        for plan, limit in zip(_PLANS, limits, strict=True):
            yield SetItem(
                key=f"{plan.lower()}-{thing.split()[0].lower()}",
                input=f"How many {thing} does the {plan} plan allow?",
                expected_output=f"The {plan} plan allows {limit:,} {thing}.",
                tags=[plan],
                metadata={"area": area},
            )


def _output(item: SetItem, place: int, dice: random.Random) -> tuple[str, float]:
    """What the assistant answered, and how good that is."""
    plan, thing = item.tags[0], str(item.input).removeprefix("How many ").partition(" does the ")[0]
    limit = _LIMITS[thing][1][_PLANS.index(plan)]
    if place == 1 and plan == "Business" and dice.random() < 0.8:
        return f"{_LIMITS[thing][1][1]:,} {thing}.", 0.08
    if dice.random() < 0.12:
        return f"That depends on your contract; please ask our sales team about {thing}.", 0.2
    if place == 1:
        return f"{limit:,} {thing}.", 0.9
    return f"On the {plan} plan you can have up to {limit:,} {thing}.", 0.97


def _experiment(
    services: Services,
    experiments: Experiments,
    test_set: TestSet,
    judge: Judge,
    case: Case,
    place: int,
    clock: Clock,
    make: _MAKE,
    by: str,
) -> Experiment:
    name = _WEEKS[place][0]
    dice = random.Random(f"experiment {place}")  # noqa: S311 - sample data, not a secret
    outputs = {item.key: (item, *_output(item, place, dice)) for item in items()}
    experiment_id = experiments.next_id(test_set)
    batches = Batches(services.store, clock=clock)
    rows = [
        NewRow(artifact=item.artifact(text), item=item.reference(_ID, own_text=False))
        for item, text, _ in outputs.values()
    ]
    settings = settings_of(judge, case, CONCURRENCY, None, f"{name}.csv")
    batch = batches.create(name, judge.judge_id, rows, by=by, settings=settings, experiment_id=experiment_id)
    _finish(services, batches, batch, rows, {key: found[2] for key, found in outputs.items()}, judge, case, clock, make)
    return experiments.create(
        experiment_id,
        test_set,
        version=1,
        name=name,
        judges=[judged_by(judge, case, batch, prompt_version="sample")],
        total=len(rows),
        rows=len(rows),
        by=by,
        source=f"{name}.csv",
        metadata={"prompt": name},
    )


def _finish(
    services: Services,
    batches: Batches,
    batch: Batch,
    rows: list[NewRow],
    qualities: Mapping[str, float],
    judge: Judge,
    case: Case,
    clock: Clock,
    make: _MAKE,
) -> None:
    """Ends every row with a run of its own."""
    batches.claim(batch.batch_id, "sample", 60.0)
    batches.set_state(batch.batch_id, BatchState.RUNNING)
    first = services.runs.next_ids(len(rows))
    ended = [
        EndedRow(number, _run(first + number - 1, number, row, batch, qualities, judge, case, clock.now, make))
        for number, row in enumerate(rows, 1)
    ]
    services.batch_runs.finish(batch.batch_id, "sample", ended)
    batches.set_state(batch.batch_id, BatchState.FINISHED)
    batches.release(batch.batch_id, "sample")


def _run(
    run_id: int,
    number: int,
    row: NewRow,
    batch: Batch,
    qualities: Mapping[str, float],
    judge: Judge,
    case: Case,
    now: datetime,
    make: _MAKE,
) -> Run:
    dice = random.Random(f"{batch.name} {number}")  # noqa: S311 - sample data, not a secret
    key = row.item.key if row.item else ""
    seconds = round(dice.uniform(1.6, 3.4), 3)
    results = make(dice, qualities[key], row.artifact.evaluation_target, seconds)
    started = now + timedelta(seconds=4 * number)
    run = Run(
        run_id=run_id,
        status=RunStatus.RUNNING,
        started_at=started,
        completed_at=started + timedelta(seconds=seconds),
        judge_id=judge.judge_id,
        case_id=case.case_id,
        judge_snapshot=Snapshot.of(judge, case, prompt_version="sample"),
        evaluated_artifact=row.artifact,
        batch_id=batch.batch_id,
        item=row.item,
        created_by=batch.created_by,
    )
    return run.ended(results, case.threshold.score)
