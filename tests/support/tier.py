"""The repositories of one process over a store, and example records to put into them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import date, datetime
from typing import Any

from console.data.cache.cache import Cache
from console.data.configuration.cases import Cases
from console.data.repositories import Repositories
from console.data.runs.runs import Runs
from console.data.store import tables
from console.data.store.client import make_client
from console.data.store.codec import Item
from console.data.store.store import Store
from console.records import (
    Artifact,
    Case,
    EvaluationParameters,
    Judge,
    LlmRef,
    MetricRef,
    Results,
    Rollup,
    Run,
    RunFilter,
    ScoreRange,
    Snapshot,
    TokenUsage,
    utcnow,
)
from tests.support.faults.proxy import FaultProxy

Tier = Repositories
"""What one process has: its own cache, its own memory of recent writes."""


def tier(
    store: Store,
    *,
    clock: Callable[[], datetime] = utcnow,
    ticks: Callable[[], float] = time.monotonic,
    lag: float = 10.0,
    **cache_options: Any,
) -> Tier:
    """The repositories of a new process."""
    return Repositories.over(store, Cache(store, lag=lag, clock=ticks, **cache_options), lag=lag, clock=clock)


@contextmanager
def behind_proxy(store: Store, endpoint: str, *, seed: int = 7, **options: Any) -> Iterator[tuple[Store, FaultProxy]]:
    """The same tables, reached through a fault proxy."""
    with FaultProxy(endpoint, seed=seed) as proxy, closing(make_client("us-east-1", proxy.endpoint)) as client:
        yield Store(client, prefix=store.prefix, **options), proxy


def new_case(cases: Cases, name: str = "Helpfulness", **fields: Any) -> Case:
    """A case on the scale 1..5 with the threshold 0.5."""
    texts = {"task_introduction": "You judge an answer.", "evaluation_criteria": "Is the answer helpful?"}
    return cases.create(**{"name": name, "by": "ana", **texts, **fields})


def new_judge(process: Tier, case: Case, name: str | None = "Strict", **fields: Any) -> Judge:
    """A judge of the metric `geval` with the model `gpt-4o`."""
    process.catalog.ensure_defaults()
    metric = process.catalog.metric_named("geval")
    model = process.catalog.model_named("gpt-4o") or process.catalog.create_model("gpt-4o", "openai", by="ana")
    given = {"parameters": {"temperature": 0.5, "n_responses": 20}, "by": "ana", **fields}
    return process.judges.create(name=name, case=case, metric=metric, model=model, **given)


def snapshot(judge_id: str = "judge-1", case_id: str = "case-1", model: str = "gpt-4o", **fields: Any) -> Snapshot:
    """A judge and its case, frozen, on the scale 1..5."""
    given: dict[str, Any] = {
        "judge_id": judge_id,
        "version": "1.0",
        "case_id": case_id,
        "case_name": "Helpfulness",
        "judge_name": "Strict",
        "metric": MetricRef(id="metric-1", type="geval", name="Geval Metric"),
        "llm": LlmRef(id="model-1", type="openai", model=model),
        "score_range": ScoreRange(min=1, max=5),
        "evaluation_parameters": EvaluationParameters(n_responses=20),
        "threshold": 0.5,
        **fields,
    }
    return Snapshot(**given)


def artifact(text: str = "Paris is the capital of France.", **fields: Any) -> Artifact:
    """An evaluated text."""
    return Artifact(evaluation_target=text, **fields)


def results(score: float = 4.0, **fields: Any) -> Results:
    """What a completed run found, on the scale 1..5."""
    given: dict[str, Any] = {
        "final_score": score,
        "final_score_normalized": (score - 1) / 4,
        "all_responses": [score],
        "scoring_mode": "logprobs",
        "reasons": ["Because."],
        "token_usage": TokenUsage(prompt=100, completion=20, total=120),
        "execution_time_seconds": 0.75,
        "cost": 0.001,
        **fields,
    }
    return Results(**given)


def completed(runs: Runs, score: float = 4.0, *, threshold: float = 0.5, text: str = "A text.", **of: Any) -> Run:
    """A new run, finished with this score."""
    run = runs.create(snapshot(**of), artifact(text), by="ana")
    return runs.complete(run, results(score), threshold=threshold)


def all_pages(runs: Runs, wanted: RunFilter = RunFilter(), *, limit: int = 100) -> list[Any]:
    """The ids of a whole list, page after page."""
    page = runs.list(wanted, limit=limit)
    ids = [row.run_id for row in page.items]
    while page.cursor:
        page = runs.list(wanted, limit=limit, cursor=page.cursor)
        ids += [row.run_id for row in page.items]
        assert len(ids) == len(set(ids)), f"a run is shown twice: {ids}"
    return ids


def items_of(store: Store, table: str = tables.RUNS, prefix: str = "") -> list[Item]:
    """Everything in a table (change tokens aside) whose partition key begins with `prefix`."""
    items = store.scan(table)
    return [item for item in items if item[tables.PK]["S"] != "TOKEN" and item[tables.PK]["S"].startswith(prefix)]


# --- an independent count ----------------------------------------------------------------------------------


def recount(runs: Iterable[Run]) -> dict[tuple[date, str, str, str], dict[str, Any]]:
    """What the rollups of these runs must say, counted one by one."""
    counted: dict[tuple[date, str, str, str], dict[str, Any]] = {}
    for run in runs:
        if not run.status.finished:
            continue
        key = (run.started_at.date(), run.case_id, run.judge_id, run.judge_snapshot.llm.model)
        entry = counted.setdefault(
            key,
            {"completed": 0, "failed": 0, "passed": 0, "rejected": 0, "tokens": 0, "timed": 0, "bins": [0] * 101}
            | {"weighted": 0, "stated": 0}
            | dict.fromkeys(("score", "normalized", "squared", "seconds", "cost"), 0.0),
        )
        if run.results is None:
            entry["failed"] += 1
            continue
        found = run.results
        entry["completed"] += 1
        entry["passed" if run.evaluation_status == "pass" else "rejected"] += 1
        entry["tokens"] += found.token_usage.total
        entry["score"] += found.final_score
        entry["normalized"] += found.final_score_normalized
        entry["squared"] += found.final_score_normalized**2
        entry["timed"] += found.execution_time_seconds is not None
        entry["seconds"] += found.execution_time_seconds or 0.0
        entry["weighted"] += found.scoring_mode == "logprobs"
        entry["stated"] += found.scoring_mode in ("sampled", "single")
        entry["cost"] += found.cost or 0.0
        place = int(found.final_score_normalized * 100 + 1e-9)
        entry["bins"][place] += 1
    return {key: _rounded(entry) for key, entry in counted.items()}


def bins_of(counts: dict[int, int]) -> tuple[int, ...]:
    """A rollup's histogram from the bins that hold runs."""
    return tuple(counts.get(place, 0) for place in range(101))


def said(rollups: Iterable[Rollup]) -> dict[tuple[date, str, str, str], dict[str, Any]]:
    """What rollups say, in the form of `recount`."""
    names = ("completed", "failed", "passed", "rejected", "tokens", "timed", "weighted", "stated")
    sums = ("score", "normalized", "squared", "seconds", "cost")
    return {
        (one.day, one.case_id, one.judge_id, one.model): _rounded(
            {name: getattr(one, name) for name in names + sums} | {"bins": list(one.bins)}
        )
        for one in rollups
    }


def stored_runs(store: Store, process: Tier) -> list[Run]:
    """Every run, read one by one from the table."""
    ids = {item[tables.PK]["S"].removeprefix("RUN#") for item in items_of(store, prefix="RUN#")}
    return [process.runs.get(int(one) if one.isdigit() else one) for one in ids]


def _rounded(entry: dict[str, Any]) -> dict[str, Any]:
    return {name: round(value, 6) if isinstance(value, float) else value for name, value in entry.items()}
