"""What the gallery shows: the pages and dialogs of a store, and the stores."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from playwright.sync_api import Page, expect

from console.actions.batches import batches as batch_actions
from console.actions.batches.files import Columns
from console.records import Role, RunFilter, RunSummary, Threshold
from console.sample import load_sample_data
from console.services import Services
from console.tabular.files import TabularFile
from console.tabular.writing import jsonl_bytes
from tests.e2e.test_configure import open_row
from tests.support.browser import settle
from tests.support.console_app import failed, new_judge, new_user, scored
from tests.support.tier import artifact

Act = Callable[[Page], None]
ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture: where it is, and what is done there before it is taken."""

    name: str
    page: str
    query: dict[str, str] = field(default_factory=dict)
    act: Act | None = None
    user: str | None = ADMIN
    """Who looks at it; None: nobody has signed in."""


def press(*names: str) -> Act:
    """Press these buttons, one after the other."""

    def act(page: Page) -> None:
        for name in names:
            page.get_by_role("button", name=name).first.click()
            settle(page)

    return act


def tab(name: str) -> Act:
    """Open a tab."""
    return lambda page: page.get_by_role("tab", name=name).click()


def fill(label: str, words: str) -> Act:
    """Type into a field and leave it."""

    def act(page: Page) -> None:
        page.get_by_label(label, exact=True).first.fill(words)
        page.keyboard.press("Tab")

    return act


def one_after_another(*acts: Act) -> Act:
    """Several steps as one."""

    def act(page: Page) -> None:
        for step in acts:
            step(page)
            settle(page)

    return act


PAGES = (
    "overview", "evaluate", "batches", "runs", "review", "compare", "documents", "sets", "experiments", "judges",
    "cases", "thresholds",
    "models", "search", "collections", "similar", "agreement", "compare_judges", "operations", "users", "password",
)  # fmt: skip


