"""Screenshots of every page and every dialog, for somebody to look at: `make gallery`, pictures in `.gallery/`.

Four stores (with the sample data, empty, with long names and texts, not answering), light and dark, 390, 900, 1440
and 1920 px wide. A picture is as high as its page; a store that does not answer takes ten seconds for each. `--help`
says how to take only some.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Literal
from urllib.parse import urlencode
from uuid import uuid4

from playwright.sync_api import Browser, Page, expect, sync_playwright
from playwright.sync_api import Error as BrowserError

from console.config import Settings
from console.engine.engine import acquire
from console.records import Role
from console.services import build_services
from tests.e2e.gallery_shots import ADMIN, STORES, Shot, shots
from tests.support.browser import ARGUMENTS, CHROMIUM, ROOT, running, settle, sign_in, wait_for_cookie
from tests.support.console_app import new_user
from tests.support.faults.proxy import FaultProxy, Faults

OUT = ROOT / ".gallery"
Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
WIDTHS = {"1440": 900, "900": 1000, "390": 844, "1920": 1080}
"""The least height of a picture by its width."""
TALLEST = 5_000
QUIET = 600
"""Milliseconds that a chart takes to draw itself after the script has ended."""
DOWN = "down"
"""The store whose lists fail once everybody has signed in."""


@dataclass(slots=True)
class Gallery:
    """One round of pictures."""

    asked: frozenset[str]
    """What the arguments name; nothing is everything."""
    browser: Browser
    failures: int = 0

    def wanted(self, names: Iterable[str]) -> list[str]:
        """Those of some names that are asked for; all of them where none is."""
        known = list(names)
        return [name for name in known if name in self.asked] or known

    def store(self, name: str, endpoint: str, folder: Path) -> None:
        """All pictures of one store."""
        settings = Settings(
            dynamodb_endpoint=endpoint,
            engine_kind="dynoxide",
            table_prefix=f"g{uuid4().hex[:8]}-",
            data_dir=folder,
            embed_runs=True,
        )
        with FaultProxy(endpoint) as proxy, build_services(settings) as shared:
            new_user(shared, ADMIN, Role.ADMIN)
            STORES[name](shared)
            known = {shot.name: shot for shot in shots(shared) if name != DOWN or (shot.user and not shot.act)}
            chosen = [known[one] for one in self.wanted(known)]
            with running(shared, folder / f"{name}.log", endpoint=proxy.endpoint) as url:
                for scheme, width in product(SCHEMES, WIDTHS):
                    if scheme in self.wanted(SCHEMES) and width in self.wanted(WIDTHS):
                        self.round(name, proxy, url, chosen, scheme, width)

    def round(self, name: str, proxy: FaultProxy, url: str, chosen: list[Shot], scheme: Scheme, width: str) -> None:
        """The pictures of a store in one scheme and width, each person in a browser of their own."""
        with ExitStack() as stack:
            people = {shot.user for shot in chosen}
            pages = {user: stack.enter_context(self.person(url, user, scheme, width)) for user in people}
            if name == DOWN:
                proxy.plan(Faults(error=1.0), {"Query", "BatchGetItem", "Scan"})
            for shot in chosen:
                self.take(pages[shot.user], url, shot, width, OUT / name / f"{shot.name}-{scheme}-{width}.png")
            proxy.clear()

    @contextmanager
    def person(self, url: str, user: str | None, scheme: Scheme, width: str) -> Iterator[Page]:
        """A browser of a scheme and a width, signed in unless it is nobody's."""
        context = self.browser.new_context(viewport={"width": int(width), "height": WIDTHS[width]}, color_scheme=scheme)
        context.set_default_timeout(20_000)
        page = context.new_page()
        page.goto(url)
        if user:
            sign_in(page, user)
            wait_for_cookie(page)
        yield page
        context.close()

    def take(self, page: Page, url: str, shot: Shot, width: str, file: Path) -> None:
        """One picture; a step that fails is told and leaves a picture of where it failed."""
        page.set_viewport_size({"width": int(width), "height": WIDTHS[width]})
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
        page.set_viewport_size({"width": int(width), "height": min(max(height, WIDTHS[width]), TALLEST)})
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
        for name in gallery.wanted(STORES):
            gallery.store(name, engine.endpoint, folder)
        browser.close()
    sys.stdout.write(f"Pictures in {OUT}; {gallery.failures} steps failed.\n")
    return gallery.failures


def parser() -> argparse.ArgumentParser:
    """What the command line takes."""
    words = (__doc__ or "").partition("\n")[0]
    made = argparse.ArgumentParser("python -m tests.e2e.gallery", description=words)
    made.add_argument("--store", action="append", choices=list(STORES), help="only this store; may be repeated")
    made.add_argument("--scheme", action="append", choices=SCHEMES, help="only this scheme; may be repeated")
    made.add_argument("--width", action="append", choices=list(WIDTHS), help="only this width; may be repeated")
    made.add_argument("shot", nargs="*", help="names of pictures, such as overview; all without any")
    return made


if __name__ == "__main__":
    said = parser().parse_args()
    words = [*said.shot, *(said.store or ()), *(said.scheme or ()), *(said.width or ())]
    sys.exit(1 if main(frozenset(words)) else 0)
