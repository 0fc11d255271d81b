"""The histogram of normalised scores with a threshold that can be dragged or put elsewhere with a click.

The line and the colours of the bars follow the selection in the browser, without a request, while it is dragged.
This one chart is Vega-Lite (Streamlit brings it): a Plotly chart in Streamlit reports no dragged line.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from console.actions.runs.totals import histogram, passing
from console.records import BINS
from console.ui.frame import text
from console.ui.frame.style import FONT, Palette, palette

_HEIGHT = 260
_EDGE = 5
"""Pixels at both sides: those of a slider's track, so that its knob stands below the line."""
_GAP = 0.0008
"""Half of the air between two bars, in scores."""
_AT = "pick.step[0]"
"""Where the line is, in hundredths, as Vega knows it."""
Layer = dict[str, Any]


def histogram_chart(bins: Sequence[int], threshold: float, today: float) -> dict[str, Any]:
    """Bars of a hundredth each, the dashed threshold of today, and the line, as a Vega-Lite specification.

    A click or a drag selects `pick`, whose `step` is the new threshold in hundredths.

    Args:
        threshold: where the line is at first, on the grid of hundredths.
        today: the threshold in force, on the same grid.
    """
    colors = palette()
    now = round(today * BINS)
    layers = [_bars(bins, now, colors), *_today(today, colors), *_line(colors), _handles(bins, threshold, now)]
    return {
        "layer": layers,
        "height": _HEIGHT,
        "padding": {"left": _EDGE, "right": _EDGE, "top": 18, "bottom": 0},
        "background": "transparent",
        "config": {
            "font": FONT,
            "view": {"stroke": None},
            "axis": {
                "labelColor": colors.muted,
                "labelFontSize": 11.5,
                "domain": False,
                "ticks": False,
                "labelPadding": 6,
            },
            "axisX": {"grid": False},
        },
    }


def _bars(bins: Sequence[int], now: int, colors: Palette) -> Layer:
    """The bars: in the colour of their result under the line, in full colour where that is another one than today."""
    ends = [{"test": "datum.value == 0", "value": "left"}, {"test": "datum.value == 1", "value": "right"}]
    axis = {
        "values": [step / 10 for step in range(11)],
        "format": ".1f",
        "labelAlign": {"condition": ends, "value": "center"},
    }
    return {
        "data": {
            "values": [
                {"from": low + _GAP, "to": high - _GAP, "place": place, "runs": runs, "floor": 0}
                for place, (low, high, runs) in enumerate(histogram(bins, BINS))
                if runs
            ]
        },
        "mark": {"type": "rect"},
        "encoding": {
            "x": {**_number("from"), "scale": {"domain": [0, 1], "nice": False}, "title": None, "axis": axis},
            "x2": {"field": "to"},
            "y": {**_number("floor"), "axis": None},
            "y2": {"field": "runs"},
            "color": {"condition": {"test": f"datum.place >= {_AT}", "value": colors.passed}, "value": colors.failed},
            "opacity": {
                "condition": {"test": f"(datum.place >= {_AT}) != (datum.place >= {now})", "value": 1.0},
                "value": 0.5,
            },
        },
    }


def _today(today: float, colors: Palette) -> tuple[Layer, Layer]:
    """Where the threshold is today."""
    data = {"values": [{"threshold": today, "name": f"today {today:.2f}"}]}
    x = {"x": _number("threshold")}
    words = {"align": "right", "dx": -6} if today > 0.5 else {"align": "left", "dx": 6}
    return (
        {
            "data": data,
            "mark": {"type": "rule", "strokeDash": [5, 4], "strokeWidth": 1.5, "color": colors.muted},
            "encoding": x,
        },
        {
            "data": data,
            "mark": {"type": "text", "fontSize": 11, "color": colors.muted, **words},
            "encoding": {**x, "text": {"field": "name", "type": "nominal"}, "y": {"value": 6}},
        },
    )


def _line(colors: Palette) -> tuple[Layer, Layer]:
    """The line where the selection is."""
    steps = [{"step": step, "threshold": step / BINS, "name": f"{step / BINS:.2f}"} for step in range(BINS + 1)]
    base = {"data": {"values": steps}, "transform": [{"filter": {"param": "pick"}}]}
    x = {"x": _number("threshold")}
    words = {"type": "text", "fontSize": 12, "fontWeight": 600, "color": colors.ink, "dy": -9}
    return (
        {**base, "mark": {"type": "rule", "strokeWidth": 2.5, "color": colors.ink}, "encoding": x},
        {
            **base,
            "mark": words,
            "encoding": {**x, "text": {"field": "name", "type": "nominal"}, "y": {"value": 0}},
        },
    )


def _handles(bins: Sequence[int], threshold: float, now: int) -> Layer:
    """A strip per hundredth, unseen, which the pointer meets; its tooltip says what the threshold there would do."""
    runs = sum(bins)
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
    return {
        "data": {"values": rows},
        "mark": {"type": "rect", "opacity": 0, "cursor": "ew-resize"},
        "encoding": {
            "x": _number("low"),
            "x2": {"field": "high"},
            "y": {"value": 0},
            "y2": {"value": "height"},
            "tooltip": [{"field": name, "type": "nominal", "title": title} for name, title in tips.items()],
        },
        "params": [_pick(threshold)],
    }


def _pick(threshold: float) -> Layer:
    """The selection that the line follows."""
    select = {
        "type": "point",
        "fields": ["step"],
        "on": "click, [pointerdown, window:pointerup] > pointermove",
        "toggle": "false",
        "clear": False,
    }
    return {"name": "pick", "select": select, "value": [{"step": round(threshold * BINS)}]}


def _number(field: str) -> Layer:
    return {"field": field, "type": "quantitative"}
