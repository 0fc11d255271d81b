"""What calamine does not say of an Excel sheet: errors in cells, formulas that were never computed, heads and feet.

Sheets are large, so these are looked for by expressions in the bytes; each is linear.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import unescape

from console.search.files.archive import Parts, of_kind, relations
from console.search.files.formats.xml import Handler, attribute, parse

_ERROR = re.compile(
    rb"<(?:\w+:)?c(\s[^<>]*\bt=[\"']e[\"'][^<>]*)>(?:<(?:\w+:)?f\b[^<>]*(?:/>|>[^<]*</[^<>]*>))?<(?:\w+:)?v>([^<]{1,40})<"
)
_FORMULA = re.compile(
    rb"<(?:\w+:)?c((?:\s[^<>]*)?)><(?:\w+:)?f\b[^<>]*(?:/>|>[^<]*</[^<>]*>)(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v></[^<>]*>)?</"
)
_TEXT = re.compile(rb"\bt=[\"']str[\"']")
_PLACE = re.compile(rb"\br=[\"']([A-Za-z]{1,3})(\d{1,7})[\"']")
_MARGIN = re.compile(rb"<(?:\w+:)?(?:odd|even|first)(?:Header|Footer)\b[^<>]*>([^<]*)<")
_CODE = re.compile(r"&(?:&|\"[^\"&]*\"|K[0-9A-Fa-f]{6}|\d{1,3}|[A-Za-z])")
_NUMBERS = re.compile(r"[\W\d]*")


@dataclass(frozen=True, slots=True)
class Beside:
    """What a sheet holds beside the values that calamine reads."""

    errors: Mapping[tuple[int, int], str] = field(default_factory=dict)
    """Such as "#DIV/0!", by row and column, from 0."""
    without_value: bool = False
    """Whether there is a formula without the value that it had when the file was saved."""
    margins: tuple[str, ...] = ()
    """Heads and feet."""


class SheetParts:
    """The sheets of a workbook by their names."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        main = next(iter(of_kind(relations(parts), ["officeDocument"])), "xl/workbook.xml")
        known = relations(parts, main)
        names = _Names()
        if main in parts:
            parse(parts.read(main), names)
        self._of = {name: known[one][1] for name, one in names.found.items() if one in known}

    def of(self, name: str) -> Beside:
        """What is beside the values of a sheet."""
        part = self._of.get(name, "")
        if part not in self._parts:
            return Beside()
        errors: dict[tuple[int, int], str] = {}
        margins: dict[str, None] = {}
        unsaved = False
        for piece in self._parts.pieces(part, b"</row>"):
            for found in _ERROR.finditer(piece):
                if place := _PLACE.search(found[1]):
                    errors[int(place[2]) - 1, _column(place[1])] = unescape(found[2].decode("utf-8", "replace"))
            unsaved = unsaved or any(not _TEXT.search(found[1]) for found in _FORMULA.finditer(piece))
            margins |= dict.fromkeys(_margin(found[1]) for found in _MARGIN.finditer(piece))
        return Beside(errors, unsaved, tuple(text for text in margins if not _NUMBERS.fullmatch(text)))


class _Names(Handler):
    """The sheets that a workbook names, with the relation of each."""

    def __init__(self) -> None:
        self.found: dict[str, str] = {}

    def start(self, _space: str, name: str, attributes: Mapping[str, str]) -> None:
        if name == "sheet":
            self.found[attribute(attributes, "name")] = next(
                (value for key, value in attributes.items() if key.endswith(" id")), ""
            )


def _column(letters: bytes) -> int:
    """The number of a column, from 0: of "A" 0, of "AB" 27."""
    number = 0
    for one in letters.upper():
        number = number * 26 + one - 64
    return number - 1


def _margin(content: bytes) -> str:
    """The words of a head or foot, without the codes of its fonts, page numbers and dates."""
    words = _CODE.sub(lambda code: "&" if code[0] == "&&" else " ", unescape(content.decode("utf-8", "replace")))
    return " ".join(words.split())
