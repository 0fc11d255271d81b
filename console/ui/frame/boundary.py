"""What a page shows instead of a failure, and when there is nothing to show.

Only our own errors are caught: their messages are written for the person who reads them. Anything else is a bug
and stays visible (in production as a generic message, see `client.showErrorDetails`).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from console.errors import ConsoleError, Forbidden, InvalidInput, NotFound, StoreError
from console.ui.frame.navigation import link_to

_log = logging.getLogger(__name__)
_TITLES: dict[type[ConsoleError], str] = {
    StoreError: "The store does not answer as it should",
    NotFound: "Not found",
    Forbidden: "Not allowed",
    InvalidInput: "This cannot be done as asked",
}


@contextmanager
def boundary(key: str) -> Iterator[None]:
    """Show our own errors inside the block as a message with a way on.

    Args:
        key: of the button that tries again, `page.part`.
    """
    try:
        yield
    except ConsoleError as error:
        _log.warning("%s: %s", type(error).__name__, error)
        show_error(error, key)


def show_error(error: ConsoleError, key: str) -> None:
    """An error as a card: what happened, in its own words, and a button to try again where that may help."""
    title = next((title for kind, title in _TITLES.items() if isinstance(error, kind)), "Something went wrong")
    with st.container(border=True, key=f"notice-{key}", horizontal_alignment="center"):
        st.header(f":material/error: {title}", anchor=False, width="content")
        st.text(str(error), width="content")
        if not isinstance(error, (NotFound, Forbidden)):
            st.button("Try again", key=f"{key}.retry", icon=":material/refresh:")


def nothing(title: str, advice: str, key: str, to: str | None = None) -> st.delta_generator.DeltaGenerator:
    """A card for an empty list; more may be put into it.

    Args:
        title, advice: our own words.
        to: the page where the next step is made, by its file's name.
    """
    card = st.container(border=True, key=f"notice-{key}", horizontal_alignment="center")
    card.header(title, anchor=False, width="content")
    card.caption(advice, width="content")
    if to:
        with card:
            link_to(to)
    return card
