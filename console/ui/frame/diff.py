"""Side-by-side differences of texts, as a table of HTML.

What people wrote goes through `text.html`; tags and class names are constants of this module. The browser's side
(`st.html`) sanitises once more. Removed is orange, struck through and marked with a minus, added is blue, underlined
and marked with a plus, so that no one has to tell colours apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import Match, SequenceMatcher
from itertools import accumulate, islice, pairwise, takewhile
from typing import Literal

import streamlit as st

from console.ui.frame import text

CONTEXT = 2
"""Equal lines shown around a change; longer stretches are folded."""
_EFFORT = 4_000_000
"""Comparisons that one search for what two lists have in common may cost; of words beyond it sentences are compared."""
_MOST_LINES = 20_000
"""Lines that are compared; the others are counted."""
_MOST_PAIRS = 400
"""Pairs of changed lines that are compared to find those that belong together; beyond it they pair in order."""
_ALIKE = 0.3
"""Share of words that two lines have in common from which on one is a version of the other."""
_KEPT = 0.2
"""Share of the characters that two lines must have in common for single words to be marked."""
_MOST_ROWS = 2_000
_WORDS = re.compile(r"\w+|\s+|[^\w\s]")
_SENTENCES = re.compile(r".+?(?:[.!?]\s+|$)", re.DOTALL)
Change = Literal["same", "old", "new"]
Opcode = tuple[Literal["replace", "delete", "insert", "equal"], int, int, int, int]
Line = list[tuple[Change, str]]
"""A line in pieces that were kept, taken out or put in."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of both sides; None where a side has no such line."""

    left: Line | None
    right: Line | None
    left_number: int = 0
    """1-based; 0 without a line."""
    right_number: int = 0

    @property
    def changed(self) -> bool:
        """Whether the sides differ here."""
        return self.left != self.right


@dataclass(frozen=True, slots=True)
class Section:
    """Two values of one field. `label` is our own word for it."""

    label: str
    left: str
    right: str
    note: str = ""
    """Our own remark beside the label."""


def show(sections: Sequence[Section], left_title: str = "", right_title: str = "") -> None:
    """The differing fields side by side, and the names of the equal ones.

    Args:
        left_title, right_title: what the sides are, where that is not said above; any text.
    """
    changed = [section for section in sections if section.left != section.right]
    same = [section.label for section in sections if section.left == section.right]
    if changed:
        st.html(markup(changed, left_title, right_title))
    if same:
        st.caption(f"{'The same' if changed else 'Nothing differs'}: {text.plain(', '.join(same))}")


def markup(sections: Sequence[Section], left_title: str, right_title: str) -> str:
    """The HTML of the sections, one table."""
    parts = ['<table class="geval-diff"><colgroup><col class="no"><col><col class="no"><col></colgroup>']
    if left_title or right_title:
        titles = "".join(f'<th colspan="2" scope="col">{text.html(title)}</th>' for title in (left_title, right_title))
        parts.append(f"<thead><tr>{titles}</tr></thead>")
    for section in sections:
        note = f" <span>{text.html(section.note)}</span>" if section.note else ""
        parts.append(
            f'<tbody><tr class="field"><th colspan="4" scope="rowgroup">{text.html(section.label)}{note}</th></tr>'
        )
        left, right = _head(section.left), _head(section.right)
        rows = _rows(compare(left, right), numbered="\n" in left + right)
        parts += islice(rows, _MOST_ROWS)
        rest = max(one.count("\n", len(head)) for one, head in ((section.left, left), (section.right, right)))
        parts += _fold(sum(1 for _ in rows) + rest, "more")
        parts.append("</tbody>")
    return "".join([*parts, "</table>"])


def _head(whole: str) -> str:
    """The lines of a text that are compared."""
    end = -1
    for _ in range(_MOST_LINES):
        end = whole.find("\n", end + 1)
        if end < 0:
            return whole
    return whole[:end]


def compare(left: str, right: str) -> list[Row]:
    """The lines of two texts aligned, changed lines word by word."""
    old, new = left.split("\n"), right.split("\n")
    rows: list[Row] = []
    budget = Budget()
    for tag, i, i_end, j, j_end in _opcodes(old, new, budget) or _ends(old, new):
        if tag == "equal":
            same = (_whole("same", line) for line in old[i:i_end])
            rows += [Row(line, line, i + n, j + n) for n, line in enumerate(same, start=1)]
        else:
            rows += _changed(old[i:i_end], new[j:j_end], i + 1, j + 1, budget)
    return rows


