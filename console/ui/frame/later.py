"""Parts of a page that are drawn after it: what is below the fold comes when somebody gets near, or nothing happens.

A part that waits is an empty place with a hidden button. A script of ours (`listener.html`) presses it when the page
has been drawn and the place is near the window, or when nothing was touched for three seconds. Nothing waits in a
browser whose script has not said that it listens, so that no part is ever missing.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import streamlit as st

_LISTENER = Path(__file__).with_name("listener.html").read_text("utf-8")
_ABLE = "later.listens"
_SEEN = "later.seen"
_PRESSED = "later.pressed"
"""The part that the script asked for last: asked twice, it is drawn twice, and the page is not."""


def listener() -> None:
    """The script in the browser, and the question whether it runs. Once, where it stays from page to page."""
    st.html(_LISTENER, unsafe_allow_javascript=True)
    _asked()


def arrive(page: str) -> None:
    """Somebody sees this page: on another one than before, nothing was seen yet."""
    if st.session_state.get(_SEEN, ("", ()))[0] != page:
        st.session_state[_SEEN] = (page, set())


def later(key: str, draw: Callable[[], None], height: int) -> None:
    """Draw a part of the page, at once where it was seen before, else when it is near or there is time.

    What somebody does in it runs the whole page, as if it had been drawn with it.

    Args:
        height: pixels that are kept free for it.
    """
    if not st.session_state.get(_ABLE):
        _seen().add(key)
    if key in _seen():
        draw()
        return
    drawn = False

    @st.fragment
    def part() -> None:
        nonlocal drawn
        pressed = st.session_state.pop(_PRESSED, None) == key
        if drawn and not pressed:
            st.rerun()
        if key in _seen():
            drawn = True
            draw()
            return
        with st.container(key=f"later-part-{key}", height=height, border=False):
            st.button("Show", key=f"later.{key}", on_click=_see, args=(key,))

    part()


@st.fragment
def _asked() -> None:
    """A hidden button that the script presses once."""
    if not st.session_state.get(_ABLE):
        st.button("Listens", key="later.able", on_click=_able)


def _able() -> None:
    st.session_state[_ABLE] = True


def _see(key: str) -> None:
    st.session_state[_PRESSED] = key
    _seen().add(key)


def _seen() -> set[str]:
    _page, seen = st.session_state.setdefault(_SEEN, ("", set()))
    known: set[str] = seen
    return known
