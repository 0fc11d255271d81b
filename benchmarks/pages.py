"""Every page of the console: requests to the store and server time, with a cold and a warm cache.

    python -m benchmarks.pages [--runs 50000] [--repeats 5]

The pages run on the server as a browser would make them run, signed in as an admin; drawing in the browser is not in
it. *Cold* has nothing of the configuration or of runs in the cache, *warm* has seen the page a moment ago. Medians.
"""

from __future__ import annotations

import argparse
import os
import statistics
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from streamlit.testing.v1 import AppTest

from benchmarks.access import timed
from benchmarks.filled import opened
from console.data.cache.cache import TOKEN_TABLES
from console.data.runs.items import run_key
from console.records import User, utcnow
from console.services import Services
from console.ui.frame import session

APP = Path(__file__).resolve().parent.parent / "app.py"
PAGES: dict[str, dict[str, str]] = {
    "overview": {},
    "runs": {},
    "run": {"run": "100"},
    "compare": {"runs": "100,106"},
    "review": {},
    "batches": {},
    "documents": {},
    "sets": {},
    "experiments": {},
    "judges": {},
    "cases": {},
    "thresholds": {"case": "case-0"},
    "models": {},
    "search": {},
    "collections": {},
    "similar": {},
    "agreement": {},
    "compare_judges": {},
    "operations": {},
    "users": {},
    "password": {},
}


def visit(user: User, page: str) -> Callable[[], object]:
    """A call that runs the page as a fresh visitor's next step; what comes before is done here."""
    test = AppTest.from_file(APP, default_timeout=60)
    now = utcnow().timestamp()
    test.session_state["auth.session"] = {"username": user.username, "issued_at": now + 1, "exp_date": now + 3_600}
    test.run()
    test.query_params.update(PAGES[page])
    test.switch_page(f"console/pages/{page}.py")

    def run() -> None:
        test.run()
        if test.exception:
            raise RuntimeError(f"The page {page} failed: {test.exception[0].value}")

    return run


def forget(services: Services) -> None:
    """Empties the cache of what the pages read."""
    for table in TOKEN_TABLES:
        services.cache.changed(table)
    for number in (100, 106):
        services.cache.forget(run_key(number))


def measured(services: Services, call: Callable[[], object]) -> tuple[int, float]:
    """Requests to the store and milliseconds of one call."""
    before = sum(services.store.meter.read().requests.values())
    milliseconds = timed(call)
    return sum(services.store.meter.read().requests.values()) - before, milliseconds


def main() -> None:
    """Fills a store and prints one line per page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", default="50000", help="their number, or a filled folder")
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    with ExitStack() as stack:
        filled, _ = opened(stack, arguments.runs)
        user = filled.users.get("bench")
        os.environ |= {"DYNAMODB_ENDPOINT": filled.engine.endpoint or "", "ENGINE_KIND": filled.engine.kind}
        services = session.services()
        print(f"{'page':<12}{'requests cold':>14}{'warm':>6}{'ms cold':>10}{'warm':>8}")
        for page in PAGES:
            _row(services, user, page, arguments.repeats)


def _row(services: Services, user: User, page: str, repeats: int) -> None:
    colds, warms = [], []
    for _ in range(repeats):
        run = visit(user, page)
        forget(services)
        colds.append(measured(services, run))
        warms.append(measured(services, run))
    cold, warm = ([statistics.median(column) for column in zip(*seen, strict=True)] for seen in (colds, warms))
    print(f"{page:<12}{cold[0]:>14.0f}{warm[0]:>6.0f}{cold[1]:>10.0f}{warm[1]:>8.0f}", flush=True)


if __name__ == "__main__":
    main()
