"""The charts of agreement: two sides against each other point by point, and how far two judges are apart."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence

from console.actions.labels.agreement import Cell, Point
from console.ui.charts.figures import Panel, Trace, shown
from console.ui.charts.marks import with_threshold
from console.ui.frame.style import palette

MOST_POINTS = 2_000
"""Points that are drawn, spread evenly over all of them."""
_JITTER = 0.011
"""Normalised; equal points lie beside each other. Only the drawing is moved, never a figure."""
_WIDTH = 0.05
"""Of a bar of differences, in normalised scores."""
_PREVIEW = 90
_AGREE = (Cell.BOTH_PASS, Cell.BOTH_FAIL)


def scatter(points: Sequence[Point], first: str, other: str, threshold: float, other_threshold: float) -> Panel:
    """One dot per artifact with both scores; its target is `point`, the first run's id.

    Args:
        first: what stands on the upright axis.
        other: what stands on the other axis.
        threshold, other_threshold: normalised thresholds of both sides.
    """
    known = [one for one in points if one.other_score is not None]
    drawn = known[:: math.ceil(len(known) / MOST_POINTS) or 1]
    colors = palette()
    groups = (
        ("Same verdict", colors.passed, "circle", [one for one in drawn if one.cell in _AGREE]),
        ("Opposite verdicts", colors.failed, "diamond", [one for one in drawn if one.cell not in _AGREE]),
    )
    diagonal: Trace = {
        "type": "scatter", "mode": "lines", "x": [0, 1], "y": [0, 1], "hoverinfo": "skip", "showlegend": False,
        "line": {"color": colors.muted, "width": 1}, "opacity": 0.6,
    }  # fmt: skip
    axis = {"range": [-0.03, 1.03], "tickvals": [0, 0.2, 0.4, 0.6, 0.8, 1], "tickformat": ".1f", "showgrid": False}
    opposite = sum(one.cell not in _AGREE for one in known)
    panel = Panel(
        traces=[diagonal, *(_dots(*group, first, other) for group in groups if group[-1])],
        finding=f"{opposite:,} of {len(known):,} artifacts got opposite verdicts.",
        x={**axis, "title": {"text": other}},
        y={**axis, "title": {"text": first}},
        height=290,
        legend=True,
    )
    return with_threshold(panel, x=other_threshold, y=threshold)


def _dots(name: str, color: str, symbol: str, points: Sequence[Point], first: str, other: str) -> Trace:
    """The dots of one kind, as WebGL: there may be thousands."""
    places = [_moved(one) for one in points]
    return {
        "type": "scattergl", "mode": "markers", "name": name, "x": [x for x, _ in places], "y": [y for _, y in places],
        "marker": {"size": 8, "color": color, "symbol": symbol, "opacity": 0.62},
        "customdata": [
            [
                {"point": str(one.first.run_id)}, shown(one.first.run_id), f"{one.first_score:.3f}",
                f"{one.other_score:.3f}", shown(one.first.preview, _PREVIEW),
            ]
            for one in points
        ],
        "hovertemplate": f"Run %{{customdata[1]}}<br>{first}: %{{customdata[2]}}<br>{other}: %{{customdata[3]}}"
        f"<br>{name}<br>%{{customdata[4]}}<extra></extra>",
    }  # fmt: skip


def _moved(point: Point) -> tuple[float, float]:
    """Where a dot is drawn, beside its place: always the same for the same run."""
    one, other, *_ = hashlib.blake2s(str(point.first.run_id).encode(), digest_size=2).digest()
    right, up = ((byte / 127.5 - 1) * _JITTER for byte in (one, other))
    x, y = (point.other_score or 0.0) + right, point.first_score + up
    return min(max(x, -0.015), 1.015), min(max(y, -0.015), 1.015)


def difference_histogram(differences: Sequence[float], mean: float | None) -> Panel:
    """How many artifacts got how much more (or less) from the candidate; the line is the mean."""
    counts: dict[int, int] = {}
    for one in differences:
        place = round(one / _WIDTH)
        counts[place] = counts.get(place, 0) + 1
    reach = max([0.25, *(abs(place) * _WIDTH + _WIDTH for place in counts)])
    colors = palette()
    sides = (
        ("Lower", colors.failed, {place: number for place, number in counts.items() if place < 0}),
        ("About the same", colors.waiting, {place: number for place, number in counts.items() if place == 0}),
        ("Higher", colors.passed, {place: number for place, number in counts.items() if place > 0}),
    )
    panel = Panel(
        traces=[_bars(name, color, some) for name, color, some in sides if some],
        finding=f"The candidate scores {sum(sides[2][2].values()):,} artifacts higher and "
        f"{sum(sides[0][2].values()):,} lower.",
        x={
            "range": [-reach, reach], "nticks": 9, "tickformat": "+.2f",
            "title": {"text": "Candidate minus baseline (normalised score)"},
        },
        y={"nticks": 5, "tickformat": ",d", "rangemode": "tozero"},
        height=190,
        legend=True,
    )  # fmt: skip
    if mean is not None:
        line = {"color": colors.ink, "width": 2}
        panel.shapes.append({"type": "line", "x0": mean, "x1": mean, "y0": 0, "y1": 1, "yref": "domain", "line": line})
        panel.notes.append(
            {
                "text": f"Mean {mean:+.3f}", "x": mean, "y": 1, "yref": "domain", "xanchor": "left", "xshift": 4,
                "yanchor": "top", "showarrow": False, "font": {"size": 11, "color": colors.ink},
            }
        )  # fmt: skip
    return panel


def _bars(name: str, color: str, counts: dict[int, int]) -> Trace:
    places = sorted(counts)
    return {
        "type": "bar", "name": name, "marker": {"color": color}, "width": 0.92 * _WIDTH,
        "x": [place * _WIDTH for place in places], "y": [counts[place] for place in places],
        "customdata": [f"{(place - 0.5) * _WIDTH:+.3f} to {(place + 0.5) * _WIDTH:+.3f}" for place in places],
        "hovertemplate": "Difference %{customdata}<br>%{y:,} artifacts<extra></extra>",
    }  # fmt: skip
