"""Plain text and markdown, kept as they are written; a web page that calls itself text is read as one."""

from __future__ import annotations

from collections.abc import Iterator

from console.search.files.decoding import decoded
from console.search.files.formats.html import looks_like_html, read_html
from console.search.files.formats.sections import Job, Section


def read_text(job: Job) -> Iterator[Section]:
    """All of a text as one section."""
    if looks_like_html(job.content):
        yield from read_html(job)
    else:
        yield Section(decoded(job.content))
