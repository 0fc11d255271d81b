"""The charts of one run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import altair as alt

from console.ui.frame.charts import Layer, chart_of, finished
from console.ui.frame.style import palette


def responses_strip(scores: Sequence[float], low: float, high: float, marks: Mapping[str, float]) -> Layer:
    """One dot per response on the case's scale, and named lines such as the score and the threshold."""
    rows = list(_stacked_dots(scores, (high - low) / 50))
    tallest = max((row["place"] for row in rows), default=1)
    scale = alt.Scale(domain=[low, high], nice=False, padding=8)
    dots = (
        chart_of(rows)
        .mark_circle(size=70, opacity=1, color=palette().accent)
        .encode(
            x=alt.X("score:Q", scale=scale, title=None, axis=alt.Axis(tickMinStep=1)),
            y=alt.Y("place:Q", axis=None, scale=alt.Scale(domain=[0, max(tallest, 4) + 2])),
            tooltip=[alt.Tooltip("response:Q", title="Response"), alt.Tooltip("score:Q", title="Score", format=".2f")],
        )
    )
    lines = [{"name": name, "at": at} for name, at in marks.items()]
    rules = chart_of(lines).mark_rule(strokeWidth=1.5, color=palette().ink, strokeDash=[4, 3]).encode(x="at:Q")
    names = [
        chart_of([line])
        .mark_text(align="left", dx=4, baseline="top", fontSize=11, color=palette().muted)
        .encode(x="at:Q", y=alt.value(13 * place), text="name:N")
        for place, line in enumerate(lines)
    ]
    return finished(alt.LayerChart(layer=[dots, rules, *names]), 96 + 6 * max(tallest, min(len(scores), 10)))


def probabilities(distribution: Mapping[str, float]) -> Layer:
    """Probability per score, as the judge's log-probabilities gave it."""
    rows = [{"score": score, "share": share} for score, share in sorted(distribution.items(), key=_as_number)]
    chart = (
        chart_of(rows)
        .mark_bar(color=palette().accent, size=22)
        .encode(
            x=alt.X("score:N", sort=None, title="Score", axis=alt.Axis(labelAngle=0)),
            y=alt.Y("share:Q", title="Probability", axis=alt.Axis(format="%", tickCount=4)),
            tooltip=[alt.Tooltip("score:N", title="Score"), alt.Tooltip("share:Q", title="Probability", format=".1%")],
        )
    )
    return finished(chart, 130)


def _stacked_dots(scores: Sequence[float], width: float) -> Iterator[dict[str, Any]]:
    """Each response with its place in the pile of (nearly) equal scores."""
    piles: dict[int, int] = {}
    for number, score in enumerate(scores, start=1):
        pile = round(score / width) if width else 0
        piles[pile] = piles.get(pile, 0) + 1
        yield {"response": number, "score": score, "place": piles[pile]}


def _as_number(item: tuple[str, float]) -> float:
    try:
        return float(item[0])
    except ValueError:
        return float("inf")
