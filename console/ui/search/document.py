"""One document of a collection, beside the others: its chunks as text, and the way to what is like them."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from console.actions.collections import collections as actions
from console.errors import NotFound
from console.records import Chunk, Collection, Json
from console.services import Services
from console.ui.frame import text
from console.ui.frame.controls import filters, linked
from console.ui.sign_in.saving import problem, save

PAGE_CHUNKS = 20
_UNSAID = ("start", "end", "addedBy")


def document_panel(shared: Services, collection: Collection, filename: str, *, admin: bool) -> None:
    """The chunks of a document, 20 at a time."""
    chunks = shared.vectors.of_document(collection.collection_id, filename)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="collections-panel-head"):
        st.header(text.plain(filename, 60), anchor=False, width="content")
        if admin and chunks:
            _delete_popover(shared, collection, filename)
        linked.close("collections.close", "document", "from")
    if not chunks:
        raise NotFound("document", filename)
    first = min(_number(st.query_params.get("from")), len(chunks) - 1) // PAGE_CHUNKS * PAGE_CHUNKS
    for chunk in chunks[first : first + PAGE_CHUNKS]:
        _chunk(collection, chunk)
    _pager(first, chunks)


def place(chunk: Chunk) -> str:
    """Where a chunk stands in its document; plain text."""
    parts = [f"Chunk {chunk.chunk_index + 1}"]
    parts += [f"{name} {chunk.metadata[name]}" for name in ("page", "row") if name in chunk.metadata]
    return ", ".join(parts)


def said_metadata(metadata: Json) -> Json:
    """What of the metadata says more than where the chunk stands."""
    return {name: value for name, value in metadata.items() if name not in _UNSAID}


def _chunk(collection: Collection, chunk: Chunk) -> None:
    with st.container(border=True, gap="xsmall", key=f"chunk-{chunk.chunk_index}-{chunk.chunk_id}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(text.plain(place(chunk)))
            st.page_link(
                "console/pages/search.py", label="Find similar", icon=":material/search:",
                query_params={"collection": collection.collection_id, "by": "chunk", "chunk": chunk.chunk_id},
                width="content",
            )  # fmt: skip
        st.text(chunk.text)


def _pager(first: int, chunks: Sequence[Chunk]) -> None:
    if len(chunks) <= PAGE_CHUNKS:
        return
    with st.container(horizontal=True, vertical_alignment="center", key="collections-pager"):
        for words, icon, start in (("Previous", "left", first - PAGE_CHUNKS), ("Next", "right", first + PAGE_CHUNKS)):
            st.button(
                words, key=f"collections.{words.lower()}", icon=f":material/chevron_{icon}:",
                disabled=not 0 <= start < len(chunks), on_click=filters.navigate, args=({"from": str(start)},),
            )  # fmt: skip
        st.caption(f"Chunks {first + 1} to {min(first + PAGE_CHUNKS, len(chunks))} of {len(chunks):,}")


def _delete_popover(shared: Services, collection: Collection, filename: str) -> None:
    with st.popover("Delete", icon=":material/delete:", key="collections.document.delete"):
        st.caption("Removes the document with its chunks for good.")
        problem("collections.document")
        st.button(
            "Delete this document",
            key="collections.document.yes",
            on_click=_delete,
            args=(shared, collection, filename),
        )


def _delete(shared: Services, collection: Collection, filename: str) -> None:
    done = save(
        shared,
        "collections.document",
        lambda actor: actions.delete_document(shared, actor, collection.collection_id, filename),
        "The document is deleted.",
    )
    if done:
        filters.navigate({"document": None, "from": None})


def _number(typed: str | None) -> int:
    return int(typed) if typed and typed.isdecimal() and len(typed) < 9 else 0
