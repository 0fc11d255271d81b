"""What a judge's model decides once, evaluation steps and the mode of scoring: its key, and where it is kept."""

from __future__ import annotations

from typing import NamedTuple, Protocol


class Key(NamedTuple):
    """What something kept belongs to."""

    of: str
    """Id of the case, or of the judge."""
    name: str
    """Its version, and what else changes what is decided."""


class KeptStore(Protocol):
    """Where texts are kept, of which the first stays."""

    def find(self, of: str, name: str) -> str | None:
        """The text, or None."""

    def keep(self, of: str, name: str, text: str) -> str:
        """Keeps a text unless there is one already; returns the one that is there now."""


class KeptInMemory:
    """A store that lasts as long as the process."""

    def __init__(self) -> None:
        self._texts: dict[tuple[str, str], str] = {}

    def find(self, of: str, name: str) -> str | None:
        """The text, or None."""
        return self._texts.get((of, name))

    def keep(self, of: str, name: str, text: str) -> str:
        """Keeps a text unless there is one already; returns the one that is there now."""
        return self._texts.setdefault((of, name), text)
