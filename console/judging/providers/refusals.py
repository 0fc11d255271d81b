"""What a model does not take, learned from its refusals: by the parameter that is named, whatever the words.

A refusal that names none is found out by leaving optional parameters out one at a time (see `openai_api`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from console.judging.prompts import reply_schema
from console.judging.providers.failures import Failure
from console.judging.providers.port import Call, Capabilities
from console.records import Json

_NAMES: Mapping[str, re.Pattern[str]] = {
    "top_p": re.compile(r"\btop_?p\b", re.IGNORECASE),
    "frequency_penalty": re.compile(r"frequency_?penalty", re.IGNORECASE),
    "presence_penalty": re.compile(r"presence_?penalty", re.IGNORECASE),
    "top_logprobs": re.compile(r"top_?logprobs", re.IGNORECASE),
    "logprobs": re.compile(r"log_?prob", re.IGNORECASE),
    "n": re.compile(
        r"['\"`\[]n['\"`\]]|candidate_?count|multiple (?:candidates|completions|choices)|best_of|"
        r"\bn (?:must|should|is|>)|number of (?:choices|completions)|parameter n\b",
        re.IGNORECASE,
    ),
    "response_format": re.compile(
        r"response_?(?:format|schema|mime)|json_?schema|json_object|json mode|structured output|grammar|guided",
        re.IGNORECASE,
    ),
    "seed": re.compile(r"\bseed\b", re.IGNORECASE),
    "reasoning_effort": re.compile(r"reasoning[_.]?effort", re.IGNORECASE),
    "temperature": re.compile(r"\btemperature\b", re.IGNORECASE),
    "max_tokens": re.compile(r"max_?(?:completion_?|output_?|new_?)?tokens", re.IGNORECASE),
    "system": re.compile(
        r"system[ _](?:role|message|prompt|instruction)|role[: ]+.?system|\bmessages\b|user (?:query|message|turn)|"
        r"roles must alternate|contents? (?:is|are) (?:not specified|required|empty)",
        re.IGNORECASE,
    ),
}
"""How servers name what they do not take; of several that are named the first goes first."""
_CAP = re.compile(
    r"(?:at most|maximum(?: allowed)?(?: value)?(?: of| is|:)?|max(?:imum)? allowed(?: is)?:?|up to|"
    r"less than or equal to|no more than|cannot exceed|between \d+ and|<=|>) ?(\d+)",
    re.IGNORECASE,
)
OPTIONAL = (
    ("json_schema",),
    ("json_schema", "response_format"),
    ("logprobs",),
    ("n",),
    ("frequency_penalty", "presence_penalty"),
    ("top_p",),
    ("seed",),
    ("reasoning_effort",),
    ("temperature",),
    ("system",),
    ("max_tokens",),
)
"""What is left out, one line at a time, when a refusal names nothing."""
_SAMPLING = {
    "temperature": 1.0,
    "top_p": 1.0,
    "frequency_penalty": 0.0,
    "presence_penalty": 0.0,
    "seed": None,
    "reasoning_effort": None,
}


@dataclass(frozen=True, slots=True)
class Shape:
    """How a model wants to be asked."""

    without: frozenset[str] = frozenset()
    """Parameters that it does not take; `json_schema` is that form of `response_format`, `system` the role, and
    without `max_tokens` the newer name is used."""
    caps: Mapping[str, int] = field(default_factory=dict)
    """The largest value that it takes."""

    def leaving(self, *names: str) -> Shape:
        """The shape without these, too."""
        return replace(self, without=self.without | frozenset(names))

    def body(self, call: Call, able: Capabilities) -> Json:
        """The request."""
        role = call.role if able.system and "system" not in self.without else "user"
        body: Json = {
            "model": call.model,
            "messages": [{"role": role, "content": call.prompt}],
            "temperature": min(call.temperature, able.max_temperature),
            "max_tokens": call.max_tokens,
            "top_p": call.top_p,
        }
        if able.penalties and call.frequency_penalty is not None:
            body |= {"frequency_penalty": call.frequency_penalty, "presence_penalty": call.presence_penalty}
        if able.n and call.n > 1:
            body["n"] = call.n
        if call.top_logprobs is not None and "logprobs" not in self.without:
            body |= {"logprobs": True, "top_logprobs": call.top_logprobs}
        more = {"seed": call.seed, "reasoning_effort": call.reasoning_effort}
        body |= {name: value for name, value in more.items() if value is not None}
        if call.form and able.schema:
            body |= self._format(call, able)
        body |= {name: min(body[name], cap) for name, cap in self.caps.items() if body.get(name) is not None}
        if "max_tokens" in self.without:
            body["max_completion_tokens"] = body["max_tokens"]
        return {name: value for name, value in body.items() if name not in self.without}

    def _format(self, call: Call, able: Capabilities) -> Json:
        if "json_schema" in self.without:
            return {"response_format": {"type": "json_object"}}
        form = reply_schema(reason_first=call.top_logprobs is None)
        score = form["schema"]["properties"]["score"]
        if call.scale.decimals:
            score["type"] = "number"
        elif able.bounds:
            score |= {"minimum": call.scale.min, "maximum": call.scale.max}
        return {"response_format": {"type": "json_schema", "json_schema": form}}

    def refused(self, call: Call) -> frozenset[str]:
        """Of what the call asks for, what the model does not take."""
        asked = {name for name, usual in _SAMPLING.items() if getattr(call, name) not in (None, usual)}
        if call.top_logprobs is not None:
            asked.add("logprobs")
        return self.without & asked


def learned(shape: Shape, sent: Json, failure: Failure) -> Shape | None:
    """The shape after a refusal that names a parameter; None when it names none that was sent."""
    present = {name for name in _NAMES if name in sent or (name == "max_tokens" and "max_completion_tokens" in sent)}
    if sent["messages"][0]["role"] == "system":
        present.add("system")
    by_field = [_known(name) for name in failure.names]
    by_words = [name for name, pattern in _NAMES.items() if pattern.search(failure.message)]
    for name in [*by_field, *by_words]:
        if name in present:
            return _after(name, shape, sent, failure)
    return None


def _known(name: str) -> str:
    """The parameter that a field of an error means."""
    return {"messages": "system", "max_completion_tokens": "max_tokens"}.get(name, name)


def _after(name: str, shape: Shape, sent: Json, failure: Failure) -> Shape:
    counted = "top_logprobs" if name == "logprobs" else name
    counted = "max_completion_tokens" if counted == "max_tokens" and "max_tokens" not in sent else counted
    cap = _cap(failure.message, sent.get(counted))
    if cap:
        key = "max_tokens" if counted == "max_completion_tokens" else counted
        return replace(shape, caps={**shape.caps, key: cap})
    if name in ("logprobs", "top_logprobs"):
        return shape.leaving("logprobs")
    if name == "response_format":
        schema = sent["response_format"]["type"] == "json_schema"
        return shape.leaving("json_schema") if schema else shape.leaving("response_format")
    if counted == "max_completion_tokens":
        return shape.leaving("max_completion_tokens")
    return shape.leaving(name)


def _cap(message: str, sent: object) -> int | None:
    """The largest value that is allowed, when the message has one below what was sent."""
    if not isinstance(sent, int) or isinstance(sent, bool):
        return None
    allowed = [int(found) for found in _CAP.findall(message) if 0 < int(found) < sent]
    return max(allowed, default=None)
