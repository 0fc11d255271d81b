"""Numbers with their units, and text that stays text."""

from __future__ import annotations

import pytest

from console.ui.frame import text


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("a *b*", r"a \*b\*"),
        ("![i](x)", r"\!\[i\]\(x\)"),
        ("<b>", r"\<b\>"),
        ("`c` $x$", r"\`c\` \$x\$"),
        ("two\n\n# lines", r"two \# lines"),
        ("plain words", "plain words"),
    ],
)
def test_markdown_is_escaped(given: str, shown: str) -> None:
    assert text.plain(given) == shown


@pytest.mark.parametrize("given", ["http://evil.example", ":smile:", ":material/home:", "www.evil.example", "a@b.c"])
def test_links_and_codes_found_after_parsing_are_broken(given: str) -> None:
    assert "\u2060" in text.plain(given)


def test_a_limit_counts_what_is_shown() -> None:
    assert text.plain("abcdef", 4) == "abc…"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(None, "–"), (0.0, "0 ms"), (0.85, "850 ms"), (3.25, "3.2 s"), (125, "2 min 5 s"), (7260, "2 h 1 min")],
)
def test_durations_choose_their_unit(seconds: float | None, shown: str) -> None:
    assert text.duration(seconds) == shown


@pytest.mark.parametrize(("dollars", "shown"), [(None, "–"), (0, "$0"), (0.00412, "$0.0041"), (1234.5, "$1,234.50")])
def test_money_keeps_the_digits_of_small_amounts(dollars: float | None, shown: str) -> None:
    assert text.money(dollars) == shown


@pytest.mark.parametrize(("number", "shown"), [(None, "–"), (187458, "187,458"), (12_345_678, "12.3 M")])
def test_counts_have_no_decimals(number: float | None, shown: str) -> None:
    assert text.count(number) == shown


def test_a_judge_without_a_name_is_told_by_its_id() -> None:
    assert text.judge_name(None, "0123456789abcdef") == "Judge 01234567"
