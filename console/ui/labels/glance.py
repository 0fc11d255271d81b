"""What people would have said: the corrected pass rate in a line, for Overview and Thresholds, and more labels."""

from __future__ import annotations

import streamlit as st

from console.actions.labels.corrected import Glance, glance
from console.actions.labels.population import Asked
from console.actions.runs.labelled import Labelled
from console.judging.analysis.corrected import Corrected
from console.records import RunFilter, Selection
from console.services import Services
from console.ui.frame import text
from console.ui.frame.card import card
from console.ui.frame.controls.filters import Selection as Filters
from console.ui.frame.navigation import link_to

POINTS = 0.05
"""Half the width of the interval that more labels are counted for."""
_ANSWERED = ("case_id", "judge_id", "first_day", "last_day")
"""Filters that the estimate knows."""


def people_card(shared: Services, labelled: Labelled | None, filters: Filters) -> None:
    """The card; nothing without labels, or where the filter asks for runs that no estimate is made for."""
    wanted = filters.wanted
    if labelled is None or not labelled.runs or not _answers(wanted):
        return
    found = glance(shared, labelled, Asked(wanted.judge_id, None, wanted.first_day, wanted.last_day))
    note = f"From {text.count(found.used)} labels of runs drawn with known odds, for {text.count(found.runs)} runs"
    with card("What people would have said", note, "people"):
        with st.container(horizontal=True, vertical_alignment="center", gap="medium", key="people-line"):
            st.markdown(_said(found), width="content")
            if found.warnings:
                st.caption(f":material/warning: {_warned(found)}", width="content")
        with st.container(horizontal=True, gap="medium", key="people-ways"):
            more_labels(labelled.case.case_id, wanted.judge_id, found.rate)
            link_to(
                "agreement", "Agreement", ":material/handshake:", **_address(labelled.case.case_id, wanted.judge_id)
            )


def more_labels(case_id: str, judge_id: str | None, rate: Corrected) -> None:
    """How many labels it takes to be sure within `POINTS`, and the way to exactly these; nothing when it takes none."""
    known = rate.estimate.value is not None
    more = rate.more_for(POINTS) if known else 0
    if known and not more:
        return
    words = f"Label {more} more to be sure within 5 points" if more else "Label runs of a random sample"
    address = {**_address(case_id, judge_id), "queue": Selection.RANDOM.value, **({"want": str(more)} if more else {})}
    link_to("review", words, ":material/rate_review:", **address)


def _address(case_id: str, judge_id: str | None) -> dict[str, str]:
    return {"case": case_id, **({"judge": judge_id} if judge_id else {})}


def _answers(wanted: RunFilter) -> bool:
    """Whether the filter asks for nothing but a case, a judge and days."""
    asked = {name: getattr(wanted, name) for name in _ANSWERED}
    return wanted == RunFilter(**asked)


def _said(found: Glance) -> str:
    rate, judged = found.rate.estimate, text.percent(found.judged_rate)
    if rate.value is None or rate.low is None or rate.high is None:
        return f"The judge passes **{judged}**. No corrected rate: {rate.why}."
    ends = f"95 %: {text.percent(rate.low)} to {text.percent(rate.high)}"
    return f"The judge passes **{judged}**; people would pass **{text.percent(rate.value)}** ({ends})."


def _warned(found: Glance) -> str:
    """The first warning, and how many more Agreement tells."""
    more = len(found.warnings) - 1
    return found.warnings[0] + (f" And {more} more on Agreement." if more else "")
