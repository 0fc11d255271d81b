"""Every call of a judge's model is counted, also without a score, and may be forbidden before it is made."""

from __future__ import annotations

import threading
from typing import Protocol

from console.judging.providers.port import Call, Capabilities, Provider, Reply
from console.records import TokenUsage


class Gate(Protocol):
    """Allows calls."""

    def before(self, call: Call) -> None:
        """A call is about to be made. Raises JudgingError to forbid it."""

    def after(self, call: Call, usage: TokenUsage | None) -> None:
        """A call that was allowed has ended: answered with this usage, or failed."""


class Meter:
    """What the calls of one evaluation take. Safe to share between threads.

    Args:
        gate: asked before each call; None allows all.
    """

    def __init__(self, gate: Gate | None = None) -> None:
        self.usage = TokenUsage()
        self.answered = 0
        """Calls."""
        self._gate = gate
        self._lock = threading.Lock()

    def complete(self, provider: Provider, call: Call) -> Reply:
        """Asks the provider, and counts. Raises JudgingError."""
        if self._gate is None:
            return self._count(provider.complete(call))
        self._gate.before(call)
        usage: TokenUsage | None = None
        try:
            reply = self._count(provider.complete(call))
            usage = reply.usage
        finally:
            self._gate.after(call, usage)
        return reply

    def _count(self, reply: Reply) -> Reply:
        with self._lock:
            self.usage = self.usage.plus(reply.usage)
            self.answered += 1
        return reply


class Metered:
    """A provider whose calls go through a meter."""

    def __init__(self, provider: Provider, meter: Meter) -> None:
        self.name = provider.name
        self.capabilities: Capabilities = provider.capabilities
        self._provider = provider
        self._meter = meter

    def complete(self, call: Call) -> Reply:
        """Asks the provider. Raises JudgingError."""
        return self._meter.complete(self._provider, call)
