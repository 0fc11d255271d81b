"""What a judge's reply says: the `score` of the form and where it stands, and the reason.

The form is asked for as one JSON object. What models put around it is forgiven: reasoning, a fence of backticks, a
sentence before or after, a list of one, other quotes, a comma too many. Two things are not. A reply that is a passage
of the judged text says nothing, wherever it stands: a text could carry a form of its own. And of several forms that
say different scores none is taken.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from console.errors import Unscored
from console.judging.objects import Found, NoObject, Value, read_object

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")
_OUT_OF = re.compile(r"\s*(?:/|out of|of)\s*([0-9]+)\s*", re.IGNORECASE)
_COMMA = re.compile(r"[+-]?[0-9]+,[0-9]{1,2}")
_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_THOUGHT_ENDS = ("</think>", "</thinking>", "</reasoning>", "[/THINK]", "<|channel|>final<|message|>")
"""What a model's reasoning ends with where a server leaves it in the reply; not every template shows its beginning."""
_BEFORE = "\ufeff`"
_MOST_TRIES = 64
"""Braces at which an object is looked for; a reply with more of them is no form."""


@dataclass(frozen=True, slots=True)
class Form:
    """A form that was filled in."""

    score: str
    """The number, as digits."""
    start: int
    """Where it is written in the reply, in characters."""
    end: int
    reason: str
    written: bool = True
    """The score stands there in these very characters, not as a word or with a decimal comma."""
    out_of: int | None = None
    """The best score as the judge understood it, where it wrote `4/5`."""
    begin: int = 0
    """Where the object begins."""


def read_form(reply: str, *, cut_off: bool = False, texts: tuple[str, ...] = ()) -> Form:
    """Reads the form out of a reply.

    Args:
        cut_off: the reply ended at the limit of tokens, which is said where there is no score.
        texts: the judged texts; a reply that is a passage of one of them is no judgement.

    Raises:
        Unscored: there is no such form, or no number in it.
    """
    if not reply.strip(" \t\r\n\ufeff\xa0"):
        raise Unscored("The judge's reply is empty.", reply=reply)
    objects = _objects(reply)
    if not objects:
        said = "was cut off before the score; raise max_tokens" if cut_off else "is not the JSON object asked for"
        raise Unscored(f"The judge's reply {said}.", reply=reply)
    squeezed = tuple("".join(text.split()) for text in texts)
    own = [one for one in objects if not _is_passage(reply[one.start : one.end], squeezed)]
    if not own:
        raise Unscored("The judge repeated a passage of the judged text instead of rating it.", reply=reply)
    forms = [_form(one, reply, cut_off=cut_off) for one in own]
    if len({float(form.score) for form in forms}) > 1:
        raise Unscored("The judge's reply has several forms with different scores.", reply=reply)
    return forms[-1]


def without_thoughts(reply: str) -> str:
    """What a reply says after its reasoning; all of it where there is none that ended."""
    ends = [(at, mark) for mark in _THOUGHT_ENDS if (at := reply.find(mark)) >= 0]
    return reply[min(ends)[0] + len(min(ends)[1]) :] if ends else reply


def _objects(reply: str) -> list[Found]:
    """The objects of a reply that could be the form, in order."""
    start = _first(reply, 0)
    if reply[start : start + 1] != "{":  # else a form, whose reason may say anything
        start = max(start, len(reply) - len(without_thoughts(reply)))
    found: list[Found] = []
    at = start
    for _ in range(_MOST_TRIES):
        at = reply.find("{", at)
        if at < 0:
            break
        try:
            one = read_object(reply, at)
        except NoObject:
            at += 1
            continue
        if one.pairs or not one.cut_off:
            found.append(one)
        at = one.end
    scored = [one for one in found if "score" in dict(one.pairs)]
    return scored or found[:1]


def _first(reply: str, at: int) -> int:
    """The first character that is neither space nor a fence's beginning."""
    while at < len(reply) and (reply[at].isspace() or reply[at] in _BEFORE or reply.startswith("json", at)):
        at += 4 if reply.startswith("json", at) else 1
    return at


def _is_passage(form: str, texts: tuple[str, ...]) -> bool:
    squeezed = "".join(form.split())
    return any(squeezed in text for text in texts)


def _form(found: Found, reply: str, *, cut_off: bool) -> Form:
    scores = [value for key, value in found.pairs if key == "score"]
    if len(scores) > 1:
        raise Unscored("The judge's reply has two scores in one form.", reply=reply)
    if not scores and found.cut_off:
        said = "was cut off before the score; raise max_tokens" if cut_off else "is not the JSON object asked for"
        raise Unscored(f"The judge's reply {said}.", reply=reply)
    form = _number(scores[0], found) if scores else None
    if form is None:
        raise Unscored("The judge's reply has no number as its top-level score.", reply=reply)
    return form


def _number(value: Value, found: Found) -> Form | None:
    """The form with this score; None when it is no number."""
    if value.nested:
        return None
    text = value.text.strip()
    start = value.start + len(value.text) - len(value.text.lstrip())
    reason = next((one.text for key, one in found.pairs if key == "reason" and one.quoted), "")
    number = _NUMBER.match(text)
    if number is None:
        word = text.lower()
        digits = str(_WORDS.index(word)) if word in _WORDS else None
        return Form(digits, value.start, value.end, reason, written=False, begin=found.start) if digits else None
    if value.quoted and _COMMA.fullmatch(text):
        return Form(text.replace(",", "."), value.start, value.end, reason, written=False, begin=found.start)
    rest, out_of = text[number.end() :], None
    if rest:
        best = _OUT_OF.fullmatch(rest)
        if best is None:
            return None
        out_of = int(best[1])
    return Form(number.group(), start, start + number.end(), reason, out_of=out_of, begin=found.start)
