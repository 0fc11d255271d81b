"""The strategy `opensearch`, filters, another sync and a node that goes away, on a real node (make test-opensearch)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from console.actions.collections.collections import sync_opensearch
from console.actions.collections.search import search
from console.actions.permissions import outsider
from console.config import Settings
from console.engine.process import wait_until
from console.errors import StoreUnavailable
from console.records import NewChunk
from console.services import Services, build_services
from tests.support.opensearch_node import Node, opensearch_node
from tests.support.vectors import clustered_rows, unit_rows

pytestmark = pytest.mark.opensearch
ROWS = clustered_rows(120)
QUERY = unit_rows(1, seed=11)[0]


@dataclass
class Beside:
    """A console with one collection, beside a node."""

    services: Services
    node: Node
    collection_id: str

    def sync(self) -> int:
        return sync_opensearch(self.services, outsider("tests"), self.collection_id)

    def found(self, strategy: str = "opensearch", k: int = 10, **filters: str) -> dict[str, float]:
        answer = search(self.services, self.collection_id, vector=QUERY, k=k, strategy=strategy, filters=filters)
        assert answer.remark == ""
        return {hit.text: round(hit.similarity, 9) for hit in answer.results}

    def answers(self) -> bool:
        """Whether the shards are there, which a node looks for when it has started."""
        try:
            return bool(self.found())
        except StoreUnavailable:
            return False

    def put(self, name: str, first: int, count: int) -> None:
        chunks = [
            NewChunk(f"{name} {number}", ROWS[number], {"page": number % 3, "deep": {"er": str(number)}})
            for number in range(first, first + count)
        ]
        self.services.vectors.put_document(self.collection_id, name, chunks)


@pytest.fixture(scope="module")
def node() -> Iterator[Node]:
    with opensearch_node() as running:
        yield running


@pytest.fixture
def beside(node: Node, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Beside]:
    settings = Settings(data_dir=tmp_path_factory.mktemp("node"), opensearch_url=node.url)
    with build_services(settings) as services:
        made = services.collections.create("Handbook", by="ana")
        beside = Beside(services, node, made.collection_id)
        beside.put("a.txt", 0, 60)
        beside.put("b.txt", 60, 40)
        yield beside


def test_it_finds_what_exact_finds_with_the_same_similarities(beside: Beside) -> None:
    assert beside.sync() == 100
    assert beside.found() == beside.found("exact")
    assert beside.found(k=100) == beside.found("exact", k=100)


def test_filters_are_those_of_every_strategy(beside: Beside) -> None:
    beside.sync()
    for filters in ({"filename": "b.txt"}, {"page": "2"}, {"filename": "a.txt", "page": "1"}, {"deep.er": "7"}):
        assert beside.found(**filters) == beside.found("exact", **filters)
    assert beside.found(page="9") == {}


def test_what_changed_since_is_found_and_synced_again(beside: Beside) -> None:
    beside.sync()
    assert beside.sync() == 0
    beside.put("c.txt", 100, 20)
    beside.services.vectors.delete_document(beside.collection_id, "a.txt")
    assert beside.found() == beside.found("exact")
    assert beside.sync() == 60
    assert beside.found() == beside.found("exact")


def test_hybrid_needs_no_node_and_answers_beside_it(beside: Beside) -> None:
    beside.sync()
    answer = search(beside.services, beside.collection_id, text="b.txt 63", strategy="hybrid")
    assert answer.results[0].found_by in ("words", "both")


def test_a_node_that_goes_away_is_said_and_back_it_answers(beside: Beside) -> None:
    beside.sync()
    expected = beside.found("exact")
    beside.node.stop()
    try:
        with pytest.raises(StoreUnavailable, match="OpenSearch does not answer"):
            beside.found()
        with pytest.raises(StoreUnavailable, match="OpenSearch does not answer"):
            beside.sync()
        assert beside.found("exact") == expected
    finally:
        beside.node.start()
    assert wait_until(beside.answers, 30.0, 0.2)
    assert beside.found() == expected
