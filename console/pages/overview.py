"""Overview: how evaluations went over a range of days, against the days before.

Counts, means and histograms come from rollups, whatever the number of runs; the scatter charts and the list show
the latest runs.
"""

from __future__ import annotations

import streamlit as st

from console.actions.overview.overview import Inventory, Overview, load_inventory, load_overview
from console.records import utcnow
from console.services import Services
from console.ui.charts import leads
from console.ui.frame import text
from console.ui.frame.boundary import nothing
from console.ui.frame.controls import filters
from console.ui.frame.later import later
from console.ui.frame.navigation import link_to
from console.ui.frame.session import page_title
from console.ui.labels.glance import people_card
from console.ui.overview import dashboard
from console.ui.overview.cards import headline_row
from console.ui.sign_in import auth

PERIOD = "30"
"""The range of days when the address names none."""


def main() -> None:
    """The page."""
    with auth.page("overview") as (shared, _):
        today = utcnow().date()
        selection = filters.read(PERIOD, today)
        with st.container(horizontal=True, vertical_alignment="bottom", key="overview-head"):
            page_title(shared, "Overview")
            filters.period_control("overview", selection, today)
        cases, judges = shared.cases.list(), shared.judges.list()
        known = filters.choices(cases, judges, shared.catalog.metrics(), shared.catalog.models())
        filters.filter_bar("overview", known)
        view = load_overview(shared, selection.wanted, cases, judges, today=today)
        if view.empty:
            _empty(shared, selection)
        else:
            render(shared, view, selection)


def render(shared: Services, view: Overview, selection: filters.Selection) -> None:
    """Everything below the filters."""
    _scope(view, selection)
    headline_row(view)
    if view.mixed:
        st.caption(f":material/call_split: {text.plain(view.mixed, 300)}")
    people_card(shared, view.labelled, selection)
    dashboard.chart_grid(view, PERIOD)
    later("latest", lambda: dashboard.latest_grid(view, PERIOD), 620)
    later("tables", lambda: dashboard.table_grid(view, _open), 700)


def _open(run_id: str) -> None:
    leads.leave_for("run", {"period": PERIOD, **st.query_params.to_dict(), "run": run_id})


def _scope(view: Overview, selection: filters.Selection) -> None:
    """How many runs of how many, which days, and what the changes compare with."""
    shown, span = text.count(view.now.counts.runs), view.span
    said = f"{shown} of {text.count(view.unfiltered)} runs" if selection.filtered else f"All {shown} runs"
    parts = [f"{said}, {text.day(span.first)} to {text.day(span.last)} (UTC)"]
    if view.before:
        parts.append(f"changes are against the {span.days} days before")
    if view.human and view.case:
        runs = f"{text.count(view.human.runs)} run{'s' * (view.human.runs != 1)} with a human score"
        parts.append(f"{runs}, mean {view.human.mean:.2f} of {view.case.score_range.max}")
    if view.sampled:
        parts.append(f"scores are those of the latest {text.count(view.sampled)}")
    with st.container(horizontal=True, vertical_alignment="center", key="overview-scope"):
        st.caption("  ·  ".join(parts), width="content")
        if view.now.counts.rejected:
            link_to(
                "similar",
                "Failing runs by what they are about",
                ":material/hub:",
                **{"period": PERIOD, **st.query_params.to_dict()},
            )
        if selection.filtered:
            st.button(
                "Clear filters", key="overview.clear", type="tertiary", icon=":material/close:", on_click=filters.clear
            )


def _empty(shared: Services, selection: filters.Selection) -> None:
    """No match, no runs in these days, or no runs at all."""
    if selection.filtered:
        with nothing("No runs match these filters", "Take a filter away, or widen the range of days.", "overview"):
            st.button("Clear filters", key="overview.clear", on_click=filters.clear)
        return
    inventory = load_inventory(shared)
    if inventory.runs:
        with nothing("No runs in these days", "There are runs on other days.", "overview"):
            st.button("Show all days", key="overview.all_days", on_click=filters.show_all_days)
        return
    _first_steps(inventory)


def _first_steps(inventory: Inventory) -> None:
    """The counts of what there is, and what to do next."""
    counts = {
        "Judges": inventory.judges,
        "Cases": inventory.cases,
        "Metrics": inventory.metrics,
        "Models": inventory.models,
        "Runs": inventory.runs,
        "Documents": inventory.documents,
    }
    with st.grid(columns=6, min_column_width=120, gap=14, key="overview-inventory"):
        for name, number in counts.items():
            st.metric(name, text.count(number), border=True)
    page, advice = _next_step(inventory)
    nothing("There are no runs yet", advice, "overview-next", page)


def _next_step(inventory: Inventory) -> tuple[str, str]:
    """Where the next step is made, and what it is."""
    if not inventory.cases:
        return "cases", "Begin with a case: what is evaluated, by which criteria, on which scale."
    if not inventory.judges:
        return "judges", "Make a judge for one of the cases: a model, a metric and its parameters."
    return "evaluate", "Run an evaluation with one of the judges, or import finished runs."


main()
