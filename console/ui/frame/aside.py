"""Slow work beside the pages: made once per question by a thread, with its progress, kept until the data changes.

A page asks, draws what is there, and looks again while the rest is being made. An answer to an earlier state of the
data is shown until the new one is ready.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Generic, TypeVar, cast

import streamlit as st

T = TypeVar("T")
Progress = Callable[[int, int], None]
"""Called with what is done and what there is to do."""
THREADS = 2
KEPT = 64
"""Questions whose last answers are kept."""
PATIENCE = 0.15
"""Seconds that a page waits for work that is quick."""
LOOKS_AGAIN = 0.7
"""Seconds between two looks at work that is not."""


@dataclass(slots=True)
class Work(Generic[T]):
    """One question being answered."""

    revision: Hashable
    future: Future[T]
    done: int = 0
    total: int = 0

    @property
    def ended(self) -> bool:
        """Whether there is an answer, or an error."""
        return self.future.done()

    def share(self) -> float:
        """How far it is, 0..1."""
        return min(self.done / self.total, 1.0) if self.total else 0.0


@dataclass(slots=True)
class _Question:
    running: Work[Any]
    last: Work[Any] | None = None
    """The one that was answered well before it."""

    def good(self) -> Work[Any] | None:
        """The latest good answer."""
        ended = self.running.ended and not self.running.future.exception()
        return self.running if ended else self.last


@dataclass(slots=True)
class Aside:
    """The work of one process. Thread-safe."""

    pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(THREADS, "aside"))
    _questions: OrderedDict[Hashable, _Question] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def ask(self, question: Hashable, revision: Hashable, make: Callable[[Progress], T]) -> Work[T]:
        """The work on a question, begun when nobody has asked it of this revision of the data.

        Args:
            question: what is asked, without the state of the data.
            revision: the state of the data; an answer to another one is not good for ever.
        """
        with self._lock:
            known = self._questions.get(question)
            if known is None or (known.running.ended and known.running.revision != revision):
                known = _Question(self._begin(revision, make), known.good() if known else None)
                self._questions[question] = known
            self._questions.move_to_end(question)
            while len(self._questions) > KEPT:
                self._questions.popitem(last=False)
            return cast("Work[T]", known.running)

    def last(self, question: Hashable) -> Work[Any] | None:
        """The last good answer to a question, of whatever revision."""
        with self._lock:
            known = self._questions.get(question)
            return known.good() if known else None

    def forget(self, question: Hashable) -> None:
        """Ask again next time, for instance after an error."""
        with self._lock:
            self._questions.pop(question, None)

    def _begin(self, revision: Hashable, make: Callable[[Progress], T]) -> Work[T]:
        work: Work[T] = Work(revision, Future())

        def tell(done: int, total: int) -> None:
            work.done, work.total = done, total

        work.future = self.pool.submit(make, tell)
        return work


@st.cache_resource(show_spinner=False)
def aside() -> Aside:
    """The work of this process."""
    return Aside()


def answer(question: Hashable, revision: Hashable, make: Callable[[Progress], T], words: str) -> T | None:
    """The answer to a question, also an earlier one while a new one is made; None while there is none at all.

    Draws how far the work is as long as it lasts, and the page again when it has ended.

    Args:
        words: what is being done, our own words.

    Raises:
        ConsoleError: as the work did; it is tried again at the next look.
    """
    work = aside().ask(question, revision, make)
    if not work.ended:
        _wait(work)
    if work.ended:
        try:
            return work.future.result()
        except Exception:
            aside().forget(question)
            raise
    _waiting(work, words)
    known = aside().last(question)
    return cast("T", known.future.result()) if known else None


def _wait(work: Work[Any]) -> None:
    try:
        work.future.exception(PATIENCE)
    except TimeoutError:
        return


def _waiting(work: Work[Any], words: str) -> None:
    """A bar that looks again by itself."""

    @st.fragment(run_every=LOOKS_AGAIN)
    def look() -> None:
        if work.ended:
            st.rerun()
        how_far = f" {work.done:,} of {work.total:,}" if work.total else ""
        st.progress(work.share(), text=f"{words}{how_far} …")

    look()
