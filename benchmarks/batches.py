"""Goal P8: a batch of 1,000 rows, 50 ms per call of the model, 16 rows at once.

    python -m benchmarks.batches [--rows 1000] [--latency 0.05] [--at-once 16] [--repeats 3] [--responses 1]

The judge's model is a server of our own in a process of its own that waits before it answers; the engine is the
embedded one on a fresh file. The steps are there before: one call per row. *Ideal* is rows * latency / at once: calls
back to back and nothing else. Memory is that of the working process, at its greatest in each quarter of the batch.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from console.actions.batches import batches
from console.actions.batches.files import Columns
from console.config import Settings
from console.judging.prompts import PROMPT_VERSION
from console.records import Batch, Judge, Role, Snapshot, User, utcnow
from console.services import Services, build_services
from console.tabular.files import TabularFile

TEXT = "The summary states the cause, the duration and the follow-up of the incident. " * 12


def main() -> None:
    """Prints the figures."""
    given = _arguments()
    measured = [_measure(given) for _ in range(given.repeats)]
    ideal = given.rows * given.latency / given.at_once
    seconds = statistics.median(took for took, _memory in measured)
    print(
        f"{given.rows} rows, {given.latency * 1000:g} ms per call, {given.at_once} at once, medians of {given.repeats}"
    )
    print(f"  ideal     {ideal:6.2f} s")
    print(f"  measured  {seconds:6.2f} s   {ideal / seconds:.1%} of the ideal throughput")
    for number, (_took, memory) in enumerate(measured, 1):
        quarters = "  ".join(f"{used:6.1f}" for used in memory)
        print(f"  memory, MB, greatest of each quarter, batch {number}:  {quarters}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000)
    parser.add_argument("--latency", type=float, default=0.05)
    parser.add_argument("--at-once", type=int, default=16)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--responses", type=int, default=1)
    return parser.parse_args()


def _measure(given: argparse.Namespace) -> tuple[float, list[float]]:
    with tempfile.TemporaryDirectory() as folder, _server(given.latency) as url:
        settings = Settings(data_dir=Path(folder), openai_api_key="key", openai_base_url=url)
        with build_services(settings) as services:
            actor = _somebody()
            judge = _judge(services, given.responses)
            lines = b"".join(json.dumps({"text": f"{number}: {TEXT}"}).encode() + b"\n" for number in range(given.rows))
            file = TabularFile.of("rows.jsonl", lines)
            batch = batches.submit(
                services, actor, "Benchmark", judge, file, Columns("text"), concurrency=given.at_once
            )
            services.judging.steps(Snapshot.of(judge, services.cases.get(judge.case_id), prompt_version=PROMPT_VERSION))
            memory = [0.0] * 4

            def watch(now: Batch) -> None:
                quarter = min(4 * (now.done + now.failed - 1) // now.total, 3)
                memory[quarter] = max(memory[quarter], _resident())

            began = time.perf_counter()
            batch = batches.work(services, actor, batch.batch_id, progress=watch)
            took = time.perf_counter() - began
            assert (batch.done, batch.failed) == (given.rows, 0), batch
            return took, memory


@contextmanager
def _server(latency: float) -> Iterator[str]:
    command = [sys.executable, "-m", "tests.support.openai_server", "--latency", str(latency)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def _judge(services: Services, responses: int) -> Judge:
    case = services.cases.create(
        name="Facts", task_introduction="You judge a summary.", evaluation_criteria="Is it true?", by="benchmark"
    )
    model = services.catalog.create_model("gpt-benchmark", "openai", by="benchmark")
    metric = services.catalog.metric_named("geval")
    assert metric
    return services.judges.create(
        name="Strict", case=case, metric=metric, model=model, parameters={"n_responses": responses}, by="benchmark"
    )


def _somebody() -> User:
    now = utcnow()
    return User(
        username="benchmark",
        name="Benchmark",
        role=Role.ADMIN,
        password_hash="",
        created_on=now,
        sessions_valid_from=now,
    )


def _resident() -> float:
    """Memory of this process in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


if __name__ == "__main__":
    main()
