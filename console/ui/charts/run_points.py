"""Charts of single runs: their scores by time, by duration, and by version of their judge."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from console.records import RunSummary
from console.ui.charts.figures import Panel, Trace, day_axis, shown, unit_axis
from console.ui.charts.marks import days_of, moment, size_of, target_of_days, target_of_run, with_threshold
from console.ui.frame import text
from console.ui.frame.style import FAIL, PASS, SCORED, color_of, outcome_of

_SYMBOLS = ("circle", "square", "triangle-up", "diamond", "triangle-right", "cross", "triangle-left", "triangle-down")
MOST_GROUPS = 6
"""Cases, or versions of judges, with a colour of their own."""


def runs_scatter(rows: Sequence[RunSummary], names: Mapping[str, str], threshold: float | None) -> Panel:
    """Scored runs by time: colour is the result, size the duration, form the judge.

    Args:
        names: judge id to the name shown.
    """
    points = [row for row in rows if row.final_score_normalized is not None]
    judges = {judge: number for number, judge in enumerate(dict.fromkeys(row.judge_id for row in points))}
    longest = max((row.execution_time_seconds or 0 for row in points), default=0)
    traces = []
    for how in (PASS, FAIL, SCORED):
        some = [row for row in points if outcome_of(row) is how]
        marker = {
            "color": color_of(how),
            "opacity": 0.75,
            "size": [size_of(row.execution_time_seconds or 0, longest) for row in some],
            "symbol": [_SYMBOLS[judges[row.judge_id] % len(_SYMBOLS)] for row in some],
        }
        moments = [row.started_at.isoformat() for row in some]
        if some:
            traces.append(_runs_trace(how.word, some, names, moments, marker))
    failing = sum(outcome_of(row) is FAIL for row in points)
    panel = Panel(
        traces=traces,
        finding=f"{failing:,} of the latest {len(points):,} scored runs failed.",
        title="Score by start",
        x=day_axis(*days_of(points)),
        y=unit_axis(),
        legend=True,
    )
    return with_threshold(panel, y=threshold)


def duration_scatter(rows: Sequence[RunSummary], names: Mapping[str, str], cases: Mapping[str, str]) -> Panel:
    """Scored runs by execution time: colour is the case, size the tokens."""
    timed = [row for row in rows if None not in (row.final_score_normalized, row.execution_time_seconds)]
    frequent = [case_id for case_id, _ in Counter(row.case_id for row in timed).most_common(MOST_GROUPS)]
    most = max((row.total_tokens or 0 for row in timed), default=0)
    groups: dict[str, list[RunSummary]] = {}
    for row in timed:
        name = cases.get(row.case_id, row.case_name) if row.case_id in frequent else "Other cases"
        groups.setdefault(name, []).append(row)
    traces = [
        _runs_trace(
            shown(name, 24), some, names, [row.execution_time_seconds for row in some],
            {"opacity": 0.7, "size": [size_of(row.total_tokens or 0, most) for row in some]},
        )
        for name, some in groups.items()
    ]  # fmt: skip
    slowest = max((row.execution_time_seconds or 0 for row in timed), default=None)
    return Panel(
        traces=traces,
        finding=f"The slowest of {len(timed):,} runs took {text.duration(slowest)}.",
        title="Score by seconds taken",
        x={"rangemode": "tozero", "nticks": 7},
        y=unit_axis(),
        names=(len(traces) + 1) // 2,
    )


def versions_over_time(rows: Sequence[RunSummary], names: Mapping[str, str]) -> Panel:
    """Mean normalised score per week of each judge's version, of the runs in a list: what a new version changed."""
    means: dict[tuple[str, str], dict[date, list[float]]] = {}
    for row in rows:
        if row.final_score_normalized is not None:
            of = means.setdefault((row.judge_id, row.judge_version), {})
            day = row.started_at.date()
            of.setdefault(day - timedelta(days=day.weekday()), []).append(row.final_score_normalized)
    largest = sorted(means.items(), key=lambda item: -sum(map(len, item[1].values())))[:MOST_GROUPS]
    traces = [_version_trace(judge, version, by_day, names) for (judge, version), by_day in largest]
    return Panel(
        traces=traces,
        finding=f"{len(means):,} versions of judges scored the latest {len(rows):,} runs.",
        title="Mean score by judge and version",
        x=day_axis(*days_of(rows)),
        y=unit_axis(),
        height=150,
        names=(len(traces) + 1) // 2,
    )


def _version_trace(
    judge_id: str, version: str, by_day: Mapping[date, Sequence[float]], names: Mapping[str, str]
) -> Trace:
    name = shown(text.judge_name(names.get(judge_id), judge_id), 28) + (f"  v{shown(version, 8)}" if version else "")
    days = sorted(by_day)
    week = timedelta(days=7)
    return {
        "type": "scatter", "mode": "lines+markers", "name": name, "line": {"width": 1.75},
        "x": [moment(day, week / 2) for day in days], "cliponaxis": False,
        "y": [sum(by_day[day]) / len(by_day[day]) for day in days],
        "customdata": [
            [{"judge": judge_id, **target_of_days(day, week)}, text.day(day), len(by_day[day])] for day in days
        ],
        "hovertemplate": f"{name}<br>%{{customdata[1]}}<br>Mean score %{{y:.3f}}"
        "<br>%{customdata[2]:,} runs<extra></extra>",
    }  # fmt: skip


def _runs_trace(
    name: str, rows: Sequence[RunSummary], names: Mapping[str, str], x: Sequence[Any], marker: Mapping[str, Any]
) -> Trace:
    """Runs as points by their score."""
    return {
        "type": "scatter", "mode": "markers", "cliponaxis": False, "name": name, "x": list(x),
        "marker": {"line": {"width": 0}, **marker},
        "y": [row.final_score_normalized for row in rows],
        "customdata": [[target_of_run(row), _words(row, names)] for row in rows],
        "hovertemplate": "%{customdata[1]}<extra></extra>",
    }  # fmt: skip


def _words(row: RunSummary, names: Mapping[str, str]) -> str:
    """What a point says about its run."""
    judge = text.judge_name(names.get(row.judge_id) or row.judge_name, row.judge_id)
    lines = (
        f"Run {shown(row.run_id)}: {outcome_of(row).word}, {text.score(row.final_score_normalized)}",
        shown(judge),
        shown(row.case_name or row.case_id),
        shown(row.model_name),
        f"{text.duration(row.execution_time_seconds)}, {text.count(row.total_tokens)} tokens",
        text.moment(row.started_at),
    )
    return "<br>".join(line for line in lines if line)
