"""Where a provider is asked, by what the settings say."""

from __future__ import annotations

from typing import Any

import pytest

from console.config import Settings
from console.judging.providers.port import CAPABILITIES, reached

GATEWAY = {"openai_api_key": "key", "openai_base_url": "http://gateway"}
REACHED: list[tuple[str, dict[str, Any], str | None, str | None]] = [
    ("openai", {}, None, "OPENAI_API_KEY"),
    ("openai", {"openai_api_key": "key"}, None, None),
    ("anthropic", {"openai_api_key": "key"}, "https://api.anthropic.com/v1", "ANTHROPIC_API_KEY"),
    ("anthropic", GATEWAY, "http://gateway", None),
    ("anthropic", {**GATEWAY, "anthropic_api_key": "own"}, "https://api.anthropic.com/v1", None),
    ("mistral", {"openai_api_key": "key"}, None, "OTHER_BASE_URL"),
    ("mistral", GATEWAY, "http://gateway", None),
    ("mistral", {**GATEWAY, "other_base_url": "http://own"}, "http://own", None),
    ("mistral", {"openai_base_url": "http://gateway"}, None, "OTHER_BASE_URL"),
    ("ollama", GATEWAY, "http://127.0.0.1:11434/v1", None),
]


@pytest.mark.parametrize(("provider", "given", "url", "missing"), REACHED)
def test_a_provider_that_is_not_set_up_is_asked_at_the_gateway(
    provider: str, given: dict[str, Any], url: str | None, missing: str | None
) -> None:
    where, _ = reached(provider, Settings(**given))
    assert (where.base_url, where.missing()) == (url, missing)


def test_at_a_gateway_nothing_is_taken_for_granted() -> None:
    assert reached("anthropic", Settings(**GATEWAY))[1] == CAPABILITIES["other"]
    assert reached("anthropic", Settings(anthropic_api_key="own"))[1] == CAPABILITIES["anthropic"]
