"""Collections: texts that can be searched by meaning.

`?collection=ID` opens one; `document=NAME` one of its documents, from chunk `from` on.
"""

from __future__ import annotations

import streamlit as st

from console.actions.collections.collections import CollectionView
from console.records import Role, User
from console.services import Services
from console.ui.frame import text
from console.ui.frame.boundary import boundary
from console.ui.frame.session import back, page_title
from console.ui.search import collections, document, upload
from console.ui.sign_in import auth


def main() -> None:
    """The page."""
    with auth.page("collections") as (shared, user):
        opened = st.query_params.get("collection")
        if opened:
            _collection(shared, user, collections.view_of(shared, shared.outside.get(opened)))
        else:
            _list(shared, user)


def _list(shared: Services, user: User) -> None:
    admin = user.role.includes(Role.ADMIN)
    with st.container(horizontal=True, vertical_alignment="bottom", key="collections-head"):
        page_title(shared, "Collections")
        if admin:
            collections.create_popover(shared)
    known = shared.outside.list()
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
            upload.sync(shared, user, collection)
        upload.upload_card(shared, user, collection)
    opened = st.query_params.get("document")
    with st.container(horizontal=True, gap="small", key="collections-split"):
        with st.container(key="collections-list"):
            collections.document_table(view, opened, admin=admin)
        if opened:
            with st.container(key="collections-panel", border=True), boundary("collections.document"):
                document.document_panel(shared, collection, opened, admin=admin)


main()
