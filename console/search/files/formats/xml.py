"""XML of documents, read as a stream: no tree in memory, no entities, nothing from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NoReturn
from xml.parsers import expat

from console.search.files.formats.sections import Damaged, Refused


class Handler:
    """What is done with the elements and texts of a document.

    Of a namespace the last part that is no version: "wordprocessingml", "math", "office".
    """

    place: Callable[[], int] = lambda: 0
    """The byte of the document where the present element stands; set while it is read."""

    def start(self, _space: str, _name: str, _attributes: Mapping[str, str]) -> None:
        """An element begins."""

    def end(self, _space: str, _name: str) -> None:
        """An element ends."""

    def text(self, _text: str) -> None:
        """Characters, in pieces."""


def parse(content: bytes, handler: Handler) -> None:
    """Read XML. Raises Damaged: it is not well formed. Raises Refused: it declares entities."""
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    handler.place = lambda: parser.CurrentByteIndex
    parser.EntityDeclHandler = _refuse_entities
    parser.StartElementHandler = lambda name, attributes: handler.start(*_split(name), attributes)
    parser.EndElementHandler = lambda name: handler.end(*_split(name))
    parser.CharacterDataHandler = handler.text
    try:
        parser.Parse(content, True)
    except (expat.ExpatError, ValueError) as error:
        raise Damaged(f"its text is damaged ({error})") from error


def attribute(attributes: Mapping[str, str], name: str) -> str:
    """The value of an attribute, whatever its namespace; "" without one."""
    if name in attributes:
        return attributes[name]
    return next((value for key, value in attributes.items() if key.rpartition(" ")[2] == name), "")


_SPLIT: dict[str, tuple[str, str]] = {}


def _split(name: str) -> tuple[str, str]:
    """Namespace and local name; remembered, as a document uses few."""
    found = _SPLIT.get(name)
    if found is None:
        space, _, local = name.rpartition(" ")
        words = [one for one in re.split(r"[/:]", space) if one != "main" and not re.fullmatch(r"[\d.]+", one)]
        found = (next((one for one in reversed(words) if one), ""), local)
        if len(_SPLIT) < 1_000:
            _SPLIT[name] = found
    return found


def _refuse_entities(*_declaration: object) -> NoReturn:
    raise Refused("it declares entities, which documents of its kind do not")
