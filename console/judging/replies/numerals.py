"""Numbers as models write them where a score is asked for: `4`, `**4**`, `four`, `4,5`, `8/10`, `4 - good`, `★★★★☆`.

A number is read only where there is a single one. A range (`3-4`), a choice (`3 or 4`), the scale itself (`1-5`) and a
bound (`<4`) are none.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

_ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_WORDS = {word: value for value, word in enumerate(_ONES)} | {word: 20 + 10 * at for at, word in enumerate(_TENS)}
_WORD = "|".join(sorted(_WORDS, key=len, reverse=True))

_IN_WORDS = re.compile(
    rf"(?P<sign>minus |negative )?(?:(?P<hundred>(?:a |one )?hundred)|(?P<first>{_WORD})(?:[- ](?P<second>{_WORD}))?)\b"
    rf"(?: point (?P<tenths>{_WORD})\b)?(?P<half> and a half\b)?",
    re.IGNORECASE,
)
_DIGITS = re.compile(
    r"(?P<number>[+-]?(?:\d+(?:\.\d*|,\d{1,2}(?!\d))?|\.\d+)(?:[eE][+-]?\d+)?)(?: ?(?P<part>1/2|1/4|3/4|[¼½¾⅓⅔⅕⅖⅗⅘]))?"
)
_PARTS = {"1/2": 0.5, "1/4": 0.25, "3/4": 0.75}
_OUT_OF = re.compile(
    rf"(?:\s*points?| stars?)?\s*(?:/|\bout of(?: a (?:possible|maximum(?: of)?))?|\bof)\s*"
    rf"(?P<best>\d+(?:[.,]0+)?|(?:{_WORD}|(?:a |one )?hundred)\b)",
    re.IGNORECASE,
)
_PER_CENT = re.compile(r"\s*(?:%|percent\b|per cent\b)", re.IGNORECASE)
_UNIT = re.compile(r"\s*(?:points?|pts?\.?|stars?)(?!\w)|\s*[★⭐]+", re.IGNORECASE)
_SCALE = re.compile(
    r"\(?\s*(?:on|from|in) (?:a|the) (?:scale|range)(?: (?:of|from))? \d+ ?(?:-|–|to) ?\d+\s*\)?", re.IGNORECASE
)
_REMARK = re.compile(
    rf"\s*+[-–—:;,.(|=]++\s*+(?!(?:ish|or|to|and|maybe|perhaps|between|{_WORD})\b)[^\d]*", re.IGNORECASE
)
"""What follows a score and says it in words: `4 - good`. With a number in it, it might be another score."""
_LABEL = re.compile(
    r"(?:(?:the|my|final|overall|total)\s+)*(?:score|rating|grade)\s*(?:\([^()]*\)\s*)?(?:[:=]|\bis\b)[\s*_`]*",
    re.IGNORECASE,
)
_STARS = re.compile(r"(?P<given>(?:[★⭐🌟]\s?){0,10})(?P<missing>(?:[☆✩]\s?){1,10})")
_PAIRS = {"(": ")", "[": "]", "<": ">", "{": "}"}
_AROUND = " \t\r\n\xa0\"'*_`$"
_BOX = re.compile(r"\\(?:boxed|text|mathbf|textbf)\b")
_LONGEST = 1_000
"""Characters; a longer text is no number."""


@dataclass(frozen=True, slots=True)
class Numeral:
    """A number that was read."""

    digits: str
    """As `float` reads it."""
    start: int
    """Where it is written, in characters of the text."""
    end: int
    written: bool
    """It stands there in these very characters, and no power follows them."""
    out_of: float | None = None
    """The best score as the writer understood it, where it says `4/5`."""
    per_cent: bool = False


def read_numeral(text: str) -> Numeral | None:
    """The one number that a text states; None when it states none, or several."""
    if len(text) > _LONGEST:
        return None
    plain = _plain(text)
    start, end = _within(plain)
    label = _LABEL.match(plain, start, end)
    if label:
        start, end = _within(plain, label.end(), end)
    if plain[start : start + 1] in ("~", "≈"):
        start += 1 + (plain[start + 1 : start + 2] == " ")
    return _digits(text, plain, start, end) or _in_words(plain, start, end) or _in_stars(plain, start, end)


def _plain(text: str) -> str:
    """The text with the digits, signs and points of other alphabets as usual ones; each character stays in place."""
    return text if text.isascii() else "".join(_usual(character) for character in text)


def _usual(character: str) -> str:
    if character.isdecimal():
        return str(unicodedata.decimal(character))
    if unicodedata.name(character, "").startswith(("CIRCLED DIGIT", "NEGATIVE CIRCLED DIGIT", "DINGBAT ")):
        return str(unicodedata.digit(character, character))
    return {
        "−": "-", "﹣": "-", "－": "-", "＋": "+", "．": ".", "٫": ".", "，": ",", "／": "/", "⁄": "/", "％": "%",
        "：": ":", "＝": "=", "（": "(", "）": ")", "“": '"', "”": '"', "\ufe0f": " ", "\u20e3": " ", "\u200b": " ",
    }.get(character, character)  # fmt: skip


def _within(text: str, start: int = 0, end: int | None = None) -> tuple[int, int]:
    """What is inside of quotes, brackets and marks for bold."""
    end = len(text) if end is None else end
    while start < end:
        first, last = text[start], text[end - 1]
        box = _BOX.match(text, start, end)
        if box:
            start = box.end()
        elif first in _AROUND:
            start += 1
        elif last in _AROUND:
            end -= 1
        elif last == _PAIRS.get(first):
            start, end = start + 1, end - 1
        else:
            break
    return start, end


def _digits(text: str, plain: str, start: int, end: int) -> Numeral | None:
    found = _DIGITS.match(plain, start, end)
    if not found:
        return None
    said = _rest(plain, found.end(), end)
    if said is None:
        return None
    number, part = found["number"], found["part"]
    digits = number.replace(",", ".")
    if part:
        more = _PARTS.get(part) or unicodedata.numeric(part)
        digits = f"{float(digits) + (-more if digits.startswith('-') else more):.6g}"
    begin, stop = found.span("number")
    written = not part and "e" not in digits.lower() and digits == text[begin:stop]
    return Numeral(digits, begin, stop, written, *said)


def _in_words(plain: str, start: int, end: int) -> Numeral | None:
    found = _IN_WORDS.match(plain, start, end)
    if not found:
        return None
    value = _value(found)
    said = _rest(plain, found.end(), end)
    if value is None or said is None:
        return None
    return Numeral(f"{value:g}", found.start(), found.end(), False, *said)


def _in_stars(plain: str, start: int, end: int) -> Numeral | None:
    """Stars of which some are empty: they say how many there could be."""
    found = _STARS.fullmatch(plain, start, end)
    if not found:
        return None
    given, missing = (len("".join(found[name].split())) for name in ("given", "missing"))
    return Numeral(str(given), start, end, False, float(given + missing))


def _value(found: re.Match[str]) -> float | None:
    if found["hundred"]:
        value = 100.0
    else:
        first, second = _WORDS[found["first"].lower()], _WORDS[(found["second"] or "zero").lower()]
        if found["second"] and not (first >= 20 and 1 <= second <= 9):
            return None
        value = float(first + second)
    value += _WORDS[found["tenths"].lower()] / 10 if found["tenths"] else 0.0
    value += 0.5 if found["half"] else 0.0
    return -value if found["sign"] else value


def _rest(plain: str, at: int, end: int) -> tuple[float | None, bool] | None:
    """What follows a number: the best score that it names, and whether it is per cent; None where it is no number."""
    out_of, per_cent = None, False
    best, share = _OUT_OF.match(plain, at, end), _PER_CENT.match(plain, at, end)
    if best:
        out_of, at = _best(best["best"]), best.end()
    elif share:
        per_cent, at = True, share.end()
    unit = _UNIT.match(plain, at, end)
    at = unit.end() if unit else at
    while at < end and plain[at] in _AROUND:
        at += 1
    scale = _SCALE.match(plain, at, end)
    at = scale.end() if scale else at
    if plain[at:end].strip(f"{_AROUND}.") and not _REMARK.fullmatch(plain, at, end):
        if plain[at : at + 1] != "(":
            return None
        inner = _OUT_OF.match(plain, at + 1, end)  # `4 (out of 5)`
        if out_of is not None or not inner or plain[inner.end() : end].strip(f"{_AROUND}.)"):
            return None
        out_of = _best(inner["best"])
    return out_of, per_cent


def _best(text: str) -> float:
    return float(text.replace(",", ".")) if text[0].isdigit() else float(_WORDS.get(text.lower(), 100))
