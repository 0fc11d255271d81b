"""Applying a threshold: the reason, the button, and what came of it."""

from __future__ import annotations

import streamlit as st

from console.actions.thresholds.thresholds import move_threshold
from console.records import Case, Role, User
from console.services import Services
from console.ui.frame.controls.filters import navigate
from console.ui.sign_in import saving
from console.ui.thresholds.what_if import threshold_text

REASON = "thresholds.reason"
_FORM = "thresholds.apply"
_SEEN = "thresholds.seen"
"""Case and revision as they were drawn last: what the answer of the person who sees them is based on."""


def apply_form(shared: Services, case: Case, threshold: float, user: User) -> None:
    """The form, for admins. What was typed stays when the threshold could not be moved."""
    st.session_state[_SEEN] = (case.case_id, case.revision)
    saving.problem(_FORM)
    if not user.role.includes(Role.ADMIN):
        st.caption("Moving the threshold needs the role admin.")
        return
    with st.form(_FORM, border=False):
        st.text_area("Reason", key=REASON, height=90, max_chars=2_000, placeholder="Why it moves; kept in the ledger")
        st.form_submit_button(
            f"Set the threshold to {threshold_text(threshold)}", key="thresholds.submit", type="primary",
            width="stretch", on_click=_apply, args=(shared, threshold),
        )  # fmt: skip


def _apply(shared: Services, threshold: float) -> None:
    case_id, revision = st.session_state[_SEEN]
    reason = st.session_state[REASON]
    moved = saving.save(
        shared,
        _FORM,
        lambda user: move_threshold(shared, user, case_id, threshold, reason, revision=revision),
        "The threshold has moved.",
        {REASON: ""},
    )
    if moved:
        navigate({"threshold": None})
