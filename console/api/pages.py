"""Pages of lists, as `/v2` asks for them and answers them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Annotated, Any, TypeVar

from fastapi import Query
from pydantic import BaseModel, Field

from console.data.store.lists.cursor import decode_cursor, encode_cursor

T = TypeVar("T")

Limit = Annotated[int, Query(ge=1, le=1_000)]
Cursor = Annotated[str | None, Query(description="The cursor of the page before.")]


class Rows(BaseModel):
    """One page of a list."""

    items: list[dict[str, Any]]
    cursor: str | None = Field(description="Pass it back for the next page; null on the last one.")


def page_by(
    items: Iterable[T], key: Callable[[T], str], shown: Callable[[T], object], limit: int, cursor: str | None
) -> dict[str, Any]:
    """A page of a list that is at hand, in the order of its keys; it goes on after the key of the last row shown.

    Args:
        key: of an item, its own, at most 300 characters.
        shown: what is answered of it.

    Raises:
        InvalidInput: the cursor is not one of such a list.
    """
    after = str(decode_cursor(cursor, {"k": str})["k"]) if cursor else ""
    left = sorted(((key(one), one) for one in items if key(one) > after), key=lambda pair: pair[0])
    more = encode_cursor({"k": left[limit - 1][0]}) if len(left) > limit else None
    return {"items": [shown(one) for _, one in left[:limit]], "cursor": more}
