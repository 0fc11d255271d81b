"""One run of the review queue: its texts beside the form, every answer on the keyboard.

What was chosen and not saved yet lies in the session, by run. Keys arrive as fast as somebody can press them, also
between a save and the next run's form: what they do names the run that it was meant for, and a run that is no longer
there is left alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from console.actions.labels.review import save_review
from console.actions.runs.detail import RunDetail
from console.records import Drawn, Label, Role, Run, ScoreRange, User
from console.services import Services
from console.ui.frame import text
from console.ui.frame.card import card
from console.ui.frame.controls.filters import navigate
from console.ui.frame.navigation import link_to
from console.ui.labels.review import MOST_SKIPPED, QueuePosition
from console.ui.runs import parts
from console.ui.sign_in import saving

_KEY = "review.label"
_DRAFT = "review.draft"
_BUTTONS = 10
"""Scores of a scale that have a button and a key each; a wider scale has a field."""


def item(
    shared: Services,
    user: User,
    detail: RunDetail,
    at: QueuePosition,
    drawn: Drawn | None,
    *,
    revealed: bool,
    deciding: bool = False,
) -> None:
    """One run: its texts, and the form beside them.

    Args:
        drawn: how the run came up in the queue; None where its address was opened.
        deciding: people differ on the run, and the label decides.
    """
    run = detail.run
    _draft(run, next((one for one in detail.labels if one.labelled_by == user.username), None))
    with st.container(horizontal=True, gap="medium", key="review-split"):
        with st.container(key="review-texts"):
            _texts(run)
        with st.container(key="review-side"):
            if deciding:
                with card("What people said", "", "review-opinions"):
                    parts.label_cards(detail.labels)
            with card("Your decision" if deciding else "Your label", _scale_note(run), "review-form"):
                if user.role.includes(Role.EVALUATOR):
                    _form(shared, user, detail, at, drawn, deciding=deciding)
                else:
                    st.caption("Evaluators and admins can label runs.")
            with card("The judge", "", "review-judge"):
                _judge(run, revealed=revealed)


def _texts(run: Run) -> None:
    artifact, snapshot = run.evaluated_artifact, run.judge_snapshot
    with card("What is judged", "", "review-artifact"):
        if artifact.expected_output is None:
            parts.artifact_text(artifact)
        else:
            with st.grid(columns=2, min_column_width=280, gap=14, key="review-sides") as sides:
                with sides.cell():
                    parts.artifact_text(artifact)
                with sides.cell():
                    parts.reference_text(artifact)
    with st.expander("Task and criteria", key="review.criteria", expanded=False):
        for title, body in (("Task", snapshot.task_introduction), ("Criteria", snapshot.evaluation_criteria)):
            st.caption(title)
            parts.block(body or text.NOTHING, f"review-{title.lower()}")


def _scale_note(run: Run) -> str:
    scale = run.judge_snapshot.score_range
    keys = ". The number keys choose the score" if _has_buttons(scale) else ""
    return f"Score {scale.min} to {scale.max}, a verdict, or both{keys}"


def _has_buttons(scale: ScoreRange) -> bool:
    return scale.min >= 0 and scale.max <= _BUTTONS and scale.max - scale.min < _BUTTONS


def _judge(run: Run, *, revealed: bool) -> None:
    snapshot = run.judge_snapshot
    name = text.judge_name(snapshot.judge_name, run.judge_id)
    st.caption(f"{text.plain(name, 60)}  v{text.plain(snapshot.version, 10)}  ·  {text.moment(run.started_at)}")
    st.toggle(
        "Hide the judge's score", not revealed, key="review.hide",
        on_change=lambda: navigate({"judge_score": None if st.session_state.get("review.hide") else "shown"}),
        help="A score that is seen first pulls one's own towards it.",
    )  # fmt: skip
    if not revealed:
        return
    if run.results:
        scale = snapshot.score_range
        st.metric("The judge's score", f"{run.results.final_score:.2f} of {scale.max}")
        parts.scores(run, "review")
        if run.results.reasons:
            st.caption("Reason" if len(run.results.reasons) == 1 else "Reasons")
            parts.reasons(run.results)
    link_to("run", "The whole run", ":material/article:", run=str(run.run_id))


@st.fragment
def _form(
    shared: Services, user: User, detail: RunDetail, at: QueuePosition, drawn: Drawn | None, *, deciding: bool
) -> None:
    """The form; a key that only chooses draws nothing but it."""
    run = detail.run
    draft = _draft_of(run)
    if draft is None:  # saved or skipped by the key before
        st.rerun()
    if deciding:
        mine = any(one.labelled_by == user.username and not one.adjudicates for one in detail.labels)
        st.caption(
            "Your own label becomes the decision." if mine else "The decision counts in the place of all labels."
        )
    else:
        _meanwhile(detail.labels, user)
    _score_buttons(run, draft)
    with st.container(horizontal=True, gap="small", key="review-verdict"):
        for passed, name, key in ((True, "Pass", "P"), (False, "Fail", "F")):
            st.button(
                name, key=f"review.{name.lower()}", shortcut=key, on_click=_choose, args=(run, "passed", passed),
                type="primary" if draft["passed"] is passed else "secondary",
            )  # fmt: skip
    comment = f"review.comment.{run.run_id}"
    st.text_area("Comment", draft["comment"], key=comment, height=80, max_chars=4_000, placeholder="Why, if it helps")
    saving.problem(_KEY)
    with st.container(horizontal=True, gap="small", key="review-ways"):
        st.button(
            "Save", key="review.save", type="primary", shortcut="Enter", icon=":material/check:",
            on_click=_save, args=(shared, run, at, comment, drawn, deciding),
        )  # fmt: skip
        st.button("Skip", key="review.skip", shortcut="S", on_click=_skip, args=(run, at))
        if at.last:
            st.button(
                "Back", key="review.back", shortcut="B", type="tertiary", icon=":material/undo:",
                on_click=_back, args=(run, at), help="To the run before, to correct its label",
            )  # fmt: skip


def _score_buttons(run: Run, draft: dict[str, object]) -> None:
    scale = run.judge_snapshot.score_range
    if not _has_buttons(scale):
        key = f"review.score.{draft['run']}"
        st.number_input(
            "Score", float(scale.min), float(scale.max), draft["score"], key=key, placeholder="None",  # type: ignore[call-overload]
            on_change=lambda: _choose(run, "score", st.session_state.get(key)),
        )  # fmt: skip
        return
    with st.container(horizontal=True, gap="xsmall", key="review-scores"):
        for score in range(scale.min, scale.max + 1):
            st.button(
                str(score), key=f"review.score.{score}", shortcut=str(score % 10), on_click=_choose,
                args=(run, "score", float(score)), type="primary" if draft["score"] == score else "secondary",
            )  # fmt: skip


def _meanwhile(labels: Sequence[Label], user: User) -> None:
    """That others labelled it; what they said only once one's own label is there."""
    others = [one for one in labels if one.labelled_by != user.username]
    if not others:
        return
    names = ", ".join(text.plain(one.labelled_by, 30) for one in others[:3])
    if len(others) == len(labels):
        st.caption(f"{names} labelled this run already; you see what they said once yours is saved.")
        return
    with st.expander(f"What {names} said", key="review.others"):
        parts.label_cards(others)


