"""Chunks that other programs wrote wrong: each is skipped, or shown as far as it goes; the others are searched."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from console.actions.collections.collections import load_collection
from console.actions.collections.search import load_map, unsearchable
from console.data.collections.reads import read_row
from console.data.store import tables
from console.records import NewChunk
from console.services import Services

STRATEGIES = ("auto", "exact", "parallel", "native", "ann", "hybrid")
QUERY = np.eye(384, dtype=np.float32)[0]
GOOD = {"L": [{"N": str(number)} for number in QUERY.tolist()]}
MALFORMED: dict[str, dict[str, Any]] = {
    "metadata that is a text": {"metadata": {"S": "a note"}},
    "metadata that is a list": {"metadata": {"L": [{"S": "a"}]}},
    "metadata that is a number": {"metadata": {"N": "4"}},
    "metadata with bytes": {"metadata": {"M": {"a": {"B": b"xx"}}}},
    "metadata that is nothing": {"metadata": {"NULL": True}},
    "no text": {"text": None},
    "a text that is a number": {"text": {"N": "5"}},
    "a place that is a text": {"chunk_index": {"S": "one"}},
    "a size that is a text": {"file_size": {"S": "big"}},
    "a time that is none": {"created_at": {"S": "yesterday"}},
    "no file name": {"filename": None},
}
UNUSABLE: dict[str, dict[str, Any] | None] = {
    "no vector": None,
    "a vector that is a text": {"S": "oops"},
    "a vector of texts": {"L": [{"S": "a"}] * 384},
    "a vector of another dimension": {"L": [{"N": "1"}]},
}


@pytest.fixture
def collection(console_services: Services) -> str:
    made = console_services.collections.create("Shared", by="ada")
    console_services.vectors.put_document(made.collection_id, "a.txt", [NewChunk(text="good", embedding=QUERY)])
    return made.collection_id


def put(services: Services, collection_id: str, attributes: dict[str, Any]) -> None:
    """A chunk as another program writes it."""
    item = {
        "bot_id": {"S": collection_id},
        "chunk_id": {"S": "odd"},
        "text": {"S": "odd"},
        "filename": {"S": "b.txt"},
        **attributes,
    }
    services.store.batch_put(tables.VECTORS, [{name: value for name, value in item.items() if value is not None}])


def found(services: Services, collection_id: str, strategy: str) -> set[str]:
    collection = services.collections.get(collection_id)
    hits = services.searcher.search(collection, QUERY, 10, {}, strategy, "good").answer.hits
    return {"odd" if hit.chunk_id == "odd" else "good" for hit in hits}


@pytest.mark.parametrize("attributes", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_chunk_is_found_as_far_as_it_goes(
    console_services: Services, collection: str, attributes: dict[str, Any]
) -> None:
    put(console_services, collection, {"embedding": GOOD, **attributes})
    both = {strategy: {"good", "odd"} for strategy in STRATEGIES}
    assert {strategy: found(console_services, collection, strategy) for strategy in STRATEGIES} == both
    assert len(list(console_services.vectors.all(collection))) == 2


@pytest.mark.parametrize("attributes", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_chunk_is_counted_and_shown(
    console_services: Services, collection: str, attributes: dict[str, Any]
) -> None:
    put(console_services, collection, {"embedding": GOOD, **attributes})
    view = load_collection(console_services, console_services.outside.get(collection).collection_id)
    named = attributes.get("filename", "") is not None
    assert [one.filename for one in view.documents] == (["a.txt", "b.txt"] if named else ["a.txt"])
    assert load_map(console_services, collection).total == 2


def test_chunks_without_a_vector_are_counted_and_the_rest_is_searched(
    console_services: Services, collection: str
) -> None:
    put(console_services, collection, {})
    counted = console_services.outside.get(collection)
    assert counted.total_chunks == 2
    assert {strategy: found(console_services, collection, strategy) for strategy in STRATEGIES} == {
        strategy: {"good"} for strategy in STRATEGIES
    }
    console_services.searcher.memory.get(collection, fresh=True)
    assert unsearchable(console_services, console_services.outside.get(collection)) == 1


@pytest.mark.parametrize("embedding", UNUSABLE.values(), ids=UNUSABLE)
def test_a_chunk_without_a_usable_vector_is_skipped(embedding: dict[str, Any] | None) -> None:
    """Tables without a vector index take such items; those with one refuse them."""
    item = {"chunk_id": {"S": "odd"}} | ({"embedding": embedding} if embedding else {})
    assert read_row(item, "embedding", 384) is None
