"""Replies as models write them: what is a judgement, whatever its looks, and what is none."""

from __future__ import annotations

import pytest

from console.errors import Unscored
from console.judging.replies.replies import read_form

FOUR = (
    '{"score":4,"reason":"fine"}',
    '{"Score": 4, "Reason": "x"}',
    '{"Score:": 4}',
    '{" score ":4}',
    '{"**score**": 4}',
    '{"rating":4,"reason":"x"}',
    '{"final_score":4}',
    '{"overallScore":4}',
    '{"Overall Score": 4}',
    '{"score (1-5)": 4}',
    '{"SCORE":"4/5"}',
    '{"score":{"value":4}}',
    '{"score":[4]}',
    '{"score":["4"]}',
    '[{"score":4}]',
    '{"result":{"score":4,"reason":"x"}}',
    '{"rating":{"score":4}}',
    '{"evaluation":{"rating":{"score":4}}}',
    '{"score":{"score":4,"reason":"x"}}',
    '{"score":[{"value":4}]}',
    '{"name":"rating","arguments":{"score":4,"reason":"x"}}',
    '{"type":"object","properties":{"score":4,"reason":"x"}}',
    '{"score": 4, "max_score": 5}',
    '{"scale":{"min":1,"max":5},"score":4}',
    '{"confidence":0.9,"score":4}',
    '{"parts":{"score":1},"score":4}',
    '{"scores":1,"score":4}',
    '```json\n{"score":4,"reason":"fine"}\n```',
    '~~~\n{"score":4,"reason":"fine"}\n~~~',
    'Sure!\n{"score":4,"reason":"fine"}',
    '{"score":4,"reason":"fine"}\nHope it helps',
    '{"score":4,"reason":"x",}',
    '{"score":4,}',
    "{'score': 4, 'reason': 'x'}",
    "{'score': 4, 'reason': \"it's\"}",
    "{'score': 4, 'reason': None, 'ok': True}",
    '{score: 4, reason: "x"}',
    "{“score”: 4, “reason”: “x”}",
    '{"score"：4，"reason":"x"}',
    '{"score" = 4}',
    '{"score" => 4}',
    '{"score": 4 // good\n, "reason": "x"}',
    '{"score": 4, /* c */ "reason": "x"}',
    '{"score": 4\n "reason": "x"}',
    '{"score": 4 "reason": "x"}',
    '{"score":4,"reason":"it says "yes" there"}',
    '{"reason":"it says "yes" there","score":4}',
    '{"reason":"says "a", "b" and more","score":4}',
    '{"score": 4, "reason": not in quotes at all}',
    '{"score": four out of five, "reason": "x"}',
    '{"score": four}',
    '{"score":**4**}',
    '{"score": 4/5, "reason":"x"}',
    '{"score": 4 out of 5, "reason":"x"}',
    '{"score":"4 - good"}',
    '{"score":4.0}',
    '{"score":"4.00"}',
    '{"score":4e0}',
    '{"score":"４"}',
    '{"score": ４}',
    '{"score":"**4**"}',
    '{"reason":"a\nb","score":4}',
    '{"score":4,"reason":"cut of',
    'Thinking {"score":2}?</think>{"score":4,"reason":"fine"}',
    '<think>2?</think>\n{"score":4,"reason":"fine"}',
    '<think>\nlet me think\n{"score":4,"reason":"fine"}',
    '<thought>x {"score":1}</thought>{"score":4,"reason":"fine"}',
    "Score: 4\nReason: fine",
    "**Score:** 4\n**Reason:** ok",
    "**Score: 4**",
    "Score: 4/5",
    "Final score: 4",
    "Rating: 4",
    "- Score: 4\n- Reason: x",
    "### Score\n4\n\n### Reason\nok",
    "## Score: 4",
    "| Score | 4 |",
    "<score>4</score><reason>ok</reason>",
    "<rating> 4 </rating>",
    "score = 4",
    'score=4 reason="x"',
    "Rating(score=4, reason='x')",
    '"score": 4, "reason": "x"',
    "Score (1-5): 4",
    "Score – 4",
    "Reason: good, 3 errors\nScore: 4",
    "score: four",
    "4",
    "4/5",
    "**4**",
    " 4\n",
    "```\n4\n```",
    '"{\\"score\\":4,\\"reason\\":\\"x\\"}"',
    '{"score":4}{"score":4}',
    '{"score":4}\n\n{"score":4}',
    '{"type":"object","properties":{"score":{"type":"integer"}}}\n{"score":4}',
    '{\n\t"score"\t:\t4\n}',
    '\u200b{"score":4}',
    '<answer>{"score":4}</answer>',
    '<|channel|>final<|message|>{"score":4}<|return|>',
    '{"score":4}<|im_end|>',
    '{"score":4}<|eot_id|>',
    '{"score":4,"score":4}',
    '{"reason":"<think>x</think>","score":4}',
    '{"answer":"x","rating":4}',
    '{"accuracy_score":4}',
    '{{"score": 4, "reason": "x"}}',
    '{"score":4}}',
    'json\n{"score":4}',
    'JSON: {"score":4}',
    "Score:\n4",
    "score: 4\nreason: |\n  fine",
    '{"score":"Score: 4"}',
    '{"score":"4","reason":"1"}',
    '{"rating":"4 stars"}',
    '{ "score": 4, "reason": "C:\\new" }',
    '{"reason":"3 of 5 right","score":4}',
    "Analysis: The text is ok.\nScore: 4",
    '{"score":4;"reason":"x"}',
    "1. Score: 4\n2. Reason: x",
    "* **Score**: 4",
    '{"score": "4 (mostly faithful)"}',
    '{"score":4,"reason":"x"',
    "dict(score=4, reason='x')",
    '{"evaluation": [{"score": 4}]}',
    '{"ratings":[4]}',
    '{"Rating": 4}',
    '{"rating_score": 4}',
    '{"score": +4}',
    '{"score":04}',
    '{"score": .4e1}',
    '{"score":"★★★★☆"}',
    '{"sc\u200bore":4}',
    "{«score»: 4}",
    '{"Bewertung":4,"Begründung":"x"}',
    '{"评分":4,"理由":"x"}',
    '{\\"score\\":4,\\"reason\\":\\"x\\"}',
    "{&quot;score&quot;:4}",
    "| score | reason |\n|---|---|\n| 4 | fine, 3 of 3 |",
    "| **Reason** | **Score** |\n|:-:|--:|\n| fine | **4** |",
    "| Key | Value |\n|---|---|\n| score | 4 |\n| reason | fine |",
    '<rating score="4" reason="x"/>',
    "<score>4</score><reasoning>It keeps to the facts.</reasoning>",
    '<Think>is it {"score":2}?</Think>{"score":4}',
    '<thinking type="x">{"score":2}</thinking>{"score":4}',
    '<analysis>{"score":2}</analysis>\n{"score":4}',
    '<scratchpad>{"score":2}</scratchpad>\n{"score":4}',
    '<think>a</think>\n<think>{"score":2}</think>{"score":4}',
    '<think>a</think>{"score":4,"reason":"it wrote </think>"}',
)
"""All of them say 4."""


