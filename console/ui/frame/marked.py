"""Tables with styles of single cells, without the third of a page's time that pandas takes to draw them as HTML.

Streamlit asks a `Styler` for its styles and for the text of every cell; pandas makes both with a copy of the table per
column. Our columns say how their values are written, so that only the styles are needed.
"""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd
from pandas.io.formats.style import Styler

Css = tuple[tuple[str, str], ...]
"""Properties and their values."""
Mark = tuple[Css, int, int]
"""A style, and the place of its cell: row and column, counted from 0."""


def marked(frame: pd.DataFrame, marks: Iterable[Mark]) -> Styler:
    """A table of which some cells have a style of their own."""
    cells: dict[Css, list[str]] = {}
    for css, row, column in marks:
        cells.setdefault(css, []).append(f"row{row}_col{column}")
    styles = {"cellstyle": [{"props": list(css), "selectors": some} for css, some in cells.items()]}
    table = Styler(frame, uuid="marked")  # always the same name, so that the same table is the same message
    table._compute = lambda: table  # type: ignore[attr-defined]
    table._translate = lambda *_: styles  # type: ignore[attr-defined]
    return table


def weighty(color: str) -> Css:
    """A word in a colour, bold: an outcome or a verdict."""
    return (("color", color), ("font-weight", "600"))
