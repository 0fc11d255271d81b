"""The confined process: reads one file after the other from standard input, and answers in lines of JSON.

A question is a line of JSON ({"kind", "size", "first", "limits"}) and so many bytes. The answers are {"page", "total"},
{"text", "place", "row"}, {"lost", "at"}, {"recognising"}, and in the end {"refused"} or {"done"}.

It is started by `process`, alone (`python -I`), because an uploaded file may be made to exhaust or crash whatever reads
it: it limits its memory and time before it looks at a file, and may write no file at all.
"""

from __future__ import annotations

import importlib
import json
import resource
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, cast

from console.search.files.formats.sections import Job, Limits, Reader, Refused, Section, clean, tidy

_READERS = {
    "txt": "text.read_text", "md": "text.read_text", "html": "html.read_html", "csv": "records.read_separated",
    "tsv": "records.read_separated", "json": "records.read_json", "jsonl": "records.read_json",
    "pdf": "pdf.pages.read_pdf", "docx": "word.read_word", "pptx": "slides.read_slides",
    "xlsx": "workbook.read_workbook", "odt": "opendocument.read_odt", "epub": "epub.read_epub", "rtf": "rtf.read_rtf",
}  # fmt: skip
"""Module and function by kind; a module is loaded when the first file of its kind comes."""
_PACKAGE = "console.search.files.formats"


def main() -> None:
    """Answer until standard input ends."""
    first = True
    while question := sys.stdin.buffer.readline():
        asked = json.loads(question)
        limits = Limits(**asked["limits"])
        if first:
            _confine(limits)
            first = False
        content = sys.stdin.buffer.read(asked["size"])
        _answer(asked["kind"], _Clock(limits), Job(content, limits, asked["first"]))


def _answer(kind: str, clock: _Clock, job: Job) -> None:
    def page(number: int, total: int) -> None:
        clock.page()
        _say({"page": number, "total": total})
        sys.stdout.buffer.flush()

    def recognising() -> None:
        _say({"recognising": True})
        sys.stdout.buffer.flush()

    job.begin = page
    job.lost = lambda what, at=None: _say({"lost": what, "at": at})
    job.recognising = recognising
    clock.start()
    try:
        _say_sections(_sections(kind, job), job.limits)
        _say({"done": True})
    except Refused as error:
        _say({"refused": str(error)})
    except MemoryError:
        _say({"refused": "reading it needs more memory than it may have. Split it into smaller files"})
    except RecursionError:
        _say({"refused": "it is nested too deeply"})
    finally:
        clock.stop()
        sys.stdout.buffer.flush()


def _say_sections(sections: Iterator[Section], limits: Limits) -> None:
    length = 0
    for section in sections:
        text = clean(section.text)
        length += len(text) + len("\n\n")
        if length > limits.characters:
            raise Refused(f"it has more than {limits.characters:,} characters of text. Split it into several files")
        if text.strip():
            _say({"text": text, "place": section.place, "row": section.row})


def _sections(kind: str, job: Job) -> Iterator[Section]:
    if kind == "docx":
        from console.search.files.formats.word import read_word

        yield from read_word(job, lambda other, content: _embedded(other, content, job))
    else:
        yield from _reader(kind)(job)


def _embedded(kind: str, content: bytes, job: Job) -> str:
    """The text of a file inside of a document; one inside of that is left out."""
    if kind == "mht":
        from console.search.files.formats.mail import page_text

        return page_text(content)
    inner = Job(content, job.limits, lost=job.lost)
    if kind == "docx":
        from console.search.files.formats.word import read_word

        return "\n\n".join(section.text for section in read_word(inner, _refuse))
    return tidy("\n\n".join(section.text for section in _reader(kind)(inner)))


def _refuse(_kind: str, _content: bytes) -> str:
    raise Refused("a file in a file in a file")


def _reader(kind: str) -> Reader:
    module, _, function = _READERS[kind].rpartition(".")
    return cast(Reader, getattr(importlib.import_module(f"{_PACKAGE}.{module}"), function))


class _Clock:
    """CPU time: of each page, and of all; beyond it the system ends this process, whatever it is doing."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._left = limits.seconds
        self._set = 0.0
        self._pages = 0

    def start(self) -> None:
        """A file begins."""
        self._wind(self._left)

    def page(self) -> None:
        """A page begins: it may take what is left, to which each page before it has added."""
        self._left -= self._set - signal.setitimer(signal.ITIMER_PROF, 0)[0]
        self._left += self._limits.per_page if self._pages else 0.0
        self._pages += 1
        self._wind(min(self._left, self._limits.page_seconds))

    def stop(self) -> None:
        """A file ends."""
        signal.setitimer(signal.ITIMER_PROF, 0)

    def _wind(self, seconds: float) -> None:
        self._set = max(seconds, 0.01)
        signal.setitimer(signal.ITIMER_PROF, self._set)


def _confine(limits: Limits) -> None:
    """No files, and a bound on memory; what a file makes of this process stays in it."""
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    for limit, value in {
        resource.RLIMIT_AS: limits.memory,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
    }.items():
        hard = resource.getrlimit(limit)[1]
        low = value if hard == resource.RLIM_INFINITY else min(value, hard)
        with suppress(ValueError, OSError):  # macOS has no limit of the address space; there time has to do
            resource.setrlimit(limit, (low, low))


def _say(answer: dict[str, Any]) -> None:
    sys.stdout.buffer.write(json.dumps(answer, ensure_ascii=False).encode("utf-8") + b"\n")
