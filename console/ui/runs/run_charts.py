"""The charts of one run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from console.ui.charts.figures import Panel, shown
from console.ui.frame.style import palette


def responses_strip(scores: Sequence[float], low: float, high: float, marks: Mapping[str, float]) -> Panel:
    """One dot per response on the case's scale, and named lines such as the score and the threshold."""
    dots = list(_stacked_dots(scores, (high - low) / 50))
    tallest = max((place for _, place in dots), default=1)
    colors = palette()
    room = (high - low) * 0.02
    line = {"color": colors.ink, "width": 1.5, "dash": "dash"}
    return Panel(
        traces=[
            {
                "type": "scatter", "mode": "markers", "x": [score for score, _ in dots],
                "y": [place for _, place in dots], "marker": {"size": 9, "color": colors.accent},
                "customdata": list(range(1, len(dots) + 1)),
                "hovertemplate": "Response %{customdata}<br>Score %{x:.2f}<extra></extra>",
            }
        ],
        finding=f"{len(scores)} responses from {min(scores, default=0):g} to {max(scores, default=0):g} "
        f"on a scale of {low:g} to {high:g}.",
        x={"range": [low - room, high + room], "nticks": 8},
        y={"range": [0, max(tallest, 4) + 2], "visible": False},
        height=60 + 6 * max(tallest, min(len(scores), 10)),
        shapes=[
            {"type": "line", "x0": at, "x1": at, "y0": 0, "y1": 1, "yref": "domain", "line": line}
            for at in marks.values()
        ],
        notes=[
            {
                "text": shown(name), "x": at, "y": 1, "yref": "domain", "yshift": -13 * place, "xshift": 4,
                "xanchor": "left", "yanchor": "top", "showarrow": False, "font": {"size": 11, "color": colors.muted},
            }
            for place, (name, at) in enumerate(marks.items())
        ],
    )  # fmt: skip


def probabilities(distribution: Mapping[str, float]) -> Panel:
    """Probability per score, as the judge's log-probabilities gave it."""
    rows = dict(sorted(distribution.items(), key=_as_number))
    likely = max(rows, key=lambda score: rows[score], default="")
    return Panel(
        traces=[
            {
                "type": "bar", "x": [shown(score, 12) for score in rows], "y": list(rows.values()),
                "marker": {"color": palette().accent},
                "hovertemplate": "Score %{x}<br>Probability %{y:.1%}<extra></extra>",
            }
        ],
        finding=f"The score {likely} is the likeliest, {rows.get(likely, 0.0):.0%}.",
        x={"type": "category", "title": {"text": "Score"}},
        y={"tickformat": ".0%", "nticks": 4, "rangemode": "tozero"},
        height=90,
    )  # fmt: skip


def _stacked_dots(scores: Sequence[float], width: float) -> Iterator[tuple[float, int]]:
    """Each response with its place in the pile of (nearly) equal scores."""
    piles: dict[int, int] = {}
    for score in scores:
        pile = round(score / width) if width else 0
        piles[pile] = piles.get(pile, 0) + 1
        yield score, piles[pile]


def _as_number(item: tuple[str, float]) -> float:
    try:
        return float(item[0])
    except ValueError:
        return float("inf")
