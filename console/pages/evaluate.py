"""Run evaluation: one text while somebody waits, or a file of them as a batch.

`?batch=` opens a batch, `?again=` the runs of a selection that are to be judged again; `?judge=` and `?document=`
choose in the form.
"""

from __future__ import annotations

import streamlit as st

from console.actions.runs.detail import run_id_of
from console.records import Role, User
from console.services import Services
from console.ui.evaluate import batch_form, batch_view, evaluate
from console.ui.frame.boundary import boundary, nothing
from console.ui.frame.session import back, page_title, services
from console.ui.runs.rerun import rerun_selection
from console.ui.sign_in import auth

RUN = "evaluate.opened"
_ONE, _MANY = "One text", "A file of texts"


def main() -> None:
    """The page."""
    if run := st.session_state.pop(RUN, None):
        st.switch_page("console/pages/run.py", query_params={"run": run})
    with boundary("evaluate"):
        shared = services()
        user = auth.require_role(shared, Role.VIEWER)
        batch_id = st.query_params.get("batch")
        if batch_id:
            back("All batches", "evaluate.back", batch_view.show, None)
            page_title(shared, "Batch")
            batch_view.batch_view(shared, user, batch_id, _open_run)
            return
        page_title(shared, "Run evaluation")
        again = [run_id_of(one) for one in st.query_params.get("again", "").split(",") if one]
        if again and user.role.includes(Role.EVALUATOR):
            rerun_selection(shared, again)
        _choose(shared, user)


def _choose(shared: Services, user: User) -> None:
    """The two forms for who may evaluate, and the batches for everybody."""
    batch = True
    if user.role.includes(Role.EVALUATOR):
        chosen = st.segmented_control(
            "What", [_ONE, _MANY], default=_ONE, key="evaluate.what", required=True, label_visibility="collapsed",
            persist_state="session",
        )  # fmt: skip
        batch = chosen == _MANY
    else:
        st.caption("Evaluators and admins run evaluations; these are the batches.")
    if not batch:
        evaluate.single(shared, user)
        return
    if user.role.includes(Role.EVALUATOR):
        with boundary("evaluate.file"):
            batch_form.batch_form(shared)
    found = shared.batches.list(limit=50).items
    batch_view.batch_lists(shared, user, found)
    if not found:
        nothing("There are no batches yet", "A file of texts becomes one.", "batches")


def _open_run(run_id: str) -> None:
    st.session_state[RUN] = run_id


main()
