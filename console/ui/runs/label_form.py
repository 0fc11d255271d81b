"""One's own label on a run: a score on the case's scale, a verdict, a comment."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from console.actions.labels.labels import remove_label, save_label
from console.records import Label, Role, Run, User
from console.services import Services
from console.ui.sign_in.saving import problem, save

_VERDICTS = {True: "Pass", False: "Fail"}
_COMMENT = 4_000


def label_form(shared: Services, user: User, run: Run, labels: Sequence[Label]) -> None:
    """The form of who is signed in, filled with their label; only words for who may not label."""
    if not run.status.finished:
        st.caption("A run can be labelled once it is finished.")
        return
    if not user.role.includes(Role.EVALUATOR):
        st.caption("Evaluators and admins can label runs.")
        return
    mine = next((label for label in labels if label.labelled_by == user.username), None)
    scale = run.judge_snapshot.score_range
    key = f"label.{run.run_id}"
    with st.form(key, border=False):
        with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
            st.number_input(
                f"Score, {scale.min} to {scale.max}", float(scale.min), float(scale.max),
                mine.score if mine else None, key=f"{key}.score", placeholder="None", width=150,
            )  # fmt: skip
            st.segmented_control(
                "Verdict", list(_VERDICTS), default=mine.passed if mine else None, key=f"{key}.passed",
                format_func=_VERDICTS.__getitem__,
            )  # fmt: skip
        st.text_area("Comment", mine.comment if mine else "", max_chars=_COMMENT, key=f"{key}.comment", height=90)
        problem(key)
        with st.container(horizontal=True, gap="small"):
            st.form_submit_button(
                "Save label", key=f"{key}.save", type="primary", on_click=_save, args=(shared, run, key)
            )
            if mine:
                st.form_submit_button(
                    "Remove my label", key=f"{key}.remove", type="tertiary", on_click=_remove, args=(shared, run, key)
                )


def _save(shared: Services, run: Run, key: str) -> None:
    score, passed, comment = (st.session_state.get(f"{key}.{name}") for name in ("score", "passed", "comment"))

    def act(actor: User) -> Label:
        return save_label(shared, actor, run, score=score, passed=passed, comment=comment or "")

    save(shared, key, act, "Your label is saved.")


def _remove(shared: Services, run: Run, key: str) -> None:
    emptied = {f"{key}.score": None, f"{key}.passed": None, f"{key}.comment": ""}
    save(shared, key, lambda actor: remove_label(shared, actor, run), "Your label is removed.", emptied)
