"""Run evaluation: one text while somebody waits, or a file of them as a batch.

`?again=` names the runs of a selection that are to be judged again; `?judge=` and `?document=` choose in the form.
"""

from __future__ import annotations

import streamlit as st

from console.actions.runs.detail import run_id_of
from console.records import Role, User
from console.services import Services
from console.ui.evaluate import batch_form, batch_list, evaluate
from console.ui.frame.boundary import boundary
from console.ui.frame.navigation import link_to
from console.ui.frame.session import page_title
from console.ui.runs.rerun import rerun_selection
from console.ui.sign_in import auth

_ONE, _MANY = "One text", "A file of texts"


def main() -> None:
    """The page."""
    if batch_id := st.query_params.get("batch"):  # the address of a batch before batches had a page
        st.switch_page("console/pages/batches.py", query_params={"batch": batch_id})
    with auth.page("evaluate") as (shared, user):
        page_title(shared, "Run evaluation")
        if not user.role.includes(Role.EVALUATOR):
            st.caption("Evaluators and admins run evaluations. What they found stands under:")
            link_to("batches")
            link_to("runs")
            return
        again = [run_id_of(one) for one in st.query_params.get("again", "").split(",") if one]
        if again:
            rerun_selection(shared, again)
        _choose(shared, user)


def _choose(shared: Services, user: User) -> None:
    """The two forms; below the one for files, the batches that are not done."""
    chosen = st.segmented_control(
        "What", [_ONE, _MANY], default=_ONE, key="evaluate.what", required=True, label_visibility="collapsed",
        persist_state="session",
    )  # fmt: skip
    if chosen == _ONE:
        evaluate.single(shared, user)
        return
    with boundary("evaluate.file"):
        batch_form.batch_form(shared)
    batch_list.open_batches(shared, user, shared.batches.list(limit=batch_list.PAGE_ROWS).items)
    link_to("batches")


main()
