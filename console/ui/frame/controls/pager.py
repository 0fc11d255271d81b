"""From page to page of a list with cursors: those gone through are kept, so that there is a way back."""

from __future__ import annotations

from functools import partial

import streamlit as st


def cursor_of(key: str) -> str | None:
    """The cursor of the page that is shown; None on the first. `key` is the list's own, with what filters it."""
    cursors: list[str] = st.session_state.setdefault(key, [])
    return cursors[-1] if cursors else None


def pager(page: str, key: str, following: str | None, *, back: str = "Newer", on: str = "Older") -> None:
    """The ways to the pages before and after; nothing where there is one page.

    Args:
        page: begins the keys of the buttons.
        key: as of `cursor_of`.
        following: the cursor of the next page.
    """
    cursors: list[str] = st.session_state.setdefault(key, [])
    if not cursors and following is None:
        return
    with st.container(horizontal=True, vertical_alignment="center", key=f"{page.replace('.', '-')}-pager"):
        for label, icon, off, turn in (
            (back, ":material/chevron_left:", not cursors, partial(_back, key)),
            (on, ":material/chevron_right:", following is None, partial(cursors.append, following or "")),
        ):
            st.button(label, key=f"{page}.{label.lower()}", icon=icon, disabled=off, on_click=turn)
        st.caption(f"Page {len(cursors) + 1}")


def _back(key: str) -> None:
    if cursors := st.session_state.get(key):
        cursors.pop()
