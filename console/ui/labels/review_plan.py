"""How labelling is shared out: who reviews the runs of a case, and how many of them are labelled by two."""

from __future__ import annotations

import streamlit as st

from console.actions.labels.plans import save_plan
from console.records import ReviewPlan, Role, User
from console.services import Services
from console.ui.frame import text
from console.ui.frame.controls.filters import navigate
from console.ui.sign_in import saving

_KEY = "review.plan"
_STEP = 5
"""Per cent."""


def plan_popover(shared: Services, user: User, plan: ReviewPlan) -> None:
    """The plan of a case: words for everybody, a form for admins."""
    with st.popover("Reviewers", icon=":material/group:", key=f"{_KEY}.open"):
        st.caption(_words(plan), width=300)
        if not user.role.includes(Role.ADMIN):
            return
        key = f"{_KEY}.{plan.case_id}"
        able = [one.username for one in shared.users.list() if one.role.includes(Role.EVALUATOR)]
        names = sorted({*able, *plan.reviewers})
        with st.form(key, border=False):
            st.multiselect(
                "Who reviews", names, plan.reviewers, key=f"{key}.who", placeholder="Everybody",
                help="Each run of the queue is one reviewer's, by its id. Nobody chosen: everybody sees all of it.",
            )  # fmt: skip
            st.slider(
                "Labelled by two", 0, 100, round(plan.second_share * 100), _STEP, "%d %%", key=f"{key}.second",
                help="Share of the labelled runs that a second person is asked about, without seeing the first label.",
            )  # fmt: skip
            saving.problem(_KEY)
            st.form_submit_button("Save", key=f"{key}.save", type="primary", on_click=_save, args=(shared, plan, key))


def whose_control(user: User, plan: ReviewPlan) -> bool:
    """Whether a reviewer looks at their own share, which they do unless they ask for all."""
    if user.username not in plan.reviewers:
        return True
    own = st.query_params.get("whose") != "all"
    st.toggle(
        "My share", own, key="review.whose",
        on_change=lambda: navigate({"whose": None if st.session_state.get("review.whose") else "all", "run": None}),
    )  # fmt: skip
    return own


def _words(plan: ReviewPlan) -> str:
    who = ", ".join(text.plain(name, 30) for name in plan.reviewers) or "Everybody"
    second = f"{plan.second_share:.0%} of the labelled runs are labelled by two" if plan.second_share else ""
    return f"{who} review{'s' * (len(plan.reviewers) < 2)} these runs. {second or 'One label a run'}."


def _save(shared: Services, plan: ReviewPlan, key: str) -> None:
    who, share = st.session_state.get(f"{key}.who") or [], st.session_state.get(f"{key}.second") or 0
    saving.save(
        shared,
        _KEY,
        lambda actor: save_plan(shared, actor, plan.case_id, reviewers=who, second_share=share / 100),
        "The reviewers are saved.",
    )
