"""Figures that pages send without having Plotly check them.

`st.plotly_chart` makes Plotly's own objects of a dictionary, property by property, and a dictionary of those again:
half of the server's time for a page of charts. A figure of Plotly's own it takes as it is. Tests check every figure.
"""

from __future__ import annotations

from typing import Any


def unchecked(figure: dict[str, Any]) -> Any:
    """The figure as one of Plotly's that answers with this dictionary and knows nothing else."""
    from plotly.basedatatypes import BaseFigure  # noqa: PLC0415 - half a second, which the server spends at its start

    class Unchecked(BaseFigure):  # type: ignore[misc]
        def __init__(self) -> None:
            """Nothing of what Plotly does here."""

        def to_dict(self) -> dict[str, Any]:
            return figure

        def __repr__(self) -> str:
            return "Unchecked()"

    return Unchecked()
