"""Evaluation steps that models wrote, one item per version of a case and model: `STEPS#<caseId>` / name.

The first writer wins, so that every process judges by the same steps. Steps that somebody pinned are part of the
case, not of this.
"""

from __future__ import annotations

from console.data.store import tables
from console.data.store.answers import ConditionFailed
from console.data.store.codec import check_text, to_wire_map
from console.data.store.requests import ABSENT, Put
from console.data.store.store import Store

_LIMIT = 100_000


class GeneratedSteps:
    """Repository of generated evaluation steps."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def find(self, case_id: str, name: str) -> str | None:
        """The steps of a case by name, or None. One GetItem."""
        item = self._store.get(tables.RUNS, *_key(case_id, name))
        return item["steps"]["S"] if item else None

    def keep(self, case_id: str, name: str, steps: str) -> str:
        """Keeps steps unless there are some already; returns those that are there now. One or two requests."""
        check_text(steps, "The evaluation steps", limit=_LIMIT)
        partition, sort = _key(case_id, name)
        item = to_wire_map({tables.PK: partition, tables.SK: sort, "steps": steps})
        try:
            self._store.write(Put(tables.RUNS, item, ABSENT))
        except ConditionFailed:
            return self.find(case_id, name) or steps
        return steps


def _key(case_id: str, name: str) -> tuple[str, str]:
    return f"STEPS#{case_id}", name
