"""The quality of verdicts at every threshold, with bands, and the lines of the present and the suggested threshold."""

from __future__ import annotations

import math
from typing import Any

from console.actions.thresholds.calibration import Calibration
from console.judging.analysis.calibration import STEPS, Curve
from console.ui.charts.figures import Panel, Trace
from console.ui.frame.style import palette

_ROOM = 0.18
"""Of the axis, that a name takes."""
NAMES = {"precision": "Precision", "recall": "Recall", "f1": "F1", "kappa": "Kappa"}


def quality_chart(found: Calibration, threshold: float) -> Panel:
    """Precision, recall, F1 and kappa by threshold.

    Args:
        threshold: the one that somebody thinks about, drawn where it is neither the present nor the suggested one.
    """
    curves = {name: getattr(found.curves, key) for key, name in NAMES.items()}
    chosen = NAMES.get(found.objective.value, "")
    colors = palette().series
    traces = [
        trace
        for (name, curve), color in zip(curves.items(), colors, strict=False)
        for trace in _curve(name, curve, color, strong=name == chosen)
    ]
    lowest = min((low for curve in curves.values() for low in curve.low.tolist() if not math.isnan(low)), default=0.0)
    best = found.suggestion.threshold
    suggested = "no threshold is suggested" if best is None else f"{best:.2f} is suggested"
    shapes, notes = _lines(found, threshold)
    return Panel(
        traces=traces,
        finding=f"Quality of the verdicts by threshold: {found.present:.2f} is in force, {suggested}.",
        x={"range": [0, 1], "nticks": 11, "tickformat": ".1f", "title": {"text": "Threshold"}},
        y={"range": [min(0.0, lowest), 1.04], "nticks": 6},
        height=280,
        legend=True,
        shapes=shapes,
        notes=notes,
    )


def _curve(name: str, curve: Curve, color: str, *, strong: bool) -> list[Trace]:
    """The band of a figure and its line; the band of the figure that is sought is stronger."""
    x = [step / STEPS for step in range(STEPS + 1)]
    value, low, high = (_known(part.tolist()) for part in (curve.value, curve.low, curve.high))
    inside = [place for place in range(STEPS + 1) if low[place] is not None]
    band: Trace = {
        "type": "scatter", "mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False,
        "x": [x[place] for place in inside] + [x[place] for place in reversed(inside)],
        "y": [high[place] for place in inside] + [low[place] for place in reversed(inside)],
        "fill": "toself", "fillcolor": f"{color}{'38' if strong else '14'}", "legendgroup": name,
    }  # fmt: skip
    line: Trace = {
        "type": "scatter", "mode": "lines", "name": name, "legendgroup": name, "x": x, "y": value,
        "line": {"color": color, "width": 2.5 if strong else 1.75},
        "customdata": [
            "none" if one is None or other is None else f"{one:.3f} to {other:.3f}"
            for one, other in zip(low, high, strict=True)
        ],
        "hovertemplate": f"{name} %{{y:.3f}} at threshold %{{x:.2f}}<br>95 % interval %{{customdata}}<extra></extra>",
    }  # fmt: skip
    return [band, line] if inside else [line]


def _known(values: list[float]) -> list[float | None]:
    return [None if math.isnan(one) else one for one in values]


def _lines(found: Calibration, threshold: float) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The lines, each with its name on the side where no other line is near."""
    colors = palette()
    suggested = found.suggestion.threshold
    wanted = [(found.present, "present", colors.muted, "dash")]
    if suggested is not None:
        wanted.append((suggested, "suggested", colors.ink, "solid"))
    if threshold not in (found.present, suggested):
        wanted.append((threshold, "what if", colors.failed, "dot"))
    wanted.sort()
    shapes, notes = [], []
    for place, (at, name, color, dash) in enumerate(wanted):
        left = at > _ROOM and (place == 0 or at > 1 - _ROOM)
        line = {"color": color, "width": 1.75, "dash": dash}
        shapes.append({"type": "line", "x0": at, "x1": at, "y0": 0, "y1": 1, "yref": "domain", "line": line})
        notes.append(
            {
                "text": f"{name} {at:.2f}", "x": at, "y": 0, "yref": "domain", "yshift": 5 + 14 * place,
                "xanchor": "right" if left else "left", "xshift": -4 if left else 4, "yanchor": "bottom",
                "showarrow": False, "bgcolor": colors.surface, "font": {"size": 11, "color": color},
            }
        )  # fmt: skip
    return shapes, notes
