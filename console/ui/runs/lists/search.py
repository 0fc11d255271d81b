"""The search through the texts of runs: its field, what it found, and what lies near in meaning."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from console.actions.runs.finding import Sought, find_runs
from console.actions.runs.similar import examined, nearest_to_text
from console.records import Page, RunFilter, RunSummary
from console.services import Services
from console.ui.frame import text
from console.ui.frame.boundary import nothing
from console.ui.frame.card import card
from console.ui.frame.controls import filters, linked
from console.ui.runs.similar import bound_note, near_table

_KEY = "runs.q"
_NEAR = 10


def field() -> None:
    """The field; the address holds what it says."""
    st.session_state[_KEY] = st.query_params.get("q", "")
    st.text_input(
        "Search", key=_KEY, max_chars=500, label_visibility="collapsed", icon=":material/search:",
        placeholder="Search all texts: words, \"a phrase\", name=value of metadata",
        on_change=lambda: filters.navigate({"q": st.session_state[_KEY].strip() or None, "run": None}),
    )  # fmt: skip


def page_of(shared: Services, wanted: RunFilter, query: str, stack: Sequence[str]) -> Page[RunSummary]:
    """The runs that one stretch of the search found, and in words how far it has looked."""
    with st.spinner("Looking through the texts …"):
        found = find_runs(shared, wanted, Sought.of(query), cursor=stack[-1] if stack else None)
    older = ". Next looks through older ones" if found.cursor else ""
    earlier = "" if not stack else " more"
    st.caption(
        f"**{text.plural(len(found.rows), 'run')}** of {found.examined:,}{earlier} that were looked through, newest "
        f"first: question, context, text, reference, reasons, errors and metadata{older}."
    )
    return Page(found.rows, found.cursor, found.examined)


def nothing_found(more: bool) -> None:
    """No run of the stretch has all the words."""
    advice = "Next looks through older ones." if more else "Take a word or a filter away."
    nothing("No run has all of this", advice, "runs")


def by_meaning(shared: Services, wanted: RunFilter, query: str) -> None:
    """The runs of the chosen case whose texts are nearest in meaning, looked up when somebody asks."""
    words = " ".join(Sought.of(query).words)
    if not words or not shared.settings.embeds_runs:
        return
    if wanted.case_id is None:
        st.caption("Choose a case to search by meaning as well.")
        return
    with card("Near in meaning", "Runs of the case, by the embeddings of their texts", "runs-near"):
        if st.toggle("Look them up", key="runs.near"):
            found = nearest_to_text(shared, words, [wanted.case_id], _NEAR, verdict=wanted.verdict)
            near_table("runs.near", found, linked.opens("run"))
            bound_note(examined(shared))
