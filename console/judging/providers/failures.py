"""What servers answer when they refuse a call or fail, and what it means for whoever reads the failed run.

The error is looked for wherever it may be: an object under `error`, a list of such, a text, FastAPI's `detail`, an
error in an answer of status 200. Only its first characters are read.
"""

from __future__ import annotations

import email.utils
import math
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from console.errors import JudgingError
from console.judging.providers.accounts import Trouble, trouble
from console.judging.providers.bodies import listed, read_body, words_of_page
from console.judging.providers.port import Call

_LONGEST = 2_000
"""Characters of a message that are read."""
_SHOWN = 1_000
_PASSING = frozenset({408, 409, 425, 429, 498})
_NOT_OURS = frozenset({401, 402, 408, 409, 413, 425, 429})
"""Refusals that no other parameter would change."""
_FILTERED = re.compile(
    r"content_filter|content[ _-]filtering|content management policy|invalid_prompt|usage polic|"
    r"flagged (?:as|by|for)|requires moderation|responsible ?ai|safety system|guardrail",
    re.IGNORECASE,
)
_TOO_LONG = re.compile(
    r"context[ _](?:length|window|size)|maximum context|prompt is too long|too many tokens|input is too long|"
    r"exceeds? (?:the )?(?:maximum number of tokens|available context|token limit)|longer than the maximum model|"
    r"string with maximum length|string_above_max_length",
    re.IGNORECASE,
)
_WAIT_WORDS = re.compile(
    r"(?:try again|retry) (?:in|after) (?:(\d+)h)? ?(?:(\d+)m(?!s))? ?(?:(\d+(?:\.\d+)?)(?![hm\d.](?!s)) ?(ms|s)?)?",
    re.IGNORECASE,
)
_WAIT_BODY = re.compile(r'"retryDelay": ?"(\d+(?:\.\d+)?)s"')
_RESET = re.compile(r"(?:x-)?ratelimit-reset(?:-\w+)?", re.IGNORECASE)
_A_MOMENT = 1e9
"""Seconds; more than a wait has."""
_LONGEST_WAIT = 1e14
_PERIOD = re.compile(r"(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?")


@dataclass(eq=False)
class Failure(Exception):
    """A call that was refused, or that failed at the server."""

    status: int
    message: str
    names: tuple[str, ...] = ()
    """Parameters that the answer names as such."""
    code: str = ""
    """Its codes and types, in one line."""
    wait: float | None = None
    """Seconds that the server asks to wait."""

    @property
    def trouble(self) -> Trouble | None:
        """What is wrong with the account: no other call will do better."""
        return None if self.filtered else trouble(self.status, f"{self.code} {self.message}", self.wait)

    @property
    def passing(self) -> bool:
        """Another attempt may succeed."""
        later = self.status in _PASSING or self.status >= 500 or (self.status == 402 and self.wait is not None)
        return later and not self.trouble and not self.too_long

    @property
    def about_parameters(self) -> bool:
        """The call may be taken with other parameters."""
        if (self.trouble and self.status != 403) or not 400 <= self.status < 500 or self.status in _NOT_OURS:
            return False
        return not (self.filtered or self.too_long)

    @property
    def filtered(self) -> bool:
        """A content filter stopped the prompt."""
        return bool(_FILTERED.search(f"{self.code} {self.message}"))

    @property
    def too_long(self) -> bool:
        """The prompt does not fit."""
        return bool(_TOO_LONG.search(self.message))

    @property
    def kind(self) -> tuple[int, str]:
        """The same for the same complaint about other numbers."""
        return self.status, re.sub(r"\d+", "0", self.message)


