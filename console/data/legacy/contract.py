"""How the old system's database manager refused a name that is taken: the old code looks for SQLite's words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from console.errors import AlreadyExists


class TakenName(AlreadyExists):
    """A unique name is taken, in the words of SQLite: the old code looks for them in the message."""

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(kind, name)
        self.args = (f"UNIQUE constraint failed: {kind}s.name",)


@contextmanager
def as_sqlite_says_it() -> Iterator[None]:
    """A name that is taken raises `TakenName`."""
    try:
        yield
    except AlreadyExists as error:
        raise TakenName(error.kind, error.name) from error
