"""The charts of many runs. Each takes figures added up and returns a panel, whose marks know the runs behind them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta

from console.actions.runs.totals import Tally, histogram, percentile
from console.ui.charts.figures import Panel, Trace, day_axis, shown, unit_axis
from console.ui.charts.marks import milliseconds, moment, size_of, target_of_days, target_of_scores, with_threshold
from console.ui.frame import text
from console.ui.frame.style import ERROR, FAIL, PASS, Outcome, color_of, palette

SMALL = 76
"""Pixels of a panel that only gives a list its context."""
_BARS = 25
"""Of the histogram of scores."""
_MOST_JUDGES = 12
_MOST_MODELS = 6
_NEAR = 0.25
"""Share of a panel within which the names of two points would meet."""
_QUARTILES = (5, 25, 50, 75, 95)
_FILTERS: dict[Outcome, dict[str, str]] = {
    PASS: {"result": "pass"},
    FAIL: {"result": "fail"},
    ERROR: {"status": "failed"},
}


def runs_over_time(days: Mapping[date, Tally], *, small: bool = False) -> Panel:
    """Finished runs per day or week, stacked by result; a small one has neither legend nor titles."""
    step = _step(days)
    unit = "day" if step.days == 1 else "week"
    parts = [
        (PASS, {day: tally.passed for day, tally in days.items()}),
        (FAIL, {day: tally.rejected for day, tally in days.items()}),
        (ERROR, {day: tally.failed for day, tally in days.items()}),
    ]
    traces = [_bars_of_days(how, counts, step) for how, counts in parts if any(counts.values())]
    per_day = {day: tally.passed + tally.rejected + tally.failed for day, tally in days.items()}
    return Panel(
        traces=traces,
        finding=_most(per_day, "Finished runs", unit),
        title="" if small else f"Runs per {unit}",
        x=day_axis(*_axis_days(days, step)),
        y={"nticks": 3 if small else 5, "tickformat": ",d", "rangemode": "tozero"},
        height=SMALL if small else 170,
        legend=not small,
    )


def score_over_time(days: Mapping[date, Tally], threshold: float | None, *, small: bool = False) -> Panel:
    """Mean normalised score per day or week, with the threshold where there is one."""
    step = _step(days)
    known = {day: tally for day, tally in days.items() if tally.mean is not None}
    accent = palette().accent
    trace: Trace = {
        "type": "scatter", "mode": "lines+markers", "name": "Mean score", "connectgaps": True,
        "x": [moment(day, step / 2) for day in known], "y": [tally.mean for tally in known.values()],
        "line": {"color": accent, "width": 1.5 if small else 2},
        "marker": {"size": 4 if small else 6, "color": accent},
        "customdata": [
            [target_of_days(day, step), text.day(day), f"{tally.completed:,}"] for day, tally in known.items()
        ],
        "hovertemplate": "%{customdata[1]}<br>Mean score %{y:.3f}<br>%{customdata[2]} scored runs<extra></extra>",
    }  # fmt: skip
    panel = Panel(
        traces=[trace],
        finding=_change([tally.mean for tally in known.values() if tally.mean is not None]),
        title="" if small else "Mean score, 0 to 1",
        x=day_axis(*_axis_days(days, step)),
        y=unit_axis(ticks=2 if small else 5),
        height=SMALL if small else 150,
    )
    return with_threshold(panel, y=threshold)


def score_histogram(bins: Sequence[int], threshold: float | None) -> Panel:
    """How many runs have which normalised score."""
    bars = histogram(bins, _BARS)
    trace: Trace = {
        "type": "bar", "name": "Runs", "marker": {"color": palette().accent},
        "x": [(low + high) / 2 for low, high, _ in bars], "y": [number for _, _, number in bars],
        "width": 0.92 / _BARS,
        "customdata": [[target_of_scores(low, high), f"{low:.2f} to {high:.2f}"] for low, high, _ in bars],
        "hovertemplate": "Score %{customdata[1]}<br>%{y:,} runs<extra></extra>",
    }  # fmt: skip
    size, low = sum(bins), percentile(bins, 0.5)
    finding = f"Scores of {size:,} runs, half of them below {low:.2f}." if low is not None else "No scores."
    panel = Panel(
        traces=[trace], finding=finding, title="Scored runs by score", x=unit_axis(),
        y={"nticks": 5, "tickformat": ",d", "rangemode": "tozero"}, height=170,
    )  # fmt: skip
    return with_threshold(panel, x=threshold)


def score_by_judge(tallies: Mapping[str, Tally], threshold: float | None, ids: Mapping[str, str]) -> Panel:
    """Box plots of the normalised score per judge: whiskers 5 to 95 %, box the middle half, line the median.

    Args:
        tallies: by the judge's name as shown; the `_MOST_JUDGES` with the most runs are drawn.
        ids: the judge's id by the same name.
    """
    ordered = sorted((item for item in tallies.items() if any(item[1].bins)), key=lambda item: -item[1].completed)
    known = dict(ordered[:_MOST_JUDGES])
    low, first, middle, third, high = (
        [percentile(tally.bins, share / 100) or 0.0 for tally in known.values()] for share in _QUARTILES
    )
    names = [shown(name, 30) for name in known]
    colors = palette()
    boxes: Trace = {
        "type": "box", "orientation": "h", "y": names, "q1": first, "median": middle, "q3": third, "lowerfence": low,
        "upperfence": high, "line": {"color": colors.accent, "width": 1.5}, "fillcolor": f"{colors.accent}55",
        "hoverinfo": "skip", "width": 0.55,
    }  # fmt: skip
    medians: Trace = {
        "type": "scatter", "mode": "markers", "y": names, "x": middle,
        "marker": {"symbol": "diamond", "size": 9, "color": colors.ink},
        "customdata": [
            [
                {"judge": ids[name]} if name in ids else {}, f"{tally.completed:,}",
                *(f"{at[place]:.3f}" for at in (low, first, third, high)),
            ]
            for place, (name, tally) in enumerate(known.items())
        ],
        "hovertemplate": "%{y}<br>%{customdata[1]} scored runs<br>Median %{x:.3f}<br>Middle half %{customdata[3]} to "
        "%{customdata[4]}<br>5 to 95 % %{customdata[2]} to %{customdata[5]}<extra></extra>",
    }  # fmt: skip
    finding = "No scores by judge."
    if known:
        best, worst = max(zip(middle, known, strict=True)), min(zip(middle, known, strict=True))
        finding = f"Median score by judge from {worst[0]:.2f} ({worst[1]}) to {best[0]:.2f} ({best[1]})."
    panel = Panel(
        traces=[boxes, medians], finding=finding, title="Scores by judge",
        x=unit_axis(), y={"type": "category", "autorange": "reversed", "showgrid": False},
        height=max(150, 24 * len(known)),
    )  # fmt: skip
    return with_threshold(panel, x=threshold)


def cost_over_time(models: Mapping[str, Mapping[date, Tally]]) -> Panel:
    """US dollars per day or week, stacked by model; models without a price are left out."""
    priced = {name: days for name, days in models.items() if any(tally.cost for tally in days.values())}
    ordered = sorted(priced.items(), key=lambda item: -sum(tally.cost for tally in item[1].values()))
    every = next(iter(models.values()), {})
    step = _step(every)
    traces: list[Trace] = [
        {
            "type": "bar", "name": shown(name, 18), "x": [moment(day, step / 2) for day in days],
            "y": [tally.cost for tally in days.values()], "width": milliseconds(step) * 0.8,
            "customdata": [
                [{"model": name, **target_of_days(day, step)}, text.day(day), text.money(tally.cost)]
                for day, tally in days.items()
            ],
            "hovertemplate": f"%{{customdata[1]}}<br>{shown(name, 40)}<br>%{{customdata[2]}}<extra></extra>",
        }
        for name, days in ordered[:_MOST_MODELS]
    ]  # fmt: skip
    spent = sum(tally.cost for days in priced.values() for tally in days.values())
    dearest = f", most by {ordered[0][0]}" if ordered else ""
    return Panel(
        traces=traces,
        finding=f"{text.money(spent)} in all{dearest}.",
        title="Cost",
        x=day_axis(*_axis_days(every, step)) if every else {},
        y={"nticks": 4, "tickprefix": "$", "rangemode": "tozero"},
        height=150,
        legend=True,
    )


def quality_and_spend(tallies: Mapping[str, Tally], ids: Mapping[str, str]) -> Panel:
    """A point per judge: what a run of it costs, and how much of what it judged passes."""
    known = {name: tally for name, tally in tallies.items() if tally.cost and tally.pass_rate is not None}
    most = max((tally.runs for tally in known.values()), default=0)
    trace: Trace = {
        "type": "scatter", "mode": "markers+text", "name": "Judges",
        "x": [tally.cost / tally.completed for tally in known.values()],
        "y": [tally.pass_rate for tally in known.values()],
        "text": [shown(name, 18) for name in known], "textposition": _sides(known), "cliponaxis": False,
        "textfont": {"size": 11, "color": palette().muted},
        "marker": {
            "color": palette().accent, "opacity": 0.8,
            "size": [size_of(tally.runs, most) + 4 for tally in known.values()],
        },
        "customdata": [
            [{"judge": ids[name]} if name in ids else {}, shown(name, 40), f"{tally.runs:,}", text.money(tally.cost)]
            for name, tally in known.items()
        ],
        "hovertemplate": "%{customdata[1]}<br>Pass rate %{y:.1%}<br>%{x:$.4f} per run"
        "<br>%{customdata[3]} for %{customdata[2]} runs<extra></extra>",
    }  # fmt: skip
    cheapest = min(known.items(), key=lambda item: item[1].cost / item[1].completed, default=None)
    finding = f"Cheapest per run: {cheapest[0]}." if cheapest else "No judge has a price."
    return Panel(
        traces=[trace], finding=finding, title="Pass rate by cost per run. Size: runs",
        x={"tickprefix": "$", "rangemode": "tozero", "nticks": 6},
        y={"range": [-0.05, 1.12], "tickformat": ".0%", "tickvals": [0, 0.25, 0.5, 0.75, 1]},
    )  # fmt: skip


def _sides(points: Mapping[str, Tally]) -> list[str]:
    """Where each point of `quality_and_spend` has its name: below, where another point is just above it."""
    at = [(tally.cost / tally.completed, tally.pass_rate or 0.0) for tally in points.values()]
    width = max((x for x, _ in at), default=0.0) * _NEAR
    return [
        "bottom center" if any(abs(x - left) <= width and y < up <= y + _NEAR for left, up in at) else "top center"
        for x, y in at
    ]


def _bars_of_days(how: Outcome, counts: Mapping[date, int], step: timedelta) -> Trace:
    some = {day: number for day, number in counts.items() if number}
    return {
        "type": "bar", "name": how.word, "marker": {"color": color_of(how)},
        "x": [moment(day, step / 2) for day in some], "y": list(some.values()), "width": milliseconds(step) * 0.8,
        "customdata": [[{**_FILTERS[how], **target_of_days(day, step)}, text.day(day)] for day in some],
        "hovertemplate": f"%{{customdata[1]}}<br>{how.word}: %{{y:,}} runs<extra></extra>",
    }  # fmt: skip


def _most(counts: Mapping[date, int], what: str, unit: str) -> str:
    """What a chart of counts finds."""
    total = sum(counts.values())
    if not total:
        return f"{what}: none."
    day = max(counts, key=lambda one: counts[one])
    return f"{what}: {total:,}, most in the {unit} of {text.day(day)} ({counts[day]:,})."


def _change(means: Sequence[float]) -> str:
    """What a line of means finds."""
    if not means:
        return "No mean score."
    return f"Mean score {means[0]:.2f} at first, {means[-1]:.2f} at last, {min(means):.2f} at its lowest."


def _step(days: Iterable[date]) -> timedelta:
    """What one entry stands for: a day or a week."""
    first, *rest = [*days][:2] or [date.min]
    return rest[0] - first if rest else timedelta(days=1)


def _axis_days(days: Mapping[date, Tally], step: timedelta) -> tuple[date, date]:
    """The first day of an axis and the day after its last; a week at least, so that one day does not fill it."""
    end = max(days) + step
    return min(*days, end - timedelta(days=7)), end
