"""Whether the letters of a page are those that it shows: some fonts do not say which letters they draw.

PDFium then takes the number of a glyph for its letter, which is right by chance ("Checklist") or not ("&KHFNOLVW"). So
letters without a name are looked at as words: by their marks, their alphabets, and how common the letters are.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

import pypdfium2 as pdfium
from pypdfium2 import raw

from console.search.files.formats.symbols import symbol

_SAMPLE = 600
"""Characters of a page that are asked whether they have a name; if one has none, all are, up to `_MOST`."""
_MOST = 20_000
_FEW = 5
"""Different characters without a name below which they are signs, such as the brackets of formulas, and no words."""
_LEAST_SHARE = 0.05
"""Share of a page's characters below which they are the same."""
_COMMON = frozenset("aeinorst")
"""Two thirds of the letters of a language that is written in Latin letters; of letters drawn at random a third."""
_LEAST_COMMON = 0.35
_LONG = 60
"""Latin letters from which a page's own mix of letters is judged, whatever its fonts say."""
_LEAST_OF_LONG = 0.25
_MARKS = frozenset("!\"#$%&'()*+/;<=>?@[\\]^`{|}~")
_MOST_MARKS = 0.2
_RARE = range(0x180, 0x300)
"""Letters of phonetic writing and of few languages, which numbers of glyphs fall on."""
_MOST_RARE = 0.2
_SCRIPTS = 4
"""Alphabets that no text mixes."""
_LEAST_UNKNOWN = 0.02
_JOINED = "\x02"
"""What PDFium makes of a hyphen at the end of a line."""
_PRIVATE = re.compile("[\uf020-\uf0ff]")
_BULLETS = {"\uf0b7": "•"}
"""Of the symbols of unnamed fonts, those that are not as in Wingdings."""
_EAST_ASIAN = frozenset({"CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "HANGUL", "FULLWIDTH", "HALFWIDTH"})


@dataclass(frozen=True, slots=True)
class Letters:
    """What is known of a page's letters."""

    unknown: bool
    """Whether there are characters that stand for nothing outside of their font."""
    nonsense: float
    """The share of its characters that make no words, those of one of its fonts or all."""


def letters_of(part: pdfium.PdfTextpage, text: str) -> Letters:
    """Looks at the letters of a page.

    Args:
        text: all of it, as PDFium gives it.
    """
    nameless = _nameless(part)
    foreign = sum(one == "\ufffd" or unicodedata.category(one) == "Co" for one in known_symbols(text))
    unknown = foreign > 0 or any(_is_unknown(one) for one in nameless)
    if len(nameless) > _LEAST_SHARE * len(text) and makes_no_words(nameless):
        return Letters(unknown, len(nameless) / max(len(text), 1))
    unreadable = foreign + _controls(text)
    if unreadable > max(_LEAST_UNKNOWN * len(text), 2) or _is_mixed_up(text):
        return Letters(unknown, unreadable / max(len(text), 1) if not _is_mixed_up(text) else 1.0)
    return Letters(unknown, 0.0)


def known_symbols(text: str) -> str:
    """A text with the bullets and signs of fonts like Wingdings as characters, where they are known."""
    return _PRIVATE.sub(lambda one: _BULLETS.get(one[0]) or symbol("wingdings", f"{ord(one[0]):x}") or one[0], text)


def makes_no_words(nameless: str) -> bool:
    """Whether characters without a name are not the ones that are shown, either."""
    shown = "".join(nameless.split())
    if len(set(shown)) < _FEW:
        return False
    if sum(_is_unknown(one) for one in shown) > _LEAST_UNKNOWN * len(shown):
        return True
    latin = [base for one in shown if (base := _latin(one))]
    common = sum(one in _COMMON for one in latin)
    return (
        sum(one in _MARKS for one in shown) > _MOST_MARKS * len(shown)
        or sum(ord(one) in _RARE for one in shown) > _MOST_RARE * len(shown)
        or len({_alphabet(one) for one in shown if one.isalpha()}) >= _SCRIPTS
        or (len(latin) >= _FEW and common < _LEAST_COMMON * len(latin))
    )


def _is_mixed_up(text: str) -> bool:
    """Whether the Latin letters of a page are not those of a language: its fonts name the wrong ones."""
    latin = [base for one in text[:_MOST] if one.isalpha() and (base := _latin(one))]
    return len(latin) >= _LONG and sum(one in _COMMON for one in latin) < _LEAST_OF_LONG * len(latin)


def _nameless(part: pdfium.PdfTextpage) -> str:
    """The characters of which their font does not say which they are."""
    count, handle = part.count_chars(), part.raw
    step = max(count // _SAMPLE, 1)
    if not any(raw.FPDFText_HasUnicodeMapError(handle, number) == 1 for number in range(0, count, step)):
        return ""
    found = (
        raw.FPDFText_GetUnicode(handle, number)
        for number in range(min(count, _MOST))
        if raw.FPDFText_HasUnicodeMapError(handle, number) == 1
    )
    return "".join(chr(one) for one in found if one <= 0x10FFFF and not 0xD800 <= one <= 0xDFFF)


def _alphabet(one: str) -> str:
    """As Unicode names it; those of East Asia, which texts mix, are one."""
    name = unicodedata.name(one, "").partition(" ")[0]
    return "CJK" if name in _EAST_ASIAN else name


def _is_unknown(one: str) -> bool:
    return one != _JOINED and (one == "\ufffd" or unicodedata.category(one) in ("Cc", "Co", "Cn")) and not one.isspace()


def _controls(text: str) -> int:
    return sum(one != _JOINED and not one.isspace() and unicodedata.category(one) == "Cc" for one in text)


def _latin(one: str) -> str:
    """The small letter without its accents, where it is a Latin one."""
    base = unicodedata.normalize("NFD", one)[0].lower()
    return base if "a" <= base <= "z" else ""
