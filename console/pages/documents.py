"""Documents: stored texts that runs can be made from. `?document=` opens one, `?document=new` the form."""

from __future__ import annotations

import streamlit as st

from console.actions.runs.documents import load_document
from console.records import Role, User
from console.services import Services
from console.ui.evaluate import documents
from console.ui.frame.boundary import nothing
from console.ui.frame.controls import filters
from console.ui.frame.controls.pager import cursor_of, pager
from console.ui.frame.session import back, page_title
from console.ui.sign_in import auth

PAGE_ROWS = 50
CURSORS = "documents.cursors"


def main() -> None:
    """The page."""
    with auth.page("documents") as (shared, user):
        opened = st.query_params.get("document")
        may_add = user.role.includes(Role.EVALUATOR)
        if opened == documents.NEW and may_add:
            _head(shared, "New document")
            documents.document_form(shared)
        elif opened and opened != documents.NEW:
            _head(shared, "Document")
            documents.document_view(load_document(shared, opened))
        else:
            _list(shared, user)


def _head(shared: Services, title: str) -> None:
    """The heading of one document, with the way back to the list."""
    back("All documents", "documents.back", _show, None)
    with st.container(horizontal=True, vertical_alignment="bottom", key="documents-head"):
        page_title(shared, title)


def _list(shared: Services, user: User) -> None:
    """One page of the list, and the way to the next."""
    may_add = user.role.includes(Role.EVALUATOR)
    with st.container(horizontal=True, vertical_alignment="bottom", key="documents-head"):
        page_title(shared, "Documents")
        if may_add:
            st.button(
                "New document",
                key="documents.add",
                icon=":material/add:",
                type="primary",
                on_click=_show,
                args=(documents.NEW,),
            )
    cursor = cursor_of(CURSORS)
    page = shared.documents.list(limit=PAGE_ROWS, cursor=cursor)
    if page.items:
        documents.document_table(page.items, _show)
    elif cursor is None:
        advice = "Add a text that is to be evaluated." if may_add else "Evaluators can add them."
        nothing("There are no documents yet", f"{advice} Runs can be made from it again and again.", "documents")
    pager("documents", CURSORS, page.cursor, back="Previous", on="Next")


def _show(document_id: str | None) -> None:
    filters.navigate({"document": document_id})


main()