@pytest.mark.parametrize("reply", FOUR)
def test_a_judgement_is_read_however_it_is_written(reply: str) -> None:
    form = read_form(reply)

    assert float(form.score) == 4.0
    assert not form.written or reply[form.start : form.end] == form.score


JUNK = (
    "",
    "   ",
    "I would rate this a four out of five.",
    "4 or 5",
    '{"score":null}',
    '{"score":"high"}',
    '{"score":true}',
    '{"score":NaN}',
    '{"score":"NaN"}',
    '{"score":[4,5]}',
    '{"score":[]}',
    '{"score":{}}',
    '{"score":{"a":3,"b":4}}',
    '{"score":{"min":1,"max":5}}',
    '{"score":{"type":"integer","minimum":1,"maximum":5}}',
    '{"type":"object","properties":{"score":{"type":"integer","minimum":1,"maximum":5},"reason":{"type":"string"}}}',
    '{"score":4,"score":5}',
    '{"score":4,"reason":"fine"} {"score":2}',
    '{"score":4',
    '{"score": "4',
    '[{"score":1},{"score":5}]',
    "null",
    '{"score":"1-5"}',
    '{"score":"3-4"}',
    '{"score":"3 to 4"}',
    '{"score":"the whole number from 1 to 5 that the steps lead to"}',
    '{"score": <integer>}',
    '{"score": 1-5}',
    '{"score": 3 or 4, "reason":"x"}',
    '{"score":"<4"}',
    "Score: 1-5",
    "Score: 3 or 4",
    "Score: 4\nScore: 5",
    "Score: between 1 and 5",
    "Whole numbers from 1 to 5.",
    '"score": the whole number from 1 to 5 that the steps lead to;\n"reason": one or two sentences',
    "1\n2\n3",
    "1, 2, 3, 4, 5",
    '{"max_score":5}',
    '{"confidence":4}',
    '{"reason":"4"}',
    "{}",
    "[]",
    "Score:",
    "Score: N/A",
    '<think>maybe {"score":2}? or',
    '<think>I think {"score":2} but then more',
    '{"accuracy_score":3,"fluency_score":5}',
    '{"rating":3,"grade":4}',
    '{"result":{"score":3},"other":{"score":4}}',
    '{"example":{"score":5}}',
    "<score>3-4</score>",
    '{"score":4cm}',
    "The summary scores 4 points in my book",
    "Sorry, I cannot judge this.",
    "Error 500",
    '{"error":{"code":4}}',
    '{"score": {"value": null}}',
    "Score range: 1 to 5",
    "Max score: 5",
    '{"score":"4 5"}',
    '{"score":"4?5"}',
    '{"scores":{"a":4,"b":2}}',
    '{"score": 1|2|3|4|5}',
    '{"score":"⭐⭐⭐⭐"}',
    "| score | reason |\n|---|---|\n| 4 | fine |\n| 2 | bad |",
    "| criterion | score |\n|---|---|\n| facts | 4 |\n| style | 2 |",
    '<rating score="3-4"/>',
    '<analysis>{"score":4}</analysis>',
    '{"Bewertung":4,"评分":3}',
)


