"""A console of its own for each module, and the system's Chromium to look at it with."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from console.config import Settings
from console.engine import process
from console.services import Services, build_services
from tests.support.needs import missing

ROOT = Path(__file__).resolve().parent.parent.parent
CHROMIUM = shutil.which("chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE = 30_000
"""Milliseconds that a page may take on a busy machine."""

expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One browser per worker."""
    if CHROMIUM is None:
        missing("chromium is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def new_context(browser: Browser) -> Iterator[Callable[[], BrowserContext]]:
    """Makes browser contexts, which share nothing: somebody else's computer."""
    contexts: list[BrowserContext] = []

    def make() -> BrowserContext:
        context = browser.new_context(viewport={"width": 1440, "height": 1000})
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        return context

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def page(new_context: Callable[[], BrowserContext]) -> Page:
    """A page in a browser that has never seen the console."""
    return new_context().new_page()


@pytest.fixture(scope="module")
def settings(engine_endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Tables of the module's own on the embedded engine, and a folder with its keys."""
    return Settings(
        dynamodb_endpoint=engine_endpoint,
        engine_kind="dynoxide",
        table_prefix=f"e{uuid4().hex[:12]}-",
        data_dir=tmp_path_factory.mktemp("data"),
    )


@pytest.fixture(scope="module")
def services(settings: Settings) -> Iterator[Services]:
    """The services that a test fills the store with."""
    with build_services(settings) as built:
        yield built


@pytest.fixture(scope="module")
def console_url(services: Services, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A console of its own process on a free port."""
    port = process.free_port()
    log = tmp_path_factory.mktemp("console") / "console.log"
    with running(services.settings, port, log):
        yield f"http://{process.LOOPBACK}:{port}"


@contextmanager
def running(settings: Settings, port: int, log: Path, *, secrets: Path | None = None) -> Iterator[None]:
    """The console as a process, from its first answer until the end of the block."""
    environment = os.environ | {
        "DYNAMODB_ENDPOINT": settings.dynamodb_endpoint or "",
        "ENGINE_KIND": settings.engine_kind or "",
        "TABLE_PREFIX": settings.table_prefix,
        "DATA_DIR": str(settings.data_dir),
    }
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    command += ["--server.address", process.LOOPBACK]
    command += ["--secrets.files", str(secrets)] if secrets else []
    with log.open("wb") as output:
        child = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT)
        try:
            process.wait_until(lambda: process.answers(port, "/_stcore/health"), 60)
            yield
        finally:
            child.terminate()
            child.wait(timeout=20)
