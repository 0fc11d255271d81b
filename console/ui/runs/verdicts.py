"""How rows of batches and experiments ended, in the words and colours of the run list."""

from __future__ import annotations

import pandas as pd
from pandas.io.formats.style import Styler

from console.records import RowResult, RowState, RunStatus
from console.ui.frame.style import OUTCOMES, color_of, outcome

MISSING = "? none"
"""For a row that has no counterpart."""


def result_words(row: RowResult | None) -> str:
    """How a row ended; `MISSING` for one that is not there."""
    if row is None:
        return MISSING
    status = RunStatus.COMPLETED if row.state is RowState.DONE else RunStatus.FAILED
    return outcome(status, row.verdict).text


def colored(frame: pd.DataFrame, *columns: str) -> Styler:
    """The table with results in their colours."""
    colors = {one.text: f"color: {color_of(one)}; font-weight: 600" for one in OUTCOMES}
    return frame.style.map(lambda value: colors.get(value, ""), subset=frame.columns.intersection(list(columns)))
