"""Runs by what their texts say: all the words, and metadata, newest first, a stretch of runs at a time.

There is no index of the words of all runs; what a search has looked through is said, and it goes on from there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from console.errors import InvalidInput
from console.records import Json, Page, Run, RunFilter, RunSummary
from console.services import Services

STRETCH = 1_000
"""Runs that one search looks through before it is given back."""
FOUND = 100
"""Runs that one search finds at most."""
_LIST = 500
_WHOLE = 100
_LONGEST = 500
"""Characters of a search."""
_PART = re.compile(r'([\w.-]+)=("[^"]*"|\S+)|"([^"]*)"|(\S+)')


@dataclass(frozen=True, slots=True)
class Sought:
    """What a search asks for."""

    words: tuple[str, ...]
    """Words and phrases, all of which have to be there; upper and lower case are the same."""
    metadata: tuple[tuple[str, str], ...]
    """Names and values of metadata, of the text or of the run."""

    @classmethod
    def of(cls, query: str) -> Sought:
        """Reads `late "two words" language=de`. Raises InvalidInput when it is too long."""
        if len(query) > _LONGEST:
            raise InvalidInput(f"The search has {len(query):,} characters; at most {_LONGEST} are possible.", field="q")
        words, metadata = [], []
        for name, value, phrase, word in _PART.findall(query):
            if name:
                metadata.append((name.casefold(), value.strip('"').casefold()))
            elif phrase or word:
                words.append((phrase or word).casefold())
        return cls(tuple(words), tuple(metadata))

    @property
    def empty(self) -> bool:
        """Whether it asks for nothing."""
        return not self.words and not self.metadata

    def matches(self, run: Run) -> bool:
        """Whether a run has all of it."""
        found = [_plain(run.evaluated_artifact.metadata), _plain(run.metadata or {})]
        if any(all(one.get(name) != value for one in found) for name, value in self.metadata):
            return False
        whole = "\n".join(_texts(run)).casefold()
        return all(word in whole for word in self.words)


@dataclass(frozen=True, slots=True)
class Found:
    """What one stretch of a search found."""

    rows: list[RunSummary]
    examined: int
    """Runs that were looked through."""
    cursor: str | None
    """Where the search goes on; None when it has seen every run of the filter."""


def find_runs(services: Services, wanted: RunFilter, sought: Sought, *, cursor: str | None = None) -> Found:
    """The runs of a filter with all the words, newest first, of one stretch.

    One request per 500 runs of the list, and one per 100 of them that are not cached.

    Raises:
        InvalidInput: the search is empty, or the cursor is not one of this list.
    """
    if sought.empty:
        raise InvalidInput("Type a word, or name=value for metadata.", field="q")
    rows: list[RunSummary] = []
    examined = 0
    while True:
        page: Page[RunSummary] = services.runs.list(wanted, limit=_LIST, cursor=cursor)
        rows += _having(services, page.items, sought)
        examined += len(page.items)
        cursor = page.cursor
        if cursor is None or examined >= STRETCH or len(rows) >= FOUND:
            return Found(rows, examined, cursor)


def _having(services: Services, rows: Sequence[RunSummary], sought: Sought) -> Iterator[RunSummary]:
    for start in range(0, len(rows), _WHOLE):
        some = {row.run_id: row for row in rows[start : start + _WHOLE]}
        for run in services.runs.get_many(list(some.values())):
            if sought.matches(run):
                yield some[run.run_id]


def _texts(run: Run) -> Iterator[str]:
    """Everything that a run says in words."""
    yield from run.evaluated_artifact.texts
    if run.results:
        yield from run.results.reasons
    if run.error_message:
        yield run.error_message


def _plain(metadata: Json) -> dict[str, str]:
    return {name.casefold(): str(value).casefold() for name, value in metadata.items()}