def shots(shared: Services) -> list[Shot]:
    """The pages and dialogs of a store, by what is in it."""
    runs = shared.runs.list(RunFilter(), limit=100).items
    if not runs:
        return [Shot("sign-in", "", user=None), *(_page(page) for page in (*PAGES, "run"))]
    cases = {one.case_id: one for one in shared.cases.list()}
    by = {name: next((row for row in runs if _is(row, name)), runs[0]) for name in ("pass", "fail", "error")}
    referenced = next((row for row in runs if _is(row, "pass") and cases[row.case_id].requires_reference), runs[0])
    case = cases[by["fail"].case_id]
    judge = next(one for one in shared.judges.list() if one.judge_id == by["fail"].judge_id)
    ids = {name: str(row.run_id) for name, row in by.items()}
    several = ",".join(str(row.run_id) for row in runs[:4])
    two = ",".join([str(row.run_id) for row in runs if row.case_id == case.case_id][:2])
    documents = shared.documents.list(10).items
    collections = shared.collections.list()
    batches = shared.batches.list(10).items
    of_case, of_judge = {"case": case.case_id}, {"judge": judge.judge_id}
    found = [
        *(_page(page) for page in PAGES),
        Shot("overview-case", "", of_case | {"period": "all"}),
        Shot("runs-panel", "runs", {"run": ids["fail"]}),
        Shot("runs-panel-error", "runs", {"run": ids["error"], "result": "error"}),
        Shot("runs-export", "runs", act=press("Export")),
        Shot("run", "run", {"run": ids["fail"]}),
        Shot("run-error", "run", {"run": ids["error"]}),
        Shot("compare-two", "compare", {"runs": two}),
        Shot("compare-four", "compare", {"runs": several}),
        Shot("documents-new", "documents", {"document": "new"}),
        Shot("judge", "judges", of_judge),
        Shot("judge-versions", "judges", of_judge | {"tab": "versions"}),
        Shot("judge-edit", "judges", of_judge, one_after_another(press("Edit"), fill("Name", "Stricter still"))),
        Shot("judge-new", "judges", {"judge": "new"}),
        Shot("judge-new-refused", "judges", {"judge": "new"}, press("Create the judge")),
        Shot("judge-deactivate", "judges", of_judge, press("Deactivate")),
        Shot("judge-conflict", "judges", of_judge, _conflict(shared, judge.judge_id)),
        Shot("case", "cases", of_case),
        Shot("case-versions", "cases", of_case | {"tab": "versions"}),
        Shot("case-edit", "cases", of_case, press("Edit")),
        Shot("case-new", "cases", {"case": "new"}),
        Shot("case-replace", "cases", {"case": "new"}, _replace),
        Shot("thresholds-moved", "thresholds", of_case | {"threshold": "0.8"}),
        Shot("models-model", "models", {"model": shared.catalog.models()[0].model_id}),
        Shot("models-add", "models", act=press("Add a model")),
        Shot("models-add-metric", "models", act=press("Add a metric")),
        Shot("users-one", "users", {"user": "eva"}),
        Shot("users-add", "users", act=press("Add user")),
        Shot("users-reset", "users", {"user": "eva"}, press("Reset password")),
        Shot("users-sessions", "users", {"user": "eva"}, press("End sessions")),
        Shot("users-delete", "users", {"user": "eva"}, press("Delete")),
        Shot("review-files", "review", of_case, press("Files")),
        Shot("agreement-case", "agreement", of_case),
        Shot("compare-judges-case", "compare_judges", of_case),
        Shot("similar-case", "similar", of_case),
        Shot("sign-in", "", user=None),
        Shot("sign-in-refused", "", act=_wrong_password, user=None),
        Shot("first-password", "", user="nova"),
        Shot("refused", "users", user="viktor"),
        Shot("viewer-judge", "judges", of_judge, user="viktor"),
        Shot("not-found", "judges", {"judge": "gone"}),
        Shot("runs-no-match", "runs", {"model": "all-MiniLM-L6-v2"}),
        Shot("evaluate-file", "evaluate", act=_choose("A file of texts")),
        Shot("evaluate-refused", "evaluate", act=press("Evaluate")),
        Shot("similar-text", "similar", of_case | {"text": "exports keep the filters"}),
    ]
    if cases[referenced.case_id].requires_reference:
        asked = {"run": str(referenced.run_id)}
        found.append(Shot("run-differences", "run", asked, _choose("Differences")))
    if documents:
        found.append(Shot("documents-one", "documents", {"document": documents[0].document_id}))
    found += _practice(shared)
    if batches:
        found.append(Shot("batch", "batches", {"batch": batches[0].batch_id}))
    if len(batches) > 2:
        asked = {"batch": batches[1].batch_id, "baseline": batches[2].batch_id}
        found.append(Shot("batch-compared", "batches", asked | {"pairs": "All"}))
    for collection in collections[:1]:
        asked = {"collection": collection.collection_id, "q": "how are runs stored", "view": "list"}
        file = shared.vectors.documents(collection.collection_id)[0].filename
        opened = {"collection": collection.collection_id}
        found += [
            Shot("search-results", "search", asked),
            Shot("search-map", "search", asked | {"view": "map"}),
            Shot("search-strategies", "search", asked | {"view": "strategies"}),
            Shot("collections-one", "collections", opened),
            Shot("collections-document", "collections", opened | {"document": file}),
            Shot("collections-delete", "collections", opened, press("Delete")),
            Shot("collections-new", "collections", act=press("New collection")),
        ]
    return found


def _practice(shared: Services) -> list[Shot]:
    """A test set and an experiment, where there are any."""
    sets = [
        Shot(name, page, {param: test_set.set_id, **more})
        for test_set in shared.sets.list(1).items
        for name, page, param, more in (
            ("set", "sets", "set", {}),
            ("set-new-item", "sets", "set", {"new": "new"}),
            ("experiment-new", "experiments", "new", {}),
        )
    ]
    experiments = shared.experiments.list(1).items
    return sets + [Shot("experiment", "experiments", {"experiment": one.experiment_id}) for one in experiments]


def _page(name: str) -> Shot:
    return Shot(name, "" if name == "overview" else name)


def _is(row: RunSummary, result: str) -> bool:
    return row.status == "failed" if result == "error" else row.evaluation_status == result


def _choose(option: str) -> Act:
    return lambda page: page.get_by_test_id("stButtonGroup").get_by_text(option).click()


