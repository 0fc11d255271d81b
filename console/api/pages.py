"""Pages of lists, as `/v2` asks for them and answers them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel, Field

Limit = Annotated[int, Query(ge=1, le=1_000)]
Cursor = Annotated[str | None, Query(description="The cursor of the page before.")]


class Rows(BaseModel):
    """One page of a list."""

    items: list[dict[str, Any]]
    cursor: str | None = Field(description="Pass it back for the next page; null on the last one.")
