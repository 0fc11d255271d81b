"""A provider behind an OpenAI-compatible chat API, through the `openai` SDK.

The SDK carries the request; retries are ours, so that the judge's own bounds hold and a wait that the server asks
for is kept. A model that refuses a parameter is asked again without it, once, and asked so from then on.
"""

from __future__ import annotations

import email.utils
import random
import re
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import openai

from console.errors import JudgingError
from console.judging.logprobs import Token
from console.judging.prompts import REPLY_SCHEMA
from console.judging.providers import Address, Call, Capabilities, Choice, Reply, Stop, check_address
from console.judging.usage import read_usage
from console.records import Json

LONGEST_PAUSE = 60.0
"""Seconds; a server that asks for a longer wait has no capacity today."""
_FIRST_PAUSE, _PAUSE_CAP = 0.5, 8.0
_PASSING = frozenset({408, 409, 425, 429})
_NO_QUOTA = frozenset({"insufficient_quota", "credit_balance_exhausted", "billing_hard_limit_reached"})
_FINAL = frozenset({401, 402, 403})
"""The key, the credit or the rights are wanting: no other call will do better."""
_REFUSED = re.compile(
    r"support|enabled|unrecognized|unknown|unexpected|not permitted|extra input|default|must be (exactly )?1\b",
    re.IGNORECASE,
)
_DROPPED: dict[str, tuple[str, ...]] = {
    "logprobs": ("logprobs", "top_logprobs"),
    "top_logprobs": ("logprobs", "top_logprobs"),
    **{name: (name,) for name in ("temperature", "top_p", "n", "frequency_penalty", "presence_penalty")},
}
"""What goes when a model refuses a parameter."""


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
        self._client = openai.OpenAI(
            api_key=where.key or "none",
            base_url=where.base_url,
            timeout=timeout,
            max_retries=0,
        )
        self._learned: dict[str, frozenset[str]] = {}
        self._lock = threading.Lock()

    def complete(self, call: Call) -> Reply:
        """Asks a model once; see `Provider`.

        Raises:
            JudgingError: the key, the model or a parameter is wrong, or the server kept failing.
        """
        attempt = 0
        while True:
            try:
                return self._ask(call)
            except openai.BadRequestError as error:
                if not self._learn(call, error):
                    raise _explained(self.name, call, error, self._timeout) from error
            except openai.APIError as error:
                pause = self._pause(call, error, attempt)
                if pause is None:
                    raise _explained(self.name, call, error, self._timeout) from error
                self._sleep(pause)
                attempt += 1

    def _ask(self, call: Call) -> Reply:
        body = self._body(call)
        answer = self._client.post("/chat/completions", cast_to=openai.HttpxBinaryResponseContent, body=body)
        try:
            return _read(answer.content)
        except (msgspec.DecodeError, msgspec.ValidationError) as error:
            shown = answer.content[:2_000].decode(errors="replace")
            raise JudgingError(
                f"The server of the provider {self.name!r} answered with something that is no chat completion.\n"
                "Check that its base URL names an OpenAI-compatible API.",
                reply=shown,
            ) from error

    def _body(self, call: Call) -> Json:
        """The request without what the provider or the model does not take."""
        able, refused = self.capabilities, self._learned.get(call.model, frozenset())
        body: Json = {
            "model": call.model,
            "messages": [{"role": call.role if able.system else "user", "content": call.prompt}],
            "temperature": min(call.temperature, able.max_temperature),
            "max_tokens": call.max_tokens,
            "top_p": call.top_p,
        }
        if able.penalties and call.frequency_penalty is not None:
            body |= {"frequency_penalty": call.frequency_penalty, "presence_penalty": call.presence_penalty}
        if able.n and call.n > 1:
            body["n"] = call.n
        if call.top_logprobs is not None:
            body |= {"logprobs": True, "top_logprobs": call.top_logprobs}
        if call.form and able.schema and "json_schema" not in refused:
            body["response_format"] = {"type": "json_schema", "json_schema": REPLY_SCHEMA}
        elif call.form and able.schema and "response_format" not in refused:
            body["response_format"] = {"type": "json_object"}
        if "max_tokens" in refused:
            body["max_completion_tokens"] = body.pop("max_tokens")
        return {name: value for name, value in body.items() if name not in refused}

    def _learn(self, call: Call, error: openai.BadRequestError) -> bool:
        """Whether the server refused a parameter that can be left out; it is, for this model, from now on."""
        sent = self._body(call)
        detail = error.body if isinstance(error.body, dict) else {}
        said = str(detail.get("message") or error.message)
        named = str(detail.get("param") or "").split(".")[0]
        if not _REFUSED.search(said) and detail.get("code") not in ("unsupported_parameter", "unsupported_value"):
            return False
        found = (
            named if named in sent else next((name for name in _learnable(sent) if re.search(_word(name), said)), "")
        )
        dropped = _drop(found, sent)
        if not dropped:
            return False
        with self._lock:
            self._learned[call.model] = self._learned.get(call.model, frozenset()) | dropped
        return True

    def _pause(self, call: Call, error: openai.APIError, attempt: int) -> float | None:
        """Seconds before the next attempt; None when there is none."""
        if attempt >= call.retries or not _may_pass(error):
            return None
        usual = random.uniform(0.5, 1.0) * min(_FIRST_PAUSE * 2.0**attempt, _PAUSE_CAP)  # noqa: S311 - not a secret
        if not isinstance(error, openai.APIStatusError):
            return usual
        asked = _retry_after(error)
        if error.status_code == 429:
            usual = max(usual, call.rate_limit_sleep)
        pause = usual if asked is None else max(asked, call.rate_limit_sleep)
        return pause if pause <= max(LONGEST_PAUSE, call.rate_limit_sleep) else None


