"""Short words about what was done, which outlive the run that did it.

What Streamlit has not sent yet is dropped when a script starts again, a toast too: a callback, or what asks for another
run, leaves its words here, and the next run of the whole script tells them.
"""

from __future__ import annotations

import streamlit as st

_KEY = "notes"


def say(words: str) -> None:
    """Words of our own for the next run, that something is done."""
    st.session_state[_KEY] = [*st.session_state.get(_KEY, []), words]


def tell() -> None:
    """What was said since the last run, once."""
    for words in st.session_state.pop(_KEY, []):
        st.toast(words, icon=":material/check:")
