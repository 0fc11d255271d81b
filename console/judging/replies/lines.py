"""A form that is written as lines instead of JSON: `Score: 4`, `**Rating:** 4/5`, `<score>4</score>`, `score=4`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from console.judging.replies.numerals import Numeral, read_numeral

_REASON = r"(?:reason(?:ing)?|explanation|rationale|justification|comment)"
_LINE = re.compile(
    r"^(?:[ \t]*\d{1,2}[.)])?[ \t>*#|\-•\"'`_(\[]*(?:\w+\()?"
    r"(?:(?:the|my|final|overall|total)[ _]+)*(?:score|rating|grade)"
    r"(?:[ \t]*\([^()\n]*\))?[ \t*_`|\"']*(?:[:=|]|->|=>|–|—| -)(?P<value>[^\n]*)$",
    re.IGNORECASE | re.MULTILINE,
)
_HEADING = re.compile(
    r"^[ \t>*#_]*(?:(?:final|overall)[ _]+)?(?:score|rating|grade)[ \t*_:]*\n\s*(?P<value>[^\n]+)$",
    re.IGNORECASE | re.MULTILINE,
)
_TAG = re.compile(r"<(?P<name>(?:final_)?(?:score|rating|grade))>(?P<value>[^<>]*)</(?P=name)>", re.IGNORECASE)
_ATTRIBUTE = re.compile(
    r"<\w+\s(?:[^<>]{0,200}\s)?(?:score|rating|grade)\s?=\s?([\"'])(?P<value>[^\"'<>]*)\1[^<>]*>", re.IGNORECASE
)
_TABLE = re.compile(
    r"^[ \t]*\|(?P<head>[^\n]+)\|[ \t]*\n[ \t]*\|[ \t:|-]+\|[ \t]*\n[ \t]*\|(?P<row>[^\n]+)\|[ \t]*$"
    r"(?P<more>\n[ \t]*\|)?",
    re.MULTILINE,
)
_COLUMN = re.compile(r"(?:(?:final|overall|total) )?(?:score|rating|grade)(?: \([^()]*\))?", re.IGNORECASE)
_OTHER_FIELD = re.compile(rf"(?<![\s,;|])[\s,;|]+[\"'*_]*{_REASON}[\"'*_]*\s*[:=]|\)\s*$", re.IGNORECASE)
_REASON_LINE = re.compile(
    rf"(?:^|[\s,;|])[*#_\"']*{_REASON}[*_\"']*\s*[:=][*_\"' ]*(?P<text>[^\n]+)|<{_REASON}>(?P<tagged>[^<>]*)</",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Line:
    """A line that says what the score is."""

    begin: int
    end: int
    number: Numeral | None
    """Its place is that in the whole text; None where the line states no single number."""
    reason: str = ""


def read_lines(text: str, start: int) -> list[Line]:
    """The lines of a text that say what the score is, from a place on."""
    said = _REASON_LINE.search(text, start)
    reason = (said["text"] or said["tagged"] or "").strip(" \t*_\"'),}") if said else ""
    return [replace(line, reason=reason) for line in sorted(_lines(text, start), key=lambda line: line.begin)]


def _lines(text: str, start: int) -> Iterator[Line]:
    seen: set[int] = set()
    tables = [line for found in _TABLE.finditer(text, start) if (line := _of_table(found))]
    yield from tables
    for pattern in (_TAG, _ATTRIBUTE, _LINE, _HEADING):
        for found in pattern.finditer(text, start):
            begin, value = found.start("value"), found["value"]
            if not value.strip(" \t*_`|\"'") or begin in seen or any(one.begin <= begin < one.end for one in tables):
                continue
            seen.add(begin)
            other = _OTHER_FIELD.search(value)
            number = read_numeral(value[: other.start()] if other else value.rstrip(" \t|,;"))
            yield Line(found.start(), found.end(), _moved(number, begin))


def _of_table(found: re.Match[str]) -> Line | None:
    """The row of a table that has a column for the score; its number is None where there are several rows."""
    heads = [cell.strip(" \t*_`") for cell in found["head"].split("|")]
    places = [place for place, head in enumerate(heads) if _COLUMN.fullmatch(head)]
    cells = found["row"].split("|")
    if len(places) != 1 or len(cells) != len(heads) or any(read_numeral(head) for head in heads):
        return None
    begin = found.start("row") + sum(len(cell) + 1 for cell in cells[: places[0]])
    number = None if found["more"] else read_numeral(cells[places[0]])
    return Line(found.start(), found.end("row"), _moved(number, begin))


def _moved(number: Numeral | None, by: int) -> Numeral | None:
    return replace(number, start=by + number.start, end=by + number.end) if number else None
