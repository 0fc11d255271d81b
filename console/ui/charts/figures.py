"""Plotly figures of the console: one template in the theme's colours, panels under each other, marks that lead on.

A figure is a plain dictionary as Plotly describes it (`data` and `layout`); tests have Plotly check it, pages send it
as it is. Plotly reads a little HTML in every text: what comes from data goes through `shown`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from html import escape
from typing import Any, Literal

import streamlit as st

from console.ui.charts import leads
from console.ui.charts.unchecked import unchecked
from console.ui.frame.style import FONT, Palette, palette
from console.ui.frame.text import shorten

Trace = dict[str, Any]
Figure = dict[str, Any]
Mode = Literal["points", "box", "lasso"]

_JOINER = "\u2060"
TARGET = 0
"""Place in a mark's `customdata` of what the run list is asked for; what its hover says comes after it."""
_GAP = 58
"""Pixels between two panels: the ticks of the upper one and the title of the lower one."""
_TOP, _BOTTOM, _RIGHT, _LEFT = 30, 30, 12, 52
_WEBGL_FROM = 3_000
"""Points from which WebGL, which takes a third of a second to begin where no graphics card draws it, is quicker."""
_TITLE = 20
"""Pixels of an axis' own title."""
_NAME = 19
"""Pixels of a line of a legend."""
_WIDEST = 230
"""Pixels of a name in a legend below a panel."""
_CHARACTER = 6.2
"""Pixels of one in a tick's words, on average."""
_BUTTONS = ("zoomIn2d", "zoomOut2d", "autoScale2d", "toggleSpikelines")
"""Of Plotly's tools, those that say nothing that zoom and reset do not."""


@dataclass(slots=True)
class Panel:
    """One chart: its marks, its axes, and what it finds, in words."""

    traces: list[Trace]
    finding: str
    """One sentence of our own for those who do not see the chart."""
    title: str = ""
    x: dict[str, Any] = field(default_factory=dict)
    y: dict[str, Any] = field(default_factory=dict)
    height: int = 190
    """Pixels of the plot itself."""
    shapes: list[dict[str, Any]] = field(default_factory=list)
    notes: list[dict[str, Any]] = field(default_factory=list)
    """Annotations in the panel's own axes."""
    legend: bool = False
    names: int = 0
    """Lines of a legend below the panel, for long names; only of the last panel of a figure."""


def shown(words: object, limit: int = 60) -> str:
    """Text of data as Plotly shows it character by character: one line, no HTML, no part of a template."""
    line = escape(shorten(" ".join(str(words).split()), limit), quote=False)  # Plotly does not know &quot;
    return line.replace("%{", f"%{_JOINER}{{")


def template(colors: Palette) -> dict[str, Any]:
    """What every figure looks like in one scheme."""
    small = {"family": FONT, "size": 11.5, "color": colors.muted}
    axis = {
        "zeroline": False,
        "showline": False,
        "ticks": "",
        "gridcolor": colors.grid,
        "tickfont": small,
        "title": {"font": small, "standoff": 8},
    }
    return {
        "layout": {
            "font": {"family": FONT, "size": 12, "color": colors.ink},
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "colorway": list(colors.series),
            "margin": {"r": _RIGHT, "t": _TOP, "pad": 2},
            "hoverlabel": {
                "bgcolor": colors.surface,
                "bordercolor": colors.waiting,
                "font": {"family": FONT, "size": 12, "color": colors.ink},
                "align": "left",
            },
            "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": colors.waiting, "activecolor": colors.accent},
            "xaxis": {**axis, "showgrid": False},
            "yaxis": {**axis, "showgrid": True, "title": {"font": small, "standoff": 4}},
            "newselection": {"line": {"color": colors.accent, "width": 1, "dash": "dot"}},
        }
    }


