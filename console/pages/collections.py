"""Collections: texts that can be searched by meaning.

`?collection=ID` opens one; `document=NAME` one of its documents, from chunk `from` on.
"""

from __future__ import annotations

import streamlit as st

from console import auth
from console.actions.collections import CollectionView
from console.records import Role, User
from console.services import Services
from console.ui import collection_document, collection_upload, collections, text
from console.ui.boundary import boundary
from console.ui.session import back, page_title, run_page, services


def main() -> None:
    """The page."""
    with boundary("collections"):
        shared = services()
        user = auth.require_role(shared, Role.VIEWER)
        opened = st.query_params.get("collection")
        if opened:
            _collection(shared, user, collections.view_of(shared, shared.collections.get(opened)))
        else:
            _list(shared, user)


def _list(shared: Services, user: User) -> None:
    admin = user.role.includes(Role.ADMIN)
    with st.container(horizontal=True, vertical_alignment="bottom", key="collections-head"):
        page_title(shared, "Collections")
        if admin:
            collections.create_popover(shared)
    known = shared.collections.list()
    if known:
        collections.collection_table(known)
    else:
        collections.no_collections(admin=admin)


def _collection(shared: Services, user: User, view: CollectionView) -> None:
    admin = user.role.includes(Role.ADMIN)
    collection = view.collection
    back("All collections", "collections.back", collections.leave)
    with st.container(horizontal=True, vertical_alignment="bottom", key="collections-head"):
        page_title(shared, text.plain(collection.name))
        with st.container(horizontal=True, vertical_alignment="center", width="content", key="collections-ways"):
            collections.ways(shared, collection, admin=admin)
    collections.figures(view)
    if collection.deleting:
        collections.half_deleted()
        return
    if admin:
        with boundary("collections.sync"):
            collection_upload.sync(shared, user, collection)
        collection_upload.upload_card(shared, user, collection)
    opened = st.query_params.get("document")
    with st.container(horizontal=True, gap="small", key="collections-split"):
        with st.container(key="collections-list"):
            collections.document_table(view, opened, admin=admin)
        if opened:
            with st.container(key="collections-panel", border=True), boundary("collections.document"):
                collection_document.document_panel(shared, collection, opened, admin=admin)


run_page(main)
