"""Batches as lists: those that are not done, each with the way on, and all of them with what they found."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from console.actions.batches import batches
from console.records import Batch, BatchState, Role, User
from console.services import Services
from console.ui.charts import leads
from console.ui.frame import text
from console.ui.frame.card import card
from console.ui.frame.controls import filters
from console.ui.frame.controls.columns import (
    Column,
    moment_column,
    number_column,
    percent_column,
    pick_record,
    text_column,
)
from console.ui.sign_in import saving

KEY = "batch"
PAGE_ROWS = 50


def state_of(batch: Batch) -> str:
    """How far the batch is, in a word or two."""
    if batch.state is BatchState.FINISHED:
        return "Finished"
    if batches.is_worked_on(batch):
        return "Stopping" if batch.state is BatchState.CANCELLED else "Running"
    if batch.state is BatchState.RUNNING:
        return "Interrupted"
    return "Stopped" if batch.state is BatchState.CANCELLED else "Ready"


def open_batches(shared: Services, user: User, found: Sequence[Batch]) -> None:
    """Those that are not done, each with the way on."""
    open_ones = [batch for batch in found if batch.state is not BatchState.FINISHED]
    if not open_ones:
        return
    with card("Unfinished", "", "batches-open"):
        saving.problem(f"{KEY}.list")
        for batch in open_ones:
            _open_line(shared, user, batch)


def all_batches(shared: Services, found: Sequence[Batch]) -> None:
    """All of them, with what they found."""
    with card("All batches", "A click on a row opens the batch", "batches-all"):
        _table(shared, found)


def show(batch_id: str | None) -> None:
    """Open a batch on the page of batches, or the list. For callbacks."""
    filters.navigate({"batch": batch_id, "baseline": None, "rows": None, "order": None, "pairs": None, "by": None})


def open_batch(batch_id: str) -> None:
    """Leave for the page of a batch. For callbacks of other pages."""
    leads.leave_for("batches", {"batch": batch_id})


def resume(shared: Services, key: str, batch_id: str) -> None:
    """Go on with a batch, and look at it. For callbacks."""
    if saving.save(shared, key, lambda actor: batches.start(shared, actor, batch_id), "The batch goes on."):
        open_batch(batch_id)


def _open_line(shared: Services, user: User, batch: Batch) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"batch-line-{batch.batch_id}"):
        st.badge(f"{batch.done + batch.failed:,} / {batch.total:,}", color="orange")
        st.text(text.shorten(batch.name, 60), width="content")
        st.caption(f"{state_of(batch)}  ·  {text.moment(batch.created_on)}", width="content")
        st.button("Open", key=f"{KEY}.open.{batch.batch_id}", on_click=open_batch, args=(batch.batch_id,))
        if user.role.includes(Role.EVALUATOR) and not batches.is_worked_on(batch):
            st.button(
                "Resume", key=f"{KEY}.go.{batch.batch_id}", icon=":material/play_arrow:", on_click=resume,
                args=(shared, f"{KEY}.list", batch.batch_id),
            )  # fmt: skip


def _table(shared: Services, found: Sequence[Batch]) -> None:
    judges = {judge.judge_id: text.judge_name(judge.name, judge.judge_id) for judge in shared.judges.list()}
    columns: list[Column[Batch]] = [
        moment_column("Created", lambda one: one.created_on),
        text_column("Name", lambda one: one.name, 240),
        text_column("State", state_of, 90),
        text_column("Rows", lambda one: f"{one.done + one.failed:,} / {one.total:,}", 100),
        percent_column("Pass rate", lambda one: one.pass_rate, 80),
        number_column("Mean", lambda one: one.mean, 64, "%.3f", "Mean normalised score, 0 to 1"),
        number_column("Errors", lambda one: one.failed, 64),
        text_column("Judge", lambda one: judges.get(one.judge_id, one.judge_id[:8]), 160),
        number_column("Cost", lambda one: one.spent or None, 90, "$%.4f"),
        text_column("By", lambda one: one.created_by, 110),
    ]
    pick_record("batches", found, columns, lambda one: one.batch_id, show, alt="Batches")
