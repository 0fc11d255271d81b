"""A provider behind an OpenAI-compatible chat API, through the `openai` SDK.

The SDK carries the request; retries are ours, so that the judge's own bounds hold and a wait that the server asks
for is kept. What a model refuses is learned from its first refusal (see `refusals`), and it is asked so from then on.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import replace

import openai

from console.errors import JudgingError
from console.judging.providers.answers import is_answer, read_answer
from console.judging.providers.bodies import read_body, words_of_page
from console.judging.providers.failures import Failure, explained, failure_within, read_failure
from console.judging.providers.port import Address, Call, Capabilities, Reply, check_address
from console.judging.providers.refusals import OPTIONAL, Shape, learned
from console.judging.providers.usage import completed
from console.judging.providers.wire import Broken, Late, client, why_broken
from console.redaction import BLANK, SHORTEST, secrets_in

LONGEST_PAUSE = 60.0
"""Seconds; a server that asks for a longer wait has no capacity today."""
_FIRST_PAUSE, _PAUSE_CAP = 0.5, 8.0
_MOST_LESSONS = 20
"""Refusals that are learned from within one call."""
_TRIED_ON = frozenset({400, 422})
"""Refusals that name nothing are looked into when they are of these kinds."""


class OpenAiProvider:
    """One server.

    Args:
        where: its address and key.
        timeout: seconds that a call may take.
        sleep: waits; tests replace it.
    """

    def __init__(
        self,
        name: str,
        where: Address,
        capabilities: Capabilities,
        *,
        timeout: float,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        check_address(name, where)
        self.name = name
        self.capabilities = capabilities
        self._timeout = timeout
        self._sleep = sleep
        known = (where.key, *secrets_in(where.base_url))
        self._secrets = [one.encode() for one in known if one and len(one) >= SHORTEST]
        self._client = client(where.base_url, where.key or "none", timeout)
        self._shapes: dict[str, Shape] = {}
        self._unexplained: set[tuple[str, tuple[int, str]]] = set()
        """Refusals by model for which no parameter was found."""
        self._lock = threading.Lock()

    def complete(self, call: Call) -> Reply:
        """Asks a model once; see `Provider`.

        Raises:
            JudgingError: the key, the model or a parameter is wrong, or the server kept failing.
        """
        failed = 0
        while True:
            try:
                return self._taught(call)
            except Failure as failure:
                pause = self._pause(call, failure, failed)
                if pause is None:
                    raise explained(self.name, call, failure, attempts=failed + 1, longest=_longest(call)) from failure
            except (openai.APIConnectionError, Broken) as error:
                broken = why_broken(error)
                if failed >= call.retries or (broken and not broken.passing):
                    raise self._unreachable(call, error, broken, failed + 1) from error
                pause = _usual_pause(failed)
            self._sleep(pause)
            failed += 1

    def _taught(self, call: Call) -> Reply:
        """The reply of a model, which may first teach how it wants to be asked. Raises Failure."""
        for _ in range(_MOST_LESSONS):
            shape = self._shape(call)
            try:
                return self._ask(call, shape)
            except Failure as failure:
                if failure.too_long and shape.body(call, self.capabilities).get("n", 1) > 1:
                    return self._ask(replace(call, n=1), shape)  # several replies together may take more than there is
                better, reply = self._better(call, shape, failure) if failure.about_parameters else (None, None)
                if better is None:
                    raise
            self._learn(call, better)
            if reply:
                return reply
        return self._ask(call, self._shape(call))

    def _shape(self, call: Call) -> Shape:
        return self._shapes.get(call.model, Shape())

    def _learn(self, call: Call, better: Shape) -> None:
        """Keeps a lesson beside what other threads have learned meanwhile."""
        with self._lock:
            known = self._shape(call)
            self._shapes[call.model] = Shape(known.without | better.without, {**known.caps, **better.caps})

    def _ask(self, call: Call, shape: Shape) -> Reply:
        body = shape.body(call, self.capabilities)
        try:
            answer = self._client.post("/chat/completions", cast_to=openai.HttpxBinaryResponseContent, body=body)
        except openai.APIStatusError as error:
            response = error.response
            raise read_failure(response.status_code, response.headers, self._blank(response.content)) from error
        reply = self._read(self._blank(answer.content), dict(answer.response.headers))
        usage, estimated = completed(reply, call.prompt)
        return Reply(reply.choices, usage, shape.refused(call), estimated=estimated)

    def _blank(self, content: bytes) -> bytes:
        """What the server said, without the key and the password that it may repeat."""
        for secret in self._secrets:
            content = content.replace(secret, BLANK.encode())
        return content

    def _read(self, content: bytes, headers: dict[str, str]) -> Reply:
        body = read_body(content)
        status = failure_within(body)
        if status:
            raise read_failure(status, headers, content)
        if body is None and content.lstrip()[:1] in (b"{", b"["):
            raise Failure(502, "its answer breaks off")
        if not is_answer(body):
            what = words_of_page(content) or "it answered with something that is no chat completion"
            raise JudgingError(
                f"The server of the provider {self.name!r} does not judge: {what}.\n"
                "Check that its base URL names an OpenAI-compatible API.",
                reply=content[:2_000].decode(errors="replace"),
            )
        return read_answer(body)

    def _better(self, call: Call, shape: Shape, failure: Failure) -> tuple[Shape | None, Reply | None]:
        """How to ask after a refusal: as it says, else as a trial shows, with its reply; None when nothing helps."""
        better = learned(shape, shape.body(call, self.capabilities), failure)
        if better and better != shape:
            return better, None
        if failure.status not in _TRIED_ON or (call.model, failure.kind) in self._unexplained:
            return None, None
        found = self._by_trial(call, shape, failure)
        if found[0] is None:
            self._unexplained.add((call.model, failure.kind))
        return found

    def _by_trial(self, call: Call, shape: Shape, failure: Failure) -> tuple[Shape | None, Reply | None]:
        """Leaves optional parameters out one line at a time, at last all of them, until the refusal is gone."""
        sent = shape.body(call, self.capabilities)
        everything = shape.leaving(*(name for names in OPTIONAL for name in names))
        for trial in [*(shape.leaving(*names) for names in OPTIONAL), everything]:
            if trial.body(call, self.capabilities) == sent:
                continue
            try:
                return trial, self._ask(call, trial)
            except Failure as other:
                if other.kind != failure.kind and other.about_parameters:
                    return trial, None
        return None, None

    def _pause(self, call: Call, failure: Failure, failed: int) -> float | None:
        """Seconds before the next attempt; None when there is none."""
        if failed >= call.retries or not failure.passing:
            return None
        usual = _usual_pause(failed)
        if failure.status == 429:
            usual = max(usual, call.rate_limit_sleep)
        pause = usual if failure.wait is None else max(failure.wait, call.rate_limit_sleep)
        return pause if pause <= _longest(call) else None

    def _unreachable(self, call: Call, error: Exception, broken: Broken | None, attempts: int) -> JudgingError:
        tries = f" after {attempts} attempts" if attempts > 1 else ""
        if isinstance(error, openai.APITimeoutError) or isinstance(broken, Late):
            return JudgingError(
                f"The model {call.model} did not answer within {self._timeout:g} seconds{tries}.\n"
                "Try again, choose a faster model, or raise JUDGE_TIMEOUT_SECONDS."
            )
        if broken:
            said = self._blank(str(broken).encode()).decode()  # an address that it redirects to may repeat the key
            return JudgingError(
                f"The server of the provider {self.name!r} gives no answer that can be used{tries}: {said}.\n"
                "Try again, and check its base URL and what stands between: a gateway, a proxy."
            )
        return JudgingError(
            f"The server of the provider {self.name!r} cannot be reached{tries}.\n"
            f"Check that it runs, and its base URL. It is said to be at {self._client.base_url}."
        )


def _longest(call: Call) -> float:
    return max(LONGEST_PAUSE, call.rate_limit_sleep)


def _usual_pause(failed: int) -> float:
    return random.uniform(0.5, 1.0) * min(_FIRST_PAUSE * 2.0**failed, _PAUSE_CAP)  # noqa: S311 - not a secret
