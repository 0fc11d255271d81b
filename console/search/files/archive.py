"""Documents that are archives: their parts, unpacked in memory to a limit, and never by their names to a disk."""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol
from urllib.parse import unquote

from console.search.files.formats.sections import Damaged, Job, Refused
from console.search.files.formats.xml import Handler, attribute, parse

_LOCKED = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENTRIES = 20_000
_BLOCK = 1 << 20
_LONGEST_PIECE = 4 << 20


class Source(Protocol):
    """The parts of a document by name, case ignored."""

    def __contains__(self, name: str) -> bool: ...

    def matching(self, pattern: str) -> list[str]:
        """The names that a pattern describes, in lower case, numbers in their order."""

    def read(self, name: str) -> bytes:
        """The content of a part. Raises Refused: it is missing, damaged, locked or too large."""


class Parts:
    """The parts of a document that is an archive."""

    def __init__(self, job: Job, kind: str) -> None:
        """Args:
        kind: what the document should be, such as "a Word document", for the refusal.
        """
        self._job = job
        self._kind = kind
        self._left = 3 * job.limits.expanded
        if job.content.startswith(_LOCKED):
            raise Refused(f"it is locked with a password, or of an older kind than {kind}. Save it anew without one")
        try:
            self._archive = zipfile.ZipFile(io.BytesIO(job.content))
        except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError) as error:
            raise Refused(f"it is not {kind}, or is damaged") from error
        if len(self._archive.filelist) > _ENTRIES:
            raise Refused(f"it has {len(self._archive.filelist):,} parts, which {kind} does not")
        self._names = {entry.filename.lstrip("/").lower(): entry for entry in self._archive.filelist}

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._names

    def matching(self, pattern: str) -> list[str]:
        """As `Source.matching`."""
        return _matching(self._names, pattern)

    def read(self, name: str) -> bytes:
        """As `Source.read`."""
        most = min(self._job.limits.expanded, self._left)
        return b"".join(self._blocks(name, most))

    def pieces(self, name: str, end: bytes) -> Iterator[bytes]:
        """A part that may be as large as all together, in pieces that end with `end`. Raises as `read`."""
        rest = b""
        for block in self._blocks(name, self._left):
            piece, found, rest = (rest + block).rpartition(end)
            if found or len(rest) > _LONGEST_PIECE:
                yield piece + found if found else rest
                rest = rest if found else b""
        yield rest

    def _blocks(self, name: str, most: int) -> Iterator[bytes]:
        entry = self._names.get(name.lower())
        if entry is None:
            raise Damaged(f"it is not {self._kind}, or is damaged: {posixpath.basename(name)} is missing")
        length = 0
        try:
            with self._archive.open(entry) as part:
                while block := part.read(_BLOCK):
                    length += len(block)
                    if length > most:
                        raise Refused(f"it unpacks to more than {most // 1_000_000} MB. Split it into smaller files")
                    yield block
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, ValueError, EOFError) as error:
            raise Damaged("it is damaged or locked with a password") from error
        except zlib.error as error:
            raise Damaged("it is damaged") from error
        self._left -= length

    def declared(self) -> int:
        """Bytes that all parts claim to unpack to."""
        return sum(entry.file_size for entry in self._archive.filelist)


def read_part(job: Job, parts: Source, name: str, handler: Handler, what: str, at: int | None = None) -> None:
    """Read a part that the rest can do without, as far as it is whole; damage is said."""
    try:
        parse(parts.read(name), handler)
    except Damaged as damaged:
        job.lost(f"the rest of {what} left out: {damaged}", at)


class FlatParts:
    """The parts of a Word document that is one XML file ("Flat OPC")."""

    def __init__(self, job: Job) -> None:
        found = _Packages()
        parse(job.content, found)
        self._parts = {name.lstrip("/").lower(): job.content[start:end] for name, start, end in found.spans}

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._parts

    def matching(self, pattern: str) -> list[str]:
        """As `Source.matching`."""
        return _matching(self._parts, pattern)

    def read(self, name: str) -> bytes:
        """As `Source.read`."""
        if name.lower() not in self._parts:
            raise Damaged(f"it is damaged: {posixpath.basename(name)} is missing")
        return self._parts[name.lower()]


class _Packages(Handler):
    """Where each part of a package begins and ends in the file."""

    def __init__(self) -> None:
        self.spans: list[tuple[str, int, int]] = []
        self._name = ""
        self._start = 0

    def start(self, _space: str, name: str, attributes: Mapping[str, str]) -> None:
        if name == "part":
            self._name, self._start = attribute(attributes, "name"), 0
        elif self._name and name not in ("xmlData", "binaryData") and not self._start:
            self._start = self.place()

    def end(self, _space: str, name: str) -> None:
        if name == "xmlData" and self._start:
            self.spans.append((self._name, self._start, self.place()))


def _matching(names: Iterable[str], pattern: str) -> list[str]:
    found = [one for one in names if re.fullmatch(pattern, one)]
    return sorted(found, key=lambda one: [part.zfill(20) for part in re.split(r"(\d+)", one)])


def resolved(base: str, target: str) -> str:
    """The name of the part that `base` calls `target`."""
    path = unquote(target.partition("#")[0])
    joined = path if path.startswith("/") else posixpath.join(posixpath.dirname(base), path)
    return posixpath.normpath(joined).lstrip("/")


class _Relations(Handler):
    def __init__(self) -> None:
        self.found: dict[str, tuple[str, str]] = {}

    def start(self, _space: str, name: str, attributes: Mapping[str, str]) -> None:
        if name == "Relationship" and attribute(attributes, "TargetMode") != "External":
            kind = attribute(attributes, "Type").rpartition("/")[2]
            self.found[attribute(attributes, "Id")] = (kind, attribute(attributes, "Target"))


def relations(parts: Source, name: str = "") -> dict[str, tuple[str, str]]:
    """Kind and part of each relation of an Office part, by id; of the document itself without a name."""
    folder, _, base = name.rpartition("/")
    path = f"{folder}/_rels/{base}.rels".lstrip("/") if name else "_rels/.rels"
    if path not in parts:
        return {}
    handler = _Relations()
    parse(parts.read(path), handler)
    return {one: (kind, resolved(name, target)) for one, (kind, target) in handler.found.items()}


def of_kind(found: Mapping[str, tuple[str, str]], kinds: Iterable[str]) -> list[str]:
    """The parts of some kinds, each once."""
    wanted = set(kinds)
    return list(dict.fromkeys(part for kind, part in found.values() if kind in wanted))
