"""The OpenAI-compatible provider against a server of our own: what is sent, what a model refuses, what fails how."""

from __future__ import annotations

from typing import Any

import pytest

from console.config import Settings
from console.errors import JudgingError
from console.judging.geval import GEval
from console.judging.judging import providers
from console.judging.providers.openai_api import OpenAiProvider
from console.judging.providers.port import CAPABILITIES, Address, Call, Capabilities, Support, address
from tests.support.openai_server import Answer, Body, OpenAiServer, completion, refusal
from tests.support.tier import artifact, snapshot

pytestmark = pytest.mark.usefixtures("closed_clients")

FORM = Call("gpt-4o", "Judge this.", n=2, top_logprobs=5, form=True, frequency_penalty=0.0, presence_penalty=0.0)


def provider(
    server: OpenAiServer,
    capabilities: Capabilities = CAPABILITIES["openai"],
    *,
    slept: list[float] | None = None,
    timeout: float = 5.0,
) -> OpenAiProvider:
    waits: list[float] = [] if slept is None else slept
    return OpenAiProvider("openai", Address(server.url, "key"), capabilities, timeout=timeout, sleep=waits.append)


def failing(server: OpenAiServer, *answers: Answer) -> None:
    """The server gives these answers, then the usual ones."""
    left = iter(answers)
    server.answer = lambda body: next(left, None) or completion(body)


# --- what is sent ----------------------------------------------------------------------------------------------


def test_a_form_is_asked_for_with_everything(server: OpenAiServer) -> None:
    reply = provider(server).complete(FORM)

    (body,) = server.bodies
    assert (body["n"], body["logprobs"], body["top_logprobs"], body["max_tokens"]) == (2, True, 5, 1000)
    assert body["response_format"]["type"] == "json_schema"
    assert body["messages"] == [{"role": "system", "content": "Judge this."}]
    assert [len(choice.tokens or ()) for choice in reply.choices] == [9, 9]
    assert reply.usage.total == 120


def test_a_limited_provider_is_sent_what_it_takes(server: OpenAiServer) -> None:
    provider(server, CAPABILITIES["anthropic"]).complete(Call("claude", "Judge.", n=3, temperature=2.0, form=True))

    (body,) = server.bodies
    assert (body["temperature"], body["messages"][0]["role"]) == (1.0, "user")
    assert {"n", "response_format", "frequency_penalty"}.isdisjoint(body)


def refuses(*names: str) -> Any:
    """A server that knows no such parameters."""

    def answer(body: Body) -> Answer:
        found = next((name for name in names if name in body), None)
        message = f"Unsupported parameter: '{found}' is not supported with this model."
        return refusal(400, message, param=found, code="unsupported_parameter") if found else completion(body)

    return answer


@pytest.mark.parametrize("name", ["temperature", "n", "logprobs", "top_p", "frequency_penalty", "presence_penalty"])
def test_a_refused_parameter_is_left_out_from_then_on(server: OpenAiServer, name: str) -> None:
    server.answer = refuses(name)
    asked = provider(server)

    asked.complete(FORM)
    asked.complete(FORM)

    assert [name in body for body in server.bodies] == [True, False, False]


def test_a_reasoning_model_is_learned_step_by_step(server: OpenAiServer) -> None:
    server.answer = refuses("max_tokens", "temperature", "top_p", "logprobs", "frequency_penalty", "presence_penalty")

    provider(server).complete(FORM)

    assert server.bodies[-1]["max_completion_tokens"] == 1000
    assert {"temperature", "top_p", "logprobs", "top_logprobs", "max_tokens"}.isdisjoint(server.bodies[-1])


def test_structured_output_gives_way_in_two_steps(server: OpenAiServer) -> None:
    server.answer = refuses("response_format")

    provider(server).complete(FORM)

    forms = [body.get("response_format", {}).get("type") for body in server.bodies]
    assert forms == ["json_schema", "json_object", None]


def test_what_one_model_refuses_another_is_still_sent(server: OpenAiServer) -> None:
    asked = provider(server)
    server.answer = refuses("temperature")
    asked.complete(FORM)
    server.answer = completion
    asked.complete(Call("another", "Judge."))

    assert "temperature" in server.bodies[-1]


