"""Batches: all of them with what they found, or one with its results, its rows, and another one beside it.

`?batch=` opens a batch, `&baseline=` compares it with another one.
"""

from __future__ import annotations

import streamlit as st

from console.records import Role, User
from console.services import Services
from console.ui.evaluate import batch_list, batch_view
from console.ui.frame.boundary import boundary, nothing
from console.ui.frame.session import back, page_title, services
from console.ui.sign_in import auth


def main() -> None:
    """The page."""
    with boundary("batches"):
        shared = services()
        user = auth.require_role(shared, Role.VIEWER)
        batch_id = st.query_params.get("batch")
        if batch_id:
            back("All batches", "batches.back", batch_list.show, None)
            page_title(shared, "Batch")
            batch_view.batch_view(shared, batch_id)
            return
        page_title(shared, "Batches")
        _list(shared, user)


def _list(shared: Services, user: User) -> None:
    """A page of them, newest first."""
    cursors: list[str] = st.session_state.setdefault("batches.cursors", [])
    page = shared.batches.list(limit=batch_list.PAGE_ROWS, cursor=cursors[-1] if cursors else None)
    if not page.items:
        nothing("There are no batches yet", "A file of texts becomes one.", "batches", "evaluate")
        return
    batch_list.open_batches(shared, user, page.items)
    batch_list.all_batches(shared, page.items)
    if not cursors and page.cursor is None:
        return
    with st.container(horizontal=True, vertical_alignment="center", key="batches-pager"):
        st.button(
            "Newer", key="batches.newer", icon=":material/chevron_left:", disabled=not cursors, on_click=_newer,
        )  # fmt: skip
        st.button(
            "Older", key="batches.older", icon=":material/chevron_right:", disabled=page.cursor is None,
            on_click=cursors.append, args=(page.cursor,),
        )  # fmt: skip


def _newer() -> None:
    if cursors := st.session_state.get("batches.cursors"):
        cursors.pop()


main()
