"""What tests of the old API need: a model server that fails by a model's name, and the API on a port of its own."""

from __future__ import annotations

import hashlib
import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

import api_compat
from console.config import Settings
from console.engine.process import free_port, wait_until
from tests.support.openai_server import STEPS, Answer, Body, OpenAiServer, refusal


def _answer(body: Body) -> Answer:
    """Steps, or forms whose score is likeliest where the prompt's digest says; every score of 1..5 is a candidate."""
    if body["model"] == "fail-500":
        return refusal(500, "The server had an error.")
    if "response_format" not in body and not body.get("logprobs"):
        return _completion(body, STEPS, None)
    likeliest = 1 + hashlib.sha256(body["messages"][-1]["content"].encode()).digest()[0] % 5
    weights = {str(score): 2.0 ** -abs(score - likeliest) for score in range(1, 6)}
    chances = [(token, math.log(weight / sum(weights.values()))) for token, weight in weights.items()]
    candidates = [_token(*one) for one in sorted(chances, key=lambda one: -one[1])]
    pieces = [_token('{"'), _token("score"), _token('":'), candidates[0], _token("}")]
    listed = [{**piece, "top_logprobs": candidates if place == 3 else [piece]} for place, piece in enumerate(pieces)]
    return _completion(body, f'{{"score":{likeliest}}}', None if body["model"] == "no-logprobs" else listed)


def _token(text: str, logprob: float = 0.0) -> dict[str, Any]:
    return {"token": text, "logprob": logprob, "bytes": None}


def _completion(body: Body, content: str, listed: list[dict[str, Any]] | None) -> Answer:
    message = {"role": "assistant", "content": content, "refusal": None}
    logprobs = {"content": listed, "refusal": None} if listed else None
    choices = [
        {"index": index, "message": message, "logprobs": logprobs, "finish_reason": "stop"}
        for index in range(body.get("n") or 1)
    ]
    usage = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}
    return 200, {}, {"id": "x", "object": "chat.completion", "model": body["model"], "choices": choices, "usage": usage}


@contextmanager
def fake_models(slow_seconds: float = 0.0) -> Iterator[str]:
    """The base URL of a server with the models `slow`, `fail-500`, `no-logprobs` and, by any other name, a good one."""
    with OpenAiServer(_answer, latency=lambda body: slow_seconds if body["model"] == "slow" else 0.0) as server:
        yield server.url


@contextmanager
def serving(settings: Settings) -> Iterator[str]:
    """The address of the API, served by a thread of this process."""
    port = free_port()
    application = api_compat.create_app(settings)
    server = uvicorn.Server(uvicorn.Config(application, port=port, log_level="warning", access_log=False))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        assert wait_until(lambda: server.started, 20, 0.02)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(20)
