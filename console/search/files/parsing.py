"""The text of one file, as a program of its own: bytes on standard input, JSON on standard output.

It is run alone (`python -I parsing.py KIND LIMITS`) by `readers`, because an uploaded file may be made to exhaust or
crash whatever reads it. It gives itself limits before it looks at the file, and may write no file at all. It imports
nothing of the console, so that it starts in a tenth of a second.

The answer is {"text", "unit", "marks"}: a mark is [offset, number] and says where page or row `number` begins. A file
that cannot be used is {"refused": why}. Anything else that goes wrong ends the process with a traceback.
"""

from __future__ import annotations

import csv
import io
import json
import re
import resource
import sys
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any, NoReturn
from xml.parsers import expat

_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_STRICT_WORD = "http://purl.oclc.org/ooxml/wordprocessingml/main"
_UNSEEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_DELIMITERS = ",;\t|"


class Refused(Exception):
    """The file cannot be used, and the person can do something about it."""


class Sections:
    """The text as it grows, one page or row after the other, within the limit."""

    def __init__(self, unit: str, most: int) -> None:
        self.unit = unit
        self.marks: list[tuple[int, int]] = []
        self._most = most
        self._length = 0
        self._parts: list[str] = []

    def add(self, text: str, number: int) -> None:
        """Page or row `number`; an empty one leaves nothing."""
        text = _clean(text)
        if not text.strip():
            return
        self.marks.append((self._length, number))
        self._parts.append(f"{text}\n\n")
        self._length += len(self._parts[-1])
        if self._length > self._most:
            raise Refused(f"it has more than {self._most:,} characters of text. Split it into several files")

    @property
    def text(self) -> str:
        """All of it; sections are paragraphs."""
        return "".join(self._parts)


def main(kind: str, limits: dict[str, int]) -> None:
    """Answer for the file on standard input."""
    _confine(limits)
    try:
        found = _READERS[kind](sys.stdin.buffer.read(), limits)
        if not found.marks:
            raise Refused("it has no text" + (" (is it a scan? Recognise its text first)" if kind == "pdf" else ""))
        answer: dict[str, Any] = {"text": found.text, "unit": found.unit, "marks": found.marks}
    except Refused as error:
        answer = {"refused": str(error)}
    except MemoryError:
        answer = {"refused": "reading it needs more memory than it may have. Split it into smaller files"}
    sys.stdout.buffer.write(json.dumps(answer, ensure_ascii=False).encode("utf-8"))


def _confine(limits: dict[str, int]) -> None:
    """No files, and bounds on memory and time; what a file makes of this process stays in it."""
    wanted = {
        resource.RLIMIT_AS: limits["memory"],
        resource.RLIMIT_CPU: limits["seconds"],
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
    }
    for limit, value in wanted.items():
        hard = resource.getrlimit(limit)[1]
        low = value if hard == resource.RLIM_INFINITY else min(value, hard)
        with suppress(ValueError, OSError):  # macOS has no limit of the address space; there time has to do
            resource.setrlimit(limit, (low, low))


def read_text(content: bytes, limits: dict[str, int]) -> Sections:
    """Plain text and markdown, which is kept as it is written."""
    found = Sections("", limits["characters"])
    found.add(_decoded(content), 1)
    return found


def read_csv(content: bytes, limits: dict[str, int]) -> Sections:
    """Each row is a paragraph of `column: value` lines; the first row names the columns."""
    text = _decoded(content)
    first = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=first.count)
    try:
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        names = next(rows, [])
        return _records((dict(zip(names, row, strict=False)) for row in rows), limits, first_number=2)
    except csv.Error as error:
        raise Refused(f"it is not a table of comma-separated values: {error}") from error


def read_jsonl(content: bytes, limits: dict[str, int]) -> Sections:
    """Each line is a JSON value and becomes a paragraph; an object one of `field: value` lines."""
    return _records(_json_lines(_decoded(content)), limits, first_number=1)


