"""Goal P9: many threads that finish runs of one judge on the embedded engine, with the counts and without.

    python -m benchmarks.finishing [--threads 64] [--seconds 60]

Every thread makes a run and finishes it, over and over. *Without* the finished run is only put. Then the counts that
the rollups say are compared with the runs that the threads finished.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from benchmarks.plausible import run_of
from console.config import Settings
from console.data.runs.puts import run_put
from console.data.store.requests import PRESENT
from console.records import Run, utcnow
from console.services import Services, build_services


def finished_by(work: Callable[[], object], threads: int, seconds: float) -> int:
    """How often `work` was done."""
    until = time.monotonic() + seconds

    def one(_: int) -> int:
        done = 0
        while time.monotonic() < until:
            work()
            done += 1
        return done

    with ThreadPoolExecutor(max_workers=threads) as pool:
        return sum(pool.map(one, range(threads)))


def measure(services: Services, threads: int, seconds: float) -> None:
    """Both ways; prints runs a second, attempts and what was lost."""
    pattern = next(run for run in (run_of(number, 1_000, utcnow()) for number in range(1_000)) if run.results)

    def begin() -> Run:
        return services.runs.create(pattern.judge_snapshot, pattern.evaluated_artifact, by="bench")

    def with_counts() -> None:
        assert pattern.results
        services.runs.complete(begin(), pattern.results, threshold=0.5)

    def without() -> None:
        begun = begin()
        done = msgspec.structs.replace(pattern, run_id=begun.run_id, started_at=begun.started_at)
        services.store.write(run_put(services.store, done, PRESENT))

    store = services.store
    before = store.meter.read()
    counted = finished_by(with_counts, threads, seconds)
    after = store.meter.read()
    attempts = 1 + (after.retries - before.retries) / counted
    today = utcnow().date()
    said = sum(one.completed for one in services.rollups.read(today, today))
    plain = finished_by(without, threads, seconds)
    print(f"{threads} threads, {seconds:.0f} s each, one judge")
    print(f"  without rollups {plain / seconds:>10.1f} runs a second")
    print(f"  with rollups    {counted / seconds:>10.1f} runs a second ({counted / plain:.0%})")
    print(f"  attempts per finished run {attempts:.2f}; counts lost {counted - said} of {counted}")


def main() -> None:
    """On an engine of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=60.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, build_services(Settings(data_dir=Path(folder))) as services:
        measure(services, options.threads, options.seconds)


if __name__ == "__main__":
    main()
