"""One whole run: everything that is known about it, beside the list it was opened from."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import streamlit as st

from console.records import Label, Run, RunStatus
from console.ui.frame import text
from console.ui.frame.controls import linked
from console.ui.frame.facts import fact_list
from console.ui.frame.navigation import link_to
from console.ui.runs import parts

_TALL = 190
"""Pixels of the text above the scores."""


def run_panel(run: Run, labels: Sequence[Label]) -> None:
    """Draw the run from its score down to its raw JSON."""
    _heading(run)
    if run.status is RunStatus.FAILED:
        parts.failure(run.error_message)
    if run.results:
        parts.figures(run, run.results)
    result, texts, prompt, snapshot, people, raw = st.tabs(
        ["Text and score", "All texts", "Prompt", "Snapshot", f"Labels ({len(labels)})", "Raw"], key="run.tabs"
    )
    with result:
        parts.block(run.evaluated_artifact.evaluation_target, "run-beginning", tall=_TALL)
        parts.scores(run)
        if run.results and run.results.reasons:
            st.caption("Reason" if len(run.results.reasons) == 1 else "Reasons")
            parts.reasons(run.results)
    with texts:
        parts.artifact_text(run.evaluated_artifact)
        parts.reference_text(run.evaluated_artifact)
        parts.facts("Metadata of the text", run.evaluated_artifact.metadata)
        parts.facts("Metadata of the run", run.metadata or {})
    with prompt:
        parts.prompt(run)
    with snapshot:
        st.caption("Judge and case as they were when the run started")
        fact_list(parts.snapshot_facts(run.judge_snapshot), "Snapshot")
        parts.snapshot_texts(run.judge_snapshot)
    with people:
        parts.label_cards(labels)
    with raw:
        st.caption("The run as the store holds it")
        st.json(msgspec.json.encode(run).decode(), expanded=1)


def _heading(run: Run) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="run-head"):
        st.header(f"Run {text.plain(run.run_id)}", anchor=False, width="content")
        parts.badge(run)
        link_to("run", "Open as page", ":material/open_in_full:", **_address(run))
        linked.close("run.close", "run")
    st.caption(text.plain(parts.origin(run)))


def _address(run: Run) -> dict[str, str]:
    """The run's own page, with the filter of the list, for previous and next there."""
    return {**st.query_params.to_dict(), "run": str(run.run_id)}
