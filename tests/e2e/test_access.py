"""Access: axe-core finds nothing of ours on any page, light and dark; the menu is Streamlit's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from console.actions.sets.experiments import begin
from console.actions.sets.outputs import own_texts
from console.actions.sets.sets import change_items, make_set
from console.records import Role, SetItem
from console.services import Services
from tests.support.browser import PATIENCE, open_as, settle
from tests.support.console_app import failed, new_case, new_judge, new_user, scored

pytestmark = pytest.mark.browser
PAGES = (
    "", "runs", "runs?run=1", "run?run=1", "review", "compare?runs=1,2", "documents", "sets", "sets?set=capitals",
    "experiments", "experiments?experiment=capitals-1", "evaluate", "batches", "judges",
    "cases", "thresholds", "models", "search", "collections", "similar", "agreement", "compare_judges", "operations",
    "users", "password",
)  # fmt: skip
_LOOKS = 5
OURS = {"exclude": [["[data-testid=stSidebarNav]"]]}


@pytest.fixture(scope="module")
def filled(services: Services) -> None:
    """Runs of each result, with a label."""
    new_user(services, "ada", Role.ADMIN)
    case = new_case(services)
    judge = new_judge(services, case)
    services.labels.save(scored(services, judge, case, 4.0), 5.0, by="ada")
    services.labels.save(scored(services, judge, case, 2.0), 1.0, by="ada")
    failed(services, judge, case, "rate limit")
    ada = services.users.get("ada")
    capitals = [SetItem(key="a", input="Of which country is Bern the capital?", text="Switzerland", tags=["europe"])]
    test_set = change_items(services, ada, make_set(services, ada, "Capitals"), capitals).test_set
    begin(services, ada, test_set, own_texts(services, test_set.set_id, 1), [judge])


@pytest.fixture(scope="module", params=["light", "dark"])
def seen(request: pytest.FixtureRequest, browser: Browser, console_url: str, filled: None) -> Iterator[Page]:
    """Somebody who is signed in, in a browser of one scheme."""
    context: BrowserContext = browser.new_context(viewport={"width": 1440, "height": 1000}, color_scheme=request.param)
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    open_as(page, "ada", console_url)
    yield page
    context.close()


def violations(page: Page, context: dict[str, list[list[str]]] | None = None) -> list[tuple[str, list[str]]]:
    """What axe finds once the page has faded in: half-faded words have less contrast."""
    for _ in range(_LOOKS):
        found = Axe().run(page, context=context).response["violations"]
        if not found:
            return []
        page.wait_for_timeout(300)
    return [(one["id"], [str(node["target"]) for node in one["nodes"]][:3]) for one in found]


@pytest.mark.parametrize("address", PAGES)
def test_nothing_of_ours_stands_in_the_way(seen: Page, console_url: str, address: str) -> None:
    seen.goto(f"{console_url}/{address}")
    expect(seen.locator("[data-testid=stMain] h1")).to_be_visible()
    settle(seen)
    assert violations(seen, OURS) == []


def test_the_sign_in_form_too(console_url: str, new_context: Callable[[], BrowserContext]) -> None:
    page = new_context().new_page()
    page.goto(console_url)
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    settle(page)
    assert violations(page) == []
