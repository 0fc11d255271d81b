"""Review: label the runs that wait for it, one at a time.

`?case=`, `?judge=` and `?queue=` choose the queue; `?run=`, `?done=` and `?skip=` are the place in it.
"""

from __future__ import annotations

import streamlit as st

from console.actions.labels.differing import differing_queue
from console.actions.labels.review import case_to_review, load_queue
from console.actions.runs.detail import load_run
from console.records import RunFilter, User
from console.services import Services
from console.ui.frame.boundary import nothing
from console.ui.frame.controls import choices
from console.ui.frame.session import page_title
from console.ui.labels import review
from console.ui.labels.review_item import item
from console.ui.labels.review_plan import plan_popover, whose_control
from console.ui.sign_in import auth


def main() -> None:
    """The page."""
    with auth.page("review") as (shared, user):
        with st.container(horizontal=True, vertical_alignment="center", key="review-head"):
            page_title(shared, "Review")
            cases = shared.cases.list()
            asked = st.query_params.get("case")
            case = None if asked else case_to_review(shared, cases)
            case_id = asked or (case.case_id if case else "")
            judge_id = st.query_params.get("judge") or None
            if case_id:
                choices.case_control("review", cases, case_id, ("judge", *review.POSITION))
                choices.judge_control("review", shared.judges.of_case(case_id), judge_id, review.POSITION)
                review.queue_control(user)
                plan = shared.review_plans.get(case_id)
                plan_popover(shared, user, plan)
                own = whose_control(user, plan)
                review.files(shared, user, RunFilter(case_id=case_id, judge_id=judge_id))
        if case_id:
            render(shared, user, case_id, judge_id, rater=user.username if own else None)
        else:
            advice = "Make a case and a judge, run it, then label its runs here."
            nothing("There are no cases yet", advice, "review", "cases")


def render(shared: Services, user: User, case_id: str, judge_id: str | None, *, rater: str | None) -> None:
    """The place in the queue, and the run that is there.

    Args:
        rater: whose share of the queue it is; None is all of it.
    """
    deciding = review.deciding(user)
    if deciding:
        queue = differing_queue(shared, case_id, judge_id)
    else:
        queue = load_queue(shared, case_id, judge_id=judge_id, selection=review.selection(), rater=rater)
    at = review.position()
    run_id = review.asked_run(queue, at)
    if run_id is None:
        review.finished(at, queue, deciding=deciding)
        return
    review.progress(queue, at, deciding=deciding)
    revealed = st.query_params.get("judge_score") == "shown"
    drawn = None if deciding else queue.drawn(run_id, at.skipped)
    item(shared, user, load_run(shared, run_id), at, drawn, revealed=revealed, deciding=deciding)


main()
