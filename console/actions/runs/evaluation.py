"""Running one evaluation: a run is made, judged, and finished with its results or with what went wrong."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from console.actions.permissions import permit
from console.actions.runs.similar import embed_finished
from console.errors import InvalidInput, JudgingError
from console.judging.judging import SIMILARITY, Judging
from console.judging.prompts import PROMPT_VERSION
from console.judging.providers import local
from console.judging.providers.metering import Meter
from console.judging.providers.port import address
from console.records import Artifact, Judge, Model, Results, Role, Run, RunFilter, RunStatus, Snapshot, Spent, User
from console.services import Services
from console.telemetry import traced

FAILED = "Evaluation failed: "
"""How the message of a failed run begins, as it always did."""
_LATEST = 50
"""Runs in which the judge that somebody used last is looked for."""
REPLY_LIMIT = 20_000
"""Characters of a model's reply that a failed run keeps."""


@traced
def evaluate(
    services: Services,
    actor: User,
    judge: Judge,
    artifact: Artifact,
    *,
    document_id: str | None = None,
) -> Run:
    """Judges an artifact. Three writes beside the calls of the judge's model.

    A judge that fails makes a failed run, which says why.

    Raises:
        Forbidden: the actor is a viewer.
        UnsupportedMetric: the judge's metric cannot be evaluated; no run was made.
        NotFound: the judge's case is not in use.
        TooLarge, InvalidInput: the artifact cannot be stored; no run was made.
    """
    permit(actor, Role.EVALUATOR)
    services.judging.check(judge.metric.type)
    snapshot = Snapshot.of(judge, services.cases.get(judge.case_id), prompt_version=PROMPT_VERSION)
    return run_snapshot(services, actor, snapshot, artifact, document_id=document_id)


def first_judge(services: Services, judges: Sequence[Judge], username: str) -> str | None:
    """The judge to begin with: the one that somebody used last, else the first that works with the settings of now.

    One page of runs. None where there is no such judge.
    """
    known = {judge.judge_id for judge in judges}
    for row in services.runs.list(RunFilter(), limit=_LATEST).items:
        if row.created_by == username and row.judge_id in known:
            return row.judge_id
    ready = (judge.judge_id for judge in judges if is_ready(services, judge))
    return next(ready, None)


def is_ready(services: Services, judge: Judge) -> bool:
    """Whether a judge needs no model, or its provider has the settings that it needs."""
    if judge.metric.type == SIMILARITY:
        return True
    if judge.llm.type == local.NAME:
        return local.installed()
    return address(judge.llm.type, services.settings).missing() is None


@traced
def evaluate_text(services: Services, actor: User, judge: Judge, artifact: Artifact) -> Run:
    """Judges a text that somebody typed. Raises as `evaluate`, and InvalidInput when there is none."""
    permit(actor, Role.EVALUATOR)
    if not artifact.evaluation_target.strip():
        raise InvalidInput("Enter the text that is to be evaluated.", field="text")
    return evaluate(services, actor, judge, artifact)


@traced
def run_snapshot(
    services: Services,
    actor: User,
    snapshot: Snapshot,
    artifact: Artifact,
    *,
    document_id: str | None = None,
) -> Run:
    """Judges an artifact under a snapshot; see `evaluate`."""
    by = permit(actor, Role.EVALUATOR)
    services.judging.check(snapshot.metric.type)
    run = services.runs.create(snapshot, artifact, by=by, status=RunStatus.RUNNING, document_id=document_id)
    meter = Meter()
    try:
        results = judged(services, snapshot, artifact, meter)
        finished = services.runs.complete(run, results, threshold=threshold_in_force(services, snapshot))
    except JudgingError as error:
        return services.runs.fail(run, failure(error), spent=spent(services, snapshot, meter))
    except BaseException as error:
        message = f"{FAILED}it was stopped by {type(error).__name__}. Run it again."
        services.runs.fail(run, message, spent=spent(services, snapshot, meter))
        raise
    embed_finished(services, [finished])
    return finished


def judged(
    services: Services, snapshot: Snapshot, artifact: Artifact, meter: Meter, judging: Judging | None = None
) -> Results:
    """What the judge finds, with its cost. No request when the catalog is cached. Raises JudgingError.

    Args:
        judging: another one than the services'.
    """
    results = (judging or services.judging).evaluate(snapshot, artifact, meter)
    if results.cost is not None:
        return results
    model = model_asked(services, snapshot)
    return msgspec.structs.replace(results, cost=model.cost(results.token_usage) if model else None)


def spent(services: Services, snapshot: Snapshot, meter: Meter) -> Spent | None:
    """What the calls of a run took that has no score; None when none was answered."""
    if not meter.answered:
        return None
    model = model_asked(services, snapshot)
    return Spent(token_usage=meter.usage, cost=model.cost(meter.usage) if model else None)


def threshold_in_force(services: Services, snapshot: Snapshot) -> float:
    """The threshold that decides a verdict now; the snapshot's where the case is no longer in use."""
    return snapshot.threshold_in_force(services.cases.find(snapshot.case_id))


def failure(error: JudgingError) -> str:
    """The message of a failed run: why, what to do, and what the model said."""
    said = f"\n\nThe reply:\n{error.reply[:REPLY_LIMIT]}" if error.reply else ""
    return f"{FAILED}{error}{said}"


def model_asked(services: Services, snapshot: Snapshot) -> Model | None:
    """The catalog's entry of the model that was asked."""
    override = snapshot.parameters.get("model")
    name = override if isinstance(override, str) and override else snapshot.llm.model
    return services.catalog.model_named(name)
