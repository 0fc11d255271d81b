"""Numbers as models write them where a score is asked for."""

from __future__ import annotations

import pytest

from console.judging.replies.numerals import read_numeral

NUMBERS = {
    "4": 4,
    "4.0": 4,
    "+4": 4,
    "-4": -4,
    "−4": -4,
    "４": 4,
    "٤": 4,
    "4️⃣": 4,
    "④": 4,
    "**4**": 4,
    "`4`": 4,
    '"4"': 4,
    "'4'": 4,
    "(4)": 4,
    "[4]": 4,
    "[[4]]": 4,
    "<4>": 4,
    "{4}": 4,
    "$4$": 4,
    "\\boxed{4}": 4,
    "four": 4,
    "Four.": 4,
    "FOUR": 4,
    "eighty-five": 85,
    "eighty five": 85,
    "one hundred": 100,
    "hundred": 100,
    "minus two": -2,
    "4,5": 4.5,
    "4.5": 4.5,
    "4½": 4.5,
    "4 1/2": 4.5,
    "four and a half": 4.5,
    "four point five": 4.5,
    "8/10": 8,
    "8 / 10": 8,
    "8 out of 10": 8,
    "8 of 10": 8,
    "four out of five": 4,
    "4/5 stars": 4,
    "4 stars": 4,
    "4 points": 4,
    "4 - good": 4,
    "4 (good)": 4,
    "4: good": 4,
    "4. ": 4,
    "4 (out of 5)": 4,
    "4 (on a scale of 1-5)": 4,
    "4 on a scale of 1 to 5": 4,
    "80%": 80,
    "80 percent": 80,
    "Score: 4": 4,
    "score=4": 4,
    "Rating: **4/5**": 4,
    "~4": 4,
    "≈ 4": 4,
    "4e0": 4,
    "4.0E+00": 4,
    ".5": 0.5,
    "4.": 4,
    "4⭐": 4,
    "4 ★": 4,
    "**Score:** 4": 4,
    "4\u200b": 4,
    " 4 \n": 4,
    "4 out of a possible 5": 4,
    "4 — mostly accurate, one slip": 4,
    "4.0/5.0": 4,
    "４／５": 4,
    "0,75": 0.75,
}


@pytest.mark.parametrize(("text", "value"), NUMBERS.items(), ids=map(repr, NUMBERS))
def test_a_number_is_read_however_it_is_written(text: str, value: float) -> None:
    found = read_numeral(text)

    assert found
    assert float(found.digits) == value
    assert not found.written or text[found.start : found.end] == found.digits


NONE = (
    "",
    "high",
    "3-4",
    "3 - 4",
    "3–4",
    "3 to 4",
    "3 or 4",
    "3, 4",
    "between 3 and 4",
    "1-5",
    "1 to 5",
    "the whole number from 1 to 5",
    "<4",
    ">4",
    "≥4",
    "4+",
    "4-ish",
    "four or five",
    "three-four",
    "null",
    "true",
    "NaN",
    "N/A",
    "4cm",
    "4, maybe five",
    "4, or 5",
    "4 and 5",
    "1,2,3,4,5",
    "4²",
    "x4",
    "0x4",
    "4_000",
    "4,500",
    "five six",
    "twelve three",
    "4 - 5",
    "4..5",
    "4 / five / 6",
    "IV",
    "good",
    "4 5",
    "<integer>",
    "4?5",
    "1|2|3|4|5",
    "4, five",
)


@pytest.mark.parametrize("text", NONE)
def test_what_is_no_single_number_is_none(text: str) -> None:
    assert read_numeral(text) is None


@pytest.mark.parametrize(
    ("text", "best"), [("4/5", 5), ("8 out of 10", 10), ("four of five", 5), ("4 (out of 5)", 5), ("4", None)]
)
def test_the_best_score_is_read_where_it_is_named(text: str, best: float | None) -> None:
    found = read_numeral(text)

    assert found
    assert found.out_of == best


def test_a_share_is_known_as_one() -> None:
    assert [found.per_cent for text in ("80%", "80 percent", "80") if (found := read_numeral(text))] == [
        True,
        True,
        False,
    ]
