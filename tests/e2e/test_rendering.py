"""Sixty hostile texts in every field of every record: no page asks another host, no page runs them.

Fields that are limited to 200 characters hold one payload per record, fields without a limit all of them at once.
Every page that exists is opened, with every tab; each request of the browser is looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest
from playwright.sync_api import Browser, Dialog, Page, Request, expect

from console.actions.sets.experiments import begin
from console.actions.sets.outputs import own_texts
from console.records import Role, SetItem, Threshold
from console.services import Services
from tests.support.browser import PATIENCE, settle, sign_in, wait_for_cookie
from tests.support.console_app import CONSOLE, failed, new_judge, new_user, scored
from tests.support.payloads import ALL, HOST, PAYLOADS

pytestmark = pytest.mark.browser

PAGES = sorted(path.stem for path in (CONSOLE / "pages").glob("*.py") if path.stem != "__init__")
NAMES = [" ".join(payload.split()) for payload in PAYLOADS if len(payload) <= 95]
METADATA: dict[str, Any] = {"text": ALL, ALL[:200]: "key", "list": PAYLOADS}


@dataclass
class Visit:
    """A browser whose every request is remembered."""

    page: Page
    url: str
    elsewhere: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("request", self._note)
        self.page.on("dialog", self._dismiss)

    def _note(self, request: Request) -> None:
        own = (self.url, self.url.replace("http", "ws"), "data:", "blob:")
        if not request.url.startswith(own):
            self.elsewhere.append(request.url)

    def _dismiss(self, dialog: Dialog) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()

    def open(self, path: str, **query: str) -> None:
        """A page with all of its tabs."""
        self.page.goto(f"{self.url}/{path}?{urlencode(query)}")
        expect(self.page.get_by_role("button", name="Sign out")).to_be_visible()
        settle(self.page)
        for tab in self.page.get_by_role("tab").all():
            tab.click()
            settle(self.page)
        for option in self.page.get_by_role("radio", name="Differences").all():
            option.click()
            settle(self.page)

    def found(self) -> dict[str, object]:
        """What the payloads achieved."""
        page = self.page
        return {
            "requests to other hosts": self.elsewhere,
            "dialogs": self.dialogs,
            "scripts run": page.evaluate("window.pwned || 0"),
            "foreign elements": page.evaluate(FOREIGN),
        }


FOREIGN = """() => [...document.querySelectorAll("[src], [href], [poster], [srcset], [style*='url(']")]
    .filter(one => [one.src, one.href, one.poster, one.srcset].some(value => {
        if (!value || typeof value !== "string") return false;
        if (value.startsWith("javascript:")) return true;
        const to = new URL(value.split(" ")[0], location.href);
        return to.protocol.startsWith("http") && to.host !== location.host;
    }) || /url\\(.?http/.test(one.getAttribute("style") || ""))
    .map(one => one.outerHTML.slice(0, 200))"""
"""Elements that would fetch from another host, lead there, or run something."""
NOTHING = {"requests to other hosts": [], "dialogs": [], "scripts run": 0, "foreign elements": []}


@dataclass(frozen=True, slots=True)
class Store:
    """The ids of what is full of payloads."""

    case: str
    judge: str
    run: str
    broken: str
    document: str
    model: str
    batch: str
    set: str
    experiment: str


@pytest.fixture(scope="module")
def store(services: Services) -> Store:
    new_user(services, "ada", Role.ADMIN)
    new_user(services, "bo", Role.VIEWER)
    for number, name in enumerate(NAMES):
        services.users.add_hashed(f"user{number}", name, Role.VIEWER, services.users.get("bo").password_hash, by=name)
    case = services.cases.create(
        name=NAMES[0], task_introduction=ALL, evaluation_criteria=ALL, description=ALL, metadata=METADATA, by=NAMES[1]
    )  # fmt: skip
    case = services.cases.update(case.case_id, {"name": NAMES[2], "description": ALL + ALL}, by=NAMES[3])
    case = services.cases.set_threshold(
        case.case_id, Threshold(score=0.6, description=ALL), by=NAMES[4], reason=ALL[:500]
    )
    services.catalog.create_metric(NAMES[5], by=NAMES[6])
    model = services.catalog.create_model(NAMES[7], "other", by=NAMES[8])
    judge = new_judge(services, case, NAMES[9], NAMES[7])
    judge = services.judges.update(judge.judge_id, {"name": NAMES[10], "description": ALL}, by=NAMES[11])
    hostile = msgspec.structs.replace(judge, name=ALL, parameters=METADATA)
    document = services.documents.create(ALL, ALL, METADATA, by=NAMES[12])
    renamed = msgspec.structs.replace
    for name in NAMES:
        scored(services, renamed(judge, name=name), renamed(case, name=name), 2.0, text=name)
    found = {"reasons": [ALL, *PAYLOADS[:3]], "prompt_used": ALL, "scoring_mode": ALL}
    run = scored(services, hostile, renamed(case, name=ALL), 4.0, text=ALL, **found)
    broken = failed(services, hostile, case, ALL)
    services.labels.save(run, 4.0, True, ALL[:4_000], by=NAMES[13])
    services.labels.save(run, 2.0, False, ALL[:4_000], by="bo")
    batch = services.batches.create(
        NAMES[14], judge.judge_id, [run.evaluated_artifact], by=NAMES[15], settings=METADATA
    )
    services.batches.claim(batch.batch_id, NAMES[16], 3_600)
    made = services.sets.create(NAMES[17], by=NAMES[18], description=ALL, tags=[name[:90] for name in NAMES[:5]])
    items = [
        SetItem(key=name[:190], input=ALL, text=ALL, tags=NAMES[:2], metadata=METADATA) for name in dict.fromkeys(NAMES)
    ]
    made = services.sets.change(made, items, by=NAMES[3], note=ALL[:900]).test_set
    admin = services.users.get("ada")
    texts = own_texts(services, made.set_id, 1)
    tried = begin(services, admin, made, texts, [judge], name=NAMES[4], metadata=METADATA)
    return Store(
        case.case_id,
        judge.judge_id,
        str(run.run_id),
        str(broken.run_id),
        document.document_id,
        model.model_id,
        batch.batch_id,
        made.set_id,
        tried.experiment_id,
    )


@pytest.fixture(scope="module")
def visit(browser: Browser, console_url: str, store: Store) -> Iterator[Visit]:
    context = browser.new_context(viewport={"width": 1440, "height": 1400})
    context.set_default_timeout(PATIENCE)
    made = Visit(context.new_page(), console_url)
    made.page.goto(console_url)
    sign_in(made.page, "ada")
    wait_for_cookie(made.page)
    yield made
    context.close()


@pytest.mark.parametrize("page", PAGES)
def test_a_page_full_of_hostile_texts_shows_them_as_texts(page: str, visit: Visit, store: Store) -> None:
    visit.open(page, **RECORDS.get(page, lambda _: {})(store))
    assert visit.found() == NOTHING


RECORDS: dict[str, Callable[[Store], dict[str, str]]] = {
    "overview": lambda store: {"case": store.case, "period": "all"},
    "runs": lambda store: {"run": store.run},
    "run": lambda store: {"run": store.run},
    "compare": lambda store: {"runs": f"{store.run},{store.broken}"},
    "batches": lambda store: {"batch": store.batch},
    "documents": lambda store: {"document": store.document},
    "sets": lambda store: {"set": store.set, "item": NAMES[0][:190]},
    "experiments": lambda store: {"experiment": store.experiment},
    "judges": lambda store: {"judge": store.judge},
    "cases": lambda store: {"case": store.case},
    "thresholds": lambda store: {"case": store.case},
    "review": lambda store: {"case": store.case, "run": store.run, "judge_score": "shown"},
    "agreement": lambda store: {"case": store.case},
    "compare_judges": lambda store: {"case": store.case},
    "models": lambda store: {"model": store.model},
    "users": lambda _: {"user": "user1"},
}
"""What a page opens; the others have nothing to open."""


@pytest.mark.parametrize(
    "page", ["runs", "documents", "sets", "experiments", "judges", "cases", "models", "users", "overview"]
)
def test_a_list_full_of_hostile_names_shows_them_as_texts(page: str, visit: Visit, store: Store) -> None:
    visit.open(page)
    assert visit.found() == NOTHING


@pytest.mark.parametrize("page", PAGES)
def test_a_hostile_address_is_shown_as_text(page: str, visit: Visit, store: Store) -> None:
    beacon = f"<img src=x onerror=window.pwned=1>![x](http://{HOST}/beacon.png)"
    names = (
        "case",
        "judge",
        "run",
        "runs",
        "model",
        "metric",
        "user",
        "document",
        "version",
        "tab",
        "q",
        "mark",
        "status",
        "baseline",
        "candidate",
        "cell",
        "point",
        "skip",
        "last",
        "set",
        "experiment",
        "item",
        "new",
    )
    visit.open(page, **dict.fromkeys(names, beacon))
    assert visit.found() == NOTHING


def test_a_failed_run_shows_its_error_as_text(visit: Visit, store: Store) -> None:
    visit.open("run", run=store.broken)
    expect(visit.page.get_by_text("<img src=x onerror=").first).to_be_visible()
    assert visit.found() == NOTHING


def test_the_watch_would_have_seen_a_beacon(browser: Browser, console_url: str) -> None:
    context = browser.new_context()
    watched = Visit(context.new_page(), console_url)
    watched.page.goto(console_url)
    with watched.page.expect_request(f"http://{HOST}/**"):
        watched.page.evaluate(f"document.body.insertAdjacentHTML('beforeend', \"{PAYLOADS[34]}\")")
    watched.page.evaluate(f"document.body.insertAdjacentHTML('beforeend', \"{PAYLOADS[35]}\")")
    watched.page.wait_for_function("window.pwned")
    found = watched.found()
    assert found["requests to other hosts"]
    assert found["foreign elements"]
    assert found["scripts run"] == 1
    context.close()
