"""Questions that the page of one record asks before something goes away."""

from __future__ import annotations

import streamlit as st

from console.services import Services
from console.ui.frame.controls import filters
from console.ui.frame.controls.drafts import Draft, DraftKey
from console.ui.records.editor import Editor, R
from console.ui.sign_in.saving import save


@st.dialog("Take it out of use?", icon=":material/block:")
def deactivate_dialog(shared: Services, editor: Editor[R], record: R) -> None:
    """What it means to take a record out of use, and the button that does."""
    st.text(editor.title(record))
    st.caption(editor.consequences(record))

    def deactivate() -> None:
        done = f"The {editor.kind} is not in use any more"
        save(shared, f"{editor.kind}.state", lambda actor: editor.deactivate(actor, record), done)

    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button("Keep it", key="deactivate.no"):
            st.rerun()
        if st.button("Deactivate", key="deactivate.yes", type="primary", on_click=deactivate):
            st.rerun()


@st.dialog("Replace your unsaved edits?", icon=":material/edit_off:")
def replace_dialog(key: DraftKey, draft: Draft, then: dict[str, str | None]) -> None:
    """Asked before a draft with edits gives way to `draft`; `then` is what the address becomes."""
    st.caption("There is a draft with edits that were not saved. Going on throws it away.")
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button("Keep my edits", key="replace.no"):
            st.rerun()
        if st.button("Replace them", key="replace.yes", type="primary", on_click=start, args=(key, draft, then)):
            st.rerun()


def start(key: DraftKey, draft: Draft, then: dict[str, str | None]) -> None:
    """Put a draft into its place and go there."""
    key.put(draft)
    filters.navigate(then)
