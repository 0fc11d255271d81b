"""Chunks that were caught on the map, as a list."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from console.records import Collection
from console.services import Services
from console.ui.frame import text
from console.ui.frame.card import card
from console.ui.frame.controls import filters
from console.ui.search.document import place

SHOWN = 50
"""Chunks that are drawn; the others are counted."""
_PICKED = "search.map.picked"
_SNIPPET = 280


def pick(collection_id: str, targets: Sequence[dict[str, str]]) -> None:
    """What a click opens and a lasso lists. For callbacks."""
    if len(targets) == 1:
        filters.navigate({"hit": targets[0]["hit"]})
    else:
        st.session_state[_PICKED] = (collection_id, [one["hit"] for one in targets])


def picked_list(shared: Services, collection: Collection) -> None:
    """The chunks in the lasso; nothing when there was none. One request per 100."""
    of, ids = st.session_state.get(_PICKED, ("", []))
    if of != collection.collection_id:
        return
    found = shared.vectors.get_many(of, ids[:SHOWN])
    with card(f"{len(ids):,} chunks in the selection", _note(len(ids)), "search-picked"):
        st.button(
            "Clear", key="search.picked.clear", icon=":material/close:", type="tertiary",
            on_click=lambda: st.session_state.pop(_PICKED, None),
        )  # fmt: skip
        for number, chunk in enumerate(found[one] for one in ids[:SHOWN] if one in found):
            with st.container(border=True, gap="xsmall", key=f"picked-{number}"):
                with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                    st.button(
                        text.plain(chunk.filename or "No document", 60), key=f"search.picked.{number}",
                        type="tertiary", icon=":material/article:", on_click=filters.navigate,
                        args=({"hit": chunk.chunk_id},),
                    )  # fmt: skip
                    st.caption(text.plain(place(chunk)))
                st.markdown(text.plain(text.shorten(chunk.text, _SNIPPET)))


def _note(count: int) -> str:
    return f"The first {SHOWN} are shown" if count > SHOWN else "Open one to read it whole"
