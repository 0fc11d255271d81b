"""`/v2/sets` and `/v2/experiments`: test sets, outputs judged over them, what changed, and the gate."""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from console.actions.batches.batches import MOST_AT_ONCE
from console.actions.batches.worker import CONCURRENCY
from console.actions.sets import experiments as actions
from console.actions.sets import sets
from console.actions.sets.comparison import compare
from console.actions.sets.gate import MARGIN, Asked, decide
from console.actions.sets.outputs import match_outputs, own_texts
from console.actions.sets.reports import as_json, experiment_json, row_json
from console.actions.sets.results import load_results
from console.api.bodies import StrictRoute
from console.api.context import Actor, UsedServices
from console.api.pages import Cursor, Limit, Rows, page_by
from console.api.refusals import documented
from console.api.shapes import answer
from console.data.sets.changes import Changed
from console.errors import InvalidInput, NotFound
from console.records import Experiment, Judge, SetItem
from console.services import Services

router = APIRouter(route_class=StrictRoute)
SETS, EXPERIMENTS = "Test sets", "Experiments"
Found = dict[str, Any]


class SetRequest(BaseModel):
    """A new test set."""

    name: str = Field(min_length=1, max_length=200)
    description: str = ""
    tags: list[str] = []


class SetChangeRequest(BaseModel):
    """What is said of a test set; a field that is left out stays."""

    name: str | None = Field(None, min_length=1, max_length=200)
    description: str | None = None
    tags: list[str] | None = None
    baseline: str | None = Field(None, description="Id of an experiment of the set; empty for none.")


class ItemRequest(BaseModel):
    """An item of a test set, whole."""

    key: str = Field(min_length=1, max_length=200)
    input: str | None = Field(None, description="The question.")
    context: str | None = Field(None, description="The material that an answer rests on.")
    expected_output: str | None = Field(None, description="The reference.")
    text: str | None = Field(None, description="An output of the item's own.")
    score: float | None = Field(None, description="What people gave the text, on the scale of the case.")
    passed: bool | None = Field(None, description="What people said of the text.")
    tags: list[str] = []
    metadata: dict[str, Any] = {}


class ItemsRequest(BaseModel):
    """Items to add, or to put in the place of those of their keys."""

    items: list[ItemRequest] = Field(max_length=10_000)
    remove: list[str] = Field([], max_length=10_000, description="Keys of items to remove.")
    replace: bool = Field(False, description="The set becomes these items: all others are removed.")
    note: str = Field("", max_length=1_000)


class RunsRequest(BaseModel):
    """Runs whose texts become items."""

    run_ids: list[int] = Field(min_length=1, max_length=sets.FROM_RUNS)


class ExperimentRequest(BaseModel):
    """Outputs of a system over a test set, and who judges them."""

    set_id: str
    judges: list[str] = Field(
        min_length=1, max_length=actions.MOST_JUDGES, description="Ids; `@2.0` behind one names a version."
    )
    outputs: dict[str, str] | None = Field(None, description="By key; left out: the texts of the set itself.")
    name: str = Field("", max_length=200)
    version: int | None = Field(None, ge=1, description="Of the set; left out: the newest.")
    metadata: dict[str, Any] = Field({}, description="What made the outputs.")
    concurrency: int = Field(CONCURRENCY, ge=1, le=MOST_AT_ONCE)
    budget: float | None = Field(None, gt=0, description="US dollars, for each judge; the models need prices.")
    start: bool = Field(True, description="Work on it at once, in the worker that took the request.")


@router.get("/sets", response_model=Rows, tags=[SETS], responses=documented(503))
def list_sets(services: UsedServices, limit: Limit = 100, cursor: Cursor = None) -> Response:
    """Test sets, newest first."""
    page = services.sets.list(limit, cursor)
    return answer({"items": page.items, "cursor": page.cursor})


@router.post("/sets", response_model=Found, tags=[SETS], responses=documented(400, 409, 413, 501, 503))
def create_set(request: SetRequest, services: UsedServices, actor: Actor) -> Response:
    """A new test set without items."""
    return answer(sets.make_set(services, actor, request.name, description=request.description, tags=request.tags))


