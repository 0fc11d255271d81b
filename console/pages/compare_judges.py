"""Compare judges: two judges, or two versions of one, over the same artifacts.

`?case=`, `?baseline=` and `?candidate=` (a judge's id, with a version after `@`) choose them, `?only=` what is listed.
"""

from __future__ import annotations

import streamlit as st

from console.actions.labels.agreement import (
    Pairs,
    against_judge,
    case_with_two,
    load_pairs,
    sides_of,
    two_sides,
)
from console.records import utcnow
from console.services import Services
from console.ui.frame.boundary import nothing
from console.ui.frame.controls import choices, filters
from console.ui.frame.session import page_title
from console.ui.labels import compare_judges as board
from console.ui.sign_in import auth


def main() -> None:
    """The page."""
    with auth.page("judges") as (shared, _):
        today = utcnow().date()
        selection = filters.read("all", today)
        with st.container(horizontal=True, vertical_alignment="center", key="judges-compare-head"):
            page_title(shared, "Compare judges")
            cases = shared.cases.list()
            asked = selection.wanted.case_id
            case = None if asked else case_with_two(shared, cases)
            case_id = asked or (case.case_id if case else "")
            if case_id:
                choices.case_control("judges", cases, case_id, ("baseline", "candidate", "only"), width=260)
            filters.period_control("judges", selection, today)
        if not case_id:
            nothing(
                "There are no cases yet",
                "Make a case and two judges, and run both over the same texts.",
                "judges",
                "cases",
            )
            return
        _chosen(shared, case_id, selection)


def _chosen(shared: Services, case_id: str, selection: filters.Selection) -> None:
    """The two sides, and what the choice finds."""
    sides = sides_of(shared, case_id)
    defaults = two_sides(sides)
    if defaults is None:
        title = "There is only one judge in this case" if sides else "This case has no judge yet"
        nothing(title, "Make a second judge or a second version, and run both.", "judges", "judges")
        return
    names = choices.side_names(shared, sides)
    baseline, candidate = choices.asked_sides(sides, defaults)
    with st.container(horizontal=True, vertical_alignment="bottom", key="judges-sides"):
        choices.side_control("judges", "baseline", "Baseline", names, choices.side_param(baseline))
        choices.side_control("judges", "candidate", "Candidate", names, choices.side_param(candidate))
        st.button(
            "Swap", key="judges.swap", icon=":material/swap_horiz:", on_click=filters.navigate,
            args=({"baseline": choices.side_param(candidate), "candidate": choices.side_param(baseline)},),
        )  # fmt: skip
    wanted = selection.wanted
    pairs = load_pairs(shared, case_id, baseline, candidate, first_day=wanted.first_day, last_day=wanted.last_day)
    if not pairs.pairs:
        nothing(
            "Neither has a finished run in these days",
            "Run both judges over the same texts.",
            "judges-empty",
            "evaluate",
        )
        return
    render(pairs)


def render(pairs: Pairs) -> None:
    """Everything below the choice."""
    board.header(pairs)
    found = against_judge(pairs)
    board.figures(pairs, found)
    if found.points:
        board.histogram(pairs)
    with st.container(border=True, key="card-judges-pairs", gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center", key="judges-pairs-head"):
            st.header("Artifacts", anchor=False, width="content")
            only = board.only_control()
        st.caption("Largest losses first. Click a row to compare its two runs")
        board.pair_table(board.listed(pairs, only))


main()
