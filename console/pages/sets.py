"""Test sets: all of them, or one with its items, its versions and its experiments.

`?set=` opens a set, `&version=` shows an older version of it, `&item=` opens an item; `?runs=` adds runs to a set.
"""

from __future__ import annotations

import streamlit as st

from console.records import Role, User
from console.services import Services
from console.ui.frame.boundary import nothing
from console.ui.frame.controls.pager import cursor_of, pager
from console.ui.frame.session import back, page_title
from console.ui.sets import set_list, set_view
from console.ui.sign_in import auth

PAGE_ROWS = 50
_CURSORS = "sets.list.cursors"


def main() -> None:
    """The page."""
    with auth.page("sets") as (shared, user):
        opened = st.query_params.get("set")
        if opened:
            back("All test sets", "sets.back", set_list.open_set, None)
            page_title(shared, "Test set")
            set_view.set_view(shared, user, opened)
        else:
            _list(shared, user)


def _list(shared: Services, user: User) -> None:
    may = user.role.includes(Role.EVALUATOR)
    with st.container(horizontal=True, vertical_alignment="bottom", key="sets-head"):
        page_title(shared, "Test sets")
        if may:
            set_list.new_set(shared)
    runs = st.query_params.get("runs")
    if runs and may:
        set_list.runs_form(shared, runs)
    cursor = cursor_of(_CURSORS)
    page = shared.sets.list(PAGE_ROWS, cursor)
    if page.items:
        set_list.set_table(page.items)
    elif cursor is None:
        advice = "Make one from a file, from runs that you tick in the run list, or by hand." if may else ""
        nothing("There are no test sets yet", advice or "Evaluators can make them.", "sets")
    pager("sets", _CURSORS, page.cursor)


main()
