"""OpenDocument texts: the body with its tables and notes, heads and feet; deleted text is no text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from console.search.files.archive import Parts, read_part
from console.search.files.formats.drawing import left_out
from console.search.files.formats.sections import Job, Refused, Section, counted, tidy
from console.search.files.formats.xml import Handler, parse

_SKIPPED = {"tracked-changes", "annotation", "note-citation", "forms", "hidden-text", "hidden-paragraph"}
_FIELDS = {"text", "textarea", "formatted-text", "number", "date", "combobox", "listbox", "checkbox", "radio"}
_UNREAD = {
    "picture": r"{}pictures/.*",
    "recording": r"{}media/.*",
    "embedded object": r"{}object [^/]*(?:/content\.xml)?",
}


def read_odt(job: Job) -> Iterator[Section]:
    """All of a document as one section."""
    parts = Parts(job, "an OpenDocument text")
    if "META-INF/manifest.xml" in parts and b"encryption-data" in parts.read("META-INF/manifest.xml"):
        raise Refused("it is locked with a password. Save it without one")
    body = _Text("text")
    parse(parts.read("content.xml"), body)
    texts = [tidy("".join(body.pieces))]
    if "styles.xml" in parts:
        margins = _Text("master-styles")
        read_part(job, parts, "styles.xml", margins, "heads and feet")
        texts.append(tidy("".join(margins.pieces)))
    if body.comments:
        job.lost(f"{counted(body.comments, 'comment')} left out")
    if body.fields:
        job.lost(f"{counted(body.fields, 'form field')} left out")
    if body.deleted:
        job.lost(f"{counted(body.deleted, 'deleted word')} left out (tracked changes)")
    if body.hidden:
        job.lost("hidden text left out")
    left_out(job, parts, "", _UNREAD)
    yield Section("\n\n".join(text for text in texts if text))


class _Text(Handler):
    """The text inside of one kind of element."""

    def __init__(self, body: str) -> None:
        self.pieces: list[str] = []
        self.comments = 0
        self.fields = 0
        self.hidden = False
        self.deleted = 0
        self._body = body
        self._inside = 0
        self._paragraphs = 0
        self._skipping = 0
        self._cells = 0
        self._deletions = 0
        """1 in a deletion, 2 in a paragraph of one."""

    def start(self, space: str, name: str, _attributes: Mapping[str, str]) -> None:
        if self._skipping or name in _SKIPPED:
            self._skipping += 1
            self._deletions += name == "deletion" or (self._deletions > 0 and name == "p")
            self.comments += name == "annotation"
            self.fields += space == "form" and name in _FIELDS
            self.hidden = self.hidden or name.startswith("hidden-")
        elif self._inside:
            self._inside += 1
            self._element(name)
        elif name == self._body and space == "office":
            self._inside = 1

    def _element(self, name: str) -> None:
        if name in ("p", "h"):
            self._paragraphs += 1
        elif name == "tab":
            self.pieces.append("\t")
        elif name == "line-break":
            self.pieces.append("\n")
        elif name == "s":
            self.pieces.append(" ")
        elif name == "note":
            self.pieces.append(" [")
        elif name == "table-cell":
            self._cells += 1

    def end(self, _space: str, name: str) -> None:
        if self._skipping:
            self._skipping -= 1
            self._deletions -= name == "deletion" or (self._deletions > 0 and name == "p")
        elif self._inside:
            self._inside -= 1
            self._ended(name)

    def _ended(self, name: str) -> None:
        if name in ("p", "h"):
            self._paragraphs -= 1
            self.pieces.append(" " if self._cells or self._paragraphs else "\n\n")
        elif name == "note":
            self.pieces.append("]")
        elif name == "table-cell":
            self._cells -= 1
            self.pieces.append("\t")
        elif name in ("table-row", "table"):
            self.pieces.append("\n")

    def text(self, text: str) -> None:
        if self._inside and self._paragraphs and not self._skipping:
            self.pieces.append(text)
        elif self._deletions > 1:
            self.deleted += len(text.split())