def read_failure(status: int, headers: Mapping[str, str], content: bytes) -> Failure:
    """The failure that an answer is."""
    text = words_of_page(content) or content[: _LONGEST * 4].decode(errors="replace")
    body = read_body(content)
    parts = list(dict.fromkeys(part.strip() for part in _texts(body) if part.strip()))
    message = "; ".join(parts)[:_LONGEST] or text.strip()[:_LONGEST] or f"HTTP {status}"
    found = list(_fields(body))
    names = [str(value).split(".")[0].split("[")[0] for key, value in found if key in ("param", "loc", "field")]
    codes = [
        value
        for key, value in found
        if key in ("code", "type", "status", "reason", "quotaId") and isinstance(value, str)
    ]
    return Failure(status, message, tuple(names), " ".join(codes)[:_LONGEST], _wait(headers, message, text))


def failure_within(answer: Any) -> int | None:
    """The status of the error that an answer of status 200 is; None when it is none."""
    first = answer[0] if isinstance(answer, list) and answer else answer
    if not isinstance(first, dict):
        return None
    choices = [one for one in listed(first.get("choices")) if isinstance(one, dict)]
    failed = choices and all(one.get("error") for one in choices)
    if choices and not failed:
        return None
    error = failed or first.get("error") or first.get("errors")
    if not error and ("choices" in first or not (isinstance(first.get("message"), str) or first.get("detail"))):
        return None
    codes = [str(value) for key, value in _fields(answer) if key in ("code", "type", "status", "status_code")]
    numbers = [int(code) for code in codes if len(code) == 3 and code.isdecimal() and code[0] in "45"]
    named = [status for code in codes for words, status in _NAMED.items() if words in code.lower()]
    return next(iter([*numbers, *named]), 502)


_NAMED = {
    "rate_limit": 429, "resource_exhausted": 429, "throttl": 429, "quota": 429, "too_many": 429, "overloaded": 529,
    "api_key": 401, "unauthenticated": 401, "authentication": 401, "permission": 403, "not_found": 404,
    "invalid_request": 400, "invalid_argument": 400, "bad_request": 400,
}  # fmt: skip
"""The status that an error means which has none, by its code or type."""


def _texts(node: Any, depth: int = 0) -> Iterator[str]:
    """What an error says, wherever it says it."""
    if isinstance(node, str) and depth:
        yield node
    elif isinstance(node, list) and depth < 6:
        for one in node[:5]:
            yield from _texts(one, depth + 1)
    elif isinstance(node, dict) and depth < 6:
        if isinstance(node.get("loc"), list):
            yield ".".join(str(one) for one in node["loc"])
        for key in ("error", "errors", "choices", "message", "msg", "detail", "Message", "metadata", "raw"):
            yield from _texts(node.get(key), depth + 1)


def _fields(node: Any, depth: int = 0) -> Iterator[tuple[str, Any]]:
    """The fields of an error, outer ones first; a location is its last name."""
    if isinstance(node, list) and depth < 6:
        for one in node[:5]:
            yield from _fields(one, depth + 1)
    elif isinstance(node, dict) and depth < 6:
        for key, value in node.items():
            if key == "loc" and isinstance(value, list) and value:
                yield key, value[-1]
            elif isinstance(value, (dict, list)):
                yield from _fields(value, depth + 1)
            elif value is not None:
                yield key, value


def _wait(headers: Mapping[str, str], message: str, text: str) -> float | None:
    """The wait that the server asks for, in seconds."""
    if "retry-after-ms" in headers:
        return _seconds(headers["retry-after-ms"], 1 / 1000)
    if "retry-after" in headers:
        return _retry_after(headers["retry-after"])
    resets = [_reset(headers[name]) for name in headers if _RESET.fullmatch(name)]
    known = [reset for reset in resets if reset is not None]
    if known:
        return min(known)
    if found := _WAIT_BODY.search(text):
        return float(found[1])
    said = _WAIT_WORDS.search(message)
    if not said or not any(said.groups()[:3]):
        return None
    seconds = float(said[3] or 0) * (0.001 if said[4] == "ms" else 1.0)
    return 3600.0 * float(said[1] or 0) + 60.0 * float(said[2] or 0) + seconds


