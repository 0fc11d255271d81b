"""The parts of Agreement: coefficients with their intervals, the scatter, the confusion matrix, the runs behind it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from console.actions.labels.agreement import Agreement, Cell, Point
from console.actions.labels.within_documents import WithinDocuments
from console.judging.analysis.statistics import Estimate, kappa_words
from console.records import RunSummary
from console.ui.charts import leads
from console.ui.charts.figures import draw, stacked
from console.ui.frame import text
from console.ui.frame.card import card
from console.ui.frame.controls.columns import Column, number_column, pick_record, text_column
from console.ui.frame.controls.filters import navigate
from console.ui.frame.tiles import Tile, tiles
from console.ui.labels.agreement_charts import scatter

SHOWN = 200
"""Runs that the list shows."""
_VERDICTS = {True: "pass", False: "fail"}
_PASSED, _FAILED = (Cell.BOTH_PASS, Cell.ONLY_FIRST), (Cell.ONLY_OTHER, Cell.BOTH_FAIL)
"""The cells of the two rows of the matrix."""


@dataclass(frozen=True, slots=True)
class Sides:
    """What the two sides are called, in our own words."""

    first: str
    """The judge whose agreement is looked at, such as `Judge`."""
    other: str
    """`People`, or the other judge."""

    def verdict(self, *, other: bool, passed: bool) -> str:
        """A side with its verdict, such as `People fail`."""
        if other and self.other == "People":
            return f"People {_VERDICTS[passed]}"
        return f"{self.other if other else self.first} {'passes' if passed else 'fails'}"


PEOPLE = Sides("Judge", "People")
JUDGES = Sides("Baseline", "Candidate")


def coefficients(found: Agreement) -> None:
    """Pearson, Spearman, Kendall and kappa as cards."""
    figures = found.correlations
    cards = (
        ("Pearson", figures.pearson, "Linear correlation of the scores"),
        ("Spearman", figures.spearman, "Correlation of the ranks"),
        ("Kendall", figures.kendall, "Tau-b: pairs in the same order against pairs in the opposite order"),
        ("Cohen's kappa", found.quality.kappa, "Agreement of the verdicts beyond chance"),
    )
    tiles(tile(name, one, why) for name, one, why in cards)


def within(load: Callable[[], WithinDocuments]) -> None:
    """The coefficients within documents, read when they are opened: it takes the runs' whole texts."""
    panel = st.expander("Within documents", key="agreement.within", icon=":material/join_inner:", on_change="rerun")
    if not panel.open:
        return
    with panel:
        view = load()
        found = view.found
        st.caption(
            "Mean over documents of the correlation of the texts about each, as the G-Eval paper reports it. A "
            "document is what the metadata name (doc_id, document_id, ...), else the same question, context and "
            f"reference. {found.documents:,} have two texts or more, {found.constant:,} of them one score on a side."
            + (f" {view.unread:,} runs were not read." if view.unread else "")
        )
        each = found.correlations
        sides = (("Pearson", each.pearson), ("Spearman", each.spearman), ("Kendall", each.kendall))
        tiles(tile(name, one, "Mean over documents") for name, one in sides)


def tile(name: str, one: Estimate, why: str, *, signed: bool = False) -> Tile:
    """One figure with its interval and what it was computed from, or why there is none."""
    words = f" ({kappa_words(one.value)})" if name == "Cohen's kappa" and one.value is not None else ""
    form = "+.3f" if signed else ".3f"
    shown = text.NOTHING if one.value is None else f"{one.value:{form}}"
    method = f"; 95 % interval by {one.method}" if one.method else ""
    return Tile(f"{name}{words}", shown, interval(one, form) or one.why, f"{why}. From {one.n:,}{method}.")


def interval(one: Estimate, form: str = ".3f") -> str:
    """The interval in words; nothing where there is none."""
    if one.low is None or one.high is None:
        return ""
    return f"95 %: {one.low:{form}} to {one.high:{form}}"


def points_chart(found: Agreement, sides: Sides, other_threshold: float) -> None:
    """The scatter; a click on a dot shows its run in the list."""
    known = [one for one in found.points if one.other_score is not None]
    if not known:
        st.caption("There is no artifact with a score on both sides here.")
        return
    panel = scatter(
        found.points, f"{sides.first} (0 to 1)", f"{sides.other} (0 to 1)", found.threshold, other_threshold
    )
    draw(stacked(panel), [panel], "agreement.pick", on_targets=_picked)


def _picked(targets: list[dict[str, str]]) -> None:
    navigate({"point": targets[0]["point"], "cell": None})


