"""The services of this process, and how a page begins."""

from __future__ import annotations

import gc
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from threading import Thread

import streamlit as st

from console.config import Settings
from console.errors import ConsoleError
from console.services import Services, build_services

_log = logging.getLogger(__name__)
VOLATILE = (
    "The data is kept in memory only and is lost when the console stops: no durable engine is available here. "
    "Install Node.js with npm and start again to keep it."
)


@st.cache_resource(show_spinner="Connecting to the store …")
def services() -> Services:
    """One set of services per process, shared by every session and thread."""
    built = build_services(Settings.load())
    if st.runtime.exists():
        Thread(target=_warm, args=(built,), name="warm", daemon=True).start()
    return built


@asynccontextmanager
async def ready(_server: st.App) -> AsyncIterator[None]:
    """While the server runs. Its services are built at once, and not while the first person waits."""
    Thread(target=_begin, name="begin", daemon=True).start()
    yield


def _begin() -> None:
    try:
        services()
    except ConsoleError as error:  # the first page tries again, and says so
        _log.warning("The store is not ready: %s", error)


def _warm(built: Services) -> None:
    """Load what the first page of its kind would wait for: Plotly's checks, scikit-learn, the local embedder."""
    import pandas  # noqa: F401, PLC0415 - before what looks at it while it is imported
    import plotly.graph_objs  # noqa: F401, PLC0415
    import sklearn.cluster  # noqa: PLC0415
    import sklearn.metrics  # noqa: F401, PLC0415

    try:
        built.embedder()
    except ConsoleError as error:  # the page that needs it will say so
        _log.warning("The local embedder is not ready: %s", error)
    gc.collect()
    gc.freeze()  # what libraries made stays; no collection of garbage, which stops every page, walks it again


def back(label: str, key: str, on_click: Callable[..., None], *args: object) -> None:
    """The way from one thing back to the list of all, above the heading."""
    with st.container(key="back"):
        st.button(label, key=key, icon=":material/arrow_back:", type="tertiary", on_click=on_click, args=args)


def page_title(services: Services, title: str) -> None:
    """The heading of a page, and what everybody has to know first."""
    st.title(title, anchor=False)
    if services.engine.volatile:
        st.warning(VOLATILE, icon=":material/memory:")
