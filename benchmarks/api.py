"""Goal P7: the old API's reads on DynamoDB against the same requests on the old SQLite schema; and the migration.

    python -m benchmarks.api [--sizes 500,50000] [--requests 200]

For each size a database in the old schema is made, migrated into an embedded engine of its own (time, runs per second
and the peak of memory are printed), and served twice: from the engine by the API, and from the database by
`benchmarks.old_api`, which does no more than the old system did for these requests; both have to say the same. The two
take turns, request by request over connections that stay open. Requests per second are those of one client; p50 and
p95 in milliseconds. The ratio is the old one's p50 over ours: above 1 ours is faster. *First* is any run, most of them
new to the server; *again* is one of 50 that it has answered before (finished runs stay in its cache).
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from console.data.legacy.sqlite.rows import insert
from console.data.legacy.sqlite.schema import prepare
from console.engine.process import answers, free_port, wait_until

ROOT = Path(__file__).resolve().parent.parent
TEXT = "The summary states the cause, the duration and the follow-up of the incident. " * 10
JUDGES = 6
CASES = 4
PER_DOCUMENT = 5
NEWEST = datetime.now(UTC)
"""Somebody works with the system: its latest runs are of today."""


def make_database(path: Path, runs: int) -> None:
    """A database of the old system: `runs` runs over 90 days, 6 judges, 4 cases, a document per 5 runs."""
    prepare(path)
    dice = random.Random(5)
    with closing(sqlite3.connect(path)) as connection, connection:
        insert(connection, "metrics", [{"id": _id("metric", 0), "name": "geval", "created_at": "2026-01-01 00:00:00"}])
        model = {"id": _id("model", 0), "name": "gpt-4o", "provider": "openai", "created_at": "2026-01-01 00:00:00"}
        insert(connection, "models", [model])
        for number in range(CASES):
            _add_case(connection, number)
        for number in range(JUDGES):
            _add_judge(connection, number)
        for number in range(runs // PER_DOCUMENT + 1):
            document = {"id": _id("document", number), "actual_output": f"{number} {TEXT}", "metadata": '{"row": 1.0}'}
            insert(connection, "eval_documents", [{**document, "created_at": "2026-01-01 00:00:00"}])
        for number in range(runs):
            insert(connection, "runs", [_run(number, runs, dice)])


def _id(kind: str, number: int) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{kind}/{number}"))


def _add_case(connection: sqlite3.Connection, number: int) -> None:
    threshold = {"id": _id("threshold", number), "score": 0.5, "created_at": "2026-01-01T00:00:00.000001"}
    insert(connection, "thresholds", [threshold])
    case = {
        "id": _id("case", number),
        "name": f"case {number}",
        "task_introduction": "You judge a summary.",
        "evaluation_criteria": "Faithfulness (1-5): it keeps to the facts.",
        "threshold_id": threshold["id"],
        "created_at": "2026-01-01 00:00:00",
    }
    insert(connection, "cases", [case])


def _add_judge(connection: sqlite3.Connection, number: int) -> None:
    judge = {
        "id": _id("judge", number),
        "name": f"judge {number}",
        "model_id": _id("model", 0),
        "case_id": _id("case", number % CASES),
        "metric_id": _id("metric", 0),
        "parameters": '{"n_responses": 10, "temperature": 1.0}',
        "created_at": "2026-01-01 00:00:00",
    }
    insert(connection, "judges", [judge])


def _run(number: int, runs: int, dice: random.Random) -> dict[str, object]:
    at = (NEWEST - timedelta(days=90) * (1 - number / runs)).replace(tzinfo=None)
    shared = {
        "id": number + 1,
        "judge_id": _id("judge", number % JUDGES),
        "document_id": _id("document", number // PER_DOCUMENT),
        "started_at": at.isoformat(),
        "created_at": at.isoformat(" ", "seconds"),
    }
    if dice.random() < 0.05:
        return {**shared, "status": "failed", "error_message": "Evaluation failed: Error code: 400\nTraceback"}
    normalized = round(min(max(dice.gauss(0.65, 0.2), 0), 1), 6)
    return {
        **shared,
        "status": "completed",
        "evaluation_status": "pass" if normalized >= 0.5 else "fail",
        "final_score": 1 + 4 * normalized,
        "final_score_normalized": normalized,
        "all_responses": json.dumps([1 + 4 * normalized] * 10),
        "total_usage_tokens": 700,
        "prompt_tokens": 600,
        "completion_tokens": 100,
        "execution_time_seconds": round(dice.uniform(1, 4), 3),
        "prompt_used": "Rate the summary. " * 40,
        "metadata": json.dumps({"judge_parameters": {"name": "case", "n_responses": 10}, "geval_version": "1.0.0"}),
        "completed_at": (at + timedelta(seconds=2)).isoformat(),
    }


def migrate(database: Path, folder: Path, runs: int) -> None:
    """Migrates with the command, and prints what it took."""
    script = (
        "import resource, sys; from console.cli import main; sys.argv[0] = 'console'\n"
        "try: main()\n"
        "finally: print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)"
    )
    arguments = ["migrate", "sqlite", str(database), "--json", "--data-dir", str(folder)]
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], cwd=ROOT, check=True, capture_output=True, text=True
    )
    seconds = time.perf_counter() - began
    peak = int(done.stderr.strip().splitlines()[-1]) / 1024
    rows = sum(table["rows"] for table in json.loads(done.stdout)["tables"].values())
    print(f"migrate {runs:>7,} runs: {seconds:6.1f} s, {rows / seconds:6,.0f} rows/s, peak memory {peak:.0f} MB")


@contextmanager
def serving(application: str, **environment: str) -> Iterator[http.client.HTTPConnection]:
    """An application on a port of its own, and a connection to it."""
    port = free_port()
    chosen = os.environ | {"LOG_LEVEL": "WARNING", **environment}
    command = [sys.executable, "-m", "uvicorn", application, "--port", str(port), "--no-access-log"]
    command += ["--timeout-keep-alive", "60"]  # SQLite takes seconds for a list of half a million runs
    with subprocess.Popen(command, cwd=ROOT, env=chosen, stderr=subprocess.DEVNULL) as process:
        try:
            if not wait_until(lambda: answers(port, "/"), 60, 0.05):
                raise SystemExit("The API did not start.")
            yield http.client.HTTPConnection("127.0.0.1", port)
        finally:
            process.terminate()


def timed(connection: http.client.HTTPConnection, path: str) -> float:
    """Milliseconds of one request."""
    began = time.perf_counter()
    connection.request("GET", path)
    answer = connection.getresponse()
    answer.read()
    if answer.status != 200:
        raise SystemExit(f"{path} answered {answer.status}")
    return 1000 * (time.perf_counter() - began)


def same_answers(ours: http.client.HTTPConnection, theirs: http.client.HTTPConnection, runs: int) -> None:
    """Raises SystemExit where the two do not say the same."""
    for path in (f"/runs/{runs // 2}", "/runs?limit=100", "/judges", "/cases"):
        answers: list[object] = []
        for connection in (ours, theirs):
            connection.request("GET", path)
            answers.append(json.loads(connection.getresponse().read()))
        if answers[0] != answers[1]:
            raise SystemExit(f"{path} is answered differently:\n{answers[0]}\n{answers[1]}"[:3000])


def compare(ours: http.client.HTTPConnection, theirs: http.client.HTTPConnection, runs: int, requests: int) -> None:
    """Prints a line per kind of request."""
    dice = random.Random(3)
    known = [dice.randint(1, runs) for _ in range(50)]
    for run_id in known:
        timed(ours, f"/runs/{run_id}")
    kinds = {
        "GET /runs/{id} first": lambda: f"/runs/{dice.randint(1, runs)}",
        "GET /runs/{id} again": lambda: f"/runs/{dice.choice(known)}",
        "GET /runs?limit=100": lambda: "/runs?limit=100",
        "GET /judges": lambda: "/judges",
        "GET /cases": lambda: "/cases",
    }
    for kind, path in kinds.items():
        timings: tuple[list[float], list[float]] = ([], [])
        for _ in range(requests):
            asked = path()
            for connection, into in ((ours, timings[0]), (theirs, timings[1])):
                into.append(timed(connection, asked))
        shown = [_shown(times) for times in timings]
        ratio = statistics.median(timings[1]) / statistics.median(timings[0])
        print(f"{runs:>7,} runs  {kind:<20} DynamoDB {shown[0]}   SQLite {shown[1]}   ratio {ratio:.2f}")


def _shown(times: list[float]) -> str:
    ordered = sorted(times)
    p95 = ordered[int(0.95 * len(ordered))]
    return f"{1000 / statistics.mean(times):6.0f}/s p50 {statistics.median(times):7.2f} p95 {p95:7.2f}"


def main() -> None:
    """Every size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="500,50000")
    parser.add_argument("--requests", type=int, default=200)
    options, _ = parser.parse_known_args()
    for size in map(int, options.sizes.split(",")):
        with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
            database = Path(folder) / "legacy.db"
            make_database(database, size)
            migrate(database, Path(folder) / "engine", size)
            ours = stack.enter_context(serving("api_compat:app", DATA_DIR=str(Path(folder) / "engine")))
            theirs = stack.enter_context(serving("benchmarks.old_api:app", SQLITE_PATH=str(database)))
            same_answers(ours, theirs, size)
            compare(ours, theirs, size, options.requests)


if __name__ == "__main__":
    main()
