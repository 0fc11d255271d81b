"""A provider that answers from a script: for tests, demonstrations and rehearsals without a network."""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Callable, Sequence

import msgspec

from console.judging.logprobs import Token
from console.judging.providers.port import Call, Capabilities, Choice, Reply, Support
from console.records import TokenUsage

Script = Callable[[Call], Reply]
"""What a provider answers to a call; it may raise JudgingError."""

_STEPS = "1. Read the text.\n2. Compare it with the criteria.\n3. Choose the score that fits best."


EVERYTHING = Capabilities(logprobs=Support.YES)
"""What a scripted provider can do unless it is told otherwise."""


class ScriptedProvider:
    """Answers each call by its script, and remembers the calls."""

    name = "scripted"

    def __init__(self, script: Script, capabilities: Capabilities = EVERYTHING) -> None:
        self.capabilities = capabilities
        self.calls: list[Call] = []
        self._script = script
        self._lock = threading.Lock()

    def complete(self, call: Call) -> Reply:
        """The script's answer."""
        with self._lock:
            self.calls.append(call)
        return self._script(call)


def always(score: float, reason: str = "Scripted.") -> Script:
    """Steps when steps are asked for, else this score with all of the probability."""
    return weighted({f"{score:g}": 1.0}, reason)


def weighted(probabilities: dict[str, float], reason: str = "Scripted.") -> Script:
    """Steps when steps are asked for, else the likeliest of these scores, with their probabilities."""
    likeliest = max(probabilities, key=lambda score: probabilities[score])
    top = [(score, math.log(share) if share else -math.inf) for score, share in probabilities.items()]
    said = msgspec.json.encode(reason).decode()
    pieces = [Token('{"score":', 0.0), Token(likeliest, dict(top)[likeliest], top), Token(f',"reason":{said}}}', 0.0)]

    def script(call: Call) -> Reply:
        if not call.form:
            return replied([_STEPS])
        content = "".join(token.text for token in pieces)
        choice = Choice(content, tokens=pieces if call.top_logprobs is not None else None)
        return Reply([choice] * call.n, TokenUsage(prompt=100, completion=10 * call.n, total=100 + 10 * call.n))

    return script


def replied(contents: Sequence[str]) -> Reply:
    """A reply of these texts, cut into words as tokens that nothing else could have been."""
    pieces = [[Token(piece, 0.0) for piece in re.findall(r"\s?\w+|\W", text)] for text in contents]
    choices = [Choice(text, tokens=tokens) for text, tokens in zip(contents, pieces, strict=True)]
    return Reply(choices, TokenUsage(prompt=100, completion=20, total=120))
