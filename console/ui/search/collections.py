"""The page of collections: the list, one collection with its figures and documents, making and deleting."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from console.actions.collections import collections as actions
from console.actions.collections.collections import CollectionView
from console.errors import InvalidInput
from console.records import Collection, CollectionDocument, User
from console.search.embedding.embedders import EMBEDDERS
from console.services import Services
from console.ui.frame import text
from console.ui.frame.boundary import nothing
from console.ui.frame.controls import filters, linked
from console.ui.frame.controls.columns import Column, moment_column, number_column, pick_record, text_column
from console.ui.frame.navigation import link_to
from console.ui.search.upload import SYNC
from console.ui.sign_in.saving import problem, save

_NEW = "collections.new"
_ROUND = "collections.round"
_TYPED = "collections.delete.name"
_EMBEDDER_WORDS = {
    "minilm": "MiniLM, on this machine: free, 384 dimensions",
    "openai": "OpenAI-compatible service, 384 dimensions",
    "bedrock": "Amazon Bedrock Titan, 512 dimensions",
}


def collection_table(known: Sequence[Collection]) -> None:
    """Every collection; a click opens one."""
    columns: list[Column[Collection]] = [
        text_column("Name", lambda one: one.name, 260),
        number_column("Documents", lambda one: one.total_documents, 90, "%,d"),
        number_column(
            "Chunks", lambda one: one.total_chunks, 80, "%,d", "Pieces of about 200 tokens that are searched"
        ),
        text_column("Embedder", lambda one: one.embedder, 90),
        number_column("Dimensions", lambda one: one.dimension, 90, "%d"),
        text_column("Packed", _packed, 90, "Packed vectors, from which a search starts", right=True),
        text_column("State", _state, 120),
        moment_column("Updated", lambda one: one.updated_at, 138),
        text_column("By", lambda one: one.user_id, 130),
    ]
    pick_record(
        "collections", known, columns, lambda one: one.collection_id, linked.opens("collection"), alt="Collections"
    )


def _packed(one: Collection) -> str | None:
    return text.size(one.block_bytes) if one.block_bytes else None


def no_collections(*, admin: bool) -> None:
    """What to do when there are none."""
    advice = (
        "Make one with New collection, and add the texts that are to be found by their meaning."
        if admin
        else "Admins can make one and add texts to it."
    )
    nothing("There are no collections yet", advice, "collections")


def create_popover(shared: Services) -> None:
    """A new, empty collection."""
    with (
        st.popover("New collection", icon=":material/add:", type="primary", key=f"collections.adding.{_round()}"),
        st.form(_NEW, border=False),
    ):
        st.text_input("Name", key=f"{_NEW}.name", max_chars=actions.LONGEST_NAME)
        st.selectbox(
            "Embedder", list(EMBEDDERS), key=f"{_NEW}.embedder", format_func=_EMBEDDER_WORDS.__getitem__,
            help="Turns texts into vectors. It stays with the collection: vectors of two embedders cannot be compared",
        )  # fmt: skip
        problem(_NEW)
        st.form_submit_button("Create", key=f"{_NEW}.save", type="primary", on_click=_create, args=(shared,))


def view_of(shared: Services, collection: Collection) -> CollectionView:
    """The collection with its documents and cost."""
    state = f"{collection.revision} {collection.foreign} {collection.block_bytes} {collection.deleting}"
    return _view(shared, collection.collection_id, state)


@st.cache_data(ttl=60, max_entries=16, show_spinner=False)
def _view(_shared: Services, collection_id: str, state: str) -> CollectionView:
    """Kept while nothing changes: documents of another system have to be gathered from its chunks."""
    del state  # another one has other figures
    return actions.load_collection(_shared, collection_id)


def leave() -> None:
    """Back to the list."""
    filters.navigate({"collection": None, "document": None, "from": None})


def ways(shared: Services, collection: Collection, *, admin: bool) -> None:
    """What can be done with the whole collection."""
    link_to("search", "Search in it", ":material/search:", collection=collection.collection_id)
    if admin and shared.settings.opensearch_url:
        st.button(
            "Send to OpenSearch", key="collections.sync", icon=":material/cloud_upload:",
            on_click=lambda: st.session_state.update({SYNC: collection.collection_id}),
        )  # fmt: skip
    if admin:
        st.button(
            "Delete", key="collections.delete", icon=":material/delete:", on_click=_delete_dialog,
            args=(shared, collection),
        )  # fmt: skip


def figures(view: CollectionView) -> None:
    """What is in it, and what it costs."""
    collection, cost = view.collection, view.cost
    first = "packed vectors" if cost.block_bytes else "every chunk, as no vectors are packed yet"
    with st.grid(columns=5, min_column_width=112, gap=14, key="collections-figures"):
        st.metric("Documents", text.count(collection.total_documents), border=True, height="stretch")
        st.metric("Chunks", text.count(collection.total_chunks), border=True, height="stretch")
        st.metric(
            "Embedder", text.plain(collection.embedder), f"{collection.dimension:,} numbers", border=True,
            height="stretch", delta_color="off", delta_arrow="off",
        )  # fmt: skip
        _cost_metric(
            "Storage",
            text.size(cost.bytes),
            f"{_money(cost.month)} a month",
            f"About {text.size(cost.chunk_bytes)} of chunks and {text.size(cost.block_bytes)} of packed vectors, "
            "at the on-demand list price of us-east-1",
        )
        _cost_metric(
            "First search",
            f"{cost.cold_units:,.1f} units",
            f"{_money(cost.cold_dollars)} for 1,000",
            f"Read units of the first search of a process, which reads {first}. Those after it read next to nothing. "
            f"Reading every chunk takes {cost.items_units:,.1f} units",
        )
    made = f"Made by {collection.user_id} on {text.moment(collection.created_at)}. Id: {collection.collection_id}"
    st.caption(text.plain(made))


def _cost_metric(label: str, value: str, price: str, explained: str) -> None:
    st.metric(
        label, value, delta=price, delta_color="off", delta_arrow="off", help=explained, border=True, height="stretch"
    )


def half_deleted() -> None:
    """A deletion that was interrupted."""
    st.warning("Its deletion began and did not end. Delete it again to remove the rest.", icon=":material/delete:")


def document_table(view: CollectionView, opened: str | None, *, admin: bool) -> None:
    """The documents of a collection; a click opens one beside them."""
    if not view.documents:
        advice = "Add files above." if admin else "Admins can add files to it."
        nothing("This collection is empty", advice, "collections-documents")
        return
    columns: list[Column[CollectionDocument]] = [
        text_column("Document", lambda one: one.filename, 300),
        number_column("Chunks", lambda one: one.chunks, 70, "%,d"),
        text_column("Size", lambda one: text.size(one.file_size) if one.file_size else None, 90, right=True),
        moment_column("Added", lambda one: one.created_at, 138),
    ]
    found = view.documents
    st.caption(f"{len(found):,} documents. Click one to see its chunks" if len(found) > 1 else "One document")
    pick_record(
        "collections-documents",
        found,
        columns,
        lambda one: one.filename,
        linked.opens("document", "from"),
        alt="Documents",
        picked=opened,
    )


@st.dialog("Delete the collection?", icon=":material/delete:")
def _delete_dialog(shared: Services, collection: Collection) -> None:
    """What goes away, and the button that does it."""
    st.text(collection.name)
    st.caption(
        f"{collection.total_documents:,} documents with {collection.total_chunks:,} chunks go away for good. "
        "Type its name to delete it."
    )
    st.text_input("Name", key=_TYPED, label_visibility="collapsed")
    problem("collections.delete")
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button("Keep it", key="collections.delete.no"):
            st.rerun()
        if st.button(
            "Delete it", key="collections.delete.yes", type="primary", on_click=_delete, args=(shared, collection)
        ):
            st.rerun()


def _delete(shared: Services, collection: Collection) -> None:
    def act(actor: User) -> None:
        if " ".join(st.session_state[_TYPED].split()) != " ".join(collection.name.split()):
            raise InvalidInput("This is not its name; nothing was deleted. Type the name as it stands above.")
        actions.delete_collection(shared, actor, collection.collection_id)
        filters.navigate({"collection": None, "document": None, "from": None})

    save(shared, "collections.delete", act, "The collection is deleted.")


def _create(shared: Services) -> None:
    name, embedder = st.session_state[f"{_NEW}.name"], st.session_state[f"{_NEW}.embedder"]

    def act(actor: User) -> None:
        filters.navigate({"collection": actions.create_collection(shared, actor, name, embedder).collection_id})

    save(shared, _NEW, act, "The collection is made.", {f"{_NEW}.name": "", _ROUND: _round() + 1})


def _round() -> int:
    """Counts what was done: in keys of popovers and uploads, so that they are fresh when it has worked."""
    number: int = st.session_state.get(_ROUND, 0)
    return number


def _money(dollars: float) -> str:
    return "under $0.01" if 0 < dollars < 0.01 else text.money(dollars)


def _state(collection: Collection) -> str:
    if collection.deleting:
        return "✕ half deleted"
    return "● active" if collection.active else "○ inactive"
