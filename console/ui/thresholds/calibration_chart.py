"""The quality of verdicts at every threshold, with bands, and the lines of the present and the suggested threshold."""

from __future__ import annotations

import math
from typing import Any

import altair as alt
import numpy as np

from console.actions.thresholds.calibration import Calibration
from console.judging.calibration import STEPS, Curve
from console.ui.frame.charts import Layer, chart_of, finished
from console.ui.frame.style import palette

HEIGHT = 340
_ROOM = 0.18
"""Of the axis, that a name takes."""
NAMES = {"precision": "Precision", "recall": "Recall", "f1": "F1", "kappa": "Kappa"}


def quality_chart(found: Calibration, threshold: float) -> Layer:
    """Precision, recall, F1 and kappa by threshold.

    Args:
        threshold: the one that somebody thinks about, drawn where it is neither the present nor the suggested one.
    """
    curves = {name: getattr(found.curves, key) for key, name in NAMES.items()}
    rows = [row for name, curve in curves.items() for row in _rows(name, curve)]
    chosen = NAMES.get(found.objective.value, "")
    lowest = min((float(np.nan_to_num(curve.low).min()) for curve in curves.values()), default=0.0)
    colors = palette()
    base = chart_of(rows).encode(
        x=alt.X(
            "threshold:Q", title="Threshold", scale=alt.Scale(domain=[0, 1], nice=False),
            axis=alt.Axis(tickCount=10, format=".1f"),
        ),
        color=alt.Color(
            "figure:N", scale=alt.Scale(domain=list(NAMES.values()), range=list(colors.series[:4])),
            legend=alt.Legend(symbolType="stroke", symbolOpacity=1, symbolStrokeWidth=2.5),
        ),
    )  # fmt: skip
    y = alt.Y(
        "value:Q", title=None, scale=alt.Scale(domain=[min(0.0, lowest), 1.02], nice=False), axis=alt.Axis(tickCount=5)
    )
    bands = base.mark_area().encode(
        y=alt.Y("low:Q", title=None),
        y2="high:Q",
        opacity=alt.condition(f"datum.figure == '{chosen}'", alt.value(0.2), alt.value(0.06)),
    )
    lines = base.mark_line(strokeWidth=2).encode(
        y=y,
        tooltip=[
            alt.Tooltip("figure:N", title="Figure"),
            alt.Tooltip("threshold:Q", title="Threshold", format=".2f"),
            alt.Tooltip("value:Q", title="Value", format=".3f"),
            alt.Tooltip("interval:N", title="95 % interval"),
        ],
    )
    rules = _rules(found, threshold)
    return finished(alt.LayerChart(layer=[bands, lines, *rules]), HEIGHT)


def _rows(name: str, curve: Curve) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for step in range(STEPS + 1):
        value, low, high = (float(part[step]) for part in (curve.value, curve.low, curve.high))
        known = not math.isnan(low)
        rows.append(
            {
                "figure": name,
                "threshold": step / STEPS,
                "value": None if math.isnan(value) else value,
                "low": low if known else None,
                "high": high if known else None,
                "interval": f"{low:.3f} to {high:.3f}" if known else "none",
            }
        )
    return rows


def _rules(found: Calibration, threshold: float) -> list[Layer]:
    """The lines, each with its name on the side where no other line is near."""
    colors = palette()
    suggested = found.suggestion.threshold
    wanted = [(found.present, "present", colors.muted, [5, 4])]
    if suggested is not None:
        wanted.append((suggested, "suggested", colors.ink, [1, 0]))
    if threshold not in (found.present, suggested):
        wanted.append((threshold, "what if", colors.failed, [2, 2]))
    wanted.sort()
    layers: list[Layer] = []
    for place, (at, name, color, dash) in enumerate(wanted):
        line = chart_of([{"at": at, "name": f"{name} {at:.2f}"}])
        left = at > _ROOM and (place == 0 or at > 1 - _ROOM)
        words: dict[str, Any] = {
            "align": "right" if left else "left", "dx": -5 if left else 5, "dy": -5 - 14 * place, "fontSize": 11,
            "baseline": "bottom",
        }  # fmt: skip
        layers.append(line.mark_rule(strokeDash=dash, strokeWidth=1.75, color=color).encode(x="at:Q"))
        halo = {"color": colors.surface, "stroke": colors.surface, "strokeWidth": 4}
        layers += [
            line.mark_text(**words, **look).encode(x="at:Q", y=alt.value("height"), text="name:N")
            for look in (halo, {"color": color})
        ]
    return layers
