# ruff: noqa: E501 - the table has a fixture per line
"""Scores from log-probabilities: where the number stands, what could have been there, and what it comes to.

Each fixture names the tokens of a reply, those of the score with their alternatives, and the score that follows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest

from console.errors import Unscored
from console.judging.expected import Weighted, weigh
from console.judging.logprobs import Path, Token, read_path
from console.judging.replies.replies import read_form
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
    return of_one(reply, made, scale, cut_off=cut_off)


def of_one(reply: str, made: Sequence[Token], scale: ScoreRange = ONE_TO_FIVE, *, cut_off: bool = False) -> Weighted:
    """The weighted score of a single response."""
    (found,) = weigh([read_path(reply, read_form(reply, cut_off=cut_off), made)], scale)
    assert found
    return found


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
    "in an object of its own": (['{"result":{"score":', ("4", FOUR), "}}"], ONE_TO_FIVE, 4.4, 1.0),
    "in a list": (['{"score":[', ("4", FOUR), "]}"], ONE_TO_FIVE, 4.4, 1.0),
    "under another name": (['{"rating":', ("4", FOUR), "}"], ONE_TO_FIVE, 4.4, 1.0),
    "a line instead of an object": (["**Score", ":** ", ("4", FOUR), "\n", "**Reason:** ok"], ONE_TO_FIVE, 4.4, 1.0),
    "nothing but the number": ([("4", FOUR)], ONE_TO_FIVE, 4.4, 1.0),
    "bold": (['{"score":"', "**", ("4", FOUR), '**"}'], ONE_TO_FIVE, 4.4, 1.0),
    "out of five": (['{"score":"', ("4", FOUR), '/5"}'], ONE_TO_FIVE, 4.4, 1.0),
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
    # "1" may be the beginning of 10, and nothing shows which: it is not captured
    "a one beside it": (['{"score":', ("9", {"9": 0.5, "1": 0.5}), "}"], ONE_TO_TEN, 9.0, 0.5),
    # 12 is off the scale: 1 = .5*.5, 9 = .5: (.25 + 4.5) / .75
    "twelve drops out": (['{"score":', ("1", {"1": 0.5, "9": 0.5}), ("}", {"}": 0.5, "2": 0.5})], ONE_TO_TEN, 4.75 / 0.75, 0.75),
    # 85 = .5*.8, 8 = .5*.2 (comma); what became of the 9 nothing shows: (34 + .8) / .5
    "two digits of a hundred": (['{"score":', ("8", {"8": 0.5, "9": 0.5}), ("5", {"5": 0.8, ",": 0.2}), ',"reason":""}'], ZERO_TO_HUNDRED, 69.6, 0.5),
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
    "nothing": ([""], "empty"),
    "space": ([" \n "], "empty"),
    "prose": (["Four out of five."], "is not the JSON object"),
    "two forms": (['{"score":', "4", "}", '{"score":', "5", "}"], "different scores"),
    "two scores in a form": (['{"score":', "4", ',"score":', "5", "}"], "two scores"),
    "a form that never ends": (['{"score":', "4"], "is not the JSON object"),
    "no score": (['{"reason":"fine"}'], "no number"),
    "two scores in a list": (['{"score":[4,5]}'], "no number"),
    "scores of two things": (['{"score":{"facts":4,"style":5}}'], "no number"),
    "a score that is null": (['{"score":null}'], "no number"),
    "a score with a unit": (['{"score":4cm}'], "no number"),
    "very deep nesting": (['{"a":' + "[" * 100_000], "is not the JSON object"),
}


@pytest.mark.parametrize(("pieces", "why"), UNSCORED.values(), ids=UNSCORED.keys())
def test_what_is_no_score_is_never_one(pieces: Sequence[Piece], why: str) -> None:
    with pytest.raises(Unscored, match=why):
        weighed(pieces)


def test_without_any_probability_on_the_scale_there_is_no_weighted_score() -> None:
    reply = '{"score":8}'
    path = read_path(reply, read_form(reply), tokens('{"score":', ("8", {"8": 0.6, "9": 0.4}), "}"))

    assert weigh([path], ONE_TO_FIVE) == [None]


AROUND = {
    "trimmed by the server": (["\n", '{"score":', ("4", FOUR), "}"], '{"score":4}'),
    "reasoning taken off": (["Hm, 3?", "</think>", '\n{"score":', ("4", FOUR), "}"], '{"score":4}'),
    "reasoning that drafts": (['<think>{"score":', "1", "}</think>", '{"score":', ("4", FOUR), "}"], '{"score":4}'),
    "a fence taken off": (["```json\n", '{"score":', ("4", FOUR), "}", "\n```"], '{"score":4}'),
    "written anew": (['{ "score" : ', ("4", FOUR), " }"], '{"score":4}'),
    "a space as a mark": (['{"score":', ("▁4", {"▁4": 0.6, "▁5": 0.4}), "}"], '{"score": 4}'),
    "an end token": (['{"score":', ("4", FOUR), "}", "<|im_end|>"], '{"score":4}'),
    "harmony channels": (["<|channel|>analysis<|message|>4?<|end|>", "<|channel|>final<|message|>", '{"score":', ("4", FOUR), "}"], '{"score":4}'),
}  # fmt: skip


@pytest.mark.parametrize(("pieces", "reply"), AROUND.values(), ids=AROUND.keys())
def test_the_tokens_may_have_more_around_the_form_than_the_reply(pieces: Sequence[Piece], reply: str) -> None:
    assert of_one(reply, tokens(*pieces)).score == pytest.approx(4.4)


def path_of(*pieces: Piece) -> Path:
    made = tokens(*pieces)
    reply = "".join(token.text for token in made)
    return read_path(reply, read_form(reply), made)


def test_what_a_beginning_becomes_is_read_off_other_responses() -> None:
    first = {"9": 0.6, "1": 0.4}
    nine = path_of('{"score":', ("9", first), "}")
    ten = path_of('{"score":', ("1", first), ("0", {"0": 0.99, "}": 0.01}), "}")

    # 9*.6 + 10*.4*.99 + 1*.4*.01, for both responses
    scores = [one.score for one in weigh([nine, ten], ONE_TO_TEN) if one]
    assert scores == pytest.approx([9.364, 9.364])


def test_what_no_response_shows_is_not_captured() -> None:
    first = {"8": 0.6, "7": 0.25, "9": 0.15}
    eighty = path_of('{"score":', ("8", first), "5", "}")
    seventy = path_of('{"score":', ("7", first), "5", "}")

    (found, _) = weigh([eighty, seventy], ZERO_TO_HUNDRED)

    assert found
    assert found.captured == pytest.approx(0.85)
    assert found.score == pytest.approx((85 * 0.6 + 75 * 0.25) / 0.85)


TENTHS, SIGNED = ScoreRange(min=0, max=1, step=0.1), ScoreRange(min=-1, max=1, step=0.1)
SIGN = {"-": 0.5, "0": 0.5}
PARTS = {
    # .7 = .6, .8 = .4
    "tenths": (TENTHS, ["0", ".", ("7", {"7": 0.6, "8": 0.4})], 0.74, 1.0),
    # the 1 is whole: nothing on the scale begins with it
    "one beside tenths": (TENTHS, [("0", {"0": 0.5, "1": 0.5}), ".", "5"], 0.75, 1.0),
    # the 0 goes on in tenths, and nothing shows how
    "nought beside one": (TENTHS, [("1", {"0": 0.5, "1": 0.5})], 1.0, 0.5),
    "a number in one piece": (TENTHS, [("0.7", {"0.7": 0.6, "0.8": 0.4})], 0.74, 1.0),
    "minus in a piece of its own": (SIGNED, [("-", {"-": 1.0}), "0", ".", ("5", {"5": 0.6, "6": 0.4})], -0.54, 1.0),
    "minus beside nought": (SIGNED, [("-", SIGN), "0", ".5"], -0.5, 0.5),
}


@pytest.mark.parametrize(("scale", "pieces", "score", "captured"), PARTS.values(), ids=PARTS.keys())
def test_scales_with_fractions_and_signs(
    scale: ScoreRange, pieces: Sequence[Piece], score: float, captured: float
) -> None:
    found = weighed(['{"score":', *pieces, ',"reason":""}'], scale)

    assert found.score == pytest.approx(score)
    assert found.captured == pytest.approx(captured)


SCALES = [(1, 5, 1), (1, 10, 1), (0, 100, 1), (1, 100, 1), (-5, 5, 1), (0, 1, 0.1), (-1, 1, 0.1), (0, 1, 0.01), (0, 10, 0.5)]  # fmt: skip


@pytest.mark.parametrize(("low", "high", "step"), SCALES)
def test_a_scale_knows_which_numbers_begin_others(low: int, high: int, step: float) -> None:
    scale = ScoreRange(min=low, max=high, step=step)
    count = round((high - low) / step)
    written = {f"{low + place * step:.{scale.decimals}f}" for place in range(count + 1)}
    beginnings = {text[:end] for text in written for end in range(1, len(text)) if text[:end].strip("-").strip(".")}

    wrong = [
        text
        for text in beginnings
        if scale.grows(text) != (text.endswith(".") or any(more_than(text, other) for other in written))
    ]

    assert not wrong


def more_than(text: str, other: str) -> bool:
    return other.startswith(text) and not math.isclose(float(other), float(text), abs_tol=1e-9)


def test_a_reply_that_was_cut_off_after_the_score_counts() -> None:
    assert weighed(['{"score":', ("4", FOUR), ',"reason":"It is lo'], cut_off=True).score == pytest.approx(4.4)


def test_a_number_that_was_cut_off_does_not() -> None:
    with pytest.raises(Unscored, match="raise max_tokens"):
        weighed(['{"score":', ("1", {"1": 1.0})], ONE_TO_TEN, cut_off=True)


def test_a_character_that_is_cut_into_two_tokens_does_not_shift_the_score() -> None:
    reply = '{"reason":"é","score":4}'
    halves = [Token("\\xc3", 0.0, raw=b"\xc3"), Token("\\xa9", 0.0, raw=b"\xa9")]
    made = [*tokens('{"reason":"'), *halves, *tokens('","score":', ("4", FOUR), "}")]

    assert of_one(reply, made).score == pytest.approx(4.4)


def test_tokens_of_another_reply_are_refused() -> None:
    reply = '{"score":4}'

    with pytest.raises(Unscored, match="do not belong to the reply"):
        of_one(reply, tokens('{"score": ', "5", "}"))


def test_the_chosen_token_counts_even_when_it_is_not_among_the_likeliest() -> None:
    made = [*tokens('{"score":'), Token("2", math.log(0.1), [("4", math.log(0.5))]), *tokens("}")]
    reply = '{"score":2}'

    # four at .5; the rest that was not listed is what the response chose, two
    assert of_one(reply, made).score == pytest.approx(3.0)
    assert of_one(reply, made).captured == pytest.approx(0.5)


def test_a_probability_that_is_impossible_counts_nothing() -> None:
    made = [*tokens('{"score":'), Token("4", 0.0, [("4", 0.0), ("1", -9999.0), ("2", -math.inf)]), *tokens("}")]
    reply = '{"score":4}'

    assert of_one(reply, made).score == 4.0