def test_a_refusal_that_only_names_the_parameter_in_words_is_understood(server: OpenAiServer) -> None:
    failing(server, refusal(400, 'Invalid JSON payload received. Unknown name "logprobs": Cannot find field.'))

    provider(server).complete(FORM)

    assert "logprobs" not in server.bodies[-1]


def test_a_value_that_a_model_does_not_take_is_left_out_and_said(server: OpenAiServer) -> None:
    wrong = "Invalid 'temperature': expected a value from 0 to 1, but got 2."
    failing(server, refusal(400, wrong, param="temperature", code="value_out_of_range"))

    reply = provider(server).complete(Call("m", "p", temperature=2.0))

    assert ["temperature" in body for body in server.bodies] == [True, False]
    assert reply.refused == {"temperature"}


def test_a_refusal_that_names_nothing_is_found_out_and_remembered(server: OpenAiServer) -> None:
    def answer(body: Body) -> Answer:
        return refusal(400, "Bad request.") if "top_p" in body else completion(body)

    server.answer = answer
    asked = provider(server)
    asked.complete(FORM)
    tried = len(server.bodies)
    asked.complete(FORM)

    assert tried <= 10
    assert len(server.bodies) == tried + 1
    assert {"n", "temperature", "logprobs", "response_format"} <= set(server.bodies[-1])


def test_two_refusals_that_name_nothing_are_found_out_together(server: OpenAiServer) -> None:
    def answer(body: Body) -> Answer:
        return refusal(422, "No.") if {"top_p", "n"} & set(body) else completion(body)

    server.answer = answer

    assert provider(server).complete(FORM).choices


def test_what_no_parameter_explains_is_looked_into_once(server: OpenAiServer) -> None:
    server.answer = lambda body: refusal(400, "Invalid request.")
    asked = provider(server)
    for _ in range(2):
        with pytest.raises(JudgingError, match="refused the call: Invalid request"):
            asked.complete(FORM)

    assert len(server.bodies) <= 13


@pytest.mark.parametrize(
    ("message", "name", "value"),
    [
        ("max_tokens is too large: 1000. This model supports at most 500 completion tokens.", "max_tokens", 500),
        ("max_tokens: 1000 > 512, which is the maximum allowed number of output tokens", "max_tokens", 512),
        ("Requested sample logprobs of 5, which is greater than max allowed: 3", "top_logprobs", 3),
        ("Field 'n': Value must be between 1 <= value <= 1", "n", 1),
        ("'n' : number must be at most 1", "n", 1),
    ],
)
def test_a_limit_is_kept_to(server: OpenAiServer, message: str, name: str, value: int) -> None:
    failing(server, refusal(400, message))

    provider(server).complete(FORM)

    assert server.bodies[-1][name] == value


@pytest.mark.parametrize(
    "body",
    [
        [{"error": {"code": 400, "message": 'Unknown name "logprobs": Cannot find field.', "status": "INVALID"}}],
        {"object": "error", "message": {"detail": [{"type": "extra", "loc": ["body", "logprobs"], "msg": "Extra"}]}},
        {"detail": [{"loc": ["body", "logprobs"], "msg": "extra fields not permitted"}]},
        {"error": "logprobs is not supported"},
        {"message": "This model does not support logprobs."},
        {"errors": [{"message": "logprobs unavailable"}]},
        "logprobs?",
    ],
)
def test_a_refusal_is_read_wherever_it_stands(server: OpenAiServer, body: Any) -> None:
    failing(server, (400, {}, body))

    provider(server).complete(FORM)

    assert ["logprobs" in sent for sent in server.bodies] == [True, False]


def test_a_model_that_refuses_log_probabilities_is_scored_from_samples(server: OpenAiServer) -> None:
    server.answer = refuses("logprobs")
    judged = snapshot(parameters={"n_responses": 3, "custom_chain_of_thought": "T"})

    found = GEval().evaluate(judged, artifact(), provider(server, Capabilities(logprobs=Support.MAYBE)))

    assert (found.scoring_mode, len(found.all_responses)) == ("sampled", 3)


def test_a_model_that_refuses_several_responses_is_asked_for_each(server: OpenAiServer) -> None:
    server.answer = refuses("n")
    judged = snapshot(parameters={"n_responses": 3, "custom_chain_of_thought": "T"})

    found = GEval().evaluate(judged, artifact(), provider(server))

    assert (len(found.all_responses), len(server.bodies)) == (3, 4)