def _retry_after(text: str) -> float | None:
    """In seconds, as a date, or as a period (`5s`)."""
    seconds = _seconds(text, 1.0)
    if seconds:
        return seconds
    until = _until(text)
    return _period(text) if until is None else until


def _seconds(text: str, unit: float) -> float | None:
    try:
        seconds = float(text) * unit
    except ValueError:
        return None
    return min(max(seconds, 0.0), _LONGEST_WAIT) if math.isfinite(seconds) else None


def _reset(text: str) -> float | None:
    """When a limit is renewed: in some time, in seconds, or at a moment, in seconds or milliseconds since 1970."""
    moment = _seconds(text, 1.0)
    if moment is None:
        return _period(text)
    return moment if moment < _A_MOMENT else max(moment / (1000 if moment > 1000 * _A_MOMENT else 1) - time.time(), 0.0)


def _until(text: str) -> float | None:
    when = email.utils.parsedate_tz(text)
    return max(float(email.utils.mktime_tz(when)) - time.time(), 0.0) if when else None


def _period(text: str) -> float | None:
    found = _PERIOD.fullmatch(text.strip())
    if not found or not found.group():
        return None
    hours, minutes, seconds, milliseconds = (float(part or 0) for part in found.groups())
    return hours * 3600 + minutes * 60 + seconds + milliseconds / 1000


# --- words -----------------------------------------------------------------------------------------------------


def explained(name: str, call: Call, failure: Failure, *, attempts: int, longest: float) -> JudgingError:
    """What went wrong and what to do.

    Args:
        attempts: calls that were made.
        longest: seconds that a wait may take.
    """
    shown = failure.message[:_SHOWN]
    tries = f" after {attempts} attempts" if attempts > 1 else ""
    about = f"{shown} (HTTP {failure.status}{tries}; model {call.model}, provider {name})"
    if failure.filtered:
        what = "The provider's content filter stopped the prompt"
        advice = "Change the text or the case's wording, relax the filter at the provider, or choose another model."
        return JudgingError(f"{what}: {about}.\n{advice}")
    what = _WHAT.get(failure.status, "The server refused the call")
    what = "The server failed" if failure.status >= 500 else what
    if failure.too_long:
        what, advice = _WHAT[413], _ADVICE[413]
    elif failure.trouble:
        what, advice = _TROUBLE[failure.trouble]
        if failure.status == 403 and failure.trouble is Trouble.KEY:
            what, advice = _WHAT[403], _ADVICE[403]
    elif failure.passing and failure.wait is not None and failure.wait > longest:
        advice = (
            f"The server asks to wait for {failure.wait:g} seconds, longer than a call may wait ({longest:g}): "
            "run it again then."
        )
    else:
        usual = "Try again later." if failure.status >= 500 else "Correct the judge."
        advice = _ADVICE.get(failure.status, usual)
    return JudgingError(f"{what}: {about}.\n{advice}", final=failure.trouble is not None)


_TROUBLE = {
    Trouble.CREDIT: ("The account has no credit left", "Add credit at the provider, or use another key."),
    Trouble.QUOTA: (
        "The account's quota is used up for now",
        "Go on when the provider renews it, ask for a higher one, or use another key or model.",
    ),
    Trouble.KEY: (
        "The server does not accept the key",
        "Check the provider's key in the environment or in .streamlit/secrets.toml.",
    ),
}


_WHAT = {
    403: "The key may not do this",
    404: "The server does not know the model",
    413: "The text is too long for the model",
    429: "The provider's rate limit was reached",
}
_ADVICE = {
    403: "Check the rights of the provider's key.",
    404: "Check the name of the model in Models & metrics, and the provider's base URL.",
    413: "Shorten the text, or choose a model with a longer context.",
    429: "Try again later, lower the concurrency, or raise retry_attempts and rate_limit_sleep of the judge.",
}
