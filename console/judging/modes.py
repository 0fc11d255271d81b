"""The mode in which a judge is scored: decided once for each version of a judge and model, and kept.

A model gives log-probabilities or it does not, and a mean of both kinds of scores means little. What the first
evaluation shows is therefore written down, and later ones keep to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from console.records import Snapshot


@dataclass(frozen=True, slots=True)
class ModeKey:
    """What a mode belongs to."""

    judge_id: str
    name: str
    """Version of the judge, and the model that is asked."""

    @classmethod
    def of(cls, snapshot: Snapshot, model: str) -> ModeKey:
        """The key of a snapshot's judge when it asks a model."""
        return cls(snapshot.judge_id, f"{snapshot.version}#{snapshot.llm.type}#{model}")


class ModesStore(Protocol):
    """Where modes are kept."""

    def find(self, judge_id: str, name: str) -> str | None:
        """The mode of a judge by name, or None."""

    def keep(self, judge_id: str, name: str, mode: str) -> str:
        """Keeps a mode unless there is one already; returns the one that is there now."""


class ModesInMemory:
    """A store that lasts as long as the process."""

    def __init__(self) -> None:
        self._modes: dict[tuple[str, str], str] = {}

    def find(self, judge_id: str, name: str) -> str | None:
        """The mode of a judge by name, or None."""
        return self._modes.get((judge_id, name))

    def keep(self, judge_id: str, name: str, mode: str) -> str:
        """Keeps a mode unless there is one already; returns the one that is there now."""
        return self._modes.setdefault((judge_id, name), mode)


class Modes:
    """Modes by key, each read from the store once per process. Safe to share between threads."""

    def __init__(self, store: ModesStore) -> None:
        self._store = store
        self._known: dict[ModeKey, str] = {}

    def find(self, key: ModeKey) -> str | None:
        """The mode that was decided, if one was."""
        if key not in self._known:
            found = self._store.find(key.judge_id, key.name)
            if found is None:
                return None
            self._known[key] = found
        return self._known[key]

    def decide(self, key: ModeKey, mode: str) -> str:
        """Decides on a mode where none was; returns the one that holds."""
        if key not in self._known:
            self._known[key] = self._store.keep(key.judge_id, key.name, mode)
        return self._known[key]
