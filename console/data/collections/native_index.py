"""Searching a table by its vector index, where the engine has such indexes."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from console.data.collections.items import to_numbers
from console.data.store import tables
from console.data.store.setup.description import vector_state
from console.data.store.store import Store
from console.errors import IndexUnavailable, SetupError, StoreError

LIMIT = 100
"""Results that a vector index gives at most."""
_LOOK_AGAIN = 60.0


class VectorSearch:
    """The vector index of a table."""

    def __init__(self, store: Store, table: str) -> None:
        self._store = store
        self._table, self._index = next(
            (one, one.vectors) for one in tables.TABLES if one.name == table and one.vectors is not None
        )
        self._active = False
        self._look_again = float("-inf")

    def is_active(self) -> bool:
        """Whether the index can be searched. One request at first, again after a minute if not or if it failed."""
        if not self._active and time.monotonic() >= self._look_again:
            self._active = vector_state(self._store, self._table) == "ACTIVE"
            self._look_again = time.monotonic() + _LOOK_AGAIN
        return self._active

    def nearest(
        self, group: str, vector: NDArray[np.float32], k: int, only: str | None = None
    ) -> list[tuple[dict[str, Any], float]]:
        """The nearest items of a value of the hash key, with their distance 0..2, nearest first. One request.

        Args:
            vector: float32[d] of the index's dimensions.
            k: 1 to `LIMIT`.
            only: the value that the filter key must have.

        Raises:
            IndexUnavailable: the index cannot be searched, whatever it was said to be; it is looked at again after a
                minute. (Searches go to an endpoint of their own, which knows of a new or a restored index later.)
        """
        condition, names, values = "#hash = :hash", {"#hash": self._index.hash_key}, {":hash": {"S": group}}
        if only is not None:
            condition += " AND #only = :only"
            names["#only"] = self._index.filter_key
            values[":only"] = {"S": only}
        try:
            answer = self._store.call(
                "search_vectors",
                TableName=self._store.name(self._table.name),
                IndexName=self._index.name,
                SearchVector=to_numbers(vector)["L"],
                SearchConditionExpression=condition,
                ExpressionAttributeNames=names,
                ExpressionAttributeValues=values,
                TopK=k,
            )
        except (StoreError, SetupError) as error:
            self._active, self._look_again = False, time.monotonic() + _LOOK_AGAIN
            raise IndexUnavailable(f"The vector index {self._index.name} cannot be searched now: {error}") from error
        return [(one["Item"], float(one["Score"])) for one in answer["SearchResults"]]