@router.get("/sets/{set_id}", response_model=Found, tags=[SETS], responses=documented(404, 503))
def get_set(services: UsedServices, set_id: str) -> Response:
    """One test set with its versions."""
    found = services.sets.get(set_id)
    return answer({**msgspec.to_builtins(found), "versions": services.sets.versions(set_id)})


@router.patch("/sets/{set_id}", response_model=Found, tags=[SETS], responses=documented(400, 404, 409, 413, 503))
def change_set(request: SetChangeRequest, services: UsedServices, actor: Actor, set_id: str) -> Response:
    """Change what is said of a test set, or its baseline."""
    changes = request.model_dump(exclude_none=True)
    return answer(sets.describe_set(services, actor, services.sets.get(set_id), **changes))


@router.delete("/sets/{set_id}", status_code=204, tags=[SETS], responses=documented(400, 404, 503))
def delete_set(services: UsedServices, actor: Actor, set_id: str) -> Response:
    """Remove a test set that has no experiments."""
    sets.delete_set(services, actor, services.sets.get(set_id))
    return Response(status_code=204)


@router.get("/sets/{set_id}/items", response_model=Rows, tags=[SETS], responses=documented(404, 503))
def list_items(
    services: UsedServices, set_id: str, version: int | None = None, limit: Limit = 100, cursor: Cursor = None
) -> Response:
    """Items of a version (left out: the newest), in the order of their keys."""
    page = services.sets.items(set_id, version, limit=limit, cursor=cursor)
    return answer({"items": page.items, "cursor": page.cursor})


@router.put("/sets/{set_id}/items", response_model=Found, tags=[SETS], responses=documented(400, 404, 409, 413, 503))
def put_items(request: ItemsRequest, services: UsedServices, actor: Actor, set_id: str) -> Response:
    """Add, change and remove items. A version that an experiment used stays: the change begins another."""
    items = [SetItem(**one.model_dump()) for one in request.items]
    done = sets.change_items(
        services,
        actor,
        services.sets.get(set_id),
        items,
        removed=request.remove,
        others_go=request.replace,
        note=request.note,
    )
    return answer(_done(done))


@router.post("/sets/{set_id}/runs", response_model=Found, tags=[SETS], responses=documented(400, 404, 409, 413, 503))
def add_runs(request: RunsRequest, services: UsedServices, actor: Actor, set_id: str) -> Response:
    """Make items of the texts of runs, with what people said of them."""
    return answer(_done(sets.add_runs(services, actor, services.sets.get(set_id), request.run_ids)))


@router.get("/sets/{set_id}/diff", response_model=Found, tags=[SETS], responses=documented(404, 503))
def diff_set(services: UsedServices, set_id: str, before: int, after: int | None = None) -> Response:
    """Keys of the items that differ between two versions (`after` left out: the newest)."""
    newest = services.sets.get(set_id).version
    found = sets.difference(services, set_id, before, newest if after is None else after)
    return answer({"added": found.added, "removed": found.removed, "changed": found.changed, "same": found.same})


@router.get("/experiments", response_model=Rows, tags=[EXPERIMENTS], responses=documented(404, 503))
def list_experiments(
    services: UsedServices, set_id: str | None = None, limit: Limit = 100, cursor: Cursor = None
) -> Response:
    """Experiments, newest first; of one set, or of all."""
    if set_id is None:
        page = services.experiments.list(limit, cursor)
    else:
        page = services.experiments.of_set(services.sets.get(set_id).set_id, limit, cursor)
    return answer({"items": page.items, "cursor": page.cursor})


