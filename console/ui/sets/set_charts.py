"""The charts of test sets: how pass rates went from experiment to experiment, and how they differ between groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from console.actions.sets.results import Group
from console.judging.analysis.pairs import share
from console.records import Batch, Experiment
from console.ui.charts.figures import Panel, Trace, shown
from console.ui.frame import text
from console.ui.frame.style import palette

_MOST_GROUPS = 24


def history(found: Sequence[Experiment], batches: Mapping[str, Sequence[Batch]]) -> Panel | None:
    """Pass rates with their intervals, a line for each judge; None with fewer than two experiments.

    Args:
        found: in the order of time.
        batches: by the experiment's id, in the order of its judges.
    """
    lines: dict[str, list[tuple[Experiment, Batch]]] = {}
    for one in found:
        for judged, batch in zip(one.judges, batches[one.experiment_id], strict=True):
            if batch.done + batch.failed:
                lines.setdefault(text.judge_name(judged.judge_name, judged.judge_id), []).append((one, batch))
    points = [point for some in lines.values() for point in some]
    if len({one.experiment_id for one, _ in points}) < 2:
        return None
    traces = [_line(name, some, color) for (name, some), color in zip(lines.items(), _colors(len(lines)), strict=True)]
    names = [_name(one) for one in found]
    last, before = (share(batch.passed, _judged(one, batch)).value or 0.0 for one, batch in (points[-1], points[0]))
    return Panel(
        traces=traces,
        finding=f"Pass rate {text.percent(before)} in the first experiment, {text.percent(last)} in the last.",
        title="Pass rate of all items, with 95 % intervals",
        x={"type": "category", "categoryorder": "array", "categoryarray": names},
        y={"range": [-0.03, 1.05], "tickformat": ".0%", "nticks": 6},
        height=190,
        legend=len(traces) > 1,
    )


def groups(found: Sequence[Group]) -> Panel | None:
    """Pass rates of groups of items with their intervals, the lowest first; None without groups."""
    some = sorted(found, key=lambda one: one.rate.value or 0.0)[:_MOST_GROUPS]
    if not some:
        return None
    colors = palette()
    names = [shown(f"{one.name}: {one.value}", 36) for one in some]
    bars: Trace = {
        "type": "bar", "orientation": "h", "y": names, "x": [one.rate.value for one in some],
        "marker": {"color": colors.accent}, "width": 0.55,
        "error_x": {
            "type": "data", "symmetric": False, "color": colors.muted, "thickness": 1,
            "array": [(one.rate.high or 0.0) - (one.rate.value or 0.0) for one in some],
            "arrayminus": [(one.rate.value or 0.0) - (one.rate.low or 0.0) for one in some],
        },
        "customdata": [[{}, f"{one.rate.n:,}", text.score(one.mean)] for one in some],
        "hovertemplate": "%{y}<br>Pass rate %{x:.1%} of %{customdata[1]} items<br>Mean %{customdata[2]}<extra></extra>",
    }  # fmt: skip
    low, high = some[0], some[-1]
    return Panel(
        traces=[bars],
        finding=f"Pass rate from {text.percent(low.rate.value)} ({low.value}) to {text.percent(high.rate.value)} "
        f"({high.value}).",
        title="Pass rate by tag and metadata",
        x={"range": [0, 1.02], "tickformat": ".0%"},
        y={"type": "category", "autorange": "reversed", "showgrid": False},
        height=max(90, 24 * len(some)),
    )  # fmt: skip


def _line(name: str, some: Sequence[tuple[Experiment, Batch]], color: str) -> Trace:
    rates = [share(batch.passed, _judged(one, batch)) for one, batch in some]
    return {
        "type": "scatter", "mode": "lines+markers", "name": shown(name, 24), "x": [_name(one) for one, _ in some],
        "y": [rate.value for rate in rates], "line": {"color": color, "width": 2},
        "marker": {"size": 8, "color": color},
        "error_y": {
            "type": "data", "symmetric": False, "color": color, "thickness": 1, "width": 3,
            "array": [(rate.high or 0.0) - (rate.value or 0.0) for rate in rates],
            "arrayminus": [(rate.value or 0.0) - (rate.low or 0.0) for rate in rates],
        },
        "customdata": [
            [{"experiment": one.experiment_id}, shown(one.name, 40), f"{batch.passed:,}", f"{_judged(one, batch):,}",
             f"version {one.set_version}"]
            for one, batch in some
        ],
        "hovertemplate": f"%{{customdata[1]}}<br>{shown(name, 40)}<br>Pass rate %{{y:.1%}}: %{{customdata[2]}} of "
        "%{customdata[3]} items<br>%{customdata[4]} of the set<extra></extra>",
    }  # fmt: skip


def _judged(one: Experiment, batch: Batch) -> int:
    """Items that have ended, those without an output among them."""
    return one.total - batch.left


def _name(one: Experiment) -> str:
    number = one.experiment_id.rpartition("-")[2]
    return f"#{number} {shown(one.name, 18)}"


def _colors(count: int) -> list[str]:
    series = list(palette().series)
    return [series[place % len(series)] for place in range(count)]
