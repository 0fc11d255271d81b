"""Answers of judges that are not in the store yet, in a file: a worker that is killed has not asked in vain.

The file outlives the process that wrote it, whatever ended that; it need not outlive the machine, for then the
calls are only made again. A worker that cannot have one stores each answer before it asks for the next.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import msgspec

from console.records import Results, Spent

_LINES = 500
"""Lines after which what is stored by now is thrown away."""


class JournalEntry(msgspec.Struct, frozen=True):
    """How the judging of a row ended."""

    number: int
    """Of the row."""
    reopened: int
    """How often failed rows had been opened again: an answer from before that is not one to the new question."""
    started: datetime
    results: Results | None = None
    error: str | None = None
    spent: Spent | None = None
    """What a row took that ended in an error."""

    @property
    def cost(self) -> float | None:
        """US dollars, as far as they are known."""
        took = self.results or self.spent
        return took.cost if took else None


class Journal:
    """The answers of one batch on this machine. Safe to share between threads."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._lock = threading.Lock()
        self._open = {answer.number: answer for answer in _read(path)}
        self._file = path.open("ab", buffering=0)
        self._lines = 0

    def answers(self, reopened: int) -> dict[int, JournalEntry]:
        """The answers that an earlier worker left, by row."""
        return {number: answer for number, answer in self._open.items() if answer.reopened == reopened}

    def add(self, answer: JournalEntry) -> None:
        """Keeps an answer."""
        with self._lock:
            self._open[answer.number] = answer
            self._file.write(msgspec.json.encode(answer) + b"\n")
            self._lines += 1

    def stored(self, numbers: Iterable[int]) -> None:
        """The rows are in the store; their answers may go."""
        with self._lock:
            for number in numbers:
                self._open.pop(number, None)
            if self._lines > _LINES:
                self._shorten()

    def close(self) -> None:
        """Removes the file when everything in it is stored."""
        with self._lock:
            self._file.close()
            if not self._open:
                self._path.unlink(missing_ok=True)

    def _shorten(self) -> None:
        draft = self._path.with_suffix(".part")
        draft.write_bytes(b"".join(msgspec.json.encode(answer) + b"\n" for answer in self._open.values()))
        self._file.close()
        os.replace(draft, self._path)
        self._file = self._path.open("ab", buffering=0)
        self._lines = len(self._open)


def _read(path: Path) -> list[JournalEntry]:
    """The whole lines of a journal; the last may be torn."""
    answers = []
    try:
        lines = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return []
    for line in lines:
        try:
            answers.append(msgspec.json.decode(line, type=JournalEntry))
        except (msgspec.DecodeError, msgspec.ValidationError):
            continue
    return answers


def open_journal(folder: Path, batch_id: str) -> Journal | None:
    """The journal of a batch; None where files cannot be written."""
    try:
        return Journal(folder / f"{batch_id}.jsonl")
    except OSError:
        return None
