"""One batch: how far it is, what it found, its rows, and what can be done. It follows the batch while it runs."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from console.actions.batches import batches
from console.actions.batches.results import BatchResults, load_results
from console.actions.runs.totals import Tally
from console.errors import NotFound
from console.records import Batch, BatchState, Role, User
from console.services import Services
from console.ui.charts import charts, leads
from console.ui.charts.figures import draw, stacked
from console.ui.evaluate import batch_comparison, batch_rows
from console.ui.evaluate.batch_list import KEY, resume, state_of
from console.ui.frame import text
from console.ui.frame.boundary import boundary
from console.ui.frame.card import card
from console.ui.frame.navigation import link_to
from console.ui.sign_in import auth, saving

_LOOKS_AGAIN = 2.0
"""Seconds between two looks at a batch that runs."""


def batch_view(shared: Services, batch_id: str) -> None:
    """The whole page of a batch; while somebody works on it, everything is read again every two seconds."""
    busy = batches.is_worked_on(shared.batches.get(batch_id))
    st.fragment(_live, run_every=_LOOKS_AGAIN if busy else None)(shared, batch_id, busy)


def _live(shared: Services, batch_id: str, was_busy: bool) -> None:
    leads.follow()
    with boundary("batches.live"):
        user = auth.require_role(shared, Role.VIEWER)  # a fragment runs without its page
        batch = shared.batches.get(batch_id)
        busy = batches.is_worked_on(batch)
        if was_busy and not busy:
            st.rerun()
        results = results_of(shared, batch)
        tally = results.tally()
        _progress(shared, user, results, tally, busy=busy)
        with st.grid(columns=2, min_column_width=380, gap=14, key="batch-grid") as grid:
            with grid.cell():
                _scores(shared, batch, tally)
            with grid.cell():
                batch_comparison.chooser(shared, batch)
        batch_comparison.comparison(shared, results, lambda other: results_of(shared, other))
        batch_rows.rows(shared, results)


def results_of(shared: Services, batch: Batch) -> BatchResults:
    """What the rows ended in, read again when one of them has ended since or waits again."""
    return replace(_results(shared, batch), batch=batch)


def _ended(batch: Batch) -> tuple[object, ...]:
    return batch.batch_id, batch.done, batch.failed, batch.reopened


@st.cache_resource(max_entries=16, show_spinner=False, hash_funcs={Batch: _ended})
def _results(_shared: Services, batch: Batch) -> BatchResults:
    return load_results(_shared, batch)


# --- how far, and what can be done -----------------------------------------------------------------------------


def _progress(shared: Services, user: User, results: BatchResults, tally: Tally, *, busy: bool) -> None:
    batch = results.batch
    ended = batch.done + batch.failed
    with st.container(border=True, key="card-batch-progress", gap="xsmall"):
        st.header(text.plain(batch.name), anchor=False)
        st.caption(text.plain(_origin(shared, batch)))
        with st.grid(columns=7, min_column_width=96, gap=8, key="batch-figures"):
            st.metric("State", state_of(batch))
            rows = f"{ended:,} / {batch.total:,}"
            st.metric("Rows", f":orange[{rows}]" if batch.left else rows)
            st.metric("Pass rate", text.percent(tally.pass_rate), help="Of the rows with a score")
            st.metric("Mean score", text.score(tally.mean), help="Normalised, 0 to 1")
            st.metric("Errors", text.count(batch.failed), help="Rows without a score: they count in no rate and mean")
            st.metric("Cost", text.money(batch.spent) if batch.spent else text.NOTHING)
            if busy:
                st.metric("Time left", text.duration(results.seconds_left()), help="At the pace of the latest rows")
            else:
                st.metric("Time per row", text.duration(tally.mean_seconds))
        st.progress(ended / batch.total)
        if batch.note:
            st.text(batch.note)
        saving.problem(KEY)
        _ways(shared, user, results, busy=busy)


def _origin(shared: Services, batch: Batch) -> str:
    """Which judge, of which version, which file, when and by whom."""
    version = str(batch.settings.get("judgeVersion", ""))
    try:
        judge = shared.judges.version(batch.judge_id, version) if version else shared.judges.get(batch.judge_id)
        name = text.judge_label(judge)
    except NotFound:
        name = text.judge_name(None, batch.judge_id)
    by = f"{text.moment(batch.created_on)} by {batch.created_by}"
    return "  ·  ".join(part for part in (f"{name} version {version}" if version else name, by) if part)


def _ways(shared: Services, user: User, results: BatchResults, *, busy: bool) -> None:
    """What can be done with the batch now."""
    batch = results.batch
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="batch-ways"):
        if user.role.includes(Role.EVALUATOR):
            _changes(shared, batch, busy=busy)
        if results.rows:
            link_to("runs", "Its runs", ":material/list_alt:", **_of(batch))
        if batch.experiment_id:
            link_to("experiments", "Its experiment", ":material/science:", experiment=batch.experiment_id)
        batch_rows.export(shared, results)


def _changes(shared: Services, batch: Batch, *, busy: bool) -> None:
    if busy and batch.state is not BatchState.CANCELLED:
        st.button(
            "Cancel", key=f"{KEY}.cancel", icon=":material/stop:", on_click=_cancel, args=(shared, batch.batch_id),
            help="Rows that are being judged end, no others begin. It can be resumed",
        )  # fmt: skip
    if not busy and batch.state is not BatchState.FINISHED:
        st.button(
            "Resume" if batch.done + batch.failed else "Start", key=f"{KEY}.resume", type="primary",
            icon=":material/play_arrow:", on_click=resume, args=(shared, KEY, batch.batch_id),
        )  # fmt: skip
    if not busy and batch.failed:
        st.button(
            f"Run {text.plural(batch.failed, 'error')} again", key=f"{KEY}.retry", icon=":material/replay:",
            on_click=_retry, args=(shared, batch.batch_id),
            help="Only the rows that ended in an error; their failed runs stay",
        )  # fmt: skip


def _scores(shared: Services, batch: Batch, tally: Tally) -> None:
    with card("Scores", "A click on a bar, or a box around some, leads to their runs", "batch-scores"):
        if not tally.completed:
            st.caption("No row has a score yet.")
            return
        panel = charts.score_histogram(tally.bins, _threshold(shared, batch))
        draw(
            stacked(panel), [panel], f"{KEY}.scores", modes=("points", "box"),
            on_targets=lambda targets: leads.leave_for("runs", {**_of(batch), **leads.merged(targets)}),
        )  # fmt: skip


def _threshold(shared: Services, batch: Batch) -> float | None:
    """The threshold that is in force for the batch's case now; None when the judge or the case is not in use."""
    try:
        return shared.cases.get(shared.judges.get(batch.judge_id).case_id).threshold.score
    except NotFound:
        return None


def _of(batch: Batch) -> dict[str, str]:
    """The filter of the run list that shows the batch's runs."""
    return {"batch": batch.batch_id, "judge": batch.judge_id, "period": "all"}


def _cancel(shared: Services, batch_id: str) -> None:
    saving.save(shared, KEY, lambda actor: batches.cancel(shared, actor, batch_id), "The batch stops.")
    st.rerun()


def _retry(shared: Services, batch_id: str) -> None:
    def act(actor: User) -> None:
        batches.start(shared, actor, batch_id, only=batches.retry_failures(shared, actor, batch_id))

    if saving.save(shared, KEY, act, "The rows are run again."):
        leads.leave_for("batches", {"batch": batch_id})
