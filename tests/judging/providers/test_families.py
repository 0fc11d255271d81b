"""Servers of every family that judges, as their documents and error messages describe them, through a real endpoint.

Each family refuses what it refuses in its own words and answers in its own form; a judge that asks for everything
(ten responses, log-probabilities, penalties, a JSON schema) has to end with a score, or with the reason in words.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from console.errors import JudgingError
from console.judging.geval import GEval
from console.judging.providers.openai_api import OpenAiProvider
from console.judging.providers.port import CAPABILITIES, Address
from console.records import Results, Snapshot
from tests.support.openai_server import Answer, Body, OpenAiServer, form_of, refusal
from tests.support.tier import artifact, snapshot

pytestmark = pytest.mark.usefixtures("closed_clients")

FORM = '{"score":4,"reason":"Fine."}'
USAGE = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}
Rule = Callable[[Body], Answer | None]


@dataclass(frozen=True)
class Family:
    """One family of servers."""

    refuses: Rule = lambda _body: None
    content: Any = FORM
    message: dict[str, Any] | None = None
    """More in the message of each choice."""
    finish: str = "stop"
    usage: Any = None
    logprobs: bool = False
    most: int = 10
    """Choices that one answer has at most."""
    provider: str = "other"
    mode: str = "sampled"
    score: float = 4.0

    def answer(self, body: Body) -> Answer:
        """What such a server answers."""
        refused = self.refuses(body)
        if refused:
            return refused
        n = min(body.get("n") or 1, self.most)
        if body.get("logprobs") and self.logprobs:
            choices = form_of("the same for all", n)
        else:
            message = {"role": "assistant", "content": self.content, **(self.message or {})}
            choices = [{"index": i, "message": message, "finish_reason": self.finish} for i in range(n)]
        return 200, {}, {"object": "chat.completion", "choices": choices, "usage": self.usage or USAGE}


def any_of(*rules: Rule) -> Rule:
    return lambda body: next((found for rule in rules if (found := rule(body))), None)


def named(name: str, message: str, status: int = 400, body_of: Callable[[str], Any] | None = None) -> Rule:
    """Refuses a parameter in these words."""
    said = body_of or (lambda text: {"error": {"message": text, "type": "invalid_request_error"}})
    return lambda body: (status, {}, said(message)) if name in body else None


def openai_reasoning(body: Body) -> Answer | None:
    if "max_tokens" in body:
        message = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens'."
        return refusal(400, message, param="max_tokens", code="unsupported_parameter")
    for name in ("temperature", "presence_penalty", "frequency_penalty"):
        if name in body:
            return refusal(400, f"Unsupported value: '{name}' is not supported with this model.", param=name)
    if "logprobs" in body:
        return refusal(403, "You are not allowed to request logprobs from this model")
    return None


def both(body: Body) -> Answer | None:
    if "temperature" in body and "top_p" in body:
        return refusal(400, "`temperature` and `top_p` cannot both be specified for this model. Please use only one.")
    return None


def google(text: str) -> Any:
    return [{"error": {"code": 400, "message": text, "status": "INVALID_ARGUMENT"}}]


def mistral(name: str) -> Rule:
    detail = [{"type": "extra_forbidden", "loc": ["body", name], "msg": "Extra inputs are not permitted"}]
    return named(name, "", 422, lambda _text: {"object": "error", "message": {"detail": detail}, "code": None})


def system_role(body: Body) -> Answer | None:
    if body["messages"][0]["role"] == "system":
        return 400, {}, {"object": "error", "message": "System role not supported", "code": 400}
    return None


def at_most_five(body: Body) -> Answer | None:
    if (body.get("top_logprobs") or 0) > 5:
        return 400, {}, {"object": "error", "message": "Requested sample logprobs of 20, greater than max allowed: 5"}
    return None


def one_choice(message: str, status: int = 400) -> Rule:
    return lambda body: (status, {}, {"error": {"message": message}}) if (body.get("n") or 1) > 1 else None


THINKING = [{"type": "thinking", "thinking": [{"type": "text", "text": "5?"}]}, {"type": "text", "text": FORM}]
FAMILIES = {
    "OpenAI": Family(logprobs=True, provider="openai", mode="logprobs"),
    "OpenAI, a reasoning model": Family(
        openai_reasoning,
        provider="openai",
        usage={**USAGE, "completion_tokens_details": {"reasoning_tokens": 15}},
    ),
    "Azure OpenAI": Family(
        named("logprobs", "logprobs are not supported for this deployment's API version."),
        message={"refusal": None, "content_filter_results": {"hate": {"filtered": False}}},
    ),
    "Anthropic": Family(both, provider="anthropic"),
    "Anthropic, a later model": Family(
        any_of(named("temperature", "`temperature` is deprecated for this model.")), provider="anthropic"
    ),
    "Gemini": Family(
        any_of(
            named("logprobs", 'Invalid JSON payload received. Unknown name "logprobs"', 400, google),
            lambda body: (400, {}, google("Multiple candidates is not enabled")) if body.get("n", 1) > 1 else None,
            named("frequency_penalty", "Penalty is not enabled for this model: frequencyPenalty", 400, google),
            named("presence_penalty", "Penalty is not enabled for this model: presencePenalty", 400, google),
        ),
        provider="google",
        usage={"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 900},
    ),
    "Bedrock": Family(content=f"<reasoning>Is it a 5? No.</reasoning>{FORM}", provider="bedrock"),
    "Mistral": Family(any_of(mistral("logprobs"), mistral("top_logprobs")), content=THINKING),
    "Groq": Family(
        any_of(one_choice("'n' : number must be at most 1"), named("logprobs", "logprobs is not supported")),
    ),
    "vLLM": Family(at_most_five, logprobs=True, mode="logprobs"),
    "vLLM, a template without a system role": Family(system_role, logprobs=True, mode="logprobs"),
    "SGLang": Family(
        logprobs=True,
        mode="logprobs",
        usage={"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120, "prompt_tokens_details": None},
    ),
    "Ollama": Family(
        content=f"Okay, 4?\n</think>\n\n```json\n{FORM}\n```", message={"reasoning": "Okay"}, provider="ollama", most=1
    ),
    "Ollama, a later version": Family(logprobs=True, provider="ollama", most=1, mode="logprobs"),
    "vLLM, a parser that takes the form for thoughts": Family(content=None, message={"reasoning_content": FORM}),
    "OpenRouter": Family(message={"reasoning": None, "reasoning_details": []}, most=1),
    "llama.cpp": Family(
        one_choice("Field 'n': Value must be between 1 <= value <= 1"), logprobs=True, most=1, mode="logprobs"
    ),
}


def judge() -> Snapshot:
    return snapshot(parameters={"n_responses": 10, "custom_chain_of_thought": "Read.", "top_logprobs": 20})


def judged(server: OpenAiServer, family: Family, geval: GEval | None = None) -> Results:
    server.answer = family.answer
    asked = OpenAiProvider(
        family.provider, Address(server.url, "key"), CAPABILITIES[family.provider], timeout=5, sleep=lambda _s: None
    )
    return (geval or GEval()).evaluate(judge(), artifact(), asked)


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES.keys())
def test_every_family_ends_with_a_score(server: OpenAiServer, family: Family) -> None:
    found = judged(server, family)

    assert (found.scoring_mode, len(found.all_responses)) == (family.mode, 10)
    assert family.mode == "logprobs" or found.final_score == family.score
    assert found.token_usage.completion > 0


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES.keys())
def test_a_second_evaluation_knows_how_to_ask(server: OpenAiServer, family: Family) -> None:
    geval = GEval()
    server.answer = family.answer
    asked = OpenAiProvider(
        family.provider, Address(server.url, "key"), CAPABILITIES[family.provider], timeout=5, sleep=lambda _s: None
    )
    geval.evaluate(judge(), artifact(), asked)
    before = len(server.bodies)

    geval.evaluate(judge(), artifact(), asked)

    assert all(family.refuses(body) is None for body in server.bodies[before:])


ENDS = {
    "reasoning that used up the limit": (Family(content="", finish="length"), "reasoning used up the limit"),
    "a content filter": (Family(content=None, finish="content_filter"), "content filter stopped the reply"),
    "a filter of Gemini": (Family(content=None, finish="SAFETY"), "content filter stopped the reply"),
    "a filter of Bedrock": (Family(content="", finish="guardrail_intervened"), "content filter stopped the reply"),
    "a tool call": (
        Family(
            content=None,
            finish="tool_calls",
            message={"tool_calls": [{"type": "function", "function": {"name": "rate", "arguments": FORM}}]},
        ),
        "called a tool instead",
    ),
    "a filter of Azure before the model": (
        Family(lambda _body: refusal(400, "The prompt triggered Azure's content management policy.")),
        "content filter stopped the prompt",
    ),
    "a refusal": (Family(content=None, message={"refusal": "I cannot."}), "refused to judge: I cannot"),
    "a prompt that is longer than a model": (
        Family(
            lambda _body: refusal(400, "The decoder prompt (length 40000) is longer than the maximum model length.")
        ),
        "too long for the model",
    ),
    "a message that is too long": (
        Family(lambda _body: refusal(400, "string too long. Expected a string with maximum length 1048576.")),
        "too long for the model",
    ),
    "a text that is too long": (
        Family(lambda _body: refusal(400, "This model's maximum context length is 8192 tokens.")),
        "too long for the model",
    ),
    "nothing": (Family(most=0), "no reply at all"),
}


@pytest.mark.parametrize(("family", "words"), ENDS.values(), ids=ENDS.keys())
def test_what_ends_without_a_score_says_why_and_what_to_change(
    server: OpenAiServer, family: Family, words: str
) -> None:
    with pytest.raises(JudgingError, match=words) as caught:
        judged(server, family)

    assert "\n" in str(caught.value)
    assert len(server.bodies) <= 10


FOUR = {
    "text": '{"score":"4","reason":"x"}',
    "a capital": '{"Score":4,"Reason":"x"}',
    "out of five": '{"score":"4/5","reason":"x"}',
    "a point": '{"score":4.,"reason":"x"}',
    "a plus": '{"score":+4,"reason":"x"}',
    "a word": '{"score":"four","reason":"x"}',
    "prose before": f"Here is my evaluation:\n\n{FORM}",
    "prose after": f"{FORM}\n\nLet me know!",
    "prose and a fence": f"Here it is:\n```json\n{FORM}\n```",
    "twice": f"{FORM}\n{FORM}",
    "cut off in the reason": '{"score":4,"reason":"fin',
    "other quotes": "{'score': 4, 'reason': 'it\\'s'}",
    "a comma too many": '{"score":4,"reason":"x",}',
    "the reason first": '{"reason":"3 is too low","score":4}',
    "a line's end in the reason": '{"score":4,"reason":"a\nb"}',
    "a list of one": f"[{FORM}]",
    "a byte order mark": f"\ufeff{FORM}",
    "a hard space": f"\xa0{FORM}",
    "thoughts without a beginning": f'Let me see, {{"score": 2}}?\n</think>\n{FORM}',
    "a content of parts": THINKING,
    "an object": {"score": 4, "reason": "x"},
    "in an object of its own": '{"result":{"score":4}}',
    "in a list": '{"score":[4]}',
    "a line": "**Score:** 4\n**Reason:** Fine.",
}


@pytest.mark.parametrize("content", FOUR.values(), ids=FOUR.keys())
def test_no_judgement_fails_for_a_cosmetic_reason(server: OpenAiServer, content: Any) -> None:
    assert judged(server, Family(content=content)).final_score == 4.0


JUNK = (
    "I would rate this a four out of five.",
    '{"score":"4/10","reason":"x"}',
    '{"score":null}',
    '{"score":"high"}',
    '{"score":[4,5]}',
    '{"scores":{"facts":4,"style":5}}',
    '{"score":4,"score":5}',
    f'{FORM} {{"score":2}}',
    '{"score":4',
    json.dumps([{"score": 1}, {"score": 5}]),
    "null",
    "4 or 5",
)


@pytest.mark.parametrize("content", JUNK)
def test_no_junk_becomes_a_score(server: OpenAiServer, content: str) -> None:
    with pytest.raises(JudgingError):
        judged(server, Family(content=content))
