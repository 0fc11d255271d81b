"""A console of its own for each module, and the system's Chromium to look at it with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from console.config import Settings
from console.services import Services, build_services
from tests.support.browser import ARGUMENTS, CHROMIUM, PATIENCE, running
from tests.support.needs import missing


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
    with running(services, tmp_path_factory.mktemp("console") / "console.log") as url:
        yield url
