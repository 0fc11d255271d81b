"""How rows of batches and experiments ended, in the words and colours of the run list."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from pandas.io.formats.style import Styler

from console.records import RowResult, RowState, RunStatus
from console.ui.frame.marked import Mark, marked, weighty
from console.ui.frame.style import OUTCOMES, color_of, outcome

MISSING = "? none"
"""For a row that has no counterpart."""


def result_words(row: RowResult | None) -> str:
    """How a row ended; `MISSING` for one that is not there."""
    if row is None:
        return MISSING
    status = RunStatus.COMPLETED if row.state is RowState.DONE else RunStatus.FAILED
    return outcome(status, row.verdict).text


def colored(frame: pd.DataFrame, *columns: str, marks: Sequence[Mark] = ()) -> Styler:
    """The table with results in their colours, and other marks."""
    colors = {one.text: weighty(color_of(one)) for one in OUTCOMES}
    places = [place for place, name in enumerate(frame.columns) if name in columns]
    cells = [(word, row, place) for place in places for row, word in enumerate(frame.iloc[:, place])]
    results = [(colors[word], row, place) for word, row, place in cells if word in colors]
    return marked(frame, [*marks, *results])
