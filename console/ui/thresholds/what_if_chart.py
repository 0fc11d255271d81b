"""The histogram of normalised scores with a threshold that can be dragged or put elsewhere with a click.

The line and the colours of the bars follow the selection in the browser, without a request, while it is dragged.
"""

from __future__ import annotations

from collections.abc import Mapping

import altair as alt

from console.actions.runs.totals import BINS, histogram
from console.actions.thresholds.what_if import passing
from console.ui.frame import text
from console.ui.frame.style import palette

_HEIGHT = 260
_EDGE = 5
"""Pixels at both sides: those of a slider's track, so that its knob stands below the line."""
_GAP = 0.0008
"""Half of the air between two bars, in scores."""


def histogram_chart(bins: Mapping[int, int], threshold: float, today: float) -> alt.LayerChart | alt.FacetChart:
    """Bars of a hundredth each, the dashed threshold of today, and the line.

    A click or a drag selects `pick`, whose `step` is the new threshold in hundredths.

    Args:
        threshold: where the line is at first, on the grid of hundredths.
        today: the threshold in force, on the same grid.
    """
    colors = palette()
    pick = alt.selection_point(
        name="pick",
        fields=["step"],
        on="click, [pointerdown, window:pointerup] > pointermove",
        value=[{"step": round(threshold * BINS)}],
        toggle="false",
        clear=False,
        empty=False,
    )
    rows = [
        {"from": low + _GAP, "to": high - _GAP, "place": place, "runs": runs, "floor": 0}
        for place, (low, high, runs) in enumerate(histogram(bins, BINS))
        if runs
    ]
    at = "pick.step[0]"
    now = round(today * BINS)
    bars = (
        alt.Chart(alt.InlineData(values=rows))
        .mark_rect()
        .encode(
            x=alt.X("from:Q", scale=alt.Scale(domain=[0, 1], nice=False), title=None, axis=_axis()),
            x2=alt.X2("to"),
            y=alt.Y("floor:Q", axis=None),
            y2=alt.Y2("runs"),
            color=alt.when(f"datum.place >= {at}").then(alt.value(colors.passed)).otherwise(alt.value(colors.failed)),
            opacity=alt.when(f"(datum.place >= {at}) != (datum.place >= {now})")
            .then(alt.value(1.0))
            .otherwise(alt.value(0.5)),
        )
    )
    return alt.layer(bars, *_today(today), *_line(pick), _handles(bins, pick, now)).properties(
        height=_HEIGHT, padding={"left": _EDGE, "right": _EDGE, "top": 18, "bottom": 0}
    )


def _axis() -> alt.Axis:
    ends = alt.when("datum.value == 0").then(alt.value("left")).when("datum.value == 1").then(alt.value("right"))
    return alt.Axis(
        values=[step / 10 for step in range(11)], format=".1f", labelAlign=ends.otherwise(alt.value("center"))
    )


def _today(today: float) -> tuple[alt.Chart, alt.Chart]:
    """Where the threshold is today."""
    colors = palette()
    base = alt.Chart(alt.InlineData(values=[{"threshold": today, "name": f"today {today:.2f}"}])).encode(
        x=alt.X("threshold:Q")
    )
    right = today > 0.5
    return (
        base.mark_rule(strokeDash=[5, 4], strokeWidth=1.5, color=colors.muted),
        base.mark_text(
            align="right" if right else "left", dx=-6 if right else 6, fontSize=11, color=colors.muted
        ).encode(text=alt.Text("name:N"), y=alt.value(6)),
    )


def _line(pick: alt.Parameter) -> tuple[alt.Chart, alt.Chart]:
    """The line where the selection is."""
    colors = palette()
    steps = [{"step": step, "threshold": step / BINS, "name": f"{step / BINS:.2f}"} for step in range(BINS + 1)]
    base = alt.Chart(alt.InlineData(values=steps)).transform_filter(pick).encode(x=alt.X("threshold:Q"))
    return (
        base.mark_rule(strokeWidth=2.5, color=colors.ink),
        base.mark_text(fontSize=12, fontWeight=600, color=colors.ink, dy=-9).encode(
            text=alt.Text("name:N"), y=alt.value(0)
        ),
    )


def _handles(bins: Mapping[int, int], pick: alt.Parameter, now: int) -> alt.Chart:
    """A strip per hundredth, unseen, which the pointer meets; its tooltip says what the threshold there would do."""
    runs = sum(bins.values())
    today = passing(bins, now / BINS)
    rows = []
    for step in range(BINS + 1):
        above = passing(bins, step / BINS)
        rows.append(
            {
                "step": step,
                "low": max(step - 0.5, 0) / BINS,
                "high": min(step + 0.5, BINS) / BINS,
                "threshold": f"{step / BINS:.2f}",
                "rate": text.percent(above / runs if runs else None),
                "pass": f"{above:,} of {runs:,}",
                "change": f"{above - today:+,}" if above != today else "none",
            }
        )
    tips = {
        "threshold": "Threshold",
        "rate": "Pass rate",
        "pass": "Runs that pass",
        "change": "Against today's threshold",
    }
    strips = alt.Chart(alt.InlineData(values=rows)).mark_rect(opacity=0, cursor="ew-resize")
    drawn: alt.Chart = strips.encode(
        x=alt.X("low:Q"),
        x2=alt.X2("high"),
        y=alt.value(0),
        y2=alt.value("height"),
        tooltip=[alt.Tooltip(f"{name}:N", title=title) for name, title in tips.items()],
    ).add_params(pick)
    return drawn
