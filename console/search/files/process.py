"""The process that reads the files of an upload (`program`): one for all, and a new one when a file ended it."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Self, cast

import msgspec

from console.search.files.formats.sections import Limits, Place, Section
from console.search.files.losses import TOO_LONG, Losses

_ROOT = Path(__file__).parents[3]
_START = f"import sys; sys.path.insert(0, {str(_ROOT)!r}); from console.search.files.program import main; main()"
_LEAST_WAIT = 0.3
"""Seconds that are left for a file when another attempt is made."""
_CRASHES = 20
"""Pages that may end the process before the rest of a file is left out."""
_KEPT = ("PATH", "LD_LIBRARY_PATH", "TESSDATA_PREFIX")

PageProgress = Callable[[int, int], None]
"""Told the page that is read now, and their number."""


class _Answer(msgspec.Struct):
    """A line of what `program` says."""

    page: int = 0
    total: int = 0
    text: str = ""
    place: Place = {}
    row: bool = False
    lost: str = ""
    at: int | None = None
    recognising: bool = False
    refused: str = ""
    done: bool = False


@dataclass(slots=True)
class Found:
    """What was read of a file."""

    sections: list[Section] = field(default_factory=list)
    losses: Losses = field(default_factory=Losses)
    refused: str = ""
    """Why nothing of the file can be used."""
    page: int = 0
    """The page that was begun last."""
    total: int = 0
    """Pages of the file; 0 for kinds without."""


class _Ended(Exception):
    """The process ended, or was ended, before the file was read."""

    def __init__(self, *, slow: bool) -> None:
        super().__init__()
        self.slow = slow


class ReadingProcess:
    """Reads files, one after the other. Use it with `with`; it is started when the first file comes."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def read(self, kind: str, content: bytes, progress: PageProgress) -> Found:
        """What a file holds. A page that ends the process is named, and the rest is read by another process."""
        found, left, crashes = Found(), self._limits.wait, 0
        first = 1
        while True:
            begun = time.monotonic()
            try:
                self._ask(kind, content, first, found, progress, left)
            except _Ended as ended:
                left -= time.monotonic() - max(begun, self._heard) if ended.slow else 0.0
                crashes += 1
                if not found.page:
                    found.refused = _TOO_SLOW.format(self._limits.seconds) if ended.slow else _DAMAGED
                    return found
                found.losses.add(TOO_LONG if ended.slow else "damaged, left out", [found.page])
                first = found.page + 1
                if first > found.total:
                    return found
                if left < _LEAST_WAIT or crashes > _CRASHES:
                    found.losses.add("left out after others that cannot be read", range(first, found.total + 1))
                    return found
            else:
                return found

    def _ask(self, kind: str, content: bytes, first: int, found: Found, progress: PageProgress, left: float) -> None:
        """Ask for a file from a page on. Raises _Ended."""
        child = self._running()
        stdin = cast(IO[bytes], child.stdin)
        question = {"kind": kind, "size": len(content), "first": first, "limits": asdict(self._limits)}
        self._heard = time.monotonic()
        try:
            stdin.write(json.dumps(question).encode() + b"\n" + content)
            stdin.flush()
        except OSError as error:
            raise self._ended() from error
        for answer in self._answers(child, left):
            if answer.done or answer.refused:
                found.refused = answer.refused
                return
            _take(answer, found, progress)
        raise self._ended()

    def _answers(self, child: subprocess.Popen[bytes], left: float) -> Iterator[_Answer]:
        """The answers until the process ends. Raises _Ended: it was silent for too long, and was ended."""
        stdout = cast(IO[bytes], child.stdout)
        decoder, rest = msgspec.json.Decoder(_Answer), b""
        wait = left
        with selectors.DefaultSelector() as selector:
            selector.register(stdout, selectors.EVENT_READ)
            while selector.select(max(wait - (time.monotonic() - self._heard), 0)):
                block = os.read(stdout.fileno(), 1 << 20)
                if not block:
                    return
                *lines, rest = (rest + block).split(b"\n")
                answers = [decoder.decode(line) for line in lines]
                wait = self._limits.recognition + left if answers and answers[-1].recognising else left
                self._heard = time.monotonic()
                yield from answers
        self._stop()
        raise _Ended(slow=True)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._child is None:
            self._child = subprocess.Popen(
                [sys.executable, "-I", "-B", "-c", _START],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={variable: os.environ[variable] for variable in _KEPT if variable in os.environ},
            )
        return self._child

    def _ended(self) -> _Ended:
        """How the process ended."""
        child = self._child
        self._stop(kill=False)
        return _Ended(slow=child is not None and child.returncode == -signal.SIGPROF)

    def _stop(self, *, kill: bool = True) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        if kill:
            child.kill()
        for stream in (child.stdin, child.stdout):
            with suppress(OSError):
                if stream is not None:
                    stream.close()
        child.wait()

    _heard = 0.0
    """When the process last said something."""


_TOO_SLOW = "reading it took longer than {:g} s. Split it into smaller files"
_DAMAGED = "it is damaged and cannot be read"


def _take(answer: _Answer, found: Found, progress: PageProgress) -> None:
    if answer.total:
        found.page, found.total = answer.page, answer.total
        progress(answer.page, answer.total)
    elif answer.lost:
        found.losses.add(answer.lost, [] if answer.at is None else [answer.at])
    elif answer.text:
        found.sections.append(Section(answer.text, answer.place, answer.row))
