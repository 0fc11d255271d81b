"""Judging an artifact again: under the snapshot of its run, or by the judge as it is now."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import msgspec

from console.actions.permissions import permit
from console.actions.runs.evaluation import evaluate, run_snapshot
from console.errors import InvalidInput
from console.judging.prompts import PROMPT_VERSION
from console.records import Judge, Role, Run, RunId, User
from console.services import Services
from console.telemetry import traced

MOST = 50
"""Runs that are repeated at once; more belong into a batch."""
_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Repeated:
    """A run and the one that repeats it."""

    before: Run
    after: Run

    @property
    def difference(self) -> float | None:
        """How much higher the new normalised score is; None where either has none."""
        if self.before.results is None or self.after.results is None:
            return None
        return self.after.results.final_score_normalized - self.before.results.final_score_normalized

    @property
    def flipped(self) -> bool:
        """Whether the verdict is another one."""
        return self.difference is not None and self.before.evaluation_status != self.after.evaluation_status


def judges_for(services: Services, run: Run) -> list[Judge]:
    """Who may judge the run's text again: every version of its judge, the newest first, and the case's other judges.

    One cached Query, or two. None where the case is not in use.
    """
    case = services.cases.find(run.case_id)
    if case is None:
        return []
    own = services.judges.versions(run.judge_id)
    return [*own, *(one for one in services.judges.of_case(run.case_id) if one.judge_id != run.judge_id)]


@traced
def rerun(services: Services, actor: User, run: Run, *, as_then: bool, judge: Judge | None = None) -> Repeated:
    """Judges the artifact of a run again, in a new run. Cost as `evaluate`.

    Args:
        as_then: under the run's snapshot; else by the judge and the case that are in force now.
        judge: instead of both, a judge of this version, with the case that is in force now.

    Raises:
        Forbidden: the actor is a viewer.
        NotFound: the judge or the case is no longer in use, and `as_then` is not asked for.
        UnsupportedMetric: the metric cannot be evaluated.
    """
    permit(actor, Role.EVALUATOR)
    artifact, document_id = run.evaluated_artifact, run.document_id
    if judge is not None:
        after = evaluate(services, actor, judge, artifact, document_id=document_id)
    elif as_then:
        snapshot = msgspec.structs.replace(run.judge_snapshot, prompt_version=PROMPT_VERSION)
        after = run_snapshot(services, actor, snapshot, artifact, document_id=document_id)
    else:
        after = evaluate(services, actor, services.judges.get(run.judge_id), artifact, document_id=document_id)
    return Repeated(run, after)


@traced
def rerun_many(
    services: Services,
    actor: User,
    run_ids: Sequence[RunId],
    *,
    as_then: bool,
    judge: Judge | None = None,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> list[Repeated]:
    """Judges the artifacts of several runs again, some at a time; in the order given. Cost as `rerun` for each.

    Raises as `rerun`; then none that had not begun begins.
    """
    permit(actor, Role.EVALUATOR)
    if not 1 <= len(run_ids) <= MOST:
        raise InvalidInput(f"{len(run_ids)} runs cannot be repeated at once; choose 1 to {MOST}.", field="runs")
    runs = [services.runs.get(run_id) for run_id in run_ids]
    repeated: list[Repeated] = []
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        waiting = [pool.submit(rerun, services, actor, run, as_then=as_then, judge=judge) for run in runs]
        try:
            for one in waiting:
                repeated.append(one.result())
                progress(len(repeated), len(runs))
        finally:
            for one in waiting:
                one.cancel()
    return repeated
