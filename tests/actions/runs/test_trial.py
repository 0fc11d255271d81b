"""The exact prompt before it is sent, and drafts tried before they are saved."""

from __future__ import annotations

import msgspec
import pytest

from console.actions.runs.evaluation import evaluate
from console.actions.runs.trial import NO_STEPS, first_case, first_judges, latest_runs, preview, try_draft
from console.errors import InvalidInput
from console.records import Artifact, Judge, Role, RunFilter, Snapshot, User
from console.services import Services
from tests.support import scripted
from tests.support.console_app import new_case, new_judge, new_user, scored
from tests.support.scripted import ScriptedProvider

ARTIFACT = Artifact(evaluation_target="30 days.", input="How long?", context="Refunds: 30 days.")


@pytest.fixture
def ana(console_services: Services) -> User:
    return new_user(console_services, "ana", Role.EVALUATOR)


@pytest.fixture
def judge(console_services: Services) -> Judge:
    console_services.judging.providers.known["openai"] = ScriptedProvider(scripted.always(4))
    return new_judge(console_services, new_case(console_services))


def test_the_preview_is_the_prompt_that_is_sent(console_services: Services, ana: User, judge: Judge) -> None:
    snapshot = Snapshot.of(judge, console_services.cases.get(judge.case_id))
    assert NO_STEPS in preview(console_services, snapshot, ARTIFACT)

    run = evaluate(console_services, ana, judge, ARTIFACT)

    assert run.results
    assert run.results.prompt_used == preview(console_services, snapshot, ARTIFACT)


def test_a_draft_is_tried_and_nothing_is_stored(console_services: Services, ana: User, judge: Judge) -> None:
    case = console_services.cases.get(judge.case_id)
    scored(console_services, judge, case, 2)
    draft = msgspec.structs.replace(case, evaluation_criteria="Is it short?")

    (trial,) = try_draft(console_services, ana, judge, draft, latest_runs(console_services, case.case_id))

    assert (trial.difference, trial.error) == (0.5, "")
    assert trial.results
    assert "Is it short?" in (trial.results.prompt_used or "")
    assert len(console_services.runs.list(RunFilter()).items) == 1


def test_a_first_case_is_tried_by_what_can_be_asked_now_before_the_rest(console_services: Services) -> None:
    for name, provider in (("a-model", "openai"), ("llama", "ollama")):
        console_services.catalog.create_model(name, provider, by="root")
    fields = {"name": "Tone", "task_introduction": "You see a reply.", "evaluation_criteria": "Is it friendly?"}

    assert [judge.llm.model for judge in first_judges(console_services, first_case(fields))] == ["llama", "a-model"]


def test_how_a_draft_is_scored_decides_nothing_for_the_judge(
    console_services: Services, ana: User, judge: Judge
) -> None:
    case = console_services.cases.get(judge.case_id)
    scored(console_services, judge, case, 2)
    draft = msgspec.structs.replace(judge, parameters={**judge.parameters, "scoring_mode": "sampled"})

    try_draft(console_services, ana, draft, case, latest_runs(console_services, case.case_id))

    assert console_services.judging.mode(Snapshot.of(judge, case)) is None


def test_a_draft_that_fails_says_why_and_what_it_cost(console_services: Services, ana: User, judge: Judge) -> None:
    case = console_services.cases.get(judge.case_id)
    scored(console_services, judge, case, 2)
    console_services.catalog.set_prices(judge.llm.id, input_price=100.0, output_price=100.0, by="root")
    console_services.judging.providers.known["openai"] = ScriptedProvider(
        lambda call: scripted.replied(["junk"] * call.n)
    )

    (trial,) = try_draft(console_services, ana, judge, case, latest_runs(console_services, case.case_id))

    assert trial.results is None
    assert "not the JSON object" in trial.error or "no JSON" in trial.error
    assert trial.cost == pytest.approx(4 * 120 * 100 / 1e6)


def test_a_draft_is_tried_on_a_few_runs_only(console_services: Services, ana: User, judge: Judge) -> None:
    with pytest.raises(InvalidInput, match="1 to 5 runs"):
        try_draft(console_services, ana, judge, console_services.cases.get(judge.case_id), [])


def test_the_latest_runs_are_of_different_texts(console_services: Services, judge: Judge) -> None:
    case = console_services.cases.get(judge.case_id)
    scored(console_services, judge, case, 2, "One.")
    scored(console_services, judge, case, 3, "Two.")
    newest = scored(console_services, judge, case, 4, "One.")

    runs = latest_runs(console_services, case.case_id)

    assert [run.run_id for run in runs] == [newest.run_id, newest.run_id - 1]