def _wrong_password(page: Page) -> None:
    page.get_by_label("User name").fill("admin")
    page.get_by_label("Password", exact=True).fill("not the password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("is not right")).to_be_visible()


def _conflict(shared: Services, judge_id: str) -> Act:
    def act(page: Page) -> None:
        press("Edit")(page)
        fill("Name", "As I would call it")(page)
        settle(page)
        before = shared.judges.current(judge_id)
        words = {"name": "As somebody else calls it", "description": f"Saved meanwhile, after {before.version}."}
        shared.judges.update(judge_id, words, by="eva")
        press("Save")(page)

    return act


def _replace(page: Page) -> None:
    fill("Name", "Half a thought")(page)
    settle(page)
    press("All cases")(page)
    page.wait_for_url(lambda url: "case=" not in url)
    open_row(page, 0, "case")
    press("Duplicate")(page)


# --- the stores ----------------------------------------------------------------------------------------


def sample_store(shared: Services) -> None:
    """The sample data, people, a document and a batch that was interrupted."""
    load_sample_data(shared)
    new_user(shared, "eva", Role.EVALUATOR)
    new_user(shared, "viktor", Role.VIEWER)
    new_user(shared, "nova", Role.VIEWER, must_change_password=True)
    for text in ("Exports keep the filters that you see on the page.", "A second text, without a reference."):
        shared.documents.create(
            text, "Exports keep filters." if "Exports" in text else None, {"source": "faq"}, by="eva"
        )
    judge = next(one for one in shared.judges.list() if one.name == "Close to the reference")
    texts = [artifact(f"Answer {number}", expected_output="The answer") for number in range(12)]
    for name, every in (("monday.csv", 3), ("tuesday.csv", 4)):
        rows = [
            {
                "id": f"faq-{number:02}",
                "text": f"Exports keep the {'filters' if number % every else 'colours'} that you see on page {number}.",
                "question": f"What do exports of page {number} keep?",
                "reference": "Exports keep the filters that you see on the page.",
            }
            for number in range(40)
        ]
        eva, file = shared.users.get("eva"), TabularFile.of(name.replace("csv", "jsonl"), jsonl_bytes(rows))
        columns = Columns("text", "reference", question="question")
        made = batch_actions.submit(shared, eva, name, judge, file, columns)
        batch_actions.work(shared, eva, made.batch_id)
    shared.batches.create("answers.csv", judge.judge_id, texts, by="eva")


LONG = "Faithfulness of a rather long-winded summary to each and every one of its many sources, strict, 2026 edition"
UNBROKEN = "Donaudampfschifffahrtsgesellschaftskapitaenswitwenrente" * 3
PROSE = " ".join(f"Sentence {number} goes on about what it says, and says it twice." for number in range(400))


def long_store(shared: Services) -> None:
    """Names and texts as long as they may be, one of each with no place to break it."""
    texts = {
        "task_introduction": PROSE,
        "evaluation_criteria": f"{UNBROKEN}\n\n{PROSE[:3000]}",
        "description": PROSE[:1500],
    }
    case = shared.cases.create(
        name=LONG[:200], **texts, metadata={"key": UNBROKEN, "list": [PROSE[:500]]}, by="x" * 100
    )
    other = shared.cases.create(name=UNBROKEN[:160], **texts, by="eva")
    shared.cases.update(case.case_id, {"task_introduction": PROSE.replace("twice", "thrice")}, by="eva")
    shared.cases.set_threshold(case.case_id, Threshold(score=0.6), by="x" * 100, reason=PROSE[:500])
    case = shared.cases.current(case.case_id)
    model = "ft:gpt-4o-mini-2024-07-18:an-organisation-with-a-name:a-suffix-of-forty-characters:AbCdEfGh"
    judges = [new_judge(shared, case, LONG[:190], model), new_judge(shared, case, UNBROKEN[:190], model)]
    judges.append(new_judge(shared, other, "Short", model))
    for number in range(30):
        judge = judges[number % 3]
        of = other if judge is judges[2] else case
        run = scored(
            shared, judge, of, 1.0 + number % 5, text=f"{UNBROKEN} {PROSE[: 40 * number]}", reasons=[PROSE, UNBROKEN]
        )
        if number % 3 == 0:
            shared.labels.save(run, 3.0, False, PROSE[:2000], by="x" * 100)
    failed(shared, judges[0], case, f"The reply has no score: {UNBROKEN} {PROSE[:2000]}")
    new_user(shared, "eva", Role.EVALUATOR)
    new_user(shared, "viktor", Role.VIEWER)
    new_user(shared, "nova", Role.VIEWER, must_change_password=True)
    shared.users.add_hashed("y" * 64, LONG[:90], Role.VIEWER, shared.users.get("eva").password_hash, by="eva")
    shared.documents.create(PROSE, f"{UNBROKEN} {PROSE}", {UNBROKEN[:80]: UNBROKEN}, by="x" * 100)
    shared.batches.create(LONG[:100], judges[0].judge_id, [artifact(PROSE)], by="x" * 100)


STORES: dict[str, Callable[[Services], None]] = {
    "sample": sample_store,
    "empty": lambda shared: None,
    "long": long_store,
    "down": sample_store,
}