@router.post(
    "/experiments", response_model=Found, tags=[EXPERIMENTS], responses=documented(400, 404, 409, 413, 501, 503)
)
def create_experiment(request: ExperimentRequest, services: UsedServices, actor: Actor) -> Response:
    """Judge outputs over a test set. Keys that the set does not have are refused."""
    test_set = services.sets.get(request.set_id)
    version = services.sets.version(test_set.set_id, request.version).number
    if request.outputs is None:
        outputs = own_texts(services, test_set.set_id, version)
    else:
        outputs = match_outputs(services, test_set.set_id, version, request.outputs, "the request")
    if outputs.unknown:
        some = ", ".join(outputs.unknown[:5])
        raise InvalidInput(
            f"{len(outputs.unknown):,} keys are not in the test set: {some}. Leave them out.", field="outputs"
        )
    made = actions.begin(
        services,
        actor,
        test_set,
        outputs,
        [_judge(services, one) for one in request.judges],
        name=request.name,
        version=version,
        concurrency=request.concurrency,
        budget=request.budget,
        metadata=request.metadata,
    )
    if request.start:
        actions.start_all(services, actor, made)
    return answer(made)


@router.get(
    "/experiments/{experiment_id}", response_model=Found, tags=[EXPERIMENTS], responses=documented(400, 404, 503)
)
def get_experiment(services: UsedServices, experiment_id: str, baseline: str | None = None) -> Response:
    """What an experiment found so far, and what changed from its baseline (left out: the set's)."""
    found = services.experiments.get(experiment_id)
    against = _baseline(services, found, baseline)
    results = load_results(services, found)
    pairings = compare(services, against, found, results) if against else None
    return answer(experiment_json(found, results, pairings))


@router.get(
    "/experiments/{experiment_id}/rows", response_model=Rows, tags=[EXPERIMENTS], responses=documented(404, 503)
)
def list_rows(
    services: UsedServices, experiment_id: str, judge_id: str | None = None, limit: Limit = 100, cursor: Cursor = None
) -> Response:
    """How the items ended by one judge (left out: the first), in the order of their keys."""
    found = services.experiments.get(experiment_id)
    results = [one for one in load_results(services, found) if judge_id in (None, one.judged.judge_id)]
    if not results:
        raise NotFound("judge of the experiment", judge_id)
    return answer(page_by(results[0].rows.items(), lambda one: one[0], lambda one: row_json(one[1]), limit, cursor))


@router.post(
    "/experiments/{experiment_id}/resume", response_model=Found, tags=[EXPERIMENTS], responses=documented(404, 409, 503)
)
def resume_experiment(services: UsedServices, actor: Actor, experiment_id: str) -> Response:
    """Go on with an experiment that was stopped, in the worker that took the request."""
    found = services.experiments.get(experiment_id)
    actions.start_all(services, actor, found)
    return answer(found)


@router.get(
    "/experiments/{experiment_id}/gate", response_model=Found, tags=[EXPERIMENTS], responses=documented(400, 404, 503)
)
def gate(
    services: UsedServices,
    experiment_id: str,
    baseline: str | None = None,
    min_pass_rate: float | None = None,
    max_drop: float | None = None,
    confidence: float = 0.95,
    margin: float = MARGIN,
) -> Response:
    """Whether an experiment is good enough: `passed`, `failed` or `cannot tell`, and why."""
    found = services.experiments.get(experiment_id)
    asked = Asked(min_pass_rate, max_drop, confidence, margin)
    against, results = _baseline(services, found, baseline), load_results(services, found)
    pairings = compare(services, against, found, results) if against else []
    return answer(as_json(decide(found, results, asked, against, pairings)))


def _baseline(services: Services, experiment: Experiment, wanted: str | None) -> Experiment | None:
    chosen = wanted or services.sets.get(experiment.set_id).baseline
    return services.experiments.get(chosen) if chosen and chosen != experiment.experiment_id else None


def _judge(services: Services, wanted: str) -> Judge:
    judge_id, at, version = wanted.partition("@")
    return services.judges.version(judge_id, version) if at else services.judges.get(judge_id)


def _done(done: Changed) -> Found:
    counts = {"added": done.added, "changed": done.changed, "removed": done.removed, "same": done.same}
    return {"set": done.test_set, **counts}
