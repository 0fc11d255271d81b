"""PowerPoint presentations: each slide with its tables and diagrams, and the notes of who speaks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from console.search.files.archive import Parts, of_kind, relations
from console.search.files.formats.drawing import diagram_text, left_out
from console.search.files.formats.sections import Job, Section, tidy
from console.search.files.formats.xml import Handler, attribute, parse

_ENDS = {"p": "\n", "br": "\n", "tab": "\t", "tr": "\n", "tbl": "\n", "sp": "\n"}
_COUNTED = {"sldNum", "dt"}
"""Placeholders that only hold a number or a date."""


def read_slides(job: Job) -> Iterator[Section]:
    """A section for each slide, in the order in which they are shown."""
    parts = Parts(job, "a PowerPoint presentation")
    main = next(iter(of_kind(relations(parts), ["officeDocument"])), "ppt/presentation.xml")
    order = _Order()
    parse(parts.read(main), order)
    known = relations(parts, main)
    slides = list(dict.fromkeys(known.get(one, ("", one))[1] for one in order.found))
    for number, slide in job.pages(slides, "slide"):
        if slide not in parts:
            job.lost("the slide is missing in the file", number)
            continue
        yield Section(_slide(parts, slide), {"slide": number})
    yield Section("\n\n".join(_behind(parts, slides)))
    left_out(job, parts, main.rpartition("/")[0])


def _slide(parts: Parts, slide: str) -> str:
    around = relations(parts, slide)
    pieces = [_shapes(parts, slide)]
    pieces += [diagram_text(parts.read(part)) for part in of_kind(around, ["diagramData"]) if part in parts]
    notes = [_shapes(parts, part) for part in of_kind(around, ["notesSlide"]) if part in parts]
    pieces += [f"Notes: {text}" for text in notes if text]
    return "\n\n".join(piece for piece in pieces if piece)


def _behind(parts: Parts, slides: Sequence[str]) -> list[str]:
    """What stands on layouts and masters themselves, such as a line at the foot of every slide; each text once."""
    seen: dict[str, None] = {}
    for kind in ("slideLayout", "slideMaster"):
        around = list(slides) if kind == "slideLayout" else list(seen)
        found = (part for name in around for part in of_kind(relations(parts, name), [kind]))
        seen |= dict.fromkeys(part for part in found if part in parts)
    return list(dict.fromkeys(text for part in seen if (text := _shapes(parts, part, placeholders=False))))


def _shapes(parts: Parts, name: str, *, placeholders: bool = True) -> str:
    """The text of a slide's shapes; of a layout without its placeholders, which only say what may be filled in."""
    found = _Shapes(placeholders=placeholders)
    parse(parts.read(name), found)
    return tidy("".join(found.pieces))


class _Order(Handler):
    def __init__(self) -> None:
        self.found: list[str] = []

    def start(self, _space: str, name: str, attributes: Mapping[str, str]) -> None:
        if name == "sldId":
            self.found.append(next((value for key, value in attributes.items() if key.endswith(" id")), ""))


class _Shapes(Handler):
    """The text of a slide or of its notes."""

    def __init__(self, *, placeholders: bool) -> None:
        self.pieces: list[str] = []
        self._placeholders = placeholders
        self._skipping = 0
        self._inside = False
        self._cells = 0
        self._shape = 0
        """The number of pieces before the present shape."""
        self._counted = False
        """Whether the present shape only holds a number or a date."""

    def start(self, _space: str, name: str, attributes: Mapping[str, str]) -> None:
        if self._skipping or name == "Fallback":
            self._skipping += 1
        elif name == "t":
            self._inside = True
        elif name == "tc":
            self._cells += 1
        elif name == "sp":
            self._shape = len(self.pieces)
        elif name == "ph" and (not self._placeholders or attribute(attributes, "type") in _COUNTED):
            self._counted = True

    def end(self, _space: str, name: str) -> None:
        if self._skipping:
            self._skipping -= 1
        elif name == "t":
            self._inside = False
        elif name == "tc":
            self._cells -= 1
            self.pieces.append("\t")
        else:
            self._ended(name)

    def _ended(self, name: str) -> None:
        if name == "sp" and self._counted:
            del self.pieces[self._shape :]
            self._counted = False
        elif name in _ENDS:
            self.pieces.append(" " if self._cells and name in ("p", "br") else _ENDS[name])

    def text(self, text: str) -> None:
        if self._inside:
            self.pieces.append(text)
