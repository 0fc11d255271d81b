"""The ranking by words, against `bm25s`, and as rows come."""

from __future__ import annotations

import bm25s
import numpy as np
import pytest

from console.records import VectorPart
from console.search.memory.matrix import VectorMatrix, View
from console.search.memory.words import WordIndex, pack_words, terms
from tests.support.vectors import unit_rows

TEXTS = [
    "The engine hums, the engine stops.",
    "A quiet motor and an engine.",
    "Invoices were paid late.",
    "",
    "The motor of the engine of the ship is a motor.",
    "Paid in full.",
]


def view_of(*parts: list[str]) -> View:
    return matrix_of(*parts).view()


def matrix_of(*parts: list[str]) -> VectorMatrix:
    matrix = VectorMatrix(8)
    matrix.append([part_of(texts, f"g{number}") for number, texts in enumerate(parts)])
    return matrix


def part_of(texts: list[str], group: str) -> VectorPart:
    rows = unit_rows(len(texts), 8)
    return VectorPart(group=group, count=len(texts), vectors=rows, first=0, filename="a", words=pack_words(texts))


@pytest.mark.parametrize("question", ["engine", "the motors of a ship", "paid invoices", "zebra", ""])
def test_scores_are_those_of_bm25s(question: str) -> None:
    reference = bm25s.BM25()
    reference.index([terms(text, "english")[1] for text in TEXTS], show_progress=False)
    asked = sorted(set(terms(question, "english")[1]) & reference.vocab_dict.keys())
    expected = reference.get_scores(asked) if asked else np.zeros(len(TEXTS))
    np.testing.assert_allclose(WordIndex(view_of(TEXTS)).scores(question), expected, atol=1e-5)


def test_an_index_that_grew_is_the_one_made_at_once() -> None:
    matrix = matrix_of(TEXTS[:2])
    grown = WordIndex(matrix.view())
    for number, text in enumerate(TEXTS[2:], 1):
        matrix.append([part_of([text], f"g{number}")])
        grown = WordIndex(matrix.view(), grown)
    at_once = WordIndex(view_of(TEXTS))
    for question in ("engine", "motor ship", "paid", "late invoices"):
        np.testing.assert_allclose(grown.scores(question), at_once.scores(question), rtol=1e-6)


def test_an_earlier_index_does_not_change_when_a_later_one_is_made() -> None:
    matrix = matrix_of(TEXTS[:3])
    earlier = WordIndex(matrix.view())
    before = earlier.scores("engine zebra")
    matrix.append([part_of(["A zebra with an engine."], "g1")])
    later = WordIndex(matrix.view(), earlier)
    np.testing.assert_array_equal(earlier.scores("engine zebra"), before)
    assert later.nearest("zebra", matrix.view(), 5).tolist() == [3]
    assert later.nbytes > earlier.nbytes > 0


def test_rows_that_are_gone_or_not_allowed_are_not_found() -> None:
    matrix = matrix_of(TEXTS[:2], TEXTS[2:])
    matrix.drop_groups({"g0"})
    view = matrix.view()
    index = WordIndex(view)
    assert index.nearest("engine", view, 5).tolist() == [4]
    assert index.nearest("paid", view, 5, np.arange(6) == 5).tolist() == [5]
    assert index.nearest("engine", view, 5, np.zeros(6, dtype=bool)).tolist() == []


def test_nothing_is_found_where_there_is_nothing() -> None:
    assert WordIndex(view_of()).nearest("engine", view_of(), 5).tolist() == []
