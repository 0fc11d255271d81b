"""The run list and the performance tables. Cells are text, never markdown."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st
from pandas.io.formats.style import Styler

from console.actions.runs.totals import Tally
from console.records import RunSummary, ScoreRange
from console.ui.frame import text
from console.ui.frame.clock import time_column
from console.ui.frame.controls.columns import Column, number_column, percent_column, show_records, text_column
from console.ui.frame.controls.picker import pick_row
from console.ui.frame.style import outcome_of, palette
from console.ui.runs.verdicts import colored

ALL_COLUMNS = (
    "Run", "Result", "Score", "Human", "Text", "Spread", "Judge", "Case", "Model", "Started", "Duration", "Tokens",
    "Cost", "Tags",
)  # fmt: skip
BESIDE_PANEL = ("Run", "Result", "Score", "Spread", "Judge", "Started")
RECENT = ("Run", "Result", "Score", "Judge", "Case", "Duration", "Started")


def run_frame(rows: Sequence[RunSummary], scales: Mapping[str, ScoreRange] | None = None) -> pd.DataFrame:
    """The rows of a run list as a table of typed columns.

    Args:
        scales: of the cases, so that what people gave stands on the same scale as the score.
    """
    return pd.DataFrame([_cells(row, scales or {}) for row in rows], columns=list(ALL_COLUMNS))


def run_columns(*, narrow: bool = False) -> dict[str, Any]:
    """How the columns of a run list are shown; narrow ones leave room for a panel beside the list."""
    config = st.column_config
    return {
        "Run": config.TextColumn(width=58, alignment="right"),
        "Result": config.TextColumn(width=72),
        "Score": config.NumberColumn(format="%.3f", width=62, help="Normalised, 0 to 1"),
        "Spread": config.BarChartColumn(
            width=90, y_min=0, y_max=9, color=palette().accent, help="How the single responses spread over the scale"
        ),
        "Judge": config.TextColumn(width=130 if narrow else 160),
        "Case": config.TextColumn(width=145),
        "Model": config.TextColumn(width=125),
        "Cost": config.NumberColumn(format="$%.4f", width=68),
        "Tokens": config.NumberColumn(format="%,d", width=64),
        "Duration": config.NumberColumn(format="%.1f s", width=68),
        "Started": time_column("Started", "D MMM, HH:mm", 100)
        if narrow
        else time_column("Started", "D MMM YYYY, HH:mm", 138),
        "Human": config.TextColumn(
            width=92, help="What people gave: the mean of their scores, 0 to 1, and their verdict"
        ),
        "Tags": config.TextColumn(width=120),
        "Text": config.TextColumn(width=320, help="How the evaluated text begins, or the error"),
    }


def _styled(frame: pd.DataFrame, opened: int | None = None) -> Styler:
    """The table with the result in its colour, and the row of the opened run tinted."""
    tint = (("background-color", f"{palette().accent}1f"),)
    places = range(len(frame.columns)) if opened is not None else ()
    return colored(frame, "Result", marks=[(tint, opened or 0, place) for place in places])


def run_picker(
    page: str,
    rows: Sequence[RunSummary],
    columns: Sequence[str],
    on_pick: Callable[[str], None],
    *,
    opened: str | None = None,
    ticked: Sequence[str] = (),
    on_tick: Callable[[list[str]], None] | None = None,
    scales: Mapping[str, ScoreRange] | None = None,
) -> None:
    """A run list in which a click on a row picks its run.

    Args:
        columns: names of the columns to show.
        on_pick: gets the id; runs before the page is drawn again.
        opened: the id of the run that is shown beside the list.
        ticked, on_tick: see `pick_row`.
        scales: see `run_frame`.
    """
    ids = [str(row.run_id) for row in rows]
    frame = _styled(run_frame(rows, scales)[list(columns)], ids.index(opened) if opened in ids else None)
    config = run_columns(narrow=opened is not None)
    pick_row(page, frame, ids, config, opened, on_pick, alt="Runs", order=columns, ticked=ticked, on_tick=on_tick)


def performance_table(tallies: Mapping[str, Tally], what: str) -> None:
    """Average, spread, time and count per case or judge, most runs first.

    Args:
        tallies: by the name shown.
        what: `Case` or `Judge`.
    """
    columns: list[Column[tuple[str, Tally]]] = [
        text_column(what, lambda one: one[0], 195),
        number_column("Runs", lambda one: one[1].runs, 52, "%,d"),
        number_column("Mean", lambda one: one[1].mean, 68, "%.3f", "Mean normalised score, 0 to 1"),
        number_column("Std dev", lambda one: one[1].deviation, 68, "%.3f", "Sample standard deviation, same scale"),
        percent_column("Pass rate", lambda one: one[1].pass_rate, 72),
        number_column("Time", lambda one: one[1].mean_seconds, 60, "%.1f s", "Mean execution time in seconds"),
    ]
    ordered = sorted(tallies.items(), key=lambda item: -item[1].runs)
    show_records(ordered, columns, alt=f"Performance by {what.lower()}")


def _cells(row: RunSummary, scales: Mapping[str, ScoreRange]) -> dict[str, object]:
    return {
        "Run": str(row.run_id),
        "Result": outcome_of(row).text + (" · low mass" if row.low_captured else ""),
        "Score": row.final_score_normalized,
        "Spread": row.spread or None,
        "Judge": text.judge_name(row.judge_name, row.judge_id)
        + (f"  v{row.judge_version}" if row.judge_version else ""),
        "Case": row.case_name or row.case_id,
        "Model": row.model_name,
        "Cost": row.cost,
        "Tokens": row.total_tokens,
        "Duration": row.execution_time_seconds,
        "Started": row.started_at,
        "Human": _human(row, scales.get(row.case_id)),
        "Tags": ", ".join(row.tags),
        "Text": row.error or row.preview,
    }


def _human(row: RunSummary, scale: ScoreRange | None) -> str:
    """The score on the scale of the column beside it where the case's is known, and the verdict."""
    parts = []
    if row.label_score is not None:
        parts.append(f"{scale.normalise(row.label_score):.3f}" if scale else f"{row.label_score:.3g}")
    if row.label_passed is not None:
        parts.append("pass" if row.label_passed else "fail")
    return ", ".join(parts)
