"""Evaluation steps: written by the model once per version of a case, kept, and used for every text."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable

from console.errors import JudgingError
from console.judging.kept import KeptStore, Key
from console.records import Snapshot


def steps_key(snapshot: Snapshot, model: str) -> Key:
    """What the steps that a model writes belong to: they change with the texts of the case, and with the model.

    A case of the old system is edited without a new version, so a digest of the texts is part of the name.
    """
    scale = snapshot.score_range
    parts = [model, snapshot.task_introduction, snapshot.evaluation_criteria, f"{scale.min} {scale.max}"]
    parts += [f"{score}: {words}" for score, words in snapshot.anchors.items()]
    digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
    return Key(snapshot.case_id, f"{snapshot.case_version or '-'}#{digest}")


class Steps:
    """Steps by key: read from the store once per process, and written by one thread while the others wait."""

    def __init__(self, store: KeptStore) -> None:
        self._store = store
        self._known: dict[Key, str] = {}
        self._locks: dict[Key, threading.Lock] = {}
        self._failures: dict[Key, tuple[float, JudgingError]] = {}

    def find(self, key: Key) -> str | None:
        """The steps of a key if they are there."""
        return self._known.get(key) or self._store.find(*key)

    def get(self, key: Key, write: Callable[[], str]) -> str:
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

    def _find_or_write(self, key: Key, write: Callable[[], str]) -> str:
        found = self._store.find(*key)
        if found:
            return found
        try:
            return self._store.keep(*key, write())
        except JudgingError as error:
            self._failures[key] = (time.monotonic(), error)
            raise
