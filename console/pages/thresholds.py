"""Thresholds: the threshold of a case, what another one would do to its runs, and the ledger of its changes.

All figures but those of the calibration come from rollups, whatever the number of runs. `?case=` chooses the case,
`?threshold=` the line.
"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from console.actions.runs.totals import Tally, pass_rate_at, total
from console.actions.thresholds.thresholds import ThresholdView, load_thresholds
from console.actions.thresholds.what_if import what_if
from console.records import Case, Role, Rollup, User, utcnow
from console.services import Services
from console.ui.charts.figures import draw, stacked
from console.ui.frame import text
from console.ui.frame.boundary import boundary, nothing
from console.ui.frame.card import card
from console.ui.frame.controls import choices, filters
from console.ui.frame.later import later
from console.ui.frame.session import page_title
from console.ui.labels.glance import people_card
from console.ui.sign_in import auth
from console.ui.thresholds import calibration
from console.ui.thresholds import what_if as board
from console.ui.thresholds.form import apply_form
from console.ui.thresholds.history import ledger_table, steps_chart, undo_button


def main() -> None:
    """The page."""
    with auth.page("thresholds") as (shared, user):
        today = utcnow().date()
        selection = filters.read("all", today)
        with st.container(horizontal=True, vertical_alignment="bottom", key="thresholds-head"):
            page_title(shared, "Thresholds")
            filters.period_control("thresholds", selection, today)
        cases = shared.cases.list()
        if not cases:
            nothing("There are no cases yet", "A threshold belongs to a case: make one first.", "thresholds", "cases")
            return
        case_id = selection.wanted.case_id or _first(cases)
        choices.case_control("thresholds", cases, case_id, ("threshold", *calibration.PARAMS), width=420)
        view = load_thresholds(shared, case_id, today=today)
        render(shared, view, selection, user)


def render(shared: Services, view: ThresholdView, selection: filters.Selection, user: User) -> None:
    """Everything below the choice of the case."""
    case, asked = view.case, board.proposal(view.case)
    rollups = view.within(selection.wanted.first_day, selection.wanted.last_day)
    tally = total(rollups)
    found = what_if(rollups, asked.threshold, today=asked.today)
    _facts(view, tally)
    with st.container(border=True, key="card-what-if"):
        with st.container(horizontal=True, vertical_alignment="center", key="thresholds-what-if-head"):
            st.header("What if the threshold moves?", anchor=False, width="content")
            board.against_control(asked)
        st.caption(board.HINT)
        with st.container(horizontal=True, gap="large", key="thresholds-split"):
            with st.container(key="thresholds-board"):
                board.mover(case, asked, tally, selection)
            with st.container(key="thresholds-side"):
                board.threshold_input(case, asked)
                board.effect(found)
                board.flips(case, asked, found, selection)
                apply_form(shared, case, asked.threshold, user)
    later("calibration", lambda: _against_people(shared, case, selection, asked.threshold), 620)
    later("history", lambda: _history(view, rollups, asked, user), 700)


def _against_people(shared: Services, case: Case, selection: filters.Selection, threshold: float) -> None:
    """What labels say of the threshold."""
    with boundary("thresholds.calibration"):
        auth.require_role(shared, Role.VIEWER)
        labelled = calibration.section(shared, case, selection, threshold)
        people_card(shared, labelled, selection)


def _history(view: ThresholdView, rollups: Sequence[Rollup], asked: board.Proposal, user: User) -> None:
    """By judge, over time, and the ledger."""
    with st.grid(columns=2, min_column_width=420, gap=14, key="thresholds-parts"):
        with card("By judge", "Pass rate before and after", "thresholds-judges"):
            board.per_judge(view, rollups, asked)
        with card("The threshold over time", "Thin line: mean score per week", "thresholds-steps"):
            panel = steps_chart(view, utcnow())
            draw(stacked(panel), [panel], "thresholds.steps")
    with card(
        "Ledger",
        "What each change promised, and what came of it. The day of a change counts to neither side",
        "thresholds-ledger",
    ):
        ledger_table(view.changes)
        undo_button(view.case, view.changes, user)


def _first(cases: list[Case]) -> str:
    """The first case by name."""
    return next(iter(filters.choices(cases, [], [], []).options["case"]))


def _facts(view: ThresholdView, tally: Tally) -> None:
    """The threshold in force and what it does, in these days."""
    threshold, latest = view.case.threshold.score, view.changes[0].change if view.changes else None
    who, since = (latest.changed_by, text.day(latest.timestamp.date())) if latest else (text.NOTHING, text.NOTHING)
    scored = f"{text.count(tally.completed)} scored runs in these days"
    figures = (
        ("Threshold", board.threshold_text(threshold), f"Normalised; {board.on_scale(view.case, threshold)}"),
        (f"Set by {text.plain(who, 40)}", since, "Who moved the threshold last, and the day (UTC)"),
        ("Pass rate as judged", text.percent(tally.pass_rate), f"The results of {scored}"),
        (
            "Pass rate at today's threshold",
            text.percent(pass_rate_at(tally, threshold)),
            f"Had it been in force for all {scored}",
        ),
    )
    with st.grid(columns=2, min_column_width=330, gap=14, key="thresholds-facts"):
        for pair in (figures[:2], figures[2:]):
            with st.grid(columns=2, min_column_width=130, gap=14):
                for label, value, why in pair:
                    st.metric(label, value, help=why, border=True, height="stretch")


main()
