"""The mode in which a judge is scored: decided once for each version of a judge and model, and kept.

A model gives log-probabilities or it does not, and a mean of both kinds of scores means little. What the first
evaluation shows is therefore written down, and later ones keep to it.
"""

from __future__ import annotations

from console.judging.kept import KeptStore, Key
from console.records import Snapshot


def mode_key(snapshot: Snapshot, model: str) -> Key:
    """What the mode of a snapshot's judge belongs to when it asks a model."""
    return Key(snapshot.judge_id, f"{snapshot.version}#{snapshot.llm.type}#{model}")


class Modes:
    """Modes by key, each read from the store once per process. Safe to share between threads."""

    def __init__(self, store: KeptStore) -> None:
        self._store = store
        self._known: dict[Key, str] = {}

    def find(self, key: Key) -> str | None:
        """The mode that was decided, if one was."""
        if key not in self._known:
            found = self._store.find(*key)
            if found is None:
                return None
            self._known[key] = found
        return self._known[key]

    def decide(self, key: Key, mode: str) -> str:
        """Decides on a mode where none was; returns the one that holds."""
        if key not in self._known:
            self._known[key] = self._store.keep(*key, mode)
        return self._known[key]
