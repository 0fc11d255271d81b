"""Which columns the run list shows: those of the address, else those that the person chose last, else all."""

from __future__ import annotations

import streamlit as st

from console.actions.runs.views import keep_columns
from console.records import User
from console.services import Services
from console.ui.frame.controls import filters
from console.ui.runs.lists.tables import ALL_COLUMNS
from console.ui.sign_in import saving

_KEY = "runs.columns"
_MINE = f"{_KEY}.mine"


def shown(shared: Services, user: User) -> list[str]:
    """Their names, in the table's own order. One request in a session."""
    asked = st.query_params.get("columns")
    names = asked.split(",") if asked else _mine(shared, user)
    return [name for name in ALL_COLUMNS if name in names] or list(ALL_COLUMNS)


def popover(shared: Services, user: User) -> None:
    """The choice. It is in the address, so that a link shows the same, and kept for the next visit."""
    st.session_state[_KEY] = shown(shared, user)
    with st.popover("Columns", icon=":material/view_column:", key=f"{_KEY}.popover"):
        saving.problem(_KEY)
        st.pills(
            "Columns", ALL_COLUMNS, key=_KEY, selection_mode="multi", label_visibility="collapsed",
            on_change=_choose, args=(shared,), width=300,
        )  # fmt: skip


def _mine(shared: Services, user: User) -> list[str]:
    if _MINE not in st.session_state:
        st.session_state[_MINE] = [] if shared.legacy else shared.views.columns(user.username)
    mine: list[str] = st.session_state[_MINE]
    return mine


def _choose(shared: Services) -> None:
    chosen = st.session_state.get(_KEY) or []
    names = [] if len(chosen) in (0, len(ALL_COLUMNS)) else chosen
    st.session_state[_MINE] = names
    filters.navigate({"columns": ",".join(names) or None})
    if not shared.legacy:
        saving.save(shared, _KEY, lambda actor: keep_columns(shared, actor, names), "")
