"""Cases: what is evaluated, by which criteria, on which scale.

`?case=ID` opens one, `?case=new` begins one; `version` reads an earlier one, `tab=versions` compares any two.
Reading costs nothing that is not cached but the change token; the tab of versions adds one page of runs.
"""

from __future__ import annotations

from collections import Counter

import streamlit as st

from console.records import Case, Role, User
from console.services import Services
from console.ui.frame import text
from console.ui.frame.boundary import boundary
from console.ui.frame.clock import time_column
from console.ui.frame.controls import drafts, filters
from console.ui.frame.session import page_title, services
from console.ui.records import record_list
from console.ui.records.case_form import DIRECT, WITH_REFERENCE, CaseEditor, mode
from console.ui.records.page import RecordPage
from console.ui.sign_in import auth

MODES = {"reference": WITH_REFERENCE, "direct": DIRECT}
ADVICE = "Begin with one: what is evaluated, by which criteria, on which scale."


def main() -> None:
    """The page."""
    with boundary("cases"):
        shared = services()
        user = auth.require_role(shared, Role.VIEWER)
        opened = st.query_params.get("case")
        if opened:
            RecordPage(shared, CaseEditor(shared), user, opened).render()
        else:
            _list(shared, user)


def _list(shared: Services, user: User) -> None:
    admin = user.role.includes(Role.ADMIN)
    with st.container(horizontal=True, vertical_alignment="bottom", key="cases-head"):
        page_title(shared, "Cases")
        if admin:
            st.button("New case", key="cases.new", icon=":material/add:", type="primary", on_click=_new)
    wanted = record_list.search_bar("case", {"mode": MODES})
    unsaved = drafts.unsaved(user.username, "case")
    record_list.unsaved_new(user.username, "case", unsaved)
    known = shared.cases.list() if record_list.use() == "in" else shared.cases.list_inactive()
    cases = [case for case in known if _matches(case, wanted)]
    if not cases:
        record_list.empty("case", searched=any(wanted.values()), advice=ADVICE)
        return
    judges = Counter(judge.case_id for judge in shared.judges.list())
    rows = [_row(case, judges[case.case_id]) for case in cases]
    record_list.picker("case", [case.case_id for case in cases], rows, _columns(), unsaved)
    st.caption(
        f"{text.count(len(cases))} of {text.count(len(known))} cases" if any(wanted.values()) else "Newest first"
    )


def _matches(case: Case, wanted: dict[str, str | None]) -> bool:
    words = (case.name, case.description, case.task_introduction, case.evaluation_criteria, case.case_id)
    return wanted["mode"] in (None, "reference" if case.requires_reference else "direct") and record_list.found(
        wanted["q"], *words
    )


def _row(case: Case, judges: int) -> dict[str, object]:
    return {
        "Name": case.name,
        "Scale": f"{case.score_range.min} to {case.score_range.max}",
        "Threshold": case.threshold.score,
        "Mode": mode(case),
        "Judges": judges,
        "Version": case.version,
        "Saved": case.last_updated_on,
        "By": case.last_updated_by,
        "About": case.description or case.task_introduction,
    }


def _columns() -> dict[str, object]:
    config = st.column_config
    return {
        "Name": config.TextColumn(width=240),
        "Scale": config.TextColumn(width=70),
        "Threshold": config.NumberColumn(format="%.2f", width=76, help="Normalised, 0 to 1"),
        "Mode": config.TextColumn(width=122),
        "Judges": config.NumberColumn(width=60, help="In use"),
        "Version": config.TextColumn(width=62),
        "Saved": time_column("Saved", "D MMM YYYY, HH:mm", 138),
        "By": config.TextColumn(width=90),
        "About": config.TextColumn(width="large"),
    }


def _new() -> None:
    filters.navigate({"case": drafts.NEW})


main()
