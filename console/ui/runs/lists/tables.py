"""The run list and the performance tables. Cells are text, never markdown."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pandas as pd
import streamlit as st
from pandas.io.formats.style import Styler

from console.actions.runs.totals import Tally
from console.records import RunSummary, ScoreRange
from console.ui.frame import text
from console.ui.frame.controls.columns import (
    Column,
    moment_column,
    number_column,
    percent_column,
    pick_record,
    show_records,
    text_column,
)
from console.ui.frame.style import outcome_of, palette
from console.ui.runs.verdicts import colored

ALL_COLUMNS = (
    "Run", "Result", "Score", "Human", "Text", "Spread", "Judge", "Case", "Model", "Started", "Duration", "Tokens",
    "Cost", "Tags",
)  # fmt: skip
BESIDE_PANEL = ("Run", "Result", "Score", "Spread", "Judge", "Started")
RECENT = ("Run", "Result", "Score", "Judge", "Case", "Duration", "Started")


def run_columns(scales: Mapping[str, ScoreRange] | None = None, *, narrow: bool = False) -> list[Column[RunSummary]]:
    """The columns of a run list; narrow ones leave room for a panel beside the list.

    Args:
        scales: of the cases, so that what people gave stands on the same scale as the score.
    """
    known = scales or {}
    spread = st.column_config.BarChartColumn(
        width=90, y_min=0, y_max=9, color=palette().accent, help="How the single responses spread over the scale"
    )
    human = "What people gave: the mean of their scores, 0 to 1, and their verdict"
    return [
        text_column("Run", lambda row: str(row.run_id), 58, right=True),
        text_column("Result", lambda row: outcome_of(row).text + (" · low mass" if row.low_captured else ""), 72),
        number_column("Score", lambda row: row.final_score_normalized, 62, "%.3f", "Normalised, 0 to 1"),
        text_column("Human", lambda row: _human(row, known.get(row.case_id)), 92, human),
        text_column("Text", lambda row: row.error or row.preview, 320, "How the evaluated text begins, or the error"),
        Column("Spread", lambda row: row.spread or None, spread),
        text_column("Judge", _judge, 130 if narrow else 160),
        text_column("Case", lambda row: row.case_name or row.case_id, 145),
        text_column("Model", lambda row: row.model_name, 125),
        moment_column("Started", lambda row: row.started_at, 100, "D MMM, HH:mm")
        if narrow
        else moment_column("Started", lambda row: row.started_at, 138),
        number_column("Duration", lambda row: row.execution_time_seconds, 68, "%.1f s"),
        number_column("Tokens", lambda row: row.total_tokens, 64, "%,d"),
        number_column("Cost", lambda row: row.cost, 68, "$%.4f"),
        text_column("Tags", lambda row: ", ".join(row.tags), 120),
    ]


def _styled(frame: pd.DataFrame, opened: int | None) -> Styler:
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
        scales: see `run_columns`.
    """
    known = {one.name: one for one in run_columns(scales, narrow=opened is not None)}
    place = next((place for place, row in enumerate(rows) if str(row.run_id) == opened), None)
    pick_record(
        page, rows, [known[name] for name in columns], lambda row: str(row.run_id), on_pick, alt="Runs", picked=opened,
        style=lambda frame: _styled(frame, place), ticked=ticked, on_tick=on_tick,
    )  # fmt: skip


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


def _judge(row: RunSummary) -> str:
    version = f"  v{row.judge_version}" if row.judge_version else ""
    return text.judge_name(row.judge_name, row.judge_id) + version


def _human(row: RunSummary, scale: ScoreRange | None) -> str:
    """The score on the scale of the column beside it where the case's is known, and the verdict."""
    parts = []
    if row.label_score is not None:
        parts.append(f"{scale.normalise(row.label_score):.3f}" if scale else f"{row.label_score:.3g}")
    if row.label_passed is not None:
        parts.append("pass" if row.label_passed else "fail")
    return ", ".join(parts)
