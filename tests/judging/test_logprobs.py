# ruff: noqa: E501 - the table has a fixture per line
"""Scores from log-probabilities: where the number stands, what could have been there, and what it comes to.

Each fixture names the tokens of a reply, those of the score with their alternatives, and the score that follows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest

from console.errors import Unscored
from console.judging.logprobs import Token, Weighted, weigh
from console.judging.replies import read_form
from console.records import ScoreRange

ONE_TO_FIVE, ONE_TO_TEN, ZERO_TO_HUNDRED = (
    ScoreRange(min=1, max=5),
    ScoreRange(min=1, max=10),
    ScoreRange(min=0, max=100),
)
FIVE_ONLY, NEGATIVE = ScoreRange(min=5, max=5), ScoreRange(min=-5, max=5)

Piece = str | tuple[str, dict[str, float]]
"""A token that nothing else could have been, or one with probabilities; the chosen one is among them."""


def tokens(*pieces: Piece) -> list[Token]:
    made = []
    for piece in pieces:
        text, shares = piece if isinstance(piece, tuple) else (piece, {piece: 1.0})
        top = [(other, math.log(share)) for other, share in shares.items()]
        made.append(Token(text, math.log(shares[text]), top))
    return made


def weighed(pieces: Sequence[Piece], scale: ScoreRange = ONE_TO_FIVE, *, cut_off: bool = False) -> Weighted:
    made = tokens(*pieces)
    reply = "".join(token.text for token in made)
    return weigh(reply, read_form(reply, cut_off=cut_off), made, scale)


END = (',"', "reason", '":"', "ok", '"}')
FOUR = {"4": 0.6, "5": 0.4}  # 4*.6 + 5*.4 = 4.4

FIXTURES = {
    # -- how tokens are cut: always 4*.6 + 5*.4 = 4.4 unless it says otherwise
    "as OpenAI cuts compact JSON": (['{"', "score", '":', ("4", FOUR), *END], ONE_TO_FIVE, 4.4, 1.0),
    "a space before the number": (['{"score": ', ("4", FOUR), *END], ONE_TO_FIVE, 4.4, 1.0),
    "the space belongs to the number": (['{"score":', (" 4", {" 4": 0.6, " 5": 0.4}), *END], ONE_TO_FIVE, 4.4, 1.0),
    "some alternatives have the space": (['{"score":', (" 4", {" 4": 0.6, "5": 0.4}), *END], ONE_TO_FIVE, 4.4, 1.0),
    "colon and number in one": (['{"score"', (":4", {":4": 0.6, ":5": 0.4}), *END], ONE_TO_FIVE, 4.4, 1.0),
    "quote, colon and number": (['{"score', ('":4', {'":4': 0.6, '":5': 0.4}), *END], ONE_TO_FIVE, 4.4, 1.0),
    "colon, space and number": (['{"score"', (": 4", {": 4": 0.6, ":5": 0.4}), *END], ONE_TO_FIVE, 4.4, 1.0),
    # the other cut of the same text, a bare '":', says nothing about the number: 4*.6+5*.2 over .8 = 4.25
    "another cut beside it": (['{"score', ('":4', {'":4': 0.6, '":5': 0.2, '":': 0.2}), *END], ONE_TO_FIVE, 4.25, 0.8),
    "number and brace": (['{"score":', ("4}", {"4}": 0.6, "5}": 0.4})], ONE_TO_FIVE, 4.4, 1.0),
    "number and comma": (['{"score":', ("4,", {"4,": 0.6, "5,": 0.4}), '"reason":"x"}'], ONE_TO_FIVE, 4.4, 1.0),
    "with and without the brace": (['{"score":', ("4}", {"4}": 0.6, "5": 0.4})], ONE_TO_FIVE, 4.4, 1.0),
    "the whole reply is one token": ([('{"score":4}', {'{"score":4}': 0.6, '{"score":5}': 0.4})], ONE_TO_FIVE, 4.4, 1.0),
    "spread over lines": (["{\n", '  "score"', ":\n ", ("4", FOUR), "\n}"], ONE_TO_FIVE, 4.4, 1.0),
    "a tab before the number": (['{"score":', ("\t4", {"\t4": 0.6, "\t5": 0.4}), "}"], ONE_TO_FIVE, 4.4, 1.0),
    "a number in quotes": (['{"score":"', ("4", FOUR), '"', "}"], ONE_TO_FIVE, 4.4, 1.0),
    "the quote belongs to the number": (['{"score":', ('"4', {'"4': 0.6, '"5': 0.4}), '"}'], ONE_TO_FIVE, 4.4, 1.0),
    "a fence of backticks": (["```", "json\n", '{"score":', ("4", FOUR), "}\n", "```"], ONE_TO_FIVE, 4.4, 1.0),
    "reasoning comes before": (["<think>", 'maybe {"score":1}', "</think>", '{"score":', ("4", FOUR), "}"], ONE_TO_FIVE, 4.4, 1.0),
    # -- where the number is
    "the reason comes first": (['{"reason":"', "fine", '","score":', ("4", FOUR), "}"], ONE_TO_FIVE, 4.4, 1.0),
    "the reason has digits": (['{"reason":"', ("2", {"2": 0.5, "3": 0.5}), ' of 10","score":', ("4", FOUR), "}"], ONE_TO_FIVE, 4.4, 1.0),
    "the reason says score": (['{"reason":"the score: ', "1", '","score":', ("4", FOUR), "}"], ONE_TO_FIVE, 4.4, 1.0),
    "the reason quotes a form": (['{"reason":"', '{\\"score\\":', "1", '}","score":', ("4", FOUR), "}"], ONE_TO_FIVE, 4.4, 1.0),
    "escapes and other alphabets": (['{"reason":"', "\\u00e9\\n é 漢😀", '","score":', ("4", FOUR), "}"], ONE_TO_FIVE, 4.4, 1.0),
    "a nested score before it": (['{"parts":{"score":', "1", '},"score":', ("4", FOUR), "}"], ONE_TO_FIVE, 4.4, 1.0),
    "a list before it": (['{"parts":[', "1,", '{"score":2}', '],"score":', ("4", FOUR), "}"], ONE_TO_FIVE, 4.4, 1.0),
    "a nested score after it": (['{"score":', ("4", FOUR), ',"parts":{"score":1}}'], ONE_TO_FIVE, 4.4, 1.0),
    "a key that only begins like it": (['{"scores":', "1", ',"score":', ("4", FOUR), "}"], ONE_TO_FIVE, 4.4, 1.0),
    "a key written with an escape": (['{"sc\\u006fre":', ("4", FOUR), "}"], ONE_TO_FIVE, 4.4, 1.0),
    # -- what counts
    # 3*.1 + 4*.7 + 5*.2 = .3 + 2.8 + 1.0
    "three scores": (['{"score":', ("4", {"4": 0.7, "5": 0.2, "3": 0.1}), "}"], ONE_TO_FIVE, 4.1, 1.0),
    # "4" and " 4" are one number: .3 + .3; with 5*.4 as before
    "spellings of one number add up": (['{"score":', ("4", {"4": 0.3, " 4": 0.3, "5": 0.4}), "}"], ONE_TO_FIVE, 4.4, 1.0),
    # 4*.6 + 5*.2 = 3.4 over .8
    "what is no number drops out": (['{"score":', ("4", {"4": 0.6, "5": 0.2, "five": 0.1, "null": 0.1}), "}"], ONE_TO_FIVE, 4.25, 0.8),
    # 9 and 0 are not on the scale: 4*.5 over .5
    "what is off the scale drops out": (['{"score":', ("4", {"4": 0.5, "9": 0.3, "0": 0.2}), "}"], ONE_TO_FIVE, 4.0, 0.5),
    # the number that was written is off the scale itself: 5 * .3 over .3
    "the chosen one is off the scale": (['{"score":', ("6", {"6": 0.7, "5": 0.3}), "}"], ONE_TO_FIVE, 5.0, 0.3),
    "one score only": (['{"score":', ("5", {"5": 0.9, "4": 0.1}), "}"], FIVE_ONLY, 5.0, 0.9),
    # no alternatives at all: the chosen token alone, exp(ln .6)
    "fewer alternatives than asked": (['{"score":', ("4", {"4": 0.6}), "}"], ONE_TO_FIVE, 4.0, 0.6),
    # -- several tokens: scale 1..10
    # "10" in one token: 10*.5 + 9*.5
    "ten in one token": (['{"score":', ("10", {"10": 0.5, "9": 0.5}), "}"], ONE_TO_TEN, 9.5, 1.0),
    # "1" then "0": 10 = .8*.9, 1 = .8*.1 (a brace ends it), 9 = .2: 7.2 + .08 + 1.8
    "ten in two tokens": (['{"score":', ("1", {"1": 0.8, "9": 0.2}), ("0", {"0": 0.9, "}": 0.1}), "}"], ONE_TO_TEN, 9.08, 1.0),
    # "1" then "}": 1 = .8*.75, 10 = .8*.25, 9 = .2: .6 + 2 + 1.8
    "a one that could have been ten": (['{"score":', ("1", {"1": 0.8, "9": 0.2}), ("}", {"}": 0.75, "0": 0.25})], ONE_TO_TEN, 4.4, 1.0),
    # "1" then "0}": 10 = .8*.9, 1 = .8*.1, 9 = .2, as two above
    "the second digit with the brace": (['{"score":', ("1", {"1": 0.8, "9": 0.2}), ("0}", {"0}": 0.9, "}": 0.1})], ONE_TO_TEN, 9.08, 1.0),
    # a second digit that leaves the scale: 12 drops, .5*.5; 1 = .5*.5, 9 = .5: (.25 + 4.5) / .75
    "a second digit off the scale": (['{"score":', ("9", {"9": 0.5, "1": 0.5}), "}"], ONE_TO_TEN, 5.0, 1.0),
    "twelve drops out": (['{"score":', ("1", {"1": 0.5, "9": 0.5}), ("}", {"}": 0.5, "2": 0.5})], ONE_TO_TEN, 4.75 / 0.75, 0.75),
    # 85 = .5*.8, 8 = .5*.2 (comma), 9 = .5: 34 + .8 + 4.5
    "two digits of a hundred": (['{"score":', ("8", {"8": 0.5, "9": 0.5}), ("5", {"5": 0.8, ",": 0.2}), ',"reason":""}'], ZERO_TO_HUNDRED, 39.3, 1.0),
    # "100" over "10" and "0": 100 = .5*.6, 10 = .5*.4, 90 = .5: 30 + 2 + 45 ... 10*.2 = 2, 90*.5 = 45, 100*.3 = 30
    "a hundred over two tokens": (['{"score":', ("10", {"10": 0.5, "90": 0.5}), ("0", {"0": 0.6, "}": 0.4}), "}"], ZERO_TO_HUNDRED, 77.0, 1.0),
    # -- other spellings of numbers
    "a leading zero": (['{"score":', ("04", {"04": 0.6, "05": 0.4}), "}"], ONE_TO_FIVE, 4.4, 1.0),
    # "0" then "4": 4 = .9*.6, 5 = .9*.4; the bare "3" beside the zero: .1*3: .9*4.4 + .3
    "a leading zero of its own": (['{"score":', ("0", {"0": 0.9, "3": 0.1}), ("4", FOUR), "}"], ONE_TO_FIVE, 4.26, 1.0),
    "a plus": (['{"score":', ("+4", {"+4": 0.6, "5": 0.4}), "}"], ONE_TO_FIVE, 4.4, 1.0),
    # -4*.6 + 4*.4
    "a minus": (['{"score":', ("-4", {"-4": 0.6, "4": 0.4}), "}"], NEGATIVE, -0.8, 1.0),
    # "-" then "4": -4 = .5*.6, -5 = .5*.4, 2 = .5: -1.2 - 1 + 1
    "a minus of its own": (['{"score":', ("-", {"-": 0.5, "2": 0.5}), ("4", FOUR), "}"], NEGATIVE, -1.2, 1.0),
    "a minus off the scale drops out": (['{"score":', ("4", {"4": 0.6, "-4": 0.4}), "}"], ONE_TO_FIVE, 4.0, 0.6),
    "a decimal in one token": (['{"score":', ("4.0", {"4.0": 0.6, "5.0": 0.4}), "}"], ONE_TO_FIVE, 4.4, 1.0),
    # 4 then .0: "4.0" = .6 * 1 * 1, and 5 = .4
    "a decimal in three": (['{"score":', ("4", FOUR), ".", "0", "}"], ONE_TO_FIVE, 4.4, 1.0),
    # 4.5 = .6*.5*1, 4 = .6*.5 (the comma ends it), 5 = .4: 1.35*2... 2.7*.5 = 1.35, 4*.3 = 1.2, 5*.4 = 2
    "half a point": (['{"score":', ("4", FOUR), (".", {".": 0.5, ",": 0.5}), "5", ',"reason":""}'], ONE_TO_FIVE, 4.55, 1.0),
}  # fmt: skip


@pytest.mark.parametrize(("pieces", "scale", "score", "captured"), FIXTURES.values(), ids=FIXTURES.keys())
def test_the_score_is_the_mean_over_what_the_tokens_say(
    pieces: Sequence[Piece], scale: ScoreRange, score: float, captured: float
) -> None:
    found = weighed(pieces, scale)

    assert found.score == pytest.approx(score, abs=1e-9)
    assert found.captured == pytest.approx(captured, abs=1e-9)
    assert math.fsum(found.distribution.values()) == pytest.approx(1.0)


UNSCORED = {
    "all of the probability is off the scale": (
        ['{"score":', ("8", {"8": 0.6, "9": 0.4}), "}"],
        "No valid score tokens",
    ),
    "nothing": ([""], "empty"),
    "space": ([" \n "], "empty"),
    "prose": (["Four out of five."], "is not the JSON object"),
    "prose around a form": (["Here: ", '{"score":', "4", "}"], "is not the JSON object"),
    "prose after a form": (['{"score":', "4", "}", " Good!"], "is not the JSON object"),
    "two forms": (['{"score":', "4", "}", '{"score":', "5", "}"], "is not the JSON object"),
    "two scores in a form": (['{"score":', "4", ',"score":', "5", "}"], "is not the JSON object"),
    "a form that never ends": (['{"score":', "4"], "is not the JSON object"),
    "no score": (['{"reason":"fine"}'], "no number"),
    "a score that is null": (['{"score":null}'], "no number"),
    "a score in words": (['{"score":"four"}'], "no number"),
    "a score that is an object": (['{"score":{"score":5}}'], "no number"),
    "a score that is a list": (['{"score":[5]}'], "no number"),
    "a score only in a nested object": (['{"result":{"score":5}}'], "no number"),
    "a bare number": (["4"], "is not the JSON object"),
    "a list": (['[{"score":4}]'], "is not the JSON object"),
    "a score with an exponent": (['{"score":4e0}'], "no number"),
    "a score with a unit": (['{"score":4/5}'], "is not the JSON object"),
    "very deep nesting": (['{"a":' + "[" * 100_000], "is not the JSON object"),
}


@pytest.mark.parametrize(("pieces", "why"), UNSCORED.values(), ids=UNSCORED.keys())
def test_what_is_no_score_is_never_one(pieces: Sequence[Piece], why: str) -> None:
    with pytest.raises(Unscored, match=why):
        weighed(pieces)


def test_a_reply_that_was_cut_off_after_the_score_counts() -> None:
    assert weighed(['{"score":', ("4", FOUR), ',"reason":"It is lo'], cut_off=True).score == pytest.approx(4.4)


def test_a_number_that_was_cut_off_does_not() -> None:
    with pytest.raises(Unscored, match="raise max_tokens"):
        weighed(['{"score":', ("1", {"1": 1.0})], ONE_TO_TEN, cut_off=True)


def test_a_character_that_is_cut_into_two_tokens_does_not_shift_the_score() -> None:
    reply = '{"reason":"é","score":4}'
    halves = [Token("\\xc3", 0.0, size=1), Token("\\xa9", 0.0, size=1)]
    made = [*tokens('{"reason":"'), *halves, *tokens('","score":', ("4", FOUR), "}")]

    assert weigh(reply, read_form(reply), made, ONE_TO_FIVE).score == pytest.approx(4.4)


def test_tokens_of_another_reply_are_refused() -> None:
    reply = '{"score":4}'

    with pytest.raises(Unscored, match="do not belong to the reply"):
        weigh(reply, read_form(reply), tokens('{"score": ', "5", "}"), ONE_TO_FIVE)


def test_the_chosen_token_counts_even_when_it_is_not_among_the_likeliest() -> None:
    made = [*tokens('{"score":'), Token("2", math.log(0.1), [("4", math.log(0.5))]), *tokens("}")]
    reply = '{"score":2}'

    # two at .1 and four at .5, over .6
    assert weigh(reply, read_form(reply), made, ONE_TO_FIVE).score == pytest.approx(2.2 / 0.6)


def test_a_probability_that_is_impossible_counts_nothing() -> None:
    made = [*tokens('{"score":'), Token("4", 0.0, [("4", 0.0), ("1", -9999.0), ("2", -math.inf)]), *tokens("}")]
    reply = '{"score":4}'

    assert weigh(reply, read_form(reply), made, ONE_TO_FIVE).score == 4.0
