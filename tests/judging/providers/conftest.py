"""Clients of providers are closed after the test that made them: what a collection of garbage closes is a warning."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import openai
import pytest


@pytest.fixture
def closed_clients(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    made: list[openai.OpenAI] = []
    real = openai.OpenAI

    def make(*given: Any, **more: Any) -> openai.OpenAI:
        made.append(real(*given, **more))
        return made[-1]

    monkeypatch.setattr(openai, "OpenAI", make)
    yield
    for one in made:
        one.close()
