"""The parts of the Overview below its filters: charts and tables in cards."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date

import streamlit as st

from console.actions.overview.overview import Overview
from console.actions.runs import totals
from console.actions.runs.totals import Tally
from console.records import Rollup
from console.ui.charts import charts, leads, run_points
from console.ui.charts.figures import Mode, Panel, draw, evened, stacked
from console.ui.frame import text
from console.ui.frame.card import card
from console.ui.frame.navigation import link_to
from console.ui.runs.lists import tables

RECENT_RUNS = 10
WEEKS_FROM = 120
"""Days in a range from which on charts show weeks."""
HINT = "Click a mark, or drag a box over several, to see their runs"
_LATEST_NOTE = f"{HINT}. Above, size is duration and form the judge; below, size is tokens and colour the case"


def chart_grid(view: Overview, period: str) -> None:
    """Two figures in a row where there is room; what belongs together shares a figure and an axis.

    Args:
        period: the range of days when the URL names none.
    """
    with st.grid(columns=2, min_column_width=380, gap=14, key="overview-charts"):
        _plot("Over time", "over-time", _over_time(view), period, ("points", "box"), shared_x=True)
        _plot("Scores", "scores", _scores(view), period, ("points", "box"), note=_threshold_note(view), shared_x=True)


def latest_grid(view: Overview, period: str) -> None:
    """The two figures below: what is made of the latest runs, and of money."""
    latest, spend = evened(_latest(view), _spend(view))
    with st.grid(columns=2, min_column_width=380, gap=14, key="overview-latest"):
        _plot("Latest runs", "latest", latest, period, ("points", "box"), note=_LATEST_NOTE)
        _plot("Quality and spend", "spend", spend, period, ("points", "box"))


def _threshold_note(view: Overview) -> str:
    note = f"{HINT}. Boxes: 5 to 95 %, the middle half, the median"
    return f"{note}; with the threshold of the case" if view.case else note


def _over_time(view: Overview) -> list[Panel]:
    threshold = view.case.threshold.score if view.case else None
    panels = [charts.runs_over_time(_spread(view, view.now.counted))]
    if view.now.scores.completed:
        panels.append(charts.score_over_time(_spread(view, view.now.scored), threshold))
    return panels


def _scores(view: Overview) -> list[Panel]:
    if not view.now.scores.completed:
        return []
    threshold = view.case.threshold.score if view.case else None
    tallies, ids = by_judge(view)
    return [
        charts.score_histogram(view.now.scores.bins, threshold),
        charts.score_by_judge(tallies, threshold, ids),
    ]


def _latest(view: Overview) -> list[Panel]:
    threshold = view.case.threshold.score if view.case else None
    rows = [row for row in view.latest if row.final_score_normalized is not None]
    if not rows:
        return []
    panels = [run_points.runs_scatter(rows, view.judge_names, threshold)]
    if any(row.execution_time_seconds is not None for row in rows):
        panels.append(run_points.duration_scatter(rows, view.judge_names, view.case_names))
    return panels


def _spend(view: Overview) -> list[Panel]:
    rows = [row for row in view.latest if row.final_score_normalized is not None]
    versions = [run_points.versions_over_time(rows, view.judge_names)] if rows else []
    if view.now.scores.cost:
        models: dict[str, list[Rollup]] = {}
        for rollup in view.now.scored:
            models.setdefault(rollup.model, []).append(rollup)
        tallies, ids = by_judge(view, histograms=False)
        cost = charts.cost_over_time({name: _spread(view, some) for name, some in models.items()})
        return [cost, charts.quality_and_spend(tallies, ids), *versions]  # above the first there is room for a legend
    return versions


def _spread(view: Overview, rollups: Sequence[Rollup]) -> dict[date, Tally]:
    """Figures per day, or per week of a long range."""
    spread = totals.by_week if view.span.days > WEEKS_FROM else totals.by_day
    return spread(rollups, view.span.first, view.span.last)


def table_grid(view: Overview, on_pick: Callable[[str], None]) -> None:
    """Performance by case and by judge, and the newest runs; a click on one of these picks it."""
    by_case, _ = _named(totals.by(view.now.scored, lambda one: one.case_id, histograms=False), view.case_names)
    with st.grid(columns=2, min_column_width=380, gap=14, key="overview-tables"):
        with card("Performance by case", "", "cases"):
            tables.performance_table(by_case, "Case")
        with card("Performance by judge", "", "judges"):
            tables.performance_table(by_judge(view, histograms=False)[0], "Judge")
    with card("Recent runs", "", "recent"):
        tables.run_picker("overview", view.latest[:RECENT_RUNS], tables.RECENT, on_pick)
        link_to("runs", "All runs", ":material/arrow_forward:")


def _plot(
    title: str,
    key: str,
    panels: list[Panel],
    period: str,
    modes: Sequence[Mode],
    *,
    note: str = HINT,
    shared_x: bool = False,
) -> None:
    """A figure in its card, or why there is none."""
    with card(title, note if panels else "No scored runs in these days.", key):
        if panels:
            draw(
                stacked(*panels, shared_x=shared_x), panels, f"overview.{key}", modes=modes,
                on_targets=lambda targets: leads.to_runs(targets, period),
            )  # fmt: skip


def by_judge(view: Overview, *, histograms: bool = True) -> tuple[dict[str, Tally], dict[str, str]]:
    """The figures of each judge by its name as shown, and the ids of these names."""
    tallies = totals.by(view.now.scored, lambda one: one.judge_id, histograms=histograms)
    return _named(tallies, {key: text.judge_name(view.judge_names.get(key), key) for key in tallies})


def _named(tallies: Mapping[str, Tally], names: Mapping[str, str]) -> tuple[dict[str, Tally], dict[str, str]]:
    """The tallies by the name shown, and the id by the same; equal names are told apart by their id."""
    shown: dict[str, Tally] = {}
    ids: dict[str, str] = {}
    for key, tally in tallies.items():
        name = names.get(key, key)
        name = f"{name} · {key[:8]}" if name in shown else name
        shown[name], ids[name] = tally, key
    return shown, ids
