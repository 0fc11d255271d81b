"""Pages send their figures as they are; here Plotly checks each of them."""

from __future__ import annotations

import plotly.graph_objects as go
import pytest

from console.ui.charts import figures


@pytest.fixture(autouse=True)
def checked_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """A property that Plotly does not know fails the test of its page."""
    monkeypatch.setattr(figures, "unchecked", go.Figure)
