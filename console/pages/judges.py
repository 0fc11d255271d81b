"""Judges: a model, a metric and parameters, each for one case.

`?judge=ID` opens one, `?judge=new` begins one; `version` reads an earlier one, `tab=versions` compares any two.
Reading costs nothing that is not cached but the change token; the tab of versions adds one page of runs.
"""

from __future__ import annotations

import streamlit as st

from console.judging.judging import SIMILARITY
from console.records import Judge, Role, User
from console.services import Services
from console.ui.frame import text
from console.ui.frame.boundary import boundary
from console.ui.frame.clock import time_column
from console.ui.frame.controls import drafts, filters
from console.ui.frame.session import page_title, services
from console.ui.records import record_list
from console.ui.records.judge_form import JudgeEditor
from console.ui.records.page import RecordPage
from console.ui.sign_in import auth

ADVICE = "Make one for a case: a model, a metric and its parameters."


def main() -> None:
    """The page."""
    with boundary("judges"):
        shared = services()
        user = auth.require_role(shared, Role.VIEWER)
        opened = st.query_params.get("judge")
        if opened:
            RecordPage(shared, JudgeEditor(shared), user, opened).render()
        else:
            _list(shared, user)


def _list(shared: Services, user: User) -> None:
    admin = user.role.includes(Role.ADMIN)
    with st.container(horizontal=True, vertical_alignment="bottom", key="judges-head"):
        page_title(shared, "Judges")
        if admin:
            st.button("New judge", key="judges.new", icon=":material/add:", type="primary", on_click=_new)
    known = shared.judges.list() if record_list.use() == "in" else shared.judges.list_inactive()
    cases = {case.case_id: case.name for case in shared.cases.list()}
    names = {judge.case_id: cases.get(judge.case_id, judge.case_name) for judge in known}
    wanted = record_list.search_bar("judge", _choices(shared, names))
    unsaved = drafts.unsaved(user.username, "judge")
    record_list.unsaved_new(user.username, "judge", unsaved)
    judges = [judge for judge in known if _matches(judge, names[judge.case_id], wanted)]
    if not judges:
        record_list.empty("judge", searched=any(wanted.values()), advice=ADVICE)
        return
    rows = [_row(judge, names[judge.case_id]) for judge in judges]
    record_list.picker("judge", [judge.judge_id for judge in judges], rows, _columns(), unsaved)
    st.caption(
        f"{text.count(len(judges))} of {text.count(len(known))} judges" if any(wanted.values()) else "Newest first"
    )


def _choices(shared: Services, cases: dict[str, str]) -> dict[str, dict[str, str]]:
    return {
        "case": filters.distinct(cases),
        "model": filters.distinct({model.name: model.name for model in shared.catalog.models()}),
        "metric": {metric.name: metric.name for metric in shared.catalog.metrics()},
    }


def _matches(judge: Judge, case: str, wanted: dict[str, str | None]) -> bool:
    return (
        wanted["case"] in (None, judge.case_id)
        and wanted["model"] in (None, judge.llm.model)
        and wanted["metric"] in (None, judge.metric.type)
        and record_list.found(wanted["q"], judge.name, judge.description, case, judge.llm.model, judge.judge_id)
    )


def _row(judge: Judge, case: str) -> dict[str, object]:
    asks = judge.metric.type != SIMILARITY
    return {
        "Name": text.judge_name(judge.name, judge.judge_id),
        "Case": case,
        "Model": f"{judge.llm.model} ({judge.llm.type})",
        "Metric": judge.metric.type,
        "Responses": judge.evaluation_parameters.n_responses if asks else None,
        "Temperature": judge.llm.temperature if asks else None,
        "Version": judge.version,
        "Saved": judge.last_updated_on,
        "By": judge.last_updated_by,
    }


def _columns() -> dict[str, object]:
    config = st.column_config
    return {
        "Name": config.TextColumn(width=200),
        "Case": config.TextColumn(width=160),
        "Model": config.TextColumn(width=220),
        "Metric": config.TextColumn(width=80),
        "Responses": config.NumberColumn(width=80),
        "Temperature": config.NumberColumn(format="%g", width=90),
        "Version": config.TextColumn(width=62),
        "Saved": time_column("Saved", "D MMM YYYY, HH:mm", 138),
        "By": config.TextColumn(width=80),
    }


def _new() -> None:
    filters.navigate({"judge": drafts.NEW})


main()
