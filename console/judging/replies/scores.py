"""The score that an object states: under `score`, else under a name like it, else within an object of its own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from console.judging.replies.numerals import Numeral, read_numeral
from console.judging.replies.objects import Found, NoObject, Value, read_object

_SCORE = "score"
_LIKE_IT = re.compile(
    r"(?:(?:the|final|overall|total|my)_?)?(?:score|rating|grade)s?(?:_?value)?|\w+_(?:score|rating)|overall|"
    r"(?:score|rating)_?(?:\d+_?to_?\d+|out_?of_?\d+)"
)
_NOT_IT = re.compile(r"max|min|best|worst|scale|range|threshold|confidence|example|previous|reference|schema|possible")
_INSIDE = frozenset({"value", "score", "rating", "number", "grade", "final", "overall", "result"})
"""What the number is called in an object that stands where the number should."""
_NOT_HERE = re.compile(r"example|schema|scale|range|input|text|context|question|reference|expected|metadata|previous")
"""Objects whose scores are not the judge's own."""
_ABROAD = re.compile(
    "bewertung|punktzahl|wertung|puntuaci[óo]n|puntaje|calificación|pontuação|nota|punteggio|évaluation|"
    "评分|分数|得分|评级|評分|分數|スコア|評価|点数|점수|평점|оценка|балл|التقييم|النتيجة"
)
"""The key where a model has translated it with the rest."""
_REASONS = re.compile(
    "reason|reasoning|explanation|rationale|justification|comment|begründung|razón|justificación|justificativa|motivo|"
    "raison|理由|原因|이유|причина|обоснование|السبب"
)
_UNSEEN = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\xad"))
_DEEPEST = 3


class Several(ValueError):
    """Scores that differ; the message says where."""


@dataclass(frozen=True, slots=True)
class Stated:
    """A score, and why."""

    number: Numeral
    """Its place is that in the whole text."""
    reason: str = ""


def stated_score(found: Found, text: str, depth: int = 0) -> Stated | None:
    """The score of an object; None when it has none.

    Args:
        text: the whole text that the object stands in.

    Raises:
        Several: it has scores that differ.
    """
    named = [(_name(key), value) for key, value in found.pairs]
    reason = _reason(named)
    scores = [value for name, value in named if name == _SCORE]
    if not scores:
        scores = [value for name, value in named if _LIKE_IT.fullmatch(name) and not _NOT_IT.search(name)]
        scores = scores or [value for name, value in named if _ABROAD.fullmatch(name)]
    numbers = [number for value in scores if (number := _number(value, text, depth))]
    if len(numbers) < len(scores) and any(value.text != "null" for value in scores):
        return Stated(numbers[0], reason) if len(scores) == 1 and numbers else None
    if numbers:
        _alike(numbers, "two scores in one form" if len(numbers) == 2 else "several scores in one form")
        return Stated(numbers[-1], reason or _reason_within(scores[-1], text))
    inner = list(_inner(named, text, depth)) if not scores else []
    if not inner:
        return None
    _alike([one.number for one in inner], "several scores in one form")
    return replace(inner[-1], reason=inner[-1].reason or reason)


def _reason(named: Iterable[tuple[str, Value]]) -> str:
    return next((value.text for name, value in named if _REASONS.fullmatch(name) and value.quoted), "")


def _reason_within(value: Value, text: str) -> str:
    """The reason that stands beside a number in an object of its own."""
    found = _object(text, value.start + value.text.index("{")) if value.nested and "{" in value.text else None
    return _reason((_name(key), inner) for key, inner in found.pairs) if found else ""


def _name(key: str) -> str:
    """A key as a name: in small letters, without what a model puts around it."""
    bare = re.sub(r"\([^()]*\)", "", key.translate(_UNSEEN)).strip(" \t\n:*_`#.=")
    return re.sub(r"[\s-]+", "_", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", bare)).lower()


def _number(value: Value, text: str, depth: int) -> Numeral | None:
    """The number that a value is; its place is that in the whole text."""
    if value.nested:
        return _within(value, text, depth)
    found = read_numeral(value.text)
    return replace(found, start=value.start + found.start, end=value.start + found.end) if found else None


def _within(value: Value, text: str, depth: int) -> Numeral | None:
    """The number of a list of one, or of an object that says it is the value."""
    if value.text.startswith("["):
        return _of_one(value, text, depth)
    found = _object(text, value.start)
    pairs = [(_name(key), inner) for key, inner in found.pairs] if found else []
    numbers = [_number(inner, text, depth + 1) for name, inner in pairs if name in _INSIDE] if depth < _DEEPEST else []
    return numbers[0] if len(numbers) == 1 else None


def _of_one(value: Value, text: str, depth: int) -> Numeral | None:
    """The number of a list of one."""
    inside = value.text[1:-1].rstrip(" \t\r\n,")
    start = value.start + 1 + len(inside) - len(inside.lstrip())
    if inside.lstrip().startswith("{"):
        found = _object(text, start)
        alone = found and found.end >= value.start + 1 + len(inside)
        one = Value(text[start : found.end], start, found.end, quoted=False, nested=True) if found and alone else None
        stated = stated_score(found, text, depth + 1) if found and one and depth < _DEEPEST else None
        return stated.number if stated else (_number(one, text, depth) if one else None)
    number = None if "," in inside else read_numeral(inside)
    return replace(number, start=value.start + 1 + number.start, end=value.start + 1 + number.end) if number else None


def _inner(named: list[tuple[str, Value]], text: str, depth: int) -> Iterator[Stated]:
    """The scores of the objects within an object."""
    for name, value in named:
        if not value.nested or depth >= _DEEPEST or _NOT_HERE.search(name):
            continue
        found = _object(text, text.index("{", value.start)) if _one_object(value) else None
        stated = stated_score(found, text, depth + 1) if found else None
        if stated:
            yield stated


def _one_object(value: Value) -> bool:
    """Whether a value is an object, or a list that begins with one and has no other."""
    inside = value.text.lstrip("[ \t\r\n")
    return inside.startswith("{") and (value.text[0] == "{" or value.text.count("{") == 1)


def _object(text: str, start: int) -> Found | None:
    try:
        return read_object(text, start, lenient=True)
    except NoObject:
        return None


def _alike(numbers: list[Numeral], words: str) -> None:
    if len({float(number.digits) for number in numbers}) > 1:
        raise Several(words)
