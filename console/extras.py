"""Packages that few need are extras: what asks for one that is missing says which extra to install."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from console.errors import SetupError


@contextmanager
def extra(name: str) -> Iterator[None]:
    """Imports of the extra `name` stand in this block. Raises SetupError where its packages are missing."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise SetupError(
            f"The package {error.name} is not installed. Install it: pip install 'geval-console[{name}]'"
        ) from error
