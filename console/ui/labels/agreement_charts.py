"""The charts of agreement: two sides against each other point by point, and how far two judges are apart."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from typing import Any

import altair as alt

from console.actions.labels.agreement import Cell, Point
from console.ui.frame import text
from console.ui.frame.charts import Layer, chart_of, finished
from console.ui.frame.style import palette

HEIGHT = 330
MOST_POINTS = 2_000
"""Points that are drawn, spread evenly over all of them."""
_JITTER = 0.011
"""Normalised; equal points lie beside each other. Only the drawing is moved, never a figure."""
_PREVIEW = 90
_AGREE = (Cell.BOTH_PASS, Cell.BOTH_FAIL)


def scatter(points: Sequence[Point], first: str, other: str, threshold: float, other_threshold: float) -> Layer:
    """One dot per artifact with both scores. A click selects `pick`, whose `run` is the first run's id.

    Args:
        first: what stands on the upright axis.
        other: what stands on the other axis.
        threshold, other_threshold: normalised thresholds of both sides.
    """
    known = [one for one in points if one.other_score is not None]
    rows = [_dot(one) for one in known[:: math.ceil(len(known) / MOST_POINTS) or 1]]
    colors = palette()
    scale = alt.Scale(domain=[-0.02, 1.02], nice=False)
    axis = alt.Axis(values=[0, 0.2, 0.4, 0.6, 0.8, 1], format=".1f", grid=False)
    pick = alt.selection_point(name="pick", fields=["run"], on="click", clear=False, empty=False)
    dots = (
        chart_of(rows)
        .mark_circle(size=52, opacity=0.62, cursor="pointer", stroke=colors.surface, strokeWidth=0.6)
        .encode(
            x=alt.X("x:Q", title=other, scale=scale, axis=axis),
            y=alt.Y("y:Q", title=first, scale=scale, axis=axis),
            color=alt.Color(
                "verdicts:N",
                scale=alt.Scale(domain=["Same verdict", "Opposite verdicts"], range=[colors.passed, colors.failed]),
            ),
            shape=alt.Shape("verdicts:N", legend=None),
            tooltip=[
                alt.Tooltip("run:N", title="Run"),
                alt.Tooltip("first:Q", title=first, format=".3f"),
                alt.Tooltip("other:Q", title=other, format=".3f"),
                alt.Tooltip("verdicts:N", title="Verdicts"),
                alt.Tooltip("preview:N", title="Text"),
            ],
        )
        .add_params(pick)
    )
    ends = chart_of([{"x": 0, "y": 0}, {"x": 1, "y": 1}])
    diagonal = ends.mark_line(strokeWidth=1, color=colors.muted, opacity=0.6).encode(x="x:Q", y="y:Q")
    return finished(alt.LayerChart(layer=[diagonal, _line(other_threshold), dots]), HEIGHT, y_threshold=threshold)


def _line(threshold: float) -> alt.Chart:
    """The pass threshold of the other side, without words: the card says what it is."""
    rule = chart_of([{"threshold": threshold}]).mark_rule(strokeDash=[5, 4], strokeWidth=1.5, color=palette().failed)
    drawn: alt.Chart = rule.encode(x="threshold:Q")
    return drawn


def _dot(point: Point) -> dict[str, Any]:
    right, up = _moved(str(point.first.run_id))
    other = point.other_score or 0.0
    return {
        "run": str(point.first.run_id),
        "first": point.first_score,
        "other": other,
        "x": min(max(other + right, -0.015), 1.015),
        "y": min(max(point.first_score + up, -0.015), 1.015),
        "verdicts": "Same verdict" if point.cell in _AGREE else "Opposite verdicts",
        "preview": text.shorten(point.first.preview, _PREVIEW),
    }


def _moved(run_id: str) -> tuple[float, float]:
    """Where a dot lies beside its place: always the same for the same run."""
    one, other, *_ = hashlib.blake2s(run_id.encode(), digest_size=2).digest()
    return (one / 127.5 - 1) * _JITTER, (other / 127.5 - 1) * _JITTER


def difference_histogram(differences: Sequence[float], mean: float | None) -> Layer:
    """How many artifacts got how much more (or less) from the candidate; the rule is the mean."""
    colors = palette()
    width = 0.05
    counts: dict[int, int] = {}
    for one in differences:
        place = round(one / width)
        counts[place] = counts.get(place, 0) + 1
    reach = max(0.25, *(abs(place) * width + width for place in counts)) if counts else 0.25
    rows = [
        {
            "low": (place - 0.46) * width,
            "high": (place + 0.46) * width,
            "runs": number,
            "side": "Lower" if place < 0 else "Higher" if place else "About the same",
            "floor": 0,
            "range": f"{(place - 0.5) * width:+.3f} to {(place + 0.5) * width:+.3f}",
        }
        for place, number in sorted(counts.items())
    ]
    bars = (
        chart_of(rows)
        .mark_rect()
        .encode(
            x=alt.X(
                "low:Q",
                title="Candidate minus baseline (normalised score)",
                scale=alt.Scale(domain=[-reach, reach], nice=False),
                axis=alt.Axis(tickCount=9, format="+.2f"),
            ),
            x2="high:Q",
            y=alt.Y("floor:Q", title="Artifacts", axis=alt.Axis(tickMinStep=1, tickCount=5)),
            y2="runs:Q",
            color=alt.Color(
                "side:N",
                scale=alt.Scale(
                    domain=["Lower", "About the same", "Higher"], range=[colors.failed, colors.waiting, colors.passed]
                ),
            ),
            tooltip=[alt.Tooltip("range:N", title="Difference"), alt.Tooltip("runs:Q", title="Artifacts")],
        )
    )
    layers: list[Layer] = [bars]
    if mean is not None:
        line = chart_of([{"mean": mean, "name": f"Mean {mean:+.3f}"}])
        rule = line.mark_rule(strokeWidth=2, color=colors.ink).encode(x="mean:Q")
        words = line.mark_text(align="left", dx=5, dy=6, fontSize=11, color=colors.ink).encode(
            x="mean:Q", y=alt.value(0), text="name:N"
        )
        layers += [rule, words]
    return finished(alt.LayerChart(layer=layers), 240)
