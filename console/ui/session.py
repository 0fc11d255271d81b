"""The services of this process, and how a page begins."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from console.config import Settings
from console.errors import SetupError
from console.services import Services, build_services

VOLATILE = (
    "The data is kept in memory only and is lost when the console stops: no durable engine is available here. "
    "Install Node.js with npm and start again to keep it."
)
_ROUTED = "app.routed"


@st.cache_resource(show_spinner="Connecting to the store …")
def services() -> Services:
    """One set of services per process, shared by every session and thread."""
    return build_services(Settings.load())


@contextmanager
def router() -> Iterator[None]:
    """Around the script of the router. Its widgets keep their identity however Streamlit came to run it."""
    context = get_script_run_ctx()
    if context is None:
        raise SetupError("Start the console with: python -m streamlit run console/app.py")
    with context.run_with_active_hash(context.pages_manager.main_script_hash):
        yield


@contextmanager
def routed() -> Iterator[None]:
    """Around the page that the router runs."""
    st.session_state[_ROUTED] = True
    try:
        yield
    finally:
        st.session_state.pop(_ROUTED, None)


def run_page(main: Callable[[], None]) -> None:
    """Run a page, by way of the router and so of its sign-in form.

    Until `st.navigation` has been called once in a process, Streamlit takes a folder named `pages` for pages of
    the older kind, and runs the file that the address names without the script that it was started with. The
    router stands above the pages, so it is not imported but found when it is needed.
    """
    if st.session_state.get(_ROUTED):
        main()
    else:
        import_module("console.app").main()


def back(label: str, key: str, on_click: Callable[..., None], *args: object) -> None:
    """The way from one thing back to the list of all, above the heading."""
    with st.container(key="back"):
        st.button(label, key=key, icon=":material/arrow_back:", type="tertiary", on_click=on_click, args=args)


def page_title(services: Services, title: str) -> None:
    """The heading of a page, and what everybody has to know first."""
    st.title(title, anchor=False)
    if services.engine.volatile:
        st.warning(VOLATILE, icon=":material/memory:")
