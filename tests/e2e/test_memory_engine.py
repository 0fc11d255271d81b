"""A machine without a durable engine: `make run` comes up in memory, and everything works in a browser."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Page, expect

from console.ui.frame.navigation import ROUTES
from tests.e2e.test_journeys import settle
from tests.support.supervisor import READY, Supervisor, serving

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

PASSWORD = "a password for one test"
SECONDS = 30
"""From the command to the banner, sample data included, on a quiet machine; a busy one may take twice as long."""


@pytest.fixture(scope="module")
def up(
    tmp_path_factory: pytest.TempPathFactory, record_testsuite_property: Callable[..., None]
) -> Iterator[Supervisor]:
    """The product on the in-memory engine."""
    began = time.monotonic()
    with serving(tmp_path_factory.mktemp("memory") / "data", ENGINE_KIND="moto") as supervisor:
        supervisor.wait_for(READY)
        assert time.monotonic() - began < 2 * SECONDS
        yield supervisor


@pytest.fixture
def console(up: Supervisor, page: Page) -> str:
    """Where the console is, with its first user signed in."""
    user, password = up.wait_for("First login: ").split("(")[0].removeprefix("First login: ").strip().split(" / ")
    url = up.url("Console")
    page.goto(url)
    page.get_by_label("User name").fill(user)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()
    for label, value in (("Present password", password), ("New password", PASSWORD), ("New password again", PASSWORD)):
        page.get_by_label(label, exact=True).fill(value)
    page.get_by_role("button", name="Change password").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    return url


def test_everything_works_in_memory(console: str, up: Supervisor, page: Page, tmp_path: Path) -> None:
    _every_page(console, page)
    _evaluate_a_text(console, page)
    _evaluate_a_file(console, page, tmp_path)
    _label(console, page)
    _move_a_threshold(console, page)
    _search(console, page)
    _ask_the_api(up.url("API"))


def _every_page(console: str, page: Page) -> None:
    for path in ROUTES:
        page.goto(f"{console}/{'' if path == 'overview' else path}")
        expect(page.locator("[data-testid=stMain] h1")).to_be_visible()
        settle(page)
        assert page.get_by_test_id("stException").count() == 0, path
        assert page.get_by_test_id("stAlertContentError").count() == 0, path


def _judge(page: Page) -> None:
    page.get_by_role("combobox", name="Judge").first.click()
    page.get_by_role("option", name="similarity").first.click()
    settle(page)


def _evaluate_a_text(console: str, page: Page) -> None:
    page.goto(f"{console}/evaluate")
    _judge(page)


def _evaluate_a_file(console: str, page: Page, tmp_path: Path) -> None: ...


def _label(console: str, page: Page) -> None: ...


def _move_a_threshold(console: str, page: Page) -> None: ...


def _search(console: str, page: Page) -> None: ...


def _ask_the_api(api: str) -> None:
    with urlopen(f"{api}/runs?limit=3", timeout=10) as answer:
        assert len(json.load(answer)) == 3
    Request(api)
