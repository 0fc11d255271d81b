"""PowerPoint presentations: each slide with its tables and diagrams, and the notes of who speaks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from console.search.files.archive import Parts, of_kind, read_part, relations
from console.search.files.formats.drawing import diagram_text, left_out
from console.search.files.formats.sections import Job, Section, tidy
from console.search.files.formats.xml import Handler, attribute, parse

_ENDS = {"p": "\n", "br": "\n", "tab": "\t", "tr": "\n", "tbl": "\n", "sp": "\n"}


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
        yield Section(_slide(job, parts, slide, number), {"slide": number})
    yield Section("\n\n".join(_behind(job, parts, slides)))
    left_out(job, parts, main.rpartition("/")[0])


def _slide(job: Job, parts: Parts, slide: str, number: int) -> str:
    around = relations(parts, slide)
    pieces = [_shapes(job, parts, slide, "the slide", number)]
    pieces += [diagram_text(job, parts, part) for part in of_kind(around, ["diagramData"]) if part in parts]
    notes = [
        _shapes(job, parts, part, "the notes", number) for part in of_kind(around, ["notesSlide"]) if part in parts
    ]
    pieces += [f"Notes: {text}" for text in notes if text]
    return "\n\n".join(piece for piece in pieces if piece)


def _behind(job: Job, parts: Parts, slides: Sequence[str]) -> list[str]:
    """What stands on layouts and masters themselves, such as a line at the foot of every slide; each text once."""
    seen: dict[str, None] = {}
    for kind in ("slideLayout", "slideMaster"):
        around = list(slides) if kind == "slideLayout" else list(seen)
        found = (part for name in around for part in of_kind(relations(parts, name), [kind]))
        seen |= dict.fromkeys(part for part in found if part in parts)
    texts = [_shapes(job, parts, part, "a layout", placeholders=False) for part in seen]
    return list(dict.fromkeys(text for text in texts if text))


def _shapes(
    job: Job, parts: Parts, name: str, what: str, number: int | None = None, *, placeholders: bool = True
) -> str:
    """The text of a slide's shapes; of a layout without its placeholders, which only say what may be filled in."""
    found = _Shapes(placeholders=placeholders)
    read_part(job, parts, name, found, what, number)
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
        self._placeholder = False
        """Whether the present shape only says what may be filled in."""

    def start(self, _space: str, name: str, attributes: Mapping[str, str]) -> None:
        if self._skipping or name == "Fallback" or (name == "fld" and attribute(attributes, "type") == "slidenum"):
            self._skipping += 1
        elif name == "t":
            self._inside = True
        elif name == "tc":
            self._cells += 1
        elif name == "sp":
            self._shape = len(self.pieces)
        elif name == "ph":
            self._placeholder = not self._placeholders

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
        if name == "sp" and self._placeholder:
            del self.pieces[self._shape :]
            self._placeholder = False
        elif name in _ENDS:
            self.pieces.append(" " if self._cells and name in ("p", "br") else _ENDS[name])

    def text(self, text: str) -> None:
        if self._inside:
            self.pieces.append(text)
