"""Real implementations of the seams that tests may replace."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta


class FakeClock:
    """The time of day, which moves only when told."""

    def __init__(self, now: datetime = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **delta: float) -> datetime:
        """Moves on by `timedelta(**delta)` and tells the new time."""
        self.now += timedelta(**delta)
        return self.now


def incompressible(length: int) -> str:
    """Text of `length` characters from every plane of Unicode, which compression makes little smaller."""
    dice = random.Random(11)
    return "".join(chr(dice.choice((0x41, 0xE9, 0x4E00, 0x1F600)) + dice.randrange(60)) for _ in range(length))
