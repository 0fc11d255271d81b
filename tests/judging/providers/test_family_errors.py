# ruff: noqa: E501 - the tables have messages as servers word them
"""How servers of every family fail, in the words and the form that their documents give, through a real endpoint.

For each family: a parameter that it refuses, a rate limit that passes, an account without credit, a key that is wrong,
a content filter. What follows has to be the same whatever the words.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from console.errors import JudgingError
from console.judging.providers import wire
from console.judging.providers.openai_api import OpenAiProvider
from console.judging.providers.port import Address, Call, Capabilities, Choice
from tests.support.openai_server import Answer, OpenAiServer, completion

pytestmark = pytest.mark.usefixtures("closed_clients")

CALL = Call("a-model", "Judge this.", n=2, top_logprobs=5, form=True, frequency_penalty=0.0, presence_penalty=0.0)
NOTHING: dict[str, str] = {}


@dataclass(frozen=True)
class Errors:
    """The answers of one family."""

    parameter: tuple[str, Answer]
    """A parameter, and how it is refused."""
    rate_limit: tuple[Answer, float | None]
    """With the seconds that it asks to wait, where it does."""
    credit: Answer
    key: Answer
    filtered: Answer | None = None
    """None where the family filters replies only."""


def openai(status: int, message: str, headers: dict[str, str] = NOTHING, **more: Any) -> Answer:
    return status, headers, {"error": {"message": message, "type": None, "param": None, "code": None, **more}}


def anthropic(status: int, kind: str, message: str, headers: dict[str, str] = NOTHING) -> Answer:
    error = {"type": kind, "message": message}
    return status, headers, {"type": "error", "error": error, "request_id": "req_011"}


def google(code: int, status: str, message: str, *details: dict[str, Any]) -> Answer:
    return code, {}, [{"error": {"code": code, "message": message, "status": status, "details": list(details)}}]


def bedrock(status: int, kind: str, message: str) -> Answer:
    return status, {"x-amzn-ErrorType": kind}, {"message": message, "__type": kind}


def vllm(status: int, message: str, kind: str = "BadRequestError") -> Answer:
    return status, {}, {"object": "error", "message": message, "type": kind, "param": None, "code": status}


QUOTA_OF_OPENAI = "You exceeded your current quota, please check your plan and billing details."
RETRY_OF_GOOGLE = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "7s"}
FAMILIES = {
    "OpenAI": Errors(
        parameter=("logprobs", openai(403, "You are not allowed to request logprobs from this model")),
        rate_limit=(
            openai(429, "Rate limit reached for gpt-4o on requests per min (RPM): Limit 3, Used 3. Please try again "
                   "in 20s.", type="requests", code="rate_limit_exceeded"), 20.0),
        credit=openai(429, QUOTA_OF_OPENAI, type="insufficient_quota", code="insufficient_quota"),
        key=openai(401, "Incorrect API key provided: sk-x. You can find your API key in your settings.",
                   type="invalid_request_error", code="invalid_api_key"),
        filtered=openai(400, "Invalid prompt: your prompt was flagged as potentially violating our usage policy.",
                        type="invalid_request_error", code="invalid_prompt"),
    ),
    "OpenAI, a reasoning model": Errors(
        parameter=("temperature", openai(400, "Unsupported value: 'temperature' does not support 2 with this model. "
                   "Only the default (1) value is supported.", param="temperature", code="unsupported_value")),
        rate_limit=(openai(429, "Rate limit reached", {"retry-after-ms": "1500"}, code="rate_limit_exceeded"), 1.5),
        credit=openai(429, "Your account is not active, please check your billing details on our website.",
                      type="billing_not_active", code="billing_not_active"),
        key=openai(401, "You must be a member of an organization to use the API.", code="invalid_organization"),
    ),
    "Azure OpenAI": Errors(
        parameter=("presence_penalty", openai(400, "Unrecognized request argument supplied: presence_penalty")),
        rate_limit=(
            openai(429, "Requests to the ChatCompletions_Create Operation have exceeded call rate limit of your "
                   "current OpenAI S0 pricing tier. Please retry after 26 seconds. To increase your default rate limit"
                   " visit: quotaincrease.", {"Retry-After": "26"}, code="429"), 26.0),
        credit=(403, {}, {"error": {"code": "Forbidden", "message": "The subscription is overdue: billing is not enabled."}}),
        key=(401, {}, {"error": {"code": "401", "message": "Access denied due to invalid subscription key or wrong API "
                                 "endpoint."}}),
        filtered=(400, {}, {"error": {
            "message": "The response was filtered due to the prompt triggering Azure OpenAI's content management "
            "policy. Please modify your prompt and retry.", "type": None, "param": "prompt", "code": "content_filter",
            "status": 400, "innererror": {"code": "ResponsibleAIPolicyViolation"}}}),
    ),
    "Anthropic": Errors(
        parameter=("top_p", anthropic(400, "invalid_request_error", "`temperature` and `top_p` cannot both be specified"
                   " for this model. Please use only one.")),
        rate_limit=(anthropic(429, "rate_limit_error", "This request would exceed your organization's rate limit of "
                    "50,000 input tokens per minute.", {"retry-after": "12"}), 12.0),
        credit=anthropic(400, "invalid_request_error", "Your credit balance is too low to access the Anthropic API. "
                         "Please go to Plans & Billing to upgrade or purchase credits."),
        key=anthropic(401, "authentication_error", "invalid x-api-key"),
        filtered=anthropic(400, "invalid_request_error", "Output blocked by content filtering policy"),
    ),
    "Gemini": Errors(
        parameter=("logprobs", google(400, "INVALID_ARGUMENT", 'Invalid JSON payload received. Unknown name "logprobs": '
                   "Cannot find field.")),
        rate_limit=(
            google(429, "RESOURCE_EXHAUSTED", "You exceeded your current quota, please check your plan and billing "
                   "details.", {"violations": [{"quotaId": "GenerateRequestsPerMinutePerProjectPerModel"}]},
                   RETRY_OF_GOOGLE), 7.0),
        credit=google(403, "PERMISSION_DENIED", "Permission denied: dunning decision is deny, check billing."),
        key=google(400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.",
                   {"reason": "API_KEY_INVALID", "domain": "googleapis.com"}),
    ),
    "Bedrock": Errors(
        parameter=("n", bedrock(400, "ValidationException", "Malformed input request: #: extraneous key [n] is not "
                                "permitted, please reformat your input and try again.")),
        rate_limit=(bedrock(429, "ThrottlingException", "Too many requests, please wait before trying again."), None),
        credit=bedrock(403, "AccessDeniedException", "Your account is suspended: payment required."),
        key=bedrock(403, "UnrecognizedClientException", "The security token included in the request is invalid."),
        filtered=bedrock(400, "ValidationException", "The guardrail intervened: content blocked."),
    ),
    "Mistral": Errors(
        parameter=("logprobs", (422, {}, {"object": "error", "message": {"detail": [
            {"type": "extra_forbidden", "loc": ["body", "logprobs"], "msg": "Extra inputs are not permitted"}]}})),
        rate_limit=((429, {}, {"object": "error", "message": "Requests rate limit exceeded", "type": "rate_limited",
                               "code": "1300"}), None),
        credit=(402, {}, {"detail": "You have exceeded your monthly budget. Add credits."}),
        key=(401, {}, {"detail": "Unauthorized"}),
    ),
    "Groq": Errors(
        parameter=("n", openai(400, "'n' : number must be at most 1", type="invalid_request_error")),
        rate_limit=(openai(429, "Rate limit reached for model `x` on tokens per minute (TPM): Limit 6000, Used 5900. "
                    "Please try again in 7.66s.", type="tokens", code="rate_limit_exceeded"), 7.66),
        credit=openai(429, "Rate limit reached for model `x` on tokens per day (TPD): Limit 100000. Please try again in "
                      "7m12s. Need more tokens? Upgrade at billing.", type="tokens", code="rate_limit_exceeded"),
        key=openai(401, "Invalid API Key", type="invalid_request_error", code="invalid_api_key"),
    ),
    "vLLM": Errors(
        parameter=("top_logprobs", vllm(400, "Requested sample logprobs of 5, which is greater than max allowed: 3")),
        rate_limit=((503, {}, b"<html><head><title>503 Service Temporarily Unavailable</title></head></html>"), None),
        credit=(402, {}, {"error": "payment required"}),
        key=(401, {}, {"error": "Unauthorized"}),
    ),
    "SGLang": Errors(
        parameter=("response_format", vllm(400, "Failed to compile json_schema: grammar backend is not available")),
        rate_limit=((503, {}, {"object": "error", "message": "The request queue is full.", "code": 503}), None),
        credit=(402, {}, b"payment required"),
        key=(401, {}, {"error": "Unauthorized"}),
    ),
    "Ollama": Errors(
        parameter=("response_format", (400, {}, {"error": {"message": "invalid JSON schema in format", "type": "api_error"}})),
        rate_limit=((503, {}, {"error": "server busy, please try again. maximum pending requests exceeded"}), None),
        credit=(402, {}, {"error": "you've reached your usage limit, requires more credits"}),
        key=(401, {}, {"error": "unauthorized"}),
    ),
    "OpenRouter": Errors(
        parameter=("logprobs", openai(400, "Provider returned error", metadata={"raw": "logprobs is not supported"})),
        rate_limit=((200, {}, {"error": {"message": "Provider returned error", "code": 429,
                                         "metadata": {"raw": "x is temporarily rate-limited upstream"}}}), None),
        credit=(402, {}, {"error": {"message": "This request requires more credits, or fewer max_tokens. You requested up"
                                    " to 2500 tokens, but can only afford 812.", "code": 402}}),
        key=(401, {}, {"error": {"message": "No auth credentials found", "code": 401}}),
        filtered=(403, {}, {"error": {"message": "x requires moderation on y. Your input was flagged for \"hate\". No credits "
                                       "were charged.", "code": 403, "metadata": {"reasons": ["hate"]}}}),
    ),
}  # fmt: skip


def asked(server: OpenAiServer, slept: list[float] | None = None) -> OpenAiProvider:
    waits: list[float] = [] if slept is None else slept
    return OpenAiProvider("other", Address(server.url, "key"), Capabilities(), timeout=5, sleep=waits.append)


def error_of(server: OpenAiServer, answer: Answer) -> JudgingError:
    server.answer = lambda _body: answer
    with pytest.raises(JudgingError) as caught:
        asked(server).complete(CALL)
    return caught.value


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES.keys())
def test_a_parameter_that_is_refused_is_asked_without(server: OpenAiServer, family: Errors) -> None:
    name, refused = family.parameter
    first = completion({"model": "x", "messages": [{"content": ""}], name: 5})
    server.answer = lambda body: refused if len(server.bodies) == 1 else first
    asked(server).complete(CALL)

    assert server.bodies[0].get(name) != server.bodies[-1].get(name)
    assert len(server.bodies) == 2


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES.keys())
def test_a_rate_limit_is_waited_for(server: OpenAiServer, family: Errors) -> None:
    refused, seconds = family.rate_limit
    slept: list[float] = []
    server.answer = lambda body: refused if len(server.bodies) == 1 else completion(body)
    reply = asked(server, slept).complete(CALL)

    assert len(reply.choices) == 2
    assert len(slept) == 1
    assert seconds is None or slept == [seconds]


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES.keys())
def test_an_account_without_credit_stops_at_the_first_call(server: OpenAiServer, family: Errors) -> None:
    error = error_of(server, family.credit)

    assert error.final
    assert "no credit left" in str(error) or "used up for now" in str(error)
    assert len(server.bodies) == 1


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES.keys())
def test_a_wrong_key_stops_at_the_first_call(server: OpenAiServer, family: Errors) -> None:
    error = error_of(server, family.key)

    assert error.final
    assert "key" in str(error)
    assert len(server.bodies) == 1


FILTERS = {name: family.filtered for name, family in FAMILIES.items() if family.filtered}


@pytest.mark.parametrize("answer", FILTERS.values(), ids=FILTERS.keys())
def test_a_filter_of_prompts_is_said_and_stops_nothing_else(server: OpenAiServer, answer: Answer) -> None:
    error = error_of(server, answer)

    assert "content filter stopped the prompt" in str(error)
    assert not error.final
    assert len(server.bodies) == 1


STOPS = {
    "a limit of an organisation": anthropic(400, "invalid_request_error", "You have reached your specified API usage "
                                            "limits. You will regain access on 2026-12-01 at 00:00 UTC."),
    "a suspended account": (412, {}, {"error": {"message": "Account x is suspended, possibly due to reaching the monthly "
                                                "spending limit or failure to pay past invoices."}}),
    "another suspended account": openai(429, "Your account is suspended, please check your plan and billing details",
                                        type="exceeded_current_quota_error"),
    "no balance": openai(402, "Insufficient Balance", type="unknown_error", code="invalid_request_error"),
    "arrears": openai(400, "Access denied, please make sure your account is in good standing.", code="Arrearage"),
    "used credits": (403, {}, {"code": "forbidden", "error": "Your team has used all available credits or reached its "
                               "monthly spending limit."}),
    "a trial": (429, {}, {"message": "You are using a Trial key, which is limited to 1000 API calls / month."}),
    "another language": (429, {}, {"error": {"code": "1113", "message": "您的账户余额不足或无可用资源包"}}),
    "a free model's day": openai(429, "Rate limit exceeded: free-models-per-day. Add 10 credits to unlock more."),
    "a day of Gemini": google(429, "RESOURCE_EXHAUSTED", "You exceeded your current quota.", RETRY_OF_GOOGLE,
                              {"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier"}),
    "a model that a plan does not have": google(429, "RESOURCE_EXHAUSTED", "You exceeded your current quota, please check "
                                                "your plan and billing details.\n* Quota exceeded for metric: requests, "
                                                "limit: 0, model: x\nPlease retry in 51.44s."),
    "a limit of spending": anthropic(429, "rate_limit_error", "enforced_spend_limit_reached"),
    "an error within a text": (429, {}, {"error": {"code": 429, "message": '{"error": {"code": 429, "message": "Quota", '
                               '"details": [{"quotaId": "GenerateRequestsPerDayPerProjectPerModel"}]}}'}}),
    "an expired key": google(400, "INVALID_ARGUMENT", "API key expired. Please renew the API key."),
    "a budget of a proxy": openai(400, "Budget has been exceeded! Current cost: 10.1, Max budget: 10.0",
                                  type="budget_exceeded"),
    "no credit in an answer of status 200": (200, {}, {"error": {"message": "Insufficient credits", "code": 402}}),
    "a code in words": (200, {}, {"error": {"message": "Nothing left.", "code": "insufficient_quota"}}),
    "included credits": (402, {}, {"error": "You have exceeded your monthly included credits for Inference Providers."}),
}  # fmt: skip


@pytest.mark.parametrize("answer", STOPS.values(), ids=STOPS.keys())
def test_what_no_other_call_would_escape_stops_at_once(server: OpenAiServer, answer: Answer) -> None:
    assert error_of(server, answer).final
    assert len(server.bodies) == 1


PASSES = {
    "a quota of a minute": google(429, "RESOURCE_EXHAUSTED", "Quota exceeded for quota metric generate_content_requests"
                                  "_per_minute_per_project_per_base_model."),
    "as much as an account may have under way": (402, {"Retry-After": "1"}, {"error": {"message": "Insufficient credits"}}),
    "a tier without room": openai(498, "Flex tier capacity exceeded", type="capacity_exceeded"),
    "overloaded": anthropic(529, "overloaded_error", "Overloaded"),
    "too early": (425, {}, {"error": "too early"}),
    "a page of a proxy": (502, {}, b"<html>\r\n<head><title>502 Bad Gateway</title></head></html>"),
    "an error of an upstream in a choice": (200, {}, {"choices": [{"error": {"code": 502, "message": "Upstream"},
                                            "finish_reason": "error", "message": {"content": ""}}]}),
    "an error as a text": (200, {}, {"error": "upstream timed out"}),
    "errors as a list": (200, {}, [{"error": {"code": 503, "message": "The model is overloaded.", "status": "X"}}]),
    "a code that is no number": (200, {}, {"error": {"message": "busy", "code": "\u00b2"}}),
    "a code of five thousand digits": (200, {}, {"error": {"message": "busy", "code": "5" * 5_000}}),
    "an error without the word": (200, {}, {"object": "error", "message": "internal", "code": 500}),
    "no body": (500, {}, b""),
    "an answer that is cut off": (200, {}, b'{"choices":[{"message":{"content":"{\\"sco'),
    "a body that is no UTF-8": (500, {}, b"\xff\xfe\x00broken"),
}  # fmt: skip


@pytest.mark.parametrize("answer", PASSES.values(), ids=PASSES.keys())
def test_what_passes_is_tried_again(server: OpenAiServer, answer: Answer) -> None:
    server.answer = lambda body: answer if len(server.bodies) == 1 else completion(body)

    assert len(asked(server).complete(CALL).choices) == 2


def test_a_web_page_is_said_in_a_line(server: OpenAiServer) -> None:
    page = b"<!DOCTYPE html><html><head><title>Sign in &amp; go</title></head><body><h1>Sign in</h1>" + b"x" * 9000

    assert "answered with a web page (Sign in & go; Sign in)" in str(error_of(server, (200, {}, page)))
    assert "web page" in str(error_of(server, (404, {}, page)))
    assert len(str(error_of(server, (404, {}, page)))) < 400


FORM = '{"score":4}'
STREAM = (
    b": keep alive\n\n"
    b'data: {"choices":[{"index":0,"delta":{"role":"assistant","content":"{\\"score\\""}}]}\n\n'
    b'data: {"choices":[{"index":0,"delta":{"content":":4}"},"finish_reason":"stop"}]}\n\n'
    b'data: {"choices":[],"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}}\n\ndata: [DONE]\n\n'
)
BODIES = {
    "a byte order mark": b'\xef\xbb\xbf{"choices":[{"message":{"content":"{\\"score\\":4}"}}]}',
    "space before": b'\n\n   {"choices":[{"message":{"content":"{\\"score\\":4}"}}]}',
    "numbers that JSON does not have": b'{"choices":[{"message":{"content":"{\\"score\\":4}"},"p":NaN,"q":-Infinity}]}',
    "bytes that are no UTF-8": b'{"id":"\xff","choices":[{"message":{"content":"{\\"score\\":4}"}}]}',
    "a stream": STREAM,
    "a stream with line ends of another kind": STREAM.replace(b"\n", b"\r\n"),
    "comments of a stream before it": b': PROCESSING\n\n: PROCESSING\n\n{"choices":[{"text":"{\\"score\\":4}"}]}',
    "what was taken for thoughts": b'{"choices":[{"message":{"content":null,"reasoning_content":"{\\"score\\":4}"}}]}',
    "a call of the form": b'{"choices":[{"message":{"content":null,"tool_calls":[{"function":{"name":"json_tool_call",'
    b'"arguments":"{\\"score\\":4}"}}]},"finish_reason":"tool_calls"}]}',
    "a text with notes": b'{"choices":[{"message":{"content":[{"type":"text","text":{"value":"{\\"score\\":4}"}}]}}]}',
    "the older form": b'{"choices":[{"text":"{\\"score\\":4}","finish_reason":"stop"}]}',
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_an_answer_is_read_whatever_carries_it(server: OpenAiServer, body: bytes) -> None:
    server.answer = lambda _body: (200, {}, body)

    assert asked(server).complete(CALL).choices == [Choice(FORM)]


def test_a_compressed_answer_is_read(server: OpenAiServer) -> None:
    import gzip

    packed = gzip.compress(b'{"choices":[{"message":{"content":"{\\"score\\":4}"}}]}')
    server.answer = lambda _body: (200, {"Content-Encoding": "gzip"}, packed)

    assert asked(server).complete(CALL).choices == [Choice(FORM)]


def test_a_redirection_is_said_and_not_followed_with_another_question(server: OpenAiServer) -> None:
    said = str(error_of(server, (302, {"Location": "https://models.test/sign-in"}, b"")))

    assert "it redirects to https://models.test/sign-in" in said
    assert len(server.bodies) == 1


def test_an_answer_that_is_not_packed_as_it_says_is_not_said_to_be_a_dead_server(server: OpenAiServer) -> None:
    said = str(error_of(server, (200, {"Content-Encoding": "gzip"}, b'{"choices":[]}')))

    assert "no answer that can be used after 4 attempts: its answer broke off" in said


def test_an_answer_has_to_end_in_time(server: OpenAiServer) -> None:
    server.answer = completion
    late = asked(server)
    late._client = wire.client(server.url, "key", 5, clock=iter([0.0, 5.1]).__next__)

    with pytest.raises(JudgingError, match="did not answer within 5 seconds"):
        late.complete(Call("m", "p", retries=0))


def test_an_answer_has_a_size(server: OpenAiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "LARGEST", 100)
    server.answer = completion

    with pytest.raises(JudgingError, match="its answer has more than"):
        asked(server).complete(CALL)


USAGES = {
    "none": None,
    "nulls": {"prompt_tokens": 100, "completion_tokens": None, "total_tokens": None},
    "noughts": {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
}


@pytest.mark.parametrize("usage", USAGES.values(), ids=USAGES.keys())
def test_what_a_server_does_not_count_is_estimated_and_said(server: OpenAiServer, usage: Any) -> None:
    server.answer = lambda _body: (200, {}, {"choices": [{"message": {"content": FORM}}], "usage": usage})

    reply = asked(server).complete(CALL)

    assert reply.estimated
    assert (reply.usage.prompt, reply.usage.completion) == ((100, 3) if usage and usage["prompt_tokens"] else (3, 3))


def test_tokens_of_replies_that_a_server_does_not_count_are_counted(server: OpenAiServer) -> None:
    server.answer = lambda body: (
        200,
        {},
        {**completion(body)[2], "usage": {"prompt_tokens": 9, "completion_tokens": 9}},
    )

    reply = asked(server).complete(CALL)

    assert (reply.usage.completion, reply.estimated) == (18, False)
