"""Runs with texts alike: the table of the nearest ones, the map and the cards of failing runs in groups."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from console.actions.runs.similar import FailingRuns, Group, NearRun, Point
from console.records import RunSummary
from console.ui.charts import leads
from console.ui.charts.figures import Panel, Trace, blank_axis, shown
from console.ui.frame import text
from console.ui.frame.card import card
from console.ui.frame.controls.columns import Column, number_column, pick_record, text_column
from console.ui.runs.lists import tables
from console.ui.runs.lists.to_set import to_set

_MOST_OF_ONE = 50
"""Runs of one text that a point of the map leads to."""
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
    similarity = st.column_config.ProgressColumn(
        format="%.3f", min_value=0.0, max_value=1.0, width=110, help="Cosine of the embeddings of the texts"
    )
    columns: list[Column[NearRun]] = [
        Column("Similarity", lambda one: one.similarity, similarity),
        *(column.of(lambda one: one.row) for column in tables.run_columns()),
    ]
    pick_record(key, found, columns, lambda one: str(one.row.run_id), on_pick, alt="Similar runs", shown=_SHOWN)


def group_map(found: FailingRuns) -> Panel:
    """Failing runs on a plane, coloured by group; runs of one text are one point, the larger the more.

    A point's target is `near`: the ids of its runs.
    """
    runs: dict[tuple[float, float], list[Point]] = {}
    for point in found.points:
        runs.setdefault((point.x, point.y), []).append(point)
    most = max((len(some) for some in runs.values()), default=1)
    groups: dict[int, list[list[Point]]] = {}
    for some in runs.values():
        groups.setdefault(some[0].group, []).append(some)
    traces = [_group_trace(name_of(index, found.groups[index]), some, most) for index, some in sorted(groups.items())]
    largest = f", the largest about {', '.join(found.groups[0].words[:3])}" if found.groups else ""
    return Panel(
        traces=traces,
        finding=f"{len(found.points):,} failing runs in {len(found.groups)} groups{largest}.",
        x=blank_axis(),
        y=blank_axis(),
        height=330,
        legend=True,
    )


def _group_trace(name: str, points: Sequence[Sequence[Point]], most: int) -> Trace:
    """The points of one group, as WebGL."""
    return {
        "type": "scattergl", "mode": "markers", "name": shown(name, 34), "x": [some[0].x for some in points],
        "y": [some[0].y for some in points],
        "marker": {"opacity": 0.75, "size": [8 + 14 * (len(some) / most) ** 0.5 for some in points]},
        "customdata": [
            [
                {"near": ",".join(str(point.row.run_id) for point in some[:_MOST_OF_ONE])}, f"{len(some):,}",
                shown(some[0].row.run_id), shown(some[0].row.preview, 90),
            ]
            for some in points
        ],
        "hovertemplate": "%{customdata[1]} runs of this text, the latest is %{customdata[2]}"
        "<br>%{customdata[3]}<extra>%{fullData.name}</extra>",
    }  # fmt: skip


def picked_runs(found: FailingRuns, ids: Sequence[str]) -> None:
    """The runs that were caught on the map."""
    wanted = set(ids)
    rows = [point.row for point in found.points if str(point.row.run_id) in wanted]
    if rows:
        with card(f"{text.plural(len(rows), 'run')} of the map", "Click a row to open its run", "similar-picked"):
            tables.run_picker("similar.picked", rows, _SHOWN[1:], leads.open_runs)
            to_set("similar.picked", [str(row.run_id) for row in rows])


def group_cards(found: FailingRuns) -> None:
    """One card per group: how many, what about, and the runs in its middle."""
    total = sum(len(group.rows) for group in found.groups)
    with st.grid(columns=2, min_column_width=380, gap=14, key="similar-groups"):
        for index, group in enumerate(found.groups):
            with card(f"Group {index + 1}", _note(group, total), f"similar-group-{index}"):
                st.text(", ".join(group.words) or "No words of their own")
                distinct = {row.preview: row for row in reversed(group.rows)}
                _middle(index, list(reversed(distinct.values()))[:REPRESENTATIVES])
                to_set(f"similar.group.{index}", [str(row.run_id) for row in distinct.values()])


def name_of(index: int, group: Group) -> str:
    """A group by its number and first words."""
    return f"{index + 1}: {', '.join(group.words[:3])}" if group.words else str(index + 1)


def _note(group: Group, total: int) -> str:
    scores = [row.final_score_normalized for row in group.rows if row.final_score_normalized is not None]
    mean = f", mean score {sum(scores) / len(scores):.3f}" if scores else ""
    runs = len(group.rows)
    return f"{text.count(runs)} run{'s' * (runs != 1)}, {text.percent(runs / total)} of these{mean}"


def _middle(index: int, rows: Sequence[RunSummary]) -> None:
    columns: list[Column[RunSummary]] = [
        text_column("Run", lambda row: str(row.run_id), 58, right=True),
        number_column("Score", lambda row: row.final_score_normalized, 62, "%.3f", "Normalised, 0 to 1"),
        text_column("Text", lambda row: row.preview, 420, "How the evaluated text begins"),
    ]
    pick_record(
        f"similar.group.{index}", rows, columns, lambda row: str(row.run_id), leads.open_runs,
        alt="Runs in the middle of the group",
    )  # fmt: skip
