"""Batches of which the engine does only a part, for the fault proxy."""

from __future__ import annotations

import random
from typing import Any

from tests.support.faults.wire import Json, Message, json_answer

_UNPROCESSED = {"BatchWriteItem": "UnprocessedItems", "BatchGetItem": "UnprocessedKeys"}


class PartOfBatch:
    """What is left of one batch request after each item was withheld with some probability."""

    def __init__(self, request: Message, dice: random.Random, probability: float) -> None:
        self._field = _UNPROCESSED[request.operation]
        self._kept: Json = {}
        self._withheld: Json = {}
        body = request.json
        for table, asked in body["RequestItems"].items():
            for entry in _entries(asked):
                part = self._withheld if dice.random() < probability else self._kept
                _entries(part.setdefault(table, _emptied(asked))).append(entry)
        self.request = request.replaced({**body, "RequestItems": self._kept}) if self._withheld else request
        """The request to forward, if any of it is left."""

    @property
    def is_whole(self) -> bool:
        return not self._withheld

    @property
    def is_empty(self) -> bool:
        return not self._kept

    def nothing_done(self) -> Message:
        """The answer that returns every item."""
        answer = {self._field: self._withheld}
        return json_answer(200, answer | {"Responses": {}} if self._field == "UnprocessedKeys" else answer)

    def completed(self, answer: Message) -> Message:
        """The engine's answer with the withheld items beside those that the engine itself left undone."""
        if self.is_whole or answer.status != 200:
            return answer
        body = answer.json
        return json_answer(200, {**body, self._field: _joined(body.get(self._field, {}), self._withheld)})


def is_batch(operation: str) -> bool:
    """Whether an operation answers with unprocessed items."""
    return operation in _UNPROCESSED


def _entries(asked: Any) -> list[Json]:
    """The items of one table: a list in BatchWriteItem, under `Keys` in BatchGetItem."""
    entries: list[Json] = asked if isinstance(asked, list) else asked["Keys"]
    return entries


def _emptied(asked: Any) -> Any:
    return [] if isinstance(asked, list) else {**asked, "Keys": []}


def _joined(first: Json, second: Json) -> Json:
    """Two `UnprocessedItems` (or `UnprocessedKeys`) in one."""
    joined = {**second, **first}
    for table in first.keys() & second.keys():
        _entries(joined[table]).extend(_entries(second[table]))
    return joined
