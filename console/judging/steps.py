"""Evaluation steps: written by the model once per version of a case, kept, and used for every text."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from console.errors import JudgingError
from console.records import Snapshot


@dataclass(frozen=True, slots=True)
class StepsKey:
    """What steps belong to: they change with the texts of the case and with the model that writes them."""

    case_id: str
    name: str
    """Version of the case, and a digest of what the steps are made from: a case of the old system is edited
    without a new version."""

    @classmethod
    def of(cls, snapshot: Snapshot, model: str) -> StepsKey:
        """The key of the steps that a model writes for a snapshot."""
        scale = snapshot.score_range
        parts = [model, snapshot.task_introduction, snapshot.evaluation_criteria, f"{scale.min} {scale.max}"]
        parts += [f"{score}: {words}" for score, words in snapshot.anchors.items()]
        digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
        return cls(snapshot.case_id, f"{snapshot.case_version or '-'}#{digest}")


class StepsStore(Protocol):
    """Where steps are kept."""

    def find(self, case_id: str, name: str) -> str | None:
        """The steps of a case by name, or None."""

    def keep(self, case_id: str, name: str, steps: str) -> str:
        """Keeps steps unless there are some already; returns those that are there now."""


class StepsInMemory:
    """A store that lasts as long as the process."""

    def __init__(self) -> None:
        self._steps: dict[tuple[str, str], str] = {}

    def find(self, case_id: str, name: str) -> str | None:
        """The steps of a case by name, or None."""
        return self._steps.get((case_id, name))

    def keep(self, case_id: str, name: str, steps: str) -> str:
        """Keeps steps unless there are some already; returns those that are there now."""
        return self._steps.setdefault((case_id, name), steps)


class Steps:
    """Steps by key: read from the store once per process, and written by one thread while the others wait."""

    def __init__(self, store: StepsStore) -> None:
        self._store = store
        self._known: dict[StepsKey, str] = {}
        self._locks: dict[StepsKey, threading.Lock] = {}
        self._failures: dict[StepsKey, tuple[float, JudgingError]] = {}

    def find(self, key: StepsKey) -> str | None:
        """The steps of a key if they are there."""
        return self._known.get(key) or self._store.find(key.case_id, key.name)

    def get(self, key: StepsKey, write: Callable[[], str]) -> str:
        """The steps of a key.

        Args:
            write: has a model write them. When it fails, it fails for all who were waiting.
        """
        came = time.monotonic()
        if key in self._known:
            return self._known[key]
        with self._locks.setdefault(key, threading.Lock()):
            if key not in self._known:
                failed_at, failure = self._failures.get(key, (came, None))
                if failure and failed_at > came:
                    raise failure
                self._known[key] = self._find_or_write(key, write)
            return self._known[key]

    def _find_or_write(self, key: StepsKey, write: Callable[[], str]) -> str:
        found = self._store.find(key.case_id, key.name)
        if found:
            return found
        try:
            return self._store.keep(key.case_id, key.name, write())
        except JudgingError as error:
            self._failures[key] = (time.monotonic(), error)
            raise
