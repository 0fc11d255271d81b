"""The answers of OpenAI-compatible servers, read as they are meant: whatever is missing, null or of another form.

Read here, since the SDK's models cost more time than the request, and refuse what real servers send.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from console.judging.logprobs import Token
from console.judging.prompts import reply_schema
from console.judging.providers.bodies import listed
from console.judging.providers.port import Choice, Reply, Stop
from console.judging.providers.usage import read_usage

_STOPS = {
    "length": Stop.LENGTH,
    "max_tokens": Stop.LENGTH,
    "content_filter": Stop.FILTER,
    "content_filtered": Stop.FILTER,
    "guardrail_intervened": Stop.FILTER,
    "safety": Stop.FILTER,
    "recitation": Stop.FILTER,
    "prohibited_content": Stop.FILTER,
    "tool_calls": Stop.TOOL,
    "tool_use": Stop.TOOL,
    "function_call": Stop.TOOL,
}
_CALLS = frozenset({"tool_calls", "tool_use", "function_call"})
_FORM_TOOLS = frozenset({reply_schema(reason_first=False)["name"], "json_tool_call"})
"""Calls by which servers make a model fill in a JSON schema that has no tools; the second is LiteLLM's."""
_THOUGHTS = frozenset({"thinking", "reasoning", "redacted_thinking"})
_IMPOSSIBLE = -9999.0
"""What OpenAI gives as the log-probability of what cannot be."""


def is_answer(body: Any) -> bool:
    """Whether this is a chat completion at all."""
    return isinstance(body, dict) and "choices" in body and isinstance(body["choices"], (list, type(None)))


def read_answer(body: Mapping[str, Any]) -> Reply:
    """The reply that an answer holds."""
    choices = [_choice(one) for one in listed(body["choices"]) if isinstance(one, dict)]
    return Reply(choices, read_usage(body.get("usage")))


def _choice(one: Mapping[str, Any]) -> Choice:
    message = one.get("message") or one.get("delta") or {"content": one.get("text")}
    if not isinstance(message, dict):
        message = {"content": message}
    stop = str(one.get("finish_reason") or "").lower()
    refusal = message.get("refusal") or ("it ended with a refusal" if stop == "refusal" else None)
    called = _called(message)
    content = _content(message.get("content"))
    if not content.strip():
        content = next((said for name, said in called if name in _FORM_TOOLS), content) or _form_within(message, stop)
    return Choice(
        content,
        tokens=_tokens(one.get("logprobs")) or None,
        stop=Stop.DONE if content and stop in _CALLS else _STOPS.get(stop, Stop.DONE),
        refusal=refusal if isinstance(refusal, str) else None,
        tool=json.dumps(message.get("tool_calls") or message["function_call"]) if called and not content else None,
    )


def _called(message: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The functions that a message calls, with their arguments."""
    calls = [one.get("function") for one in listed(message.get("tool_calls")) if isinstance(one, dict)]
    found = [one for one in [*calls, message.get("function_call")] if isinstance(one, dict)]
    return [(str(one.get("name")), _content(one.get("arguments"))) for one in found]


def _form_within(message: Mapping[str, Any], stop: str) -> str:
    """A form that a server took for the model's thoughts: nothing but an object, and nothing else was said."""
    thoughts = message.get("reasoning_content") or message.get("reasoning")
    whole = isinstance(thoughts, str) and thoughts.strip().startswith("{") and thoughts.strip().endswith("}")
    return str(thoughts) if whole and _STOPS.get(stop, Stop.DONE) is Stop.DONE else ""


def _content(content: Any) -> str:
    """The text of a message: a text, its parts without those that are thoughts, or an object."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(_part(part) for part in content)
    return json.dumps(content) if isinstance(content, dict) else ""


def _part(part: Any) -> str:
    if isinstance(part, str):
        return part
    if not isinstance(part, dict) or str(part.get("type")) in _THOUGHTS:
        return ""
    text = part.get("text")
    text = text.get("value") if isinstance(text, dict) else text
    return text if isinstance(text, str) else ""


def _tokens(logprobs: Any) -> Sequence[Token]:
    if not isinstance(logprobs, dict):
        return []
    if isinstance(logprobs.get("content"), list):
        return [_token(piece) for piece in logprobs["content"] if isinstance(piece, dict)]
    if isinstance(logprobs.get("tokens"), list):
        return _columns(logprobs)
    return []


def _token(piece: Mapping[str, Any]) -> Token:
    text = str(piece.get("token") or "")
    raw = [one for one in listed(piece.get("bytes")) if isinstance(one, int) and 0 <= one < 256]
    likely = [one for one in listed(piece.get("top_logprobs")) if isinstance(one, dict)]
    top = [(str(one.get("token") or ""), found) for one in likely if (found := _number(one.get("logprob"))) is not None]
    own = _number(piece.get("logprob"))
    if own is None:
        own = dict(top).get(text, _IMPOSSIBLE)
    return Token(text, own, top, bytes(raw) if raw and len(raw) == len(piece["bytes"]) else None)


def _columns(logprobs: Mapping[str, Any]) -> Sequence[Token]:
    """The older form of completions: a list of tokens beside lists of their probabilities."""
    texts = [str(text) for text in logprobs["tokens"]]
    own = [*listed(logprobs.get("token_logprobs")), *[None] * len(texts)]
    tops = [*listed(logprobs.get("top_logprobs")), *[None] * len(texts)]
    found = []
    for text, value, others in zip(texts, own, tops, strict=False):
        pairs = others.items() if isinstance(others, dict) else ()
        top = [(other, number) for other, given in pairs if (number := _number(given)) is not None]
        number = _number(value)
        found.append(Token(text, dict(top).get(text, _IMPOSSIBLE) if number is None else number, top))
    return found


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or math.isnan(value):
        return None
    return float(value)