def stacked(*panels: Panel, shared_x: bool = False) -> Figure:
    """One figure with the panels under each other.

    Args:
        shared_x: the panels have one horizontal axis: zooming one zooms all.
    """
    colors = palette()
    plots = sum(panel.height for panel in panels) + _GAP * (len(panels) - 1)
    bottom = _BOTTOM + _TITLE * _is_titled(panels[-1].x) + _NAME * panels[-1].names
    layout: dict[str, Any] = {
        "template": template(colors),
        "height": plots + _TOP + bottom,
        "margin": {"l": max(map(_left, panels)), "b": bottom},
        "shapes": [],
        "annotations": [],
        "barmode": "stack",
        "bargap": 0.15,
        "showlegend": any(panel.legend or panel.names for panel in panels),
    }
    data: list[Trace] = []
    many = sum(len(trace["x"]) for panel in panels for trace in panel.traces if "x" in trace) >= _WEBGL_FROM
    above = 0
    for number, panel in enumerate(panels, start=1):
        end = "" if number == 1 else str(number)
        foot = 1 - (above + panel.height) / plots
        top = 1 - above / plots
        above += panel.height + _GAP
        linked = {"matches": "x"} if shared_x and number > 1 else {}
        layout[f"xaxis{end}"] = {"anchor": f"y{end}", **linked, **panel.x}
        layout[f"yaxis{end}"] = {"domain": [max(foot, 0.0), min(top, 1.0)], "anchor": f"x{end}", **panel.y}
        here = {"xaxis": f"x{end}", "yaxis": f"y{end}"}
        legend = {"legend": f"legend{end}"} if panel.legend or panel.names else {"showlegend": False}
        data += [{**legend, **(trace if many else _without_webgl(trace)), **here} for trace in panel.traces]
        layout["shapes"] += [_placed(shape, end) for shape in panel.shapes]
        layout["annotations"] += [_placed(note, end) for note in panel.notes]
        if panel.title:
            layout["annotations"].append(_title(panel.title, top, colors))
        if panel.legend:
            layout[f"legend{end}"] = _legend(top, colors)
        if panel.names:
            under = {"x": 0, "xanchor": "left", "y": foot - _BOTTOM / plots, "yanchor": "top"}
            layout[f"legend{end}"] = {**_legend(top, colors), **under, "entrywidth": _WIDEST}
    return {"data": data or [{"type": "scatter", "x": [], "y": []}], "layout": layout}  # Plotly refuses no data


def evened(*columns: list[Panel]) -> tuple[list[Panel], ...]:
    """Figures side by side as high as the highest: the panels of the others grow alike. Empty ones stay empty."""
    heights = [stacked(*panels)["layout"]["height"] if panels else 0 for panels in columns]
    found = []
    for panels, height in zip(columns, heights, strict=True):
        more, rest = divmod(max(heights) - height, len(panels) or 1)
        grown = [more + (rest if place == 0 else 0) for place in range(len(panels))]
        found.append([replace(one, height=one.height + many) for one, many in zip(panels, grown, strict=True)])
    return tuple(found)


def draw(
    figure: Figure,
    panels: Sequence[Panel],
    key: str,
    *,
    on_targets: Callable[[list[dict[str, str]]], None] | None = None,
    modes: Sequence[Mode] = ("points",),
) -> None:
    """Put the figure into the page.

    Args:
        panels: what it was made of; their findings are what a screen reader says.
        on_targets: gets the targets of the marks that were clicked or caught in a box or lasso.
        modes: how marks can be selected.
    """
    leads.follow()
    words = " ".join(panel.finding for panel in panels)
    _await_pandas()
    if on_targets is None:
        st.plotly_chart(unchecked(figure), theme=None, key=key, config=config(key, ()), alt=words)
        return
    figure["layout"].setdefault("dragmode", "select" if "box" in modes else "lasso" if "lasso" in modes else "zoom")
    figure["layout"].setdefault("clickmode", "event+select")
    st.plotly_chart(
        unchecked(figure), theme=None, key=key, config=config(key, modes), alt=words, selection_mode=list(modes),
        on_select=lambda: _picked(key, on_targets),
    )  # fmt: skip


def config(name: str, modes: Sequence[Mode]) -> dict[str, Any]:
    """Plotly's own settings: a quiet bar of tools without a logo."""
    unused = [] if "lasso" in modes else ["lasso2d"]
    unused += [] if "box" in modes else ["select2d"]
    return {
        "displaylogo": False,
        "scrollZoom": False,
        "modeBarButtonsToRemove": [*_BUTTONS, *unused],
        "toImageButtonOptions": {"format": "png", "filename": name.replace(".", "-"), "scale": 2},
    }


