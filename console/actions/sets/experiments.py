"""Experiments: the outputs of one system over a version of a test set, judged by one or several judges."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from console.actions.batches.batches import check_limits, settings_of, start, work
from console.actions.batches.worker import CONCURRENCY
from console.actions.permissions import permit
from console.actions.sets.outputs import Outputs
from console.actions.sets.sets import all_items
from console.errors import InvalidInput
from console.judging.prompts import PROMPT_VERSION
from console.records import Batch, BatchState, Case, Experiment, Json, Judge, JudgedBy, NewRow, Role, TestSet, User
from console.services import Services
from console.telemetry import traced

MOST_JUDGES = 8


@traced
def begin(
    services: Services,
    actor: User,
    test_set: TestSet,
    outputs: Outputs,
    judges: Sequence[Judge],
    *,
    name: str = "",
    version: int | None = None,
    concurrency: int = CONCURRENCY,
    budget: float | None = None,
    metadata: Json | None = None,
) -> Experiment:
    """Freezes the version and stores the experiment with a batch for each judge, ready to be worked on.

    One Query per 1 MB of items and one request per 25 rows, for each judge.

    Args:
        version: of the set; None: the newest.
        budget: US dollars, for each judge.
        metadata: what made the outputs.

    Raises:
        Forbidden: the actor is a viewer.
        InvalidInput: there are no outputs, no judges or too many, or a limit makes no sense.
        UnsupportedMetric: the metric of a judge cannot be evaluated.
        ConflictError: somebody has changed the set since it was read; nothing is judged.
    """
    by = permit(actor, Role.EVALUATOR)
    if not outputs.texts:
        raise InvalidInput("There is no output to judge.", field="file")
    if not 0 < len(judges) <= MOST_JUDGES:
        raise InvalidInput(f"An experiment has 1 to {MOST_JUDGES} judges; these are {len(judges)}.", field="judges")
    if len({(judge.judge_id, judge.version) for judge in judges}) < len(judges):
        raise InvalidInput("A version of a judge is named twice.", field="judges")
    cases = [services.cases.get(judge.case_id) for judge in judges]
    for judge in judges:
        services.judging.check(judge.metric.type)
        check_limits(services, judge, concurrency, budget)
    frozen = services.sets.version(test_set.set_id, version)
    services.sets.freeze(test_set, frozen.number)
    experiment_id = services.experiments.next_id(test_set)
    title = name.strip() or outputs.source or f"{test_set.name}, version {frozen.number}"
    judged = [
        judged_by(
            judge,
            case,
            services.batches.create(
                title,
                judge.judge_id,
                _rows(services, test_set.set_id, frozen.number, outputs),
                by=by,
                settings=settings_of(judge, case, concurrency, budget, outputs.source),
                experiment_id=experiment_id,
            ),
        )
        for judge, case in zip(judges, cases, strict=True)
    ]
    return services.experiments.create(
        experiment_id,
        test_set,
        version=frozen.number,
        name=title,
        judges=judged,
        total=frozen.total,
        rows=len(outputs.texts),
        by=by,
        source=outputs.source,
        metadata=metadata,
    )


@traced
def work_on(
    services: Services, actor: User, experiment: Experiment, *, progress: Callable[[int, int], None] | None = None
) -> list[Batch]:
    """Works on the batches of an experiment, one after the other, until they are done or cannot go on.

    Args:
        progress: called with the rows that have ended and all that there are, over all judges.

    Raises:
        Forbidden: the actor is a viewer.
        BatchTaken: another process works on it.
    """
    permit(actor, Role.EVALUATOR)
    whole, ended = experiment.rows * len(experiment.judges), 0
    done: list[Batch] = []
    for judged in experiment.judges:
        advance = partial(_advance, progress, ended, whole)
        batch = work(services, actor, judged.batch_id, progress=advance)
        ended += batch.done + batch.failed
        done.append(batch)
    return done


@traced
def start_all(services: Services, actor: User, experiment: Experiment) -> None:
    """Lets this process work on what is left of an experiment, in threads of its own. Raises Forbidden."""
    permit(actor, Role.EVALUATOR)
    for batch in batches_of(services, experiment):
        if batch.state is not BatchState.FINISHED:
            start(services, actor, batch.batch_id)


def batches_of(services: Services, experiment: Experiment) -> list[Batch]:
    """The batches of an experiment as they are now, in the order of its judges. One GetItem each."""
    return [services.batches.get(judged.batch_id) for judged in experiment.judges]


def _advance(progress: Callable[[int, int], None] | None, before: int, whole: int, batch: Batch) -> None:
    if progress:
        progress(before + batch.done + batch.failed, whole)


def _rows(services: Services, set_id: str, version: int, outputs: Outputs) -> Iterator[NewRow]:
    own = outputs.source is None
    for item in all_items(services, set_id, version):
        text = outputs.texts.get(item.key)
        if text is not None:
            yield NewRow(artifact=item.artifact(text), item=item.reference(set_id, own_text=own))


def judged_by(judge: Judge, case: Case, batch: Batch, *, prompt_version: str = PROMPT_VERSION) -> JudgedBy:
    """What an experiment keeps of a judge as it is now."""
    return JudgedBy(
        judge_id=judge.judge_id,
        judge_version=judge.version,
        judge_name=judge.name,
        case_id=case.case_id,
        case_version=case.version,
        case_name=case.name,
        batch_id=batch.batch_id,
        prompt_version=prompt_version,
    )
