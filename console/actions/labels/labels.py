"""Human labels on runs. Evaluators write their own; nobody writes somebody else's.

A label that adjudicates speaks for everybody who labelled the run: as with the labels of others in a file, that is an
admin's.
"""

from __future__ import annotations

from collections.abc import Sequence

from console.actions.permissions import permit
from console.errors import Forbidden
from console.records import Drawn, Label, Role, Run, RunId, Selection, User
from console.services import Services
from console.telemetry import traced


@traced
def save_label(
    services: Services,
    actor: User,
    run: Run,
    *,
    score: float | None = None,
    passed: bool | None = None,
    comment: str = "",
    drawn: Drawn | None = None,
    adjudicates: bool | None = None,
) -> Label:
    """The actor's label on a run; replaces the one that was there.

    Args:
        drawn: how the run was chosen; None keeps what the actor's label said before.
        adjudicates: the label decides for all; None keeps what the actor's label said before.

    Raises:
        Forbidden: the actor is no evaluator; or no admin, and the label decides for all or did so before.
        InvalidInput, NotFound: as `Labels.save`.
    """
    name = permit(actor, Role.EVALUATOR)
    if not actor.role.includes(Role.ADMIN) and (adjudicates or _decided(services, run, name)):
        raise Forbidden("Only an admin decides where others differ. Give a label of your own, or ask an admin.")
    return services.labels.save(run, score, passed, comment, by=name, drawn=drawn, adjudicates=adjudicates)


def _decided(services: Services, run: Run, name: str) -> bool:
    """Whether the label of `name` decides for all. One Query."""
    return any(one.adjudicates for one in services.labels.of(run.run_id) if one.labelled_by == name)


@traced
def remove_label(services: Services, actor: User, run: Run) -> None:
    """Takes the actor's own label off a run. Raises NotFound, and Forbidden as `save_label`."""
    name = permit(actor, Role.EVALUATOR)
    if not actor.role.includes(Role.ADMIN) and _decided(services, run, name):
        raise Forbidden("This label decides where others differ. Ask an admin to remove it.")
    services.labels.remove(run, name)


@traced
def label_many(services: Services, actor: User, run_ids: Sequence[RunId], *, passed: bool, comment: str = "") -> int:
    """The actor's verdict on several runs, chosen by hand; how many were labelled. Three requests for each.

    Raises as `save_label`: then the runs before the one that could not be labelled are.
    """
    permit(actor, Role.EVALUATOR)
    by_hand = Drawn(selection=Selection.BY_HAND)
    for run_id in run_ids:
        save_label(services, actor, services.runs.get(run_id), passed=passed, comment=comment, drawn=by_hand)
    return len(run_ids)
