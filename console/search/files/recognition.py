"""The text of scanned pages, by Tesseract where it is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

from console.search.files.formats.sections import Job

if TYPE_CHECKING:
    import pypdfium2 as pdfium

_DPI = 200
_PIXELS = 12_000_000
"""Of a page's picture; a larger page is drawn smaller."""
_LANGUAGES = 6
"""Languages that are tried together; more are slow, and then English alone is."""


class Recognition:
    """Recognises the pages of one file, and says which it could not."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._program = shutil.which("tesseract")
        self._languages = ""
        self._tried = self._done = 0

    def text(self, page: pdfium.PdfPage, number: int, why: str) -> str:
        """The text of a page as it is seen; "" when there is none to be had, which is said.

        Args:
            why: what a page is that has to be recognised, such as "a scan".
        """
        if self._program is None:
            self._job.lost(f"{why}; it can be read where Tesseract is installed", number)
        elif self._tried >= self._job.limits.recognised:
            self._job.lost(f"{why}; of a file {self._job.limits.recognised} pages are recognised", number)
        else:
            self._tried += 1
            self._job.recognising()
            text = self._recognised(page, number)
            self._done += bool(text)
            return text
        return ""

    def report(self) -> None:
        """Say that words were recognised, which may be wrong."""
        if self._done:
            self._job.lost(f"the words of {self._done:,} page(s) were recognised as pictures and may be wrong")

    def _recognised(self, page: pdfium.PdfPage, number: int) -> str:
        try:
            done = self._run(["stdin", "stdout", "-l", self._chosen(), "--dpi", str(_DPI)], _picture(page))
        except subprocess.TimeoutExpired:
            self._job.lost("a scan that took too long to recognise", number)
            return ""
        if done.returncode:
            self._job.lost("a scan that could not be recognised", number)
            return ""
        text = done.stdout.decode("utf-8", "replace").strip("\f\n ")
        if not text:
            self._job.lost("a picture without words", number)
        return text

    def _chosen(self) -> str:
        """The languages that are installed here."""
        if not self._languages:
            listed = self._run(["--list-langs"], b"").stdout.decode("utf-8", "replace").split("\n")[1:]
            known = [one.strip() for one in listed if one.strip() and one.strip() not in ("osd", "equ", "snum")]
            self._languages = (
                "+".join(sorted(known, key=lambda one: one != "eng")) if len(known) <= _LANGUAGES else "eng"
            )
        return self._languages or "eng"

    def _run(self, arguments: list[str], given: bytes) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [self._program or "tesseract", *arguments],
            input=given,
            capture_output=True,
            timeout=self._job.limits.recognition,
            check=False,
            env={**os.environ, "OMP_THREAD_LIMIT": "1"},
        )


def _picture(page: pdfium.PdfPage) -> bytes:
    """A page in grey, as a PGM file."""
    width, height = page.get_size()
    scale = min(_DPI / 72, (_PIXELS / max(width * height, 1)) ** 0.5)
    bitmap = page.render(scale=scale, grayscale=True)
    rows, stride, across = bitmap.height, bitmap.stride, bitmap.width
    data = bytes(bitmap.buffer)
    lines = b"".join(data[row * stride : row * stride + across] for row in range(rows))
    bitmap.close()
    return b"P5 %d %d 255\n%s" % (across, rows, lines)
