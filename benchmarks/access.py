"""Goals P4 and P5: lists, one run, the Overview and the what-if cost the same at every number of runs.

    python -m benchmarks.access [--sizes 500,50000] [--repeats 21]

Each size has its own embedded engine on a fresh file, with runs of 6 judges of 4 cases over 90 days. The sizes take
turns, call by call, so that what else the machine does falls on all alike. Medians of `--repeats` in milliseconds; the
last column is the largest size against the smallest. *Page* is everything that the Overview page reads, its lists of
runs included; the other lines on the Overview and the what-if read rollups alone. *Cold* is a process with nothing
cached, on a store where another process has read before. *Naive* is what this product replaces: the boto3 resource and
a Scan for one run.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from functools import partial
from pathlib import Path

import boto3

from console.actions.overview.overview import load_overview
from console.config import Settings
from console.data.cache.cache import Cache
from console.data.runs.items import run_item
from console.data.runs.rollups import recount
from console.data.runs.rollups.rollups import Rollups
from console.data.runs.runs import Runs
from console.data.store import tables
from console.data.store.client import credentials_in
from console.records import (
    Artifact,
    LlmRef,
    MetricRef,
    Results,
    Rollup,
    Run,
    RunFilter,
    RunStatus,
    Snapshot,
    TokenUsage,
    Verdict,
    utcnow,
)
from console.services import Services, build_services

DAYS = 90
JUDGES = tuple((f"judge-{number}", f"case-{number % 4}") for number in range(6))
TEXT = "The summary states the cause, the duration and the follow-up of the incident. " * 12


def make_run(number: int, total: int) -> Run:
    """Run `number` of `total`, evenly spread over the days and judges."""
    dice = random.Random(number)
    judge_id, case_id = JUDGES[number % len(JUDGES)]
    started = utcnow() - timedelta(days=DAYS) * (1 - number / total)
    normalized = round(min(max(dice.gauss(0.65, 0.2), 0), 1), 6)
    failed = dice.random() < 0.05
    return Run(
        run_id=number + 1,
        status=RunStatus.FAILED if failed else RunStatus.COMPLETED,
        evaluation_status=Verdict.PENDING if failed else (Verdict.PASS if normalized >= 0.5 else Verdict.FAIL),
        started_at=started,
        completed_at=started + timedelta(seconds=2),
        judge_id=judge_id,
        case_id=case_id,
        judge_snapshot=Snapshot(
            judge_id=judge_id,
            judge_name=judge_id,
            version="1.0",
            case_id=case_id,
            case_name=case_id,
            metric=MetricRef(id="geval", type="geval"),
            llm=LlmRef(id="model", type="openai", model="gpt-4o"),
            task_introduction="Rate the summary. " * 10,
            evaluation_criteria="Faithfulness (1-5). " * 10,
        ),
        evaluated_artifact=Artifact(evaluation_target=f"{number}: {TEXT}"),
        results=None
        if failed
        else Results(
            final_score=1 + 4 * normalized,
            final_score_normalized=normalized,
            all_responses=[1 + 4 * normalized] * 10,
            token_usage=TokenUsage(prompt=400, completion=60, total=460),
            execution_time_seconds=2.0,
        ),
        error_message="The model did not answer within 60 s." if failed else None,
        judged_threshold=None if failed else 0.5,
        created_by="bench",
    )


def fill(services: Services, total: int) -> None:
    """Stores `total` runs by batches, then counts them into rollups."""
    store = services.store.patient(60)
    for start in range(0, total, 5_000):
        chunk = [run_item(make_run(number, total)) for number in range(start, min(start + 5_000, total))]
        store.batch_put(tables.RUNS, chunk)
    services.runs.reserve_ids(total)
    recount.rebuild(store)


def timed(call: Callable[[], object]) -> float:
    """Wall-clock milliseconds of one call."""
    started = time.perf_counter()
    call()
    return (time.perf_counter() - started) * 1_000


def what_if(rows: list[Rollup], threshold: int) -> int:
    """Completed runs at or above a threshold in hundredths, from the histograms."""
    return sum(count for row in rows for place, count in row.bins.items() if place >= threshold)


def naive_get(endpoint: str, run_id: int) -> object:
    """One run as the replaced design finds it: a Scan through the boto3 resource."""
    address, access_key, secret_key = credentials_in(endpoint)
    resource = boto3.resource(
        "dynamodb",
        endpoint_url=address,
        region_name="us-east-1",
        aws_access_key_id=access_key,
        aws_secret_access_key=secret_key,
    )
    table = resource.Table(tables.RUNS)
    request: dict[str, object] = {}
    while True:
        answer = table.scan(**request)
        for item in answer["Items"]:
            if item.get("runId") == run_id:
                return item
        if "LastEvaluatedKey" not in answer:
            return None
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def patterns(services: Services, total: int) -> dict[str, Callable[[], object]]:
    """The access patterns by name."""
    today = utcnow().date()
    first = today - timedelta(days=DAYS)
    judge_id, case_id = JUDGES[0]
    day = today - timedelta(days=10)
    middle = total // 2
    warm = Rollups(services.store, Cache(services.store))
    period = RunFilter(first_day=today - timedelta(days=DAYS - 1), last_day=today)

    def runs() -> Runs:
        return Runs(services.store, Cache(services.store))  # nothing cached

    def cold() -> Rollups:
        return Rollups(services.store, Cache(services.store))

    return {
        "latest 100 runs": lambda: runs().list(limit=100),
        "50 runs of a judge": lambda: runs().list(RunFilter(judge_id=judge_id), limit=50),
        "100 runs of a case": lambda: runs().list(RunFilter(case_id=case_id), limit=100),
        "10 runs of a status": lambda: runs().list(RunFilter(status=RunStatus.FAILED), limit=10),
        "5 runs of a day": lambda: runs().list(RunFilter(first_day=day, last_day=day), limit=5),
        "one run by id": lambda: runs().get(middle),
        "Overview, 90 days, warm": lambda: warm.read(first, today),
        "Overview, 90 days, cold": lambda: cold().read(first, today),
        "Overview page, 90 days, warm": lambda: load_overview(services, period, [], [], today=today),
        "what-if, all history, warm": lambda: what_if(warm.read(first, today), 70),
        "what-if, all history, cold": lambda: what_if(cold().read(first, today), 70),
    }


def measure(calls: list[Callable[[], object]], repeats: int) -> list[float]:
    """Medians of calls that take turns, after one round that is not counted."""
    for call in calls:
        call()
    rounds = [[timed(call) for call in calls] for _ in range(repeats)]
    return [statistics.median(column) for column in zip(*rounds, strict=True)]


def main() -> None:
    """Measures every size and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="500,50000", help="numbers of runs, separated by commas")
    parser.add_argument("--repeats", type=int, default=21)
    arguments = parser.parse_args()
    sizes = [int(size) for size in arguments.sizes.split(",")]
    with ExitStack() as stack:
        stores = [_filled(stack, size) for size in sizes]
        print(f"\n{'milliseconds, medians':<32}" + "".join(f"{size:>12,}" for size in sizes) + f"{'ratio':>9}")
        columns = [patterns(services, size) for services, size in zip(stores, sizes, strict=True)]
        for name in columns[0]:
            _row(name, measure([column[name] for column in columns], arguments.repeats))
        naive = [
            partial(naive_get, services.engine.endpoint or "", size // 2)
            for services, size in zip(stores, sizes, strict=True)
        ]
        _row("naive: one run by Scan", measure(naive, 5 if max(sizes) <= 5_000 else 1))


def _filled(stack: ExitStack, size: int) -> Services:
    folder = stack.enter_context(tempfile.TemporaryDirectory())
    services = stack.enter_context(build_services(Settings(data_dir=Path(folder))))
    seconds = timed(partial(fill, services, size)) / 1_000
    print(f"{size:,} runs stored and counted in {seconds:.0f} s")
    return services


def _row(name: str, values: list[float]) -> None:
    print(
        f"{name:<32}" + "".join(f"{value:>12.2f}" for value in values) + f"{values[-1] / values[0]:>9.2f}", flush=True
    )


if __name__ == "__main__":
    main()
