"""What Office documents draw: the words of diagrams, and what has no words here and is therefore named as left out."""

from __future__ import annotations

from collections.abc import Mapping

from console.search.files.archive import Source, read_part
from console.search.files.formats.sections import Job, counted
from console.search.files.formats.xml import Handler

_RECORDINGS = "mp4|m4v|mov|avi|wmv|mpe?g|webm|mp3|m4a|wav|wma|aac|ogg|flac|mid"
_UNREAD = {
    "picture": rf"{{}}/media/(?!.*\.(?:{_RECORDINGS})$).*",
    "recording": rf"{{}}/media/.*\.(?:{_RECORDINGS})",
    "chart": r"{}/charts/chart(ex)?\d*\.xml",
    "embedded file": r"{}/embeddings/.*",
    "control": r"{}/activex/activex\d*\.xml",
}
_COMMENTS = r"{}/(?:threaded)?comments/?[^/]*\.xml"


def left_out(job: Job, parts: Source, folder: str, unread: Mapping[str, str] = _UNREAD) -> None:
    """Say which parts of a document are not read."""
    for thing, pattern in unread.items():
        if number := len(parts.matching(pattern.format(folder.lower()))):
            job.lost(f"{counted(number, thing)} left out")
    if parts.matching(_COMMENTS.format(folder.lower())):
        job.lost("comments left out")


class _Paragraphs(Handler):
    """The paragraphs of DrawingML."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self._inside = False

    def start(self, _space: str, name: str, _attributes: Mapping[str, str]) -> None:
        self._inside = name == "t"

    def end(self, _space: str, name: str) -> None:
        self._inside = False
        if name == "p":
            self.pieces.append("\n")

    def text(self, text: str) -> None:
        if self._inside:
            self.pieces.append(text)


def diagram_text(job: Job, parts: Source, name: str) -> str:
    """The words of a diagram ("SmartArt"), a line for each shape."""
    found = _Paragraphs()
    read_part(job, parts, name, found, "a drawing")
    return "\n".join(line for line in "".join(found.pieces).split("\n") if line.strip())
