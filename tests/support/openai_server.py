"""A small OpenAI-compatible server of our own: deterministic answers, failures by the name of the model, a log.

In a test: `with OpenAiServer() as server: ... server.url, server.bodies`.
As a program: `python -m tests.support.openai_server --port 9000 --latency 0.05 --log calls.txt`.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import math
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

Body = dict[str, Any]
Answer = tuple[int, dict[str, str], Any]
"""Status, headers, and the JSON of the answer, or its bytes."""

STEPS = "1. Read the text.\n2. Compare it with the criteria.\n3. Choose the score."


def form_of(seed: str, n: int = 1, *, logprobs: bool = True) -> list[dict[str, Any]]:
    """Choices that fill in the form: a whole number of 1..5 that follows from the seed."""
    digest = hashlib.sha256(seed.encode()).digest()
    score = 1 + digest[0] % 5
    shares = {str(score): 0.7, str(score % 5 + 1): 0.2, str((score + 1) % 5 + 1): 0.1}
    pieces = ['{"', "score", '":', str(score), ',"', "reason", '":"', "Because", '."}']
    content = "".join(pieces)
    top = [{"token": token, "logprob": math.log(share), "bytes": None} for token, share in shares.items()]
    listed = [
        {"token": piece, "logprob": math.log(0.7) if place == 3 else 0.0, "bytes": None,
         "top_logprobs": top if place == 3 else [{"token": piece, "logprob": 0.0, "bytes": None}]}
        for place, piece in enumerate(pieces)
    ]  # fmt: skip
    return [
        {"index": index, "message": {"role": "assistant", "content": content, "refusal": None},
         "logprobs": {"content": listed} if logprobs else None, "finish_reason": "stop"}
        for index in range(n)
    ]  # fmt: skip


def completion(body: Body) -> Answer:
    """The usual answer: steps, or filled-in forms with log-probabilities where they are asked for."""
    prompt = body["messages"][-1]["content"]
    if "response_format" in body or body.get("logprobs"):
        choices = form_of(prompt_seed(prompt), body.get("n") or 1, logprobs=bool(body.get("logprobs")))
    else:
        message = {"role": "assistant", "content": STEPS, "refusal": None}
        choices = [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}]
    usage = {"prompt_tokens": 100, "completion_tokens": 10 * len(choices), "total_tokens": 100 + 10 * len(choices)}
    return 200, {}, {"id": "x", "object": "chat.completion", "model": body["model"], "choices": choices, "usage": usage}


def prompt_seed(prompt: str) -> str:
    """The judged text of a prompt: what stands between the first two delimiters."""
    return prompt.split(">>>\n", 1)[-1].split("\n<<<", 1)[0]


def refusal(status: int, message: str, *, headers: dict[str, str] | None = None, **detail: Any) -> Answer:
    """An error in OpenAI's form."""
    return (
        status,
        headers or {},
        {"error": {"message": message, "type": "error", "param": None, "code": None, **detail}},
    )


class OpenAiServer:
    """The server on a loopback port, in a thread of its own.

    Args:
        answer: what it answers to a request.
        latency: seconds before each answer, or what they are for a request.
        log: a file that gets a line for each request when it comes: the judged text.
    """

    def __init__(
        self,
        answer: Callable[[Body], Answer] = completion,
        *,
        latency: float | Callable[[Body], float] = 0.0,
        port: int = 0,
        log: Path | None = None,
    ) -> None:
        self.bodies: list[Body] = []
        self.answer = answer
        self.latency = latency
        self._port = port
        self._log = log.open("a", buffering=1, encoding="utf-8") if log else None
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._connections: set[asyncio.StreamWriter] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_error: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)
        if self._log:
            self._log.close()

    @property
    def url(self) -> str:
        """The base URL."""
        return f"http://127.0.0.1:{self._port}/v1"

    @property
    def prompts(self) -> list[str]:
        """The last message of each request."""
        return [body["messages"][-1]["content"] for body in self.bodies]

    def _run(self) -> None:
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        self._stop = asyncio.Event()
        server = await asyncio.start_server(self._connection, "127.0.0.1", self._port)
        self._port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()
        for writer in self._connections:
            writer.close()
        await asyncio.sleep(0.01)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections.add(writer)
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = int(head.split(b"content-length:")[1].split(b"\r\n")[0]) if b"content-length:" in head else 0
                body = json.loads(await reader.readexactly(length)) if length else {}
                writer.write(await self._reply(body))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._connections.discard(writer)
            writer.close()

    async def _reply(self, body: Body) -> bytes:
        self.bodies.append(body)
        if self._log:
            seed = prompt_seed(body["messages"][-1]["content"]) if "response_format" in body else "steps"
            self._log.write(seed.replace("\n", " ") + "\n")
        latency = self.latency(body) if callable(self.latency) else self.latency
        if latency:
            await asyncio.sleep(latency)
        status, headers, answer = self.answer(body)
        data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        more = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(data)}\r\n{more}\r\n"
        return head.encode() + data


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency", type=float, default=0.0)
    parser.add_argument("--log", type=Path)
    given = parser.parse_args()
    with OpenAiServer(latency=given.latency, port=given.port, log=given.log) as server:
        print(server.url, flush=True)  # noqa: T201 - the program's answer
        threading.Event().wait()


if __name__ == "__main__":
    main()
