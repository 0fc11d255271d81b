"""Running one evaluation, and repeating one."""

from __future__ import annotations

import msgspec
import pytest

from console.actions.runs.evaluation import evaluate, first_judge
from console.actions.runs.preflight import preflight
from console.actions.runs.rerun import judges_for, rerun, rerun_many
from console.errors import Forbidden, InvalidInput, JudgingError, NotFound, UnsupportedMetric
from console.judging.prompts import PROMPT_VERSION
from console.judging.providers.port import Call, Reply
from console.records import STEPS, Artifact, Judge, Role, RunFilter, RunStatus, Threshold, User, Verdict
from console.services import Services
from tests.support import scripted
from tests.support.console_app import new_case, new_judge, new_user
from tests.support.scripted import ScriptedProvider

TEXT = Artifact(evaluation_target="Paris is the capital of France.", expected_output="Paris.")


@pytest.fixture
def services(console_services: Services) -> Services:
    return console_services


@pytest.fixture
def ana(services: Services) -> User:
    return new_user(services, "ana", Role.EVALUATOR)


@pytest.fixture
def judge(services: Services) -> Judge:
    return new_judge(services, new_case(services))


def script(services: Services, score: float = 4.0) -> ScriptedProvider:
    provider = ScriptedProvider(scripted.always(score, "Good."))
    services.judging.providers.known["openai"] = provider
    return provider


def breaks(_call: Call) -> Reply:
    raise JudgingError("The server is gone.\nStart it.", reply="Half a reply")


def test_an_evaluation_makes_a_finished_run(services: Services, ana: User, judge: Judge) -> None:
    script(services)

    run = evaluate(services, ana, judge, TEXT, document_id="doc-1")

    stored = services.runs.get(run.run_id)
    assert stored == run
    assert (run.status, run.evaluation_status, run.judged_threshold) == (RunStatus.COMPLETED, Verdict.PASS, 0.5)
    assert (run.created_by, run.document_id) == ("ana", "doc-1")
    assert (run.judge_snapshot.prompt_version, run.judge_snapshot.case_version) == (PROMPT_VERSION, "1.0")
    assert run.results
    assert (run.results.final_score, run.results.reasons[0]) == (4.0, "Good.")


def test_a_judge_that_fails_makes_a_failed_run_that_says_why(services: Services, ana: User, judge: Judge) -> None:
    services.judging.providers.known["openai"] = ScriptedProvider(breaks)

    run = evaluate(services, ana, judge, TEXT)

    assert (run.status, run.results) == (RunStatus.FAILED, None)
    assert run.error_message == "Evaluation failed: The server is gone.\nStart it.\n\nThe reply:\nHalf a reply"


def test_a_provider_that_is_not_set_up_makes_a_failed_run(services: Services, ana: User, judge: Judge) -> None:
    run = evaluate(services, ana, judge, TEXT)

    assert "OPENAI_API_KEY is not set" in (run.error_message or "")


def test_a_bug_leaves_no_run_behind_that_seems_to_run(services: Services, ana: User, judge: Judge) -> None:
    services.judging.providers.known["openai"] = ScriptedProvider(lambda call: 1 / 0)  # type: ignore[arg-type, return-value]

    with pytest.raises(ZeroDivisionError):
        evaluate(services, ana, judge, TEXT)

    assert [row.status for row in services.runs.list().items] == [RunStatus.FAILED]


def test_a_metric_that_nobody_knows_makes_no_run(services: Services, ana: User, judge: Judge) -> None:
    foreign = msgspec.structs.replace(judge, metric=msgspec.structs.replace(judge.metric, type="bleu"))

    with pytest.raises(UnsupportedMetric, match="bleu"):
        evaluate(services, ana, foreign, TEXT)

    assert services.runs.list().items == []


def test_a_viewer_may_not_evaluate(services: Services, judge: Judge) -> None:
    with pytest.raises(Forbidden):
        evaluate(services, new_user(services, "vera"), judge, TEXT)


def test_the_threshold_that_counts_is_the_one_in_force_at_the_end(services: Services, ana: User, judge: Judge) -> None:
    def moves_it(call: Call) -> Reply:
        services.cases.set_threshold(judge.case_id, Threshold(score=0.9), by="root", reason="Stricter")
        return scripted.always(4)(call)

    services.judging.providers.known["openai"] = ScriptedProvider(moves_it)
    run = evaluate(services, ana, judge, TEXT)

    assert (run.judge_snapshot.threshold, run.judged_threshold, run.evaluation_status) == (0.5, 0.9, Verdict.FAIL)


