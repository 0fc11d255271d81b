"""Books in EPUB: the chapters in the order in which they are read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from console.search.files.archive import Parts, resolved
from console.search.files.formats.html import html_text, parsed, say_embedded
from console.search.files.formats.sections import Damaged, Job, Refused, Section, counted
from console.search.files.formats.xml import Handler, attribute, parse


def read_epub(job: Job) -> Iterator[Section]:
    """A section for each chapter. One that is locked or missing is named."""
    parts = Parts(job, "an EPUB book")
    container = _Package()
    parse(parts.read("META-INF/container.xml"), container)
    if not container.root:
        raise Refused("it is damaged: it names no content")
    package = _Package()
    parse(parts.read(container.root), package)
    order = dict.fromkeys(package.files.get(one, one) for one in package.order)
    chapters = [resolved(container.root, one) for one in order]
    locked = _locked(parts)
    for number, chapter in job.pages(chapters, "chapter"):
        if chapter in locked:
            job.lost("locked, left out", number)
        elif chapter not in parts:
            job.lost("missing in the file", number)
        else:
            yield Section(_chapter(job, parts, chapter, number), {"chapter": number})
    others = len(package.pages - set(order))
    for thing, count in {
        "picture": package.pictures,
        "recording": package.recordings,
        "page outside of the reading order": others,
    }.items():
        if count:
            job.lost(f"{counted(count, thing)} left out")


def _chapter(job: Job, parts: Parts, name: str, number: int) -> str:
    """The text of a chapter; "" when it is no text, which is said."""
    try:
        content = parts.read(name)
    except Damaged as damaged:
        job.lost(f"left out: {damaged}", number)
        return ""
    try:
        page = parsed(content)
    except Refused as refused:
        job.lost(f"left out: {refused}", number)
        return ""
    say_embedded(job, page, number)
    return html_text(page)


def _locked(parts: Parts) -> set[str]:
    """The parts that are encrypted."""
    if "META-INF/encryption.xml" not in parts:
        return set()
    found = _Package()
    parse(parts.read("META-INF/encryption.xml"), found)
    return {resolved("", one) for one in found.encrypted}


class _Package(Handler):
    """The lists of a book."""

    def __init__(self) -> None:
        self.root = ""
        self.files: dict[str, str] = {}
        self.order: list[str] = []
        self.encrypted: list[str] = []
        self.pictures = self.recordings = 0
        self.pages: set[str] = set()
        """All but the table of contents."""

    def start(self, _space: str, name: str, attributes: Mapping[str, str]) -> None:
        if name == "rootfile":
            self.root = self.root or attribute(attributes, "full-path")
        elif name == "item":
            self.files[attribute(attributes, "id")] = attribute(attributes, "href")
            kind = attribute(attributes, "media-type")
            self.pictures += kind.startswith("image/")
            self.recordings += kind.startswith(("audio/", "video/"))
            if kind == "application/xhtml+xml" and "nav" not in attribute(attributes, "properties").split():
                self.pages.add(attribute(attributes, "href"))
        elif name == "itemref":
            self.order.append(attribute(attributes, "idref"))
        elif name == "CipherReference":
            self.encrypted.append(attribute(attributes, "URI"))
