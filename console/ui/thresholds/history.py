"""How a threshold came to be what it is: its steps over time, and the ledger of changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from console.actions.runs.totals import Span, by_week
from console.actions.thresholds.thresholds import ThresholdView
from console.actions.thresholds.what_if import WINDOW, LedgerRow
from console.ui.frame import text
from console.ui.frame.style import palette
from console.ui.thresholds.what_if import threshold_text

_HEIGHT = 190
_TICKS = 6
_SHORTEST = timedelta(days=7)
"""What the axis shows at least, so that a day or two do not fill it."""
_REASON = 300
"""Characters of a reason in a tooltip."""


def steps_chart(view: ThresholdView, now: datetime) -> alt.LayerChart | alt.FacetChart:
    """The threshold as steps with a point per change, over the mean score of each week."""
    colors = palette()
    changes = [row.change for row in reversed(view.changes)]
    marks = [
        {
            "at": change.timestamp.isoformat(),
            "threshold": change.score,
            "from": text.NOTHING if change.previous_score is None else threshold_text(change.previous_score),
            "to": threshold_text(change.score),
            "by": change.changed_by,
            "why": text.shorten(change.reason, _REASON) or text.NOTHING,
        }
        for change in changes
    ]
    line = [{"at": row["at"], "threshold": row["threshold"]} for row in marks]
    line.append({"at": now.isoformat(), "threshold": view.case.threshold.score})
    weeks = [
        {"at": _midnight(max(day, view.days.first)), "threshold": tally.mean}
        for day, tally in by_week(view.rollups, view.days.first, view.days.last).items()
        if tally.completed
    ]
    days = alt.Axis(values=_ticks(view.days), format="%-d %b %Y", labelOverlap=True)
    ends = [_midnight(min(view.days.first, now.date() - _SHORTEST)), now.isoformat()]
    x = alt.X("at:T", scale=alt.Scale(type="utc", domain=ends, nice=False), title=None, axis=days)
    y = alt.Y("threshold:Q", scale=alt.Scale(domain=[0, 1]), title=None, axis=alt.Axis(tickCount=5, format=".1f"))
    tips = [
        alt.Tooltip("utcyearmonthdatehoursminutes(at):T", title="When (UTC)", format="%-d %b %Y, %H:%M"),
        *(alt.Tooltip(f"{name}:N", title=name.capitalize()) for name in ("from", "to", "by", "why")),
    ]
    mean = _rows(weeks).mark_line(strokeWidth=1.25, color=colors.muted, opacity=0.7)
    steps = _rows(line).mark_line(interpolate="step-after", strokeWidth=2.25, color=colors.ink)
    points = _rows(marks).mark_point(filled=True, size=70, opacity=1, color=colors.ink).encode(tooltip=tips)
    return alt.layer(*(part.encode(x=x, y=y) for part in (mean, steps, points))).properties(
        height=_HEIGHT, padding={"left": 0, "right": 6, "top": 4, "bottom": 0}
    )


def ledger_table(rows: Sequence[LedgerRow]) -> None:
    """One line per change, newest first."""
    config = st.column_config
    before, after = f"{WINDOW} days before", f"{WINDOW} days after"
    st.dataframe(
        pd.DataFrame([_cells(row) for row in rows]),
        column_config={
            "When": config.DatetimeColumn("When (UTC)", format="D MMM YYYY, HH:mm", timezone="UTC", width=135),
            "From": config.TextColumn(width=52, alignment="right"),
            "To": config.TextColumn(width=52, alignment="right"),
            "By": config.TextColumn(width=125),
            "Why": config.TextColumn(width=330),
            "Runs before": config.NumberColumn(format="%,d", width=85, help=f"Scored runs of the {before}"),
            "Predicted": config.NumberColumn(
                format="%.1f %%", width=80, help=f"Pass rate of the {before} under the new threshold"
            ),
            "Runs after": config.NumberColumn(
                format="%,d", width=80, help=f"Scored runs of the {after}, or until the next change"
            ),
            "Realised": config.NumberColumn(format="%.1f %%", width=80, help="Their pass rate as they were judged"),
        },
        hide_index=True,
        placeholder=text.NOTHING,
        alt="Changes of the threshold",
    )


def _cells(row: LedgerRow) -> dict[str, object]:
    change = row.change
    return {
        "When": change.timestamp,
        "From": None if change.previous_score is None else threshold_text(change.previous_score),
        "To": threshold_text(change.score),
        "By": change.changed_by,
        "Why": change.reason,
        "Runs before": row.runs_before,
        "Predicted": None if row.predicted is None else row.predicted * 100,
        "Runs after": row.runs_after,
        "Realised": None if row.realised is None else row.realised * 100,
    }


def _ticks(days: Span) -> list[str]:
    """At most `_TICKS` days at equal distances, the first one included."""
    step = -(-days.days // _TICKS)
    chosen = (days.first + timedelta(days=number) for number in range(0, days.days, step))
    return [_midnight(day) for day in chosen]


def _midnight(day: date) -> str:
    return datetime.combine(day, time(), UTC).isoformat()


def _rows(rows: Sequence[Mapping[str, Any]]) -> alt.Chart:
    return alt.Chart(alt.InlineData(values=[dict(row) for row in rows]))
