"""Headline numbers side by side as one element: a page with fifteen of them draws as fast as with one.

Each `st.metric` with a question mark is a dozen of components in the browser; many on a page are half of its time.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import streamlit as st

from console.ui.frame.text import html


@dataclass(frozen=True, slots=True)
class Tile:
    """One number: its name, how it is written, what stands below it, and what it means (behind a question mark)."""

    name: str
    value: str
    note: str = ""
    why: str = ""

    def markup(self) -> str:
        """As HTML; every word is escaped."""
        name, why = html(self.name), html(self.why)
        mark = f'<button type="button" class="tile-why" aria-label="{why}" data-why="{why}">?</button>' if why else ""
        note = f'<dd class="tile-note">{html(self.note)}</dd>' if self.note else ""
        return f'<div class="tile"><dt>{name}{mark}</dt><dd class="tile-value">{html(self.value)}</dd>{note}</div>'


def tiles(shown: Iterable[Tile], width: int = 150) -> None:
    """The numbers in a row, or in several where there is no room.

    Args:
        width: pixels below which no tile gets narrower.
    """
    inside = "".join(tile.markup() for tile in shown)
    st.html(f'<dl class="tiles" style="--tile-width: {width}px">{inside}</dl>')
