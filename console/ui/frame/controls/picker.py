"""A table in which a click on a row picks it. Cells are text, never markdown."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st
from pandas.io.formats.style import Styler

from console.ui.frame.text import NOTHING

_UNSCROLLED = 22
"""Rows that a table shows without scrolling in itself."""
_SCROLLED = 760
"""Pixels of a longer one."""


def pick_row(
    page: str,
    frame: pd.DataFrame | Styler,
    ids: Sequence[str],
    columns: Mapping[str, Any],
    picked: str | None,
    on_pick: Callable[[str], None],
    *,
    alt: str,
    order: Sequence[str] | None = None,
    ticked: Sequence[str] = (),
    on_tick: Callable[[list[str]], None] | None = None,
) -> None:
    """Draw the table; `on_pick` gets the id of the row that was clicked.

    The key of the table carries the rows in it, so that a selection never meets other rows than those it was made
    on; the picked row is marked whenever the table is drawn.

    Args:
        ids: of the rows, in order.
        picked: the id that is open now.
        order: names of the columns to show; None shows all.
        ticked: ids whose boxes are ticked; only with `on_tick`.
        on_tick: gets the ids that are ticked. Then the boxes tick, and a click anywhere else in a row picks it.
    """
    key = f"{page}.table.{hashlib.blake2s(' '.join(ids).encode(), digest_size=6).hexdigest()}"
    shown = ticked if on_tick else [picked]
    marked = [place for place, one in enumerate(ids) if one in shown]
    st.session_state[key] = {"selection": {"rows": marked, "columns": [], "cells": []}}
    st.dataframe(
        frame,
        column_order=order,
        column_config=dict(columns),
        hide_index=True,
        placeholder=NOTHING,
        height="content" if len(ids) <= _UNSCROLLED else _SCROLLED,
        key=key,
        on_select=lambda: _picked(key, ids, on_pick, on_tick),
        selection_mode=["multi-row" if on_tick else "single-row", "single-cell"],
        alt=alt,
    )


def _picked(
    key: str, ids: Sequence[str], on_pick: Callable[[str], None], on_tick: Callable[[list[str]], None] | None
) -> None:
    selection = st.session_state[key].selection
    rows = [row for row in selection.rows if row < len(ids)]
    cells = [row for row, _ in selection.cells if row < len(ids)]
    if on_tick and not cells:
        on_tick([ids[row] for row in rows])
    elif cells or rows:
        on_pick(ids[(cells or rows)[0]])
