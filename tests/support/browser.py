"""A browser and a console to look at: how tests start, enter and wait for it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import jwt
from playwright.sync_api import Page, expect

from console.engine import process
from console.services import Services
from console.ui.sign_in.browsers import LASTING
from tests.support.console_app import PASSWORD

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

_CONSOLES: dict[str, Services] = {}
"""The services that each running console shares its store and keys with, by its address."""

HEADER = 37
ROW = 33
"""Pixels of the run list."""


@contextmanager
def running(
    services: Services, log: Path, *, port: int = 0, endpoint: str = "", secrets: Path | None = None
) -> Iterator[str]:
    """The address of a console that is a process of its own, over the store of these services, until the block ends."""
    settings, port = services.settings, port or process.free_port()
    url = f"http://{process.LOOPBACK}:{port}"
    environment = os.environ | {
        "DYNAMODB_ENDPOINT": endpoint or settings.dynamodb_endpoint or "",
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
            _CONSOLES[url] = services
            yield url
        finally:
            _CONSOLES.pop(url, None)
            child.terminate()
            child.wait(timeout=20)


def sign_in(page: Page, username: str = "ana") -> None:
    page.get_by_label("User name").fill(username)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    settle(page)  # on a busy machine the form stays beside the page until the script has ended


def open_as(page: Page, username: str, address: str) -> Page:
    """The page at an address of the console, for somebody who signed in before, once it is drawn to its end.

    Signing in itself, by the form, is tried by tests of its own.
    """
    url = "{0.scheme}://{0.netloc}".format(urlsplit(address))
    now = time.time()
    session = {"username": username, "issued_at": now, "exp_date": now + 3600}
    token = jwt.encode(session, _CONSOLES[url].users.cookie_keys[0], algorithm="HS256")
    page.context.add_cookies([{"name": LASTING, "value": token, "url": url}])
    page.goto(address)
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    settle(page)
    return page


def settle(page: Page) -> None:
    """Until the script has run and its last changes are on the screen, those below the fold too."""
    ended = page.locator("[data-testid=stApp][data-test-script-state=notRunning]")
    expect(ended).to_be_visible()
    page.evaluate("window.gevalHurries = true")
    expect(page.locator("[class*='st-key-later-part-']")).to_have_count(0)
    expect(ended).to_be_visible()


def wait_for_cookie(page: Page) -> dict[str, str]:
    """The session's cookie, once the browser has it."""
    found: list[dict[str, str]] = []

    def there() -> bool:
        found[:] = [dict(one) for one in page.context.cookies() if one["name"] == LASTING]  # type: ignore[misc]
        return bool(found)

    assert process.wait_until(there, 30, 0.1)
    assert found[0]["httpOnly"]
    return found[0]
