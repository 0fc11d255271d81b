"""The parts of the Overview below its filters: charts and tables in cards."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import streamlit as st

from console.actions.overview.overview import Overview
from console.actions.runs import totals
from console.actions.runs.totals import Tally
from console.ui.frame import charts, text
from console.ui.frame.card import card
from console.ui.runs import tables

RECENT_RUNS = 10
WEEKS_FROM = 120
"""Days in a range from which on charts show weeks."""


def chart_grid(view: Overview) -> None:
    """Six charts, two in a row where there is room."""
    now, span = view.now, view.span
    weekly = span.days > WEEKS_FROM
    spread = totals.by_week if weekly else totals.by_day
    unit = "week" if weekly else "day"
    counted = spread(now.counted, span.first, span.last)
    scored = spread(now.scored, span.first, span.last)
    threshold = view.case.threshold.score if view.case else None
    scored_runs = [row for row in view.latest if row.final_score_normalized is not None]
    latest = f"Latest {len(scored_runs)} scored runs"
    scores = "" if now.scores.completed else "No scored runs in these days."
    timed = any(row.execution_time_seconds is not None for row in scored_runs)
    durations = "" if timed else "No scored run here has a known execution time."
    names, cases = view.judge_names, view.case_names
    with st.grid(columns=2, min_column_width=380, gap=14, key="overview-charts"):
        _plot(f"Runs per {unit}", "Finished runs by result", "per-day", lambda: charts.runs_over_time(counted))
        _plot(
            f"Average score per {unit}",
            _mean_note(threshold),
            "mean",
            lambda: charts.score_over_time(scored, threshold),
            scores,
        )
        _plot(
            "Score distribution", "All scored runs in these days", "distribution",
            lambda: charts.score_histogram(now.scores.bins, threshold), scores,
        )  # fmt: skip
        _plot(
            "Scores by judge", "Line 5 to 95 %, bar the middle half, tick the median", "spread",
            lambda: charts.score_by_judge(_by_judge(view), threshold), scores,
        )  # fmt: skip
        _plot(
            "Scores over time", f"{latest}. Size: duration, form: judge", "scatter",
            lambda: charts.runs_scatter(scored_runs, names, threshold), scores,
        )  # fmt: skip
        _plot(
            "Score and execution time", f"{latest}. Size: tokens", "duration",
            lambda: charts.duration_scatter(scored_runs, names, cases), scores or durations,
        )  # fmt: skip


def table_grid(view: Overview, on_pick: Callable[[str], None]) -> None:
    """Performance by case and by judge, and the newest runs; a click on one of these picks it."""
    by_case = _named(totals.by(view.now.scored, lambda one: one.case_id, histograms=False), view.case_names)
    with st.grid(columns=2, min_column_width=380, gap=14, key="overview-tables"):
        with card("Performance by case", "", "cases"):
            tables.performance_table(by_case, "Case")
        with card("Performance by judge", "", "judges"):
            tables.performance_table(_by_judge(view, histograms=False), "Judge")
    with card("Recent runs", "", "recent"):
        tables.run_picker("overview", view.latest[:RECENT_RUNS], tables.RECENT, on_pick)
        st.page_link("console/pages/runs.py", label="All runs", icon=":material/arrow_forward:")


def _plot(title: str, note: str, key: str, draw: Callable[[], charts.Layer], missing: str = "") -> None:
    """A chart in its card, or why there is none."""
    with card(title, missing or note, key):
        if not missing:
            st.altair_chart(draw(), alt=title)


def _mean_note(threshold: float | None) -> str:
    return "Mean of the normalised scores" + ("" if threshold is None else ", with the threshold of the case")


def _by_judge(view: Overview, *, histograms: bool = True) -> dict[str, Tally]:
    tallies = totals.by(view.now.scored, lambda one: one.judge_id, histograms=histograms)
    return _named(tallies, {key: text.judge_name(view.judge_names.get(key), key) for key in tallies})


def _named(tallies: Mapping[str, Tally], names: Mapping[str, str]) -> dict[str, Tally]:
    """The tallies by the name shown; equal names are told apart by their id."""
    shown: dict[str, Tally] = {}
    for key, tally in tallies.items():
        name = names.get(key, key)
        shown[f"{name} · {key[:8]}" if name in shown else name] = tally
    return shown
