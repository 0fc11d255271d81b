"""G-Eval as a whole: steps once, the form, the modes, what is kept, what fails. The judge is scripted."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable

import msgspec
import pytest

from console.errors import JudgingError, Unscored
from console.judging.geval import GEval
from console.judging.judging import Judging
from console.judging.kept import KeptInMemory
from console.judging.logprobs import Token
from console.judging.providers.port import Call, Capabilities, Choice, Providers, Reply, Stop, Support
from console.records import Artifact, EvaluationParameters, LlmRef, MetricRef, ScoreRange, Snapshot, TokenUsage
from tests.support import scripted
from tests.support.scripted import ScriptedProvider
from tests.support.tier import artifact, snapshot

SOMETIMES = {"4": 0.6, "5": 0.4}
NO_LOGPROBS = Capabilities(logprobs=Support.NO)
MAYBE = Capabilities(logprobs=Support.MAYBE)


def judge(**parameters: object) -> Snapshot:
    return snapshot(
        task_introduction="You judge {an answer}.",
        evaluation_criteria="Is it helpful?",
        case_version="1.0",
        parameters={"n_responses": 2, **parameters},
    )


def provider(
    script: Callable[[Call], Reply] | None = None, capabilities: Capabilities = scripted.EVERYTHING
) -> ScriptedProvider:
    return ScriptedProvider(script or scripted.weighted(SOMETIMES, "Good."), capabilities)


def says(*contents: str) -> Callable[[Call], Reply]:
    """Steps, then these replies."""
    return lambda call: scripted.replied(contents if call.form else ["1. Read."])


# --- scores and modes ------------------------------------------------------------------------------------------


def test_the_score_is_the_mean_of_the_weighted_responses() -> None:
    found = GEval().evaluate(judge(), artifact(), provider())

    assert found.final_score == pytest.approx(4.4)
    assert found.final_score_normalized == pytest.approx(0.85)
    assert found.all_responses == pytest.approx([4.4, 4.4])


def test_everything_that_was_measured_is_kept() -> None:
    found = GEval().evaluate(judge(), artifact(), provider())

    assert found.distribution == pytest.approx({"4": 0.6, "5": 0.4})
    assert found.distributions == [pytest.approx({"4": 0.6, "5": 0.4})] * 2
    assert found.captured_mass == pytest.approx([1.0, 1.0])
    assert found.reasons == ["Good.", "Good."]
    assert found.scoring_mode == "logprobs"
    assert found.execution_time_seconds is not None


def test_tokens_are_those_of_both_calls() -> None:
    found = GEval().evaluate(judge(), artifact(), provider())

    assert found.token_usage == TokenUsage(prompt=200, completion=40, total=240)  # steps 100+20, form 100+20


def test_without_log_probabilities_several_responses_are_samples() -> None:
    found = GEval().evaluate(judge(), artifact(), provider(says('{"score":4}', '{"score":5}'), NO_LOGPROBS))

    assert (found.scoring_mode, found.final_score, found.distributions) == ("sampled", 4.5, [])
    assert found.distribution == {"4": 0.5, "5": 0.5}


def test_one_response_without_log_probabilities_is_single() -> None:
    found = GEval().evaluate(judge(n_responses=1), artifact(), provider(says('{"score":4}'), NO_LOGPROBS))

    assert (found.scoring_mode, found.final_score) == ("single", 4.0)


def test_a_provider_that_always_gives_log_probabilities_fails_without_them() -> None:
    silent = provider(lambda call: Reply([Choice('{"score":4}')], TokenUsage()))

    with pytest.raises(Unscored, match=r"^No logprobs available for choice\. G-EVAL requires logprobs=True"):
        GEval().evaluate(judge(custom_chain_of_thought="Think."), artifact(), silent)


def test_a_model_that_gives_none_is_scored_from_its_samples_and_not_asked_for_them_again() -> None:
    sometimes = provider(lambda call: Reply([Choice('{"score":4}')] * call.n, TokenUsage()), MAYBE)
    geval = GEval()

    modes = [geval.evaluate(judge(custom_chain_of_thought="T"), artifact(), sometimes).scoring_mode for _ in "12"]

    assert modes == ["sampled", "sampled"]
    assert [call.top_logprobs for call in sometimes.calls] == [5, 5, None]  # it might have been left out by chance


def test_log_probabilities_that_are_missing_once_are_asked_for_again() -> None:
    usual, calls = scripted.weighted(SOMETIMES), iter(range(9))
    flaky = provider(lambda call: usual(call) if next(calls) % 2 else Reply([Choice('{"score":4}')], TokenUsage()))

    found = GEval().evaluate(judge(n_responses=1, custom_chain_of_thought="T"), artifact(), flaky)

    assert (found.scoring_mode, found.final_score) == ("logprobs", pytest.approx(4.4))


def test_a_judge_keeps_its_mode_and_a_run_that_differs_says_so() -> None:
    silent = Reply([Choice('{"score":4}')], TokenUsage())
    usual = scripted.weighted(SOMETIMES)(Call("m", "p", form=True, top_logprobs=5))
    replies = iter([usual, silent, silent, usual])
    changing = provider(lambda call: next(replies), MAYBE)
    geval, judged = GEval(), judge(n_responses=1, custom_chain_of_thought="T")

    runs = [geval.evaluate(judged, artifact(), changing) for _ in range(3)]

    assert [run.scoring_mode for run in runs] == ["logprobs", "single", "logprobs"]
    assert geval.mode(judged) == "logprobs"
    assert any("leave it out of means" in note for note in runs[1].notes)
    assert not runs[2].notes


def test_a_mode_that_another_process_decided_on_holds() -> None:
    modes, silent = KeptInMemory(), provider(says('{"score":4}', '{"score":5}'), NO_LOGPROBS)
    GEval(modes=modes).evaluate(judge(), artifact(), silent)
    able = provider()

    found = GEval(modes=modes).evaluate(judge(), artifact(), able)

    assert (found.scoring_mode, able.calls[-1].top_logprobs) == ("sampled", None)


def test_too_little_captured_is_scored_from_the_stated_numbers_and_says_so() -> None:
    four = Token("4", math.log(0.4), [("null", math.log(0.6)), ("4", math.log(0.4))])
    choice = Choice('{"score":4}', tokens=[Token('{"score":', 0.0), four, Token("}", 0.0)])
    vague = provider(lambda call: Reply([choice] * call.n, TokenUsage()))

    found = GEval().evaluate(judge(custom_chain_of_thought="T"), artifact(), vague)

    assert (found.scoring_mode, found.final_score, found.captured_mass) == ("sampled", 4.0, pytest.approx([0.4, 0.4]))
    assert found.notes[0] == "Scored from the stated numbers: only 40% of the probability was on the scale."


def test_a_number_off_the_scale_with_some_probability_on_it_is_scored_as_of_old_and_says_so() -> None:
    six = Token("6", math.log(0.8), [("6", math.log(0.8)), ("5", math.log(0.2))])
    choice = Choice('{"score":6}', tokens=[Token('{"score":', 0.0), six, Token("}", 0.0)])
    high = provider(lambda call: Reply([choice] * call.n, TokenUsage()))

    found = GEval().evaluate(judge(custom_chain_of_thought="T"), artifact(), high)

    assert (found.scoring_mode, found.final_score) == ("logprobs", 5.0)
    assert found.notes == ["The stated numbers are off the scale: this is the mean over the 20% that is on it."]


@pytest.mark.parametrize("score", ['"4/10"', '"80%"'])
def test_a_number_of_another_scale_is_no_score_whatever_its_probabilities(score: str) -> None:
    with pytest.raises(Unscored, match=r"scored 4 of 10, on a scale that ends at 5|per cent"):
        GEval().evaluate(judge(custom_chain_of_thought="T"), artifact(), provider(says(f'{{"score":{score}}}')))


def test_modes_are_never_mixed_within_a_run() -> None:
    first = scripted.weighted(SOMETIMES)(Call("m", "p", form=True, top_logprobs=5)).choices[0]
    mixed = provider(lambda call: Reply([first, Choice('{"score":1}')], TokenUsage()), MAYBE)

    found = GEval().evaluate(judge(custom_chain_of_thought="T"), artifact(), mixed)

    assert (found.scoring_mode, found.all_responses) == ("logprobs", pytest.approx([4.4]))
    (note,) = found.notes
    assert note.startswith("1 of 2 responses had no score: No logprobs available for choice.")


def test_the_judge_may_choose_samples() -> None:
    asked = provider(says('{"score":4}', '{"score":4}'))

    assert GEval().evaluate(judge(scoring_mode="sampled"), artifact(), asked).scoring_mode == "sampled"
    assert asked.calls[-1].top_logprobs is None


def test_a_provider_that_gives_fewer_responses_is_asked_again() -> None:
    one = provider(lambda call: scripted.weighted(SOMETIMES)(of_one(call)))

    found = GEval().evaluate(judge(n_responses=3, custom_chain_of_thought="T"), artifact(), one)

    assert len(found.all_responses) == 3
    assert [call.n for call in one.calls] == [3, 2, 1]


def of_one(call: Call) -> Call:
    return Call(call.model, call.prompt, form=call.form, top_logprobs=call.top_logprobs, n=1)


def test_a_provider_that_gives_no_response_at_all_is_not_asked_for_ever() -> None:
    with pytest.raises(Unscored, match="no reply at all"):
        GEval().evaluate(judge(custom_chain_of_thought="T"), artifact(), provider(lambda call: Reply([], TokenUsage())))


def test_more_responses_than_asked_for_are_left() -> None:
    many = provider(says('{"score":1}', '{"score":2}', '{"score":5}'), NO_LOGPROBS)

    assert GEval().evaluate(judge(), artifact(), many).all_responses == [1.0, 2.0]


def test_all_of_the_probability_off_the_scale_is_a_failure_in_the_old_words() -> None:
    off = snapshot(score_range=ScoreRange(min=6, max=9), parameters={"n_responses": 1, "custom_chain_of_thought": "T"})
    tokens = provider(lambda call: scripted.replied(['{"score":4,"reason":"x"}']))

    with pytest.raises(Unscored, match=r"valid numerical score tokens in range \[6, 9\] at token position"):
        GEval().evaluate(off, artifact(), tokens)


def test_a_sample_off_the_scale_is_no_score() -> None:
    with pytest.raises(Unscored, match="The score 7 is outside of 1 to 5"):
        GEval().evaluate(judge(), artifact(), provider(says('{"score":7}', '{"score":7}'), NO_LOGPROBS))


def test_a_response_without_a_score_is_left_out_and_said() -> None:
    found = GEval().evaluate(judge(), artifact(), provider(says('{"score":5}', "Sorry."), NO_LOGPROBS))

    assert found.all_responses == [5.0]
    assert found.notes == ["1 of 2 responses had no score: The judge's reply is not the JSON object asked for."]


def test_junk_is_a_failure_that_keeps_the_reply() -> None:
    with pytest.raises(Unscored) as caught:
        GEval().evaluate(judge(), artifact(), provider(says("Four out of five.", "Five!")))

    assert caught.value.reply == "Four out of five."
    assert "None of 2 responses had a score." in str(caught.value)


def test_a_refusal_is_a_failure_with_its_words() -> None:
    refused = provider(lambda call: Reply([Choice("", refusal="I cannot help.")] * call.n, TokenUsage()))

    with pytest.raises(Unscored, match="refused to judge: I cannot help"):
        GEval().evaluate(judge(custom_chain_of_thought="T"), artifact(), refused)


def test_a_judge_without_a_single_score_is_asked_again_behind_another_fence() -> None:
    replies = iter(["Hm.", '{"score":4}'])
    one = provider(lambda call: scripted.replied([next(replies)]), NO_LOGPROBS)

    found = GEval().evaluate(judge(n_responses=1, custom_chain_of_thought="T"), artifact(), one)

    assert found.final_score == 4.0
    assert found.notes == ["The judge was asked again, because no response had a score."]
    assert len({call.prompt for call in one.calls}) == 2


@pytest.mark.parametrize(
    ("choice", "calls"),
    [(Choice("Junk."), 3), (Choice("", refusal="No."), 1), (Choice('{"reason": "long', stop=Stop.LENGTH), 1)],
)
def test_asking_again_ends_and_is_left_where_it_cannot_help(choice: Choice, calls: int) -> None:
    one = provider(lambda call: Reply([choice] * call.n, TokenUsage()), NO_LOGPROBS)

    with pytest.raises(Unscored):
        GEval().evaluate(judge(custom_chain_of_thought="T"), artifact(), one)

    assert len(one.calls) == calls


# --- steps -----------------------------------------------------------------------------------------------------


def test_steps_are_written_once_for_many_texts() -> None:
    asked, geval = provider(), GEval()

    for text in ("one", "two", "three"):
        geval.evaluate(judge(), artifact(text), asked)

    assert [call.form for call in asked.calls] == [False, True, True, True]


def test_steps_are_asked_for_as_the_old_system_did() -> None:
    asked = provider()
    GEval().evaluate(judge(), artifact(), asked)

    steps = asked.calls[0]
    assert (steps.role, steps.temperature, steps.max_tokens, steps.n) == ("user", 0.7, 1000, 1)
    assert asked.calls[1].role == "system"


def test_other_criteria_have_steps_of_their_own() -> None:
    asked, geval = provider(), GEval()

    geval.evaluate(judge(), artifact(), asked)
    geval.evaluate(msgspec.structs.replace(judge(), evaluation_criteria="Is it short?"), artifact(), asked)

    assert [call.form for call in asked.calls] == [False, True, False, True]


def test_a_given_chain_of_thought_skips_the_call() -> None:
    asked = provider()
    found = GEval().evaluate(judge(custom_chain_of_thought="Schritt 1: {lies}."), artifact(), asked)

    assert [call.form for call in asked.calls] == [True]
    assert "Schritt 1: {lies}." in (found.prompt_used or "")


def test_pinned_steps_skip_the_call() -> None:
    asked = provider()
    GEval().evaluate(msgspec.structs.replace(judge(), evaluation_steps="1. Count."), artifact(), asked)

    assert ["1. Count." in call.prompt for call in asked.calls] == [True]


def test_sixteen_texts_at_once_ask_for_steps_once() -> None:
    asked, geval = provider(), GEval()
    threads = [threading.Thread(target=geval.evaluate, args=(judge(), artifact(), asked)) for _ in range(16)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]

    assert sum(not call.form for call in asked.calls) == 1


def test_no_steps_is_a_failure_that_says_what_to_do() -> None:
    with pytest.raises(JudgingError, match="wrote no evaluation steps"):
        GEval().evaluate(judge(), artifact(), provider(lambda call: scripted.replied([" "])))


@pytest.mark.parametrize(
    "written",
    [
        "<think>Is the score 1 always?</think>\n1. Read.",
        "Hm.\n</think>1. Read.",
        "[THINK]Hm[/THINK]\n1. Read.",
        "1. Read.",
    ],
)
def test_what_was_thought_on_the_way_is_no_step(written: str) -> None:
    geval = GEval()

    assert geval.steps(judge(), provider(lambda call: scripted.replied([written]))) == "1. Read."


def test_steps_that_were_cut_off_are_asked_for_again_with_room() -> None:
    cut = Reply([Choice("1. Read the te", stop=Stop.LENGTH)], TokenUsage())
    asked = provider(lambda call: cut if call.max_tokens < 400 else scripted.replied(["1. Read."]))

    assert GEval().steps(judge(steps_max_tokens=100), asked) == "1. Read."
    assert [call.max_tokens for call in asked.calls] == [100, 400]


def test_steps_that_are_cut_off_again_are_refused() -> None:
    cut = Reply([Choice("1. Read the te", stop=Stop.LENGTH)], TokenUsage())

    with pytest.raises(JudgingError, match=r"cut off at 4000 tokens\.\nRaise the judge's parameter steps_max_tokens"):
        GEval().steps(judge(), provider(lambda call: cut))


def test_reasoning_that_never_ends_is_no_step() -> None:
    with pytest.raises(JudgingError, match="wrote no evaluation steps"):
        GEval().steps(judge(), provider(lambda call: scripted.replied(["<think>Okay, the user wants"])))


# --- parameters ------------------------------------------------------------------------------------------------


def test_the_old_parameters_mean_what_they_meant() -> None:
    asked = provider()
    given = {"temperature": 0.3, "max_tokens": 50, "top_p": 0.9, "frequency_penalty": 0.1, "presence_penalty": 0.2}
    GEval().evaluate(judge(**given, n_responses=4, rate_limit_sleep=2, retry_attempts=1), artifact(), asked)

    call = asked.calls[-1]
    assert (call.temperature, call.max_tokens, call.top_p, call.n) == (0.3, 50, 0.9, 4)
    assert (call.frequency_penalty, call.presence_penalty) == (0.1, 0.2)
    assert (call.rate_limit_sleep, call.retries) == (2, 1)


def test_a_judge_without_parameters_has_the_old_defaults() -> None:
    asked = provider()
    GEval().evaluate(snapshot(parameters={}, evaluation_parameters=EvaluationParameters()), artifact(), asked)

    call = asked.calls[-1]
    assert (call.temperature, call.max_tokens, call.top_p, call.n, call.top_logprobs) == (2.0, 2500, 1.0, 10, 5)


def test_a_longer_scale_asks_for_more_alternatives() -> None:
    asked = provider()
    GEval().evaluate(msgspec.structs.replace(judge(), score_range=ScoreRange(min=1, max=10)), artifact(), asked)

    assert asked.calls[-1].top_logprobs == 20


def test_another_model_may_be_named() -> None:
    asked = provider()
    GEval().evaluate(judge(model="fail-500"), artifact(), asked)

    assert {call.model for call in asked.calls} == {"fail-500"}


def test_there_is_a_pause_between_calls_and_none_before_the_first() -> None:
    slept: list[float] = []
    GEval(sleep=slept.append).evaluate(judge(sleep_time=0.5), artifact(), provider())

    assert slept == [0.5]


def test_a_parameter_of_the_wrong_kind_is_a_clear_failure() -> None:
    with pytest.raises(JudgingError, match=r"parameter temperature cannot be 'hot': Expected `float`, got `str`"):
        GEval().evaluate(judge(temperature="hot"), artifact(), provider())


def test_a_parameter_out_of_range_is_a_clear_failure() -> None:
    with pytest.raises(JudgingError, match="parameter n_responses cannot be 0"):
        GEval().evaluate(judge(n_responses=0), artifact(), provider())


def test_a_parameter_that_means_nothing_is_ignored_with_a_note() -> None:
    found = GEval().evaluate(judge(colour="red"), artifact(), provider())

    assert found.notes == ["The parameter colour means nothing here and was ignored."]


# --- the prompt ------------------------------------------------------------------------------------------------


def prompt_for(given: Artifact, **fields: object) -> str:
    asked = provider()
    GEval().evaluate(msgspec.structs.replace(judge(), **fields), given, asked)
    return asked.calls[-1].prompt


def test_the_prompt_has_the_task_the_criteria_the_steps_and_the_scale() -> None:
    prompt = prompt_for(artifact("A text with {braces}."))

    for part in ("You judge {an answer}.", "Is it helpful?", "2. Compare it", "from 1 to 5", "A text with {braces}."):
        assert part in prompt


def test_the_reference_is_shown_when_the_case_requires_one() -> None:
    both = artifact("Mine.", expected_output="Yours.")

    assert "Yours." in prompt_for(both, requires_reference=True)
    assert "Yours." not in prompt_for(both, requires_reference=False)


def test_a_missing_reference_leaves_the_text_alone() -> None:
    assert "REFERENCE" not in prompt_for(artifact("Mine.", expected_output=""), requires_reference=True)


def test_the_same_judge_asks_for_the_same_text_in_the_same_words() -> None:
    assert prompt_for(artifact("Same.")) == prompt_for(artifact("Same."))


def test_another_text_has_other_delimiters() -> None:
    first, second = prompt_for(artifact("One.")), prompt_for(artifact("Two."))

    assert first.split("<<<TEXT ")[1][:16] != second.split("<<<TEXT ")[1][:16]


# --- the metrics -----------------------------------------------------------------------------------------------


def test_judging_goes_by_the_metric_and_the_provider() -> None:
    judging = Judging(Providers(pytest.fail, {"openai": provider()}), lambda: pytest.fail("no"))

    found = judging.evaluate(
        snapshot(metric=MetricRef(id="m", type="geval"), llm=LlmRef(id="l", type="openai", model="x")), artifact()
    )

    assert found.scoring_mode == "logprobs"