def test_the_cost_comes_from_the_prices_of_the_model(services: Services, ana: User, judge: Judge) -> None:
    script(services)
    services.catalog.set_prices(judge.llm.id, input_price=2.0, output_price=10.0, by="root")

    run = evaluate(services, ana, judge, TEXT)

    assert run.results
    used = run.results.token_usage
    assert run.results.cost == pytest.approx((used.prompt * 2 + used.completion * 10) / 1e6)


def test_the_cost_is_that_of_the_model_that_was_asked(services: Services, ana: User, judge: Judge) -> None:
    script(services)
    services.catalog.create_model("dear", "openai", by="root", input_price=1e5, output_price=0.0)
    dear = msgspec.structs.replace(judge, parameters={"model": "dear", "custom_chain_of_thought": "T"})

    run = evaluate(services, ana, dear, TEXT)

    assert run.results
    assert run.results.cost == 10.0


def test_steps_are_kept_for_every_process(services: Services, ana: User, judge: Judge) -> None:
    first, second = script(services), None
    evaluate(services, ana, judge, TEXT)
    from console.services import build_services

    with build_services(services.settings) as other:
        second = script(other)
        evaluate(other, ana, judge, TEXT)

    assert [call.form for call in first.calls] == [False, True]
    assert [call.form for call in second.calls] == [True]


def test_pinned_steps_are_part_of_the_snapshot(services: Services, ana: User, judge: Judge) -> None:
    asked = script(services)
    services.cases.update(judge.case_id, {"metadata": {STEPS: "1. Count the words."}}, by="root")

    run = evaluate(services, ana, judge, TEXT)

    assert run.judge_snapshot.evaluation_steps == "1. Count the words."
    assert "1. Count the words." in asked.calls[0].prompt


def test_similarity_needs_no_provider(services: Services, ana: User) -> None:
    case = new_case(services)
    metric, model = services.catalog.metric_named("similarity"), services.catalog.create_model("none", "other", by="a")
    judge = services.judges.create(name="Near", case=case, metric=metric, model=model, parameters={}, by="a")

    same = evaluate(services, ana, judge, Artifact(evaluation_target="A cat.", expected_output="A cat."))
    alone = evaluate(services, ana, judge, Artifact(evaluation_target="A cat."))

    assert same.results
    assert same.results.final_score == pytest.approx(5.0, abs=1e-3)
    assert same.results.scoring_mode == "similarity"
    assert "There is no reference to compare" in (alone.error_message or "")


# --- again -----------------------------------------------------------------------------------------------------


def test_a_run_is_repeated_under_its_snapshot(services: Services, ana: User, judge: Judge) -> None:
    script(services, 2)
    before = evaluate(services, ana, judge, TEXT)
    services.cases.update(judge.case_id, {"evaluation_criteria": "Something else."}, by="root")
    script(services, 4)

    pair = rerun(services, ana, before, as_then=True)

    assert pair.after.judge_snapshot == before.judge_snapshot
    assert (pair.difference, pair.flipped) == (0.5, True)
    assert pair.after.run_id != before.run_id


def test_a_run_is_repeated_by_the_judge_of_today(services: Services, ana: User, judge: Judge) -> None:
    script(services)
    before = evaluate(services, ana, judge, TEXT)
    services.judges.update(judge.judge_id, {"parameters": {"n_responses": 2}}, by="root")

    pair = rerun(services, ana, before, as_then=False)

    assert (before.judge_snapshot.version, pair.after.judge_snapshot.version) == ("1.0", "2.0")
    assert pair.after.results
    assert len(pair.after.results.all_responses) == 2
    assert (pair.difference, pair.flipped) == (0.0, False)


