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
import statistics
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import date, timedelta
from functools import partial

import boto3

from benchmarks.filled import opened
from benchmarks.plausible import DAYS, JUDGES
from console.actions.overview.overview import load_overview
from console.data.cache.cache import Cache
from console.data.runs.rollups.rollups import Rollups
from console.data.runs.runs import Runs
from console.data.store import tables
from console.data.store.client import credentials_in
from console.records import Rollup, RunFilter, RunStatus, utcnow
from console.services import Services


def timed(call: Callable[[], object]) -> float:
    """Wall-clock milliseconds of one call."""
    started = time.perf_counter()
    call()
    return (time.perf_counter() - started) * 1_000


def what_if(rows: list[Rollup], threshold: int) -> int:
    """Completed runs at or above a threshold in hundredths, from the histograms."""
    return sum(sum(row.bins[threshold:]) for row in rows)


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
        "Overview page, 90 days, warm": lambda: whole_overview(services, period, today),
        "what-if, all history, warm": lambda: what_if(warm.read(first, today), 70),
        "what-if, all history, cold": lambda: what_if(cold().read(first, today), 70),
    }


def whole_overview(services: Services, wanted: RunFilter, today: date) -> object:
    """All that the Overview page reads, the latest runs below the fold included."""
    view = load_overview(services, wanted, services.cases.list(), services.judges.list(), today=today)
    return view.latest


def measure(calls: list[Callable[[], object]], repeats: int) -> list[float]:
    """Medians of calls that take turns, after one round that is not counted."""
    for call in calls:
        call()
    rounds = [[timed(call) for call in calls] for _ in range(repeats)]
    return [statistics.median(column) for column in zip(*rounds, strict=True)]


def main() -> None:
    """Measures every size and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="500,50000", help="numbers of runs, or filled folders, with commas between")
    parser.add_argument("--repeats", type=int, default=21)
    parser.add_argument("--without-naive", action="store_true", help="without the Scans, which take minutes")
    arguments = parser.parse_args()
    with ExitStack() as stack:
        found = [opened(stack, size) for size in arguments.sizes.split(",")]
        stores, sizes = [services for services, _ in found], [size for _, size in found]
        print(f"\n{'milliseconds, medians':<32}" + "".join(f"{size:>12,}" for size in sizes) + f"{'ratio':>9}")
        columns = [patterns(services, size) for services, size in zip(stores, sizes, strict=True)]
        for name in columns[0]:
            _row(name, measure([column[name] for column in columns], arguments.repeats))
        if arguments.without_naive:
            return
        naive = [
            partial(naive_get, services.engine.endpoint or "", size // 2)
            for services, size in zip(stores, sizes, strict=True)
        ]
        _row("naive: one run by Scan", measure(naive, 5 if max(sizes) <= 5_000 else 1))


def _row(name: str, values: list[float]) -> None:
    print(
        f"{name:<32}" + "".join(f"{value:>12.2f}" for value in values) + f"{values[-1] / values[0]:>9.2f}", flush=True
    )


if __name__ == "__main__":
    main()
