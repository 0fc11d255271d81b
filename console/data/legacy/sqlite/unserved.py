"""What the old schema has no place for: whatever is asked of it says so, and what to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn, TypeVar, cast

from console.errors import NotServed

P = TypeVar("P")


def refusal(what: str) -> NotServed:
    """The error; the words are those of docs/rollback.md."""
    return NotServed(
        f"{what} need DynamoDB, and the console serves from the legacy database now (DATABASE_TYPE=sqlite). "
        "Runs, evaluations and documents work; for the rest go back as docs/rollback.md describes."
    )


def not_served(what: str) -> Callable[..., NoReturn]:
    """A method that raises NotServed."""

    def refuse(*_args: object, **_kwargs: object) -> NoReturn:
        raise refusal(what)

    return refuse


def unserved(kind: type[P], what: str) -> P:
    """Stands for an object of that kind: every use of it raises NotServed."""
    del kind
    return cast(P, _Unserved(what))


class _Unserved:
    def __init__(self, what: str) -> None:
        self._what = what

    def __getattr__(self, name: str) -> NoReturn:
        raise refusal(self._what)