@pytest.mark.parametrize(
    ("kept", "deactivated", "in_force"),
    [(None, True, 0.5), (0.25, True, 0.25), (None, False, 0.75), (0.25, False, 0.75)],
    ids=["neither: that of a new case", "the snapshot's", "the case's", "the case's, not the snapshot's"],
)
def test_the_threshold_in_force_is_the_case_s_then_the_snapshot_s_and_never_none(
    services: Services, ana: User, kept: float | None, deactivated: bool, in_force: float
) -> None:
    case = new_case(services, threshold=0.75)
    script(services, 1)
    before = evaluate(services, ana, new_judge(services, case), TEXT)
    old = msgspec.structs.replace(before, judge_snapshot=msgspec.structs.replace(before.judge_snapshot, threshold=kept))
    if deactivated:
        services.cases.deactivate(case.case_id, by="root")

    after = rerun(services, ana, old, as_then=True).after

    assert (after.evaluation_status, after.judged_threshold) == (Verdict.FAIL, in_force)


def test_a_failure_has_no_difference(services: Services, ana: User, judge: Judge) -> None:
    script(services)
    before = evaluate(services, ana, judge, TEXT)
    services.judging.providers.known["openai"] = ScriptedProvider(breaks)

    pair = rerun(services, ana, before, as_then=True)

    assert (pair.difference, pair.flipped) == (None, False)


def test_a_selection_is_repeated_in_its_order(services: Services, ana: User, judge: Judge) -> None:
    script(services)
    runs = [evaluate(services, ana, judge, Artifact(evaluation_target=text)) for text in ("a", "b", "c")]
    seen: list[tuple[int, int]] = []

    pairs = rerun_many(
        services, ana, [run.run_id for run in runs], as_then=True, progress=lambda *done: seen.append(done)
    )

    assert [pair.before for pair in pairs] == runs
    assert [pair.after.evaluated_artifact.evaluation_target for pair in pairs] == ["a", "b", "c"]
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_too_large_a_selection_is_refused(services: Services, ana: User) -> None:
    with pytest.raises(InvalidInput, match="choose 1 to 50"):
        rerun_many(services, ana, list(range(51)), as_then=True)


def test_a_judge_that_is_gone_cannot_judge_as_it_is_now(services: Services, ana: User, judge: Judge) -> None:
    script(services)
    run = evaluate(services, ana, judge, TEXT)
    services.judges.deactivate(judge.judge_id, by="root")

    with pytest.raises(NotFound):
        rerun(services, ana, run, as_then=False)

    assert len(services.runs.list(RunFilter()).items) == 1


def test_one_begins_with_the_judge_used_last_or_with_one_that_works(console_services: Services) -> None:
    services = console_services
    ana = new_user(services, "ana", Role.EVALUATOR)
    case = new_case(services)
    keyed = new_judge(services, case)
    keyless = new_judge(services, case, "Local", "llama")
    services.judges.update(
        keyless.judge_id, {"llm": msgspec.structs.replace(keyless.llm, type="ollama")}, by="ana", revision=None
    )
    judges = services.judges.list()
    assert first_judge(services, judges, "ana") == keyless.judge_id

    services.judging.providers.known["openai"] = ScriptedProvider(scripted.always(4))
    evaluate(services, ana, keyed, Artifact(evaluation_target="A text."))

    assert first_judge(services, judges, "ana") == keyed.judge_id
    assert first_judge(services, judges, "bo") == keyless.judge_id


def test_a_run_is_repeated_by_any_version_of_its_judge(services: Services, ana: User, judge: Judge) -> None:
    script(services)
    before = evaluate(services, ana, judge, Artifact(evaluation_target="A text."))
    newer = services.judges.update(judge.judge_id, {"description": "Stricter."}, by="ana")

    known = judges_for(services, before)
    assert [(one.judge_id, one.version) for one in known][:2] == [
        (judge.judge_id, newer.version),
        (judge.judge_id, judge.version),
    ]
    pair = rerun(services, ana, before, as_then=False, judge=known[1])
    assert pair.after.judge_snapshot.version == judge.version


def test_what_is_missing_is_said_before_an_evaluation(services: Services, judge: Judge) -> None:
    assert preflight(services, judge, reference=False, provider=False) == []
    services.cases.update(judge.case_id, {"requires_reference": True}, by="ana")
    (line,) = preflight(services, judge, reference=False, provider=False)
    assert "The case asks for a reference" in line
    assert preflight(services, judge, reference=True, provider=False) == []
    compared = msgspec.structs.replace(judge, metric=msgspec.structs.replace(judge.metric, type="similarity"))
    (line,) = preflight(services, compared, reference=False)
    assert "compares the text with a reference" in line
