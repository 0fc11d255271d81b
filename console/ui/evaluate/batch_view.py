"""Batches as they are: those that are not done, all of them, and one with its progress and its rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd
import streamlit as st

from console.actions.batches import batches
from console.records import Batch, BatchRow, BatchState, Role, RowState, User
from console.services import Services
from console.ui.frame import filters, text
from console.ui.frame.card import card
from console.ui.frame.clock import time_column
from console.ui.frame.picker import pick_row
from console.ui.sign_in import saving

KEY = "batch"
_ROWS = 200
_FAILURES = 10
_SHOWN = 160
_STATES = {"All": None, "Failed": RowState.FAILED, "Done": RowState.DONE, "Not yet": RowState.PENDING}


def state_of(batch: Batch) -> str:
    """How far the batch is, in a word or two."""
    if batch.state is BatchState.FINISHED:
        return "Finished"
    if batches.is_worked_on(batch):
        return "Stopping" if batch.state is BatchState.CANCELLED else "Running"
    if batch.state is BatchState.RUNNING:
        return "Interrupted"
    return "Stopped" if batch.state is BatchState.CANCELLED else "Ready"


# --- lists -----------------------------------------------------------------------------------------------------


def batch_lists(shared: Services, user: User, found: Sequence[Batch]) -> None:
    """Those that are not done, each with the way on; then all."""
    open_ones = [batch for batch in found if batch.state is not BatchState.FINISHED]
    if open_ones:
        with card("Not done", "", "batches-open"):
            saving.problem(f"{KEY}.list")
            for batch in open_ones:
                _open_line(shared, user, batch)
    if found:
        with card("All batches", "", "batches-all"):
            _table(shared, found)


def _open_line(shared: Services, user: User, batch: Batch) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"batch-line-{batch.batch_id}"):
        st.badge(f"{batch.done + batch.failed:,} / {batch.total:,}", color="orange")
        st.text(text.shorten(batch.name, 60), width="content")
        st.caption(f"{state_of(batch)}  ·  {text.moment(batch.created_on)}", width="content")
        st.button("Open", key=f"{KEY}.open.{batch.batch_id}", on_click=show, args=(batch.batch_id,))
        if user.role.includes(Role.EVALUATOR) and not batches.is_worked_on(batch):
            st.button(
                "Resume", key=f"{KEY}.go.{batch.batch_id}", icon=":material/play_arrow:", on_click=_resume,
                args=(shared, f"{KEY}.list", batch.batch_id),
            )  # fmt: skip


def _table(shared: Services, found: Sequence[Batch]) -> None:
    judges = {judge.judge_id: text.judge_name(judge.name, judge.judge_id) for judge in shared.judges.list()}
    config = st.column_config
    frame = pd.DataFrame(
        [
            {
                "Created": batch.created_on,
                "Name": batch.name,
                "State": state_of(batch),
                "Rows": f"{batch.done + batch.failed:,} / {batch.total:,}",
                "Failed": batch.failed,
                "Judge": judges.get(batch.judge_id, batch.judge_id[:8]),
                "Cost": batch.spent or None,
                "By": batch.created_by,
            }
            for batch in found
        ]
    )
    columns = {
        "Created": time_column("Created", "D MMM YYYY, HH:mm", 140),
        "Name": config.TextColumn(width=260),
        "State": config.TextColumn(width=90),
        "Rows": config.TextColumn(width=100),
        "Failed": config.NumberColumn(width=70),
        "Judge": config.TextColumn(width=160),
        "Cost": config.NumberColumn(format="$%.4f", width=90),
        "By": config.TextColumn(width=110),
    }
    pick_row("batches", frame, [batch.batch_id for batch in found], columns, None, show, alt="Batches")


def show(batch_id: str | None) -> None:
    """Open a batch, or the form for a new one."""
    filters.navigate({"batch": batch_id})


# --- one batch -------------------------------------------------------------------------------------------------


def batch_view(shared: Services, user: User, batch_id: str, on_run: Callable[[str], None]) -> None:
    """A batch: how far it is, what can be done, and its rows; `on_run` gets the id of a run that was clicked."""
    batch = shared.batches.get(batch_id)
    busy = batches.is_worked_on(batch)
    with st.container(border=True, key="card-batch-progress", gap="xsmall"):
        st.header(text.plain(batch.name), anchor=False)
        st.caption(text.plain(f"{text.moment(batch.created_on)} by {batch.created_by}"))
        st.fragment(_progress, run_every=1.0 if busy else None)(shared, batch_id, busy)
        saving.problem(KEY)
        if user.role.includes(Role.EVALUATOR):
            _ways(shared, batch, busy=busy)
    if not busy:
        _rows(shared, batch, on_run)


def _progress(shared: Services, batch_id: str, was_busy: bool) -> None:
    """The figures, read again every second while somebody works on the batch."""
    batch = shared.batches.get(batch_id)
    ended = batch.done + batch.failed
    with st.grid(columns=5, min_column_width=110, gap=8, key="batch-figures"):
        st.metric("State", state_of(batch))
        st.metric("Rows", f"{':orange[' if batch.left else ''}{ended:,} / {batch.total:,}{']' if batch.left else ''}")
        st.metric("Done", text.count(batch.done))
        st.metric("Failed", text.count(batch.failed))
        st.metric("Cost", text.money(batch.spent) if batch.spent else text.NOTHING)
    st.progress(ended / batch.total)
    if batch.note:
        st.text(batch.note)
    if was_busy and not batches.is_worked_on(batch):
        st.rerun()
    if was_busy and batch.failed:
        _latest_failures(shared, batch)


def _latest_failures(shared: Services, batch: Batch) -> None:
    """The first rows that failed, while the others are still on their way."""
    rows = shared.batches.rows(batch.batch_id, RowState.FAILED, limit=_FAILURES).items
    st.caption("Rows that failed so far" + (f", the first {_FAILURES}" if batch.failed > _FAILURES else ""))
    columns = {"Row": st.column_config.NumberColumn(width=60), "Error": st.column_config.TextColumn(width=760)}
    cells = [_cells(row) for row in rows]
    st.dataframe(
        cells, column_order=["Row", "Error", "Text"], column_config=columns, hide_index=True, height="content",
        alt="Rows that failed so far",
    )  # fmt: skip


def _ways(shared: Services, batch: Batch, *, busy: bool) -> None:
    """What can be done with the batch now."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="batch-ways"):
        if busy and batch.state is not BatchState.CANCELLED:
            st.button(
                "Cancel", key=f"{KEY}.cancel", icon=":material/stop:", on_click=_cancel, args=(shared, batch.batch_id),
                help="Rows that are being judged end, no others begin. It can be resumed",
            )  # fmt: skip
        if not busy and batch.state is not BatchState.FINISHED:
            st.button(
                "Resume", key=f"{KEY}.resume", type="primary", icon=":material/play_arrow:", on_click=_resume,
                args=(shared, KEY, batch.batch_id),
            )  # fmt: skip
        if not busy and batch.failed:
            st.button(
                f"Retry {batch.failed:,} failed", key=f"{KEY}.retry", icon=":material/replay:", on_click=_retry,
                args=(shared, batch.batch_id), help="Only these are run again; their failed runs stay",
            )  # fmt: skip
        st.page_link(
            "console/pages/runs.py", label="Its runs", icon=":material/list_alt:",
            query_params={"batch": batch.batch_id, "judge": batch.judge_id, "period": "all"},
        )  # fmt: skip


