"""The customer's program, which writes chunks beside the console and tells nobody (see the vector schema)."""

from __future__ import annotations

from typing import Any

import numpy as np

from console.data.store import tables
from console.data.store.store import Store


class Writer:
    """Puts, puts over, and deletes; it touches the table of the chunks alone."""

    def __init__(self, store: Store, collection_id: str) -> None:
        self._client = store.client
        self._table = store.name(tables.VECTORS)
        self._bot = collection_id

    def add(self, chunk_id: str, text: str, vector: Any) -> None:
        """One chunk of `theirs.txt`."""
        numbers = [{"N": repr(float(number))} for number in np.asarray(vector, dtype=np.float32)]
        item = {
            "bot_id": {"S": self._bot},
            "chunk_id": {"S": chunk_id},
            "embedding": {"L": numbers},
            "text": {"S": text},
            "filename": {"S": "theirs.txt"},
            "file_size": {"N": "10"},
            "chunk_index": {"N": "0"},
            "created_at": {"S": "2026-01-01T00:00:00Z"},
            "metadata": {"M": {}},
        }
        self._client.batch_write_item(RequestItems={self._table: [{"PutRequest": {"Item": item}}]})

    def ids(self) -> list[str]:
        """The keys of the first hundred chunks."""
        answer = self._client.query(
            TableName=self._table,
            KeyConditionExpression="#bot = :bot",
            ExpressionAttributeNames={"#bot": "bot_id"},
            ExpressionAttributeValues={":bot": {"S": self._bot}},
            Limit=100,
        )
        return [item["chunk_id"]["S"] for item in answer["Items"]]

    def delete(self, *chunk_ids: str) -> None:
        """Removes chunks."""
        for one in chunk_ids:
            self._client.delete_item(TableName=self._table, Key={"bot_id": {"S": self._bot}, "chunk_id": {"S": one}})
