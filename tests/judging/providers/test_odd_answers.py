"""Typical answers of servers with an odd value in the place of each of their parts: read, or refused in words."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

from console.judging.providers.answers import is_answer, read_answer
from console.judging.providers.bodies import read_body
from console.judging.providers.failures import failure_within, read_failure

TOKENS = {
    "content": [
        {"token": "4", "logprob": -0.1, "bytes": [52], "top_logprobs": [{"token": "4", "logprob": -0.1, "bytes": [52]}]}
    ]
}
USAGE = {"prompt_tokens": 5, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 2}}
CALL = {"id": "1", "type": "function", "function": {"name": "f", "arguments": '{"score": 4}'}}
MESSAGE = {"role": "assistant", "content": '{"score": 4}', "refusal": None, "reasoning": "r", "tool_calls": [CALL]}
ANSWERS: dict[str, Any] = {
    "chat": {"choices": [{"finish_reason": "stop", "message": MESSAGE, "logprobs": TOKENS}], "usage": USAGE},
    "parts": {"choices": [{"message": {"content": [{"type": "text", "text": "4"}]}}]},
    "columns": {
        "choices": [{"text": "4", "logprobs": {"tokens": ["4"], "token_logprobs": [-0.1], "top_logprobs": [{"4": -1}]}}]
    },
    "error": {"error": {"message": "Try again in 2s.", "code": "x", "details": [{"retryDelay": "3s", "quotaId": "q"}]}},
    "errors": [{"error": {"code": 429, "message": "m", "status": "RESOURCE_EXHAUSTED"}}],
}
PIECE = {"choices": [{"index": 0, "delta": {"content": "4", "reasoning": "r"}, "logprobs": TOKENS}], "usage": USAGE}
ODD = [
    "", "²", "9" * 5_000, "1e999", float("nan"), float("inf"), -1, 10**30, True, None, [], {}, [[]], [None], [1], ["a"],
    {"a": 1}, "\x00", "١٢", "[" * 5_000, {"content": None}, {"text": 5}, [{"type": "text", "text": 7}],
    [{"token": None}], [{"token": "4", "logprob": "x"}],
]  # fmt: skip


def changed(whole: Any) -> Iterator[Any]:
    """The whole with each odd value in the place of each of its parts."""
    yield from ODD
    for at in whole if isinstance(whole, dict) else range(len(whole)) if isinstance(whole, list) else ():
        for inner in changed(whole[at]):
            other = copy.copy(whole)
            other[at] = inner
            yield other


def read(content: bytes) -> None:
    body = read_body(content)
    status = failure_within(body)
    if is_answer(body) and not status:
        assert all(isinstance(choice.content, str) for choice in read_answer(body).choices)
    for one in (status or 400, 429, 503):
        failure = read_failure(one, {}, content)
        assert failure.status == one
        assert str(failure)
        assert isinstance(failure.passing, bool)


@pytest.mark.parametrize("name", ANSWERS)
def test_an_odd_value_in_the_place_of_any_part_is_no_fault_of_ours(name: str) -> None:
    for body in changed(ANSWERS[name]):
        read(json.dumps(body).encode())


def test_nor_in_any_piece_of_a_stream() -> None:
    usual = b"data: " + json.dumps(PIECE).encode() + b"\n\n"
    for piece in changed(PIECE):
        read(usual + b"data: " + json.dumps(piece).encode() + b"\n\n" + usual + b"data: [DONE]\n\n")
