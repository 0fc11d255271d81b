"""Text that people wrote, made safe for labels; numbers with their units; names."""

from __future__ import annotations

import html as _html
import re
import string
from datetime import UTC, date, datetime

from console.records import Judge
from console.ui.frame.clock import Moment, local

NOTHING = "–"
_JOINER = "\u2060"
"""Word joiner: invisible, and ends what a markdown extension would take for a link, an emoji or an icon."""
_ESCAPED = {ord(mark): f"\\{mark}{_JOINER if mark in ':@' else ''}" for mark in string.punctuation}
"""Marks of ASCII, as markdown shows them."""


def plain(text: object, limit: int | None = None) -> str:
    """`text` so that a label, caption or tooltip shows it character by character.

    Streamlit renders these as markdown, where an image is a request to its host. Every ASCII punctuation mark is
    escaped (CommonMark 2.4); links and emoji codes, which are found after parsing, are broken by a word joiner.
    """
    line = re.sub(r"\s+", " ", str(text)).strip()
    if limit is not None:
        line = shorten(line, limit)
    return re.sub(r"(?i)\b(w)(ww)", rf"\1{_JOINER}\2", line.translate(_ESCAPED))


def html(text: str) -> str:
    """`text` for HTML that we write ourselves: the only way of foreign text into it."""
    return _html.escape(text, quote=True)


def shorten(text: str, limit: int) -> str:
    """At most `limit` characters, an ellipsis for the rest."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def line(text: str, limit: int) -> str:
    """How a text begins, in one line of at most `limit` characters."""
    return shorten(" ".join(text[: 2 * limit].split()), limit)


def score(value: float | None, digits: int = 3) -> str:
    """A score, as a number without a unit."""
    return NOTHING if value is None else f"{value:.{digits}f}"


def percent(ratio: float | None) -> str:
    """A ratio 0..1 as a percentage with one digit."""
    return NOTHING if ratio is None else f"{ratio * 100:.1f} %"


def count(number: float | None) -> str:
    """A whole number with thousands separated; from ten million on, in millions."""
    if number is None:
        return NOTHING
    if abs(number) >= 10_000_000:
        return f"{number / 1_000_000:,.1f} M"
    return f"{number:,.0f}"


def plural(number: int, word: str) -> str:
    """A number of things, such as `1 row` or `1,000 rows`."""
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"


def duration(seconds: float | None) -> str:
    """Seconds as milliseconds, seconds, minutes or hours, whichever reads best."""
    if seconds is None:
        return NOTHING
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 100:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def money(dollars: float | None) -> str:
    """US dollars with as many digits as small amounts need."""
    if dollars is None:
        return NOTHING
    if not dollars:
        return "$0"
    if abs(dollars) < 0.1:
        return f"${dollars:.4f}"
    return f"${dollars:,.2f}"


def day(value: date) -> str:
    """A day, such as `22 Nov 2026`."""
    return f"{value.day} {value:%b %Y}"


def moment(value: datetime | None) -> str:
    """A moment in the viewer's zone, such as `22 Nov 2026, 15:03:07 CET`; it knows the same in UTC."""
    if value is None:
        return NOTHING
    return Moment(*(f"{day(one.date())}, {one:%H:%M:%S %Z}" for one in (local(value), value.astimezone(UTC))))


def judge_name(name: str | None, judge_id: str) -> str:
    """The name of a judge; those of the old system may have none."""
    return name or f"Judge {judge_id[:8]}"


def judge_label(judge: Judge) -> str:
    """A judge in a list of choices: its name with its case."""
    return f"{judge_name(judge.name, judge.judge_id)} ({shorten(judge.case_name, 25)})"


def size(number: int | None) -> str:
    """Bytes as bytes, KB, MB or GB (powers of 1,000), whichever reads best."""
    if number is None:
        return NOTHING
    for unit in ("bytes", "KB", "MB"):
        if number < 1_000:
            return f"{number:,.0f} {unit}" if unit == "bytes" or number >= 100 else f"{number:,.1f} {unit}"
        number /= 1_000  # type: ignore[assignment]
    return f"{number:,.1f} GB"