def _rows(shared: Services, batch: Batch, on_run: Callable[[str], None]) -> None:
    with card("Rows", "A click on a row opens its run", "batch-rows"):
        first = "Failed" if batch.failed and not batch.left else "All"
        chosen = st.segmented_control(
            "Show", list(_STATES), default=first, key=f"{KEY}.show", required=True, label_visibility="collapsed"
        )
        page = shared.batches.rows(batch.batch_id, _STATES[chosen], limit=_ROWS)
        if not page.items:
            st.caption("None")
            return
        frame = pd.DataFrame([_cells(row) for row in page.items])
        columns = {
            "Row": st.column_config.NumberColumn(width=60),
            "State": st.column_config.TextColumn(width=80),
            "Run": st.column_config.TextColumn(width=80),
            "Text": st.column_config.TextColumn(width=480),
            "Error": st.column_config.TextColumn(width=480),
        }
        ids = [f"{row.number}:{row.run_id or ''}" for row in page.items]
        pick_row("batch-rows", frame, ids, columns, None, lambda one: _picked(one, on_run), alt="Rows")
        if page.cursor:
            st.caption(f"The first {_ROWS}; the list of runs has all that have ended.")


def _cells(row: BatchRow) -> dict[str, object]:
    first = (row.error or "").removeprefix("Evaluation failed: ").split("\n", 1)[0]
    return {
        "Row": row.number,
        "State": row.state.value,
        "Run": str(row.run_id) if row.run_id else None,
        "Text": text.shorten(" ".join(row.artifact.evaluation_target[: 2 * _SHOWN].split()), _SHOWN),
        "Error": first or None,
    }


def _picked(one: str, on_run: Callable[[str], None]) -> None:
    run_id = one.partition(":")[2]
    if run_id:
        on_run(run_id)


# --- acting ----------------------------------------------------------------------------------------------------


def _resume(shared: Services, key: str, batch_id: str) -> None:
    if saving.save(shared, key, lambda actor: batches.start(shared, actor, batch_id), "The batch goes on."):
        show(batch_id)


def _cancel(shared: Services, batch_id: str) -> None:
    saving.save(shared, KEY, lambda actor: batches.cancel(shared, actor, batch_id), "The batch stops.")


def _retry(shared: Services, batch_id: str) -> None:
    def act(actor: User) -> None:
        batches.start(shared, actor, batch_id, only=batches.retry_failures(shared, actor, batch_id))

    saving.save(shared, KEY, act, "The failed rows are run again.")
