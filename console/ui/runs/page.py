"""The page of one run: its cards, and the way to the run before and the run after."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import msgspec
import streamlit as st

from console.actions.runs.detail import RunDetail
from console.actions.runs.similar import examined, nearest_to_run
from console.actions.runs.trial import preview
from console.errors import JudgingError
from console.judging.judging import GEVAL
from console.judging.windows import how_embedded
from console.records import Run, RunFilter, User
from console.services import Services
from console.ui.frame import diff, text
from console.ui.frame.boundary import boundary
from console.ui.frame.card import card
from console.ui.frame.controls import filters, linked
from console.ui.frame.facts import fact_list
from console.ui.frame.navigation import link_to
from console.ui.frame.style import outcome
from console.ui.runs import parts
from console.ui.runs.label_form import label_form
from console.ui.runs.rerun import rerun_card
from console.ui.runs.similar import bound_note, near_table

_SIDE_BY_SIDE, _DIFFERENCES = "Side by side", "Differences"
_DIFF_LIMIT = 200_000
"""Characters of both texts together that are compared while the page is drawn."""
_DIFF_SCROLLS, _DIFF_HEIGHT = 4_000, 640
"""Characters of a text from which on its differences scroll in a box of so many pixels."""


def heading(shared: Services, run: Run, selection: filters.Selection) -> None:
    """Which run it is, how it ended, and the ways on."""
    with st.container(key="back"):
        _back(run, selection)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="run-title"):
        st.title(f"Run {text.plain(run.run_id)}", anchor=False, width="content")
        parts.badge(run)
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", width="content", key="run-ways"):
            newer = st.button(
                "Newer", key="run.newer", icon=":material/chevron_left:", shortcut="K",
                help="The run before this one in the list (key K)",
            )  # fmt: skip
            older = st.button(
                "Older", key="run.older", icon=":material/chevron_right:", icon_position="right", shortcut="J",
                help="The run after this one in the list (key J)",
            )  # fmt: skip
            link_to("compare", "Compare", ":material/compare_arrows:", help="With another run", runs=str(run.run_id))
            st.download_button(
                "JSON", data=lambda: msgspec.json.format(msgspec.json.encode(run), indent=2), on_click="ignore",
                file_name=f"run-{run.run_id}.json", mime="application/json", key="run.download",
                icon=":material/download:", help="The whole run as the store holds it",
            )  # fmt: skip
    st.caption(text.plain(parts.origin(run)))
    if newer or older:
        _go(shared, run, selection.wanted, newer=newer)


def _back(run: Run, selection: filters.Selection) -> None:
    """The list that this run is part of, opened at this run."""
    said = "All runs" if not selection.filtered and selection.period == "all" else "Runs of this filter"
    address = {**st.query_params.to_dict(), "run": str(run.run_id)}
    link_to("runs", said, ":material/arrow_back:", **address)


def _go(shared: Services, run: Run, wanted: RunFilter, *, newer: bool) -> None:
    """Show the neighbour; it is looked up only now, from the run's own start time."""
    with boundary("run.neighbour"):
        found = shared.runs.neighbour(run, wanted, newer=newer)
        if found is None:
            end = "newest" if newer else "oldest"
            st.toast(f"This is the {end} run of the filter.", icon=":material/info:")
            return
        filters.navigate({"run": str(found.run_id)})
        st.rerun()


def body(shared: Services, user: User, detail: RunDetail) -> None:
    """Every card, the most asked-for first."""
    run = detail.run
    if run.error_message:
        parts.failure(run.error_message)
    if run.results:
        with st.container(border=True, key="card-run-figures"):
            parts.figures(run, run.results, columns=6)
            _today(detail)
            _people(detail)
    _texts(run)
    with st.grid(columns=2, min_column_width=380, gap=14, key="run-grid") as grid:
        with grid.cell():
            if run.results:
                with card("Scores", "", "run-scores"):
                    parts.scores(run)
                    parts.notes(run.results)
            with card("Human labels", "", "run-labels"):
                parts.label_cards(detail.labels)
                label_form(shared, user, run, detail.labels)
            rerun_card(shared, user, run)
        with grid.cell():
            if run.results and run.results.reasons:
                with card("Reasons", "", "run-reasons"):
                    parts.reasons(run.results)
            with card("Snapshot", _snapshot_note(detail), "run-snapshot"):
                _snapshot(detail)
    _nearest(shared, run)
    _more(shared, run)


def _today(detail: RunDetail) -> None:
    """What the threshold of today would say, where it is another one."""
    judged, case = parts.threshold_of(detail.run), detail.case
    if case is None or judged is None or detail.verdict_now is None or case.threshold.score == judged:
        return
    now = outcome(detail.run.status, detail.verdict_now)
    before = outcome(detail.run.status, detail.run.evaluation_status)
    changed = "still" if now == before else "now"
    mark = f"The threshold of the case has moved from {judged:.2f} to {case.threshold.score:.2f} since"
    st.caption(f"{mark}; under it this run would {changed} be {now.text}. The run keeps its result.")