def fetch_script() -> None:
    """Let the browser fetch Plotly's script (4.7 MB) while somebody types a password: a chart that nobody sees."""
    _await_pandas()
    with st.container(key="unseen-figure"):
        st.plotly_chart({"data": [{"type": "scatter", "x": [], "y": []}]}, theme=None, key="unseen.figure", alt="None")


def _await_pandas() -> None:
    """Have all of pandas: Plotly looks at it as soon as any thread begins to import it, and fails at a half of it."""
    import pandas  # noqa: F401, PLC0415 - waits for whoever imports it


def threshold_line(threshold: float, axis: Literal["x", "y"]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The dashed line of a threshold across a panel, and its name."""
    colors = palette()
    other = "y" if axis == "x" else "x"
    line = {"color": colors.failed, "width": 1.5, "dash": "dash"}
    shape = {"type": "line", f"{axis}0": threshold, f"{axis}1": threshold, f"{other}0": 0, f"{other}1": 1, "line": line}
    note = {
        "text": f"Threshold {threshold:.2f}", "showarrow": False, "bgcolor": colors.surface, "borderpad": 1,
        "font": {"size": 11, "color": colors.muted}, axis: threshold, other: 1 if axis == "x" else 0,
        "xanchor": "left", "yanchor": "top" if axis == "x" else "bottom", f"{axis}shift": 3,
    }  # fmt: skip
    return {**shape, f"{other}ref": "domain"}, {**note, f"{other}ref": "domain"}


def unit_axis(*, ticks: int = 5) -> dict[str, Any]:
    """An axis of normalised scores."""
    return {"range": [0, 1], "nticks": ticks + 1, "tickformat": ".1f", "title": {"text": ""}}


def day_axis(first: date, end: date) -> dict[str, Any]:
    """An axis of days up to the beginning of `end`, a tick per day at most."""
    days = (end - first).days
    ticks = {"dtick": 86_400_000} if days <= 8 else {"nticks": 8}
    return {"type": "date", "range": [first.isoformat(), end.isoformat()], "tickformat": "%-d %b", **ticks}


def blank_axis() -> dict[str, Any]:
    """An axis that means nothing by itself, of a map."""
    return {"showticklabels": False, "showgrid": False, "title": {"text": ""}}


def _picked(key: str, act: Callable[[list[dict[str, str]]], None]) -> None:
    points = leads.selected(key)
    found = [point["customdata"][TARGET] for point in points if point.get("customdata")]
    targets = [dict(one) for one in found if isinstance(one, Mapping) and one]
    if targets:
        act(targets)


def _without_webgl(trace: Trace) -> Trace:
    return {**trace, "type": "scatter"} if trace["type"] == "scattergl" else trace


def _is_titled(axis: Mapping[str, Any]) -> bool:
    return bool(axis.get("title", {}).get("text"))


def _left(panel: Panel) -> int:
    """Pixels that the words beside the upright axis take. Plotly would measure them, and draw everything again."""
    names = [name for trace in panel.traces for name in trace["y"]] if panel.y.get("type") == "category" else []
    room = max(_LEFT, round(max(map(len, names), default=0) * _CHARACTER) + 10)
    return room + _TITLE * _is_titled(panel.y)


def _placed(what: Mapping[str, Any], end: str) -> dict[str, Any]:
    """A shape or an annotation in the axes of its panel; `domain` means the whole of one."""
    refs = {}
    for axis in ("x", "y"):
        asked = what.get(f"{axis}ref")
        refs[f"{axis}ref"] = f"{axis}{end} domain" if asked == "domain" else f"{axis}{end}"
    return {**what, **refs}


def _title(words: str, top: float, colors: Palette) -> dict[str, Any]:
    return {
        "text": words, "showarrow": False, "xref": "paper", "yref": "paper", "x": 0, "y": top, "xanchor": "left",
        "yanchor": "bottom", "yshift": 6, "font": {"size": 12, "color": colors.muted},
    }  # fmt: skip


def _legend(top: float, colors: Palette) -> dict[str, Any]:
    return {
        "orientation": "h", "x": 1, "xanchor": "right", "y": top, "yanchor": "bottom", "yref": "paper",
        "font": {"size": 11.5, "color": colors.muted}, "bgcolor": "rgba(0,0,0,0)", "itemsizing": "constant",
    }  # fmt: skip
