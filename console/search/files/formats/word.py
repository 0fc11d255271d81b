"""Word documents: the body with its tables and text boxes, notes behind the paragraph that names them, heads and feet.

No library that was measured reads all of what `docs/documents.md` lists, so the XML is read here, as a stream.
Deleted text, the old place of moved text and the second copy that a text box keeps for old programs are no text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from console.search.files.archive import FlatParts, Parts, Source, of_kind, read_part, relations
from console.search.files.formats.drawing import diagram_text, left_out
from console.search.files.formats.sections import Job, Refused, Section, counted, tidy
from console.search.files.formats.symbols import symbol
from console.search.files.formats.xml import Handler, attribute, parse

_WORD = ("wordprocessingml", "wordml")
_KIND = "a Word document"
_SKIPPED = {"del", "moveFrom", "instrText", "delText", "pPr", "tblPr", "trPr", "tcPr", "sectPr"}
_OFF = {"0", "false", "off", "none"}
_PIECES = {"tab": "\t", "ptab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-", "softHyphen": ""}
_FOREIGN = {"txt": "txt", "htm": "html", "html": "html", "xhtml": "html", "mht": "mht", "mhtml": "mht", "rtf": "rtf",
            "docx": "docx", "docm": "docx", "dotx": "docx"}  # fmt: skip

ReadOther = Callable[[str, bytes], str]
"""The text of a file of another kind inside of the document."""


def read_word(job: Job, other: ReadOther) -> Iterator[Section]:
    """All of a document as one section.

    Args:
        other: reads what a document embeds whole (`altChunk`).
    """
    parts: Source = FlatParts(job) if b"<pkg:package" in job.content[:2_000] else Parts(job, _KIND)
    main = next(iter(of_kind(relations(parts), ["officeDocument"])), "word/document.xml")
    around = _Around(parts, main, other, job)
    body = _Text(around)
    parse(parts.read(main), body)
    texts = [body.result(), *around.unnamed_notes()]
    for part in around.parts("header", "footer"):
        text = around.plain(part)
        if text not in texts:
            texts.append(text)
    texts += [diagram_text(job, parts, part) for part in around.parts("diagramData")]
    around.report()
    left_out(job, parts, main.rpartition("/")[0])
    yield Section(tidy("\n\n".join(text for text in texts if text.strip())))


class _Around:
    """The parts beside the body, and what is counted over all of them."""

    def __init__(self, parts: Source, main: str, other: ReadOther, job: Job) -> None:
        self.hidden = self.unknown = self.deleted = self.elsewhere = 0
        self._parts = parts
        self._folder = main.rpartition("/")[0]
        self._relations = relations(parts, main)
        self._other = other
        self._job = job
        self._notes: dict[tuple[str, str], str] = {}
        for kind in ("footnotes", "endnotes"):
            for part in self.parts(kind):
                notes = _Notes(self, kind.removesuffix("s"))
                read_part(job, parts, part, notes, kind)
                self._notes.update(notes.found)

    def parts(self, *kinds: str) -> list[str]:
        """The parts of some kinds, also those that no relation names."""
        named = [part for part in of_kind(self._relations, kinds) if part in self._parts]
        usual = (self._parts.matching(rf"{re.escape(self._folder.lower())}/{kind}\d*\.xml") for kind in kinds)
        known = {part.lower() for part in named}
        return named + [part for parts in usual for part in parts if part.lower() not in known]

    def plain(self, part: str) -> str:
        """The text of a part."""
        text = _Text(self)
        read_part(self._job, self._parts, part, text, "a head or foot")
        return tidy(text.result())

    def note(self, kind: str, number: str) -> str:
        """Takes a note that the text names."""
        return self._notes.pop((kind, number), "")

    def unnamed_notes(self) -> list[str]:
        """The notes that no text names."""
        return list(self._notes.values())

    def report(self) -> None:
        """Say what was counted."""
        for number, what in (
            (self.hidden, f"{counted(self.hidden, 'hidden word')} left out"),
            (self.deleted, f"{counted(self.deleted, 'deleted word')} left out (tracked changes)"),
            (self.unknown, f"{counted(self.unknown, 'symbol')} of unknown fonts left out"),
            (self.elsewhere, f"{counted(self.elsewhere, 'part')} that the file only refers to left out"),
        ):
            if number:
                self._job.lost(what)

    def embedded(self, relation: str) -> str:
        """The text of a file that the document shows as part of itself."""
        part = self._relations.get(relation, ("", ""))[1]
        kind = _FOREIGN.get(part.rpartition(".")[2].lower())
        if kind is None or part not in self._parts:
            self._job.lost("an embedded file of another kind left out")
            return ""
        try:
            return self._other(kind, self._parts.read(part))
        except Refused as refused:
            self._job.lost(f"an embedded file left out ({refused})")
            return ""


class _Text(Handler):
    """The text of one part."""

    def __init__(self, around: _Around) -> None:
        self._around = around
        self._pieces: list[str] = []
        self._skipping = 0
        """How deep inside of something that is no text."""
        self._inside = False
        self._cells = 0
        self._hidden = False
        self._deleted = False
        """Whether the present text was deleted."""
        self._field: list[str] = []
        """The choices of the present form field, its number first."""
        self._waiting: list[str] = []
        """Notes that come after the paragraph."""
        self._choices: list[int] = []
        """For each open alternative: the number of pieces before it."""

    def result(self) -> str:
        """What was read."""
        return "".join(self._pieces)

    def start(self, space: str, name: str, attributes: Mapping[str, str]) -> None:
        """An element begins."""
        if self._skipping or self._is_skipped(space, name):
            self._skipping += 1
            self._deleted = name == "delText"
            return
        if name == "t" and space in (*_WORD, "math", "drawingml"):
            self._inside = True
        elif name == "AlternateContent":
            self._choices.append(len(self._pieces))
        elif name == "textpath":
            self._pieces.append(f"\n\n{attribute(attributes, 'string')}\n\n")
        elif name == "blip" and not attribute(attributes, "embed"):
            self._around.elsewhere += bool(attribute(attributes, "link"))
        elif space in _WORD:
            self._word(name, attributes)

    def _is_skipped(self, space: str, name: str) -> bool:
        if name == "Fallback":
            before = self._choices[-1] if self._choices else 0
            return bool("".join(self._pieces[before:]).strip())
        return space in _WORD and name in _SKIPPED

    def _word(self, name: str, attributes: Mapping[str, str]) -> None:
        if name in _PIECES:
            self._add(_PIECES[name])
        elif name == "r":
            self._hidden = False
        elif name == "vanish":
            self._hidden = attribute(attributes, "val").lower() not in _OFF
        elif name == "tc":
            self._cells += 1
        elif name in ("txbxContent", "tbl"):
            self._pieces.append("\n")
        else:
            self._reference(name, attributes)

    def _reference(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "sym":
            self._symbol(attribute(attributes, "font"), attribute(attributes, "char"))
        elif name in ("footnoteReference", "endnoteReference"):
            self._waiting.append(self._around.note(name.removesuffix("Reference"), attribute(attributes, "id")))
        elif name == "subDoc":
            self._around.elsewhere += 1
        elif name in ("ddList", "checkBox"):
            self._field = ["0"]
        elif self._field:
            self._in_field(name, attribute(attributes, "val"))
        elif name == "altChunk":
            self._pieces.append(f"\n\n{self._around.embedded(attribute(attributes, 'id'))}\n\n")

    def _in_field(self, name: str, value: str) -> None:
        """A part of a form field: of a list its choices and which one it is, of a box whether it is ticked."""
        if name == "listEntry":
            self._field.append(value)
        elif name in ("result", "default", "checked"):
            self._field[0] = value or "1"

    def _chosen(self, name: str) -> None:
        chosen, *choices = self._field
        self._field = []
        if name == "checkBox":
            self._add("☐" if chosen.lower() in _OFF else "☒")
        elif chosen.isdecimal() and int(chosen) < len(choices):
            self._add(choices[int(chosen)])

    def end(self, space: str, name: str) -> None:
        """An element ends."""
        if self._skipping:
            self._skipping -= 1
            self._deleted = False
        elif self._field and name in ("ddList", "checkBox"):
            self._chosen(name)
        elif name == "p" and space == "drawingml":
            self._pieces.append("\n")
        elif name == "t":
            self._inside = False
        elif name == "AlternateContent":
            self._choices.pop()
        elif space in _WORD:
            self._ended(name)

    def _ended(self, name: str) -> None:
        if name == "p":
            self._pieces.append(" " if self._cells else "\n\n")
            notes = "".join(f"{note.strip()}\n\n" for note in self._waiting if note.strip())
            if notes and not self._cells:
                self._pieces.append(notes)
                self._waiting = []
        elif name == "tc":
            self._cells -= 1
            self._pieces.append("\t")
        elif name == "tr":
            self._pieces.append(" " if self._cells else "\n")
        elif name == "tbl":
            self._pieces.extend(["\n", *(f"{note.strip()}\n\n" for note in self._waiting)])
            self._waiting = []

    def text(self, text: str) -> None:
        """Characters."""
        if self._deleted:
            self._around.deleted += len(text.split())
        elif self._inside and not self._skipping:
            self._add(text)

    def _add(self, text: str) -> None:
        if self._hidden:
            self._around.hidden += len(text.split())
        else:
            self._pieces.append(text)

    def _symbol(self, font: str, code: str) -> None:
        found = symbol(font, code)
        self._around.unknown += not found
        self._add(found)


class _Notes(_Text):
    """Footnotes or endnotes, each by its number."""

    def __init__(self, around: _Around, kind: str) -> None:
        super().__init__(around)
        self.found: dict[tuple[str, str], str] = {}
        self._kind = kind
        self._number = ""

    def start(self, space: str, name: str, attributes: Mapping[str, str]) -> None:
        """An element begins."""
        if name == self._kind and space in _WORD:
            self._number = attribute(attributes, "id")
            self._pieces = []
        super().start(space, name, attributes)

    def end(self, space: str, name: str) -> None:
        """An element ends."""
        super().end(space, name)
        if name == self._kind and space in _WORD and self.result().strip():
            self.found[self._kind, self._number] = tidy(self.result())
