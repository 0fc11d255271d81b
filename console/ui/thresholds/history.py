"""How a threshold came to be what it is: its steps over time, and the ledger of changes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import streamlit as st

from console.actions.runs.totals import by_week
from console.actions.thresholds.thresholds import ThresholdView
from console.actions.thresholds.what_if import WINDOW, LedgerRow
from console.records import Case, Role, ThresholdChange, User
from console.ui.charts.figures import Panel, Trace, shown, unit_axis
from console.ui.frame import notes, text
from console.ui.frame.controls.columns import (
    Column,
    moment_column,
    number_column,
    percent_column,
    show_records,
    text_column,
)
from console.ui.frame.controls.filters import navigate
from console.ui.frame.style import palette
from console.ui.thresholds.form import REASON
from console.ui.thresholds.what_if import threshold_text

_TICKS = 6
_SHORTEST = timedelta(days=7)
"""What the axis shows at least, so that a day or two do not fill it."""
_REASON = 120
"""Characters of a reason in a tooltip."""


def steps_chart(view: ThresholdView, now: datetime) -> Panel:
    """The threshold as steps with a point per change, over the mean score of each week."""
    colors = palette()
    changes = [row.change for row in reversed(view.changes)]
    weeks = {
        max(day, view.days.first): tally.mean
        for day, tally in by_week(view.rollups, view.days.first, view.days.last).items()
        if tally.completed
    }
    mean: Trace = {
        "type": "scatter", "mode": "lines", "x": [day.isoformat() for day in weeks], "y": list(weeks.values()),
        "line": {"color": colors.muted, "width": 1.25}, "opacity": 0.8,
        "hovertemplate": "Week of %{x|%-d %b %Y}<br>Mean score %{y:.3f}<extra></extra>",
    }  # fmt: skip
    moments = [change.timestamp.isoformat() for change in changes]
    steps: Trace = {
        "type": "scatter", "mode": "lines", "hoverinfo": "skip",
        "line": {"shape": "hv", "color": colors.ink, "width": 2.25},
        "x": [*moments, now.isoformat()], "y": [*(change.score for change in changes), view.case.threshold.score],
    }  # fmt: skip
    points: Trace = {
        "type": "scatter", "mode": "markers", "marker": {"size": 9, "color": colors.ink}, "x": moments,
        "cliponaxis": False,
        "y": [change.score for change in changes], "customdata": [[{}, _words(change)] for change in changes],
        "hovertemplate": "%{x|%-d %b %Y, %H:%M} UTC<br>%{customdata[1]}<extra></extra>",
    }  # fmt: skip
    first = min(view.days.first, now.date() - _SHORTEST)
    return Panel(
        traces=[mean, steps, points],
        finding=f"The threshold changed {len(changes)} times and is {threshold_text(view.case.threshold.score)} now.",
        x={"type": "date", "range": [first.isoformat(), now.isoformat()], "nticks": _TICKS, "tickformat": "%-d %b %Y"},
        y=unit_axis(),
        height=150,
    )


def _words(change: ThresholdChange) -> str:
    """What a point says: from, to, by whom and why."""
    before = text.NOTHING if change.previous_score is None else threshold_text(change.previous_score)
    lines = (f"{before} to {threshold_text(change.score)}", f"by {change.changed_by}", change.reason)
    return "<br>".join(shown(line, _REASON) for line in lines if line)


def ledger_table(rows: Sequence[LedgerRow]) -> None:
    """One line per change, newest first."""
    before, after = f"{WINDOW} days before", f"{WINDOW} days after"
    columns: list[Column[LedgerRow]] = [
        moment_column("When", lambda row: row.change.timestamp, 135),
        text_column("From", lambda row: _threshold(row.change.previous_score), 52, right=True),
        text_column("To", lambda row: _threshold(row.change.score), 52, right=True),
        text_column("By", lambda row: row.change.changed_by, 125),
        text_column("Why", lambda row: row.change.reason, 330),
        number_column("Runs before", lambda row: row.runs_before, 85, "%,d", f"Scored runs of the {before}"),
        percent_column("Predicted", lambda row: row.predicted, 80, f"Pass rate of the {before} by the new one"),
        number_column(
            "Runs after", lambda row: row.runs_after, 80, "%,d",
            f"Scored runs of the {after}, or until the next change",
        ),
        percent_column("Realised", lambda row: row.realised, 80, "Their pass rate as they were judged"),
    ]  # fmt: skip
    show_records(rows, columns, alt="Changes of the threshold")


def undo_button(case: Case, rows: Sequence[LedgerRow], user: User) -> None:
    """Back to the threshold before the latest change, for admins: moves the line and fills in the reason."""
    latest = rows[0].change if rows else None
    if latest is None or latest.previous_score is None or not user.role.includes(Role.ADMIN):
        return
    st.button(
        "Take the latest change back", key="thresholds.undo", icon=":material/undo:",
        on_click=_undo, args=(latest,), disabled=latest.previous_score == case.threshold.score,
        help=f"Moves the line to {threshold_text(latest.previous_score)} and fills in the reason; nothing changes "
        "until it is applied, and the ledger keeps both changes.",
    )  # fmt: skip


def _undo(change: ThresholdChange) -> None:
    if change.previous_score is not None:
        st.session_state[REASON] = f"Takes the change of {text.moment(change.timestamp)} by {change.changed_by} back."
        navigate({"threshold": f"{change.previous_score:.12g}"})
        notes.say(f"{threshold_text(change.previous_score)} is filled in above with its reason: set it there.")


def _threshold(score: float | None) -> str | None:
    return None if score is None else threshold_text(score)
