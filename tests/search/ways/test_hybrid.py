"""Search by meaning and words at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from console.data.store.store import Store
from console.errors import InvalidInput, SetupError
from console.records import Collection, NewChunk
from console.search.memory.files import VectorFiles
from console.search.memory.memory import Memory
from console.search.ways.hybrid import Reranker, fused
from console.search.ways.searcher import Searched, Searcher
from tests.support.chunk_writer import Writer
from tests.support.tier import Tier, tier
from tests.support.vectors import unit_rows

TEXTS = ("The engine hums.", "Invoice AX-4711 was paid.", "A quiet motor.", "Die Verträge wurden gekündigt.")
ROWS = unit_rows(4)


def searcher(process: Tier, reranker: Reranker | None = None) -> Searcher:
    memory = Memory(process.vector_reads, VectorFiles(None, "t"))
    return Searcher(process.vector_reads, memory, _not_configured, reranker)


def filled(process: Tier) -> Collection:
    """Two documents of two chunks."""
    made = process.collections.create("Handbook", by="ana")
    for document in range(2):
        chunks = [
            NewChunk(TEXTS[number], ROWS[number], {"number": number}) for number in (2 * document, 2 * document + 1)
        ]
        process.vectors.put_document(made.collection_id, f"{document}.txt", chunks)
    return process.collections.get(made.collection_id)


@pytest.fixture
def process(embedded_store: Store) -> Tier:
    return tier(embedded_store)


def sides(searched: Searched) -> dict[str, str]:
    return {hit.text: hit.found_by for hit in searched.answer.hits}


def test_a_text_is_searched_by_hybrid_and_the_side_that_found_a_chunk_is_told(process: Tier) -> None:
    made = filled(process)
    searched = searcher(process).search(made, ROWS[0], 4, {}, text="invoice ax-4711")
    assert searched.strategy == "hybrid"
    assert searched.answer.hits[0].text == TEXTS[1]
    assert sides(searched) == {TEXTS[1]: "both", TEXTS[0]: "vectors", TEXTS[2]: "vectors", TEXTS[3]: "vectors"}
    assert searched.answer.hits[0].similarity == pytest.approx(float(ROWS[0] @ ROWS[1]), abs=1e-6)


@pytest.mark.parametrize("asked", ["Vertrag", "gekündigt", "die Verträge", "engines", "PAID invoices"])
def test_another_form_of_a_word_finds_it_in_its_language(process: Tier, asked: str) -> None:
    searched = searcher(process).search(filled(process), -ROWS.sum(axis=0), 4, {}, text=asked)
    assert "both" in sides(searched).values()


def test_chunks_like_the_best_ones_are_found_though_they_are_unlike_the_question(process: Tier) -> None:
    made = process.collections.create("Handbook", by="ana")
    question, best, other = unit_rows(3, seed=3)
    alike = (best + 0.2 * other) / np.linalg.norm(best + 0.2 * other)
    decoys = [NewChunk(f"decoy {number}", row) for number, row in enumerate(-unit_rows(40, seed=5))]
    chunks = [*(NewChunk("An invoice.", best) for _ in range(3)), NewChunk("A receipt.", alike), *decoys]
    process.vectors.put_document(made.collection_id, "a.txt", chunks)
    made = process.collections.get(made.collection_id)
    found = searcher(process).search(made, question, 4, {}, text="invoices").answer.hits
    assert [hit.text for hit in found] == ["An invoice.", "An invoice.", "An invoice.", "A receipt."]
    assert found[3].similarity == pytest.approx(float(question @ alike), abs=1e-6)


def test_filters_hold_for_both_sides(process: Tier) -> None:
    made = filled(process)
    by_file = searcher(process).search(made, ROWS[0], 4, {"filename": "1.txt"}, "hybrid", "invoice engine")
    by_metadata = searcher(process).search(made, ROWS[0], 4, {"number": "1"}, "hybrid", "invoice engine")
    assert set(sides(by_file)) == set(TEXTS[2:])
    assert set(sides(by_metadata)) == {TEXTS[1]}


def test_the_words_follow_what_changes(process: Tier) -> None:
    made = filled(process)
    one = searcher(process)
    one.search(made, ROWS[0], 4, {}, text="engine")
    process.vectors.put_document(made.collection_id, "2.txt", [NewChunk("A zebra.", -ROWS[0])])
    assert sides(one.search(made, ROWS[0], 5, {}, text="zebras"))["A zebra."] == "both"
    process.vectors.delete_document(made.collection_id, "2.txt")
    assert "A zebra." not in sides(one.search(made, ROWS[0], 5, {}, text="zebras"))


def test_the_words_are_packed_with_the_vectors(process: Tier, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("console.search.memory.held.PACK_ROWS", 3)
    made = filled(process)
    searcher(process).search(made, ROWS[0], 4, {}, text="invoice")
    searched = searcher(process).search(process.collections.get(made.collection_id), ROWS[0], 4, {}, text="invoice")
    assert searched.answer.source == "blocks"
    assert searched.answer.hits[0].text == TEXTS[1]


def test_only_the_chunks_that_are_shown_are_read_and_one_that_is_gone_leaves_its_place(process: Tier) -> None:
    made, one = filled(process), searcher(process)
    before = process.store.meter.read().requests.get("batch_get_item", 0)
    one.search(made, ROWS[0], 1, {}, text="invoice")
    one.search(made, ROWS[0], 1, {}, text="invoice")
    assert process.store.meter.read().requests.get("batch_get_item", 0) - before == 1
    writer = Writer(process.store, made.collection_id)
    writer.delete(*(one for one in writer.ids() if one.endswith("0")))
    assert len(one.search(made, ROWS[0], 2, {}, text="quiet invoice").answer.hits) == 2


def test_without_a_text_the_choice_is_another_and_hybrid_says_so(process: Tier) -> None:
    made = filled(process)
    assert searcher(process).search(made, ROWS[0], 4, {}).strategy != "hybrid"
    with pytest.raises(InvalidInput, match="needs a text"):
        searcher(process).search(made, ROWS[0], 4, {}, "hybrid")


def test_a_reranker_orders_the_first_results_again(process: Tier) -> None:
    class Shortest:
        def scores(self, question: str, texts: Sequence[str]) -> Sequence[float]:
            return [-len(text) for text in texts]

    searched = searcher(process, Shortest()).search(filled(process), ROWS[0], 2, {}, text="invoice")
    assert [hit.text for hit in searched.answer.hits] == [TEXTS[2], TEXTS[0]]


def test_fusion_adds_what_the_ranks_are_worth() -> None:
    assert fused([1, 2, 3], [3, 4]) == [3, 1, 2, 4]
    assert fused([], [5]) == [5]


def _not_configured() -> Any:
    raise SetupError("OpenSearch is not configured.")
