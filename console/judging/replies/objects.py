"""Reads JSON objects as models write them: in either kind of quotes, with a comma too many, cut off at the end.

Read leniently, an object may also have quotes within its strings that nothing escapes, no comma between its pairs, `=`
for a colon, comments, and values of several words without quotes.

Only the outermost object is looked at; what is inside of its values is stepped over whole. The time is linear in the
text, and nothing here recurses.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from json import JSONDecodeError, JSONDecoder

_SPACE = re.compile(r"[\s\ufeff\u200b]*")
_COMMENTS = re.compile(r"(?:[\s\ufeff\u200b]|//[^\n]*|/\*.*?\*/|#[^\n]*)*", re.DOTALL)
_BARE = re.compile(r"[A-Za-z_]\w*")
_PLAIN = re.compile(r"[^\s,{}\[\]\"':]+(?: ?/ ?[0-9]+)?")
_QUOTES = "\"'"
_CLOSES = {"{": "}", "[": "]"}
_DECODER = JSONDecoder(strict=False)
_MARKS = {quote: re.compile(rf"[\\{quote}]") for quote in _QUOTES}
_NESTED = re.compile(r"[\"'{}\[\]]")
_WORDS = re.compile(r"[+-]?[0-9]+,[0-9]{1,2}(?=\s*(?:[,;}\n]|$))|(?:(?!//|/\*)[^,;{}\[\]\"'\n])+")
_FIELD = re.compile(r"[\"']?[A-Za-z_]\w*[\"']?\s*[:=]")


class NoObject(ValueError):
    """What stands there is no object."""


@dataclass(frozen=True, slots=True)
class Value:
    """A value of the object."""

    text: str
    """A string without its quotes and escapes; anything else as it is written."""
    start: int
    """Where it is written, in characters of the whole text, inside of its quotes."""
    end: int
    quoted: bool
    nested: bool = False
    """It is an object or a list."""


@dataclass(slots=True)
class Found:
    """An object."""

    start: int
    end: int
    """Just behind it; the end of the text when it is cut off."""
    pairs: list[tuple[str, Value]] = field(default_factory=list)
    """Keys as they are written, with their values, in order. A value that is cut off is not there, nor is a number that
    the text ends with: more digits might have come."""
    cut_off: bool = False


def read_object(text: str, start: int, *, lenient: bool = False) -> Found:
    """The object that begins at a place.

    Raises:
        NoObject: there is none, or it is malformed before its end.
    """
    reader = _Lenient(text, start) if lenient else _Reader(text, start)
    try:
        reader.run()
    except _End:
        reader.found.cut_off, reader.found.end = True, len(text)
    return reader.found


class _End(Exception):
    """The text ends within the object."""


class _Reader:
    _after_value = ",}"
    _between = _SPACE

    def __init__(self, text: str, start: int) -> None:
        self._text = text
        self._at = start
        self.found = Found(start, start)

    def run(self) -> None:
        self._take("{")
        while self._peek() != "}":
            key = self._key()
            self._colon()
            self._space()
            value = self._value()
            if self._peek() not in self._after_value:
                raise NoObject(f"no comma at {self._at}")
            self.found.pairs.append((key, value))
            if self._peek() in ",;":
                self._at += 1
        self._at += 1
        self.found.end = self._at

    def _colon(self) -> None:
        self._take(":")

    def _space(self) -> None:
        found = self._between.match(self._text, self._at)
        self._at = found.end() if found else self._at

    def _peek(self) -> str:
        self._space()
        return self._here()

    def _here(self) -> str:
        if self._at >= len(self._text):
            raise _End
        return self._text[self._at]

    def _take(self, wanted: str) -> None:
        if self._peek() != wanted:
            raise NoObject(f"no {wanted} at {self._at}")
        self._at += 1

    def _key(self) -> str:
        if self._peek() in _QUOTES:
            return self._string().text
        found = _BARE.match(self._text, self._at)
        if not found:
            raise NoObject(f"no key at {self._at}")
        self._at = found.end()
        return found.group()

    def _value(self) -> Value:
        first = self._here()
        if first in _QUOTES:
            return self._string()
        if first in _CLOSES:
            return self._whole()
        found = _PLAIN.match(self._text, self._at)
        if not found:
            raise NoObject(f"no value at {self._at}")
        self._at = found.end()
        self._here()  # a number at the end of the text may have been cut
        return Value(found.group(), found.start(), found.end(), quoted=False)

    def _string(self) -> Value:
        quote, start = self._text[self._at], self._at + 1
        end = _closing(self._text, start)
        self._at = end + 1
        return Value(_unescaped(self._text[start:end], quote), start, end, quoted=True)

    def _whole(self) -> Value:
        """An object or list within this one."""
        start, open_ones = self._at, []
        while True:
            found = _NESTED.search(self._text, self._at)
            if not found:
                raise _End
            self._at = found.end()
            if found.group() in _QUOTES:
                self._at = _closing(self._text, found.end()) + 1
            elif found.group() in _CLOSES:
                open_ones.append(_CLOSES[found.group()])
            elif open_ones.pop() != found.group():
                raise NoObject(f"brackets that do not match at {found.start()}")
            if not open_ones:
                return Value(self._text[start : self._at], start, self._at, quoted=False, nested=True)


class _Lenient(_Reader):
    """Forgives what would otherwise be no object."""

    _after_value = ",;}\"'"
    _between = _COMMENTS

    def _colon(self) -> None:
        if self._peek() == "=":
            self._at += 1 + self._text.startswith("=>", self._at)
        else:
            self._take(":")

    def _value(self) -> Value:
        if self._here() in _QUOTES or self._here() in _CLOSES:
            return super()._value()
        found = _WORDS.match(self._text, self._at)
        if not found:
            raise NoObject(f"no value at {self._at}")
        self._at = found.end()
        if self._text.startswith("\n", self._at) and self._peek() not in self._after_value:
            raise NoObject(f"no end of the value at {self._at}")
        self._here()
        return Value(found.group().rstrip(), found.start(), found.start() + len(found.group().rstrip()), quoted=False)

    def _string(self) -> Value:
        quote, start = self._text[self._at], self._at + 1
        end = _closing(self._text, start)
        while not _ends_string(self._text, end + 1):
            end = _closing(self._text, end + 1, quote)
        self._at = end + 1
        return Value(_unescaped(self._text[start:end], quote), start, end, quoted=True)


def _ends_string(text: str, at: int) -> bool:
    """Whether what follows a quote is what follows the end of a string: quotes stand in strings unescaped, too."""
    after = _past_space(text, at)
    if after == len(text) or text[after] in ":=}]":
        return True
    if text[after] in ",;":
        after = _past_space(text, after + 1)
    elif "\n" not in text[at:after]:
        return False
    return text[after : after + 1] in ("}", "]") or _FIELD.match(text, after) is not None


def _past_space(text: str, at: int) -> int:
    """Where what is no white space begins."""
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def _closing(text: str, start: int, quote: str = "") -> int:
    """Where the string ends whose opening quote stands before `start`."""
    mark = _MARKS[quote or text[start - 1]]
    found = mark.search(text, start)
    while found and found.group() == "\\":
        found = mark.search(text, found.end() + 1)
    if not found:
        raise _End
    return found.start()


def _unescaped(inside: str, quote: str) -> str:
    if "\\" not in inside:
        return inside
    written = inside.replace("\\'", "'").replace('"', '\\"') if quote == "'" else inside
    try:
        text: str = _DECODER.decode(f'"{written}"')
    except JSONDecodeError:
        return inside
    return text
