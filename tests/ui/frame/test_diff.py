"""Differences: exact, word by word, and nothing of what people wrote becomes a tag."""

from __future__ import annotations

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.ui.frame import diff

HOSTILE = "<script>alert(1)</script> <img src=x onerror=alert(1)> \"quoted\" 'too' &lt;b&gt; &amp;"
TAGS = {"table", "colgroup", "col", "thead", "tbody", "tr", "th", "td", "bdi", "del", "ins", "span"}
lines = st.text(alphabet=st.sampled_from(list("ab <>&\"'\n.é😀")), max_size=60)


def side(rows: list[diff.Row], name: str) -> str:
    """The text of one side, put together again."""
    found = (getattr(row, name) for row in rows)
    return "\n".join("".join(piece for _, piece in line) for line in found if line is not None)


@given(lines, lines)
def test_both_sides_can_be_read_back(left: str, right: str) -> None:
    rows = diff.compare(left, right)
    assert side(rows, "left") == left
    assert side(rows, "right") == right


@given(lines, lines)
def test_only_tags_of_ours_are_in_the_markup(left: str, right: str) -> None:
    markup = diff.markup([diff.Section("Criteria", left, right)], left, right)
    assert set(re.findall(r"<\s*/?\s*(\w+)", markup)) <= TAGS


def test_hostile_text_is_shown_letter_by_letter() -> None:
    markup = diff.markup([diff.Section("Criteria", HOSTILE, "")], HOSTILE, HOSTILE)
    assert markup.count(html.escape(HOSTILE)) == 3
    assert "<script" not in markup
    assert "<img" not in markup


def test_words_that_both_have_are_not_marked() -> None:
    assert diff.words("Is the answer helpful?", "Is the answer really helpful?") == (
        [("same", "Is the answer helpful?")],
        [("same", "Is the answer "), ("new", "really "), ("same", "helpful?")],
    )


def test_lines_with_little_in_common_are_marked_as_a_whole() -> None:
    assert diff.words("One thing.", "Something else altogether.") == (
        [("old", "One thing.")],
        [("new", "Something else altogether.")],
    )


def test_a_very_long_line_is_compared_sentence_by_sentence() -> None:
    rest = "The answer keeps to what the source says. " * 300
    before, after = diff.words(f"{rest}It is long. {rest}", f"{rest}It is short. {rest}")
    assert before == [("same", f"{rest}It is "), ("old", "long"), ("same", f". {rest}")]
    assert after == [("same", f"{rest}It is "), ("new", "short"), ("same", f". {rest}")]


def test_a_very_long_line_without_sentences_is_marked_as_a_whole() -> None:
    left, right = "a " * 3_000, "b " * 3_000
    assert diff.words(left, right) == ([("old", left)], [("new", right)])


def test_an_inserted_paragraph_does_not_pair_with_the_edited_one_after_it() -> None:
    rows = diff.compare("The answer is right.\nEnd", "A whole new paragraph\nThe answer is not right.\nEnd")
    assert [(row.left_number, row.right_number) for row in rows] == [(0, 1), (1, 2), (2, 3)]


def test_long_stretches_of_equal_lines_are_folded() -> None:
    same = "\n".join(f"Line {number}" for number in range(50))
    markup = diff.markup([diff.Section("Criteria", f"{same}\nold", f"{same}\nnew")], "", "")
    assert "48 equal lines" in markup
    assert "Line 47" not in markup
    assert "Line 48" in markup


@pytest.mark.timeout(20)
def test_texts_of_any_size_are_compared_in_time() -> None:
    left = "\n".join(f"{number} the same words again and again" for number in range(20_000))
    right = "\n".join(f"{number} the same words once and again" for number in range(20_000))
    assert "more lines" in diff.markup([diff.Section("Criteria", left, right)], "", "")


@pytest.mark.timeout(20)
@pytest.mark.parametrize("end", [" ", "\n", ". "])
def test_texts_that_repeat_themselves_are_compared_within_bounds(end: str) -> None:
    """Finding what they have in common is cubic: 2,000 such words took minutes, and nobody's page got on meanwhile."""
    left, right = f"a{end}" * 1_500, f"b{end}a{end}" * 750
    rows = diff.compare(left, right)
    assert side(rows, "left") == left
    assert side(rows, "right") == right


def test_lines_that_are_not_compared_are_counted() -> None:
    left = "a\n" * 30_000
    assert "10,001 more lines" in diff.markup([diff.Section("Text", left, left + "b")], "", "")


def test_a_long_difference_is_told_by_its_ends() -> None:
    same = ["x", *["a"] * 2_000, "y"]
    other = ["x", *["b", "a"] * 1_000, "y"]
    rows = diff.compare("\n".join(same), "\n".join(other))
    assert not rows[0].changed
    assert not rows[-1].changed