@pytest.mark.parametrize("reply", JUNK)
def test_what_says_no_single_number_is_no_judgement(reply: str) -> None:
    with pytest.raises(Unscored):
        read_form(reply)


CUT_OFF = ('{"score":4', '{"score": ', "Score: 4", "4", '{"reason":"It sa', '<think>Is it {"score":2}')


@pytest.mark.parametrize("reply", CUT_OFF)
def test_a_number_that_more_digits_might_follow_is_none(reply: str) -> None:
    with pytest.raises(Unscored, match="max_tokens"):
        read_form(reply, cut_off=True)


REASONS = (
    '{"score":4,"reason":"Fine."}',
    '{"explanation":"Fine.","score":4}',
    '{"rating":{"score":4,"reason":"Fine."}}',
    "Score: 4\nReason: Fine.",
    "**Reasoning:** Fine.\n**Score:** 4",
    "<score>4</score><reason>Fine.</reason>",
    "score=4 reason='Fine.'",
)


@pytest.mark.parametrize("reply", REASONS)
def test_the_reason_is_read_with_it(reply: str) -> None:
    assert read_form(reply).reason == "Fine."


def test_a_line_of_the_judged_text_is_no_judgement() -> None:
    text = "A review.\nScore: 5\nThe end."

    assert float(read_form("It says:\nScore: 5\nMine:\nScore: 1", texts=(text,)).score) == 1.0
    with pytest.raises(Unscored, match="repeated a passage"):
        read_form("Score: 5", texts=(text,))


def test_a_judged_text_that_is_a_number_is_no_judgement() -> None:
    with pytest.raises(Unscored):
        read_form("5", texts=("5",))


@pytest.mark.parametrize(
    "reply",
    [
        '{"a":' * 20_000,
        '{"score":[' * 20_000,
        "{" * 100_000,
        '"' * 100_000,
        "Score: " * 20_000,
        "<a " * 50_000,
        "|" * 50_000,
        "</think><think>" * 5_000,
    ],
)
def test_long_junk_takes_no_long_time(reply: str) -> None:
    with pytest.raises(Unscored):
        read_form(reply)


def test_a_reply_without_end_is_no_form() -> None:
    with pytest.raises(Unscored, match="1,000,013 characters") as refused:
        read_form('{"score": 4} ' + "x" * 1_000_000)
    assert len(refused.value.reply) == 10_000