def read_docx(content: bytes, limits: dict[str, int]) -> Sections:
    """The body of a Word document: paragraphs as lines with an empty one between, cells apart by tabs.

    Only `word/document.xml` is unpacked, to a limit; a document type, which entities need, is refused.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive, archive.open("word/document.xml") as part:
            body = part.read(limits["expanded"] + 1)
    except (zipfile.BadZipFile, KeyError, NotImplementedError, RuntimeError, OSError, ValueError) as error:
        raise Refused("it is not a Word document, or is damaged or locked with a password") from error
    if len(body) > limits["expanded"]:
        raise Refused(f"it unpacks to more than {limits['expanded'] // 1_000_000} MB. Split it into smaller files")
    found = Sections("", limits["characters"])
    found.add(_WordText().read(body), 1)
    return found


def read_pdf(content: bytes, limits: dict[str, int]) -> Sections:
    """The text of every page."""
    from pypdf import PdfReader  # noqa: PLC0415 - the only kind that needs it
    from pypdf.errors import PyPdfError  # noqa: PLC0415

    if b"%PDF-" not in content[:1024]:
        raise Refused("it is not a PDF file")
    found = Sections("page", limits["characters"])
    try:
        reader = PdfReader(io.BytesIO(content))
        if reader.is_encrypted and not reader.decrypt(""):
            raise Refused("it is locked with a password. Save it without one")
        if len(reader.pages) > limits["pages"]:
            raise Refused(f"it has {len(reader.pages):,} pages; {limits['pages']:,} may be. Split it")
        for number, page in enumerate(reader.pages, 1):
            found.add(page.extract_text(), number)
    except PyPdfError as error:
        raise Refused(f"it is damaged ({type(error).__name__})") from error
    return found


_READERS = {"txt": read_text, "md": read_text, "csv": read_csv, "jsonl": read_jsonl, "docx": read_docx, "pdf": read_pdf}


def _decoded(content: bytes) -> str:
    """The text in UTF-8, or in UTF-16 or UTF-32 where a byte order mark says so."""
    marks = {b"\xff\xfe\x00\x00": "utf-32", b"\x00\x00\xfe\xff": "utf-32", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
    encoding = next((name for mark, name in marks.items() if content.startswith(mark)), "utf-8-sig")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise Refused("it is not text in UTF-8. Save it as UTF-8 and try again") from error
    if len(_UNSEEN.findall(text[:100_000])) > len(text[:100_000]) // 100:
        raise Refused("it is not text: it is full of control characters")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _clean(text: str) -> str:
    """Without control characters and without halves of characters, which cannot be stored."""
    return _UNSEEN.sub("", text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))


def _records(records: Iterable[Any], limits: dict[str, int], first_number: int) -> Sections:
    found = Sections("row", limits["characters"])
    for number, record in enumerate(records, first_number):
        if number > limits["rows"]:
            raise Refused(f"it has more than {limits['rows']:,} rows. Split it into several files")
        found.add(_record_text(record), number)
    return found


def _record_text(record: Any) -> str:
    if not isinstance(record, dict):
        return _value_text(record)
    lines = ((name, _value_text(value)) for name, value in record.items())
    return "\n".join(f"{name}: {value}" if name else value for name, value in lines if value.strip())


def _value_text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _json_lines(text: str) -> Iterator[Any]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            yield None
            continue
        try:
            yield json.loads(line)
        except (ValueError, RecursionError) as error:
            raise Refused(f"line {number} is not JSON") from error


class _WordText:
    """The text of a document's XML, read as a stream."""

    _AFTER = {"p": "\n\n", "tab": "\t", "br": "\n", "cr": "\n", "tc": "\t"}

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self._inside = False

    def read(self, body: bytes) -> str:
        """The text of `word/document.xml`."""
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = _refuse_declaration
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        try:
            parser.Parse(body, True)
        except expat.ExpatError as error:
            raise Refused(f"its text is damaged ({error})") from error
        return "".join(self.pieces)

    def _start(self, name: str, _attributes: dict[str, str]) -> None:
        self._inside = self._inside or _local(name) == "t"

    def _end(self, name: str) -> None:
        local = _local(name)
        if local == "t":
            self._inside = False
        elif local == "tc" and self.pieces:
            self.pieces[-1] = self.pieces[-1].rstrip("\n")
        self.pieces.append(self._AFTER.get(local, ""))

    def _characters(self, text: str) -> None:
        if self._inside:
            self.pieces.append(text)


def _refuse_declaration(*_declaration: object) -> NoReturn:
    raise Refused("it declares a document type, which Word documents do not")


def _local(name: str) -> str:
    """The local name of an element of Word's own namespaces; nothing for others."""
    space, _, local = name.rpartition(" ")
    return local if space in (_WORD, _STRICT_WORD) else ""


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]))