def _learnable(sent: Json) -> list[str]:
    """Parameters that a refusal may name, the more exact names first."""
    return [name for name in ("top_logprobs", "logprobs", *_DROPPED, "max_tokens", "response_format") if name in sent]


def _word(name: str) -> str:
    return rf"(?i)\b{re.escape(name)}\b"


def _drop(name: str, sent: Json) -> frozenset[str]:
    if name == "response_format":
        schema = sent["response_format"]["type"] == "json_schema"
        return frozenset({"json_schema"} if schema else {"response_format"})
    if name == "max_tokens":
        return frozenset({"max_tokens"})
    return frozenset(_DROPPED.get(name, ()))


# --- answers ---------------------------------------------------------------------------------------------------


class _Alternative(msgspec.Struct):
    token: str
    logprob: float


class _Piece(msgspec.Struct):
    token: str
    logprob: float
    bytes: list[int] | None = None
    top_logprobs: list[_Alternative] | None = None


class _Logprobs(msgspec.Struct):
    content: list[_Piece] | None = None


class _Message(msgspec.Struct):
    content: str | None = None
    refusal: str | None = None


class _Choice(msgspec.Struct):
    message: _Message
    logprobs: _Logprobs | None = None
    finish_reason: str | None = None


class _Answer(msgspec.Struct):
    choices: list[_Choice]
    usage: Any = None


_DECODER = msgspec.json.Decoder(_Answer, strict=False)


def _read(content: bytes) -> Reply:
    """The answer of a server: read here, since the SDK's models cost more time than the request."""
    answer = _DECODER.decode(content)
    return Reply([_choice(one) for one in answer.choices], read_usage(answer.usage))


def _choice(one: _Choice) -> Choice:
    pieces = one.logprobs.content if one.logprobs else None
    return Choice(
        one.message.content or "",
        tokens=[_token(piece) for piece in pieces] if pieces else None,
        stop=Stop.LENGTH if one.finish_reason == "length" else Stop.DONE,
        refusal=one.message.refusal,
    )


def _token(piece: _Piece) -> Token:
    top = [(other.token, other.logprob) for other in piece.top_logprobs or ()]
    return Token(piece.token, piece.logprob, top, bytes(piece.bytes) if piece.bytes else None)


# --- failures --------------------------------------------------------------------------------------------------


def _may_pass(error: openai.APIError) -> bool:
    """Whether another attempt may succeed."""
    if isinstance(error, openai.APIConnectionError):
        return True
    if not isinstance(error, openai.APIStatusError) or error.code in _NO_QUOTA:
        return False
    return error.status_code in _PASSING or error.status_code >= 500


def _retry_after(error: openai.APIStatusError) -> float | None:
    """The wait that the server asks for, in seconds."""
    headers: Mapping[str, str] = error.response.headers
    try:
        if "retry-after-ms" in headers:
            return max(float(headers["retry-after-ms"]) / 1000, 0.0)
        return max(float(headers["retry-after"]), 0.0)
    except KeyError:
        return None
    except ValueError:
        when = email.utils.parsedate_tz(headers["retry-after"])
        return max(float(email.utils.mktime_tz(when)) - time.time(), 0.0) if when else None


def _explained(name: str, call: Call, error: openai.APIError, timeout: float) -> JudgingError:
    """What went wrong and what to do, for whoever reads the failed run."""
    tries = f"after {call.retries + 1} attempts" if _may_pass(error) and call.retries else ""
    if isinstance(error, openai.APITimeoutError):
        return JudgingError(
            f"The model {call.model} did not answer within {timeout:g} seconds {tries}".strip() + ".\n"
            "Try again, choose a faster model, or raise JUDGE_TIMEOUT_SECONDS."
        )
    if not isinstance(error, openai.APIStatusError):
        return JudgingError(
            f"The server of the provider {name!r} cannot be reached {tries}".strip() + ".\n"
            f"Check that it runs, and its base URL. It is said to be at {error.request.url}."
        )
    said = error.body.get("message") if isinstance(error.body, dict) else None
    shown = str(said or error.message)[:1_000]
    advice = _ADVICE.get(error.status_code, "Try again later." if error.status_code >= 500 else "Correct the judge.")
    if error.code in _NO_QUOTA:
        advice = "The account has no credit left. Add some, or use another key."
    status = f"HTTP {error.status_code}" + (f" {tries}" if tries else "")
    what = _WHAT.get(error.status_code, "The server refused the call")
    what = "The server failed" if error.status_code >= 500 else what
    final = error.code in _NO_QUOTA or error.status_code in _FINAL
    return JudgingError(f"{what}: {shown} ({status}; model {call.model}, provider {name}).\n{advice}", final=final)


_WHAT = {
    401: "The server does not accept the key",
    403: "The key may not do this",
    404: "The server does not know the model",
    413: "The text is too long for the model",
    429: "The provider's rate limit was reached",
}
_ADVICE = {
    401: "Check the provider's key in the environment or in .streamlit/secrets.toml.",
    403: "Check the rights of the provider's key.",
    404: "Check the name of the model in Models & metrics, and the provider's base URL.",
    413: "Shorten the text, or choose a model with a longer context.",
    429: "Try again later, lower the concurrency, or raise retry_attempts and rate_limit_sleep of the judge.",
}
