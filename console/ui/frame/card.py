"""A card: the box with a heading that everything on a page stands in."""

from __future__ import annotations

import streamlit as st


def card(title: str, note: str, key: str) -> st.delta_generator.DeltaGenerator:
    """A card with its heading; the rest is put into it. `title` and `note` are our own words."""
    box = st.container(border=True, key=f"card-{key}", gap="xsmall", height="stretch")
    box.header(title, anchor=False)
    if note:
        box.caption(note)
    return box
