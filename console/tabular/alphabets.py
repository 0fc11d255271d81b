"""Which of the encodings that share their bytes a text is in: the one in which its letters are those of a language.

A general detector mistakes texts of a few sentences for another alphabet that the same bytes can be: Hungarian in
Windows-1250 for French, KOI8-R for Japanese. What languages have beyond ASCII is little, and tells them apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_SIGNS = frozenset("„“”‚‘’‹›–—…«»°§·©®™€№\u00a0")
_CENTRAL = ("cp1250", "iso8859_2")
_LATIN = (
    (("cp1252",), "áðéíóúýþæö", "ðýþ", 2),  # Icelandic
    (("cp1254",), "çğıöşüâîûİ", "ğış", 1),  # Turkish
    (_CENTRAL, "áčďéěíňóřšťúůýž", "ěřšž", 2),  # Czech
    (_CENTRAL, "áäčďéíĺľňóôŕšťúýž", "ľšťž", 2),  # Slovak
    (_CENTRAL, "ąćęłńóśźż", "ąćęłńśźż", 3),  # Polish
    (_CENTRAL, "áéíóöőúüű", "áöőüű", 3),  # Hungarian
    (_CENTRAL, "čćđšž", "čšž", 2),  # Croatian, Slovene
    (_CENTRAL, "ăâîşţ", "ăşţî", 3),  # Romanian
    (("cp1257",), "ąčęėįšųūž", "ąčęėįšųūž", 4),  # Lithuanian
    (("cp1257",), "āčēģīķļņšūž", "āčēģīķļņšūž", 4),  # Latvian
)
"""Latin, but not of the west: encodings, letters beyond ASCII, those of them that tell the language from Western ones,
and how many of these have to come."""
_LATIN_SHARE = 0.97
"""So many of the characters beyond ASCII are letters of the language, or signs; the rest are foreign names."""


def _block(first: int, last: int) -> frozenset[str]:
    return frozenset(map(chr, range(first, last + 1)))


_OTHER = (
    (("cp1251", "koi8_r", "koi8_u", "iso8859_5", "cp866", "mac_cyrillic", "cp855"), "оеаинтсрвлкмдпуі",
     _block(0x410, 0x44F) | {*"ёЁіїєґІЇЄҐ"}, 0.7),
    (("cp1253", "iso8859_7"), "αοιετσνηυρκπςάόέήίμλ", _block(0x386, 0x3CE), 0.7),
    (("cp1255", "iso8859_8"), "יוהלאמרבתשנ", _block(0x5B0, 0x5EA), 0.5),
    (("cp1256", "iso8859_6"), "الينمرتوبهد", _block(0x60C, 0x652), 0.5),
    (("cp932", "euc_jp"), _block(0x3041, 0x30FE), _block(0x3000, 0x9FFF) | _block(0xFF01, 0xFF60), 0.3),
    (("cp949",), _block(0xAC00, 0xD7A3), _block(0xAC00, 0xD7A3), 0.9),
)  # fmt: skip
"""Other alphabets: encodings, characters that are frequent, all characters, and the frequent ones' least share."""
_WORDS = re.compile(r"[^\x00-\x7f]{3,}")
_IN_WORDS = 0.5
"""So many characters of such a text stand three in a row; letters with accents do not."""
_FEWEST = 6
"""Bytes beyond ASCII that are enough to tell."""


def by_alphabet(sample: bytes) -> str | None:
    """The encoding of lines with letters beyond ASCII, as Python names it; None when no language is sure."""
    return _other(sample) or _latin(sample)


def _other(sample: bytes) -> str | None:
    best, most = None, 0.0
    if sum(byte > 0x7F for byte in sample) < _FEWEST:
        return None
    for encodings, frequent, all_of_them, least in _OTHER:
        for encoding in encodings:
            text = _decoded(sample, encoding)
            beyond = "".join(_WORDS.findall(text))
            if len(beyond) < _IN_WORDS * sum(one > "\x7f" for one in text):
                continue
            share = _share(beyond, frequent)
            score = share + _share(beyond, all_of_them | _SIGNS)
            if share >= least and score > most:
                best, most = encoding, score
    return best


def _latin(sample: bytes) -> str | None:
    for encodings, letters, telling, least in _LATIN:
        for encoding in encodings:
            beyond = [one for one in _decoded(sample, encoding) if one > "\x7f"]
            if (
                len({one.lower() for one in beyond} & {*telling}) >= least
                and _share(beyond, {*letters, *letters.upper()} | _SIGNS) >= _LATIN_SHARE
            ):
                return encoding
    return None


def _decoded(sample: bytes, encoding: str) -> str:
    """The text in an encoding; "" when it is not of it."""
    try:
        return sample.decode(encoding)
    except UnicodeDecodeError:
        return ""


def _share(text: Iterable[str], characters: Iterable[str]) -> float:
    known, seen = frozenset(characters), list(text)
    return sum(one in known for one in seen) / max(len(seen), 1)
