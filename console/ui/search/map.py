"""A collection on a plane: near points have similar texts, and the question stands among them."""

from __future__ import annotations

from collections import Counter
from typing import Any, cast

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from console.actions.collections.search import CollectionMap, load_map
from console.records import Collection
from console.search.maps.projection import Method
from console.services import Services
from console.ui.frame import charts, filters, text
from console.ui.frame.style import palette

COLORS = {"document": "By document", "similarity": "By similarity"}
LAYOUTS = {"pca": "Straight axes", "tsne": "Neighbourhoods"}
_HEIGHT = 520
_MOST_DOCUMENTS = 7
"""Documents with a colour of their own; the rest share one."""
_REST = "Other documents"
_LONGEST = 40


def collection_map(
    shared: Services, collection: Collection, query: NDArray[np.float32] | None, found: set[str], opened: str | None
) -> None:
    """The map with its two choices; a click on a point opens its chunk.

    Args:
        query: the question's vector, where there is one.
        found: ids of the results, which are drawn larger.
        opened: id of the chunk that is open.
    """
    color, layout = _param("color", COLORS, "document"), _param("layout", LAYOUTS, "pca")
    if query is None:
        color = "document"
    with st.container(horizontal=True, vertical_alignment="center", key="search-map-head"):
        _choice("color", COLORS, color, disabled=query is None)
        _choice("layout", LAYOUTS, layout)
    seed = b"" if query is None else query.tobytes()
    made = _map(shared, collection.collection_id, f"{collection.revision} {collection.foreign}", seed, layout)
    if not made.points:
        st.caption("There is nothing to draw yet.")
        return
    key = f"search.map.{hash((collection.collection_id, seed, layout, color))}"
    chart = _chart(made, found, opened, color)
    st.altair_chart(chart, key=key, on_select=lambda: _picked(key), selection_mode="pick", alt="Map of the collection")
    st.caption(_note(made, layout))


@st.cache_data(ttl=600, max_entries=24, show_spinner="Drawing the map …")
def _map(_shared: Services, collection_id: str, revision: str, query: bytes, layout: str) -> CollectionMap:
    """The map of one revision; kept, because neighbourhoods take seconds."""
    del revision  # another one is another map
    _shared.searcher.indexes.get(collection_id, fresh=True)  # else vectors of a second ago would be kept with it
    vector = np.frombuffer(query, dtype=np.float32) if query else None
    return load_map(_shared, collection_id, query=vector, method=cast("Method", layout))


def _chart(made: CollectionMap, found: set[str], opened: str | None, color: str) -> charts.Layer:
    colors = palette()
    names = _names(made)
    rows = [
        {
            "chunk": point.chunk_id,
            "x": point.x,
            "y": point.y,
            "document": names[point.filename],
            "similarity": point.similarity,
            "size": 150 if point.chunk_id in found else 34,
            "edge": 2 if point.chunk_id == opened else 0.8 if point.chunk_id in found else 0,
        }
        for point in made.points
    ]
    blank = alt.Axis(labels=False, title=None, grid=True, tickCount=6)
    scale = alt.Scale(zero=False, padding=14)
    pick = alt.selection_point(name="pick", fields=["chunk"], on="click", clear=False, empty=False)
    tips = [alt.Tooltip("document:N", title="Document")]
    if made.query:
        tips.append(alt.Tooltip("similarity:Q", title="Similarity", format=".3f"))
    points = (
        alt.Chart(pd.DataFrame(rows))
        .mark_point(filled=True, opacity=0.8, stroke=colors.ink)
        .encode(
            x=alt.X("x:Q", axis=blank, scale=scale),
            y=alt.Y("y:Q", axis=blank, scale=scale),
            color=_by_similarity() if color == "similarity" else _by_document(rows),
            size=alt.Size("size:Q", scale=None, legend=None),
            strokeWidth=alt.StrokeWidth("edge:Q", scale=None, legend=None),
            tooltip=tips,
            description="document:N",
        )
        .add_params(pick)
    )
    if made.query is None:
        return charts.finished(points, _HEIGHT)
    return charts.finished(alt.LayerChart(layer=[points, _question(made.query)]), _HEIGHT)


def _question(place: tuple[float, float]) -> alt.Chart:
    """The question as a cross."""
    at: Any = pd.DataFrame([{"x": place[0], "y": place[1], "what": "The question"}])
    mark = alt.Chart(at).mark_point(shape="cross", filled=True, size=240, color=palette().failed, opacity=1)
    drawn: alt.Chart = mark.encode(x="x:Q", y="y:Q", tooltip=[alt.Tooltip("what:N", title=" ")])
    return drawn


def _names(made: CollectionMap) -> dict[str, str]:
    """What each document is called in the legend."""
    counts = Counter(point.filename for point in made.points)
    large = {name for name, _ in counts.most_common(_MOST_DOCUMENTS)}
    return {name: text.shorten(name or "No document", _LONGEST) if name in large else _REST for name in counts}


def _by_document(rows: list[dict[str, Any]]) -> alt.Color:
    colors = palette()
    names = sorted({str(row["document"]) for row in rows} - {_REST})
    shown = [*names, _REST] if any(row["document"] == _REST for row in rows) else names
    scale = alt.Scale(domain=shown, range=[*colors.series[: len(names)], colors.waiting][: len(shown)])
    return alt.Color("document:N", scale=scale, legend=alt.Legend(symbolStrokeWidth=0, columns=4, labelLimit=220))


def _by_similarity() -> alt.Color:
    colors = palette()
    scale = alt.Scale(range=[colors.waiting, colors.accent])
    return alt.Color("similarity:Q", scale=scale, legend=alt.Legend(title=None, format=".2f", gradientLength=180))


def _note(made: CollectionMap, layout: str) -> str:
    number = len(made.points)
    said = f"{number:,} chunks" if number == made.total else f"A sample of {number:,} of {made.total:,} chunks"
    if made.query:
        said += ", results larger, the question as a cross"
    if made.kept is not None:
        said += f". The plane shows {text.percent(made.kept)} of how they differ"
    elif layout == "tsne":
        said += ". Near points are alike; distances between groups mean nothing"
    return f"{said}. Click a point to open its chunk."


def _picked(key: str) -> None:
    picked = st.session_state[key].selection.get("pick") or []
    if picked:
        filters.navigate({"hit": str(picked[0]["chunk"])})


def _choice(name: str, options: dict[str, str], current: str, *, disabled: bool = False) -> None:
    key = f"search.{name}"
    st.session_state[key] = current
    st.segmented_control(
        name.capitalize(), list(options), key=key, format_func=options.__getitem__, required=True, disabled=disabled,
        label_visibility="collapsed", on_change=_store, args=(key, name),
    )  # fmt: skip


def _store(key: str, name: str) -> None:
    filters.navigate({name: st.session_state[key]})


def _param(name: str, allowed: dict[str, str], default: str) -> str:
    value = st.query_params.get(name)
    return value if value is not None and value in allowed else default
