"""The rows of a batch with their texts, scores and verdicts, a page at a time; and their export."""

from __future__ import annotations

from functools import partial

import streamlit as st

from console.actions.batches import exports
from console.actions.batches.results import BatchResults, Order, Show
from console.records import BatchRow, RowResult, utcnow
from console.services import Services
from console.ui.charts import leads
from console.ui.evaluate.batch_list import KEY
from console.ui.frame import text
from console.ui.frame.card import card
from console.ui.frame.controls import linked
from console.ui.frame.controls.columns import Column, number_column, pick_record, text_column
from console.ui.frame.style import PENDING
from console.ui.runs.verdicts import colored, result_words

PAGE_ROWS = 50
_SHOWN = 200
"""Characters of a text in a cell."""


def rows(shared: Services, results: BatchResults) -> None:
    """The table with its controls."""
    with card("Rows", "A click on a row opens its run", "batch-rows"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key="batch-rows-head"):
            show = _show(results)
            order = _order()
        numbers = results.numbers(show, order)
        if not numbers:
            st.caption("None")
            return
        page = _pager(len(numbers), (results.batch.batch_id, show, order))
        here = numbers[page * PAGE_ROWS : (page + 1) * PAGE_ROWS]
        _table(results, shared.batches.numbered(results.batch.batch_id, here))


def export(shared: Services, results: BatchResults) -> None:
    """All rows as a file, made when somebody asks for it."""
    with st.popover("Export", icon=":material/download:", key=f"{KEY}.export"):
        st.caption("Every row with its text, score, verdict and error.", width=260)
        for kind, make, mime in (
            ("CSV", exports.rows_csv, "text/csv"),
            ("JSONL", exports.rows_jsonl, "application/jsonl"),
        ):
            st.download_button(
                kind, data=partial(make, shared, results), mime=mime, key=f"{KEY}.export.{kind}", on_click="ignore",
                file_name=f"batch-{utcnow():%Y%m%d-%H%M}.{kind.lower()}", width="stretch",
            )  # fmt: skip


def _show(results: BatchResults) -> Show:
    """Which rows; the URL holds it."""
    asked = st.query_params.get("rows")
    options = {one: f"{one.value} {results.count(one):,}" for one in Show}
    return linked.segments(KEY, "rows", "Show", options, next((one for one in Show if one == asked), Show.ALL))


def _order() -> Order:
    asked = next((one for one in Order if one == st.query_params.get("order")), Order.FILE)
    options = {one: one.value for one in Order}
    linked.choice(KEY, "order", "Order", options, asked, index=0, label_visibility="collapsed", width=200)
    return asked


def _pager(rows_in_all: int, of: object) -> int:
    """The way from page to page; returns which one is shown. Another choice of rows begins at the first."""
    if st.session_state.get(f"{KEY}.page.of") != of:
        st.session_state[f"{KEY}.page.of"], st.session_state[f"{KEY}.page"] = of, 0
    last = (rows_in_all - 1) // PAGE_ROWS
    page: int = min(st.session_state.get(f"{KEY}.page", 0), last)
    if last:
        with st.container(horizontal=True, vertical_alignment="center", key="batch-pager"):
            for name, label, icon, by, off in (
                ("previous", "Previous", ":material/chevron_left:", -1, page == 0),
                ("next", "Next", ":material/chevron_right:", 1, page == last),
            ):
                st.button(label, key=f"{KEY}.{name}", icon=icon, disabled=off, on_click=_turn, args=(page + by,))
            st.caption(f"Page {page + 1:,} of {last + 1:,}")
    return page


def _turn(page: int) -> None:
    st.session_state[f"{KEY}.page"] = page


def _table(results: BatchResults, found: list[BatchRow]) -> None:
    columns: list[Column[tuple[BatchRow, RowResult | None]]] = [
        number_column("Row", lambda one: one[0].number, 56),
        text_column("Name", lambda one: one[1].key if one[1] else None, 110, "What the file calls the row", spare=True),
        text_column("Result", lambda one: result_words(one[1]) if one[1] else PENDING.text, 80),
        number_column("Score", lambda one: one[1].normalized if one[1] else None, 64, "%.3f", "Normalised, 0 to 1"),
        text_column("Text", lambda one: text.line(one[0].artifact.evaluation_target, _SHOWN), 470),
        text_column("Question", lambda one: text.line(one[0].artifact.input or "", _SHOWN), 260, spare=True),
        text_column("Error", lambda one: _error(one[0]), 420, spare=True),
        number_column("Cost", lambda one: one[1].cost if one[1] else None, 76, "$%.4f", spare=True),
        number_column("Time", lambda one: one[1].seconds if one[1] else None, 64, "%.1f s", spare=True),
    ]
    pick_record(
        "batch-rows", [(row, results.rows.get(row.number)) for row in found], columns, lambda one: str(one[0].number),
        lambda number: _open(results, int(number)), alt="Rows", style=lambda frame: colored(frame, "Result"),
    )  # fmt: skip


def _open(results: BatchResults, number: int) -> None:
    row = results.rows.get(number)
    if row is not None:
        leads.open_runs(str(row.run_id))


def _error(row: BatchRow) -> str:
    return (row.error or "").removeprefix("Evaluation failed: ").split("\n", 1)[0]
