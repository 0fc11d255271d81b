"""Reads the text of uploaded files. Each file is read in a process of its own (`parsing`), with limits.

A name is only ever shown: no file is opened by it, and nothing is written to disk.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import unicodedata
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

import msgspec

from console.errors import InvalidInput, TooLarge

KINDS = {"txt": "Text", "md": "Markdown", "pdf": "PDF", "docx": "Word", "csv": "CSV", "jsonl": "JSON Lines"}
"""What can be read, by the ending of the name."""
_ENDINGS = {"text": "txt", "markdown": "md", "ndjson": "jsonl"}
_LONGEST_NAME = 150
_PROGRAM = Path(__file__).with_name("parsing.py")


@dataclass(frozen=True, slots=True)
class Limits:
    """What reading one file may cost. Beyond any of them the file is refused."""

    bytes: int = 25_000_000
    """Size of the file."""
    seconds: int = 4
    """CPU time, and with half a second for the start of the process, time by the clock."""
    memory: int = 230_000_000
    """Bytes of address space of the reading process."""
    pages: int = 1_000
    rows: int = 100_000
    expanded: int = 30_000_000
    """Bytes that the text part of an archive unpacks to."""
    characters: int = 5_000_000
    """Length of the text."""


LIMITS = Limits()


class Source(Protocol):
    """A file that somebody chose: an upload, or one on the disk of who runs a command."""

    @property
    def name(self) -> str:
        """As its owner calls it."""
        ...

    @property
    def size(self) -> int:
        """Bytes."""
        ...

    def read(self) -> bytes:
        """Its content; only asked for when the size is within the limit."""
        ...


@dataclass(frozen=True, slots=True)
class DiskFile:
    """A `Source` on the disk."""

    path: Path

    @property
    def name(self) -> str:
        """Without its folder."""
        return self.path.name

    @property
    def size(self) -> int:
        """Bytes."""
        return self.path.stat().st_size

    def read(self) -> bytes:
        """Its content."""
        return self.path.read_bytes()


@dataclass(frozen=True, slots=True)
class Content:
    """The text of a file."""

    name: str
    """To show; see `display_name`."""
    size: int
    """Bytes of the file."""
    text: str
    unit: str
    """What the marks count: `page`, `row`, or nothing."""
    marks: list[tuple[int, int]]
    """Offset in the text and number of each page or row."""


class _Answer(msgspec.Struct):
    """What `parsing` writes."""

    refused: str = ""
    text: str = ""
    unit: str = ""
    marks: list[tuple[int, int]] = []


def read_file(source: Source, limits: Limits = LIMITS) -> Content:
    """The text of a file. Takes at most about five seconds and `limits.memory`.

    Raises:
        InvalidInput: it is of another kind, damaged, empty, or takes too long; the message names the file.
        TooLarge: it is larger than `limits.bytes`; it was not read.
    """
    name = display_name(source.name)
    ending = name.rpartition(".")[2].lower()
    kind = _ENDINGS.get(ending, ending)
    if kind not in KINDS or "." not in name:
        raise InvalidInput(f"{name} was refused: it is none of {', '.join(KINDS.values())}.", field="file")
    if source.size > limits.bytes:
        raise _too_large(name, source.size, limits)
    content = source.read()
    if len(content) > limits.bytes:
        raise _too_large(name, len(content), limits)
    if not content:
        raise InvalidInput(f"{name} was refused: it is empty.", field="file")
    answer = _parse(name, kind, content, limits)
    if answer.refused:
        raise InvalidInput(f"{name} was refused: {answer.refused}.", field="file")
    return Content(name, len(content), answer.text, answer.unit, answer.marks)


def display_name(name: str) -> str:
    """The last part of a path, on one line, without characters that are not seen, at most 150 characters."""
    last = re.split(r"[/\\]", name)[-1]
    seen = "".join(one if unicodedata.category(one)[0] not in "CZ" else " " for one in last)
    short = " ".join(seen.split()).lstrip(".") or "unnamed"
    if len(short) > _LONGEST_NAME:
        stem, _, ending = short.rpartition(".")
        short = f"{(stem or short)[: _LONGEST_NAME - 12]}….{ending[:10]}"
    return short


def _too_large(name: str, size: int, limits: Limits) -> TooLarge:
    most = limits.bytes // 1_000_000
    return TooLarge(f"{name} was refused: it has {size / 1e6:,.0f} MB; {most} MB may be. Split it.", field="file")


def _parse(name: str, kind: str, content: bytes, limits: Limits) -> _Answer:
    """What the reading process answers."""
    kept = {variable: os.environ[variable] for variable in ("PATH", "LD_LIBRARY_PATH") if variable in os.environ}
    child = subprocess.Popen(
        [sys.executable, "-I", str(_PROGRAM), kind, json.dumps(asdict(limits))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=kept,
    )
    with child:
        try:
            answer, _ = child.communicate(content, timeout=limits.seconds + 0.5)
        except subprocess.TimeoutExpired as error:
            child.kill()
            raise _too_slow(name, limits) from error
        except BaseException:
            child.kill()
            raise
    if child.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
        raise _too_slow(name, limits)
    try:
        return msgspec.json.decode(answer, type=_Answer)
    except msgspec.DecodeError as error:
        raise InvalidInput(f"{name} was refused: it is damaged and cannot be read.", field="file") from error


def _too_slow(name: str, limits: Limits) -> InvalidInput:
    return InvalidInput(
        f"{name} was refused: reading it took longer than {limits.seconds} s. Split it into smaller files.",
        field="file",
    )