def test_a_seed_is_another_for_each_call_of_one_evaluation(server: OpenAiServer) -> None:
    server.answer = refuses("n")
    judged = snapshot(parameters={"n_responses": 3, "custom_chain_of_thought": "T", "seed": 7})

    GEval().evaluate(judged, artifact(), provider(server))

    assert [body["seed"] for body in server.bodies] == [7, 7, 8, 9]


def test_replies_that_together_are_too_long_are_asked_for_one_by_one(server: OpenAiServer) -> None:
    too_long = (500, {}, {"error": {"code": 500, "message": "Context size has been exceeded.", "type": "server_error"}})
    server.answer = lambda body: too_long if body.get("n", 1) > 1 else completion(body)

    assert len(provider(server).complete(FORM).choices) == 1
    assert len(server.bodies) == 2


# --- what fails how --------------------------------------------------------------------------------------------


def test_a_rate_limit_waits_as_long_as_the_server_asks(server: OpenAiServer) -> None:
    slept: list[float] = []
    failing(server, refusal(429, "Slow down.", headers={"Retry-After": "7"}))

    provider(server, slept=slept).complete(FORM)

    assert slept == [7.0]


def test_a_rate_limit_waits_at_least_as_long_as_the_judge_says(server: OpenAiServer) -> None:
    slept: list[float] = []
    failing(server, refusal(429, "Slow down."), refusal(429, "Slow down.", headers={"Retry-After": "1"}))

    provider(server, slept=slept).complete(Call("m", "p", rate_limit_sleep=5.0))

    assert slept == [5.0, 5.0]


def test_a_wait_in_milliseconds_or_as_a_date_is_understood(server: OpenAiServer) -> None:
    slept: list[float] = []
    failing(
        server,
        refusal(429, "Slow down.", headers={"Retry-After-Ms": "250"}),
        refusal(503, "Busy.", headers={"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}),
    )

    provider(server, slept=slept).complete(FORM)

    assert slept == [0.25, 0.0]


def test_a_wait_of_an_hour_is_a_failure_now_that_says_how_long(server: OpenAiServer) -> None:
    slept: list[float] = []
    failing(server, refusal(429, "Come back later.", headers={"Retry-After": "3600"}))

    with pytest.raises(
        JudgingError, match=r"rate limit was reached: Come back later\. \(HTTP 429; (?s:.*)3600 seconds"
    ):
        provider(server, slept=slept).complete(FORM)

    assert slept == []


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        (refusal(429, "Slow.", headers={"x-ratelimit-reset-requests": "1s"}), 1.0),
        (refusal(429, "Slow.", headers={"x-ratelimit-reset-tokens": "1m2.5s"}), 62.5),
        (refusal(429, "Slow.", headers={"Retry-After": "5s"}), 5.0),
        (refusal(429, "Slow.", headers={"RateLimit-Reset": "20"}), 20.0),
        (refusal(429, "Slow.", headers={"X-RateLimit-Reset": "1300000000000"}), 0.0),
        (refusal(429, "Slow.", headers={"Retry-After": "nan"}), None),
        (refusal(429, "Slow.", headers={"Retry-After": "inf"}), None),
        (refusal(429, "Rate limit reached. Please try again in 7.2s."), 7.2),
        (refusal(429, "Please retry in 250ms"), 0.25),
        (refusal(429, "Please retry after 26 seconds."), 26.0),
        ((429, {}, [{"error": {"message": "Quota", "details": [{"retryDelay": "36s"}]}}]), 36.0),
        ((200, {}, {"error": {"message": "Provider returned error", "code": 429, "metadata": {"raw": "busy"}}}), None),
    ],
)
def test_a_wait_is_understood_wherever_it_is_said(server: OpenAiServer, answer: Answer, seconds: float | None) -> None:
    slept: list[float] = []
    failing(server, answer)

    provider(server, slept=slept).complete(Call("m", "p", rate_limit_sleep=0.0 if seconds != 62.5 else 62.5))

    assert len(slept) == 1
    assert seconds is None or slept == [seconds]


