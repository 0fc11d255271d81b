"""The budget of a batch: a meter that lets a call be made only when its cost surely fits."""

from __future__ import annotations

import threading
from collections.abc import Callable

from console.errors import BudgetSpent
from console.judging.providers.port import Call
from console.records import TokenUsage


class Budget:
    """Lets a call begin only when its cost, and those of the calls in flight, fit into the budget.

    What a call costs is known after the first one of its kind (for steps, or for a score), which therefore is made
    alone; then the dearest so far counts. Safe to share between threads.

    Args:
        limit: US dollars; None sets no bound.
        price: US dollars of a usage; None where the model has no prices.
        spent: US dollars of earlier attempts.
    """

    def __init__(
        self, limit: float | None, price: Callable[[TokenUsage], float | None] = lambda _: None, spent: float = 0.0
    ) -> None:
        self.limit = limit
        self.spent = spent
        self._price = price
        self._dearest: dict[bool, float] = {}
        self._in_flight = 0
        self._changed = threading.Condition()

    def is_open(self) -> bool:
        """Whether there is money for another row, as far as is known."""
        with self._changed:
            return self.limit is None or self.spent + max(self._dearest.values(), default=0.0) <= self.limit

    def add(self, cost: float | None) -> None:
        """Counts what was spent elsewhere."""
        with self._changed:
            self.spent += cost or 0.0

    def before(self, call: Call) -> None:
        """Waits until the money for a call is sure. Raises BudgetSpent when there is none."""
        with self._changed:
            while not self._fits(call.form):
                if not self._in_flight:
                    raise BudgetSpent(self.limit or 0.0)
                self._changed.wait()
            self._in_flight += 1

    def after(self, call: Call, usage: TokenUsage | None) -> None:
        """Counts a call that has ended."""
        cost = self._price(usage) if usage else None
        with self._changed:
            self._in_flight -= 1
            if cost is not None:
                self.spent += cost
                self._dearest[call.form] = max(self._dearest.get(call.form, 0.0), cost)
            self._changed.notify_all()

    def _fits(self, kind: bool) -> bool:
        if self.limit is None:
            return True
        if kind not in self._dearest:
            return not self._in_flight and self.spent < self.limit
        return self.spent + max(self._dearest.values()) * self._in_flight + self._dearest[kind] <= self.limit
