"""Screenshots of every page and every dialog, for somebody to look at: `make gallery`, pictures in `.gallery/`.

Four stores (with the sample data, empty, with long names and texts, not answering), light and dark, 1440 and 900 px
wide. A picture is as high as its page; a store that does not answer takes ten seconds for each. Names of stores,
schemes, widths or shots as arguments make only those.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlencode
from uuid import uuid4

from playwright.sync_api import Browser, Page, expect, sync_playwright
from playwright.sync_api import Error as BrowserError

from console.config import Settings
from console.records import Role
from console.services import build_services
from infra import process
from infra.engine import acquire
from tests.console_app import new_user
from tests.e2e.conftest import ARGUMENTS, CHROMIUM, ROOT, running
from tests.e2e.gallery_shots import ADMIN, STORES, Shot, shots
from tests.e2e.test_journeys import settle, sign_in, wait_for_cookie
from tests.faults import FaultProxy, Faults

OUT = ROOT / ".gallery"
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
WIDTHS = {1440: 900, 900: 1000}
"""The least height of a picture by its width."""
TALLEST = 5_000
QUIET = 600
"""Milliseconds that a chart takes to draw itself after the script has ended."""


@dataclass(slots=True)
class Gallery:
    """One round of pictures."""

    asked: frozenset[str]
    """What the arguments name; nothing is everything."""
    browser: Browser
    failures: int = 0

    def wants(self, name: str, among: list[str]) -> bool:
        """Whether a name is asked for, where any of its kind is."""
        kind = self.asked.intersection(among)
        return not kind or name in kind

    def store(self, name: str, endpoint: str, folder: Path) -> None:
        """All pictures of one store."""
        with FaultProxy(endpoint) as proxy:
            direct = Settings(
                dynamodb_endpoint=endpoint,
                engine_kind="dynoxide",
                table_prefix=f"g{uuid4().hex[:8]}-",
                data_dir=folder,
                embed_runs=True,
            )
            with build_services(direct) as shared:
                new_user(shared, ADMIN, Role.ADMIN)
                STORES[name](shared)
                known = [shot for shot in shots(shared) if name != "down" or (shot.user and not shot.act)]
                port = process.free_port()
                with running(direct.replace(dynamodb_endpoint=proxy.endpoint), port, folder / f"{name}.log"):
                    url = f"http://{process.LOOPBACK}:{port}"
                    for scheme in filter(lambda one: self.wants(one, list(SCHEMES)), SCHEMES):
                        for width in filter(lambda one: self.wants(str(one), list(map(str, WIDTHS))), WIDTHS):
                            wanted = [one for one in known if self.wants(one.name, [shot.name for shot in known])]
                            with ExitStack() as people:
                                pages = {
                                    user: people.enter_context(self.person(url, user, scheme, width))
                                    for user in {shot.user for shot in wanted}
                                }
                                if name == "down":
                                    proxy.plan(Faults(error=1.0), {"Query", "BatchGetItem", "Scan"})
                                for shot in wanted:
                                    file = OUT / name / f"{shot.name}-{scheme}-{width}.png"
                                    self.take(pages[shot.user], url, shot, file)
                                proxy.clear()

    @contextmanager
    def person(self, url: str, user: str | None, scheme: Literal["light", "dark"], width: int) -> Iterator[Page]:
        """A browser of a scheme and a width, signed in unless it is nobody's."""
        context = self.browser.new_context(viewport={"width": width, "height": WIDTHS[width]}, color_scheme=scheme)
        context.set_default_timeout(20_000)
        page = context.new_page()
        page.goto(url)
        if user:
            sign_in(page, user)
            wait_for_cookie(page)
        yield page
        context.close()

    def take(self, page: Page, url: str, shot: Shot, file: Path) -> None:
        """One picture; a step that fails is told and leaves a picture of where it failed."""
        width = page.viewport_size["width"] if page.viewport_size else min(WIDTHS)
        page.set_viewport_size({"width": width, "height": WIDTHS[width]})
        try:
            page.goto(f"{url}/{shot.page}?{urlencode(shot.query)}")
            expect(page.get_by_role("button", name="Sign out" if shot.user else "Sign in")).to_be_visible()
            settle(page)
            if shot.act:
                shot.act(page)
                settle(page)
        except (BrowserError, AssertionError) as error:
            self.failures += 1
            sys.stdout.write(f"{file.name}: {str(error).splitlines()[0]}\n")
        page.wait_for_timeout(QUIET)
        height = page.evaluate("document.querySelector('[data-testid=stMain]')?.scrollHeight || 0")
        page.set_viewport_size({"width": width, "height": min(max(height, WIDTHS[width]), TALLEST)})
        page.wait_for_timeout(QUIET)
        file.parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=file)


def main(asked: frozenset[str]) -> int:
    """Take what is asked for; returns how many steps failed."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        engine = stack.enter_context(acquire(folder, kind="dynoxide"))
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        gallery = Gallery(asked, browser)
        for name in STORES:
            if gallery.wants(name, list(STORES)):
                gallery.store(name, engine.endpoint, folder)
        browser.close()
    sys.stdout.write(f"Pictures in {OUT}; {gallery.failures} steps failed.\n")
    return gallery.failures


if __name__ == "__main__":
    sys.exit(1 if main(frozenset(sys.argv[1:])) else 0)