def _people(detail: RunDetail) -> None:
    """With what probability people would pass it, where the judge's version is calibrated."""
    found, made = detail.people_pass, detail.calibration
    if found is None or made is None:
        return
    st.caption(
        f":material/group: People pass {text.percent(found[0])} of the runs of this score (95 %:"
        f" {text.percent(found[1])} to {text.percent(found[2])}), by calibration {made.number} of the judge's version"
        f" {text.plain(made.judge_version, 20)}, from {text.count(made.labels)} labels."
    )


def _texts(run: Run) -> None:
    artifact = run.evaluated_artifact
    with st.container(border=True, key="card-run-texts", gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center", key="run-texts-head"):
            st.header("Texts", anchor=False, width="content")
            if artifact.expected_output is not None:
                view = st.segmented_control(
                    "View", [_SIDE_BY_SIDE, _DIFFERENCES], default=_SIDE_BY_SIDE, key="run.view", required=True,
                    label_visibility="collapsed",
                )  # fmt: skip
        if artifact.expected_output is None:
            parts.artifact_text(artifact)
            st.caption("There is no reference.")
            return
        if view == _DIFFERENCES:
            text_difference(artifact.expected_output, artifact.evaluation_target, "Reference", "Evaluated text")
            return
        with st.grid(columns=2, min_column_width=320, gap=14, key="run-sides") as sides:
            with sides.cell():
                parts.artifact_text(artifact)
            with sides.cell():
                parts.reference_text(artifact)


def text_difference(left: str, right: str, left_title: str, right_title: str, label: str = "Text") -> None:
    """Two texts with their differences marked, as long as that can be done while somebody waits."""
    if left == right:
        st.caption("Both texts are the same.")
    elif len(left) + len(right) > _DIFF_LIMIT:
        st.caption(f"Together the texts have {len(left) + len(right):,} characters: too many to mark differences here.")
    else:
        long = max(len(left), len(right)) > _DIFF_SCROLLS
        with st.container(height=_DIFF_HEIGHT if long else "content", border=False):
            diff.show([diff.Section(label, left, right)], left_title, right_title)


def _snapshot_note(detail: RunDetail) -> str:
    if detail.present is None:
        return "As it was when the run started; the judge or the case is no longer in use"
    return "Judge and case when the run started, and now where they differ"


def _snapshot(detail: RunDetail) -> None:
    then = parts.snapshot_facts(detail.run.judge_snapshot)
    now = parts.snapshot_facts(detail.present) if detail.present else {}
    now.pop("Prompt version", None)  # known only once a run has been made
    fact_list(then, "Snapshot", {name: value for name, value in now.items() if then.get(name) != value})


def _nearest(shared: Services, run: Run) -> None:
    """The failing runs of the case whose texts are nearest: looked up when somebody asks."""
    if not shared.settings.embeds_runs:
        return
    with card("Nearest failing runs", "Runs of the case that failed with a text like this one", "run-nearest"):
        if not st.toggle("Look them up", key="run.nearest"):
            return
        with boundary("run.nearest"), st.spinner("Searching …"):
            found = nearest_to_run(shared, run)
            if how := how_embedded(run.evaluated_artifact.evaluation_target):
                st.caption(how)
            if found:
                near_table("run.nearest", found, linked.opens("run"))
                bound_note(examined(shared))
            else:
                st.caption("No failing run of this case has an embedding.")


def _more(shared: Services, run: Run) -> None:
    """What is asked for now and then: sent to the browser only when its tab is open."""
    with st.container(border=True, key="card-run-more"):
        tabs = st.tabs(["Prompt", "Task and criteria", "Metadata", "Raw JSON"], key="run.more", on_change="rerun")
        draws: tuple[Callable[[Run], None], ...] = (partial(_prompt, shared), _task, _metadata, _raw)
        for tab, draw in zip(tabs, draws, strict=True):
            if tab.open:
                with tab:
                    draw(run)


def _prompt(shared: Services, run: Run) -> None:
    """What the model was asked; for a run that kept no prompt, what it would be asked now."""
    if (run.results and run.results.prompt_used) or run.judge_snapshot.metric.type != GEVAL:
        parts.prompt(run)
        return
    try:
        asked = preview(shared, run.judge_snapshot, run.evaluated_artifact)
    except JudgingError as error:
        st.text(str(error))
        return
    st.caption("The run kept no prompt. Under its snapshot the judge would be asked this now:")
    parts.prompt_text(asked)


def _task(run: Run) -> None:
    parts.snapshot_texts(run.judge_snapshot)


def _metadata(run: Run) -> None:
    rows: Mapping[str, str] = {
        "Run by": run.created_by,
        "Started": text.moment(run.started_at),
        "Finished": text.moment(run.completed_at),
        "Document": run.document_id or text.NOTHING,
        "Batch": run.batch_id or text.NOTHING,
        "Test set": f"{run.item.set_id}, item {run.item.key}" if run.item else text.NOTHING,
    }
    fact_list(rows, "Facts about the run")
    parts.facts("Metadata of the text", run.evaluated_artifact.metadata)
    parts.facts("Metadata of the run", run.metadata or {})


def _raw(run: Run) -> None:
    encoded = msgspec.json.encode(run).decode()
    if len(encoded) > parts.SHOWN:
        st.caption(f"{len(encoded):,} characters: use the download.")
    else:
        st.json(encoded, expanded=1)
