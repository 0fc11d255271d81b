"""Runs: the list with its filters, one whole run beside it, and the export of what the filter shows.

`?run=123` opens a run, also one that is not on the page; `?q=` searches their texts, `?view=` opens a kept view.
"""

from __future__ import annotations

import streamlit as st

from console.actions.runs.detail import run_id_of
from console.errors import ConsoleError
from console.records import Role, User, utcnow
from console.services import Services
from console.ui.frame.boundary import boundary, show_error
from console.ui.frame.controls import filters
from console.ui.frame.session import page_title
from console.ui.runs.lists import run_list, search, views
from console.ui.runs.panel import run_panel
from console.ui.sign_in import auth


def main() -> None:
    """The page."""
    with auth.page("runs") as (shared, user):
        views.expand(shared)
        _body(shared, _head(shared, user))


@st.fragment
def _body(shared: Services, selection: filters.Selection) -> None:
    """The list, and the run beside it: a click on a row, or on the way to the next page, draws nothing else."""
    user = auth.require_role(shared, Role.VIEWER)  # a fragment runs without its page
    opened = st.query_params.get("run")
    if opened:
        render_split(shared, user, selection, opened)
        return
    with boundary("runs.list"):
        run_list.run_list(shared, user, selection, None)


def render_split(shared: Services, user: User, selection: filters.Selection, opened: str) -> None:
    """The list with the opened run beside it; a failure of one leaves the other."""
    with st.container(key="runs-split", horizontal=True, gap="small"):
        with st.container(key="runs-list"), boundary("runs.list"):
            run_list.run_list(shared, user, selection, opened)
        with st.container(key="runs-panel", border=True):
            _panel(shared, opened)


def _head(shared: Services, user: User) -> filters.Selection:
    """Everything above the list."""
    today = utcnow().date()
    selection = filters.read("all", today)
    with st.container(horizontal=True, vertical_alignment="bottom", key="runs-head"):
        page_title(shared, "Runs")
        filters.period_control("runs", selection, today)
    cases, judges = shared.cases.list(), shared.judges.list()
    tags = [] if shared.legacy else shared.tags.known()
    known = filters.choices(cases, judges, shared.catalog.metrics(), shared.catalog.models(), tags)
    search.field()
    filters.filter_bar("runs", known)
    run_list.trend(shared, selection, judges, today)
    run_list.toolbar(shared, user, selection)
    return selection


def _panel(shared: Services, opened: str) -> None:
    """The whole run, or why it cannot be shown."""
    try:
        run = shared.runs.get(run_id_of(opened))
        run_panel(run, shared.labels.of(run.run_id))
    except ConsoleError as error:
        show_error(error, "runs.panel")
        st.button("Close", key="runs.close", on_click=filters.navigate, args=({"run": None},))


main()
