"""Batches: all of them with what they found, or one with its results, its rows, and another one beside it.

`?batch=` opens a batch, `&baseline=` compares it with another one.
"""

from __future__ import annotations

import streamlit as st

from console.records import User
from console.services import Services
from console.ui.evaluate import batch_list, batch_view
from console.ui.frame.boundary import nothing
from console.ui.frame.controls.pager import cursor_of, pager
from console.ui.frame.session import back, page_title
from console.ui.sign_in import auth

_CURSORS = "batches.cursors"


def main() -> None:
    """The page."""
    with auth.page("batches") as (shared, user):
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
    page = shared.batches.list(limit=batch_list.PAGE_ROWS, cursor=cursor_of(_CURSORS))
    if not page.items:
        nothing("There are no batches yet", "A file of texts becomes one.", "batches", "evaluate")
        return
    batch_list.open_batches(shared, user, page.items)
    batch_list.all_batches(shared, page.items)
    pager("batches", _CURSORS, page.cursor)


main()
