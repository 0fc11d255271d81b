"""Providers of models: what each can do, where it is reached, and what is asked of it.

All of them speak the OpenAI-compatible API (see `openai_api`). A provider is
found by the name that a model has in the catalog; an unknown name is a server at `OTHER_BASE_URL`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from console.config import Settings
from console.errors import JudgingError
from console.judging.logprobs import Token
from console.records import ScoreRange, TokenUsage


class Support(StrEnum):
    """Whether a provider gives log-probabilities."""

    YES = "yes"
    """Always: a reply without them is a failure."""
    MAYBE = "maybe"
    """Depends on the model: one that gives none is scored from its samples, and that is remembered."""
    NO = "no"


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a provider's API takes and gives."""

    logprobs: Support = Support.MAYBE
    n: bool = True
    """Several choices in one call; else it is called once for each."""
    schema: bool = True
    """Structured output by a JSON schema."""
    system: bool = True
    """A conversation may be one message of the role `system`."""
    max_temperature: float = 2.0
    penalties: bool = True
    """Frequency and presence penalties."""
    bounds: bool = False
    """A JSON schema may have the ends of the scale."""


@dataclass(frozen=True, slots=True)
class Call:
    """What is asked of a model once."""

    model: str
    prompt: str
    role: str = "system"
    n: int = 1
    temperature: float = 1.0
    max_tokens: int = 1000
    top_p: float = 1.0
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    top_logprobs: int | None = None
    """Alternatives per token; None asks for no log-probabilities."""
    form: bool = False
    """The reply is the form of `prompts.reply_schema`, the reason first where no log-probabilities are asked for."""
    seed: int | None = None
    """Asks the model to draw the same each time; not all can."""
    reasoning_effort: str | None = None
    """How long a reasoning model may think, in its provider's word: low, medium, high."""
    scale: ScoreRange = ScoreRange()
    """Of the score in the form."""
    retries: int = 3
    """Attempts after a failed one."""
    rate_limit_sleep: float = 0.0
    """Seconds after a rate limit, at least."""


class Stop(StrEnum):
    """Why a reply ended."""

    DONE = "done"
    LENGTH = "length"
    """At the limit of tokens."""
    FILTER = "filter"
    """By the provider's content filter."""
    TOOL = "tool"
    """The model called a tool."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the replies to a call."""

    content: str
    tokens: Sequence[Token] | None = None
    """None when no log-probabilities came."""
    stop: Stop = Stop.DONE
    refusal: str | None = None
    tool: str | None = None
    """The call of a tool that it consists of, as the model wrote it."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back from a call."""

    choices: Sequence[Choice]
    usage: TokenUsage
    refused: frozenset[str] = frozenset()
    """Parameters that the call has and the model does not take: it was asked without them."""
    estimated: bool = False
    """The server did not say what the call took: the usage is an estimate."""


class Provider(Protocol):
    """Where models are asked."""

    name: str
    capabilities: Capabilities

    def complete(self, call: Call) -> Reply:
        """Asks a model once, with retries. Raises JudgingError."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a provider is, and with which key."""

    base_url: str | None
    key: str | None
    key_variable: str | None = None
    """The setting that holds the key; None where none is needed."""
    url_variable: str | None = None
    """The setting that has to name the server; None where there is a usual one."""

    def missing(self) -> str | None:
        """The setting that is missing, if any."""
        if self.url_variable and not self.base_url:
            return self.url_variable
        return self.key_variable if self.key_variable and not self.key else None


CAPABILITIES: Mapping[str, Capabilities] = {
    "openai": Capabilities(logprobs=Support.YES),
    "anthropic": Capabilities(
        logprobs=Support.NO, n=False, schema=False, system=False, max_temperature=1.0, penalties=False
    ),
    "google": Capabilities(system=False),
    "bedrock": Capabilities(n=False, system=False, max_temperature=1.0, penalties=False),
    "ollama": Capabilities(n=False),
    "local": Capabilities(logprobs=Support.YES, bounds=True),
    "other": Capabilities(),
}
"""By provider; what a model refuses beyond this is learned from its first refusal."""


def address(name: str, settings: Settings) -> Address:
    """Where the settings say that a provider is."""
    return {
        "openai": Address(settings.openai_base_url, settings.openai_api_key, "OPENAI_API_KEY"),
        "anthropic": Address(settings.anthropic_base_url, settings.anthropic_api_key, "ANTHROPIC_API_KEY"),
        "google": Address(settings.google_base_url, settings.google_api_key, "GOOGLE_API_KEY"),
        "bedrock": Address(
            settings.bedrock_base_url or f"https://bedrock-runtime.{settings.aws_region}.amazonaws.com/openai/v1",
            settings.bedrock_api_key,
            "AWS_BEARER_TOKEN_BEDROCK",
        ),
        "ollama": Address(settings.ollama_base_url, None),
    }.get(name, Address(settings.other_base_url, settings.other_api_key, None, "OTHER_BASE_URL"))


def reached(name: str, settings: Settings) -> tuple[Address, Capabilities]:
    """Where a provider is asked, and what may be asked there.

    One that is not set up is asked at `OPENAI_BASE_URL`, when that names a server: the old system asked every model
    there, and a gateway has models of every provider.
    """
    own, gateway = address(name, settings), address("openai", settings)
    if own.missing() and gateway.base_url and gateway.key:
        return gateway, CAPABILITIES["other"]
    return own, CAPABILITIES.get(name, CAPABILITIES["other"])


@dataclass(slots=True)
class Providers:
    """The providers of one process, each made when it is first asked for.

    Args:
        make: makes a provider by name. Raises JudgingError when its settings are missing.
        known: providers that are there already.
    """

    make: Callable[[str], Provider]
    known: dict[str, Provider] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, name: str) -> Provider:
        """The provider of that name."""
        with self._lock:
            if name not in self.known:
                self.known[name] = self.make(name)
            return self.known[name]


def check_address(name: str, where: Address) -> None:
    """Raises JudgingError when the settings do not say where a provider is, or with which key."""
    missing = where.missing()
    if missing:
        raise JudgingError(
            f"The provider {name!r} is not set up: {missing} is not set.\n"
            f"Set {missing} in the environment or in .streamlit/secrets.toml, and start again."
        )
