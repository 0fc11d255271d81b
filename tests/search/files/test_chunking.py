"""Chunks are slices of the text, small enough for the embedder, cut where a reader would cut."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.search.embedding.minilm import WINDOW
from console.search.files.chunking import Piece, Span, chunk_text
from console.search.files.tokens import MiniLMTokens


class Words:
    """Every word is a token."""

    def spans(self, texts: Sequence[str]) -> list[list[Span]]:
        return [[found.span() for found in re.finditer(r"\S+", text)] for text in texts]


def texts(pieces: list[Piece]) -> list[str]:
    return [piece.text for piece in pieces]


def test_a_short_text_is_one_chunk() -> None:
    assert chunk_text("  Paris is a city.\n", Words()) == [Piece("Paris is a city.", 2, 18)]


@pytest.mark.parametrize("text", ["", " \n\t "])
def test_a_text_without_words_has_no_chunks(text: str) -> None:
    assert chunk_text(text, Words()) == []


def test_paragraphs_are_kept_whole_where_they_fit() -> None:
    text = "one two three four\n\nfive six seven\n\neight nine ten eleven twelve"
    assert texts(chunk_text(text, Words(), size=8, overlap=0)) == [
        "one two three four\n\nfive six seven",
        "eight nine ten eleven twelve",
    ]


def test_a_long_paragraph_is_cut_between_sentences() -> None:
    text = "One two three. Four five six! Seven eight nine? Ten eleven."
    assert texts(chunk_text(text, Words(), size=7, overlap=0)) == [
        "One two three. Four five six!",
        "Seven eight nine? Ten eleven.",
    ]


def test_a_long_sentence_is_cut_between_words() -> None:
    assert texts(chunk_text("a b c d e f g", Words(), size=3, overlap=0)) == ["a b c", "d e f", "g"]


def test_the_overlap_begins_with_a_sentence() -> None:
    text = "One two three. Four five. Six seven eight. Nine ten."
    assert texts(chunk_text(text, Words(), size=6, overlap=2)) == [
        "One two three. Four five.",
        "Four five. Six seven eight.",
        "seven eight. Nine ten.",
    ]


def test_the_overlap_is_below_half_of_the_size() -> None:
    with pytest.raises(ValueError, match="below half"):
        chunk_text("a b", Words(), size=10, overlap=5)


def test_a_word_without_end_is_cut() -> None:
    pieces = chunk_text("x" * 10_000, Words(), size=10, overlap=0)
    assert max(len(piece.text) for piece in pieces) == 160
    assert "".join(texts(pieces)) == "x" * 10_000


def test_no_chunk_is_longer_than_what_the_embedder_sees() -> None:
    counter = MiniLMTokens()
    text = "Évaluations, 漢字 and C++ code: `a[i] += 1`; see https://example.com/x?y=z. " * 300
    pieces = chunk_text(text, counter)
    assert max(len(spans) for spans in counter.spans(texts(pieces))) <= WINDOW - 2
    assert all(text[piece.start : piece.end] == piece.text for piece in pieces)


def test_a_text_longer_than_what_is_counted_at_once_loses_nothing() -> None:
    text = " ".join(f"word{number}" for number in range(20_000))
    assert " ".join(texts(chunk_text(text, Words(), overlap=0))) == text


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="ab .!\n漢", max_size=400), st.integers(2, 12), st.integers(0, 5))
def test_every_word_is_in_a_chunk_and_every_chunk_is_a_slice(text: str, size: int, overlap: int) -> None:
    pieces = chunk_text(text, Words(), size=size, overlap=min(overlap, (size - 1) // 2))
    assert all(text[piece.start : piece.end] == piece.text for piece in pieces)
    assert [piece.start for piece in pieces] == sorted({piece.start for piece in pieces})
    for found in re.finditer(r"\S+", text):
        covered = [place for piece in pieces for place in range(piece.start, piece.end)]
        assert set(range(*found.span())) <= set(covered)
    assert all(len(Words().spans([piece.text])[0]) <= size for piece in pieces)
