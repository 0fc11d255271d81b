"""Documents: the list, one of them with its texts side by side, and the form for a new one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from console.actions.runs import documents
from console.actions.runs.documents import DocumentView
from console.records import Document, DocumentSummary, User
from console.services import Services
from console.ui.charts import leads
from console.ui.frame import text
from console.ui.frame.card import card
from console.ui.frame.controls.columns import Column, moment_column, pick_record, text_column
from console.ui.frame.controls.filters import navigate
from console.ui.runs.lists import tables
from console.ui.sign_in import saving

NEW = "new"
"""In place of an id: the form."""
_FIELDS = ("documents.text", "documents.reference", "documents.metadata")
_MANY = 2_500
"""Characters from which on a text scrolls in its card."""
_LONG = 480
"""Pixels of such a card."""
_SHOWN = 100_000
"""Characters of a text that are shown; a file has all of it."""


def document_table(rows: Sequence[DocumentSummary], on_pick: Callable[[str], None]) -> None:
    """One page of the list, newest first."""
    columns: list[Column[DocumentSummary]] = [
        moment_column("Created", lambda row: row.created_on),
        text_column("Text", lambda row: row.preview, 620, "How the text begins"),
        text_column("Reference", lambda row: "yes" if row.has_reference else "no", 80),
        text_column("By", lambda row: row.created_by or None, 110),
        text_column("Id", lambda row: row.document_id, 120),
    ]
    pick_record("documents", rows, columns, lambda row: row.document_id, on_pick, alt="Documents")


def document_view(view: DocumentView) -> None:
    """A whole document, with the runs that were made from it."""
    document = view.document
    created = f"{text.moment(document.created_on)} by {document.created_by}"
    st.caption(text.plain(created))
    with st.grid(columns=2, min_column_width=360, gap=14, key="document-texts"):
        with card("Evaluated text", _size(document.evaluation_target), "document-target"):
            _whole(document.evaluation_target, "target")
        with card("Reference", _size(document.expected_output), "document-reference"):
            if document.expected_output is None:
                st.caption("None. Only cases that need no reference can use the document.")
            else:
                _whole(document.expected_output, "reference")
        with card("Metadata", "", "document-metadata"):
            if document.metadata:
                st.json(document.metadata, expanded=2)
            else:
                st.caption("None")
        with card("Use it", "The id for scripts and the API, and the address of this page", "document-use"):
            _use(document)
    _runs(view)


def document_form(shared: Services) -> None:
    """A new document. What is typed stays until it is saved or thrown away, also on other pages."""
    with st.container(border=True, key="card-document-form", gap="small"):
        _fields()
        saving.problem("documents.new")
        with st.container(horizontal=True, key="document-actions"):
            st.button("Save document", key="documents.save", type="primary", on_click=_create, args=(shared,))
            st.button("Throw away", key="documents.cancel", on_click=_throw_away)


def _fields() -> None:
    with st.grid(columns=2, min_column_width=320, gap=14, key="document-form"):
        st.text_area(
            "Text to evaluate", key=_FIELDS[0], height=320, persist_state="session",
            placeholder="What a judge will score: an answer, a summary, a translation …",
        )  # fmt: skip
        st.text_area(
            "Reference (optional)", key=_FIELDS[1], height=320, persist_state="session",
            placeholder="What a good one looks like, or the source it is made from",
        )  # fmt: skip
    st.text_area(
        "Metadata (optional)", key=_FIELDS[2], height=100, persist_state="session",
        placeholder='{"source": "support", "language": "en"}', help="A JSON object; kept exactly as it is",
    )  # fmt: skip


def _create(shared: Services) -> None:
    typed = [st.session_state[field] for field in _FIELDS]

    def act(user: User) -> None:
        navigate({"document": documents.create_document(shared, user, *typed).document_id})

    saving.save(shared, "documents.new", act, "The document is saved.", dict.fromkeys(_FIELDS, ""))


def _throw_away() -> None:
    st.session_state.update(dict.fromkeys(_FIELDS, ""))
    navigate({"document": None})


def _whole(body: str, name: str) -> None:
    with st.container(key=f"document-{name}-text", height=_LONG if len(body) > _MANY else "content", border=False):
        st.text(body[:_SHOWN])
    if len(body) > _SHOWN:
        st.caption(f"The first {_SHOWN:,} of {len(body):,} characters.")
        st.download_button(
            "Download all", body.encode(), f"{name}.txt", "text/plain", key=f"documents.{name}", on_click="ignore"
        )


def _size(body: str | None) -> str:
    return "" if not body else f"{len(body):,} characters, {len(body.split()):,} words"


def _use(document: Document) -> None:
    st.code(document.document_id, language=None, wrap_lines=True)
    address = (st.context.url or "").split("?")[0]
    st.code(f"{address}?document={document.document_id}", language=None, wrap_lines=True)


def _runs(view: DocumentView) -> None:
    among = "" if view.complete else f"Among the latest {documents.LATEST} runs since it was made"
    with card("Runs made from it", among, "document-runs"):
        if view.runs:
            tables.run_picker("document-runs", view.runs, tables.RECENT, leads.opens("runs", "run"))
        else:
            st.caption("None yet" if view.complete else "None of these")
