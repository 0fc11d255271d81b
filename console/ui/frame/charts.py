"""The charts of many runs. Each takes plain rows and returns an Altair chart; colours and axes come from `style`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import altair as alt
import pandas as pd

from console.actions.runs.totals import Tally, histogram, percentile
from console.records import RunSummary, utcnow
from console.ui.frame import text
from console.ui.frame.style import ERROR, FAIL, PASS, SCORED, Outcome, color_of, outcome_of, palette

HEIGHT = 230
SMALL = 90
"""Height of a chart that only gives a list its context."""
_UNIT = alt.Scale(domain=[0, 1])
_SHAPES = ["circle", "square", "triangle-up", "diamond", "triangle-right", "cross", "triangle-left", "triangle-down"]
_BARS = 25
"""Of the histogram of scores."""
_MOST_TICKS = 8
"""On an axis of days; fewer days have one each, not one every few hours."""
_MOST_JUDGES = 12
_MOST_CASES = 6
"""Cases with a colour of their own; the rest share one."""
Layer = alt.Chart | alt.LayerChart


def runs_over_time(days: Mapping[date, Tally], *, small: bool = False) -> Layer:
    """Finished runs per day or week, stacked by result; a small one has neither legend nor titles."""
    step = _step(days)
    rows = [
        {"day": day.isoformat(), "until": _moment(day, step * 0.8), **part}
        for day, tally in days.items()
        for part in _stack((PASS, tally.passed), (FAIL, tally.rejected), (ERROR, tally.failed))
    ]
    chart = (
        chart_of(rows)
        .mark_rect()
        .encode(
            x=_day_x(days),
            x2="until:T",
            y=alt.Y(
                "below:Q",
                title=None if small else "Runs",
                axis=alt.Axis(tickMinStep=1, tickCount=2 if small else 4, format=",.0f"),
            ),
            y2="above:Q",
            color=_results([PASS, FAIL, ERROR], legend=not small),
            tooltip=[_day_tip(), alt.Tooltip("result:N", title="Result"), alt.Tooltip("runs:Q", title="Runs")],
        )
    )
    return finished(chart, SMALL if small else HEIGHT)


def score_over_time(days: Mapping[date, Tally], threshold: float | None, *, small: bool = False) -> Layer:
    """Mean normalised score per day or week, with the threshold where there is one."""
    rows = [
        {"day": day.isoformat(), "mean": tally.mean, "runs": tally.completed}
        for day, tally in days.items()
        if tally.completed
    ]
    mean = (
        chart_of(rows)
        .mark_line(
            point=alt.OverlayMarkDef(size=12 if small else 30, filled=True, color=palette().accent),
            strokeWidth=1.5 if small else 2,
            color=palette().accent,
        )
        .encode(
            x=_day_x(days),
            y=_unit_y("mean:Q", None if small else "Mean score (0 to 1)", ticks=2 if small else 5),
            tooltip=[_day_tip(), _score_tip("mean:Q", "Mean score"), alt.Tooltip("runs:Q", title="Scored runs")],
        )
    )
    return finished(mean, SMALL if small else HEIGHT, y_threshold=threshold)


def score_histogram(bins: Mapping[int, int], threshold: float | None) -> Layer:
    """How many runs have which normalised score."""
    rows = [
        {"from": low, "to": high, "runs": number, "range": f"{low:.2f} to {high:.2f}"}
        for low, high, number in histogram(bins, _BARS)
    ]
    chart = (
        chart_of(rows)
        .mark_bar(color=palette().accent, binSpacing=1)
        .encode(
            x=alt.X(
                "from:Q", bin="binned", title="Score (0 to 1)", scale=_UNIT, axis=alt.Axis(tickCount=10, format=".1f")
            ),
            x2="to:Q",
            y=alt.Y("runs:Q", title="Runs", axis=alt.Axis(tickMinStep=1, tickCount=5)),
            tooltip=[alt.Tooltip("range:N", title="Score"), alt.Tooltip("runs:Q", title="Runs")],
        )
    )
    return finished(chart, HEIGHT, x_threshold=threshold)


def score_by_judge(tallies: Mapping[str, Tally], threshold: float | None) -> Layer:
    """Percentiles of the normalised score per judge: line 5 to 95 %, bar the middle half, tick the median.

    Args:
        tallies: by the judge's name as shown; the `_MOST_JUDGES` with the most runs are drawn.
    """
    known = sorted((item for item in tallies.items() if item[1].bins), key=lambda item: -item[1].completed)
    rows = [
        {
            "judge": name,
            "runs": tally.completed,
            **{f"p{share}": percentile(tally.bins, share / 100) for share in (5, 25, 50, 75, 95)},
        }
        for name, tally in known[:_MOST_JUDGES]
    ]
    tips = [alt.Tooltip("judge:N", title="Judge"), alt.Tooltip("runs:Q", title="Scored runs")]
    tips += [_score_tip(f"p{share}:Q", f"{share} % below") for share in (5, 25, 50, 75, 95)]
    base = chart_of(rows).encode(
        y=alt.Y("judge:N", title=None, sort=[name for name, _ in known[:_MOST_JUDGES]], axis=alt.Axis(labelLimit=150)),
        tooltip=tips,
    )
    colors = palette()
    axis = alt.X("p5:Q", title="Score (0 to 1)", scale=_UNIT, axis=alt.Axis(grid=True, tickCount=5, format=".1f"))
    chart = (
        base.mark_rule(strokeWidth=1.5, color=colors.accent).encode(x=axis, x2="p95:Q")
        + base.mark_bar(size=13, color=colors.accent, opacity=0.45).encode(x="p25:Q", x2="p75:Q")
        + base.mark_tick(thickness=3, size=19, color=colors.ink).encode(x="p50:Q")
    )
    return finished(chart, max(HEIGHT, 26 * len(rows)), x_threshold=threshold)


def runs_scatter(rows: Sequence[RunSummary], names: Mapping[str, str], threshold: float | None) -> Layer:
    """Scored runs by time: colour is the result, size the duration, form the judge.

    Args:
        names: judge id to the name shown.
    """
    points = [_point(row, names) for row in rows if row.final_score_normalized is not None]
    judges = list(dict.fromkeys(point["judge"] for point in points))
    chart = (
        chart_of(points)
        .mark_point(filled=True, opacity=0.75)
        .encode(
            x=_time_x("started:T", *_days_of(rows)),
            y=_unit_y("score:Q", "Score (0 to 1)"),
            color=_results([PASS, FAIL, SCORED] if any(p["result"] == SCORED.word for p in points) else [PASS, FAIL]),
            size=_size("seconds", points),
            shape=alt.Shape("judge:N", scale=alt.Scale(domain=judges[: len(_SHAPES)], range=_SHAPES), legend=None),
            tooltip=_point_tips(),
        )
    )
    return finished(chart, HEIGHT, y_threshold=threshold)


def duration_scatter(rows: Sequence[RunSummary], names: Mapping[str, str], cases: Mapping[str, str]) -> Layer:
    """Scored runs by execution time: colour is the case, size the tokens."""
    timed = [row for row in rows if None not in (row.final_score_normalized, row.execution_time_seconds)]
    frequent = {case_id for case_id, _ in Counter(row.case_id for row in timed).most_common(_MOST_CASES)}
    points = [
        _point(row, names)
        | {"group": cases.get(row.case_id, row.case_name) if row.case_id in frequent else "Other cases"}
        for row in timed
    ]
    chart = (
        chart_of(points)
        .mark_point(filled=True, opacity=0.7)
        .encode(
            x=alt.X("seconds:Q", title="Execution time (seconds)", axis=alt.Axis(tickCount=6)),
            y=_unit_y("score:Q", "Score (0 to 1)"),
            color=alt.Color("group:N", legend=alt.Legend(columns=3)),
            size=_size("tokens", points),
            tooltip=_point_tips(),
        )
    )
    return finished(chart, HEIGHT)


def chart_of(rows: Sequence[Mapping[str, Any]]) -> alt.Chart:
    """A chart of the rows as a table: Altair checks every value of data that stands in the chart itself."""
    return alt.Chart(pd.DataFrame(list(rows)))


def _point(row: RunSummary, names: Mapping[str, str]) -> dict[str, Any]:
    judge = names.get(row.judge_id) or row.judge_name
    return {
        "run": str(row.run_id),
        "started": row.started_at.isoformat(),
        "score": row.final_score_normalized,
        "result": outcome_of(row).word,
        "seconds": row.execution_time_seconds or 0,
        "duration": text.duration(row.execution_time_seconds),
        "judge": text.judge_name(judge, row.judge_id),
        "case": row.case_name or row.case_id,
        "model": row.model_name,
        "tokens": row.total_tokens or 0,
    }


def _point_tips() -> list[alt.Tooltip]:
    fields = {"run": "Run", "result": "Result", "judge": "Judge", "case": "Case", "model": "Model"}
    return [
        *(alt.Tooltip(f"{name}:N", title=title) for name, title in fields.items()),
        _score_tip("score:Q", "Score"),
        alt.Tooltip("duration:N", title="Duration"),
        alt.Tooltip("tokens:Q", title="Tokens", format=","),
        alt.Tooltip("utcyearmonthdatehoursminutes(started):T", title="Started (UTC)", format="%-d %b %Y, %H:%M"),
    ]


def _results(outcomes: list[Outcome], *, legend: bool = True) -> alt.Color:
    scale = alt.Scale(domain=[one.word for one in outcomes], range=[color_of(one) for one in outcomes])
    return alt.Color("result:N", scale=scale, legend=alt.Legend(symbolType="circle") if legend else None)


def _stack(*parts: tuple[Outcome, int]) -> Iterator[dict[str, Any]]:
    """The parts of one bar, from the axis up."""
    below = 0
    for outcome, runs in parts:
        if runs:
            yield {"result": outcome.word, "runs": runs, "below": below, "above": below + runs}
        below += runs


def _moment(day: date, later: timedelta = timedelta()) -> str:
    return (datetime.combine(day, time(), UTC) + later).isoformat()


def _step(days: Mapping[date, Tally]) -> timedelta:
    """What one entry stands for: a day or a week."""
    first, *rest = days
    return rest[0] - first if rest else timedelta(days=1)


def _day_x(days: Mapping[date, Tally]) -> alt.X:
    return _time_x("day:T", min(days), max(days) + _step(days))


def _days_of(rows: Sequence[RunSummary]) -> tuple[date, date]:
    """The first day of the runs and the day after their last."""
    days = [row.started_at.date() for row in rows] or [utcnow().date()]
    return min(days), max(days) + timedelta(days=1)


def _time_x(field: str, first: date, end: date) -> alt.X:
    """An axis of days up to the beginning of `end`; a week at least, so that one day does not fill the chart."""
    first = min(first, end - timedelta(days=7))
    scale = alt.Scale(type="utc", domain=[_moment(first), _moment(end)])
    days = (end - first).days
    ticks = alt.TimeIntervalStep(interval="day", step=1) if days <= _MOST_TICKS else _MOST_TICKS
    axis = alt.Axis(tickCount=ticks, format="%-d %b", labelOverlap=True)
    return alt.X(field, scale=scale, title=None, axis=axis)


def _size(field: str, points: Sequence[Mapping[str, Any]]) -> alt.Size:
    """The size of a point; one whose value is not known is as small as the smallest."""
    largest = max((point[field] for point in points), default=0)
    scale = alt.Scale(domain=[0, largest or 1], range=[25, 240])
    return alt.Size(f"{field}:Q", scale=scale, legend=None)


def _day_tip() -> alt.Tooltip:
    return alt.Tooltip("utcyearmonthdate(day):T", title="Day", format="%a %-d %b %Y")


def _score_tip(field: str, title: str) -> alt.Tooltip:
    return alt.Tooltip(field, title=title, format=".3f")


def _unit_y(field: str, title: str | None, ticks: int = 5) -> alt.Y:
    return alt.Y(field, title=title, scale=_UNIT, axis=alt.Axis(tickCount=ticks, format=".1f"))


def finished(chart: Layer, height: int, *, x_threshold: float | None = None, y_threshold: float | None = None) -> Layer:
    """The chart at its height, with the dashed line of the threshold on one of its axes."""
    layers: list[Layer] = [chart]
    layers += [_threshold_rule(x_threshold, "x")] if x_threshold is not None else []
    layers += [_threshold_rule(y_threshold, "y")] if y_threshold is not None else []
    drawn = alt.LayerChart(layer=layers) if len(layers) > 1 else chart
    return drawn.properties(height=height, padding={"left": 0, "right": 6, "top": 4, "bottom": 2})


def _threshold_rule(threshold: float, channel: str) -> alt.LayerChart:
    colors = palette()
    line = chart_of([{"threshold": threshold, "name": f"Threshold {threshold:.2f}"}])
    place = {"x": alt.X("threshold:Q")} if channel == "x" else {"y": alt.Y("threshold:Q")}
    edge: dict[str, Any] = {"y": alt.value(0)} if channel == "x" else {"x": alt.value(0)}
    rule = line.mark_rule(strokeDash=[5, 4], strokeWidth=1.5, color=colors.failed).encode(**place)
    words: dict[str, Any] = {"align": "left", "dx": 4, "dy": -7 if channel == "y" else 6, "fontSize": 11}
    halo, label = (
        line.mark_text(**words, **look).encode(text="name:N", **place, **edge)
        for look in ({"color": colors.surface, "stroke": colors.surface, "strokeWidth": 4}, {"color": colors.muted})
    )
    return alt.LayerChart(layer=[rule, halo, label])