@pytest.mark.parametrize("said", ["10h17m5.72s", "2h", "617m5s"])
def test_a_wait_of_hours_in_words_is_one_of_hours(server: OpenAiServer, said: str) -> None:
    server.answer = lambda body: refusal(429, f"Slow down. Please retry in {said}.")

    with pytest.raises(JudgingError, match=r"asks to wait for (37025\.7|7200|37025) seconds"):
        provider(server).complete(FORM)

    assert len(server.bodies) == 1


def test_server_errors_are_retried_with_growing_pauses(server: OpenAiServer) -> None:
    slept: list[float] = []
    failing(server, *[refusal(500, "Oops.")] * 3)

    provider(server, slept=slept).complete(FORM)

    assert len(server.bodies) == 4
    assert 0.25 <= slept[0] <= 0.5 <= slept[1] <= 1.0 <= slept[2] <= 2.0


def test_retries_are_bounded_by_the_judge(server: OpenAiServer) -> None:
    server.answer = lambda body: refusal(500, "Oops.")

    with pytest.raises(JudgingError, match=r"The server failed: Oops\. \(HTTP 500 after 2 attempts"):
        provider(server).complete(Call("m", "p", retries=1))

    assert len(server.bodies) == 2


@pytest.mark.parametrize(
    ("status", "detail", "said"),
    [
        (401, {}, "does not accept the key.*Check the provider's key"),
        (403, {}, "The key may not do this"),
        (404, {}, "does not know the model.*Models & metrics"),
        (413, {}, "too long for the model"),
        (429, {"code": "insufficient_quota"}, "no credit left"),
    ],
)
def test_what_cannot_pass_is_not_retried_and_says_what_to_do(
    server: OpenAiServer, status: int, detail: dict[str, str], said: str
) -> None:
    server.answer = lambda body: refusal(status, "No.", **detail)

    with pytest.raises(JudgingError, match=f"(?s){said}"):
        provider(server).complete(FORM)

    assert len(server.bodies) == 1


def test_a_server_that_does_not_answer_is_given_up(server: OpenAiServer) -> None:
    server.latency = 1.0

    with pytest.raises(JudgingError, match=r"did not answer within 0\.1 seconds after 2 attempts"):
        provider(server, timeout=0.1).complete(Call("m", "p", retries=1))


def test_a_dead_server_is_said_to_be_dead(free_port: int) -> None:
    dead = OpenAiProvider(
        "other", Address(f"http://127.0.0.1:{free_port}/v1", None), Capabilities(), timeout=1.0, sleep=lambda _s: None
    )

    with pytest.raises(JudgingError, match=rf"cannot be reached after 4 attempts(?s:.*)127\.0\.0\.1:{free_port}"):
        dead.complete(FORM)


def test_an_answer_that_is_no_completion_is_said_to_be_none(server: OpenAiServer) -> None:
    server.answer = lambda body: (200, {}, {"hello": "world"})

    with pytest.raises(JudgingError, match="no chat completion") as caught:
        provider(server).complete(FORM)

    assert "hello" in (caught.value.reply or "")


# --- where providers are ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "variable"),
    [
        ("openai", "OPENAI_API_KEY"),
        ("anthropic", "ANTHROPIC_API_KEY"),
        ("google", "GOOGLE_API_KEY"),
        ("bedrock", "AWS_BEARER_TOKEN_BEDROCK"),
        ("other", "OTHER_BASE_URL"),
        ("in-house", "OTHER_BASE_URL"),
    ],
)
def test_a_provider_that_is_not_set_up_says_which_setting_is_missing(name: str, variable: str) -> None:
    with pytest.raises(JudgingError, match=f"{variable} is not set"):
        providers(Settings()).get(name)


def test_the_addresses_come_from_the_settings() -> None:
    settings = Settings.load({"AWS_REGION": "eu-west-1", "OTHER_BASE_URL": "http://models.test/v1/"})

    assert address("bedrock", settings).base_url == "https://bedrock-runtime.eu-west-1.amazonaws.com/openai/v1"
    assert address("ollama", settings).base_url == "http://127.0.0.1:11434/v1"
    assert address("in-house", settings).base_url == "http://models.test/v1"


def test_a_provider_is_made_once() -> None:
    made = providers(Settings.load({"OPENAI_API_KEY": "key"}))

    assert made.get("openai") is made.get("openai")
