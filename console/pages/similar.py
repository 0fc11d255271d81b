"""Similar runs: runs found by a text, and failing runs in groups of texts alike. The URL holds all of it."""

from __future__ import annotations

from functools import partial

import streamlit as st

from console.actions.runs import similar
from console.judging.windows import how_embedded
from console.records import Case, Verdict, utcnow
from console.services import Services
from console.ui.charts import leads
from console.ui.charts.figures import draw, stacked
from console.ui.frame import text
from console.ui.frame.aside import answer, aside
from console.ui.frame.boundary import boundary, nothing
from console.ui.frame.card import card
from console.ui.frame.controls import filters
from console.ui.frame.later import later
from console.ui.frame.session import page_title
from console.ui.runs import similar as similar_cards
from console.ui.runs.lists.to_set import to_set
from console.ui.sign_in import auth

PERIOD = "90"
FOUND = 20
MOST_CAUGHT = 200
"""Runs of the map that the URL names."""
_RESULTS = {"fail": "Failing runs", "all": "All runs"}


def main() -> None:
    """The page."""
    with auth.page("similar") as (shared, _):
        today = utcnow().date()
        selection = filters.read(PERIOD, today)
        with st.container(horizontal=True, vertical_alignment="bottom", key="similar-head"):
            page_title(shared, "Similar runs")
            filters.period_control("similar", selection, today)
        cases = shared.cases.list()
        filters.filter_bar(
            "similar", filters.choices(cases, shared.judges.list(), shared.catalog.metrics(), shared.catalog.models())
        )
        _search(shared, cases)
        _groups(shared, selection)


def _search(shared: Services, cases: list[Case]) -> None:
    """The field for a text, and the runs nearest to it."""
    with card("Find runs by a text", "Runs whose evaluated text means about the same, of all days", "similar-search"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key="similar-ask"):
            st.session_state["similar.text"] = st.query_params.get("text", "")
            st.text_input(
                "Text", key="similar.text", placeholder="A text, or what it is about", label_visibility="collapsed",
                max_chars=2_000, on_change=_asked,
            )  # fmt: skip
            st.session_state["similar.of"] = _of()
            st.segmented_control(
                "Runs", list(_RESULTS), key="similar.of", format_func=_RESULTS.__getitem__, required=True,
                label_visibility="collapsed", on_change=_asked,
            )  # fmt: skip
        asked = st.query_params.get("text", "")
        if not asked.strip():
            return
        with boundary("similar.search"), st.spinner("Searching …"):
            wanted = st.query_params.get("case")
            ids = [wanted] if wanted else [case.case_id for case in cases]
            verdict = Verdict.FAIL if _of() == "fail" else None
            found = similar.nearest_to_text(shared, asked, ids, FOUND, verdict=verdict)
            if how := how_embedded(asked):
                st.caption(how)
            if found:
                similar_cards.near_table("similar", found, leads.open_runs)
                to_set("similar", [str(one.row.run_id) for one in found])
                similar_cards.bound_note(similar.examined(shared))
            else:
                st.caption("No run with an embedding matches. `python -m console embed runs` gives older runs theirs.")


def _groups(shared: Services, selection: filters.Selection) -> None:
    """The failing runs of the filter in groups. All of it is made aside, and again when runs have changed."""
    wanted, data = selection.wanted, similar.revision(shared)
    embedding = (shared.settings.table_prefix, "embeddings of failing runs", wanted)
    before = aside().last(embedding)
    embedded = before.revision if before else None
    with boundary("similar.groups"):
        groups = (shared.settings.table_prefix, "groups of failing runs", wanted)
        make = partial(similar.group_failing, shared, wanted)
        found = answer(groups, (data, embedded), lambda _: make(), "Grouping the failing runs")
        if found and found.without and shared.settings.embeds_runs:
            made = answer(
                embedding, data, lambda progress: similar.embed_failing(shared, wanted, progress),
                "Making the embeddings of failing runs",
            )  # fmt: skip
            if made and embedded != data:
                st.rerun()
        if found:
            _show_groups(found, selection)


def _show_groups(found: similar.FailingRuns, selection: filters.Selection) -> None:
    if not found.groups:
        _none(found.without, selection)
        return
    with card("Failing runs by what they are about", _scope(found), "similar-map"):
        panel = similar_cards.group_map(found)
        draw(stacked(panel), [panel], "similar.map", on_targets=_caught, modes=("points", "box", "lasso"))
    similar_cards.picked_runs(found, st.query_params.get("near", "").split(","))
    later("groups", lambda: similar_cards.group_cards(found), 900)


def _caught(targets: list[dict[str, str]]) -> None:
    ids = [one for target in targets for one in target["near"].split(",")]
    filters.navigate({"near": ",".join(ids[:MOST_CAUGHT])})


def _none(without: int, selection: filters.Selection) -> None:
    if without:
        nothing(
            "The failing runs have no embeddings yet",
            f"{text.count(without)} failing runs match. An admin gives them theirs: python -m console embed runs",
            "similar",
        )
    elif not selection.filtered:
        nothing(
            "No run failed in these days", "Failing runs are grouped here by what their texts are about.", "similar"
        )
    else:
        nothing("No failing runs match", "Take a filter away, or widen the range of days.", "similar")


def _scope(found: similar.FailingRuns) -> str:
    parts = ["Near each other: texts alike"]
    if found.more:
        parts.append(f"the newest {text.count(similar.CLUSTERED)} only")
    if found.without:
        is_or_are = "is" if found.without == 1 else "are"
        parts.append(f"{text.count(found.without)} without an embedding {is_or_are} left out")
    return "; ".join(parts)


def _of() -> str:
    asked = st.query_params.get("of", "fail")
    return asked if asked in _RESULTS else "fail"


def _asked() -> None:
    of = st.session_state["similar.of"]
    filters.navigate({"text": st.session_state["similar.text"] or None, "of": None if of == "fail" else of})


main()
