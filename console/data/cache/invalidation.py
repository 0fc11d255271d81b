"""Tells the processes of one machine at once that something changed: the time stamp of a file that all of them see.

The change tokens in the store say what changed, and to every machine; looking at them costs a request. A file's time
stamp costs a microsecond, so a process that sees no announcement need not look more often than the cache's interval.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

from console.private import FILE_MODE


class Invalidation:
    """A file whose time stamp is set to now by `announce`."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def announce(self) -> None:
        """Something changed in the store. Call it after the write."""
        now = time.time_ns()
        try:
            os.utime(self._path, ns=(now, now))
        except FileNotFoundError:
            with suppress(FileNotFoundError):  # a folder that is gone has no other process to tell
                self._path.touch(mode=FILE_MODE)

    def latest(self) -> int:
        """A number that is another one after each announcement."""
        try:
            return self._path.stat().st_mtime_ns
        except FileNotFoundError:
            return 0
