"""Runs with texts alike: the table of the nearest ones, the map and the cards of failing runs in groups."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import altair as alt
import pandas as pd
import streamlit as st

from console.actions.runs.similar import FailingRuns, Group, NearRun
from console.records import RunSummary
from console.ui.frame import text
from console.ui.frame.card import card
from console.ui.frame.charts import Layer, chart_of, finished
from console.ui.frame.picker import pick_row
from console.ui.runs import tables

MAP_HEIGHT = 360
REPRESENTATIVES = 3
"""Texts of a group that are shown."""
_SHOWN = ("Similarity", "Run", "Result", "Score", "Judge", "Case", "Started", "Text")


def bound_note(examined: int | None) -> None:
    """Says so where not every run was looked at."""
    if examined is not None:
        st.caption(
            f"The newest {text.count(examined)} runs of each case were compared: this store has no vector index."
        )


def near_table(key: str, found: Sequence[NearRun], on_pick: Callable[[str], None]) -> None:
    """Runs by their similarity; a click opens one."""
    frame = tables.run_frame([one.row for one in found])
    frame.insert(0, "Similarity", [one.similarity for one in found])
    columns = tables.run_columns() | {
        "Similarity": st.column_config.ProgressColumn(
            format="%.3f", min_value=0.0, max_value=1.0, width=110, help="Cosine of the embeddings of the texts"
        )
    }
    ids = [str(one.row.run_id) for one in found]
    pick_row(key, frame, ids, columns, None, on_pick, alt="Similar runs", order=_SHOWN)


def group_map(found: FailingRuns) -> Layer:
    """Failing runs on a plane, coloured by group; runs of one text are one point, the larger the more."""
    names = [name_of(index, group) for index, group in enumerate(found.groups)]
    runs = Counter((point.x, point.y) for point in found.points)
    first = {(point.x, point.y): point for point in reversed(found.points)}
    rows = [
        {
            "x": x,
            "y": y,
            "group": names[point.group],
            "runs": runs[x, y],
            "latest": str(point.row.run_id),
            "text": text.shorten(point.row.preview, 90),
        }
        for (x, y), point in first.items()
    ]
    plain_axis = alt.Axis(labels=False, ticks=False, domain=False, grid=False, title=None)
    scale = alt.Scale(zero=False, nice=True, padding=12)
    chart = (
        chart_of(rows)
        .mark_circle(opacity=0.75)
        .encode(
            x=alt.X("x:Q", axis=plain_axis, scale=scale),
            y=alt.Y("y:Q", axis=plain_axis, scale=scale),
            color=alt.Color("group:N", sort=names, legend=alt.Legend(columns=3, labelLimit=170)),
            size=alt.Size("runs:Q", legend=None, scale=alt.Scale(domain=[1, max(runs.values())], range=[70, 420])),
            tooltip=[
                alt.Tooltip("group:N", title="Group"),
                alt.Tooltip("runs:Q", title="Runs of this text"),
                alt.Tooltip("latest:N", title="Latest run"),
                alt.Tooltip("text:N", title="Text"),
            ],
        )
    )
    return finished(chart, MAP_HEIGHT)


def group_cards(found: FailingRuns, on_pick: Callable[[str], None]) -> None:
    """One card per group: how many, what about, and the runs in its middle."""
    total = sum(len(group.rows) for group in found.groups)
    with st.grid(columns=2, min_column_width=380, gap=14, key="similar-groups"):
        for index, group in enumerate(found.groups):
            with card(f"Group {index + 1}", _note(group, total), f"similar-group-{index}"):
                st.text(", ".join(group.words) or "No words of their own")
                distinct = {row.preview: row for row in reversed(group.rows)}
                _middle(index, list(reversed(distinct.values()))[:REPRESENTATIVES], on_pick)


def name_of(index: int, group: Group) -> str:
    """A group by its number and first words."""
    return f"{index + 1}: {', '.join(group.words[:3])}" if group.words else str(index + 1)


def _note(group: Group, total: int) -> str:
    scores = [row.final_score_normalized for row in group.rows if row.final_score_normalized is not None]
    mean = f", mean score {sum(scores) / len(scores):.3f}" if scores else ""
    runs = len(group.rows)
    return f"{text.count(runs)} run{'s' * (runs != 1)}, {text.percent(runs / total)} of these{mean}"


def _middle(index: int, rows: Sequence[RunSummary], on_pick: Callable[[str], None]) -> None:
    frame = pd.DataFrame(
        [{"Run": str(row.run_id), "Score": row.final_score_normalized, "Text": row.preview} for row in rows]
    )
    columns = {
        "Run": st.column_config.TextColumn(width=58, alignment="right"),
        "Score": st.column_config.NumberColumn(format="%.3f", width=62, help="Normalised, 0 to 1"),
        "Text": st.column_config.TextColumn(width=420, help="How the evaluated text begins"),
    }
    ids = [str(row.run_id) for row in rows]
    pick_row(f"similar.group.{index}", frame, ids, columns, None, on_pick, alt="Runs in the middle of the group")
