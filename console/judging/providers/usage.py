"""What a server says that a call took: read as it is meant, whatever form it has.

Seen: no usage at all, null counts, counts as fractions or texts, no total, and servers that leave reasoning out of
the completion tokens and count it in the total only (Gemini).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from console.judging.providers.port import Reply
from console.records import TokenUsage

_BYTES_PER_TOKEN = 4
"""Of English text, about, for every usual tokenizer."""
_FAR_OFF = 2
"""What several replies have is so many times what a server states, when it did not count all of them."""


_NAMES = (("prompt_tokens", "input_tokens"), ("completion_tokens", "output_tokens"), ("total_tokens",))
"""What servers call them, the first first."""


def read_usage(said: Any) -> TokenUsage:
    """The usage that a server states; 0 for what it does not state.

    Reasoning is paid for as output: what a total has beyond prompt and completion is counted as completion.
    """
    if not isinstance(said, Mapping):
        return TokenUsage()
    prompt, completion, total = (
        _count(next((said[name] for name in names if said.get(name) is not None), None)) for names in _NAMES
    )
    completion = max(completion, total - prompt) if prompt else completion
    reasoning = _count(_within(said, "completion_tokens_details", "reasoning_tokens"))
    cached = _count(_within(said, "prompt_tokens_details", "cached_tokens"))
    return TokenUsage(
        prompt=prompt,
        completion=completion,
        total=max(total, prompt + completion),
        cached=min(cached, prompt),
        reasoning=min(reasoning, completion),
    )


def completed(reply: Reply, prompt: str) -> tuple[TokenUsage, bool]:
    """The usage of a reply with what its server did not state, and whether that is an estimate.

    What is not counted would be free. Tokens that have log-probabilities are counted; texts are estimated.
    """
    said = reply.usage
    written = _tokens("".join(f"{choice.content}{choice.tool or ''}" for choice in reply.choices))
    counted = sum(len(choice.tokens or ()) for choice in reply.choices)
    sent = said.prompt or _tokens(prompt)
    made = said.completion or written
    estimate = (sent, made) != (said.prompt, said.completion)
    if len(reply.choices) > 1 and made * _FAR_OFF <= max(counted, written):
        made, estimate = max(counted, written), estimate or counted < written  # llama.cpp counts one reply of several
    if (sent, made) == (said.prompt, said.completion):
        return said, False
    usage = TokenUsage(prompt=sent, completion=made, total=sent + made, cached=said.cached, reasoning=said.reasoning)
    return usage, estimate


def _tokens(text: str) -> int:
    """About as many tokens as a text has."""
    return math.ceil(len(text.encode(errors="replace")) / _BYTES_PER_TOKEN)


def _within(said: Mapping[str, Any], group: str, name: str) -> Any:
    inner = said.get(group)
    return inner.get(name) if isinstance(inner, Mapping) else None


def _count(value: Any) -> int:
    """A number of tokens; 0 for what is none."""
    if isinstance(value, bool):
        return 0
    try:
        number = float(value)
    except (TypeError, ValueError):
        return 0
    return round(number) if 0 <= number < math.inf else 0
