"""Whose turn a run of the review queue is: shared out among reviewers, some of them to be labelled by two.

Who is asked depends on a run's id alone, so that what each person labels is a random part of the queue, and its odds
hold. The second reviewer of a run is never its first.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from enum import StrEnum

from console.actions.permissions import permit
from console.data.store.names import check_name
from console.errors import InvalidInput
from console.records import ReviewPlan, Role, RunId, RunSummary, User, utcnow
from console.services import Services
from console.telemetry import traced

OPINIONS = 2
"""People who are asked about a run of the share that two are asked about."""


class Turn(StrEnum):
    """Why somebody is asked about a run."""

    FIRST = "first"
    SECOND = "second"
    """Another person has labelled it, and a second opinion is wanted."""


def turn(row: RunSummary, plan: ReviewPlan, name: str | None, *, speaks: bool) -> Turn | None:
    """Whether `name` is asked about a run; None when not.

    Args:
        name: the person who asks for the queue; None is asked about every run without a label.
        speaks: whether the run has a label that counts for others.
    """
    shared = name is not None and name in plan.reviewers
    if not speaks:
        return Turn.FIRST if not shared or _reviewer(plan.reviewers, row.run_id, 0) == name else None
    if name is None or name in row.rated_by or len(row.rated_by) >= OPINIONS:
        return None
    if _number("second", row.run_id) >= plan.second_share:
        return None
    if plan.reviewers and (not shared or not _is_second(plan.reviewers, row, name)):
        return None
    return Turn.SECOND


def _is_second(reviewers: Sequence[str], row: RunSummary, name: str) -> bool:
    """The next reviewer, or the one after, where that one gave the first label."""
    asked = (_reviewer(reviewers, row.run_id, place) for place in range(1, len(reviewers) + 1))
    return name == next((one for one in asked if one not in row.rated_by), None)


def _reviewer(reviewers: Sequence[str], run_id: RunId, place: int) -> str:
    return reviewers[(int(_number("reviewer", run_id) * len(reviewers)) + place) % len(reviewers)]


def _number(what: str, run_id: RunId) -> float:
    """From 0 to below 1, a run's own, and not that of its place in the queue."""
    digest = hashlib.sha256(f"{what}:{run_id}".encode()).digest()
    return int.from_bytes(digest[:7]) / 2**56


@traced
def save_plan(
    services: Services,
    actor: User,
    case_id: str,
    *,
    reviewers: Sequence[str],
    second_share: float,
    look_up: bool = True,
) -> ReviewPlan:
    """Say who reviews a case's runs, and how many of them are labelled by two.

    Args:
        look_up: whether reviewers have to be users who may label. The API may not read users: there names are only
            names, and one that nobody has gets no runs.

    Raises:
        Forbidden: the actor is no admin.
        InvalidInput: a share outside of 0..1, or a reviewer who is not there or may not label.
        NotFound: there is no such case in use.
    """
    by = permit(actor, Role.ADMIN)
    case = services.cases.get(case_id)
    names = list(dict.fromkeys(reviewers))
    if not 0 <= second_share <= 1:
        raise InvalidInput(f"The share {second_share:g} is not from 0 to 1.", field="second_share")
    for name in names:
        check_name(name, "reviewer")
        user = services.users.find(name) if look_up else actor
        if user is None or not user.role.includes(Role.EVALUATOR):
            raise InvalidInput(f"{name[:60]} cannot label runs: choose evaluators and admins.", field="reviewers")
    if second_share and len(names) == 1:
        raise InvalidInput("A second opinion needs a second reviewer: choose two, or nobody.", field="reviewers")
    plan = ReviewPlan(
        case_id=case.case_id, reviewers=names, second_share=second_share, changed_by=by, changed_on=utcnow()
    )
    return services.review_plans.save(plan)
