"""Goal P13: from a click in the menu to the finished page, against an empty Streamlit page, in turns, in one browser.

    python -m benchmarks.page_ratio [--runs 300] [--rounds 10] [--folder DIR]

An empty page only draws its title, in an app with a menu as ours. A page of charts is held against a bare page with as
many plain Plotly figures. Finished: the heading is there and the script has ended; parts below the fold come after
that, when they are near the window or nothing is touched for three seconds. Medians; the first round is not counted.
300 runs are the sample data; more are written without embeddings, and kept in `--folder` for the next time.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from benchmarks.filled import fill
from benchmarks.plausible import PASSWORD
from console.config import Settings
from console.engine import process
from console.engine.install import DATABASE
from console.records import Role
from console.sample import load_sample_data
from console.services import build_services
from tests.support.browser import ARGUMENTS, running

SAMPLE = 300
CHARTS = {"Overview": 4, "Thresholds": 2, "Agreement": 1, "Similar runs": 1}
"""Plotly figures of our pages of charts."""
LISTS = ("Runs", "Batches", "Judges", "Cases", "Review", "Similarity search", "Operations")
RESTS = """() => document.querySelector('[data-testid=stApp]').getAttribute('data-test-script-state') === 'notRunning'
&& [...document.querySelectorAll("[class*='st-key-later-part-']")].every(
  part => part.getBoundingClientRect().top > innerHeight)"""
DWELL = 250
"""Milliseconds on a page that rests before the next click, on both sides."""
DONE = """n => { const h = document.querySelector('[data-testid=stMain] h1');
return h && h.innerText.trim() === n
  && document.querySelector('[data-testid=stApp]').getAttribute('data-test-script-state') === 'notRunning' }"""
BARE = """
import streamlit as st
def page(number):
    def draw():
        st.title(f"Page {number}")
        for one in range(number):
            st.plotly_chart({"data": [{"type": "bar", "x": list(range(30)), "y": list(range(30))}]}, key=f"c{one}")
    draw.__name__ = f"page_{number}"
    return st.Page(draw, title=f"Page {number}", url_path=f"page-{number}")
st.navigation([page(number) for number in range(5)]).run()
"""


@contextmanager
def bare(folder: Path) -> Iterator[str]:
    """An app of pages with 0 to 4 plain figures."""
    script = folder / "bare.py"
    script.write_text(BARE, "utf-8")
    port = process.free_port()
    command = [sys.executable, "-m", "streamlit", "run", str(script), "--server.port", str(port)]
    command += ["--server.address", process.LOOPBACK, "--server.headless", "true"]
    child = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        process.wait_until(lambda: process.answers(port, "/_stcore/health"), 60)
        yield f"http://{process.LOOPBACK}:{port}"
    finally:
        child.terminate()
        child.wait(timeout=20)


def stored(folder: Path, runs: int) -> None:
    """The runs, and an admin `bench` who may sign in."""
    if runs != SAMPLE:
        fill(folder, runs)
        return
    with build_services(Settings(data_dir=folder)) as services:
        load_sample_data(services)
        services.users.add("bench", "Bench", Role.ADMIN, PASSWORD, by="bench")


def click(page: Page, name: str) -> float:
    """Milliseconds from the click on an entry of the menu to its finished page."""
    link = page.locator("[data-testid=stSidebarNavLink]").filter(has=page.get_by_text(name, exact=True)).first
    began = time.perf_counter()
    link.click()
    page.wait_for_function(DONE, arg=name)
    taken = (time.perf_counter() - began) * 1_000
    page.wait_for_function(RESTS)
    page.wait_for_timeout(DWELL)
    return taken


def signed_in(page: Page, url: str) -> None:
    """The console's first page, with everything fetched."""
    page.goto(url)
    page.get_by_label("User name").fill("bench")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_selector("[data-testid=stSidebarNavLink]")
    page.wait_for_timeout(5_000)


def measured(empty: Page, ours: Page, rounds: int, names: Sequence[str]) -> dict[str, list[float]]:
    """Milliseconds by page; those of bare pages by their number of figures."""
    found: dict[str, list[float]] = {}
    for _ in range(rounds + 1):
        for number in (0, *sorted(set(CHARTS.values()))):
            found.setdefault(f"Page {number}", []).append(click(empty, f"Page {number}"))
        for name in names:
            found.setdefault(name, []).append(click(ours, name))
    return found


def main() -> None:
    """Fills a store, visits its pages and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=SAMPLE)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--folder", type=Path, help="keeps the store; one that is there is taken as it is")
    parser.add_argument("--only", default="", help="pages, with commas between them")
    arguments = parser.parse_args()
    with ExitStack() as stack:
        folder = arguments.folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        if not (folder / DATABASE).exists():
            stored(folder, arguments.runs)
        services = stack.enter_context(build_services(Settings(data_dir=folder)))
        ours_url = stack.enter_context(running(services, folder / "console.log"))
        empty_url = stack.enter_context(bare(folder))
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        empty, ours = (browser.new_page(viewport={"width": 1440, "height": 1000}) for _ in range(2))
        for page in (empty, ours):
            page.set_default_timeout(120_000)
        empty.goto(empty_url)
        empty.wait_for_selector("[data-testid=stSidebarNavLink]")
        signed_in(ours, ours_url)
        names = arguments.only.split(",") if arguments.only else [*LISTS, *CHARTS]
        _table(measured(empty, ours, arguments.rounds, names), arguments.runs, names)
        browser.close()


def _table(found: dict[str, list[float]], runs: int, names: Sequence[str]) -> None:
    medians = {name: statistics.median(values[1:]) for name, values in found.items()}
    print(f"{runs:,} runs\n{'page':<20}{'ms':>8}{'against':>10}{'ms':>8}{'ratio':>8}")
    for name in names:
        base = f"Page {CHARTS.get(name, 0)}"
        print(f"{name:<20}{medians[name]:>8.0f}{base:>10}{medians[base]:>8.0f}{medians[name] / medians[base]:>8.2f}")


if __name__ == "__main__":
    main()
