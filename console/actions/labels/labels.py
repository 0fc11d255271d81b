"""Human labels on runs. Evaluators write their own; nobody writes somebody else's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from console.actions.permissions import permit
from console.records import Drawn, Label, Role, Run, User

if TYPE_CHECKING:
    from console.services import Services


def save_label(
    services: Services,
    actor: User,
    run: Run,
    *,
    score: float | None = None,
    passed: bool | None = None,
    comment: str = "",
    drawn: Drawn | None = None,
    adjudicates: bool = False,
) -> Label:
    """The actor's label on a run; replaces the one that was there. Raises as `Labels.save`, and Forbidden.

    Args:
        drawn: how the run was chosen; None keeps what the actor's label said before.
        adjudicates: the label decides for all.
    """
    name = permit(actor, Role.EVALUATOR)
    return services.labels.save(run, score, passed, comment, by=name, drawn=drawn, adjudicates=adjudicates)


def remove_label(services: Services, actor: User, run: Run) -> None:
    """Takes the actor's own label off a run. Raises NotFound, and Forbidden."""
    name = permit(actor, Role.EVALUATOR)
    services.labels.remove(run, name)
