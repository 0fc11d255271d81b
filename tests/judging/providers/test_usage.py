"""What servers say that a call took."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from console.judging.providers.usage import read_usage
from console.records import Model, TokenUsage

GEMINI = {
    "prompt_tokens": 1000,
    "completion_tokens": 20,
    "total_tokens": 3020,
    "prompt_tokens_details": {"cached_tokens": 900},
    "completion_tokens_details": {"reasoning_tokens": 2000},
}


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (None, TokenUsage()),
        ([], TokenUsage()),
        ({"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}, TokenUsage(100, 20, 120)),
        ({"prompt_tokens": 100, "completion_tokens": None, "total_tokens": None}, TokenUsage(100, 0, 100)),
        ({"prompt_tokens": 100.0, "completion_tokens": "20", "total_tokens": 120.5}, TokenUsage(100, 20, 120)),
        ({"total_tokens": 120}, TokenUsage(0, 0, 120)),
        ({"prompt_tokens": -1, "completion_tokens": float("nan"), "total_tokens": True}, TokenUsage()),
        (GEMINI, TokenUsage(1000, 2020, 3020, cached=900, reasoning=2000)),
        (
            {
                "prompt_tokens": 100,
                "completion_tokens": 2500,
                "total_tokens": 2600,
                "completion_tokens_details": {"reasoning_tokens": 2500},
                "prompt_tokens_details": None,
            },
            TokenUsage(100, 2500, 2600, reasoning=2500),
        ),
    ],
)
def test_usage_is_read_as_it_is_meant(said: object, meant: TokenUsage) -> None:
    assert read_usage(said) == meant


def _model(**prices: float) -> Model:
    return Model(model_id="m", name="m", provider="other", created_on=datetime.now(UTC), **prices)


def test_reasoning_is_paid_as_output_and_cached_input_at_its_own_price() -> None:
    usage = read_usage(GEMINI)

    assert _model(input_price=10.0, output_price=100.0).cost(usage) == pytest.approx(0.01 + 0.202)
    assert _model(input_price=10.0, output_price=100.0, cached_price=1.0).cost(usage) == pytest.approx(0.0019 + 0.202)
