"""A file of texts in a real browser: uploaded, run, cancelled, resumed, and a failed row opened."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from console.actions.batches import batches
from console.actions.batches.files import Columns
from console.judging.providers.port import Call, Reply
from console.records import Role
from console.services import Services
from console.tabular.files import TabularFile
from tests.support import scripted
from tests.support.browser import open_as, running, settle
from tests.support.console_app import new_case, new_judge, new_user, scored
from tests.support.openai_server import Answer, Body, OpenAiServer, completion, refusal
from tests.support.scripted import ScriptedProvider

pytestmark = pytest.mark.browser

ROWS = 30


def answer(body: Body) -> Answer:
    """Refuses the seventh text."""
    if "Summary number 7." in body["messages"][-1]["content"]:
        return refusal(400, "The text is against our policy.")
    return completion(body)


@pytest.fixture(scope="module")
def server() -> Iterator[OpenAiServer]:
    with OpenAiServer(answer, latency=0.8) as fake:
        yield fake


@pytest.fixture(scope="module")
def console_url(services: Services, server: OpenAiServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A console whose judges ask the server of this module."""
    patch = pytest.MonkeyPatch()
    patch.setitem(os.environ, "OPENAI_BASE_URL", server.url)
    patch.setitem(os.environ, "OPENAI_API_KEY", "key")
    with running(services, tmp_path_factory.mktemp("console") / "console.log") as url:
        yield url
    patch.undo()


@pytest.fixture(scope="module", autouse=True)
def _evaluator(services: Services) -> None:
    new_user(services, "eva", Role.EVALUATOR)
    new_judge(services, new_case(services))


def metric(page: Page, label: str, value: str) -> None:
    expect(page.get_by_test_id("stMetric").filter(has_text=label)).to_contain_text(value)


def test_a_file_is_run_cancelled_resumed_and_a_failure_opened(
    page: Page, services: Services, console_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "articles.csv"
    file.write_text("id,output\n" + "".join(f"{number},Summary number {number}.\n" for number in range(1, ROWS + 1)))

    open_as(page, "eva", f"{console_url}/evaluate")
    page.get_by_test_id("stButtonGroup").get_by_text("A file of texts").click()
    page.locator("input[type=file]").set_input_files(file)
    expect(page.get_by_text("30 rows to evaluate, the first 5:")).to_be_visible()
    page.get_by_role("spinbutton", name="Rows at once").fill("3")
    page.get_by_role("spinbutton", name="Rows at once").press("Tab")
    settle(page)
    page.get_by_role("button", name="Evaluate 30 rows").click()

    metric(page, "State", "Running")
    page.get_by_role("button", name="Cancel").click()
    metric(page, "State", "Stopped")
    expect(page.get_by_text("Cancelled by eva.")).to_be_visible()
    batch = services.batches.list().items[0]
    assert 0 < batch.done + batch.failed < ROWS

    page.get_by_role("button", name="Resume").click()
    metric(page, "State", "Finished")
    metric(page, "Rows", f"{ROWS} / {ROWS}")
    metric(page, "Errors", "1")

    page.get_by_test_id("stButtonGroup").get_by_text("Errors 1").click()
    page.wait_for_url("**rows=Errors**")
    settle(page)
    page.get_by_test_id("stDataFrame").last.click(position={"x": 400, "y": 52})
    page.wait_for_url("**/run?run=*")
    expect(page.get_by_text("The text is against our policy.").first).to_be_visible()
    batch = services.batches.get(batch.batch_id)
    assert (batch.done, batch.failed) == (ROWS - 1, 1)


def test_a_case_is_guided_tried_saved_and_seen_by_the_judge(page: Page, services: Services, console_url: str) -> None:
    new_user(services, "ada", Role.ADMIN)
    case = new_case(services, "Guided")
    scored(services, new_judge(services, case, "Its judge"), case, 2)

    open_as(page, "ada", f"{console_url}/cases?case={case.case_id}")
    page.get_by_role("button", name="Edit").first.click()
    fill(page, "Evaluation steps", "1. Look for a fee.")
    fill(page, "5 means", "It names the fee.")
    page.get_by_role("button", name="Try it on 1 run").click()
    expect(page.get_by_text("The draft was tried.")).to_be_visible()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved as version 2.0")).to_be_visible()

    page.get_by_text("What the judge is asked").click()
    expect(page.get_by_text("5: It names the fee.")).to_be_visible()
    expect(page.get_by_text("1. Look for a fee.").last).to_be_visible()


def fill(page: Page, label: str, words: str) -> None:
    page.get_by_label(label, exact=True).first.fill(words)
    page.keyboard.press("Tab")
    settle(page)


def judged(services: Services, name: str, scores: Sequence[int]) -> str:
    """The id of a batch whose rows have these scores of 1..5."""

    def scripted_answer(call: Call) -> Reply:
        place = call.prompt.split("Answer ")[1][0] if call.form else "0"
        return scripted.always(scores[int(place)])(call)

    services.judging.providers.known["openai"] = ScriptedProvider(scripted_answer)
    content = "id,output\n" + "".join(f"q{place},Answer {place} of {name}.\n" for place in range(len(scores)))
    file = TabularFile.of(f"{name}.csv", content.encode())
    eva, judge = services.users.get("eva"), services.judges.list()[0]
    batch = batches.submit(services, eva, name, judge, file, Columns("output"))
    return batches.work(services, eva, batch.batch_id).batch_id


def test_a_batch_is_compared_with_another_one_row_by_row(page: Page, services: Services, console_url: str) -> None:
    older, newer = judged(services, "Monday", (5, 4, 4)), judged(services, "Tuesday", (5, 5, 1))
    ids = [services.batches.numbered(one, [3])[0].run_id for one in (older, newer)]

    open_as(page, "eva", f"{console_url}/batches?batch={newer}")
    page.get_by_role("combobox", name="Another batch").click()
    page.get_by_role("option", name="Monday").click()
    page.wait_for_url(f"**baseline={older}**")

    expect(page.get_by_text("Tuesday against the baseline Monday")).to_be_visible()
    expect(page.get_by_text("▲ 1 improved")).to_be_visible()
    expect(page.get_by_text("▼ 1 regressed")).to_be_visible()
    expect(page.get_by_text("0 pass now only, 1 passed before only")).to_be_visible()
    expect(page.get_by_role("radio", name="Regressed 1")).to_be_checked()
    settle(page)
    page.get_by_test_id("stDataFrame").first.click(position={"x": 300, "y": 52})
    page.wait_for_url(f"**/compare?runs={ids[0]}%2C{ids[1]}")
    expect(page.get_by_role("heading", name=f"Run {ids[0]}")).to_be_visible()
