"""How judges are scored, decided at their first evaluation: one item per judge version and model.

`MODE#<judgeId>` / name. The first writer wins, so that every process scores alike.
"""

from __future__ import annotations

from console.data.store import tables
from console.data.store.answers import ConditionFailed
from console.data.store.codec import to_wire_map
from console.data.store.requests import ABSENT, Put
from console.data.store.store import Store


class JudgeModes:
    """Repository of scoring modes."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def find(self, judge_id: str, name: str) -> str | None:
        """The mode of a judge by name, or None. One GetItem."""
        item = self._store.get(tables.RUNS, *_key(judge_id, name))
        return item["scoringMode"]["S"] if item else None

    def keep(self, judge_id: str, name: str, mode: str) -> str:
        """Keeps a mode unless there is one already; returns the one that is there now. One or two requests."""
        partition, sort = _key(judge_id, name)
        item = to_wire_map({tables.PK: partition, tables.SK: sort, "scoringMode": mode})
        try:
            self._store.write(Put(tables.RUNS, item, ABSENT))
        except ConditionFailed:
            return self.find(judge_id, name) or mode
        return mode


def _key(judge_id: str, name: str) -> tuple[str, str]:
    return f"MODE#{judge_id}", name