def matrix(found: Agreement, sides: Sides, chosen: Cell | None) -> None:
    """The confusion matrix, whose cells choose the runs of the list, and what it says."""
    counts = found.confusion
    numbers = {
        Cell.BOTH_PASS: counts.true_pass,
        Cell.ONLY_FIRST: counts.false_pass,
        Cell.ONLY_OTHER: counts.false_fail,
        Cell.BOTH_FAIL: counts.true_fail,
    }
    with st.grid(
        columns=3, min_column_width=80, wrap=False, gap=8, vertical_alignment="center", key="agreement-matrix"
    ):
        for words in ("\u00a0", sides.verdict(other=True, passed=True), sides.verdict(other=True, passed=False)):
            st.caption(words)
        for passed, cells in ((True, _PASSED), (False, _FAILED)):
            st.caption(sides.verdict(other=False, passed=passed))
            for cell in cells:
                st.button(
                    f"{numbers[cell]:,}", key=f"agreement.cell.{cell}", width="stretch",
                    type="primary" if cell is chosen else "secondary", disabled=not numbers[cell],
                    on_click=navigate, args=({"cell": None if cell is chosen else cell.value, "point": None},),
                )  # fmt: skip
    quality = found.quality
    st.dataframe(
        pd.DataFrame(
            [
                _line("Same verdict", counts.accuracy),
                *(
                    _line(name, one.value, interval(one) or one.why)
                    for name, one in (
                        ("Cohen's kappa", quality.kappa),
                        ("Precision", quality.precision),
                        ("Recall", quality.recall),
                        ("F1", quality.f1),
                    )
                ),
            ]
        ),
        column_config={
            "Figure": st.column_config.TextColumn(width=110),
            "Value": st.column_config.NumberColumn(format="%.3f", width=60),
            "Interval": st.column_config.TextColumn(width=230),
        },
        hide_index=True, placeholder=text.NOTHING, alt="What the matrix says",
    )  # fmt: skip


def _line(name: str, value: float | None, words: str = "") -> dict[str, object]:
    return {"Figure": name, "Value": value, "Interval": words}


def chosen_points(found: Agreement) -> tuple[list[Point], Cell | None, str]:
    """The points that the URL asks for, the cell, and what the list shows in words."""
    point, cell = st.query_params.get("point"), st.query_params.get("cell")
    if point:
        picked = [one for one in found.points if str(one.first.run_id) == point]
        if picked:
            return picked, None, "The run of the dot"
    if cell in {one.value for one in Cell}:
        asked = Cell(cell)
        inside = [one for one in found.points if one.cell is asked]
        return inside, asked, f"{len(inside):,} runs of the cell, largest disagreements first"
    return found.points, None, f"All {len(found.points):,} runs, largest disagreements first"


def run_table(points: Sequence[Point], words: str, sides: Sides, names: dict[str, str]) -> None:
    """The runs behind the figures; a click opens one, or both of a pair."""
    shown = points[:SHOWN]
    words += f". The first {SHOWN} are shown" if len(points) > SHOWN else ""
    with card("Runs", f"{words}. Click a row to open it", "agreement-runs"):
        if st.query_params.get("cell") or st.query_params.get("point"):
            st.button(
                "Show all", key="agreement.all", type="tertiary", icon=":material/close:",
                on_click=navigate, args=({"cell": None, "point": None},),
            )  # fmt: skip
        columns: list[Column[Point]] = [
            text_column("Run", lambda one: str(one.first.run_id), 60, right=True),
            number_column(f"{sides.first} score", lambda one: one.first_score, 105, "%.3f", "Normalised"),
            number_column(f"{sides.other} score", lambda one: one.other_score, 105, "%.3f", "Normalised"),
            number_column("Difference", lambda one: one.gap, 85, "%+.3f", f"{sides.first} minus {sides.other}"),
            text_column("Verdicts", _verdicts, 90, f"{sides.first}, then {sides.other.lower()}"),
            text_column("Judge", lambda one: _judge_words(one.first, names), 170),
            text_column("Text", lambda one: one.first.preview, 430),
        ]
        pick_record("agreement", shown, columns, _address, leads.open_runs, alt="Runs")


def _address(point: Point) -> str:
    """The run, or the two runs of a pair."""
    return str(point.first.run_id) if point.other is None else f"{point.first.run_id},{point.other.run_id}"


def _verdicts(point: Point) -> str:
    first, other = point.cell in _PASSED, point.cell in (Cell.BOTH_PASS, Cell.ONLY_OTHER)
    return f"{_VERDICTS[first]}, {_VERDICTS[other]}"


def _judge_words(row: RunSummary, names: dict[str, str]) -> str:
    name = text.judge_name(names.get(row.judge_id, row.judge_name), row.judge_id)
    return f"{name}  v{row.judge_version}" if row.judge_version else name
