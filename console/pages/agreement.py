"""Agreement: how far a judge agrees with people, or with another judge over the same artifacts.

`?case=` and `?against=` choose the question, `?judge=` (with a version after `@`) or `?baseline=` and `?candidate=` the
judges, `?cell=` and `?point=` the runs that are listed.
"""

from __future__ import annotations

import streamlit as st

from console.actions.labels.agreement import SAMPLE as PAIRS
from console.actions.labels.agreement import (
    Agreement,
    Side,
    against_judge,
    against_people,
    load_pairs,
    sides_of,
    two_sides,
)
from console.actions.labels.calibrated import judge_version
from console.actions.labels.corrected import conclude
from console.actions.labels.differing import count_differing
from console.actions.labels.population import Asked
from console.actions.labels.raters import load_raters
from console.actions.labels.within_documents import within_documents
from console.actions.runs.labelled import Labelled, case_with_labels, load_labelled, scales_of
from console.actions.runs.modes import mixed_modes
from console.actions.runs.similar import revision
from console.records import User, utcnow
from console.services import Services
from console.ui.frame.aside import answer
from console.ui.frame.boundary import nothing
from console.ui.frame.card import card
from console.ui.frame.controls import choices, filters, linked
from console.ui.frame.later import later
from console.ui.frame.navigation import link_to
from console.ui.frame.session import page_title
from console.ui.labels import agreement as board
from console.ui.labels import agreement_controls as controls
from console.ui.labels.calibrated import calibration
from console.ui.labels.corrected import corrected, people
from console.ui.sign_in import auth

CLEARED = ("judge", "baseline", "candidate", "cell", "point", "human")


def main() -> None:
    """The page."""
    with auth.page("agreement") as (shared, user):
        today = utcnow().date()
        selection = filters.read("all", today)
        with st.container(horizontal=True, vertical_alignment="center", key="agreement-head"):
            page_title(shared, "Agreement")
            cases = shared.cases.list()
            asked = selection.wanted.case_id
            case = None if asked else case_with_labels(shared, cases)
            case_id = asked or (case.case_id if case else "")
            if case_id:
                choices.case_control("agreement", cases, case_id, CLEARED, width=260)
                controls.against_control()
            filters.period_control("agreement", selection, today)
        if not case_id:
            nothing(
                "There are no cases yet", "Agreement needs a case, a judge, and runs with labels.", "agreement", "cases"
            )
        elif st.query_params.get("against") == "judge":
            _judges(shared, case_id, selection)
        else:
            _people(shared, user, case_id, selection)


def _people(shared: Services, user: User, case_id: str, selection: filters.Selection) -> None:
    """A judge against people."""
    sides = sides_of(shared, case_id)
    known = {choices.side_param(side): side for side in sides}
    param = st.query_params.get("judge", "")
    side = known.get(param) or (Side(param) if param else None)
    human = linked.number("human")
    wanted = selection.wanted
    view = load_labelled(
        shared,
        case_id,
        judge_id=side.judge_id if side else None,
        version=side.version if side else None,
        first_day=wanted.first_day,
        last_day=wanted.last_day,
        human_threshold=human,
    )
    with st.container(horizontal=True, vertical_alignment="bottom", key="agreement-filters"):
        choices.any_judge("agreement", choices.side_names(shared, sides), param or None, ("cell", "point"), width=260)
        controls.human_control(view)
        st.caption(controls.bound(view), width="content")
    if not view.runs:
        with nothing(
            "No labelled runs here", "Label runs in the review queue, or widen the range of days.", "agreement"
        ):
            link_to("review", case=case_id)
        return
    of = side or Side("")
    asked = Asked(of.judge_id or None, of.version, wanted.first_day, wanted.last_day)
    corrected(view.case, conclude(shared, view, asked), asked.judge_id)
    _raters(shared, view, asked)
    if side:
        calibration(shared, user, judge_version(shared, side.judge_id, side.version))
    _render(shared, against_people(view), board.PEOPLE, view.human_threshold)


def _raters(shared: Services, view: Labelled, asked: Asked) -> None:
    """How far people agree among themselves. A request per run that several labelled: made aside, once per state."""
    question = (shared.settings.table_prefix, "raters", view.case.case_id, asked)
    found = answer(question, revision(shared), lambda _: load_raters(shared, view), "Reading who labelled what")
    if found:
        people(found, view.case.case_id, count_differing(view, scales_of(shared, view.case)))


def _judges(shared: Services, case_id: str, selection: filters.Selection) -> None:
    """A judge against another over the same artifacts."""
    sides = sides_of(shared, case_id)
    defaults = two_sides(sides)
    if defaults is None:
        nothing(
            "There is only one judge", "Make a second judge or a second version, and run both.", "agreement", "judges"
        )
        return
    names = choices.side_names(shared, sides)
    baseline, candidate = choices.asked_sides(sides, defaults)
    with st.container(horizontal=True, vertical_alignment="bottom", key="agreement-filters"):
        choices.side_control("agreement", "baseline", "Baseline", names, choices.side_param(baseline))
        choices.side_control("agreement", "candidate", "Candidate", names, choices.side_param(candidate))
    wanted = selection.wanted
    pairs = load_pairs(shared, case_id, baseline, candidate, first_day=wanted.first_day, last_day=wanted.last_day)
    found = against_judge(pairs)
    st.caption(
        f"{len(found.points):,} artifacts with a score by both"
        + ("" if pairs.complete else f", from the latest {PAIRS:,} runs of each")
        + ". Verdicts are against today's threshold"
    )
    if not found.points:
        nothing(
            "No artifact has a score by both", "Run both judges over the same texts.", "agreement-pairs", "evaluate"
        )
        return
    _render(shared, found, board.JUDGES, found.threshold)


def _render(shared: Services, found: Agreement, sides: board.Sides, other_threshold: float) -> None:
    points, cell, words = board.chosen_points(found)
    if mixed := mixed_modes(run for point in found.points for run in (point.first, point.other) if run):
        st.warning(mixed, icon=":material/call_split:")
    board.coefficients(found)
    board.within(lambda: within_documents(shared, found.points))
    names = {judge.judge_id: judge.name or "" for judge in shared.judges.list()}

    def pairs() -> None:
        with st.grid(columns=2, min_column_width=380, gap=14, key="agreement-charts"):
            with card("Scores", "Each dot is an artifact; equal ones are drawn side by side. Click one to list it",
                      "agreement-scatter"):  # fmt: skip
                board.points_chart(found, sides, other_threshold)
            with card("Verdicts", "Click a cell to list its runs", "agreement-verdicts"):
                board.matrix(found, sides, cell)
        board.run_table(points, words, sides, names)

    later("pairs", pairs, 800)


main()
