"""What a judge would be asked, and what a draft of a judge or a case would say, before anything is saved."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from console.actions.permissions import permit
from console.actions.runs.evaluation import is_ready, judged, spent
from console.data.configuration.judges import metric_ref
from console.errors import InvalidInput, JudgingError
from console.judging.judging import GEVAL, Judging
from console.judging.prompts import PROMPT_VERSION
from console.judging.providers.metering import Meter
from console.records import (
    Artifact,
    Case,
    Json,
    Judge,
    LlmRef,
    Metric,
    Model,
    Results,
    Role,
    Run,
    RunFilter,
    Snapshot,
    User,
    judge_parameters,
    utcnow,
)
from console.services import Services
from console.telemetry import traced

MOST = 5
"""Runs that a draft is tried on."""
NO_STEPS = "(The evaluation steps: the judge's model writes them at the first evaluation.)"


@dataclass(frozen=True, slots=True)
class Trial:
    """What a draft says of the text of a run."""

    run: Run
    results: Results | None = None
    error: str = ""
    cost: float | None = None
    """US dollars, as far as they are known."""

    @property
    def difference(self) -> float | None:
        """How much higher the normalised score is than the run's; None where either has none."""
        if self.results is None or self.run.results is None:
            return None
        return self.results.final_score_normalized - self.run.results.final_score_normalized


def preview(services: Services, snapshot: Snapshot, artifact: Artifact) -> str:
    """The exact prompt that would be sent now. One GetItem at most; no model is asked.

    Where nobody has written evaluation steps yet, `NO_STEPS` stands in their place.

    Raises:
        JudgingError: a parameter of the judge is wrong.
    """
    steps = services.judging.known_steps(snapshot) or NO_STEPS
    return services.judging.preview(snapshot, artifact, steps)


def latest_runs(services: Services, case_id: str | None, limit: int = MOST) -> list[Run]:
    """The latest finished runs of a case, or of all, whose texts a draft can be tried on.

    One Query (one per status for all cases), and one request per run.
    """
    page = services.runs.list(RunFilter(case_id=case_id), limit=4 * limit)
    finished = [row for row in page.items if row.status.finished]
    different = {row.artifact_digest or str(row.run_id): row for row in reversed(finished)}
    newest = sorted(different.values(), key=lambda row: row.started_at, reverse=True)[:limit]
    return [services.runs.get(row.run_id) for row in newest]


def first_case(fields: Mapping[str, Any]) -> Case:
    """A case that is not stored yet.

    Args:
        fields: arguments of `Cases.create`.
    """
    now = utcnow()
    return Case(case_id="", version="1.0", active=True, created_on=now, last_updated_on=now, **fields)


def first_judge(name: str, case: Case, metric: Metric, model: Model, parameters: Json, configuration: Json) -> Judge:
    """A judge that is not stored yet."""
    now = utcnow()
    llm = LlmRef(id=model.model_id, type=model.provider, model=model.name)
    llm, asks = judge_parameters(parameters, llm)
    return Judge(
        judge_id="", version="1.0", active=True, case_id=case.case_id, case_name=case.name,
        metric=metric_ref(metric, configuration), llm=llm, created_on=now, last_updated_on=now,
        name=name or "The draft", evaluation_parameters=asks, parameters=parameters,
    )  # fmt: skip


def first_judges(services: Services, case: Case) -> list[Judge]:
    """A judge by `geval` for each model of the catalog, as new judges begin; those that can be asked now first.

    No request for what is cached.
    """
    metric = services.catalog.metric_named(GEVAL)
    models = sorted(services.catalog.models(), key=lambda model: model.name.casefold())
    judges = [first_judge("A judge", case, metric, one, {"temperature": 1.0}, {}) for one in models] if metric else []
    return sorted(judges, key=lambda judge: not is_ready(services, judge))


@traced
def try_draft(
    services: Services,
    actor: User,
    judge: Judge,
    case: Case,
    runs: Sequence[Run],
    *,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> list[Trial]:
    """Judges the texts of up to `MOST` runs by a judge and a case as they are drafted. Nothing is stored but steps.

    Raises:
        Forbidden: the actor is a viewer.
        InvalidInput: there are no runs, or too many.
        UnsupportedMetric: the metric cannot be evaluated.
    """
    permit(actor, Role.EVALUATOR)
    if not 1 <= len(runs) <= MOST:
        raise InvalidInput(f"A draft is tried on 1 to {MOST} runs; {len(runs)} were chosen.", field="runs")
    services.judging.check(judge.metric.type)
    snapshot = Snapshot.of(judge, case, prompt_version=PROMPT_VERSION)
    trials: list[Trial] = []
    judging = services.judging.for_draft(keep_steps=bool(case.case_id))
    with ThreadPoolExecutor(max_workers=MOST) as pool:
        for trial in pool.map(lambda run: _try(services, snapshot, run, judging), runs):
            trials.append(trial)
            progress(len(trials), len(runs))
    return trials


def _try(services: Services, snapshot: Snapshot, run: Run, judging: Judging) -> Trial:
    meter = Meter()
    try:
        results = judged(services, snapshot, run.evaluated_artifact, meter, judging)
    except JudgingError as error:
        took = spent(services, snapshot, meter)
        return Trial(run, error=str(error), cost=took.cost if took else None)
    return Trial(run, results, cost=results.cost)
