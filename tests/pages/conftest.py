"""Pages send their figures as they are; here Plotly checks each of them. Work beside a page is waited for."""

from __future__ import annotations

import plotly.graph_objects as go
import pytest

from console.ui.charts import figures
from console.ui.frame import aside


@pytest.fixture(autouse=True)
def checked_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """A property that Plotly does not know fails the test of its page."""
    monkeypatch.setattr(figures, "unchecked", go.Figure)


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page on a busy machine says what it says on a quiet one."""
    monkeypatch.setattr(aside, "PATIENCE", 20)
