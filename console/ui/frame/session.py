"""The services of this process, and how a page begins."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from console.config import Settings
from console.services import Services, build_services

VOLATILE = (
    "The data is kept in memory only and is lost when the console stops: no durable engine is available here. "
    "Install Node.js with npm and start again to keep it."
)


@st.cache_resource(show_spinner="Connecting to the store …")
def services() -> Services:
    """One set of services per process, shared by every session and thread."""
    return build_services(Settings.load())


def back(label: str, key: str, on_click: Callable[..., None], *args: object) -> None:
    """The way from one thing back to the list of all, above the heading."""
    with st.container(key="back"):
        st.button(label, key=key, icon=":material/arrow_back:", type="tertiary", on_click=on_click, args=args)


def page_title(services: Services, title: str) -> None:
    """The heading of a page, and what everybody has to know first."""
    st.title(title, anchor=False)
    if services.engine.volatile:
        st.warning(VOLATILE, icon=":material/memory:")
