"""Books in EPUB: the chapters in the order in which they are read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from console.search.files.archive import Parts, resolved
from console.search.files.formats.html import html_text, parsed
from console.search.files.formats.sections import Job, Refused, Section, counted
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
    order = dict.fromkeys(package.files[one] for one in package.order if one in package.files)
    chapters = [resolved(container.root, one) for one in order]
    locked = _locked(parts)
    for number, chapter in job.pages(chapters, "chapter"):
        if chapter in locked:
            job.lost("locked, left out", number)
        elif chapter not in parts:
            job.lost("missing in the file", number)
        else:
            yield Section(html_text(parsed(parts.read(chapter))), {"chapter": number})
    if package.pictures:
        job.lost(f"{counted(package.pictures, 'picture')} left out")


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
        self.pictures = 0

    def start(self, _space: str, name: str, attributes: Mapping[str, str]) -> None:
        if name == "rootfile":
            self.root = self.root or attribute(attributes, "full-path")
        elif name == "item":
            self.files[attribute(attributes, "id")] = attribute(attributes, "href")
            self.pictures += attribute(attributes, "media-type").startswith("image/")
        elif name == "itemref":
            self.order.append(attribute(attributes, "idref"))
        elif name == "CipherReference":
            self.encrypted.append(attribute(attributes, "URI"))
