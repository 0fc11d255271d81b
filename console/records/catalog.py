"""Metrics and models, and the tokens that models are paid for."""

from __future__ import annotations

from datetime import datetime
from typing import TypedDict

from console.records.base import Record


class Metric(Record, frozen=True):
    """An evaluation methodology in the catalog."""

    metric_id: str
    name: str
    """Unique, lower case: `geval` or `similarity`, or one that the team added."""
    created_on: datetime
    created_by: str = "system"
    sequence: int = 0
    """Place among metrics made in the same second, where time alone does not tell (migrated ones)."""


class TokenUsage(Record, frozen=True):
    """Tokens of every call that a run made."""

    prompt: int = 0
    """Tokens that were sent, those from the provider's cache included."""
    completion: int = 0
    """Tokens that were written, reasoning included."""
    total: int = 0
    cached: int = 0
    """Of `prompt`: read from the provider's cache."""
    reasoning: int = 0
    """Of `completion`: thought, and not shown."""

    def plus(self, other: TokenUsage) -> TokenUsage:
        """Both together."""
        return TokenUsage(
            prompt=self.prompt + other.prompt,
            completion=self.completion + other.completion,
            total=self.total + other.total,
            cached=self.cached + other.cached,
            reasoning=self.reasoning + other.reasoning,
        )


class Prices(TypedDict, total=False):
    """Prices of a model; fields of `Model`, None where they are not given."""

    input_price: float | None
    output_price: float | None
    cached_price: float | None


class Model(Record, frozen=True):
    """An LLM in the catalog."""

    model_id: str
    name: str
    """Unique, case kept: the provider's name for the model."""
    provider: str
    """Lower case: openai, anthropic, google, bedrock, ollama, other."""
    created_on: datetime
    created_by: str = "system"
    input_price: float | None = None
    """US dollars per million prompt tokens."""
    output_price: float | None = None
    """US dollars per million completion tokens, reasoning included."""
    cached_price: float | None = None
    """US dollars per million prompt tokens from the provider's cache; None counts them as the others."""
    last_updated_on: datetime | None = None
    """When the prices last changed; None while they are the first ones."""
    last_updated_by: str | None = None
    sequence: int = 0
    """Place among models made in the same second, where time alone does not tell (migrated ones)."""

    def cost(self, usage: TokenUsage) -> float | None:
        """US dollars for `usage`, or None when the prices are not given."""
        if self.input_price is None or self.output_price is None:
            return None
        cached_price = self.input_price if self.cached_price is None else self.cached_price
        sent = (usage.prompt - usage.cached) * self.input_price + usage.cached * cached_price
        return (sent + usage.completion * self.output_price) / 1_000_000
