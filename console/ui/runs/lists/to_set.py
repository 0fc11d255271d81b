"""The way from runs that were found to a test set with their texts."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

MOST = 200
"""Runs that an address can name."""


def to_set(key: str, run_ids: Sequence[str]) -> None:
    """The button; nothing without runs. What it leads to asks for the set, and who may not change one cannot."""
    if not run_ids:
        return
    many = len(run_ids) > MOST
    words = f"Add the first {MOST} to a test set" if many else "Add to a test set"
    if st.button(words, key=f"{key}.to_set", icon=":material/playlist_add:"):
        st.switch_page("console/pages/sets.py", query_params={"runs": ",".join(run_ids[:MOST])})