def _changed(old: Sequence[str], new: Sequence[str], first_old: int, first_new: int, budget: Budget) -> Iterator[Row]:
    """Rows of a block in which every line changed: lines that resemble each other stand side by side."""
    i = j = 0
    for left, right in [*_alike(old, new), (len(old), len(new))]:
        for n in range(i, left):
            yield Row(_whole("old", old[n]), None, first_old + n, 0)
        for n in range(j, right):
            yield Row(None, _whole("new", new[n]), 0, first_new + n)
        if left < len(old):
            one, other = words(old[left], new[right], budget)
            yield Row(one, other, first_old + left, first_new + right)
        i, j = left + 1, right + 1


def _alike(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    """Places of lines that are versions of each other, in order: the pairs with the greatest resemblance in sum."""
    long = sum(map(len, [*old, *new])) * max(len(old), len(new)) > _EFFORT
    if len(old) * len(new) > _MOST_PAIRS or long or len(old) == len(new) == 1:
        return [(n, n) for n in range(min(len(old), len(new)))]
    best: list[list[tuple[float, list[tuple[int, int]]]]] = [[(0.0, [])] * (len(new) + 1)]
    for i, one in enumerate(old):
        row: list[tuple[float, list[tuple[int, int]]]] = [(0.0, [])]
        for j, other in enumerate(new):
            near = SequenceMatcher(None, _WORDS.findall(one), _WORDS.findall(other), autojunk=False).quick_ratio()
            before = best[i][j]
            pair = (before[0] + near, [*before[1], (i, j)]) if near >= _ALIKE else before
            row.append(max(best[i][j + 1], row[j], pair, key=lambda option: option[0]))
        best.append(row)
    return best[-1][-1][1]


def words(left: str, right: str, budget: Budget | None = None) -> tuple[Line, Line]:
    """Two lines in pieces: words that both have are kept. Lines with little in common are changed as a whole."""
    budget = budget or Budget()
    budget.left -= len(left) + len(right)
    if budget.left < 0:
        return _whole("old", left), _whole("new", right)
    old, new = _WORDS.findall(left), _WORDS.findall(right)
    found = _opcodes(old, new, budget) if len(old) * len(new) <= _EFFORT else None
    if found is None:
        return _sentences(left, right, budget)
    before: Line = []
    after: Line = []
    kept = 0
    for tag, i, i_end, j, j_end in found:
        one, other = "".join(old[i:i_end]), "".join(new[j:j_end])
        same = tag == "equal" and not (one.isspace() and before and j_end < len(new))
        kept += len(one) if same else 0
        _join(before, "same" if same else "old", one)
        _join(after, "same" if same else "new", other)
    if kept < _KEPT * max(len(left), len(right)):
        return _whole("old", left), _whole("new", right)
    return before, after


def _sentences(left: str, right: str, budget: Budget) -> tuple[Line, Line]:
    """Two very long lines in pieces: sentences that changed are compared word by word where they pair."""
    old, new = _SENTENCES.findall(left), _SENTENCES.findall(right)
    few = len(old) * len(new) <= _EFFORT and len(old) > 1 and len(new) > 1
    found = _opcodes(old, new, budget) if few else None
    if found is None:
        return _whole("old", left), _whole("new", right)
    before: Line = []
    after: Line = []
    for tag, i, i_end, j, j_end in found:
        paired = tag == "replace" and i_end - i == j_end - j
        pairs = (
            zip(old[i:i_end], new[j:j_end], strict=True) if paired else [("".join(old[i:i_end]), "".join(new[j:j_end]))]
        )
        for one, other in pairs:
            if tag == "equal":
                pieces = _whole("same", one), _whole("same", other)
            else:
                pieces = words(one, other, budget) if paired else (_whole("old", one), _whole("new", other))
            for side, line in zip((before, after), pieces, strict=True):
                for change, piece in line:
                    _join(side, change, piece)
    return before, after


@dataclass(slots=True)
class Budget:
    """What comparing two texts may still cost, all their lines together."""

    left: int = 3 * _EFFORT


class _TooMuch(Exception):
    """A comparison would cost more than it may."""


class _Bounded(SequenceMatcher[str]):
    """A comparison that stops where it has cost `_EFFORT`: of texts that repeat themselves it is cubic.

    A thousand words "a" against "b a b a ..." took 28 s, in which nobody else's page got on.
    """

    def __init__(self, old: Sequence[str], new: Sequence[str], most: int) -> None:
        super().__init__(None, old, new, autojunk=len(old) * len(new) > _EFFORT)
        places: dict[str, list[int]] = self.b2j  # type: ignore[attr-defined]
        self._until = [0, *accumulate(1 + len(places.get(one, ())) for one in old)]
        self._most = most
        self.cost = 0

    def find_longest_match(self, alo: int = 0, ahi: int | None = None, blo: int = 0, bhi: int | None = None) -> Match:
        """As `difflib`. Raises _TooMuch."""
        self.cost += self._until[-1 if ahi is None else ahi] - self._until[alo]
        if self.cost > self._most:
            raise _TooMuch
        return super().find_longest_match(alo, ahi, blo, bhi)


def _opcodes(old: Sequence[str], new: Sequence[str], budget: Budget) -> list[Opcode] | None:
    """What makes one list of the other; None where finding out would cost too much."""
    bounded = _Bounded(old, new, min(budget.left, _EFFORT))
    try:
        return list(bounded.get_opcodes())
    except _TooMuch:
        return None
    finally:
        budget.left -= bounded.cost


def _ends(old: Sequence[str], new: Sequence[str]) -> list[Opcode]:
    """What makes one list of the other by what they begin and end with alone."""
    shorter = min(len(old), len(new))
    begin = sum(1 for _ in takewhile(lambda n: old[n] == new[n], range(shorter)))
    end = sum(1 for _ in takewhile(lambda n: old[-1 - n] == new[-1 - n], range(shorter - begin)))
    edges = (0, begin, len(old) - end, len(old)), (0, begin, len(new) - end, len(new))
    kinds: tuple[Literal["equal", "replace"], ...] = ("equal", "replace", "equal")
    spans = zip(kinds, *(pairwise(side) for side in edges), strict=True)
    return [(kind, i, i_end, j, j_end) for kind, (i, i_end), (j, j_end) in spans if i < i_end or j < j_end]


def _join(line: Line, change: Change, piece: str) -> None:
    """Add a piece to a line, to the last one where that is of the same kind."""
    if line and line[-1][0] == change:
        line[-1] = (change, line[-1][1] + piece)
    elif piece:
        line.append((change, piece))


def _whole(change: Change, line: str) -> Line:
    return [(change, line)] if line else []


def _rows(rows: Sequence[Row], *, numbered: bool) -> Iterator[str]:
    """Table rows; stretches of equal lines beyond the context are folded into one."""
    near = [any(row.changed for row in rows[max(n - CONTEXT, 0) : n + CONTEXT + 1]) for n in range(len(rows))]
    folded = 0
    for row, shown in zip(rows, near, strict=True):
        if not shown:
            folded += 1
            continue
        yield from _fold(folded, "equal")
        folded = 0
        left = _cell(row.left, row.left_number if numbered else "", row, "old")
        right = _cell(row.right, row.right_number if numbered else "", row, "new")
        yield f"<tr>{left}{right}</tr>"
    yield from _fold(folded, "equal")


def _fold(lines: int, which: Literal["equal", "more"]) -> Iterator[str]:
    if lines:
        yield f'<tr class="fold"><td colspan="4">{lines:,} {which} line{"s" if lines > 1 else ""}</td></tr>'


def _cell(line: Line | None, number: int | str, row: Row, side: Change) -> str:
    if line is None:
        return '<td class="no"></td><td class="none"></td>'
    kind = side if row.changed else "same"
    return f'<td class="no {kind}">{number}</td><td class="{kind}"><bdi>{"".join(map(_piece, line))}</bdi></td>'


def _piece(piece: tuple[Change, str]) -> str:
    change, words_of_people = piece
    tag = {"old": "del", "new": "ins"}.get(change)
    body = text.html(words_of_people)
    return f"<{tag}>{body}</{tag}>" if tag else body
