"""A collection on a plane: near points have similar texts, and the question stands among them."""

from __future__ import annotations

from collections import Counter
from typing import Any, cast

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from console.actions.collections.search import CollectionMap, MapPoint, load_map
from console.records import Collection
from console.search.maps.projection import Method
from console.services import Services
from console.ui.charts.figures import Panel, blank_axis, draw, shown, stacked
from console.ui.frame import text
from console.ui.frame.controls import linked
from console.ui.frame.style import palette
from console.ui.search.selection import pick, picked_list

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
    """The map with its two choices; a click on a point opens its chunk, a lasso lists several.

    Args:
        query: the question's vector, where there is one.
        found: ids of the results, which are drawn larger.
        opened: id of the chunk that is open.
    """
    color, layout = _param("color", COLORS, "document"), _param("layout", LAYOUTS, "pca")
    if query is None:
        color = "document"
    with st.container(horizontal=True, vertical_alignment="center", key="search-map-head"):
        linked.segments("search", "color", "Color", COLORS, color, disabled=query is None)
        linked.segments("search", "layout", "Layout", LAYOUTS, layout)
    seed = b"" if query is None else query.tobytes()
    made = _map(shared, collection.collection_id, f"{collection.revision} {collection.foreign}", seed, layout)
    if not made.points:
        st.caption("There is nothing to draw yet.")
        return
    key = f"search.map.{hash((collection.collection_id, seed, layout, color))}"
    panel = _panel(made, found, opened, color)
    of, figure = collection.collection_id, stacked(panel)
    figure["layout"]["dragmode"] = "zoom"  # a lasso that is ready takes the clicks on points
    draw(figure, [panel], key, on_targets=lambda targets: pick(of, targets), modes=("points", "lasso"))
    st.caption(_note(made, layout))
    picked_list(shared, collection)


@st.cache_data(ttl=600, max_entries=24, show_spinner="Drawing the map …")
def _map(_shared: Services, collection_id: str, revision: str, query: bytes, layout: str) -> CollectionMap:
    """The map of one revision; kept, because neighbourhoods take seconds."""
    del revision  # another one is another map
    _shared.searcher.memory.get(collection_id, fresh=True)  # else vectors of a second ago would be kept with it
    vector = np.frombuffer(query, dtype=np.float32) if query else None
    return load_map(_shared, collection_id, query=vector, method=cast("Method", layout))


def _panel(made: CollectionMap, found: set[str], opened: str | None, color: str) -> Panel:
    """The points by document or by similarity, as WebGL; the question is a cross. A point's target is `hit`."""
    names = _names(made)
    groups: dict[str, list[MapPoint]] = {}
    for point in made.points:
        groups.setdefault(names[point.filename] if color == "document" else "", []).append(point)
    order = sorted(groups, key=lambda name: (name == _REST, name))
    traces = [_points(name, groups[name], names, found, opened) for name in order]
    if made.query:
        traces.append(_question(made.query))
    return Panel(
        traces=traces,
        finding=f"{len(made.points):,} chunks of {len(set(names.values())):,} documents; near points are alike.",
        x=blank_axis(),
        y=blank_axis(),
        height=_HEIGHT,
        legend=color == "document",
    )


def _points(
    name: str, points: list[MapPoint], names: dict[str, str], found: set[str], opened: str | None
) -> dict[str, Any]:
    """One trace: a document's chunks, or all of them coloured by their similarity."""
    colors = palette()
    edges = [2 if one.chunk_id == opened else 0.8 if one.chunk_id in found else 0 for one in points]
    by_similarity = {
        "color": [one.similarity for one in points],
        "colorscale": [[0, colors.waiting], [1, colors.accent]],
        "colorbar": {"thickness": 10, "tickformat": ".2f", "outlinewidth": 0},
    }
    marker = {"color": colors.waiting} if name == _REST else {} if name else by_similarity
    return {
        "type": "scattergl", "mode": "markers", "name": shown(name, _LONGEST), "x": [one.x for one in points],
        "y": [one.y for one in points],
        "marker": {
            "opacity": 0.8, "size": [13 if one.chunk_id in found else 7 for one in points],
            "line": {"color": colors.ink, "width": edges}, **marker,
        },
        "customdata": [[{"hit": one.chunk_id}, shown(names[one.filename], _LONGEST), _nearness(one)] for one in points],
        "hovertemplate": "%{customdata[1]}%{customdata[2]}<extra></extra>",
    }  # fmt: skip


def _nearness(point: MapPoint) -> str:
    return "" if point.similarity is None else f"<br>Similarity {point.similarity:.3f}"


def _question(place: tuple[float, float]) -> dict[str, Any]:
    """The question as a cross."""
    return {
        "type": "scattergl", "mode": "markers", "name": "The question", "x": [place[0]], "y": [place[1]],
        "marker": {"symbol": "x", "size": 14, "color": palette().failed},
        "hovertemplate": "The question<extra></extra>", "showlegend": False,
    }  # fmt: skip


def _names(made: CollectionMap) -> dict[str, str]:
    """What each document is called in the legend."""
    counts = Counter(point.filename for point in made.points)
    large = {name for name, _ in counts.most_common(_MOST_DOCUMENTS)}
    return {name: text.shorten(name or "No document", _LONGEST) if name in large else _REST for name in counts}


def _note(made: CollectionMap, layout: str) -> str:
    number = len(made.points)
    said = f"{number:,} chunks" if number == made.total else f"A sample of {number:,} of {made.total:,} chunks"
    if made.query:
        said += ", results larger, the question as a cross"
    if made.kept is not None:
        said += f". The plane shows {text.percent(made.kept)} of how they differ"
    elif layout == "tsne":
        said += ". Near points are alike; distances between groups mean nothing"
    return f"{said}. Click a point to open its chunk, or draw around several with the lasso to list them."


def _param(name: str, allowed: dict[str, str], default: str) -> str:
    value = st.query_params.get(name)
    return value if value is not None and value in allowed else default
