"""Load: many clients of the API and sessions of the console at once, for a while: `python -m benchmarks.load`.

    python -m benchmarks.load [--clients 32] [--sessions 8] [--seconds 60]

Each client goes on asking, over a connection of its own: lists, single runs, judges, cases, and every tenth time it
adds a document. Each session goes from page to page, without a browser (benchmarks/sessions.py). Printed are p50, p95
and p99 in milliseconds by kind of request and page, how many failed, and the memory of both servers when the load began
and when it ended. The servers share an engine, the processors, and this program.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil

from benchmarks.api import make_database
from benchmarks.sessions import Session
from console.engine.process import answers, free_port, wait_until

ROOT = Path(__file__).resolve().parent.parent
RUNS = 2_000
DOCUMENT = json.dumps({"actual_output": "A text that was written under load. " * 20}).encode()
JSON = {"Content-Type": "application/json"}


PAGES = ("", "runs", "judges", "cases", "review", "thresholds")
USER = "load", "a long password"


class Clients:
    """What all clients have seen."""

    def __init__(self, port: int, console: int) -> None:
        self._port = port
        self._console = console
        self.over = threading.Event()
        self.times: dict[str, list[float]] = defaultdict(list)
        self.failures: list[str] = []

    def work(self, seed: int) -> None:
        """One client, until it is over."""
        dice = random.Random(seed)
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        while not self.over.is_set():
            kind, method, path, body = self._next(dice)
            began = time.perf_counter()
            try:
                connection.request(method, path, body, JSON if body else {})
                answer = connection.getresponse()
                answer.read()
                if answer.status != 200:
                    self.failures.append(f"{kind}: {answer.status}")
            except (OSError, http.client.HTTPException) as error:
                self.failures.append(f"{kind}: {type(error).__name__}")
                connection.close()
            self.times[kind].append(1000 * (time.perf_counter() - began))
        connection.close()

    def look(self, seed: int) -> None:
        """One session of the console, until it is over."""
        dice = random.Random(seed)
        try:
            with Session(self._console, *USER) as session:
                while not self.over.is_set():
                    page = dice.choice(PAGES)
                    self.times[f"page {page or 'overview'}"].append(session.visit(page))
        except (OSError, RuntimeError, KeyError) as error:
            self.failures.append(f"session: {type(error).__name__} {error}")

    def _next(self, dice: random.Random) -> tuple[str, str, str, bytes | None]:
        if dice.random() < 0.1:
            return "POST /documents", "POST", "/documents", DOCUMENT
        kinds = {
            "GET /runs/{id}": f"/runs/{dice.randint(1, RUNS)}",
            "GET /runs?limit=20": "/runs?limit=20",
            "GET /judges": "/judges",
            "GET /cases": "/cases",
            "GET /v2/runs": "/v2/runs?limit=20",
        }
        kind = dice.choice([*kinds])
        return kind, "GET", kinds[kind], None


def shown(name: str, times: list[float]) -> None:
    """One line of percentiles."""
    if not times:
        return
    ordered = sorted(times)
    p50, p95, p99 = (ordered[min(len(ordered) - 1, int(len(ordered) * part))] for part in (0.5, 0.95, 0.99))
    print(f"{name:22} {len(ordered):7,} requests   p50 {p50:7.1f}   p95 {p95:7.1f}   p99 {p99:7.1f} ms")


def main() -> None:
    """Start a server over a migrated database, load it, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--sessions", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=60.0)
    options, _ = parser.parse_known_args()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        database, data = Path(folder) / "legacy.db", str(Path(folder) / "data")
        make_database(database, RUNS)
        command("migrate", "sqlite", str(database), "--data-dir", data)
        command("users", "add", USER[0], "--role", "admin", "--password-stdin", "--data-dir", data, said=USER[1])
        servers = {
            "API": ("/", ["uvicorn", "api_compat:app", "--no-access-log", "--port"]),
            "console": ("/_stcore/health", ["console.ui.frame.server", "run", "app.py", "--server.port"]),
        }
        ports, processes = {}, {}
        for name, (path, words) in servers.items():
            ports[name] = port = free_port()
            processes[name] = stack.enter_context(serving([*words, str(port)], data))
            wait_until(lambda port=port, path=path: answers(port, path), 60, 0.05)  # type: ignore[misc]
        load(Clients(ports["API"], ports["console"]), processes, options)


def command(*words: str, said: str = "") -> None:
    """`python -m console ...`."""
    line = [sys.executable, "-m", "console", *words]
    subprocess.run(line, cwd=ROOT, check=True, input=said.encode(), stdout=subprocess.DEVNULL)


@contextmanager
def serving(words: list[str], data: str) -> Iterator[psutil.Process]:
    """A server, until the block ends."""
    environment = os.environ | {"DATA_DIR": data, "LOG_LEVEL": "WARNING"}
    line = [sys.executable, "-m", *words]
    with subprocess.Popen(
        line, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    ) as process:
        try:
            yield psutil.Process(process.pid)
        finally:
            process.terminate()


def load(seen: Clients, processes: dict[str, psutil.Process], options: argparse.Namespace) -> None:
    """Let clients and sessions work, and print what they saw."""
    threads = [threading.Thread(target=seen.work, args=(seed,)) for seed in range(options.clients)]
    threads += [threading.Thread(target=seen.look, args=(seed,)) for seed in range(options.sessions)]
    for one in threads:
        one.start()
    time.sleep(options.seconds / 3)
    warm = {name: process.memory_info().rss for name, process in processes.items()}
    time.sleep(options.seconds * 2 / 3)
    end = {name: process.memory_info().rss for name, process in processes.items()}
    seen.over.set()
    for one in threads:
        one.join()
    for kind, times in sorted(seen.times.items()):
        shown(kind, times)
    for what, names in (("all requests", ("GET", "POST")), ("all pages", ("page",))):
        shown(what, [one for kind, times in seen.times.items() if kind.startswith(names) for one in times])
    memory = ", ".join(f"{name} {warm[name] / 1e6:.0f} MB, then {end[name] / 1e6:.0f} MB" for name in processes)
    print(
        f"{options.clients} clients, {options.sessions} sessions, {options.seconds:.0f} s: {len(seen.failures)} failed "
        f"{sorted(set(seen.failures))}; memory after a third and at the end: {memory}"
    )


if __name__ == "__main__":
    main()