def _draft(run: Run, mine: Label | None) -> None:
    """Begin with what one's own label says, unless something has been chosen for this run already."""
    if _draft_of(run) is None:
        st.session_state[_DRAFT] = {
            "run": str(run.run_id),
            "score": mine.score if mine else None,
            "passed": mine.passed if mine else None,
            "comment": mine.comment if mine else "",
        }


def _draft_of(run: Run) -> dict[str, object] | None:
    """What has been chosen for this run; None when it is saved or skipped, or another run's turn."""
    draft: dict[str, object] | None = st.session_state.get(_DRAFT)
    return draft if draft and draft["run"] == str(run.run_id) else None


def _choose(run: Run, field: str, value: object) -> None:
    draft = _draft_of(run)
    if draft is not None:
        draft[field] = value


def _save(shared: Services, run: Run, at: QueuePosition, comment: str, drawn: Drawn | None, deciding: bool) -> None:
    draft = _draft_of(run)
    if draft is None:
        return
    score, passed = draft["score"], draft["passed"]
    said = st.session_state.get(comment) or ""

    def act(actor: User) -> Label:
        return save_review(
            shared, actor, run, score=score, passed=passed, comment=said, drawn=drawn,  # type: ignore[arg-type]
            adjudicates=True if deciding else None,
        )  # fmt: skip

    done = "decided" if deciding else "labelled"
    if saving.save(shared, _KEY, act, f"Run {text.plain(run.run_id, 40)} is {done}."):
        _go_on(run, {"done": str(at.done + 1)})


def _skip(run: Run, at: QueuePosition) -> None:
    if _draft_of(run) is None:
        return
    skipped = [one for one in at.skipped if one != str(run.run_id)]
    _go_on(run, {"skip": ",".join([*skipped, str(run.run_id)][-MOST_SKIPPED:])})


def _go_on(run: Run, change: dict[str, str]) -> None:
    st.session_state.pop(_DRAFT, None)
    navigate({"run": None, "last": str(run.run_id), **change})
    st.rerun()  # all of the page, and not the form first


def _back(run: Run, at: QueuePosition) -> None:
    """To the run before, which then no longer counts as done or skipped."""
    if _draft_of(run) is None:
        return
    st.session_state.pop(_DRAFT, None)
    rest = [one for one in at.skipped if one != at.last]
    done = at.done if len(rest) < len(at.skipped) else max(at.done - 1, 0)
    navigate({"run": at.last, "last": None, "skip": ",".join(rest) or None, "done": str(done) if done else None})
    st.rerun()
