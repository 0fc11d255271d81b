"""Metrics and models, and the tokens that models are paid for."""

from __future__ import annotations

from datetime import datetime

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
    completion: int = 0
    total: int = 0


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
    """US dollars per million completion tokens."""
    last_updated_on: datetime | None = None
    """When the prices last changed; None while they are the first ones."""
    last_updated_by: str | None = None
    sequence: int = 0
    """Place among models made in the same second, where time alone does not tell (migrated ones)."""

    def cost(self, usage: TokenUsage) -> float | None:
        """US dollars for `usage`, or None when the prices are not given."""
        if self.input_price is None or self.output_price is None:
            return None
        return (usage.prompt * self.input_price + usage.completion * self.output_price) / 1_000_000
