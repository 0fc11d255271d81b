"""Seams of the data tier as tests want them: seconds that stand still, a client that remembers."""

from __future__ import annotations

from typing import Any


class Ticks:
    """Monotonic seconds, which pass only when told."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


class Recorder:
    """A DynamoDB client that remembers what it was asked."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.requests: list[tuple[str, dict[str, Any]]] = []

    def __getattr__(self, operation: str) -> Any:
        ask = getattr(self._client, operation)

        def remembered(**request: Any) -> Any:
            self.requests.append((operation, request))
            return ask(**request)

        return remembered

    @property
    def operations(self) -> list[str]:
        """The operations asked, in order."""
        return [operation for operation, _ in self.requests]

    @property
    def queried(self) -> list[tuple[str | None, str]]:
        """Index (None is the table) and partition of each Query, in order."""
        return [
            (request.get("IndexName"), request["ExpressionAttributeValues"][":h"]["S"])
            for operation, request in self.requests
            if operation == "query"
        ]
