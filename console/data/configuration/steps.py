"""What a judge's model decides once, of which the first writer's stays, so that every process judges alike.

Evaluation steps that models wrote, one item per version of a case and model: `STEPS#<caseId>` / name; steps that
somebody pinned are part of the case, not of this. And how judges are scored, decided at their first evaluation, one
item per judge version and model: `MODE#<judgeId>` / name.
"""

from __future__ import annotations

from console.data.store import tables
from console.data.store.answers import ConditionFailed
from console.data.store.codec import check_text, to_wire_map
from console.data.store.requests import ABSENT, Put
from console.data.store.store import Store

_LIMIT = 100_000


class FirstKept:
    """Repository of texts by what they belong to and a name."""

    kind: str
    """Before the `#` of the partition."""
    attribute: str

    def __init__(self, store: Store) -> None:
        self._store = store

    def find(self, of: str, name: str) -> str | None:
        """The text, or None. One GetItem."""
        item = self._store.get(tables.RUNS, f"{self.kind}#{of}", name)
        return item[self.attribute]["S"] if item else None

    def keep(self, of: str, name: str, text: str) -> str:
        """Keeps a text unless there is one already; returns the one that is there now. One or two requests."""
        check_text(text, "The evaluation steps", limit=_LIMIT)
        item = to_wire_map(tables.keyed(f"{self.kind}#{of}", name) | {self.attribute: text})
        try:
            self._store.write(Put(tables.RUNS, item, ABSENT))
        except ConditionFailed:
            return self.find(of, name) or text
        return text


class GeneratedSteps(FirstKept):
    """Steps of a case."""

    kind, attribute = "STEPS", "steps"


class JudgeModes(FirstKept):
    """Scoring modes of a judge."""

    kind, attribute = "MODE", "scoringMode"
